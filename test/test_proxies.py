"""Proxies: which of them are used, what they see, and what they never get."""

from __future__ import annotations

import base64
import copy
import pickle
import time
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from squareconnect import Configuration
from squareconnect.exceptions import ConnectionFailed, Timeout
from test.servers import Server, answer, api_for, closed_port, cut, drip, message, tunnel

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

    import trustme

pytestmark = pytest.mark.usefixtures("driver")

PASSWORD = "s%40cret"
SHOWN_BY_NOTHING = ("s%40cret", "s@cret", base64.b64encode(b"ada:s@cret").decode())


@pytest.fixture
def square(server_tls: ssl.SSLContext) -> Iterator[Server]:
    with Server(tls=server_tls) as server:
        yield server


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


@pytest.fixture
def proxy() -> Iterator[Server]:
    with Server(otherwise=tunnel) as server:
        yield server


def test_a_configured_proxy_passes_tls_on_and_does_not_see_the_token(
    square: Server, proxy: Server, trusted: str
) -> None:
    api = api_for(square, proxy=proxy.host, ssl_ca_cert=trusted)
    assert api.retrieve_customer("C1").customer
    assert api.retrieve_customer("C1").customer

    (connect,) = proxy.requests
    assert (connect.method, connect.target) == ("CONNECT", f"127.0.0.1:{square.port}")
    assert "authorization" not in connect.headers
    assert b"T0KEN" not in proxy.received
    assert square.requests[0].headers["authorization"] == "Bearer T0KEN"
    assert "proxy-authorization" not in square.requests[0].headers


def test_a_proxy_gets_the_credentials_of_its_url(square: Server, proxy: Server, trusted: str) -> None:
    url = proxy.host.replace("//", f"//ada:{PASSWORD}@")
    api_for(square, proxy=url, ssl_ca_cert=trusted).retrieve_customer("C1")

    expected = base64.b64encode(b"ada:s@cret").decode()
    assert proxy.requests[0].headers["proxy-authorization"] == f"Basic {expected}"
    assert expected.encode() not in square.received


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("form", ["{}", "{without_scheme}"])
def test_the_proxy_of_the_environment_is_used(
    name: str, form: str, proxy: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy.steps = [answer(403, b"")]
    monkeypatch.setenv(name, form.format(proxy.host, without_scheme=proxy.host.removeprefix("http://")))
    with pytest.raises(ConnectionFailed, match="at the proxy, OSError: Tunnel connection failed: 403"):
        api_for("https://square.example", max_retries=0).retrieve_customer("C1")

    assert proxy.requests[0].target == "square.example:443"


@pytest.mark.parametrize("no_proxy", ["square.example", "example", "*", ".example"])
def test_no_proxy_is_respected(no_proxy: str, proxy: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.host)
    monkeypatch.setenv("NO_PROXY", no_proxy)
    with pytest.raises(ConnectionFailed):
        api_for(f"https://square.example:{closed_port()}", max_retries=0).retrieve_customer("C1")

    assert proxy.connections == 0


def test_this_machine_is_not_reached_through_the_proxy_of_the_environment(
    square: Server, proxy: Server, trusted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy.host)
    assert api_for(square, ssl_ca_cert=trusted).retrieve_customer("C1").customer

    assert proxy.connections == 0


def test_other_environment_variables_do_not_set_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTP_PROXY", "http://127.0.0.1:1")
    with pytest.raises(ConnectionFailed, match="gaierror"):
        api_for("https://square.invalid", max_retries=0).retrieve_customer("C1")


def test_the_setting_overrides_the_environment(proxy: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{closed_port()}")
    proxy.steps = [answer(403, b"")]
    with pytest.raises(ConnectionFailed, match="403"):
        api_for("https://square.example", proxy=proxy.host, max_retries=0).retrieve_customer("C1")


def test_an_empty_setting_disables_the_environment(proxy: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.host)
    with pytest.raises(ConnectionFailed, match="gaierror"):
        api_for("https://square.invalid", proxy="", max_retries=0).retrieve_customer("C1")

    assert proxy.connections == 0


def test_a_socks_proxy_in_the_environment_is_refused_with_the_name_of_the_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALL_PROXY", f"socks5://ada:{PASSWORD}@127.0.0.1:1")
    with pytest.raises(
        ValueError, match="the environment variable ALL_PROXY must be the URL of an HTTP proxy"
    ) as caught:
        api_for("https://square.example").retrieve_customer("C1")

    assert_nothing_is_shown(own_frames(caught.value))


def test_a_create_that_fails_at_the_proxy_is_known_not_to_be_carried_out(proxy: Server) -> None:
    proxy.otherwise = cut(message(502, b""))
    with pytest.raises(ConnectionFailed) as caught:
        api_for("https://square.example", proxy=proxy.host).create_customer({})

    assert caught.value.attempts == len(proxy.requests) == 4
    assert not caught.value.outcome_unknown
    assert caught.value.status is None


# -- Plain HTTP -----------------------------------------------------------------------------------------------------


def test_plain_http_on_this_machine_may_go_through_a_proxy_on_this_machine() -> None:
    with Server() as proxy:
        api_for("http://localhost:1234", proxy=proxy.host.replace("//", "//ada:x@")).retrieve_customer("C1")

        (request,) = proxy.requests
    assert request.target == "http://localhost:1234/v2/customers/C1"
    assert request.headers["proxy-authorization"] == "Basic " + base64.b64encode(b"ada:x").decode()


@pytest.mark.parametrize(
    ("host", "proxy"),
    [
        ("http://square.example", None),
        ("http://127.0.0.1.square.example", None),
        ("http://square.example", "http://127.0.0.1:{port}"),
        ("http://127.0.0.1:{port}", "http://proxy.example:3128"),
    ],
)
def test_the_token_is_not_sent_over_plain_http_to_or_through_another_machine(host: str, proxy: str | None) -> None:
    with Server() as server:
        host, proxy = host.format(port=server.port), proxy and proxy.format(port=server.port)
        with pytest.raises(ValueError, match="plain HTTP"):
            api_for(host, proxy=proxy).retrieve_customer("C1")

        assert server.connections == 0


def test_plain_http_can_be_allowed_and_forbidden_again() -> None:
    with Server() as proxy:
        api = api_for("http://square.example", proxy=proxy.host, allow_insecure_http=True)
        api.retrieve_customer("C1")
        api.api_client.configuration.allow_insecure_http = False
        with pytest.raises(ValueError, match="plain HTTP"):
            api.retrieve_customer("C1")

        assert len(proxy.requests) == 1


# -- Credentials ----------------------------------------------------------------------------------------------------


def own_frames(error: BaseException) -> str:
    """Return a traceback with local variables, without the frame of the test, which knows the secret."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    del shown.stack[0]
    return "".join(shown.format())


def assert_nothing_is_shown(text: str) -> None:
    assert [secret for secret in SHOWN_BY_NOTHING if secret in text] == []


@pytest.mark.parametrize(
    "url",
    [
        f"ftp://ada:{PASSWORD}@x",
        f"http://ada:{PASSWORD}@x:port",
        f"http://ada:{PASSWORD}@x:99999",
        f"http://ada:{PASSWORD}/@x",
        f"http://ada:{PASSWORD}\n@x",
        f"http://ada:{PASSWORD}@",
    ],
)
def test_a_refused_proxy_is_not_shown(url: str) -> None:
    with pytest.raises(ValueError, match="proxy must be the URL of an HTTP proxy") as caught:
        Configuration(proxy=url)

    assert_nothing_is_shown(own_frames(caught.value))


def test_credentials_are_shown_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with Server(otherwise=answer(407, b"")) as proxy:
        configuration = Configuration(
            host="https://square.example", access_token="T0KEN", proxy=proxy.host.replace("//", f"//ada:{PASSWORD}@")
        )
        api = api_for("https://square.example", proxy=configuration.proxy, max_retries=1)
        with pytest.raises(ConnectionFailed, match="407") as caught:
            api.retrieve_customer("C1")

    pieces: list[Any] = [configuration, copy.deepcopy(configuration), pickle.loads(pickle.dumps(configuration))]
    pieces += [caught.value, vars(api.api_client.rest_client)]
    assert_nothing_is_shown(repr(pieces) + str(caught.value) + caplog.text + own_frames(caught.value))


def test_credentials_are_not_shown_if_the_client_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="ssl_ca_cert") as caught:
        api_for("https://x", proxy=f"http://ada:{PASSWORD}@127.0.0.1:1", ssl_ca_cert=__file__).retrieve_customer("C1")

    assert_nothing_is_shown(own_frames(caught.value))


@pytest.mark.parametrize("port", [1, 80, 3128, 59999, 60000, 65535])
def test_a_proxy_may_use_any_port(port: int) -> None:
    assert Configuration(proxy=f"http://[::1]:{port}/").proxy == f"http://[::1]:{port}/"


# -- A proxy that is reached over TLS -------------------------------------------------------------------------------


def test_tls_passes_through_a_proxy_that_is_reached_over_tls(
    square: Server, server_tls: ssl.SSLContext, trusted: str
) -> None:
    with Server(tls=server_tls, otherwise=tunnel) as proxy:
        api = api_for(square, proxy=proxy.host.replace("//", "//ada:x@"), ssl_ca_cert=trusted)
        assert api.retrieve_customer("C1").customer
        assert api.retrieve_customer("C1").customer

        (connect,) = proxy.requests
        assert b"T0KEN" not in proxy.received
    assert connect.headers["proxy-authorization"] == "Basic " + base64.b64encode(b"ada:x").decode()


def test_an_answer_that_drips_through_such_a_proxy_is_stopped_at_the_deadline(
    server_tls: ssl.SSLContext, trusted: str
) -> None:
    dripping = drip(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 90)
    with Server(dripping, tls=server_tls) as square, Server(tls=server_tls, otherwise=tunnel) as proxy:
        api = api_for(square, proxy=proxy.host, ssl_ca_cert=trusted, deadline=0.4)
        start = time.monotonic()
        with pytest.raises(Timeout):
            api.retrieve_customer("C1")

        assert time.monotonic() - start < 10
