"""Access the values of models by dotted paths such as ``address.locality``."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from squareconnect.models._model import Model


def model_of(swagger_type: str) -> type[Model] | None:
    """Return the model that is the type of a field; None for plain values and lists."""
    if swagger_type in ("str", "int", "bool") or swagger_type.startswith("list["):
        return None
    model: type[Model] = getattr(import_module("squareconnect.models"), swagger_type)
    return model


def paths_of(kind: type[Model]) -> Iterator[tuple[str, str]]:
    """Yield the dotted paths of a model's plain values and lists, each with its description."""
    for field in kind._fields.values():
        inner = model_of(field.swagger_type)
        if inner is None:
            yield field.name, field.description
        else:
            yield from ((f"{field.name}.{path}", text) for path, text in paths_of(inner))


def selectable_paths(kind: type[Model]) -> list[str]:
    """Return the paths that can be selected: those of values, and those of the objects that contain them."""
    paths = [path for path, _ in paths_of(kind)]
    return list(dict.fromkeys([*kind.swagger_types, *paths]))


def put(body: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a dotted path."""
    *parents, name = path.split(".")
    for parent in parents:
        if not isinstance(body.get(parent), dict):
            body[parent] = {}
        body = body[parent]
    body[name] = value


def get(values: dict[str, Any], path: str) -> Any:
    """Return the value at a dotted path; None if there is none."""
    found: Any = values
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def part_of(values: dict[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """Return an object with only the values at some paths. Paths without a value are left out."""
    part: dict[str, Any] = {}
    for path in paths:
        if (value := get(values, path)) is not None:
            put(part, path, value)
    return part
