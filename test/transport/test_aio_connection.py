"""The driver for asyncio: requests and answers of any kind, which do not block the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import uvloop
from urllib3.util import wait_for_read

from squareconnect import AsyncApiClient, Configuration
from squareconnect.exceptions import ConnectionFailed, DecodeError, InvalidRequest, ServerError, Timeout
from squareconnect.transport import aio_tasks
from squareconnect.transport.aio_connection import Connection, Message
from squareconnect.transport.answer import Broken, RESTResponse
from test import servers
from test.servers import FOUND, Server, answer, chunked, cut, message, raw
from test.transport.asyncio_helpers import api_of, cancelled, client_of, retrieved_by

if TYPE_CHECKING:
    from collections.abc import Callable


class Transport:
    """Accepts what a connection writes, and records its other calls."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def write(self, data: bytes) -> None:
        pass

    def pause_reading(self) -> None:
        self.asked.append("pause")

    def resume_reading(self) -> None:
        self.asked.append("resume")

    def is_closing(self) -> bool:
        return "abort" in self.asked

    def get_write_buffer_size(self) -> int:
        return 0

    def abort(self) -> None:
        self.asked.append("abort")


# -- Requests -------------------------------------------------------------------------------------------------------


def test_a_request_is_sent_with_its_method_path_headers_and_body() -> None:
    async def main() -> None:
        async with AsyncApiClient(Configuration(host=server.host, access_token="T0KEN")) as client:
            await client.call_api("/v2/é", "GET", query_params={"q": "ä"})
            await client.call_api("/v2/x", "POST", header_params={"Host": "elsewhere", "X-A": "ü"})
            await client.call_api("/v2/x", "PUT", body={"a": "ä"})
            await client.call_api("/v2/x", "DELETE")
            await client.request("POST", server.host + "/v2/x", post_params=[("a", "b")])

    with Server(otherwise=answer(200, b"{}")) as server:
        asyncio.run(main())
        got, post, put, delete, form = server.requests

    assert got.target == "/v2/%C3%A9?q=%C3%A4"
    assert got.headers["host"] == server.host.removeprefix("http://")
    assert (post.headers["host"], post.headers["x-a"], post.headers["content-length"]) == ("elsewhere", "ü", "0")
    assert json.loads(put.body) == {"a": "ä"}
    assert "content-length" not in delete.headers
    assert b'name="a"' in form.body
    assert {request.connection for request in server.requests} == {1}


def test_an_answer_to_head_has_no_body() -> None:
    async def main() -> None:
        async with AsyncApiClient(Configuration(host=server.host, access_token="T0KEN")) as client:
            for _ in range(2):
                response = await client.call_api("/v2/x", "HEAD")
                assert (response.status, response.content) == (200, b"")
                assert response.getheader("Content-Length") == "7"

    with Server(otherwise=raw(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n")) as server:
        asyncio.run(main())
        assert server.connections == 1


@pytest.mark.parametrize("closes", [False, True])
@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_an_answer_during_the_request_is_used_and_its_connection_closed(run: Any, closes: bool) -> None:
    def refuse(listener: socket.socket) -> None:
        sock, _ = listener.accept()
        with sock:
            sock.recv(1000)
            sock.sendall(message(413, {"errors": []}))
            if not closes:
                over.wait(5)

    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=refuse, args=(listener,))
        thread.start()
        host = f"http://127.0.0.1:{listener.getsockname()[1]}"

        async def main() -> None:
            api = api_of(host, max_retries=0)
            async with api.api_client as client:
                with pytest.raises(InvalidRequest) as caught:
                    await api.create_customer({"note": "n" * 20_000_000})
                assert caught.value.status == 413
                assert await connections_of(client) == 0

        run(main())
        over.set()
        thread.join(5)


def test_an_answer_before_a_connection_breaks_is_used() -> None:
    async def main() -> RESTResponse | Broken:
        client, server = socket.socketpair()
        with client, server:
            client.setblocking(False)
            connection = Connection(client, {})
            connection.connection_made(Transport())  # type: ignore[arg-type]
            task = asyncio.ensure_future(connection.send_request(Message("POST", "/", [], b"x"), 10, 9, 9))
            await asyncio.sleep(0)
            server.sendall(message(413, {}))
            connection.connection_lost(BrokenPipeError())
            return await task

    outcome = asyncio.run(main())

    assert isinstance(outcome, RESTResponse)
    assert outcome.status == 413


async def connections_of(client: Any) -> int:
    """Return how many connections a client has open, after closing connections have closed."""
    await asyncio.sleep(0.01)
    (pool,) = client.connections._pools.values()
    return len(pool._open)


class SlowTransport(Transport):
    """Reports that it is still writing the first three times it is asked."""

    left = 4

    def get_write_buffer_size(self) -> int:
        self.left = max(self.left - 1, 0)
        return self.left


def test_sending_may_take_long_while_the_server_reads() -> None:
    async def main() -> RESTResponse | Broken:
        with socket.socket() as sock:
            connection = Connection(sock, {})
            connection.connection_made(SlowTransport())  # type: ignore[arg-type]
            return await connection.send_request(Message("POST", "/", [], b"x"), 10, 0.05, 5)

    start = time.monotonic()
    outcome = asyncio.run(main())

    assert isinstance(outcome, Broken)
    assert outcome.late
    assert 0.2 < time.monotonic() - start < 5


# -- Answers --------------------------------------------------------------------------------------------------------


def test_a_refusal_whose_head_is_cut_is_still_that_refusal() -> None:
    data = b"HTTP/1.1 404 Not Found\r\nX-Trace: t1\r\nno header\r\nX-Half: a"
    with Server(cut(data)) as server, pytest.raises(Exception, match="Not Found") as caught:
        asyncio.run(retrieved_by(api_of(server, max_retries=0)))

    assert dict(caught.value.headers) == {"X-Trace": "t1"}  # type: ignore[attr-defined]


def test_closing_tls_ends_an_answer_without_a_length(server_tls: ssl.SSLContext, authority: Any, tmp_path: Any) -> None:
    def answer_and_unwrap(wire: servers.Wire, request: servers.Request) -> None:
        wire.send(b"HTTP/1.1 200 OK\r\n\r\n" + json.dumps(FOUND).encode())
        assert isinstance(wire.sock, ssl.SSLSocket)
        with contextlib.suppress(OSError):
            wire.sock.unwrap()

    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with Server(answer_and_unwrap, tls=server_tls) as server:
        assert asyncio.run(retrieved_by(api_of(server, ssl_ca_cert=str(tmp_path / "ca.pem")))).customer


def test_broken_tls_is_a_failed_connection(server_tls: ssl.SSLContext, authority: Any, tmp_path: Any) -> None:
    def break_tls(wire: servers.Wire, request: servers.Request) -> None:
        with socket.socket(fileno=socket.dup(wire.sock.fileno())) as plain:
            plain.sendall(b"this is no record of TLS at all")

    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with Server(break_tls, tls=server_tls) as server, pytest.raises(ConnectionFailed, match="SSLError") as caught:
        asyncio.run(retrieved_by(api_of(server, max_retries=0, ssl_ca_cert=str(tmp_path / "ca.pem"))))

    assert not caught.value.outcome_unknown


@pytest.mark.parametrize(
    ("behind", "problem"),
    [
        (b"", "RemoteProtocolError"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "closed"),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", "bytes before any were sent"),
    ],
)
def test_a_proxy_that_breaks_the_rules_is_a_failed_connection(behind: bytes, problem: str) -> None:
    with Server(otherwise=cut(behind)) as proxy, pytest.raises(ConnectionFailed, match=problem) as caught:
        asyncio.run(retrieved_by(api_of("https://square.example", proxy=proxy.host, max_retries=0)))

    assert "at the proxy" in str(caught.value)


def test_a_connection_that_is_never_quiet_is_not_used(
    server_tls: ssl.SSLContext, authority: Any, tmp_path: Any
) -> None:
    """The event loop does not get to read the bytes on the connection."""

    class Deaf(asyncio.SelectorEventLoop):
        async def create_connection(self, *args: Any, **options: Any) -> Any:
            transport, protocol = await super().create_connection(*args, **options)
            original = protocol.is_quiet

            async def is_quiet() -> bool:
                if not transport.is_closing():
                    transport.pause_reading()
                    wait_for_read(transport.get_extra_info("socket"), timeout=1)
                return bool(await original())

            protocol.is_quiet = is_quiet
            return transport, protocol

    def answer_at_once(wire: servers.Wire, request: servers.Request) -> None:
        raise AssertionError("nothing is sent")

    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    server_tls.num_tickets = 2
    with Server(answer_at_once, tls=server_tls, greeting=b"x") as server:
        loop = Deaf()
        try:
            with pytest.raises(ConnectionFailed, match="an answer before the request"):
                loop.run_until_complete(
                    retrieved_by(api_of(server, max_retries=0, ssl_ca_cert=str(tmp_path / "ca.pem")))
                )
        finally:
            loop.close()
        assert server.requests == []


def test_a_server_that_closes_during_the_tls_handshake_is_a_failed_connection() -> None:
    def hang_up(listener: socket.socket) -> None:
        sock, _ = listener.accept()
        with sock:
            sock.recv(10_000)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=hang_up, args=(listener,))
        thread.start()
        with pytest.raises(ConnectionFailed, match="the server closed the connection"):
            asyncio.run(retrieved_by(api_of(f"https://127.0.0.1:{listener.getsockname()[1]}", max_retries=0)))
        thread.join(5)


STRANGER = message(200, {"customer": {**FOUND["customer"], "id": "STRANGER"}})


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("cancels", [False, True])
def test_bytes_that_arrive_while_the_event_loop_is_busy_are_not_an_answer(
    secure: bool, cancels: bool, server_tls: ssl.SSLContext, authority: Any, tmp_path: Any
) -> None:
    async def main() -> None:
        async with client_of(server, ssl_ca_cert=str(tmp_path / "ca.pem")) as api:
            await api.retrieve_customer("C1")
            time.sleep(0.1)
            task = asyncio.ensure_future(api.retrieve_customer("C1"))
            if cancels:
                await asyncio.sleep(0)
                await cancelled(task)
                task = asyncio.ensure_future(api.retrieve_customer("C1"))
            assert (await task).customer.id == "C1"

    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with Server(servers.in_pieces(message(200, FOUND), STRANGER), tls=server_tls if secure else None) as server:
        asyncio.run(main())
        assert server.requests[-1].connection > 1


# -- The event loop is not blocked ----------------------------------------------------------------------------------


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the functions that ran on threads of their own."""
    names: list[str] = []

    class Noting(ThreadPoolExecutor):
        def submit(self, work: Callable[..., Any], /, *args: Any, **options: Any) -> Any:
            names.append(work.__name__)
            return super().submit(work, *args, **options)

    monkeypatch.setattr(aio_tasks, "ThreadPoolExecutor", Noting)
    return names


PAGE = json.dumps({"customer": {**FOUND["customer"], "note": "n" * 300_000}}).encode()


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (answer(200, gzip.compress(PAGE, 0), {"Content-Encoding": "gzip"}), ["judge", "_result"]),
        (answer(200, PAGE), ["_result"]),
        (answer(200, gzip.compress(json.dumps(FOUND).encode()), {"Content-Encoding": "gzip"}), []),
        (answer(200, FOUND), []),
    ],
    ids=["large and packed", "large", "packed", "small"],
)
def test_large_answers_are_read_on_another_thread(step: servers.Step, expected: list[str], work: list[str]) -> None:
    async def main() -> None:
        assert (await retrieved_by(api_of(server))).customer

    with Server(step) as server:
        asyncio.run(main())

    assert work == expected


def test_a_large_answer_is_read_in_time_while_all_threads_of_the_event_loop_are_taken() -> None:
    ended = threading.Event()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        loop.run_in_executor(None, ended.wait, 30)
        try:
            assert (await retrieved_by(api_of(server, deadline=10))).customer
            assert not ended.is_set()
        finally:
            ended.set()

    with Server(answer(200, PAGE)) as server:
        asyncio.run(main())


@pytest.mark.parametrize("cut_off", [False, True])
def test_large_errors_are_read_on_another_thread(cut_off: bool, work: list[str]) -> None:
    async def main() -> None:
        with pytest.raises(ServerError):
            await retrieved_by(api_of(server, max_retries=0))

    data = message(500, b"x" * 200_000)
    with Server(cut(data[:-9]) if cut_off else raw(data)) as server:
        asyncio.run(main())

    assert work == ["judge"]


def test_a_compression_bomb_is_not_decompressed_on_the_event_loops_thread(work: list[str]) -> None:
    async def main() -> None:
        with pytest.raises(DecodeError, match="larger than"):
            await retrieved_by(api_of(server, max_response_size=1_000_000))

    bomb = gzip.compress(b"\0" * 20_000_000)
    with Server(answer(200, bomb, {"Content-Encoding": "gzip"})) as server:
        asyncio.run(main())

    assert work == ["judge"]


CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 2000


def conversation(feed: Callable[[Connection], None]) -> tuple[RESTResponse | Broken, Transport]:
    """Return the outcome of a request when some bytes arrive at once, and the transport with its recorded calls."""
    transport = Transport()

    async def main() -> RESTResponse | Broken:
        with socket.socket() as sock:
            connection = Connection(sock, {})
            connection.connection_made(transport)  # type: ignore[arg-type]
            task = asyncio.ensure_future(connection.send_request(Message("GET", "/", [], None), 10**6, 9, 9))
            await asyncio.sleep(0)
            feed(connection)
            assert not task.done()
            assert transport.asked[0] == "pause"
            return await asyncio.wait_for(task, 5)

    return asyncio.run(main()), transport


def receive(connection: Connection, data: bytes) -> None:
    connection.get_buffer(-1)[: len(data)] = data
    connection.buffer_updated(len(data))


def test_thousands_of_chunks_are_processed_in_several_turns() -> None:
    outcome, transport = conversation(lambda connection: receive(connection, CHUNKS + b"0\r\n\r\n"))

    assert isinstance(outcome, RESTResponse)
    assert outcome.content == b"x" * 2000
    assert transport.asked.count("resume") > 5


def test_the_end_of_a_connection_is_processed_after_the_earlier_chunks() -> None:
    def feed(connection: Connection) -> None:
        receive(connection, CHUNKS)
        connection.eof_received()
        connection.connection_lost(ConnectionResetError())
        transport_of(connection).abort()

    outcome, _ = conversation(feed)

    assert isinstance(outcome, Broken)
    assert outcome.answer is not None
    assert outcome.answer.content == b"x" * 2000


def transport_of(connection: Connection) -> Any:
    return connection._transport


def test_bytes_that_arrive_between_two_turns_are_processed_in_order() -> None:
    def feed(connection: Connection) -> None:
        receive(connection, CHUNKS)
        receive(connection, b"0\r\n\r\n")

    outcome, _ = conversation(feed)

    assert isinstance(outcome, RESTResponse)
    assert outcome.content == b"x" * 2000


def test_a_body_over_the_limit_in_small_chunks_is_cut_at_the_limit() -> None:
    chunks = chunked(*[b"x" * 10] * 20)
    with Server(chunks) as server, pytest.raises(DecodeError, match="larger than") as caught:
        asyncio.run(retrieved_by(api_of(server, max_response_size=95)))

    assert caught.value.raw_body == b"x" * 96


def test_the_read_time_out_applies_between_two_pieces() -> None:
    def answer_in_pieces(wire: servers.Wire, request: servers.Request) -> None:
        data = message(200, FOUND)
        for start in range(0, len(data), 40):
            wire.send(data[start : start + 40])
            time.sleep(0.06)
        wire.server.ended.wait(5)

    with Server(answer_in_pieces, servers.stall) as server:
        assert asyncio.run(retrieved_by(api_of(server, timeout=(5, 0.2)))).customer
        with pytest.raises(Timeout, match=r"nothing for 0\.2 s"):
            asyncio.run(retrieved_by(api_of(server, timeout=(5, 0.2), max_retries=0)))
