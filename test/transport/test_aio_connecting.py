"""The driver for asyncio: name lookup, happy eyeballs, and steps that end in time."""

from __future__ import annotations

import asyncio
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import urllib3.util.connection

from squareconnect.exceptions import ConnectionFailed
from squareconnect.transport import aio
from squareconnect.transport.aio_dial import dial, interleaved
from squareconnect.transport.aio_tasks import on_another_thread, uncancelled, with_time_limit
from test import servers
from test.servers import Server, full_port
from test.transport.asyncio_helpers import api_of, retrieved_by


def address(port: int, host: str = "127.0.0.1", family: int = socket.AF_INET) -> tuple[Any, ...]:
    return family, socket.SOCK_STREAM, 6, "", (host, port)


class Names:
    """Replaces the name lookup."""

    def __init__(self, *found: tuple[Any, ...]) -> None:
        self.found = list(found)
        self.families: list[Any] = []

    def getaddrinfo(self, host: str, port: int, family: Any = 0, *args: Any, **options: Any) -> list[Any]:
        self.families.append(family)
        return self.found


def test_the_next_address_is_tried_while_one_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server() as server, full_port() as port:
        monkeypatch.setattr(socket, "getaddrinfo", Names(address(port), address(server.port)).getaddrinfo)
        start = time.monotonic()
        assert asyncio.run(retrieved_by(api_of("http://square.example", allow_insecure_http=True))).customer

        assert 0.2 < time.monotonic() - start < 8  # The first address would take 10 s.


def test_the_next_address_is_tried_at_once_if_one_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server() as server:
        found = [address(servers.closed_port()) for _ in range(40)]
        monkeypatch.setattr(socket, "getaddrinfo", Names(*found, address(server.port)).getaddrinfo)
        start = time.monotonic()
        assert asyncio.run(retrieved_by(api_of("http://square.example", allow_insecure_http=True))).customer

        assert time.monotonic() - start < 5  # Waiting for each would take 10 s.


def test_one_of_two_connections_made_at_the_same_moment_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are accepted in the turn in which the second is started."""

    class Loop(asyncio.SelectorEventLoop):
        started: list[asyncio.Future[None]] = []  # noqa: RUF012

        async def sock_connect(self, sock: socket.socket, address: Any) -> None:
            await super().sock_connect(sock, address)
            self.started.append(self.create_future())
            if len(self.started) == 2:
                for future in self.started:
                    future.set_result(None)
            await self.started[-1]

    monkeypatch.setattr(socket, "getaddrinfo", Names(address(0), address(0)).getaddrinfo)
    with Server() as server:
        monkeypatch.setattr(socket, "getaddrinfo", Names(address(server.port), address(server.port)).getaddrinfo)
        loop = Loop()
        try:
            with loop.run_until_complete(dial("square.example", 80, 5.0)):
                assert server.wait_for_ends(1)
        finally:
            loop.close()
        assert server.wait_for_ends(1)


def test_a_cancelled_race_closes_the_winner_too(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stubborn(asyncio.SelectorEventLoop):
        """An event loop whose second attempt needs some turns to end when it is cancelled."""

        started = 0

        async def sock_connect(self, sock: socket.socket, address: Any) -> None:
            self.started += 1
            if self.started == 2:
                task.get_loop().call_later(0.05, lambda: None)
                try:
                    await asyncio.sleep(5)
                finally:
                    task.cancel()
                    await asyncio.sleep(0.02)
            await super().sock_connect(sock, address)
            await asyncio.sleep(0.3)

    with Server() as server:
        found = Names(address(server.port), address(server.port))
        monkeypatch.setattr(socket, "getaddrinfo", found.getaddrinfo)
        loop = Stubborn()
        task = loop.create_task(dial("square.example", 80, 5.0))
        try:
            with pytest.raises(asyncio.CancelledError):
                loop.run_until_complete(task)
            assert server.wait_for_ends(1)
        finally:
            loop.close()


def test_connecting_to_addresses_that_do_not_answer_ends_after_the_connect_time_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with full_port() as port:
        monkeypatch.setattr(socket, "getaddrinfo", Names(address(port), address(port)).getaddrinfo)
        with pytest.raises(TimeoutError, match="did not accept the connection in time"):
            asyncio.run(dial("square.example", 80, 0.4))


def test_the_families_of_addresses_take_turns() -> None:
    six, four = socket.AF_INET6, socket.AF_INET
    found = [address(1, "::1", six), address(2, "::1", six), address(3, family=four), address(4, "::1", six)]

    assert [entry[4][1] for entry in interleaved(found)] == [1, 3, 2, 4]


def test_programs_may_limit_the_family_of_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names()
    monkeypatch.setattr(socket, "getaddrinfo", names.getaddrinfo)
    monkeypatch.setattr(urllib3.util.connection, "allowed_gai_family", lambda: socket.AF_INET)
    with pytest.raises(ConnectionFailed):
        asyncio.run(retrieved_by(api_of("http://square.example", allow_insecure_http=True, max_retries=0)))

    assert names.families == [socket.AF_INET]


def test_calls_over_ipv6_succeed() -> None:
    with Server(address="::1") as server:
        assert asyncio.run(retrieved_by(api_of(server))).customer

        assert server.requests[0].headers["host"] == f"[::1]:{server.port}"


def test_a_name_lookup_without_a_thread_is_a_failed_connection() -> None:
    async def main() -> None:
        executor = ThreadPoolExecutor(1)
        executor.shutdown()
        asyncio.get_running_loop().set_default_executor(executor)
        with pytest.raises(ConnectionFailed, match="RuntimeError: cannot schedule"):
            await retrieved_by(api_of("https://square.example", max_retries=0))
        assert await on_another_thread(len, "four") == 4

    asyncio.run(main())


def test_an_exception_of_a_tool_reaches_the_caller_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    class BlockedError(RuntimeError):
        """The exception of a tool that forbids sockets."""

    async def refuse(*args: Any) -> Any:
        raise BlockedError("a test tried to use a socket")

    async def main() -> None:
        api = api_of("http://127.0.0.1:9", connection_pool_maxsize=1)
        for _ in range(2):
            with pytest.raises(BlockedError, match="a test tried"):
                await api.retrieve_customer("C1")

    monkeypatch.setattr(aio, "dial", refuse)
    asyncio.run(main())


def test_an_event_loop_that_fails_to_take_the_socket_leaves_none_open() -> None:
    class Loop(asyncio.SelectorEventLoop):
        async def create_connection(self, *args: Any, **options: Any) -> Any:
            raise OSError("not today")

    with Server() as server:
        loop = Loop()
        try:
            with pytest.raises(ConnectionFailed, match="not today"):
                loop.run_until_complete(retrieved_by(api_of(server, max_retries=0)))
            assert server.wait_for_ends(1)
        finally:
            loop.close()


def test_a_call_cancelled_as_the_event_loop_takes_the_socket_closes_it() -> None:
    class Loop(asyncio.SelectorEventLoop):
        async def create_connection(self, *args: Any, **options: Any) -> Any:
            task.cancel()
            return await super().create_connection(*args, **options)

    with Server() as server:
        loop = Loop()
        task = loop.create_task(retrieved_by(api_of(server)))
        try:
            with pytest.raises(asyncio.CancelledError):
                loop.run_until_complete(task)
            assert server.wait_for_ends(1)
        finally:
            loop.close()


def test_a_result_that_comes_too_late_is_discarded() -> None:
    dropped: list[int] = []

    async def late() -> int:
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            return 7
        return 0

    async def main() -> None:
        with pytest.raises(TimeoutError, match="too late"):
            await with_time_limit(late(), 0.01, "too late", dropped.append)
        task = asyncio.ensure_future(with_time_limit(late(), None, "", dropped.append))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        slow = asyncio.ensure_future(uncancelled(asyncio.sleep(0.05, 1)))
        await asyncio.sleep(0)
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow

    asyncio.run(main())
    assert dropped == [7, 7]
