"""The driver for threads: each try is one ``pool_manager.request`` of urllib3.

urllib3 limits each wait at a socket, but not their sum. It does not distinguish a request that was never sent from one
whose answer was lost. It keeps a connection that received unsolicited bytes. These classes make up for it:

* :class:`_Watched` is mixed into the connection class that urllib3 uses at that moment, either urllib3's own or one
  that a tool put there. It connects within the deadline.
* :class:`Wire` wraps the connection's socket, whatever its class. It keeps every step within the deadline, notes when
  the first byte of a request is sent, and detects bytes that belong to no answer.
* :class:`_Idle` and :class:`Slots` replace the pool's queue. If a signal handler raises during a call, no lock stays
  taken and no slot is lost.

A program or test may replace any of these. A class that does not derive from ``http.client``'s connections is used
unchanged.
"""

from __future__ import annotations

import contextvars
import http.client
import io
import queue
import re
import ssl
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from functools import cache, lru_cache
from socket import SocketType
from typing import TYPE_CHECKING, Any

import urllib3
from urllib3.exceptions import (
    ClosedPoolError,
    ConnectTimeoutError,
    EmptyPoolError,
    HTTPError,
    LocationParseError,
    LocationValueError,
    NewConnectionError,
    ProxyError,
)
from urllib3.exceptions import TimeoutError as HTTPTimeout

from squareconnect.transport.answer import STATUS_LINE, Broken, RESTResponse
from squareconnect.transport.outgoing import something_came, way_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from squareconnect.transport.exchange import Request

_ONCE = urllib3.Retry(False, redirect=False)
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


_current: contextvars.ContextVar[Callable[[], Attempt | None]] = contextvars.ContextVar("attempt", default=_nobody)
"""A weak reference to the current try. A greenlet has its own context, like a thread."""


# -- One connection -------------------------------------------------------------------------------------------------


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
        self.owner = _current.get()
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
        if self._tells and not something_came(self._sock) and not self._pending():
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


class _Watched:
    """Mixed into a connection class."""

    debuglevel = 0  # Overrides what a program sets on http.client's class to print all traffic: that shows the token.

    sock: Any
    _owner: Callable[[], Attempt | None] = staticmethod(_nobody)
    """A weak reference to the try that opened the connection."""
    _way: tuple[Any, ...] = ()
    """What :func:`way_out` returned when the connection was opened."""
    _head: bytes | None = None
    """The head of a request, kept until its body comes: empty until the head comes, None if none is kept."""

    @property
    def is_connected(self) -> bool:
        """Whether a request may be sent over this connection. urllib3 checks it on taking one from the pool."""
        wire = self.sock
        if not isinstance(wire, Wire):
            return wire is not None
        wire.owner = _current.get()  # The call before may not quite have ended, and urllib3 closes the connection now.
        return self._way == way_out() and not wire.peek() and not wire.ended

    def connect(self) -> None:
        """Look up the name, connect, go through any proxy and set up TLS, all before the deadline."""
        self._owner = _current.get()
        attempt = self._owner()
        try:
            _in_time(super().connect, attempt, self.close)  # type: ignore[misc]
        finally:
            if attempt:
                attempt.reached = False
        self._way = way_out()
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
        if owner is None or owner.over or owner is _current.get()():
            super().close()  # type: ignore[misc]


@cache
def _watched(connection_class: Any) -> Any:
    """Return a connection class with :class:`_Watched` mixed in. Return any other class unchanged."""
    if isinstance(connection_class, type) and issubclass(connection_class, http.client.HTTPConnection):
        return type(connection_class.__name__, (_Watched, connection_class), {})
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


def start_thread(thread: threading.Thread) -> None:
    """Start a thread.

    :raises RuntimeError: if the interpreter cannot start another thread.
    """
    handled = sys.exc_info()[1]
    try:
        thread.start()
    except RuntimeError as error:
        # If a signal handler raises within start(), the thread runs, and "release unlocked lock" hides the interrupt.
        interruption = error.__context__
        if interruption is not None and interruption is not handled:
            raise interruption from None
        raise


# -- A pool ---------------------------------------------------------------------------------------------------------


class _Idle:
    """The part of ``queue.LifoQueue`` that a pool uses, without a lock that an interrupt could leave taken."""

    def __init__(self, maxsize: int = 0) -> None:
        self._most = maxsize
        self._items: deque[Any] = deque()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Return the newest item.

        :raises queue.Empty: if there are no items.
        """
        try:
            return self._items.pop()
        except IndexError:
            raise queue.Empty from None

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Add an item.

        :raises queue.Full: if ``maxsize`` is reached.
        """
        if len(self._items) >= self._most:
            raise queue.Full
        self._items.append(item)

    def qsize(self) -> int:
        """Return the number of items."""
        return len(self._items)


class _HTTPPool(urllib3.HTTPConnectionPool):
    QueueCls: Any = _Idle

    @property
    def ConnectionCls(self) -> Any:  # type: ignore[override]  # noqa: N802
        return _watched(urllib3.HTTPConnectionPool.ConnectionCls)


class _HTTPSPool(urllib3.HTTPSConnectionPool):
    QueueCls: Any = _Idle

    @property
    def ConnectionCls(self) -> Any:  # type: ignore[override]  # noqa: N802
        return _watched(urllib3.HTTPSConnectionPool.ConnectionCls)


class _OurPools:
    """Mixed into urllib3's pool managers, to make them use the two pools above."""

    pools: Any

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._by_place: weakref.WeakValueDictionary[tuple[Any, ...], Any] = weakref.WeakValueDictionary()

    def connection_from_host(
        self, host: Any, port: Any = None, scheme: Any = "http", pool_kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Return the pool for a scheme, host and port. A known pool is found without building urllib3's pool key."""
        if pool_kwargs:
            return super().connection_from_host(host, port, scheme, pool_kwargs)  # type: ignore[misc]
        pool = self._by_place.get((scheme, host, port))
        if pool is None:
            pool = super().connection_from_host(host, port, scheme)  # type: ignore[misc]
            self._by_place[scheme, host, port] = pool
        return pool

    def clear(self) -> None:
        """Close the pools. New ones are made when they are needed."""
        self._by_place.clear()
        super().clear()  # type: ignore[misc]

    def connection_from_pool_key(self, pool_key: Any, request_context: dict[str, Any]) -> Any:
        """Return the pool for a scheme, host and port."""
        with self.pools.lock:
            pool = self.pools.get(pool_key)
            if pool is None:
                pool = self.pools[pool_key] = _pool(**request_context)
        return pool


def _pool(scheme: str, host: str, port: int, ssl_context: Any = None, **options: Any) -> urllib3.HTTPConnectionPool:
    if scheme == "https":
        return _HTTPSPool(host, port, ssl_context=ssl_context, **options)
    return _HTTPPool(host, port, **options)


@cache
def _with_our_pools(manager_class: Any) -> Any:
    """Return a pool manager class that uses our pools. Return a program's replacement unchanged."""
    if isinstance(manager_class, type) and issubclass(manager_class, urllib3.PoolManager):
        return type(manager_class.__name__, (_OurPools, manager_class), {})
    return manager_class


def is_replaced() -> bool:
    """Return whether a program or test has replaced urllib3's pool managers with other classes."""
    own = urllib3.poolmanager
    return urllib3.PoolManager is not own.PoolManager or urllib3.ProxyManager is not own.ProxyManager


def pool_manager(**options: Any) -> Any:
    """Return ``urllib3.PoolManager(**options)`` with our pools."""
    return _with_our_pools(urllib3.PoolManager)(**options)


def proxy_manager(**options: Any) -> Any:
    """Return ``urllib3.ProxyManager(**options)`` with our pools."""
    return _with_our_pools(urllib3.ProxyManager)(**options)


class Slots:
    """Limits how many tries run at a time. An interrupt at any moment neither loses nor adds a slot.

    :param most: the number of slots.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._holders: set[weakref.ref[Attempt]] = set()
        self._waiting: deque[Any] = deque()

    def take(self, attempt: Attempt) -> None:
        """Wait for a slot. It is free again after :meth:`free`, or when the attempt is garbage-collected.

        :raises TimeoutError: if no slot becomes free before the deadline.
        """
        place = weakref.ref(attempt, self._holders.discard)
        hash(place)  # This caches the hash, which cannot be computed once the attempt is gone.
        with self._lock:
            if len(self._holders) < self._most:
                self._holders.add(place)
                return
        self._wait(place, attempt)

    def _taken(self, place: weakref.ref[Attempt], turn: Any) -> bool:
        with self._lock:
            if len(self._holders) < self._most:
                self._holders.add(place)
                return True
            if turn not in self._waiting:
                self._waiting.append(turn)
        return False

    def _wait(self, place: weakref.ref[Attempt], attempt: Attempt) -> None:
        turn = threading.Lock()
        turn.acquire()
        try:
            while not self._taken(place, turn):
                # If an interrupt has lost a wake-up, check again soon.
                turn.acquire(timeout=attempt.limit(0.1))
        finally:
            with self._lock, suppress(ValueError):
                self._waiting.remove(turn)

    def free(self, attempt: Attempt) -> None:
        """Free the attempt's slot, and wake the try that has waited longest."""
        with self._lock:
            self._holders.discard(weakref.ref(attempt))
            if self._waiting:
                with suppress(RuntimeError):  # It was woken before, just after its wait had timed out.
                    self._waiting.popleft().release()


# -- The driver -----------------------------------------------------------------------------------------------------


def send(
    manager: Any, request: Request, attempt: Attempt, times: tuple[float, float], limit: int
) -> RESTResponse | Broken:
    """Send the request once.

    urllib3's exceptions are returned without their tracebacks, whose local variables hold the token.

    :param manager: urllib3's pool manager, or a program's replacement for it.
    :param times: the time-outs, in seconds, of connecting and of each piece of the answer.
    :param limit: the maximum size of the body, in bytes.
    """
    content: list[bytes] = []
    response: Any = None
    before = _current.set(weakref.ref(attempt))
    try:
        left = attempt.limit(None)
        response = manager.request(
            request.method,
            request.url,
            body=request.body,
            headers=dict(zip(request.headers, map(str, request.headers.values()), strict=True)),
            timeout=_times(min(times[0], left), min(times[1], left)),
            retries=_ONCE,
            redirect=False,
            preload_content=False,
        )
        if type(response) is not urllib3.HTTPResponse and not isinstance(response, urllib3.BaseHTTPResponse):
            return _stand_in(response)
        _read(response, content, limit)
    except (HTTPError, http.client.HTTPException, OSError, ValueError) as error:
        broken = _explain(error, attempt)
    except BaseException as interruption:  # Raised by a signal handler or a program's own pool manager.
        if isinstance(response, urllib3.BaseHTTPResponse):
            response.close()
        interruption.__context__ = None
        raise interruption.with_traceback(None) from None
    else:
        return RESTResponse(response.status, response.reason, response.headers, b"".join(content))
    finally:
        attempt.over = True
        _current.reset(before)
    if response is not None:
        came = RESTResponse(response.status, response.reason, response.headers, b"".join(content))
    elif attempt.began:
        came = RESTResponse(*attempt.began, urllib3.HTTPHeaderDict(), b"")
    else:
        return broken
    return broken._replace(reached=True, answer=came)


def _read(response: urllib3.BaseHTTPResponse, content: list[bytes], limit: int) -> None:
    """Read the body, at most one byte more than the limit, and append each piece as it arrives."""
    # A 204 or 304 has no body, even if it announces chunks (RFC 9112, 6.3). http.client would wait for them.
    left = 0 if response.chunked and response.status in (204, 304) else limit + 1
    whole = False
    try:
        while left > 0 and response.length_remaining != 0:
            piece = response.read1(min(left, 65536), decode_content=False)
            if not piece:
                break
            content.append(piece)
            left -= len(piece)
        whole = left > 0
        if whole and not content:  # A program that creates urllib3's response itself may pass the body as bytes.
            content.append(response.data or b"")
    finally:
        if not whole:
            response.close()
        response.release_conn()  # urllib3 releases it only after reading something.


def _stand_in(answer: Any) -> RESTResponse:
    """Convert the answer of a program's own pool manager to a :class:`RESTResponse`.

    :raises TypeError: if the answer has no status or no body.
    """
    problem = (
        "pool_manager.request must return an answer with an int as status, and with data (str or bytes) or stream(), "
        f"not {type(answer).__name__}"
    )
    content = getattr(answer, "data", None)
    if type(getattr(answer, "status", None)) is not int:
        raise TypeError(problem)
    if not isinstance(content, (str, bytes)):
        if not hasattr(answer, "stream"):
            raise TypeError(problem)
        content = b"".join(answer.stream())
    headers = answer.getheaders() if hasattr(answer, "getheaders") else getattr(answer, "headers", None)
    known = headers if isinstance(headers, (Mapping, list, tuple)) else ()
    reason = answer.reason if isinstance(answer.reason, str) else None
    body = content.encode() if isinstance(content, str) else content
    return RESTResponse(answer.status, reason, urllib3.HTTPHeaderDict(known), body)


class _Times(urllib3.Timeout):
    """Two time-outs that all requests can share: they measure no time, because :class:`Wire` does."""

    def clone(self) -> urllib3.Timeout:
        """Return itself."""
        return self

    def start_connect(self) -> float:
        """Return 0: no time is measured here."""
        return 0.0


@lru_cache
def _times(connect: float, read: float) -> urllib3.Timeout:
    return _Times(connect=connect, read=read)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or next((arg for arg in cause.args if isinstance(arg, Exception)), None)


def _explain(error: BaseException, attempt: Attempt) -> Broken:
    """Return what happened, as a :class:`Broken`."""
    causes = list(_causes(error))
    late = any(isinstance(each, _LATE) and not isinstance(each, NewConnectionError) for each in causes)
    innermost = causes[-1]
    reason = f"{type(innermost).__name__}: {innermost}" if str(innermost) else type(innermost).__name__
    if any(isinstance(each, ProxyError) for each in causes):
        reason = f"at the proxy, {reason}"
    may_have_reached = not any(isinstance(each, _NEVER_LEFT) for each in causes)
    return Broken(reason, late, may_have_reached if attempt.reached is None else attempt.reached)


_LATE = (TimeoutError, HTTPTimeout, EmptyPoolError)
_NEVER_LEFT = (
    ClosedPoolError,
    ConnectTimeoutError,
    EmptyPoolError,
    LocationParseError,
    LocationValueError,
    NewConnectionError,
)
"""What urllib3 raises before it sends a byte. If a program replaced the connections, there is no other evidence."""
