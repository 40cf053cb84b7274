from __future__ import annotations

import re
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from packaging.requirements import Requirement

import squareconnect
from compatibility.cases import Payloads
from compatibility.comparison import agree
from compatibility.differences import DIFFERENCES
from compatibility.later import leave_out
from compatibility.methods import VARIANTS, Method, methods_of, value_of
from compatibility.run_programs import first_difference, without_volatile
from squareconnect.models._model import Model, prop

MIGRATION = Path(__file__).parent.parent / "docs" / "Migration.md"

ONE = ["a", "POSITIONAL_OR_KEYWORD", None]
TWO = ["b", "POSITIONAL_OR_KEYWORD", "None"]
NAMED = ["c", "KEYWORD_ONLY", "5"]
OTHERS = ["options", "VAR_KEYWORD", None]


def value(of: Any, *requests: Any) -> dict[str, Any]:
    return {"value": of, "requests": list(requests)}


def exception(message: str, *kinds: str, **more: Any) -> dict[str, Any]:
    return {"raises": list(kinds), "message": message, "requests": [], **more}


def function(*parameters: list[Any]) -> dict[str, Any]:
    return value({"name": "f", "parameters": list(parameters)})


def failure(status: int, *kinds: str) -> dict[str, Any]:
    return exception("", *kinds, status=status, reason="Not Found", body="{}", headers=True)


def test_later_fields_can_be_left_out() -> None:
    class Pet(Model):
        name: str | None = prop("What it answers to.")
        species: str | None = prop("What it is.")

    leave_out(SimpleNamespace(Pet=Pet), {"Pet": ("species",)})
    assert str(Pet("Rex").to_dict()) == "{'name': 'Rex'}"
    with pytest.raises(TypeError):
        Pet(species="dog")


def test_the_same_value_after_the_same_requests_agrees() -> None:
    assert agree(value([1], ["GET"]), value([1], ["GET"]))
    assert not agree(value([1]), value([2]))
    assert not agree(value([1], ["GET"]), value([1], ["PUT"]))
    assert not agree(value([1]), exception("no", "ValueError"))
    assert not agree(exception("no", "ValueError"), value([1]))


def test_an_exception_may_be_of_a_subclass_with_a_longer_message() -> None:
    theirs = exception("Got an unexpected keyword argument 'x'", "TypeError", "Exception")

    assert agree(theirs, exception("Got an unexpected keyword argument 'x'. Did you mean 'y'?", "MyError", "TypeError"))
    assert not agree(theirs, exception("Other words", "TypeError"))
    assert not agree(theirs, exception("Got an unexpected keyword argument 'x'", "ValueError"))


def test_a_failed_call_is_compared_by_its_answer() -> None:
    assert agree(failure(404, "ApiException"), failure(404, "NotFound", "ApiException"))
    assert not agree(failure(404, "ApiException"), failure(400, "InvalidRequest", "ApiException"))


def test_a_callable_may_accept_more_but_not_less() -> None:
    assert agree(function(ONE), function(ONE, TWO, NAMED, OTHERS))
    assert agree(function(ONE, OTHERS), function(ONE, NAMED, OTHERS))
    assert not agree(function(ONE, TWO), function(ONE, OTHERS))
    assert not agree(function(ONE, TWO), function(TWO, ONE))
    assert not agree(function(TWO), function(TWO, ONE))
    assert not agree(function(ONE, OTHERS), function(ONE))


def test_a_difference_explains_the_expressions_and_payloads_that_it_lists() -> None:
    (wrong,) = (each for each in DIFFERENCES if each.peculiarity == "wrong type")

    assert wrong.explains(wrong.shown_by[0], "", {})
    assert wrong.explains("x", "wrong type", {"raises": ["DecodeError", "ApiException"]})
    assert not wrong.explains("x", "wrong type", {"raises": ["ValueError"]})
    assert not wrong.explains("x", "wrong type", {"value": 1})
    assert not wrong.explains("x", "", {"raises": ["DecodeError"]})


def test_a_difference_explains_calls_with_the_outcome_that_it_lists() -> None:
    (errors,) = (each for each in DIFFERENCES if each.what == "Successes with errors only")
    call = "call('CustomersApi', 'list_customers', 'an answer with errors only')"

    assert errors.explains(call, "", {"raises": ["ApiException"]})
    assert not errors.explains(call, "", {"value": 1})
    assert not errors.explains(call.replace("Customers", "Orders"), "", {"raises": ["ApiException"]})


class Box:
    """Has a field of each type, and can contain itself."""

    def __init__(self) -> None:
        self.swagger_types = {"size": "int", "name": "str", "tags": "list[str]", "inner": "Box", "boxes": "list[Box]"}
        self.attribute_map = {name: name.title() for name in self.swagger_types}
        self.size = self.name = self.tags = self.inner = self.boxes = None


class BoxesApi:
    """Has one method, documented as in 2.x."""

    def fill_box(self, box_id: str, body: Box, **kwargs: Any) -> None:
        """
        FillBox
        Fills a box.

        :param callback function: The callback function
            for asynchronous request. (optional)
        :param str box_id: The box. (required)
        :param Box body: What goes in. (required)
        :param int limit: How many.
        :return: list[Box]
                 If the method is called asynchronously,
                 returns the request thread.
        """


FULL = {"Size": 5, "Name": "nam é", "Tags": ["tag é", "tag é"], "Boxes": []}


def test_a_call_is_generated_from_the_documentation_of_a_method() -> None:
    models: Any = SimpleNamespace(Box=Box)
    method = Method(BoxesApi.fill_box)

    assert methods_of(BoxesApi) == ["fill_box"]
    assert (method.types, method.returns) == ({"box_id": "str", "body": "Box", "limit": "int"}, "list[Box]")
    assert set(method.arguments(models, VARIANTS["required arguments"])) == {"box_id", "body"}
    assert method.arguments(models, VARIANTS["a dict as the body"]) == {"box_id": "box é", "body": FULL, "limit": 5}
    assert method.answer(models, VARIANTS["all arguments"]) == [FULL, FULL]
    assert method.answer(models, VARIANTS["required arguments"]) == [dict.fromkeys(FULL)]
    assert method.answer(models, VARIANTS["an empty answer"]) == []
    assert method.answer(models, VARIANTS["a dict as the body"])[0]["a_new_key"] == {"a": 1}
    assert "errors" in method.answer(models, VARIANTS["a refusal"])


def test_a_generated_model_never_contains_a_model_of_its_own_type() -> None:
    box = value_of(SimpleNamespace(Box=Box), "Box", "box")  # type: ignore[arg-type]

    assert (box.inner, box.boxes, box.size) == (None, [], 5)


def test_values_that_change_with_each_run_are_removed_from_a_programs_output() -> None:
    printed = '["WO6K2NEXDMUP2VQUMC5XCDWTFP", "ccof:pzVjztNT_Z031u3v-pYu8P", "2026-11-24T17:20:55.190Z", "Ada", 404]'

    assert without_volatile(printed) == '["ID", "ID", "TIME", "Ada", 404]'


def test_the_first_difference_is_a_different_or_missing_line() -> None:
    assert first_difference([1, 2], [1, 2]) is None
    assert first_difference([1, 2, 3], [1, 5, 6]) == (2, 5)
    assert first_difference([1, 2], [1]) == (2, None)


def test_no_difference_is_listed_twice() -> None:
    shown = [expression for each in DIFFERENCES for expression in each.shown_by]

    assert len({each.what for each in DIFFERENCES}) == len(DIFFERENCES)
    assert len(set(shown)) == len(shown)


def test_the_same_seed_makes_the_same_payloads_and_all_are_expressions() -> None:
    one, other = Payloads(Random(5)), Payloads(Random(5))
    cases = [one.case() for _ in range(300)]

    assert cases == [other.case() for _ in range(300)]
    assert {case.peculiarity for case in cases} == {"", *(each.peculiarity for each in DIFFERENCES)}
    for case in cases:
        compile(case.expression, "case", "eval")


def requirements_in(sentence: str) -> list[str]:
    (listed,) = re.findall(rf"{sentence}([^.]*(?:\.[^.]+)*?)\.(?:\s|$)", MIGRATION.read_text())
    return re.findall(r"`(squareconnect[^`]*)`", listed)


def test_the_requirements_on_the_migration_page_select_the_releases_that_it_names() -> None:
    ours, theirs = requirements_in("These requirements select\nit: "), requirements_in("These stay with 2.x:\n")

    assert len(ours) == len(theirs) == 4
    for line in ours:
        assert Requirement(line).specifier.contains(squareconnect.__version__)
    for line in theirs:
        assert not Requirement(line).specifier.contains(squareconnect.__version__)
        assert Requirement(line).specifier.contains("2.20190724.1")


@pytest.mark.parametrize("path", ["CustomersApi", "apis.customers_api", "models.customer", "rest.ApiException"])
def test_the_paths_on_the_migration_page_exist(path: str) -> None:
    assert f"`squareconnect.{path}`" in MIGRATION.read_text()
    thing: Any = squareconnect
    for name in path.split("."):
        thing = getattr(thing, name)
