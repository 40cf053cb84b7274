from __future__ import annotations

from squareconnect.models._model import Model, prop
from squareconnect.models.customer import Customer
from squareconnect.models.error import Error


class CreateCustomerResponse(Model):
    """The answer of `create_customer`: either errors or a customer."""

    errors: list[Error] | None = prop("The errors; None if there are none.")
    customer: Customer | None = prop("The new customer.", required=True)
