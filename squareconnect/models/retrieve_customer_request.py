from __future__ import annotations

from squareconnect.models._model import Model


class RetrieveCustomerRequest(Model):
    """The request of `retrieve_customer`, which has no body: this class has no fields and is never sent."""
