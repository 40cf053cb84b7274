from __future__ import annotations

from squareconnect.models._model import Model


class RetrieveCustomerRequest(Model):
    """The body of `retrieve_customer`, which has none: no fields, and never sent."""
