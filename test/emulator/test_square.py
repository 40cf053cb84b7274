"""What all requests to Square have in common."""

from __future__ import annotations

import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from squareconnect.emulator import Emulator
from squareconnect.emulator.square import BODY_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Wire

    Connect = Callable[[Emulator], Wire]

INVALID = "INVALID_REQUEST_ERROR"
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
    def test_a_version_that_is_no_date(self, wire: Wire, version: str) -> None:
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
    def test_may_not_ask_for_the_headers_alone(self, wire: Wire, path: str) -> None:
        headers = {"Authorization": f"Bearer {wire.square.access_token}"}
        response = wire.pool.request("HEAD", f"{wire.square.url}{path}", headers=headers)

        assert (response.status, response.data) == (405, b"")

    @OF_A_SHARED_EMULATOR
    @given(body=st.binary() | st.builds(lambda value: json.dumps(value).encode(), json_values))
    def test_with_any_body_is_accepted_or_refused_in_square_s_shape(self, running: Wire, body: bytes) -> None:
        customer = f"/v2/customers/{running.create()['id']}"
        for method, path in (("POST", "/v2/customers"), ("PUT", customer), ("POST", f"{customer}/cards")):
            answer = running.send(method, path, body)
            assert answer.status == 200 or answer.refusal[0] in (400, 402, 404)

    @OF_A_SHARED_EMULATOR
    @given(body=st.dictionaries(json_keys, json_values))
    def test_with_any_object_is_accepted_or_refused_in_square_s_shape(
        self, running: Wire, body: dict[str, Any]
    ) -> None:
        customer = f"/v2/customers/{running.create()['id']}"
        for method, path in (("POST", "/v2/customers"), ("PUT", customer), ("POST", f"{customer}/cards")):
            answer = running.send(method, path, json.dumps(body).encode())
            assert answer.status == 200 or answer.refusal[0] in (400, 402, 404)

    @pytest.mark.parametrize("segment", ["%00", "%ff%fe", "%ED%A0%80", "..%2f..", "a%3Fb", "%", "%zz", "*"])
    def test_with_any_id_is_answered_that_it_is_unknown(self, wire: Wire, segment: str) -> None:
        with socket.create_connection(("127.0.0.1", int(wire.square.url.rpartition(":")[2]))) as connection:
            token = wire.square.access_token
            request = f"GET /v2/customers/{segment} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
            connection.sendall(f"{request}Connection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: connection.recv(4096), b""))

        assert answer.startswith(b"HTTP/1.1 404 ")
        assert b'"code":"NOT_FOUND"' in answer

    def test_that_fails_within_the_emulator_is_answered_in_square_s_shape(self, connect: Connect) -> None:
        def broken_clock() -> Any:
            raise ZeroDivisionError

        with Emulator(now=broken_clock) as square:
            wire = connect(square)
            answers = [wire.post("/v2/customers", {"given_name": "Ada"}), wire.get("/v2/customers")]

        for answer in answers:
            assert answer.refusal == (500, "API_ERROR", "INTERNAL_SERVER_ERROR", None)


def test_sixteen_threads_get_what_each_has_asked_for(wire: Wire) -> None:
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


def test_sixteen_threads_with_one_key_make_one_customer(wire: Wire) -> None:
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda _: wire.create(given_name="Ada", idempotency_key="all"), range(16)))

    assert all(customer == made[0] for customer in made)
    assert wire.pages() == [made[:1]]
