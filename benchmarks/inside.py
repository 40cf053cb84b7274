"""What the time of a call and of a page is spent on: a profile by origin of the code, and machine instructions.

It runs in the environment of ours, and prints JSON.
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
from typing import TYPE_CHECKING

from benchmarks import data, server
from benchmarks.clients import Floor, Ours

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

WORKS = ("decode", "retrieve", "create", "list")

_ORIGINS = {
    "squareconnect": r"/squareconnect/",
    "urllib3": r"/urllib3/",
    "http.client and email, which read and write the HTTP": r"/(http|email)/",
    "json": r"/json/|json",
    "socket calls, waiting included": r"/socket\.py|/selectors\.py|socket|select|poll",
}


def profile(work: Callable[[], object], runs: int) -> dict[str, float]:
    """Give which part of a work's time each origin of code takes, by cProfile; what it calls in C counts as its own."""
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


def work_of(client: Floor | Ours, name: str) -> Callable[[], object]:
    """Give a work of a client as a function without parameters."""
    page = data.page()
    return (lambda: client.decode(page)) if name == "decode" else getattr(client, name)


def instructions(host: str, kind: str, name: str) -> float | None:
    """Count the machine instructions of one run of a work by callgrind; None where there is no valgrind.

    :param kind: ``Floor`` or ``Ours``.
    """
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        return None
    few, many = 3, 9
    totals = []
    for runs in (few, many):
        command = [valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null"]
        command += [sys.executable, "-m", "benchmarks.inside", "repeat", host, kind, name, str(runs)]
        done = subprocess.run(
            command, check=True, env={**os.environ, "PYTHONHASHSEED": "0"}, stderr=subprocess.PIPE, text=True
        )
        totals.append(int(re.findall(r"Collected : (\d+)", done.stderr)[-1]))
    return (totals[1] - totals[0]) / (many - few)


def repeat(host: str, kind: str, name: str, runs: str) -> None:
    """Do a work so many times; what callgrind looks at."""
    work = work_of(Floor(host) if kind == "Floor" else Ours(host), name)
    for _ in range(int(runs)):
        work()


def look(names: Iterable[str]) -> dict[str, dict[str, object]]:
    """Look inside works."""
    with server.running() as host:
        return {
            name: {
                "profile": profile(work_of(Ours(host), name), 100 if name in ("decode", "list") else 2_000),
                "floor_instructions": instructions(host, "Floor", name),
                "instructions": instructions(host, "Ours", name),
            }
            for name in names
        }


if __name__ == "__main__":
    if sys.argv[1:2] == ["repeat"]:
        repeat(*sys.argv[2:])
    else:
        print(json.dumps(look(WORKS[:2] if "--quick" in sys.argv else WORKS)))
