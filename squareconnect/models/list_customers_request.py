from __future__ import annotations

from squareconnect.models._model import Model, prop


class ListCustomersRequest(Model):
    """The query of `list_customers`. The method has keyword parameters with the same names."""

    cursor: str | None = prop("The `cursor` of the previous page; None for the first page.")
    sort_field: str | None = prop("The field to sort by; see `CustomerSortField`.")
    sort_order: str | None = prop("The direction; see `SortOrder`.")
