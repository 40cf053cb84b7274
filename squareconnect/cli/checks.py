"""The checks of doctor that do not touch the network: pure functions that take the facts as arguments."""

from __future__ import annotations

import importlib
import operator
import re
from email.utils import parsedate_to_datetime
from importlib import metadata
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from squareconnect import __version__
from squareconnect.configuration import HOSTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from squareconnect.cli.target_options import Target

OLDEST_PYTHON = (3, 10)
MOST_SKEW = 60
"""How many seconds this machine's clock may differ from the server's."""


class Check(NamedTuple):
    """The result of one check."""

    name: str
    status: Literal["ok", "wrong", "skipped"]
    detail: str
    remedy: str = ""


def python_check(version: tuple[int, ...]) -> Check:
    """Check the version of Python."""
    shown = ".".join(map(str, version))
    if version < OLDEST_PYTHON:
        return Check("python", "wrong", shown, f"use Python {'.'.join(map(str, OLDEST_PYTHON))} or later")
    return Check("python", "ok", shown)


def package_checks(
    requirements: Any, version_of: Callable[[str], str] = metadata.version, loaded: Callable[[str], Any] | None = None
) -> Iterator[Check]:
    """Check that the packages that this one requires are installed, in the right versions.

    :param requirements: the requirements, in the form of the package's metadata.
    :param version_of: returns the version of an installed distribution, or raises `PackageNotFoundError`.
    :param loaded: imports a module.
    """
    yield Check("squareconnect", "ok", __version__)
    for requirement in requirements:
        if "extra ==" not in requirement:
            yield _package_check(requirement, version_of, loaded or importlib.import_module)


def _package_check(requirement: str, version_of: Callable[[str], str], load: Callable[[str], Any]) -> Check:
    name, wanted = re.split(r"(?=[<>=!~])", requirement.replace(" ", "").partition(";")[0], maxsplit=1)
    remedy = f"run pip install '{name}{wanted}'"
    try:
        version = load(name).__version__ if name == "urllib3" else version_of(name)
        if name == "urllib3" and _is_shadowed(version, version_of):
            remedy = f"run pip uninstall urllib3-future, then pip install --force-reinstall '{name}{wanted}'"
            return Check(name, "wrong", f"{version} is urllib3-future, a different library in its place", remedy)
    except (ImportError, AttributeError) as error:
        return Check(name, "wrong", f"not usable ({error})", remedy)
    if not fits(version, wanted):
        return Check(name, "wrong", f"{version} does not fit {wanted}", remedy)
    return Check(name, "ok", version)


def _is_shadowed(version: str, version_of: Callable[[str], str]) -> bool:
    """Return whether urllib3-future has replaced urllib3: its patch numbers start at 900."""
    try:
        version_of("urllib3-future")
    except metadata.PackageNotFoundError:
        return _numbers(version)[2:] >= (900,)
    return True


def fits(version: str, wanted: str) -> bool:
    """Return whether a version satisfies bounds such as ``<3,>=2.8``."""
    compare = {
        ">=": operator.ge,
        "<=": operator.le,
        "==": operator.eq,
        "!=": operator.ne,
        ">": operator.gt,
        "<": operator.lt,
    }
    bounds = (re.match(r"([<>=!]=?)(.*)", bound) for bound in wanted.split(","))
    return all(compare[bound[1]](_numbers(version), _numbers(bound[2])) for bound in bounds if bound)


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(number) for number in re.match(r"[\d.]*", version)[0].split(".") if number]  # type: ignore[index]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


_NOT_TOKENS = {
    ("sq0idp-", "sandbox-sq0idb-"): "an application ID",
    ("sq0csp-", "sandbox-sq0csb-"): "an application secret",
    ("sandbox-sq0atb-",): "an access token of the sandbox that Square closed in 2019",
    ("cnon:", "fake-", "ccof:"): "a card",
    ("Bearer", '"', "'"): "more than the token: it starts with what belongs around it",
}


def token_check(target: Target) -> Check:
    """Check the form of an access token, without ever showing the token."""
    token = target.access_token
    remedy = "take the access token from the Developer Console, under Credentials"
    for beginnings, what in _NOT_TOKENS.items():
        if token.startswith(beginnings):
            return Check("token", "wrong", f"{target.token_from} contains {what}", remedy)
    if re.search(r"[^!-~]", token):
        return Check("token", "wrong", f"{target.token_from} contains a character that no token has", remedy)
    if target.name in HOSTS and not token.startswith(("EAAA", "sq0atp-")):
        return Check("token", "wrong", f"{target.token_from} contains no Square access token", remedy)
    return Check("token", "ok", f"{len(token)} characters from {target.token_from}")


def clock_check(date: str | None, now: float) -> Check:
    """Check this machine's clock against the ``Date`` header of an answer.

    :param date: the header (RFC 9110, 6.6.1).
    :param now: this machine's time, in seconds since 1970.
    """
    try:
        skew = now - parsedate_to_datetime(date or "").timestamp()
    except (ValueError, TypeError):
        return Check("clock", "skipped", "the answer does not say what time it is")
    if abs(skew) > MOST_SKEW:
        direction = "ahead of" if skew > 0 else "behind"
        detail = f"this machine is {abs(skew):.0f} seconds {direction} the server"
        return Check("clock", "wrong", detail, "set the clock, preferably by NTP")
    return Check("clock", "ok", f"within {MOST_SKEW} seconds of the server's")


def access_checks(status: int, said: str, with_token: bool) -> Iterator[Check]:
    """Check what an answer shows about the token: whether it is accepted, and whether it may read.

    :param status: the answer's HTTP status.
    :param said: what a refusal means to the user; empty if there was none.
    :param with_token: whether a token was sent.
    """
    problem, _, remedy = said.partition(": ")
    if not with_token:
        yield Check("accepted", "skipped", "there is no token to send")
    elif status == 401:
        yield Check("accepted", "wrong", problem, remedy)
    elif status == 403:
        yield Check("accepted", "ok", "the token is known")
        yield Check("read", "wrong", problem, remedy)
    elif said:
        yield Check("answer", "wrong", problem, remedy)
    else:
        yield Check("accepted", "ok", "the token is known")
        yield Check("read", "ok", "the token may read customers")


def version_check(asked: str | None, headers: Mapping[str, str]) -> Check:
    """Check that the server answers in the version of the API that was asked for."""
    answered = headers.get("Square-Version")
    if answered is None:
        return Check("api version", "skipped", f"{asked} was requested; the answer names none")
    if answered != asked:
        remedy = "look for a proxy that changes headers, or a newer release of this package"
        return Check("api version", "wrong", f"{asked} was requested, but {answered} was returned", remedy)
    return Check("api version", "ok", answered)
