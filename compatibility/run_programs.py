"""Run programs similar to published ones with 2.x and with this package, against the emulator."""

from __future__ import annotations

import json
import os
import re
import subprocess
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from squareconnect import ApiClient, Configuration, CustomersApi, paginate
from squareconnect.emulator import Emulator
from tools.environments import CHECKOUT, HOME, python_of

if TYPE_CHECKING:
    from pathlib import Path

PROGRAMS = sorted(path.stem for path in (CHECKOUT / "compatibility" / "programs").glob("[a-z]*.py"))
VOLATILE = (
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "TIME"),
    (re.compile(r"\bccof:[\w-]+|\b[A-Z0-9]{26}\b"), "ID"),
    (re.compile(r"eyJ[\w=-]+|[\w=-]{60,}"), "CURSOR"),
)
"""Patterns of what differs from one run to the next, with replacements."""

_PROGRAM = """
import runpy, sys
from compatibility.later import leave_out
from squareconnect import models
leave_out(models)
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""
"""Code that runs the program named by its first argument."""


def run_programs() -> bool:
    """Run each program with both packages, and print how many had the same outcome.

    :return: whether all had.
    """
    theirs, ours = python_of("programs-original"), python_of("programs-ours")
    different = [name for name in PROGRAMS if not _same(name, theirs, ours)]
    print(f"{len(PROGRAMS):6} programs run, {len(PROGRAMS) - len(different)} the same {different or ''}")
    return not different


def _same(name: str, theirs: Path, ours: Path) -> bool:
    """Run a program with both packages, print the first difference, and return whether there is none."""
    parted = first_difference(outcome(name, theirs), outcome(name, ours))
    if parted:
        print(f"NOT THE SAME: {name}\n  2.x: {parted[0]}\n  now: {parted[1]}")
    return parted is None


def first_difference(before: list[Any], now: list[Any]) -> tuple[Any, Any] | None:
    """Return the first pair of items that differ, or None. None stands for the missing items of a shorter list."""
    return next((pair for pair in zip_longest(before, now) if pair[0] != pair[1]), None)


def outcome(name: str, python: Path) -> list[Any]:
    """Run a program, and return what it printed and the customers that exist afterwards.

    :raises RuntimeError: if it fails; the message contains its standard error.
    :raises subprocess.TimeoutExpired: if it does not end within a minute.
    """
    with Emulator() as square:
        done = subprocess.run(
            [python, "-c", _PROGRAM, f"compatibility.programs.{name}", square.url, square.access_token],
            cwd=HOME,
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            encoding="utf-8",
            timeout=60,
        )
        if done.returncode:
            raise RuntimeError(f"{name} failed with {python}:\n{done.stderr}")
        with ApiClient(Configuration(host=square.url, access_token=square.access_token)) as client:
            left = [customer.to_dict() for customer in paginate(CustomersApi(client).list_customers)]
    return [json.loads(without_volatile(line)) for line in [*done.stdout.splitlines(), json.dumps(left)]]


def without_volatile(text: str) -> str:
    """Return a text with ids, times and cursors replaced."""
    for pattern, name in VOLATILE:
        text = pattern.sub(name, text)
    return text
