"""Run third-party clients against the emulator, each in its own environment.

The program installs what they need, except curl, Node.js and npm. Several clients run at a time; the output of each is
shown when it has ended.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from squareconnect.emulator import Emulator
from tools.environments import HOME, python_of
from tools.npm import npm_install

if TYPE_CHECKING:
    from collections.abc import Callable

CLIENTS = Path(__file__).parent
PYTHON_CLIENTS = {
    "original": "original_client.py",
    "squareup": "squareup_client.py",
    "squareup-2025": "squareup_dict_client.py",
    "squareup-2021": "squareup_dict_client.py",
}
"""The program for each Python environment."""

NODE_CLIENTS = {"square-connect@6.20201216.0": "square_connect_client.cjs", "square@46.0.0": "square_client.cjs"}
"""The program for each npm package."""

CHECKS = "not_a_server_error,content_type_conformance,response_schema_conformance"
AT_A_TIME = 4


def main() -> None:
    """Run all clients, and exit with status 1 if one has failed."""
    jobs: dict[str, Callable[[], str]] = {
        **{peer: partial(run_python, peer, program) for peer, program in PYTHON_CLIENTS.items()},
        "npm": run_node,
        "faults": partial(printed, sys.executable, str(CLIENTS / "faults_client.py")),
        "Square's description": check_against_squares_description,
        "the emulator's description": check_against_its_own_description,
    }
    failed = []
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        running = {pool.submit(job): name for name, job in jobs.items()}
        for job in as_completed(running):
            try:
                shown = job.result()
            except subprocess.CalledProcessError as error:
                shown = f"{error.stdout or ''}{error}"
                failed.append(running[job])
            print(f"--- {running[job]}\n{shown}", flush=True)
    if failed:
        sys.exit(f"Failed: {', '.join(failed)}")


def run_python(peer: str, program: str) -> str:
    """Run a program in a Python environment, against its own emulator, and return what it printed."""
    python = str(python_of(peer))
    with Emulator() as square:
        return printed(python, str(CLIENTS / program), square.url, square.access_token)


def run_node() -> str:
    """Run the Node.js programs, each against its own emulator, and return what they printed."""
    modules, shown = npm_install(HOME / "node", *NODE_CLIENTS), ""
    for program in NODE_CLIENTS.values():
        with Emulator() as square:
            command = ("node", str(CLIENTS / program), square.url, square.access_token)
            shown += printed(*command, NODE_PATH=str(modules))
    return shown


def check_against_squares_description() -> str:
    """Check the answers against Square's OpenAPI description, and return what schemathesis printed."""
    with Emulator(seed=1, clock="2026-01-01T00:00:00Z", customers=20) as square:
        newest = ("--header", "Square-Version: 2025-08-20", "--max-examples", "30")
        return schemathesis(square, str(CLIENTS / "square_openapi.json"), *newest)


def check_against_its_own_description() -> str:
    """Check all answers against the emulator's own OpenAPI description, and return what schemathesis printed."""
    with Emulator(seed=1, clock="2026-01-01T00:00:00Z", customers=20) as square:
        endless = ("--exclude-path", "/_emulator/events", "--exclude-path", "/_emulator/seed")
        limits = ("--max-examples", "10", "--phases", "coverage,fuzzing")
        return schemathesis(square, f"{square.url}/_emulator/openapi.json", *endless, *limits)


def schemathesis(square: Emulator, description: str, *options: str) -> str:
    """Send the requests that schemathesis derives from a description, and return what it printed.

    They are the same in each run.
    """
    program = str(Path(sys.executable).with_name("schemathesis"))
    token = ("--header", f"Authorization: Bearer {square.access_token}")
    repeatable = ("--generation-deterministic", "--seed", "1", "--checks", CHECKS)
    patient = ("--suppress-health-check", "too_slow", "--request-timeout", "60")
    return printed(program, "run", description, "--url", square.url, *token, *repeatable, *patient, *options)


def printed(*command: str, **variables: str) -> str:
    """Run a program in an empty folder, and return what it printed.

    :raises subprocess.CalledProcessError: if it fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        ended = subprocess.run(
            command,
            check=True,
            cwd=folder,
            env={**os.environ, **variables},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    return ended.stdout


if __name__ == "__main__":
    main()
