"""A shop on Flask: one client for the process, forms in, JSON out, and Square's errors passed on."""

from __future__ import annotations

import json
import sys
from typing import Any

import flask

import squareconnect
from compatibility.programs import say
from squareconnect.apis.customers_api import CustomersApi
from squareconnect.models.create_customer_request import CreateCustomerRequest
from squareconnect.rest import ApiException

app = flask.Flask(__name__)
config = squareconnect.Configuration()
config.host, config.access_token = sys.argv[1:]
customers_api = CustomersApi(squareconnect.ApiClient(config))


@app.route("/customers", methods=["POST"])
def sign_up() -> Any:
    """Create a customer from a form."""
    form = flask.request.form
    body = CreateCustomerRequest(given_name=form.get("name"), email_address=form.get("email"))
    body.address = squareconnect.Address(locality=form.get("city"), country="US")
    try:
        response = customers_api.create_customer(body)
    except ApiException as e:
        return flask.jsonify(json.loads(e.body)), e.status
    return flask.jsonify(response.customer.to_dict()), 201


@app.route("/customers/<customer_id>/cards", methods=["POST"])
def save_card(customer_id: str) -> Any:
    """Save a card on file."""
    body = squareconnect.CreateCustomerCardRequest()
    body.card_nonce = flask.request.form["nonce"]
    try:
        card = customers_api.create_customer_card(customer_id, body).card
    except ApiException as e:
        errors = json.loads(e.body)["errors"]
        return flask.jsonify(message=errors[0]["detail"], code=errors[0]["code"]), 402
    return flask.jsonify(brand=card.card_brand, last_4=card.last_4)


@app.route("/customers/find")
def find() -> Any:
    """Show the customer whose id is in the query. A person may have mistyped it or left it out."""
    try:
        customer = customers_api.retrieve_customer(flask.request.args["id"]).customer
        return f"<h1>{customer.given_name}</h1>"
    except ApiException:
        return "<h1>Nobody</h1>", 404


@app.route("/customers")
def everybody() -> Any:
    """List all customers, page by page."""
    customers: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        page = customers_api.list_customers(cursor=cursor)
        customers += page.customers or []
        cursor = page.cursor
    return flask.jsonify([customer.email_address for customer in customers])


def main() -> None:
    """Visit the shop."""
    shop = app.test_client()
    for name, email in (("Zoë", "zoe@example.com"), ("", "ada@example.com"), ("Eve", "no address")):
        answer = shop.post("/customers", data={"name": name, "email": email, "city": "Köln"})
        say("sign up", answer.status_code, answer.json)
    for number in range(101):
        shop.post("/customers", data={"name": f"Filler {number}", "email": f"filler{number}@example.com"})
    ids = [customer.id for customer in customers_api.list_customers().customers]
    for nonce in ("cnon:card-nonce-ok", "fake-card-nonce-declined", "no nonce"):
        answer = shop.post(f"/customers/{ids[0]}/cards", data={"nonce": nonce})
        say("card", answer.status_code, answer.json)
    for query in (ids[0], "NOBODY", "", " ", "..", "../locations"):
        answer = shop.get("/customers/find", query_string={"id": query})
        say("find", answer.status_code, answer.text)
    say("everybody", shop.get("/customers").json)


if __name__ == "__main__":
    main()
