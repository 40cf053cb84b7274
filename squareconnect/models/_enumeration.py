"""What every enumeration shares."""

from __future__ import annotations

from typing import ClassVar

from squareconnect.models._model import Model


class Enumeration(Model):
    """Text values that have a meaning for Square. New ones are added: a field can hold a value that is not here."""

    values: ClassVar[tuple[str, ...]] = ()
    """The values known here."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.values = tuple(value for name, value in vars(cls).items() if name.isupper())
