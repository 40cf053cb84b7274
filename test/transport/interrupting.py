"""Interrupt calls at any moment, and check that the client works afterwards as before.

``python -m test.transport.interrupting COUNT plain|tls|proxy`` prints what it saw, and exits with 1 if anything is
wrong. It runs in a separate process, because an interrupt could also hit the code of a test runner.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import ssl
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trustme

from test.servers import CUSTOMER, Request, Server, Wire, api_for, message, tunnel

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from squareconnect import CustomersApi

POOL = 3


class InterruptError(BaseException):
    """The exception that the signal handler raises."""


def interrupt_a_start(patch: pytest.MonkeyPatch) -> None:
    """Interrupt the next ``Thread.start()`` of this thread, while it waits for the new thread to run."""
    wait_as_ever, starter, due = threading.Condition.wait, threading.current_thread(), [True]

    def wait(condition: threading.Condition, timeout: float | None = None) -> bool:
        if threading.current_thread() is not starter or not due:
            return wait_as_ever(condition, timeout)
        due.clear()
        condition.release()  # Waiting starts with this.
        raise InterruptError

    patch.setattr(threading.Condition, "wait", wait)


def interrupt(number: int, frame: object) -> None:
    """Handle the signal as a program with its own time limit does."""
    raise InterruptError


def echo(wire: Wire, request: Request) -> None:
    """Answer with the customer that was asked for."""
    wire.send(message(200, {"customer": {**CUSTOMER, "id": request.target.rpartition("/")[2]}}))


def id_of(api: CustomersApi, wanted: str) -> str | None:
    """Retrieve a customer, and return the id in the answer."""
    customer = api.retrieve_customer(wanted).customer
    return customer.id if customer else None


def interrupted_calls(api: CustomersApi, count: int, chance: random.Random) -> int:
    """Make calls until ``count`` were interrupted. Return how many were not."""
    interrupted = undisturbed = 0
    while interrupted < count:
        wanted, got = f"C{interrupted}-{undisturbed}", None
        try:
            try:
                signal.setitimer(signal.ITIMER_REAL, chance.uniform(0.000_01, chance.choice((0.001, 0.004, 0.02))))
                got = id_of(api, wanted)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except (InterruptError, SystemError):  # CPython 3.11 turns an interrupt in a constructor into a SystemError.
            interrupted += 1
        else:
            undisturbed += 1
        if got not in (None, wanted):
            raise AssertionError(f"asked for {wanted}, got {got}")
    return undisturbed


def most_at_once(api: CustomersApi) -> int:
    """Return how many calls a client makes at once when many more are waiting."""
    rest = api.api_client.rest_client
    manager, lock, counts = rest.pool_manager, threading.Lock(), [0, 0]

    class Counting:
        def request(self, *args: Any, **options: Any) -> Any:
            with lock:
                counts[0] += 1
                counts[1] = max(counts)
            try:
                time.sleep(0.01)
                return manager.request(*args, **options)
            finally:
                with lock:
                    counts[0] -= 1

    rest.pool_manager = Counting()
    with ThreadPoolExecutor(4 * POOL) as threads:
        names = [f"N{number}" for number in range(40)]
        got = list(threads.map(lambda name: id_of(api, name), names))
    if got != names:
        raise AssertionError(f"asked for {names}, got {got}")
    return counts[1]


@contextlib.contextmanager
def client_over(route: str) -> Iterator[CustomersApi]:
    """Run a server, and yield an API that calls it."""
    if route == "plain":
        with Server(otherwise=echo) as server:
            yield api_for(server, connection_pool_maxsize=POOL, deadline=20.0)
        return
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as running:
        file = Path(folder, "ca.pem")
        authority.cert_pem.write_to_path(file)
        settings: dict[str, Any] = {"ssl_ca_cert": str(file), "connection_pool_maxsize": POOL, "deadline": 20.0}
        if route == "proxy":
            settings["proxy"] = running.enter_context(Server(tls=tls, otherwise=tunnel)).host
        yield api_for(running.enter_context(Server(tls=tls, otherwise=echo)), **settings)


def main(count: int, route: str) -> str:
    """Interrupt calls, and return a summary.

    :raises AssertionError: if a call got another call's answer, or the client no longer makes as many calls at once.
    """
    signal.signal(signal.SIGALRM, interrupt)
    with client_over(route) as api:
        api.retrieve_customer("C")
        undisturbed = interrupted_calls(api, count, random.Random(count))
        started = time.monotonic()
        most = most_at_once(api)
        seconds = time.monotonic() - started
    if most != POOL or seconds > 10:
        raise AssertionError(f"{most} calls at a time, in {seconds:.1f} s")
    return f"{count} calls interrupted, {undisturbed} not; then {most} at a time, none hung, none got another's answer"


if __name__ == "__main__":
    sys.unraisablehook = lambda unraisable: None  # An interrupt in a finalizer does not interrupt a call.
    print(main(int(sys.argv[1]), sys.argv[2]), flush=True)
    os._exit(0)
