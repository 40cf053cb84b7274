"""Log handlers for Configurations that ask for them. Without such a Configuration, this package adds no handler.

Configurations that ask for the same place share one handler, which is removed with the last of them. A Configuration
may be garbage-collected at any moment, even while its thread holds one of logging's locks. Its clean-up therefore never
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
"""The place that means standard error. Every other place is the absolute path of a file."""


class _Wish(NamedTuple):
    places: frozenset[str]
    line_format: str


_wishes: dict[int, _Wish] = {}
"""The wish of each Configuration, by its id."""
_handlers: dict[str, logging.Handler] = {}
_levels_before: dict[logging.Logger, int] = {}
"""The levels that the loggers had before they were set to DEBUG."""
_lock = threading.Lock()


def follow(configuration: object, debug: bool, file: str | None, line_format: str) -> None:
    """Send log lines where a Configuration asks, as long as it exists.

    :param debug: whether to log to standard error, from level DEBUG on.
    :param file: the path of a file to append to, or None.
    :param line_format: the format of a line. If Configurations share a place, one of their formats applies.
    :raises ValueError: for a file that cannot be opened. Nothing changes then.
    """
    key = id(configuration)
    places = frozenset(([STREAM] if debug else []) + ([_place_of(file)] if file else []))
    if not places and key not in _wishes:
        return
    with _lock:
        try:
            for place in places - _handlers.keys():
                _open(place)
        except OSError as error:
            raise ValueError(f"logger_file cannot be opened: {error}") from None
        else:
            if key not in _wishes:
                weakref.finalize(configuration, _forget, key)
            _wishes[key] = _Wish(places, line_format)
        finally:
            _arrange()


def handler_of(file: str | None) -> logging.Handler | None:
    """Return the handler for a file, or for standard error. Return None if no Configuration asks for it."""
    return _handlers.get(_place_of(file) if file else STREAM)


def _place_of(file: str) -> str:
    return str(Path(file).absolute())


def _loggers() -> list[logging.Logger]:
    return [logging.getLogger(name) for name in NAMES.values()]


def _open(place: str) -> None:
    handler = logging.FileHandler(place, encoding="utf-8") if place else logging.StreamHandler()
    _handlers[place] = handler
    for logger in _loggers():
        logger.addHandler(handler)


def _forget(key: int) -> None:
    _wishes.pop(key, None)
    if _lock.acquire(blocking=False):  # If another thread holds the lock, it checks again before it releases it.
        try:
            _arrange()
        finally:
            _lock.release()


def _arrange() -> None:
    """Close handlers that no Configuration asks for any more, and set formats and levels."""
    settled = None
    while settled != _wishes:
        settled = _wishes.copy()
        for place, handler in list(_handlers.items()):
            formats = [wish.line_format for wish in settled.values() if place in wish.places]
            if formats:
                handler.setFormatter(logging.Formatter(formats[-1]))
            else:
                _close(place, handler)
        _set_levels(debug=any(STREAM in wish.places for wish in settled.values()))


def _close(place: str, handler: logging.Handler) -> None:
    _handlers.pop(place, None)
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


def _start_anew_after_fork() -> None:
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew_after_fork)
