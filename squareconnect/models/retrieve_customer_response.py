from __future__ import annotations

from typing import TYPE_CHECKING

from squareconnect.models._model import Model, prop

if TYPE_CHECKING:
    from squareconnect.models.customer import Customer
    from squareconnect.models.error import Error


class RetrieveCustomerResponse(Model):
    """The answer of `retrieve_customer`: either errors or a customer."""

    errors: list[Error] | None = prop("What went wrong; None when nothing did.")
    customer: Customer | None = prop("The customer asked for.", required=True)
