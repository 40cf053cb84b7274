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

from compatibility.cases import EXPRESSIONS, Case, Payloads
from compatibility.comparison import agree
from compatibility.differences import DIFFERENCES, Difference
from compatibility.legacy_copy import install_legacy_copy
from compatibility.methods import VARIANTS
from compatibility.run_programs import run_programs
from compatibility.unit_tests import run_unit_tests
from tools.environments import HOME, python_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CHECKOUT = Path(__file__).parent.parent


class Worker:
    """A process that runs :mod:`compatibility.worker` with an interpreter that has one of the packages.

    :param python: the interpreter.
    :param client: the client for the API classes of 2.x; see :mod:`compatibility.worker`.
    :param errors: where its standard error goes; None for this program's standard error.
    :param environment: environment variables.
    """

    def __init__(self, python: Path | str, client: str, errors: int | None = None, **environment: str) -> None:
        self._process: Any = subprocess.Popen(
            [python, "-m", "compatibility.worker", client],
            cwd=HOME,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={"PATH": os.environ["PATH"], **environment},
        )

    def outcomes_of(self, cases: Sequence[Case]) -> Iterator[dict[str, Any]]:
        """Yield the outcome of each case as soon as it is known."""
        for case in cases:
            self._process.stdin.write(json.dumps(case.expression) + "\n")
            self._process.stdin.flush()
            yield json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End the program."""
        self._process.communicate()


class Comparison:
    """Compares the outcomes of cases in the two packages, and counts them.

    :param theirs: a worker with 2.x.
    """

    def __init__(self, theirs: Worker) -> None:
        self.theirs = theirs
        self.found: dict[str, int] = {}
        """How often each difference was found."""
        self.unexplained = 0

    def compare(self, worker: Worker, kind: str, cases: Sequence[Case], *, must_differ: bool = False) -> None:
        """Compare the outcomes of cases in 2.x and in a worker with this package, and print the counts.

        :param must_differ: whether a case with the same outcome is a failure.
        """
        same = explained = 0
        for case, theirs, ours in zip(cases, self.theirs.outcomes_of(cases), worker.outcomes_of(cases), strict=True):
            if agree(theirs, ours):
                same += 1
                if must_differ:
                    self.unexplained += 1
                    print(f"NO DIFFERENCE: {case.expression}")
                continue
            difference = next((each for each in DIFFERENCES if each.explains(*case, ours)), None)
            if difference is None:
                self.unexplained += 1
                print(f"NOT EXPLAINED: {case.expression}\n  2.x: {theirs}\n  now: {ours}")
            else:
                explained += 1
                self.found[difference.what] = self.found.get(difference.what, 0) + 1
        print(f"{len(cases):6} {kind} compared, {same} the same, {explained} explained")

    def stale(self) -> list[Difference]:
        """Return the differences that could have been found and were not."""
        return [each for each in DIFFERENCES if each.can_be_found and each.what not in self.found]


def main() -> int:
    """Compare, print the counts, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m compatibility")
    parser.add_argument("--payloads", type=int, default=10_000, help="how many random payloads (default: 10000)")
    parser.add_argument("--seed", type=int, default=2019, help="the seed of the random payloads (default: 2019)")
    options = parser.parse_args()

    install_legacy_copy()
    theirs = Worker(python_of("original"), "original", errors=subprocess.DEVNULL)  # 2.x logs retries there.
    ours, ours_async = (Worker(sys.executable, client, PYTHONPATH=str(CHECKOUT)) for client in ("threads", "asyncio"))
    comparison = Comparison(theirs)
    walk, methods, pickled = (
        outcome["value"] for outcome in theirs.outcomes_of([Case("walk()"), Case("methods()"), Case("pickled()")])
    )
    payloads = Payloads(Random(options.seed))
    comparison.compare(ours, "names", [Case(name) for name in walk])
    comparison.compare(ours, "calls and members", [Case(each) for each in EXPRESSIONS])
    listed = [Case(each) for difference in DIFFERENCES for each in difference.shown_by]
    comparison.compare(ours, "listed differences", listed, must_differ=True)
    comparison.compare(ours, "random payloads", [payloads.case() for _ in range(options.payloads)])
    comparison.compare(ours, "pickled models", [Case(f"unpickled({text!r})") for text in pickled])
    print(f"{len(methods):6} methods of {len({api for api, _ in methods})} API classes, each in {len(VARIANTS)} ways:")
    for how, variant in VARIANTS.items():
        calls = [Case(f"call({api!r}, {method!r}, {how!r})") for api, method in methods]
        comparison.compare(ours, f"methods with {how}", calls)
        if not variant.with_callback:
            comparison.compare(ours_async, f"methods with {how}, awaited,", calls)
    for worker in (theirs, ours, ours_async):
        worker.close()

    for difference in comparison.stale():
        print(f"NOT FOUND: {difference.what}: there is no such difference")
    passed = all([run_programs(), run_unit_tests()])
    print(f"{len(comparison.found)} differences found, {comparison.unexplained} not explained")
    if comparison.unexplained:
        print("List a difference in compatibility/differences.py, or name what 2.x lacks in compatibility/later.py.")
    return 0 if passed and not comparison.unexplained and not comparison.stale() else 1


if __name__ == "__main__":
    sys.exit(main())
