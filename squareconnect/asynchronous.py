"""Calls in the background: their handles, and the threads that make them."""

from __future__ import annotations

import atexit
import os
import threading
from collections import deque
from concurrent.futures import Future, wait
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

from squareconnect.exceptions import ConnectionFailed
from squareconnect.transport.threads import start_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import TypeAlias

    _Task: TypeAlias = "tuple[CallHandle[Any], Callable[[], object]]"

T = TypeVar("T")


class CallHandle(Future[T]):
    """A handle on a call made in the background. Calls with ``async_req=True`` or ``callback=`` return it.

    It is a ``concurrent.futures.Future``: ``result``, ``exception``, ``done``, ``cancel`` and ``add_done_callback``
    work as usual, and ``concurrent.futures.wait`` and ``as_completed`` accept it. It can also be awaited. It has
    ``join`` and ``is_alive`` for code that expects the threads that ``callback=`` returned in 2.x.

    A call that is cancelled before it starts is never made. A call that has started cannot be cancelled: it ends by
    itself, at ``Configuration.deadline`` at the latest. If the code that awaits it is cancelled, it stops waiting.
    """

    def get(self, timeout: float | None = None) -> T:
        """Wait for the result.

        :param timeout: seconds to wait; None for as long as the call takes.
        :raises ApiException: if the call failed.
        :raises concurrent.futures.TimeoutError: if the call is not done in time. The call continues.
        :raises concurrent.futures.CancelledError: if the call was cancelled.
        """
        return self.result(timeout)

    def join(self, timeout: float | None = None) -> None:
        """Wait until the call and its callback are done, whether they succeed or fail.

        :param timeout: seconds to wait; None for as long as it takes.
        """
        wait([self], timeout)

    def is_alive(self) -> bool:
        """Return whether the call or its callback is not done yet."""
        return not self.done()

    def __await__(self) -> Generator[Any, None, T]:
        from asyncio import wrap_future

        return wrap_future(self).__await__()


class Workers:
    """A limited number of threads that make calls. A thread starts when a call waits, and ends when none does.

    They are daemon threads, if the interpreter allows these. A thread that hangs does not keep the interpreter from
    exiting. At exit, the interpreter waits for calls with a callback, because a program may rely on the callback alone.

    :param max_threads: the maximum number of threads.
    """

    def __init__(self, max_threads: int) -> None:
        self._max_threads = max_threads
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[_Task] = deque()
        self._threads: set[threading.Thread] = set()
        _all_workers.add(self)

    def start(self, call: Callable[[], T], callback: Callable[[T], object] | None = None) -> CallHandle[T]:
        """Start a call on a thread, in a copy of the caller's context (:mod:`contextvars`).

        :param call: makes the call.
        :param callback: receives the result, if there is one, before the handle does. An exception of the call or the
            callback is reported through ``threading.excepthook``. The handle raises an exception of the call, too.
        :raises RuntimeError: if no thread runs and none can be started, for example while the interpreter exits, from
            Python 3.12 on. The call is not made.
        """
        handle: CallHandle[T] = CallHandle()
        in_context: Callable[..., object] = copy_context().run
        task = (handle, partial(in_context, _carry_out, handle, call, callback))
        with self._lock:
            self._threads = {thread for thread in self._threads if thread.is_alive()}
            if len(self._threads) < self._max_threads:
                self._add_thread()
            self._waiting.append(task)
        _unfinished.add(handle)
        handle.add_done_callback(_unfinished.discard)
        if callback is not None:
            _with_callback.add(handle)
            handle.add_done_callback(_with_callback.discard)
        return handle

    def _add_thread(self) -> None:
        try:
            thread = _started(self._work)
        except RuntimeError:
            if not self._threads:
                raise
        else:
            self._threads.add(thread)

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._threads.discard(threading.current_thread())
                    return
                handle, carry_out = self._waiting.popleft()
            try:
                carry_out()
            except BaseException as error:  # Raised by a callback added to the handle, for example SystemExit.
                _report(error)
            del handle, carry_out


def _started(target: Callable[[], object]) -> threading.Thread:
    try:
        thread = threading.Thread(target=target, name="squareconnect", daemon=True)
    except RuntimeError:  # A subinterpreter may not allow daemon threads.
        thread = threading.Thread(target=target, name="squareconnect", daemon=False)
    start_thread(thread)
    return thread


def _carry_out(handle: CallHandle[T], call: Callable[[], T], callback: Callable[[T], object] | None) -> None:
    if not handle.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except BaseException as error:
        if callback is not None:
            _report(error)
        handle.set_exception(error)
        del handle  # Break a reference cycle: the handle refers to the exception, which refers to this frame.
        return
    if callback is not None:
        try:
            callback(result)
        except BaseException as error:
            _report(error)
    handle.set_result(result)


def _report(error: BaseException) -> None:
    with suppress(Exception):
        thread = threading.current_thread()
        threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, thread)))


_all_workers: WeakSet[Workers] = WeakSet()
_unfinished: set[Future[Any]] = set()
_with_callback: set[Future[Any]] = set()


def _wait_for_callbacks() -> None:
    while pending := list(_with_callback):  # A callback may have made further calls.
        wait(pending)


def _fail_calls_after_fork() -> None:
    """Leave the parent's calls to the parent, which has their threads. In the child, their handles fail."""
    _with_callback.clear()
    for workers in list(_all_workers):
        workers._reset()
    while _unfinished:
        handle = _unfinished.pop()
        failure = ConnectionFailed(reason="the call started before this process was forked: only the parent makes it")
        failure.outcome_unknown = True
        handle.__init__()  # type: ignore[misc]  # Another thread of the parent may have held the handle's lock.
        handle.set_exception(failure)


atexit.register(_wait_for_callbacks)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_fail_calls_after_fork)
