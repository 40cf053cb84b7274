"""Threads, forks, copies and crowds share one client, and no call gets another call's answer."""

from __future__ import annotations

import contextlib
import copy
import gc
import json
import logging
import os
import pickle
import signal
import threading
import time
import traceback
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from squareconnect import ApiClient, Configuration, CustomersApi, rest
from squareconnect.exceptions import ApiException, NotFound
from test.servers import (
    CUSTOMER,
    Request,
    Server,
    Step,
    Wire,
    answer,
    api_for,
    chunked,
    close,
    cut,
    message,
    raw,
    reset,
)

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from squareconnect.transport import TryReport


def echo(wire: Wire, request: Request) -> None:
    """Answer with a customer whose id is the one asked for, after a while."""
    time.sleep(0.001)
    wire.send(message(200, {"customer": {**CUSTOMER, "id": request.target.rpartition("/")[2]}}))


def gets_right_answers(api: CustomersApi, name: str, count: int) -> bool:
    """Return whether each of some calls gets the customer that it asks for."""
    for number in range(count):
        customer = api.retrieve_customer(f"{name}-{number}").customer
        if customer is None or customer.id != f"{name}-{number}":
            return False
    return True


def test_sixteen_threads_share_sixteen_connections_and_get_their_own_answers(caplog: pytest.LogCaptureFixture) -> None:
    with Server(otherwise=echo) as server, caplog.at_level(logging.WARNING):
        api = api_for(server)
        with ThreadPoolExecutor(16) as threads:
            right = list(threads.map(lambda number: gets_right_answers(api, f"T{number}", 30), range(16)))

        assert right == [True] * 16
        assert len(server.requests) == 480
        assert server.connections <= 16
    assert caplog.records == []


def test_more_threads_wait_for_a_connection() -> None:
    with Server(otherwise=echo) as server:
        api = api_for(server, connection_pool_maxsize=2)
        with ThreadPoolExecutor(16) as threads:
            assert all(threads.map(lambda number: gets_right_answers(api, f"T{number}", 5), range(16)))

        assert server.connections <= 2


def test_threads_may_close_the_client_while_others_call() -> None:
    with Server(otherwise=echo) as server:
        api = api_for(server)
        with ThreadPoolExecutor(8) as threads:
            calls = [threads.submit(gets_right_answers, api, f"T{number}", 20) for number in range(7)]
            for _ in range(20):
                api.api_client.close()
            assert [call.result() for call in calls] == [True] * 7


def test_each_thread_has_its_own_last_response() -> None:
    with Server(otherwise=echo) as server:
        api = api_for(server)
        api.retrieve_customer("MAIN")
        with ThreadPoolExecutor(1) as thread:
            thread.submit(api.retrieve_customer, "OTHER").result()

        assert json.loads(api.api_client.last_response.data)["customer"]["id"] == "MAIN"


# -- Forks ----------------------------------------------------------------------------------------------------------


def in_child(work: Callable[[], bool]) -> Callable[[], bool]:
    """Do work in a child process. Return a function that waits for its end and returns whether it succeeded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # The server's threads run in this process.
        child = os.fork()
    if child:
        return lambda: os.waitpid(child, 0)[1] == 0
    signal.alarm(20)
    status = 1
    try:
        status = 0 if work() else 2
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def test_a_call_that_is_forked_between_two_tries_continues_over_its_own_connections() -> None:
    children: list[int] = []

    def fork(report: TryReport) -> None:
        if report.attempt == 1:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # The server's threads run in this process.
                children.append(os.fork())

    with Server(answer(503), otherwise=echo) as server:
        api = api_for(server, on_try=fork, deadline=20.0)
        right = False
        try:
            right = gets_right_answers(api, "C", 1)
        finally:
            if children == [0]:
                os._exit(0 if right else 2)

        assert os.waitpid(children[0], 0)[1] == 0
        assert server.connections == 2


@pytest.mark.parametrize("secure", [False, True])
def test_after_a_fork_parent_and_child_use_their_own_connections(secure: bool, server_tls: ssl.SSLContext) -> None:
    with Server(otherwise=echo, tls=server_tls if secure else None) as server, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        api = api_for(server, verify_ssl=False)
        gate, opened = os.pipe()
        # A child cannot use OpenSSL 3.0 if a thread of the parent was starting or ending its use during the fork.
        with ThreadPoolExecutor(3) as threads:
            assert all(threads.map(lambda number: gets_right_answers(api, f"B{number}", 5), range(3)))
            time.sleep(0.05)
            before = server.connections
            ends = [
                in_child(lambda name=name: bool(os.read(gate, 1)) and gets_right_answers(api, name, 30))  # type: ignore[misc]
                for name in ("C1", "C2")
            ]
        os.write(opened, b"12")
        os.close(gate)
        os.close(opened)
        assert gets_right_answers(api, "PARENT", 30)

        assert [end() for end in ends] == [True, True]
        assert server.connections == before + 2
        assert gets_right_answers(api, "PARENT", 1)
        users: dict[int, set[str]] = {}
        for request in server.requests:
            users.setdefault(request.connection, set()).add(request.target.rpartition("/")[2].partition("-")[0])
        assert [names for names in users.values() if len(names & {"C1", "C2", "PARENT"}) > 1] == []


def test_a_fork_while_others_are_calling_leaves_the_child_able_to_call() -> None:
    with Server(otherwise=echo) as server:
        api = api_for(server, connection_pool_maxsize=2)
        # A fork while another thread imports a module or sets up TLS may hang.
        assert gets_right_answers(api, "BEFORE", 1)
        with ThreadPoolExecutor(6) as threads:
            calls = [threads.submit(gets_right_answers, api, f"T{number}", 60) for number in range(6)]
            ends = [in_child(lambda: gets_right_answers(api, "CHILD", 5)) for _ in range(4)]
            assert [end() for end in ends] == [True] * 4
            assert [call.result() for call in calls] == [True] * 6


def test_a_fork_while_another_thread_holds_every_lock_leaves_the_child_able_to_call() -> None:
    with Server(otherwise=echo) as server:
        api = api_for(server)
        assert gets_right_answers(api, "BEFORE", 1)
        client = api.api_client.rest_client
        held, done = threading.Event(), threading.Event()

        def hold() -> None:
            with client._lock, client._slots._lock:
                held.set()
                done.wait(20)

        holder = threading.Thread(target=hold)
        holder.start()
        held.wait()
        try:
            assert in_child(lambda: gets_right_answers(api, "CHILD", 2) and gc.collect() >= 0)()
        finally:
            done.set()
            holder.join()


def test_a_child_leaves_old_connections_alone_and_opens_new_ones() -> None:
    with Server(otherwise=echo) as server:
        api = api_for(server)
        assert gets_right_answers(api, "BEFORE", 2)
        rest._reset_after_fork()
        assert gets_right_answers(api, "AFTER", 2)

        assert server.connections == 2


# -- Copies ---------------------------------------------------------------------------------------------------------

COPIES: list[Callable[[Any], Any]] = [copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))]


@pytest.mark.parametrize("copied", COPIES, ids=["deepcopy", "pickle"])
def test_a_copy_of_a_used_client_uses_its_own_connections(copied: Callable[[Any], Any]) -> None:
    with Server(otherwise=echo) as server:
        api = CustomersApi(ApiClient(Configuration(host=server.host, access_token="T0KEN"), "X-Shop", "1"))
        assert gets_right_answers(api, "FIRST", 2)
        again = copied(api)
        assert gets_right_answers(again, "SECOND", 2)
        client = copied(api.api_client)
        assert client.configuration is client.rest_client.configuration
        assert client.request("GET", server.host + "/x").status == 200

        assert server.connections == 3
        assert [request.headers.get("x-shop") for request in server.requests] == ["1"] * 4 + [None]


@pytest.mark.parametrize("copied", COPIES, ids=["deepcopy", "pickle"])
def test_results_and_exceptions_of_calls_can_be_copied(copied: Callable[[Any], Any]) -> None:
    with Server(answer(), answer(404, {"errors": [{"category": "A", "code": "B"}]})) as server:
        api = api_for(server)
        found = api.retrieve_customer("C1", _return_http_data_only=False)
        with pytest.raises(NotFound) as caught:
            api.retrieve_customer("C1")

    assert copied(found) == found
    assert copied(found.data).customer == found.data.customer
    assert vars(copied(caught.value)) == vars(caught.value)
    assert copied(api.api_client.last_response).data == api.api_client.last_response.data


# -- Crowds ---------------------------------------------------------------------------------------------------------


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_ten_thousand_clients_leave_nothing_behind() -> None:
    loggers = [logging.getLogger(name) for name in ("", "squareconnect", "urllib3")]
    gc.collect()
    handlers, open_before, threads = (
        [list(logger.handlers) for logger in loggers],
        descriptors(),
        threading.active_count(),
    )
    for _ in range(10_000):
        CustomersApi()

    assert [list(logger.handlers) for logger in loggers] == handlers
    assert descriptors() <= open_before
    assert threading.active_count() <= threads


def test_clients_close_their_connections_when_they_are_collected() -> None:
    with Server() as server:
        before = descriptors()
        for _ in range(50):
            api_for(server).retrieve_customer("C1")
        assert server.wait_for_ends(50)

        assert descriptors() <= before + 2


def test_calls_that_failed_leave_no_connection_open() -> None:
    def answer_nothing(wire: Wire, request: Request) -> None:
        wire.read_request()

    with Server(otherwise=answer_nothing) as server:
        api = api_for(server, timeout=0.02, max_retries=0)
        for _ in range(5):
            with contextlib.suppress(ApiException):
                api.retrieve_customer("C1")

        assert server.connections == 5
        assert server.wait_for_ends(5)


@pytest.mark.parametrize(
    "odd",
    [
        answer(200, b""),
        raw(b"HTTP/1.1 204 No Content\r\n\r\n"),
        raw(b"HTTP/1.1 304 Not Modified\r\n\r\n"),
        answer(404, b""),
        chunked(),
        chunked(b"{", b"}"),
        cut(message(200, CUSTOMER)[:-5]),
        cut(message(200, CUSTOMER)[:20]),
        answer(200, b"x" * 5000),
        answer(200, b"not gzip", {"Content-Encoding": "gzip"}),
        cut(message(200, {}, {"Content-Length": "many"})),
        reset,
        close,
    ],
)
def test_no_kind_of_answer_makes_the_client_lose_a_connection(odd: Step) -> None:
    with Server(odd, odd) as server:
        api = api_for(server, connection_pool_maxsize=1, max_retries=0, max_response_size=4096, deadline=5.0)
        for _ in range(2):
            with pytest.raises(ApiException):
                api.retrieve_customer("C1")

        assert api.retrieve_customer("C1").customer
