from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from squareconnect.emulator.service import Service

if TYPE_CHECKING:
    from collections.abc import Callable


class Steps:
    """What a coroutine does that takes a while to end."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.ending, self.may_end = threading.Event(), threading.Event()

    async def serve(self, ready: Callable[[int], None]) -> None:
        ready(80)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.ending.set()
            while not self.may_end.is_set():
                await asyncio.sleep(0.001)
            self.done.append("ended")


def test_stopping_again_waits_for_the_end_and_does_not_interrupt_it() -> None:
    steps = Steps()
    service = Service(steps.serve)
    assert service.start() == 80
    stopping = [threading.Thread(target=service.stop) for _ in range(2)]
    for thread in stopping:
        thread.start()
        assert steps.ending.wait(10)
    stopping[1].join(0.1)
    assert stopping[1].is_alive()
    steps.may_end.set()
    for thread in stopping:
        thread.join(10)
    service.stop()

    assert steps.done == ["ended"]


def test_what_the_coroutine_raises_before_it_is_ready_is_raised_by_the_start() -> None:
    async def serve(ready: Callable[[int], None]) -> None:
        raise OSError("no port is left")

    service = Service(serve)
    with pytest.raises(OSError, match="no port is left"):
        service.start()
    service.stop()


def test_a_service_that_was_never_started_can_be_stopped() -> None:
    Service(Steps().serve).stop()
