"""A complete answer, and what it means."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs

from squareconnect.exceptions import ApiException, ConnectionFailed, DecodeError, Timeout, from_response

if TYPE_CHECKING:
    from collections.abc import Mapping

STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)? +([2-9]\d\d)(?: ([^\r\n]*))?\r?\n")
"""The first line of a final answer: its status and reason."""


class RESTResponse:
    """A complete answer.

    :param status: the HTTP status.
    :param reason: the reason phrase.
    :param headers: the headers; lookups ignore case.
    :param content: the body, in bytes.
    :param attempts: the number of tries made.
    """

    def __init__(
        self, status: int, reason: str | None, headers: Mapping[str, str], content: bytes, attempts: int = 1
    ) -> None:
        self.status = status
        self.reason = reason
        self.headers = headers
        self.content = content
        self.attempts = attempts

    @property
    def is_encoded(self) -> bool:
        """Whether the answer has a Content-Encoding."""
        return "Content-Encoding" in self.headers

    @property
    def data(self) -> str:
        """The body as text; bytes that are not UTF-8 are replaced."""
        return self.content.decode("utf-8", "replace")

    def getheaders(self) -> Mapping[str, str]:
        """Return the headers."""
        return self.headers

    def getheader(self, name: str, default: str | None = None) -> str | None:
        """Return one header's value, or the default."""
        return self.headers.get(name, default)

    def getbatch_token(self) -> str | None:
        """Return the ``batch_token`` of the next page, which Square's v1 APIs send in the ``Link`` header."""
        for target in re.findall(r"<([^<>]*)>;\s*rel=['\"]?next['\"]?", self.headers.get("Link", "")):
            query = target.partition("#")[0].partition("?")[2]  # urlsplit() refuses some hosts.
            return next(iter(parse_qs(query).get("batch_token", ())), None)
        return None


class Broken(NamedTuple):
    """The result of a try without a complete answer."""

    reason: str
    """What happened, in one line."""
    late: bool
    """Whether a time-out or the deadline ended the try."""
    reached: bool
    """Whether a byte of the request may have been sent."""
    answer: RESTResponse | None = None
    """The part of the answer that arrived, if its status line did; its body is cut off."""
    final: bool = False
    """Whether no further try can be made, because the client was closed."""


class Judged(NamedTuple):
    """What :func:`judge` returned, from a driver that called it on another thread because it may take long."""

    result: RESTResponse | ApiException
    final: bool


def is_success(status: int) -> bool:
    """Return whether this status means success: 200 to 205."""
    return 200 <= status <= 205


def is_refusal(status: int | None) -> bool:
    """Return whether this status means that the request was not carried out: 400 to 499 except 408, and 501.

    Every other status that is not a success (206, a redirect, most of 5xx) leaves that open.
    """
    return status is not None and ((400 <= status < 500 and status != 408) or status == 501)


def judge(came: RESTResponse | Broken, limit: int) -> RESTResponse | ApiException:
    """Return the result of a try: a successful answer, with its body decoded, or an exception.

    The exception's ``outcome_unknown`` says whether the server may have carried out the request in this try.

    :param limit: the maximum size of a decoded body, in bytes.
    """
    if isinstance(came, Broken):
        return _judge_broken(came, limit)
    problem = None
    if len(came.content) > limit or came.is_encoded:
        problem = _undo_encoding(came, limit)
    if not is_success(came.status):
        return _refusal(came)
    if problem:
        unreadable = DecodeError(http_resp=came)
        unreadable.reason = f"the answer cannot be read: {problem}"
        unreadable.outcome_unknown = True
        return unreadable
    return came


def _judge_broken(came: Broken, limit: int) -> ApiException:
    """Return the exception for an incomplete answer or none. An incomplete refusal still counts as a refusal."""
    if came.answer is not None and not is_success(came.answer.status):
        _undo_encoding(came.answer, limit)
        return _refusal(came.answer)
    failure = (Timeout if came.late else ConnectionFailed)(reason=came.reason)
    failure.outcome_unknown = came.reached
    if came.answer is not None:
        failure.status, failure.headers, failure.raw_body = came.answer.status, came.answer.headers, came.answer.content
    return failure


def _refusal(answer: RESTResponse) -> ApiException:
    failure = from_response(answer)
    failure.outcome_unknown = not is_refusal(answer.status)
    return failure


def _undo_encoding(answer: RESTResponse, limit: int) -> str | None:
    """Undo the Content-Encoding of an answer. Return why that fails, or None."""
    if len(answer.content) > limit:
        return _too_large(limit)
    encoding = answer.headers.get("Content-Encoding", "").strip().lower()
    if not answer.content or encoding in ("", "identity"):
        return None
    try:
        answer.content = decompress(answer.content, encoding, limit)
    except ValueError as error:
        return str(error)
    return None


def decompress(content: bytes, encoding: str, limit: int) -> bytes:
    """Undo a ``Content-Encoding`` of gzip or deflate (RFC 9110, 8.4.1).

    :param limit: the maximum size of the result, in bytes.
    :raises ValueError: for another encoding, for content that is cut off or followed by other bytes, and for a result
        over the limit.
    """
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise ValueError(f"its Content-Encoding {encoding!r} is unknown")
    inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        result = inflate.decompress(content, min(limit, _LARGEST) + 1)
    except zlib.error as error:
        raise ValueError(f"its {encoding} is broken: {error}") from None
    if len(result) > limit:
        raise ValueError(_too_large(limit))
    if not inflate.eof or inflate.unused_data:
        raise ValueError(f"its {encoding} data is cut off, or followed by other bytes")
    return result


_LARGEST = 2**62
"""A size that zlib accepts; it refuses larger ones."""


def _too_large(limit: int) -> str:
    return f"it is larger than Configuration.max_response_size, {limit} bytes"
