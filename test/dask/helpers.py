"""Rows, and checks of what became of them."""

from __future__ import annotations

import csv
from collections import Counter
from typing import TYPE_CHECKING, Any

from distributed import Client, LocalCluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.bulk_server import Square

from contextlib import contextmanager


def references(square: Square) -> Counter[str]:
    return Counter(one["reference_id"] for one in square.customers.values())


def people(first: int, count: int, **more: str) -> list[dict[str, Any]]:
    return [{"given_name": "Ada", "reference_id": f"r{first + number}", **more} for number in range(count)]


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@contextmanager
def processes(count: int) -> Iterator[Client]:
    """Run workers in separate processes."""
    cluster: Any = LocalCluster(
        n_workers=count, threads_per_worker=1, dashboard_address="127.0.0.1:0", host="127.0.0.1"
    )
    with cluster, Client(cluster) as client:
        yield client
