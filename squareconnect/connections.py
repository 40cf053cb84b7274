"""Connections that keep to a deadline and know whether a request has begun to leave.

urllib3 bounds each wait at a socket, but not all of them together, and does not tell a request that never left from one
whose answer was lost. Here its connections are taught both. A thread sets ``of_thread.attempt`` before it uses one.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    from collections.abc import Callable


class Attempt:
    """One try: what the connection that carries it must know, and what it tells of it."""

    def __init__(self, deadline: float, monotonic: Callable[[], float]) -> None:
        self.deadline = deadline
        self.monotonic = monotonic
        self.reached_server = False
        """Whether a byte of the request may have left."""
        self.answer: http.client.HTTPResponse | None = None
        """The answer, from its status line on."""
        self.ended = False
        """Whether the server has closed the connection."""

    def limit(self, timeout: float | None) -> float:
        """Give the seconds that the next step may take: a time-out, or less if the deadline comes before.

        :raises TimeoutError: if it has passed.
        """
        left = self.deadline - self.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline passed")
        return left if timeout is None or left < timeout else timeout


class _Thread(threading.local):
    attempt = Attempt(threading.TIMEOUT_MAX, time.monotonic)


of_thread = _Thread()
"""Holds what the calling thread's connections carry."""


class _DeadlineSocket(socket.socket):
    """Receives each piece within its time-out, as every socket does, and all of them before the deadline.

    Without that, a server that sends a byte now and then would never time out.
    """

    __slots__ = ()

    def recv_into(self, *args: Any) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        _keep_to_deadline(self)
        count = super().recv_into(*args)
        of_thread.attempt.ended = not count
        return count


class DeadlineSSLSocket(ssl.SSLSocket):
    """Does over TLS what ``_DeadlineSocket`` does without."""

    def recv_into(self, *args: Any) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Receive into a buffer."""
        _keep_to_deadline(self)
        count = super().recv_into(*args)
        of_thread.attempt.ended = not count
        return count

    def recv(self, *args: Any) -> bytes:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Receive, which is what TLS within a proxy's TLS does."""
        _keep_to_deadline(self)
        return super().recv(*args)


def _keep_to_deadline(sock: socket.socket, timeout: float | None = None) -> None:
    """Let the next step at a socket take no longer than its time-out, or until the deadline."""
    before = sock.gettimeout()
    seconds = of_thread.attempt.limit(timeout or before)
    if seconds != before:
        sock.settimeout(seconds)


class _Response(http.client.HTTPResponse):
    def begin(self) -> None:
        super().begin()
        if of_thread.attempt.ended:
            raise http.client.IncompleteRead(b"")

    def _read_status(self) -> tuple[str, int, str]:
        """Read the status line of the answer, past those that only announce one (RFC 9110, 15.2)."""
        while True:
            line: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]
            if not 100 <= line[1] < 200:
                self.status, self.reason = line[1:]
                of_thread.attempt.answer = self
                return line
            http.client.parse_headers(self.fp)


class _HTTPConnection(HTTPConnection):
    """Keeps to the deadline, and notes when a request begins to leave, which a proxy's CONNECT is not."""

    debuglevel = 0  # Not what others set on http.client's class to print all that is sent: that shows the token.
    response_class = _Response

    def _new_conn(self) -> socket.socket:
        """Connect to the first of the host's addresses that answers."""
        attempt = of_thread.attempt
        refusal = OSError("the name has no address")
        for address in _look_up(self._dns_host.strip("[]"), self.port, attempt.limit(self.timeout)):
            try:
                sock = socket.create_connection(address[:2], attempt.limit(self.timeout))
                sock.__class__ = _DeadlineSocket
            except OSError as error:
                refusal = error
            else:
                self.sock = sock  # From here on it is closed with the connection, whatever happens.
                for option in self.socket_options or ():
                    sock.setsockopt(*option)
                _keep_to_deadline(sock, self.timeout)
                return sock
        raise refusal

    def _tunnel(self) -> None:
        super()._tunnel()
        _keep_to_deadline(self.sock, self.timeout)

    def connect(self) -> None:
        try:
            super().connect()
        finally:
            of_thread.attempt.reached_server = False
            of_thread.attempt.answer = None

    def putheader(self, header: Any, *values: Any) -> None:
        """Write a header. Those of a request are checked before, as http.client would do once more, at some length."""
        if isinstance(values[0], str):
            self._output(f"{header}: {values[0]}".encode("latin-1"))  # type: ignore[attr-defined]
        else:
            super().putheader(header, *values)

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        of_thread.attempt.reached_server = True
        for start in range(0, len(data), _TLS_RECORD):  # In one piece, each record would have the whole time-out.
            _keep_to_deadline(self.sock, self.timeout)  # pyright: ignore[reportArgumentType]
            super().send(data[start : start + _TLS_RECORD])


_TLS_RECORD = 16384
"""Bytes that go out together over TLS (RFC 8446, 5.1)."""


def _look_up(host: str, port: int, seconds: float) -> list[tuple[Any, ...]]:
    """Give a host's addresses. On a thread of its own, since nothing else ends a name lookup in time."""
    found: list[Any] = []

    def look_up() -> None:
        try:
            found.append([entry[4] for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)])
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=look_up, daemon=True)
    try:
        thread.start()
        thread.join(seconds)
    except RuntimeError:  # No thread can be made, as at the end of the program.
        look_up()
    if not found:
        raise TimeoutError(f"the name {host} was not looked up in time")
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]  # type: ignore[no-any-return]


class _HTTPSConnection(_HTTPConnection, HTTPSConnection):
    pass


class _HTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _HTTPConnection  # pyright: ignore[reportAssignmentType]


class _HTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection  # pyright: ignore[reportAssignmentType]


POOL_CLASSES = {"http": _HTTPPool, "https": _HTTPSPool}
"""The pools of such connections, by scheme."""
