"""What a program learns about each try: the hook, the log lines, and the context in which both run."""

from __future__ import annotations

import contextvars
import logging
from typing import TYPE_CHECKING, Any

import pytest

from squareconnect import Configuration, CustomersApi, models
from squareconnect.exceptions import ConnectionFailed, NotFound, RateLimited, ServerError, Timeout
from test.servers import Server, answer, api_for, close, stall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from squareconnect.transport import TryReport

trace: contextvars.ContextVar[str] = contextvars.ContextVar("trace", default="none")


def watched(server: Server, **settings: Any) -> tuple[CustomersApi, list[TryReport]]:
    """Return a client and the reports of its tries."""
    reports: list[TryReport] = []
    return api_for(server, on_try=reports.append, **settings), reports


# -- The hook -------------------------------------------------------------------------------------------------------


def test_the_hook_is_called_after_each_try() -> None:
    with Server(answer(429, {}), close, answer()) as server:
        api, reports = watched(server)
        api.update_customer("C1", {"note": "x"})

    assert [(each.method, each.path_template) for each in reports] == [("PUT", "/v2/customers/{customer_id}")] * 3
    assert [(each.attempt, each.status) for each in reports] == [(1, 429), (2, None), (3, 200)]
    assert [type(each.exception) for each in reports] == [RateLimited, ConnectionFailed, type(None)]
    assert all(0 < each.seconds < 10 for each in reports)


def test_the_hook_is_called_when_a_call_fails() -> None:
    with Server(answer(404, {}), stall) as server:
        api, reports = watched(server, deadline=1, max_retries=0)
        with pytest.raises(NotFound):
            api.delete_customer_card("C1", "K1")
        with pytest.raises(Timeout):
            api.create_customer({"given_name": "Ada"})

    assert reports[0].path_template == "/v2/customers/{customer_id}/cards/{card_id}"
    assert isinstance(reports[0].exception, NotFound)
    assert isinstance(reports[1].exception, Timeout)
    assert reports[1].seconds > 0.9


def test_the_hook_is_not_called_for_a_call_that_is_refused_before_it_is_sent() -> None:
    with Server() as server:
        api, reports = watched(server)
        with pytest.raises(ValueError, match="customer_id"):
            api.retrieve_customer("..")
        assert not reports
        assert server.connections == 0


@pytest.mark.parametrize("steps", [(answer(),), (answer(503, {}), answer())], ids=["success", "retry"])
def test_what_the_hook_raises_is_logged_and_does_not_fail_the_call(
    steps: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with Server(*steps) as server:
        assert api_for(server, on_try=lambda report: 1 / 0).retrieve_customer("C1").customer

    assert caplog.text.count("ZeroDivisionError") == len(steps)


def test_the_hook_does_not_hide_how_a_call_failed() -> None:
    with Server(otherwise=answer(500, {})) as server, pytest.raises(ServerError):
        api_for(server, on_try=lambda report: 1 / 0, max_retries=1).retrieve_customer("C1")


def test_an_interrupt_within_the_hook_ends_the_call_and_leaves_the_client_usable() -> None:
    interrupts = [KeyboardInterrupt()]

    def interrupt(report: TryReport) -> None:
        if interrupts:
            raise interrupts.pop()

    with Server() as server:
        api = api_for(server, on_try=interrupt, connection_pool_maxsize=1)
        with pytest.raises(KeyboardInterrupt):
            api.retrieve_customer("C1")
        assert api.retrieve_customer("C1").customer


def test_the_hook_may_make_a_call_even_over_the_only_connection() -> None:
    inner: list[Any] = []

    def call(report: TryReport) -> None:
        if not inner:
            inner.append(None)
            inner.append(api.list_customers(_request_timeout=5))

    with Server(otherwise=answer(200, {})) as server:
        api = api_for(server, connection_pool_maxsize=1, deadline=10)
        api.api_client.configuration.on_try = call
        assert api.delete_customer("C1").errors is None

        assert [request.method for request in server.requests] == ["DELETE", "GET"]
        assert server.connections == 1
    assert isinstance(inner[1], models.ListCustomersResponse)


def test_the_hook_can_be_set_and_removed_between_calls() -> None:
    reports: list[TryReport] = []
    with Server() as server:
        api = api_for(server)
        api.retrieve_customer("C1")
        api.api_client.configuration.on_try = reports.append
        api.retrieve_customer("C1")
        api.api_client.configuration.on_try = None
        api.retrieve_customer("C1")

    assert len(reports) == 1


@pytest.mark.parametrize("hook", ["print", 5, []])
def test_a_hook_that_cannot_be_called_is_refused(hook: Any) -> None:
    with pytest.raises(ValueError, match="on_try must be"):
        Configuration(on_try=hook)


# -- The caller's context -------------------------------------------------------------------------------------------


@pytest.fixture
def lines() -> Iterator[list[tuple[str, str, str]]]:
    """The log lines, each with its level and the value of a context variable when it was written."""
    written: list[tuple[str, str, str]] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append((record.levelname, record.getMessage(), trace.get()))

    logger, handler = logging.getLogger("squareconnect"), Handler()
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield written
    logger.removeHandler(handler)
    logger.setLevel(before)


@pytest.mark.parametrize("background", [False, True])
def test_each_retry_is_logged_at_info_with_its_reason_and_pause_in_the_callers_context(
    lines: list[tuple[str, str, str]], background: bool
) -> None:
    with Server(answer(429, {}, {"Retry-After": 7}), close, answer()) as server:
        api = api_for(server)
        token = trace.set("T1")
        if background:
            api.retrieve_customer("C1", async_req=True).get(10)
        else:
            api.retrieve_customer("C1")
        trace.reset(token)

    assert [(level, text.partition(", trying")[0], seen) for level, text, seen in lines] == [
        ("INFO", "GET /v2/customers/C1: 429", "T1"),
        ("INFO", "GET /v2/customers/C1: ConnectionFailed", "T1"),
    ]
    assert lines[0][1].endswith("trying again in 7.0 s")


@pytest.mark.parametrize("background", [False, True])
def test_the_hook_a_callback_and_the_pause_see_the_callers_context(background: bool) -> None:
    seen: list[str] = []
    with Server(answer(503, {}), answer()) as server:
        api = api_for(server, on_try=lambda report: seen.append(trace.get()))
        api.api_client.rest_client.sleep = lambda seconds: seen.append(trace.get())
        token = trace.set("T1")
        if background:
            handle = api.retrieve_customer("C1", callback=lambda response: seen.append(trace.get()))
            trace.set("ANOTHER")
            handle.join(10)
        else:
            api.retrieve_customer("C1")
        trace.reset(token)

    assert seen == ["T1"] * (4 if background else 3)


def test_context_variables_that_a_background_call_sets_do_not_reach_its_caller() -> None:
    with Server() as server:
        api = api_for(server, on_try=lambda report: trace.set("INNER"))
        api.retrieve_customer("C1", async_req=True).get(10)

        assert trace.get() == "none"
