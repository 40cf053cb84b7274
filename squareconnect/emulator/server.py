"""The emulator as an object: a server on a free port, in a thread of its own."""

from __future__ import annotations

import logging
import socket
from contextlib import ExitStack, closing
from datetime import datetime, timezone
from threading import Thread
from typing import TYPE_CHECKING

import uvicorn

from squareconnect.emulator.app import application
from squareconnect.emulator.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike
    from types import TracebackType

    from typing_extensions import Self

DEFAULT_ACCESS_TOKEN = "emulator-access-token"  # noqa: S105 - it opens nothing but a toy on this machine

_HOST = "127.0.0.1"
_KEEP_ALIVE_SECONDS = 75
_STOP_SECONDS = 1

# The emulator is silent, unless the program that uses it listens to these loggers.
for _name in ("squareconnect.emulator", "uvicorn"):
    logging.getLogger(_name).addHandler(logging.NullHandler())


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


class Emulator:
    """A local Square that clients talk to over HTTP. It can be reached from this machine only.

    It serves between `start` and `stop`, or within a `with` block::

        with Emulator() as square:
            print(square.url, square.access_token)

    Each emulator has customers of its own, unless two are given the same database file.

    :param port: the port to listen on, 1 to 65535; 0 for any free one.
    :param database: the SQLite file that keeps everything, made if it is missing; None to forget it at the end.
    :param access_token: the token that clients must send; `emulator-access-token` if None.
    :param now: gives the time, with a time zone, for `created_at` and the like; by default the real one.
    """

    def __init__(
        self,
        port: int = 0,
        database: str | PathLike[str] | None = None,
        access_token: str | None = None,
        *,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self.access_token = access_token or DEFAULT_ACCESS_TOKEN
        """The token that clients must send."""
        self.url = ""
        """Where the emulator listens, such as `http://127.0.0.1:8080`, once it is started."""
        self._port = port
        self._database = database
        self._now = now
        self._running = ExitStack()

    def start(self) -> None:
        """Start to serve. When this returns, clients can connect.

        :raises RuntimeError: if it was started already.
        :raises OSError: if the port cannot be listened on.
        :raises sqlite3.Error: if the database cannot be used.
        """
        if self.url:
            raise RuntimeError("The emulator was started already.")
        with ExitStack() as starting:
            listener = starting.enter_context(socket.create_server((_HOST, self._port), backlog=1024))
            # Its connections inherit this. Without it, the second packet of an answer waits 40 ms for the first one's
            # receipt.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            store = starting.enter_context(closing(Store(self._database)))
            server = uvicorn.Server(
                uvicorn.Config(
                    application(store, self.access_token, self._now),
                    loop="asyncio",
                    http="h11",
                    ws="none",
                    lifespan="off",
                    log_config=None,
                    access_log=False,
                    proxy_headers=False,
                    server_header=False,
                    timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                    timeout_graceful_shutdown=_STOP_SECONDS,
                )
            )
            thread = Thread(target=server.run, args=([listener],), name="square-emulator", daemon=True)
            thread.start()
            starting.callback(thread.join)
            starting.callback(setattr, server, "should_exit", True)
            self.url = f"http://{_HOST}:{listener.getsockname()[1]}"
            self._running = starting.pop_all()

    def stop(self) -> None:
        """Stop to serve: answer what has been asked, for at most a second, and close everything. Can be repeated."""
        self._running.close()
        self.url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
