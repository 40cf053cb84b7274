"""The client's side of a run: it prepares the cluster, and a crew keeps the workers busy."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import distributed
from dask.delayed import delayed

from squareconnect.bulk.errors import InputError, JournalInUse, Stopped
from squareconnect.dask.accounts import Memory
from squareconnect.dask.orders import Outcome
from squareconnect.dask.till import Till

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterable

    from squareconnect.dask.accounts import Accounts

BUSY = 120.0
"""Seconds to wait for a journal that a task still uses although its client is gone."""
_BUSY_AGAIN = 0.1
"""Seconds after which such a journal is tried again."""
_REGISTRATIONS = 10
"""How often a plugin is registered until all current workers have it."""
AGAIN_AFTER = 0.5
"""Seconds between two such attempts."""
WORKERS_WITHIN = 60.0
"""Seconds to wait for a worker when there is none."""
_LOOK_UP_EVERY = 0.2
"""Seconds after which the crew checks the list of workers if no task ends before."""
_RESULT_WITHIN = 1.0
"""Seconds to wait for the result of a task that has ended: its worker may have died since."""


class Work(Protocol):
    """The work that tasks do."""

    @property
    def account(self) -> str:
        """The account that it is done for."""
        ...

    @property
    def title(self) -> str:
        """Its name in messages."""
        ...


AnyWork = TypeVar("AnyWork", bound=Work)


@contextmanager
def prepared(client: distributed.Client | None, accounts: Accounts) -> Generator[distributed.Client]:
    """Prepare the scheduler and the workers, and remove the configurations from them at the end.

    :param client: the cluster's client; None for the current one.
    :param accounts: the accounts whose configurations the workers get.
    :raises InputError: if there is no current client.
    :raises Stopped: if there is no worker, or if workers die faster than they can be prepared.
    """
    if client is None:
        try:
            client = distributed.get_client()
        except ValueError:
            raise InputError("client: there is no current distributed.Client: create one, or pass it") from None
    memory = Memory(accounts.run, accounts.by_key)
    try:
        _register(client, memory)
        _register(client, Till())  # Last: if the scheduler was restarted before, tasks miss the memory, and stop.
        with _in_touch():
            _wait_for_worker(client)
        yield client
    finally:
        with suppress(Exception):  # The scheduler may be gone; that failure is reported elsewhere.
            client.unregister_worker_plugin(memory.name)


def _register(client: distributed.Client, plugin: Till | Memory) -> None:
    """Register a plugin, even if a worker dies while receiving it."""
    for _ in range(_REGISTRATIONS):
        try:
            client.register_plugin(plugin, name=plugin.name)
        except OSError:
            time.sleep(AGAIN_AFTER)
        else:
            return
    raise Stopped("The cluster loses its workers or its scheduler: look at their logs, and run the same again")


def _wait_for_worker(client: distributed.Client) -> None:
    try:
        client.wait_for_workers(1, timeout=WORKERS_WITHIN)
    except TimeoutError:
        raise Stopped("The cluster has no worker: start one, and run the same again") from None


@contextmanager
def _in_touch() -> Generator[None]:
    """Say in a sentence that the scheduler is gone, or has lost all tasks because it was restarted."""
    try:
        yield
    except (CancelledError, OSError) as failure:
        raise Stopped("The cluster has lost its scheduler: look at its log, and run the same again") from failure


@dataclass(eq=False)
class _Item(Generic[AnyWork]):
    """Work to do, by one task after another."""

    work: AnyWork
    due: float = 0.0
    worker: str = ""
    busy_since: float | None = None
    kills: int = 0


class Crew(Generic[AnyWork]):
    """Does all of some work, with a task for each thread of the workers.

    The crew, not the scheduler, decides which worker does what. Tasks that send secede from their worker's threads, so
    that nothing waits behind the task of a client that is gone, and the scheduler considers their workers idle.

    Among the accounts with work left, the one with the fewest tasks gets the next task; among equals, the one that has
    waited longest. This way, an account with a slow server takes no thread away from another.

    :param client: the cluster's client.
    :param call: returns the function that does some work, or a stint of it, and its arguments. A worker calls the
        function, which returns an `Outcome`.
    :param told: called with the work and its result so far, after each task.
    :param in_order: whether the work for an account is done one piece after another, in order.
    :param most_kills: how many workers in a row may die of some work before it fails.
    """

    def __init__(
        self,
        client: distributed.Client,
        call: Callable[[AnyWork], tuple[Any, ...]],
        told: Callable[[AnyWork, Any], object],
        *,
        in_order: bool = False,
        most_kills: int = 30,
    ) -> None:
        self._client: Any = client  # Its methods may return coroutines, but not here.
        self._call = call
        self._told = told
        self._in_order = in_order
        self._most_kills = most_kills
        self._waiting: dict[str, deque[_Item[AnyWork]]] = {}
        self._running: dict[distributed.Future[Any], _Item[AnyWork]] = {}
        self._failures: dict[str, BaseException] = {}
        self._most_tasks = 0
        self._alive_at = time.monotonic()

    def do(self, works: Iterable[AnyWork]) -> None:
        """Do all work. A failure does not stop the work for other accounts.

        :raises Stopped: if the scheduler is gone.
        :raises Exception: the first failure, after all other accounts are finished.
        """
        for work in works:
            self.add(work)
        try:
            while self._waiting or self._running:
                with _in_touch():
                    self._start()
                    ended = self._done()
                    workers = self._threads()
                for future in ended:
                    item = self._running[future]
                    is_there = item.worker in workers  # Otherwise its result is lost, too.
                    self._end(future, self._outcome(future, item) if is_there else self._killed(item))
        finally:
            self._client.cancel(list(self._running))
            self._running.clear()
        for failure in self._failures.values():
            raise failure

    def add(self, work: AnyWork) -> None:
        """Add work that was found while other work was done."""
        if work.account not in self._failures:
            self._waiting.setdefault(work.account, deque()).append(_Item(work))

    # -- Starting tasks -----------------------------------------------------------------------------------------------

    def _start(self) -> None:
        """Take back the work of workers that have died, and start a task on each free thread."""
        threads = self._threads()
        self._most_tasks = max(self._most_tasks, sum(threads.values()))
        self._take_back(threads)
        engaged = Counter(item.worker for item in self._running.values())
        while threads:
            worker = min(threads, key=lambda one: engaged[one] / threads[one])
            has_room = engaged[worker] < threads[worker] or len(self._running) < self._most_tasks
            item = self._next() if has_room else None
            if item is None:
                return
            item.worker = worker
            engaged[worker] += 1
            function, *arguments = self._call(item.work)
            task = delayed(function, pure=False)(*arguments)
            self._running[self._client.compute(task, workers=[worker])] = item

    def _take_back(self, threads: Collection[str]) -> None:
        """Cancel the tasks of workers that have died, before Dask moves them to other workers."""
        for future, item in list(self._running.items()):
            if item.worker not in threads:
                self._end(future, self._killed(item))

    def _next(self) -> _Item[AnyWork] | None:
        """Take the next item. Accounts are in the order in which they last had a turn."""
        engaged = Counter(item.work.account for item in self._running.values())
        for account in sorted(self._waiting, key=engaged.__getitem__):
            if self._in_order and engaged[account]:
                continue
            items = self._waiting.pop(account)
            item = self._due(items)
            if items:
                self._waiting[account] = items
            if item is not None:
                return item
        return None

    def _due(self, items: deque[_Item[AnyWork]]) -> _Item[AnyWork] | None:
        now = time.monotonic()
        for item in [items[0]] if self._in_order else items:
            if item.due <= now:
                items.remove(item)
                return item
        return None

    def _threads(self) -> dict[str, int]:
        """Return the workers, with the number of threads of each.

        :raises Stopped: if there has been no worker for a while.
        """
        threads: dict[str, int] = self._client.nthreads()
        now = time.monotonic()
        if threads:
            self._alive_at = now
        elif now - self._alive_at > WORKERS_WITHIN:
            raise Stopped("The cluster has lost all its workers: start some, and run the same again")
        return threads

    # -- Ending tasks -------------------------------------------------------------------------------------------------

    def _done(self) -> Collection[distributed.Future[Any]]:
        """Wait until a task ends or an item is due, and return the tasks that have ended."""
        now = time.monotonic()
        dues = [item.due - now for items in self._waiting.values() for item in items if item.due > now]
        timeout = min([_LOOK_UP_EVERY, *dues])
        if not self._running:
            time.sleep(timeout)
            return ()
        try:
            with self._client.as_current():
                ended: Any = distributed.wait(list(self._running), timeout=timeout, return_when="FIRST_COMPLETED")
        except (TimeoutError, asyncio.TimeoutError):
            return ()
        return ended.done  # type: ignore[no-any-return]

    def _end(self, future: distributed.Future[Any], outcome: Outcome) -> None:
        item = self._running.pop(future)
        account = item.work.account
        self._client.cancel([future])
        if outcome.failure is not None:
            self._failures.setdefault(account, outcome.failure)
            self._waiting.pop(account, None)
        elif outcome.more and account not in self._failures:
            items = self._waiting.setdefault(account, deque())
            if self._in_order:
                items.appendleft(item)
            else:
                items.append(item)
        if outcome.result is not None:
            self._told(item.work, outcome.result)

    def _outcome(self, future: distributed.Future[Any], item: _Item[AnyWork]) -> Outcome:
        """Return the result of a task, and set when its item is due again."""
        try:
            outcome: Outcome = future.result(timeout=_RESULT_WITHIN)
        except (distributed.KilledWorker, TimeoutError, asyncio.TimeoutError):
            return self._killed(item)
        except (CancelledError, OSError) as failure:
            return Outcome(failure=Stopped(f"The cluster has lost a task ({failure}): run the same again"))
        except Exception as failure:
            return Outcome(failure=failure)
        item.kills = 0
        if not isinstance(outcome.failure, JournalInUse):
            item.busy_since = None
            return outcome
        now = time.monotonic()
        item.busy_since = item.busy_since or now
        if now - item.busy_since > BUSY:
            return outcome
        item.due = now + _BUSY_AGAIN
        return Outcome(more=True)

    def _killed(self, item: _Item[AnyWork]) -> Outcome:
        item.kills += 1
        if item.kills <= self._most_kills:
            return Outcome(more=True)
        return Outcome(
            failure=Stopped(
                f"The workers that work on {item.work.title} die again and again: look at their logs and their memory "
                "limit, and run the same again"
            )
        )
