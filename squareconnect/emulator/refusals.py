"""The emulator's error answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from squareconnect.models.error_category import ErrorCategory
from squareconnect.models.error_code import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Mapping

_CODES = {
    400: ErrorCode.BAD_REQUEST,
    401: ErrorCode.UNAUTHORIZED,
    402: ErrorCode.CARD_DECLINED,
    403: ErrorCode.FORBIDDEN,
    404: ErrorCode.NOT_FOUND,
    405: ErrorCode.METHOD_NOT_ALLOWED,
    406: ErrorCode.NOT_ACCEPTABLE,
    408: ErrorCode.REQUEST_TIMEOUT,
    409: ErrorCode.CONFLICT,
    413: ErrorCode.REQUEST_ENTITY_TOO_LARGE,
    415: ErrorCode.UNSUPPORTED_MEDIA_TYPE,
    429: ErrorCode.RATE_LIMITED,
    500: ErrorCode.INTERNAL_SERVER_ERROR,
    501: ErrorCode.NOT_IMPLEMENTED,
    503: ErrorCode.SERVICE_UNAVAILABLE,
    504: ErrorCode.GATEWAY_TIMEOUT,
}
"""The error code for each status. A status that is missing here has the code of its hundred."""

_STATUSES = {
    **{code: status for status, code in _CODES.items()},
    ErrorCode.ACCESS_TOKEN_EXPIRED: 401,
    ErrorCode.ACCESS_TOKEN_REVOKED: 401,
    ErrorCode.CARD_DECLINED_CALL_ISSUER: 402,
    ErrorCode.CARD_DECLINED_VERIFICATION_REQUIRED: 402,
    ErrorCode.VERIFY_AVS_FAILURE: 402,
    ErrorCode.VERIFY_CVV_FAILURE: 402,
    ErrorCode.APPLICATION_DISABLED: 403,
    ErrorCode.CARD_PROCESSING_NOT_ENABLED: 403,
    ErrorCode.INSUFFICIENT_SCOPES: 403,
    ErrorCode.V1_ACCESS_TOKEN: 403,
    ErrorCode.V1_APPLICATION: 403,
    ErrorCode.APPLE_PAYMENT_PROCESSING_CERTIFICATE_HASH_NOT_FOUND: 404,
}
"""The status of each error code that has another than 400."""

_CATEGORIES = {
    401: ErrorCategory.AUTHENTICATION_ERROR,
    402: ErrorCategory.PAYMENT_METHOD_ERROR,
    403: ErrorCategory.AUTHENTICATION_ERROR,
    429: ErrorCategory.RATE_LIMIT_ERROR,
}


def code_of(status: int) -> str:
    """Return the error code for a status."""
    return _CODES.get(status, _CODES[500 if status >= 500 else 400])


def status_of(code: str) -> int:
    """Return the status for an error code."""
    return _STATUSES.get(code, 400)


def _category_of(status: int) -> str:
    """Return the error category for a status."""
    if status >= 500:
        return ErrorCategory.API_ERROR
    return _CATEGORIES.get(status, ErrorCategory.INVALID_REQUEST_ERROR)


class RefusalError(Exception):
    """A request that Square refuses.

    :param status: the HTTP status, 400 to 599.
    :param code: one of `ErrorCode`.
    :param detail: a readable sentence. It never repeats a value of the request.
    :param field: the dotted path of the field or parameter at fault; None if there is none.
    :param category: one of `ErrorCategory`; by default the one that belongs to the status.
    :param headers: additional headers of this answer, by their names in lower case.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        field: str | None = None,
        category: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.field = field
        self.category = category or _category_of(status)
        self.headers = headers or {}

    def body(self) -> dict[str, list[dict[str, str]]]:
        """Return the answer's JSON, in Square's error format."""
        error = {"category": self.category, "code": self.code, "detail": self.detail}
        if self.field is not None:
            error["field"] = self.field
        return {"errors": [error]}
