"""The drivers for the tests of faults: a client on threads, or a client on asyncio that is called in the same way."""

from __future__ import annotations

import asyncio
import threading
from functools import cache
from typing import TYPE_CHECKING, Any

from squareconnect import ApiClient, AsyncApiClient, AsyncCustomersApi, Configuration, CustomersApi

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from squareconnect.transport import Clock
    from squareconnect.transport.aio import AsyncConnections


def on_threads(configuration: Configuration) -> CustomersApi:
    """Return a client that makes calls on the calling thread."""
    api = CustomersApi(ApiClient(configuration))
    api.api_client.rest_client.sleep = lambda seconds: None
    return api


def on_asyncio(configuration: Configuration) -> Any:
    """Return a client whose calls are made in an event loop of asyncio."""
    return _BlockingApi(configuration, loop_in_a_thread(asyncio.new_event_loop))


def on_uvloop(configuration: Configuration) -> Any:
    """Return a client whose calls are made in an event loop of uvloop."""
    import uvloop

    return _BlockingApi(configuration, loop_in_a_thread(uvloop.new_event_loop))


DRIVERS: dict[str, Callable[[Configuration], Any]] = {
    "threads": on_threads,
    "asyncio": on_asyncio,
    "uvloop": on_uvloop,
}


@cache
def loop_in_a_thread(make: Callable[[], asyncio.AbstractEventLoop]) -> asyncio.AbstractEventLoop:
    """Return an event loop that runs until the tests are over."""
    loop = make()
    threading.Thread(target=loop.run_forever, name="event loop", daemon=True).start()
    return loop


class _BlockingApi:
    """Calls the methods of :class:`AsyncCustomersApi` and waits for what they return, as :class:`CustomersApi` does."""

    def __init__(self, configuration: Configuration, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._client = AsyncApiClient(configuration)
        self._api = AsyncCustomersApi(self._client)
        self.api_client = self
        self.rest_client = _ClockSetter(self._client.connections)

    @property
    def configuration(self) -> Configuration:
        return self._client.configuration

    def close(self) -> None:
        self._wait_for(self._client.close())

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._api, name, None) or getattr(self._client, name)
        return lambda *args, **options: self._wait_for(method(*args, **options))

    def _wait_for(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)


class _ClockSetter:
    """Sets the clock of the asyncio driver through the attributes that ``rest_client`` has."""

    def __init__(self, connections: AsyncConnections) -> None:
        object.__setattr__(self, "_connections", connections)
        self.sleep = lambda seconds: None

    def __setattr__(self, name: str, value: Any) -> None:
        connections: AsyncConnections = vars(self)["_connections"]
        if name == "sleep":

            async def sleep(seconds: float) -> None:
                value(seconds)

            connections.sleep = sleep
        else:
            clock: Clock = connections.clock
            connections.clock = clock._replace(**{name: value})
