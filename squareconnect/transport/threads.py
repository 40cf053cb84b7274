"""The driver for threads: each try is one ``pool_manager.request`` of urllib3.

urllib3 bounds each wait at a socket, but not all of them together; it does not tell a request that never left from one
whose answer was lost; and it keeps a connection on which bytes came that nobody asked for. What makes up for it:

* :class:`_Watched` is mixed into the class that urllib3 makes connections of at that moment, be it urllib3's own or one
  that a tool put there. It connects within the deadline.
* :class:`Wire` stands before the connection's socket, of whatever class that is. It holds every step to the deadline,
  notes when the first byte of a request leaves, and knows whether a byte came that belongs to no answer.
* :class:`_Idle` and :class:`Slots` replace the pool's queue: a signal handler may raise at any moment of a call without
  leaving a lock taken or a place lost.

A program or test may replace any of it. A class that is not one of ``http.client``'s connections is used as it is.
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

from squareconnect.transport.answer import Broken, RESTResponse
from squareconnect.transport.outgoing import something_came, way_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from squareconnect.transport.exchange import Request

_ONCE = urllib3.Retry(False, redirect=False)
_PIECE = 16384
"""The most bytes that are sent within one time-out; over TLS, one record (RFC 8446, 5.1)."""


class Attempt:
    """One try: what the connection that carries it must know, and what it tells of it.

    :param until: the point in monotonic time at which the try ends.
    """

    reached: bool | None = None
    """Whether a byte of the request may have left; None if no connection of ours carried it."""
    first_line = b""
    """The first line of the answer."""
    over = False

    def __init__(self, until: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.until = until
        self.monotonic = monotonic

    @property
    def began(self) -> tuple[int, str] | None:
        """The status and reason of the answer, from its first line on."""
        status = _STATUS.match(self.first_line)
        if status is None or not self.first_line.endswith(b"\n"):
            return None
        return int(status[1]), (status[2] or b"").decode("latin-1").strip()

    def limit(self, timeout: float | None) -> float:
        """Return the seconds that the next step may take: a time-out, or less if the deadline comes before.

        :raises TimeoutError: if it has passed.
        """
        left = self.until - self.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline passed")
        return left if timeout is None or left < timeout else timeout


def _nobody() -> None:
    return None


_current: contextvars.ContextVar[Callable[[], Attempt | None]] = contextvars.ContextVar("attempt", default=_nobody)
"""A weak reference to the try that is being made. A greenlet has a context of its own, as a thread has."""


# -- One connection -------------------------------------------------------------------------------------------------


class Wire(io.RawIOBase):
    """A socket that holds each step to a deadline, and knows of bytes that nobody asked for.

    It has what ``http.client`` and urllib3 use of a socket. Everything that is received passes through one buffer,
    which lives as long as the connection, so that what an answer leaves behind stays in sight.
    """

    closed: Any = False  # pyright: ignore[reportIncompatibleMethodOverride, reportAssignmentType]
    """The socket says whether it is closed; the buffer asks for this before each step."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._timeout: float | None = sock.gettimeout()
        self._timeout_of_sock = self._timeout
        self._reader = _Reader(self)
        self._files = 0
        self._closing = False
        self._peeking = False
        self._tells = isinstance(sock, SocketType)
        """Whether the kernel, and TLS where there is TLS, tell what came. Other sockets have to be read for that."""
        self._pending: Callable[[], int] = getattr(sock, "pending", int)
        """Tells how many bytes TLS has decrypted that nobody has read; ``int()``, 0, without TLS."""
        self.fresh = True
        """Whether no request was sent yet, and so nobody has looked for bytes."""
        self.ended = False
        """Whether the server has closed or broken the connection."""
        self.owner: Callable[[], Attempt | None] = _nobody
        """A weak reference to the try that the connection carries."""
        self.in_head = False
        """Whether the head of an answer is being read: its end is not the connection's end."""

    # What http.client and urllib3 use of a socket.

    def makefile(self, mode: str = "rb", *args: Any, **kwargs: Any) -> _Reader:
        """Return the buffer that the next answer is read from."""
        self._files += 1
        self._reader.readline = self._first_line  # type: ignore[method-assign, assignment]
        self.in_head = True
        return self._reader

    def sendall(self, data: Any) -> None:
        """Send bytes of a request, each piece within the time-out and all of them before the deadline."""
        if self.fresh and self.peek():
            raise http.client.RemoteDisconnected("the server sent an answer before the request")
        self.fresh = False
        self.owner = _current.get()
        if attempt := self.owner():
            attempt.reached = True
        for start in range(0, len(data), _PIECE):
            self._keep_to_deadline()
            self._sock.sendall(data[start : start + _PIECE])

    def settimeout(self, seconds: float | None) -> None:
        """Set the most seconds that each step may take."""
        self._timeout = seconds

    def gettimeout(self) -> float | None:
        """Return the most seconds that each step may take."""
        return self._timeout

    def fileno(self) -> int:
        """Return the socket's file descriptor."""
        return self._sock.fileno()  # type: ignore[no-any-return]

    def shutdown(self, how: int) -> None:
        """End the socket's receiving or sending."""
        self._sock.shutdown(how)

    def close(self) -> None:
        """Close the socket, once the answer that is being read is closed too."""
        self._closing = True
        if self._files == 0:
            self._sock.close()

    def __getattr__(self, name: str) -> Any:
        # Before it is set: an interrupt came. What Python itself looks for: mocket's socket has each name asked for.
        if name == "_sock" or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._sock, name)

    def __del__(self) -> None:
        if sock := getattr(self, "_sock", None):
            sock.close()

    # What the buffer uses.

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Receive into a buffer: a piece within the time-out and before the deadline, or None if only peeking."""
        if self._peeking:
            return self._read_what_came(buffer)
        self._keep_to_deadline()
        count: int = self._sock.recv_into(buffer)
        if count == 0:
            self.ended = True
            if self.in_head:
                raise http.client.RemoteDisconnected("the server closed the connection within the head of its answer")
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
        """Read the first line of an answer, behind all interim ones (RFC 9110, 15.2)."""
        reader = self._reader
        del reader.readline
        line = reader.readline(size)
        while _INTERIM.match(line):
            while reader.readline(size) not in (b"\r\n", b"\n", b""):
                pass
            line = reader.readline(size)
        if attempt := self.owner():
            attempt.first_line = line
        return line

    def file_closed(self) -> None:
        """Note that the answer that was read is closed."""
        self._files = max(self._files - 1, 0)
        if self._closing and self._files == 0:
            self._sock.close()

    # What the connection asks.

    def peek(self) -> bytes:
        """Return bytes that came and belong to no answer, without waiting for any.

        They may be held by the kernel, by each layer of TLS, or by the buffer. A read that does not block asks them
        all, and is not misled by what TLS sends for itself, such as session tickets.
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
    """The buffer of a :class:`Wire`. An answer that closes it closes its own use of it only."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(wire)
        self._wire = wire

    def close(self) -> None:
        """End the answer's use of the buffer."""
        self._wire.file_closed()


_INTERIM = re.compile(rb"HTTP/1\.\d 1\d\d\b")
_STATUS = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})(?: (.*))?")


class _Watched:
    """What is added to a class of connections."""

    debuglevel = 0  # Not what a program sets on http.client's class to print all that is sent: that shows the token.

    sock: Any
    _owner: Callable[[], Attempt | None] = staticmethod(_nobody)
    """A weak reference to the try that it was connected for."""
    _way: tuple[Any, ...] = ()
    """What :func:`way_out` returned when it was connected."""

    @property
    def is_connected(self) -> bool:
        """Whether a request may be sent over this connection. urllib3 asks when it takes it from the pool."""
        wire = self.sock
        if not isinstance(wire, Wire):
            return wire is not None
        return self._way == way_out() and not wire.peek() and not wire.ended

    def connect(self) -> None:
        """Look up the name, connect, pass a proxy and set up TLS, all before the deadline."""
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

    def getresponse(self) -> Any:
        """Read the head of an answer."""
        wire = self.sock
        response = super().getresponse()  # type: ignore[misc]
        if isinstance(wire, Wire):
            wire.in_head = False
        return response

    def close(self) -> None:
        """Close, unless another call is using the connection: an interrupted call's leftovers may still know it."""
        owner = (self.sock.owner if isinstance(self.sock, Wire) else self._owner)()
        if owner is None or owner.over or owner is _current.get()():
            super().close()  # type: ignore[misc]


@cache
def _watched(connection_class: Any) -> Any:
    """Return a class of connections with :class:`_Watched` mixed in; a class of another kind as it is."""
    if isinstance(connection_class, type) and issubclass(connection_class, http.client.HTTPConnection):
        return type(connection_class.__name__, (_Watched, connection_class), {})
    return connection_class


def _in_time(step: Callable[[], object], attempt: Attempt | None, undo: Callable[[], object]) -> None:
    """Run a step on a thread of its own, for nothing else ends a name lookup in time.

    :param undo: called when the step ends after all, once it was given up.
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
    """Take what only one of two threads gets, and return whether this one did."""
    try:
        handover.pop()
    except IndexError:
        return False
    return True


def _started(target: Callable[..., object], *args: Any) -> bool:
    """Start a thread that does not keep the program from ending. False where the interpreter has no more threads."""
    handled = sys.exc_info()[1]
    try:
        threading.Thread(target=target, args=args, name="squareconnect-connect", daemon=True).start()
    except RuntimeError as error:
        interruption = error.__context__  # An interrupt of start() comes as "release unlocked lock"; the thread runs.
        if interruption is not None and interruption is not handled:
            raise interruption from None
        return False
    return True


# -- A pool ---------------------------------------------------------------------------------------------------------


class _Idle:
    """What a pool uses of ``queue.LifoQueue``, without a lock that an interrupt could leave taken."""

    def __init__(self, maxsize: int = 0) -> None:
        self._most = maxsize
        self._items: deque[Any] = deque()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Return the newest item.

        :raises queue.Empty: if there is none.
        """
        try:
            return self._items.pop()
        except IndexError:
            raise queue.Empty from None

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Add an item.

        :raises queue.Full: if there are as many as there may be.
        """
        if len(self._items) >= self._most:
            raise queue.Full
        self._items.append(item)

    def qsize(self) -> int:
        """Return how many items there are."""
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
    """Mixed into urllib3's pool managers: their pools are the two above."""

    pools: Any

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._by_place: weakref.WeakValueDictionary[tuple[Any, ...], Any] = weakref.WeakValueDictionary()

    def connection_from_host(
        self, host: Any, port: Any = None, scheme: Any = "http", pool_kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Return the pool for a scheme, host and port: the one that it was before, without making urllib3's key."""
        if pool_kwargs:
            return super().connection_from_host(host, port, scheme, pool_kwargs)  # type: ignore[misc]
        pool = self._by_place.get((scheme, host, port))
        if pool is None:
            pool = super().connection_from_host(host, port, scheme)  # type: ignore[misc]
            self._by_place[scheme, host, port] = pool
        return pool

    def clear(self) -> None:
        """Close the pools, and make new ones when they are needed."""
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
    """Return a class of pool managers with our pools; what a program put in its place as it is."""
    if isinstance(manager_class, type) and issubclass(manager_class, urllib3.PoolManager):
        return type(manager_class.__name__, (_OurPools, manager_class), {})
    return manager_class


def is_replaced() -> bool:
    """Return whether a program or test has put other classes in place of urllib3's pool managers."""
    own = urllib3.poolmanager
    return urllib3.PoolManager is not own.PoolManager or urllib3.ProxyManager is not own.ProxyManager


def pool_manager(**options: Any) -> Any:
    """Return ``urllib3.PoolManager(**options)`` with our pools."""
    return _with_our_pools(urllib3.PoolManager)(**options)


def proxy_manager(**options: Any) -> Any:
    """Return ``urllib3.ProxyManager(**options)`` with our pools."""
    return _with_our_pools(urllib3.ProxyManager)(**options)


class Slots:
    """Bounds how many tries are made at a time. An interrupt at any moment loses no place and adds none.

    :param most: how many there may be.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._holders: set[weakref.ref[Attempt]] = set()
        self._waiting: deque[Any] = deque()

    def take(self, attempt: Attempt) -> None:
        """Wait for a place. It is free again after :meth:`free`, or when the attempt is collected.

        :raises TimeoutError: if there is none before the deadline.
        """
        place = weakref.ref(attempt, self._holders.discard)
        hash(place)  # It keeps its hash, which it could not find any more once the try is gone.
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
                # Should an interrupt have swallowed a wake-up, the next look is soon.
                turn.acquire(timeout=attempt.limit(0.1))
        finally:
            with self._lock, suppress(ValueError):
                self._waiting.remove(turn)

    def free(self, attempt: Attempt) -> None:
        """Free the attempt's place, and wake the one that has waited longest."""
        with self._lock:
            self._holders.discard(weakref.ref(attempt))
            if self._waiting:
                self._waiting.popleft().release()


# -- The driver -----------------------------------------------------------------------------------------------------


def send(
    manager: Any, request: Request, attempt: Attempt, times: tuple[float, float], limit: int
) -> RESTResponse | Broken:
    """Try once.

    What urllib3 raises comes back without its tracebacks, whose local variables hold the token.

    :param manager: urllib3's pool manager, or what a program put in its place.
    :param times: the seconds that connecting may take, and each piece of the answer.
    :param limit: the most bytes of the body that are of use.
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
            headers={name: value if type(value) is str else str(value) for name, value in request.headers.items()},
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
    except BaseException as interruption:  # What a signal handler or a program's own pool manager raises.
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
    """Read the body, at most one byte more than the limit, appending each piece as it comes."""
    left = limit + 1
    whole = False
    try:
        while left > 0 and response.length_remaining != 0:
            piece = response.read1(min(left, 65536), decode_content=False)
            if not piece:
                break
            content.append(piece)
            left -= len(piece)
        whole = left > 0
        if whole and not content:  # A program that makes urllib3's response itself may give it the body as bytes.
            content.append(response.data or b"")
    finally:
        if not whole:
            response.close()
        response.release_conn()  # urllib3 does so only where it has read something.


def _stand_in(answer: Any) -> RESTResponse:
    """Return what a program's own pool manager answers as an answer of ours.

    :raises TypeError: if it has no status, or no body.
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
    """Two time-outs that count nothing, so that every request can have the same object: a :class:`Wire` counts."""

    def clone(self) -> urllib3.Timeout:
        """Return itself."""
        return self

    def start_connect(self) -> float:
        """Count nothing."""
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
    """Return what happened."""
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
"""What urllib3 raises before a byte of a request leaves: all there is to tell where a program replaced connections."""
