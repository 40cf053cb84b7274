"""The control interface over HTTP, and who may use it."""

from __future__ import annotations

import json
import re
import socket
import struct
import time
from typing import TYPE_CHECKING, Any

import pytest

from squareconnect.emulator import Emulator
from squareconnect.emulator.control import Control
from squareconnect.emulator.faults import OPERATIONS
from squareconnect.emulator.guard import is_loopback
from squareconnect.emulator.openapi import CONTROL, description
from squareconnect.emulator.square import SquareApi
from squareconnect.emulator.state import State
from squareconnect.emulator.web_page import WebPage
from squareconnect.emulator.wire import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from .conftest import Answer, Wire

    Connect = Callable[[Emulator], Wire]


@pytest.fixture
def wire(square: Emulator, connect: Connect) -> Wire:
    return connect(square)


def refusal_text(answer: Answer) -> str:
    (error,) = answer.json["errors"]
    return f"{answer.status} {error['code']}: {error['detail']}"


class TestTheControlInterface:
    def test_seeds_and_resets(self, wire: Wire) -> None:
        assert len(wire.post("/_emulator/seed", {"customers": 3}).json["ids"]) == 3
        assert wire.post("/_emulator/seed", {"customers": [{"id": "ADA", "given_name": "Ada"}]}).json == {
            "ids": ["ADA"]
        }
        assert wire.post("/_emulator/seed", [{"id": "GRACE", "given_name": "Grace"}]).json == {"ids": ["GRACE"]}
        assert wire.get("/_emulator/health").json["customers"] == 5
        assert wire.send("POST", "/_emulator/reset").json == {}
        assert wire.get("/v2/customers").json == {}

    def test_resets_to_another_seed_and_clock(self, wire: Wire) -> None:
        wire.post("/_emulator/reset", {"seed": 9, "clock": "2030-01-01T00:00:00Z"})

        assert wire.get("/_emulator/clock").json == {"now": "2030-01-01T00:00:00.000Z", "standing": True}

    def test_reports_that_it_is_running(self, wire: Wire) -> None:
        health = wire.get("/_emulator/health").json

        assert health["status"] == "ok"
        assert health["clock"]["standing"]
        assert health["faults"] == []

    def test_adds_shows_and_removes_faults(self, wire: Wire) -> None:
        fault = wire.post("/_emulator/faults", {"operation": "create_customer", "status": 503, "times": 2}).json
        assert fault == {"id": 1, "operation": "create_customer", "status": 503, "times": 2, "used": 0}
        assert wire.post("/v2/customers", {"given_name": "Ada"}).status == 503
        assert wire.get("/_emulator/faults").json == {"faults": [fault | {"used": 1}]}
        assert wire.delete("/_emulator/faults/1").json == {}
        assert wire.delete("/_emulator/faults/1").status == 404
        wire.post("/_emulator/faults", {"operation": "*", "body": "<p>"})
        assert wire.delete("/_emulator/faults").json == {}
        assert wire.get("/_emulator/faults").json == {"faults": []}

    def test_moves_the_clock(self, wire: Wire) -> None:
        assert wire.post("/_emulator/clock", {"advance": 900}).json["now"] == "2026-01-01T00:15:00.000Z"
        assert wire.post("/_emulator/clock", {"set": "2027-01-01T00:00:00Z"}).json["now"] == "2027-01-01T00:00:00.000Z"

    def test_sets_the_rate_limit_and_the_listing_delay(self, wire: Wire) -> None:
        limit = {"rate": 5, "burst": 1, "retry_after": 1}
        assert wire.post("/_emulator/rate-limit", limit).json == {"rate_limit": limit}
        assert [wire.get("/v2/customers").status for _ in range(2)] == [200, 429]
        assert wire.post("/_emulator/rate-limit", {"rate": None}).json == {"rate_limit": None}
        assert wire.post("/_emulator/listing-delay", {"seconds": 30}).json == {"listing_delay": 30}
        wire.create()
        assert wire.get("/v2/customers").json == {}

    def test_merges_customers(self, wire: Wire) -> None:
        old, new = wire.create(), wire.create()
        assert wire.post("/_emulator/merge", {"old_id": old["id"], "new_id": new["id"]}).json == {}
        assert wire.get(f"/v2/customers/{old['id']}").json["customer"]["id"] == new["id"]

    def test_shows_and_clears_the_journal(self, wire: Wire) -> None:
        wire.create()
        wire.get("/v2/customers")
        shown = wire.get("/_emulator/requests").json
        assert [entry["operation"] for entry in shown["requests"]] == ["create_customer", "list_customers"]
        assert shown["requests"][0]["body"] == {"given_name": "Ada"}
        creates = wire.get("/_emulator/requests", operation="create_customer", brief="true").json["requests"]
        assert [entry["number"] for entry in creates] == [1]
        assert "body" not in creates[0]
        assert wire.get("/_emulator/requests/2").json == shown["requests"][1]
        assert wire.get("/_emulator/requests/3").status == 404
        assert wire.delete("/_emulator/requests").json == {}
        emptied = wire.get("/_emulator/requests").json
        assert emptied["requests"] == []
        assert emptied["cleared"] == emptied["changes"]

    def test_shows_changes_of_the_journal(self, wire: Wire) -> None:
        for _ in range(3):
            wire.create()
        seen, changes = 0, []
        while entries := wire.get("/_emulator/requests", since=seen, limit=2).json["requests"]:
            changes += [entry["number"] for entry in entries]
            seen = entries[-1]["change"]

        assert changes == [1, 2, 3]

    def test_sends_a_long_journal_in_pieces_and_answers_other_requests_meanwhile(
        self, square: Emulator, wire: Wire
    ) -> None:
        square.seed(20)
        for _ in range(300):
            wire.get("/v2/customers")
        whole = [entry.as_json() for entry in square.requests]
        response = wire.pool.request("GET", f"{square.url}/_emulator/requests", preload_content=False)
        assert wire.get("/_emulator/health").status == 200
        result = json.loads(response.data)

        assert "transfer-encoding" in response.headers
        assert result.keys() == {"requests", "cleared", "changes"}
        assert result["requests"] == whole
        assert result["changes"] == whole[-1]["change"]
        assert wire.get("/_emulator/requests", limit=100).json["requests"] == whole[:100]

    def test_takes_and_restores_a_snapshot(self, wire: Wire) -> None:
        wire.create()
        state = wire.get("/_emulator/snapshot").json
        wire.post("/_emulator/reset", {})
        assert wire.put("/_emulator/snapshot", state).json == {}
        assert wire.get("/_emulator/snapshot").json == state

    def test_accepts_a_snapshot_that_is_longer_than_squares_limit(self, wire: Wire) -> None:
        wire.post("/_emulator/seed", {"customers": [{"given_name": "Ada", "note": "x" * 2_000_000}]})
        state = wire.get("/_emulator/snapshot").json

        assert wire.put("/_emulator/snapshot", state).json == {}

    def test_finds_customers(self, wire: Wire) -> None:
        seed = [
            {"id": "A", "given_name": "Ada", "note": '100% of "it"', "address": {"locality": "London"}},
            {"id": "B", "given_name": "Grace", "email_address": "ADA@example.com"},
            {"id": "C", "family_name": "given_name", "reference_id": "a\\b"},
        ]
        wire.post("/_emulator/seed", {"customers": seed})

        def found(search: str, **query: Any) -> tuple[list[str], int]:
            answer = wire.get("/_emulator/customers", search=search, **query).json
            return [customer["id"] for customer in answer["customers"]], answer["total"]

        assert found("") == (["C", "B", "A"], 3)
        assert found("", limit=1, offset=1) == (["B"], 3)
        assert found("ada") == (["B", "A"], 2)
        assert found("given_name") == (["C"], 1)
        assert found("100%") == (["A"], 1)
        assert found('"it"') == (["A"], 1)
        assert found("a\\b") == (["C"], 1)
        assert found("london") == (["A"], 1)
        assert found("_") == (["C"], 1)
        assert found("nobody") == ([], 0)

    def test_makes_the_seven_calls_without_token_journal_faults_and_rate_limit(
        self, square: Emulator, wire: Wire
    ) -> None:
        square.rate_limit(1, burst=1)
        square.fail("*", status=503, times=None)
        made = wire.send("POST", "/_emulator/v2/customers", b'{"given_name": "Ada"}', {"Authorization": ""})
        path = f"/_emulator/v2/customers/{made.json['customer']['id']}"

        assert wire.put(path, {"note": "a"}).json["customer"]["note"] == "a"
        assert wire.get(path).status == 200
        assert wire.delete(path).json == {}
        assert wire.get("/_emulator/v2/customers/NONE").status == 404
        assert len(square.requests) == 0

    @pytest.mark.parametrize(
        ("method", "path", "body", "expected"),
        [
            ("GET", "nothing", None, "404 NOT_FOUND"),
            ("GET", "requests/x", None, "404 NOT_FOUND"),
            ("GET", "reset", None, "405 METHOD_NOT_ALLOWED: This path of the control interface supports POST."),
            ("POST", "reset", b'"now"', "400 EXPECTED_JSON_BODY"),
            ("POST", "reset", b"[]", "400 BAD_REQUEST: `customers` is not known here"),
            ("POST", "reset", b'{"seed": "x"}', "400 BAD_REQUEST: `seed` must be a whole number"),
            ("POST", "reset", b'{"seed": true}', "400 BAD_REQUEST: `seed` must be a whole number"),
            ("POST", "reset", b'{"sed": 1}', "400 BAD_REQUEST: `sed` is not known here, only `seed`, `clock`."),
            ("POST", "reset", b'{"clock": 5}', "400 BAD_REQUEST: A clock needs"),
            ("POST", "seed", b"{}", "400 BAD_REQUEST: `customers` must be"),
            ("POST", "seed", b'{"customers": "/etc/passwd"}', "400 BAD_REQUEST: `customers` must be"),
            ("POST", "seed", b'{"customers": [{"email_address": "x"}]}', "400 BAD_REQUEST: Customer 1"),
            ("POST", "faults", b"{}", "400 BAD_REQUEST: `operation` must be"),
            ("POST", "faults", b'{"operation": "*", "x": 1}', "400 BAD_REQUEST: A fault has no setting `x`, only"),
            ("POST", "faults", b'{"operation": "*"}', "400 BAD_REQUEST: A fault must do something"),
            ("POST", "clock", b"{}", "400 BAD_REQUEST: Either `advance` or `set`"),
            ("POST", "clock", b'{"advance": "5"}', "400 BAD_REQUEST: A clock can be advanced"),
            ("POST", "clock", b'{"advance": 1' + b"0" * 400 + b"}", "400 BAD_REQUEST: A clock can be advanced"),
            ("POST", "clock", b'{"set": "9999-12-31T23:59:59-12:00"}', "400 BAD_REQUEST: A clock needs a time within"),
            ("POST", "faults", b'{"operation": "*", "delay": 1' + b"0" * 400 + b"}", "400 BAD_REQUEST: `delay` must"),
            ("POST", "rate-limit", b'{"rate": 0}', "400 BAD_REQUEST: `rate` must be"),
            ("POST", "listing-delay", b"{}", "400 BAD_REQUEST: `listing_delay` must be"),
            ("POST", "merge", b"{}", "400 BAD_REQUEST: There is no customer None"),
            ("GET", "requests?limit=x", None, "400 EXPECTED_INTEGER"),
            ("GET", "events?since=x", None, "400 EXPECTED_INTEGER"),
            ("PUT", "snapshot", b"{}", "400 BAD_REQUEST: This is not a snapshot"),
        ],
    )
    def test_refuses_requests_that_make_no_sense(
        self, wire: Wire, method: str, path: str, body: bytes | None, expected: str
    ) -> None:
        assert refusal_text(wire.send(method, f"/_emulator/{path}", body)).startswith(expected)

    def test_refuses_an_enormous_body(self, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("squareconnect.emulator.app.CONTROL_BODY_LIMIT", 10)
        with Emulator() as square:
            answer = connect(square).send("POST", "/_emulator/reset", b" " * 11)

        assert answer.status == 413


def events_of(client: socket.socket) -> Iterator[tuple[str, Any]]:
    buffer = b""
    while True:
        while b"\n\n" not in buffer:
            piece = client.recv(65536)
            if not piece:
                return
            buffer += piece
        block, _, buffer = buffer.partition(b"\n\n")
        lines = dict(line.split(b": ", 1) for line in block.split(b"\n") if b": " in line)
        if b"event" in lines:
            yield lines[b"event"].decode().strip(), json.loads(lines[b"data"])


def events_until(events: Iterator[tuple[str, Any]], is_wanted: Callable[[Any], bool]) -> list[str]:
    """Return the names of the events up to the wanted state. Their number depends on timing."""
    names = []
    for name, data in events:
        names.append(name)
        if name == "state" and is_wanted(data):
            break
    return names


class TestEvents:
    def opened(self, square: Emulator, path: str = "events", header: str = "") -> socket.socket:
        client = socket.create_connection(("127.0.0.1", int(square.url.rpartition(":")[2])), timeout=10)
        client.sendall(f"GET /_emulator/{path} HTTP/1.0\r\nHost: localhost\r\n{header}\r\n".encode())
        return client

    def test_have_the_state_first_and_then_the_changes(self, square: Emulator, wire: Wire) -> None:
        with self.opened(square) as client:
            events = events_of(client)
            name, state = next(events)
            assert (name, state["customers"]) == ("state", 0)
            wire.create()
            name, data = next(events)
            assert (name, data["requests"][0]["operation"]) == ("requests", "create_customer")
            assert "body" not in data["requests"][0]
            events_until(events, lambda state: (state["customers"], state["requests"]) == (1, 1))
            square.clock.advance(1)
            events_until(events, lambda state: state["clock"]["now"] == "2026-01-01T00:00:01.000Z")
            square.reset()
            assert "cleared" in events_until(events, lambda state: state["requests"] == 0)

    @pytest.mark.parametrize("resumed", [("events?since=0", ""), ("events", "Last-Event-ID: 0\r\n")])
    def test_continue_after_a_reconnect_and_lose_nothing(
        self, square: Emulator, wire: Wire, resumed: tuple[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("squareconnect.emulator.control._EVENT_ENTRIES", 50)
        for _ in range(120):
            wire.get("/v2/customers")
        numbers: list[int] = []
        with self.opened(square, *resumed) as client:
            events = events_of(client)
            while len(numbers) < 120:
                name, data = next(events)
                numbers += [entry["number"] for entry in data["requests"]] if name == "requests" else []

        assert numbers == list(range(1, 121))

    def test_include_a_clearing_that_was_missed(self, square: Emulator, wire: Wire) -> None:
        wire.get("/v2/customers")
        since = square._state.journal.changes
        square.requests.clear()
        wire.get("/v2/customers")
        with self.opened(square, f"events?since={since}") as client:
            events = events_of(client)
            assert next(events) == ("cleared", {"cleared": since + 1})
            name, data = next(events)

        assert (name, [entry["number"] for entry in data["requests"]]) == ("requests", [2])

    def test_start_again_for_a_client_of_an_earlier_emulator(self, square: Emulator, wire: Wire) -> None:
        wire.get("/v2/customers")
        with self.opened(square, "events", "Last-Event-ID: 5000\r\n") as client:
            events = events_of(client)
            assert next(events)[0] == "cleared"
            assert next(events)[1]["requests"][0]["number"] == 1

    def test_do_not_include_the_passing_of_time(self, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("squareconnect.emulator.control._EVENT_SECONDS", 0.01)
        with Emulator() as square, self.opened(square) as client:
            events = events_of(client)
            assert next(events)[0] == "state"
            client.settimeout(0.2)
            with pytest.raises(TimeoutError):
                next(events)
            client.settimeout(10)
            connect(square).post("/_emulator/clock", {"advance": 60})
            assert next(events_of(client))[0] == "state"

    def test_include_a_keep_alive_when_nothing_happens(self, square: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("squareconnect.emulator.control._QUIET_SECONDS", 0.15)
        with self.opened(square) as client:
            received = b""
            while b":\n\n" not in received.partition(b"data: ")[2].partition(b"\n\n")[2]:
                received += client.recv(65536)

    @pytest.mark.parametrize("reset", [False, True])
    def test_end_at_once_when_the_client_has_gone(self, connect: Connect, reset: bool) -> None:
        with Emulator() as square:
            for _ in range(5):
                with self.opened(square) as client:
                    assert next(events_of(client))[0] == "state"
                    if reset:
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            deadline = time.monotonic() + 10
            while square._web._connections and time.monotonic() < deadline:
                time.sleep(0.01)

            assert square._web._connections == {}

    def test_end_with_the_emulator(self, connect: Connect) -> None:
        with Emulator() as square:
            client = self.opened(square)
            assert next(events_of(client))[0] == "state"
        with client:
            assert list(events_of(client)) == []


class TestTheGuard:
    @pytest.mark.parametrize("origin", ["null", "http://evil.example", "https://{host}", "http://localhost:1"])
    @pytest.mark.parametrize("path", ["/_emulator/reset", "/v2/customers", "/_emulator/v2/customers"])
    def test_refuses_a_change_from_another_web_page(self, wire: Wire, path: str, origin: str) -> None:
        host = wire.square.url.removeprefix("http://")
        answer = wire.send("POST", path, b'{"given_name": "Ada"}', {"Origin": origin.format(host=host)})

        assert refusal_text(answer).startswith("403 FORBIDDEN: The `Origin` header")
        assert wire.get("/v2/customers").json == {}

    def test_allows_changes_from_the_emulators_own_page(self, wire: Wire) -> None:
        assert wire.send("POST", "/_emulator/reset", b"{}", {"Origin": wire.square.url}).status == 200

    @pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "[::1", "10.0.0.1"])
    @pytest.mark.parametrize(
        ("method", "path"),
        [("POST", "/_emulator/reset"), ("GET", "/_emulator/requests"), ("DELETE", "/v2/customers/A")],
    )
    def test_refuses_a_name_of_another_machine(self, wire: Wire, method: str, path: str, host: str) -> None:
        answer = wire.send(method, path, headers={"Host": host})

        assert refusal_text(answer).startswith("403 FORBIDDEN: The `Host` header")

    @pytest.mark.parametrize("host", ["localhost", "LOCALHOST:9", "127.0.0.2", "[::1]:80", "square.localhost"])
    def test_accepts_the_names_of_this_machine(self, wire: Wire, host: str) -> None:
        assert wire.send("POST", "/_emulator/reset", b"{}", {"Host": host}).status == 200

    def test_accepts_squares_own_names_for_the_seven_calls(self, wire: Wire) -> None:
        headers = {"Host": "connect.squareup.com"}

        assert wire.send("POST", "/v2/customers", b'{"given_name": "Ada"}', headers).status == 200
        assert wire.send("POST", "/_emulator/reset", b"{}", headers).status == 403

    def test_accepts_any_name_for_reading(self, wire: Wire) -> None:
        assert wire.send("GET", "/v2/customers", headers={"Host": "proxy.example"}).status == 200

    def test_requires_the_token_if_other_machines_can_reach_it(self, connect: Connect) -> None:
        with Emulator(host="0.0.0.0", access_token="my-own") as square:  # noqa: S104
            square.url = square.url.replace("0.0.0.0", "127.0.0.1")  # noqa: S104
            wire = connect(square)
            for method, path in (("GET", "requests"), ("POST", "reset"), ("GET", "events"), ("GET", "v2/customers")):
                answer = wire.send(method, f"/_emulator/{path}", headers={"Authorization": "Bearer wrong"})
                assert refusal_text(answer).startswith("401 UNAUTHORIZED")
            assert wire.send("POST", "/_emulator/reset", b"{}", {"Host": "square.test"}).status == 200
            assert wire.send("POST", "/_emulator/reset", b"{}", {"Origin": "http://evil.example"}).status == 403

    @pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "square.test"])  # noqa: S104
    def test_requires_a_chosen_token_for_such_an_address(self, host: str) -> None:
        with pytest.raises(ValueError, match="access_token="):
            Emulator(host=host)

    @pytest.mark.parametrize("name", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "a.localhost"])
    def test_recognizes_loopback_addresses(self, name: str) -> None:
        assert is_loopback(name)


def asked(method: str, path: str) -> Request:
    return Request(method, path, "", {}, b"", 1)


class TestThePageFiles:
    def test_are_served_with_a_strict_policy(self, tmp_path: Path) -> None:
        for name in ("index.html", "style.css", "page.js"):
            (tmp_path / name).write_text(name)
        page = WebPage(tmp_path)
        for path, name in (("/", "index.html"), ("/_emulator/page/page.js", "page.js")):
            assert page.knows(asked("GET", path))
            answer = page.answer(asked("GET", path))
            assert answer.body == name.encode()
            assert answer.headers["content-security-policy"] == "default-src 'self'"

    def test_are_in_the_package(self, wire: Wire) -> None:
        for path, content_type in (("/", "text/html"), ("/_emulator/page/page.js", "text/javascript")):
            response = wire.pool.request("GET", wire.square.url + path)
            assert response.status == 200
            assert response.headers["Content-Type"] == f"{content_type}; charset=utf-8"
        assert wire.send("GET", "/", headers={"Host": "evil.example"}).status == 403

    @pytest.mark.parametrize("path", ["/_emulator/page/../server.py", "/index.html", "/_emulator/page/"])
    def test_are_no_other_files(self, path: str) -> None:
        assert not WebPage().knows(asked("GET", path))

    def test_are_not_served_if_the_page_is_switched_off(self, connect: Connect) -> None:
        with Emulator(page=False) as square:
            assert connect(square).get("/").status == 404


class TestTheDescription:
    def test_names_every_path_of_the_control_interface(self) -> None:
        routes = {(route.method, route.path) for route in Control(State())._routes}

        assert CONTROL.keys() == routes | {("GET", "events")}

    def test_names_the_seven_operations_as_they_are_served(self) -> None:
        api, described = SquareApi(State(), "token"), {}
        for path, methods in description()["paths"].items():
            for method, operation in methods.items() if path.startswith("/v2/") else ():
                found = api._find(asked(method.upper(), re.sub(r"{\w+}", "A", path)))
                described[operation["operationId"]] = found and found.route.operation

        assert described == {operation: operation for operation in OPERATIONS}

    def test_refers_to_nothing_that_is_missing(self) -> None:
        text = json.dumps(description())
        schemas = description()["components"]["schemas"]

        for reference in text.split('"$ref": "')[1:]:
            assert reference.split('"')[0].rpartition("/")[2] in schemas

    def test_is_served(self, wire: Wire) -> None:
        described = wire.get("/_emulator/openapi.json").json

        assert described == description()
        assert len([1 for path in described["paths"] if path.startswith("/v2/")]) == 4
