"""New programs similar to those that were published for squareconnect 2.x.

Each runs as ``python -m compatibility.programs.NAME HOST ACCESS_TOKEN`` with the installed ``squareconnect``, and
prints what it saw, one JSON value per line. :mod:`compatibility.run_programs` runs each with 2.x and with this package,
and compares the outputs. The programs keep the habits of published ones, good or bad, to show that such code still
works.
"""

from __future__ import annotations

import json
from typing import Any


def say(*seen: Any) -> None:
    """Print what a program saw."""
    print(json.dumps(seen), flush=True)
