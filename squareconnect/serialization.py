"""Models to JSON and JSON to models: pure functions, no client, no socket."""

from __future__ import annotations

import json
import math
from datetime import date, datetime
from typing import Any, NoReturn

from squareconnect import models
from squareconnect.models._model import Model
from squareconnect.models._null import NULL

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

    def __init__(self, path: str, expected: str, value: Any) -> None:
        kind = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
        super().__init__(f"{path or 'the body'} should be {expected} but is {kind.get(type(value), 'a number')}")


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


def decode(content: bytes, swagger_type: Any, *, complete: bool = True) -> Any:
    """Give the value of a JSON text as a type; see :func:`convert`.

    :param complete: whether a model must hold what it always holds, unless it holds errors.
    :raises ValueError: if it is no JSON, or not of that type; the message says why.
    """
    try:
        parsed = parse(content)
    except ValueError as error:
        raise ValueError(f"the body is not JSON: {error}") from None
    value = convert(parsed, swagger_type)
    if complete:
        if value is None:
            raise MismatchError("", f"a {swagger_type}", None)
        if isinstance(value, Model) and not value.__dict__.get("errors"):
            for field in value._fields.values():
                if field.required and not _holds_something(getattr(value, field.name)):
                    raise MismatchError(field.name, f"a {field.swagger_type}", None)
    return value


def decode_errors(content: bytes) -> list[models.Error]:
    """Give the errors in an error answer's body: those of Square's shape, an empty list where there are none."""
    try:
        errors = parse(content)["errors"]
        return [convert(error, models.Error) for error in errors]
    except (ValueError, TypeError, KeyError):
        return []


def convert(value: Any, swagger_type: Any, path: str = "") -> Any:
    """Turn a parsed JSON value into a value of a type. The value is used up: its dicts become the models'.

    :param value: what :func:`parse` gave.
    :param swagger_type: a class, or a name as in ``swagger_types``: a model's, ``str``, ``int``, ``float``, ``bool``,
        ``object``, ``date``, ``datetime``, ``list[TYPE]`` or ``dict(str, TYPE)``.
    :param path: where the value stands, for the message.
    :raises MismatchError: if the value is of another type. Null fits every type.
    """
    if value is None:
        return None
    if isinstance(swagger_type, str):
        if swagger_type.startswith("list["):
            return _convert_list(value, swagger_type[5:-1], path)
        if swagger_type.startswith("dict("):
            return _convert_dict(value, swagger_type[5:-1].partition(",")[2].strip(), path)
        swagger_type = _named(swagger_type)
    if swagger_type is object:
        return value
    if swagger_type in (date, datetime):
        return _convert_time(value, swagger_type, path)
    if issubclass(swagger_type, Model):
        return _convert_model(value, swagger_type, path)
    if type(value) is int and swagger_type is float:
        return float(value)
    if type(value) is not swagger_type:
        raise MismatchError(path, f"of type {swagger_type.__name__}", value)
    return value


_PLAIN_TYPES = {kind.__name__: kind for kind in (str, int, float, bool, object, date, datetime)}


def _named(name: str) -> type:
    kind = _PLAIN_TYPES.get(name) or getattr(models, name, None)
    if kind is None:
        raise ValueError(f"response_type: {name!r} is not a model or a type that can be decoded")
    return kind


def _convert_list(value: Any, item_type: Any, path: str) -> list[Any]:
    if type(value) is not list:
        raise MismatchError(path, "an array", value)
    return [convert(item, item_type, f"{path}[{index}]") for index, item in enumerate(value)]


def _convert_dict(value: Any, item_type: Any, path: str) -> dict[str, Any]:
    if type(value) is not dict:
        raise MismatchError(path, "an object", value)
    return {key: convert(item, item_type, f"{path}.{key}") for key, item in value.items()}


def _convert_time(value: Any, kind: type, path: str) -> Any:
    if type(value) is str:
        from dateutil.parser import isoparse

        try:
            moment = isoparse(value)
        except ValueError:
            pass
        else:
            return moment.date() if kind is date else moment
    raise MismatchError(path, f"a {kind.__name__} as RFC 3339", value)


def _convert_model(value: Any, model: type[Model], path: str) -> Model:
    if type(value) is not dict:
        raise MismatchError(path, f"a {model.__name__}", value)
    fields = model._fields
    unknown = value.keys() - fields.keys()
    aside = {key: value.pop(key) for key in list(value) if key in unknown} if unknown else None
    for key, item in value.items():
        value[key] = convert(item, fields[key].swagger_type, f"{path}.{key}" if path else key)
    if aside:
        value["additional_properties"] = aside
    made = model.__new__(model)
    set_values(made, value)
    return made


set_values = Model.__dict__["__dict__"].__set__
"""Gives an instance its dict of values as it is: not copied, not looked at by the guard against misspelt names."""


def _holds_something(value: Any) -> bool:
    return bool(value.__dict__) if isinstance(value, Model) else value is not None
