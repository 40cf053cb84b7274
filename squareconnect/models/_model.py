"""The base class of all models.

A model class is a list of fields, one line each::

    class Customer(Model):
        id: str | None = prop("Square's identifier for the customer.", required=True)
        cards: list[Card] | None = prop("The cards on file.")

Everything else is derived from that list once, when the class is created: ``swagger_types``, ``attribute_map``, the
constructor's signature, the text of ``help()``, the decoder's plan and the page under ``docs/``.

An instance keeps its values in its ``__dict__`` and nowhere else. A field that was never set is absent there, and reads
as the class attribute ``None``. An attribute is therefore as fast as a plain attribute, and a decoded JSON object
becomes a model without being copied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from squareconnect._text import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator
    from inspect import Signature

    from typing_extensions import Self, dataclass_transform
else:

    def dataclass_transform(**_):
        return lambda cls: cls


class Field(NamedTuple):
    """One field of a model. Its JSON key is its attribute's name."""

    name: str
    swagger_type: str
    """``str``, ``int``, ``bool``, a model's name, or ``list[NAME]`` with a model's name."""
    description: str
    required: bool


class _Prop(NamedTuple):
    description: str
    required: bool


def prop(description: str, *, required: bool = False) -> Any:
    """Declare a model's field.

    :param description: what the field contains, with its form, unit or limit.
    :param required: whether Square always sends it or, in a request, requires it. A model can still be made without
        it, as in 2.x.
    """
    return _Prop(description, required)


class _LazySignature:
    """The constructor's signature, created when the class is inspected."""

    def __get__(self, instance: object, owner: type[Model]) -> Signature:
        from inspect import Parameter, Signature

        return Signature([Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=None) for name in owner._fields])


class _AdditionalProperties:
    """Makes a dict for each instance at its first use."""

    def __get__(self, instance: Model | None, owner: type[Model]) -> Any:
        return self if instance is None else instance.__dict__.setdefault("additional_properties", {})


@dataclass_transform(kw_only_default=False)  # jedi overlooks an empty call
class Model:
    """The base class of all models.

    Fields are passed by position or keyword. Each is None until it is set. A misspelt name raises ``TypeError`` in the
    constructor and ``AttributeError`` in an assignment. The message suggests the most similar name.
    """

    swagger_types: ClassVar[dict[str, str]] = {}
    """The type of each field by attribute name, in the constructor's order."""

    attribute_map: ClassVar[dict[str, str]] = {}
    """The JSON key of each field by attribute name. Both are always the same."""

    additional_properties: ClassVar[dict[str, Any]] = _AdditionalProperties()  # type: ignore[assignment]
    """Values that the server sent under unknown keys. They are sent again with the model."""

    _fields: ClassVar[dict[str, Field]] = {}
    _required: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        own = {
            name: Field(name, cls.__annotations__[name].removesuffix(" | None"), *declared)
            for name, declared in vars(cls).items()
            if isinstance(declared, _Prop)
        }
        if own and cls.__doc__:
            margin = "    " if "\n    " in cls.__doc__ else ""  # Python 3.13 removes the margin.
            described = (f"{margin}:param {name}: {field.description}" for name, field in own.items())
            cls.__doc__ = "\n".join([cls.__doc__.rstrip(), "", *described])
        cls._fields = cls._fields | own
        cls._required = tuple(name for name, field in cls._fields.items() if field.required)
        cls.swagger_types = {name: field.swagger_type for name, field in cls._fields.items()}
        cls.attribute_map = {name: name for name in cls._fields}
        for name in cls._fields:
            setattr(cls, name, None)

    if not TYPE_CHECKING:  # A checker that saw this constructor would accept any argument.
        __signature__ = _LazySignature()

        def __init__(self, *args: Any, **values: Any) -> None:
            fields = self._fields
            if args:
                named = dict(zip(fields, args, strict=False))
                if len(args) > len(fields) or named.keys() & values.keys():
                    self.__signature__.bind(*args, **values)  # raises Python's own message
                values |= named
            if not values.keys() <= fields.keys():
                name = next(name for name in values if name not in fields)
                message = f"{type(self).__name__}.__init__() got an unexpected keyword argument '{name}'"
                raise TypeError(message + did_you_mean(name, fields))
            self.__dict__.update(values)

        def __setattr__(self, name: str, value: Any) -> None:
            if name not in self._fields and name != "additional_properties":
                message = f"{type(self).__name__} has no field '{name}'"
                raise AttributeError(message + did_you_mean(name, self._fields))
            self.__dict__[name] = value

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "swagger_types" in state:
            from squareconnect.legacy import values_of

            state = values_of(state)
        self.__dict__.update(state)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields by attribute name, in the constructor's order. Nones are kept; models become dicts."""
        return {name: _plain(getattr(self, name)) for name in self._fields}

    def to_str(self) -> str:
        """Return :meth:`to_dict` pretty-printed."""
        from pprint import pformat

        return pformat(self.to_dict())

    def __repr__(self) -> str:
        parts = [f"{name}={value!r}" for name, value in self.__rich_repr__()]
        line = f"{type(self).__name__}({', '.join(parts)})"
        if len(line) <= _WIDTH and "\n" not in line:
            return line
        lines = "".join(f"    {part.replace(chr(10), chr(10) + '    ')},\n" for part in parts)
        return f"{type(self).__name__}(\n{lines})"

    def __rich_repr__(self) -> Iterator[tuple[str, Any]]:
        """Yield the model's values by name, without Nones, for ``repr`` and ``rich``."""
        present = _present(self)
        for name in (*self._fields, "additional_properties"):
            if name in present:
                yield name, present[name]

    def _repr_html_(self) -> str:
        """Return a table for notebooks."""
        rows = "".join(
            f"<tr><th style='text-align:left'>{name}</th><td style='text-align:left'>{_html(value)}</td></tr>"
            for name, value in self.__rich_repr__()
        )
        return f"<table><caption>{type(self).__name__}</caption>{rows}</table>"

    def __replace__(self, /, **changes: Any) -> Self:
        """Return a copy with some values changed, for ``copy.replace`` of Python 3.13."""
        type(self)(**changes)  # refuses misspelt names
        twin = type(self).__new__(type(self))
        twin.__dict__.update(self.__dict__, **changes)
        if self.additional_properties:
            twin.additional_properties = dict(self.additional_properties)  # type: ignore[misc]
        return twin

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Let pydantic, and therefore FastAPI, read and write this model."""
        from squareconnect.models._pydantic import core_schema_of

        return core_schema_of(cls, handler)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> Any:
        """Describe this model in a JSON schema."""
        from squareconnect.models._pydantic import json_schema_of

        return json_schema_of(cls, schema, handler)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return _present(self) == _present(other)


_WIDTH = 100
"""The maximum length of a model's ``repr`` on one line."""


def _present(model: Model) -> dict[str, Any]:
    """Return the values that count when models are compared: without Nones and empty additional properties."""
    return {
        name: value
        for name, value in model.__dict__.items()
        if value is not None and not (name == "additional_properties" and not value)
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return value.to_dict()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _html(value: Any) -> str:
    from html import escape

    if isinstance(value, Model):
        return value._repr_html_()
    if isinstance(value, list):
        return "".join(_html(item) for item in value)
    return escape(value if isinstance(value, str) else repr(value))
