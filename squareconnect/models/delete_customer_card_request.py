from __future__ import annotations

from squareconnect.models._model import Model


class DeleteCustomerCardRequest(Model):
    """The request of `delete_customer_card`, which has no body: this class has no fields and is never sent."""
