"""Calls of every method of 2.x's API classes, generated from the documentation of the methods and models.

:mod:`compatibility.worker` uses this module in both environments. It imports neither package; the functions take the
models of 2.x as arguments.
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

PLAIN: dict[str, Any] = {"int": 5, "float": 1.5, "bool": True, "object": {"a": [1, None, {"b": "ü"}]}}
"""A value of each plain type, except strings, which contain the name of their field."""

ERRORS = {"errors": [{"category": "INVALID_REQUEST_ERROR", "code": "NOT_FOUND", "detail": "It is not there."}]}
LINK = "<https://connect.squareup.com/v1/me/items?batch_token=t%2B1&limit=5>;rel='next'"


class Variant(NamedTuple):
    """A way of calling a method, and the server's answer."""

    only_required: bool = False
    body_as_dict: bool = False
    with_callback: bool = False
    answer: str = "full"
    """``full``, ``nulls``, ``unknown keys``, ``empty``, ``errors`` or ``refusal``."""


VARIANTS = {
    "all arguments": Variant(),
    "required arguments": Variant(only_required=True, answer="nulls"),
    "a dict as the body": Variant(body_as_dict=True, answer="unknown keys"),
    "a callback": Variant(with_callback=True),
    "an empty answer": Variant(answer="empty"),
    "an answer with errors only": Variant(answer="errors"),
    "a refusal": Variant(answer="refusal"),
}
"""The ways in which each method is called."""


class Method:
    """The documentation of a method of an API class.

    :param function: the method.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        text = inspect.getdoc(function) or ""
        documented = re.findall(r"^:param (\S+) (\w+):(.*)$", text, re.MULTILINE)
        self.types = {name: kind for kind, name, _ in documented if kind != "callback"}
        """The type of each parameter by name."""
        self.required = [name for kind, name, rest in documented if rest.endswith("(required)")]
        self.returns = re.findall(r"^:return: (.+)$", text, re.MULTILINE)[0]
        """The type of the result."""

    def arguments(self, models: ModuleType, variant: Variant) -> dict[str, Any]:
        """Return arguments of the documented types, by name."""
        names = self.required if variant.only_required else self.types
        made = {name: value_of(models, self.types[name], name) for name in names}
        return {name: wire_form(value) for name, value in made.items()} if variant.body_as_dict else made

    def answer(self, models: ModuleType, variant: Variant) -> Any:
        """Return the server's answer, as JSON."""
        if variant.answer in ("errors", "refusal"):
            return ERRORS
        full = wire_form(value_of(models, self.returns, "result"))
        if isinstance(full, dict):
            full.pop("errors", None)  # Square sends either errors or a result.
        if variant.answer == "unknown keys":
            return _with_unknown_keys(full)
        if variant.answer == "nulls":
            return [dict.fromkeys(full[0])] if isinstance(full, list) else dict.fromkeys(full)
        return type(full)() if variant.answer == "empty" else full


def methods_of(api: type) -> list[str]:
    """Return the names of the methods of an API class."""
    return sorted(name for name, member in vars(api).items() if name[0] != "_" and callable(member))


def value_of(models: ModuleType, kind: str, name: str, around: tuple[str, ...] = ()) -> Any:
    """Make a value of a type. A model has a value in each field, but never contains a model of its own type.

    :param kind: the type, as ``swagger_types`` and docstrings write it.
    :param name: the name of the field or parameter that the value is for.
    :param around: the types of the models that contain the value.
    """
    if kind.startswith("list["):
        item = value_of(models, kind[5:-1], name, around)
        return [] if item is None else [item, item]
    if kind == "str":
        return f"{name[:3]} é"  # Every field allows five characters.
    if kind in PLAIN:
        return PLAIN[kind]
    if kind in around:
        return None
    model = getattr(models, kind)()
    for field, field_type in model.swagger_types.items():
        value = value_of(models, field_type, field, (*around, kind))
        if value is not None:
            setattr(model, field, value)
    return model


def wire_form(value: Any) -> Any:
    """Return a value as JSON; a model becomes a dict of the fields that are set."""
    if isinstance(value, list):
        return [wire_form(item) for item in value]
    if not hasattr(value, "attribute_map"):
        return value
    keys: Mapping[str, str] = value.attribute_map
    fields = {key: getattr(value, name) for name, key in keys.items()}
    return {key: wire_form(field) for key, field in fields.items() if field is not None}


def _with_unknown_keys(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_unknown_keys(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {**{key: _with_unknown_keys(item) for key, item in value.items()}, "a_new_key": {"a": 1}}
