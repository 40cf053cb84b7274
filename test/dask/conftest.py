from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from distributed import Client, LocalCluster

from benchmarks.bulk_server import Square, running
from squareconnect import Configuration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def cluster() -> Iterator[LocalCluster]:
    with LocalCluster(n_workers=4, threads_per_worker=1, dashboard_address="127.0.0.1:0", host="127.0.0.1") as cluster:
        yield cluster


@pytest.fixture
def client(cluster: LocalCluster) -> Iterator[Client]:
    with Client(cluster) as client:
        client.wait_for_workers(4, timeout=30)
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
