"""Recorders and mocks: requests that they block are not sent, and answers that they play are returned."""

from __future__ import annotations

import asyncio
import json
import textwrap
from typing import TYPE_CHECKING, Any

import mocket
import pook
import pytest
import vcr
from mocket import Mocket, Mocketizer
from mocket.exceptions import StrictMocketException
from mocket.mocks.mockhttp import Entry
from pook.exceptions import PookNoMatches
from pytest_socket import SocketBlockedError, SocketConnectBlockedError, disable_socket, enable_socket
from vcr.errors import CannotOverwriteExistingCassetteException

from squareconnect import AsyncApiClient, AsyncCustomersApi, Configuration
from squareconnect.exceptions import NotFound, ServerError, Timeout
from test.interop.peer import id_of
from test.servers import FOUND, Server, answer, api_for, closed_port, stall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_httpserver import HTTPServer

    from test.interop.peer import Peer

# -- vcrpy ----------------------------------------------------------------------------------------------------------


def recorded(server: Server, file: Path) -> str:
    """Record a retrieve that was tried twice, and a create. Return the host."""
    with vcr.use_cassette(str(file), record_mode="once"):
        api = api_for(server)
        assert id_of(api.retrieve_customer("C1")) == "C1"
        assert id_of(api.create_customer({"given_name": "Ada"})) == "C1"
    return server.host


def test_vcrpy_records_and_replays_each_try(tmp_path: Path) -> None:
    file = tmp_path / "calls.yaml"
    with Server(answer(503, {}), answer(), answer()) as server:
        host = recorded(server, file)

    api = api_for(host)  # The server is closed by now.
    with vcr.use_cassette(str(file), record_mode="none") as cassette:
        assert id_of(api.retrieve_customer("C1")) == "C1"
        assert id_of(api.create_customer({"given_name": "Ada"})) == "C1"
    assert (cassette.play_count, len(cassette)) == (3, 3)
    assert "squareconnect.configuration" not in file.read_text()


@pytest.mark.parametrize("connections", ["with", "without"])
def test_vcrpy_blocks_requests_that_are_not_recorded(tmp_path: Path, connections: str) -> None:
    with Server() as server:
        api = api_for(server)
        if connections == "with":
            api.retrieve_customer("C1")
        before = len(server.requests)
        with vcr.use_cassette(str(tmp_path / "none.yaml"), record_mode="none"):
            with pytest.raises(CannotOverwriteExistingCassetteException):
                api.retrieve_customer("C1")
            with pytest.raises(CannotOverwriteExistingCassetteException):
                api.create_customer({"given_name": "Ada"}, async_req=True).get(10)
        assert len(server.requests) == before
        assert api.retrieve_customer("C1").customer  # The client still works afterwards.


@pytest.mark.parametrize("moment", ["before", "after"])
def test_vcrpy_may_be_imported_before_or_after_the_sdk(moment: str, tmp_path: Path, python: Callable[..., str]) -> None:
    imports = ["import vcr", "from test.servers import api_for"]
    script = f"""
        {"; ".join(imports if moment == "before" else imports[::-1])}
        with vcr.use_cassette({str(tmp_path / "calls.yaml")!r}, record_mode="none"):
            print(api_for(HOST).retrieve_customer("C1").customer.id)
    """
    with Server() as server:
        host = recorded(server, tmp_path / "calls.yaml")

    assert python("-c", textwrap.dedent(script).replace("HOST", repr(host))) == "C1\n"


def test_vcrpy_records_and_replays_over_tls(tmp_path: Path, peer: Peer) -> None:
    recorder = vcr.VCR(match_on=["method", "path"])
    for host, mode in ((peer.tls, "once"), (f"https://127.0.0.1:{closed_port()}", "none")):
        with recorder.use_cassette(str(tmp_path / "tls.yaml"), record_mode=mode):
            api = api_for(host, ssl_ca_cert=peer.authority)
            assert id_of(api.retrieve_customer("C1")) == "C1"


def test_a_call_that_vcrpy_records_ends_in_time_and_reports_that_its_outcome_is_unknown(tmp_path: Path) -> None:
    with Server(stall) as server, vcr.use_cassette(str(tmp_path / "late.yaml"), record_mode="once"):
        with pytest.raises(Timeout) as caught:
            api_for(server, deadline=0.5, max_retries=0).create_customer({"given_name": "Ada"})
        assert caught.value.outcome_unknown


def test_pytest_recording_records_and_replays_and_blocks_the_network(
    tmp_path: Path, python: Callable[..., str]
) -> None:
    (tmp_path / "test_recorded.py").write_text(
        textwrap.dedent("""
            import os
            import pytest
            from test.servers import api_for

            @pytest.mark.vcr
            def test_recorded():
                assert api_for(os.environ["HOST"]).retrieve_customer("C1").customer

            @pytest.mark.block_network
            def test_blocked():
                with pytest.raises(RuntimeError, match="Network is disabled"):
                    api_for(os.environ["HOST"]).retrieve_customer("C1")
        """)
    )
    run = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path))
    with Server() as server, pytest.MonkeyPatch.context() as environment:
        environment.setenv("HOST", server.host)
        assert "2 passed" in python(*run, "--record-mode=once")
        assert "2 passed" in python(*run, "--record-mode=none")
        assert len(server.requests) == 1
    assert (tmp_path / "cassettes" / "test_recorded" / "test_recorded.yaml").is_file()


# -- pook -----------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["http://127.0.0.1:9", "https://connect.squareup.com"])
def host(request: pytest.FixtureRequest) -> str:
    """A host that must not be reached."""
    return str(request.param)


def test_pook_answers_each_try(host: str) -> None:
    api = api_for(host, max_retries=1)
    with pook.use():
        pook.get(f"{host}/v2/customers/C1", reply=503, response_json={})
        second = pook.get(f"{host}/v2/customers/C1", reply=200, response_json=FOUND)
        pook.post(f"{host}/v2/customers").json({"given_name": "Ada"}).reply(200).json(FOUND)
        pook.get(f"{host}/v2/customers/C2", reply=404, response_json={"errors": [{"code": "NOT_FOUND"}]})

        assert id_of(api.retrieve_customer("C1")) == "C1"
        assert second.calls == 1
        assert id_of(api.create_customer({"given_name": "Ada"}, async_req=True).get(10)) == "C1"
        with pytest.raises(NotFound) as caught:
            api.retrieve_customer("C2")
    assert caught.value.errors[0].code == "NOT_FOUND"


def test_pook_blocks_requests_that_it_does_not_know() -> None:
    with Server() as server:
        api = api_for(server)
        api.retrieve_customer("C1")
        with pook.use(), pytest.raises(PookNoMatches):
            api.create_customer({"given_name": "Ada"})
        assert len(server.requests) == 1
        assert api.retrieve_customer("C1").customer


# -- mocket ---------------------------------------------------------------------------------------------------------

leaks_of_mocket = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""Each of mocket's TLS sockets leaves a real socket unclosed."""


@leaks_of_mocket
def test_mocket_answers_instead_of_the_network(host: str) -> None:
    with Mocketizer(strict_mode=True):
        body = json.dumps(FOUND)
        Entry.single_register(Entry.GET, f"{host}/v2/customers/C1", body=body, headers={"X-Trace": "T1"})
        Entry.single_register(Entry.POST, f"{host}/v2/customers", body=body)
        Entry.single_register(Entry.GET, f"{host}/v2/customers/C2", body="{}", status=500)
        api = api_for(host, max_retries=0)

        response = api.retrieve_customer("C1", _return_http_data_only=False)
        assert (id_of(response.data), response.headers["X-Trace"]) == ("C1", "T1")
        assert id_of(api.create_customer({"given_name": "Ada"}, async_req=True).get(10)) == "C1"
        with pytest.raises(ServerError):
            api.retrieve_customer("C2")
        paths = [request.path for request in Mocket.request_list()]
        assert paths == ["/v2/customers/C1", "/v2/customers", "/v2/customers/C2"]
        with pytest.raises(StrictMocketException):
            api.retrieve_customer("C3")


@leaks_of_mocket
def test_mocket_is_not_bypassed_by_an_older_connection_and_its_own_is_not_kept() -> None:
    with Server() as server:
        api = api_for(server)
        api.retrieve_customer("C1")
        with Mocketizer(strict_mode=True):
            Entry.single_register(Entry.GET, f"{server.host}/v2/customers/C1", body='{"customer": {"id": "MOCKED"}}')
            assert api.retrieve_customer("C1", _preload_content=False).data == '{"customer": {"id": "MOCKED"}}'
        assert len(server.requests) == 1
        assert id_of(api.retrieve_customer("C1")) == "C1"
        assert len(server.requests) == 2


@leaks_of_mocket
def test_mockets_decorator_answers_too() -> None:
    def test() -> str:
        Entry.single_register(Entry.GET, "https://connect.squareup.com/v2/customers/C1", body=json.dumps(FOUND))
        return str(id_of(api_for("https://connect.squareup.com").retrieve_customer("C1")))

    assert mocket.mocketize(strict_mode=True)(test)() == "C1"


# -- pytest-socket and pytest-httpserver ----------------------------------------------------------------------------

warns = pytest.mark.filterwarnings("ignore:A test tried to use socket")
"""pytest-socket warns about what it blocks."""


@pytest.fixture
def without_sockets() -> Iterator[Callable[[], None]]:
    """A function that forbids sockets until the test ends."""
    yield disable_socket
    enable_socket()


@warns
def test_pytest_socket_blocks_a_call_even_if_a_connection_is_open(without_sockets: Callable[[], None]) -> None:
    with Server() as server:
        api = api_for(server)
        api.retrieve_customer("C1")
        without_sockets()
        with pytest.raises(SocketBlockedError):
            api.retrieve_customer("C1")
        with pytest.raises(SocketBlockedError):
            api.create_customer({"given_name": "Ada"}, async_req=True).get(10)
        enable_socket()
        assert api.retrieve_customer("C1").customer
        assert len(server.requests) == 2


@warns
@pytest.mark.allow_hosts(["127.0.0.2"])
def test_pytest_socket_blocks_calls_to_hosts_that_are_not_allowed() -> None:
    with pytest.raises(SocketConnectBlockedError):
        api_for(f"http://127.0.0.1:{closed_port()}").create_customer({"given_name": "Ada"})


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_pytest_socket_allows_calls_to_allowed_hosts() -> None:
    with Server() as server:
        assert api_for(server).retrieve_customer("C1").customer


def test_pytest_httpserver_answers(httpserver: HTTPServer) -> None:
    httpserver.expect_oneshot_request("/v2/customers/C1").respond_with_json({}, status=503)
    httpserver.expect_oneshot_request("/v2/customers/C1").respond_with_json(FOUND)
    httpserver.expect_request("/v2/customers", method="POST", json={"given_name": "Ada"}).respond_with_json(FOUND)
    api = api_for(httpserver.url_for("").rstrip("/"))

    assert id_of(api.retrieve_customer("C1")) == "C1"
    assert id_of(api.create_customer({"given_name": "Ada"})) == "C1"
    httpserver.check()
    assert [request.headers["Authorization"] for request, _ in httpserver.log] == ["Bearer T0KEN"] * 3


# -- The client for asyncio, which does not use urllib3 -------------------------------------------------------------


def awaited(host: str, times: int = 1, before: Callable[[], None] = lambda: None) -> Any:
    """Retrieve customers in one event loop. ``before`` is called before the last call."""

    async def calls() -> Any:
        response: Any = None
        configuration = Configuration(host=host, access_token="T", max_retries=0)
        async with AsyncApiClient(configuration) as client:
            for index in range(times):
                if index == times - 1:
                    before()
                response = await AsyncCustomersApi(client).retrieve_customer("C1")
        return response

    return asyncio.run(calls())


def test_vcrpy_and_pook_are_not_bypassed_on_asyncio(tmp_path: Path) -> None:
    with Server() as server:
        nothing = vcr.use_cassette(str(tmp_path / "none.yaml"), record_mode="none")
        with nothing, pytest.raises(RuntimeError, match=r"^vcr\S* intercepts urllib3 and would not see"):
            awaited(server.host)
        with pook.use(), pytest.raises(RuntimeError, match=r"^pook\S* intercepts urllib3 and would not see"):
            awaited(server.host)

        assert server.connections == 0
        assert awaited(server.host).customer


def test_vcrpy_records_awaited_calls_of_a_client_that_uses_threads(tmp_path: Path) -> None:
    async def call(host: str) -> Any:
        return await AsyncCustomersApi(api_for(host).api_client).retrieve_customer("C1")

    with Server() as server:
        for mode in ("once", "none"):
            with vcr.use_cassette(str(tmp_path / "awaited.yaml"), record_mode=mode):
                assert id_of(asyncio.run(call(server.host))) == "C1"
        assert len(server.requests) == 1


@leaks_of_mocket
def test_mocket_answers_on_asyncio() -> None:
    with Server() as server, Mocketizer(strict_mode=True):
        Entry.single_register(Entry.GET, f"{server.host}/v2/customers/C1", body=json.dumps(FOUND))
        assert id_of(awaited(server.host)) == "C1"
        assert not server.requests


@warns
def test_pytest_socket_blocks_a_call_on_asyncio_even_if_a_connection_is_open() -> None:
    with Server() as server:
        try:
            with pytest.raises(SocketBlockedError):
                awaited(server.host, times=3, before=lambda: disable_socket(allow_unix_socket=True))
        finally:
            enable_socket()
        assert len(server.requests) == 2
