"""What the time of a call or a page is spent on: a profile by origin of the code, and machine instructions.

The module runs in the environment ``ours``, and prints JSON.
"""

from __future__ import annotations

import cProfile
import json
import os
import pstats
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from benchmarks import data, server
from benchmarks.clients import Floor, Ours

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

WORKLOADS = ("decode", "retrieve", "create", "list")

_ORIGINS = {
    "squareconnect": r"/squareconnect/",
    "urllib3": r"/urllib3/",
    "http.client and email, which read and write the HTTP": r"/(http|email)/",
    "json": r"/json/|json",
    "socket calls, waiting included": r"/socket\.py|/selectors\.py|socket|select|poll",
}


def profile(work: Callable[[], object], runs: int) -> dict[str, float]:
    """Return the shares of a workload's time by origin of code, from cProfile. C functions count for their caller."""
    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(runs):
        work()
    profiler.disable()
    own: dict[str, float] = {}
    for (file, _, function), (_, _, seconds, _, callers) in pstats.Stats(profiler).stats.items():  # type: ignore[attr-defined]
        if file == "~" and not re.search(r"socket|poll|json", function):
            for (caller_file, _, _), (_, _, part, _) in callers.items():
                _add(own, caller_file, part)
        else:
            _add(own, function if file == "~" else file, seconds)
    total = sum(own.values())
    return {origin: seconds / total for origin, seconds in sorted(own.items(), key=lambda item: -item[1])}


def _add(own: dict[str, float], place: str, seconds: float) -> None:
    origin = next((name for name, pattern in _ORIGINS.items() if re.search(pattern, place)), "the rest of Python")
    own[origin] = own.get(origin, 0.0) + seconds


def workload_of(client: Floor | Ours, name: str) -> Callable[[], object]:
    """Return a workload of a client as a function without parameters."""
    if name.startswith("decode"):
        page = data.page(full=name == "decode_full")
        return lambda: client.decode(page)
    return getattr(client, name)  # type: ignore[no-any-return]


CLIENTS: dict[str, Callable[[str], Floor | Ours]] = {"floor": Floor, "ours": Ours}
FEW, MANY = 20, 40
"""How often a workload is run. The difference shows its cost after Python has specialised its code."""


def instructions(host: str, names: Iterable[str]) -> dict[str, dict[str, float]] | None:
    """Return the machine instructions of one run of each workload, by workload and client; None without valgrind."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        return None
    pairs = [(client, name) for name in names for client in CLIENTS]
    all_few = [f"{client}.{name}={FEW}" for client, name in pairs]

    def count(more: tuple[str, str] | None) -> int:
        runs = [f"{'.'.join(more)}={MANY}"] if more else []
        command = [valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null"]
        command += [sys.executable, "-m", "benchmarks.inside", "repeat", host, *all_few, *runs]
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        done = subprocess.run(command, check=True, env=environment, stderr=subprocess.PIPE, text=True)
        return int(re.findall(r"Collected : (\d+)", done.stderr)[-1])

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        least, *totals = pool.map(count, [None, *pairs])
    counts: dict[str, dict[str, float]] = {name: {} for name in names}
    for (client, name), total in zip(pairs, totals, strict=True):
        counts[name][client] = (total - least) / (MANY - FEW)
    return counts


def disable_msgspec() -> None:
    """Let the standard library parse, even where msgspec is installed."""
    sys.modules["msgspec"] = None  # type: ignore[assignment]


def repeat(host: str, *runs: str) -> None:
    """Run workloads while callgrind counts. Each is ``CLIENT.NAME=TIMES``; a later one replaces an earlier one."""
    disable_msgspec()
    clients = {name: make(host) for name, make in CLIENTS.items()}
    for key, times in dict(each.split("=") for each in runs).items():
        client, name = key.split(".")
        work = workload_of(clients[client], name)
        for _ in range(int(times)):
            work()


def inspect_all(names: Sequence[str]) -> dict[str, dict[str, object]]:
    """Return the profile and the instructions of each workload."""
    with server.running() as host:
        counts = instructions(host, names)
        return {
            name: {
                "profile": profile(workload_of(Ours(host), name), 100 if name in ("decode", "list") else 2_000),
                "floor_instructions": counts and counts[name]["floor"],
                "instructions": counts and counts[name]["ours"],
            }
            for name in names
        }


if __name__ == "__main__":
    if sys.argv[1:2] == ["repeat"]:
        repeat(*sys.argv[2:])
    else:
        print(json.dumps(inspect_all(WORKLOADS[:2] if "--quick" in sys.argv else WORKLOADS)))
