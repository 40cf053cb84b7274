from __future__ import annotations

from squareconnect.emulator.refusals import RefusalError


def test_a_refusal_has_squares_error_shape() -> None:
    error = {"category": "INVALID_REQUEST_ERROR", "code": "VALUE_EMPTY", "detail": "No."}

    assert RefusalError(400, "VALUE_EMPTY", "No.").body() == {"errors": [error]}
    assert RefusalError(400, "VALUE_EMPTY", "No.", "a.b").body() == {"errors": [error | {"field": "a.b"}]}
