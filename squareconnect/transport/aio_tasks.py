"""Await with a time limit that leaves nothing running, and work off the event loop's thread."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

T = TypeVar("T")


async def with_time_limit(
    step: Awaitable[T], seconds: float | None, late: str, drop: Callable[[T], object] | None = None
) -> T:
    """Await a step with a time limit. However this function ends, the step is no longer running.

    :param seconds: the limit; None waits for as long as the step takes.
    :param late: the message of the ``TimeoutError``.
    :param drop: called with a result that comes too late, or after this function was cancelled.
    :raises TimeoutError: if the step takes longer.
    """
    task = asyncio.ensure_future(step)
    try:
        await asyncio.wait((task,), timeout=seconds)
    except BaseException:
        await cancel_all((task,), drop)
        raise
    if task.done():
        return task.result()
    await cancel_all((task,), drop)
    raise TimeoutError(late)


async def cancel_all(tasks: Collection[asyncio.Future[T]], drop: Callable[[T], object] | None = None) -> None:
    """Cancel tasks and wait until they are done, even if this function is cancelled meanwhile.

    :param drop: called with the result of each task that has one.
    """
    for task in tasks:
        task.cancel()
    try:
        await _wait_for_all(tasks)
    finally:
        for task in tasks:
            if not task.cancelled() and task.exception() is None and drop is not None:
                drop(task.result())


async def uncancelled(step: Awaitable[T]) -> T:
    """Await a step that must not be cancelled. If this function is cancelled, that takes effect after the step."""
    task = asyncio.ensure_future(step)
    await _wait_for_all((task,))
    return task.result()


async def _wait_for_all(tasks: Collection[asyncio.Future[Any]]) -> None:
    interruption: asyncio.CancelledError | None = None
    while pending := [task for task in tasks if not task.done()]:
        try:
            await asyncio.wait(pending)
        except asyncio.CancelledError as error:
            interruption = error
    if interruption is not None:
        raise interruption


async def on_another_thread(work: Callable[..., T], *args: Any) -> T:
    """Run a function on a thread of its own, to keep the event loop free. If no thread can be started, run it here.

    The threads of the event loop's executor may all be taken, by work that ends after the deadline of a call.
    """
    executor = ThreadPoolExecutor(1, "squareconnect-answer")
    try:
        working = asyncio.get_running_loop().run_in_executor(executor, work, *args)
    except RuntimeError:
        return work(*args)
    finally:
        executor.shutdown(wait=False)
    return await working
