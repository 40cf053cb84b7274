"""The route that requests take, and what an answer holds in addition to its body."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import urllib3

from squareconnect import transport
from squareconnect.asynchronous import Workers
from squareconnect.legacy import values_of
from squareconnect.models import Customer
from squareconnect.transport import RESTResponse
from squareconnect.transport.outgoing import is_bypassed, proxy_for


@pytest.mark.parametrize(
    ("no_proxy", "bypassed"),
    [
        ("square.example", True),
        ("other.example, EXAMPLE", True),
        ("square.example:443", True),
        ("square.example:80", False),
        ("uare.example", False),
        ("10.0.0.0/8", False),
        ("", False),
    ],
)
def test_no_proxy_names_hosts_domains_and_ports(no_proxy: str, bypassed: bool) -> None:
    assert is_bypassed("square.example", 443, no_proxy) is bypassed


@pytest.mark.parametrize(("network", "bypassed"), [("10.0.0.0/8", True), ("10.1.2.3", True), ("192.168.0.0/16", False)])
def test_no_proxy_names_networks(network: str, bypassed: bool) -> None:
    assert is_bypassed("10.1.2.3", 443, network) is bypassed


@pytest.mark.parametrize(
    ("origin", "no_proxy"),
    [
        ("https://square.example", "square.example:443"),
        ("http://square.example", "square.example:80"),
        ("https://[2001:db8::1]", "[2001:db8::1]:443"),
    ],
)
def test_no_proxy_may_name_the_port_that_a_url_leaves_out(
    origin: str, no_proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example")
    monkeypatch.setenv("NO_PROXY", no_proxy)

    assert proxy_for(origin, None) == ""


def test_the_batch_token_of_the_next_page_is_in_the_link() -> None:
    link = "<https://connect.squareup.com/v1/me/payments?batch_token=b1>;rel='next'"

    assert RESTResponse(200, "OK", {"Link": link}, b"").getbatch_token() == "b1"
    assert RESTResponse(200, "OK", {"Link": "<//[x/?batch_token=b1#x>;rel=next"}, b"").getbatch_token() == "b1"
    assert RESTResponse(200, "OK", {}, b"").getbatch_token() is None


def test_urllib3_future_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urllib3, "AsyncPoolManager", object, raising=False)
    path = Path(transport.__file__)

    with pytest.raises(ImportError, match="urllib3-future is installed in place of urllib3"):
        exec(compile(path.read_text(), path, "exec"), {"__name__": "squareconnect.transport"})


def test_where_no_daemons_are_allowed_ordinary_threads_make_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    class Thread(threading.Thread):
        def __init__(self, *args: Any, daemon: bool | None = None, **kwargs: Any) -> None:
            if daemon:
                raise RuntimeError("daemon threads are disabled in this (sub)interpreter")
            super().__init__(*args, daemon=daemon, **kwargs)

    monkeypatch.setattr(threading, "Thread", Thread)

    assert Workers(1).start(lambda: "made").get(5) == "made"


def test_a_state_of_2_x_gives_a_model_its_values() -> None:
    state: dict[str, Any] = {"swagger_types": {}, "attribute_map": {}, "_given_name": "Ada", "_note": None}
    customer = Customer.__new__(Customer)
    customer.__setstate__(state)

    assert values_of(state)["given_name"] == "Ada"
    assert customer == Customer(given_name="Ada")
