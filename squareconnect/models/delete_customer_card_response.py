from __future__ import annotations

from squareconnect.models._model import Model, prop
from squareconnect.models.error import Error


class DeleteCustomerCardResponse(Model):
    """The answer of `delete_customer_card`: empty, or errors."""

    errors: list[Error] | None = prop("The errors; None if there are none.")
