"""Made-up customers in the form that Square sends. They are the same in every run."""

from __future__ import annotations

import json
import random
from typing import Any

_GIVEN = ("Amelia", "Zoë", "José", "Olamide", "Yuki", "Grace", "Søren", "Priya", "Liam", "Chloé")
_FAMILY = ("Earhart", "Nguyễn", "García", "Adeyemi", "Tanaka", "Hopper", "Kierkegaard", "Raman", "O'Brien", "Dubois")
_CITIES = (("New York", "NY", "10003"), ("San Francisco", "CA", "94103"), ("Austin", "TX", "78701"))
_BRANDS = ("VISA", "MASTERCARD", "AMERICAN_EXPRESS", "DISCOVER", "JCB")


def customer(number: int) -> dict[str, Any]:
    """Return a customer with an address, two cards with billing addresses, preferences and a group."""
    given, family = _GIVEN[number % 10], _FAMILY[number // 10 % 10]
    return {
        "id": f"JDKYHBWT1D4F8MFH{number:010d}",
        "created_at": f"2018-0{number % 9 + 1}-23T20:21:54.859Z",
        "updated_at": f"2019-0{number % 7 + 1}-11T08:02:11.120Z",
        "cards": [_card(2 * number, given, family), _card(2 * number + 1, given, family)],
        "given_name": given,
        "family_name": family,
        "nickname": given[:3],
        "company_name": f"{family} & Daughters",
        "email_address": f"customer.{number}@example.com",
        "address": _address(number, given, family),
        "phone_number": f"+1-212-555-{number % 10_000:04d}",
        "reference_id": f"customer-{number}",
        "note": "Prefers the window table; allergic to nuts.",
        "preferences": {"email_unsubscribed": number % 3 == 0},
        "groups": [{"id": f"gv2:{number % 7:08d}-TQ-Q8TA", "name": "Regulars"}],
        "birthday": f"19{number % 90 + 10}-12-10T00:00:00-00:00",
        "creation_source": "THIRD_PARTY",
    }


_ALWAYS = ("id", "created_at", "updated_at")
_MISSING = 0.4
"""The probability that a field that Square may leave out is missing."""


def usual_customer(number: int) -> dict[str, Any]:
    """Return a typical customer: 40 % of the optional fields are missing, at random, in cards and addresses too.

    One customer in four has no cards. Each has the key ``version``, and most have ``segment_ids`` and ``group_ids``: no
    model knows these.
    """
    chance = random.Random(number)
    usual: dict[str, Any] = _thinned(customer(number), chance)
    if number % 4 == 0:
        usual.pop("cards", None)
    usual["version"] = number
    for key in ("segment_ids", "group_ids"):
        if chance.random() >= _MISSING:
            usual[key] = [f"gv2:{number % 5:08d}-{key}"]
    return usual


def _thinned(value: Any, chance: random.Random) -> Any:
    if isinstance(value, list):
        return [_thinned(item, chance) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _thinned(item, chance) for key, item in value.items() if key in _ALWAYS or chance.random() >= _MISSING}


def _card(number: int, given: str, family: str) -> dict[str, Any]:
    return {
        "id": f"ccof:{number:016x}GB",
        "card_brand": _BRANDS[number % 5],
        "last_4": f"{number * 37 % 10_000:04d}",
        "exp_month": number % 12 + 1,
        "exp_year": 2020 + number % 6,
        "cardholder_name": f"{given} {family}",
        "billing_address": _address(number, given, family),
        "fingerprint": f"sq-1-{number:056x}",
    }


def _address(number: int, given: str, family: str) -> dict[str, Any]:
    city, state, postal_code = _CITIES[number % 3]
    return {
        "address_line_1": f"{number} Electric Ave",
        "address_line_2": f"Suite {number % 600}",
        "address_line_3": "c/o Reception",
        "locality": city,
        "sublocality": "Downtown",
        "sublocality_2": "Block 7",
        "sublocality_3": "North side",
        "administrative_district_level_1": state,
        "administrative_district_level_2": f"{city} County",
        "administrative_district_level_3": "District 4",
        "postal_code": postal_code,
        "country": "US",
        "first_name": given,
        "last_name": family,
        "organization": f"{family} & Daughters",
    }


def page(size: int = 100, *, full: bool = False, first: int = 0, cursor: str | None = None) -> bytes:
    """Return the body of a page of customers.

    :param size: how many customers it has.
    :param full: whether every customer has all the fields of its model, and no unknown keys.
    :param first: the number of the first customer; different numbers are different customers.
    :param cursor: the cursor of the next page, if there is one.
    """
    make = customer if full else usual_customer
    body: dict[str, Any] = {"customers": [make(number) for number in range(first, first + size)]}
    if cursor is not None:
        body["cursor"] = cursor
    return _encoded(body)


def answers(*, new: bool = False) -> list[bytes]:
    """Return the bodies of twenty answers with one typical customer each.

    :param new: whether the customers were just created, which means that they have no cards.
    """
    customers = [usual_customer(number) for number in range(20)]
    if new:
        for customer in customers:
            customer.pop("cards", None)
    return [_encoded({"customer": customer}) for customer in customers]


def _encoded(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def new_customer(number: int = 1) -> dict[str, Any]:
    """Return the fields of a request that creates a typical customer; its ``address`` is a dict."""
    fields = ("given_name", "family_name", "nickname", "company_name", "email_address", "address", "phone_number")
    given = usual_customer(number)
    return {key: given[key] for key in fields if key in given} | {"idempotency_key": f"key-{number}"}
