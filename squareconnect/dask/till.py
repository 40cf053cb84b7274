"""The scheduler's side of the rate: a till that hands out all requests of an account."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, NamedTuple

from distributed import SchedulerPlugin

from squareconnect.bulk.pace import AdaptivePace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from distributed import Scheduler

HANDLER = "squareconnect_grant"
"""The name by which workers call the till."""
LONGEST_WAIT = 0.5
"""Seconds that a worker waits for a grant before it must ask again."""
_BATCH = 0.04
"""Seconds for which a grant lasts at the current rate, so that the messages do not limit the rate."""
_MOST = 100
"""The maximum number of requests in a grant."""
_BURST = 0.2
"""The maximum delay, in seconds, for which the till makes up after workers or the scheduler were too busy.

Ten seconds may contain 5 % more than the rate, and five may contain 10 %: in both cases the requests of half a second.
The requests made up for, and a grant for each of four workers, stay below that.
"""


class _Counter(NamedTuple):
    """Hands out the grants of one account."""

    pace: AdaptivePace
    turn: asyncio.Lock


class Till(SchedulerPlugin):
    """Hands out grants on the scheduler, for all imports on the cluster, even after their client is gone."""

    name = "squareconnect-till"
    idempotent = True

    async def start(self, scheduler: Scheduler) -> None:
        """Register the handler for the workers' requests."""
        self._workers = scheduler.workers
        self._counters: dict[str, _Counter] = {}
        scheduler.handlers[HANDLER] = self.grant

    async def grant(
        self,
        worker: str,
        account: str,
        rate: float | None,
        unused: int,
        succeeded: int,
        limited: Sequence[tuple[float, float | None]],
        wanted: bool,
    ) -> int:
        """Record the results of requests, and return how many may leave now; 0 to ask again.

        :param worker: the address of the worker that asks.
        :param account: the account whose rate applies.
        :param rate: the maximum number of requests per second; the latest call decides.
        :param unused: requests that were granted, but have not left.
        :param succeeded: requests that were answered since the last call.
        :param limited: requests that were answered by 429: seconds since they left, and seconds they asked to wait.
        :param wanted: whether more requests are waiting to leave.
        """
        counter = self._counters.setdefault(account, _Counter(AdaptivePace(rate, burst=_BURST), asyncio.Lock()))
        pace = counter.pace
        pace.cap(rate)
        pace.give_back(unused)
        for _ in range(succeeded):
            pace.succeeded()
        for age, retry_after in limited:
            pace.limited(time.monotonic() - age, retry_after)
        if not wanted:
            return 0
        async with counter.turn:
            return await self._taken(pace, worker)

    async def _taken(self, pace: AdaptivePace, worker: str) -> int:
        ends_at = time.monotonic() + LONGEST_WAIT
        while worker in self._workers:  # A worker that was killed while waiting gets nothing.
            wait = pace.take()
            if wait == 0:
                count = 1
                while count < min(pace.rate * _BATCH, _MOST) and pace.take() == 0:
                    count += 1
                return count
            if time.monotonic() + wait > ends_at:
                await asyncio.sleep(max(0.0, ends_at - time.monotonic()))
                break
            await asyncio.sleep(max(wait, _BATCH / 2))
        return 0
