from __future__ import annotations

from squareconnect.models._model import Model, prop


class Error(Model):
    """An error that Square reports."""

    category: str | None = prop("The kind of error; see `ErrorCategory`.", required=True)
    code: str | None = prop("The error itself; see `ErrorCode`. A newer code is plain text.", required=True)
    detail: str | None = prop("An explanation for developers.")
    field: str | None = prop("The field of the request that the error is about, as a dotted path.")
