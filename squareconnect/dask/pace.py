"""A worker's side of the rate: the pace of one task, which spends the grants of the till."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

from squareconnect.dask.till import HANDLER, LONGEST_WAIT

if TYPE_CHECKING:
    from concurrent.futures import Future

    from distributed import Worker

GRANT_LASTS = 1.0
"""Seconds after which a grant expires, because the till may have replaced it."""
_ANSWER_WITHIN = 10.0
"""Seconds to wait for the till's answer."""


class SharedPace:
    """The pace of one task, in the form of `squareconnect.bulk.Pace`. Close it at the end.

    :param worker: the worker that runs the task.
    :param account: the hash of the account.
    :param rate: the maximum number of requests per second, over all workers.
    """

    def __init__(self, worker: Worker, account: str, rate: float | None) -> None:
        self._worker = worker.address
        self._till = getattr(worker.scheduler, HANDLER)
        self._loop = worker.loop.asyncio_loop  # type: ignore[attr-defined]
        self._account = account
        self._rate = rate
        self._lock = threading.Lock()
        self._granted = 0
        self._granted_at = 0.0
        self._succeeded = 0
        self._limited: list[tuple[float, float | None]] = []

    def take(self) -> float:
        """Return 0 if a request may leave now; otherwise return the seconds until the next check."""
        with self._lock:
            if self._granted and time.monotonic() - self._granted_at < GRANT_LASTS:
                self._granted -= 1
                return 0.0
        asked = self._ask(wanted=True)
        try:
            granted = asked.result(_ANSWER_WITHIN)
        except Exception:  # The scheduler is gone or slow. If it does not return, the worker ends by itself.
            asked.cancel()
            return LONGEST_WAIT
        if not granted:
            return 0.001
        with self._lock:
            self._granted, self._granted_at = granted - 1, time.monotonic()
        return 0.0

    def succeeded(self) -> None:
        """Record a success, to report it with the next request to the till."""
        with self._lock:
            self._succeeded += 1

    def limited(self, sent_at: float, retry_after: float | None) -> None:
        """Record a 429, and return what was granted before it."""
        with self._lock:
            self._limited.append((sent_at, retry_after))
            self._granted_at = 0.0

    def close(self) -> None:
        """Return unused grants, and report the answers received since the last report."""
        self._ask(wanted=False)

    def _ask(self, *, wanted: bool) -> Future[int]:
        now = time.monotonic()
        with self._lock:
            told: dict[str, Any] = {
                "unused": self._granted,
                "succeeded": self._succeeded,
                "limited": [(now - sent_at, retry_after) for sent_at, retry_after in self._limited],
            }
            self._granted = self._succeeded = 0
            self._limited = []
        question = self._till(worker=self._worker, account=self._account, rate=self._rate, wanted=wanted, **told)
        return asyncio.run_coroutine_threadsafe(question, self._loop)
