"""Connections of the driver for threads, which keep to a call's deadline.

urllib3 limits each wait at a socket, but not their sum. It does not distinguish a request that was never sent from one
whose answer was lost. It keeps a connection that received unsolicited bytes. These classes make up for it:

* :class:`_WatchedConnection` is mixed into the connection class that urllib3 uses at that moment, either urllib3's own
  or one that a tool put there. It connects within the deadline.
* :class:`Wire` wraps the connection's socket, whatever its class. It keeps every step within the deadline, notes when
  the first byte of a request is sent, and detects bytes that belong to no answer.

A class that does not derive from ``http.client``'s connections is used unchanged.
"""

from __future__ import annotations

import contextvars
import http.client
import io
import re
import ssl
import threading
import time
from functools import cache
from socket import SocketType
from typing import TYPE_CHECKING, Any

from squareconnect._threads import start_thread
from squareconnect.transport.answer import STATUS_LINE
from squareconnect.transport.outgoing import is_readable, network_primitives

if TYPE_CHECKING:
    from collections.abc import Callable

_PIECE = 16384
"""The maximum number of bytes sent within one time-out; over TLS, one record (RFC 8446, 5.1)."""


class Attempt:
    """The state of one try, which the driver shares with the connection.

    :param until: the monotonic time at which the try ends.
    """

    reached: bool | None = None
    """Whether a byte of the request may have been sent; None if none of our connections carried the request."""
    first_line = b""
    """The first line of the answer."""
    over = False

    def __init__(self, until: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.until = until
        self.monotonic = monotonic

    @property
    def began(self) -> tuple[int, str] | None:
        """The status and reason of the answer, once its first line has arrived."""
        status = STATUS_LINE.match(self.first_line)
        if status is None:
            return None
        return int(status[1]), (status[2] or b"").decode("latin-1").strip()

    def limit(self, timeout: float | None) -> float:
        """Return the seconds that the next step may take: the time-out, or less if the deadline is sooner.

        :raises TimeoutError: if the deadline has passed.
        """
        left = self.until - self.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline passed")
        return left if timeout is None or left < timeout else timeout


def _nobody() -> None:
    return None


current_attempt: contextvars.ContextVar[Callable[[], Attempt | None]] = contextvars.ContextVar(
    "attempt", default=_nobody
)
"""A weak reference to the current try. A greenlet has its own context, like a thread."""


class Wire(io.RawIOBase):
    """A socket wrapper that keeps each step within a deadline, and detects unsolicited bytes.

    It has the socket methods that ``http.client`` and urllib3 use. All received bytes pass through one buffer, which
    lives as long as the connection. Bytes left over after an answer are found there.
    """

    closed: Any = False  # pyright: ignore[reportIncompatibleMethodOverride, reportAssignmentType]
    """Always False: the buffer checks it before each step, and the socket itself knows whether it is closed."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._timeout: float | None = sock.gettimeout()
        self._timeout_of_sock = self._timeout
        self._reader = _Reader(self)
        self._files = 0
        self._closing = False
        self._peeking = False
        self._tells = isinstance(sock, SocketType)
        """Whether the kernel and TLS can say if bytes came. Other kinds of sockets have to be read to find out."""
        self._pending: Callable[[], int] = getattr(sock, "pending", int)
        """Returns the number of decrypted bytes that TLS holds unread. Without TLS it is ``int``, which returns 0."""
        self.fresh = True
        """Whether no request was sent yet. Until then, the connection has not been checked for bytes."""
        self.ended = False
        """Whether the server has closed or reset the connection."""
        self.owner: Callable[[], Attempt | None] = _nobody
        """A weak reference to the try that uses the connection."""
        self.must_not_end = False
        """Whether a head or chunks are being read. If the connection ends then, the answer is incomplete."""

    # What http.client and urllib3 use of a socket.

    def makefile(self, mode: str = "rb", *args: Any, **kwargs: Any) -> _Reader:
        """Return the buffer to read the next answer from."""
        self._files += 1
        self._reader.readline = self._first_line  # type: ignore[method-assign, assignment]
        self.must_not_end = True
        return self._reader

    def sendall(self, data: Any) -> None:
        """Send bytes of a request: each piece within the time-out, and all of them before the deadline."""
        if self.fresh and self.peek():
            raise http.client.RemoteDisconnected("the server sent an answer before the request")
        self.fresh = False
        self.owner = current_attempt.get()
        if attempt := self.owner():
            attempt.reached = True
        for start in range(0, len(data), _PIECE):
            self._keep_to_deadline()
            try:
                self._sock.sendall(data[start : start + _PIECE])
            except ssl.SSLEOFError as error:  # Without TLS it is this error, after which urllib3 reads the answer.
                raise BrokenPipeError(error.errno, error.strerror) from None

    def settimeout(self, seconds: float | None) -> None:
        """Set the time-out of each step, in seconds."""
        self._timeout = seconds

    def gettimeout(self) -> float | None:
        """Return the time-out of each step, in seconds."""
        return self._timeout

    def fileno(self) -> int:
        """Return the socket's file descriptor."""
        return self._sock.fileno()  # type: ignore[no-any-return]

    def shutdown(self, how: int) -> None:
        """Shut down one or both directions of the socket."""
        self._sock.shutdown(how)

    def close(self) -> None:
        """Close the socket, or note to do so when the answer that is being read is closed."""
        self._closing = True
        if self._files == 0:
            self._sock.close()

    def __getattr__(self, name: str) -> Any:
        # "_sock" is missing if an interrupt came before it was set. Dunder names are not passed on, because mocket's
        # socket seems to have every name.
        if name == "_sock" or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._sock, name)

    def __del__(self) -> None:
        if sock := getattr(self, "_sock", None):
            sock.close()

    # What the buffer uses.

    def flush(self) -> None:
        """Do nothing: bytes are sent at once."""

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Receive a piece, within the time-out and the deadline. When peeking, return None if no bytes came."""
        if self._peeking:
            return self._read_what_came(buffer)
        self._keep_to_deadline()
        count: int = self._sock.recv_into(buffer)
        if count == 0:
            self.ended = True
            if self.must_not_end:
                raise http.client.RemoteDisconnected("the server closed the connection within its answer")
        return count

    def _read_what_came(self, buffer: Any) -> int | None:
        if self._tells and not is_readable(self._sock) and not self._pending():
            return None
        self._sock.settimeout(0)
        self._timeout_of_sock = 0
        try:
            count: int = self._sock.recv_into(buffer)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError, TimeoutError):
            return None
        self.ended = count == 0
        return count

    def _first_line(self, size: int = -1) -> bytes:
        """Read the first line of the final answer, skipping interim answers (RFC 9110, 15.2).

        :raises http.client.HTTPException: if the server switches to another protocol, which no request asks for.
        """
        reader = self._reader
        del reader.readline
        line = reader.readline(size)
        while interim := _INTERIM.match(line):
            if interim[1] == b"101":
                raise http.client.UnknownProtocol("the server switched to another protocol")
            while reader.readline(size) not in (b"\r\n", b"\n", b""):
                pass
            line = reader.readline(size)
        if attempt := self.owner():
            attempt.first_line = line
        return line

    def file_closed(self) -> None:
        """Note that the current answer was closed."""
        self._files = max(self._files - 1, 0)
        if self._closing and self._files == 0:
            self._sock.close()

    # What the connection asks.

    def peek(self) -> bytes:
        """Return received bytes that belong to no answer, without waiting.

        The kernel, each layer of TLS and the buffer may hold such bytes. A non-blocking read finds all of them, and is
        not misled by TLS's own messages, such as session tickets.
        """
        self._peeking = True
        try:
            return self._reader.peek(1)
        except (OSError, ValueError):
            self.ended = True
            return b""
        finally:
            self._peeking = False

    def _keep_to_deadline(self) -> None:
        attempt = self.owner()
        seconds = attempt.limit(self._timeout) if attempt else self._timeout
        if seconds != self._timeout_of_sock:
            self._sock.settimeout(seconds)
            self._timeout_of_sock = seconds


class _Reader(io.BufferedReader):
    """The buffer of a :class:`Wire`. When an answer closes it, the buffer stays open for the next answer."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(wire)
        self._wire = wire

    def close(self) -> None:
        """End the answer's use of the buffer."""
        self._wire.file_closed()


_INTERIM = re.compile(rb"HTTP/1\.\d (1\d\d)\b")


class _WatchedConnection:
    """Mixed into a connection class."""

    debuglevel = 0  # Overrides what a program sets on http.client's class to print all traffic: that shows the token.

    sock: Any
    _owner: Callable[[], Attempt | None] = staticmethod(_nobody)
    """A weak reference to the try that opened the connection."""
    _network: tuple[Any, ...] = ()
    """What :func:`network_primitives` returned when the connection was opened."""
    _head: bytes | None = None
    """The head of a request, kept until its body comes: empty until the head comes, None if none is kept."""

    @property
    def is_connected(self) -> bool:
        """Whether a request may be sent over this connection. urllib3 checks it on taking one from the pool."""
        wire = self.sock
        if not isinstance(wire, Wire):
            return wire is not None
        # The call before may not quite have ended. It must not keep urllib3 from closing the connection now.
        wire.owner = current_attempt.get()
        return self._network == network_primitives() and not wire.peek() and not wire.ended

    def connect(self) -> None:
        """Look up the name, connect, go through any proxy and set up TLS, all before the deadline."""
        self._owner = current_attempt.get()
        attempt = self._owner()
        try:
            _in_time(super().connect, attempt, self.close)  # type: ignore[misc]
        finally:
            if attempt:
                attempt.reached = False
        self._network = network_primitives()
        self.sock = Wire(self.sock)
        self.sock.owner = self._owner

    def request(self, method: str, url: str, *args: Any, **options: Any) -> None:
        """Send a request. A small body is sent together with its head: in one packet, and in one record of TLS."""
        body = args[0] if args else options.get("body")
        self._head = b"" if isinstance(body, bytes) and 0 < len(body) <= _PIECE else None
        try:
            super().request(method, url, *args, **options)  # type: ignore[misc]
        finally:  # After an interrupt, the head must not be sent with the next bytes.
            self._head = None

    def send(self, data: Any) -> None:
        """Send bytes, or keep a head until its body comes."""
        if self._head == b"":
            self._head = data
            return
        head, self._head = self._head, None
        super().send(head + data if head else data)  # type: ignore[misc]

    def getresponse(self) -> Any:
        """Read the head of an answer."""
        wire = self.sock
        response = super().getresponse()  # type: ignore[misc]
        if isinstance(wire, Wire):
            wire.must_not_end = getattr(response, "chunked", False)
        return response

    def close(self) -> None:
        """Close, unless another call uses the connection: leftovers of an interrupted call may still refer to it."""
        owner = (self.sock.owner if isinstance(self.sock, Wire) else self._owner)()
        if owner is None or owner.over or owner is current_attempt.get()():
            super().close()  # type: ignore[misc]


@cache
def watched(connection_class: Any) -> Any:
    """Return a connection class with :class:`_WatchedConnection` mixed in. Return any other class unchanged."""
    if isinstance(connection_class, type) and issubclass(connection_class, http.client.HTTPConnection):
        return type(connection_class.__name__, (_WatchedConnection, connection_class), {})
    return connection_class


def _in_time(step: Callable[[], object], attempt: Attempt | None, undo: Callable[[], object]) -> None:
    """Run a step on its own thread, because a name lookup cannot be interrupted in any other way.

    :param undo: called if the step ends later, after the deadline or an interrupt ended the wait for it.
    :raises TimeoutError: if the step has not ended at the deadline.
    """
    ended, handover, failure = threading.Lock(), [None], list[BaseException]()
    ended.acquire()

    def run() -> None:
        try:
            step()
        except BaseException as error:
            failure.append(error)
        if not _taken(handover):
            undo()
        ended.release()

    try:
        if attempt is None or not _started(contextvars.copy_context().run, run):
            step()
            return
        in_time = ended.acquire(timeout=attempt.limit(None))
    except BaseException:
        handover.clear()
        raise
    if not in_time and _taken(handover):
        raise TimeoutError("no connection could be made before the deadline")
    if failure:
        raise failure.pop()


def _taken(handover: list[None]) -> bool:
    """Take the item that two threads compete for. Return whether this thread got it."""
    try:
        handover.pop()
    except IndexError:
        return False
    return True


def _started(target: Callable[..., object], *args: Any) -> bool:
    """Start a daemon thread. Return False if the interpreter cannot start another thread."""
    try:
        start_thread(threading.Thread(target=target, args=args, name="squareconnect-connect", daemon=True))
    except RuntimeError:
        return False
    return True
