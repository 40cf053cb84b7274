"""Servers on real loopback sockets that play the faults of a script and record all requests."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from squareconnect import Configuration
from test import drivers

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType
    from typing import TypeAlias

    from typing_extensions import Self

    from squareconnect import CustomersApi

CUSTOMER: dict[str, Any] = {"id": "C1", "created_at": "2019-06-12T10:30:00Z", "updated_at": "2019-06-12T10:30:00Z"}
FOUND = {"customer": CUSTOMER}


class Request(NamedTuple):
    """A request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    """By lower-case name."""
    body: bytes
    connection: int
    """The number of its connection, from 1."""


class Wire:
    """The server's side of one connection."""

    def __init__(self, server: Server, sock: socket.socket, number: int) -> None:
        self.server = server
        self.sock = sock
        self.number = number
        self._buffer = b""

    def read_request(self) -> Request | None:
        """Return the next request, or None at the end of the connection."""
        if not self._receive_until(b"\r\n\r\n"):
            return None
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        start, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = start.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        while len(self._buffer) < length and self._receive():
            pass
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return Request(method, target, headers, body, self.number)

    def _receive_until(self, end: bytes) -> bool:
        while end not in self._buffer:
            if not self._receive():
                return False
        return True

    def _receive(self) -> bool:
        piece = self.sock.recv(65536)
        self.server.received += piece
        self._buffer += piece
        return bool(piece)

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.sock.sendall(data)

    def close(self) -> None:
        """Close the connection normally."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


Step: TypeAlias = "Callable[[Wire, Request], None]"
"""What the server does with one request."""


class Server:
    """Plays one step of a script for each request, then always ``otherwise``.

    :param steps: what to do with the first requests, on any connection.
    :param otherwise: what to do with all further requests; by default, answer with a customer.
    :param tls: the server's TLS context; None for plain HTTP.
    :param deaf: whether it never reads what it receives.
    :param greeting: bytes that it sends as soon as a connection is open, before any request.
    :param address: the address that it listens on.
    """

    def __init__(
        self,
        *steps: Step,
        otherwise: Step | None = None,
        tls: ssl.SSLContext | None = None,
        deaf: bool = False,
        greeting: bytes = b"",
        address: str = "127.0.0.1",
    ) -> None:
        self.steps = list(steps)
        self.otherwise = otherwise or answer()
        self.requests: list[Request] = []
        self.received = b""
        self.connections = 0
        self.committed: dict[str, bytes] = {}
        """The bodies carried out, by ``idempotency_key`` or ``card_nonce``, or by a unique name."""
        self.ended = threading.Event()
        self._tls = tls
        self._deaf = deaf
        self._greeting = greeting
        self._lock = threading.Lock()
        self._wires: list[Wire] = []
        self._closed = threading.Semaphore(0)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listener = socket.create_server((address, 0), family=family, backlog=128)
        self.port = self._listener.getsockname()[1]
        self.host = f"{'https' if tls else 'http'}://{f'[{address}]' if ':' in address else address}:{self.port}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.ended.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for wire in list(self._wires):
            wire.close()
        for thread in list(self._threads):
            thread.join(5)

    def commit(self, request: Request) -> None:
        """Carry a request out, but only once for each idempotency key or nonce."""
        values = json.loads(request.body) if request.body else {}
        with self._lock:
            name = values.get("idempotency_key") or values.get("card_nonce") or f"number {len(self.committed)}"
            self.committed.setdefault(name, request.body)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._converse, args=(sock, self.connections), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _converse(self, sock: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError):
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wire = Wire(self, sock, number)
            self._wires.append(wire)
            wire.send(self._greeting)
            if self._deaf:
                self.ended.wait(30)
            while request := wire.read_request():
                with self._lock:
                    self.requests.append(request)
                    step = self.steps.pop(0) if self.steps else self.otherwise
                step(wire, request)
        sock.close()
        self._closed.release()

    def wait_for_ends(self, count: int) -> bool:
        """Wait until some connections have ended."""
        return all(self._closed.acquire(timeout=5) for _ in range(count))


# -- Steps ----------------------------------------------------------------------------------------------------------


def message(status: int, body: Any, headers: Mapping[str, object] | None = None, reason: str = "Reason") -> bytes:
    """Return the bytes of an answer; its ``Content-Length`` is right unless the headers say otherwise."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields: dict[str, object] = {"Content-Type": "application/json", "Content-Length": len(content), **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value is not None)
    return f"HTTP/1.1 {status} {reason}\r\n{lines}\r\n".encode("latin-1") + content


def answer(status: int = 200, body: Any = FOUND, headers: Mapping[str, object] | None = None) -> Step:
    """Answer, and keep the connection open."""
    return raw(message(status, body, headers))


def raw(data: bytes) -> Step:
    """Send bytes, and keep the connection open."""
    return lambda wire, request: wire.send(data)


def cut(data: bytes) -> Step:
    """Send bytes, and close the connection."""

    def play(wire: Wire, request: Request) -> None:
        wire.send(data)
        wire.close()

    return play


def reset(wire: Wire, request: Request) -> None:
    """Answer nothing, and reset the connection."""
    wire.reset()


def close(wire: Wire, request: Request) -> None:
    """Answer nothing, and close the connection."""
    wire.close()


def stall(wire: Wire, request: Request) -> None:
    """Answer nothing, and keep the connection open."""
    wire.server.ended.wait(30)


def in_pieces(*pieces: bytes, pause: float = 0.02) -> Step:
    """Send the pieces separately, over TLS each in its own record, and keep the connection open."""

    def play(wire: Wire, request: Request) -> None:
        for piece in pieces:
            wire.send(piece)
            time.sleep(pause)

    return play


def drip(data: bytes, pause: float = 0.02, first: int = 0) -> Step:
    """Send the first bytes at once, then one byte after each pause, again and again while the client listens."""

    def play(wire: Wire, request: Request) -> None:
        wire.send(data[:first])
        while not wire.server.ended.wait(pause):
            for index in range(first, len(data)):
                wire.send(data[index : index + 1])
                time.sleep(pause)

    return play


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n", headers: str = "") -> Step:
    """Answer 200 with a body in chunks."""
    head = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{headers}\r\n".encode()
    return raw(head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + end)


def commit(then: Step | None = None) -> Step:
    """Carry the request out, then play another step. By default, answer with a customer."""
    play_then = then or answer()

    def play(wire: Wire, request: Request) -> None:
        wire.server.commit(request)
        play_then(wire, request)

    return play


def after(seconds: float, then: Step) -> Step:
    """Wait, then play another step."""

    def play(wire: Wire, request: Request) -> None:
        wire.server.ended.wait(seconds)
        then(wire, request)

    return play


def tunnel(wire: Wire, request: Request) -> None:
    """Do what an HTTP proxy does at CONNECT: open a connection there and pass all bytes both ways."""
    host, _, port = request.target.rpartition(":")
    with socket.create_connection((host, int(port))) as onward:
        wire.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = threading.Thread(target=_pass, args=(onward, wire.sock), daemon=True)
        back.start()
        _pass(wire.sock, onward)
        with contextlib.suppress(OSError):
            onward.shutdown(socket.SHUT_RDWR)
        back.join(5)


def _pass(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def silent_host() -> Iterator[str]:
    """Yield a host that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextlib.contextmanager
def full_port() -> Iterator[int]:
    """Yield a port whose queue is full, so that a connection is neither accepted nor refused."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, contextlib.ExitStack() as stack:
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def environment_without_coverage() -> dict[str, str]:
    """Return this process's environment without the variables that make coverage trace a child process."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COV")}


def closed_port() -> int:
    """Return a port that no program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


make_api: Callable[[Configuration], Any] = drivers.on_threads
"""The function that makes a client. The fixture ``driver`` replaces it."""


def api_for(server: Server | str, **settings: Any) -> CustomersApi:
    """Return an API that calls a server, without pauses between tries."""
    host = server if isinstance(server, str) else server.host
    return make_api(Configuration(host=host, access_token="T0KEN", **settings))  # type: ignore[no-any-return]
