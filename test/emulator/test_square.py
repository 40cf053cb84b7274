"""What all requests to Square have in common."""

from __future__ import annotations

import json
import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from squareconnect import CustomersApi
from squareconnect.emulator import Emulator
from squareconnect.emulator.faults import OPERATIONS
from squareconnect.emulator.openapi import description
from squareconnect.emulator.operations import operation_of
from squareconnect.emulator.square import BODY_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Wire

    Connect = Callable[[Emulator], Wire]

INVALID = "INVALID_REQUEST_ERROR"
PAGE = Path(__file__).parents[2] / "squareconnect" / "emulator" / "page" / "index.html"
OF_A_SHARED_EMULATOR = settings(
    deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

# fmt: off
json_keys = st.text(max_size=5) | st.sampled_from((
    "given_name", "email_address", "phone_number", "birthday", "note", "address", "country", "postal_code", "id",
    "cards", "preferences", "version", "card_nonce", "billing_address", "verification_token", "idempotency_key",
))
# fmt: on
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(json_keys, inner, max_size=5),
    max_leaves=12,
)


class TestRefusing:
    @pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "emulator-access-token"])
    def test_a_malformed_authorization(self, wire: Wire, header: str) -> None:
        answer = wire.send("GET", "/v2/customers", headers={"Authorization": header})

        assert answer.refusal == (401, "AUTHENTICATION_ERROR", "UNAUTHORIZED", None)
        assert "`Bearer ACCESS_TOKEN`" in answer.json["errors"][0]["detail"]

    @pytest.mark.parametrize("token", ["wrong-token", "emulator-access-tokem", "ünknown"])
    def test_a_wrong_token(self, wire: Wire, token: str) -> None:
        answer = wire.send("GET", "/v2/customers", headers={"Authorization": f"Bearer {token}"})

        assert answer.refusal == (401, "AUTHENTICATION_ERROR", "UNAUTHORIZED", None)
        assert token not in json.dumps(answer.json)

    def test_a_missing_token(self, wire: Wire) -> None:
        response = wire.pool.request("GET", f"{wire.square.url}/v2/customers")

        assert response.status == 401
        assert response.json()["errors"][0]["code"] == "UNAUTHORIZED"

    @pytest.mark.parametrize("path", ["/v2", "/v2/customers/", "/v3/customers", "/v2/customers/A/cards/B/C"])
    def test_an_unknown_path(self, wire: Wire, path: str) -> None:
        assert wire.get(path).refusal == (404, INVALID, "NOT_FOUND", None)

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("PUT", "/v2/customers", "GET, POST"),
            ("POST", "/v2/customers/A", "DELETE, GET, PUT"),
            ("GET", "/v2/customers/A/cards", "POST"),
            ("PATCH", "/v2/customers/A/cards/B", "DELETE"),
        ],
    )
    def test_a_wrong_method_with_the_right_ones(self, wire: Wire, method: str, path: str, allowed: str) -> None:
        answer = wire.send(method, path)

        assert answer.refusal == (405, INVALID, "METHOD_NOT_ALLOWED", None)
        assert answer.headers["Allow"] == allowed

    @pytest.mark.parametrize("version", ["", "latest", "20190612", "2019-6-12", "2019-02-30", "2019-06-12T00:00:00Z"])
    def test_a_version_that_is_not_a_date(self, wire: Wire, version: str) -> None:
        answer = wire.send("GET", "/v2/customers", headers={"Square-Version": version})

        assert answer.refusal == (400, INVALID, "INVALID_SQUARE_VERSION_FORMAT", None)

    def test_a_body_over_the_limit(self, wire: Wire) -> None:
        path, body = "/v2/customers", b'{"given_name": "Ada", "note": "%s"}'
        fitting = body % (b"a" * (BODY_LIMIT - len(body) + 2))

        assert wire.send("POST", path, fitting).status == 200
        for size in (1, 8 * BODY_LIMIT):
            answer = wire.send("POST", path, fitting + b" " * size)
            assert answer.refusal == (413, INVALID, "REQUEST_ENTITY_TOO_LARGE", None)

    def test_never_repeats_what_was_sent(self, wire: Wire) -> None:
        email, phone, token = "ada.lovelace@@example.com", "+1 212 555", "canary-token"
        path = f"/v2/customers/{wire.create()['id']}"
        answers = [
            wire.post("/v2/customers", {"email_address": email}),
            wire.post("/v2/customers", {"phone_number": phone}),
            wire.post("/v2/customers", {"given_name": "Ada", "birthday": phone}),
            wire.post("/v2/customers", {"given_name": "Ada", "address": {"country": email}}),
            wire.post(f"{path}/cards", {"card_nonce": email}),
            wire.get("/v2/customers", cursor=email),
            wire.get("/v2/customers", sort_field=phone),
            wire.send("GET", "/v2/customers", headers={"Square-Version": phone}),
            wire.send("GET", "/v2/customers", headers={"Authorization": f"Bearer {token}"}),
            *(wire.get(f"/v2/customers/{text}") for text in ("ada%40example.com", "12125554240", token)),
            wire.delete(f"{path}/cards/ada%40example.com"),
        ]

        for answer in answers:
            assert answer.status >= 400
            detail = answer.json["errors"][0]["detail"]
            assert not any(text in detail for text in (email, phone, token, "ada@example.com", "12125554240"))


class TestAnyRequest:
    def test_is_answered_with_its_version_or_the_default_one(self, wire: Wire) -> None:
        assert wire.get("/v2/customers").headers["Square-Version"] == "2019-06-12"
        answer = wire.send("GET", "/v2/customers", headers={"Square-Version": "2026-09-16"})
        assert answer.headers["Square-Version"] == "2026-09-16"

    @pytest.mark.parametrize("content_type", ["text/plain", "application/json; charset=utf-8", "nonsense"])
    def test_may_have_any_content_type(self, wire: Wire, content_type: str) -> None:
        answer = wire.send("POST", "/v2/customers", b'{"given_name": "Ada"}', {"Content-Type": content_type})

        assert answer.status == 200

    @pytest.mark.parametrize("path", ["/", "/v2/customers", "/v2/customers/A"])
    def test_may_not_use_head(self, wire: Wire, path: str) -> None:
        headers = {"Authorization": f"Bearer {wire.square.access_token}"}
        response = wire.pool.request("HEAD", f"{wire.square.url}{path}", headers=headers)

        assert (response.status, response.data) == (405, b"")

    @OF_A_SHARED_EMULATOR
    @given(body=st.binary() | st.builds(lambda value: json.dumps(value).encode(), json_values))
    def test_with_any_body_is_accepted_or_refused_in_squares_shape(self, running: Wire, body: bytes) -> None:
        customer = f"/v2/customers/{running.create()['id']}"
        for method, path in (("POST", "/v2/customers"), ("PUT", customer), ("POST", f"{customer}/cards")):
            answer = running.send(method, path, body)
            assert answer.status == 200 or answer.refusal[0] in (400, 402, 404)

    @OF_A_SHARED_EMULATOR
    @given(body=st.dictionaries(json_keys, json_values))
    def test_with_any_object_is_accepted_or_refused_in_squares_shape(self, running: Wire, body: dict[str, Any]) -> None:
        customer = f"/v2/customers/{running.create()['id']}"
        for method, path in (("POST", "/v2/customers"), ("PUT", customer), ("POST", f"{customer}/cards")):
            answer = running.send(method, path, json.dumps(body).encode())
            assert answer.status == 200 or answer.refusal[0] in (400, 402, 404)

    @pytest.mark.parametrize("segment", ["%00", "%ff%fe", "%ED%A0%80", "..%2f..", "a%3Fb", "%", "%zz", "*"])
    def test_with_any_unknown_id_is_answered_not_found(self, wire: Wire, segment: str) -> None:
        with socket.create_connection(("127.0.0.1", int(wire.square.url.rpartition(":")[2]))) as connection:
            token = wire.square.access_token
            request = f"GET /v2/customers/{segment} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
            connection.sendall(f"{request}Connection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: connection.recv(4096), b""))

        assert answer.startswith(b"HTTP/1.1 404 ")
        assert b'"code":"NOT_FOUND"' in answer

    def test_that_fails_within_the_emulator_is_answered_in_squares_shape(self, connect: Connect) -> None:
        def broken_clock() -> Any:
            raise ZeroDivisionError

        with Emulator(now=broken_clock) as square:
            wire = connect(square)
            answers = [wire.post("/v2/customers", {"given_name": "Ada"}), wire.get("/v2/customers")]

        for answer in answers:
            assert answer.refusal == (500, "API_ERROR", "INTERNAL_SERVER_ERROR", None)


NEW = {"Square-Version": "2026-09-16"}
OLD = {"Square-Version": "2021-04-20"}


class TestVersions:
    def test_of_a_customer_count_its_changes(self, wire: Wire) -> None:
        made = wire.send("POST", "/v2/customers", b'{"given_name": "Ada"}', NEW).json["customer"]
        path = f"/v2/customers/{made['id']}"
        changed = wire.send("PUT", path, b'{"note": "a", "version": 0}', NEW).json["customer"]

        assert (made["version"], changed["version"]) == (0, 1)
        assert wire.send("GET", path, headers=NEW).json["customer"]["version"] == 1
        assert wire.send("GET", "/v2/customers", headers=NEW).json["customers"][0]["version"] == 1
        for headers in (OLD, {}):
            assert "version" not in wire.send("GET", path, headers=headers).json["customer"]

    def test_that_are_stale_are_refused(self, wire: Wire) -> None:
        path = f"/v2/customers/{wire.create()['id']}"
        wire.put(path, {"note": "a"})
        conflict = (409, INVALID, "CONFLICT", None)

        assert wire.send("PUT", path, b'{"note": "b", "version": 0}', NEW).refusal == conflict
        assert wire.send("DELETE", f"{path}?version=0", headers=NEW).refusal == conflict
        assert wire.get(path).json["customer"]["note"] == "a"
        assert wire.send("DELETE", f"{path}?version=1", headers=NEW).status == 200

    def test_are_ignored_by_versions_of_the_api_that_have_none(self, wire: Wire) -> None:
        path = f"/v2/customers/{wire.create()['id']}"

        assert wire.send("PUT", path, b'{"note": "b", "version": 9}', OLD).status == 200
        assert wire.send("DELETE", f"{path}?version=9", headers=OLD).status == 200

    @pytest.mark.parametrize("version", ["null", '"1"', "true", "1.0"])
    def test_are_integers(self, wire: Wire, version: str) -> None:
        path = f"/v2/customers/{wire.create()['id']}"
        body = f'{{"note": "b", "version": {version}}}'.encode()

        assert wire.send("PUT", path, body, NEW).refusal == (400, INVALID, "EXPECTED_INTEGER", "version")
        assert wire.send("DELETE", f"{path}?version=x", headers=NEW).refusal[2] == "EXPECTED_INTEGER"

    def test_since_late_2022_write_birthdays_without_a_time(self, wire: Wire) -> None:
        birthday = "1815-12-10T00:00:00-00:00"
        path = f"/v2/customers/{wire.create(given_name='Ada', birthday=birthday)['id']}"

        assert wire.get(path).json["customer"]["birthday"] == birthday
        assert wire.send("GET", path, headers=NEW).json["customer"]["birthday"] == "1815-12-10"

    def test_are_named_by_refusals_but_not_by_401(self, wire: Wire) -> None:
        assert wire.send("POST", "/v2/customers", b"{}", NEW).headers["Square-Version"] == "2026-09-16"
        assert "Square-Version" not in wire.send("GET", "/v2/customers", headers={"Authorization": ""}).headers


class TestWords:
    @pytest.mark.parametrize(
        ("method", "path", "body", "detail"),
        [
            (
                "POST",
                "",
                b"{}",
                "At least one of `given_name`, `family_name`, `company_name`, `email_address`, or `phone_number` is "
                "required for a customer.",
            ),
            ("POST", "", b'{"email_address": "a"}', "Expected email_address to be a valid email address"),
            ("POST", "", b'{"phone_number": "a"}', "Expected phone_number to be a valid phone number"),
            ("PUT", "/{id}", b"{}", "At least one field must be set to update a customer."),
            ("GET", "/NOBODY", None, "Customer with ID `NOBODY` not found."),
            ("POST", "/{id}/cards", b"{}", "Field must be set"),
            ("POST", "/{id}/cards", b'{"card_nonce": 1}', "Expected a string value."),
            (
                "POST",
                "/{id}/cards",
                b'{"card_nonce": "cnon:card-nonce-already-used"}',
                "Card nonce already used; please request new nonce.",
            ),
            (
                "POST",
                "/{id}/cards",
                b"card_nonce=1",
                "invalid character 'c' looking for beginning of value (line 1, character 1)",
            ),
        ],
    )
    def test_are_squares_own(self, wire: Wire, method: str, path: str, body: bytes | None, detail: str) -> None:
        answer = wire.send(method, "/v2/customers" + path.format(id=wire.create()["id"]), body)

        assert answer.json["errors"][0]["detail"] == detail

    def test_about_a_reused_key_and_a_wrong_token_are_squares_own(self, wire: Wire) -> None:
        wire.create(given_name="Ada", idempotency_key="words")
        reused = wire.post("/v2/customers", {"given_name": "Eve", "idempotency_key": "words"})
        wrong = wire.send("GET", "/v2/customers", headers={"Authorization": "Bearer x"})

        assert reused.json["errors"][0]["detail"] == (
            "The idempotency key can only be retried with the same request data."
        )
        assert wrong.json["errors"][0]["detail"] == "This request could not be authorized."


def test_each_call_is_known_wherever_calls_are_named() -> None:
    calls = {name for name in vars(CustomersApi) if name[0] != "_"}
    described = {
        each["operationId"]: (method.upper(), path)
        for path, methods in description()["paths"].items()
        if path.startswith("/v2/")
        for method, each in methods.items()
    }
    options = re.findall(r"<option>(\w+_customers?(?:_card)?)</option>", PAGE.read_text(encoding="utf-8"))

    assert {*OPERATIONS} == calls, "OPERATIONS of squareconnect/emulator/faults.py"
    assert described.keys() == calls, "_SEVEN of squareconnect/emulator/openapi.py"
    assert {*options} == calls, "the options of squareconnect/emulator/page/index.html"
    lacking = {name for name, (method, path) in described.items() if operation_of(method, path)}
    assert not lacking, "squareconnect/emulator/operations.txt names only what the emulator does not support"


class TestWhatTheEmulatorLacks:
    @pytest.mark.parametrize(
        ("method", "path", "operation"),
        [
            ("POST", "/v2/customers/search", "SearchCustomers"),
            ("GET", "/v2/customers/groups", "ListCustomerGroups"),
            ("PUT", "/v2/customers/A/groups/B", "AddGroupToCustomer"),
            ("POST", "/v2/customers/bulk-create", "BulkCreateCustomers"),
            ("GET", "/v2/cards", "ListCards"),
            ("POST", "/v2/cards/ccof%3A1/disable", "DisableCard"),
            ("GET", "/v2/locations", "ListLocations"),
        ],
    )
    def test_is_named(self, wire: Wire, method: str, path: str, operation: str) -> None:
        answer = wire.send(method, path)

        assert answer.refusal == (501, "API_ERROR", "NOT_IMPLEMENTED", None)
        assert answer.json["errors"][0]["detail"] == f"The emulator does not support {operation}."

    def test_still_needs_the_token(self, wire: Wire) -> None:
        assert wire.send("GET", "/v2/cards", headers={"Authorization": "Bearer x"}).status == 401


def test_fields_are_in_squares_order_whenever_they_were_set(wire: Wire) -> None:
    path = f"/v2/customers/{wire.create(note='a', phone_number='+12125550001')['id']}"
    wire.post(f"{path}/cards", {"card_nonce": "cnon:card-nonce-ok"})
    wire.put(path, {"reference_id": "r", "given_name": "Ada", "address": {"locality": "London"}})

    assert list(wire.send("GET", path, headers=NEW).json["customer"]) == [
        "id",
        "created_at",
        "updated_at",
        "cards",
        "given_name",
        "address",
        "phone_number",
        "reference_id",
        "note",
        "preferences",
        "creation_source",
        "version",
    ]


def test_sixteen_threads_get_their_own_answers(wire: Wire) -> None:
    start = threading.Barrier(16)

    def one_life(number: int) -> str:
        start.wait()
        for turn in range(10):
            name = f"{number}/{turn}"
            customer = wire.create(given_name=name)
            path = f"/v2/customers/{customer['id']}"
            assert wire.put(path, {"note": name}).json["customer"]["note"] == name
            card = wire.post(f"{path}/cards", {"card_nonce": "cnon:card-nonce-ok"}).json["card"]
            assert wire.get(path).json["customer"]["cards"] == [card]
            assert wire.get(path).json["customer"]["given_name"] == name
            if turn:
                assert wire.delete(path).status == 200
        return f"{number}/0"

    with ThreadPoolExecutor(16) as pool:
        kept = set(pool.map(one_life, range(16)))

    assert {customer["given_name"] for customer in wire.pages()[0]} == kept


def test_sixteen_threads_with_one_key_create_one_customer(wire: Wire) -> None:
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda _: wire.create(given_name="Ada", idempotency_key="all"), range(16)))

    assert all(customer == made[0] for customer in made)
    assert wire.pages() == [made[:1]]
