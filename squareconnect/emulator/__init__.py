"""A local Square: the Customers API over real HTTP, for tests, demonstrations and work without a network.

`Emulator` is imported when it is first used: the rules of a request can be read without the extra's libraries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from squareconnect.emulator.server import Emulator as Emulator

__all__ = ["Emulator"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from squareconnect.emulator.server import Emulator
    except ModuleNotFoundError as error:
        raise ImportError(
            "The emulator's libraries are missing: install the extra squareconnect[emulator], from a clone of the "
            "repository with: pip install '.[emulator]'"
        ) from error
    globals()[name] = Emulator
    return Emulator
