"""A local Square: the Customers API over real HTTP, for tests, demonstrations and work without a network."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from squareconnect.emulator.server import Emulator as Emulator
    from squareconnect.emulator.testcase import EmulatorTestCase as EmulatorTestCase

__all__ = ["Emulator", "EmulatorTestCase"]

_MODULES = {"Emulator": "server", "EmulatorTestCase": "testcase"}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    except ModuleNotFoundError as error:
        raise ImportError(
            "The emulator's library h11 is missing: install the extra squareconnect[emulator], from a clone of the "
            "repository with: pip install '.[emulator]'"
        ) from error
