from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from distributed import Client, LocalCluster

from benchmarks.bulk_server import Square, running
from squareconnect import Configuration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Run two workers in this process, so that coverage measures them."""
    options: dict[str, Any] = {"processes": False, "protocol": "tcp://", "host": "127.0.0.1"}
    cluster: Any = LocalCluster(n_workers=2, threads_per_worker=2, dashboard_address="127.0.0.1:0", **options)
    with cluster:
        yield cluster.scheduler_address


@pytest.fixture
def client(address: str) -> Iterator[Client]:
    with Client(address) as client:
        yield client


@pytest.fixture
def square() -> Iterator[Square]:
    with running(Square()) as square:
        yield square


@pytest.fixture
def settings(square: Square) -> Configuration:
    return Configuration(host=square.host, access_token="a-very-secret-token")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path
