from __future__ import annotations

import pytest

from squareconnect.emulator.refusals import RefusalError, status_of


def test_a_refusal_has_squares_error_shape() -> None:
    error = {"category": "INVALID_REQUEST_ERROR", "code": "VALUE_EMPTY", "detail": "No."}

    assert RefusalError(400, "VALUE_EMPTY", "No.").body() == {"errors": [error]}
    assert RefusalError(400, "VALUE_EMPTY", "No.", "a.b").body() == {"errors": [error | {"field": "a.b"}]}


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ACCESS_TOKEN_EXPIRED", 401),
        ("VERIFY_CVV_FAILURE", 402),
        ("INSUFFICIENT_SCOPES", 403),
        ("NOT_FOUND", 404),
        ("SERVICE_UNAVAILABLE", 503),
        ("VALUE_EMPTY", 400),
        ("MADE_UP", 400),
    ],
)
def test_a_code_has_the_status_that_square_gives_it(code: str, status: int) -> None:
    assert status_of(code) == status
