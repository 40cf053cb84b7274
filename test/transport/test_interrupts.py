"""A signal handler may raise at any moment of a call: Ctrl-C, or a time limit of the program's own."""

from __future__ import annotations

import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from test.servers import CUSTOMER, Request, Wire, answer, message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from squareconnect import CustomersApi
    from test.transport.conftest import Way

POOL = 3


class InterruptError(BaseException):
    """What the handler raises."""


@pytest.fixture
def _interruptible() -> Iterator[None]:
    def interrupt(number: int, frame: object) -> None:
        raise InterruptError

    before = signal.signal(signal.SIGALRM, interrupt)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def echo(wire: Wire, request: Request) -> None:
    """Answer with the customer that was asked for."""
    wire.send(message(200, {"customer": {**CUSTOMER, "id": request.target.rpartition("/")[2]}}))


def interrupted_calls(api: CustomersApi, count: int, chance: random.Random) -> int:
    """Make calls until so many were interrupted; return how many were not."""
    interrupted = undisturbed = 0
    while interrupted < count:
        wanted = f"C{interrupted}-{undisturbed}"
        try:
            try:
                signal.setitimer(signal.ITIMER_REAL, chance.uniform(0.000_01, chance.choice((0.002, 0.02))))
                got = api.retrieve_customer(wanted).customer.id
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except (InterruptError, SystemError):  # CPython 3.11 turns an interrupt of a constructor into a SystemError.
            interrupted += 1
        else:
            undisturbed += 1
            assert got == wanted
    return undisturbed


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Interrupts of finalizers.
@pytest.mark.usefixtures("_interruptible")
def test_the_client_works_as_before_after_each_interrupt(way: Way) -> None:
    with way.server(otherwise=echo) as (server, api):
        client = api.api_client
        client.configuration.deadline = 10.0
        rest = client.rest_client
        rest._fixed["connection_pool_maxsize"] = POOL
        rest._forget()
        interrupted_calls(api, 150, random.Random(5))

        started = time.monotonic()
        assert most_at_once(api) == POOL
        assert time.monotonic() - started < 5


def most_at_once(api: CustomersApi) -> int:
    """Return how many calls a client makes at a time, when far more are waiting."""
    inside, most, lock = 0, 0, threading.Lock()
    manager = api.api_client.rest_client.pool_manager

    def request(*args: Any, **options: Any) -> Any:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        try:
            time.sleep(0.01)
            return manager.request(*args, **options)
        finally:
            with lock:
                inside -= 1

    class Counting:
        def __init__(self) -> None:
            self.request = request

    api.api_client.rest_client.pool_manager = Counting()
    with ThreadPoolExecutor(4 * POOL) as threads:
        names = [f"N{number}" for number in range(40)]
        assert [each.customer.id for each in threads.map(api.retrieve_customer, names)] == names
    return most


@pytest.mark.usefixtures("_interruptible")
def test_an_interrupt_while_a_call_waits_for_a_connection_loses_no_place(way: Way) -> None:
    with way.server(otherwise=answer()) as (_, api):
        rest = api.api_client.rest_client
        rest._fixed["connection_pool_maxsize"] = 1
        rest._forget()
        release = threading.Event()
        holding = threading.Event()

        class Held:
            def request(self, *args: Any, **options: Any) -> Any:
                holding.set()
                release.wait(10)
                raise OSError("held")

        rest.pool_manager = Held()
        holder = threading.Thread(target=lambda: pytest.raises(Exception, api.retrieve_customer, "C1"))
        holder.start()
        holding.wait(10)
        for _ in range(20):
            with pytest.raises(InterruptError):
                signal.setitimer(signal.ITIMER_REAL, 0.005)
                api.retrieve_customer("C1")
        release.set()
        holder.join(10)
        del rest.pool_manager

        assert api.retrieve_customer("C1").customer
