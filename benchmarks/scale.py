"""How the SDK's cost grows: with the size of a page, with threads, and with the number of customers.

The module runs in the environment ``ours``, and prints JSON.
"""

from __future__ import annotations

import itertools
import json
import resource
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import squareconnect
from benchmarks import server
from benchmarks.clients import TOKEN, Floor, Ours
from benchmarks.workloads import QUICK, THOROUGH, Effort, decode, threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE_SIZES = (1, 10, 100, 1_000, 10_000)
THREADS = (1, 4, 16, 64)


@contextmanager
def emulator() -> Iterator[str]:
    """Run the emulator in a separate process, and yield its URL."""
    command = [sys.executable, "-m", "squareconnect", "emulator", "--access-token", TOKEN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


def by_page_size(effort: Effort) -> dict[str, Any]:
    """Compare decoding with ``json.loads`` for pages of every size."""
    ours = Ours("http://127.0.0.1")
    short = effort._replace(seconds=effort.seconds / 2)
    return {str(size): decode(ours, short, size) for size in PAGE_SIZES}


def by_threads(work: Callable[[], object], seconds: float) -> dict[str, Any]:
    """Share a client among threads. Return the calls per second, and the share of a core that this process used."""
    rate = 1 / threads(work, 1, 50) * 50
    results = {}
    for count in THREADS:
        calls = max(5, round(rate * seconds / count))
        before = time.process_time()
        elapsed = threads(work, count, calls)
        results[str(count)] = {
            "calls_a_second": count * calls / elapsed,
            "share_of_a_core": (time.process_time() - before) / elapsed,
        }
    return results


def throughput(effort: Effort) -> dict[str, Any]:
    """Retrieve a customer from the canned server, by hand and with the SDK, and from the emulator with the SDK."""
    seconds = effort.seconds / 4
    with server.running() as host:
        results = {
            "raw urllib3, canned answers": by_threads(Floor(host).retrieve, seconds),
            "squareconnect, canned answers": by_threads(Ours(host).retrieve, seconds),
        }
    with emulator() as host:
        ours = Ours(host)
        customer_id: Any = ours.create().customer.id
        results["squareconnect, emulator"] = by_threads(lambda: ours.api.retrieve_customer(customer_id), seconds)
    return results


def walk(customers: int) -> list[dict[str, float]]:
    """List this many customers page by page. Return the seconds and the peak memory so far at each tenth."""
    points = []
    with server.running(pages=customers // server.PAGE_SIZE) as host:
        everyone = squareconnect.paginate(Ours(host).api.list_customers)
        start = time.perf_counter()
        for tenth in range(1, 11):
            for _ in itertools.islice(everyone, customers // 10):
                pass
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            points.append({"customers": tenth * customers // 10, "seconds": time.perf_counter() - start, "mib": memory})
        if next(everyone, None) is not None:
            raise RuntimeError("there were more customers than the server has")
    return points


if __name__ == "__main__":
    effort = QUICK if "--quick" in sys.argv else THOROUGH
    walked = walk(effort.customers_listed)  # First, while the process is small.
    print(json.dumps({"walk": walked, "page_sizes": by_page_size(effort), "threads": throughput(effort)}))
