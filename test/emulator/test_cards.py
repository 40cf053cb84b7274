from __future__ import annotations

import re
from datetime import date

import pytest

from squareconnect.emulator.cards import CardRequest
from squareconnect.emulator.chance import Chance
from squareconnect.emulator.refusals import RefusalError

TODAY = date(2019, 6, 12)


def make_card(nonce: str, **fields: object) -> dict[str, object]:
    return CardRequest.read({"card_nonce": nonce, **fields}).card(Chance(1), TODAY)


def refusal_of(nonce: object, **fields: object) -> tuple[int, str, str, str | None]:
    with pytest.raises(RefusalError) as refused:
        CardRequest.read({"card_nonce": nonce, **fields}).card(Chance(1), TODAY)
    return refused.value.status, refused.value.category, refused.value.code, refused.value.field


@pytest.mark.parametrize("nonce", [None, ""])
def test_a_nonce_must_be_given(nonce: str | None) -> None:
    assert refusal_of(nonce) == (400, "INVALID_REQUEST_ERROR", "MISSING_REQUIRED_PARAMETER", "card_nonce")


def test_types_and_lengths_are_checked() -> None:
    assert refusal_of(1)[2:] == ("EXPECTED_STRING", "card_nonce")
    assert refusal_of("cnon:a", cardholder_name="a" * 97)[2:] == ("VALUE_TOO_LONG", "cardholder_name")
    assert refusal_of("cnon:a", verification_token={})[2:] == ("EXPECTED_STRING", "verification_token")
    assert refusal_of("cnon:a", billing_address=[])[2:] == ("EXPECTED_OBJECT", "billing_address")
    assert refusal_of("cnon:a", billing_address={"postal_code": 94103})[2:] == (
        "EXPECTED_STRING",
        "billing_address.postal_code",
    )


@pytest.mark.parametrize("nonce", ["CBASEGxYz", "nonce", "CNON:card-nonce-ok", "card-nonce-ok"])
def test_an_unknown_nonce_is_not_found(nonce: str) -> None:
    assert refusal_of(nonce) == (404, "INVALID_REQUEST_ERROR", "NOT_FOUND", None)


@pytest.mark.parametrize("nonce", ["cnon:", "fake-", "cnon:a b", "cnon:ü"])
def test_a_malformed_nonce_is_invalid_card_data(nonce: str) -> None:
    assert refusal_of(nonce) == (400, "INVALID_REQUEST_ERROR", "INVALID_CARD_DATA", "card_nonce")


@pytest.mark.parametrize(("nonce", "expiry"), [("card-nonce-ok", (6, 2021)), ("gift-card-nonce-ok", (12, 2050))])
def test_a_card_expires_in_two_years_and_a_gift_card_much_later(nonce: str, expiry: tuple[int, int]) -> None:
    card = make_card(f"cnon:{nonce}")

    assert (card["exp_month"], card["exp_year"]) == expiry


def test_a_card_has_the_same_form_as_squares() -> None:
    card = make_card("cnon:card-nonce-ok", cardholder_name="Ada")
    gift = make_card("cnon:gift-card-nonce-ok")

    order = ["id", "card_brand", "last_4", "exp_month", "exp_year", "cardholder_name", "billing_address"]
    assert list(card) == order
    assert re.fullmatch(r"ccof:[A-Za-z0-9_-]{22}", str(card["id"]))
    assert re.fullmatch(r"gftc:[0-9a-f]{32}", str(gift["id"]))


def test_a_postal_code_other_than_the_cards_is_refused() -> None:
    refusal = refusal_of("cnon:card-nonce-ok", billing_address={"postal_code": "94104"})

    assert refusal == (402, "PAYMENT_METHOD_ERROR", "VERIFY_AVS_FAILURE", None)


def test_a_nonce_can_require_verification_of_the_buyer() -> None:
    nonce = "cnon:card-nonce-requires-verification"

    assert refusal_of(nonce) == (402, "PAYMENT_METHOD_ERROR", "CARD_DECLINED_VERIFICATION_REQUIRED", None)
    assert make_card(nonce, verification_token="verf:a")["card_brand"] == "VISA"
