"""The exceptions that a call can raise.

::

    ApiException             the base class; also raised for other answers (a redirect, 206, 304)
    |-- ConnectionFailed     no complete answer came: refused, reset, cut off, TLS, proxy, name
    |-- Timeout              no complete answer came in time
    |-- DecodeError          the answer does not have the expected form
    |-- InvalidArgument      a value cannot be sent, and nothing was sent; also a ValueError
    |-- InvalidRequest       400 and other 4xx: change the request
    |-- Unauthorized         401: change the token
    |-- PaymentMethodError   402, or a card refused: ask the buyer for another card
    |-- Forbidden            403: change the token's permissions
    |-- NotFound             404: the customer or card does not exist
    |-- RateLimited          429: wait
    `-- ServerError          5xx: Square failed

The attribute ``outcome_unknown`` says whether the request may have been carried out nevertheless. A program's own
mistakes, such as an unknown keyword, raise ``TypeError`` instead.
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
    """A call failed: the base class of all exceptions of a call except ``TypeError``.

    :param status: the HTTP status; None when no answer came.
    :param reason: the HTTP reason phrase, or what happened instead of an answer.
    :param http_resp: the answer: any object with ``status``, ``reason``, ``data`` (str or bytes) and ``getheaders()``.
    """

    advice = "This call does not expect such an answer; look at .status, .headers and .body."

    def __init__(self, status: int | None = None, reason: str | None = None, http_resp: Any = None) -> None:
        super().__init__()
        answered = http_resp is not None
        self.status: int | None = http_resp.status if answered else status
        self.reason: str | None = http_resp.reason if answered else reason
        self.headers: Mapping[str, str] | None = http_resp.getheaders() if answered else None
        """The answer's headers; lookups ignore case."""
        self.raw_body: bytes | None = _content_of(http_resp) if answered else None
        """The answer's body, or the part that arrived, with its Content-Encoding undone if possible."""
        self._errors: list[Error] | None = None
        self.method: str | None = None
        """The HTTP method of the request."""
        self.path: str | None = None
        """The path of the request, without its query."""
        self.attempts = 0
        """The number of tries made."""
        self.outcome_unknown = False
        """Whether the request may have been carried out although no successful answer came."""

    @property
    def errors(self) -> list[Error]:
        """The errors in the answer's body; empty if it contains none."""
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
        """The field of the request that the first error is about, as a dotted path, if Square named one."""
        return next((error.field for error in self.errors if error.field), None)

    def about(self, method: str, path: str, attempts: int, outcome_unknown: bool) -> Self:
        """Set which request failed, and return the exception itself."""
        self.method, self.path, self.attempts, self.outcome_unknown = method, path, attempts, outcome_unknown
        return self

    def __str__(self) -> str:
        request = f"{self.method} {printable(self.path or '')}" if self.method else "The request"
        status = f"({self.status})" if self.status else None
        answer = " ".join(printable(str(part)) for part in (status, self.reason) if part) or "no answer"
        sentences = [f"{request} failed: {answer}."]
        for error in self.errors[:_MAX_ERRORS]:
            place = f" at {printable(error.field)}" if error.field else ""
            code = printable(f"{error.category}/{error.code}")
            sentences.append(f"{code}{place}: {printable(error.detail or 'no detail given')}")
        if len(self.errors) > _MAX_ERRORS:
            sentences.append(f"And {len(self.errors) - _MAX_ERRORS} more errors.")
        if self.attempts > 1:
            sentences.append(f"Tried {self.attempts} times.")
        if self.outcome_unknown:
            sentences.append(
                "It is not known whether the request was carried out: check before you repeat it (retrieve the "
                "customer, or list the newest), or send an idempotency_key, which makes it safe to repeat."
            )
        sentences.append(self.advice)
        return " ".join(sentences)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(status={self.status!r}, reason={printable(str(self.reason))!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return self.__class__.__new__, (self.__class__,), self.__dict__


class ConnectionFailed(ApiException):
    """No complete answer came: the connection was refused, reset, cut off, or not trusted (TLS)."""

    advice = "Check the network, the host, the proxy and the certificates."


class Timeout(ApiException):
    """No complete answer came within the time-out or the deadline."""

    advice = "Try again later, or allow more time with Configuration.timeout, .deadline or _request_timeout."


class DecodeError(ApiException):
    """A successful answer came, but its body does not have the expected form."""

    advice = "Something between this program and Square changed the answer, or it is newer than this package."


class InvalidArgument(ApiException, ValueError):
    """A value cannot be sent: no token, an invalid id, a NaN. Nothing was sent.

    :param reason: the parameter or setting, and the remedy.
    """

    advice = "Change the value as the message says."

    def __init__(self, reason: str | None = None) -> None:
        super().__init__(reason=reason)

    def __str__(self) -> str:
        return str(self.reason)


class InvalidRequest(ApiException):
    """Square refused the request as it is (400, and every 4xx without its own class)."""

    advice = "Change the request as the error says."


class Unauthorized(ApiException):
    """Square did not accept the access token (401)."""

    advice = "Check Configuration.access_token, and that it belongs to this host (production or sandbox)."


class PaymentMethodError(ApiException):
    """The card was refused (402, or any answer with the category PAYMENT_METHOD_ERROR)."""

    advice = "Ask the buyer for another card, or for the correct data of this card, and send the new nonce."


class Forbidden(ApiException):
    """The access token does not permit this call (403)."""

    advice = "Get a token with the permission CUSTOMERS_READ or CUSTOMERS_WRITE."


class NotFound(ApiException):
    """There is no such customer or card (404)."""

    advice = "Check the id, and that it belongs to this host (production or sandbox)."


class RateLimited(ApiException):
    """Too many requests (429). The request was not carried out."""

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
    """Return an answer's body. Programs' tests pass objects with 2.x's attributes instead of an answer."""
    content = getattr(response, "content", None)
    if not isinstance(content, bytes):
        content = response.data
    if isinstance(content, str):
        return content.encode("utf-8", "surrogatepass")
    return content if isinstance(content, bytes) else None


def from_response(response: Any) -> ApiException:
    """Return the exception for an unsuccessful answer."""
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


_MAX_ERRORS = 5
