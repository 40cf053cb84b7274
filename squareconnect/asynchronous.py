"""Calls in the background: a handle on each, and the threads that make them."""

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

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import TypeAlias

    _Task: TypeAlias = "tuple[CallHandle[Any], Callable[[], object]]"

T = TypeVar("T")


class CallHandle(Future[T]):
    """A handle on a call that is made in the background: what ``async_req=True`` and ``callback=`` return.

    It is a ``concurrent.futures.Future``, so ``result``, ``exception``, ``done``, ``cancel`` and ``add_done_callback``
    do what they do there, and ``concurrent.futures.wait`` and ``as_completed`` take it. It can also be awaited. To
    code that knows the threads that ``callback=`` gave in 2.x, it is one: it has ``join`` and ``is_alive``.

    A call that is cancelled before it began is never made. One that is on its way cannot be taken back: it ends by
    itself, at ``Configuration.deadline`` at the latest; awaiting code that is cancelled does not wait for it.
    """

    def get(self, timeout: float | None = None) -> T:
        """Wait for the result.

        :param timeout: seconds to wait; None for as long as the call takes.
        :raises ApiException: what the call raised.
        :raises concurrent.futures.TimeoutError: if it is not done in time. The call goes on.
        :raises concurrent.futures.CancelledError: if it was cancelled.
        """
        return self.result(timeout)

    def join(self, timeout: float | None = None) -> None:
        """Wait until the call, and its callback, are over, however they end.

        :param timeout: seconds to wait; None for as long as it takes.
        """
        wait([self], timeout)

    def is_alive(self) -> bool:
        """Whether the call or its callback is yet to end."""
        return not self.done()

    def __await__(self) -> Generator[Any, None, T]:
        from asyncio import wrap_future

        return wrap_future(self).__await__()


class Workers:
    """Threads that make calls: started when a call waits, ended when none does, never more than so many at a time.

    They are daemons, where the interpreter has such: one that hangs does not keep it from exiting. The interpreter
    waits at exit for calls with a callback, as the program may rely on the callback alone.

    :param most: how many threads there may be.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._forget()

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[_Task] = deque()
        self._threads: set[threading.Thread] = set()
        _all_workers.add(self)

    def start(self, call: Callable[[], T], callback: Callable[[T], object] | None = None) -> CallHandle[T]:
        """Have a call made, in a copy of the caller's context (:mod:`contextvars`).

        :param call: makes the call.
        :param callback: gets the result, if there is one, before the handle does. What the call or the callback raises
            is reported through ``threading.excepthook``; what the call raises is on the handle, too.
        :raises RuntimeError: if there is no thread yet and the system has none to give, as when the interpreter
            exits, from Python 3.12 on. The call is not made then.
        """
        handle: CallHandle[T] = CallHandle()
        in_context: Callable[..., object] = copy_context().run
        task = (handle, partial(in_context, _carry_out, handle, call, callback))
        with self._lock:
            self._threads = {thread for thread in self._threads if thread.is_alive()}
            if len(self._threads) < self._most:
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
            except BaseException as error:  # What a callback added to the handle raised, such as SystemExit.
                _report(error)
            del handle, carry_out


def _started(target: Callable[[], object]) -> threading.Thread:
    try:
        thread = threading.Thread(target=target, name="squareconnect", daemon=True)
    except RuntimeError:  # A subinterpreter may have no daemons.
        thread = threading.Thread(target=target, name="squareconnect", daemon=False)
    thread.start()
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
        del handle  # The exception holds this frame, which would hold the handle, which holds the exception.
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


def _start_anew_after_fork() -> None:
    """Leave the parent's calls to the parent, which has the threads that make them. Here their handles fail."""
    _with_callback.clear()
    for workers in list(_all_workers):
        workers._forget()
    while _unfinished:
        handle = _unfinished.pop()
        failure = ConnectionFailed(reason="the call was begun before this process was forked: only its parent makes it")
        failure.outcome_unknown = True
        handle.__init__()  # type: ignore[misc]  # Another thread of the parent may have held its lock.
        handle.set_exception(failure)


atexit.register(_wait_for_callbacks)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew_after_fork)
