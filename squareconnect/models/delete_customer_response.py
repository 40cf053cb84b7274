from __future__ import annotations

from typing import TYPE_CHECKING

from squareconnect.models._model import Model, prop

if TYPE_CHECKING:
    from squareconnect.models.error import Error


class DeleteCustomerResponse(Model):
    """The answer of `delete_customer`: empty, or errors."""

    errors: list[Error] | None = prop("What went wrong; None when nothing did.")
