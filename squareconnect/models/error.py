from __future__ import annotations

from squareconnect.models._model import Model, prop


class Error(Model):
    """What went wrong, as Square says it."""

    category: str | None = prop("The kind of error; see `ErrorCategory`.", required=True)
    code: str | None = prop("The error itself; see `ErrorCode`. A code that came later is plain text.", required=True)
    detail: str | None = prop("A sentence for a developer.")
    field: str | None = prop("The place in the request that the error is about, as a dotted path.")
