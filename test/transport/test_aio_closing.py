"""The driver for asyncio: closing, several event loops, and the limits of a pool."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import uvloop

from squareconnect.exceptions import ConnectionFailed, NotFound, ServerError
from squareconnect.transport import aio_tasks
from test import servers
from test.servers import FOUND, Server, answer, commit, cut, full_port, message, stall
from test.transport.asyncio_helpers import BODY, api_of, cancelled, client_of, until

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Any:
    """A function that runs a coroutine in a new event loop of each kind."""
    return request.param


# -- Closing --------------------------------------------------------------------------------------------------------


def test_closing_ends_a_call_in_flight_which_is_not_tried_again(run: Any) -> None:
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


def test_closing_ends_a_call_that_is_connecting(run: Any) -> None:
    async def main() -> None:
        with full_port() as port:
            async with client_of(f"http://127.0.0.1:{port}") as api:
                task = asyncio.ensure_future(api.create_customer(BODY))
                await asyncio.sleep(0.01)
                await api.api_client.close()
                with pytest.raises(ConnectionFailed, match="the client was closed") as caught:
                    await task
                assert caught.value.attempts == 1
                assert not caught.value.outcome_unknown

    run(main())


def test_closing_ends_a_call_that_is_setting_up_tls(run: Any) -> None:
    async def main() -> None:
        with servers.silent_host() as host:
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


def test_a_call_waits_during_a_pause(run: Any) -> None:
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
            api = api_of(server)
            await api.retrieve_customer("C1")
            del api
            gc.collect()
            await asyncio.sleep(0.01)
            assert server.wait_for_ends(1)

    run(main())


# -- Event loops ----------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:unclosed transport:ResourceWarning", "ignore:unclosed resource:ResourceWarning")
def test_a_client_works_in_a_second_event_loop_with_new_connections(run: Any) -> None:
    async def main(close: bool) -> None:
        assert (await api.retrieve_customer("C1")).customer
        if close:
            await api.api_client.close()

    with Server() as server:
        api = api_of(server)
        run(main(close=False))
        run(main(close=True))
        assert server.connections == 2
        assert server.wait_for_ends(2)
        gc.collect()


def test_one_client_works_in_event_loops_of_several_threads() -> None:
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
        api = api_of(server)
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
        api = api_of(server)
        thread = threading.Thread(target=asyncio.run, args=(elsewhere(),))
        thread.start()
        ready.wait(5)
        asyncio.run(api.api_client.close())
        assert server.wait_for_ends(1)
        over.set()
        thread.join(5)


# -- Connections ----------------------------------------------------------------------------------------------------


def test_there_are_no_more_connections_than_the_setting_allows(run: Any) -> None:
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


def test_a_connection_whose_pool_was_dropped_meanwhile_is_closed(run: Any) -> None:
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
def test_messages_of_tls_itself_are_not_surplus(
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


def test_exceptions_are_the_same_as_on_threads(run: Any) -> None:
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


def test_a_client_may_close_between_an_answer_and_the_pause_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closing(ThreadPoolExecutor):
        """Closes the client while a large answer is being decoded."""

        def submit(self, work: Callable[..., Any], /, *args: Any, **options: Any) -> Any:
            closing.append(asyncio.ensure_future(api.api_client.close()))
            return super().submit(work, *args, **options)

    closing: list[Any] = []

    async def main() -> None:
        monkeypatch.setattr(aio_tasks, "ThreadPoolExecutor", Closing)
        with pytest.raises(ConnectionFailed, match="the client was closed"):
            await api.retrieve_customer("C1")
        await asyncio.gather(*closing)

    with Server(answer(503, b"x" * 200_000, {"Retry-After": 20})) as server:
        api = api_of(server)
        asyncio.run(main())
        assert len(server.requests) == 1


def test_the_longest_idle_connection_makes_room_for_one_to_another_host() -> None:
    async def main() -> None:
        async with client_of(one, connection_pool_maxsize=2) as api:
            await asyncio.gather(api.retrieve_customer("C1"), api.retrieve_customer("C2"))
            await until(lambda: one.connections == 2)
            for server in (two, three):
                api.api_client.configuration.host = server.host
                assert (await api.retrieve_customer("C3")).customer
            assert one.wait_for_ends(2)

    with Server(cut(message(200, FOUND)), servers.after(0.05, answer())) as one, Server() as two, Server() as three:
        asyncio.run(main())


def test_hosts_share_one_tls_context(server_tls: ssl.SSLContext, authority: Any, tmp_path: Path) -> None:
    async def main() -> None:
        async with client_of(one, ssl_ca_cert=str(tmp_path / "ca.pem")) as api:
            for server in (one, two):
                api.api_client.configuration.host = server.host
                assert (await api.retrieve_customer("C1")).customer

    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with Server(tls=server_tls) as one, Server(tls=server_tls) as two:
        asyncio.run(main())
