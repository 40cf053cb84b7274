"""What editors, notebooks, checkers and frameworks see of a model."""

from __future__ import annotations

import asyncio
import copy
import inspect
import io
import json
import pydoc
import subprocess
import sys
import typing
from pathlib import Path
from typing import Any

import jedi  # type: ignore[import-untyped]
import pydantic
import pytest
import rich.console
from fastapi import Body, FastAPI
from hypothesis import given
from hypothesis import strategies as st

import squareconnect
from squareconnect import NULL, Address, AsyncCustomersApi, Card, CreateCustomerRequest, Customer, CustomersApi, models
from squareconnect.models._model import Model

ROOT = Path(squareconnect.__file__).parents[1]
MODELS: list[type[Model]] = [getattr(models, name) for name in models.__all__]


# -- Annotations and help -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_the_type_hints_of_a_model_can_be_resolved(model: type[Model]) -> None:
    hints = typing.get_type_hints(model)

    assert {name for name in hints if name in model.swagger_types} == set(model.swagger_types)
    assert all(type(None) in typing.get_args(hints[name]) for name in model.swagger_types)


def test_the_type_hint_of_a_field_names_its_model() -> None:
    assert typing.get_type_hints(Customer)["cards"] == (list[Card] | None)


@pytest.mark.parametrize("api", [CustomersApi, AsyncCustomersApi])
@pytest.mark.parametrize("name", [name for name in vars(CustomersApi) if not name.startswith("_")])
def test_the_type_hints_of_a_method_can_be_resolved(api: type, name: str) -> None:
    hints = typing.get_type_hints(getattr(api, name))

    assert issubclass(hints["return"], Model)
    assert set(hints) >= {"return", "options"}


@pytest.mark.parametrize("model", MODELS)
def test_help_describes_each_field(model: type[Model]) -> None:
    text = pydoc.plain(pydoc.render_doc(model))

    for field in model._fields.values():
        assert f":param {field.name}: {field.description}" in text


def test_help_of_a_subclass_without_new_fields_shows_its_own_docstring() -> None:
    class Member(Customer):
        """A member."""

    assert inspect.getdoc(Member) == "A member."
    assert Member.swagger_types == Customer.swagger_types


COMPLETIONS = [
    (
        "import squareconnect\nsquareconnect.",
        {"Customer", "CustomersApi", "ApiClient", "Configuration", "models", "NULL"},
    ),
    ("from squareconnect import Customer\nCustomer().", set(Customer.swagger_types) | {"to_dict"}),
    ("from squareconnect import Customer\nfor card in Customer().cards:\n    card.", set(Card.swagger_types)),
    ("import squareconnect\nsquareconnect.CustomersApi().", {"list_customers", "create_customer"}),
    ("import squareconnect\nsquareconnect.CustomersApi().retrieve_customer('C').", {"customer", "errors"}),
    ("import squareconnect\nsquareconnect.Configuration(ac", {"access_token="}),
]


@pytest.mark.parametrize(("code", "expected"), COMPLETIONS, ids=[code.splitlines()[-1] for code, _ in COMPLETIONS])
def test_an_editor_completes_fields_and_methods(code: str, expected: set[str]) -> None:
    completed = jedi.Script(code, project=jedi.Project(ROOT)).complete()

    assert expected <= {each.name for each in completed}


@pytest.mark.parametrize("model", [Customer, CreateCustomerRequest])
def test_an_editor_shows_the_parameters_of_a_model(model: type[Model]) -> None:
    code = f"import squareconnect\nsquareconnect.{model.__name__}("
    (signature,) = jedi.Script(code, project=jedi.Project(ROOT)).get_signatures()

    assert [each.name for each in signature.params] == list(model.swagger_types)


# -- As text --------------------------------------------------------------------------------------------------------


def test_a_short_model_is_one_line_without_its_nones() -> None:
    customer = Customer(id="C1", cards=[Card(last_4="1111")], note=NULL)

    assert (
        repr(customer) == str(customer) == ("Customer(id='C1', cards=[Card(last_4='1111')], note=squareconnect.NULL)")
    )
    assert repr(Customer()) == "Customer()"


def test_a_long_model_has_a_line_for_each_field() -> None:
    customer = Customer(id="C1", cards=[Card(id="c" * 60, last_4="1111"), Card()], note="n" * 60)
    customer.additional_properties["version"] = 1

    assert repr(customer) == (
        "Customer(\n"
        "    id='C1',\n"
        f"    cards=[Card(id='{'c' * 60}', last_4='1111'), Card()],\n"
        f"    note='{'n' * 60}',\n"
        "    additional_properties={'version': 1},\n"
        ")"
    )
    assert repr(Customer(address=Address(locality="l" * 99))) == (
        f"Customer(\n    address=Address(\n        locality='{'l' * 99}',\n    ),\n)"
    )


def test_rich_shows_a_list_of_models_field_by_field() -> None:
    console = rich.console.Console(file=io.StringIO(), width=60, color_system=None)
    console.print([Customer(id="C1", given_name="Ada", note="n" * 30)] * 2)

    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert shown.count("        given_name='Ada',\n") == 2
    assert "None" not in shown


def test_a_notebook_shows_an_escaped_table() -> None:
    customer = Customer(note="<script>", cards=[Card(exp_month=1), Card(cardholder_name="A & B")])
    customer.additional_properties["<b>"] = "<i>"

    table = customer._repr_html_()

    assert "<script>" not in table
    assert "<b>" not in table
    assert "<i>" not in table
    assert "&lt;script&gt;" in table
    assert "A &amp; B" in table
    assert table.count("<table>") == 3
    assert "birthday" not in table


# -- Copies with other values ---------------------------------------------------------------------------------------


def replaced(model: Any, **changes: Any) -> Any:
    replace = getattr(copy, "replace", lambda model, **changes: model.__replace__(**changes))
    return replace(model, **changes)


def test_replace_returns_a_copy_with_other_values() -> None:
    customer = Customer(id="C1", note="x")
    customer.additional_properties["version"] = 1

    other = replaced(customer, note="y")
    other.additional_properties["version"] = 2

    assert (other.id, other.note) == ("C1", "y")
    assert (customer.note, customer.additional_properties) == ("x", {"version": 1})
    assert replaced(Card(id="c"), id=None) == Card()
    with pytest.raises(TypeError, match="Did you mean 'note'"):
        replaced(customer, nte="y")


# -- pydantic and FastAPI -------------------------------------------------------------------------------------------


class Visit(pydantic.BaseModel):
    customer: Customer
    cards: list[Card] = []


def test_a_model_is_a_field_of_a_pydantic_model() -> None:
    content = '{"customer":{"id":"C1","cards":[{"id":"c","exp_month":1}],"note":null,"unknown":3},"cards":[{}]}'

    visit = Visit.model_validate_json(content)

    assert type(visit.customer) is Customer
    assert visit.customer.cards == [Card(id="c", exp_month=1)]
    assert visit.customer.additional_properties == {"unknown": 3}
    assert json.loads(visit.model_dump_json()) == {
        "customer": {"id": "C1", "cards": [{"id": "c", "exp_month": 1}], "unknown": 3},
        "cards": [{}],
    }
    assert Visit(customer=Customer(id="C1")).customer == Visit.model_validate({"customer": {"id": "C1"}}).customer
    assert Visit(customer=Customer(note=NULL)).model_dump() == {"customer": {"note": None}, "cards": []}


@pytest.mark.parametrize(
    ("customer", "place"),
    [({"id": 5}, "customer.id"), ({"cards": [{"exp_month": "1"}]}, "customer.cards.0.exp_month"), (None, "customer")],
)
def test_pydantic_refuses_values_that_do_not_fit(customer: object, place: str) -> None:
    with pytest.raises(pydantic.ValidationError) as caught:
        Visit.model_validate_json(json.dumps({"customer": customer}))
    assert ".".join(map(str, caught.value.errors()[0]["loc"])) == place


@given(st.from_type(Customer))
def test_a_round_trip_through_pydantic_loses_nothing(customer: Customer) -> None:
    adapter = pydantic.TypeAdapter(Customer)

    assert adapter.validate_json(adapter.dump_json(customer)) == customer
    assert adapter.validate_python(adapter.dump_python(customer)) == customer


@pytest.mark.parametrize("mode", ["validation", "serialization"])
@pytest.mark.parametrize("model", MODELS)
def test_the_json_schema_describes_each_field(model: type[Model], mode: Any) -> None:
    schema = pydantic.TypeAdapter(model).json_schema(mode=mode)
    described = schema["$defs"][model.__name__] if "$ref" in schema else schema

    assert described["title"] == model.__name__
    assert described["description"]
    assert {name: each["description"] for name, each in described.get("properties", {}).items()} == {
        field.name: field.description for field in model._fields.values()
    }


def ask(app: Any, method: str, path: str, body: object = None) -> tuple[int, Any]:
    """Send a request to an ASGI application. Return the status and the JSON of its answer."""
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": [], "raw_path": b""}
    scope["headers"] = [(b"content-type", b"application/json")]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], json.loads(b"".join(message.get("body", b"") for message in sent))


def test_fastapi_accepts_and_returns_a_model() -> None:
    app = FastAPI()

    @app.post("/customers")
    async def create(new: typing.Annotated[CreateCustomerRequest, Body()]) -> Customer:
        return Customer(id="C1", given_name=new.given_name)

    assert ask(app, "POST", "/customers", {"given_name": "Ada"}) == (200, {"id": "C1", "given_name": "Ada"})
    assert ask(app, "POST", "/customers", {"given_name": 5})[0] == 422
    assert "given_name" in app.openapi()["components"]["schemas"]["CreateCustomerRequest"]["properties"]


def test_this_package_does_not_import_pydantic() -> None:
    code = "import sys, squareconnect; squareconnect.Customer(id='C'); sys.exit('pydantic' in str(sys.modules.keys()))"
    subprocess.run([sys.executable, "-c", code], check=True)
