"""The contents, order and pages of lists."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING

import pytest

from squareconnect.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import JsonObject, StoppedClock, Wire

    Connect = Callable[[Emulator], Wire]

INVALID = "INVALID_REQUEST_ERROR"


class TestListing:
    def test_of_an_empty_directory_is_an_empty_object(self, wire: Wire) -> None:
        assert wire.get("/v2/customers").json == {}

    def test_has_pages_of_a_hundred(self, wire: Wire) -> None:
        made = [wire.create(given_name=f"Customer {number:03}")["id"] for number in range(201)]
        pages = wire.pages()

        assert [len(page) for page in pages] == [100, 100, 1]
        assert [customer["id"] for page in pages for customer in page] == made

    def test_is_sorted_by_names_then_company_then_e_mail_then_phone(self, wire: Wire) -> None:
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
    def test_can_be_ascending_or_descending(self, wire: Wire, sort_field: str) -> None:
        for name in ("b", "c", "a", "b"):
            wire.create(given_name=name)
        up, down = (
            [customer for page in wire.pages(sort_field=sort_field, sort_order=order, limit=1) for customer in page]
            for order in ("ASC", "DESC")
        )

        assert up == down[::-1]
        names = [customer["given_name"] for customer in up]
        assert names == (["a", "b", "b", "c"] if sort_field == "DEFAULT" else ["b", "c", "a", "b"])

    def test_moves_a_customer_to_the_place_of_the_new_name(self, wire: Wire) -> None:
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

    def test_has_a_count_on_request(self, wire: Wire) -> None:
        for _ in range(3):
            wire.create()

        assert wire.get("/v2/customers", limit=1, count="true").json["count"] == 3
        assert "count" not in wire.get("/v2/customers", count="false").json

    @pytest.mark.parametrize(
        ("name", "value", "code"),
        [
            ("limit", "0", "VALUE_TOO_LOW"),
            ("limit", "101", "VALUE_TOO_HIGH"),
            ("limit", "-1", "VALUE_TOO_LOW"),
            ("limit", "ten", "EXPECTED_INTEGER"),
            ("limit", "1_0", "EXPECTED_INTEGER"),
            ("limit", "+5", "EXPECTED_INTEGER"),
            ("limit", " 5", "EXPECTED_INTEGER"),
            ("limit", "\u0665", "EXPECTED_INTEGER"),
            ("limit", "9" * 5000, "EXPECTED_INTEGER"),
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

    def test_refuses_a_cursor_after_fifteen_minutes(self, wire: Wire, clock: StoppedClock) -> None:
        for _ in range(2):
            wire.create()
        cursor = wire.get("/v2/customers", limit=1).json["cursor"]
        clock.advance(minutes=14, seconds=59)
        assert wire.get("/v2/customers", limit=1, cursor=cursor).status == 200
        clock.advance(seconds=1)

        answer = wire.get("/v2/customers", limit=1, cursor=cursor)
        assert answer.refusal == (400, INVALID, "INVALID_CURSOR", "cursor")

    def test_leaves_out_those_without_an_identifying_field(self, wire: Wire) -> None:
        path = f"/v2/customers/{wire.create(given_name='Ada')['id']}"
        other = wire.create(given_name="Grace")
        assert wire.put(path, {"given_name": ""}).status == 200

        assert wire.pages() == [[other]]
        assert wire.get("/v2/customers", count="true").json["count"] == 1
        assert wire.get(path).status == 200

    def test_has_cursors_that_reveal_nothing(self, wire: Wire) -> None:
        for _ in range(2):
            wire.create(email_address="canary@example.com")
        cursor = wire.get("/v2/customers", limit=1).json["cursor"]

        assert b"canary" not in b64decode(cursor)
        assert b"DEFAULT" not in b64decode(cursor)

    def test_continues_after_a_customer_of_the_year_9999(
        self, square: Emulator, connect: Callable[[Emulator], Wire]
    ) -> None:
        square.seed(3)
        square.clock.set("9999-12-31T23:59:59Z")

        assert [len(page) for page in connect(square).pages(limit=2)] == [2, 1]
