from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from squareconnect.emulator.clock import Clock, read_time, written

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def test_a_given_clock_stands_still_until_it_is_advanced() -> None:
    clock = Clock("2026-01-01T00:00:00Z")
    assert clock.standing
    assert clock.now() == clock.now() == START
    clock.advance(900)
    clock.advance(timedelta(hours=1))

    assert clock.now() == START + timedelta(seconds=4500)
    assert clock.as_json() == {"now": "2026-01-01T01:15:00.000Z", "standing": True}


def test_a_clock_without_a_start_runs_and_can_be_ahead() -> None:
    times = iter([START, START + timedelta(seconds=1), START + timedelta(seconds=2)])
    clock = Clock(now=lambda: next(times))
    assert not clock.standing
    assert clock.now() == START
    clock.advance(60)

    assert clock.ahead == timedelta(seconds=60)
    assert clock.now() == START + timedelta(seconds=62)


def test_a_clock_without_a_start_follows_the_real_time() -> None:
    before = datetime.now(timezone.utc)

    assert before <= Clock().now() <= datetime.now(timezone.utc)


def test_a_clock_that_is_set_stands_still() -> None:
    clock = Clock()
    clock.advance(60)
    clock.set("2030-06-01T12:00:00+02:00")

    assert clock.now() == datetime(2030, 6, 1, 10, tzinfo=timezone.utc)
    assert clock.standing


def test_a_restarted_clock_has_its_original_time() -> None:
    clock = Clock("2026-01-01T00:00:00Z")
    clock.advance(60)
    clock.restart("2026-01-01T00:00:00Z")

    assert clock.now() == START


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 1e300, "60", None, timedelta(days=3_000_000)])
def test_an_impossible_step_is_refused(seconds: Any) -> None:
    clock = Clock(START)
    with pytest.raises(ValueError, match="can be advanced by 0 seconds or more"):
        clock.advance(seconds)
    assert clock.now() == START


@pytest.mark.parametrize("time", ["", "noon", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", datetime(2026, 1, 1), 5])
def test_a_time_without_a_zone_is_refused(time: Any) -> None:
    with pytest.raises(ValueError, match="such as 2026-01-01T00:00:00Z"):
        read_time(time)


def test_times_are_written_as_square_writes_them() -> None:
    time = datetime(2022, 1, 12, 16, 39, 31, 502_900, tzinfo=timezone(timedelta(hours=2)))

    assert written(time) == "2022-01-12T14:39:31.502Z"
    assert written(time, "seconds") == "2022-01-12T14:39:31Z"
