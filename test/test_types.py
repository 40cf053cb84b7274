"""Swagger models from other packages, as bodies and as answers."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import date, datetime, timezone
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest

from squareconnect import models
from squareconnect.serialization import Types, encode, sanitize, wire_form
from test.swagger import shop

KEY = UUID("12345678-1234-5678-1234-567812345678")


def decoded(value: Any, swagger_type: Any, sources: Any = shop) -> Any:
    return Types(sources).decode(json.dumps(value).encode(), swagger_type)


# -- As bodies ------------------------------------------------------------------------------------------------------


def test_a_swagger_model_is_sent_with_its_keys_and_without_nones() -> None:
    assert encode(shop.Money(5, "USD")) == b'{"amount":5,"currencyCode":"USD"}'
    assert encode(shop.Money(amount=0)) == b'{"amount":0}'
    assert encode(shop.Bare("hi")) == b'{"note":"hi"}'


def test_swagger_models_and_ours_can_be_nested_in_each_other_and_in_dicts_and_lists() -> None:
    order: Any = shop.Order(total=shop.Money(1), taxes=[shop.Money(2)], by_currency={"USD": shop.Money(3)})
    order.address = models.Address(locality="London")
    customer = models.Customer(note="x", address=shop.Bare("y"))  # type: ignore[arg-type]

    assert json.loads(encode({"orders": [order], "customer": customer, "nothing": None})) == {
        "orders": [
            {
                "total": {"amount": 1},
                "taxes": [{"amount": 2}],
                "by_currency": {"USD": {"amount": 3}},
                "address": {"locality": "London"},
            }
        ],
        "customer": {"note": "x", "address": {"note": "y"}},
        "nothing": None,
    }
    assert sanitize([order]) == json.loads(encode([order]))


def test_dates_and_uuids_in_a_swagger_model_are_sent_as_text() -> None:
    order = shop.Order(id=KEY, due_on=date(2019, 6, 12), ordered_at=datetime(2019, 6, 12, tzinfo=timezone.utc))

    assert json.loads(encode(order)) == {
        "id": str(KEY),
        "orderedAt": "2019-06-12T00:00:00+00:00",
        "due_on": "2019-06-12",
    }
    assert encode({"idempotency_key": KEY}) == b'{"idempotency_key":"12345678-1234-5678-1234-567812345678"}'


def test_an_object_with_only_some_traits_of_a_swagger_model_is_refused() -> None:
    class Half:
        swagger_types = "str"
        attribute_map = "str"

    with pytest.raises(TypeError, match="body contains a Half, which JSON cannot represent"):
        wire_form(Half())


# -- As answers -----------------------------------------------------------------------------------------------------


def test_a_swagger_model_is_decoded_with_its_nested_models() -> None:
    order = decoded(
        {
            "id": "o1",
            "count": 2**40,
            "total": {"amount": 5, "currencyCode": "USD", "unknown": 1},
            "taxes": [{"amount": 1}, None],
            "by_currency": {"EUR": {"amount": 7}},
            "orderedAt": "2019-06-12T10:00:00Z",
            "due_on": "2019-07-01",
            "extra": {"a": [1]},
            "weight": 3,
            "paid": True,
            "customer": {"nick": "Ada"},
            "address": {"locality": "London"},
            "parts": [{"id": "o2", "parts": []}],
        },
        "Order",
    )

    assert (order.id, order.count, order.weight, order.paid) == ("o1", 2**40, 3.0, True)
    assert (order.total.amount, order.total.currency) == (5, "USD")
    assert order.taxes[0].amount == 1
    assert order.taxes[1] is None
    assert order.by_currency["EUR"].amount == 7
    assert order.ordered_at == datetime(2019, 6, 12, 10, tzinfo=timezone.utc)
    assert order.due_on == date(2019, 7, 1)
    assert order.extra == {"a": [1]}
    assert isinstance(order.customer, shop.Customer)  # A source's models use their own names first,
    assert order.address == models.Address(locality="London")  # then ours.
    assert order.parts[0].id == "o2"
    assert order.pet is None


def test_a_name_in_both_packages_means_ours_and_a_class_means_itself() -> None:
    assert type(decoded({}, "Customer")) is models.Customer
    assert type(decoded({"nick": "Ada"}, shop.Customer)) is shop.Customer
    assert type(decoded([{"nick": "Ada"}], "list[Customer]")[0]) is models.Customer


@pytest.mark.parametrize(
    "sources",
    [
        shop,
        "test.swagger.shop",
        [shop],
        (vars(shop),),
        {"Money": shop.Money, "Order": shop.Order},
        [{"Money": shop.Money}, {"Order": shop.Order}],
    ],
)
def test_sources_are_modules_their_names_mappings_or_a_list_of_these(sources: Any) -> None:
    order = decoded({"total": {"amount": 5}}, "Order", sources)

    assert type(order).__name__ == "Order"
    assert type(order.total) is shop.Money


def test_names_are_looked_up_in_the_models_own_source_first() -> None:
    class Money(shop.Money):
        pass

    other = ModuleType("other")
    vars(other)["Money"] = Money

    assert type(decoded({"total": {}}, "Order", [other, shop]).total) is shop.Money
    assert type(decoded({}, "Money", [other, shop])) is Money


def test_a_class_without_a_source_finds_the_models_of_its_module() -> None:
    order = decoded({"total": {"amount": 5}, "customer": {"nick": "Ada"}, "parts": [{}]}, shop.Order, None)

    assert type(order.total) is shop.Money
    assert type(order.customer) is shop.Customer
    assert type(order.parts[0]) is shop.Order


def test_a_name_in_two_sources_means_the_first() -> None:
    first, second = {"Thing": shop.Money}, {"Thing": shop.Bare}

    assert type(decoded({}, "Thing", [first, second])) is shop.Money


@pytest.mark.parametrize(("kind", "child"), [("cat", shop.Cat), ("pet", shop.Pet), ("dog", shop.Pet)])
def test_a_discriminator_chooses_the_subclass(kind: str, child: type) -> None:
    assert type(decoded({"pet": {"kind": kind, "lives": 9}}, "Order").pet) is child
    assert type(decoded({}, "Pet")) is shop.Pet


@pytest.mark.parametrize(
    ("value", "field", "read"),
    [(5, "id", "5"), ("5", "count", 5), ("1.5", "weight", 1.5), (1, "paid", True), ([1], "count", [1])],
)
def test_plain_values_of_another_type_are_converted_as_in_2_x(value: Any, field: str, read: Any) -> None:
    assert getattr(decoded({field: value}, "Order"), field) == read


@pytest.mark.parametrize(
    ("value", "swagger_type", "problem"),
    [
        ([], "Order", "the body should be a Order but is an array"),
        ({"total": 5}, "Order", "total should be a Money but is a number"),
        ({"taxes": {}}, "Order", "taxes should be an array but is an object"),
        ({"parts": [{}, {"count": "many"}]}, "Order", r"parts\[1\]\.count should be of type int but is a string"),
        ({"due_on": "someday"}, "Order", "due_on should be a date as RFC 3339 but is a string"),
        ({}, "Strict", "the body should be what Strict accepts (.*must not be `None`.*) but is an object"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_path(value: Any, swagger_type: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        decoded(value, swagger_type)


def test_a_value_nested_deeper_than_python_can_read_is_refused() -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        Types(shop).decode(b'{"parts":[' * 700 + b"]}" * 700, "Order")  # Python 3.12 can parse this.


def test_an_answer_with_errors_is_a_result() -> None:
    assert decoded({"errors": [{}]}, "Money").amount is None


@pytest.mark.parametrize("name", ["Unfit", "annotations", "ClassVar", "Nothing", shop.Unfit, 5, [], shop, json.dumps])
def test_anything_other_than_a_model_is_refused(name: Any) -> None:
    with pytest.raises(ValueError, match="is neither a model nor another type that can be decoded"):
        Types(shop).check(name)


@pytest.mark.parametrize("source", [5, shop.Order, [None], "no.such.module"])
def test_anything_other_than_a_source_is_refused(source: Any) -> None:
    with pytest.raises(
        (TypeError, ModuleNotFoundError), match=r"models must be a module of Swagger models|No module named 'no'"
    ):
        Types(source)


@pytest.mark.parametrize("sources", [None, shop, [shop, {"Coin": shop.Money}]])
def test_types_can_be_copied_and_pickled(sources: Any) -> None:
    types = Types(sources)
    types.check("Customer")

    for twin in (copy.deepcopy(types), pickle.loads(pickle.dumps(types))):
        twin.check("Customer")
        if sources:
            assert type(twin.decode(b"{}", "Money")) is shop.Money
