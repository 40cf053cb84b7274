from __future__ import annotations

from squareconnect.models._model import Model, prop


class ListCustomersRequest(Model):
    """The query of `list_customers`. The method takes the same names as keywords."""

    cursor: str | None = prop("The `cursor` of the page before; None for the first page.")
    sort_field: str | None = prop("What to sort by; see `CustomerSortField`.")
    sort_order: str | None = prop("Which way to sort; see `SortOrder`.")
