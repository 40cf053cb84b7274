"""Methods of a client that programs written for 2.x call themselves."""

from __future__ import annotations

from datetime import date, datetime, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from squareconnect import (
    Address,
    ApiClient,
    Card,
    Customer,
    ListCustomersResponse,
    RetrieveCustomerResponse,
)
from squareconnect.exceptions import DecodeError
from test.recording_rest import answer

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("data", "response_type", "value"),
    [
        ('{"id": "c1"}', "Card", Card(id="c1")),
        ('{"id": "c1"}', Card, Card(id="c1")),
        (b'[{"given_name": "Zo\xc3\xab"}]', "list[Customer]", [Customer(given_name="Zoë")]),
        ('{"a": 1}', "dict(str, int)", {"a": 1}),
        ('"1815-12-10"', "date", date(1815, 12, 10)),
        ('"2019-06-12T10:00:00Z"', "datetime", datetime(2019, 6, 12, 10, tzinfo=timezone.utc)),
        ('"a"', "str", "a"),
        ("1", "float", 1.0),
        ("false", "bool", False),
        ("[1]", "object", [1]),
        ("null", "Customer", None),
        ("{}", "RetrieveCustomerResponse", RetrieveCustomerResponse()),
        ('{"customers": []}', "ListCustomersResponse", ListCustomersResponse(customers=[])),
    ],
)
def test_deserialize_accepts_all_type_names_and_any_object_with_data(data: Any, response_type: Any, value: Any) -> None:
    assert ApiClient().deserialize(SimpleNamespace(data=data), response_type) == value
    content = data if isinstance(data, bytes) else data.encode()
    assert ApiClient().deserialize(answer(content), response_type) == value


def test_deserialize_refuses_values_of_another_type() -> None:
    with pytest.raises(DecodeError) as caught:
        ApiClient().deserialize(SimpleNamespace(data='{"exp_month": "x"}'), "Card")

    assert caught.value.reason is not None
    assert caught.value.reason.endswith("exp_month should be of type int but is a string")
    with pytest.raises(ValueError, match=r"response\.data must be a str"):
        ApiClient().deserialize(SimpleNamespace(data=5), "Card")


def test_sanitize_for_serialization_returns_plain_values() -> None:
    card = Card(id="c1", billing_address=Address(country="GB"))

    assert ApiClient().sanitize_for_serialization({"cards": [card], "on": date(2019, 6, 12), "none": None}) == {
        "cards": [{"id": "c1", "billing_address": {"country": "GB"}}],
        "on": "2019-06-12",
        "none": None,
    }
    with pytest.raises(TypeError, match="body contains a bytes"):
        ApiClient().sanitize_for_serialization(b"x")


@pytest.mark.parametrize(("value", "as_text"), [("a b", "a b"), (5, "5"), (["a", "b"], "a,b"), ([1, 2], "1,2")])
def test_to_path_value_returns_text(value: Any, as_text: str) -> None:
    assert ApiClient().to_path_value(value) == as_text


def test_post_parameters_are_the_given_ones_and_the_contents_of_the_files(tmp_path: Path) -> None:
    given = [("a", "1")]
    (tmp_path / "one.txt").write_bytes(b"1")
    (tmp_path / "two").write_bytes(b"2")
    paths = [str(tmp_path / "one.txt"), str(tmp_path / "two")]

    fields = ApiClient().prepare_post_parameters(given, {"f": paths, "none": []})

    assert fields == [
        ("a", "1"),
        ("f", ("one.txt", b"1", "text/plain")),
        ("f", ("two", b"2", "application/octet-stream")),
    ]
    assert given == [("a", "1")]
    assert ApiClient().prepare_post_parameters() == []


def test_a_file_that_cannot_be_read_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing"):
        ApiClient().prepare_post_parameters(files={"f": str(tmp_path / "missing")})


@pytest.mark.parametrize(
    ("media_types", "accept", "content_type"),
    [
        ([], None, "application/json"),
        (["text/html", "Application/JSON"], "application/json", "application/json"),
        (["text/html", "Text/Plain"], "text/html, text/plain", "text/html"),
    ],
)
def test_json_is_selected_wherever_possible(media_types: list[str], accept: str | None, content_type: str) -> None:
    assert ApiClient().select_header_accept(media_types) == accept
    assert ApiClient().select_header_content_type(media_types) == content_type
