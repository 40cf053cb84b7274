"""Load the SDK for some minutes: ``python -m reliability.soak`` prints how the calls ended.

* 20,000 interrupts by a signal handler, over plain HTTP, over TLS, and over TLS through a proxy.
* 10,000 calls by 100 threads to a server that fails in every way, while the process is forked 1,000 times.
"""

from __future__ import annotations

import collections
import os
import random
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from squareconnect.exceptions import ApiException
from test.servers import CUSTOMER, Request, Server, Step, Wire, answer, api_for, close, cut, message, raw, reset

if TYPE_CHECKING:
    from squareconnect import CustomersApi

INTERRUPTS = {"plain": 10_000, "tls": 5_000, "proxy": 5_000}
THREADS, CALLS, FORKS = 100, 10_000, 1_000
STRANGER = message(200, {"customer": {**CUSTOMER, "id": "STRANGER"}})


def echo(wire: Wire, request: Request) -> None:
    """Answer with the customer that was asked for."""
    wire.send(message(200, {"customer": {**CUSTOMER, "id": request.target.rpartition("/")[2]}}))


def with_surplus(wire: Wire, request: Request) -> None:
    """Answer correctly, then send a second answer with another customer."""
    wire.send(message(200, {"customer": {**CUSTOMER, "id": request.target.rpartition("/")[2]}}) + STRANGER)


FAULTS: list[Step] = [
    *[echo] * 12,
    with_surplus,
    with_surplus,
    reset,
    close,
    answer(503, {}),
    answer(429, {}),
    answer(404, b"<html>"),
    cut(STRANGER[:60]),
    raw(b"HTTP/1.1 100 Continue\r\n\r\n" + message(500, {})),
]


def faulty(chance: random.Random) -> Step:
    """Return a step that plays any of the faults."""
    return lambda wire, request: chance.choice(FAULTS)(wire, request)


def outcome_of(api: CustomersApi, name: str) -> str:
    """Make a call, and return how it ended."""
    try:
        customer = api.retrieve_customer(name).customer
    except ApiException as failure:
        return type(failure).__name__
    got = customer.id if customer else None
    return "right" if got == name else f"WRONG: asked for {name}, got {got}"


def in_child(api: CustomersApi, number: int) -> bool:
    """Fork, and return whether the child's call got what it asked for or failed in an allowed way."""
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(int(outcome_of(api, f"FORK{number}").startswith("WRONG")))
        finally:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def crowd() -> tuple[collections.Counter[str], int]:
    """Make the calls and the forks. Return how the calls ended, and how many children went wrong."""
    warnings.simplefilter("ignore", DeprecationWarning)  # From 3.12 on, every fork in a process with threads warns.
    with Server(otherwise=faulty(random.Random(7))) as server:
        api = api_for(server, deadline=30.0, connection_pool_maxsize=32)
        wrong = 0
        with ThreadPoolExecutor(THREADS) as threads:
            calls = [threads.submit(outcome_of, api, f"C{number}") for number in range(CALLS)]
            for number in range(FORKS):
                wrong += not in_child(api, number)
            ends = collections.Counter(call.result() for call in calls)
    return ends, wrong


def main() -> int:
    """Run everything. Return 1 if anything went wrong."""
    failed = False
    for way, count in INTERRUPTS.items():
        command = [sys.executable, "-m", "test.transport.interrupting", str(count), way]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        print(f"{way}: {(done.stdout or done.stderr).strip()}", flush=True)
        failed |= done.returncode != 0
    started = time.monotonic()
    ends, wrong = crowd()
    seconds = time.monotonic() - started
    print(f"{CALLS} calls, {THREADS} threads, {FORKS} forks, {seconds:.0f} s: {dict(ends)}; {wrong} children wrong")
    return int(failed or wrong > 0 or any(end.startswith("WRONG") for end in ends))


if __name__ == "__main__":
    sys.exit(main())
