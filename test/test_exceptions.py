from __future__ import annotations

import copy
import json
import pickle
from typing import Any
from unittest.mock import Mock

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from squareconnect import exceptions, models
from squareconnect.exceptions import (
    ApiException,
    ConnectionFailed,
    DecodeError,
    Forbidden,
    InvalidArgument,
    InvalidRequest,
    NotFound,
    PaymentMethodError,
    RateLimited,
    ServerError,
    Timeout,
    Unauthorized,
    from_response,
    printable,
)
from squareconnect.rest import RESTResponse

KINDS = [
    ConnectionFailed,
    DecodeError,
    Forbidden,
    InvalidRequest,
    NotFound,
    PaymentMethodError,
    RateLimited,
    ServerError,
    Timeout,
    Unauthorized,
]
REFUSAL = b"""{"errors": [
    {"category": "INVALID_REQUEST_ERROR", "code": "VALUE_TOO_LONG", "detail": "Too long.", "field": "address.locality"},
    {"category": "INVALID_REQUEST_ERROR", "code": "MISSING_REQUIRED_PARAMETER"}
]}"""


def response(status: int, body: bytes = b"") -> RESTResponse:
    return RESTResponse(status, "Reason", urllib3.HTTPHeaderDict({"X-Trace": "t1"}), body)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, ApiException),
        (304, ApiException),
        (206, ApiException),
        (400, InvalidRequest),
        (401, Unauthorized),
        (402, PaymentMethodError),
        (403, Forbidden),
        (404, NotFound),
        (405, InvalidRequest),
        (408, InvalidRequest),
        (409, InvalidRequest),
        (422, InvalidRequest),
        (429, RateLimited),
        (499, InvalidRequest),
        (500, ServerError),
        (503, ServerError),
        (599, ServerError),
        (999, ServerError),
    ],
)
def test_each_status_has_its_class(status: int, kind: type[ApiException]) -> None:
    assert type(from_response(response(status))) is kind


def test_a_refused_card_is_a_payment_method_error_with_any_status() -> None:
    body = b'{"errors": [{"category": "PAYMENT_METHOD_ERROR", "code": "CVV_FAILURE"}]}'

    assert type(from_response(response(400, body))) is PaymentMethodError


def test_the_class_tree_is_as_documented() -> None:
    drawn = exceptions.__doc__ or ""
    members = [kind for kind in vars(exceptions).values() if isinstance(kind, type) and issubclass(kind, ApiException)]

    assert set(members) == {ApiException, InvalidArgument, *KINDS}
    assert [kind.__name__ in drawn for kind in members] == [True] * len(members)
    assert all(kind.__base__ is ApiException and kind.advice != ApiException.advice for kind in KINDS)


def test_an_exception_keeps_the_answer() -> None:
    error = from_response(response(400, REFUSAL))

    assert (error.status, error.reason, error.raw_body) == (400, "Reason", REFUSAL)
    assert error.headers is not None
    assert error.headers["x-trace"] == "t1"
    assert error.body == REFUSAL.decode()
    assert error.errors[0] == models.Error(
        category="INVALID_REQUEST_ERROR", code="VALUE_TOO_LONG", detail="Too long.", field="address.locality"
    )
    assert error.field == "address.locality"
    assert error.args == ()


def test_an_exception_can_be_made_as_in_2_x() -> None:
    error = ApiException(status=0, reason="SSLError")

    assert (error.status, error.reason, error.body, error.headers, error.errors) == (0, "SSLError", None, None, [])
    assert error.field is None
    assert ApiException(http_resp=response(404)).status == 404


def test_its_text_names_the_request_the_answer_and_the_remedy() -> None:
    error = from_response(response(400, REFUSAL)).about("POST", "/v2/customers", 3, outcome_unknown=True)

    assert str(error) == (
        "POST /v2/customers failed: (400) Reason. "
        "INVALID_REQUEST_ERROR/VALUE_TOO_LONG at address.locality: Too long. "
        "INVALID_REQUEST_ERROR/MISSING_REQUIRED_PARAMETER: no detail given "
        "Tried 3 times. "
        "It is not known whether the request was carried out: check before you repeat it (retrieve the customer, or "
        "list the newest), or send an idempotency_key, which makes it safe to repeat. "
        "Change the request as the error says."
    )


def test_its_text_is_short_if_little_is_known() -> None:
    assert str(ServerError()) == "The request failed: no answer. Try again later."
    assert repr(ServerError(503, "Busy")) == "ServerError(status=503, reason='Busy')"


@pytest.mark.parametrize("kind", [ApiException, *KINDS])
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_a_copy_has_the_same_values(kind: type[ApiException], copied: Any) -> None:
    error = kind(http_resp=response(400, REFUSAL)).about("GET", "/v2/customers", 2, outcome_unknown=True)
    again = copied(error)

    assert type(again) is kind
    assert vars(again) == vars(error)
    assert (again.headers or {})["x-trace"] == "t1"
    assert str(again) == str(error)


@pytest.mark.parametrize(
    "personal",
    [
        "ada@example.com",
        "ada.lovelace+x@mail.example.co.uk",
        "ada%40example.com",
        "+1 (212) 555-0142",
        "212-555-0142",
        "2125550142",
        "+442079460958",
        "(030) 901820-0",
    ],
)
def test_personal_data_is_masked_in_str_and_repr(personal: str) -> None:
    error = ApiException(400, f"the value `{personal}`, which is wrong")

    assert str(error).startswith("The request failed: (400) the value `***`, which is wrong.")
    assert "`***`" in repr(error)


@pytest.mark.parametrize(
    "text",
    [
        "/v2/customers/JDKYHBWT1D4F8MFH63DBMEN8Y4",
        "ConnectionRefusedError: [Errno 111] Connection refused",
        "192.168.100.200",
        "10.0.0.12:3128",
        "INVALID_REQUEST_ERROR/VALUE_TOO_LONG at address.address_line_1",
        "the 100 newest of 12345678",
    ],
)
def test_other_text_is_not_masked(text: str) -> None:
    assert printable(text) == text


@given(st.text(st.characters()))
def test_a_text_is_printed_as_one_line_of_valid_characters(text: str) -> None:
    shown = printable(text)

    assert len(shown.splitlines()) <= 1
    assert "\x1b" not in shown
    shown.encode()


def test_the_text_is_short_even_if_the_answer_is_long() -> None:
    errors = [{"category": "C" * 1_500, "code": "X", "detail": "d" * 2_000, "field": "f" * 1_500}] * 50
    error = from_response(RESTResponse(400, "r" * 100_000, {}, json.dumps({"errors": errors}).encode()))

    assert len(str(error)) < 20_000
    assert len(repr(error)) < 2_000
    assert "And 45 more errors." in str(error)
    assert len(error.errors) == 50


def test_tests_of_programs_can_make_an_exception_as_in_2_x() -> None:
    class Answer:
        status, reason, data = 404, "Not Found", '{"errors": [{"code": "NOT_FOUND"}]}'

        def getheaders(self) -> dict[str, str]:
            return {}

    error = ApiException(http_resp=Answer())
    assert (error.status, error.body, error.errors[0].code) == (404, Answer.data, "NOT_FOUND")

    error.body = "text"
    assert (error.body, error.raw_body) == ("text", b"text")
    error.body = None
    assert error.raw_body is None


def test_a_refused_argument_is_a_value_error_whose_text_is_only_the_message() -> None:
    error = InvalidArgument("customer_id must be an id as Square gave it, not '..'")
    again = pickle.loads(pickle.dumps(error))

    assert isinstance(error, ValueError)
    assert str(again) == str(error) == "customer_id must be an id as Square gave it, not '..'"
    assert (again.status, again.outcome_unknown, again.errors) == (None, False, [])


def test_an_exception_can_be_made_from_a_stand_in_for_an_answer() -> None:
    answer = Mock(status=404, reason="Not Found", data='{"errors": [{"code": "NOT_FOUND"}]}')
    error = ApiException(http_resp=answer)

    assert (error.status, error.body) == (404, answer.data)
    assert [each.code for each in error.errors] == ["NOT_FOUND"]
    assert ApiException(http_resp=Mock()).body is None
