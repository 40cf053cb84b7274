"""JSON from ``__dict__``, without knowing the models: private names lose their underscore, and None is left out."""

from __future__ import annotations

import json
import sys
from typing import Any

import squareconnect
from compatibility.programs import say

INTERNAL = ("swagger_types", "attribute_map")


def as_json(thing: Any) -> str:
    """Return a model as JSON, whatever it contains."""

    def fields(model: Any) -> dict[str, Any]:
        return {name.lstrip("_"): value for name, value in model.__dict__.items() if name not in INTERNAL and value}

    return json.dumps(thing, default=fields, sort_keys=True)


def main() -> None:
    """Write requests and answers."""
    configuration = squareconnect.Configuration()
    configuration.host, configuration.access_token = sys.argv[1:]
    api = squareconnect.CustomersApi(squareconnect.ApiClient(configuration))
    request = squareconnect.CreateCustomerRequest(given_name="Zoë", address=squareconnect.Address(locality="Köln"))
    say(json.loads(as_json(request)))
    made = api.create_customer(request)
    say(json.loads(as_json(made)))
    api.create_customer_card(made.customer.id, {"card_nonce": "cnon:card-nonce-ok"})
    page = api.list_customers()
    say(json.loads(as_json(page)), json.loads(as_json(page.customers)))
    say(page.to_dict(), json.loads(json.dumps(api.api_client.sanitize_for_serialization(page))))
    say(sorted(made.customer.swagger_types), made.customer.attribute_map["given_name"])


if __name__ == "__main__":
    main()
