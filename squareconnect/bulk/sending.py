"""Sending rows, in threads or tasks: the only part of an import that calls the API."""

from __future__ import annotations

import asyncio
import copy
import threading
import time
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from squareconnect._threads import start_thread
from squareconnect.apis import AsyncCustomersApi, CustomersApi
from squareconnect.bulk.errors import BulkError, Stopped
from squareconnect.bulk.reports import Progress, Refusal
from squareconnect.exceptions import DecodeError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from squareconnect.bulk.journal import Row
    from squareconnect.models import CreateCustomerResponse, ListCustomersResponse, UpdateCustomerResponse

    Driver: TypeAlias = "Threads | Tasks"
    Api: TypeAlias = CustomersApi | AsyncCustomersApi
    Answers: TypeAlias = Sequence[str | Refusal | None]
    Sender: TypeAlias = Callable[[Sequence[Row]], Answers] | Callable[[Sequence[Row]], Awaitable[Answers]]
    Following: TypeAlias = Callable[[], Sequence[Row]]
    Finished: TypeAlias = Callable[[Sequence[Row], float, Answers | BaseException], None]

T = TypeVar("T")


def unretried(api: Any, concurrency: int) -> Any:
    """Return a copy of an API, on a separate client that tries each call once.

    An import makes its own retries, because the pace has to see each 429 and the journal each try.

    :param api: the API; its configuration is copied.
    :param concurrency: the maximum number of calls at a time.
    """
    client = api.api_client
    settings = copy.copy(client.configuration)
    settings.max_retries = 0
    settings.connection_pool_maxsize = max(settings.connection_pool_maxsize, concurrency)
    alike = type(client)(settings, cookie=client.cookie)
    for name, value in client.default_headers.items():
        alike.set_default_header(name, value)
    return type(api)(alike)


def one_by_one(api: CustomersApi) -> Callable[[Sequence[Row]], Answers]:
    """Return the sender that makes one call for each row."""

    def send(rows: Sequence[Row]) -> Answers:
        return [_answer(_call(api, row)) for row in rows]

    return send


def one_by_one_async(api: AsyncCustomersApi) -> Callable[[Sequence[Row]], Awaitable[Answers]]:
    """Return the sender that makes one call for each row, for asyncio."""

    async def send(rows: Sequence[Row]) -> Answers:
        return [_answer(await _call(api, row)) for row in rows]

    return send


def _call(api: Api, row: Row) -> Any:
    if row.customer_id is not None:
        return api.update_customer(row.customer_id, row.body)
    return api.create_customer({**row.body, "idempotency_key": row.key})


def _answer(response: CreateCustomerResponse | UpdateCustomerResponse) -> str:
    if response.customer is None or not response.customer.id:
        nameless = DecodeError(200, "OK, but the answer's customer has no id")
        nameless.outcome_unknown = True
        raise nameless
    return response.customer.id


def refusal_of(errors: Sequence[Any]) -> Refusal:
    """Return the first of Square's errors as a refusal."""
    first = errors[0]
    return Refusal(first.code, first.field, first.detail or f"{first.category}/{first.code}")


class Threads:
    """A driver, which makes calls, many at a time: in threads.

    :param api: the API; it is closed at the end.
    :param send: the sender.
    :param count: the number of threads.
    """

    def __init__(self, api: CustomersApi, send: Callable[[Sequence[Row]], Answers], count: int) -> None:
        self._api = api
        self._send = send
        self._count = count

    def serve(self, following: Following, finished: Finished) -> None:
        """Start to send rows in threads. A thread that still waits for an answer at the end ends by itself.

        :param following: waits until the next call may leave, and returns its rows; none when all are sent.
        :param finished: called, in any thread, with rows, the time they left and their result.
        """
        for number in range(self._count):
            name = f"square-import-{number}"
            start_thread(threading.Thread(target=self._run, args=(following, finished), name=name, daemon=True))

    def list_customers(self, **query: Any) -> ListCustomersResponse:
        """Request one page of customers in this thread."""
        page: ListCustomersResponse = self._api.list_customers(**query)
        return page

    def close(self) -> None:
        """Close the connections that no call is using."""
        self._api.api_client.close()

    def _run(self, following: Following, finished: Finished) -> None:
        while rows := following():
            left_at = time.monotonic()
            try:
                result: Answers | BaseException = self._send(rows)
            except BaseException as error:
                result = error
            finished(rows, left_at, result)
            del rows, result


class Tasks:
    """A driver that makes its calls in tasks of an event loop, for work that runs in another thread.

    :param api: the API; it is closed at the end.
    :param send: the sender.
    :param count: the maximum number of calls at a time.
    :param loop: the loop.
    """

    def __init__(
        self,
        api: AsyncCustomersApi,
        send: Callable[[Sequence[Row]], Awaitable[Answers]],
        count: int,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._api = api
        self._send = send
        self._free = threading.Semaphore(count)
        self._loop = loop
        self._tasks: set[asyncio.Task[Answers]] = set()

    def serve(self, following: Following, finished: Finished) -> None:
        """Start to send rows, in one task for each call; see `Threads.serve`. A thread starts the tasks."""
        feeder = threading.Thread(target=self._feed, args=(following, finished), name="square-import", daemon=True)
        start_thread(feeder)

    def list_customers(self, **query: Any) -> ListCustomersResponse:
        """Request one page of customers in the loop, and wait for it here."""

        async def awaited() -> ListCustomersResponse:
            page: ListCustomersResponse = await self._api.list_customers(**query)
            return page

        return asyncio.run_coroutine_threadsafe(awaited(), self._loop).result()

    def close(self) -> None:
        """Close the connections that no call is using."""

        async def closed() -> None:
            closing = self._api.api_client.close()
            if closing is not None:  # An ``ApiClient`` closes at once.
                await closing

        if not self._loop.is_closed():
            asyncio.run_coroutine_threadsafe(closed(), self._loop).result()

    def _feed(self, following: Following, finished: Finished) -> None:
        while self._free.acquire() and (rows := following()):
            try:
                self._loop.call_soon_threadsafe(self._begin, rows, finished)
            except RuntimeError as error:  # The loop is closed.
                self._free.release()
                finished(rows, time.monotonic(), error)
        self._free.release()

    def _begin(self, rows: Sequence[Row], finished: Finished) -> None:
        left_at = time.monotonic()

        async def send() -> Answers:
            return await self._send(rows)

        def end(task: asyncio.Task[Answers]) -> None:
            self._tasks.discard(task)
            self._free.release()
            failure = asyncio.CancelledError() if task.cancelled() else task.exception()
            finished(rows, left_at, failure or task.result())

        task = self._loop.create_task(send())
        self._tasks.add(task)
        task.add_done_callback(end)


class Job(ABC, Generic[T]):
    """Work that makes calls through a driver, reports its progress, and can be cancelled.

    :param progress: called with a `Progress` now and then; None to report nothing.
    """

    def __init__(self, progress: Callable[[Progress], object] | None) -> None:
        self._progress = progress
        self._cancelled = False

    @abstractmethod
    def run(self, driver: Driver) -> T:
        """Do all the work in this thread. The driver makes the calls."""

    def tell(self, progress: Progress) -> None:
        """Report the progress.

        :raises Stopped: if the work was cancelled.
        """
        if self._cancelled:
            raise Stopped("The work was cancelled: run the same again to go on")
        if self._progress is not None:
            self._progress(progress)

    def start(self, api: Api, concurrency: int = 1, send: Any = None) -> T | Coroutine[Any, Any, T]:
        """Do the work: at once for a `CustomersApi`; for an `AsyncCustomersApi`, return a coroutine that does it.

        :param api: its settings are used, on a separate client.
        :param concurrency: the maximum number of calls at a time.
        :param send: sends rows, in place of `one_by_one(api)`.
        """
        if isinstance(api, AsyncCustomersApi):
            return self._beside_loop(unretried(api, concurrency), concurrency, send)
        return self.in_threads(api, concurrency, send)

    def in_threads(self, api: CustomersApi, concurrency: int = 1, send: Any = None) -> T:
        """Do the work in this thread; see `start`."""
        alike = unretried(api, concurrency)
        return self._run(Threads(alike, send or one_by_one(alike), concurrency))

    def _run(self, driver: Driver) -> T:
        try:
            return self.run(driver)
        finally:
            driver.close()

    async def _beside_loop(self, api: AsyncCustomersApi, concurrency: int, send: Any) -> T:
        """Work in a thread, while the loop makes the calls. If this is cancelled, the work first stops in order."""
        loop = asyncio.get_running_loop()
        if self._progress is not None:
            tell = self._progress
            self._progress = lambda progress: loop.call_soon_threadsafe(tell, progress)
        driver = Tasks(api, send or one_by_one_async(api), concurrency, loop)
        with ThreadPoolExecutor(1, "square-bulk") as executor:
            result = loop.run_in_executor(executor, self._run, driver)
            try:
                return await asyncio.shield(result)
            except asyncio.CancelledError:
                self._cancelled = True
                with suppress(BulkError):
                    await result
                raise
