"""A local Square: the Customers API over real HTTP, for tests, demonstrations and work without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

try:
    from squareconnect.emulator.server import Emulator
except ModuleNotFoundError as error:
    raise ImportError(
        "The emulator's libraries are missing: install the extra squareconnect[emulator], from a clone of the "
        "repository with: pip install '.[emulator]'"
    ) from error

if TYPE_CHECKING:
    from squareconnect.emulator.testcase import EmulatorTestCase as EmulatorTestCase

__all__ = ["Emulator", "EmulatorTestCase"]


def __getattr__(name: str) -> Any:
    if name != "EmulatorTestCase":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from squareconnect.emulator.testcase import EmulatorTestCase

    return EmulatorTestCase
