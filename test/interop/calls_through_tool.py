"""Make calls through a tool that replaces sockets, TLS or clocks, in a separate process.

``python -m test.interop.calls_through_tool TOOL MOMENT PLAIN TLS SILENT AUTHORITY`` activates the tool and makes the
calls. The moment is ``early`` (before the SDK is imported), ``late`` (after that) or ``warm`` (when the client has
connections).
"""

from __future__ import annotations

import socket
import sys
import time
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from test.interop.peer import Peer, id_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from squareconnect import CustomersApi


def _gevent() -> None:
    from gevent import monkey

    warnings.simplefilter("ignore", monkey.MonkeyPatchWarning)
    monkey.patch_all()


def _eventlet() -> None:
    warnings.simplefilter("ignore", DeprecationWarning)
    import eventlet

    eventlet.monkey_patch()


def _truststore() -> None:
    import truststore

    truststore.inject_into_ssl()


def _ipv4() -> None:
    from urllib3.util import connection

    def family() -> socket.AddressFamily:
        families.append(socket.AF_INET)
        return socket.AF_INET

    connection.allowed_gai_family = family


families: list[int] = []
"""The address families that were looked up with :func:`_ipv4` active."""


TOOLS: dict[str, Callable[[], None]] = {
    "gevent": _gevent,
    "eventlet": _eventlet,
    "truststore": _truststore,
    "allowed_gai_family": _ipv4,
}


def elapsed() -> float:
    """Return the seconds since a fixed moment. Tools replace ``time.monotonic``."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)


def client(host: str, authority: str | None) -> CustomersApi:
    """Return a client whose calls have plenty of time."""
    from squareconnect import ApiClient, Configuration, CustomersApi

    configuration = Configuration(host=host, access_token="T", ssl_ca_cert=authority, max_retries=0, deadline=60)
    return CustomersApi(ApiClient(configuration))


def check_results(api: CustomersApi) -> None:
    """Make calls that succeed: one after the other, in the background, and many at once."""
    from concurrent.futures import ThreadPoolExecutor

    assert id_of(api.retrieve_customer("C1")) == "C1"
    assert id_of(api.create_customer({"given_name": "Ada"})) == "C1"
    assert id_of(api.retrieve_customer("C1", async_req=True).get(60)) == "C1"
    with ThreadPoolExecutor(20) as threads:
        assert {id_of(each) for each in threads.map(api.retrieve_customer, ["SLOW"] * 20)} == {"C1"}


def check_deadline(call: Callable[[], object], *, unknown: bool, seconds: float = 0.7) -> None:
    """Make a call that must end at its deadline, and report correctly whether it may have been carried out."""
    from squareconnect.exceptions import Timeout

    start = elapsed()
    with pytest.raises(Timeout) as late:
        call()
    assert late.value.outcome_unknown is unknown
    assert seconds - 0.1 <= elapsed() - start < seconds + 4


def check_deadlines(api: CustomersApi) -> None:
    """Make calls that would never end without a deadline."""
    api.api_client.configuration.deadline = 0.7
    check_deadline(partial(api.retrieve_customer, "DRIP"), unknown=False)
    check_deadline(partial(api.create_customer, {"given_name": "DRIP"}), unknown=True)
    check_deadline(partial(api.create_customer, {"given_name": "STALL"}), unknown=True)


def check_connecting(peer: Peer) -> None:
    """Make a call that ends during the TLS handshake."""
    api = client(peer.silent.replace("http:", "https:"), peer.authority)
    api.api_client.configuration.deadline = 0.7
    check_deadline(partial(api.create_customer, {"given_name": "Ada"}), unknown=False)


def check_tls(peer: Peer) -> None:
    """Check that a certificate of an unknown authority is refused."""
    from squareconnect.exceptions import ConnectionFailed

    api = client(peer.tls, None)
    with pytest.raises(ConnectionFailed, match="CERTIFICATE_VERIFY_FAILED") as failure:
        api.create_customer({"given_name": "Ada"})
    assert not failure.value.outcome_unknown


def check_green(tool: str, apis: list[CustomersApi]) -> None:
    """Make calls in twenty greenlets, which must wait at the same time and not one after the other."""
    start = elapsed()
    results: list[Any] = []
    for api in apis:
        api.api_client.configuration.deadline = 60
        if tool == "gevent":
            import gevent

            jobs = [gevent.spawn(api.retrieve_customer, "SLOW") for _ in range(20)]
            gevent.joinall(jobs, timeout=30)
            results += [job.value for job in jobs]
        elif tool == "eventlet":
            import eventlet

            results += eventlet.GreenPool(20).imap(api.retrieve_customer, ["SLOW"] * 20)
    assert all(id_of(each) == "C1" for each in results)
    assert not results or elapsed() - start < 20 * 0.3


def main(tool: str, moment: str, *where: str) -> None:
    """Make the calls."""
    peer = Peer(*where)
    if moment == "early":
        TOOLS[tool]()
    apis = [client(host, peer.authority) for host in (peer.plain, peer.tls)]
    if moment == "warm":
        for api in apis:
            api.retrieve_customer("C1")
    if moment != "early":
        TOOLS[tool]()
    for api in apis:
        check_results(api)
        check_deadlines(api)
    check_connecting(peer)
    check_tls(peer)
    check_green(tool, apis)
    assert tool != "allowed_gai_family" or families
    print("done")


if __name__ == "__main__":
    main(*sys.argv[1:])
