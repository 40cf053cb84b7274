"""Clocks that are stopped or wrong: calls end, and an emulator in the same process stops as well."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import freezegun
import pytest
import time_machine

from squareconnect import ApiClient, Configuration, CustomersApi
from squareconnect.emulator import Emulator
from test.interop.calls_through_tool import check_deadline, check_results, elapsed
from test.interop.peer import id_of
from test.servers import Server, answer, api_for, close

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from test.interop.peer import Peer

LONG_AGO = "2020-02-29 12:00:00+00:00"
CLOCKS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "freezegun": lambda: freezegun.freeze_time(LONG_AGO),
    "freezegun that ticks": lambda: freezegun.freeze_time(LONG_AGO, tick=True),
    "time-machine": lambda: time_machine.travel(LONG_AGO),
    "time-machine that stands still": lambda: time_machine.travel(LONG_AGO, tick=False),
}
in_every_time = pytest.mark.parametrize("clock", CLOCKS.values(), ids=CLOCKS)
quiet = pytest.mark.filterwarnings("ignore:System time is way off")


@quiet
@in_every_time
def test_calls_succeed_and_end_at_their_deadline_under_another_clock(
    clock: Callable[[], AbstractContextManager[Any]], peer: Peer
) -> None:
    for host in (peer.plain, peer.tls):
        api = api_for(host, ssl_ca_cert=peer.authority, max_retries=0)
        with clock():
            check_results(api)
            api.api_client.configuration.deadline = 0.7
            check_deadline(partial(api.retrieve_customer, "DRIP"), unknown=False)
            check_deadline(partial(api.create_customer, {"given_name": "STALL"}), unknown=True)
        assert id_of(api.retrieve_customer("C1")) == "C1"


@in_every_time
def test_retries_wait_as_long_as_the_server_asks_under_another_clock(
    clock: Callable[[], AbstractContextManager[Any]],
) -> None:
    steps = (answer(429, {}, {"Retry-After": "1"}), close, answer())
    with Server(*steps) as server, clock():
        api = CustomersApi(ApiClient(Configuration(host=server.host, access_token="T")))
        start = elapsed()
        assert id_of(api.retrieve_customer("C1")) == "C1"
        assert 1 <= elapsed() - start < 10


@in_every_time
@pytest.mark.parametrize("around", ["everything", "calls", "the stop"])  # Keys of AROUND.
def test_an_emulator_in_the_same_process_answers_and_stops_under_another_clock(
    clock: Callable[[], AbstractContextManager[Any]], around: str
) -> None:
    thread = threading.Thread(target=AROUND[around], args=(clock,), daemon=True)  # It may hang; the test must not.
    thread.start()
    thread.join(30)
    assert not thread.is_alive()


def _everything(clock: Callable[[], AbstractContextManager[Any]]) -> None:
    with clock(), Emulator() as emulator:
        use(emulator)


def _calls(clock: Callable[[], AbstractContextManager[Any]]) -> None:
    with Emulator() as emulator, clock():
        use(emulator)


def _stop(clock: Callable[[], AbstractContextManager[Any]]) -> None:
    emulator = Emulator()
    emulator.start()
    use(emulator)
    with clock():
        emulator.stop()


AROUND = {"everything": _everything, "calls": _calls, "the stop": _stop}


def use(emulator: Emulator) -> None:
    """Create and retrieve a customer."""
    configuration = Configuration(host=emulator.url, access_token=emulator.access_token)
    with ApiClient(configuration) as client:
        api = CustomersApi(client)
        made = id_of(api.create_customer({"given_name": "Ada"}))
        assert id_of(api.retrieve_customer(made)) == made
