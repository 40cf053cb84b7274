"""What a call can raise.

::

    ApiException             any of the below, and answers that fit none (a redirect, 206, 304)
    |-- ConnectionFailed     no whole answer came: refused, reset, cut off, TLS, proxy, name
    |-- Timeout              no whole answer came in time
    |-- DecodeError          an answer came that is not what the call returns
    |-- InvalidArgument      nothing was sent: a value cannot be sent; also a ValueError
    |-- InvalidRequest       400 and other 4xx: the request has to change
    |-- Unauthorized         401: the token has to change
    |-- PaymentMethodError   402, or a card refused: the buyer has to give another card
    |-- Forbidden            403: the token's permissions have to change
    |-- NotFound             404: the customer or card is not there
    |-- RateLimited          429: wait
    `-- ServerError          5xx: Square failed

Each says in ``outcome_unknown`` whether the request may have been carried out all the same. A program's own mistakes,
such as an unknown keyword, are a ``TypeError`` instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from squareconnect._text import printable as printable
from squareconnect.serialization import decode_errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Self

    from squareconnect.models import Error


class ApiException(Exception):
    """A call that did not return: the base of every exception of a call but ``TypeError``.

    :param status: the HTTP status; None when no answer came.
    :param reason: the HTTP reason phrase, or what happened instead of an answer.
    :param http_resp: the answer: anything with the ``status``, ``reason``, ``data`` (str or bytes) and
        ``getheaders()`` of one.
    """

    advice = "The answer is not one that this call knows; look at .status, .headers and .body."

    def __init__(self, status: int | None = None, reason: str | None = None, http_resp: Any = None) -> None:
        super().__init__()
        answered = http_resp is not None
        self.status: int | None = http_resp.status if answered else status
        self.reason: str | None = http_resp.reason if answered else reason
        self.headers: Mapping[str, str] | None = http_resp.getheaders() if answered else None
        """The answer's headers, looked up without regard to case."""
        self.raw_body: bytes | None = _content_of(http_resp) if answered else None
        """The answer's body, or what came of it; its Content-Encoding is undone where that is possible."""
        self._errors: list[Error] | None = None
        self.method: str | None = None
        """The HTTP method of the request."""
        self.path: str | None = None
        """The path of the request, without its query."""
        self.attempts = 0
        """How often the request was tried."""
        self.outcome_unknown = False
        """Whether the request may have been carried out although no good answer came."""

    @property
    def errors(self) -> list[Error]:
        """The errors in the answer's body; empty when it holds none."""
        if self._errors is None:
            self._errors = decode_errors(self.raw_body or b"")
        return self._errors

    @errors.setter
    def errors(self, errors: list[Error]) -> None:
        self._errors = errors

    @property
    def body(self) -> str | None:
        """The answer's body as text; bytes that are not UTF-8 are replaced (:attr:`raw_body` has them)."""
        return None if self.raw_body is None else self.raw_body.decode("utf-8", "replace")

    @body.setter
    def body(self, text: str | None) -> None:
        self.raw_body = None if text is None else text.encode()

    @property
    def field(self) -> str | None:
        """The place in the request that the first error is about, as a dotted path, if Square named one."""
        return next((error.field for error in self.errors if error.field), None)

    def about(self, method: str, path: str, attempts: int, outcome_unknown: bool) -> Self:
        """Say which request it was, and return the exception itself."""
        self.method, self.path, self.attempts, self.outcome_unknown = method, path, attempts, outcome_unknown
        return self

    def __str__(self) -> str:
        request = f"{self.method} {printable(self.path or '')}" if self.method else "The request"
        status = f"({self.status})" if self.status else None
        answer = " ".join(printable(str(part)) for part in (status, self.reason) if part) or "no answer"
        sentences = [f"{request} failed: {answer}."]
        for error in self.errors[:_MOST_ERRORS]:
            place = f" at {printable(error.field)}" if error.field else ""
            code = printable(f"{error.category}/{error.code}")
            sentences.append(f"{code}{place}: {printable(error.detail or 'no detail given')}")
        if len(self.errors) > _MOST_ERRORS:
            sentences.append(f"And {len(self.errors) - _MOST_ERRORS} errors more.")
        if self.attempts > 1:
            sentences.append(f"Tried {self.attempts} times.")
        if self.outcome_unknown:
            sentences.append(
                "It is not known whether the request was carried out: look before you repeat it (retrieve the "
                "customer, or list the newest), or send an idempotency_key, which makes it safe to repeat."
            )
        sentences.append(self.advice)
        return " ".join(sentences)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(status={self.status!r}, reason={printable(str(self.reason))!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return self.__class__.__new__, (self.__class__,), self.__dict__


class ConnectionFailed(ApiException):
    """No whole answer came: the connection was refused, reset, cut off, or not trusted (TLS)."""

    advice = "Check the network, the host, the proxy and the certificates."


class Timeout(ApiException):
    """No whole answer came within the time-out or the deadline."""

    advice = "Try again later, or allow more time with Configuration.timeout, .deadline or _request_timeout."


class DecodeError(ApiException):
    """A success answer came whose body is not what the call returns."""

    advice = "Something between this program and Square changed the answer, or it is newer than this package."


class InvalidArgument(ApiException, ValueError):
    """A value that cannot be sent: no token, an impossible id, a NaN. Nothing was sent.

    :param reason: which parameter or setting it is, and what to do.
    """

    advice = "Change the value as the message says."

    def __init__(self, reason: str | None = None) -> None:
        super().__init__(reason=reason)

    def __str__(self) -> str:
        return str(self.reason)


class InvalidRequest(ApiException):
    """Square refused the request as it is (400 and every 4xx without a class of its own)."""

    advice = "Change the request as the error says."


class Unauthorized(ApiException):
    """Square did not accept the access token (401)."""

    advice = "Check Configuration.access_token, and that it belongs to this host (production or sandbox)."


class PaymentMethodError(ApiException):
    """The card was refused (402, or any answer with the category PAYMENT_METHOD_ERROR)."""

    advice = "Ask the buyer for another card, or for the right data of this one, and send its new nonce."


class Forbidden(ApiException):
    """The access token may not do this (403)."""

    advice = "Ask for a token with the permission CUSTOMERS_READ or CUSTOMERS_WRITE."


class NotFound(ApiException):
    """There is no such customer or card (404)."""

    advice = "Check the id, and that it belongs to this host (production or sandbox)."


class RateLimited(ApiException):
    """Square asks for a pause (429). The request was not carried out."""

    advice = "Send fewer requests at a time, or wait longer with Configuration.max_retries and .max_retry_wait."


class ServerError(ApiException):
    """Square failed (5xx)."""

    advice = "Try again later."


_BY_STATUS: dict[int, type[ApiException]] = {
    401: Unauthorized,
    402: PaymentMethodError,
    403: Forbidden,
    404: NotFound,
    429: RateLimited,
}


def _content_of(response: Any) -> bytes | None:
    """Return an answer's body. In the place of an answer, programs' tests have objects with the members of 2.x."""
    content = getattr(response, "content", None)
    if not isinstance(content, bytes):
        content = response.data
    if isinstance(content, str):
        return content.encode("utf-8", "surrogatepass")
    return content if isinstance(content, bytes) else None


def from_response(response: Any) -> ApiException:
    """Return the exception for an answer that is no success."""
    errors = decode_errors(response.content)
    if any(error.category == "PAYMENT_METHOD_ERROR" for error in errors):
        kind: type[ApiException] = PaymentMethodError
    elif 400 <= response.status < 500:
        kind = _BY_STATUS.get(response.status, InvalidRequest)
    else:
        kind = ServerError if response.status >= 500 else ApiException
    failure = kind(http_resp=response)
    failure.errors = errors
    return failure


_MOST_ERRORS = 5
