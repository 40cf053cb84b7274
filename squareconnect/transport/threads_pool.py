"""The pools of the driver for threads: urllib3's, with other connections and without its queue.

:class:`_IdleConnections` and :class:`Slots` replace the queue. If a signal handler raises during a call, no lock stays
taken and no slot is lost. A program or test may replace urllib3's pool managers; its replacement is used unchanged.
"""

from __future__ import annotations

import queue
import threading
import weakref
from collections import deque
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

import urllib3

from squareconnect.transport.threads_connection import watched

if TYPE_CHECKING:
    from squareconnect.transport.threads_connection import Attempt


class _IdleConnections:
    """The part of ``queue.LifoQueue`` that a pool uses, without a lock that an interrupt could leave taken."""

    def __init__(self, maxsize: int = 0) -> None:
        self._limit = maxsize
        self._items: deque[Any] = deque()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Return the newest item.

        :raises queue.Empty: if there are no items.
        """
        try:
            return self._items.pop()
        except IndexError:
            raise queue.Empty from None

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Add an item.

        :raises queue.Full: if ``maxsize`` is reached.
        """
        if len(self._items) >= self._limit:
            raise queue.Full
        self._items.append(item)

    def qsize(self) -> int:
        """Return the number of items."""
        return len(self._items)


class _HTTPPool(urllib3.HTTPConnectionPool):
    QueueCls: Any = _IdleConnections

    @property
    def ConnectionCls(self) -> Any:  # type: ignore[override]  # noqa: N802
        return watched(urllib3.HTTPConnectionPool.ConnectionCls)


class _HTTPSPool(urllib3.HTTPSConnectionPool):
    QueueCls: Any = _IdleConnections

    @property
    def ConnectionCls(self) -> Any:  # type: ignore[override]  # noqa: N802
        return watched(urllib3.HTTPSConnectionPool.ConnectionCls)


class _OurPools:
    """Mixed into urllib3's pool managers, to make them use the two pools above."""

    pools: Any

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._by_address: weakref.WeakValueDictionary[tuple[Any, ...], Any] = weakref.WeakValueDictionary()

    def connection_from_host(
        self, host: Any, port: Any = None, scheme: Any = "http", pool_kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Return the pool for a scheme, host and port. A known pool is found without building urllib3's pool key."""
        if pool_kwargs:
            return super().connection_from_host(host, port, scheme, pool_kwargs)  # type: ignore[misc]
        pool = self._by_address.get((scheme, host, port))
        if pool is None:
            pool = super().connection_from_host(host, port, scheme)  # type: ignore[misc]
            self._by_address[scheme, host, port] = pool
        return pool

    def clear(self) -> None:
        """Close the pools. New ones are made when they are needed."""
        self._by_address.clear()
        super().clear()  # type: ignore[misc]

    def connection_from_pool_key(self, pool_key: Any, request_context: dict[str, Any]) -> Any:
        """Return the pool for a scheme, host and port."""
        with self.pools.lock:
            pool = self.pools.get(pool_key)
            if pool is None:
                pool = self.pools[pool_key] = _pool(**request_context)
        return pool


def _pool(scheme: str, host: str, port: int, ssl_context: Any = None, **options: Any) -> urllib3.HTTPConnectionPool:
    if scheme == "https":
        return _HTTPSPool(host, port, ssl_context=ssl_context, **options)
    return _HTTPPool(host, port, **options)


@cache
def _with_our_pools(manager_class: Any) -> Any:
    """Return a pool manager class that uses our pools. Return a program's replacement unchanged."""
    if isinstance(manager_class, type) and issubclass(manager_class, urllib3.PoolManager):
        return type(manager_class.__name__, (_OurPools, manager_class), {})
    return manager_class


def is_replaced() -> bool:
    """Return whether a program or test has replaced urllib3's pool managers with other classes."""
    own = urllib3.poolmanager
    return urllib3.PoolManager is not own.PoolManager or urllib3.ProxyManager is not own.ProxyManager


def pool_manager(**options: Any) -> Any:
    """Return ``urllib3.PoolManager(**options)`` with our pools."""
    return _with_our_pools(urllib3.PoolManager)(**options)


def proxy_manager(**options: Any) -> Any:
    """Return ``urllib3.ProxyManager(**options)`` with our pools."""
    return _with_our_pools(urllib3.ProxyManager)(**options)


class Slots:
    """Limits how many tries run at a time. An interrupt at any moment neither loses nor adds a slot.

    :param limit: the number of slots.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._holders: set[weakref.ref[Attempt]] = set()
        self._waiting: deque[Any] = deque()

    def take(self, attempt: Attempt) -> None:
        """Wait for a slot. It is free again after :meth:`free`, or when the attempt is garbage-collected.

        :raises TimeoutError: if no slot becomes free before the deadline.
        """
        place = weakref.ref(attempt, self._holders.discard)
        hash(place)  # This caches the hash, which cannot be computed once the attempt is gone.
        with self._lock:
            if len(self._holders) < self._limit:
                self._holders.add(place)
                return
        self._wait(place, attempt)

    def _taken(self, place: weakref.ref[Attempt], turn: Any) -> bool:
        with self._lock:
            if len(self._holders) < self._limit:
                self._holders.add(place)
                return True
            if turn not in self._waiting:
                self._waiting.append(turn)
        return False

    def _wait(self, place: weakref.ref[Attempt], attempt: Attempt) -> None:
        turn = threading.Lock()
        turn.acquire()
        try:
            while not self._taken(place, turn):
                # If an interrupt has lost a wake-up, check again soon.
                turn.acquire(timeout=attempt.limit(0.1))
        finally:
            with self._lock, suppress(ValueError):
                self._waiting.remove(turn)

    def free(self, attempt: Attempt) -> None:
        """Free the attempt's slot, and wake the try that has waited longest."""
        with self._lock:
            self._holders.discard(weakref.ref(attempt))
            if self._waiting:
                with suppress(RuntimeError):  # It was woken before, just after its wait had timed out.
                    self._waiting.popleft().release()
