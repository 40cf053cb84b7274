"""The emulator as an object: a server on a free port, in its own thread."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import ssl
from contextlib import closing
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from weakref import WeakSet

from squareconnect.emulator.app import App, body_limit
from squareconnect.emulator.clock import utc_now
from squareconnect.emulator.guard import Guard, is_loopback
from squareconnect.emulator.service import Service
from squareconnect.emulator.state import State
from squareconnect.emulator.wire import WebServer

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from datetime import datetime
    from os import PathLike
    from types import EllipsisType, TracebackType

    from typing_extensions import Self

    from squareconnect.emulator.clock import Clock
    from squareconnect.emulator.faults import Fault
    from squareconnect.emulator.journal import Journal
    from squareconnect.emulator.seeding import Seed

T = TypeVar("T")

DEFAULT_ACCESS_TOKEN = "emulator-access-token"  # noqa: S105 - it only opens a toy on this machine

_ACCESS_TOKEN = re.compile("[!-~]([ -~]*[!-~])?")
_HOST = "127.0.0.1"
_STOP_SECONDS = 0.002

# The emulator is silent, unless the program that uses it listens to this logger.
logging.getLogger("squareconnect.emulator").addHandler(logging.NullHandler())


class Emulator:
    """A local Square that clients talk to over HTTP.

    It serves between `start` and `stop`, or within a `with` block::

        with Emulator(seed=1, clock="2026-01-01T00:00:00Z") as square:
            square.seed(100)
            square.fail("create_customer", status=503, times=2)
            print(square.url, square.access_token)

    Each emulator has its own customers, unless two use the same database file. Any thread may use it. Methods that need
    customers, such as `seed`, raise RuntimeError while the emulator is not running, and sqlite3.Error if another
    process keeps the database file locked.

    :param port: the port to listen on, 1 to 65535; 0 for any free one.
    :param database: the SQLite file to store everything in, created if it is missing; None for memory.
    :param access_token: the token that clients must send, printable ASCII; `emulator-access-token` if None.
    :param now: returns the time, with a time zone, for `created_at` and similar fields; by default the real one.
    :param seed: a number that makes identifiers the same in every run; None for random identifiers.
    :param clock: the time at which the clock stands still until it is advanced, as RFC 3339 or a `datetime` with a time
        zone; None for a running clock.
    :param journal: how many requests the journal keeps; older ones are dropped.
    :param customers: the customers at the start and after each reset, as `seed` takes them; None for none. If a
        database file has customers, it keeps only those at the start.
    :param host: the address to listen on. On any address except loopback, other machines can reach the emulator: then
        `access_token` must be given, and the control interface demands it.
    :param certfile: the file with the certificate to serve TLS with, in PEM; None for plain HTTP.
    :param keyfile: the file with its private key; None if it is in the same file.
    :param page: whether `GET /` returns the web page.
    :raises ValueError: if a parameter has an invalid value.
    """

    def __init__(
        self,
        port: int = 0,
        database: str | PathLike[str] | None = None,
        access_token: str | None = None,
        *,
        now: Callable[[], datetime] = utc_now,
        seed: int | None = None,
        clock: str | datetime | None = None,
        journal: int = 10_000,
        customers: Seed | None = None,
        host: str = _HOST,
        certfile: str | PathLike[str] | None = None,
        keyfile: str | PathLike[str] | None = None,
        page: bool = True,
    ) -> None:
        if not 0 <= port <= 65535:
            raise ValueError(f"`port` must be a number from 0 to 65535, not {port!r}.")
        if access_token is not None and not _ACCESS_TOKEN.fullmatch(access_token):
            raise ValueError("`access_token` must be printable ASCII that does not start or end with a space.")
        if access_token is None and not is_loopback(host):
            raise ValueError(f"Other machines can reach {host}: give an access token of your own, access_token=...")
        if keyfile is not None and certfile is None:
            raise ValueError("A key needs its certificate: give certfile=... too.")
        self.access_token = access_token or DEFAULT_ACCESS_TOKEN
        """The token that clients must send."""
        self.url = ""
        """Where the emulator listens, such as `http://127.0.0.1:8080`, once it is started."""
        self._new_state = partial(State, seed, clock, now, journal, customers)
        self._state = self._new_state()
        self._port = port
        self._database = database
        self._host = host
        self._tls = None if certfile is None else _tls(certfile, keyfile)
        self._page = page
        self._service = Service(self._serve)
        self._lock = Lock()
        self._serves_elsewhere = False

    # -- Serving -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start serving. When this returns, clients can connect.

        :raises RuntimeError: if it was started already.
        :raises OSError: if the port cannot be listened on, or the file of `customers` cannot be read.
        :raises sqlite3.Error: if the database cannot be used.
        """
        if self.url:
            raise RuntimeError("The emulator is already started.")
        self._state, self._serves_elsewhere = self._new_state(), False
        scheme = "http" if self._tls is None else "https"
        guard = Guard(self.access_token, on_loopback=is_loopback(self._host), scheme=scheme)
        app = App(self._state, self.access_token, guard, with_page=self._page)
        self._web = WebServer(app, body_limit)
        _served.add(self)
        name = f"[{self._host}]" if ":" in self._host else self._host
        self._service = Service(self._serve)
        try:
            self.url = f"{scheme}://{name}:{self._service.start()}"
        except BaseException:
            self.stop()
            raise

    async def _serve(self, ready: Callable[[int], None]) -> None:
        state = self._state
        with closing(self._web) as web:
            port = web.listen(self._host, self._port)
            await state.open(self._database)
            with closing(state.store):
                web.start(self._tls)
                try:
                    ready(port)
                    await asyncio.get_running_loop().create_future()
                finally:
                    await web.stop(_STOP_SECONDS)

    def stop(self) -> None:
        """Stop serving: answer what can be answered at once, and close everything. Can be repeated.

        In a process that was forked from the one that serves, it does nothing.
        """
        with self._lock:  # From here on, no call starts.
            self.url = ""
        self._service.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    # -- The interface for tests ---------------------------------------------------------------------------------------

    @property
    def requests(self) -> Journal:
        """The requests that arrived, oldest first. Also available after the end."""
        return self._state.journal

    @property
    def clock(self) -> Clock:
        """The clock: `advance` it, or `set` it."""
        return self._serving().clock

    @property
    def faults(self) -> list[Fault]:
        """The faults, used up or not, oldest first. Also available after the end."""
        return self._state.faults.all()

    @property
    def listing_delay(self) -> float:
        """How many seconds of the emulator's clock a new customer is missing from lists; 0 at the start."""
        return self._serving().listing_delay

    @listing_delay.setter
    def listing_delay(self, seconds: float) -> None:
        self._serving().set_listing_delay(seconds)

    def seed(self, customers: Seed) -> list[str]:
        """Add customers, and return their ids. Lists show them at once, without the listing delay.

        :param customers: how many to make up; or a list of dicts with the fields of `Customer`; or the path of a file:
            .json (a list), .jsonl (an object a line) or .csv (with the names of the fields as columns, such as
            `given_name` and `address.locality`, or as Square's Dashboard exports it).
        :raises ValueError: if one of them is not a valid customer. Then none is added.
        :raises OSError: if the file cannot be read.
        """
        return self._call(lambda state: state.seed(customers))

    def fail(
        self,
        operation: str,
        *,
        times: int | None = 1,
        when: Literal["before", "after"] = "before",
        status: int | None = None,
        code: str | None = None,
        delay: float = 0,
        reset: bool = False,
        truncate: int | None = None,
        drip: float | None = None,
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
        probability: float = 1,
    ) -> Fault:
        """Make requests fail, on the socket, so that every client is affected.

        One fault applies to a request: the oldest that fits and is not used up.

        :param operation: the method of `CustomersApi` whose requests fail, or `*` for every request.
        :param times: how many requests fail; None for all.
        :param when: `before` the request is carried out, or `after` it.
        :param status: answer with this status, 200 to 599, in Square's error shape. With `before`, the request is not
            carried out.
        :param code: the code of that error; by default the one that belongs to the status.
        :param delay: wait for this many seconds of real time, then continue.
        :param reset: reset the connection instead of answering; with `truncate`, after that many bytes.
        :param truncate: close the connection after this many bytes of the body.
        :param drip: send the body byte by byte, this many seconds apart.
        :param body: answer with this text, as `text/html` unless `headers` say otherwise, and with status 200 unless
            `status` is given.
        :param headers: headers to add to the answer.
        :param probability: the share of requests that fail, more than 0 and at most 1.
        :returns: the fault. Its `used` counts the requests, and its `remove()` ends it.
        :raises ValueError: if a setting has an invalid value, or the fault would do nothing.
        """
        return self._serving().faults.add(
            operation,
            times=times,
            when=when,
            status=status,
            code=code,
            delay=delay,
            reset=reset,
            truncate=truncate,
            drip=drip,
            body=body,
            headers=headers,
            probability=probability,
        )

    def rate_limit(self, rate: float | None, burst: int | None = None, retry_after: int | None = None) -> None:
        """Refuse requests beyond a rate with status 429.

        :param rate: requests per second by the emulator's clock; None for no limit.
        :param burst: how many requests may come at once; None for one second's worth, but at least 1.
        :param retry_after: the value of the refusal's `Retry-After`, in whole seconds; None to leave it out.
        :raises ValueError: if a setting has an invalid value.
        """
        self._serving().set_rate_limit(rate, burst, retry_after)

    def merge(self, old_id: str, new_id: str) -> None:
        """Merge two customers, as Square's Dashboard does: retrieving the old id then returns the new customer.

        :param old_id: the customer to remove. Its cards, and the fields that only it has, go to the other.
        :param new_id: the customer to keep.
        :raises ValueError: if there is no such customer, or both are the same.
        """
        self._call(lambda state: state.merge(old_id, new_id))

    def snapshot(self) -> dict[str, Any]:
        """Return everything but the journal, for `restore`. It can be written as JSON."""
        return self._call(lambda state: _as_coroutine(state.snapshot))

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Restore everything but the journal to a snapshot, of this emulator or another one.

        :raises ValueError: if it is not a snapshot. Then nothing changes.
        """
        self._call(lambda state: state.restore(snapshot))

    def reset(
        self, *, seed: int | EllipsisType | None = ..., clock: str | datetime | EllipsisType | None = ...
    ) -> None:
        """Restore everything to its state at the start, for the next test. A database file becomes empty.

        Customers, cards, nonces, keys, faults, limits, the journal, the clock and the identifiers start again.
        Connections stay open, but requests in progress are aborted.

        :param seed: another seed from now on.
        :param clock: another start of the clock from now on.
        :raises ValueError: if the clock is not a time with a time zone.
        """
        changed = {name: value for name, value in (("seed", seed), ("clock", clock)) if value is not ...}
        self._call(lambda state: state.reset(**changed))

    def _serving(self) -> State:
        if not self.url:
            raise RuntimeError("The emulator is not running: use it within its `with` block, or after `start()`.")
        if self._serves_elsewhere:
            raise RuntimeError(
                "The emulator runs in the process that this one was forked from, and only that process can use it."
            )
        return self._state

    def _call(self, call: Callable[[State], Coroutine[Any, Any, T]]) -> T:
        with self._lock:
            result = self._service.call(partial(call, self._serving()))
        try:
            return result()
        except asyncio.CancelledError:
            raise RuntimeError("The emulator was stopped before this was done.") from None

    def _leave_to_parent(self) -> None:
        self._lock, self._service, self._serves_elsewhere = Lock(), Service(self._serve), True
        self._web.close()


_served: WeakSet[Emulator] = WeakSet()
"""The emulators that were started in this process."""


def _leave_all_to_parent() -> None:
    """Leave the emulators to the process that this one was forked from, because the serving thread exists only there.

    Close their sockets here. Otherwise, a connection that the emulator closes would stay open.
    """
    for square in _served:
        square._leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all_to_parent)


async def _as_coroutine(call: Callable[[], T]) -> T:
    return call()


def _tls(certfile: str | PathLike[str], keyfile: str | PathLike[str] | None) -> ssl.SSLContext:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        tls.load_cert_chain(certfile, keyfile)
    except OSError as error:
        raise ValueError(f"The certificate in {certfile} cannot be used: {error}") from None
    return tls
