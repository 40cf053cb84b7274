from __future__ import annotations

import json
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from squareconnect.emulator import Emulator
from squareconnect.emulator.journal import Body, Entry, Journal

if TYPE_CHECKING:
    from collections.abc import Callable

    from squareconnect import CustomersApi

    from .conftest import Wire

    Connect = Callable[[Emulator], Wire]


def added(journal: Journal, operation: str | None = "list_customers") -> Entry:
    return journal.add(
        operation=operation, method="GET", path="/v2/customers", query={}, headers={}, connection=1, at="2026"
    )


class TestTheJournal:
    def test_has_the_requests_in_the_order_of_their_arrival(self) -> None:
        journal = Journal()
        entries = [added(journal) for _ in range(3)]

        assert list(journal) == entries
        assert [entry.number for entry in journal] == [1, 2, 3]
        assert (journal[0], journal[-1], journal[1:]) == (entries[0], entries[2], entries[1:])
        assert len(journal) == 3
        assert repr(journal) == "<Journal of 3 requests>"

    def test_finds_the_requests_of_an_operation(self) -> None:
        journal = Journal()
        added(journal, None)
        create = added(journal, "create_customer")

        assert journal.of("create_customer") == [create]

    def test_keeps_the_newest(self) -> None:
        journal = Journal(3)
        entries = [added(journal) for _ in range(5)]

        assert list(journal) == entries[2:]
        assert journal.get(2) is None
        assert journal.get(3) is entries[2]
        assert journal.changed_since(0, 10) == entries[2:]

    def test_needs_room_for_one_entry(self) -> None:
        with pytest.raises(ValueError, match="`journal` must be"):
            Journal(0)

    def test_completes_an_entry_that_is_no_longer_kept(self) -> None:
        journal = Journal(1)
        old, new = added(journal), added(journal)
        journal.complete(old, status=200)

        assert old.status == 200
        assert journal.changed_since(0, 10) == [new]

    def test_returns_the_changes_since_an_earlier_one(self) -> None:
        journal = Journal()
        one, two, three = (added(journal) for _ in range(3))
        seen = journal.changes
        assert journal.changed_since(seen, 10) == []
        journal.complete(one, status=200)
        four = added(journal)

        assert journal.changed_since(seen, 10) == [one, four]
        assert journal.changed_since(0, 10) == [two, three, one, four]
        assert journal.changed_since(0, 2) == [two, three]

    def test_forgets_all_when_it_is_cleared_but_continues_its_numbers(self) -> None:
        journal = Journal()
        added(journal)
        journal.clear()
        assert len(journal) == 0
        assert journal.cleared == journal.changes
        assert added(journal).number == 2
        journal.restart()

        assert added(journal).number == 1
        assert journal.changes > journal.cleared


class TestAnEntry:
    def test_has_the_request_and_the_answer(self, square: Emulator, connect: Connect) -> None:
        wire = connect(square)
        wire.send("PUT", "/v2/customers/a%2Fb?x=1&y=%C3%BC", b'{"note": "hello"}', {"Square-Version": "2026-01-01"})
        (entry,) = square.requests

        assert (entry.number, entry.operation, entry.method, entry.path) == (
            1,
            "update_customer",
            "PUT",
            "/v2/customers/a%2Fb",
        )
        assert entry.query == {"x": "1", "y": "ü"}
        assert entry.headers["square-version"] == "2026-01-01"
        assert entry.body == {"note": "hello"}
        assert entry.status == 404
        assert entry.answer["errors"][0]["code"] == "NOT_FOUND"
        assert entry.fault is None
        assert entry.at == "2026-01-01T00:00:00.000Z"
        assert entry.seconds is not None
        assert 0 < entry.seconds < 10

    @pytest.mark.parametrize("header", ["Bearer a-canary", "a-canary", "Basic a-canary"])
    def test_never_has_the_token(self, square: Emulator, connect: Connect, header: str) -> None:
        connect(square).send("GET", "/v2/customers", headers={"Authorization": header})
        (entry,) = square.requests

        assert entry.headers["authorization"].endswith("***")
        assert "canary" not in json.dumps(entry.as_json()) + repr(entry)

    def test_has_no_token_if_none_was_sent(self, square: Emulator, connect: Connect) -> None:
        connect(square).pool.request("GET", f"{square.url}/v2/customers")

        assert "authorization" not in square.requests[0].headers

    def test_has_a_body_that_is_not_json_as_text(self, square: Emulator, connect: Connect) -> None:
        wire = connect(square)
        for body in (b"a=1", b"\xff", b"", b"[" * 100_000):
            wire.send("POST", "/v2/customers", body)

        assert [entry.body for entry in square.requests] == ["a=1", "\ufffd", None, "[" * 100_000]

    def test_of_an_unknown_operation_has_no_name(self, square: Emulator, connect: Connect) -> None:
        wire = connect(square)
        wire.get("/v2/locations")
        wire.get("/v2/customers/groups")

        assert [(entry.operation, entry.status) for entry in square.requests] == [(None, 501), (None, 501)]

    def test_says_which_requests_came_over_one_connection(self, square: Emulator, connect: Connect) -> None:
        one, other = connect(square), connect(square)
        for wire in (one, other, one):
            wire.get("/v2/customers")
        numbers = [entry.connection for entry in square.requests]

        assert numbers[0] == numbers[2] != numbers[1]

    def test_as_json_can_be_brief(self, square: Emulator, connect: Connect) -> None:
        square.fail("*", status=500)
        connect(square).get("/v2/customers")
        (entry,) = square.requests
        whole, brief = entry.as_json(), entry.as_json(brief=True)

        assert whole.keys() - brief.keys() == {"query", "headers", "body", "answer"}
        assert brief["fault"] == {"id": 1, "operation": "*", "times": 1, "used": 1, "status": 500}
        assert json.loads(json.dumps(whole)) == whole


def test_long_bodies_are_compressed_and_returned_unchanged(square: Emulator, connect: Connect) -> None:
    square.seed(100)
    page = connect(square).get("/v2/customers").json
    (entry,) = square.requests
    assert entry.answer == page
    assert len(entry.excerpt(2000)["text"]) == 2001

    answer, journal = json.dumps(page).encode(), Journal()
    tracemalloc.start()
    for _ in range(100):
        journal.complete(added(journal), status=200, _answer=Body(answer))
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(answer) > 30_000
    assert used < 100 * 7_000


def test_an_answer_is_in_the_journal_before_the_client_receives_it(
    square: Emulator, customers_api: CustomersApi
) -> None:
    for turn in range(100):
        customers_api.create_customer({"given_name": "Ada"})
        assert square.requests[turn].status == 200


def test_the_journal_can_be_read_after_the_end(connect: Connect) -> None:
    with Emulator(journal=2) as square:
        wire = connect(square)
        for _ in range(3):
            wire.get("/v2/customers")

    assert [entry.number for entry in square.requests] == [2, 3]
