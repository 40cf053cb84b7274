"""The rules of a call, without I/O.

:func:`exchange` is a generator. It yields what is to be done, a :class:`Try` or a :class:`Pause`; the driver does it
and sends in what came of the try. It returns the answer, or raises an :class:`ApiException`::

    Try -> a success                         the answer is returned
        -> 429                               Pause, Try      the request was not carried out
        -> no connection could be made       Pause, Try      the request did not leave
        -> 408, 5xx but 501, half an answer  Pause, Try      only if carrying it out twice is the same as once
        -> anything else                     raised

A call ends at its deadline. A pause that would outlast it is not begun. What a call says of its outcome covers all
of its tries: once one try may have been carried out, only a success makes the outcome known.
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

logger = logging.getLogger("squareconnect")

SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))
"""Methods that change nothing (RFC 9110, 9.2.1)."""
IDEMPOTENT_METHODS = SAFE_METHODS | {"PUT", "DELETE"}
"""Methods of which a repetition changes nothing more (RFC 9110, 9.2.2)."""
METHODS = IDEMPOTENT_METHODS | {"POST", "PATCH"}


class Request(NamedTuple):
    """What goes out, the same in each try."""

    method: str
    url: str
    """Absolute, with its query."""
    headers: dict[str, str]
    body: str | bytes | None


class Rules(NamedTuple):
    """What a call is held to."""

    method: str
    path: str
    """The path of the request, without its query: for the log and for exceptions."""
    template: str
    """The path with ``{customer_id}`` for each id: for :class:`TryReport`."""
    deadline: float
    """The point in monotonic time at which the call ends."""
    repeatable: bool
    """Whether carrying the request out twice is the same as once."""
    max_retries: int
    max_retry_wait: float
    """The most seconds that one pause may last."""
    max_response_size: int
    """The most bytes that an answer's body may have."""
    on_try: Callable[[TryReport], object] | None = None


class TryReport(NamedTuple):
    """What ``Configuration.on_try`` is called with, after each try."""

    method: str
    """The HTTP method."""
    path_template: str
    """The path, with ``{customer_id}`` where an id stands."""
    status: int | None
    """The HTTP status; None if no answer came."""
    exception: ApiException | None
    """What the try failed with; None if it succeeded."""
    seconds: float
    """How long the try took, without the pause that follows."""
    attempt: int
    """Which try it was: 1 for the first."""


class Try(NamedTuple):
    """Asks a driver to send the request, and to send in the answer or what was :class:`Broken`."""

    until: float
    """The point in monotonic time at which the try ends."""


class Pause(NamedTuple):
    """Asks a driver to wait, and to send in None."""

    seconds: float


class Clock(NamedTuple):
    """Time and chance, which tests replace."""

    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    jitter: Callable[[], float] = random.random


class CallOptions(NamedTuple):
    """The options of a call that 2.x's methods have no parameters for."""

    deadline: float | None
    """The point in monotonic time at which a call that waited for a worker ends; None for one that begins now."""
    template: str
    timeout: float | tuple[float, float] | None = None
    repeatable: bool | None = None


call_options: contextvars.ContextVar[CallOptions | None] = contextvars.ContextVar("call_options", default=None)
"""The options of the call that is being made. They travel beside the methods of 2.x that programs replace."""


def exchange(rules: Rules, clock: Clock) -> Generator[Try | Pause, Any, RESTResponse]:
    """Make a call; see the module.

    :return: the answer, if its status is 200 to 205. The 404 to a DELETE of which an earlier try may have been
        carried out is returned as 200 with an empty object, if Square says so itself: ``NOT_FOUND``.
    :raises ApiException: for every other end.
    """
    attempt, lost = 0, False
    while True:
        began = clock.monotonic()
        if began >= rules.deadline:
            late = Timeout(reason="the deadline passed before the request could be sent")
            raise late.about(rules.method, rules.path, attempt, lost and rules.method not in SAFE_METHODS)
        attempt += 1
        came: RESTResponse | Broken | Judged = yield Try(rules.deadline)
        result = came.result if isinstance(came, Judged) else judge(came, rules.max_response_size)
        if rules.on_try is not None or logger.isEnabledFor(logging.DEBUG):
            _report(rules, result, clock.monotonic() - began, attempt)
        if isinstance(result, RESTResponse):
            result.attempts = attempt
            return result
        if lost and rules.method == "DELETE" and _is_gone(result):
            return RESTResponse(200, "OK", result.headers or {}, b"{}", attempt)
        lost = lost or result.outcome_unknown
        pause = pause_before_retry(attempt, _retry_after(result), rules.max_retry_wait, clock.jitter(), clock.now())
        final = isinstance(came, (Broken, Judged)) and came.final
        again = not final and attempt <= rules.max_retries and should_retry(result, rules.repeatable)
        if not again or clock.monotonic() + pause >= rules.deadline:
            raise result.about(rules.method, rules.path, attempt, lost and rules.method not in SAFE_METHODS)
        logger.info("%s %s: %s, trying again in %.1f s", rules.method, printable(rules.path), _outcome(result), pause)
        yield Pause(pause)


def should_retry(failure: ApiException, repeatable: bool) -> bool:
    """Return whether a failed try may be followed by another.

    :param failure: the failure, with its ``outcome_unknown`` set for this one try.
    :param repeatable: whether carrying the request out twice is the same as once.
    """
    if failure.status == 429:
        return True
    if isinstance(failure, (ConnectionFailed, Timeout)):
        return repeatable or not failure.outcome_unknown
    failed_at_server = failure.status is not None and (failure.status == 408 or failure.status >= 500)
    return repeatable and failed_at_server and not is_refusal(failure.status)


def pause_before_retry(attempts: int, retry_after: str | None, longest: float, jitter: float, now: float) -> float:
    """Return the seconds to wait before the next try: what the server asked for, else twice as long each time.

    :param attempts: how many tries there were.
    :param retry_after: the ``Retry-After`` header (RFC 9110, 10.2.3): seconds or a date.
    :param longest: the most seconds to wait, whatever the server asks for.
    :param jitter: a random number from 0 to 1, so that many clients do not come back at once.
    :param now: the time of day as ``time.time`` gives it.
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
    """Tell the log and ``Configuration.on_try`` of a try. What the hook raises is logged: it must not lose a result."""
    path = printable(rules.path)
    logger.debug("%s %s: %s in %.3f s, try %d", rules.method, path, _outcome(result), seconds, attempt)
    if rules.on_try is not None:
        failure = result if isinstance(result, ApiException) else None
        try:
            rules.on_try(TryReport(rules.method, rules.template, result.status, failure, seconds, attempt))
        except Exception:
            logger.exception("Configuration.on_try raised an exception; the call goes on")


def _outcome(result: RESTResponse | ApiException) -> int | str:
    return result.status or type(result).__name__
