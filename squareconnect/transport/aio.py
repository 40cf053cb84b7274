"""The driver for asyncio: its own connections, built on the event loop's methods and h11.

A client has one :class:`_LoopPool` for each event loop that uses it. The pool manages the slots that calls take, and
the connections. Each :class:`_Route` keeps its idle connections::

    a call -> a slot -> an idle connection of the route, or a new one -> the request and its answer
                                                                         (aio_connection.py)

A call takes a slot before it takes a connection. There are no more connections than slots. However a call ends, its
slot is freed. Its connection is closed unless the complete answer came, and nothing else.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit

import urllib3
from urllib3.util import parse_url

from squareconnect.transport.aio_connection import Connection, Message, reason_of
from squareconnect.transport.aio_dial import dial
from squareconnect.transport.aio_tasks import on_another_thread, with_time_limit
from squareconnect.transport.answer import Broken, Judged, RESTResponse, is_success, judge
from squareconnect.transport.exchange import Clock, Pause, exchange
from squareconnect.transport.outgoing import (
    basic_credentials,
    exposed_to_others,
    is_exposed,
    proxy_for,
    tls_context,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from squareconnect.configuration import Configuration
    from squareconnect.transport.exchange import Request, Rules

_CLOSED = Broken("the client was closed", late=False, reached=False, final=True)
_NO_CONNECTION_FREE = Broken("TimeoutError: no connection was free before the deadline", late=True, reached=False)
_LARGE = 65536
"""A body of this many bytes or more is not parsed on the event loop's thread."""
_LARGE_COMPRESSED = 4096
"""The same limit for a compressed body, which may expand a thousandfold."""
_MAX_ROUTES = 4
"""The maximum number of origins that connections are kept to."""
_PRINTABLE = bytes(range(0x21, 0x7F))
"""The bytes that the target of a request contains unquoted."""
_PORTS = {"http": 80, "https": 443}


class AsyncConnections:
    """Makes calls on asyncio, over connections that it keeps for each event loop separately.

    :param configuration: the settings of TLS, proxy and pool are read now.
    :param clock: time and randomness, for the rules.
    :param sleep: waits between two tries; by default a wait that :meth:`close` ends.
    """

    def __init__(
        self,
        configuration: Configuration,
        clock: Clock = Clock(),  # noqa: B008 (it does not change)
        sleep: Callable[[float], Awaitable[object]] | None = None,
    ) -> None:
        self.clock = clock
        self.sleep = sleep
        self._proxy = configuration.proxy
        self._max_connections = configuration.connection_pool_maxsize
        self._tls_settings = (
            configuration.verify_ssl,
            configuration.ssl_ca_cert,
            configuration.cert_file,
            configuration.key_file,
        )
        self._tls: dict[type, ssl.SSLContext] = {}
        self._pools: dict[asyncio.AbstractEventLoop, _LoopPool] = {}

    async def send(
        self,
        request: Request,
        origin: str,
        target: str,
        rules: Rules,
        times: tuple[float, float],
        allow_exposed: bool = False,
    ) -> RESTResponse:
        """Make a call; see :func:`exchange`.

        :param origin: the scheme, host and port of the request's URL.
        :param target: the path and query of the request's URL.
        :param times: the time-outs, in seconds, of each step of connecting and of each piece of the answer.
        :param allow_exposed: whether the request may go over plain HTTP to or through another machine.
        :raises InvalidArgument: if ``allow_exposed`` is needed and not set; no connection is opened.
        :raises ValueError: for a proxy or certificate that cannot be used; no connection is opened.
        :raises RuntimeError: if a recorder or mock intercepts urllib3, because this driver would bypass it; nothing is
            sent.
        """
        pool = self._pool()
        route = pool.routes.get(origin) or self._route(pool, origin)
        if route.exposed and not allow_exposed:
            raise exposed_to_others(origin)
        message = route.message(request, target)
        steps = exchange(rules, self.clock)
        step = next(steps)
        try:
            while True:
                outcome: Any = None
                if isinstance(step, Pause):
                    await (self.sleep or pool.pause)(step.seconds)
                else:
                    require_unpatched_urllib3()
                    left = step.until - self.clock.monotonic()
                    outcome = await pool.answer(route, message, rules.max_response_size, times, left)
                    outcome = await _judged(outcome, rules.max_response_size)
                step = steps.send(outcome)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]

    async def close(self) -> None:
        """Close all connections. Calls in flight fail. A later call opens new connections."""
        pools, self._pools = self._pools, {}
        here = asyncio.get_running_loop()
        for loop, pool in pools.items():
            if loop is here:
                await pool.close()
            else:
                pool.close_from_outside()

    def __del__(self) -> None:
        for pool in vars(self).get("_pools", {}).values():
            pool.close_from_outside()

    def _pool(self) -> _LoopPool:
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop)
        if pool is None:
            for other in [other for other in list(self._pools) if other.is_closed()]:
                self._pools.pop(other).close_from_outside()
            pool = self._pools[loop] = _LoopPool(loop, self._max_connections)
        return pool

    def _route(self, pool: _LoopPool, origin: str) -> _Route:
        while len(pool.routes) >= _MAX_ROUTES:
            pool.drop_route(next(iter(pool.routes)))
        route = pool.routes[origin] = _Route(origin, proxy_for(origin, self._proxy), self._tls_context)
        return route

    def _tls_context(self) -> ssl.SSLContext:
        known = self._tls.get(ssl.SSLContext)  # truststore and other tools replace the class.
        if known is None:
            known = self._tls[ssl.SSLContext] = tls_context(*self._tls_settings)
            known.set_alpn_protocols(["http/1.1"])
        return known


def require_unpatched_urllib3() -> None:
    """Check that no recorder or mock, such as vcrpy or pook, intercepts urllib3: this driver would bypass it.

    Wrappers that only observe, such as those of tracers, are accepted: they carry the name of what they wrap.

    :raises RuntimeError: if a tool intercepts urllib3. The message names the tool.
    """
    plain, secure, manager = urllib3.HTTPConnectionPool, urllib3.HTTPSConnectionPool, urllib3.PoolManager
    _require_from_urllib3(plain.ConnectionCls, secure.ConnectionCls, plain.urlopen, manager.urlopen, manager.request)


@lru_cache(maxsize=16)
def _require_from_urllib3(*parts: object) -> None:
    for part in parts:
        module = str(getattr(part, "__module__", ""))
        if module.partition(".")[0] != "urllib3":
            raise RuntimeError(
                f"{module or part} intercepts urllib3 and would not see this request, because AsyncApiClient does not "
                "use urllib3: write AsyncCustomersApi(ApiClient(...)), whose calls go through urllib3"
            )


async def _judged(outcome: RESTResponse | Broken, limit: int) -> RESTResponse | Broken | Judged:
    """Judge a large answer on another thread, because decompressing it would block the event loop."""
    answer = outcome.answer if isinstance(outcome, Broken) else outcome
    if answer is None:
        return outcome
    size = len(answer.content)
    if size < _LARGE_COMPRESSED:
        return outcome
    compressed = answer.headers.get("Content-Encoding", "identity").strip().lower() != "identity"
    if not compressed and (size < _LARGE or is_success(answer.status)):
        return outcome
    return Judged(await on_another_thread(judge, outcome, limit), isinstance(outcome, Broken) and outcome.final)


class _Address(NamedTuple):
    """The address that a connection goes to."""

    host: str
    port: int
    secure: bool

    @classmethod
    def of(cls, url: str) -> _Address:
        parts = urlsplit(url)
        return cls(parts.hostname or "", parts.port or _PORTS[parts.scheme], parts.scheme == "https")

    @property
    def name(self) -> str:
        """The name to expect in the certificate."""
        return self.host.rstrip(".")

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class _Route:
    """The route to one origin, and its idle connections.

    :param origin: scheme, host and port.
    :param proxy: the URL of the proxy to use, or an empty string.
    """

    def __init__(self, origin: str, proxy: str, tls_context: Callable[[], ssl.SSLContext]) -> None:
        self.proxy = proxy
        self.exposed = is_exposed(origin, proxy)
        self.idle: deque[Connection] = deque()
        self.dropped = False
        self._server = _Address.of(origin)
        self._proxy = _Address.of(proxy) if proxy else None
        self._tls = tls_context
        if self._server.secure or (self._proxy and self._proxy.secure):
            tls_context()  # Refuse unusable certificates before a connection is opened.
        self._forwarded = self._proxy is not None and not self._server.secure
        self._prefix = origin if self._forwarded else ""
        self._host = ("Host", origin.partition("://")[2])
        auth = parse_url(proxy).auth if proxy else None
        self._proxy_headers: list[tuple[str, str]] = [("Proxy-Authorization", basic_credentials(auth))] if auth else []

    def message(self, request: Request, target: str) -> Message:
        """Return a request as it is sent on this route."""
        headers = list(request.headers.items())
        if "host" not in map(str.lower, request.headers):
            headers.insert(0, self._host)
        if self._forwarded:
            headers += self._proxy_headers
        body = request.body.encode() if isinstance(request.body, str) else request.body
        if body is None and request.method in ("POST", "PUT", "PATCH"):
            body = b""
        if not target.isascii():
            target = quote(target, safe=_PRINTABLE)
        return Message(request.method, self._prefix + target, headers, body)

    async def connect(self, seconds: float, all_open: dict[Connection, None]) -> Connection:
        """Return a new connection.

        :param seconds: how long each step may take.
        :param all_open: contains the connection while it is open.
        :raises OSError: if no connection can be made, including ``TimeoutError``.
        """
        first = self._proxy or self._server
        connection = Connection(await dial(first.host, first.port, seconds), all_open)
        await connection.start()
        try:
            if first.secure:
                await self._secure(connection, first, seconds)
            if self._proxy and not self._forwarded:
                headers = [("Host", str(self._server)), *self._proxy_headers]
                passing = connection.tunnel(str(self._server), headers)
                await with_time_limit(passing, seconds, "the proxy did not open the tunnel in time")
                await self._secure(connection, self._server, seconds)
        except BaseException:
            connection.abort()
            raise
        return connection

    async def _secure(self, connection: Connection, address: _Address, seconds: float) -> None:
        shaking = connection.secure(self._tls(), address.name)
        await with_time_limit(shaking, seconds, f"{address} did not set up TLS in time")


class _LoopPool:
    """The slots and connections that a client has in one event loop.

    :param max_connections: the maximum number of connections.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, max_connections: int) -> None:
        self.routes: dict[str, _Route] = {}
        self._loop = loop
        self._max_connections = max_connections
        self._free = max_connections
        self._waiting: deque[asyncio.Future[bool]] = deque()
        self._pauses: set[asyncio.Future[None]] = set()
        self._opening: set[asyncio.Future[Connection]] = set()
        self._open: dict[Connection, None] = {}
        self._closed = False

    async def answer(
        self, route: _Route, message: Message, limit: int, times: tuple[float, float], left: float
    ) -> RESTResponse | Broken:
        """Send a request once; see :meth:`Connection.send_request`.

        :param left: the seconds until the deadline.
        """
        until = self._loop.time() + left
        if self._closed:
            return _CLOSED
        if self._free and not self._waiting:
            self._free -= 1
        elif not await self._wait_for_slot(left):
            return _CLOSED if self._closed else _NO_CONNECTION_FREE
        try:
            connection = await self._connection(route, times[0], until)
            if isinstance(connection, Broken):
                return connection
            outcome = await connection.send_request(message, limit, times[1], until - self._loop.time())
            if connection.usable:
                self._keep(route, connection)
            return outcome
        finally:
            self._free_slot()

    async def pause(self, seconds: float) -> None:
        """Wait for some seconds, or until the client is closed."""
        if self._closed:
            return
        ended = self._loop.create_future()
        timer = self._loop.call_later(seconds, _set, ended, None)
        self._pauses.add(ended)
        try:
            await ended
        finally:
            timer.cancel()
            self._pauses.discard(ended)

    def drop_route(self, origin: str) -> None:
        """Close the idle connections to an origin, and keep no further ones."""
        route = self.routes.pop(origin)
        route.dropped = True
        for connection in list(route.idle):
            connection.abort()

    async def close(self) -> None:
        """End all calls and close all connections."""
        self._end_all()
        while self._open:
            await asyncio.sleep(0)

    def close_from_outside(self) -> None:
        """Close from outside the event loop, which may run in another thread or be closed already."""
        try:
            self._loop.call_soon_threadsafe(self._end_all)
        except RuntimeError:  # The loop is closed.
            for connection in list(self._open):
                connection.close_socket()

    def _end_all(self) -> None:
        self._closed = True
        for slot in self._waiting:
            _set(slot, False)
        for ended in list(self._pauses):
            _set(ended, None)
        for opening in list(self._opening):
            opening.cancel()
        for connection in list(self._open):
            connection.fail(_CLOSED.reason, final=True)

    # -- Slots ------------------------------------------------------------------------------------------------------

    async def _wait_for_slot(self, left: float) -> bool:
        """Wait for a slot. Return whether one became free in time."""
        slot: asyncio.Future[bool] = self._loop.create_future()
        timer = self._loop.call_later(left, _set, slot, False)
        self._waiting.append(slot)
        try:
            return await slot
        except BaseException:
            if slot.done() and not slot.cancelled() and slot.result():
                self._free_slot()
            raise
        finally:
            timer.cancel()
            with suppress(ValueError):
                self._waiting.remove(slot)

    def _free_slot(self) -> None:
        while self._waiting:
            slot = self._waiting.popleft()
            if not slot.done():
                slot.set_result(True)
                return
        self._free += 1

    # -- Connections ------------------------------------------------------------------------------------------------

    async def _connection(self, route: _Route, seconds: float, until: float) -> Connection | Broken:
        while route.idle:
            connection = route.idle.pop()
            if await connection.is_quiet():
                return connection
        connection_or_broken = await self._opened(route, seconds, until)
        if isinstance(connection_or_broken, Broken) or await connection_or_broken.is_quiet():
            return connection_or_broken
        return Broken("the server sent an answer before the request", late=False, reached=False)

    async def _opened(self, route: _Route, seconds: float, until: float) -> Connection | Broken:
        if len(self._open) >= self._max_connections:
            self._close_idle_connection()
        opening = asyncio.ensure_future(self._open_on(route, seconds))
        self._opening.add(opening)
        try:
            return await with_time_limit(
                opening, until - self._loop.time(), "no connection could be made before the deadline", Connection.abort
            )
        except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: no thread can be started for a lookup.
            if isinstance(error, RuntimeError) and type(error) is not RuntimeError:
                raise  # A tool's own refusal, such as pytest-socket's, reaches the caller, as in the threads' driver.
            reason, late = reason_of(error), isinstance(error, TimeoutError)
        finally:
            self._opening.discard(opening)
        if self._closed:
            return _CLOSED
        return Broken(f"at the proxy, {reason}" if route.proxy else reason, late, reached=False)

    async def _open_on(self, route: _Route, seconds: float) -> Connection:
        try:
            return await route.connect(seconds, self._open)
        except asyncio.CancelledError:
            if self._closed:
                raise ConnectionError(_CLOSED.reason) from None
            raise

    def _close_idle_connection(self) -> None:
        idle = [each for route in self.routes.values() for each in route.idle if each.usable]
        for connection in idle[:1]:
            connection.abort()

    def _keep(self, route: _Route, connection: Connection) -> None:
        if self._closed or route.dropped:
            connection.abort()
        else:
            route.idle.append(connection)


def _set(future: asyncio.Future[Any], value: Any) -> None:
    with suppress(asyncio.InvalidStateError):
        future.set_result(value)
