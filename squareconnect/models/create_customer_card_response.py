from __future__ import annotations

from squareconnect.models._model import Model, prop
from squareconnect.models.card import Card
from squareconnect.models.error import Error


class CreateCustomerCardResponse(Model):
    """The answer of `create_customer_card`: either errors or a card."""

    errors: list[Error] | None = prop("The errors; None if there are none.")
    card: Card | None = prop("The card on file.", required=True)
