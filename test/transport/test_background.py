"""Calls in the background: their deadline, their context, and what happens to them in a fork."""

from __future__ import annotations

import contextvars
import os
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from squareconnect.exceptions import ConnectionFailed, Timeout
from test.servers import Server, after, answer, api_for, stall

if TYPE_CHECKING:
    from collections.abc import Callable

    from squareconnect import CustomersApi

trace: contextvars.ContextVar[str] = contextvars.ContextVar("trace", default="none")


def test_the_deadline_runs_while_a_call_waits_for_a_worker() -> None:
    with Server(after(3.0, answer())) as server:
        api = api_for(server, connection_pool_maxsize=1, deadline=1.0, max_retries=0)
        running = api.create_customer({"given_name": "Ada"}, async_req=True)
        while not server.requests:
            time.sleep(0.005)
        api.api_client.configuration.deadline = 0.2
        waiting = api.create_customer({"given_name": "Grace"}, async_req=True)
        late, unsent = running.exception(10), waiting.exception(10)

        assert isinstance(late, Timeout)
        assert isinstance(unsent, Timeout)
        assert (late.outcome_unknown, unsent.outcome_unknown) == (True, False)
        assert "before the request could be sent" in str(unsent)
        assert len(server.requests) == 1


def test_a_call_sees_the_context_of_its_caller(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[str] = []
    with Server(answer(503, {}), answer(), answer()) as server:
        api = api_for(server)
        api.api_client.rest_client.sleep = lambda seconds: seen.append(trace.get())
        trace.set("T1")
        api.retrieve_customer("C1", callback=lambda response: seen.append(trace.get())).join(5)

    assert seen == ["T1", "T1"]


def test_an_exception_in_a_callback_of_a_handle_does_not_end_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: reported.append(args.exc_type))

    def leave(handle: object) -> None:
        raise SystemExit

    with Server(otherwise=answer()) as server:
        api = api_for(server, connection_pool_maxsize=1)
        for _ in range(3):
            handle = api.retrieve_customer("C1", async_req=True)
            handle.add_done_callback(leave)
            assert handle.get(5).customer

        assert api.retrieve_customer("C1", async_req=True).get(5).customer
    assert set(reported) <= {SystemExit}


def in_child(task: Callable[[], bool]) -> bool:
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(0 if task() else 1)
        finally:
            os._exit(2)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status) == 0


def fails_at_once(handle: Any) -> bool:
    started = time.monotonic()
    try:
        handle.get(10)
    except ConnectionFailed as failure:
        return "before this process was forked" in str(failure) and time.monotonic() - started < 5
    return False


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_handle_of_the_parent_fails_at_once_in_its_child_and_ends_in_the_parent() -> None:
    with Server(otherwise=after(0.3, answer())) as server:
        api = api_for(server, connection_pool_maxsize=1)
        running, waiting = (api.retrieve_customer("C1", async_req=True) for _ in range(2))
        while not server.requests:
            time.sleep(0.005)

        assert in_child(lambda: fails_at_once(running) and fails_at_once(waiting) and works(api))
        assert running.get(5).customer
        assert waiting.get(5).customer


def works(api: CustomersApi) -> bool:
    return api.retrieve_customer("C2", async_req=True).get(5).customer is not None


def test_a_closed_client_leaves_no_connection_open_while_an_exception_is_kept() -> None:
    with Server(otherwise=stall) as server:
        api = api_for(server, timeout=(5.0, 0.5), max_retries=0)
        with pytest.raises(Timeout) as kept:
            api.retrieve_customer("C1")
        api.api_client.close()

        assert kept.value.__traceback__
        (wire,) = server._wires
        assert wire.sock.recv(1) == b""
