"""Text handling: secrets that ``repr`` hides, untrusted text on one line, and hints for misspelt names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


class Secret(str):
    """A text that ``repr`` hides. It is therefore hidden in logs of structures and in tracebacks with locals."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'" if self else "''"


def conceal(value: Any) -> Any:
    """Return a text as a :class:`Secret`, a dict, list or tuple with its texts converted, and other values unchanged.

    Bytes become a text with the same character codes.
    """
    if isinstance(value, bytes):
        return Secret(value, "latin-1")
    if isinstance(value, dict):
        return {name: conceal(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [*map(conceal, value)] if isinstance(value, list) else (*map(conceal, value),)
    return Secret(value) if isinstance(value, str) else value


def text(name: str, value: Any) -> str:
    """Convert a str, UTF-8 bytes or a ``uuid.UUID`` to a str.

    :raises ValueError: for any other value. The message names the parameter.
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
    """Return the end of an error message: a hint with the known name most similar to a misspelt one, if any."""
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=1)
    return f". Did you mean '{near[0]}'?" if near else ""


_PERSONAL = re.compile(
    r"[^\s@<>\"'`]{1,64}(?:@|%40)[^\s@<>\"'`]+"  # An e-mail address, also quoted in a path.
    # A phone number, also quoted in a path, but not an IP address.
    r"|(?<![\w.-])(?!\d+(?:\.\d+){3}(?![\w.]))(?:\+|%2B)?(?:\(|%28)?\d(?:[\d ().-]|%2[089]){7,}\d(?![\w-])"
)
_LONGEST = 1000
"""The maximum number of characters of an untrusted text that are printed."""
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def printable(text: str) -> str:
    """Return a text as one line of limited length, with anything like an e-mail address or phone number masked."""
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + "..."
    one_line = _UNPRINTABLE.sub(lambda match: ascii(match[0])[1:-1], text)
    return _PERSONAL.sub("***", one_line)
