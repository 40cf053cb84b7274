"""Where log lines go when a Configuration asks for it. Until one does, this package adds no handler anywhere."""

from __future__ import annotations

import logging
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from squareconnect.configuration import Configuration

NAMES = {"package_logger": "squareconnect", "urllib3_logger": "urllib3"}
"""The loggers by their keys in ``Configuration.logger``."""


class Handlers:
    """The handlers of one Configuration."""

    def __init__(self) -> None:
        self.stream: logging.Handler | None = None
        self.file: logging.Handler | None = None
        self.path: str | None = None

    def follow(self, debug: bool, file: str | None, line_format: str) -> None:
        """Add and remove handlers until they are what the three settings say."""
        if debug != (self.stream is not None):
            old, self.stream = self.stream, logging.StreamHandler() if debug else None
            _replace(old, self.stream)
            _set_debugging(self, debug)
        if file != self.path:
            old, self.file = self.file, logging.FileHandler(file, encoding="utf-8") if file else None
            _replace(old, self.file)
            self.path = file
        for handler in (self.stream, self.file):
            if handler:
                handler.setFormatter(logging.Formatter(line_format))


_of: weakref.WeakKeyDictionary[Configuration, Handlers] = weakref.WeakKeyDictionary()
_debugging: set[Handlers] = set()
_levels_before: dict[logging.Logger, int] = {}


def follow(configuration: Configuration) -> None:
    """Make the handlers of a Configuration be what its settings say, for as long as it lives."""
    settings = configuration.__dict__
    debug, file = settings.get("debug", False), settings.get("logger_file")
    if configuration not in _of:
        if not debug and not file:
            return
        _of[configuration] = Handlers()
        weakref.finalize(configuration, _of[configuration].follow, False, None, "")
    _of[configuration].follow(debug, file, settings["logger_format"])


def handlers(configuration: Configuration) -> Handlers:
    """Give the handlers of a Configuration: none, if it asks for none."""
    return _of.get(configuration) or Handlers()


def _loggers() -> list[logging.Logger]:
    return [logging.getLogger(name) for name in NAMES.values()]


def _replace(old: logging.Handler | None, new: logging.Handler | None) -> None:
    for logger in _loggers():
        if old:
            logger.removeHandler(old)
        if new:
            logger.addHandler(new)
    if old:
        old.close()


def _set_debugging(handlers: Handlers, debug: bool) -> None:
    if debug and not _debugging:
        _levels_before.update((logger, logger.level) for logger in _loggers())
    (_debugging.add if debug else _debugging.discard)(handlers)
    for logger in _loggers():
        logger.setLevel(logging.DEBUG if _debugging else _levels_before[logger])
