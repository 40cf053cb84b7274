from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from squareconnect.emulator import Emulator
from squareconnect.emulator.commits import SharedCommits
from squareconnect.emulator.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from .conftest import Wire


class CountingStore(Store):
    """Counts its commits. They fail if ``disk_is_full`` is set."""

    commits = 0
    disk_is_full = False

    def commit(self) -> None:
        self.commits += 1
        super().commit()
        if self.disk_is_full:
            raise sqlite3.OperationalError("database or disk is full")


def test_changes_in_one_turn_of_the_event_loop_share_one_commit() -> None:
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


def test_only_the_change_that_raises_is_undone() -> None:
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


def test_all_that_wait_for_a_failed_commit_get_its_exception() -> None:
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


def test_a_cancelled_request_leaves_the_commit_to_the_others() -> None:
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


class TestALockedFile:
    def test_delays_only_writes(self, tmp_path: Path) -> None:
        path = tmp_path / "square.db"
        with closing(Store(path)) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
            commits = SharedCommits(store)
            done: list[str] = []

            async def write(name: str) -> None:
                async with commits.change():
                    store.add_customer({"id": name})
                done.append(name)

            async def run() -> None:
                other.execute("BEGIN IMMEDIATE")
                writing = [asyncio.create_task(write(name)) for name in "ab"]
                for _ in range(10):
                    await asyncio.sleep(0.005)
                    store.customer_count()
                    await commits.on_disk()
                assert done == []
                other.execute("COMMIT")
                await asyncio.gather(*writing)

            asyncio.run(run())

            assert sorted(done) == ["a", "b"]

    def test_fails_writes_after_a_while(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("squareconnect.emulator.commits.LOCK_SECONDS", 0.02)
        path = tmp_path / "square.db"
        with closing(Store(path)) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
            commits = SharedCommits(store)

            async def write() -> None:
                async with commits.change():
                    raise AssertionError

            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                asyncio.run(write())

    def test_is_answered_503_over_http_after_a_while(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, connect: Callable[[Emulator], Wire]
    ) -> None:
        monkeypatch.setattr("squareconnect.emulator.commits.LOCK_SECONDS", 0.05)
        path = tmp_path / "square.db"
        with Emulator(database=path) as square, closing(sqlite3.connect(path, isolation_level=None)) as other:
            wire = connect(square)
            other.execute("BEGIN IMMEDIATE")
            answer = wire.post("/v2/customers", {"given_name": "Ada"})
            assert answer.refusal == (503, "API_ERROR", "SERVICE_UNAVAILABLE", None)
            assert wire.get("/v2/customers").json == {}
            square.fail("*", status=500)
            before = square.snapshot()
            for method, name, body in (
                ("POST", "seed", {"customers": 1}),
                ("POST", "reset", {"seed": 5}),
                ("PUT", "snapshot", before),
            ):
                answer = wire.send(method, f"/_emulator/{name}", json.dumps(body).encode())
                assert answer.refusal == (503, "API_ERROR", "SERVICE_UNAVAILABLE", None)
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                square.seed(1)
            assert square.snapshot() | {"clock": None} == before | {"clock": None}
            square.faults[0].remove()
            with Emulator(database=path) as second:
                assert connect(second).get("/v2/customers").json == {}
            other.execute("COMMIT")
            assert wire.post("/v2/customers", {"given_name": "Ada"}).status == 200
