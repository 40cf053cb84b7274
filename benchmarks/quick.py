"""Compare the checkout with the floor, in the current environment and within a minute.

``python -m benchmarks.quick`` measures everything; ``python -m benchmarks.quick decode calls`` measures only some of
decode, calls, memory, threads and imports.
"""

from __future__ import annotations

import sys

from benchmarks.table import rows
from benchmarks.workloads import GROUPS, QUICK, measure

if __name__ == "__main__":
    table = list(rows({"ours": measure("ours", QUICK, sys.argv[1:] or GROUPS)}, ("ours",)))
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
