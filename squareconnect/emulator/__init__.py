"""A local Square: the Customers API over real HTTP, for tests, demonstrations and work without a network."""

try:
    from squareconnect.emulator.server import Emulator
except ModuleNotFoundError as error:
    raise ImportError(
        "The emulator's libraries are missing: install the extra squareconnect[emulator], from a clone of the "
        "repository with: pip install '.[emulator]'"
    ) from error

__all__ = ["Emulator"]
