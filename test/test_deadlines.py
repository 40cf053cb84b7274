"""Every call ends in time, whatever the server, the proxy or the network does."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from squareconnect import Configuration
from squareconnect.exceptions import ApiException, ConnectionFailed, RateLimited, Timeout
from test import servers
from test.servers import Server, answer, api_for, commit, drip, message, stall

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

    from squareconnect import CustomersApi

pytestmark = pytest.mark.usefixtures("driver")

BODY = {"given_name": "Ada"}


@contextlib.contextmanager
def ends_in_time() -> Iterator[None]:
    """Check that the block ends within 10 seconds. Without a time-out, nothing here ends within 20 seconds."""
    start = time.monotonic()
    yield
    assert time.monotonic() - start < 10


def test_time_outs_and_a_deadline_are_set_by_default() -> None:
    configuration = Configuration()

    assert configuration.timeout == (10.0, 30.0)
    assert configuration.deadline == 120.0


LONG = message(200, b"", {"Content-Length": 10**6})
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
DRIPS = {
    "a status line": drip(b"HTTP/1.1 200 " + b"O" * 1000),
    "headers": drip(b"HTTP/1.1 200 OK\r\n" + b"X-A: a\r\n" * 90, first=17),
    "continues": drip(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a body": drip(LONG + b" ", first=len(LONG)),
    "chunks": drip(CHUNKED + b"1\r\n \r\n", first=len(CHUNKED)),
    "a chunk's size": drip(CHUNKED + b"0", first=len(CHUNKED)),
    "trailers": drip(CHUNKED + b"2\r\n{}\r\n0\r\n" + b"X-A: a\r\n" * 99, first=len(CHUNKED) + 10),
}


@pytest.mark.parametrize("dripping", DRIPS.values(), ids=DRIPS)
def test_a_server_that_drips_is_stopped_at_the_deadline(dripping: servers.Step) -> None:
    with Server(otherwise=dripping) as server, ends_in_time(), pytest.raises(Timeout) as caught:
        api_for(server, deadline=0.3).retrieve_customer("C1")

    assert caught.value.attempts == 1


def test_a_flood_of_interim_answers_is_stopped_at_the_deadline() -> None:
    def flood(wire: servers.Wire, request: servers.Request) -> None:
        while not wire.server.ended.is_set():
            wire.send(b"HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n" * 1000)

    with Server(flood) as server, ends_in_time(), pytest.raises(Timeout, match="the deadline passed"):
        api_for(server, deadline=0.3).retrieve_customer("C1")


def test_a_call_to_a_silent_server_ends_after_the_read_time_out() -> None:
    with Server(otherwise=stall) as server, ends_in_time(), pytest.raises(Timeout) as caught:
        api_for(server, timeout=(10, 0.1), max_retries=1).retrieve_customer("C1")

    assert caught.value.attempts == 2
    assert not caught.value.outcome_unknown


def test_a_create_that_times_out_is_sent_once() -> None:
    with Server(otherwise=commit(stall)) as server:
        with pytest.raises(Timeout) as caught:
            api_for(server, timeout=(10, 0.1)).create_customer(BODY)

        end = time.monotonic() + 10
        while not server.committed and time.monotonic() < end:
            time.sleep(0.001)
        assert len(server.committed) == 1
    assert caught.value.outcome_unknown


@pytest.mark.parametrize("timeout", [0.1, (5, 0.1), [5, 0.1]])
def test_a_call_can_have_its_own_time_out(timeout: Any) -> None:
    with Server(otherwise=stall) as server, ends_in_time(), pytest.raises(Timeout):
        api_for(server, max_retries=0).retrieve_customer("C1", _request_timeout=timeout)


def test_a_tls_handshake_that_never_ends_is_stopped_at_the_deadline() -> None:
    with servers.silent_host() as host, ends_in_time(), pytest.raises(Timeout) as caught:
        api_for(host.replace("http:", "https:"), deadline=0.3).create_customer(BODY)

    assert not caught.value.outcome_unknown


@pytest.mark.parametrize("proxying", [stall, DRIPS["a status line"]], ids=["silent", "dripping"])
def test_a_call_through_a_proxy_that_never_connects_ends_at_the_deadline(proxying: servers.Step) -> None:
    with Server(otherwise=proxying) as proxy, ends_in_time(), pytest.raises(Timeout) as caught:
        api_for("https://square.example", proxy=proxy.host, deadline=0.3).create_customer(BODY)

    assert not caught.value.outcome_unknown


def test_a_server_behind_a_slow_proxy_has_only_the_remaining_time() -> None:
    with servers.silent_host() as host, Server(otherwise=servers.after(0.2, servers.tunnel)) as proxy, ends_in_time():
        target = host.replace("http:", "https:")
        with pytest.raises(Timeout):
            api_for(target, proxy=proxy.host, deadline=0.3).retrieve_customer("C1")


@pytest.mark.parametrize("secure", [False, True])
def test_a_call_to_a_server_that_does_not_read_ends_at_the_deadline(secure: bool, server_tls: ssl.SSLContext) -> None:
    huge = {"note": "n" * 20_000_000}
    with Server(tls=server_tls if secure else None, deaf=True) as server, ends_in_time():
        api = api_for(server, deadline=1.0, verify_ssl=False)
        with pytest.warns() if secure else contextlib.nullcontext(), pytest.raises(Timeout) as caught:
            api.create_customer(huge)

    assert caught.value.outcome_unknown


@pytest.fixture
def full_port_url() -> Iterator[str]:
    """The URL of a port whose queue is full, so that a connection is neither accepted nor refused."""
    with servers.full_port() as port:
        yield f"http://127.0.0.1:{port}"


def test_a_connection_that_is_never_accepted_ends_after_the_connect_time_out(full_port_url: str) -> None:
    with ends_in_time(), pytest.raises(Timeout) as caught:
        api_for(full_port_url, timeout=(0.1, 30), max_retries=1).create_customer(BODY)

    assert caught.value.attempts == 2
    assert not caught.value.outcome_unknown


class Names:
    """Replaces the name lookup."""

    def __init__(self, *addresses: tuple[str, int], seconds: float = 0.0) -> None:
        self.addresses = addresses
        self.seconds = seconds
        self.ended = threading.Event()

    def getaddrinfo(self, host: str, port: int, *args: Any, **options: Any) -> list[Any]:
        if host != "square.example":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]
        self.ended.wait(self.seconds)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in self.addresses]


def host_named(names: Names, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(socket, "getaddrinfo", names.getaddrinfo)
    return "http://square.example"


def test_a_slow_name_lookup_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names(seconds=20)
    host = host_named(names, monkeypatch)

    with ends_in_time(), pytest.raises(Timeout, match="no connection could be made before the deadline") as caught:
        api_for(host, deadline=0.2, allow_insecure_http=True).create_customer(BODY)
    names.ended.set()

    assert not caught.value.outcome_unknown


def test_all_addresses_of_a_name_are_tried_before_the_deadline(
    full_port_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = [("127.0.0.1", int(full_port_url.rpartition(":")[2]))] * 20
    host = host_named(Names(*addresses), monkeypatch)

    with ends_in_time(), pytest.raises(Timeout):
        api_for(host, timeout=0.1, deadline=0.4, allow_insecure_http=True).retrieve_customer("C1")


def test_the_first_address_that_answers_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server() as server:
        host = host_named(Names(("127.0.0.1", servers.closed_port()), ("127.0.0.1", server.port)), monkeypatch)
        assert api_for(host, allow_insecure_http=True).retrieve_customer("C1").customer


def test_a_name_without_addresses_is_a_failed_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    host = host_named(Names(), monkeypatch)

    with pytest.raises(ConnectionFailed, match="getaddrinfo returns an empty list"):
        api_for(host, allow_insecure_http=True).retrieve_customer("C1")


def test_an_unknown_name_is_a_failed_connection() -> None:
    with pytest.raises(ConnectionFailed, match="gaierror"):
        api_for("https://square.invalid", max_retries=0).retrieve_customer("C1")


def test_names_are_looked_up_even_if_no_thread_can_be_started() -> None:
    before = threading.stack_size(2**46)
    try:
        with pytest.raises(RuntimeError):
            threading.Thread(target=print).start()
        with pytest.raises(ConnectionFailed, match="ConnectionRefusedError"):
            api_for(f"http://127.0.0.1:{servers.closed_port()}").retrieve_customer("C1")
    finally:
        threading.stack_size(before)


def failing_retrieve(api: CustomersApi) -> None:
    with pytest.raises(ConnectionFailed):
        api.retrieve_customer("C1")


def test_a_call_waits_for_a_connection_until_the_deadline() -> None:
    with Server(otherwise=stall) as server:
        api = api_for(server, connection_pool_maxsize=1, timeout=20, max_retries=0)
        holder = threading.Thread(target=failing_retrieve, args=(api,))
        holder.start()
        while not server.requests:
            time.sleep(0.001)
        api.api_client.configuration.deadline = 0.2
        with ends_in_time(), pytest.raises(Timeout) as caught:
            api.create_customer(BODY)

        assert server.connections == 1
    holder.join()
    assert not caught.value.outcome_unknown


class Clock:
    """A clock that only moves during pauses."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def with_clock(api: Any, jitter: float = 1.0) -> Clock:
    clock = Clock()
    rest = api.api_client.rest_client
    rest.monotonic, rest.sleep, rest.jitter = clock, clock.sleep, lambda: jitter
    return clock


def test_pauses_grow_and_are_capped() -> None:
    with Server(otherwise=answer(503, {})) as server:
        api = api_for(server, max_retries=6, max_retry_wait=5)
        clock = with_clock(api)
        with pytest.raises(ApiException):
            api.retrieve_customer("C1")

    assert clock.pauses == [0.5, 1, 2, 4, 5, 5]


def test_the_pause_that_the_server_asks_for_is_capped() -> None:
    with Server(
        answer(429, {}, {"Retry-After": 7}), answer(429, {}, {"Retry-After": 86400}), answer(503, {})
    ) as server:
        api = api_for(server)
        clock = with_clock(api)
        api.retrieve_customer("C1")

    assert clock.pauses == [7, 30, 2]


def test_a_pause_that_would_outlast_the_deadline_is_not_started() -> None:
    with Server(otherwise=answer(429, {}, {"Retry-After": 12})) as server:
        api = api_for(server, deadline=20)
        clock = with_clock(api)
        with pytest.raises(RateLimited) as caught:
            api.retrieve_customer("C1")

    assert clock.pauses == [12]
    assert caught.value.attempts == 2


def test_a_try_after_a_pause_that_took_too_long_ends_at_once() -> None:
    with Server(answer(503, {}), otherwise=stall) as server:
        api = api_for(server, deadline=5)
        clock = with_clock(api)
        api.api_client.rest_client.sleep = lambda seconds: clock.sleep(100)
        with ends_in_time(), pytest.raises(Timeout):
            api.retrieve_customer("C1")
