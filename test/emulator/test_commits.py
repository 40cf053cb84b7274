from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from squareconnect.emulator.commits import SharedCommits
from squareconnect.emulator.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence


class CountingStore(Store):
    """Counts its commits, and lets them fail if it is told to."""

    commits = 0
    disk_is_full = False

    def commit(self) -> None:
        self.commits += 1
        super().commit()
        if self.disk_is_full:
            raise sqlite3.OperationalError("database or disk is full")


def test_changes_of_one_turn_share_one_commit() -> None:
    with closing(CountingStore()) as store:
        commits = SharedCommits(store)
        opening = store.commits

        async def change(name: str) -> int:
            async with commits.change():
                store.add_customer({"id": name})
            return store.commits - opening

        async def two_turns() -> list[int]:
            first = await asyncio.gather(*(change(name) for name in "abc"))
            return [*first, await change("d")]

        assert asyncio.run(two_turns()) == [1, 1, 1, 2]
        assert store.customer_count() == 4


def test_a_change_that_raises_is_undone_alone() -> None:
    with closing(Store()) as store:
        commits = SharedCommits(store)

        async def keep() -> None:
            async with commits.change():
                store.add_customer({"id": "kept"})

        async def fail() -> None:
            async with commits.change():
                store.add_customer({"id": "undone"})
                raise ZeroDivisionError

        async def together() -> tuple[BaseException | None, BaseException | None]:
            return await asyncio.gather(keep(), fail(), return_exceptions=True)

        kept, failed = asyncio.run(together())

        assert kept is None
        assert isinstance(failed, ZeroDivisionError)
        assert store.customer("kept") == {"id": "kept"}
        assert store.customer("undone") is None


def test_a_failed_commit_is_told_to_all_that_wait_for_it() -> None:
    with closing(CountingStore()) as store:
        commits = SharedCommits(store)
        store.disk_is_full = True

        async def change(name: str) -> None:
            async with commits.change():
                store.add_customer({"id": name})

        async def together() -> Sequence[BaseException | None]:
            return await asyncio.gather(change("a"), change("b"), commits.on_disk(), return_exceptions=True)

        results = asyncio.run(together())

        assert all(isinstance(result, sqlite3.OperationalError) for result in results)


def test_a_request_that_is_given_up_leaves_the_commit_to_the_others() -> None:
    with closing(Store()) as store:
        commits = SharedCommits(store)

        async def change(name: str) -> None:
            async with commits.change():
                store.add_customer({"id": name})

        async def give_up_one() -> None:
            patient, impatient = asyncio.create_task(change("a")), asyncio.create_task(change("b"))
            await asyncio.sleep(0)
            impatient.cancel()
            await patient
            with pytest.raises(asyncio.CancelledError):
                await impatient

        asyncio.run(give_up_one())

        assert store.customer_count() == 2
