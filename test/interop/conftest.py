from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from test.interop import peer as peers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from test.interop.peer import Peer


@pytest.fixture(scope="session")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """A server in a separate process."""
    with peers.running(tmp_path_factory.mktemp("peer")) as peer:
        yield peer


@pytest.fixture
def python() -> Callable[..., str]:
    """A function that runs Python in a separate process, for changes that cannot be undone, and returns its output."""

    def run(*arguments: str) -> str:
        command = [sys.executable, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
