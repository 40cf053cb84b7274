"""Texts: secrets that are not shown, texts from outside on one line, and hints for misspelt names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


class Secret(str):
    """A text that ``repr`` does not show, and so neither logs of structures nor tracebacks with locals do."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'" if self else "''"


def conceal(value: Any) -> Any:
    """Return a text as a :class:`Secret`, a dict, list or tuple with such ones, and everything else as it is.

    Bytes become a text of the same character codes.
    """
    if isinstance(value, bytes):
        return Secret(value, "latin-1")
    if isinstance(value, dict):
        return {name: conceal(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [*map(conceal, value)] if isinstance(value, list) else (*map(conceal, value),)
    return Secret(value) if isinstance(value, str) else value


def text(name: str, value: Any) -> str:
    """Return a text that may come as UTF-8 bytes or as a ``uuid.UUID``.

    :raises ValueError: for anything else, naming it.
    """
    from uuid import UUID

    if isinstance(value, (str, bytes)):
        import six

        try:
            return six.ensure_str(value)
        except UnicodeDecodeError:
            pass
    elif isinstance(value, UUID):
        return str(value)
    raise ValueError(f"{name} must be a str (or UTF-8 bytes, or a UUID), not {type(value).__name__}")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the end of an error message: the known name nearest to a misspelt one, or nothing if none is near."""
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=1)
    return f". Did you mean '{near[0]}'?" if near else ""


_PERSONAL = re.compile(
    r"[^\s@<>\"'`]{1,64}(?:@|%40)[^\s@<>\"'`]+"  # an e-mail address, also as it stands in a path
    # A phone number, also as it stands in a path, but no IP address.
    r"|(?<![\w.-])(?!\d+(?:\.\d+){3}(?![\w.]))(?:\+|%2B)?(?:\(|%28)?\d(?:[\d ().-]|%2[089]){7,}\d(?![\w-])"
)
_LONGEST = 1000
"""How many characters of a text from outside are printed."""
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def printable(text: str) -> str:
    """Return the text as one line of bounded length, with what looks like an e-mail address or phone number masked."""
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + "..."
    one_line = _UNPRINTABLE.sub(lambda match: ascii(match[0])[1:-1], text)
    return _PERSONAL.sub("***", one_line)
