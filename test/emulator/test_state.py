"""Operations on the whole emulator: reset, snapshot, merge, delay, and repeating the same run."""

from __future__ import annotations

import copy
import json
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from squareconnect.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import JsonObject, Wire

    Connect = Callable[[Emulator], Wire]

RUN = """
import json, urllib3
from squareconnect.emulator import Emulator
with Emulator(seed=5, clock="2026-01-01T00:00:00Z") as square:
    http = urllib3.PoolManager(headers={"Authorization": f"Bearer {square.access_token}"})
    square.seed(2)
    made = http.request("POST", f"{square.url}/v2/customers", json={"given_name": "Ada"}).json()
    path = f"{square.url}/v2/customers/{made['customer']['id']}/cards"
    card = http.request("POST", path, json={"card_nonce": "cnon:card-nonce-ok"}).json()
    page = http.request("GET", f"{square.url}/v2/customers?limit=1").json()
    print(json.dumps([made, card, page]))
"""


def test_another_process_makes_the_same_ids_times_and_cursors() -> None:
    command = [sys.executable, "-W", "error", "-c", RUN]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout for _ in range(2)]

    assert runs[0] == runs[1]
    assert json.loads(runs[0])[2]["cursor"]


class TestReset:
    def test_restores_everything_as_it_was_at_the_start(self, square: Emulator, connect: Connect) -> None:
        start = square.snapshot()
        wire = connect(square)

        def live() -> list[Any]:
            customer = wire.create(given_name="Ada", idempotency_key="k")
            card = wire.post(f"/v2/customers/{customer['id']}/cards", {"card_nonce": "cnon:mine"}).json
            return [customer, card, square.requests[0].number]

        first = live()
        square.seed(2)
        square.fail("*", status=500)
        square.rate_limit(1)
        square.listing_delay = 30
        square.clock.advance(60)
        square.reset()

        assert square.snapshot() == start
        assert len(square.requests) == 0
        assert square.listing_delay == 0
        assert live() == first

    def test_can_set_another_seed_and_clock_for_later_resets_too(self, square: Emulator, connect: Connect) -> None:
        wire = connect(square)
        first = wire.create()
        square.reset(seed=2, clock="2030-01-01T00:00:00Z")
        second = wire.create()
        square.reset()

        assert second["id"] != first["id"]
        assert second["created_at"] == "2030-01-01T00:00:00.000Z"
        assert wire.create() == second
        square.reset(seed=None, clock=None)
        assert not square.clock.standing

    def test_with_an_impossible_clock_changes_nothing(self, square: Emulator, connect: Connect) -> None:
        connect(square).create()
        with pytest.raises(ValueError, match="clock"):
            square.reset(clock="noon")

        assert len(square.requests) == 1

    def test_keeps_connections(self, square: Emulator, connect: Connect) -> None:
        wire = connect(square)
        wire.create()
        before = square.requests[0].connection
        square.reset()
        wire.create()

        assert square.requests[0].connection == before

    def test_aborts_requests_that_are_being_carried_out(self, square: Emulator) -> None:
        square.fail("create_customer", delay=0.2)
        with socket.create_connection(("127.0.0.1", int(square.url.rpartition(":")[2])), timeout=10) as client:
            head = f"POST /v2/customers HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {square.access_token}\r\n"
            client.sendall(f'{head}Content-Length: 20\r\n\r\n{{"given_name": "Ada"}}'.encode())
            while not square.faults[0].used:
                time.sleep(0.001)
            square.reset()
            assert client.recv(1) == b""
        time.sleep(0.3)

        assert square.snapshot()["tables"]["customers"] == []

    def test_restores_the_customers_of_the_start(self, connect: Connect) -> None:
        with Emulator(seed=1, customers=[{"id": "ADA", "given_name": "Ada"}]) as square:
            wire = connect(square)
            wire.delete("/v2/customers/ADA")
            square.reset()

            assert wire.get("/v2/customers/ADA").status == 200

    def test_empties_a_database_file(self, tmp_path: Path, connect: Connect) -> None:
        for _ in range(2):
            with Emulator(database=tmp_path / "square.db") as square:
                assert connect(square).get("/v2/customers").json == {}
                connect(square).create()
                square.reset()


def test_the_seed_is_not_added_to_a_file_that_has_customers(tmp_path: Path, connect: Connect) -> None:
    for _ in range(2):
        with Emulator(database=tmp_path / "square.db", customers=3) as square:
            assert len(connect(square).get("/v2/customers").json["customers"]) == 3


def test_a_seed_repeats_no_id_of_a_file(tmp_path: Path, connect: Connect) -> None:
    ids = []
    for _ in range(2):
        with Emulator(database=tmp_path / "square.db", seed=1) as square:
            ids.append(connect(square).create()["id"])

    assert ids[0] != ids[1]


class TestASnapshot:
    def test_is_json_and_restores_everything_except_the_journal(self, square: Emulator, connect: Connect) -> None:
        wire = connect(square)
        square.seed(3)
        old, new = (wire.create(given_name=name, idempotency_key=name) for name in "ab")
        wire.post(f"/v2/customers/{new['id']}/cards", {"card_nonce": "cnon:mine"})
        square.merge(old["id"], new["id"])
        cursor = wire.get("/v2/customers", limit=2).json["cursor"]
        fault = square.fail("update_customer", status=503, times=3)
        wire.put(f"/v2/customers/{new['id']}", {"note": "a"})
        square.rate_limit(1000, burst=7, retry_after=1)
        square.listing_delay = 5
        square.clock.advance(1)
        state = json.loads(json.dumps(square.snapshot()))
        following = wire.create(given_name="c")
        square.reset()
        square.restore(state)

        assert square.snapshot() == state
        assert wire.create(given_name="c") == following
        assert wire.create(given_name="a", idempotency_key="a") == old
        assert wire.get(f"/v2/customers/{old['id']}").json["customer"]["id"] == new["id"]
        assert wire.get("/v2/customers", limit=2, cursor=cursor).status == 200
        assert [each.used for each in square.faults] == [1]
        assert wire.put(f"/v2/customers/{new['id']}", {"note": "a"}).status == 503
        square.faults[0].remove()
        assert square.faults == []
        assert fault.used == 1

    def test_can_be_restored_in_another_emulator(self, square: Emulator, connect: Connect) -> None:
        square.clock.advance(5)
        square.seed(2)
        with Emulator() as other:
            other.restore(square.snapshot())
            assert other.clock.now() == square.clock.now()
            assert len(connect(other).get("/v2/customers").json["customers"]) == 2

    def test_of_a_running_clock_restores_its_lead(self) -> None:
        with Emulator() as square:
            square.clock.advance(3600)
            state = square.snapshot()
            square.reset()
            square.restore(state)

            assert square.clock.ahead.total_seconds() == 3600
            assert not square.clock.standing

    @pytest.mark.parametrize(
        "change",
        [
            lambda state: state.clear(),
            lambda state: state.update(format=2),
            lambda state: state.update(chance=[]),
            lambda state: state.update(chance=["1", "x"]),
            lambda state: state.update(clock={"now": "noon", "ahead": None}),
            lambda state: state.update(clock={"now": "2026-01-01T00:00:00Z", "ahead": 1e300}),
            lambda state: state.update(clock={"now": "2026-01-01T00:00:00Z", "ahead": -1}),
            lambda state: state.update(faults=[{"operation": "x"}]),
            lambda state: state.update(faults=[{"operation": "*", "status": 500, "id": "x"}]),
            lambda state: state.update(faults=5),
            lambda state: state.update(rate_limit={"rate": 0}),
            lambda state: state.update(rate_limit=5),
            lambda state: state.update(listing_delay=-1),
            lambda state: state.update(tables={}),
            lambda state: state["tables"].update(cursor_key="zz"),
            lambda state: state["tables"].update(customers=[[1, "A", "a"]]),
            lambda state: state["tables"].update(customers=[[1, "A", "a", "{", 0, ""]]),
            lambda state: state["tables"].update(customers=[[1, "A", "a", "[]", 0, ""]]),
            lambda state: state["tables"].update(customers=[[1, "A", "a", '{"id": "B"}', 0, ""]]),
            lambda state: state["tables"].update(customers=[[1, "A", "a", '{"id": "A"}', 0, ""]] * 2),
            lambda state: state["tables"].update(nonces=[[{}, [], 5]]),
        ],
    )
    def test_that_is_invalid_changes_nothing(self, square: Emulator, change: Callable[[JsonObject], object]) -> None:
        square.seed(1)
        square.fail("*", status=500)
        before = square.snapshot()
        state = copy.deepcopy(before)
        change(state)
        with pytest.raises(ValueError, match="This is not a"):
            square.restore(state)

        assert square.snapshot() == before

    @pytest.mark.parametrize("state", [None, [], "x"])
    def test_must_be_an_object(self, square: Emulator, state: Any) -> None:
        with pytest.raises(ValueError, match="not a snapshot"):
            square.restore(state)


class TestAMerge:
    def test_makes_the_old_id_mean_the_remaining_customer(self, square: Emulator, connect: Connect) -> None:
        wire = connect(square)
        old = wire.create(given_name="Ada", note="old", email_address="a@example.com")
        new = wire.create(given_name="Ada", note="new")
        cards = [
            wire.post(f"/v2/customers/{each['id']}/cards", {"card_nonce": "cnon:card-nonce-ok"}).json["card"]
            for each in (old, new)
        ]
        square.clock.advance(1)
        square.merge(old["id"], new["id"])
        merged = wire.get(f"/v2/customers/{old['id']}").json["customer"]

        assert (merged["id"], merged["note"], merged["email_address"]) == (new["id"], "new", "a@example.com")
        assert merged["cards"] == [cards[1], cards[0]]
        assert merged["updated_at"] > new["updated_at"]
        assert wire.pages() == [[merged]]

    def test_applies_to_an_update_but_not_to_a_deletion_or_a_new_card(self, square: Emulator, connect: Connect) -> None:
        wire = connect(square)
        old, new = wire.create(), wire.create()
        square.merge(old["id"], new["id"])
        path = f"/v2/customers/{old['id']}"

        assert wire.put(path, {"note": "a"}).json["customer"]["id"] == new["id"]
        assert wire.delete(path).status == 404
        assert wire.post(f"{path}/cards", {"card_nonce": "cnon:card-nonce-ok"}).status == 404

    def test_can_be_followed_by_another(self, square: Emulator, connect: Connect) -> None:
        wire = connect(square)
        a, b, c = (wire.create()["id"] for _ in range(3))
        square.merge(a, b)
        square.merge(b, c)

        assert [wire.get(f"/v2/customers/{each}").json["customer"]["id"] for each in (a, b, c)] == [c, c, c]

    @pytest.mark.parametrize("ids", [("NONE", "ADA"), ("ADA", "NONE"), ("ADA", "ADA"), (None, "ADA"), ("ADA", 5)])
    def test_of_fewer_than_two_customers_is_refused(self, square: Emulator, ids: tuple[Any, Any]) -> None:
        square.seed([{"id": "ADA", "given_name": "Ada"}])
        with pytest.raises(ValueError, match=r"no customer|into itself"):
            square.merge(*ids)


class TestTheListingDelay:
    def test_hides_a_new_customer_from_lists_until_the_time_has_passed(
        self, square: Emulator, connect: Connect
    ) -> None:
        wire = connect(square)
        square.seed([{"id": "OLD", "given_name": "Old"}])
        square.listing_delay = 30
        customer = wire.create(given_name="New")
        listed = wire.get("/v2/customers", count="true").json

        assert [each["id"] for each in listed["customers"]] == ["OLD"]
        assert listed["count"] == 1
        assert wire.get(f"/v2/customers/{customer['id']}").status == 200
        square.clock.advance(29.9)
        assert len(wire.pages()[0]) == 1
        square.clock.advance(0.1)
        assert len(wire.pages()[0]) == 2

    def test_of_zero_shows_all_customers_at_once(self, square: Emulator, connect: Connect) -> None:
        wire = connect(square)
        square.listing_delay = 30
        wire.create()
        square.listing_delay = 0

        assert len(wire.pages()[0]) == 1

    @pytest.mark.parametrize("seconds", [-1, "30", None, float("nan"), True])
    def test_must_be_a_number_of_seconds(self, square: Emulator, seconds: Any) -> None:
        with pytest.raises(ValueError, match="`listing_delay`"):
            square.listing_delay = seconds


def test_methods_that_need_a_running_emulator_say_so(tmp_path: Path) -> None:
    square = Emulator()
    for use in (
        lambda: square.seed(1),
        lambda: square.fail("*", status=500),
        lambda: square.reset(),
        lambda: square.snapshot(),
        lambda: square.clock,
        lambda: square.listing_delay,
    ):
        with pytest.raises(RuntimeError, match="is not running"):
            use()


def test_faults_can_be_read_after_the_end() -> None:
    with Emulator() as square:
        fault = square.fail("*", status=500)

    assert square.faults == [fault]
