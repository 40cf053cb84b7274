"""Pools and slots of the thread driver."""

from __future__ import annotations

import queue
import threading
import time
import weakref

import pytest
import urllib3

from squareconnect.transport import Request, threads_pool
from squareconnect.transport.threads_connection import Attempt
from squareconnect.transport.threads_pool import Slots
from test.servers import FOUND, message

REQUEST = Request("GET", "http://127.0.0.1/", {}, None)
WHOLE = message(200, FOUND)


def test_a_pool_is_found_again_by_its_address_unless_it_has_its_own_settings() -> None:
    manager = threads_pool.pool_manager(maxsize=3)
    pool = manager.connection_from_host("127.0.0.1", 80)

    assert manager.connection_from_host("127.0.0.1", 80) is pool
    other = manager.connection_from_host("127.0.0.1", 80, pool_kwargs={"maxsize": 5})
    assert other is not pool
    assert manager.connection_from_host("127.0.0.1", 80, pool_kwargs={"maxsize": 5}) is other
    manager.clear()
    assert manager.connection_from_host("127.0.0.1", 80) is not pool
    with pytest.raises(urllib3.exceptions.URLSchemeUnknown):
        manager.connection_from_host("127.0.0.1", 80, "ftp")


def test_the_number_of_connections_that_a_pool_keeps_is_limited() -> None:
    idle = threads_pool._IdleConnections(1)
    idle.put("a connection")

    with pytest.raises(queue.Full):
        idle.put("another")
    assert idle.qsize() == 1


def test_a_slot_that_an_interrupt_left_taken_is_free_after_its_try_is_collected() -> None:
    slots = Slots(1)
    attempt: Attempt | None = Attempt(time.monotonic() + 9)
    assert attempt
    slots.take(attempt)
    with pytest.raises(TimeoutError):
        slots.take(Attempt(time.monotonic() + 0.01))
    attempt = None

    slots.take(Attempt(time.monotonic() + 9))


def test_a_try_that_is_woken_just_after_it_stopped_waiting_can_be_woken_again() -> None:
    slots, turn = Slots(1), threading.Lock()
    first, newcomer, waiter = (Attempt(time.monotonic() + 9) for _ in range(3))
    turn.acquire()
    slots.take(first)
    assert not slots._taken(weakref.ref(waiter), turn)
    slots.free(first)
    slots.take(newcomer)
    assert not slots._taken(weakref.ref(waiter), turn)
    slots.free(newcomer)

    assert slots._taken(weakref.ref(waiter), turn)
