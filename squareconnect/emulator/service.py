"""A coroutine that serves in an event loop and a thread of its own."""

from __future__ import annotations

import asyncio
from contextlib import closing, suppress
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from squareconnect._threads import start_thread
from squareconnect.emulator.wire import RealTimeLoop

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")


class Service:
    """Runs a coroutine from `start` to `stop`.

    A signal handler may raise at any moment. If it interrupts `start` or `stop`, the caller calls `stop` again. Nothing
    here waits with a `threading.Condition`, because such an interrupt can leave it locked for ever.

    :param serve: the coroutine function. It calls the given function with its port when it is ready, and serves until
        it is cancelled.
    """

    def __init__(self, serve: Callable[[Callable[[int], None]], Coroutine[Any, Any, None]]) -> None:
        self._serve = serve
        self._outcome: SimpleQueue[int | BaseException] = SimpleQueue()
        self._begun = self._stopping = self._cancelled = False

    def start(self) -> int:
        """Wait until the coroutine is ready, and return its port. Raise what it raises before."""
        self._thread = Thread(target=self._run, name="square-emulator", daemon=True)
        start_thread(self._thread)
        outcome = self._outcome.get()
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def call(self, call: Callable[[], Coroutine[Any, Any, T]]) -> Callable[[], T]:
        """Run another coroutine in the same event loop. Return a function that waits for its result.

        That function raises `asyncio.CancelledError` if the service was stopped before.
        """
        ended: SimpleQueue[asyncio.Task[T]] = SimpleQueue()

        def begin() -> None:
            asyncio.ensure_future(call()).add_done_callback(ended.put)

        self._loop.call_soon_threadsafe(begin)
        return lambda: ended.get().result()

    def stop(self) -> None:
        """Cancel the coroutine, and wait until it has ended. Can be repeated."""
        self._stopping = True
        if not self._begun:  # If the thread ever begins, it ends by itself.
            return
        with suppress(RuntimeError):  # The loop is closed, because the coroutine has ended.
            self._loop.call_soon_threadsafe(self._cancel)
        self._thread.join()

    def _run(self) -> None:
        try:
            with closing(RealTimeLoop()) as self._loop:
                self._task = self._loop.create_task(self._serve(self._outcome.put))
                self._begun = True
                if self._stopping:
                    self._cancel()
                self._loop.run_until_complete(self._task)
        except (Exception, asyncio.CancelledError) as error:
            self._outcome.put(error)

    def _cancel(self) -> None:
        if not self._cancelled:  # Cancelling it again would interrupt its end.
            self._cancelled = True
            self._task.cancel()
