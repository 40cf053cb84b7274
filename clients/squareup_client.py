"""Make every customer and card call with Square's current client, and check the answers.

``squareup`` must be installed, and the emulator must be running and have no customers::

    python squareup_client.py http://127.0.0.1:PORT ACCESS_TOKEN
"""

from __future__ import annotations

import importlib
import sys
import uuid
from typing import Any

square: Any = importlib.import_module("square")
ApiError: Any = importlib.import_module("square.core.api_error").ApiError


def say(call: str, answered: object) -> None:
    print(f"{call:<60} {answered}")


def check(expected: object, seen: object) -> None:
    if seen != expected:
        sys.exit(f"expected {expected!r}, got {seen!r}")


def refused(call: str, status: int, code: str, field: str | None, function: Any, *arguments: Any, **named: Any) -> None:
    try:
        function(*arguments, **named)
    except ApiError as error:
        (first,) = error.errors
        check((status, code, field), (error.status_code, first.code, first.field))
        say(call, f"refused: {error.status_code} {code}")
    else:
        sys.exit(f"{call} was not refused")


def main(base_url: str, token: str) -> None:
    client = square.Square(token=token, base_url=base_url)
    customers = client.customers

    key = str(uuid.uuid4())
    fields = {
        "given_name": "Ada",
        "family_name": "Lovelace",
        "email_address": "ada@example.com",
        "phone_number": "+1-212-555-4240",
        "birthday": "1815-12-10",
        "address": {"locality": "London", "country": "GB", "postal_code": "N1"},
    }
    customer = customers.create(idempotency_key=key, tax_ids={"eu_vat": "IE3426675K"}, **fields).customer
    check(("Ada", "1815-12-10", "GB"), (customer.given_name, customer.birthday, customer.address.country))
    check(("THIRD_PARTY", False), (customer.creation_source, customer.preferences.email_unsubscribed))
    say("customers.create", customer.id)
    check(customer.id, customers.create(idempotency_key=key, **fields).customer.id)
    say("customers.create(the same, with its key)", "the same customer")
    refused(
        "...with other data",
        400,
        "IDEMPOTENCY_KEY_REUSED",
        "idempotency_key",
        customers.create,
        idempotency_key=key,
        given_name="Eve",
    )
    other = customers.create(company_name="Zoo").customer
    refused("customers.create()", 400, "BAD_REQUEST", None, customers.create)
    refused(
        "customers.create(bad phone)",
        400,
        "INVALID_PHONE_NUMBER",
        "phone_number",
        customers.create,
        phone_number="call me",
    )

    check(customer, customers.get(customer.id).customer)
    say("customers.get", "the customer as created")
    refused("customers.get(unknown)", 404, "NOT_FOUND", None, customers.get, "NOBODY")

    updated = customers.update(customer.id, phone_number=None, address={"locality": "Paris"}, version=0).customer
    check(("Ada", None), (updated.given_name, updated.phone_number))
    check(("Paris", "GB"), (updated.address.locality, updated.address.country))
    say("customers.update", "the phone number is gone, the address partly changed")
    refused("customers.update()", 400, "BAD_REQUEST", None, customers.update, customer.id)

    card = customers.cards.create(
        customer.id,
        card_nonce="cnon:card-nonce-ok",
        cardholder_name="Ada Lovelace",
        billing_address={"postal_code": "94103", "country": "US"},
        verification_token="verf:1",
    ).card
    check(("VISA", "5858", "94103"), (card.card_brand, card.last4, card.billing_address.postal_code))
    say("customers.cards.create", card.id)
    declined = {"card_nonce": "cnon:card-nonce-declined"}
    refused(
        "customers.cards.create(declined)", 402, "CARD_DECLINED", None, customers.cards.create, customer.id, **declined
    )

    pager = customers.list(limit=1, sort_field="CREATED_AT", sort_order="DESC", count=True)
    check(2, pager.response.count)
    check([other.id, customer.id], [each.id for each in pager])
    say("customers.list(limit=, sort_field=, sort_order=, count=)", "the newest first, page by page")
    check([customer.id, other.id], [each.id for each in customers.list()])
    say("customers.list()", "sorted by name")
    refused("customers.list(bad cursor)", 400, "INVALID_CURSOR", "cursor", customers.list, cursor="bad")
    refused("customers.list(limit=101)", 400, "VALUE_TOO_HIGH", "limit", customers.list, limit=101)

    check(None, customers.cards.delete(customer.id, card.id).errors)
    say("customers.cards.delete", "the card is gone")
    refused("customers.cards.delete(again)", 404, "NOT_FOUND", None, customers.cards.delete, customer.id, card.id)

    refused("customers.delete(a stale version)", 409, "CONFLICT", None, customers.delete, customer.id, version=0)
    for each, version in ((customer, 1), (other, 0)):
        check(None, customers.delete(each.id, version=version).errors)
    check([], list(customers.list()))
    say("customers.delete", "all customers are gone")
    refused("customers.delete(again)", 404, "NOT_FOUND", None, customers.delete, customer.id)

    stranger = square.Square(token="wrong", base_url=base_url)
    refused("customers.list with a wrong token", 401, "UNAUTHORIZED", None, stranger.customers.list)


if __name__ == "__main__":
    main(*sys.argv[1:])
