"""Pages of models, read by column: why a page of customers costs little more than parsing its JSON.

Reading one object after the other, :mod:`squareconnect.serialization` looks at each value in turn, which takes longer
than ``json`` took to parse it. Here all objects of a model on a page are read at once: one C loop gathers a column,
one looks at the types of all its values. That says *whether* a page is as it should be, not *where* it is not; so
whatever is unusual is left to the other reader, which knows what to do about it and how to say so.
"""

from __future__ import annotations

from functools import cache
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

from squareconnect import models
from squareconnect.models._model import Model

set_values = Model.__dict__["__dict__"].__set__
"""Gives an instance its dict of values as it is: not copied, and not looked at by the guard against misspelt names."""


class UnusualError(Exception):
    """The page has something that only the reader of single objects knows what to do about."""


class _Columns(NamedTuple):
    """The fields of a model by what their columns hold."""

    texts: frozenset[str]
    plain: tuple[tuple[str, type], ...]
    """Numbers and truth values, with their types."""
    nested: tuple[tuple[str, type[Model], bool], ...]
    """Models, with the model and whether there is a list of them."""


@cache
def _columns(model: type[Model]) -> _Columns:
    texts: list[str] = []
    plain: list[tuple[str, type]] = []
    nested: list[tuple[str, type[Model], bool]] = []
    for name, swagger_type in model.swagger_types.items():
        if swagger_type == "str":
            texts.append(name)
        elif swagger_type in ("int", "bool"):
            plain.append((name, {"int": int, "bool": bool}[swagger_type]))
        else:
            item_type = swagger_type.removeprefix("list[").removesuffix("]")
            nested.append((name, getattr(models, item_type), item_type != swagger_type))
    return _Columns(frozenset(texts), tuple(plain), tuple(nested))


def read_page(model: type[Model], objects: list[Any]) -> list[Any]:
    """Make models of all the JSON objects of a page. The objects are used up, also if that fails.

    :raises UnusualError: for what is no object, a value of a wrong type, or a null.
    """
    try:
        return _read(model, objects)
    except (TypeError, AttributeError):
        raise UnusualError from None


def _read(model: type[Model], objects: list[Any]) -> list[Any]:
    columns = _columns(model)  # type: ignore[arg-type]
    keys: set[str] = set().union(*objects)
    if not keys <= model._fields.keys():
        _set_unknown_aside(model, objects)
    if texts := keys & columns.texts:
        _join_texts(texts, objects)
    for name, kind in columns.plain:
        if name in keys and set(map(type, _column(name, objects)[1])) != {kind}:
            raise UnusualError
    for name, item_model, is_list in columns.nested:
        if name not in keys:
            continue
        holders, column = _column(name, objects)
        if is_list:
            if set(map(type, column)) != {list}:
                raise UnusualError
            made = _read(item_model, list(chain.from_iterable(column)))
            start = 0
            for items in column:
                end = start + len(items)
                items[:] = made[start:end]
                start = end
        else:
            for holder, one in zip(holders, _read(item_model, column), strict=True):
                holder[name] = one
    new = model.__new__
    page = []
    for values in objects:
        one = new(model)
        set_values(one, values)
        page.append(one)
    return page


def _column(name: str, objects: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[Any]]:
    """Give the objects that have a key, and what they have under it."""
    try:
        return objects, list(map(itemgetter(name), objects))
    except KeyError:
        holders = [each for each in objects if name in each]
        return holders, [each[name] for each in holders]


def _join_texts(names: set[str], objects: list[dict[str, Any]]) -> None:
    """Make sure that values are texts: nothing else can be joined, and nothing looks at so many as quickly.

    :raises TypeError: if one is not.
    """
    try:
        row = itemgetter(*names, *names) if len(names) == 1 else itemgetter(*names)  # One name would give no row.
        "".join(chain.from_iterable(map(row, objects)))
    except KeyError:
        for name in names:
            "".join(_column(name, objects)[1])


def _set_unknown_aside(model: type[Model], objects: list[dict[str, Any]]) -> None:
    for values in objects:
        if unknown := values.keys() - model._fields.keys():
            values["additional_properties"] = {key: values.pop(key) for key in list(values) if key in unknown}
