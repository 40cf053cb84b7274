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
from squareconnect.transport.outgoing import is_bypassed


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
def test_no_proxy_lists_hosts_domains_and_ports(no_proxy: str, bypassed: bool) -> None:
    assert is_bypassed("square.example", 443, no_proxy) is bypassed


@pytest.mark.parametrize(("network", "bypassed"), [("10.0.0.0/8", True), ("10.1.2.3", True), ("192.168.0.0/16", False)])
def test_no_proxy_lists_networks(network: str, bypassed: bool) -> None:
    assert is_bypassed("10.1.2.3", None, network) is bypassed


def test_the_batch_token_of_the_next_page_is_read_from_the_link_header() -> None:
    link = "<https://connect.squareup.com/v1/me/payments?batch_token=b1>;rel='next'"

    assert RESTResponse(200, "OK", {"Link": link}, b"").getbatch_token() == "b1"
    assert RESTResponse(200, "OK", {}, b"").getbatch_token() is None


def test_urllib3_future_is_refused_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urllib3, "AsyncPoolManager", object, raising=False)
    path = Path(transport.__file__)

    with pytest.raises(ImportError, match="urllib3-future is installed in place of urllib3"):
        exec(compile(path.read_text(), path, "exec"), {"__name__": "squareconnect.transport"})


def test_ordinary_threads_make_calls_if_daemon_threads_are_not_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Thread(threading.Thread):
        def __init__(self, *args: Any, daemon: bool | None = None, **kwargs: Any) -> None:
            if daemon:
                raise RuntimeError("daemon threads are disabled in this (sub)interpreter")
            super().__init__(*args, daemon=daemon, **kwargs)

    monkeypatch.setattr(threading, "Thread", Thread)

    assert Workers(1).start(lambda: "made").get(5) == "made"


def test_a_pickled_state_of_2_x_restores_the_values_of_a_model() -> None:
    state: dict[str, Any] = {"swagger_types": {}, "attribute_map": {}, "_given_name": "Ada", "_note": None}
    customer = Customer.__new__(Customer)
    customer.__setstate__(state)

    assert values_of(state)["given_name"] == "Ada"
    assert customer == Customer(given_name="Ada")
