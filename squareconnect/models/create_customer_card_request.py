from __future__ import annotations

from squareconnect.models._model import Model, prop
from squareconnect.models.address import Address


class CreateCustomerCardRequest(Model):
    """A card to store on file."""

    card_nonce: str | None = prop(
        "The nonce that represents the card, from Square's payment form. It can be used once.", required=True
    )
    billing_address: Address | None = prop(
        "The billing address. Its `postal_code` must equal that of the nonce. The US and Canada require one."
    )
    cardholder_name: str | None = prop("The cardholder's name; at most 96 characters.")
    verification_token: str | None = prop(
        "The token that proves that the buyer was verified (Strong Customer Authentication)."
    )
