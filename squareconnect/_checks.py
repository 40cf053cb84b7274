"""Checks of settings and call options. A check returns the value, or raises ``ValueError`` naming the setting."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from squareconnect._text import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Check: TypeAlias = "Callable[[str, Any], Any]"
"""Takes the name and value of a setting, and returns the value to store."""

HOSTS = {"production": "https://connect.squareup.com", "sandbox": "https://connect.squareupsandbox.com"}
"""Square's hosts by the name of their environment."""

LONGEST = 365 * 24 * 60 * 60
"""The maximum of a time-out, in seconds: a year."""


def anything(name: str, value: Any) -> Any:
    """Accept every value."""
    return value


def truth(name: str, value: Any) -> bool:
    """Accept True and False."""
    if type(value) is not bool:
        raise ValueError(f"{name} must be True or False, not {value!r}")
    return value


def whole(least: int) -> Check:
    """Return a check that accepts whole numbers of at least ``least``."""

    def check(name: str, value: Any) -> int:
        if type(value) is not int or value < least:
            raise ValueError(f"{name} must be a whole number of {least} or more, not {value!r}")
        return value

    return check


def seconds(name: str, value: Any) -> float:
    """Accept a number of seconds above 0, up to :data:`LONGEST`."""
    if type(value) not in (int, float) or not 0 < value <= LONGEST:
        raise ValueError(f"{name} must be a number of seconds above 0 and up to {LONGEST}, not {value!r}")
    return value  # type: ignore[no-any-return]


def seconds_or_pair(name: str, value: Any) -> float | tuple[float, float]:
    """Accept a time-out: seconds, or a pair of seconds for connecting and reading."""
    if isinstance(value, (tuple, list)) and len(value) == 2:
        return seconds(f"{name}[0]", value[0]), seconds(f"{name}[1]", value[1])
    return seconds(name, value)


def one_of(names: Iterable[str]) -> Check:
    """Return a check that accepts None and these names."""

    def check(name: str, value: Any) -> Any:
        if value is not None and value not in names:
            raise ValueError(f"{name} must be one of {', '.join(names)}, not {value!r}")
        return value

    return check


def function(name: str, value: Any) -> Any:
    """Accept None and callables."""
    if value is not None and not callable(value):
        raise ValueError(f"{name} must be a function, or None, not {type(value).__name__}")
    return value


def square_version(name: str, value: Any) -> str | None:
    """Accept None and a date in the form of ``Square-Version``."""
    if value is None or (isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII)):
        return value
    raise ValueError(f"{name} must be a date such as '2019-06-12', or None, not {value!r}")


def path(name: str, value: Any) -> Any:
    """Accept None and the path of a file that need not exist yet."""
    if value is not None and not isinstance(value, (str, os.PathLike)):
        raise ValueError(f"{name} must be the path of a file, not {value!r}")
    return value


def pem_file(name: str, value: Any) -> Any:
    """Accept None and the path of an existing file."""
    if value is not None and not (isinstance(value, (str, os.PathLike)) and Path(value).is_file()):
        raise ValueError(f"{name} must be the path of a PEM file; there is no file {value!r}")
    return value


def log_format(name: str, value: Any) -> str:
    """Accept a format of the logging module."""
    try:
        logging.Formatter(value)
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{name} must be a format of the logging module: {error}") from None
    return value  # type: ignore[no-any-return]


def access_token(name: str, value: Any) -> Any:
    """Accept None and a text that is valid in a header. The message does not show a refused value."""
    if value is None:
        return Secret()
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a str (or bytes), not {type(value).__name__}")
    if re.search(r"[^!-~]", value):
        raise ValueError(
            f"{name} has a character that a token cannot have (a space, a line break or one that is not ASCII); "
            "it is not shown here. Copy the token again, without quotes or spaces around it"
        )
    return value


def host(name: str, value: Any) -> str:
    """Accept a base URL. The message does not show a refused value, which may contain a token or a password."""
    if "@" in str(value):
        raise ValueError(f"{name} must not contain a user name or password: pass access_token instead")
    if not _is_base_url(value):
        raise ValueError(
            f"{name} must be a URL such as {HOSTS['production']}: http or https, a host name in ASCII, no query and "
            "no fragment. The value is not shown here, because it could be a token"
        )
    scheme, rest = value.split(":", 1)
    return f"{scheme.lower()}:{rest}".rstrip("/")


def _is_base_url(value: Any) -> bool:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except (ValueError, AttributeError, TypeError):
        return False
    return bool(usable) and isinstance(value, str) and not re.search(r"[^!-~]|[?#\\]", value)


def is_loopback(url: str) -> bool:
    """Return whether a URL's host is this machine: ``localhost``, 127.0.0.0/8 or ``::1``."""
    return re.fullmatch(r"localhost|127(\.\d+){3}|::1", urlsplit(url).hostname or "", re.ASCII) is not None


def check_proxy(name: str, value: Any) -> str | None:
    """Accept the URL of a proxy. Without a scheme, ``http://`` is added.

    None stays None, and an empty value becomes an empty string. The message does not show a refused value, which may
    contain a password.
    """
    if not value:
        return None if value is None else ""
    if isinstance(value, str) and "://" not in value:
        value = Secret("http://" + value)
    if not _is_proxy(value):
        raise ValueError(f"{name} must be the URL of an HTTP proxy such as http://proxy.example:3128")
    return value  # type: ignore[no-any-return]


_PORT = r"(?:[0-5]?\d{1,4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])"
_PROXY = re.compile(rf"https?://(((?![/?#\\])[!-~])*@)?([\w.-]+|\[(?P<ipv6>[\da-f:.]+)\])(:{_PORT})?/?", re.I | re.A)


def _is_proxy(value: Any) -> bool:
    from ipaddress import IPv6Address

    match = _PROXY.fullmatch(value) if isinstance(value, str) else None
    try:
        return match is not None and (match["ipv6"] is None or bool(IPv6Address(match["ipv6"])))
    except ValueError:
        return False
