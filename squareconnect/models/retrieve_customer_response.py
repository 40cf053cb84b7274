from __future__ import annotations

from squareconnect.models._model import Model, prop
from squareconnect.models.customer import Customer
from squareconnect.models.error import Error


class RetrieveCustomerResponse(Model):
    """The answer of `retrieve_customer`: either errors or a customer."""

    errors: list[Error] | None = prop("The errors; None if there are none.")
    customer: Customer | None = prop("The requested customer.", required=True)
