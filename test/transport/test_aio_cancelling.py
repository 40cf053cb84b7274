"""The driver for asyncio: a call that is cancelled at any moment leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest
import uvloop

from test import servers
from test.servers import Server, answer, full_port, stall
from test.transport.asyncio_helpers import cancelled, client_of, until

if TYPE_CHECKING:
    import ssl


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Any:
    """A function that runs a coroutine in a new event loop of each kind."""
    return request.param


def test_cancelling_a_call_closes_its_connection_at_once(run: Any) -> None:
    async def main() -> None:
        with Server(stall) as server:
            async with client_of(server, connection_pool_maxsize=1) as api:
                task = asyncio.ensure_future(api.retrieve_customer("C1"))
                await until(lambda: server.requests)
                await cancelled(task)
                server.ended.set()
                assert server.wait_for_ends(1)
                assert (await api.retrieve_customer("C1")).customer

                assert server.connections == 2

    run(main())


@pytest.mark.parametrize("seconds", [0, 0.001, 0.02])
def test_a_call_cancelled_while_it_connects_leaves_nothing_behind(run: Any, seconds: float) -> None:
    async def main() -> None:
        with full_port() as port:
            async with client_of(f"http://127.0.0.1:{port}") as api:
                task = asyncio.ensure_future(api.retrieve_customer("C1"))
                await asyncio.sleep(seconds)
                await cancelled(task)

    run(main())


@pytest.mark.parametrize("seconds", [0, 0.001, 0.02])
def test_a_call_cancelled_while_it_sets_up_tls_leaves_nothing_behind(run: Any, seconds: float) -> None:
    async def main() -> None:
        with servers.silent_host() as host:
            async with client_of(host.replace("http:", "https:")) as api:
                task = asyncio.ensure_future(api.retrieve_customer("C1"))
                await asyncio.sleep(seconds)
                await cancelled(task)

    run(main())


def test_a_call_cancelled_at_a_proxy_leaves_nothing_behind(run: Any) -> None:
    async def main() -> None:
        with Server(otherwise=stall) as proxy:
            async with client_of("https://square.example", proxy=proxy.host) as api:
                task = asyncio.ensure_future(api.retrieve_customer("C1"))
                await until(lambda: proxy.requests)
                await cancelled(task)
                proxy.ended.set()

    run(main())


def test_a_call_cancelled_while_it_looks_up_a_name_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up = threading.Event()

    def look_up(*args: Any, **options: Any) -> list[Any]:
        looked_up.wait(5)
        return []

    async def main() -> None:
        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        async with client_of("https://square.example") as api:
            task = asyncio.ensure_future(api.retrieve_customer("C1"))
            await asyncio.sleep(0.02)
            await cancelled(task)
        looked_up.set()

    asyncio.run(main())


def test_a_call_cancelled_while_it_waits_for_a_connection_takes_none(run: Any) -> None:
    async def main() -> None:
        with Server(stall) as server:
            async with client_of(server, connection_pool_maxsize=1) as api:
                holder = asyncio.ensure_future(api.retrieve_customer("C1"))
                await until(lambda: server.requests)
                first = asyncio.ensure_future(api.retrieve_customer("C2"))
                second = asyncio.ensure_future(api.retrieve_customer("C3"))
                await asyncio.sleep(0.01)
                await cancelled(first)
                server.ended.set()
                await cancelled(holder)
                assert (await second).customer

                assert [request.target for request in server.requests] == ["/v2/customers/C1", "/v2/customers/C3"]

    run(main())


def test_a_slot_that_becomes_free_as_its_call_is_cancelled_goes_to_the_next_call(run: Any) -> None:
    async def main() -> None:
        with Server(otherwise=answer()) as server:
            async with client_of(server, connection_pool_maxsize=1) as api:
                for turns in range(30):
                    calls = [asyncio.ensure_future(api.retrieve_customer("C1")) for _ in range(3)]
                    while not calls[0].done():
                        await asyncio.sleep(0)
                    for _ in range(turns % 3):
                        await asyncio.sleep(0)
                    calls[1].cancel()
                    await asyncio.wait(calls, timeout=5)
                    assert calls[2].result().customer

    run(main())


@pytest.mark.parametrize("secure", [False, True])
def test_calls_cancelled_at_any_moment_lose_no_slot(run: Any, secure: bool, server_tls: ssl.SSLContext) -> None:
    rng = random.Random(1)

    async def main() -> None:
        with Server(tls=server_tls if secure else None) as server:
            async with client_of(server, connection_pool_maxsize=3, verify_ssl=False) as api:
                for _ in range(40):
                    tasks = [asyncio.ensure_future(api.retrieve_customer("C1")) for _ in range(6)]
                    for task in tasks:
                        await asyncio.sleep(rng.choice([0, 0, 0.0005, 0.003]))
                        if rng.random() < 0.7:
                            task.cancel()
                    ended: Any
                    for ended in await asyncio.gather(*tasks, return_exceptions=True):
                        assert isinstance(ended, asyncio.CancelledError) or ended.customer.id == "C1"
                server.otherwise = stall
                last = [asyncio.ensure_future(api.retrieve_customer("LAST")) for _ in range(6)]

                def asked() -> int:
                    return sum(request.target.endswith("/LAST") for request in server.requests)

                await until(lambda: asked() == 3)
                await asyncio.sleep(0.02)
                assert asked() == 3
                server.ended.set()
                for task in last:
                    await cancelled(task)

    with pytest.warns() if secure else contextlib.nullcontext():
        run(main())
