from __future__ import annotations

import asyncio
import copy
import gc
import importlib.util
import os
import pickle
import threading
import time
import weakref
from concurrent.futures import CancelledError, as_completed
from concurrent.futures import TimeoutError as HandleTimeout
from typing import TYPE_CHECKING, Any

import pytest

from squareconnect import (
    ApiClient,
    AsyncCustomersApi,
    CallHandle,
    Configuration,
    CreateCustomerRequest,
    CustomersApi,
    NotFound,
    RetrieveCustomerResponse,
)
from squareconnect.asynchronous import Workers
from squareconnect.emulator import Emulator
from squareconnect.rest import RESTClientObject, RESTResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE = 20
"""Seconds after which a test that waits for something fails."""


class Gate:
    """A call that waits until the gate is opened, and counts how many calls wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = threading.Event()
        self.running = threading.Semaphore(0)
        self.inside = 0
        self.most_inside = 0
        self.calls = 0

    def __call__(self) -> str:
        with self._lock:
            self.calls += 1
            self.inside += 1
            self.most_inside = max(self.most_inside, self.inside)
        self.running.release()
        assert self._open.wait(PATIENCE)
        with self._lock:
            self.inside -= 1
        return "through"

    def wait_until_running(self, calls: int = 1) -> None:
        for _ in range(calls):
            assert self.running.acquire(timeout=PATIENCE)

    def open(self) -> None:
        self._open.set()


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open()


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> list[BaseException | None]:
    """Return the list of exceptions that reach threading.excepthook."""
    errors: list[BaseException | None] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: errors.append(args.exc_value))
    return errors


def background_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "squareconnect"]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def fail() -> str:
    raise NotFound(404, "Not Found")


# -- Handles --------------------------------------------------------------------------------------------------------


def test_a_handle_returns_the_result(gate: Gate) -> None:
    handle = Workers(1).start(gate)
    assert not handle.done()
    assert handle.is_alive()
    gate.open()
    assert handle.get(PATIENCE) == handle.result(PATIENCE) == "through"
    assert handle.done()
    assert not handle.is_alive()


def test_a_handle_raises_what_the_call_raised() -> None:
    handle = Workers(1).start(fail)
    with pytest.raises(NotFound):
        handle.get(PATIENCE)
    assert isinstance(handle.exception(), NotFound)


def test_get_waits_no_longer_than_its_time_out(gate: Gate) -> None:
    handle = Workers(1).start(gate)
    with pytest.raises(HandleTimeout):
        handle.get(0.01)
    gate.open()
    assert handle.get(PATIENCE) == "through"


def test_join_waits_no_longer_than_its_time_out_and_raises_nothing(gate: Gate) -> None:
    handle = Workers(1).start(gate)
    handle.join(0.01)
    assert handle.is_alive()
    gate.open()
    handle.join()
    assert not handle.is_alive()
    Workers(1).start(fail).join()


def test_handles_work_with_concurrent_futures() -> None:
    workers = Workers(2)
    handles = [workers.start(lambda number=number: number) for number in range(5)]  # type: ignore[misc]
    assert sorted(handle.result() for handle in as_completed(handles, PATIENCE)) == [0, 1, 2, 3, 4]


def test_a_handle_with_an_exception_is_freed_without_the_garbage_collector() -> None:
    gc.disable()
    try:
        handle = Workers(1).start(fail)
        handle.join()
        wait_until(lambda: not background_threads())
        gone = weakref.ref(handle)
        del handle
        assert gone() is None
    finally:
        gc.enable()


# -- Workers --------------------------------------------------------------------------------------------------------


def test_no_more_calls_run_at_once_than_the_maximum_number_of_threads(gate: Gate) -> None:
    workers = Workers(3)
    handles = [workers.start(gate) for _ in range(10)]
    gate.wait_until_running(3)
    assert len(background_threads()) == 3
    gate.open()
    assert [handle.get(PATIENCE) for handle in handles] == ["through"] * 10
    assert gate.most_inside == 3


def test_calls_run_in_the_order_they_were_started() -> None:
    workers = Workers(1)
    order: list[int] = []
    handles = [workers.start(lambda number=number: order.append(number)) for number in range(20)]  # type: ignore[misc]
    for handle in handles:
        handle.join(PATIENCE)
    assert order == list(range(20))


def test_the_threads_end_when_no_call_waits() -> None:
    workers = Workers(4)
    for handle in [workers.start(int) for _ in range(20)]:
        handle.join(PATIENCE)
    wait_until(lambda: not background_threads())


def test_the_threads_are_daemons(gate: Gate) -> None:
    Workers(1).start(gate)
    gate.wait_until_running()
    assert all(thread.daemon for thread in background_threads())


def test_a_call_cancelled_before_it_runs_is_never_made(gate: Gate) -> None:
    workers = Workers(1)
    first, second = workers.start(gate), workers.start(gate)
    gate.wait_until_running()
    assert second.cancel()
    gate.open()
    assert first.get(PATIENCE) == "through"
    with pytest.raises(CancelledError):
        second.get(PATIENCE)
    wait_until(lambda: not background_threads())
    assert gate.calls == 1


def test_a_running_call_cannot_be_cancelled(gate: Gate) -> None:
    handle = Workers(1).start(gate)
    gate.wait_until_running()
    assert not handle.cancel()
    gate.open()
    assert handle.get(PATIENCE) == "through"


def refuse_to_start(thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_a_call_for_which_no_thread_can_start_raises_and_is_not_made(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = Workers(1)
    with monkeypatch.context() as without_threads:
        without_threads.setattr(threading.Thread, "start", refuse_to_start)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            workers.start(gate)
    assert workers.start(lambda: "made").get(PATIENCE) == "made"
    assert gate.calls == 0


def test_a_call_for_which_no_further_thread_can_start_waits_for_a_running_one(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = Workers(2)
    first = workers.start(gate)
    gate.wait_until_running()
    with monkeypatch.context() as without_threads:
        without_threads.setattr(threading.Thread, "start", refuse_to_start)
        second = workers.start(lambda: "made")
    gate.open()
    assert (first.get(PATIENCE), second.get(PATIENCE)) == ("through", "made")


def test_a_system_without_fork_needs_no_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "register_at_fork")
    spec = importlib.util.find_spec("squareconnect.asynchronous")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.Workers(1).start(lambda: "made").get(PATIENCE) == "made"


# -- Callbacks ------------------------------------------------------------------------------------------------------


def test_a_callback_gets_the_result_before_the_handle_is_done() -> None:
    results: list[tuple[str, bool, str]] = []
    handles: list[CallHandle[str]] = []
    handed = threading.Event()

    def callback(result: str) -> None:
        assert handed.wait(PATIENCE)
        results.append((result, handles[0].done(), threading.current_thread().name))

    handles.append(Workers(1).start(lambda: "result", callback))
    handed.set()
    handles[0].join(PATIENCE)
    assert results == [("result", False, "squareconnect")]
    assert handles[0].get() == "result"


def test_a_failed_call_is_reported_and_kept_on_the_handle_without_calling_back(
    reported: list[BaseException | None],
) -> None:
    results: list[str] = []
    handle = Workers(1).start(fail, results.append)
    handle.join(PATIENCE)
    assert reported == [handle.exception()]
    assert isinstance(handle.exception(), NotFound)
    assert results == []


def test_a_callback_that_raises_is_reported_and_the_handle_keeps_the_result(
    reported: list[BaseException | None],
) -> None:
    handle = Workers(1).start(lambda: "result", lambda result: result.index("missing"))
    assert handle.get(PATIENCE) == "result"
    assert [type(error) for error in reported] == [ValueError]


def test_a_failing_excepthook_does_not_stop_other_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda args: 1 / 0)
    workers = Workers(1)
    workers.start(fail, print).join(PATIENCE)
    assert workers.start(lambda: "result").get(PATIENCE) == "result"


def test_without_a_callback_only_the_caller_learns_of_a_failure(reported: list[BaseException | None]) -> None:
    Workers(1).start(fail).join(PATIENCE)
    assert reported == []


# -- asyncio --------------------------------------------------------------------------------------------------------


def test_a_handle_can_be_awaited() -> None:
    async def results() -> list[str]:
        workers = Workers(2)
        return await asyncio.gather(*(workers.start(lambda: "result") for _ in range(50)))

    assert asyncio.run(results()) == ["result"] * 50


def test_awaiting_raises_what_the_call_raised() -> None:
    async def failing() -> None:
        with pytest.raises(NotFound):
            await Workers(1).start(fail)

    asyncio.run(failing())


def test_a_cancelled_task_ends_at_once_and_its_waiting_call_is_not_made(gate: Gate) -> None:
    async def awaiting(handle: CallHandle[str]) -> str:
        return await handle

    async def cancelled() -> None:
        workers = Workers(1)
        running, waiting = workers.start(gate), workers.start(gate)
        tasks = [asyncio.create_task(awaiting(handle)) for handle in (running, waiting)]
        await asyncio.to_thread(gate.wait_until_running)
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] * 2
        assert (running.running(), waiting.cancelled()) == (True, True)

    asyncio.run(cancelled())
    gate.open()
    wait_until(lambda: not background_threads())
    assert gate.calls == 1


# -- Through a client -----------------------------------------------------------------------------------------------


class BlockedTransport(RESTClientObject):
    """Replaces a client's RESTClientObject. It answers with an empty object when its gate is open."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.bodies: list[Any] = []

    def request(
        self,
        method: str,
        url: str,
        query_params: Any = None,
        headers: Any = None,
        body: Any = None,
        post_params: Any = None,
    ) -> RESTResponse:
        self.bodies.append(body)
        self._gate()
        return RESTResponse(200, "OK", {}, b'{"customer": {"id": "C"}}')


def blocked_client(gate: Gate, **settings: Any) -> ApiClient:
    client = ApiClient(Configuration(access_token="token", **settings))
    client.rest_client = BlockedTransport(gate)
    return client


def test_a_client_makes_no_more_calls_at_once_than_it_has_connections(gate: Gate) -> None:
    api = CustomersApi(blocked_client(gate, connection_pool_maxsize=2))
    handles = [api.retrieve_customer("C", async_req=True) for _ in range(6)]
    gate.wait_until_running(2)
    gate.open()
    for handle in handles:
        handle.join(PATIENCE)
    assert gate.most_inside == 2


def test_a_call_that_cannot_be_sent_raises_at_once(gate: Gate) -> None:
    api = CustomersApi(blocked_client(gate))
    with pytest.raises(ValueError, match="customer_id must be an id as Square gave it"):
        api.retrieve_customer("..", async_req=True)
    with pytest.raises(TypeError, match="body contains a set"):
        api.create_customer({"note": {1}}, callback=print)
    assert gate.calls == 0


def test_a_callback_gets_the_model_and_the_call_returns_its_handle_at_once(gate: Gate) -> None:
    responses: list[RetrieveCustomerResponse] = []
    handle = CustomersApi(blocked_client(gate)).retrieve_customer("C", callback=responses.append)
    assert handle.is_alive()
    gate.open()
    handle.join(PATIENCE)
    assert responses == [handle.get()]


def test_a_body_is_sent_as_it_was_when_the_call_was_made(gate: Gate) -> None:
    client = blocked_client(gate, connection_pool_maxsize=1)
    api = CustomersApi(client)
    body = CreateCustomerRequest(given_name="Ada")
    handles = [api.create_customer(body, async_req=True) for _ in range(2)]
    body.given_name = "Grace"
    gate.open()
    for handle in handles:
        handle.join(PATIENCE)
    assert client.rest_client.bodies == [{"given_name": "Ada"}] * 2  # type: ignore[attr-defined] # pyright: ignore


def test_ten_thousand_clients_leave_no_thread(gate: Gate) -> None:
    gate.open()
    before = threading.active_count()
    for number in range(10_000):
        client = blocked_client(gate)
        if number % 100 == 0:
            CustomersApi(client).retrieve_customer("C", async_req=True).join(PATIENCE)
    wait_until(lambda: threading.active_count() == before)


def test_a_client_can_be_pickled_and_copied_after_calls_in_the_background() -> None:
    with Emulator() as square, ApiClient(Configuration(host=square.url, access_token=square.access_token)) as client:
        CustomersApi(client).list_customers(async_req=True).join(PATIENCE)
        for other in (pickle.loads(pickle.dumps(client)), copy.deepcopy(client)):
            with other:
                assert CustomersApi(other).list_customers(async_req=True).get(PATIENCE).errors is None


def test_fifty_calls_at_once_over_real_connections() -> None:
    with Emulator() as square, ApiClient(Configuration(host=square.url, access_token=square.access_token)) as client:

        async def create_all() -> set[str | None]:
            api = AsyncCustomersApi(client)
            made = await asyncio.gather(*(api.create_customer({"given_name": str(number)}) for number in range(50)))
            return {response.customer.id for response in made if response.customer}

        assert len(asyncio.run(create_all())) == 50
