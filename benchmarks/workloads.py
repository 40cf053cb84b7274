"""The workloads that are measured: each compares one peer with the floor, in the peer's environment.

Every workload returns the seconds (or bytes) of the floor and of the peer. Where possible, the runs are interleaved
(floor, peer, floor) round by round. A slow moment of the machine then affects all three, and the difference between
the two floors shows how far the figures can be trusted. pyperf times the imports one after the other, in separate
processes.
"""

from __future__ import annotations

import compileall
import gc
import importlib.metadata
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import urllib3

from benchmarks import data, server
from benchmarks.clients import CLIENTS, Floor

if TYPE_CHECKING:
    from collections.abc import Callable, Container


class Effort(NamedTuple):
    """How much is measured."""

    seconds: float
    """About how long one workload is repeated."""
    customers_held: int
    customers_listed: int
    rounds_of_threads: int
    interpreters: int
    """The number of processes in which pyperf measures a statement."""


THOROUGH = Effort(seconds=6.0, customers_held=20_000, customers_listed=1_000_000, rounds_of_threads=7, interpreters=10)
QUICK = Effort(seconds=1.5, customers_held=2_000, customers_listed=100_000, rounds_of_threads=3, interpreters=2)

GROUPS = ("decode", "calls", "memory", "threads", "imports")

THREADS = 16
CALLS_A_THREAD = 40
DELAY = 0.005
WARM_UP = 0.2
"""How many seconds a workload runs before it is measured."""


def race(contestants: dict[str, Callable[[], object]], seconds: float) -> dict[str, list[float]]:
    """Run workloads in turn, round by round, for about ``seconds``. Return the seconds per run of each."""
    turn = 0.02
    slowest = max(_warm(work) for work in contestants.values())
    runs = max(1, round(turn / slowest))
    times: dict[str, list[float]] = {name: [] for name in contestants}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or any(len(values) < 3 for values in times.values()):
        for name, work in contestants.items():
            gc.collect()
            start = time.perf_counter()
            for _ in range(runs):
                work()
            times[name].append((time.perf_counter() - start) / runs)
    return times


def _warm(work: Callable[[], object]) -> float:
    """Run a workload until Python has specialised its code and caches are full. Return the seconds of the last run."""
    runs, seconds = 0, 0.0
    end = time.perf_counter() + WARM_UP
    while runs < 5 or time.perf_counter() < end:
        start = time.perf_counter()
        work()
        seconds = time.perf_counter() - start
        runs += 1
    return seconds


def compared_with_floor(floor: Callable[[], object], peer: Callable[[], object], seconds: float) -> dict[str, Any]:
    """Race a peer's workload against the floor before and after it. Return the best and the median of each."""
    times = race({"floor": floor, "peer": peer, "floor_after": floor}, seconds)
    return {name: {"best": min(values), "median": statistics.median(values)} for name, values in times.items()}


def decode(peer: Any, effort: Effort, size: int = 100, *, full: bool = False) -> dict[str, Any]:
    """Turn the bytes of a page into models."""
    content = data.page(size, full=full)
    return compared_with_floor(lambda: json.loads(content), lambda: peer.decode(content), effort.seconds)


def calls(peer: Any, floor: Floor, effort: Effort) -> dict[str, dict[str, Any]]:
    """Make the three calls over loopback."""
    return {
        name: compared_with_floor(getattr(floor, name), getattr(peer, name), effort.seconds)
        for name in ("retrieve", "create", "list")
    }


def bytes_held(load: Callable[[bytes], object], customers: int) -> int:
    """Return the bytes that ``customers`` take after they were loaded page by page."""
    pages = [data.page(first=first) for first in range(0, customers, 100)]
    load(pages[0])
    gc.collect()
    tracemalloc.start()
    kept = [load(page) for page in pages]
    gc.collect()
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del kept
    return size


def threads(work: Callable[[], object], count: int = THREADS, calls: int = CALLS_A_THREAD) -> float:
    """Return the seconds that ``count`` threads sharing one client take for ``calls`` each."""

    def repeat() -> None:
        for _ in range(calls):
            work()

    return together(repeat, count)


def together(work: Callable[[], object], count: int) -> float:
    """Return the seconds that ``count`` threads take to do a work once each."""
    crew = [threading.Thread(target=work) for _ in range(count)]
    start = time.perf_counter()
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    return time.perf_counter() - start


def sixteen_threads(make: Callable[[str], Any], effort: Effort) -> dict[str, Any]:
    """Let 16 threads share one client, against a server that takes 5 ms."""
    with server.running(delay=DELAY) as host:
        floor, peer = Floor(host), make(host)
        connections = _connections(host)
        threads(peer.retrieve)
        connections = _connections(host) - connections - 1
        threads(floor.retrieve)
        times: dict[str, list[float]] = {"floor": [], "peer": [], "floor_after": []}
        for _ in range(effort.rounds_of_threads):
            for name, work in (("floor", floor), ("peer", peer), ("floor_after", floor)):
                times[name].append(threads(work.retrieve))
    result: dict[str, Any] = {
        name: {"best": min(values), "median": statistics.median(values)} for name, values in times.items()
    }
    return result | {"connections": connections}


def _connections(host: str) -> int:
    with urllib3.PoolManager() as pool:
        return int(pool.request("GET", host + "/connections").data)


def statement(code: str, processes: int) -> dict[str, float]:
    """Return the seconds that a new interpreter takes for a statement, measured by pyperf."""
    import pyperf  # type: ignore[import-untyped]

    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "out.json"
        command = [sys.executable, "-m", "pyperf", "command", f"--processes={processes}", "--quiet", "-o", str(output)]
        subprocess.run(
            [*command, "--", sys.executable, "-c", code],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        values = pyperf.Benchmark.load(str(output)).get_values()
    return {"best": min(values), "median": statistics.median(values)}


def imports(client: Any, effort: Effort) -> dict[str, dict[str, Any]]:
    """Compare the import with a bare interpreter, and the first client with ``import urllib3``.

    The package is compiled first, as pip compiles what it installs.
    """
    package = importlib.util.find_spec(client.statement.removeprefix("import "))
    assert package is not None
    assert package.submodule_search_locations
    compileall.compile_dir(package.submodule_search_locations[0], quiet=1)
    codes = {
        "bare": "pass",
        "urllib3": "import urllib3",
        "import": client.statement,
        "first_client": f"{client.statement}; {client.first_client}",
    }
    before = {name: statement(code, effort.interpreters) for name, code in codes.items()}
    after = {name: statement(codes[name], effort.interpreters) for name in ("bare", "urllib3")}
    return {
        "import": {"floor": before["bare"], "peer": before["import"], "floor_after": after["bare"]},
        "first_client": {
            "floor": before["urllib3"],
            "peer": before["first_client"],
            "floor_after": after["urllib3"],
        },
    }


def measure(name: str, effort: Effort, only: Container[str] = GROUPS) -> dict[str, dict[str, Any]]:
    """Measure workloads of one peer, by their names in ``table.WORKLOADS``. A model library makes no calls.

    :param only: the groups to measure, from ``GROUPS``.
    """
    make = CLIENTS[name]
    makes_calls = hasattr(make, "retrieve")
    results: dict[str, dict[str, Any]] = {}
    with server.running() as host:
        peer, floor = make(host), Floor(host)
        if "decode" in only:
            results["decode"] = decode(peer, effort)
            results["decode_full"] = decode(peer, effort, full=True)
        if "calls" in only and makes_calls:
            results |= calls(peer, floor, effort)
        if "memory" in only:
            customers = effort.customers_held if name == "ours" else min(effort.customers_held, 2_000)
            results["memory"] = {
                "floor": {"best": bytes_held(json.loads, customers)},
                "peer": {"best": bytes_held(peer.decode, customers)},
                "customers": customers,
            }
    if "threads" in only and makes_calls:
        results["threads"] = sixteen_threads(make, effort)
    if "imports" in only and makes_calls:
        results |= imports(make, effort)
    return results


if __name__ == "__main__":
    effort = QUICK if "--quick" in sys.argv else THOROUGH
    only = ("decode", "calls") if sys.argv[1] == "fast" else GROUPS
    versions = {each.name: each.version for each in importlib.metadata.distributions()}
    print(json.dumps({"workloads": measure(sys.argv[1], effort, only), "versions": versions}))
