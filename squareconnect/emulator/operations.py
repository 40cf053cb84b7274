"""The operations of Square's API that the emulator does not support, by method and path, as of August 2025."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

_FILE = Path(__file__).parent / "operations.txt"
_PARAMETER = re.compile(r"{\w+}")


class _Operations(NamedTuple):
    fixed: dict[tuple[str, str], str]
    """The names of operations without parameters in their paths, by method and path."""
    others: list[tuple[str, re.Pattern[str], str]]


@cache
def _operations() -> _Operations:
    operations = _Operations({}, [])
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        method, path, name = line.split(" ")
        if _PARAMETER.search(path):
            operations.others.append((method, re.compile(_PARAMETER.sub("[^/]+", path)), name))
        else:
            operations.fixed[method, path] = name
    return operations


def fixed_operation(method: str, path: str) -> str | None:
    """Return the name of an operation whose path has no parameters. Such a path never names a customer."""
    return _operations().fixed.get((method, path))


def operation_of(method: str, path: str) -> str | None:
    """Return Square's name of an operation, such as SearchCustomers; None if there is none."""
    others = (name for known, pattern, name in _operations().others if known == method and pattern.fullmatch(path))
    return fixed_operation(method, path) or next(others, None)
