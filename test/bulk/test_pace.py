from __future__ import annotations

import heapq
import itertools
import random

import pytest

from squareconnect.bulk.pace import SLOWEST, START, AdaptivePace


class Simulation:
    """Requests to a server with a token bucket, in simulated time.

    :param rate: requests per second that the server allows.
    :param burst: requests that it allows at once.
    :param latency: seconds that an answer takes.
    :param retry_after: the `Retry-After` of its 429.
    :param refuses: the probability that it answers 429 for no reason.
    :param cap: the pace's own limit.
    """

    def __init__(
        self,
        rate: float,
        burst: float,
        latency: float = 0.02,
        retry_after: float | None = None,
        refuses: float = 0.0,
        cap: float | None = None,
    ) -> None:
        self.now = 0.0
        self.pace = AdaptivePace(cap, lambda: self.now)
        self.rate = rate
        self.burst = burst
        self.latency = latency
        self.retry_after = retry_after
        self.refuses = refuses
        self.sent_at: list[float] = []
        self.accepted = 0
        self.refused = 0
        self._tokens = burst
        self._filled_at = 0.0
        self._chance = random.Random(1)
        self._events: list[tuple[float, int, str, float]] = []
        self._numbers = itertools.count()

    def run(self, seconds: float, concurrency: int = 16) -> None:
        """Send as fast as the pace and the limit on calls in flight allow."""
        free, end = concurrency, self.now + seconds
        while self.now < end:
            wait = 0.0
            while free and not wait:
                wait = self.pace.take()
                if not wait:
                    free -= 1
                    self.sent_at.append(self.now)
                    self._push(self.latency * self._chance.uniform(0.3, 0.7), "arrives", self.now)
            following = self.now + wait if wait else end
            self.now = min(following, self._events[0][0]) if self._events else following
            while self._events and self._events[0][0] <= self.now:
                free += self._happens(*heapq.heappop(self._events)[2:])

    def _push(self, seconds: float, event: str, sent_at: float) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._numbers), event, sent_at))

    def _happens(self, event: str, sent_at: float) -> bool:
        if event == "arrives":
            self._tokens = min(self.burst, self._tokens + (self.now - self._filled_at) * self.rate)
            self._filled_at = self.now
            good = self._tokens >= 1 and self._chance.random() >= self.refuses
            self._tokens -= good
            self._push(self.latency / 2, "succeeds" if good else "is limited", sent_at)
            return False
        if event == "succeeds":
            self.accepted += 1
            self.pace.succeeded()
        else:
            self.refused += 1
            self.pace.limited(sent_at, self.retry_after)
        return True


@pytest.mark.parametrize("latency", [0.005, 0.02, 0.1])
@pytest.mark.parametrize("retry_after", [None, 1.0])
@pytest.mark.parametrize("rate", [50, 500])
def test_a_servers_limit_is_fully_used_with_few_refusals(
    rate: float, latency: float, retry_after: float | None
) -> None:
    server = Simulation(rate, rate, latency, retry_after)
    seconds = 60 if rate == 50 else 15
    server.run(seconds, concurrency=16 if rate == 50 else 64)
    assert server.accepted >= 0.95 * rate * seconds
    assert server.refused < 0.02 * len(server.sent_at)


@pytest.mark.parametrize("retry_after", [None, 1.0])
def test_a_slow_servers_limit_is_fully_used_with_few_refusals(retry_after: float | None) -> None:
    server = Simulation(10, 10, retry_after=retry_after)
    server.run(60)
    assert server.accepted >= 0.95 * 10 * 60
    assert server.refused < 0.03 * len(server.sent_at)


@pytest.mark.parametrize("latency", [0.02, 0.1, 0.2])
@pytest.mark.parametrize("retry_after", [None, 1.0])
@pytest.mark.parametrize(("rate", "max_share"), [(2, 0.16), (5, 0.08), (10, 0.06)])
def test_a_slow_server_refuses_few_requests_while_its_limit_is_being_found(
    rate: float, max_share: float, latency: float, retry_after: float | None
) -> None:
    server = Simulation(rate, rate, latency, retry_after)
    server.run(60)
    assert server.accepted >= 0.9 * rate * 60
    assert server.refused < max_share * len(server.sent_at)


@pytest.mark.parametrize("latency", [0.02, 0.1, 0.2])
@pytest.mark.parametrize("retry_after", [None, 1.0])
@pytest.mark.parametrize("rate", [5, 10])
def test_a_slow_server_refuses_few_requests_once_its_limit_is_found(
    rate: float, latency: float, retry_after: float | None
) -> None:
    server = Simulation(rate, rate, latency, retry_after)
    server.run(10)
    accepted, refused, sent = server.accepted, server.refused, len(server.sent_at)
    server.run(60)
    assert server.accepted - accepted >= 0.95 * rate * 60
    assert server.refused - refused < 0.03 * (len(server.sent_at) - sent)


@pytest.mark.parametrize("refuses", [0.005, 0.02, 0.05])
def test_429_answers_that_are_not_about_the_rate_do_not_lower_it(refuses: float) -> None:
    server = Simulation(10_000, 10_000, refuses=refuses)
    server.run(15)
    assert server.accepted > 15 * 100


def test_a_raised_or_lowered_limit_is_found() -> None:
    server = Simulation(50, 50)
    server.run(20)
    server.rate = server.burst = 300
    server.run(17)
    before = server.accepted
    server.run(3)
    assert server.accepted - before > 0.8 * 3 * 300
    server.rate = server.burst = 20
    server.run(10)
    refused = server.refused
    server.run(20)
    assert server.refused - refused < 0.1 * 20 * 20


def test_the_rate_does_not_grow_during_a_pause_that_the_server_asks_for() -> None:
    now = 0.0
    pace = AdaptivePace(monotonic=lambda: now)
    pace.take()
    pace.limited(now, 5.0)
    rate = pace.rate
    while (wait := pace.take()) > 0:
        now += wait
    assert pace.rate == rate


def test_the_rate_starts_low_and_doubles_until_the_calls_in_flight_limit_it() -> None:
    server = Simulation(1e9, 1e9)
    server.run(0.2)
    assert len(server.sent_at) <= START * 0.4
    server.run(1.8)
    rate = server.pace.rate
    assert rate > 700
    server.run(5)
    assert server.pace.rate < 4 * rate


def test_a_configured_rate_is_never_exceeded() -> None:
    server = Simulation(1e9, 1e9, cap=30)
    server.run(20)
    for first, later in zip(server.sent_at, server.sent_at[150:], strict=False):
        assert later - first > 150 / 30 * 0.95
    assert len(server.sent_at) > 0.95 * 30 * 20


def test_a_server_that_asks_for_a_pause_gets_it() -> None:
    now = 0.0
    pace = AdaptivePace(monotonic=lambda: now)
    assert pace.take() == 0
    pace.limited(now, 7.0)
    assert pace.take() == pytest.approx(7.0)
    now = 6.5
    assert pace.take() == pytest.approx(0.5)
    now = 7.0
    assert pace.take() == 0


def test_the_rate_is_cut_once_for_all_requests_sent_before_the_cut() -> None:
    now = 10.0
    pace = AdaptivePace(monotonic=lambda: now)
    for _ in range(100):
        pace.succeeded()
    now = 11.0
    pace.limited(10.5, None)
    rate = pace.rate
    pace.limited(10.9, None)
    assert pace.rate == rate
    pace.limited(11.0, None)
    assert pace.rate < rate


def test_a_few_429_at_the_start_do_not_slow_an_import_for_long() -> None:
    server = Simulation(1e9, 1e9)
    server.refuses = 1.0
    while server.refused < 4:
        server.run(0.01)
    server.refuses = 0.0
    server.run(5)
    assert server.accepted > 300


def test_the_rate_never_falls_to_zero() -> None:
    now = 0.0
    pace = AdaptivePace(monotonic=lambda: now)
    for _ in range(50):
        pace.succeeded()
    for second in range(100):
        now = float(second)
        pace.limited(now, None)
    assert pace.rate >= SLOWEST * 0.9


def test_another_request_may_use_a_permit_that_was_given_back() -> None:
    pace = AdaptivePace(10.0, monotonic=lambda: 0.0)
    assert pace.take() == 0
    assert pace.take() > 0
    pace.give_back(1)
    assert pace.take() == 0
    assert pace.take() > 0


def test_a_configured_rate_can_be_changed() -> None:
    now = 0.0
    pace = AdaptivePace(10.0, monotonic=lambda: now)
    pace.cap(4.0)
    assert pace.rate == 4.0
    pace.cap(None)
    while pace.rate < 100.0:
        if pace.take() == 0:
            pace.succeeded()
        now += 0.01
