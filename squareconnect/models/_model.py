"""What every model shares.

A model class is a list of fields, one line each::

    class Customer(Model):
        id: str | None = prop("Square's identifier for the customer.", required=True)
        cards: list[Card] | None = prop("The cards on file.")

Everything else is derived from that list once, when the class is made: ``swagger_types``, ``attribute_map``, the
constructor's signature, the decoder's plan and the page under ``docs/``.

An instance keeps its values in its ``__dict__`` and nothing else: a field that was never set is absent there and
reads as the class attribute ``None``. So an attribute costs what a plain attribute costs, and a decoded JSON object
becomes a model without being copied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from squareconnect._text import did_you_mean as did_you_mean

if TYPE_CHECKING:
    from inspect import Signature

    from typing_extensions import dataclass_transform
else:

    def dataclass_transform():
        return lambda cls: cls


class Field(NamedTuple):
    """One field of a model. Its JSON key is its attribute's name."""

    name: str
    swagger_type: str
    """``str``, ``int``, ``bool``, a model's name, or ``list[NAME]`` of a model's."""
    description: str
    required: bool


class _Prop(NamedTuple):
    description: str
    required: bool


def prop(description: str, *, required: bool = False) -> Any:
    """Declare a model's field.

    :param description: what the field holds, with its form, unit or limit.
    :param required: whether Square always gives it or, in a request, demands it. It documents: a model can be made
        without it, as in 2.x.
    """
    return _Prop(description, required)


class _LazySignature:
    """The constructor's signature, made when somebody inspects the class."""

    def __get__(self, instance: object, owner: type[Model]) -> Signature:
        from inspect import Parameter, Signature

        return Signature([Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=None) for name in owner._fields])


class _AdditionalProperties:
    """Gives each instance a dict of its own when it is first asked for."""

    def __get__(self, instance: Model | None, owner: type[Model]) -> Any:
        return self if instance is None else instance.__dict__.setdefault("additional_properties", {})


@dataclass_transform()
class Model:
    """The base of every model.

    Fields are given by position or keyword; each is None until it is set. A name that is no field's is refused, in
    the constructor (TypeError) and in an assignment (AttributeError), with the nearest right one.
    """

    swagger_types: ClassVar[dict[str, str]] = {}
    """The type of each field by attribute name, in the constructor's order."""

    attribute_map: ClassVar[dict[str, str]] = {}
    """The JSON key of each field by attribute name: always the same text."""

    additional_properties: ClassVar[dict[str, Any]] = _AdditionalProperties()  # type: ignore[assignment]
    """What the server sent under keys that are no fields of the model. Sent along if the model is."""

    _fields: ClassVar[dict[str, Field]] = {}

    def __init_subclass__(cls) -> None:
        cls._fields = cls._fields | {
            name: Field(name, cls.__annotations__[name].removesuffix(" | None"), *declared)
            for name, declared in vars(cls).items()
            if isinstance(declared, _Prop)
        }
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
        """Give every field by attribute name, in the constructor's order; Nones are kept, models become dicts."""
        return {name: _plain(getattr(self, name)) for name in self._fields}

    def to_str(self) -> str:
        """Give :meth:`to_dict` pretty-printed."""
        from pprint import pformat

        return pformat(self.to_dict())

    def __repr__(self) -> str:
        return self.to_str()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return _present(self) == _present(other)


def _present(model: Model) -> dict[str, Any]:
    """Give what tells a model from an empty one: None and no additional properties are as good as absent."""
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
