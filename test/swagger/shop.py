"""Models as the generators of other Swagger SDKs write them, in the three common forms.

``Money`` and ``Order`` describe their fields in each instance and keep values in private attributes, as Square's 2.x
did. ``Pet``, ``Cat`` and ``Strict`` describe their fields in the class. A ``Pet`` names its subclass, and ``Strict``
checks its values. ``Bare`` has plain attributes.
"""

from __future__ import annotations

from typing import Any, ClassVar


class Money:
    def __init__(self, amount: int | None = None, currency: str | None = None) -> None:
        self.swagger_types = {"amount": "int", "currency": "str"}
        self.attribute_map = {"amount": "amount", "currency": "currencyCode"}
        self._amount = amount
        self._currency = currency

    @property
    def amount(self) -> int | None:
        return self._amount

    @property
    def currency(self) -> str | None:
        return self._currency


class Customer:
    """A model with the same name as one of ours."""

    def __init__(self, nick: str | None = None) -> None:
        self.swagger_types = {"nick": "str"}
        self.attribute_map = {"nick": "nick"}
        self.nick = nick


class Order:
    def __init__(self, **values: Any) -> None:
        self.swagger_types = {
            "id": "str",
            "count": "long",
            "total": "Money",
            "taxes": "list[Money]",
            "by_currency": "dict(str, Money)",
            "ordered_at": "datetime",
            "due_on": "date",
            "extra": "object",
            "weight": "float",
            "paid": "bool",
            "customer": "Customer",
            "address": "Address",
            "parts": "list[Order]",
            "pet": "Pet",
        }
        self.attribute_map = {name: name for name in self.swagger_types} | {"ordered_at": "orderedAt"}
        for name in self.swagger_types:
            setattr(self, name, values.get(name))


class Pet:
    swagger_types: ClassVar[dict[str, str]] = {"kind": "str"}
    attribute_map: ClassVar[dict[str, str]] = {"kind": "kind"}
    children: ClassVar[dict[str, str]] = {"cat": "Cat", "pet": "Pet"}

    def __init__(self, kind: str | None = None) -> None:
        self.kind = kind

    def get_real_child_model(self, data: dict[str, Any]) -> str | None:
        return self.children.get(data["kind"])


class Cat(Pet):
    swagger_types: ClassVar[dict[str, str]] = {"kind": "str", "lives": "int"}
    attribute_map: ClassVar[dict[str, str]] = {"kind": "kind", "lives": "lives"}

    def __init__(self, kind: str | None = None, lives: int | None = None) -> None:
        super().__init__(kind)
        self.lives = lives


class Strict:
    swagger_types: ClassVar[dict[str, str]] = {"name": "str"}
    attribute_map: ClassVar[dict[str, str]] = {"name": "name"}

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            raise ValueError("Invalid value for `name`, must not be `None`")
        self.name = name


class Bare:
    swagger_types: ClassVar[dict[str, str]] = {"note": "str"}
    attribute_map: ClassVar[dict[str, str]] = {"note": "note"}

    def __init__(self, note: str | None = None) -> None:
        self.note = note


class Unfit:
    """Not a model: it cannot be created without arguments."""

    def __init__(self, needed: int) -> None:
        self.needed = needed
