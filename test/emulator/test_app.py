from __future__ import annotations

import json
import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from squareconnect.emulator import Emulator
from squareconnect.emulator.app import BODY_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import JsonObject, StandingClock, Wire

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


class TestCreating:
    def test_gives_the_new_customer_with_what_square_adds(self, wire: Wire, clock: StandingClock) -> None:
        customer = wire.create(given_name="Ada", family_name="Lovelace")

        time = clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        assert customer == {
            "id": customer["id"],
            "created_at": time,
            "updated_at": time,
            "given_name": "Ada",
            "family_name": "Lovelace",
            "preferences": {"email_unsubscribed": False},
            "creation_source": "THIRD_PARTY",
        }
        assert re.fullmatch(r"[A-Z0-9]{26}", customer["id"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", customer["created_at"])

    def test_keeps_every_field(self, wire: Wire) -> None:
        fields: JsonObject = {
            "given_name": "Ада",
            "family_name": "Lovelace",
            "company_name": "Analytical Engines",
            "nickname": "Enchantress of Numbers",
            "email_address": "ada@example.com",
            "phone_number": "1-212-555-4240",
            "reference_id": "no. 1",
            "note": "🧮",
            "birthday": "1815-12-10T00:00:00-00:00",
            "address": {
                "address_line_1": "12 St James's Square",
                "address_line_2": "a",
                "address_line_3": "b",
                "locality": "London",
                "sublocality": "c",
                "sublocality_2": "d",
                "sublocality_3": "e",
                "administrative_district_level_1": "f",
                "administrative_district_level_2": "g",
                "administrative_district_level_3": "h",
                "postal_code": "SW1Y 4JH",
                "country": "GB",
                "organization": "i",
            },
        }
        customer = wire.create(**fields)

        assert customer | fields == customer
        assert wire.get(f"/v2/customers/{customer['id']}").json == {"customer": customer}

    def test_passes_over_what_a_client_cannot_set(self, wire: Wire) -> None:
        sent = {"id": "MINE", "created_at": "x", "cards": [{"id": "ccof:1"}], "groups": [], "preferences": 5}
        customer = wire.create(given_name="Ada", creation_source="OTHER", version=3, tax_ids={}, **sent)

        assert customer["id"] != "MINE"
        assert customer["created_at"] != "x"
        assert customer["preferences"] == {"email_unsubscribed": False}
        assert customer["creation_source"] == "THIRD_PARTY"
        assert not customer.keys() & {"cards", "groups", "version", "tax_ids"}

    @pytest.mark.parametrize(
        "identifying",
        [
            {"given_name": "a"},
            {"family_name": "a"},
            {"company_name": "a"},
            {"email_address": "a@b.c"},
            {"phone_number": "212555424"},
        ],
    )
    def test_needs_just_one_of_the_five_identifying_fields(self, wire: Wire, identifying: dict[str, str]) -> None:
        assert wire.post("/v2/customers", identifying).status == 200

    @pytest.mark.parametrize(
        "body", [{}, {"note": "a"}, {"given_name": ""}, {"given_name": None, "phone_number": ""}, {"address": {}}]
    )
    def test_refuses_a_customer_without_any_of_the_five(self, wire: Wire, body: JsonObject) -> None:
        answer = wire.post("/v2/customers", body)

        assert answer.refusal == (400, INVALID, "BAD_REQUEST", None)
        for name in ("given_name", "family_name", "company_name", "email_address", "phone_number"):
            assert f"`{name}`" in answer.json["errors"][0]["detail"]

    def test_twice_without_a_key_makes_two_customers(self, wire: Wire) -> None:
        assert wire.create(given_name="Ada")["id"] != wire.create(given_name="Ada")["id"]

    def test_twice_with_a_key_makes_one_customer(self, wire: Wire) -> None:
        first = wire.create(given_name="Ada", note="", idempotency_key="one")
        second = wire.create(given_name="Ada", idempotency_key="one")
        other = wire.create(given_name="Ada", idempotency_key="other")

        assert first == second
        assert [customer["id"] for customer in wire.pages()[0]] == [first["id"], other["id"]]

    def test_refuses_a_key_that_came_with_other_data(self, wire: Wire) -> None:
        wire.create(given_name="Ada", idempotency_key="reused")
        answer = wire.post("/v2/customers", {"given_name": "Eve", "idempotency_key": "reused"})

        assert answer.refusal == (400, INVALID, "IDEMPOTENCY_KEY_REUSED", "idempotency_key")


class TestUpdating:
    def test_changes_the_given_fields_alone(self, wire: Wire, clock: StandingClock) -> None:
        before = wire.create(given_name="Ada", family_name="Byron", note="a")
        clock.advance(seconds=1)
        after = wire.put(f"/v2/customers/{before['id']}", {"family_name": "Lovelace"}).json["customer"]

        assert after.pop("updated_at") > before.pop("updated_at")
        assert after == before | {"family_name": "Lovelace"}

    @pytest.mark.parametrize("nothing", ["", None])
    def test_clears_a_field_that_is_empty_or_null(self, wire: Wire, nothing: str | None) -> None:
        customer = wire.create(given_name="Ada", phone_number="12125554240", address={"locality": "London"})
        path = f"/v2/customers/{customer['id']}"
        cleared = wire.put(path, {"phone_number": nothing, "address": nothing}).json["customer"]

        assert not cleared.keys() & {"phone_number", "address"}
        assert wire.get(path).json["customer"] == cleared

    @pytest.mark.parametrize("nothing", ["", None])
    def test_changes_the_given_parts_of_an_address_alone(self, wire: Wire, nothing: str | None) -> None:
        customer = wire.create(given_name="Ada", address={"locality": "London", "country": "GB", "postal_code": "N1"})
        parts = {"locality": "Paris", "postal_code": nothing}
        changed = wire.put(f"/v2/customers/{customer['id']}", {"address": parts}).json["customer"]

        assert changed["address"] == {"locality": "Paris", "country": "GB"}

    def test_takes_an_address_away_with_its_last_part(self, wire: Wire) -> None:
        customer = wire.create(given_name="Ada", address={"locality": "London"})
        changed = wire.put(f"/v2/customers/{customer['id']}", {"address": {"locality": ""}}).json["customer"]

        assert "address" not in changed

    def test_leaves_read_only_fields_alone(self, wire: Wire) -> None:
        before = wire.create(given_name="Ada")
        sent = {"id": "X", "created_at": "X", "cards": [], "preferences": {"email_unsubscribed": True}, "version": 1}
        after = wire.put(f"/v2/customers/{before['id']}", sent).json["customer"]

        assert after == before

    def test_refuses_a_body_without_fields(self, wire: Wire) -> None:
        answer = wire.put(f"/v2/customers/{wire.create()['id']}", {})

        assert answer.refusal == (400, INVALID, "BAD_REQUEST", None)

    def test_changes_nothing_when_it_is_refused(self, wire: Wire) -> None:
        before = wire.create(given_name="Ada")
        path = f"/v2/customers/{before['id']}"
        wire.put(path, {"given_name": "Eve", "email_address": "bad"})

        assert wire.get(path).json["customer"] == before


class TestDeleting:
    def test_removes_the_customer_with_the_cards(self, wire: Wire) -> None:
        path = f"/v2/customers/{wire.create()['id']}"
        card = wire.post(f"{path}/cards", {"card_nonce": "cnon:card-nonce-ok"}).json["card"]

        assert wire.delete(path).json == {}
        assert wire.get(path).status == 404
        assert wire.delete(f"{path}/cards/{card['id']}").status == 404
        assert wire.get("/v2/customers").json == {}

    def test_passes_over_a_body(self, wire: Wire) -> None:
        path = f"/v2/customers/{wire.create()['id']}"

        assert wire.send("DELETE", path, b"{}", {"Content-Type": "application/json"}).status == 200

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("GET", "/v2/customers/NOBODY", None),
            ("PUT", "/v2/customers/NOBODY", b'{"given_name": "Ada"}'),
            ("DELETE", "/v2/customers/NOBODY", None),
            ("POST", "/v2/customers/NOBODY/cards", b'{"card_nonce": "cnon:card-nonce-ok"}'),
            ("DELETE", "/v2/customers/NOBODY/cards/ccof:1", None),
        ],
    )
    def test_and_every_other_call_refuses_an_unknown_customer(
        self, wire: Wire, method: str, path: str, body: bytes | None
    ) -> None:
        answer = wire.send(method, path, body)

        assert answer.refusal == (404, INVALID, "NOT_FOUND", None)
        assert "`NOBODY`" in answer.json["errors"][0]["detail"]


class TestCards:
    def test_are_part_of_their_customer(self, wire: Wire, clock: StandingClock) -> None:
        customer = wire.create()
        path = f"/v2/customers/{customer['id']}"
        clock.advance(seconds=1)
        body = {"card_nonce": "cnon:card-nonce-ok", "cardholder_name": "Ada Lovelace"}
        card = wire.post(f"{path}/cards", body).json["card"]

        assert card == {
            "id": card["id"],
            "card_brand": "VISA",
            "last_4": "5858",
            "exp_month": 12,
            "exp_year": 2022,
            "cardholder_name": "Ada Lovelace",
            "billing_address": {"postal_code": "94103"},
        }
        assert re.fullmatch(r"ccof:[A-Z0-9]{26}", card["id"])
        kept = wire.get(path).json["customer"]
        assert kept["cards"] == [card]
        assert kept["updated_at"] > customer["updated_at"]

    def test_keep_the_given_billing_address(self, wire: Wire) -> None:
        address = {"address_line_1": "1455 Market St", "postal_code": "94103", "country": "US"}
        body = {"card_nonce": "cnon:card-nonce-ok", "billing_address": {**address, "locality": ""}}

        assert wire.post(f"/v2/customers/{wire.create()['id']}/cards", body).json["card"]["billing_address"] == address

    @pytest.mark.parametrize("nonce", ["cnon:card-nonce-ok", "fake-card-nonce-ok", "cnon:gift-card-nonce-ok"])
    def test_are_made_by_a_well_known_nonce_for_every_customer_once(self, wire: Wire, nonce: str) -> None:
        first, second = (f"/v2/customers/{wire.create()['id']}/cards" for _ in range(2))
        card = wire.post(first, {"card_nonce": nonce}).json["card"]

        assert wire.post(first, {"card_nonce": nonce}).json["card"] == card
        assert wire.post(second, {"card_nonce": nonce}).json["card"]["id"] != card["id"]
        wire.delete(f"{first}/{card['id']}")
        assert wire.post(first, {"card_nonce": nonce}).json["card"]["id"] != card["id"]

    def test_are_made_by_any_other_nonce_just_once(self, wire: Wire) -> None:
        first, second = (f"/v2/customers/{wire.create()['id']}/cards" for _ in range(2))
        body = {"card_nonce": "cnon:my-own-1"}
        card = wire.post(first, body).json["card"]

        assert wire.post(first, body).json["card"] == card
        assert wire.post(second, body).refusal == (400, INVALID, "CARD_TOKEN_USED", None)
        wire.delete(f"{first}/{card['id']}")
        assert wire.post(first, body).refusal == (400, INVALID, "CARD_TOKEN_USED", None)

    @pytest.mark.parametrize(
        ("nonce", "refusal"),
        [
            ("card-nonce-rejected-cvv", (402, "PAYMENT_METHOD_ERROR", "VERIFY_CVV_FAILURE", None)),
            ("card-nonce-rejected-postalcode", (402, "PAYMENT_METHOD_ERROR", "VERIFY_AVS_FAILURE", None)),
            ("card-nonce-rejected-expiration", (400, "PAYMENT_METHOD_ERROR", "INVALID_EXPIRATION", None)),
            ("card-nonce-declined", (402, "PAYMENT_METHOD_ERROR", "CARD_DECLINED", None)),
            ("card-nonce-already-used", (400, INVALID, "CARD_TOKEN_USED", None)),
        ],
    )
    @pytest.mark.parametrize("prefix", ["cnon:", "fake-"])
    def test_are_refused_for_a_failing_nonce(
        self, wire: Wire, prefix: str, nonce: str, refusal: tuple[int, str, str, str | None]
    ) -> None:
        path = f"/v2/customers/{wire.create()['id']}"

        assert wire.post(f"{path}/cards", {"card_nonce": prefix + nonce}).refusal == refusal
        assert "cards" not in wire.get(path).json["customer"]

    def test_are_removed_one_by_one(self, wire: Wire) -> None:
        path = f"/v2/customers/{wire.create()['id']}"
        visa, gift = (
            wire.post(f"{path}/cards", {"card_nonce": nonce}).json["card"]
            for nonce in ("cnon:card-nonce-ok", "cnon:gift-card-nonce-ok")
        )

        assert gift["card_brand"] == "SQUARE_GIFT_CARD"
        assert wire.delete(f"{path}/cards/{visa['id'].replace(':', '%3A')}").json == {}
        assert wire.get(path).json["customer"]["cards"] == [gift]
        assert wire.delete(f"{path}/cards/{gift['id']}").json == {}
        assert "cards" not in wire.get(path).json["customer"]

    def test_that_are_unknown_cannot_be_removed(self, wire: Wire) -> None:
        path = f"/v2/customers/{wire.create()['id']}"
        wire.post(f"{path}/cards", {"card_nonce": "cnon:card-nonce-ok"})

        assert wire.delete(f"{path}/cards/ccof:NONE").refusal == (404, INVALID, "NOT_FOUND", None)
        assert len(wire.get(path).json["customer"]["cards"]) == 1

    def test_for_nobody_are_refused_with_blame_on_the_nonce(self, wire: Wire) -> None:
        answer = wire.post("/v2/customers//cards", {"card_nonce": "cnon:card-nonce-ok"})

        assert answer.refusal == (400, INVALID, "MISSING_REQUIRED_PARAMETER", "card_nonce")

    def test_cannot_be_removed_by_a_customer_id_with_an_encoded_slash(self, wire: Wire) -> None:
        path = f"/v2/customers/{wire.create()['id']}"
        card = wire.post(f"{path}/cards", {"card_nonce": "cnon:card-nonce-ok"}).json["card"]

        assert wire.delete(f"{path}%2Fcards%2F{card['id']}").refusal == (404, INVALID, "NOT_FOUND", None)
        assert wire.get(path).json["customer"]["cards"] == [card]


class TestListing:
    def test_of_an_empty_directory_is_an_empty_object(self, wire: Wire) -> None:
        assert wire.get("/v2/customers").json == {}

    def test_gives_pages_of_a_hundred(self, wire: Wire) -> None:
        made = [wire.create(given_name=f"Customer {number:03}")["id"] for number in range(201)]
        pages = wire.pages()

        assert [len(page) for page in pages] == [100, 100, 1]
        assert [customer["id"] for page in pages for customer in page] == made

    def test_is_sorted_by_names_or_else_company_or_e_mail_or_phone(self, wire: Wire) -> None:
        wire.create(phone_number="555212555")
        wire.create(email_address="b@example.com", phone_number="111111111")
        wire.create(company_name="carpenters", email_address="a@example.com")
        wire.create(given_name="Ab", family_name="Zz", company_name="zoo")
        wire.create(given_name="Abc", family_name="A")
        wire.create(family_name="aa")
        names = [
            next(c[f] for f in ("family_name", "company_name", "email_address", "phone_number") if f in c)
            for c in wire.pages()[0]
        ]

        assert names == ["555212555", "aa", "A", "Zz", "b@example.com", "carpenters"]

    @pytest.mark.parametrize("sort_field", ["DEFAULT", "CREATED_AT"])
    def test_runs_either_way(self, wire: Wire, sort_field: str) -> None:
        for name in ("b", "c", "a", "b"):
            wire.create(given_name=name)
        up, down = (
            [customer for page in wire.pages(sort_field=sort_field, sort_order=order, limit=1) for customer in page]
            for order in ("ASC", "DESC")
        )

        assert up == down[::-1]
        names = [customer["given_name"] for customer in up]
        assert names == (["a", "b", "b", "c"] if sort_field == "DEFAULT" else ["b", "c", "a", "b"])

    def test_follows_a_customer_to_the_new_name(self, wire: Wire) -> None:
        customer = wire.create(given_name="a")
        wire.create(given_name="b")
        wire.put(f"/v2/customers/{customer['id']}", {"given_name": "c"})

        assert [c["given_name"] for c in wire.pages()[0]] == ["b", "c"]

    @pytest.mark.parametrize("sort_field", ["DEFAULT", "CREATED_AT"])
    def test_is_stable_while_customers_come_and_go(self, wire: Wire, sort_field: str) -> None:
        made = [wire.create(given_name=name) for name in "bdfh"]
        query = {"sort_field": sort_field, "limit": 2}
        first = wire.get("/v2/customers", **query).json
        wire.create(given_name="a")
        for customer in made[:2]:
            wire.delete(f"/v2/customers/{customer['id']}")
        second = wire.get("/v2/customers", **query, cursor=first["cursor"]).json

        assert first["customers"] == made[:2]
        assert second["customers"] == made[2:]

    def test_counts_when_it_is_asked_to(self, wire: Wire) -> None:
        for _ in range(3):
            wire.create()

        assert wire.get("/v2/customers", limit=1, count="true").json["count"] == 3
        assert "count" not in wire.get("/v2/customers", count="false").json

    @pytest.mark.parametrize(
        ("name", "value", "code"),
        [
            ("limit", "0", "VALUE_TOO_LOW"),
            ("limit", "101", "VALUE_TOO_HIGH"),
            ("limit", "ten", "EXPECTED_INTEGER"),
            ("sort_field", "NAME", "INVALID_ENUM_VALUE"),
            ("sort_order", "UP", "INVALID_ENUM_VALUE"),
            ("cursor", "nonsense", "INVALID_CURSOR"),
        ],
    )
    def test_refuses_bad_parameters(self, wire: Wire, name: str, value: str, code: str) -> None:
        assert wire.get("/v2/customers", **{name: value}).refusal == (400, INVALID, code, name)

    @pytest.mark.parametrize("changed", [{"sort_field": "CREATED_AT"}, {"sort_order": "DESC"}, {"limit": 2}])
    def test_refuses_a_cursor_of_another_query(self, wire: Wire, changed: JsonObject) -> None:
        for _ in range(2):
            wire.create()
        cursor = wire.get("/v2/customers", limit=1).json["cursor"]
        answer = wire.get("/v2/customers", **{"limit": 1} | changed, cursor=cursor)

        assert answer.refusal == (400, INVALID, "INVALID_CURSOR", "cursor")

    def test_refuses_a_cursor_of_another_directory(self, wire: Wire, connect: Connect) -> None:
        for _ in range(2):
            wire.create()
        cursor = wire.get("/v2/customers", limit=1).json["cursor"]
        with Emulator() as other:
            answer = connect(other).get("/v2/customers", limit=1, cursor=cursor)

        assert answer.refusal == (400, INVALID, "INVALID_CURSOR", "cursor")

    def test_refuses_a_cursor_after_fifteen_minutes(self, wire: Wire, clock: StandingClock) -> None:
        for _ in range(2):
            wire.create()
        cursor = wire.get("/v2/customers", limit=1).json["cursor"]
        clock.advance(minutes=14, seconds=59)
        assert wire.get("/v2/customers", limit=1, cursor=cursor).status == 200
        clock.advance(seconds=1)

        answer = wire.get("/v2/customers", limit=1, cursor=cursor)
        assert answer.refusal == (400, INVALID, "INVALID_CURSOR", "cursor")


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

    @pytest.mark.parametrize("path", ["/", "/v2", "/v2/customers/", "/v2/locations", "/v2/customers/A/cards/B/C"])
    def test_an_unknown_path(self, wire: Wire, path: str) -> None:
        assert wire.get(path).refusal == (404, INVALID, "NOT_FOUND", None)

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("PUT", "/v2/customers", "GET, HEAD, POST"),
            ("POST", "/v2/customers/A", "DELETE, GET, HEAD, PUT"),
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

    def test_may_ask_for_the_headers_alone(self, wire: Wire) -> None:
        headers = {"Authorization": f"Bearer {wire.square.access_token}"}
        response = wire.pool.request("HEAD", f"{wire.square.url}/v2/customers", headers=headers)

        assert (response.status, response.data) == (200, b"")

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
