"""Models to JSON and JSON to models: pure functions, no client, no socket."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from squareconnect import models
from squareconnect.columns import UnusualError, read_page, set_values
from squareconnect.models._model import Model
from squareconnect.models._null import NULL

if TYPE_CHECKING:
    from collections.abc import Callable

# -- Models to JSON -------------------------------------------------------------------------------------------------


def wire_form(value: Any) -> Any:
    """Turn what the JSON encoder does not know into what it knows, one level deep.

    :raises TypeError: for a value that JSON cannot carry.
    """
    if isinstance(value, Model):
        values = {key: item for key, item in value.__dict__.items() if item is not None}
        return {**values.pop("additional_properties", {}), **values}
    if value is NULL:
        return None
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise TypeError(
        f"body holds a {type(value).__name__}, which JSON cannot carry; give a model, dict, list, str, number or bool"
    )


_encoder = json.JSONEncoder(default=wire_form, allow_nan=False, separators=(",", ":"))


def encode(body: Any) -> bytes:
    """Give the JSON text of a request body.

    A model goes out without its Nones, a dict with them, as in 2.x; ``NULL`` goes out as ``null``.

    :raises TypeError: for a value that JSON cannot carry.
    :raises ValueError: for NaN, an infinity, or a body that contains itself or is nested too deep.
    """
    try:
        return _encoder.encode(body).encode()
    except RecursionError:
        problem = "it is nested too deep"
    except ValueError as error:
        problem = str(error)
    raise ValueError(f"body cannot be sent as JSON: {problem}")


def sanitize(value: Any) -> Any:
    """Give what :func:`encode` would send, as dicts, lists and plain values."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return type(value)(map(sanitize, value)) if type(value) is tuple else [sanitize(item) for item in value]
    if not isinstance(value, dict):
        return sanitize(wire_form(value))
    return {key: sanitize(item) for key, item in value.items()}


# -- JSON to models -------------------------------------------------------------------------------------------------


class MismatchError(ValueError):
    """JSON that is not of the type it should be."""

    def __init__(self, expected: str, value: Any) -> None:
        super().__init__()
        self.path: list[str] = []
        """The keys and indexes that lead to the value, the last first."""
        self.expected = expected
        self.value = value

    def __str__(self) -> str:
        place = "".join(reversed(self.path)).removeprefix(".") or "the body"
        kinds = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
        return f"{place} should be {self.expected} but is {kinds.get(type(self.value), 'a number')}"


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits} is out of range")
    return number


_parser = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)


def parse(content: bytes) -> Any:
    """Give the value of a JSON text in UTF-8, with or without a byte order mark.

    :raises ValueError: for bytes that are no UTF-8, text that is no JSON (NaN and infinities are none), numbers out of
        range, and nesting too deep to read.
    """
    try:
        return _parser.decode(content.decode("utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "utf-8"))
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def decode(content: bytes, swagger_type: Any) -> Any:
    """Return the value of a JSON text as a type. Null fits every type.

    :param swagger_type: a class, or a name as in ``swagger_types``: a model's, ``str``, ``int``, ``float``, ``bool``,
        ``object``, ``date``, ``datetime``, ``list[TYPE]`` or ``dict(str, TYPE)``.
    :raises ValueError: if it is no JSON, or not of that type; the message says why.
    """
    try:
        parsed = parse(content)
    except ValueError as error:
        raise ValueError(f"the body is not JSON: {error}") from None
    try:
        return _reader(swagger_type, by_column=True)(parsed)
    except UnusualError:
        return _reader(swagger_type)(parse(content))


def missing_field(value: Any) -> str | None:
    """Return the name of a field that a model always has and this one has not; None if there is none.

    What is not one of our models has no such field.
    """
    if isinstance(value, Model):
        for field in value._fields.values():
            if field.required and not _holds_something(getattr(value, field.name)):
                return field.name
    return None


def check_type(swagger_type: Any) -> None:
    """Refuse what :func:`decode` cannot make.

    :raises ValueError: for what is no model and none of the other types.
    """
    try:
        _reader(swagger_type, by_column=True)
    except TypeError:  # It cannot even be looked up.
        raise _unknown(swagger_type) from None


def decode_errors(content: bytes) -> list[models.Error]:
    """Give the errors in an error answer's body: those of Square's shape, an empty list where there are none."""
    errors = []
    with suppress(ValueError, TypeError, KeyError):
        for error in parse(content)["errors"]:
            with suppress(MismatchError):
                errors.append(_reader(models.Error)(error))
    return [error for error in errors if error]


Reader: TypeAlias = "Callable[[Any], Any]"
"""Turns a parsed JSON value into a value of a type. The value is used up: its dicts become the models'."""

_PLAIN_TYPES = {kind.__name__: kind for kind in (str, int, float, bool, object, date, datetime)}
_PAGE = 16
"""How many objects make it worth while to read them by column."""


@cache
def _reader(swagger_type: Any, *, by_column: bool = False) -> Reader:
    """Give the reader of a type; see :func:`decode`."""
    if isinstance(swagger_type, str):
        if swagger_type.startswith("list["):
            return _list_reader(swagger_type[5:-1], by_column)
        if swagger_type.startswith("dict("):
            return _dict_reader(_reader(swagger_type[5:-1].partition(",")[2].strip(), by_column=by_column))
        if swagger_type in models.__all__:
            swagger_type = getattr(models, swagger_type)
        swagger_type = _PLAIN_TYPES.get(swagger_type, swagger_type)
    if isinstance(swagger_type, type) and issubclass(swagger_type, Model):
        return _model_reader(swagger_type, by_column)
    if swagger_type in _PLAIN_TYPES.values():
        return _plain_reader(swagger_type)
    raise _unknown(swagger_type)


def _unknown(swagger_type: Any) -> ValueError:
    return ValueError(f"response_type: {swagger_type!r} is no model and no type that can be decoded")


def _plain_reader(kind: type) -> Reader:
    def read(value: Any) -> Any:
        if value is None or kind is object or type(value) is kind:
            return value
        if kind is float and type(value) is int:
            return float(value)
        if kind in (date, datetime):
            return _time(value, kind)
        raise MismatchError(f"of type {kind.__name__}", value)

    return read


def _time(value: Any, kind: type) -> Any:
    from dateutil.parser import isoparse

    try:
        moment = isoparse(value)
    except (ValueError, TypeError):
        raise MismatchError(f"a {kind.__name__} as RFC 3339", value) from None
    return moment.date() if kind is date else moment


def _list_reader(item_type: Any, by_column: bool) -> Reader:
    item_reader = _reader(item_type, by_column=by_column)
    model = getattr(models, item_type) if by_column and item_type in models.__all__ else None

    def read(value: Any) -> Any:
        if value is None:
            return None
        if type(value) is not list:
            raise MismatchError("an array", value)
        if model and len(value) >= _PAGE:
            return read_page(model, value)
        items: list[Any] = []
        try:
            for item in value:
                items.append(item_reader(item))
        except MismatchError as mismatch:
            mismatch.path.append(f"[{len(items)}]")
            raise
        return items

    return read


def _dict_reader(item_reader: Reader) -> Reader:
    def read(value: Any) -> Any:
        if value is None:
            return None
        if type(value) is not dict:
            raise MismatchError("an object", value)
        for key, item in value.items():
            try:
                value[key] = item_reader(item)
            except MismatchError as mismatch:
                mismatch.path.append("." + key)
                raise
        return value

    return read


def _model_reader(model: type[Model], by_column: bool) -> Reader:
    readers = {name: _reader(kind, by_column=by_column) for name, kind in model.swagger_types.items()}
    kinds = {name: _PLAIN_TYPES.get(kind) for name, kind in model.swagger_types.items()}
    kind_of = kinds.get
    new = model.__new__

    def read(value: Any) -> Any:
        if value is None:
            return None
        if type(value) is not dict:
            raise MismatchError(f"a {model.__name__}", value)
        unknown, key = False, ""
        try:
            for key, item in value.items():
                if type(item) is kind_of(key):
                    continue
                if key in readers:
                    value[key] = readers[key](item)
                else:
                    unknown = True
        except MismatchError as mismatch:
            mismatch.path.append("." + key)
            raise
        if unknown:
            value["additional_properties"] = {key: value.pop(key) for key in list(value) if key not in readers}
        made = new(model)
        set_values(made, value)
        return made

    return read


def _holds_something(value: Any) -> bool:
    if isinstance(value, Model):
        return any(getattr(value, name) is not None for name in value._fields)
    return value is not None
