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
"""What workers call the till by."""
LONGEST_WAIT = 0.5
"""Seconds that a worker is kept waiting for a grant before it is told to ask again."""
_BATCH = 0.04
"""Seconds for which a grant lasts at the present rate, so that the messages do not limit the rate."""
_MOST = 100
"""Requests of a grant, at most."""
_BURST = 0.2
"""Seconds for which the till makes up, when workers or the scheduler were too busy to ask and answer.

Ten seconds may hold 5 % more than the rate, and five 10 %: in both cases the requests of half a second. These and a
grant for each of four workers are fewer.
"""


class _Counter(NamedTuple):
    """What hands out the grants of one account."""

    pace: AdaptivePace
    turn: asyncio.Lock


class Till(SchedulerPlugin):
    """Hands out grants beside the scheduler, for all imports on the cluster, also after their client is gone."""

    name = "squareconnect-till"
    idempotent = True

    async def start(self, scheduler: Scheduler) -> None:
        """Answer the workers."""
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
        """Learn what became of requests, and return how many may leave now; 0 to ask again.

        :param worker: the address of the worker that asks.
        :param account: whose rate it is.
        :param rate: the most requests per second; the last one who asks decides.
        :param unused: requests that were granted, and have not left.
        :param succeeded: requests that were answered since the last time.
        :param limited: those that were answered by 429: seconds since they left, and seconds they asked to wait.
        :param wanted: whether more are to leave.
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
        while worker in self._workers:  # A worker that was killed while it waited gets nothing.
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
