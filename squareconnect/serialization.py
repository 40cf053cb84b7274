"""Convert models to JSON and JSON to models: pure functions, no client, no socket.

The encoder is :func:`encode`, and the decoder is :meth:`Types.decode`. Both know our models, which are decoded without
copying, and all other Swagger models: classes with ``swagger_types`` and ``attribute_map``, as ``swagger-codegen``
makes them.

The standard library parses JSON. With the extra ``fast``, msgspec parses it, and the standard library parses only what
msgspec refuses. The same inputs are therefore refused, with the same messages, with or without the extra.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from squareconnect import models
from squareconnect.models._model import Model
from squareconnect.models._null import NULL

if TYPE_CHECKING:
    from collections.abc import Callable

# -- Models to JSON -------------------------------------------------------------------------------------------------


def wire_form(value: Any) -> Any:
    """Convert a value that the JSON encoder does not know to one that it knows, one level deep.

    :raises TypeError: for a value that JSON cannot represent.
    """
    if isinstance(value, Model):
        values = {key: item for key, item in value.__dict__.items() if item is not None}
        return {**values.pop("additional_properties"), **values} if "additional_properties" in values else values
    if value is NULL:
        return None
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    from uuid import UUID

    if isinstance(value, UUID):
        return str(value)
    if _is_swagger_model(value):
        values = {value.attribute_map[name]: getattr(value, name) for name in value.swagger_types}
        return {key: item for key, item in values.items() if item is not None}
    raise TypeError(
        f"body contains a {type(value).__name__}, which JSON cannot represent; pass a model, dict, list, str, number "
        "or bool"
    )


def _is_swagger_model(described: Any) -> bool:
    return all(isinstance(getattr(described, name, None), Mapping) for name in ("swagger_types", "attribute_map"))


_encoder = json.JSONEncoder(default=wire_form, allow_nan=False, separators=(",", ":"))


def encode(body: Any) -> bytes:
    """Return the JSON text of a request body.

    A model is sent without its Nones, a dict with them, as in 2.x. ``NULL`` is sent as ``null``.

    :raises TypeError: for a value that JSON cannot represent.
    :raises ValueError: for NaN, an infinity, or a body that contains itself or is nested too deeply.
    """
    try:
        return _encoder.encode(body).encode()
    except RecursionError:
        problem = "it is nested too deeply"
    except ValueError as error:
        problem = str(error)
    raise ValueError(f"body cannot be sent as JSON: {problem}")


def sanitize(value: Any) -> Any:
    """Return the value that :func:`encode` would encode, as dicts, lists and plain values."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return type(value)(map(sanitize, value)) if type(value) is tuple else [sanitize(item) for item in value]
    form = dict(value) if isinstance(value, dict) else wire_form(value)
    if not isinstance(form, dict):
        return sanitize(form)
    for key, item in form.items():
        if type(item) is not str:
            form[key] = sanitize(item)
    return form


# -- Parsing --------------------------------------------------------------------------------------------------------


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits} is out of range")
    return number


_parser = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)


def parse_with_standard_library(content: bytes) -> Any:
    """Parse JSON like :func:`parse`, without msgspec."""
    try:
        return _parser.decode(content.decode("utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "utf-8"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


@cache
def fast_parser() -> Callable[[bytes], Any] | None:
    """Return msgspec's parser, or None without msgspec 0.22 or later (earlier ones read large integers as floats)."""
    try:
        import msgspec
    except ImportError:
        return None
    version = tuple(int(part) for part in msgspec.__version__.split(".")[:2])
    return msgspec.json.Decoder().decode if version >= (0, 22) else None


def parse(content: bytes) -> Any:
    """Parse a JSON text in UTF-8, with or without a byte order mark.

    :raises ValueError: for bytes that are not UTF-8, text that is not JSON (NaN and infinities are not), numbers out
        of range, and values nested too deeply.
    """
    if parser := fast_parser():
        try:
            return parser(content)
        except (ValueError, RecursionError):
            pass
    return parse_with_standard_library(content)


def read_json(content: bytes, read: Reader) -> Any:
    """Parse a JSON text and convert it with a reader. Null fits every type: see :func:`missing_field`.

    :raises ValueError: if the text is not JSON, or not of the reader's type. The message says why.
    """
    try:
        parsed = parse(content)
    except ValueError as error:
        raise ValueError(f"the body is not JSON: {error}") from None
    try:
        return None if parsed is None else read(parsed)
    except RecursionError:
        raise ValueError("the body is nested too deeply") from None


# -- JSON to models -------------------------------------------------------------------------------------------------


class MismatchError(ValueError):
    """A JSON value does not have the expected type."""

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


Reader: TypeAlias = "Callable[[Any], Any]"
"""Converts a parsed JSON value to a type. It consumes the value: its dicts become the models' attributes."""

Lookup: TypeAlias = "Callable[[str], Any]"
"""Returns the object with a name in one place, or None."""

_PLAIN_TYPES = {kind.__name__: kind for kind in (str, int, float, bool, object, date, datetime)}
_NAMED_TYPES = {**_PLAIN_TYPES, "long": int}


class Types:
    """The types that JSON can be decoded as: plain types, our models, and models of other sources.

    :param sources: a module of Swagger models, its name, a mapping of names to such classes, or a list of these. A name
        that our models have too means ours. A name used in a source's model is looked up in that source first, then in
        our models, then in the other sources.
    :raises TypeError: for a source of another kind.
    """

    def __init__(self, sources: Any = None) -> None:
        sources = () if sources is None else sources
        self._sources = list(sources) if isinstance(sources, (list, tuple)) else [sources]
        self._lookups = [_lookup_in(source) for source in self._sources]
        self._readers: dict[tuple[Any, Lookup], Reader] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        names = [source.__name__ if isinstance(source, ModuleType) else source for source in self._sources]
        return Types, (names,)

    def check(self, swagger_type: Any) -> None:
        """Refuse a type that :meth:`decode` does not support.

        :raises ValueError: for an unknown type.
        """
        self.reader(swagger_type)

    def reader(self, swagger_type: Any) -> Reader:
        """Return the function that converts a parsed value to a type; see :meth:`decode`.

        :raises ValueError: for an unknown type.
        """
        try:
            return self._reader(swagger_type)
        except TypeError:  # An unhashable value.
            raise _unknown(swagger_type) from None

    def decode(self, content: bytes, swagger_type: Any) -> Any:
        """Decode a JSON text as a type. Null fits every type: see :func:`missing_field`.

        :param swagger_type: a model's class, or a name as in ``swagger_types``: of a model, ``str``, ``int``,
            ``float``, ``bool``, ``object``, ``date``, ``datetime``, ``list[TYPE]`` or ``dict(str, TYPE)``.
        :raises ValueError: if the text is not JSON, or not of that type. The message says why.
        """
        return read_json(content, self.reader(swagger_type))

    def _reader(self, swagger_type: Any, home: Lookup | None = None) -> Reader:
        """Return the reader of a type. It is created at its first use.

        :param home: where names are looked up first.
        """
        home = home or _our_model
        try:
            return self._readers[swagger_type, home]
        except KeyError:
            reader = self._readers[swagger_type, home] = self._new_reader(swagger_type, home)
            return reader

    def _new_reader(self, swagger_type: Any, home: Lookup) -> Reader:
        if isinstance(swagger_type, str):
            if swagger_type.startswith("list["):
                return _list_reader(self._reader(swagger_type[5:-1], home))
            if swagger_type.startswith("dict("):
                return _dict_reader(self._reader(swagger_type[5:-1].partition(",")[2].strip(), home))
            kind, home = self._find(swagger_type, home)
        else:
            kind, home = swagger_type, self._home_of(swagger_type)
        if kind in _PLAIN_TYPES.values():
            return _plain_reader(kind) if home is _our_model else _converting_reader(kind)
        if isinstance(kind, type) and issubclass(kind, Model):
            return _model_reader(kind, self._reader)
        if described := _described(kind):
            return _foreign_reader(kind, described, lambda name: self._reader(name, home))
        raise _unknown(swagger_type)

    def _find(self, name: str, home: Lookup) -> tuple[Any, Lookup]:
        """Return the type with a name, and the lookup for names used in it."""
        if name in _NAMED_TYPES:
            return _NAMED_TYPES[name], home
        for lookup in (home, _our_model, *self._lookups):
            if _described(found := lookup(name)):
                return found, lookup
        raise _unknown(name)

    def _home_of(self, model: Any) -> Lookup:
        """Return the lookup for names used in a class: its source, or else the module and package that define it."""
        if model in _PLAIN_TYPES.values() or not isinstance(model, type) or issubclass(model, Model):
            return _our_model
        return next(
            (each for each in self._lookups if each(model.__name__) is model),
            _lookup_in_module_and_package(model.__module__),
        )


def _lookup_in(source: Any) -> Lookup:
    if isinstance(source, str):
        source = import_module(source)
    if isinstance(source, Mapping):
        return lambda name: source.get(name)
    if isinstance(source, ModuleType):
        return lambda name: getattr(source, name, None)
    raise TypeError(
        f"models must be a module of Swagger models, a mapping of them, or a list of these, not {type(source).__name__}"
    )


def _our_model(name: str) -> Any:
    return getattr(models, name) if name in models.__all__ else None


@cache
def _lookup_in_module_and_package(module: str) -> Lookup:
    modules = [sys.modules.get(name) for name in (module, module.rpartition(".")[0])]
    return lambda name: next((found for each in modules if (found := getattr(each, name, None))), None)


def _described(kind: Any) -> Any:
    """Return the object that describes a Swagger model's fields: the class, or an instance for 2.x's models."""
    if isinstance(kind, type) and not hasattr(kind, "swagger_types"):
        try:
            kind = kind()
        except Exception:
            return None
    return kind if _is_swagger_model(kind) else None


def _unknown(swagger_type: Any) -> ValueError:
    return ValueError(
        f"response_type: {swagger_type!r} is neither a model nor another type that can be decoded; pass the module of "
        "other Swagger models as ApiClient(models=...)"
    )


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


def _converting_reader(kind: type) -> Reader:
    """Return the reader of a plain field of a foreign model. It converts values of other types, as in 2.x."""
    read_exactly = _plain_reader(kind)

    def read(value: Any) -> Any:
        try:
            return read_exactly(value)
        except MismatchError:
            if kind in (date, datetime):
                raise
        try:
            return kind(value)
        except TypeError:
            return value
        except ValueError:
            raise MismatchError(f"of type {kind.__name__}", value) from None

    return read


def _time(value: Any, kind: type) -> Any:
    from dateutil.parser import isoparse

    try:
        moment = isoparse(value)
    except (ValueError, TypeError):
        raise MismatchError(f"a {kind.__name__} as RFC 3339", value) from None
    return moment.date() if kind is date else moment


def _list_reader(read_item: Reader) -> Reader:
    def read(value: Any) -> Any:
        if value is None:
            return None
        if type(value) is not list:
            raise MismatchError("an array", value)
        index = 0
        try:
            for index, item in enumerate(value):
                value[index] = read_item(item)
        except MismatchError as mismatch:
            mismatch.path.append(f"[{index}]")
            raise
        return value

    return read


def _dict_reader(read_item: Reader) -> Reader:
    def read(value: Any) -> Any:
        if value is None:
            return None
        if type(value) is not dict:
            raise MismatchError("an object", value)
        key = ""
        try:
            for key, item in value.items():
                value[key] = read_item(item)
        except MismatchError as mismatch:
            mismatch.path.append("." + key)
            raise
        return value

    return read


_set_values = Model.__dict__["__dict__"].__set__
"""Sets a dict as an instance's ``__dict__``, without copying it and without the check for misspelt names."""


def _model_reader(model: type[Model], reader_of: Callable[[str], Reader]) -> Reader:
    readers = {name: reader_of(kind) for name, kind in model.swagger_types.items()}
    kind_of = {name: _PLAIN_TYPES.get(kind) for name, kind in model.swagger_types.items()}.get
    new = model.__new__

    def read(value: Any) -> Any:
        if type(value) is not dict:
            raise MismatchError(f"a {model.__name__}", value)
        unknown: list[str] = []
        key = ""
        try:
            for key, item in value.items():
                if type(item) is kind_of(key):
                    continue
                if key not in readers:
                    unknown.append(key)
                elif item is not None:
                    value[key] = readers[key](item)
        except MismatchError as mismatch:
            mismatch.path.append("." + key)
            raise
        if unknown:
            value["additional_properties"] = {key: value.pop(key) for key in unknown}
        made = new(model)
        _set_values(made, value)
        return made

    return read


def _foreign_reader(model: type, described: Any, reader_of: Callable[[str], Reader]) -> Reader:
    """Return the reader of another source's model. Its fields' readers are looked up later: types can be recursive."""
    fields = [(name, described.attribute_map[name], kind) for name, kind in described.swagger_types.items()]

    def read(value: Any) -> Any:
        if value is None:
            return None
        if type(value) is not dict:
            raise MismatchError(f"a {model.__name__}", value)
        if child := _child_of(model, value):
            return reader_of(child)(value)
        values, key = {}, ""
        try:
            for name, key, kind in fields:
                if key in value:
                    values[name] = reader_of(kind)(value[key])
        except MismatchError as mismatch:
            mismatch.path.append("." + key)
            raise
        try:
            return model(**values)
        except (TypeError, ValueError) as error:  # A class can check its values.
            raise MismatchError(f"what {model.__name__} accepts ({error})", value) from None

    return read


def _child_of(model: Any, value: dict[str, Any]) -> str | None:
    """Return the name of the subclass that a value's discriminator names, or None if it names the model itself."""
    with suppress(AttributeError, KeyError):
        name: str | None = model.__new__(model).get_real_child_model(value)
        return None if name == model.__name__ else name
    return None


def missing_field(value: Any) -> str | None:
    """Return the first required field that is missing in one of our models, or None."""
    if isinstance(value, Model):
        for name in value._required:
            if not _has_value(getattr(value, name)):
                return name
    return None


def _has_value(value: Any) -> bool:
    if not isinstance(value, Model):
        return value is not None
    for name in value._fields:  # noqa: SIM110 (a generator takes three times as long)
        if getattr(value, name) is not None:
            return True
    return False


# -- For clients without other sources ------------------------------------------------------------------------------

_default_types = Types()
decode = _default_types.decode

LONGEST_ERRORS = 256 * 1024
"""The maximum size, in bytes, of an error body that is searched for errors. Square's have a few hundred."""


def decode_errors(content: bytes) -> list[models.Error]:
    """Return the errors in the body of an error answer. The list is empty if the body is too large or not Square's."""
    if len(content) > LONGEST_ERRORS:
        return []
    errors: Any = None
    with suppress(ValueError):
        body = parse(content)
        errors = body.get("errors") if isinstance(body, dict) else None
    return list(_readable_errors(errors)) if isinstance(errors, list) else []


def _readable_errors(errors: list[Any]) -> Any:
    read = _default_types._reader("Error")
    for error in errors:
        if isinstance(error, dict):
            with suppress(MismatchError):
                yield read(error)
