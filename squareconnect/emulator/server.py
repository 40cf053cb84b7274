"""The emulator as an object: a server on a free port, in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from concurrent.futures import Future
from contextlib import ExitStack, closing
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from squareconnect.emulator.app import App, body_limit
from squareconnect.emulator.clock import utc_now
from squareconnect.emulator.guard import Guard, is_loopback
from squareconnect.emulator.state import State
from squareconnect.emulator.wire import RealTimeLoop, WebServer

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from datetime import datetime
    from os import PathLike
    from types import TracebackType

    from typing_extensions import Self

    from squareconnect.emulator.clock import Clock
    from squareconnect.emulator.faults import Fault
    from squareconnect.emulator.journal import Journal
    from squareconnect.emulator.seeding import Seed

T = TypeVar("T")

DEFAULT_ACCESS_TOKEN = "emulator-access-token"  # noqa: S105 - it opens nothing but a toy on this machine

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

    Each emulator has customers of its own, unless two are given the same database file. Any thread may use it. What
    needs customers, such as `seed`, raises RuntimeError while it does not serve.

    :param port: the port to listen on, 1 to 65535; 0 for any free one.
    :param database: the SQLite file that keeps everything, made if it is missing; None to forget it at the end.
    :param access_token: the token that clients must send; `emulator-access-token` if None.
    :param now: returns the time, with a time zone, for `created_at` and the like; by default the real one.
    :param seed: a number that makes identifiers the same in every run; None for identifiers at random.
    :param clock: the time at which the clock stands still until it is advanced, as RFC 3339 or a `datetime` with a time
        zone; None for a clock that goes on.
    :param journal: how many requests the journal keeps, the newest ones.
    :param customers: who is there from the start and after each reset, as `seed` takes them; None for nobody. A database
        file that has customers keeps just those at the start.
    :param host: the address to listen on. Other than loopback, it is reached from other machines: then `access_token`
        must be given, and the control interface demands it.
    :param certfile: the file with the certificate to serve TLS with, in PEM; None for plain HTTP.
    :param keyfile: the file with its private key; None if it is in the same file.
    :param page: whether `GET /` is the web page.
    :raises ValueError: if a parameter has a value that it cannot have.
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
        if access_token is None and not is_loopback(host):
            raise ValueError(f"Other machines can reach {host}: give an access token of your own, access_token=...")
        if keyfile is not None and certfile is None:
            raise ValueError("A key needs its certificate: give certfile=... too.")
        self.access_token = access_token or DEFAULT_ACCESS_TOKEN
        """The token that clients must send."""
        self.url = ""
        """Where the emulator listens, such as `http://127.0.0.1:8080`, once it is started."""
        self._state = State(seed, clock, now, journal, customers)
        self._port = port
        self._database = database
        self._host = host
        self._certificate = (certfile, keyfile)
        self._page = page
        self._running = ExitStack()
        self._loop: RealTimeLoop | None = None

    # -- Serving -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start to serve. When this returns, clients can connect.

        :raises RuntimeError: if it was started already.
        :raises OSError: if the port cannot be listened on, or a file cannot be read.
        :raises ssl.SSLError: if the certificate cannot be used.
        :raises sqlite3.Error: if the database cannot be used.
        """
        if self.url:
            raise RuntimeError("The emulator was started already.")
        with ExitStack() as starting:
            listener = starting.enter_context(_listener(self._host, self._port))
            tls = self._tls()
            scheme = "http" if tls is None else "https"
            guard = Guard(self.access_token, on_loopback=is_loopback(self._host), scheme=scheme)
            app = App(self._state, self.access_token, guard, with_page=self._page)
            loop = RealTimeLoop()
            starting.callback(loop.close)
            thread = Thread(target=loop.run_forever, name="square-emulator", daemon=True)
            thread.start()
            starting.callback(thread.join)
            starting.callback(loop.call_soon_threadsafe, loop.stop)
            self._loop = loop
            self._call(self._state.open(self._database))
            starting.callback(self._state.store.close)
            web = WebServer(app, body_limit)
            self._call(web.start(listener, tls))
            starting.callback(lambda: self._call(web.stop(_STOP_SECONDS)))
            name = f"[{self._host}]" if ":" in self._host else self._host
            self.url = f"{scheme}://{name}:{listener.getsockname()[1]}"
            self._running = starting.pop_all()
