"""``python -m compatibility [--payloads N] [--seed N]``: compare this package with the last squareconnect 2.x."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from benchmarks.peers import python_of
from compatibility.cases import EXPRESSIONS, Case, Payloads
from compatibility.comparison import agree
from compatibility.differences import DIFFERENCES, Difference
from compatibility.unit_tests import run_unit_tests

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CHECKOUT = Path(__file__).parent.parent


class Worker:
    """The program :mod:`compatibility.worker`, started with an interpreter that has one of the packages.

    :param python: the interpreter.
    :param errors: where its standard error goes; None for that of this program.
    :param environment: environment variables.
    """

    def __init__(self, python: str, errors: int | None = None, **environment: str) -> None:
        self._process: Any = subprocess.Popen(
            [python, str(CHECKOUT / "compatibility" / "worker.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={"PATH": os.environ["PATH"], **environment},
        )

    def outcomes_of(self, cases: Sequence[Case]) -> Iterator[dict[str, Any]]:
        """Give what comes of each case, as it comes."""
        for case in cases:
            self._process.stdin.write(json.dumps(case.expression) + "\n")
            self._process.stdin.flush()
            yield json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End the program."""
        self._process.communicate()


class Comparison:
    """Compares what the two packages make of cases, and counts.

    :param theirs: a worker with 2.x.
    :param ours: a worker with this package.
    """

    def __init__(self, theirs: Worker, ours: Worker) -> None:
        self.theirs = theirs
        self.ours = ours
        self.met: dict[str, int] = {}
        """How often each difference was met."""
        self.unexplained = 0

    def of(self, kind: str, cases: Sequence[Case]) -> None:
        """Compare what comes of cases, and print how many were compared."""
        explained = 0
        for case, theirs, ours in zip(cases, self.theirs.outcomes_of(cases), self.ours.outcomes_of(cases), strict=True):
            if agree(theirs, ours):
                continue
            difference = next((each for each in DIFFERENCES if each.explains(*case, ours)), None)
            if difference is None:
                self.unexplained += 1
                print(f"NOT EXPLAINED: {case.expression}\n  2.x: {theirs}\n  now: {ours}")
            else:
                explained += 1
                self.met[difference.what] = self.met.get(difference.what, 0) + 1
        print(f"{len(cases):6} {kind} compared, {len(cases) - explained} the same, {explained} explained")

    def stale(self) -> list[Difference]:
        """Give the differences that could have been met and were not."""
        return [each for each in DIFFERENCES if each.can_be_met and each.what not in self.met]


def main() -> int:
    """Compare, print the counts, and give the exit status."""
    parser = argparse.ArgumentParser(prog="python -m compatibility")
    parser.add_argument("--payloads", type=int, default=10_000, help="how many random payloads (default: 10000)")
    parser.add_argument("--seed", type=int, default=2019, help="what the random payloads start from (default: 2019)")
    options = parser.parse_args()

    theirs = Worker(str(python_of("original")), errors=subprocess.DEVNULL)  # It logs retries there.
    ours = Worker(sys.executable, PYTHONPATH=str(CHECKOUT))
    comparison = Comparison(theirs, ours)
    (walk,) = theirs.outcomes_of([Case("walk()")])
    payloads = Payloads(Random(options.seed))
    comparison.of("names", [Case(name) for name in walk["value"]])
    comparison.of("calls and members", [Case(each) for each in EXPRESSIONS])
    comparison.of("listed differences", [Case(each) for difference in DIFFERENCES for each in difference.shown_by])
    comparison.of("random payloads", [payloads.case() for _ in range(options.payloads)])
    theirs.close()
    ours.close()

    for difference in comparison.stale():
        print(f"NOT MET: {difference.what}: there is no such difference")
    passed = run_unit_tests()
    print(f"{len(comparison.met)} differences met, {comparison.unexplained} not explained")
    return 0 if passed and not comparison.unexplained and not comparison.stale() else 1


if __name__ == "__main__":
    sys.exit(main())
