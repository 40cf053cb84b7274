"""The other API classes of 2.x on this client. 2.x is really installed next to it, as docs/Migration.md describes."""

from __future__ import annotations

import asyncio
import importlib
import json
import re
import sys
import warnings
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

import squareconnect
from compatibility.legacy_copy import MIGRATION, install_legacy_copy
from squareconnect import (
    ApiClient,
    ApiException,
    AsyncApiClient,
    AsyncCustomersApi,
    Configuration,
    ConnectionFailed,
    CustomersApi,
)
from squareconnect.legacy import APIS, MODELS, module_of
from test.servers import CUSTOMER, Server, Step, answer, cut

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ERRORS = [{"category": "PAYMENT_METHOD_ERROR", "code": "CARD_DECLINED", "detail": "The card was declined."}]
LOCATIONS = answer(body={"locations": [{"id": "L1", "currency": "GBP", "capabilities": ["PROCESSING"]}]})
CHARGED = answer(body={"transaction": {"id": "T1", "tenders": [{"amount_money": {"amount": 500, "currency": "GBP"}}]}})


@pytest.fixture(scope="module")
def square2() -> Iterator[Any]:
    """2.x, imported from the copy next to this package."""
    sys.path.insert(0, str(install_legacy_copy()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python warns about escapes in its regular expressions when it compiles them.
        yield importlib.import_module("legacy.squareconnect")
    sys.path.pop(0)


def client_of(server: Server, square2: Any, **settings: Any) -> ApiClient:
    return ApiClient(settings_of(server, **settings), models=square2.models)


def settings_of(server: Server, **settings: Any) -> Configuration:
    return Configuration(host=server.host, access_token="T0KEN", **settings)


def test_the_list_of_missing_names_has_what_2_x_has_and_this_package_lacks(square2: Any) -> None:
    classes = {name for name in dir(square2.models) if isinstance(getattr(square2.models, name), type)}

    assert set(MODELS.split()) == classes - set(squareconnect.models.__all__)
    assert set(APIS.split()) == {name for name in dir(square2.apis) if name.endswith("Api")} - {"CustomersApi"}
    for part, names in (("apis", APIS.split()), ("models", MODELS.split())):
        for name in names:
            assert getattr(square2, name).__module__ == f"legacy.squareconnect.{part}.{module_of(name)}"


def test_the_code_on_the_migration_page_runs(square2: Any, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", MIGRATION.read_text(encoding="utf-8"), re.DOTALL):
        exec(block, names)

    assert names["configuration"].host == "https://connect.squareupsandbox.com"
    assert names["api"].api_client.configuration.access_token == "the-token"
    assert names["guest"].visits == 1
    created = answer(body={"customer": CUSTOMER})
    with Server(LOCATIONS, created, CHARGED, LOCATIONS, created, answer(402, {"errors": ERRORS})) as server:
        names["client"].configuration.host = server.host
        assert names["sell"]("Ada", "cnon:card-nonce-ok", 500).id == "T1"
        assert names["sell"]("Eve", "fake-card-nonce-declined", 500) is None
    assert capsys.readouterr().out == "402 CARD_DECLINED\n"


def test_locations_transactions_and_customers_share_one_client_and_its_connection(square2: Any) -> None:
    with Server(LOCATIONS, answer(), CHARGED) as server, client_of(server, square2) as client:
        locations = square2.LocationsApi(client).list_locations().locations
        customer = CustomersApi(client).retrieve_customer("C1").customer
        money = square2.Money(amount=500, currency=locations[0].currency)
        request = square2.ChargeRequest(idempotency_key="K", amount_money=money, customer_id=customer.id)  # type: ignore[union-attr]
        transaction = square2.TransactionsApi(client).charge(locations[0].id, request).transaction

    assert transaction.tenders[0].amount_money == money
    assert type(transaction) is square2.Transaction
    assert [(each.method, each.target) for each in server.requests] == [
        ("GET", "/v2/locations"),
        ("GET", "/v2/customers/C1"),
        ("POST", "/v2/locations/L1/transactions"),
    ]
    assert {each.headers["authorization"] for each in server.requests} == {"Bearer T0KEN"}
    assert {each.headers["square-version"] for each in server.requests} == {"2019-06-12"}
    assert json.loads(server.requests[2].body) == {
        "idempotency_key": "K",
        "amount_money": {"amount": 500, "currency": "GBP"},
        "customer_id": "C1",
    }
    assert server.connections == 1


def test_a_name_in_both_packages_means_ours_except_inside_a_model_of_2_x(square2: Any) -> None:
    with (
        Server(answer(), answer(body={"customers": [CUSTOMER]})) as server,
        client_of(server, square2) as client,
    ):
        api = square2.CustomersApi(client)
        assert type(api.retrieve_customer("C1").customer) is squareconnect.Customer
        found = api.search_customers(square2.SearchCustomersRequest(limit=1)).customers

    assert type(found[0]) is square2.Customer
    assert found[0].id == "C1"


def test_a_success_with_errors_is_a_result_for_models_of_2_x(square2: Any) -> None:
    with Server(otherwise=answer(body={"errors": ERRORS})) as server, client_of(server, square2) as client:
        assert square2.LocationsApi(client).list_locations().errors[0].code == "CARD_DECLINED"
        assert square2.TransactionsApi(client).capture_transaction("L1", "T1").errors[0].code == "CARD_DECLINED"


@pytest.mark.parametrize(
    ("call", "unknown"),
    [
        (lambda api: api.retrieve_customer("C1"), False),
        (lambda api: api.list_customers(), False),
        (lambda api: api.create_customer({"given_name": "Ada"}), True),
        (lambda api: api.delete_customer("C1"), True),
        (lambda api: api.delete_customer_card("C1", "ccof:1"), True),
    ],
)
def test_a_success_with_only_errors_raises_for_our_models(call: Any, unknown: bool) -> None:
    with (
        Server(otherwise=answer(body={"errors": ERRORS})) as server,
        ApiClient(settings_of(server)) as client,
        pytest.raises(ApiException) as caught,
    ):
        call(CustomersApi(client))

    assert (caught.value.status, caught.value.errors[0].code) == (200, "CARD_DECLINED")
    assert caught.value.outcome_unknown is unknown


def test_a_success_with_errors_and_a_result_is_a_result() -> None:
    body = {"errors": ERRORS, "customers": [CUSTOMER]}
    with Server(otherwise=answer(body=body)) as server, ApiClient(settings_of(server)) as client:
        page = CustomersApi(client).list_customers()

    assert (page.customers[0].id, page.errors[0].code) == ("C1", "CARD_DECLINED")  # type: ignore[index]


def test_a_failure_of_any_api_raises_our_exception_with_its_advice(square2: Any) -> None:
    with (
        Server(otherwise=answer(404, {"errors": ERRORS})) as server,
        client_of(server, square2) as client,
        pytest.raises(squareconnect.PaymentMethodError) as caught,
    ):
        square2.OrdersApi(client).batch_retrieve_orders("L1", {"order_ids": ["O1"]})

    assert caught.value.errors[0].code == "CARD_DECLINED"
    assert "(404)" in str(caught.value)


def test_an_answer_of_the_first_version_is_a_list_with_the_token_of_the_next_page(square2: Any) -> None:
    link = "<https://connect.squareup.com/v1/L1/items?batch_token=t%2B1>;rel='next'"
    with (
        Server(
            answer(body=[{"id": "I1", "variations": [{"price_money": {"amount": 5}}]}], headers={"Link": link})
        ) as server,
        client_of(server, square2) as client,
    ):
        items = square2.V1ItemsApi(client).list_items("L1", batch_token="t")
        token = client.last_response.getbatch_token()

    assert (items[0].variations[0].price_money.amount, token) == (5, "t+1")
    assert server.requests[0].target == "/v1/L1/items?batch_token=t"


def test_a_call_of_another_api_is_retried_if_repeating_is_harmless(square2: Any) -> None:
    busy: Step = answer(503, {"errors": ERRORS}, {"Retry-After": "0"})
    with Server(busy, LOCATIONS, busy) as server, client_of(server, square2, max_retry_wait=0.01) as client:
        assert square2.LocationsApi(client).list_locations().locations[0].id == "L1"
        with pytest.raises(ApiException):
            square2.TransactionsApi(client).capture_transaction("L1", "T1")

    assert len(server.requests) == 3


def test_a_body_of_another_api_with_an_idempotency_key_is_sent_again(square2: Any) -> None:
    body = square2.CreateOrderRequest(idempotency_key="K")
    with (
        Server(cut(b""), answer(body={"order": {"id": "O1"}}), cut(b"")) as server,
        client_of(server, square2, max_retry_wait=0.01) as client,
    ):
        assert square2.OrdersApi(client).create_order("L1", body).order.id == "O1"
        with pytest.raises(ConnectionFailed) as caught:
            square2.OrdersApi(client).create_order("L1", square2.CreateOrderRequest())

    assert caught.value.outcome_unknown
    assert len(server.requests) == 3


def test_a_callback_gets_the_result_of_another_api(square2: Any) -> None:
    results: list[Any] = []
    with Server(LOCATIONS) as server, client_of(server, square2) as client:
        square2.LocationsApi(client).list_locations(callback=results.append).join()

    assert results[0].locations[0].id == "L1"


async def _locations_and_customer(square2: Any, settings: Configuration) -> tuple[Any, Any]:
    async with AsyncApiClient(settings, models=square2.models) as client:
        calls = square2.LocationsApi(client).list_locations(), AsyncCustomersApi(client).retrieve_customer("C1")
        return await calls[0], await calls[1]


def test_the_methods_of_other_apis_are_awaited_on_an_asyncio_client(square2: Any) -> None:
    with Server(LOCATIONS, answer()) as server:
        locations, found = asyncio.run(_locations_and_customer(square2, settings_of(server)))

    assert locations.locations[0] == square2.Location(id="L1", currency="GBP", capabilities=["PROCESSING"])
    assert type(found.customer) is squareconnect.Customer


def test_an_impossible_source_of_models_is_refused_with_the_possible_ones() -> None:
    with pytest.raises(TypeError, match=r"^models must be a module of Swagger models, .* not int$"):
        ApiClient(Configuration(access_token="T0KEN"), models=5)


def test_without_models_a_method_of_another_api_sends_nothing_and_says_what_to_pass(square2: Any) -> None:
    with (
        Server() as server,
        ApiClient(settings_of(server)) as client,
        pytest.raises(ValueError, match=r"'ListLocationsResponse'.*ApiClient\(models=\.\.\.\)"),
    ):
        square2.LocationsApi(client).list_locations()

    assert not server.requests


def test_a_file_is_uploaded_as_a_form_field_of_another_api(square2: Any, tmp_path: Path) -> None:
    (tmp_path / "menu.txt").write_text("tea")
    with Server(answer(body={"id": "I1"})) as server, client_of(server, square2) as client:
        image = client.call_api(
            "/v1/{location_id}/items/{item_id}/image",
            "POST",
            {"location_id": "L1", "item_id": "I1"},
            header_params={"Content-Type": "multipart/form-data"},
            files={"image_data": str(tmp_path / "menu.txt")},
            response_type="V1ItemImage",
            auth_settings=["oauth2"],
        )

    assert (type(image), image.id) == (square2.V1ItemImage, "I1")
    assert server.requests[0].headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'filename="menu.txt"\r\nContent-Type: text/plain\r\n\r\ntea\r\n' in server.requests[0].body


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"a=1+%C3%A9&b=2"),
        ("multipart/form-data", b'Content-Disposition: form-data; name="a"\r\n\r\n1 \xc3\xa9\r\n'),
        ("application/json", b'Content-Disposition: form-data; name="a"\r\n\r\n1 \xc3\xa9\r\n'),
    ],
)
def test_a_form_is_sent_as_its_content_type_says(content_type: str, body: bytes) -> None:
    with Server() as server, ApiClient(settings_of(server)) as client:
        client.call_api(
            "/x", "POST", header_params={"Content-Type": content_type}, post_params=[("a", "1 é"), ("b", "2")]
        )

    sent = server.requests[0]
    assert body in sent.body
    assert sent.headers["content-type"].startswith(content_type.replace("application/json", "multipart/form-data"))


@pytest.mark.parametrize(
    ("value", "query"),
    [(["b", "c d"], "a=b%2Cc+d"), (date(2019, 6, 12), "a=2019-06-12"), (True, "a=True"), (5, "a=5"), ("é", "a=%C3%A9")],
)
def test_a_query_parameter_is_sent_as_2_x_sends_it(value: Any, query: str) -> None:
    with Server() as server, ApiClient(settings_of(server)) as client:
        client.call_api("/x", "GET", query_params={"a": value})

    assert server.requests[0].target == f"/x?{query}"


@pytest.mark.parametrize(
    ("headers", "sent"),
    [(None, "application/json"), ({"X-Shop": "a"}, "application/json"), ({"content-type": "text/plain"}, "text/plain")],
)
def test_a_body_is_sent_as_json_unless_the_headers_of_a_request_say_otherwise(headers: Any, sent: str) -> None:
    with Server() as server, ApiClient(settings_of(server)) as client:
        client.request("POST", f"{server.host}/x", headers=headers, body={"a": 1})

    assert (server.requests[0].headers["content-type"], server.requests[0].body) == (sent, b'{"a":1}')
