from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from squareconnect.dask.accounts import Memory


class Profiler:
    """A periodic callback that can be stopped."""

    running = True

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.running = False


def test_a_worker_that_sends_is_not_profiled() -> None:
    profiler = Profiler()
    worker: Any = SimpleNamespace(periodic_callbacks={"profile": profiler})
    memory = Memory("run", {})
    memory.setup(worker)
    assert not profiler.running
    assert not worker.periodic_callbacks  # A starting worker starts what is in this dict.
    memory.teardown(worker)
    assert profiler.running
    assert worker.periodic_callbacks == {"profile": profiler}


def test_a_worker_may_have_no_profiler() -> None:
    worker: Any = SimpleNamespace(periodic_callbacks={})
    memory = Memory("run", {})
    memory.setup(worker)
    memory.teardown(worker)
