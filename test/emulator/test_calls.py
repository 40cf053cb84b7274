"""The calls that create, change and delete customers and cards."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import JsonObject, StoppedClock, Wire

INVALID = "INVALID_REQUEST_ERROR"


class TestCreating:
    def test_returns_the_new_customer_with_the_fields_that_square_adds(self, wire: Wire, clock: StoppedClock) -> None:
        customer = wire.create(given_name="Ada", family_name="Lovelace")

        now = clock().replace(tzinfo=None)
        assert customer == {
            "id": customer["id"],
            "created_at": now.isoformat(timespec="milliseconds") + "Z",
            "updated_at": now.isoformat(timespec="seconds") + "Z",
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

    def test_ignores_fields_that_a_client_cannot_set(self, wire: Wire) -> None:
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
    def test_needs_only_one_of_the_five_identifying_fields(self, wire: Wire, identifying: dict[str, str]) -> None:
        assert wire.post("/v2/customers", identifying).status == 200

    @pytest.mark.parametrize(
        "body", [{}, {"note": "a"}, {"given_name": ""}, {"given_name": None, "phone_number": ""}, {"address": {}}]
    )
    def test_refuses_a_customer_without_any_of_the_five(self, wire: Wire, body: JsonObject) -> None:
        answer = wire.post("/v2/customers", body)

        assert answer.refusal == (400, INVALID, "BAD_REQUEST", None)
        for name in ("given_name", "family_name", "company_name", "email_address", "phone_number"):
            assert f"`{name}`" in answer.json["errors"][0]["detail"]

    def test_twice_without_a_key_creates_two_customers(self, wire: Wire) -> None:
        assert wire.create(given_name="Ada")["id"] != wire.create(given_name="Ada")["id"]

    def test_twice_with_a_key_creates_one_customer(self, wire: Wire) -> None:
        first = wire.create(given_name="Ada", note="", idempotency_key="one")
        second = wire.create(given_name="Ada", idempotency_key="one")
        other = wire.create(given_name="Ada", idempotency_key="other")

        assert first == second
        assert [customer["id"] for customer in wire.pages()[0]] == [first["id"], other["id"]]

    def test_refuses_a_key_that_was_used_with_other_data(self, wire: Wire) -> None:
        wire.create(given_name="Ada", idempotency_key="reused")
        answer = wire.post("/v2/customers", {"given_name": "Eve", "idempotency_key": "reused"})

        assert answer.refusal == (400, INVALID, "IDEMPOTENCY_KEY_REUSED", "idempotency_key")


class TestUpdating:
    def test_changes_only_the_given_fields(self, wire: Wire, clock: StoppedClock) -> None:
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
    def test_changes_only_the_given_parts_of_an_address(self, wire: Wire, nothing: str | None) -> None:
        customer = wire.create(given_name="Ada", address={"locality": "London", "country": "GB", "postal_code": "N1"})
        parts = {"locality": "Paris", "postal_code": nothing}
        changed = wire.put(f"/v2/customers/{customer['id']}", {"address": parts}).json["customer"]

        assert changed["address"] == {"locality": "Paris", "country": "GB"}

    def test_removes_an_address_with_its_last_part(self, wire: Wire) -> None:
        customer = wire.create(given_name="Ada", address={"locality": "London"})
        changed = wire.put(f"/v2/customers/{customer['id']}", {"address": {"locality": ""}}).json["customer"]

        assert "address" not in changed

    def test_does_not_change_read_only_fields(self, wire: Wire) -> None:
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

    def test_ignores_a_body(self, wire: Wire) -> None:
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
    def test_are_part_of_their_customer(self, wire: Wire, clock: StoppedClock) -> None:
        customer = wire.create()
        path = f"/v2/customers/{customer['id']}"
        clock.advance(seconds=1)
        body = {"card_nonce": "cnon:card-nonce-ok", "cardholder_name": "Ada Lovelace"}
        card = wire.post(f"{path}/cards", body).json["card"]

        assert card == {
            "id": card["id"],
            "card_brand": "VISA",
            "last_4": "5858",
            "exp_month": 6,
            "exp_year": 2021,
            "cardholder_name": "Ada Lovelace",
            "billing_address": {"postal_code": "94103"},
        }
        assert re.fullmatch(r"ccof:[A-Za-z0-9_-]{22}", card["id"])
        kept = wire.get(path).json["customer"]
        assert kept["cards"] == [card]
        assert kept["updated_at"] == customer["updated_at"]

    def test_keep_the_given_billing_address(self, wire: Wire) -> None:
        address = {"address_line_1": "1455 Market St", "postal_code": "94103", "country": "US"}
        body = {"card_nonce": "cnon:card-nonce-ok", "billing_address": {**address, "locality": ""}}

        assert wire.post(f"/v2/customers/{wire.create()['id']}/cards", body).json["card"]["billing_address"] == address

    @pytest.mark.parametrize("nonce", ["cnon:card-nonce-ok", "fake-card-nonce-ok", "cnon:gift-card-nonce-ok"])
    def test_are_created_once_for_each_customer_by_a_well_known_nonce(self, wire: Wire, nonce: str) -> None:
        first, second = (f"/v2/customers/{wire.create()['id']}/cards" for _ in range(2))
        card = wire.post(first, {"card_nonce": nonce}).json["card"]

        assert wire.post(first, {"card_nonce": nonce}).json["card"] == card
        assert wire.post(second, {"card_nonce": nonce}).json["card"]["id"] != card["id"]
        wire.delete(f"{first}/{card['id']}")
        assert wire.post(first, {"card_nonce": nonce}).json["card"]["id"] != card["id"]

    def test_are_created_only_once_by_any_other_nonce(self, wire: Wire) -> None:
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

    def test_for_an_unknown_customer_are_refused_with_an_error_about_the_nonce(self, wire: Wire) -> None:
        answer = wire.post("/v2/customers//cards", {"card_nonce": "cnon:card-nonce-ok"})

        assert answer.refusal == (400, INVALID, "MISSING_REQUIRED_PARAMETER", "card_nonce")

    def test_cannot_be_removed_by_a_customer_id_with_an_encoded_slash(self, wire: Wire) -> None:
        path = f"/v2/customers/{wire.create()['id']}"
        card = wire.post(f"{path}/cards", {"card_nonce": "cnon:card-nonce-ok"}).json["card"]

        assert wire.delete(f"{path}%2Fcards%2F{card['id']}").refusal == (404, INVALID, "NOT_FOUND", None)
        assert wire.get(path).json["customer"]["cards"] == [card]
