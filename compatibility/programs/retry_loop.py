"""A helper that tries everything three times, whatever goes wrong."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import squareconnect
from compatibility.programs import say
from squareconnect.rest import ApiException

if TYPE_CHECKING:
    from collections.abc import Callable


def attempt(function: Callable[..., Any], *arguments: Any) -> tuple[Any, int]:
    """Call a function up to three times. Return its result, or None, and how many times it was called."""
    for number in (1, 2, 3):
        try:
            return function(*arguments), number
        except:  # noqa: E722
            continue
    return None, number


def main() -> None:
    """Try a call that works, a call that is refused, and a call that cannot be sent."""
    configuration = squareconnect.Configuration()
    configuration.host, configuration.access_token = sys.argv[1:]
    api = squareconnect.CustomersApi(squareconnect.ApiClient(configuration))
    made, tries = attempt(api.create_customer, {"given_name": "Ada"})
    say("create", tries, made.customer.given_name)
    say("retrieve", attempt(api.retrieve_customer, "NOBODY"))
    say("nothing", attempt(api.retrieve_customer, None))
    say("bad cursor", attempt(lambda: api.list_customers(cursor="no cursor")))
    say("bad keyword", attempt(lambda: api.list_customers(limit=5)))
    for customer_id in (made.customer.id, made.customer.id, ""):
        try:
            say("delete", api.delete_customer(customer_id).errors)
        except ApiException as e:
            say("not deleted", "(404)" in str(e) if customer_id else "an id was missing")
    configuration.access_token = "another"
    say("another token", attempt(api.list_customers))
    configuration.access_token = ""
    try:
        say(api.list_customers().customers)
    except ApiException:
        say("no token")


if __name__ == "__main__":
    main()
