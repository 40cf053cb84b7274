"""Clients and programs that do what they should not, at any moment."""

from __future__ import annotations

import contextlib
import json
import resource
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from squareconnect.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .conftest import Wire

    Connect = Callable[[Emulator], Wire]

TOKEN = "Authorization: Bearer emulator-access-token\r\n"
GET = f"GET /v2/customers HTTP/1.1\r\nHost: localhost\r\n{TOKEN}\r\n".encode()
CHUNKED = f"POST /v2/customers HTTP/1.1\r\nHost: localhost\r\n{TOKEN}Transfer-Encoding: chunked\r\n\r\n".encode()
ADA = b'15\r\n{"given_name": "Ada"}\r\n0\r\n\r\n'


def port_of(square: Emulator) -> int:
    return int(square.url.rpartition(":")[2])


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=60)


def exchanged(port: int, data: bytes) -> list[bytes]:
    """Send bytes, end the sending, and return the answers."""
    with connected(port) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(65536), b"")).split(b"HTTP/1.1 ")[1:]


@contextlib.contextmanager
def descriptors(count: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        pytest.skip(f"This machine allows {hard} file descriptors.")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_thousand_idle_connections_and_half_requests_do_not_delay_others(square: Emulator, connect: Connect) -> None:
    with descriptors(2600), contextlib.ExitStack() as idle:
        for number in range(1000):
            idle.enter_context(connected(port_of(square))).sendall(GET[: number % len(GET)])
        assert connect(square).create()["given_name"] == "Ada"
        square.reset()
        square.stop()
        square.start()
        assert connect(square).get("/v2/customers").json == {}


def test_a_thousand_requests_sent_at_once_are_answered_in_their_order(square: Emulator) -> None:
    paths = [GET.replace(b"/v2/customers", b"/v2/customers/%d" % number) for number in range(1000)]
    answers = exchanged(port_of(square), b"".join(paths))

    assert [answer[:3] for answer in answers] == [b"404"] * 1000
    assert [entry.path for entry in square.requests] == [f"/v2/customers/{number}" for number in range(1000)]


@pytest.mark.parametrize(
    ("surplus", "answered"),
    [
        (b"surplus\r\n\r\n", [b"200", b"400"]),
        (GET, [b"200", b"200"]),
        (GET[:40], [b"200", b"400"]),
    ],
)
def test_a_chunked_body_is_followed_by_the_next_request(
    square: Emulator, surplus: bytes, answered: list[bytes]
) -> None:
    assert [answer[:3] for answer in exchanged(port_of(square), CHUNKED + ADA + surplus)] == answered
    assert square.requests[0].body == {"given_name": "Ada"}


@pytest.mark.parametrize(
    "body",
    [
        b'5\r\n{"given_name": "Ada"}\r\n0\r\n\r\n',
        b"f" * 30 + b"\r\n{}",
        b"2;" + b"a" * 80_000,
        b"-2\r\n{}\r\n0\r\n\r\n",
    ],
)
def test_a_malformed_chunked_body_is_refused(square: Emulator, body: bytes) -> None:
    (answer,) = exchanged(port_of(square), CHUNKED + body)

    assert answer[:2] == b"43" or answer[:3] == b"400"
    assert len(square.requests) == 0


@pytest.mark.parametrize(
    "data",
    [
        GET.replace(b"\r\n\r\n", b"\r\nX-Secret : canary\r\n\r\n"),
        GET.replace(b"/v2/customers", b"/v2/customers/canary\x00"),
        CHUNKED + b"canary\r\n",
    ],
)
def test_a_malformed_request_is_not_repeated_in_its_refusal(square: Emulator, data: bytes) -> None:
    (answer,) = exchanged(port_of(square), data)

    assert json.loads(answer.partition(b"\r\n\r\n")[2])["errors"][0]["detail"].startswith("This is not HTTP/1.1: ")
    assert b"canary" not in answer


@pytest.mark.parametrize(
    "more", [b"Connection: Upgrade\r\nUpgrade: h2c\r\n", b"X: 1\r\n" * 3000, b"Expect: 200-maybe\r\n"]
)
def test_unusual_headers_are_ignored(square: Emulator, more: bytes) -> None:
    asking = GET.replace(b"\r\n\r\n", b"\r\n" + more + b"\r\n")

    assert [answer[:3] for answer in exchanged(port_of(square), asking + GET)] == [b"200", b"200"]


def test_connect_is_refused(square: Emulator) -> None:
    (answer,) = exchanged(
        port_of(square), f"CONNECT example.com:443 HTTP/1.1\r\nHost: localhost\r\n{TOKEN}\r\n".encode()
    )

    assert answer[:3] == b"404"


def test_slow_clients_do_not_delay_each_other(square: Emulator, connect: Connect) -> None:
    with contextlib.ExitStack() as slow:
        clients = [slow.enter_context(connected(port_of(square))) for _ in range(50)]
        for place in range(len(GET)):
            for client in clients:
                client.send(GET[place : place + 1])
            if place % 20 == 0:
                assert connect(square).get("/v2/customers").status == 200
        assert {client.recv(12) for client in clients} == {b"HTTP/1.1 200"}


def test_a_stop_during_many_requests_ends_all_of_them(square: Emulator) -> None:
    threads = threading.active_count()
    for _ in range(10):
        busy = Emulator()
        busy.start()
        refused: list[RuntimeError] = []
        workers = [threading.Thread(target=work, args=(busy, port_of(busy), refused)) for work in (send, call) * 2]
        for worker in workers:
            worker.start()
        while not len(busy.requests):
            time.sleep(0.001)
        busy.stop()
        for worker in workers:
            worker.join(timeout=60)
        assert threading.active_count() == threads
        assert len(refused) == 2


def send(square: Emulator, port: int, refused: list[RuntimeError]) -> None:
    """Send requests until the emulator no longer serves."""
    with contextlib.suppress(OSError):
        while True:
            exchanged(port, GET * 3)


def call(square: Emulator, port: int, refused: list[RuntimeError]) -> None:
    """Create customers until the emulator refuses."""
    try:
        while True:
            square.seed(1)
    except RuntimeError as error:
        refused.append(error)


FORKING = """
import os, socket, sys
from squareconnect.emulator import Emulator

GET = b"GET /v2/customers HTTP/1.1\\r\\nHost: localhost\\r\\nAuthorization: Bearer emulator-access-token\\r\\n\\r\\n"

def ask(client):
    client.sendall(GET)
    answer = b""
    while not answer.endswith((b"{}", b"x")):
        answer += client.recv(65536)

def child(square):
    for call in (square.reset, square.snapshot, lambda: square.clock, lambda: square.fail("*", status=500)):
        try:
            call()
        except RuntimeError as error:
            assert "forked" in str(error)
        else:
            raise AssertionError(call)
    ask(socket.create_connection(address, timeout=60))
    with Emulator() as another:
        assert another.seed(1)
    print("the child has met all", flush=True)
    os.close(from_child[1])
    os.read(to_child[0], 1)

from_child, to_child = os.pipe(), os.pipe()
with Emulator() as square:
    address = "127.0.0.1", int(square.url.rpartition(":")[2])
    client = socket.create_connection(address, timeout=60)
    ask(client)
    pid = os.fork()
    if not pid:
        os.close(to_child[1])
        child(square)
        sys.exit()
    os.close(from_child[1])
    os.read(from_child[0], 1)
    square.fail("*", truncate=1, body="xx")
    ask(client)
    assert client.recv(100) == b""
    assert len(square.requests) == 3
try:
    socket.create_connection(address, timeout=60)
except ConnectionRefusedError:
    print("the parent has stopped", flush=True)
os.close(to_child[1])
print("the child ended with", os.waitpid(pid, 0)[1])
"""


def test_a_forked_process_leaves_the_emulator_to_its_parent() -> None:
    command = [sys.executable, "-W", "ignore", "-c", FORKING]
    shown = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert (shown.stdout.splitlines(), shown.stderr) == (
        ["the child has met all", "the parent has stopped", "the child ended with 0"],
        "",
    )
