"""Make every call of the Customers API with the original 2.x client, and check the answers.

``squareconnect==2.20190724.1`` must be installed, and this package must not. The emulator must be running and have no
customers::

    python original_client.py http://127.0.0.1:PORT ACCESS_TOKEN
"""

from __future__ import annotations

import importlib
import json
import sys
import uuid
from typing import Any

squareconnect: Any = importlib.import_module("squareconnect")
ApiException: Any = importlib.import_module("squareconnect.rest").ApiException


def say(call: str, answered: object) -> None:
    print(f"{call:<60} {answered}")


def check(expected: object, seen: object) -> None:
    if seen != expected:
        sys.exit(f"expected {expected!r}, got {seen!r}")


def refused(call: str, status: int, code: str, field: str | None, function: Any, *arguments: Any, **named: Any) -> None:
    try:
        function(*arguments, **named)
    except ApiException as error:
        (first,) = json.loads(error.body)["errors"]
        check((status, code, field), (error.status, first["code"], first.get("field")))
        say(call, f"refused: {error.status} {code}")
    else:
        sys.exit(f"{call} was not refused")


def main(host: str, access_token: str) -> None:
    configuration = squareconnect.Configuration()
    configuration.host = host
    configuration.access_token = access_token
    api = squareconnect.CustomersApi(squareconnect.ApiClient(configuration))

    request = squareconnect.CreateCustomerRequest(
        idempotency_key=str(uuid.uuid4()),
        given_name="Ada",
        family_name="Lovelace",
        email_address="ada@example.com",
        phone_number="1-212-555-4240",
        birthday="1815-12-10T00:00:00-00:00",
        address=squareconnect.Address(locality="London", country="GB", postal_code="N1"),
    )
    customer = api.create_customer(request).customer
    check(
        ("Ada", "1815-12-10T00:00:00-00:00", "GB"), (customer.given_name, customer.birthday, customer.address.country)
    )
    check(("THIRD_PARTY", False), (customer.creation_source, customer.preferences.email_unsubscribed))
    say("create_customer(model)", customer.id)

    check(customer.id, api.create_customer(request).customer.id)
    say("create_customer(the same model, with its key)", "the same customer")
    request.given_name = "Eve"
    refused("...with other data", 400, "IDEMPOTENCY_KEY_REUSED", "idempotency_key", api.create_customer, request)

    other = api.create_customer({"company_name": "Zoo"}).customer
    say("create_customer(dict)", other.id)
    refused("create_customer(empty dict)", 400, "BAD_REQUEST", None, api.create_customer, {})
    bad_email = {"email_address": "ada"}
    refused(
        "create_customer(bad e-mail)", 400, "INVALID_EMAIL_ADDRESS", "email_address", api.create_customer, bad_email
    )

    check(customer, api.retrieve_customer(customer.id).customer)
    say("retrieve_customer", "the customer as created")
    refused("retrieve_customer(unknown)", 404, "NOT_FOUND", None, api.retrieve_customer, "NOBODY")

    update = squareconnect.UpdateCustomerRequest(phone_number="", address=squareconnect.Address(locality="Paris"))
    updated = api.update_customer(customer.id, update).customer
    check(
        ("Ada", None, "Paris", "GB"),
        (updated.given_name, updated.phone_number, updated.address.locality, updated.address.country),
    )
    say("update_customer", "the phone number is gone, the address partly changed")
    empty = squareconnect.UpdateCustomerRequest()
    refused("update_customer(empty model)", 400, "BAD_REQUEST", None, api.update_customer, customer.id, empty)

    card_request = squareconnect.CreateCustomerCardRequest(
        card_nonce="cnon:card-nonce-ok",
        cardholder_name="Ada Lovelace",
        billing_address=squareconnect.Address(postal_code="94103"),
    )
    card = api.create_customer_card(customer.id, card_request).card
    check(("VISA", "5858", "Ada Lovelace"), (card.card_brand, card.last_4, card.cardholder_name))
    check([card], api.retrieve_customer(customer.id).customer.cards)
    say("create_customer_card", card.id)
    check(card.id, api.create_customer_card(customer.id, card_request).card.id)
    say("create_customer_card(the same nonce)", "the same card")
    declined = {"card_nonce": "fake-card-nonce-declined"}
    refused(
        "create_customer_card(declined)", 402, "CARD_DECLINED", None, api.create_customer_card, customer.id, declined
    )
    refused(
        "create_customer_card(empty id)",
        400,
        "MISSING_REQUIRED_PARAMETER",
        "card_nonce",
        api.create_customer_card,
        "",
        declined,
    )

    listed = api.list_customers()
    check([customer.id, other.id], [each.id for each in listed.customers])
    check(None, listed.cursor)
    say("list_customers()", f"{len(listed.customers)} customers")
    newest = api.list_customers(sort_field="CREATED_AT", sort_order="DESC").customers
    check([other.id, customer.id], [each.id for each in newest])
    say("list_customers(sort_field=, sort_order=)", "the newest first")
    for number in range(99):
        api.create_customer({"given_name": f"Filler {number}"})
    first = api.list_customers(cursor="")
    second = api.list_customers(cursor=first.cursor)
    check((100, 1, None), (len(first.customers), len(second.customers), second.cursor))
    say("list_customers(cursor=)", "a hundred customers and the last one")
    refused("list_customers(bad cursor)", 400, "INVALID_CURSOR", "cursor", api.list_customers, cursor="bad")

    check(None, api.delete_customer_card(customer.id, card.id).errors)
    check(None, api.retrieve_customer(customer.id).customer.cards)
    say("delete_customer_card", "the card is gone")
    refused("delete_customer_card(unknown)", 404, "NOT_FOUND", None, api.delete_customer_card, customer.id, "ccof:NONE")

    for each in [*first.customers, *second.customers]:
        check(None, api.delete_customer(each.id).errors)
    check(None, api.list_customers().customers)
    say("delete_customer", "all customers are gone")
    refused("delete_customer(again)", 404, "NOT_FOUND", None, api.delete_customer, customer.id)

    configuration.access_token = "wrong"
    refused("list_customers with a wrong token", 401, "UNAUTHORIZED", None, api.list_customers)


if __name__ == "__main__":
    main(*sys.argv[1:])
