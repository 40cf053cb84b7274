from __future__ import annotations

from squareconnect.models._model import Model, prop
from squareconnect.models.customer import Customer
from squareconnect.models.error import Error


class ListCustomersResponse(Model):
    """One page of customers. On a page without customers, `customers` is None."""

    errors: list[Error] | None = prop("The errors; None if there are none.")
    customers: list[Customer] | None = prop("The customers of this page. A short page need not be the last.")
    cursor: str | None = prop("The `cursor` to pass to `list_customers` for the next page; None on the last page.")
