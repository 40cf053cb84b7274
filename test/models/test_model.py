from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squareconnect import models
from squareconnect.models import (
    Address,
    Card,
    CreateCustomerRequest,
    CreateCustomerResponse,
    Customer,
    DeleteCustomerRequest,
    Error,
    RetrieveCustomerResponse,
)
from squareconnect.models._model import Model

MODELS: list[type[Model]] = [getattr(models, name) for name in models.__all__]


def test_every_field_of_a_new_model_is_none() -> None:
    customer = Customer()

    assert {getattr(customer, name) for name in Customer.attribute_map} == {None}


def test_fields_are_given_by_keyword_or_position() -> None:
    assert Card("c1", "VISA") == Card(id="c1", card_brand="VISA")
    assert Card("c1", card_brand="VISA").card_brand == "VISA"


def test_the_first_fifteen_arguments_of_a_customer_kept_their_order_when_birthday_was_added() -> None:
    address = Address(locality="London")

    customer = Customer(
        "id", "made", "changed", [], "Ada", "King", "Lady", "Engines", "a@b.example", address, "+44", "ref", "note"
    )

    assert (customer.phone_number, customer.reference_id, customer.note) == ("+44", "ref", "note")
    assert customer.birthday is None


def test_the_first_nine_arguments_of_a_new_customer_kept_their_order_when_the_idempotency_key_was_added() -> None:
    request = CreateCustomerRequest("Ada", "King", "Engines", "Lady", "a@b.example", None, "+44", "ref", "note")

    assert (request.given_name, request.note, request.idempotency_key) == ("Ada", "note", None)


def test_an_argument_given_twice_is_refused() -> None:
    with pytest.raises(TypeError, match="multiple values for argument 'id'"):
        Card("c1", id="c2")  # type: ignore[misc]


@pytest.mark.parametrize("model", MODELS)
def test_one_argument_too_many_is_refused(model: type[Model]) -> None:
    with pytest.raises(TypeError, match="too many positional arguments"):
        model(*[None] * (len(model.attribute_map) + 1))


def test_a_misspelt_argument_is_refused_with_the_class_and_the_nearest_field() -> None:
    with pytest.raises(TypeError) as caught:
        CreateCustomerRequest(givn_name="Ada")  # type: ignore[call-arg]

    assert str(caught.value) == (
        "CreateCustomerRequest.__init__() got an unexpected keyword argument 'givn_name'. Did you mean 'given_name'?"
    )


def test_a_misspelt_attribute_is_refused_with_the_class_and_the_nearest_field() -> None:
    card = Card()

    with pytest.raises(AttributeError) as caught:
        card.last4 = "1111"  # type: ignore[attr-defined]

    assert str(caught.value) == "Card has no field 'last4'. Did you mean 'last_4'?"
    assert card == Card()


def test_a_name_unlike_any_field_is_refused_without_a_suggestion() -> None:
    with pytest.raises(TypeError, match=r"^Card\.__init__\(\) got an unexpected keyword argument 'quux'$"):
        Card(quux=1)  # type: ignore[call-arg]
    with pytest.raises(AttributeError, match=r"^DeleteCustomerRequest has no field 'id'$"):
        DeleteCustomerRequest().id = "1"  # type: ignore[attr-defined]


def test_reading_a_name_that_is_not_a_field_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'Card' object has no attribute 'last4'"):
        _ = Card().last4  # type: ignore[attr-defined]


def test_a_field_can_be_set_and_unset() -> None:
    card = Card(last_4="1111")

    card.last_4 = "2222"
    assert card.last_4 == "2222"
    del card.last_4
    assert card.last_4 is None


@pytest.mark.parametrize("model", MODELS)
def test_the_types_and_keys_can_be_read_from_the_class_and_from_an_instance(model: type[Model]) -> None:
    assert model().swagger_types == model.swagger_types
    assert model().attribute_map == model.attribute_map == {name: name for name in model.swagger_types}


@pytest.mark.parametrize("model", MODELS)
def test_the_signature_has_every_field_in_order_and_none_as_default(model: type[Model]) -> None:
    parameters = inspect.signature(model).parameters

    assert list(parameters) == list(model.swagger_types)
    assert {(each.kind, each.default) for each in parameters.values()} <= {
        (inspect.Parameter.POSITIONAL_OR_KEYWORD, None)
    }


def test_a_subclass_has_the_fields_of_its_base() -> None:
    class Member(Customer):
        @property
        def greeting(self) -> str:
            return f"Hello {self.given_name}"

    member = Member(given_name="Ada")

    assert member.greeting == "Hello Ada"
    assert Member.swagger_types == Customer.swagger_types
    assert member.to_dict() == Customer(given_name="Ada").to_dict()


# -- As a dict and as text ------------------------------------------------------------------------------------------


def test_to_dict_returns_every_field_in_order_including_none() -> None:
    address = Address(locality="London", country="GB")

    given = address.to_dict()

    assert list(given) == list(Address.swagger_types)
    assert {name: value for name, value in given.items() if value is not None} == {
        "locality": "London",
        "country": "GB",
    }


def test_to_dict_converts_nested_models_to_dicts() -> None:
    card = Card(billing_address=Address(postal_code="94103"))
    error: Any = Error(
        detail=[card, "text"],  # type: ignore[arg-type]
        code=(card,),  # type: ignore[arg-type]
        field={"card": card, "cards": [[card]]},  # type: ignore[arg-type]
    )

    plain = card.to_dict()

    assert plain["billing_address"]["postal_code"] == "94103"
    assert error.to_dict() == {
        "category": None,
        "code": [plain],
        "detail": [plain, "text"],
        "field": {"card": plain, "cards": [[plain]]},
    }


def test_to_str_is_the_dict_pretty_printed() -> None:
    error = Error("API_ERROR", "NOT_FOUND", "It is not there, wherever one may look for it.", "customer_id")

    assert error.to_str() == (
        "{'category': 'API_ERROR',\n"
        " 'code': 'NOT_FOUND',\n"
        " 'detail': 'It is not there, wherever one may look for it.',\n"
        " 'field': 'customer_id'}"
    )


# -- Equality, copies, pickles --------------------------------------------------------------------------------------


@given(st.from_type(Model))
def test_a_copy_is_equal_and_of_the_same_class(model: Model) -> None:
    for twin in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin == model
        assert type(twin) is type(model)
        assert twin is not model


def test_changing_a_deep_copy_does_not_change_the_original() -> None:
    customer = Customer(cards=[Card(id="c1")])
    customer.additional_properties["tags"] = ["a"]

    twin = copy.deepcopy(customer)
    assert twin.cards is not None
    twin.cards[0].id = "c2"
    twin.additional_properties["tags"].append("b")

    assert customer.to_dict()["cards"] == [Card(id="c1").to_dict()]
    assert customer.additional_properties == {"tags": ["a"]}


def test_a_copy_can_be_changed_and_still_refuses_misspelt_names() -> None:
    twin = pickle.loads(pickle.dumps(Card(id="c1")))

    with pytest.raises(AttributeError, match="Card has no field 'idd'"):
        twin.idd = "c2"


@pytest.mark.parametrize("other", [None, 1, "x", {}, object()])
def test_a_model_is_unequal_to_anything_that_is_not_a_model(other: object) -> None:
    assert Customer() != other
    assert (Customer() == other) is False


def test_models_of_two_classes_are_unequal_even_with_the_same_fields() -> None:
    assert CreateCustomerResponse() != RetrieveCustomerResponse()


def test_a_field_set_to_none_is_the_same_as_not_set() -> None:
    assert Card(id=None) == Card()


def test_models_with_other_values_are_unequal() -> None:
    assert Card(id="c1") != Card(id="c2")
    assert Card(id="c1") != Card()


def test_a_model_is_not_hashable() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(Card())


# -- Additional properties ------------------------------------------------------------------------------------------


def test_additional_properties_belong_to_one_instance_and_count_in_equality() -> None:
    one, other = Card(), Card()

    one.additional_properties["card_type"] = "CREDIT"

    assert one.additional_properties == {"card_type": "CREDIT"}
    assert other.additional_properties == {}
    assert one != other


def test_reading_additional_properties_changes_nothing() -> None:
    card = Card()

    assert card.additional_properties == {}
    assert card == Card()
    assert "additional_properties" not in card.to_dict()


def test_additional_properties_can_be_replaced() -> None:
    card: Any = Card()

    card.additional_properties = {"card_type": "CREDIT"}

    assert card.additional_properties == {"card_type": "CREDIT"}


@given(st.data())
def test_any_value_that_is_set_can_be_read(data: st.DataObject) -> None:
    model = data.draw(st.from_type(Model))

    assert type(model)(**{name: getattr(model, name) for name in model.swagger_types}) == model
