from __future__ import annotations

from squareconnect.models._model import Model, prop
from squareconnect.models.address import Address


class Card(Model):
    """A card on file. This API never transmits card numbers: a card is made from a nonce."""

    id: str | None = prop("Square's identifier for the card on file, such as `ccof:...`; at most 64 characters.")
    card_brand: str | None = prop("The card's brand; see `CardBrand`. A newer brand is plain text.")
    last_4: str | None = prop("The last four digits of the card number.")
    exp_month: int | None = prop("The month in which the card expires: 1 to 12.")
    exp_year: int | None = prop("The year in which the card expires, in four digits.")
    cardholder_name: str | None = prop("The cardholder's name; at most 96 characters.")
    billing_address: Address | None = prop("The billing address. Often it has only a `postal_code`.")
    fingerprint: str | None = prop("Square's identifier for the card number; at most 255 characters. Often absent.")
