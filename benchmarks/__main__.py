"""Compare the SDK with every peer, and write ``docs/performance.md`` with its data and picture.

::

    python -m benchmarks            measures everything: about ten minutes on a quiet machine
    python -m benchmarks --quick    a trial of four minutes, printed and not written
    python -m benchmarks --render   rewrites the pages from docs/performance.json
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from typing import Any

from benchmarks import render
from benchmarks.clients import CLIENTS
from tools.environments import HOME, python_of

MACHINE = ("cpu_model_name", "cpu_count", "platform", "python_implementation", "python_version", "date")


def machine() -> dict[str, Any]:
    """Return what pyperf reports about the machine and the interpreter."""
    import pyperf  # type: ignore[import-untyped]

    known = pyperf.Run([1.0], collect_metadata=True).get_metadata()
    return {name: str(known[name]) for name in MACHINE if name in known}


def measure(*options: str) -> dict[str, Any]:
    """Run every workload of every peer in the peer's environment, one after the other."""
    start = time.monotonic()
    results: dict[str, Any] = {"machine": machine(), "peers": {}}

    def run(peer: str, module: str, *arguments: str) -> Any:
        print(f"{time.monotonic() - start:5.0f} s  {peer}: {module}", file=sys.stderr, flush=True)
        command = [str(python_of(peer)), "-m", f"benchmarks.{module}", *arguments, *options]
        return json.loads(subprocess.run(command, cwd=HOME, check=True, stdout=subprocess.PIPE).stdout)

    for peer in CLIENTS:
        python_of(peer)
    for peer in CLIENTS:
        results["peers"][peer] = run(peer, "workloads", peer)
    results["scale"] = run("ours", "scale")
    results["inside"] = run("ours", "inside")
    print(f"{time.monotonic() - start:5.0f} s  done", file=sys.stderr)
    return results


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--quick", action="store_true", help="measure little, print it, write nothing")
    how.add_argument("--render", action="store_true", help="measure nothing, rewrite the pages")
    options = parser.parse_args()
    if options.quick:
        print(render.page(measure("--quick")))
    else:
        if not options.render:
            render.DATA.write_text(json.dumps(measure(), indent=1) + "\n")
        render.write(json.loads(render.DATA.read_text()))
