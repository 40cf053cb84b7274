"""The base class of all enumerations."""

from __future__ import annotations

from typing import ClassVar

from squareconnect.models._model import Model


class Enumeration(Model):
    """The known text values of a field. Square adds new ones: a field can have a value that is not listed."""

    values: ClassVar[tuple[str, ...]] = ()
    """The values that this class lists."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.values = tuple(value for name, value in vars(cls).items() if name.isupper())
