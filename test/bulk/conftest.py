from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.bulk_server import Square, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def square() -> Iterator[Square]:
    with running(Square()) as square:
        yield square


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal"
