"""The thread driver in situations that are rare with a real socket."""

from __future__ import annotations

import contextvars
import queue
import select
import socket
import threading
import time
import weakref
from typing import Any

import pytest
import urllib3
from urllib3.connection import HTTPConnection

from squareconnect.transport import Request, threads
from squareconnect.transport.outgoing import something_came
from squareconnect.transport.threads import Attempt, Slots, Wire
from test.servers import FOUND, Server, Step, answer, api_for, cut, message, raw

REQUEST = Request("GET", "http://127.0.0.1/", {}, None)
WHOLE = message(200, FOUND)


def test_a_wire_has_what_others_ask_of_a_socket() -> None:
    here, there = socket.socketpair()
    with there:
        wire = Wire(here)
        wire.settimeout(2.0)

        assert (wire.gettimeout(), wire.fileno(), wire.family) == (2.0, here.fileno(), here.family)
        wire.shutdown(socket.SHUT_WR)
        assert there.recv(1) == b""
        wire.close()
    assert here.fileno() == -1


def test_a_wire_whose_making_was_interrupted_can_be_collected() -> None:
    wire = Wire.__new__(Wire)
    wire.__del__()

    assert not hasattr(wire, "_sock")


def test_a_class_that_is_no_connection_is_used_as_it_is() -> None:
    assert threads._watched(dict) is dict


@pytest.mark.parametrize("polls", [True, False])
def test_what_came_is_seen_without_waiting_also_where_there_is_no_poll(
    polls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not polls:
        monkeypatch.delattr(select, "poll")
    here, there = socket.socketpair()
    with here, there:
        assert not something_came(here)
        there.send(b"H")
        assert something_came(here)


def test_a_wire_whose_socket_somebody_closed_has_ended() -> None:
    here, there = socket.socketpair()
    there.close()
    wire = Wire(here)
    here.close()

    assert (wire.peek(), wire.ended) == (b"", True)


def test_a_pool_is_found_again_by_its_place_but_not_with_settings_of_its_own() -> None:
    manager = threads.pool_manager(maxsize=3)
    pool = manager.connection_from_host("127.0.0.1", 80)

    assert manager.connection_from_host("127.0.0.1", 80) is pool
    other = manager.connection_from_host("127.0.0.1", 80, pool_kwargs={"maxsize": 5})
    assert other is not pool
    assert manager.connection_from_host("127.0.0.1", 80, pool_kwargs={"maxsize": 5}) is other
    manager.clear()
    assert manager.connection_from_host("127.0.0.1", 80) is not pool
    with pytest.raises(urllib3.exceptions.URLSchemeUnknown):
        manager.connection_from_host("127.0.0.1", 80, "ftp")


def test_a_connection_that_a_call_is_using_is_not_closed_by_another() -> None:
    connection = threads._watched(urllib3.HTTPConnectionPool.ConnectionCls)("127.0.0.1")
    here, there = socket.socketpair()
    with there:
        connection.sock = here
        user = Attempt(time.monotonic() + 9)
        connection._owner = weakref.ref(user)
        connection.close()
        assert connection.sock is here

        user.over = True
        connection.close()
        assert connection.sock is None


@pytest.mark.parametrize(("first", "closes"), [(raw(WHOLE + message(429, {})), False), (cut(WHOLE), True)])
def test_a_connection_that_cannot_be_reused_is_left_even_before_its_last_call_has_returned(
    first: Step, closes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_and_let_another_call(*args: Any) -> None:
        read(*args)
        if closes:
            assert server.wait_for_ends(1)
        monkeypatch.setattr(threads, "_read", read)
        thread = threading.Thread(target=lambda: others.append(api.create_customer({"given_name": "Ada"})))
        thread.start()
        thread.join(10)

    read, others = threads._read, list[Any]()
    monkeypatch.setattr(threads, "_read", read_and_let_another_call)
    with Server(first) as server:
        api = api_for(server, max_retries=0)
        api.retrieve_customer("C1")

        assert len(others) == 1
        assert [request.connection for request in server.requests] == [1, 2]


def test_what_a_pool_keeps_is_bounded() -> None:
    idle = threads._Idle(1)
    idle.put("a connection")

    with pytest.raises(queue.Full):
        idle.put("another")
    assert idle.qsize() == 1


def test_a_connection_that_stands_at_the_very_moment_of_the_deadline_is_taken() -> None:
    made = threading.Event()

    class Now(Attempt):
        def limit(self, timeout: float | None) -> float:
            made.wait(5)
            return 1e-9

    def connect() -> None:
        made.set()
        time.sleep(0.05)

    undone: list[bool] = []
    for _ in range(20):
        try:
            threads._in_time(connect, Now(0.0), lambda: undone.append(True))
        except TimeoutError:
            time.sleep(0.1)
            break
    assert undone == [True]


def test_a_socket_that_a_program_put_in_a_connection_is_used() -> None:
    with Server(answer(200, {"customer": {"id": "C1"}})) as server:
        connection = threads._watched(HTTPConnection)("127.0.0.1", server.port)
        connection.sock = socket.create_connection(("127.0.0.1", server.port))
        connection.request("GET", "/v2/customers/C1")

        assert connection.is_connected
        assert connection.getresponse().json() == {"customer": {"id": "C1"}}
        connection.close()


@pytest.mark.parametrize(
    ("body", "pieces"), [(None, 1), (b"{}", 1), (b"", 1), (b" " * 15_000, 1), (b" " * 16_384, 2), ("text", 2)]
)
def test_a_head_and_a_small_body_leave_in_one_piece(body: Any, pieces: int) -> None:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with there:
        connection = threads._watched(HTTPConnection)("127.0.0.1")
        connection.sock = Wire(here)
        connection.request("POST", "/", body, {"Content-Type": "application/json"})
        connection.close()
        received = list(iter(lambda: there.recv(65536), b""))

    assert len(received) == pieces
    head, _, sent = b"".join(received).partition(b"\r\n\r\n")
    assert head.startswith(b"POST / HTTP/1.1\r\n")
    assert sent == (body.encode() if isinstance(body, str) else body or b"")


@pytest.mark.parametrize("moment", ["putrequest", "endheaders"])
def test_what_an_interrupted_request_left_does_not_hold_back_or_precede_the_next_bytes(moment: str) -> None:
    class Interrupted(HTTPConnection):
        def putrequest(self, *args: Any, **options: Any) -> None:
            super().putrequest(*args, **options)
            if moment == "putrequest":
                raise KeyboardInterrupt

        def endheaders(self, *args: Any, **options: Any) -> None:
            super().endheaders(*args, **options)
            raise KeyboardInterrupt

    here, there = socket.socketpair()
    with there:
        connection = threads._watched(Interrupted)("127.0.0.1")
        with pytest.raises(KeyboardInterrupt):
            connection.request("POST", "/lost", b"{}")
        connection.close()
        connection.sock = Wire(here)
        connection.send(b"CONNECT")
        connection.close()

        assert there.recv(65536) == b"CONNECT"


def test_an_interrupt_behind_the_head_closes_the_answer() -> None:
    class Answer(urllib3.HTTPResponse):
        def read1(self, *args: Any, **kwargs: Any) -> bytes:
            raise KeyboardInterrupt

    answer = Answer(body=b"", preload_content=False)

    class Manager:
        def request(self, *args: Any, **kwargs: Any) -> Answer:
            return answer

    answer.length_remaining = 5
    with pytest.raises(KeyboardInterrupt):
        threads.send(Manager(), REQUEST, Attempt(time.monotonic() + 9), (1.0, 1.0), 100)


def test_a_place_that_an_interrupt_left_taken_is_free_once_its_try_is_collected() -> None:
    slots = Slots(1)
    attempt: Attempt | None = Attempt(time.monotonic() + 9)
    assert attempt
    slots.take(attempt)
    with pytest.raises(TimeoutError):
        slots.take(Attempt(time.monotonic() + 0.01))
    attempt = None

    slots.take(Attempt(time.monotonic() + 9))


def test_a_try_that_is_woken_just_after_it_stopped_waiting_can_be_woken_again() -> None:
    slots, turn = Slots(1), threading.Lock()
    first, newcomer, waiter = (Attempt(time.monotonic() + 9) for _ in range(3))
    turn.acquire()
    slots.take(first)
    assert not slots._taken(weakref.ref(waiter), turn)
    slots.free(first)
    slots.take(newcomer)
    assert not slots._taken(weakref.ref(waiter), turn)
    slots.free(newcomer)

    assert slots._taken(weakref.ref(waiter), turn)


def test_no_try_is_made_in_a_context_of_its_own() -> None:
    assert contextvars.copy_context().run(threads._current.get)() is None
