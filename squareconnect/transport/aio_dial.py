"""Connect on an event loop: look up the name, and race its addresses (happy eyeballs, RFC 8305).

``loop.create_connection(happy_eyeballs_delay=...)`` leaks a socket when it is cancelled, and uvloop lacks that
argument. Here, when a function returns, raises or is cancelled, no task runs and no socket stays open, except the
returned one.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from ipaddress import ip_address
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from urllib3.util import connection as urllib3_connection

from squareconnect.transport.aio_tasks import cancel_all, with_time_limit

if TYPE_CHECKING:
    from collections.abc import Iterable

STAGGER = 0.25
"""Seconds before the next address is tried in parallel (RFC 8305, 5)."""


async def dial(host: str, port: int, seconds: float) -> socket.socket:
    """Return a socket connected to the first of the host's addresses that accepts.

    :param host: a name or an IP address, without brackets.
    :param seconds: the time-out of the lookup, and of connecting to each address.
    :raises TimeoutError: if the lookup or the last address times out.
    :raises OSError: if no address accepts a connection.
    """
    return await _first_connected(interleaved(await _look_up(host, port, seconds)), seconds)


async def _look_up(host: str, port: int, seconds: float) -> Any:
    family = urllib3_connection.allowed_gai_family()  # Programs replace this function to force IPv4.
    if _is_address(host):
        return socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
    lookup = asyncio.get_running_loop().getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
    return await with_time_limit(lookup, seconds, f"the lookup of the name {host} took too long")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def interleaved(found: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the results of ``getaddrinfo`` with the address families alternating (RFC 8305, 4)."""
    families: dict[Any, list[tuple[Any, ...]]] = {}
    for entry in found:
        families.setdefault(entry[0], []).append(entry)
    return [entry for turn in zip_longest(*families.values()) for entry in turn if entry is not None]


async def _first_connected(addresses: Iterable[tuple[Any, ...]], seconds: float) -> socket.socket:
    connected: list[socket.socket] = []
    try:
        await _race(deque(addresses), seconds, connected)
    except BaseException:
        for sock in connected:
            sock.close()
        raise
    for sock in connected[1:]:
        sock.close()
    return connected[0]


async def _race(waiting: deque[tuple[Any, ...]], seconds: float, connected: list[socket.socket]) -> None:
    """Try one address after another until at least one is connected."""
    running: set[asyncio.Task[socket.socket]] = set()
    refusal: BaseException = OSError("getaddrinfo returns an empty list")
    try:
        while not connected:
            if waiting:
                running.add(asyncio.ensure_future(_connected(waiting.popleft(), seconds)))
            elif not running:
                raise refusal
            pause = STAGGER if waiting else None
            done, _ = await asyncio.wait(running, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                running.discard(task)
                error = task.exception()
                if error is None:
                    connected.append(task.result())
                else:
                    refusal = error
    finally:
        await cancel_all(running, connected.append)


async def _connected(entry: tuple[Any, ...], seconds: float) -> socket.socket:
    family, kind, protocol, _, address = entry
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        connecting = asyncio.get_running_loop().sock_connect(sock, address)
        await with_time_limit(connecting, seconds, f"{address[0]} did not accept the connection in time")
    except BaseException:
        sock.close()
        raise
    return sock
