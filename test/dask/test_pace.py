from __future__ import annotations

import asyncio
import threading
from contextlib import closing, contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from squareconnect.dask import pace
from squareconnect.dask.pace import SharedPace
from squareconnect.dask.till import LONGEST_WAIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


class Till:
    """A scheduler with scripted grants.

    :param grants: its answers, one after the other; exceptions are raised.
    """

    def __init__(self, grants: list[int | Exception]) -> None:
        self.grants = grants
        self.asked: list[dict[str, Any]] = []

    async def squareconnect_grant(self, **question: Any) -> int:
        self.asked.append(question)
        grant = self.grants.pop(0) if question["wanted"] else 0
        if isinstance(grant, Exception):
            raise grant
        return grant


@contextmanager
def paced(*grants: int | Exception) -> Iterator[tuple[SharedPace, Till]]:
    """Run the event loop of a worker, and yield a pace on it."""
    till = Till(list(grants))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    worker: Any = SimpleNamespace(address="w1", scheduler=till, loop=SimpleNamespace(asyncio_loop=loop))
    try:
        with closing(SharedPace(worker, "a", 10.0)) as shared:
            yield shared, till
    finally:
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result()  # The till receives the last question.
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_requests_are_sent_as_the_till_grants_them() -> None:
    with paced(2, 0, 1) as (shared, till):
        assert [shared.take(), shared.take()] == [0.0, 0.0]
        assert shared.take() > 0
        shared.succeeded()
        assert shared.take() == 0.0
    assert [one["succeeded"] for one in till.asked] == [0, 0, 1, 0]
    assert till.asked[0]["account"] == "a"
    assert till.asked[0]["worker"] == "w1"
    assert till.asked[0]["rate"] == 10.0


def test_unused_grants_are_given_back_at_the_end() -> None:
    with paced(3) as (shared, till):
        shared.take()
    assert [(one["unused"], one["wanted"]) for one in till.asked] == [(0, True), (2, False)]


def test_the_unused_part_of_an_expired_grant_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "GRANT_LASTS", 0.0)
    with paced(3, 1) as (shared, till):
        assert [shared.take(), shared.take()] == [0.0, 0.0]
    assert [one["unused"] for one in till.asked] == [0, 2, 0]


def test_a_429_is_reported_and_earlier_grants_are_given_back() -> None:
    with paced(3, 1) as (shared, till):
        shared.take()
        shared.limited(0.0, 7.0)
        shared.take()
    age, retry_after = till.asked[1]["limited"][0]
    assert age > 0
    assert retry_after == 7.0
    assert till.asked[1]["unused"] == 2


def test_without_a_scheduler_nothing_is_sent() -> None:
    with paced(OSError("The connection is gone"), 1) as (shared, _):
        assert shared.take() == LONGEST_WAIT
        assert shared.take() == 0.0
