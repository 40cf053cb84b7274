"""Helpers for the tests of the asyncio driver."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from squareconnect import AsyncApiClient, AsyncCustomersApi, Configuration

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from test.servers import Server

BODY = {"given_name": "Ada"}


@contextlib.asynccontextmanager
async def client_of(server: Server | str, **settings: Any) -> AsyncIterator[Any]:
    """Yield an API, and check at the end that it left no task and no open socket."""
    ports = local_ports()
    api = api_of(server, **settings)
    async with api.api_client:
        yield api
    assert asyncio.all_tasks() == {asyncio.current_task()}
    await until(lambda: local_ports() <= ports)  # A server's connections have the same port as its listener.


def api_of(server: Server | str, **settings: Any) -> Any:
    """Return an API that calls a server."""
    host = server if isinstance(server, str) else server.host
    return AsyncCustomersApi(AsyncApiClient(Configuration(host=host, access_token="T0KEN", **settings)))


async def retrieved_by(api: Any, **options: Any) -> Any:
    """Retrieve a customer and close the client."""
    async with api.api_client:
        return await api.retrieve_customer("C1", **options)


def local_ports() -> set[int]:
    """Return the local ports of all sockets that this process has open."""
    ports = set()
    for path in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if str(path.readlink()).startswith("socket:"):
                with socket.socket(fileno=os.dup(int(path.name))) as sock:
                    if sock.family in (socket.AF_INET, socket.AF_INET6):
                        ports.add(sock.getsockname()[1])
    return ports


async def until(condition: Callable[[], object]) -> None:
    """Wait until a condition holds, for 20 seconds at most."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.002)


async def cancelled(task: asyncio.Future[Any]) -> None:
    """Cancel a task, and wait until it is cancelled."""
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
