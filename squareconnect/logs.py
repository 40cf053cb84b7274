"""Log handlers for Configurations that ask for them. Without such a Configuration, this package adds no handler.

Configurations with the same destination share one handler, which is removed with the last of them. A Configuration may
be garbage-collected at any moment, even while its thread holds one of logging's locks. Its clean-up therefore never
waits for a lock.
"""

from __future__ import annotations

import logging
import os
import threading
import weakref
from pathlib import Path
from typing import NamedTuple

NAMES = {"package_logger": "squareconnect", "urllib3_logger": "urllib3"}
"""The loggers by their keys in ``Configuration.logger``."""

STREAM = ""
"""The destination that means standard error. Every other destination is the absolute path of a file."""


class _LogRequest(NamedTuple):
    destinations: frozenset[str]
    line_format: str


_requests: dict[int, _LogRequest] = {}
"""The request of each Configuration, by its id."""
_handlers: dict[str, logging.Handler] = {}
_levels_before: dict[logging.Logger, int] = {}
"""The levels that the loggers had before they were set to DEBUG."""
_lock = threading.Lock()


def follow(configuration: object, debug: bool, file: str | None, line_format: str) -> None:
    """Send log lines where a Configuration asks, as long as it exists.

    :param debug: whether to log to standard error, from level DEBUG on.
    :param file: the path of a file to append to, or None.
    :param line_format: the format of a line. If Configurations share a destination, one of their formats applies.
    :raises ValueError: for a file that cannot be opened. Nothing changes then.
    """
    key = id(configuration)
    destinations = frozenset(([STREAM] if debug else []) + ([_destination_of(file)] if file else []))
    if not destinations and key not in _requests:
        return
    with _lock:
        try:
            for destination in destinations - _handlers.keys():
                _open(destination)
        except OSError as error:
            raise ValueError(f"logger_file cannot be opened: {error}") from None
        else:
            if key not in _requests:
                weakref.finalize(configuration, _withdraw, key)
            _requests[key] = _LogRequest(destinations, line_format)
        finally:
            _update_handlers()


def handler_of(file: str | None) -> logging.Handler | None:
    """Return the handler for a file, or for standard error. Return None if no Configuration asks for it."""
    return _handlers.get(_destination_of(file) if file else STREAM)


def _destination_of(file: str) -> str:
    return str(Path(file).absolute())


def _loggers() -> list[logging.Logger]:
    return [logging.getLogger(name) for name in NAMES.values()]


def _open(destination: str) -> None:
    handler = logging.FileHandler(destination, encoding="utf-8") if destination else logging.StreamHandler()
    _handlers[destination] = handler
    for logger in _loggers():
        logger.addHandler(handler)


def _withdraw(key: int) -> None:
    _requests.pop(key, None)
    if _lock.acquire(blocking=False):  # If another thread holds the lock, it checks again before it releases it.
        try:
            _update_handlers()
        finally:
            _lock.release()


def _update_handlers() -> None:
    """Close handlers that no Configuration asks for any more, and set formats and levels."""
    handled = None
    while handled != _requests:
        handled = _requests.copy()
        for destination, handler in list(_handlers.items()):
            formats = [request.line_format for request in handled.values() if destination in request.destinations]
            if formats:
                handler.setFormatter(logging.Formatter(formats[-1]))
            else:
                _close(destination, handler)
        _set_levels(debug=any(STREAM in request.destinations for request in handled.values()))


def _close(destination: str, handler: logging.Handler) -> None:
    _handlers.pop(destination, None)
    for logger in _loggers():
        logger.removeHandler(handler)
    handler.close()


def _set_levels(*, debug: bool) -> None:
    for logger in _loggers():
        if debug and logger not in _levels_before:
            _levels_before[logger] = logger.level
            logger.setLevel(logging.DEBUG)
        elif not debug and logger in _levels_before:
            level = _levels_before.pop(logger)
            if logger.level == logging.DEBUG:
                logger.setLevel(level)


def _reset_after_fork() -> None:
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)
