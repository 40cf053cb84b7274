"""How the emulator says no."""

from __future__ import annotations

from squareconnect.models.error_category import ErrorCategory


class RefusalError(Exception):
    """A request that Square refuses.

    :param status: the HTTP status, 400 to 599.
    :param code: one of `ErrorCode`.
    :param detail: a sentence for people. It never repeats a value of the request.
    :param field: the dotted path of the field or parameter that is to blame, if one is.
    :param category: one of `ErrorCategory`.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        field: str | None = None,
        category: str = ErrorCategory.INVALID_REQUEST_ERROR,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.field = field
        self.category = category

    def body(self) -> dict[str, list[dict[str, str]]]:
        """Give the answer's JSON: Square's error shape."""
        error = {"category": self.category, "code": self.code, "detail": self.detail}
        if self.field is not None:
            error["field"] = self.field
        return {"errors": [error]}
