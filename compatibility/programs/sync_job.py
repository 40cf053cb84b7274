"""A nightly job: threads upload a spreadsheet, processes change the models, and copies of them are sent back."""

from __future__ import annotations

import csv
import io
import sys
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pool

import squareconnect
from compatibility.programs import say
from squareconnect.models.update_customer_request import UpdateCustomerRequest
from squareconnect.rest import ApiException

SHEET = """first,last,mail,phone
Ada,Lovelace,ada@example.com,+1 212 555 4240
Zoë,Ångström,zoe@example.com,
Eve,,no address,
,,,
"""


def client() -> squareconnect.CustomersApi:
    """Return a new client. Each thread and process makes its own."""
    configuration = squareconnect.Configuration()
    configuration.host, configuration.access_token = sys.argv[1:]
    return squareconnect.CustomersApi(squareconnect.ApiClient(configuration))


def send(row: dict[str, str]) -> str:
    """Create a customer from a row. Return the outcome."""
    request = squareconnect.CreateCustomerRequest()
    request.given_name, request.family_name = row["first"], row["last"]
    request.email_address = row["mail"] or None
    setattr(request, "phone_number", row["phone"] or None)  # noqa: B010
    try:
        return client().create_customer(request).customer.given_name or "nameless"
    except ApiException as e:
        return f"{e.status} {e.reason} {'email' in e.body}"


def labelled(customer: squareconnect.Customer) -> squareconnect.Customer:
    """Change a customer in another process."""
    customer.note = f"{customer.given_name} {customer.family_name or ''}".strip()
    return customer


def main() -> None:
    """Run the job."""
    with ThreadPoolExecutor(4) as threads:
        say("sent", list(threads.map(send, csv.DictReader(io.StringIO(SHEET)))))
    api = client()
    customers = sorted(api.list_customers().customers, key=lambda customer: customer.given_name)
    with Pool(2) as processes:
        customers = processes.map(labelled, customers)
    say("labelled", [customer.note for customer in customers])
    for customer in customers:
        known = UpdateCustomerRequest().swagger_types
        update = {name: value for name, value in customer.to_dict().items() if name in known and value is not None}
        updated = api.update_customer(customer.id, UpdateCustomerRequest(**update)).customer
        updated.updated_at = customer.updated_at
        say("updated", updated == customer, updated.to_dict())
    found = {customer.email_address: customer for customer in api.list_customers().customers}
    say("found", sorted(found), found["ada@example.com"].phone_number)


if __name__ == "__main__":
    main()
