"""Shared commits, which make durable writes fast."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from squareconnect.emulator.store import Store

LOCK_SECONDS = 5.0
"""How long a change waits for another process that has locked the database."""

_LOOK_SECONDS = 0.005


class SharedCommits:
    """Lets all changes made in one turn of the event loop share one commit, and so one wait for the disk.

    Waiting for the disk takes far longer than a change. Requests that arrive meanwhile are handled in the next turn.

    :param store: the store that is changed.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pending: asyncio.Future[None] | None = None

    @asynccontextmanager
    async def change(self) -> AsyncGenerator[None]:
        """Make the block's changes, or none of them if it raises, and wait until they are on disk.

        The block must not await anything.

        :raises sqlite3.Error: if the commit failed, or if the database is locked by another process for longer than
            five seconds. Then none of this turn's changes is kept.
        """
        await self._begin()
        with self._store.all_or_nothing():
            yield
        await self.on_disk()

    async def change_at_once(self, change: Callable[[], None]) -> None:
        """Make changes, or none of them if it raises, and write them to disk before anybody else does anything.

        :raises sqlite3.Error: as for `change`.
        """
        pending = await self._begin()
        with self._store.all_or_nothing():
            change()
        self._commit(pending)
        pending.result()

    async def on_disk(self) -> None:
        """Wait until all changes that are visible now are on disk.

        :raises sqlite3.Error: if the commit failed. Then none of this turn's changes is kept.
        """
        if self._pending is not None:
            await asyncio.shield(self._pending)

    async def _begin(self) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + LOCK_SECONDS
        while self._pending is None:
            try:
                self._store.begin()
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or loop.time() >= give_up_at:
                    raise
                await asyncio.sleep(_LOOK_SECONDS)
            else:
                self._pending = loop.create_future()
                loop.call_soon(self._commit, self._pending)
        return self._pending

    def _commit(self, pending: asyncio.Future[None]) -> None:
        if pending.done():
            return
        self._pending = None
        try:
            self._store.commit()
        except sqlite3.Error as error:
            pending.set_exception(error)
            pending.exception()  # Mark it as retrieved, because there may be no waiting task.
        else:
            pending.set_result(None)
