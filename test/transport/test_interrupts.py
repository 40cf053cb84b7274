"""A signal handler may raise at any moment of a call: for Ctrl-C, or for the program's own time limit."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
from typing import Any

import pytest

from squareconnect.exceptions import ApiException
from test.servers import Server, answer, api_for, environment_without_coverage
from test.transport.interrupting import InterruptError, interrupt, interrupt_a_start


@pytest.mark.parametrize("route", ["plain", "tls", "proxy"])
def test_the_client_works_as_before_after_interrupts_at_any_moment(route: str) -> None:
    command = [sys.executable, "-m", "test.transport.interrupting", "150", route]
    # An interrupt may leave the lock of coverage's tracer locked, so this process runs without coverage.
    done = subprocess.run(
        command, env=environment_without_coverage(), capture_output=True, text=True, timeout=120, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "then 3 at a time" in done.stdout


@pytest.mark.parametrize("options", [{}, {"async_req": True}], ids=["connecting", "worker"])
def test_an_interrupt_while_a_thread_starts_reaches_the_caller(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server() as server:
        api = api_for(server)
        with monkeypatch.context() as patch:
            interrupt_a_start(patch)
            with pytest.raises(InterruptError):
                api.retrieve_customer("C1", **options)

        assert api.retrieve_customer("C1").customer


def test_an_interrupt_while_a_call_waits_for_a_connection_loses_no_slot() -> None:
    holding, release = threading.Event(), threading.Event()

    class Held:
        def request(self, *args: Any, **options: Any) -> Any:
            holding.set()
            release.wait(10)
            raise OSError("held")

    def hold() -> None:
        with contextlib.suppress(ApiException):
            api.retrieve_customer("C1")

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with Server(otherwise=answer()) as server:
            api = api_for(server, connection_pool_maxsize=1, max_retries=0)
            api.api_client.rest_client.pool_manager = Held()
            holder = threading.Thread(target=hold)
            holder.start()
            holding.wait(10)
            for _ in range(20):
                signal.setitimer(signal.ITIMER_REAL, 0.005)
                with pytest.raises(InterruptError):
                    api.retrieve_customer("C1")
            release.set()
            holder.join(10)
            del api.api_client.rest_client.pool_manager

            assert api.retrieve_customer("C1").customer
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
