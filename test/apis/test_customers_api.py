from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any
from unittest.mock import create_autospec, sentinel

import pytest

from squareconnect import (
    NULL,
    Address,
    ApiClient,
    ApiException,
    Configuration,
    CreateCustomerCardRequest,
    CreateCustomerRequest,
    CustomersApi,
    Forbidden,
    InvalidRequest,
    NotFound,
    PaymentMethodError,
    RateLimited,
    ServerError,
    Unauthorized,
    UpdateCustomerRequest,
)
from squareconnect.emulator import Emulator
from test.servers import Server, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

# -- The call that each method makes on its client ------------------------------------------------------------------

ADA = CreateCustomerRequest(given_name="Ada")
GRACE = UpdateCustomerRequest(given_name="Grace")
CARD = CreateCustomerCardRequest(card_nonce="cnon:card-nonce-ok")

CALLS: list[tuple[str, dict[str, Any], tuple[Any, ...], dict[str, Any]]] = [
    (
        "create_customer",
        {"body": ADA},
        ("/v2/customers", "POST"),
        {"body": ADA, "response_type": "CreateCustomerResponse"},
    ),
    (
        "create_customer_card",
        {"customer_id": "C", "body": CARD},
        ("/v2/customers/{customer_id}/cards", "POST", {"customer_id": "C"}),
        {"body": CARD, "response_type": "CreateCustomerCardResponse", "_repeatable": True},
    ),
    (
        "delete_customer",
        {"customer_id": "C"},
        ("/v2/customers/{customer_id}", "DELETE", {"customer_id": "C"}),
        {"response_type": "DeleteCustomerResponse"},
    ),
    (
        "delete_customer_card",
        {"customer_id": "C", "card_id": "ccof:1"},
        ("/v2/customers/{customer_id}/cards/{card_id}", "DELETE", {"customer_id": "C", "card_id": "ccof:1"}),
        {"response_type": "DeleteCustomerCardResponse"},
    ),
    (
        "list_customers",
        {"cursor": "next", "sort_field": "CREATED_AT", "sort_order": "DESC"},
        ("/v2/customers", "GET"),
        {
            "query_params": {"cursor": "next", "sort_field": "CREATED_AT", "sort_order": "DESC"},
            "response_type": "ListCustomersResponse",
        },
    ),
    (
        "retrieve_customer",
        {"customer_id": "C"},
        ("/v2/customers/{customer_id}", "GET", {"customer_id": "C"}),
        {"response_type": "RetrieveCustomerResponse"},
    ),
    (
        "update_customer",
        {"customer_id": "C", "body": GRACE},
        ("/v2/customers/{customer_id}", "PUT", {"customer_id": "C"}),
        {"body": GRACE, "response_type": "UpdateCustomerResponse"},
    ),
]


def test_the_list_has_each_method() -> None:
    assert {call[0] for call in CALLS} == {name for name in vars(CustomersApi) if not name.startswith("_")}


@pytest.mark.parametrize(("method", "given", "by_position", "by_name"), CALLS, ids=[call[0] for call in CALLS])
def test_each_method_makes_one_call_and_returns_its_result(
    method: str, given: dict[str, Any], by_position: tuple[Any, ...], by_name: dict[str, Any]
) -> None:
    client = create_autospec(ApiClient, instance=True)
    client.call_api.return_value = sentinel.result
    assert getattr(CustomersApi(client), method)(**given) is sentinel.result
    client.call_api.assert_called_once_with(*by_position, auth_settings=["oauth2"], **by_name)


@pytest.mark.parametrize(("method", "given"), [call[:2] for call in CALLS], ids=[call[0] for call in CALLS])
def test_each_method_passes_its_options_on(method: str, given: dict[str, Any]) -> None:
    client = create_autospec(ApiClient, instance=True)
    options = {
        "_request_timeout": 5,
        "_headers": {"X-Trace": "1"},
        "_return_http_data_only": False,
        "_preload_content": False,
        "async_req": True,
        "callback": print,
    }
    getattr(CustomersApi(client), method)(**given, **options)
    assert options.items() <= client.call_api.call_args.kwargs.items()


@pytest.mark.parametrize(
    ("method", "parameter"),
    [(method, parameter) for method, given, _, _ in CALLS for parameter in given if method != "list_customers"],
)
def test_a_required_parameter_that_is_none_is_refused_with_the_message_of_2_x(method: str, parameter: str) -> None:
    client = create_autospec(ApiClient, instance=True)
    given = {**next(given for name, given, _, _ in CALLS if name == method), parameter: None}
    with pytest.raises(ValueError, match=f"^Missing the required parameter `{parameter}` when calling `{method}`$"):
        getattr(CustomersApi(client), method)(**given)
    client.call_api.assert_not_called()


def test_a_missing_required_parameter_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'card_id'"):
        CustomersApi(create_autospec(ApiClient, instance=True)).delete_customer_card("C")  # type: ignore[call-overload] # pyright: ignore


def test_makes_a_client_if_none_is_given() -> None:
    assert isinstance(CustomersApi().api_client, ApiClient)
    assert CustomersApi().api_client is not CustomersApi().api_client


# -- From the public API to Square's store, and back ----------------------------------------------------------------


class Square(Emulator):
    """An emulator whose stored customers can be inspected."""

    def __init__(self, database: Path) -> None:
        super().__init__(database=database, clock="2026-12-01T00:00:00Z")
        self._file = database

    def client(self, access_token: str | None = None, **settings: Any) -> ApiClient:
        return ApiClient(
            Configuration(host=self.url, access_token=access_token or self.access_token, max_retries=0, **settings)
        )

    def stored(self) -> list[dict[str, Any]]:
        """Return all customers as they are in the database."""
        connection = sqlite3.connect(self._file)
        try:
            rows = connection.execute("SELECT document FROM customers ORDER BY number").fetchall()
        finally:
            connection.close()
        return [json.loads(document) for (document,) in rows]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Square]:
    with Square(tmp_path_factory.mktemp("square") / "customers.sqlite") as square:
        yield square


@pytest.fixture
def square(server: Square) -> Iterator[Square]:
    """Return an emulator without customers."""
    yield server
    with server.client() as client:
        for customer in server.stored():
            CustomersApi(client).delete_customer(customer["id"])


@pytest.fixture
def api(square: Square) -> Iterator[CustomersApi]:
    with square.client() as client:
        yield CustomersApi(client)


def create(api: CustomersApi, **fields: Any) -> str:
    """Create a customer and return its id."""
    customer = api.create_customer({"given_name": "Ada", **fields}).customer
    assert customer is not None
    assert customer.id is not None
    return customer.id


def add_card(api: CustomersApi, customer_id: str, nonce: str = "cnon:card-nonce-ok") -> str:
    """Save a card and return its id."""
    card = api.create_customer_card(customer_id, CreateCustomerCardRequest(nonce)).card
    assert card is not None
    assert card.id is not None
    return card.id


def test_create_customer_stores_every_field(square: Square, api: CustomersApi) -> None:
    request = CreateCustomerRequest(
        given_name="Amélie",
        family_name="Earhart",
        company_name="Square",
        nickname="Amy",
        email_address="amelie@example.com",
        address=Address(address_line_1="500 Electric Ave", locality="New York", country="US"),
        phone_number="+1-555-555-0100",
        reference_id="YOUR-1",
        note="a customer\nof 🥐",
        birthday="1998-09-21T00:00:00-00:00",
    )
    made = api.create_customer(request).customer
    assert made is not None
    (stored,) = square.stored()
    given = {name: value for name, value in request.to_dict().items() if value is not None}
    given["address"] = {name: value for name, value in given["address"].items() if value is not None}
    assert given.items() <= stored.items()
    assert (made.id, made.created_at) == (stored["id"], stored["created_at"])
    assert made.address == request.address
    assert made.note == request.note
    assert made.preferences is not None
    assert made.preferences.email_unsubscribed is False
    assert made.creation_source == "THIRD_PARTY"


def test_create_customer_twice_with_the_same_key_creates_one_customer(square: Square, api: CustomersApi) -> None:
    request = CreateCustomerRequest(given_name="Ada", idempotency_key="key-1")
    assert api.create_customer(request) == api.create_customer(request)
    assert len(square.stored()) == 1


def test_retrieve_customer_returns_what_is_stored(square: Square, api: CustomersApi) -> None:
    customer_id = create(api, family_name="Lovelace")
    customer = api.retrieve_customer(customer_id).customer
    assert customer is not None
    assert (customer.id, customer.given_name, customer.family_name) == (customer_id, "Ada", "Lovelace")


def test_list_customers_returns_what_is_stored_in_the_requested_order(api: CustomersApi) -> None:
    for name in ("Bertha", "Charlotte", "Ada"):
        create(api, given_name=name)

    def names(**sort: Any) -> list[str | None]:
        return [customer.given_name for customer in api.list_customers(**sort).customers or ()]

    assert names() == ["Ada", "Bertha", "Charlotte"]
    assert names(sort_order="DESC") == ["Charlotte", "Bertha", "Ada"]
    assert names(sort_field="CREATED_AT") == ["Bertha", "Charlotte", "Ada"]


def test_list_customers_of_an_empty_directory_returns_none(api: CustomersApi) -> None:
    page = api.list_customers()
    assert (page.customers, page.cursor, page.errors) == (None, None, None)


def test_update_customer_changes_only_the_given_fields(square: Square, api: CustomersApi) -> None:
    customer_id = create(api, family_name="Lovelace", note="Countess")
    updated = api.update_customer(customer_id, UpdateCustomerRequest(note="Mathematician")).customer
    assert updated is not None
    assert (updated.given_name, updated.family_name, updated.note) == ("Ada", "Lovelace", "Mathematician")
    (stored,) = square.stored()
    assert (stored["family_name"], stored["note"]) == ("Lovelace", "Mathematician")


@pytest.mark.parametrize("nothing", ["", NULL])
def test_update_customer_clears_a_field(square: Square, api: CustomersApi, nothing: str) -> None:
    customer_id = create(api, phone_number="+1-555-555-0100")
    updated = api.update_customer(customer_id, UpdateCustomerRequest(phone_number=nothing)).customer
    assert updated is not None
    assert updated.phone_number is None
    assert "phone_number" not in square.stored()[0]


def test_delete_customer_removes_the_customer_and_the_cards(square: Square, api: CustomersApi) -> None:
    customer_id = create(api)
    add_card(api, customer_id)
    assert api.delete_customer(customer_id).errors is None
    assert square.stored() == []


def test_create_customer_card_stores_the_card(square: Square, api: CustomersApi) -> None:
    customer_id = create(api)
    request = CreateCustomerCardRequest(
        card_nonce="cnon:card-nonce-ok",
        billing_address=Address(postal_code="94103", country="US"),
        cardholder_name="Ada Lovelace",
    )
    card = api.create_customer_card(customer_id, request).card
    assert card is not None
    assert (card.card_brand, card.last_4, card.exp_month) == ("VISA", "5858", 12)
    assert (card.cardholder_name, card.billing_address) == ("Ada Lovelace", request.billing_address)
    assert [stored["id"] for stored in square.stored()[0]["cards"]] == [card.id]
    customer = api.retrieve_customer(customer_id).customer
    assert customer is not None
    assert customer.cards == [card]


def test_create_customer_card_with_the_same_nonce_returns_the_same_card(square: Square, api: CustomersApi) -> None:
    customer_id = create(api)
    assert add_card(api, customer_id) == add_card(api, customer_id)
    assert len(square.stored()[0]["cards"]) == 1


def test_delete_customer_card_removes_only_that_card(square: Square, api: CustomersApi) -> None:
    customer_id = create(api)
    first, second = add_card(api, customer_id), add_card(api, customer_id, "cnon:gift-card-nonce-ok")
    assert api.delete_customer_card(customer_id, first).errors is None
    assert [stored["id"] for stored in square.stored()[0]["cards"]] == [second]


# -- Each refusal is an exception that says what to do --------------------------------------------------------------

Refused = tuple["Callable[[CustomersApi], object]", type[ApiException], int, str, "str | None"]

REFUSALS: dict[str, Refused] = {
    "create without any name": (
        lambda api: api.create_customer({"note": "nobody"}),
        InvalidRequest, 400, "BAD_REQUEST", None,
    ),
    "create with a bad phone number": (
        lambda api: create(api, phone_number="555"),
        InvalidRequest, 400, "INVALID_PHONE_NUMBER", "phone_number",
    ),
    "create with a bad e-mail address": (
        lambda api: create(api, email_address="ada"),
        InvalidRequest, 400, "INVALID_EMAIL_ADDRESS", "email_address",
    ),
    "create with a bad birthday": (
        lambda api: create(api, birthday="yesterday"),
        InvalidRequest, 400, "INVALID_TIME", "birthday",
    ),
    "create with a name that is too long": (
        lambda api: create(api, family_name="x" * 301),
        InvalidRequest, 400, "VALUE_TOO_LONG", "family_name",
    ),
    "create with an unknown country": (
        lambda api: create(api, address={"country": "XX"}),
        InvalidRequest, 400, "INVALID_ENUM_VALUE", "address.country",
    ),
    "create with a key that had other data": (
        lambda api: [create(api, idempotency_key="reused", note=note) for note in ("one", "two")],
        InvalidRequest, 400, "IDEMPOTENCY_KEY_REUSED", "idempotency_key",
    ),
    "list with a bad cursor": (
        lambda api: api.list_customers(cursor="nowhere"),
        InvalidRequest, 400, "INVALID_CURSOR", "cursor",
    ),
    "list in an unknown order": (
        lambda api: api.list_customers(sort_order="RANDOM"),
        InvalidRequest, 400, "INVALID_ENUM_VALUE", "sort_order",
    ),
    "update with an empty body": (
        lambda api: api.update_customer(create(api), UpdateCustomerRequest()),
        InvalidRequest, 400, "BAD_REQUEST", None,
    ),
    "retrieve an unknown customer": (lambda api: api.retrieve_customer("NOBODY"), NotFound, 404, "NOT_FOUND", None),
    "update an unknown customer": (lambda api: api.update_customer("NOBODY", GRACE), NotFound, 404, "NOT_FOUND", None),
    "delete an unknown customer": (lambda api: api.delete_customer("NOBODY"), NotFound, 404, "NOT_FOUND", None),
    "a card for an unknown customer": (
        lambda api: api.create_customer_card("NOBODY", CARD),
        NotFound, 404, "NOT_FOUND", None,
    ),
    "delete an unknown card": (
        lambda api: api.delete_customer_card(create(api), "ccof:none"),
        NotFound, 404, "NOT_FOUND", None,
    ),
    "a card without a nonce": (
        lambda api: api.create_customer_card(create(api), CreateCustomerCardRequest()),
        InvalidRequest, 400, "MISSING_REQUIRED_PARAMETER", "card_nonce",
    ),
    "a bad Square-Version": (
        lambda api: api.list_customers(_headers={"Square-Version": "2019-99-99"}),
        InvalidRequest, 400, "INVALID_SQUARE_VERSION_FORMAT", None,
    ),
    "a token that is not known": (
        lambda api: api.list_customers(_headers={"Authorization": "Bearer another"}),
        Unauthorized, 401, "UNAUTHORIZED", None,
    ),
    "an Authorization without a token": (
        lambda api: api.list_customers(_headers={"Authorization": "Bearer"}),
        Unauthorized, 401, "UNAUTHORIZED", None,
    ),
}  # fmt: skip


def assert_refused(caught: ApiException, kind: type[ApiException], status: int, code: str, field: str | None) -> None:
    assert type(caught) is kind
    assert (caught.status, caught.field) == (status, field)
    assert [error.code for error in caught.errors] == [code]
    assert code in str(caught)
    assert caught.advice in str(caught)


@pytest.mark.parametrize("case", REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_has_its_class_its_code_and_its_field(api: CustomersApi, case: Refused) -> None:
    call, kind, status, code, field = case
    with pytest.raises(ApiException) as caught:
        call(api)
    assert_refused(caught.value, kind, status, code, field)


@pytest.mark.parametrize(
    ("nonce", "kind", "status", "code", "field"),
    [
        ("card-nonce-rejected-cvv", PaymentMethodError, 402, "VERIFY_CVV_FAILURE", None),
        ("card-nonce-rejected-postalcode", PaymentMethodError, 402, "VERIFY_AVS_FAILURE", None),
        ("card-nonce-declined", PaymentMethodError, 402, "CARD_DECLINED", None),
        ("card-nonce-rejected-expiration", PaymentMethodError, 400, "INVALID_EXPIRATION", None),
        ("card-nonce-already-used", InvalidRequest, 400, "CARD_TOKEN_USED", None),
    ],
)
@pytest.mark.parametrize("prefix", ["cnon:", "fake-"])
def test_a_refused_card_has_its_class_and_its_code(
    square: Square,
    api: CustomersApi,
    prefix: str,
    nonce: str,
    kind: type[ApiException],
    status: int,
    code: str,
    field: str | None,
) -> None:
    customer_id = create(api)
    with pytest.raises(ApiException) as caught:
        api.create_customer_card(customer_id, CreateCustomerCardRequest(prefix + nonce))
    assert_refused(caught.value, kind, status, code, field)
    assert "cards" not in square.stored()[0]


def test_a_nonce_of_another_environment_is_not_found(api: CustomersApi) -> None:
    with pytest.raises(NotFound):
        api.create_customer_card(create(api), {"card_nonce": "CBASEnonce"})


def test_a_nonce_with_bad_data_is_an_invalid_request_with_its_field(api: CustomersApi) -> None:
    with pytest.raises(InvalidRequest) as caught:
        api.create_customer_card(create(api), {"card_nonce": "cnon:"})
    assert_refused(caught.value, InvalidRequest, 400, "INVALID_CARD_DATA", "card_nonce")


@pytest.mark.parametrize(
    ("status", "category", "code", "kind"),
    [
        (401, "AUTHENTICATION_ERROR", "ACCESS_TOKEN_EXPIRED", Unauthorized),
        (401, "AUTHENTICATION_ERROR", "ACCESS_TOKEN_REVOKED", Unauthorized),
        (403, "AUTHENTICATION_ERROR", "INSUFFICIENT_SCOPES", Forbidden),
        (403, "AUTHENTICATION_ERROR", "CARD_PROCESSING_NOT_ENABLED", Forbidden),
        (400, "INVALID_REQUEST_ERROR", "CARD_TOKEN_EXPIRED", InvalidRequest),
        (400, "PAYMENT_METHOD_ERROR", "CARD_EXPIRED", PaymentMethodError),
        (409, "INVALID_REQUEST_ERROR", "CONFLICT", InvalidRequest),
        (429, "RATE_LIMIT_ERROR", "RATE_LIMITED", RateLimited),
        (500, "API_ERROR", "INTERNAL_SERVER_ERROR", ServerError),
        (501, "API_ERROR", "NOT_IMPLEMENTED", ServerError),
        (503, "API_ERROR", "SERVICE_UNAVAILABLE", ServerError),
        (504, "API_ERROR", "GATEWAY_TIMEOUT", ServerError),
        (400, "INVALID_REQUEST_ERROR", "A_CODE_OF_NEXT_YEAR", InvalidRequest),
    ],
)
def test_a_refusal_that_the_emulator_never_sends_has_its_class(
    status: int, category: str, code: str, kind: type[ApiException]
) -> None:
    body: Mapping[str, Any] = {"errors": [{"category": category, "code": code}]}
    with Server(otherwise=answer(status, body)) as server:
        client = ApiClient(Configuration(host=server.host, access_token="token", max_retries=0))
        with client, pytest.raises(ApiException) as caught:
            CustomersApi(client).create_customer_card("C", CARD)
    assert_refused(caught.value, kind, status, code, None)
