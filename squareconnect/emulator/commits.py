"""Shared commits: what makes durable writes quick."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

    from squareconnect.emulator.store import Store


class SharedCommits:
    """Lets all changes made in one turn of the event loop share one commit, and so one wait for the disk.

    Waiting for the disk takes far longer than a change. While it lasts, more requests arrive: they are the next turn.

    :param store: the store that is changed.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pending: asyncio.Future[None] | None = None

    @contextmanager
    def change(self) -> Generator[None]:
        """Make the block's changes part of this turn's commit: all of them, or none if the block raises."""
        if self._pending is None:
            self._store.begin()
            loop = asyncio.get_running_loop()
            self._pending = loop.create_future()
            loop.call_soon(self._commit, self._pending)
        with self._store.all_or_nothing():
            yield

    async def on_disk(self) -> None:
        """Wait until all changes that can be seen now are on disk.

        :raises sqlite3.Error: if the commit failed. Then none of this turn's changes is kept.
        """
        if self._pending is not None:
            await asyncio.shield(self._pending)

    def _commit(self, pending: asyncio.Future[None]) -> None:
        self._pending = None
        try:
            self._store.commit()
        except sqlite3.Error as error:
            pending.set_exception(error)
        else:
            pending.set_result(None)
