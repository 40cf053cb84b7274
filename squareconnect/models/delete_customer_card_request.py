from __future__ import annotations

from squareconnect.models._model import Model


class DeleteCustomerCardRequest(Model):
    """The body of `delete_customer_card`, which has none: no fields, and never sent."""
