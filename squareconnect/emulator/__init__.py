"""A local Square: the Customers API over real HTTP, for tests, demonstrations and work without a network."""

try:
    from squareconnect.emulator.server import Emulator
except ModuleNotFoundError as error:
    raise ImportError("The emulator's libraries are missing: pip install squareconnect[emulator]") from error

__all__ = ["Emulator"]
