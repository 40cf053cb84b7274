"""The rules of a call, tested with plain values."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from squareconnect.exceptions import ApiException, ConnectionFailed, NotFound, RateLimited, ServerError, Timeout
from squareconnect.transport import Broken, Clock, Pause, RESTResponse, Rules, Try, TryReport, exchange

NOT_FOUND = json.dumps({"errors": [{"category": "INVALID_REQUEST_ERROR", "code": "NOT_FOUND"}]})
LOST = Broken("ConnectionResetError", late=False, reached=True)
REFUSED = Broken("ConnectionRefusedError", late=False, reached=False)
LATE = Broken("TimeoutError", late=True, reached=True)


def answered(status: int, content: str = "{}", **headers: str) -> RESTResponse:
    return RESTResponse(
        status, "Reason", {name.replace("_", "-"): value for name, value in headers.items()}, content.encode()
    )


def rules(method: str = "GET", **changes: Any) -> Rules:
    usual: dict[str, Any] = {
        "method": method,
        "path": "/v2/customers/C1",
        "template": "/v2/customers/{customer_id}",
        "deadline": 100.0,
        "repeatable": method != "POST",
        "max_retries": 3,
        "max_retry_wait": 30.0,
        "max_response_size": 1000,
    }
    return Rules(**{**usual, **changes})


class Play:
    """Acts as a driver: sends the outcome of each try to the exchange, and lets time pass."""

    def __init__(self, rules: Rules, *results: RESTResponse | Broken, seconds: float = 0.0) -> None:
        self.time = 0.0
        self.tries = 0
        self.pauses: list[float] = []
        clock = Clock(lambda: self.time, lambda: 1_000_000_000.0, lambda: 1.0)
        steps = exchange(rules, clock)
        self.answer: RESTResponse | None = None
        self.failure: ApiException | None = None
        script = list(results)
        try:
            step = next(steps)
            while True:
                if isinstance(step, Pause):
                    self.pauses.append(step.seconds)
                    self.time += step.seconds
                    step = steps.send(None)
                else:
                    assert step == Try(rules.deadline)
                    self.tries += 1
                    self.time += seconds
                    step = steps.send(script.pop(0))
        except StopIteration as end:
            self.answer = end.value
        except ApiException as failure:
            self.failure = failure
        assert script == []


def test_a_success_ends_the_call() -> None:
    play = Play(rules(), answered(200))

    assert play.answer
    assert (play.answer.status, play.answer.attempts, play.pauses) == (200, 1, [])


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
@pytest.mark.parametrize("first", [answered(429), REFUSED], ids=["429", "refused"])
def test_a_call_that_was_not_carried_out_is_tried_again(method: str, first: RESTResponse | Broken) -> None:
    play = Play(rules(method), first, answered(200))

    assert play.answer
    assert play.answer.attempts == 2


@pytest.mark.parametrize("first", [answered(503), answered(408), LOST, LATE], ids=["503", "408", "lost", "late"])
def test_a_call_that_may_have_been_carried_out_is_tried_again_only_if_that_is_harmless(
    first: RESTResponse | Broken,
) -> None:
    assert Play(rules("PUT"), first, answered(200)).answer
    failure = Play(rules("POST"), first).failure

    assert failure
    assert failure.outcome_unknown


@pytest.mark.parametrize("status", [206, 207, 226, 299, 301, 302, 304, 307, 308])
def test_an_answer_that_is_neither_success_nor_refusal_leaves_the_outcome_unknown(status: int) -> None:
    changed, read = Play(rules("PUT"), answered(status)).failure, Play(rules("GET"), answered(status)).failure

    assert changed
    assert read
    assert (changed.outcome_unknown, read.outcome_unknown) == (True, False)


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422, 501])
def test_a_refusal_says_that_nothing_was_done(status: int) -> None:
    failure = Play(rules("POST"), answered(status)).failure

    assert failure
    assert not failure.outcome_unknown


def test_a_delete_whose_answer_was_lost_and_that_is_then_answered_404_has_succeeded() -> None:
    play = Play(rules("DELETE"), LOST, answered(404, NOT_FOUND))

    assert play.answer
    assert (play.answer.status, play.answer.content, play.answer.attempts) == (200, b"{}", 2)


@pytest.mark.parametrize("content", ["<html>404 Not Found</html>", "", '{"errors": []}', '{"errors": [{"code": "X"}]}'])
def test_a_delete_whose_answer_was_lost_and_that_then_meets_another_404_has_failed(content: str) -> None:
    failure = Play(rules("DELETE"), answered(503), answered(404, content)).failure

    assert isinstance(failure, NotFound)
    assert failure.outcome_unknown


def test_a_delete_that_is_answered_404_at_first_has_failed() -> None:
    assert isinstance(Play(rules("DELETE"), answered(404, NOT_FOUND)).failure, NotFound)
    assert isinstance(Play(rules("DELETE"), answered(429), answered(404, NOT_FOUND)).failure, NotFound)


def test_one_lost_try_leaves_the_outcome_of_the_call_unknown_whatever_follows() -> None:
    failure = Play(rules("PUT"), LOST, answered(400)).failure

    assert failure
    assert (failure.status, failure.outcome_unknown, failure.attempts) == (400, True, 2)


def test_the_number_of_tries_is_limited() -> None:
    play = Play(rules(max_retries=2), *[answered(503)] * 3)

    assert isinstance(play.failure, ServerError)
    assert (play.tries, play.pauses) == (3, [0.5, 1.0])


def test_the_server_may_ask_for_a_pause_up_to_the_maximum() -> None:
    play = Play(
        rules(max_retry_wait=7.0), answered(429, Retry_After="3"), answered(429, Retry_After="3600"), answered(200)
    )

    assert play.pauses == [3.0, 7.0]


def test_a_pause_that_would_outlast_the_deadline_is_not_started() -> None:
    play = Play(rules(deadline=5.0), answered(429, Retry_After="5"))

    assert isinstance(play.failure, RateLimited)
    assert play.time == 0.0


def test_nothing_is_sent_once_the_deadline_has_passed() -> None:
    play = Play(rules("POST", deadline=0.0))

    assert isinstance(play.failure, Timeout)
    assert (play.tries, play.failure.outcome_unknown, play.failure.attempts) == (0, False, 0)


def test_half_a_refusal_is_a_refusal_but_half_a_success_is_not_a_success() -> None:
    refusal = Play(rules("POST"), LOST._replace(answer=answered(400, '{"err'))).failure
    success = Play(rules("POST"), LOST._replace(answer=answered(200, '{"cus'))).failure

    assert refusal
    assert (refusal.status, refusal.outcome_unknown) == (400, False)
    assert isinstance(success, ConnectionFailed)
    assert (success.status, success.raw_body, success.outcome_unknown) == (200, b'{"cus', True)


def test_each_try_is_reported_without_its_pause() -> None:
    reports: list[TryReport] = []
    Play(rules(on_try=reports.append), answered(503), REFUSED, answered(200), seconds=2.0)

    assert [(each.method, each.path_template) for each in reports] == [("GET", "/v2/customers/{customer_id}")] * 3
    assert [(each.status, type(each.exception), each.seconds, each.attempt) for each in reports] == [
        (503, ServerError, 2.0, 1),
        (None, ConnectionFailed, 2.0, 2),
        (200, type(None), 2.0, 3),
    ]


def test_a_failing_hook_does_not_fail_the_call(caplog: pytest.LogCaptureFixture) -> None:
    def fail(report: TryReport) -> None:
        raise ZeroDivisionError

    assert Play(rules(on_try=fail), answered(200)).answer
    assert "Configuration.on_try raised an exception" in caplog.text


def test_each_retry_is_logged_at_info_with_its_reason_and_pause(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "squareconnect")
    Play(rules(), answered(503), LATE, answered(200))

    assert caplog.messages == [
        "GET /v2/customers/C1: 503, trying again in 0.5 s",
        "GET /v2/customers/C1: Timeout, trying again in 1.0 s",
    ]
