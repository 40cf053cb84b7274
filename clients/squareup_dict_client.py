"""Make the seven calls with a release of Square's client from 2019 to 2025, which returns dicts, and check the results.

Such a release of ``squareup`` must be installed, and the emulator must be running and have no customers::

    python squareup_dict_client.py http://127.0.0.1:PORT ACCESS_TOKEN
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

Client: Any = importlib.import_module("square.client").Client


def succeeded(call: str, result: Any) -> dict[str, Any]:
    if not result.is_success():
        sys.exit(f"{call} was refused: {result.errors}")
    print(f"{call:<60} {result.body}"[:160])
    body: dict[str, Any] = result.body
    return body


def refused(call: str, result: Any, status: int, code: str) -> None:
    if (result.status_code, result.errors[0]["code"]) != (status, code):
        sys.exit(f"{call}: {result.status_code} {result.errors}")
    print(f"{call:<60} refused: {status} {code}")


def main(base_url: str, token: str) -> None:
    client = Client(access_token=token, environment="custom", custom_url=base_url)
    customers = client.customers
    fields = {"given_name": "Ada", "email_address": "ada@example.com", "idempotency_key": "key-1"}
    ada = succeeded("create_customer", customers.create_customer(fields))["customer"]
    again = succeeded("create_customer(the same)", customers.create_customer(fields))["customer"]
    retrieved = succeeded("retrieve_customer", customers.retrieve_customer(ada["id"]))["customer"]
    if not ada == again == retrieved:
        sys.exit(f"these are not the same: {ada} {again} {retrieved}")
    updated = succeeded("update_customer", customers.update_customer(ada["id"], {"note": "first"}))["customer"]
    if updated["note"] != "first":
        sys.exit(f"this was not updated: {updated}")
    body = {"card_nonce": "cnon:card-nonce-ok", "cardholder_name": "Ada"}
    card = succeeded("create_customer_card", customers.create_customer_card(ada["id"], body))["card"]
    listed = succeeded("list_customers", customers.list_customers())["customers"]
    if [each["cards"] for each in listed] != [[card]]:
        sys.exit(f"the card {card} is not listed: {listed}")
    succeeded("delete_customer_card", customers.delete_customer_card(ada["id"], card["id"]))
    succeeded("delete_customer", customers.delete_customer(ada["id"]))
    refused("delete_customer(again)", customers.delete_customer(ada["id"]), 404, "NOT_FOUND")
    refused("create_customer({})", customers.create_customer({}), 400, "BAD_REQUEST")
    refused("search_customers({})", customers.search_customers({}), 501, "NOT_IMPLEMENTED")


if __name__ == "__main__":
    main(*sys.argv[1:])
