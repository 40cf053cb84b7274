"""What works cost in figures that noise cannot move, so that CI can hold them.

``python -m benchmarks.counts --check`` fails if one has grown by 20 % over ``counts.json``, which ``--update`` writes
anew. The figures belong to a minor version of Python: opcodes that the interpreter ran, calls it made (of C functions
too), and KiB of memory at the peak.
"""

from __future__ import annotations

import argparse
import json
import sys
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import data, server
from benchmarks.clients import Ours

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

BASELINE = Path(__file__).with_name("counts.json")
TOLERANCE = 1.2
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

Counts = dict[str, dict[str, int]]
"""Counts by work and kind."""


def opcodes(work: Callable[[], object]) -> int:
    """Count the opcodes that the interpreter runs for a work."""
    count = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    sys._getframe().f_trace_opcodes = True  # Python 3.12 traces no opcodes unless a frame asks before settrace.
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(None)
    return count


def calls(work: Callable[[], object]) -> int:
    """Count the calls that a work makes, of Python and of C functions."""
    count = 0

    def profile(_: FrameType, event: str, __: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def peak(work: Callable[[], object]) -> int:
    """Give the KiB that a work and its result need at the peak."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] // 1024
    finally:
        tracemalloc.stop()


def count_all() -> Counts:
    """Count everything: the fewest of several runs, since a long answer arrives in more or fewer pieces."""
    with server.running() as host:
        ours = Ours(host)
        page, irregular = data.page(), data.page(irregular=True)
        works: dict[str, Callable[[], object]] = {
            "decode": lambda: ours.decode(page),
            "decode_irregular": lambda: ours.decode(irregular),
            "retrieve": ours.retrieve,
            "create": ours.create,
            "list": ours.list,
        }
        counts: Counts = {}
        for name, work in works.items():
            work()
            counts[name] = {kind.__name__: min(kind(work) for _ in range(5)) for kind in (opcodes, calls, peak)}
    return counts


def grown(counts: Counts, baseline: Counts) -> list[str]:
    """Say which counts have grown by more than the tolerance."""
    return [
        f"{name}: {count} {kind}, were {baseline[name][kind]}"
        for name, kinds in counts.items()
        for kind, count in kinds.items()
        if count > baseline[name][kind] * TOLERANCE
    ]


def main() -> int:
    """Check or update the baseline, as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--check", action="store_true", help="fail if a count has grown")
    what.add_argument("--update", action="store_true", help="make the counts as they are now the baseline")
    update = parser.parse_args().update
    counts = count_all()
    baselines = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    if update:
        baselines[PYTHON] = counts
        BASELINE.write_text(json.dumps(dict(sorted(baselines.items())), indent=2) + "\n")
        return 0
    print(json.dumps(counts, indent=2))
    problems = grown(counts, baselines[PYTHON])
    print("\n".join(problems) or f"No count has grown by more than {TOLERANCE - 1:.0%}.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
