from __future__ import annotations

from squareconnect.models._model import Model, prop
from squareconnect.models.customer import Customer
from squareconnect.models.error import Error


class RetrieveCustomerResponse(Model):
    """The answer of `retrieve_customer`: either errors or a customer."""

    errors: list[Error] | None = prop("What went wrong; None when nothing did.")
    customer: Customer | None = prop("The customer asked for.", required=True)
