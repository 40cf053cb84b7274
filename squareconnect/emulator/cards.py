"""The test nonces: which card each one represents, and how the failing ones fail."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from squareconnect.emulator.refusals import RefusalError
from squareconnect.emulator.validation import read_address, read_cardholder_name, read_text
from squareconnect.models.card_brand import CardBrand
from squareconnect.models.error_category import ErrorCategory
from squareconnect.models.error_code import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from squareconnect.emulator.chance import Chance

POSTAL_CODE = "94103"
"""The postal code that was given with every test card."""

_PREFIX = re.compile(r"cnon:|fake-")
_NAME = re.compile(r"[\w.-]+", re.ASCII)
_GIFT_CARD = "gift-card-nonce-ok"
_REQUIRES_VERIFICATION = "card-nonce-requires-verification"
_WELL_KNOWN = frozenset({"card-nonce-ok", _GIFT_CARD, _REQUIRES_VERIFICATION})
_YEARS_VALID = 2
_GIFT_CARD_EXPIRY = (12, 2050)


def nonce_missing() -> RefusalError:
    """Return the refusal of a request without a nonce."""
    return RefusalError(400, ErrorCode.MISSING_REQUIRED_PARAMETER, "Field must be set", "card_nonce")


def token_used() -> RefusalError:
    """Return the refusal of a nonce that has already created its card."""
    return RefusalError(400, ErrorCode.CARD_TOKEN_USED, "Card nonce already used; please request new nonce.")


def _payment_failure(code: str, detail: str, status: int = 402) -> RefusalError:
    return RefusalError(status, code, detail, category=ErrorCategory.PAYMENT_METHOD_ERROR)


_wrong_postal_code = partial(
    _payment_failure, ErrorCode.VERIFY_AVS_FAILURE, "The postal code is not the one that was given with the card."
)
_FAILING: dict[str, Callable[[], RefusalError]] = {
    "card-nonce-rejected-cvv": partial(_payment_failure, ErrorCode.VERIFY_CVV_FAILURE, "The CVV was not accepted."),
    "card-nonce-rejected-postalcode": _wrong_postal_code,
    "card-nonce-rejected-expiration": partial(
        _payment_failure, ErrorCode.INVALID_EXPIRATION, "The expiration date is invalid.", status=400
    ),
    "card-nonce-declined": partial(_payment_failure, ErrorCode.CARD_DECLINED, "The card was declined."),
    "card-nonce-already-used": token_used,
}


class CardRequest(NamedTuple):
    """A request to store a card on file, with checked types."""

    nonce: str
    cardholder_name: str | None
    billing_address: dict[str, str | None] | None
    verification_token: str | None

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> CardRequest:
        """Read a request's body.

        :raises RefusalError: if the nonce is missing or a value is not of its field's type or length.
        """
        nonce = read_text(body, "card_nonce")
        if nonce is None:
            raise nonce_missing()
        return cls(
            nonce,
            read_cardholder_name(body),
            read_address(body, "billing_address"),
            read_text(body, "verification_token"),
        )

    @property
    def well_known(self) -> bool:
        """Whether the nonce can create a card for every customer repeatedly, and not just once."""
        return _PREFIX.sub("", self.nonce, count=1) in _WELL_KNOWN

    def card(self, chance: Chance, today: date) -> dict[str, Any]:
        """Make the card that the nonce represents.

        :param chance: provides the card's identifier.
        :param today: the date; the card expires in the same month two years later, a gift card in December 2050.
        :raises RefusalError: if the nonce is not a test nonce or is a failing one, if it needs a verified buyer and
            there is no token, or if the billing address has another postal code than the card.
        """
        prefix = _PREFIX.match(self.nonce)
        if prefix is None:
            raise RefusalError(404, ErrorCode.NOT_FOUND, "Card nonce not found: it is not a test nonce.")
        name = self.nonce[prefix.end() :]
        if not _NAME.fullmatch(name):
            raise RefusalError(400, ErrorCode.INVALID_CARD_DATA, "Invalid card data.", "card_nonce")
        if name in _FAILING:
            raise _FAILING[name]()
        if name == _REQUIRES_VERIFICATION and self.verification_token is None:
            code = ErrorCode.CARD_DECLINED_VERIFICATION_REQUIRED
            raise _payment_failure(code, "The buyer must be verified: `verification_token` must be set.")
        billing_address = {part: text for part, text in (self.billing_address or {}).items() if text is not None}
        if billing_address.setdefault("postal_code", POSTAL_CODE) != POSTAL_CODE:
            raise _wrong_postal_code()

        gift = name == _GIFT_CARD
        month, year = _GIFT_CARD_EXPIRY if gift else (today.month, today.year + _YEARS_VALID)
        card = {
            "id": chance.gift_card_id() if gift else chance.card_id(),
            "card_brand": CardBrand.SQUARE_GIFT_CARD if gift else CardBrand.VISA,
            "last_4": "5858",
            "exp_month": month,
            "exp_year": year,
            "cardholder_name": self.cardholder_name,
            "billing_address": billing_address,
        }
        return {name: value for name, value in card.items() if value is not None}
