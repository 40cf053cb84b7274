"""Calls use the sockets, TLS classes, name lookups, connections or interpreters that programs put in place."""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
import urllib3
from urllib3.connection import HTTPConnection
from urllib3.util import connection, ssl_

from squareconnect import AsyncApiClient, AsyncCustomersApi, Configuration
from squareconnect.exceptions import ConnectionFailed, Timeout
from test.servers import FOUND, Server, answer, api_for, drip, environment_without_coverage, message, silent_host

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import trustme

    from test.servers import Request, Wire

DRIP = drip(message(200, FOUND), 0.05)


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path) -> str:
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    return str(file)


class Counting(socket.socket):
    """A replacement for Python's socket, like that of PySocks."""

    connected = 0

    def connect(self, address: Any) -> None:
        Counting.connected += 1
        super().connect(address)


class Wrapped:
    """An object with the methods of a socket that is not a socket, like those of gevent, eventlet and mocket."""

    connected = 0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._inner = _socket(*arguments, **options)

    def connect(self, address: Any) -> None:
        """Connect."""
        Wrapped.connected += 1
        self._inner.connect(address)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


_socket = socket.socket


@pytest.fixture(params=[Counting, Wrapped])
def replacing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """A function that replaces ``socket.socket`` with another class, and returns that class."""

    def replace() -> Any:
        request.param.connected = 0
        monkeypatch.setattr(socket, "socket", request.param)
        return request.param

    return replace


def test_calls_use_the_current_socket_class_and_no_older_connection(
    replacing: Callable[[], Any],
) -> None:
    with Server() as server:
        api = api_for(server)
        api.retrieve_customer("C1")
        api.retrieve_customer("C1")
        assert server.connections == 1
        kind = replacing()
        assert api.retrieve_customer("C1").customer
        assert api.retrieve_customer("C1").customer

        assert kind.connected == 1
        assert server.connections == 2


def test_deadline_and_outcome_are_right_with_other_sockets(replacing: Callable[[], Any]) -> None:
    with Server(otherwise=DRIP) as server, silent_host() as silent:
        replacing()
        for host in (server.host, silent):
            with pytest.raises(Timeout) as late:
                api_for(host, deadline=0.4, max_retries=0).create_customer({"given_name": "Ada"})
            assert late.value.outcome_unknown


def test_a_socket_class_that_refuses_to_connect_blocks_even_older_connections(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(self: socket.socket, address: Any) -> None:
        raise PermissionError("the network is switched off")

    with Server() as server:
        api = api_for(server)
        api.retrieve_customer("C1")
        monkeypatch.setattr(socket.socket, "connect", refuse, raising=False)
        with pytest.raises(ConnectionFailed, match="switched off") as caught:
            api.create_customer({"given_name": "Ada"})

        assert not caught.value.outcome_unknown
        assert len(server.requests) == 1
        monkeypatch.undo()
        assert api.retrieve_customer("C1").customer


# -- TLS ------------------------------------------------------------------------------------------------------------


_context: Any = ssl.SSLContext


class Counted(ssl.SSLContext):
    """A TLS context of another class, like those of gevent, eventlet and truststore."""

    wrapped = 0

    def wrap_socket(self, *arguments: Any, **options: Any) -> Any:
        """Set up TLS over a socket."""
        Counted.wrapped += 1
        return super().wrap_socket(*arguments, **options)

    def wrap_bio(self, *arguments: Any, **options: Any) -> Any:
        """Set up TLS over buffers."""
        Counted.wrapped += 1
        return super().wrap_bio(*arguments, **options)


for _name in ("minimum_version", "options", "verify_flags", "verify_mode"):
    # The properties of ssl.SSLContext look up ssl.SSLContext by name, and would find this class.
    setattr(Counted, _name, getattr(_context.__base__, _name))


@pytest.fixture
def another_context(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """A function that replaces ``ssl.SSLContext`` with another class."""

    def replace() -> None:
        Counted.wrapped = 0
        monkeypatch.setattr(ssl, "SSLContext", Counted)
        monkeypatch.setattr(ssl_, "SSLContext", Counted)

    return replace


def test_another_class_of_tls_contexts_is_used_as_soon_as_it_is_set(
    server_tls: ssl.SSLContext, trusted: str, another_context: Callable[[], None]
) -> None:
    with Server(tls=server_tls) as server:
        api = api_for(server, ssl_ca_cert=trusted)
        api.retrieve_customer("C1")
        another_context()
        assert api.retrieve_customer("C1").customer
        assert api.retrieve_customer("C1").customer

        assert Counted.wrapped == 1
        assert server.connections == 2


def test_deadline_and_outcome_are_right_with_another_class_of_tls_contexts(
    server_tls: ssl.SSLContext, trusted: str, another_context: Callable[[], None]
) -> None:
    with Server(tls=server_tls, otherwise=DRIP) as server, silent_host() as silent:
        another_context()
        for host, unknown in ((server.host, True), (silent.replace("http:", "https:"), False)):
            api = api_for(host, ssl_ca_cert=trusted, deadline=0.7, max_retries=0)
            with pytest.raises(Timeout) as late:
                api.create_customer({"given_name": "Ada"})
            assert late.value.outcome_unknown is unknown


def test_a_fake_tls_context_is_left_to_urllib3(monkeypatch: pytest.MonkeyPatch, trusted: str) -> None:
    class Fake:
        """Mocket's replacement for a TLS context."""

        def __init__(self, *arguments: Any) -> None:
            pass

        def load_verify_locations(self, *arguments: Any) -> None:
            """Load nothing."""

    monkeypatch.setattr(ssl, "create_default_context", lambda **options: Fake())
    context = api_for("https://127.0.0.1:9", ssl_ca_cert=trusted).api_client.rest_client.pool_manager
    assert isinstance(context.connection_pool_kw["ssl_context"], _context)
    assert context.connection_pool_kw["ssl_context"].get_ca_certs()


# -- urllib3 --------------------------------------------------------------------------------------------------------


def test_a_patched_address_family_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "allowed_gai_family", lambda: socket.AF_INET6)
    with Server() as server, pytest.raises(ConnectionFailed) as caught:
        api_for(server, max_retries=0).create_customer({"given_name": "Ada"})
    assert not caught.value.outcome_unknown


@pytest.mark.parametrize("moment", ["before the first call", "between calls"])
def test_another_class_of_connections_is_used(monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    made: list[str] = []

    class Recording(HTTPConnection):
        def request(self, method: str, url: str, *arguments: Any, **options: Any) -> None:
            made.append(f"{method} {url}")
            super().request(method, url, *arguments, **options)

    with Server(otherwise=answer()) as server:
        api = api_for(server)
        if moment == "between calls":
            api.retrieve_customer("C1")
            api.api_client.close()
        monkeypatch.setattr(urllib3.HTTPConnectionPool, "ConnectionCls", Recording)
        assert api.retrieve_customer("C2").customer

    assert made == ["GET /v2/customers/C2"]


# -- Interpreters ---------------------------------------------------------------------------------------------------

SUBINTERPRETER = """
    import os
    import sys
    import textwrap

    if sys.version_info >= (3, 13):
        import _interpreters as interpreters
        ours = interpreters.create("isolated" if sys.argv[2] == "isolated" else "legacy")
        run = lambda code: interpreters.run_string(ours, code)
    else:
        import _xxsubinterpreters as interpreters
        ours = interpreters.create(isolated=sys.argv[2] == "isolated")
        run = lambda code: interpreters.run_string(ours, code)

    code = textwrap.dedent('''
        import sys
        sys.path[:] = PATH
        from squareconnect import ApiClient, Configuration, CustomersApi
        from squareconnect.exceptions import Timeout

        api = CustomersApi(ApiClient(Configuration(host=HOST, access_token="T", deadline=30, max_retries=0)))
        assert api.retrieve_customer("C1").customer.id == "C1"
        try:
            handle = api.retrieve_customer("C1", async_req=True)
        except RuntimeError as error:
            print("background:", error)
        else:
            assert handle.get(30).customer.id == "C1"
        api.api_client.configuration.deadline = 0.5
        try:
            api.create_customer({"given_name": "DRIP"})
        except Timeout as late:
            assert late.outcome_unknown
        else:
            raise AssertionError("no Timeout")
        print("done", flush=True)
    ''')
    failure = run(f"HOST, PATH = {sys.argv[1]!r}, {sys.path!r}\\n{code}")
    assert failure is None, failure
    sys.stdout.flush()
    os._exit(0)  # Python 3.12.1 aborts at the end of an isolated one that did no more than import ssl, or hashlib.
"""


@pytest.mark.parametrize("kind", ["isolated", "legacy"])
def test_a_subinterpreter_makes_calls_even_if_it_may_not_have_daemon_threads(kind: str) -> None:
    def play(wire: Wire, request: Request) -> None:
        (answer() if request.method == "GET" else DRIP)(wire, request)

    with Server(otherwise=play) as server:
        program = [sys.executable, "-c", textwrap.dedent(SUBINTERPRETER), server.host, kind]
        done = subprocess.run(
            program, env=environment_without_coverage(), capture_output=True, text=True, timeout=60, check=False
        )

    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("done\n")


# -- The client for asyncio -----------------------------------------------------------------------------------------


async def retrieved(client: AsyncApiClient, times: int = 2) -> None:
    for _ in range(times):
        assert (await AsyncCustomersApi(client).retrieve_customer("C1")).customer


def test_calls_on_asyncio_use_the_current_socket_class(monkeypatch: pytest.MonkeyPatch) -> None:
    async def calls(host: str) -> None:
        async with AsyncApiClient(Configuration(host=host, access_token="T")) as client:
            await retrieved(client)
            Counting.connected = 0
            monkeypatch.setattr(socket, "socket", Counting)
            await retrieved(client)

    with Server() as server:
        asyncio.run(calls(server.host))
        assert server.connections == 2


def test_calls_on_asyncio_use_the_current_class_of_tls_contexts(
    server_tls: ssl.SSLContext, trusted: str, another_context: Callable[[], None]
) -> None:
    async def calls(host: str) -> None:
        settings = Configuration(host=host, access_token="T", ssl_ca_cert=trusted)
        async with AsyncApiClient(settings) as client:
            await retrieved(client)
            another_context()
            await retrieved(client)

    with Server(tls=server_tls) as server:
        asyncio.run(calls(server.host))
        assert Counted.wrapped == 1
        assert server.connections == 2


PLACES = {
    "urlopen of a pool": "urllib3.HTTPConnectionPool.urlopen",
    "connections": "urllib3.HTTPConnectionPool.ConnectionCls",
    "connections over TLS": "urllib3.HTTPSConnectionPool.ConnectionCls",
    "request of a manager": "urllib3.PoolManager.request",
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_calls_on_asyncio_do_not_bypass_replacements_of_urllib3(place: str) -> None:
    async def call(host: str) -> None:
        async with AsyncApiClient(Configuration(host=host, access_token="T")) as client:
            await retrieved(client)
            with (
                mock.patch(place),
                pytest.raises(RuntimeError, match=r"unittest\.mock intercepts urllib3 and would"),
            ):
                await retrieved(client)
            await retrieved(client)

    with Server() as server:
        asyncio.run(call(server.host))
        assert len(server.requests) == 4


def test_calls_on_asyncio_bypass_a_wrapper_that_only_observes_urllib3(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = urllib3.HTTPConnectionPool.urlopen

    @functools.wraps(plain)
    def traced(*arguments: Any, **options: Any) -> Any:
        return plain(*arguments, **options)

    monkeypatch.setattr(urllib3.HTTPConnectionPool, "urlopen", traced)

    async def call(host: str) -> None:
        async with AsyncApiClient(Configuration(host=host, access_token="T")) as client:
            await retrieved(client)

    with Server() as server:
        asyncio.run(call(server.host))
