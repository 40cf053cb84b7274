"""How fast requests may leave: a token bucket whose rate follows what the server accepts (AIMD).

The rate starts at 20 requests per second and grows with every success, doubling every 100 ms, until the server answers
429 for the first time, or until the requests in flight, not the bucket, hold it back. As it is answers that raise it,
it doubles more slowly where they take longer. Each 429 cuts the rate to a little less than what the server has lately
carried out; from there the rate grows again, slowly, and faster the longer all is well. So a server's limit is found
within seconds, and a limit that is raised later is found as well.

Some servers answer 429 now and then, however slowly requests come. A 429 well below what was found to be the limit is a
reason to doubt: the rate then grows as at the start, and 429 is ignored, until so many answers are 429 that there is a
limit after all. The next doubt has to wait, each time twice as long.
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
"""Requests per second below which no answer of 429 brings the rate."""
_SLOWEST_AT_FIRST = 2.5
"""The same until it is known what the server carries out: some servers answer 429 at the start and not again."""
_DOUBLING = 0.1
"""Seconds in which the rate doubles until the first 429, if answers come at once."""
_DOUBLING_AGAIN = 0.5
"""Seconds in which it doubles after that, until the next 429 shows that there is a limit, and in a doubt."""
_MEMORY = 2.0
"""Seconds over which the rate of successes is averaged."""
_BELOW = 0.95
"""How much of what the server carried out is sent after a 429."""
_AGAIN = 0.8
"""How much of the rate is left when the next 429 comes within a second: the average is then of no use yet."""
_AGAIN_AT_FIRST = 0.5
"""The same for a slow server while its limit is not yet known: the start was far above it."""
_RETURN = 0.04
"""How much of the last known limit the rate gains each second until it is there again."""
_PROBE = (0.004, 0.003)
"""How much of the last known limit the rate gains each second beyond it: once for each second there, and its square."""
_SLOW = 50.0
"""Requests per second below which a server is slow: a lower limit is probed in proportion more slowly, so that no
greater share of the requests is refused."""
_ANSWERS = 15
"""Over how many answers the share of 429 is averaged."""
_BEARABLE = 5
"""After how many answers a rate that was cut counts as below the limit."""
_MANY = 0.3
"""The share of 429 from which on there is a limit."""
_EXPERIENCE = 20
"""How many successes it takes to know what the server carries out."""
_CERTAINTY = 30.0
"""Seconds in which there is no second doubt."""


class Pace(Protocol):
    """What decides when a request may leave. It is used by several threads at once."""

    @abstractmethod
    def take(self) -> float:
        """Return 0 if a request may leave now, which then counts as sent; else the seconds after which to ask again."""

    def succeeded(self) -> None:
        """Learn that a request was answered by anything but 429."""

    def limited(self, sent_at: float, retry_after: float | None) -> None:
        """Learn that a request was answered by 429.

        :param sent_at: when it left, by `time.monotonic`.
        :param retry_after: the seconds that the answer asked to wait; None if it did not say.
        """


class AdaptivePace:
    """The pace of one process.

    :param rate: requests per second that it never exceeds; None leaves that to the server.
    :param monotonic: the clock, as `time.monotonic`.
    :param burst: seconds by which a request may make up for a late one before it.
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
        """Requests per second at present."""
        return self._rate

    def take(self) -> float:
        """Return 0 if a request may leave now; else the seconds after which to ask again."""
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
        """Set the most requests per second; None leaves it to the server."""
        with self._lock:
            self._most = rate or math.inf
            self._rate = min(self._rate, self._most)

    def succeeded(self) -> None:
        """Count a success, and raise the rate while no limit is known, if it was the rate that held requests back."""
        with self._lock:
            self._successes = self._decayed(self._monotonic()) + 1 / _MEMORY
            self._count(limited=False)
            self._carried_out += 1
            if self._limit is None and self._pressed:
                self._rate = min(self._rate + math.log(2) / self._doubling, self._most)

    def limited(self, sent_at: float, retry_after: float | None) -> None:
        """Slow down, once for all requests that left before the last time, and pause as long as the server asks."""
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
        """Whether a 429 is perhaps not about the rate."""
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
        """Raise the rate towards a known limit and beyond, if it was the rate that held requests back."""
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
