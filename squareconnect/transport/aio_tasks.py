"""Awaiting with a limit, so that nothing keeps running; and work off the event loop's thread."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

T = TypeVar("T")


async def in_time(step: Awaitable[T], seconds: float | None, late: str, drop: Callable[[T], object] | None = None) -> T:
    """Await a step for so many seconds. However this ends, the step is then over.

    :param seconds: None waits for as long as the step takes.
    :param late: the message of the error if it takes longer.
    :param drop: called with a result that comes too late, or although this function is cancelled.
    :raises TimeoutError: if the step takes longer.
    """
    task = asyncio.ensure_future(step)
    try:
        await asyncio.wait((task,), timeout=seconds)
    except BaseException:
        await end((task,), drop)
        raise
    if task.done():
        return task.result()
    await end((task,), drop)
    raise TimeoutError(late)


async def end(tasks: Collection[asyncio.Future[T]], drop: Callable[[T], object] | None = None) -> None:
    """Cancel tasks and wait until they are over, even if this is cancelled meanwhile.

    :param drop: called with the result of each task that has one.
    """
    for task in tasks:
        task.cancel()
    try:
        await _all_over(tasks)
    finally:
        for task in tasks:
            if not task.cancelled() and task.exception() is None and drop is not None:
                drop(task.result())


async def to_the_end(step: Awaitable[T]) -> T:
    """Await a step that must not be cancelled. If this is cancelled meanwhile, that takes effect behind the step."""
    task = asyncio.ensure_future(step)
    await _all_over((task,))
    return task.result()


async def _all_over(tasks: Collection[asyncio.Future[Any]]) -> None:
    interruption: asyncio.CancelledError | None = None
    while pending := [task for task in tasks if not task.done()]:
        try:
            await asyncio.wait(pending)
        except asyncio.CancelledError as error:
            interruption = error
    if interruption is not None:
        raise interruption


async def elsewhere(work: Callable[..., T], *args: Any) -> T:
    """Have work done on another thread, so that it does not hold up the event loop; here if there is no thread."""
    try:
        working = asyncio.get_running_loop().run_in_executor(None, work, *args)
    except RuntimeError:
        return work(*args)
    return await working
