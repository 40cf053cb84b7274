"""JSON answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from squareconnect.emulator.refusals import RefusalError
from squareconnect.emulator.wire import Answer
from squareconnect.models.error_code import ErrorCode

if TYPE_CHECKING:
    import sqlite3


def json_body(value: Any) -> bytes:
    """Return JSON without unnecessary whitespace."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def json_answer(status: int, value: Any, square_version: str | None = None) -> Answer:
    """Return an answer whose body is JSON.

    :param square_version: the value of its `Square-Version` header; None to leave it out.
    """
    version = {} if square_version is None else {"square-version": square_version}
    return Answer(status, json_body(value), {"content-type": "application/json", **version})


def refused(refusal: RefusalError, square_version: str | None = None) -> Answer:
    """Return a refusal as an answer."""
    answer = json_answer(refusal.status, refusal.body(), square_version)
    answer.headers = {**answer.headers, **refusal.headers}
    return answer


def failure() -> RefusalError:
    """Return the refusal of a request that failed because of a bug in the emulator."""
    detail = "The emulator failed. The logger squareconnect.emulator has the details."
    return RefusalError(500, ErrorCode.INTERNAL_SERVER_ERROR, detail)


def database_unusable(error: sqlite3.Error) -> RefusalError:
    """Return the refusal of a change that cannot be written: the database is locked, or the disk is full."""
    detail = f"The emulator's database cannot be written: {error}."
    return RefusalError(503, ErrorCode.SERVICE_UNAVAILABLE, detail)
