"""Compare 2,000 retrieves on asyncio, 50 at a time, with urllib3 in 16 threads, in one run.

``python -m benchmarks.tasks`` measures them on asyncio's own event loop and, where it is installed, on uvloop: with a
server that answers at once, and with one that takes 20 ms. The server runs in a separate process, on its own core. It
uses an event loop too, because 50 server threads would wait for one another.
"""

from __future__ import annotations

import asyncio
import sys
import time
from importlib import import_module
from importlib.util import find_spec
from itertools import cycle
from typing import TYPE_CHECKING, Any

from benchmarks.clients import CUSTOMER_ID, TOKEN, Floor
from benchmarks.server import CannedServer, started
from benchmarks.workloads import together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CALLS = 2000
TASKS = 50
THREADS = 16
ROUNDS = 5
DELAYS = (0.0, 0.02)


class Answering(asyncio.Protocol):
    """Answers each request with a customer after a delay. Each connection gets the customers in turn."""

    delay = float(sys.argv[2]) if sys.argv[1:2] == ["--serve"] else 0.0
    customers = CannedServer(0.0, 1).customers

    def connection_made(self, transport: Any) -> None:
        """Take the connection."""
        self._write = transport.write
        self._turns = cycle(self.customers)

    def data_received(self, data: bytes) -> None:
        """Take a request, which comes in one piece."""
        if self.delay:
            asyncio.get_running_loop().call_later(self.delay, self._write, next(self._turns))
        else:
            self._write(next(self._turns))


async def serve() -> None:
    """Print the port and answer until the process ends."""
    listener = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0, backlog=128)
    print(listener.sockets[0].getsockname()[1], flush=True)
    await listener.serve_forever()


def in_threads(floor: Floor) -> float:
    """Return the seconds that the threads take."""
    calls = iter(range(CALLS))
    return together(lambda: [floor.retrieve() for _ in calls], THREADS)


async def in_tasks(host: str) -> float:
    """Return the seconds that the tasks take after their connections are open."""
    import squareconnect

    configuration = squareconnect.Configuration(host=host, access_token=TOKEN, connection_pool_maxsize=TASKS)
    async with squareconnect.AsyncApiClient(configuration) as client:
        api = squareconnect.AsyncCustomersApi(client)
        await _all(api, iter(range(2 * TASKS)))
        start = time.perf_counter()
        await _all(api, iter(range(CALLS)))
        return time.perf_counter() - start


async def _all(api: Any, calls: Iterator[int]) -> None:
    async def work() -> None:
        for _ in calls:
            await api.retrieve_customer(CUSTOMER_ID)

    await asyncio.gather(*(work() for _ in range(TASKS)))


def event_loops() -> dict[str, Callable[[Any], float]]:
    """Return the functions that run a coroutine, by the name of the event loop."""
    loops: dict[str, Callable[[Any], float]] = {"asyncio": asyncio.run}
    if find_spec("uvloop"):
        loops["uvloop"] = import_module("uvloop").run
    return loops


def measure(delay: float) -> dict[str, float]:
    """Return the best seconds of each contestant; all run in turn, round by round."""
    with started("benchmarks.tasks", "--serve", str(delay)) as host:
        floor = Floor(host)
        in_threads(floor)
        times: dict[str, list[float]] = {}
        for _ in range(ROUNDS):
            times.setdefault("threads", []).append(in_threads(floor))
            for name, run in event_loops().items():
                times.setdefault(name, []).append(run(in_tasks(host)))
    return {name: min(values) for name, values in times.items()}


if __name__ == "__main__" and sys.argv[1:2] == ["--serve"]:
    list(event_loops().values())[-1](serve())
elif __name__ == "__main__":
    for delay in DELAYS:
        best = measure(delay)
        print(f"The server takes {delay * 1000:.0f} ms; urllib3 in {THREADS} threads: {best['threads']:.2f} s")
        for name in event_loops():
            print(f"  {name}: {best[name]:.2f} s, {best[name] / best['threads']:.2f} of that")
