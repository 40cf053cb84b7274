"""The rules of a call, without I/O.

:func:`exchange` is a generator. It yields the next step, a :class:`Try` or a :class:`Pause`. The driver takes the step
and sends in its result. The generator returns the answer, or raises an :class:`ApiException`::

    Try -> a success                       the answer is returned
        -> 429                             Pause, Try      the request was not carried out
        -> no connection could be made     Pause, Try      the request was not sent
        -> 408, 5xx except 501,            Pause, Try      only if carrying it out twice has the same effect as once
           an incomplete answer
        -> anything else                   raised

A call ends at its deadline. It raises at once if the next pause would pass the deadline. The outcome that a call
reports covers all its tries: once a try may have been carried out, only a success makes the outcome known.
"""

from __future__ import annotations

import contextvars
import email.utils
import logging
import random
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from squareconnect._text import printable
from squareconnect.exceptions import ApiException, ConnectionFailed, Timeout
from squareconnect.models.error_code import ErrorCode
from squareconnect.transport.answer import Broken, Judged, RESTResponse, is_refusal, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from squareconnect.configuration import Configuration

logger = logging.getLogger("squareconnect")

SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))
"""Methods that change nothing (RFC 9110, 9.2.1)."""
IDEMPOTENT_METHODS = SAFE_METHODS | {"PUT", "DELETE"}
"""Methods that have the same effect when repeated (RFC 9110, 9.2.2)."""
METHODS = IDEMPOTENT_METHODS | {"POST", "PATCH"}


class Request(NamedTuple):
    """A request as it is sent in each try."""

    method: str
    url: str
    """An absolute URL, with its query."""
    headers: dict[str, str]
    body: str | bytes | None


class Rules(NamedTuple):
    """The limits and properties of a call."""

    method: str
    path: str
    """The path of the request without its query, for the log and for exceptions."""
    template: str
    """The path with ``{customer_id}`` in place of an id, for :class:`TryReport`."""
    deadline: float
    """The monotonic time at which the call ends."""
    repeatable: bool
    """Whether carrying the request out twice has the same effect as once."""
    max_retries: int
    max_retry_wait: float
    """The maximum length of one pause, in seconds."""
    max_response_size: int
    """The maximum size of an answer's body, in bytes."""
    on_try: Callable[[TryReport], object] | None = None


class TryReport(NamedTuple):
    """The report that ``Configuration.on_try`` receives after each try."""

    method: str
    """The HTTP method."""
    path_template: str
    """The path, with ``{customer_id}`` in place of an id."""
    status: int | None
    """The HTTP status; None if no answer came."""
    exception: ApiException | None
    """The exception that the try failed with; None if it succeeded."""
    seconds: float
    """How long the try took, without the pause that follows."""
    attempt: int
    """The number of the try, from 1."""


class Try(NamedTuple):
    """Asks the driver to send the request, and to send in the answer or :class:`Broken`."""

    until: float
    """The monotonic time at which the try ends."""


class Pause(NamedTuple):
    """Asks the driver to wait, and to send in None."""

    seconds: float


class Clock(NamedTuple):
    """Time and randomness, which tests replace."""

    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    jitter: Callable[[], float] = random.random


class CallOptions(NamedTuple):
    """The options of a call that 2.x's methods have no parameters for."""

    deadline: float | None
    """The monotonic time at which a call that waited for a worker ends; None for a call that starts now."""
    template: str
    timeout: float | tuple[float, float] | None = None
    repeatable: bool | None = None
    settings: Configuration | None = None
    """The settings that the host and the token were read from; None for those of the client that sends."""


call_options: contextvars.ContextVar[CallOptions | None] = contextvars.ContextVar("call_options", default=None)
"""The options of the current call. They are not parameters, because programs replace 2.x's methods."""


def exchange(rules: Rules, clock: Clock) -> Generator[Try | Pause, Any, RESTResponse]:
    """Make a call, following the rules in the module's docstring.

    :return: the answer, if its status is 200 to 205. If a DELETE gets a 404 with Square's error ``NOT_FOUND``, and an
        earlier try may have been carried out, the answer is 200 with an empty object.
    :raises ApiException: in all other cases.
    """
    attempt, lost = 0, False
    while True:
        start = clock.monotonic()
        if start >= rules.deadline:
            late = Timeout(reason="the deadline passed before the request could be sent")
            raise late.about(rules.method, rules.path, attempt, lost and rules.method not in SAFE_METHODS)
        attempt += 1
        outcome: RESTResponse | Broken | Judged = yield Try(rules.deadline)
        result = outcome.result if isinstance(outcome, Judged) else judge(outcome, rules.max_response_size)
        if rules.on_try is not None or logger.isEnabledFor(logging.DEBUG):
            _report(rules, result, clock.monotonic() - start, attempt)
        if isinstance(result, RESTResponse):
            result.attempts = attempt
            return result
        if lost and rules.method == "DELETE" and _is_gone(result):
            return RESTResponse(200, "OK", result.headers or {}, b"{}", attempt)
        lost = lost or result.outcome_unknown
        pause = pause_before_retry(attempt, _retry_after(result), rules.max_retry_wait, clock.jitter(), clock.now())
        final = isinstance(outcome, (Broken, Judged)) and outcome.final
        again = not final and attempt <= rules.max_retries and should_retry(result, rules.repeatable)
        if not again or clock.monotonic() + pause >= rules.deadline:
            raise result.about(rules.method, rules.path, attempt, lost and rules.method not in SAFE_METHODS)
        logger.info("%s %s: %s, trying again in %.1f s", rules.method, printable(rules.path), _label(result), pause)
        yield Pause(pause)


def should_retry(failure: ApiException, repeatable: bool) -> bool:
    """Return whether to try again after a failed try.

    :param failure: the failure, with its ``outcome_unknown`` set for this one try.
    :param repeatable: whether carrying the request out twice has the same effect as once.
    """
    if failure.status == 429:
        return True
    if isinstance(failure, (ConnectionFailed, Timeout)):
        return repeatable or not failure.outcome_unknown
    failed_at_server = failure.status is not None and (failure.status == 408 or failure.status >= 500)
    return repeatable and failed_at_server and not is_refusal(failure.status)


def pause_before_retry(attempts: int, retry_after: str | None, longest: float, jitter: float, now: float) -> float:
    """Return the seconds to wait before the next try: what the server asked for, or else twice as long each time.

    :param attempts: the number of tries made.
    :param retry_after: the ``Retry-After`` header (RFC 9110, 10.2.3): seconds or a date.
    :param longest: the maximum, in seconds, whatever the server asks for.
    :param jitter: a random number from 0 to 1, which keeps many clients from retrying at the same moment.
    :param now: the current time, as ``time.time`` returns it.
    """
    seconds: float = 0.5 * 2 ** min(attempts - 1, 30) * (0.5 + jitter / 2)
    if retry_after:
        try:
            if retry_after.isascii() and retry_after.isdigit():
                seconds = float(retry_after)
            else:
                seconds = email.utils.parsedate_to_datetime(retry_after).timestamp() - now
        except (ValueError, TypeError, OverflowError):
            pass
    return min(max(seconds, 0.0), longest)


def _is_gone(failure: ApiException) -> bool:
    return failure.status == 404 and any(error.code == ErrorCode.NOT_FOUND for error in failure.errors)


def _retry_after(failure: ApiException) -> str | None:
    headers: Mapping[str, str] = failure.headers or {}
    return headers.get("Retry-After")


def _report(rules: Rules, result: RESTResponse | ApiException, seconds: float, attempt: int) -> None:
    """Report a try to the log and to ``Configuration.on_try``. If the hook raises, log that and keep the result."""
    path = printable(rules.path)
    logger.debug("%s %s: %s in %.3f s, try %d", rules.method, path, _label(result), seconds, attempt)
    if rules.on_try is not None:
        failure = result if isinstance(result, ApiException) else None
        try:
            rules.on_try(TryReport(rules.method, rules.template, result.status, failure, seconds, attempt))
        except Exception:
            logger.exception("Configuration.on_try raised an exception; the call continues")


def _label(result: RESTResponse | ApiException) -> int | str:
    return result.status or type(result).__name__
