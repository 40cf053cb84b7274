from __future__ import annotations

from squareconnect.models._model import Model


class DeleteCustomerRequest(Model):
    """The request of `delete_customer`, which has no body: this class has no fields and is never sent."""
