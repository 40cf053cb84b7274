"""The emulator enforces the limits that the models state."""

from __future__ import annotations

import re
from typing import Any

import pytest

from squareconnect.emulator.refusals import RefusalError
from squareconnect.emulator.validation import read_cardholder_name, read_customer
from squareconnect.models import CreateCustomerCardRequest, CreateCustomerRequest, UpdateCustomerRequest

FORMS = ("email_address", "phone_number", "birthday")
"""Text fields that must have a certain form, which limits their length as well."""


def stated(model: Any) -> dict[str, int | None]:
    """Return the maximum length of each text field of a model, as its description states it."""
    found = {name: re.search(r"at most (\d+) characters", field.description) for name, field in model._fields.items()}
    return {
        name: int(match[1]) if match else None for name, match in found.items() if model.swagger_types[name] == "str"
    }


def text_of(name: str, length: int) -> str:
    return "a" * (length - 12) + "@example.com" if name == "email_address" else "a" * length


CUSTOMER_LIMITS = [
    (name, limit)
    for model in (CreateCustomerRequest, UpdateCustomerRequest)
    for name, limit in stated(model).items()
    if name != "idempotency_key"
]


@pytest.mark.parametrize(("name", "limit"), [each for each in CUSTOMER_LIMITS if each[1]])
def test_a_customers_text_may_be_as_long_as_the_model_says_and_no_longer(name: str, limit: int) -> None:
    assert read_customer({name: text_of(name, limit)})
    with pytest.raises(RefusalError, match=f"`{name}` must have at most {limit} characters"):
        read_customer({name: text_of(name, limit + 1)})


@pytest.mark.parametrize("name", sorted({name for name, limit in CUSTOMER_LIMITS if not limit and name not in FORMS}))
def test_a_text_without_a_stated_limit_may_be_long(name: str) -> None:
    assert read_customer({name: "a" * 5_000})


def test_the_models_state_limits() -> None:
    assert len([limit for _, limit in CUSTOMER_LIMITS if limit]) >= 12


def test_a_cardholders_name_may_be_as_long_as_the_model_says_and_no_longer() -> None:
    limit = stated(CreateCustomerCardRequest)["cardholder_name"]
    assert limit
    assert read_cardholder_name({"cardholder_name": "a" * limit})
    with pytest.raises(RefusalError, match=f"at most {limit} characters"):
        read_cardholder_name({"cardholder_name": "a" * (limit + 1)})
