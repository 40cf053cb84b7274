from __future__ import annotations

from squareconnect.models._model import Model, prop
from squareconnect.models.customer import Customer
from squareconnect.models.error import Error


class ListCustomersResponse(Model):
    """One page of customers. A page without customers has `customers` None."""

    errors: list[Error] | None = prop("What went wrong; None when nothing did.")
    customers: list[Customer] | None = prop("The customers of this page. A short page need not be the last.")
    cursor: str | None = prop("What to pass to `list_customers` for the next page; None on the last.")
