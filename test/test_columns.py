"""The reader of pages agrees with the reader of single objects, whatever the page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squareconnect import models
from squareconnect.columns import UnusualError, read_page
from squareconnect.serialization import decode

if TYPE_CHECKING:
    from squareconnect.models._model import Model

MODELS: list[type[Model]] = [
    models.Customer,
    models.Card,
    models.Address,
    models.CustomerPreferences,
    models.CustomerGroupInfo,
]
KEYS = sorted({"version", "to_dict", "additional_properties", *(name for m in MODELS for name in m.swagger_types)})
PLAIN: dict[str, st.SearchStrategy[Any]] = {"str": st.text(), "int": st.integers(), "bool": st.booleans()}
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


def objects_of(model: type[Model]) -> st.SearchStrategy[dict[str, Any]]:
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for name, swagger_type in model.swagger_types.items():
        item_type = swagger_type.removeprefix("list[").removesuffix("]")
        value = PLAIN[item_type] if item_type in PLAIN else objects_of(getattr(models, item_type))
        fields[name] = value if item_type == swagger_type else st.lists(value, max_size=3)
    return st.fixed_dictionaries({}, optional=fields)


def read_one_by_one(objects: list[Any]) -> list[Any]:
    return [decode(json.dumps(each).encode(), models.Customer, complete=False) for each in objects]


@given(st.lists(objects_of(models.Customer), max_size=4))
def test_a_page_as_it_should_be_is_read_as_each_of_its_objects_is(objects: list[Any]) -> None:
    expected = read_one_by_one(objects)
    assert read_page(models.Customer, objects) == expected


@given(
    st.lists(
        objects_of(models.Customer) | st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4) | VALUES, max_size=4
    )
)
def test_a_page_is_read_as_each_of_its_objects_is_or_left_to_the_reader_of_single_objects(objects: list[Any]) -> None:
    text = json.dumps(objects)
    try:
        page = read_page(models.Customer, objects)
    except UnusualError:
        return
    assert page == read_one_by_one(json.loads(text))
    assert [type(each) for each in page] == [models.Customer] * len(page)


@given(objects_of(models.Customer), st.sampled_from(KEYS), VALUES)
def test_a_long_answer_with_one_odd_customer_is_read_or_refused_as_a_short_one_is(
    customer: dict[str, Any], key: str, value: Any
) -> None:
    def outcome(count: int) -> Any:
        odd = [{"id": str(index)} for index in range(count)] + [{**customer, key: value}]
        try:
            return decode(json.dumps({"customers": odd}).encode(), "ListCustomersResponse").customers[-1]
        except ValueError as error:
            return str(error).replace(f"customers[{count}]", "customers[-1]")

    assert outcome(40) == outcome(0)


@pytest.mark.parametrize(
    "odd",
    [
        5,
        "text",
        [],
        ["id"],
        [True],
        {"given_name": 5},
        {"given_name": None},
        {"given_name": ["a"]},
        {"cards": [{"exp_month": True}]},
        {"cards": {"id": "ccof:1"}},
        {"cards": "ab"},
        {"address": []},
        {"preferences": {"email_unsubscribed": 0}},
        {"groups": [[]]},
    ],
)
def test_what_is_odd_is_left_to_the_reader_of_single_objects(odd: Any) -> None:
    with pytest.raises(UnusualError):
        read_page(models.Customer, [{"id": "A", "given_name": "Ada"}, odd])


def test_unknown_keys_of_a_page_are_kept_beside_the_fields() -> None:
    page = read_page(models.Customer, [{"id": "A", "version": 3, "a": 1}, {"id": "B"}, {"to_dict": "x"}])
    assert [each.additional_properties for each in page] == [{"version": 3, "a": 1}, {}, {"to_dict": "x"}]
    assert list(page[0].additional_properties) == ["version", "a"]
    assert page[2].to_dict()["id"] is None


def test_a_mismatch_on_a_long_page_is_named_by_its_place() -> None:
    customers = [{"id": str(index), "cards": [{"exp_month": 1}]} for index in range(40)]
    customers[33]["cards"] = [{"exp_month": 1}, {"exp_month": "May"}]
    with pytest.raises(ValueError, match=r"^customers\[33\]\.cards\[1\]\.exp_month should be of type int but is a str"):
        decode(json.dumps({"customers": customers}).encode(), "ListCustomersResponse")


def test_many_unknown_keys_are_each_compared_a_few_times_at_most() -> None:
    compared = 0

    class Key(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    objects = [{Key(f"{number} {index}"): 1 for index in range(300)} for number in range(16)]
    page = read_page(models.Customer, objects)

    assert [len(each.additional_properties) for each in page] == [300] * 16
    assert compared < 20 * 300 * 16
