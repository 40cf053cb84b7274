from __future__ import annotations

from typing import TYPE_CHECKING

from squareconnect.models._model import Model, prop

if TYPE_CHECKING:
    from squareconnect.models.card import Card
    from squareconnect.models.error import Error


class CreateCustomerCardResponse(Model):
    """The answer of `create_customer_card`: either errors or a card."""

    errors: list[Error] | None = prop("What went wrong; None when nothing did.")
    card: Card | None = prop("The card on file.", required=True)
