from __future__ import annotations

from squareconnect.models._model import Model, prop
from squareconnect.models.address import Address


class CreateCustomerCardRequest(Model):
    """A card to keep on file."""

    card_nonce: str | None = prop(
        "The nonce that stands for the card, from Square's payment form. It can be used once.", required=True
    )
    billing_address: Address | None = prop(
        "The billing address. Its `postal_code` must equal the one of the nonce; the US and Canada need one."
    )
    cardholder_name: str | None = prop("The cardholder's name; at most 96 characters.")
    verification_token: str | None = prop(
        "The token that says the buyer was verified (Strong Customer Authentication)."
    )
