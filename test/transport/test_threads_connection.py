"""Connections of the thread driver in situations that are rare with a real socket."""

from __future__ import annotations

import contextvars
import select
import socket
import threading
import time
import weakref
from typing import Any

import pytest
import urllib3
from urllib3.connection import HTTPConnection

from squareconnect.transport import Request, threads_connection
from squareconnect.transport.outgoing import is_readable
from squareconnect.transport.threads_connection import Attempt, Wire, current_attempt, watched
from test.servers import FOUND, Server, answer, message

REQUEST = Request("GET", "http://127.0.0.1/", {}, None)
WHOLE = message(200, FOUND)


def test_a_wire_has_the_attributes_of_a_socket_that_others_use() -> None:
    here, there = socket.socketpair()
    with there:
        wire = Wire(here)
        wire.settimeout(2.0)

        assert (wire.gettimeout(), wire.fileno(), wire.family) == (2.0, here.fileno(), here.family)
        wire.shutdown(socket.SHUT_WR)
        assert there.recv(1) == b""
        wire.close()
    assert here.fileno() == -1


def test_a_wire_whose_constructor_was_interrupted_can_be_collected() -> None:
    wire = Wire.__new__(Wire)
    wire.__del__()

    assert not hasattr(wire, "_sock")


def test_a_class_that_is_not_a_connection_is_used_unchanged() -> None:
    assert watched(dict) is dict


@pytest.mark.parametrize("polls", [True, False])
def test_arrived_bytes_are_seen_without_waiting_even_without_poll(polls: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not polls:
        monkeypatch.delattr(select, "poll")
    here, there = socket.socketpair()
    with here, there:
        assert not is_readable(here)
        there.send(b"H")
        assert is_readable(here)


def test_a_wire_whose_socket_was_closed_elsewhere_has_ended() -> None:
    here, there = socket.socketpair()
    there.close()
    wire = Wire(here)
    here.close()

    assert (wire.peek(), wire.ended) == (b"", True)


def test_a_connection_that_a_call_is_using_is_not_closed_by_another() -> None:
    connection = watched(urllib3.HTTPConnectionPool.ConnectionCls)("127.0.0.1")
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


def test_a_connection_made_just_after_the_deadline_is_closed() -> None:
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
            threads_connection._in_time(connect, Now(0.0), lambda: undone.append(True))
        except TimeoutError:
            time.sleep(0.1)
            break
    assert undone == [True]


def test_a_socket_that_a_program_put_in_a_connection_is_used() -> None:
    with Server(answer(200, {"customer": {"id": "C1"}})) as server:
        connection = watched(HTTPConnection)("127.0.0.1", server.port)
        connection.sock = socket.create_connection(("127.0.0.1", server.port))
        connection.request("GET", "/v2/customers/C1")

        assert connection.is_connected
        assert connection.getresponse().json() == {"customer": {"id": "C1"}}
        connection.close()


@pytest.mark.parametrize(
    ("body", "pieces"), [(None, 1), (b"{}", 1), (b"", 1), (b" " * 15_000, 1), (b" " * 16_384, 2), ("text", 2)]
)
def test_a_head_and_a_small_body_are_sent_in_one_piece(body: Any, pieces: int) -> None:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with there:
        connection = watched(HTTPConnection)("127.0.0.1")
        connection.sock = Wire(here)
        connection.request("POST", "/", body, {"Content-Type": "application/json"})
        connection.close()
        received = list(iter(lambda: there.recv(65536), b""))

    assert len(received) == pieces
    head, _, sent = b"".join(received).partition(b"\r\n\r\n")
    assert head.startswith(b"POST / HTTP/1.1\r\n")
    assert sent == (body.encode() if isinstance(body, str) else body or b"")


@pytest.mark.parametrize("moment", ["putrequest", "endheaders"])
def test_buffered_bytes_of_an_interrupted_request_do_not_precede_or_delay_the_next_bytes(moment: str) -> None:
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
        connection = watched(Interrupted)("127.0.0.1")
        with pytest.raises(KeyboardInterrupt):
            connection.request("POST", "/lost", b"{}")
        connection.close()
        connection.sock = Wire(here)
        connection.send(b"CONNECT")
        connection.close()

        assert there.recv(65536) == b"CONNECT"


def test_there_is_no_current_try_outside_of_a_call() -> None:
    assert contextvars.copy_context().run(current_attempt.get)() is None
