"""Pages of models, read by column: why a page of customers costs little more than parsing its JSON.

Reading one object after the other, :mod:`squareconnect.serialization` looks at each value in turn, which takes longer
than ``json`` took to parse it. Here all objects of a model on a page are read at once: one C loop gathers a column,
one looks at the types of all its values. That says *whether* a page is as it should be, not *where* it is not; so
whatever is unusual is left to the other reader, which knows what to do about it and how to say so.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from squareconnect import models
from squareconnect.models._model import Model

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

set_values = Model.__dict__["__dict__"].__set__
"""Gives an instance its dict of values as it is: not copied, and not looked at by the guard against misspelt names."""


class UnusualError(Exception):
    """The page has something that only the reader of single objects knows what to do about."""


def read_page(model: type[Model], objects: list[Any]) -> list[Any]:
    """Make models of all the JSON objects of a page. The objects are used up, also if that fails.

    :raises UnusualError: for what is no object, a value of a wrong type, or a null.
    """
    try:
        return _read(model, objects)
    except (TypeError, AttributeError, IndexError):
        raise UnusualError from None


def _read(model: type[Model], objects: list[Any]) -> list[Any]:
    kinds = model.swagger_types
    unknown: set[str] = set()
    for name, (holders, values) in _columns(objects).items():
        kind = kinds.get(name)
        if kind == "str":
            "".join(values)  # Nothing but texts can be joined, and nothing looks at so many as quickly.
        elif kind is None:
            unknown.add(name)
        elif kind in _NOT_TEXTS:
            _expect(_NOT_TEXTS[kind], values)
        elif kind.startswith("list["):
            _expect(list, values)
            made = _read(getattr(models, kind[5:-1]), list(chain.from_iterable(values)))
            start = 0
            for items in values:
                end = start + len(items)
                items[:] = made[start:end]
                start = end
        else:
            for holder, one in zip(holders, _read(getattr(models, kind), list(values)), strict=True):
                holder[name] = one
    if unknown:
        _set_aside(unknown, objects)
    new = model.__new__
    page = []
    for values in objects:
        one = new(model)
        set_values(one, values)
        page.append(one)
    return page


_NOT_TEXTS = {"int": int, "bool": bool}


def _expect(kind: type, values: Iterable[Any]) -> None:
    if set(map(type, values)) != {kind}:
        raise UnusualError


def _columns(objects: list[Any]) -> dict[str, tuple[list[Any], Sequence[Any]]]:
    """Give, for each key, the objects that have it and what they have under it."""
    names = tuple(objects[0]) if objects else ()
    if len(names) > 1 and set(map(len, objects)) == {len(names)}:
        with suppress(KeyError):  # All have the same keys, if none lacks one.
            columns = zip(*map(itemgetter(*names), objects), strict=True)
            return {name: (objects, values) for name, values in zip(names, columns, strict=True)}
    return {name: _column(name, objects) for name in dict.fromkeys(chain.from_iterable(objects))}


def _column(name: str, objects: list[Any]) -> tuple[list[Any], list[Any]]:
    try:
        return objects, list(map(itemgetter(name), objects))
    except KeyError:
        holders = [each for each in objects if name in each]
        return holders, [each[name] for each in holders]


def _set_aside(unknown: set[str], objects: list[dict[str, Any]]) -> None:
    for values in objects:
        if found := [name for name in values if name in unknown]:
            values["additional_properties"] = {name: values.pop(name) for name in found}
