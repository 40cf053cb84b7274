from __future__ import annotations

import pytest

from squareconnect.emulator.refusals import RefusalError
from squareconnect.emulator.validation import read_address, read_customer, read_json_object, read_text


def refusal_of(body: dict[str, object]) -> tuple[int, str, str | None]:
    with pytest.raises(RefusalError) as refused:
        read_customer(body)
    return refused.value.status, refused.value.code, refused.value.field


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b"[]",
        b'"text"',
        b"1",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b"\xff{}",
        b'{"a": 1' + b"0" * 5000 + b"}",
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_a_body_that_is_not_a_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(RefusalError) as refused:
        read_json_object(body)
    assert (refused.value.status, refused.value.code) == (400, "EXPECTED_JSON_BODY")


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "unexpected end of JSON input (line 1, character 1)"),
        (b'{"a"', "unexpected end of JSON input (line 1, character 5)"),
        (b'{"a": "b', "unexpected end of JSON input (line 1, character 7)"),
        (b"card_nonce=1", "invalid character 'c' looking for beginning of value (line 1, character 1)"),
        (b"{\na: 1}", "invalid character 'a' looking for beginning of object key string (line 2, character 1)"),
        (b'{"a" 1}', "invalid character '1' after object key (line 1, character 6)"),
        (b'{"a": 1 2}', "invalid character '2' after object key:value pair (line 1, character 9)"),
        (b"{} {}", "invalid character '{' after top-level value (line 1, character 4)"),
        (b'{"a": "\\x"}', "invalid character '\\' in string literal (line 1, character 8)"),
    ],
)
def test_a_body_that_is_not_json_is_refused_as_square_does(body: bytes, detail: str) -> None:
    with pytest.raises(RefusalError) as refused:
        read_json_object(body)
    assert (refused.value.status, refused.value.code, refused.value.detail) == (400, "BAD_REQUEST", detail)


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("given_name", 300),
        ("family_name", 300),
        ("company_name", 500),
        ("nickname", 100),
        ("reference_id", 100),
    ],
)
def test_a_text_may_be_as_long_as_its_limit_and_no_longer(name: str, limit: int) -> None:
    assert read_customer({name: "ü" * limit}) == {name: "ü" * limit}
    assert refusal_of({name: "ü" * (limit + 1)}) == (400, "VALUE_TOO_LONG", name)


def test_an_e_mail_address_may_have_254_characters_and_no_more() -> None:
    domain = "@example.com"
    address = "a" * (254 - len(domain)) + domain

    assert read_customer({"email_address": address}) == {"email_address": address}
    assert refusal_of({"email_address": "a" + address}) == (400, "VALUE_TOO_LONG", "email_address")


@pytest.mark.parametrize("value", [1, 1.5, True, [], {}, ["a"]])
def test_a_value_that_is_not_text_is_refused(value: object) -> None:
    assert refusal_of({"note": value}) == (400, "EXPECTED_STRING", "note")
    assert refusal_of({"address": {"locality": value}}) == (400, "EXPECTED_STRING", "address.locality")


def test_half_a_surrogate_pair_is_refused() -> None:
    assert refusal_of({"note": "\ud83e"}) == (400, "INVALID_VALUE", "note")


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_and_the_empty_text_mean_not_set(nothing: str | None) -> None:
    assert read_text({"a": nothing}, "a") is None
    assert read_address({"a": nothing}, "a") is None
    assert read_customer({"birthday": nothing}) == {"birthday": None}


def test_unknown_keys_are_ignored() -> None:
    assert read_customer({"surprise": 1, "address": {"surprise": 1}}) == {"address": {}}


def test_a_customers_address_has_no_names() -> None:
    names = {"first_name": "Ada", "last_name": "Lovelace"}

    assert read_customer({"address": {"locality": "London", **names}}) == {"address": {"locality": "London"}}
    assert read_address({"billing_address": names}, "billing_address") == names
    assert refusal_of({"address": {"first_name": 1}}) == (400, "EXPECTED_STRING", "address.first_name")


@pytest.mark.parametrize("value", ["a", 1, [], True])
def test_an_address_must_be_an_object(value: object) -> None:
    assert refusal_of({"address": value}) == (400, "EXPECTED_OBJECT", "address")


@pytest.mark.parametrize("country", ["XX", "us", "USA", "United States"])
def test_an_unknown_country_is_refused(country: str) -> None:
    assert refusal_of({"address": {"country": country}}) == (400, "INVALID_ENUM_VALUE", "address.country")


@pytest.mark.parametrize(
    "address", ["a@b.c", "ada.lovelace+test@mail.example.com", "müller@exämple.de", "o'brien@x.ie"]
)
def test_plausible_e_mail_addresses_are_accepted(address: str) -> None:
    assert read_customer({"email_address": address}) == {"email_address": address}


@pytest.mark.parametrize("address", ["ada", "ada@", "@b.c", "a@b", "a@@b.c", "a b@c.d", "a@b..c", "a@b.", "a@b.c\n"])
def test_bad_e_mail_addresses_are_refused(address: str) -> None:
    assert refusal_of({"email_address": address}) == (400, "INVALID_EMAIL_ADDRESS", "email_address")


@pytest.mark.parametrize(
    "number", ["123456789", "+1 (212) 555-4240", "1-212-555-4240", "1.212.555.4240", "1234567890123456"]
)
def test_plausible_phone_numbers_are_kept_as_typed(number: str) -> None:
    assert read_customer({"phone_number": number}) == {"phone_number": number}


@pytest.mark.parametrize("number", ["12345678", "12345678901234567", "+", "call me", "1212555424O", "1++212555424"])
def test_bad_phone_numbers_are_refused(number: str) -> None:
    assert refusal_of({"phone_number": number}) == (400, "INVALID_PHONE_NUMBER", "phone_number")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("1815-12-10", "1815-12-10"),
        ("12-10", "0000-12-10"),
        ("02-29", "0000-02-29"),
        ("0000-02-29", "0000-02-29"),
        ("1815-12-10T00:00:00-00:00", "1815-12-10T00:00:00-00:00"),
        ("1815-12-10T00:00:00.000Z", "1815-12-10T00:00:00.000Z"),
    ],
)
def test_a_birthday_keeps_its_form_and_gets_a_year(given: str, kept: str) -> None:
    assert read_customer({"birthday": given}) == {"birthday": kept}


@pytest.mark.parametrize(
    "birthday",
    [
        "today",
        "1815-13-10",
        "1900-02-29",
        "10.12.1815",
        "1815-12-10T25:00:00Z",
        "12-10T00:00:00Z",
        "1815-12-10T00:00:00",
    ],
)
def test_bad_birthdays_are_refused(birthday: str) -> None:
    assert refusal_of({"birthday": birthday}) == (400, "INVALID_TIME", "birthday")
