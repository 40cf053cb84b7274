"""The driver for threads: each try is one ``pool_manager.request`` of urllib3.

The pool manager has pools (threads_pool.py) of connections (threads_connection.py) that keep the promises of the
transport. A program or test may replace any of these.
"""

from __future__ import annotations

import http.client
import weakref
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import urllib3
from urllib3.exceptions import (
    ClosedPoolError,
    ConnectTimeoutError,
    EmptyPoolError,
    HTTPError,
    LocationParseError,
    LocationValueError,
    NewConnectionError,
    ProxyError,
)
from urllib3.exceptions import TimeoutError as HTTPTimeout

from squareconnect.transport.answer import Broken, RESTResponse
from squareconnect.transport.threads_connection import Attempt, current_attempt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from squareconnect.transport.exchange import Request

_ONCE = urllib3.Retry(False, redirect=False)


def send(
    manager: Any, request: Request, attempt: Attempt, times: tuple[float, float], limit: int
) -> RESTResponse | Broken:
    """Send the request once.

    urllib3's exceptions are returned without their tracebacks, whose local variables hold the token.

    :param manager: urllib3's pool manager, or a program's replacement for it.
    :param times: the time-outs, in seconds, of connecting and of each piece of the answer.
    :param limit: the maximum size of the body, in bytes.
    """
    content: list[bytes] = []
    response: Any = None
    before = current_attempt.set(weakref.ref(attempt))
    try:
        left = attempt.limit(None)
        response = manager.request(
            request.method,
            request.url,
            body=request.body,
            headers=dict(zip(request.headers, map(str, request.headers.values()), strict=True)),
            timeout=_timeout(min(times[0], left), min(times[1], left)),
            retries=_ONCE,
            redirect=False,
            preload_content=False,
        )
        if type(response) is not urllib3.HTTPResponse and not isinstance(response, urllib3.BaseHTTPResponse):
            return _stand_in(response)
        _read(response, content, limit)
    except (HTTPError, http.client.HTTPException, OSError, ValueError) as error:
        broken = _explain(error, attempt)
    except BaseException as interruption:  # Raised by a signal handler or a program's own pool manager.
        if isinstance(response, urllib3.BaseHTTPResponse):
            response.close()
        interruption.__context__ = None
        raise interruption.with_traceback(None) from None
    else:
        return RESTResponse(response.status, response.reason, response.headers, b"".join(content))
    finally:
        attempt.over = True
        current_attempt.reset(before)
    if response is not None:
        came = RESTResponse(response.status, response.reason, response.headers, b"".join(content))
    elif attempt.began:
        came = RESTResponse(*attempt.began, urllib3.HTTPHeaderDict(), b"")
    else:
        return broken
    return broken._replace(reached=True, answer=came)


def _read(response: urllib3.BaseHTTPResponse, content: list[bytes], limit: int) -> None:
    """Read the body, at most one byte more than the limit, and append each piece as it arrives."""
    # A 204 or 304 has no body, even if it announces chunks (RFC 9112, 6.3). http.client would wait for them.
    left = 0 if response.chunked and response.status in (204, 304) else limit + 1
    whole = False
    try:
        while left > 0 and response.length_remaining != 0:
            piece = response.read1(min(left, 65536), decode_content=False)
            if not piece:
                break
            content.append(piece)
            left -= len(piece)
        whole = left > 0
        if whole and not content:  # A program that creates urllib3's response itself may pass the body as bytes.
            content.append(response.data or b"")
    finally:
        if not whole:
            response.close()
        response.release_conn()  # urllib3 releases it only after reading something.


def _stand_in(answer: Any) -> RESTResponse:
    """Convert the answer of a program's own pool manager to a :class:`RESTResponse`.

    :raises TypeError: if the answer has no status or no body.
    """
    problem = (
        "pool_manager.request must return an answer with an int as status, and with data (str or bytes) or stream(), "
        f"not {type(answer).__name__}"
    )
    content = getattr(answer, "data", None)
    if type(getattr(answer, "status", None)) is not int:
        raise TypeError(problem)
    if not isinstance(content, (str, bytes)):
        if not hasattr(answer, "stream"):
            raise TypeError(problem)
        content = b"".join(answer.stream())
    headers = answer.getheaders() if hasattr(answer, "getheaders") else getattr(answer, "headers", None)
    known = headers if isinstance(headers, (Mapping, list, tuple)) else ()
    reason = answer.reason if isinstance(answer.reason, str) else None
    body = content.encode() if isinstance(content, str) else content
    return RESTResponse(answer.status, reason, urllib3.HTTPHeaderDict(known), body)


class _SharedTimeout(urllib3.Timeout):
    """Two time-outs that all requests can share: they measure no time, because :class:`.Wire` does."""

    def clone(self) -> urllib3.Timeout:
        """Return itself."""
        return self

    def start_connect(self) -> float:
        """Return 0: no time is measured here."""
        return 0.0


@lru_cache
def _timeout(connect: float, read: float) -> urllib3.Timeout:
    return _SharedTimeout(connect=connect, read=read)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or next((arg for arg in cause.args if isinstance(arg, Exception)), None)


def _explain(error: BaseException, attempt: Attempt) -> Broken:
    """Return what happened, as a :class:`Broken`."""
    causes = list(_causes(error))
    late = any(isinstance(each, _LATE) and not isinstance(each, NewConnectionError) for each in causes)
    innermost = causes[-1]
    reason = f"{type(innermost).__name__}: {innermost}" if str(innermost) else type(innermost).__name__
    if any(isinstance(each, ProxyError) for each in causes):
        reason = f"at the proxy, {reason}"
    may_have_reached = not any(isinstance(each, _NEVER_LEFT) for each in causes)
    return Broken(reason, late, may_have_reached if attempt.reached is None else attempt.reached)


_LATE = (TimeoutError, HTTPTimeout, EmptyPoolError)
_NEVER_LEFT = (
    ClosedPoolError,
    ConnectTimeoutError,
    EmptyPoolError,
    LocationParseError,
    LocationValueError,
    NewConnectionError,
)
"""What urllib3 raises before it sends a byte. If a program replaced the connections, there is no other evidence."""
