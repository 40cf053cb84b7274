"""The token is set once for the module, as in the first releases, and for the client, as in the later ones."""

from __future__ import annotations

import sys
import threading
from typing import Any

import squareconnect
from compatibility.programs import say
from squareconnect.apis.customers_api import CustomersApi
from squareconnect.rest import ApiException

squareconnect.configuration.access_token = sys.argv[2]


def main() -> None:
    """Call in the foreground and in threads, and with a callback."""
    customers_api = CustomersApi()
    customers_api.api_client.configuration.host = sys.argv[1]
    customers_api.api_client.configuration.access_token = sys.argv[2]
    say(customers_api.create_customer({"given_name": "Ada"}).customer.given_name)
    names: list[Any] = []
    threads = [
        threading.Thread(
            target=lambda: names.extend(each.given_name for each in customers_api.list_customers().customers)
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    say(names)
    answers: list[Any] = []
    customers_api.list_customers(callback=answers.append).join()
    say([answer.to_dict() for answer in answers])
    stranger = squareconnect.Configuration()
    stranger.host, stranger.access_token = sys.argv[1], "another"
    try:
        CustomersApi(squareconnect.ApiClient(stranger)).list_customers()
    except ApiException as e:
        say(e.status)


if __name__ == "__main__":
    main()
