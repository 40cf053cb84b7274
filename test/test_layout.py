"""Imports point downwards: a module imports only from its own layer or lower ones, even in functions and for types."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import squareconnect

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(squareconnect.__file__).parent

LAYERS = (
    "_version", "_text", "_threads", "legacy", "_checks", "_settings", "models", "serialization", "exceptions", "logs",
    "configuration", "transport", "rest", "asynchronous", "api_client", "async_api_client", "apis", "pagination",
    "__init__", "emulator", "pytest_plugin", "bulk", "dask", "cli", "__main__",
)  # fmt: skip
"""The layers: the modules and packages of the SDK from the lowest to the highest. Add a new one in its place."""


def name_of(path: Path) -> str:
    """Return a module's name without the package's name."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): path for path in sorted(PACKAGE.glob("**/*.py"))}


def imported(tree: ast.AST, package: str = "squareconnect") -> Iterator[str]:
    """Yield the modules of the package that are imported anywhere in a piece of code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == package:
            base = (node.module or "").removeprefix(package).removeprefix(".")
            for alias in node.names:
                inner = f"{base}.{alias.name}".removeprefix(".")
                yield inner if inner in MODULES else base or "__init__"
        elif isinstance(node, ast.Import):
            yield from (
                each.name.removeprefix(f"{package}.") for each in node.names if each.name.startswith(f"{package}.")
            )


def test_every_module_has_a_layer() -> None:
    assert set(LAYERS) == {module.partition(".")[0] for module in MODULES}, "change LAYERS in test/test_layout.py"


def test_each_layer_is_in_the_picture() -> None:
    picture = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8").split("```")[1]

    assert [layer for layer in LAYERS if not layer.startswith("__") and not re.search(rf"\b{layer}\b", picture)] == []


def layer_of(module: str) -> int:
    return LAYERS.index(module.partition(".")[0])


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_from_its_own_layer_and_lower_ones(module: str) -> None:
    code = ast.parse(MODULES[module].read_text(encoding="utf-8"))

    upwards = {each for each in imported(code) if layer_of(each) > layer_of(module)}

    assert not upwards, f"{module} must not know {upwards}: test/test_layout.py has the order"


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {name: set(imported(ast.parse(path.read_text(encoding="utf-8")))) for name, path in MODULES.items()}
    finished: set[str] = set()

    def follow(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path, module))
        if module not in finished:
            for each in graph[module]:
                follow(each, (*path, module))
            finished.add(module)

    for module in graph:
        follow(module, ())


def test_imports_in_functions_and_for_types_are_found() -> None:
    code = "if TYPE_CHECKING:\n    from squareconnect.cli import main\ndef f():\n    import squareconnect.rest\n"

    assert set(imported(ast.parse(code))) == {"cli", "rest"}
    assert set(imported(ast.parse("from squareconnect import models, __version__"))) == {"models", "__init__"}
    assert layer_of("models.card") < layer_of("cli")
