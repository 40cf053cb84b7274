from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from squareconnect.dask.till import HANDLER, Till

Ask = Callable[..., Coroutine[Any, Any, int]]


class Scheduler:
    """The parts of a scheduler that the till uses."""

    def __init__(self) -> None:
        self.workers: dict[str, Any] = {"w1": None, "w2": None}
        self.handlers: dict[str, Any] = {}


def run(scenario: Callable[[Scheduler, Ask], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        scheduler = Scheduler()
        await Till().start(scheduler)  # type: ignore[arg-type]

        async def ask(worker: str = "w1", rate: float | None = None, **more: Any) -> int:
            rest = {"account": "a", "unused": 0, "succeeded": 0, "limited": [], "wanted": True, **more}
            granted: int = await scheduler.handlers[HANDLER](worker=worker, rate=rate, **rest)
            return granted

        await scenario(scheduler, ask)

    asyncio.run(main())


def test_the_grants_of_all_workers_together_stay_within_the_rate() -> None:
    async def scenario(scheduler: Scheduler, ask: Ask) -> None:
        until = time.monotonic() + 1.0
        granted = 0

        async def work(worker: str) -> None:
            nonlocal granted
            answered = 0
            while time.monotonic() < until:
                answered = await ask(worker, 200.0, succeeded=answered)
                granted += answered

        start = time.monotonic()
        await asyncio.gather(work("w1"), work("w2"))
        assert 20 < granted <= 200 * (time.monotonic() - start + 0.3)

    run(scenario)


def test_a_worker_that_was_killed_while_it_waited_gets_no_grant() -> None:
    async def scenario(scheduler: Scheduler, ask: Ask) -> None:
        assert await ask("w1", 5.0) == 1
        waiting = asyncio.create_task(ask("w2", 5.0))
        await asyncio.sleep(0.01)
        del scheduler.workers["w2"]
        assert await waiting == 0
        assert await ask("w1", 5.0) == 1

    run(scenario)


def test_another_worker_gets_an_unused_grant_at_once() -> None:
    async def scenario(scheduler: Scheduler, ask: Ask) -> None:
        assert await ask("w1", 0.1) == 1
        assert await ask("w2", 0.1) == 0  # It gets none: the next one is due in ten seconds.
        assert await ask("w1", 0.1, unused=1, wanted=False) == 0
        assert await ask("w2", 0.1) == 1

    run(scenario)


def test_a_429_makes_all_workers_of_only_that_account_wait() -> None:
    async def scenario(scheduler: Scheduler, ask: Ask) -> None:
        assert await ask("w1", succeeded=3, limited=[(0.0, 30.0)], wanted=False) == 0
        assert await ask("w2") == 0
        assert await ask("w2", account="b") == 1

    run(scenario)


def test_the_last_request_for_a_grant_sets_the_maximum_rate() -> None:
    async def scenario(scheduler: Scheduler, ask: Ask) -> None:
        assert await ask("w1", 1.0) == 1
        assert await ask("w1", 1.0) == 0
        grants = [0]
        for _ in range(200):  # The rate grows with the answers as long as it delays requests.
            grants.append(await ask("w1", None, succeeded=grants[-1]))
        assert max(grants) == 100
        assert await ask("w1", 1.0) <= 1

    run(scenario)
