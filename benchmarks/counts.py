"""Check in CI that the cost of workloads, compared with code written by hand, does not grow.

``python -m benchmarks.counts --check`` fails if a figure is more than 10 % above the one in ``counts.json``.
``--update`` rewrites that file. It has figures for each minor version of Python and each workload: the machine
instructions of the SDK divided by those of the floor, counted by callgrind, and the peak memory in KiB. Without
valgrind, ``--check`` uses seconds instead of instructions, and allows 50 %. The extra ``fast`` is not used.
"""

from __future__ import annotations

import argparse
import json
import sys
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import inside, server
from benchmarks.clients import Floor, Ours
from benchmarks.workloads import race

if TYPE_CHECKING:
    from collections.abc import Callable

BASELINE = Path(__file__).with_name("counts.json")
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
WORKLOADS = ("decode", "retrieve", "create")
EXACT, ROUGH = 1.1, 1.5
"""The factors by which a figure may grow, with and without valgrind."""

Counts = dict[str, dict[str, float]]
"""Figures by workload and kind."""


def peak(work: Callable[[], object]) -> int:
    """Return the peak memory of a workload and its result in KiB."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] // 1024
    finally:
        tracemalloc.stop()


def seconds(host: str) -> Counts:
    """Return the seconds of each workload, by workload and client."""
    floor, ours = Floor(host), Ours(host)
    counts: Counts = {}
    for name in WORKLOADS:
        times = race({"floor": inside.workload_of(floor, name), "ours": inside.workload_of(ours, name)}, 2.0)
        counts[name] = {client: min(values) for client, values in times.items()}
    return counts


def count_all() -> tuple[Counts, float]:
    """Return the figures, and the factor by which they may have grown."""
    with server.running() as host:
        instructions = inside.instructions(host, WORKLOADS)
        costs = seconds(host) if instructions is None else instructions
        ours = Ours(host)
        return {
            name: {
                "times the floor": round(each["ours"] / each["floor"], 3),
                "peak KiB": min(peak(inside.workload_of(ours, name)) for _ in range(5)),
            }
            for name, each in costs.items()
        }, ROUGH if instructions is None else EXACT


def grown(counts: Counts, baseline: Counts, tolerance: float) -> list[str]:
    """Return a line for each figure that has grown by more than the tolerance."""
    return [
        f"{name}: {count} {kind}, was {baseline[name][kind]}"
        for name, kinds in counts.items()
        for kind, count in kinds.items()
        if count > baseline[name][kind] * tolerance
    ]


def main() -> int:
    """Check or update the baseline, as the command line says. Return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--check", action="store_true", help="fail if a figure has grown")
    what.add_argument("--update", action="store_true", help="make the current figures the baseline")
    update = parser.parse_args().update
    inside.disable_msgspec()
    counts, tolerance = count_all()
    print(json.dumps(counts, indent=2))
    baselines = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    if update:
        baselines[PYTHON] = counts
        BASELINE.write_text(json.dumps(dict(sorted(baselines.items())), indent=2) + "\n")
        return 0
    if PYTHON not in baselines:
        print(f"{BASELINE.name} has no figures for Python {PYTHON}: run python -m benchmarks.counts --update")
        return 1
    problems = grown(counts, baselines[PYTHON], tolerance)
    for problem in problems:
        print(f"{problem}: make it cheaper, or run python -m benchmarks.counts --update and say why in the commit")
    print(f"{len(problems)} figures have grown by more than {tolerance - 1:.0%}.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
