from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from squareconnect.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (Path(__file__).parent.parent / "docs" / "Recipes.md").read_text()
SET_UP, *RECIPES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture
def names() -> Iterator[dict[str, Any]]:
    """Return the names that the first block defines."""
    names: dict[str, Any] = {}
    exec(SET_UP, names)
    assert isinstance(names["square"], Emulator)
    yield names
    names["client"].close()
    names["square"].stop()


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: f"line {PAGE[: PAGE.index(recipe)].count(chr(10)) + 1}")
def test_each_block_runs_and_prints_what_it_shows(
    names: dict[str, Any], capsys: pytest.CaptureFixture[str], recipe: str
) -> None:
    promised = [line for lines in re.findall(r"  # -> (.*)$", recipe, re.MULTILINE) for line in lines.split(" | ")]
    assert promised
    exec(recipe, names)
    assert capsys.readouterr().out.splitlines() == promised


def test_every_fenced_block_is_a_recipe() -> None:
    assert PAGE.count("```") == 2 * (1 + len(RECIPES))
