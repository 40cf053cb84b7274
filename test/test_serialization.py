from __future__ import annotations

import json
import re
import time
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squareconnect import NULL, models
from squareconnect.models import (
    Address,
    Card,
    CreateCustomerRequest,
    Customer,
    CustomerPreferences,
    DeleteCustomerResponse,
    Error,
    ListCustomersResponse,
)
from squareconnect.models._model import Model
from squareconnect.serialization import decode, decode_errors, encode, missing_field, parse, sanitize

MODELS = [model for model in (getattr(models, name) for name in models.__all__) if model.swagger_types]
ADA = {"id": "C1", "created_at": "2019-06-12T10:00:00Z", "updated_at": "2019-06-12T10:00:00Z", "given_name": "Ada"}

plain_values = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)
)
json_values = st.recursive(
    plain_values,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
method_names = st.sampled_from([name for name in dir(Customer) if name not in Customer.swagger_types])
"""Names that have a meaning in Python or on a model, but not for Square."""


def sent(body: Any) -> Any:
    """Return the JSON that a server reads from a body."""
    return json.loads(encode(body))


def answer(value: Any) -> bytes:
    return json.dumps(value).encode()


# -- Encoding -------------------------------------------------------------------------------------------------------


def test_a_model_is_sent_without_fields_that_are_none() -> None:
    assert encode(CreateCustomerRequest(given_name="Ada", note=None)) == b'{"given_name":"Ada"}'
    assert encode(CreateCustomerRequest()) == b"{}"


def test_a_dict_is_sent_with_values_that_are_none() -> None:
    assert sent({"given_name": "Ada", "note": None}) == {"given_name": "Ada", "note": None}


def test_null_is_sent_as_null_and_an_empty_text_as_an_empty_text() -> None:
    assert sent(CreateCustomerRequest(note=NULL, nickname="")) == {"note": None, "nickname": ""}
    assert encode(NULL) == b"null"


def test_models_and_dicts_can_be_nested_in_each_other() -> None:
    as_models = CreateCustomerRequest(address=Address(locality="London"))
    as_dicts = CreateCustomerRequest(address={"locality": "London"})  # type: ignore[arg-type]

    assert sent(as_models) == sent(as_dicts) == {"address": {"locality": "London"}}
    assert sent({"address": Address(locality="London")}) == sent(as_models)
    assert sent([{"a": (Address(country="GB"),)}]) == [{"a": [{"country": "GB"}]}]
    assert sent(CreateCustomerRequest(address=Address())) == {"address": {}}


def test_additional_properties_are_sent_too_but_fields_take_precedence() -> None:
    card = Card(id="c1")
    card.additional_properties.update(card_type="CREDIT", id="other", last_4="1111")

    assert sent(card) == {"id": "c1", "last_4": "1111", "card_type": "CREDIT"}


def test_dates_are_sent_in_iso_8601() -> None:
    moment = datetime(2019, 6, 12, 10, 0, tzinfo=timezone(timedelta(hours=2)))

    assert sent({"on": date(1815, 12, 10), "at": moment}) == {"on": "1815-12-10", "at": "2019-06-12T10:00:00+02:00"}


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, Decimal("1.5"), object(), lambda: None])
def test_values_that_json_lacks_are_refused_with_their_type(value: object) -> None:
    with pytest.raises(TypeError, match=f"body contains a {type(value).__name__}, which JSON cannot represent"):
        encode({"note": value})
    with pytest.raises(TypeError, match=f"body contains a {type(value).__name__}, which JSON cannot represent"):
        sanitize({"note": value})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_json_lacks_are_not_sent(value: float) -> None:
    with pytest.raises(ValueError, match="body cannot be sent as JSON"):
        encode({"a": value})


def test_a_body_that_contains_itself_is_not_sent() -> None:
    body: dict[str, Any] = {}
    body["again"] = body

    with pytest.raises(ValueError, match="body cannot be sent as JSON"):
        encode(body)


def test_a_body_nested_too_deep_is_not_sent() -> None:
    body: list[Any] = []
    for _ in range(100_000):
        body = [body]

    with pytest.raises(ValueError, match="body cannot be sent as JSON: it is nested too deeply"):
        encode(body)


@given(json_values)
def test_plain_values_are_sent_unchanged(value: Any) -> None:
    assert sent(value) == value
    assert sanitize(value) == value


@given(st.from_type(Model))
def test_sanitizing_returns_what_is_sent(model: Model) -> None:
    assert sanitize(model) == sent(model)


def test_sanitizing_keeps_tuples_as_2_x_did() -> None:
    class Pair(NamedTuple):
        left: Any
        right: Any

    assert sanitize((1, Card(id="c1"), None)) == (1, {"id": "c1"}, None)
    assert sanitize([Pair(NULL, date(2019, 6, 12))]) == [[None, "2019-06-12"]]


# -- Parsing --------------------------------------------------------------------------------------------------------


@given(json_values)
def test_parsing_undoes_encoding(value: Any) -> None:
    assert parse(encode(value)) == value


def test_a_byte_order_mark_is_skipped() -> None:
    assert parse(b'\xef\xbb\xbf{"a": "\xc3\xa9"}') == {"a": "é"}


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b"{", b'{"a": NaN}', b"[Infinity]", b"-Infinity", b"1e999", b'"\xff"', b"{} {}", b"[" * 100_000],
)
def test_text_that_is_not_json_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(content)


# -- Decoding -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
@given(data=st.data())
def test_decoding_undoes_encoding(model: type[Model], data: st.DataObject) -> None:
    value = data.draw(st.from_type(model))

    decoded = decode(encode(value), model.__name__)

    assert decoded == value
    assert type(decoded) is model


@given(st.lists(st.from_type(Customer), max_size=4), st.integers(1, 12))
def test_a_page_of_any_length_is_decoded_like_each_of_its_customers_alone(some: list[Customer], times: int) -> None:
    page = decode(encode({"customers": some * times}), "ListCustomersResponse")

    assert page.customers == some * times


@given(
    st.lists(st.dictionaries(st.sampled_from([*Card.swagger_types, "card_type"]), json_values), max_size=4),
    st.integers(0, 40),
)
def test_a_page_with_odd_values_is_decoded_or_refused_like_each_of_its_objects_alone(
    odd: list[dict[str, Any]], sound: int
) -> None:
    objects = [{"id": "c1", "exp_month": 12}] * sound + odd
    expected: list[Any] | None
    try:
        expected = [decode(answer(each), Card) for each in objects]
    except ValueError:
        expected = None

    if expected is None:
        with pytest.raises(ValueError, match=r"should be .* but is"):
            decode(answer(objects), "list[Card]")
    else:
        assert decode(answer(objects), "list[Card]") == expected


@given(method_names | st.text().filter(lambda key: key not in Customer.swagger_types), json_values)
def test_an_unknown_key_is_kept_separately_sent_again_and_shadows_nothing(key: str, value: Any) -> None:
    received = {**ADA, key: value}

    customer = decode(answer(received), "Customer")

    assert customer.additional_properties == {key: value}
    assert customer.to_dict()["given_name"] == "Ada"
    assert sent(customer) == received


@given(method_names, json_values)
def test_an_unknown_key_is_kept_separately_at_any_depth(key: str, value: Any) -> None:
    strange = {key: value}
    card = {"id": "c1", "billing_address": {"locality": "London", **strange}, **strange}
    received = {"customers": [{**ADA, "cards": [card], "groups": [strange], **strange}] * 20, "cursor": "x", **strange}

    page = decode(answer(received), "ListCustomersResponse")

    for model in (
        page,
        page.customers[19],
        page.customers[19].groups[0],
        page.customers[0].cards[0],
        page.customers[0].cards[0].billing_address,
    ):
        assert model.additional_properties == strange
        assert model.to_dict().keys() == model.swagger_types.keys()
    assert sent(page) == received


def test_decoded_customers_share_nothing() -> None:
    page = decode(answer([{"cards": [{"id": "c1"}], "tags": []}] * 20), "list[Customer]")

    page[0].cards[0].id = "c2"
    page[0].additional_properties["tags"].append("a")

    assert page[1].cards == [Card(id="c1")]
    assert page[1].additional_properties == {"tags": []}


def test_an_unknown_value_of_an_enumeration_is_plain_text() -> None:
    assert decode(b'{"card_brand": "SEASHELLS"}', Card).card_brand == "SEASHELLS"


def test_null_fits_every_field_and_reads_as_not_set() -> None:
    for model in MODELS:
        nulls = dict.fromkeys(model.swagger_types)
        assert decode(answer(nulls), model) == model()
        assert decode(answer([nulls] * 20), f"list[{model.__name__}]") == [model()] * 20


@pytest.mark.parametrize("swagger_type", ["Customer", "list[Customer]", "str", "dict(str, int)", Customer, int])
def test_a_top_level_null_is_none(swagger_type: Any) -> None:
    assert decode(b"null", swagger_type) is None


@pytest.mark.parametrize(
    ("content", "swagger_type", "value"),
    [
        ('"a"', "str", "a"),
        ("5", "int", 5),
        ("5", "float", 5.0),
        ("5.5", "float", 5.5),
        ("true", "bool", True),
        ('{"a": [1]}', "object", {"a": [1]}),
        ('"1815-12-10"', "date", date(1815, 12, 10)),
        ('"2019-06-12T10:00:00Z"', "date", date(2019, 6, 12)),
        ('"2019-06-12T10:00:00Z"', "datetime", datetime(2019, 6, 12, 10, tzinfo=timezone.utc)),
        ('"2019-06-12T10:00:00.25+02:00"', datetime, datetime(2019, 6, 12, 8, 0, 0, 250000, timezone.utc)),
        ('[{"id": "c1"}]', "list[Card]", [Card(id="c1")]),
        ("[[1], null, []]", "list[list[int]]", [[1], None, []]),
        ('{"a": 1, "b": null}', "dict(str, int)", {"a": 1, "b": None}),
        ("[null, {}]", "list[dict(str, int)]", [None, {}]),
        ('{"a": {"b": [{}]}}', "dict(str, dict(str, list[Card]))", {"a": {"b": [Card()]}}),
        ('{"a": "1815-12-10"}', "dict(str, date)", {"a": date(1815, 12, 10)}),
        ('{"id": "c1"}', Card, Card(id="c1")),
        ("[]", "list[Customer]", []),
        ("{}", "DeleteCustomerResponse", DeleteCustomerResponse()),
    ],
)
def test_every_named_type_can_be_decoded(content: str, swagger_type: Any, value: Any) -> None:
    decoded = decode(content.encode(), swagger_type)

    assert decoded == value
    assert type(decoded) is type(value)


@pytest.mark.parametrize(
    "name",
    ["Location", "customer", "Any", "import_module", "annotations", "list[Locatio]", "dict(str, Nothing)", "", "eval",
     "Customer if not print('ran') else 0", "__all__", "file"],
)  # fmt: skip
def test_an_unknown_type_name_is_refused_and_never_executed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    content = {"list": b"[1]", "dict": b'{"a": 1}'}.get(name[:4], b"{}")

    with pytest.raises(ValueError, match="is neither a model nor another type that can be decoded"):
        decode(content, name)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("content", "swagger_type", "problem"),
    [
        ("[]", "Customer", "the body should be a Customer but is an array"),
        ('"<html>"', "Customer", "the body should be a Customer but is a string"),
        ('{"cards": "abc"}', "Customer", "cards should be an array but is a string"),
        ('{"cards": 5}', "Customer", "cards should be an array but is a number"),
        ('{"cards": [{}, {"exp_month": "x"}]}', "Customer", "cards[1].exp_month should be of type int but is a string"),
        ('{"cards": [{"exp_month": 1.5}]}', "Customer", "cards[0].exp_month should be of type int but is a number"),
        ('{"cards": [{"exp_month": true}]}', "Customer", "cards[0].exp_month should be of type int but is a boolean"),
        ('{"preferences": {"email_unsubscribed": "false"}}', "Customer",
         "preferences.email_unsubscribed should be of type bool but is a string"),
        ('{"preferences": {"email_unsubscribed": 1}}', "Customer",
         "preferences.email_unsubscribed should be of type bool but is a number"),
        ('{"given_name": 5}', "Customer", "given_name should be of type str but is a number"),
        ('{"given_name": {}}', "Customer", "given_name should be of type str but is an object"),
        ('{"address": "London"}', "Customer", "address should be a Address but is a string"),
        ('{"customers": [{}, {}, 7]}', "ListCustomersResponse", "customers[2] should be a Customer but is a number"),
        ('{"a": "x"}', "dict(str, int)", "a should be of type int but is a string"),
        ("5", "dict(str, int)", "the body should be an object but is a number"),
        ("{}", "list[int]", "the body should be an array but is an object"),
        ('"someday"', "date", "the body should be a date as RFC 3339 but is a string"),
        ("5", "datetime", "the body should be a datetime as RFC 3339 but is a number"),
        ("5.5", "int", "the body should be of type int but is a number"),
        ("<html>", "Customer", "the body is not JSON: Expecting value: line 1 column 1 (char 0)"),
        ("", "Customer", "the body is not JSON: Expecting value: line 1 column 1 (char 0)"),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_refused_with_its_path(content: str, swagger_type: str, problem: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        decode(content.encode(), swagger_type)

    assert str(caught.value) == problem


@pytest.mark.parametrize("odd", [5, True, [], {}, 1.5])
@pytest.mark.parametrize("length", [1, 15, 16, 17, 40])
def test_the_path_is_right_in_pages_of_every_length(odd: object, length: int) -> None:
    page = {"customers": [ADA] * (length - 1) + [{**ADA, "note": odd}]}

    with pytest.raises(ValueError, match=rf"^customers\[{length - 1}\]\.note should be of type str but is"):
        decode(answer(page), "ListCustomersResponse")


@given(st.sampled_from(MODELS), st.dictionaries(st.text(max_size=3), json_values) | json_values)
def test_any_json_gives_a_model_or_a_value_error(model: type[Model], value: Any) -> None:
    try:
        decoded = decode(answer(value), model)
    except ValueError:
        assert type(value) is not type(None)
    else:
        assert decoded is None or type(decoded) is model


# -- Completeness ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    ["{}", '{"customer": null}', '{"customer": {}}', '{"customer": {"a": 1}}', '{"errors": []}', '{"a": 1}'],
)
def test_an_answer_without_its_required_field_is_refused(content: str) -> None:
    assert missing_field(decode(content.encode(), "RetrieveCustomerResponse")) == "customer"


@pytest.mark.parametrize("name", ["ListCustomersResponse", "DeleteCustomerResponse", "DeleteCustomerCardResponse"])
def test_an_empty_answer_is_complete_if_square_sends_empty_answers(name: str) -> None:
    assert decode(b"{}", name) == getattr(models, name)()
    assert missing_field(decode(b"{}", name)) is None


def test_the_values_of_a_decoded_model_can_be_changed() -> None:
    page = decode(answer({"customers": [ADA]}), ListCustomersResponse)
    page.customers[0].preferences = CustomerPreferences(email_unsubscribed=False)

    assert sent(page) == {"customers": [{**ADA, "preferences": {"email_unsubscribed": False}}]}


# -- Errors ---------------------------------------------------------------------------------------------------------


def test_the_errors_of_an_answer_are_read() -> None:
    content = b'{"errors": [{"code": "NOT_FOUND", "category": "INVALID_REQUEST_ERROR", "hint": 1}, {"code": "GONE"}]}'

    first, second = decode_errors(content)

    assert (first.category, first.code, first.additional_properties) == (
        "INVALID_REQUEST_ERROR", "NOT_FOUND", {"hint": 1},
    )  # fmt: skip
    assert second == Error(code="GONE")


def test_an_error_of_another_shape_does_not_hide_the_others() -> None:
    assert decode_errors(b'{"errors": ["x", {"code": "GONE"}, null, {"code": 5}]}') == [Error(code="GONE")]


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b"[]", b"{}", b"5", b"null", b'{"errors": null}', b'{"errors": "x"}', b'{"errors": [5]}',
     b'{"errors": {"code": "X"}}', b'{"errors": [{"code": 5}]}', b"\xff"],
)  # fmt: skip
def test_without_errors_in_squares_shape_the_list_is_empty(content: bytes) -> None:
    assert decode_errors(content) == []


@pytest.mark.parametrize(
    "content",
    [
        b'{"errors": "' + b"a" * 8_000_000 + b'"}',
        b"[" + b"0," * 4_000_000 + b"0]",
        b'{"errors": [' + b"0," * 4_000_000 + b"0]}",
        b'{"errors": [' + b"{}," * 85_000 + b"{}]}",
        b'{"errors": "' + b"a" * 200_000 + b'"}',
        b"[" * 200_000,
    ],
    ids=["text", "array", "numbers", "objects", "short text", "nested"],
)
def test_looking_for_errors_in_a_huge_answer_is_quick(content: bytes) -> None:
    start = time.process_time()

    decode_errors(content)

    assert time.process_time() - start < 2.0


@pytest.mark.parametrize(
    ("content", "swagger_type", "place"),
    [
        ('{"customers": [null]}', "ListCustomersResponse", "customers[0]"),
        ('{"customers": [{"cards": [{}, null]}]}', "ListCustomersResponse", "customers[0].cards[1]"),
        ("[{}, null]", "list[Customer]", "[1]"),
        ('{"a": null}', "dict(str, Customer)", "a"),
    ],
)
def test_null_in_a_list_or_dict_of_models_is_refused(content: str, swagger_type: str, place: str) -> None:
    with pytest.raises(ValueError, match=rf"^{re.escape(place)} should be a C\w+ but is null$"):
        decode(content.encode(), swagger_type)
