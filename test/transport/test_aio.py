"""The driver for asyncio: what cancelling, closing and other event loops do to calls and connections."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvloop

from squareconnect import AsyncApiClient, AsyncCustomersApi, Configuration
from squareconnect.exceptions import ConnectionFailed, NotFound, ServerError
from test import servers
from test.servers import Server, answer, commit, stall

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator

BODY = {"given_name": "Ada"}
Run = "Callable[[Coroutine[Any, Any, None]], None]"


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Coroutine[Any, Any, None]], None]:
    """Runs a coroutine in a new event loop of each kind."""
    return request.param  # type: ignore[no-any-return]


@contextlib.asynccontextmanager
async def client_of(server: Server | str, **settings: Any) -> AsyncIterator[AsyncCustomersApi]:
    """Return a client, and check at its end that no task and no open file is left of it."""
    files = open_files()
    host = server if isinstance(server, str) else server.host
    async with AsyncApiClient(Configuration(host=host, access_token="T0KEN", **settings)) as client:
        yield AsyncCustomersApi(client)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    await asyncio.sleep(0.01)
    assert sockets(open_files() - files) == set()


def open_files() -> set[tuple[int, str]]:
    found = set()
    for path in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found.add((int(path.name), str(path.readlink())))
    return found


def sockets(files: set[tuple[int, str]]) -> set[str]:
    """Return those of the client: its sockets whose other end is no server of a test."""
    mine = set()
    for number, name in files:
        if not name.startswith("socket:"):
            continue
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(number)) as sock:
            if sock.family in (socket.AF_INET, socket.AF_INET6) and not _is_of_a_server(sock):
                mine.add(f"{number} {sock.getsockname()}")
    return mine


def _is_of_a_server(sock: socket.socket) -> bool:
    return sock.getsockname()[1] in SERVER_PORTS


SERVER_PORTS: set[int] = set()


@pytest.fixture(autouse=True)
def _note_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    create_server = socket.create_server

    def create_and_note(*args: Any, **options: Any) -> socket.socket:
        listener = create_server(*args, **options)
        SERVER_PORTS.add(listener.getsockname()[1])
        return listener

    monkeypatch.setattr(socket, "create_server", create_and_note)


async def until(condition: Callable[[], object]) -> None:
    """Wait until something holds, for 5 seconds at the most."""
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.002)


async def cancelled(task: asyncio.Future[Any]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


# -- Cancelling -----------------------------------------------------------------------------------------------------


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


@pytest.fixture
def full() -> Iterator[str]:
    """A port whose queue is full, so that connecting to it is neither accepted nor refused."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, contextlib.ExitStack() as stack:
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("seconds", [0, 0.001, 0.02])
def test_a_call_cancelled_while_it_connects_leaves_nothing_behind(run: Any, full: str, seconds: float) -> None:
    async def main() -> None:
        async with client_of(full) as api:
            task = asyncio.ensure_future(api.retrieve_customer("C1"))
            await asyncio.sleep(seconds)
            await cancelled(task)

    run(main())


@pytest.mark.parametrize("seconds", [0, 0.001, 0.02])
def test_a_call_cancelled_while_it_sets_up_tls_leaves_nothing_behind(run: Any, seconds: float) -> None:
    async def main() -> None:
        with servers.nobody() as host:
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


def test_a_place_that_becomes_free_as_its_call_is_cancelled_goes_to_the_next(run: Any) -> None:
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
def test_calls_cancelled_at_any_moment_lose_no_place(run: Any, secure: bool, server_tls: ssl.SSLContext) -> None:
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
                    for ended in await asyncio.gather(*tasks, return_exceptions=True):
                        assert isinstance(ended, asyncio.CancelledError) or ended.customer.id == "C1"
                server.otherwise = stall
                asked = len(server.requests)
                last = [asyncio.ensure_future(api.retrieve_customer("C1")) for _ in range(6)]
                await until(lambda: len(server.requests) == asked + 3)
                await asyncio.sleep(0.02)
                assert len(server.requests) == asked + 3
                server.ended.set()
                for task in last:
                    await cancelled(task)

    with pytest.warns() if secure else contextlib.nullcontext():
        run(main())


# -- Closing --------------------------------------------------------------------------------------------------------


def test_closing_ends_a_call_in_flight_that_then_is_not_tried_again(run: Any) -> None:
    async def main() -> None:
        with Server(otherwise=stall) as server:
            async with client_of(server, connection_pool_maxsize=2) as api:
                reading = asyncio.ensure_future(api.retrieve_customer("C1"))
                creating = asyncio.ensure_future(api.create_customer({**BODY, "idempotency_key": "K1"}))
                waiting = asyncio.ensure_future(api.create_customer(BODY))
                await until(lambda: len(server.requests) == 2)
                await api.api_client.close()
                server.ended.set()
                with pytest.raises(ConnectionFailed, match="the client was closed") as caught:
                    await reading
                assert caught.value.attempts == 1
                with pytest.raises(ConnectionFailed, match="the client was closed") as caught:
                    await creating
                assert caught.value.outcome_unknown
                with pytest.raises(ConnectionFailed, match="the client was closed") as caught:
                    await waiting
                assert not caught.value.outcome_unknown

            assert len(server.requests) == 2

    run(main())


def test_closing_ends_a_call_that_connects(run: Any, full: str) -> None:
    async def main() -> None:
        async with client_of(full) as api:
            task = asyncio.ensure_future(api.create_customer(BODY))
            await asyncio.sleep(0.01)
            await api.api_client.close()
            with pytest.raises(ConnectionFailed, match="the client was closed") as caught:
                await task
            assert caught.value.attempts == 1
            assert not caught.value.outcome_unknown

    run(main())


def test_closing_ends_a_call_that_sets_up_tls(run: Any) -> None:
    async def main() -> None:
        with servers.nobody() as host:
            async with client_of(host.replace("http:", "https:")) as api:
                task = asyncio.ensure_future(api.create_customer(BODY))
                await asyncio.sleep(0.02)
                await api.api_client.close()
                with pytest.raises(ConnectionFailed, match="the client was closed"):
                    await task

    run(main())


def test_closing_ends_a_pause_between_tries(run: Any) -> None:
    async def main() -> None:
        with Server(otherwise=answer(503, {}, {"Retry-After": 20})) as server:
            async with client_of(server) as api:
                task = asyncio.ensure_future(api.retrieve_customer("C1"))
                await until(lambda: server.requests)
                await asyncio.sleep(0.02)
                await api.api_client.close()
                with pytest.raises(ConnectionFailed, match="the client was closed"):
                    await task

            assert len(server.requests) == 1

    run(main())


def test_a_cancelled_pause_leaves_nothing_behind(run: Any) -> None:
    async def main() -> None:
        with Server(otherwise=answer(503, {}, {"Retry-After": 20})) as server:
            async with client_of(server) as api:
                task = asyncio.ensure_future(api.retrieve_customer("C1"))
                await until(lambda: server.requests)
                await asyncio.sleep(0.02)
                await cancelled(task)

    run(main())


def test_pauses_are_waited_for(run: Any) -> None:
    async def main() -> None:
        with Server(answer(503, {}, {"Retry-After": 0})) as server:
            async with client_of(server, max_retry_wait=0.05) as api:
                assert (await api.retrieve_customer("C1")).customer
                server.steps = [answer(500, {})]
                start = time.monotonic()
                assert (await api.retrieve_customer("C1")).customer
                assert time.monotonic() - start > 0.04

    run(main())


def test_a_client_works_again_after_it_was_closed(run: Any) -> None:
    async def main() -> None:
        with Server() as server:
            async with client_of(server) as api:
                await api.retrieve_customer("C1")
                await api.api_client.close()
                assert server.wait_for_ends(1)
                assert (await api.retrieve_customer("C1")).customer

            assert server.connections == 2

    run(main())


def test_a_client_that_is_collected_closes_its_connections(run: Any) -> None:
    async def main() -> None:
        with Server() as server:
            api = AsyncCustomersApi(AsyncApiClient(Configuration(host=server.host, access_token="T0KEN")))
            await api.retrieve_customer("C1")
            del api
            gc.collect()
            await asyncio.sleep(0.01)
            assert server.wait_for_ends(1)

    run(main())


# -- Event loops ----------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:unclosed transport:ResourceWarning", "ignore:unclosed resource:ResourceWarning")
def test_a_client_works_in_a_second_event_loop_with_connections_of_its_own(run: Any) -> None:
    async def main(close: bool) -> None:
        assert (await api.retrieve_customer("C1")).customer
        if close:
            await api.api_client.close()

    with Server() as server:
        api = AsyncCustomersApi(AsyncApiClient(Configuration(host=server.host, access_token="T0KEN")))
        run(main(close=False))
        run(main(close=True))
        assert server.connections == 2
        assert server.wait_for_ends(2)
        gc.collect()


def test_one_client_serves_event_loops_of_several_threads() -> None:
    outcomes: list[Any] = []
    done = threading.Barrier(4)

    async def calls() -> None:
        outcomes.extend([(await api.retrieve_customer("C1")).customer for _ in range(20)])

    def serve() -> None:
        with contextlib.closing(asyncio.new_event_loop()) as loop:
            loop.run_until_complete(calls())
            done.wait(10)
            loop.run_until_complete(api.api_client.close())
            done.wait(10)
            loop.run_until_complete(asyncio.sleep(0.02))

    with Server() as server:
        api = AsyncCustomersApi(AsyncApiClient(Configuration(host=server.host, access_token="T0KEN")))
        threads = [threading.Thread(target=serve) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert server.wait_for_ends(4)

    assert len(outcomes) == 80
    assert None not in outcomes


def test_closing_reaches_the_connections_of_an_event_loop_in_another_thread() -> None:
    ready, over = threading.Event(), threading.Event()

    async def elsewhere() -> None:
        await api.retrieve_customer("C1")
        ready.set()
        await asyncio.get_running_loop().run_in_executor(None, over.wait, 5)

    with Server() as server:
        api = AsyncCustomersApi(AsyncApiClient(Configuration(host=server.host, access_token="T0KEN")))
        thread = threading.Thread(target=asyncio.run, args=(elsewhere(),))
        thread.start()
        ready.wait(5)
        asyncio.run(api.api_client.close())
        assert server.wait_for_ends(1)
        over.set()
        thread.join(5)


# -- Connections ----------------------------------------------------------------------------------------------------


def test_there_are_no_more_connections_than_the_setting_says(run: Any) -> None:
    async def main() -> None:
        with Server() as one, Server() as other:
            async with client_of(one, connection_pool_maxsize=4) as api:
                for _ in range(3):
                    for server in (one, other):
                        api.api_client.configuration.host = server.host
                        await asyncio.gather(*(api.retrieve_customer("C1") for _ in range(12)))
                open_to = [len(server.requests) for server in (one, other)]
                assert open_to == [36, 36]
                assert one.wait_for_ends(one.connections)
                assert other.connections >= 4

    run(main())


def test_idle_connections_to_many_hosts_are_closed(run: Any) -> None:
    async def main() -> None:
        with contextlib.ExitStack() as stack:
            hosts = [stack.enter_context(Server()) for _ in range(6)]
            async with client_of(hosts[0]) as api:
                for server in hosts:
                    api.api_client.configuration.host = server.host
                    await api.retrieve_customer("C1")
                assert hosts[0].wait_for_ends(1)
                assert hosts[1].wait_for_ends(1)
                await api.retrieve_customer("C1")
                assert hosts[5].connections == 1

    run(main())


def test_a_connection_whose_route_was_forgotten_meanwhile_is_closed(run: Any) -> None:
    async def main() -> None:
        with contextlib.ExitStack() as stack:
            slow = stack.enter_context(Server(servers.after(0.1, answer())))
            others = [stack.enter_context(Server()) for _ in range(4)]
            async with client_of(slow) as api:
                task = asyncio.ensure_future(api.retrieve_customer("C1"))
                await until(lambda: slow.requests)
                for server in others:
                    api.api_client.configuration.host = server.host
                    await api.retrieve_customer("C1")
                assert (await task).customer
                await asyncio.sleep(0.01)
                assert slow.wait_for_ends(1)

    run(main())


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_what_tls_sends_for_itself_is_no_surplus(
    run: Any, server_tls: ssl.SSLContext, version: str, authority: Any, tmp_path: Path
) -> None:
    import ssl

    server_tls.maximum_version = ssl.TLSVersion[version]
    server_tls.num_tickets = 4
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")

    async def main() -> None:
        with Server(tls=server_tls) as server:
            async with client_of(server, ssl_ca_cert=str(tmp_path / "ca.pem")) as api:
                for _ in range(5):
                    assert (await api.retrieve_customer("C1")).customer
                    await asyncio.sleep(0.01)

                assert server.connections == 1

    run(main())


def test_errors_are_those_of_the_other_driver(run: Any) -> None:
    async def main() -> None:
        error = {"errors": [{"category": "INVALID_REQUEST_ERROR", "code": "NOT_FOUND", "detail": "no"}]}
        with Server(answer(404, error), answer(503, {}), commit(answer(503, {}))) as server:
            async with client_of(server, max_retries=0) as api:
                with pytest.raises(NotFound) as caught:
                    await api.retrieve_customer("C1")
                assert caught.value.errors[0].code == "NOT_FOUND"
                with pytest.raises(ServerError):
                    await api.retrieve_customer("C1")
                with pytest.raises(ServerError) as failed:
                    await api.create_customer(BODY)
                assert failed.value.outcome_unknown

    run(main())
