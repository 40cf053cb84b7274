"""How fast requests may leave: a token bucket whose rate follows what the server accepts (AIMD).

The rate starts at 20 requests per second and grows with every success, doubling every 100 ms. This ends when the server
first answers 429, or when the limit is the number of requests in flight, not the bucket. Only answers raise the rate,
so it doubles more slowly where they take longer. Each 429 cuts the rate to a little less than what the server recently
carried out. From there the rate grows again: slowly at first, and faster the longer no 429 comes. This finds a server's
limit within seconds, and also notices when the limit is raised later.

Some servers answer 429 now and then, however slowly requests come. A 429 well below the known limit is a reason to
doubt that limit. The rate then grows as at the start and 429 is ignored, until the share of 429 shows that there is a
limit after all. After each doubt, the wait before the next one doubles.
"""

from __future__ import annotations

import math
import threading
import time
from abc import abstractmethod
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

START = 20.0
"""Requests per second at the start."""
SLOWEST = 0.2
"""Requests per second below which a 429 does not cut the rate."""
_SLOWEST_AT_FIRST = 2.5
"""The same before the server's capacity is known: some servers answer 429 at the start and then never again."""
_DOUBLING = 0.1
"""Seconds in which the rate doubles until the first 429, if answers come at once."""
_DOUBLING_AGAIN = 0.5
"""Seconds in which it doubles after that, until the next 429 confirms a limit, and during a doubt."""
_MEMORY = 2.0
"""Seconds over which the rate of successes is averaged."""
_BELOW = 0.95
"""The rate after a 429, as a share of what the server carried out."""
_AGAIN = 0.8
"""The share of the rate that remains if the next 429 comes within a second, when the average is not meaningful yet."""
_AGAIN_AT_FIRST = 0.5
"""The same for a slow server whose limit is not known yet: the start was far above it."""
_RETURN = 0.04
"""The share of the last known limit that the rate gains each second until it reaches that limit again."""
_PROBE = (0.004, 0.003)
"""The share of the last known limit that the rate gains each second above it, times the seconds there, and squared."""
_SLOW = 50.0
"""Requests per second below which a server counts as slow. A lower limit is probed more slowly in proportion, so that
the share of refused requests does not grow."""
_ANSWERS = 15
"""The number of answers over which the share of 429 is averaged."""
_BEARABLE = 5
"""The number of answers after which a rate that was cut counts as below the limit."""
_MANY = 0.3
"""The share of 429 from which there must be a limit."""
_EXPERIENCE = 20
"""The number of successes needed to know what the server carries out."""
_CERTAINTY = 30.0
"""Seconds after a doubt in which there is no second one."""


class Pace(Protocol):
    """Decides when a request may leave. Several threads use it at once."""

    @abstractmethod
    def take(self) -> float:
        """Return 0 if a request may leave now, and count it as sent; otherwise the seconds until the next check."""

    def succeeded(self) -> None:
        """Record that a request got an answer other than 429."""

    def limited(self, sent_at: float, retry_after: float | None) -> None:
        """Record that a request got the answer 429.

        :param sent_at: when it left, by `time.monotonic`.
        :param retry_after: the seconds that the answer asked to wait; None if it did not say.
        """


class AdaptivePace:
    """The pace of one process.

    :param rate: the maximum number of requests per second; None lets the server decide.
    :param monotonic: the clock, like `time.monotonic`.
    :param burst: seconds of unused allowance that later requests may catch up on.
    """

    def __init__(
        self, rate: float | None = None, monotonic: Callable[[], float] = time.monotonic, burst: float = 0.05
    ) -> None:
        self._lock = threading.Lock()
        self._monotonic = monotonic
        self._burst = burst
        self._most = rate or math.inf
        self._rate = min(START, self._most)
        self._doubling = _DOUBLING
        self._limit: float | None = None
        now = monotonic()
        self._began = self._next = now
        self._paused_until = now
        self._successes = 0.0
        self._carried_out = 0
        self._counted_at = now
        self._cut_at = -math.inf
        self._beyond: float = 0
        self._grown_at = now
        self._pressed = False
        self._share = 0.0
        self._answers = 0
        self._doubts = False
        self._certain_until = -math.inf
        self._certainty = _CERTAINTY

    @property
    def rate(self) -> float:
        """The current rate in requests per second."""
        return self._rate

    def take(self) -> float:
        """Return 0 if a request may leave now; otherwise return the seconds until the next check."""
        with self._lock:
            now = self._monotonic()
            self._grow(now)
            wait = max(self._next, self._paused_until) - now
            if wait > 0:
                self._pressed = True
                return wait
            self._pressed = self._pressed and self._next > now - self._burst
            self._next = max(self._next, now - self._burst) + 1 / self._rate
            return 0.0

    def give_back(self, count: int) -> None:
        """Count some requests that were let through as never sent."""
        with self._lock:
            self._next -= count / self._rate

    def cap(self, rate: float | None) -> None:
        """Set the maximum number of requests per second; None lets the server decide."""
        with self._lock:
            self._most = rate or math.inf
            self._rate = min(self._rate, self._most)

    def succeeded(self) -> None:
        """Count a success. Raise the rate if no limit is known yet and it was the rate that held requests back."""
        with self._lock:
            self._successes = self._decayed(self._monotonic()) + 1 / _MEMORY
            self._count(limited=False)
            self._carried_out += 1
            if self._limit is None and self._pressed:
                self._rate = min(self._rate + math.log(2) / self._doubling, self._most)

    def limited(self, sent_at: float, retry_after: float | None) -> None:
        """Slow down, once for all requests that left before the last cut, and pause as long as the server asks."""
        with self._lock:
            now = self._monotonic()
            self._paused_until = max(self._paused_until, now + (retry_after or 0.0))
            self._count(limited=True)
            if sent_at >= self._cut_at and not self._doubtful(now):
                self._cut(now)

    @property
    def _experienced(self) -> bool:
        return self._carried_out >= _EXPERIENCE

    def _count(self, *, limited: bool) -> None:
        self._share += (limited - self._share) / _ANSWERS
        self._answers += 1

    def _doubtful(self, now: float) -> bool:
        """Return whether a 429 may have another cause than the rate."""
        if self._doubts and self._share > _MANY:
            self._doubts, self._certain_until = False, now + self._certainty
            self._certainty *= 2
        elif self._limit and self._rate < self._limit and self._answers > _BEARABLE and now > self._certain_until:
            self._doubts, self._limit = True, None
        return self._doubts

    def _cut(self, now: float) -> None:
        carried_out = self._decayed(now) / (1 - math.exp(min(self._began - now, -0.1) / _MEMORY))
        limit = min(self._rate, carried_out)
        if now - self._cut_at < 1:
            limit = min(limit, self._rate * (_AGAIN if self._limit or self._rate > _SLOW else _AGAIN_AT_FIRST))
        limit = max(limit, SLOWEST if self._experienced else min(self._rate, _SLOWEST_AT_FIRST))
        self._rate = limit * _BELOW
        self._limit = limit if self._experienced and self._doubling == _DOUBLING_AGAIN else None
        self._doubling = _DOUBLING_AGAIN
        self._beyond = self._answers = 0
        self._cut_at = self._grown_at = now
        self._next = now + 1 / self._rate

    def _grow(self, now: float) -> None:
        """Raise the rate towards a known limit and above it, if it was the rate that held requests back."""
        seconds, self._grown_at = now - self._grown_at, now
        if self._limit is None or not self._pressed or now < self._paused_until:
            return
        if self._rate < self._limit:
            self._rate += self._limit * _RETURN * seconds
        else:
            self._beyond += seconds * min(self._limit / _SLOW, 1.0)
            gain = _PROBE[0] * self._beyond + _PROBE[1] * self._beyond**2
            self._rate += self._limit * gain * seconds
        self._rate = min(self._rate, self._most)

    def _decayed(self, now: float) -> float:
        """Return the successes per second, averaged over the last seconds."""
        self._successes *= math.exp((self._counted_at - now) / _MEMORY)
        self._counted_at = now
        return self._successes
