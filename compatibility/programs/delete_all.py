"""A job that deletes all customers and counts what it could not delete."""

from __future__ import annotations

import sys
import time

import squareconnect
from compatibility.programs import say
from squareconnect.rest import ApiException


def main() -> None:
    """Fill the account, empty it, and check that it is empty."""
    configuration = squareconnect.Configuration()
    configuration.host, configuration.access_token = sys.argv[1:]
    api_instance = squareconnect.CustomersApi(squareconnect.ApiClient(configuration))
    for number in range(150):
        api_instance.create_customer(squareconnect.CreateCustomerRequest(given_name=f"Customer {number}"))

    ids: list[str] = []
    cursor = None
    while True:
        try:
            api_response = api_instance.list_customers(cursor=cursor) if cursor else api_instance.list_customers()
        except ApiException as e:
            print(f"Exception when calling CustomersApi->list_customers: {e}\n", file=sys.stderr)
            time.sleep(1)
            continue
        ids.extend(customer.id for customer in api_response.customers)
        cursor = api_response.cursor
        if not cursor:
            break
    say("found", len(ids), len(set(ids)))

    failed = []
    for customer_id in [*ids, ids[0], "NOBODY"]:
        try:
            api_response = api_instance.delete_customer(customer_id)
            if api_response.errors:
                failed.append("errors")
        except ApiException as e:
            failed.append(f"{e.status} {e.reason}")
    say("failed", failed)
    say("left", api_instance.list_customers().customers)
    say("the whole answer", api_instance.list_customers().to_dict())


if __name__ == "__main__":
    main()
