from __future__ import annotations

import re
from pathlib import Path
from random import Random
from typing import Any

import pytest

import squareconnect
from compatibility.cases import Payloads
from compatibility.comparison import agree
from compatibility.differences import DIFFERENCES

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


def test_the_same_value_after_the_same_requests_agrees() -> None:
    assert agree(value([1], ["GET"]), value([1], ["GET"]))
    assert not agree(value([1]), value([2]))
    assert not agree(value([1], ["GET"]), value([1], ["PUT"]))
    assert not agree(value([1]), exception("no", "ValueError"))
    assert not agree(exception("no", "ValueError"), value([1]))


def test_an_exception_may_be_of_a_subclass_and_say_more() -> None:
    theirs = exception("Got an unexpected keyword argument 'x'", "TypeError", "Exception")

    assert agree(theirs, exception("Got an unexpected keyword argument 'x'. Did you mean 'y'?", "MyError", "TypeError"))
    assert not agree(theirs, exception("Other words", "TypeError"))
    assert not agree(theirs, exception("Got an unexpected keyword argument 'x'", "ValueError"))


def test_a_failed_call_is_compared_by_its_answer() -> None:
    assert agree(failure(404, "ApiException"), failure(404, "NotFound", "ApiException"))
    assert not agree(failure(404, "ApiException"), failure(400, "InvalidRequest", "ApiException"))


def test_what_can_be_called_may_accept_more_but_not_less() -> None:
    assert agree(function(ONE), function(ONE, TWO, NAMED, OTHERS))
    assert agree(function(ONE, OTHERS), function(ONE, NAMED, OTHERS))
    assert not agree(function(ONE, TWO), function(ONE, OTHERS))
    assert not agree(function(ONE, TWO), function(TWO, ONE))
    assert not agree(function(TWO), function(TWO, ONE))
    assert not agree(function(ONE, OTHERS), function(ONE))


def test_a_difference_explains_what_it_lists_and_payloads_that_end_as_it_says() -> None:
    (wrong,) = (each for each in DIFFERENCES if each.peculiarity == "wrong type")

    assert wrong.explains(wrong.shown_by[0], "", {})
    assert wrong.explains("x", "wrong type", {"raises": ["DecodeError", "ApiException"]})
    assert not wrong.explains("x", "wrong type", {"raises": ["ValueError"]})
    assert not wrong.explains("x", "wrong type", {"value": 1})
    assert not wrong.explains("x", "", {"raises": ["DecodeError"]})


def test_no_two_differences_are_about_the_same() -> None:
    shown = [expression for each in DIFFERENCES for expression in each.shown_by]

    assert len({each.what for each in DIFFERENCES}) == len(DIFFERENCES)
    assert len(set(shown)) == len(shown)


def test_the_same_seed_makes_the_same_payloads_and_they_are_expressions() -> None:
    one, other = Payloads(Random(5)), Payloads(Random(5))
    cases = [one.case() for _ in range(300)]

    assert cases == [other.case() for _ in range(300)]
    assert {case.peculiarity for case in cases} == {"", *(each.peculiarity for each in DIFFERENCES)}
    for case in cases:
        compile(case.expression, "case", "eval")


def test_the_code_of_the_migration_page_runs() -> None:
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", MIGRATION.read_text(), re.DOTALL):
        exec(block, names)

    assert names["configuration"].host == "https://connect.squareupsandbox.com"
    assert names["api"].api_client.configuration.access_token == "the-token"


@pytest.mark.parametrize("path", ["CustomersApi", "apis.customers_api", "models.customer", "rest.ApiException"])
def test_the_paths_of_the_migration_page_are_there(path: str) -> None:
    assert f"`squareconnect.{path}`" in MIGRATION.read_text()
    thing: Any = squareconnect
    for name in path.split("."):
        thing = getattr(thing, name)
