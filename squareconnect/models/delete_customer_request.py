from __future__ import annotations

from squareconnect.models._model import Model


class DeleteCustomerRequest(Model):
    """The body of `delete_customer`, which has none: no fields, and never sent."""
