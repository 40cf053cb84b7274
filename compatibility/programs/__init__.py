"""Programs in the manner of those that were published for squareconnect 2.x, written anew.

Each runs as ``python -m compatibility.programs.NAME HOST ACCESS_TOKEN`` with whichever ``squareconnect`` is installed,
and prints what it saw, one JSON text a line. :mod:`compatibility.run_programs` runs each with 2.x and with this
package, and compares. They keep the habits of their models, good or bad: what they show is that such code goes on.
"""

from __future__ import annotations

import json
from typing import Any


def say(*seen: Any) -> None:
    """Print what a program saw."""
    print(json.dumps(seen), flush=True)
