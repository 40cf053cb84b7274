"""The target and token of a command: the options, and the API that they select."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from squareconnect.cli.failures import NOT_AUTHORISED, Failure, failure_of, misused
from squareconnect.cli.parser import file_name
from squareconnect.cli.target import EMULATOR as EMULATOR
from squareconnect.cli.target import Target as Target
from squareconnect.configuration import HOSTS, Configuration, Secret, is_loopback

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from squareconnect.apis.customers_api import CustomersApi

TOKEN_VARIABLE = "SQUARE_ACCESS_TOKEN"  # noqa: S105 - its name
_LONGEST_TOKEN = 4096
"""How many bytes of a token file are read: no token is this long."""


def add_target_options(parser: ArgumentParser, default: str | None = None) -> None:
    """Add the options that select the target.

    :param default: the target if none is given; None makes one mandatory, for commands that change data.
    """
    title = f"target (default: {default})" if default else "target (one is required)"
    group = parser.add_argument_group(title)
    one = group.add_mutually_exclusive_group()
    for name, text in (
        ("sandbox", "Square's sandbox"),
        ("production", "Square itself: real customers"),
        (EMULATOR, "a local Square, started for this one command and forgotten afterwards"),
    ):
        one.add_argument(f"--{name}", dest="target", action="store_const", const=name, default=default, help=text)
    one.add_argument("--host", metavar="URL", help="another host, such as an emulator that is running")
    group.add_argument(
        "--token-file",
        metavar="FILE",
        type=file_name,
        help=f"the file with the access token (default: {TOKEN_VARIABLE})",
    )
    group.add_argument(
        "--ca-file",
        metavar="FILE",
        type=file_name,
        help="a PEM file of the authorities to trust, instead of certifi's",
    )
    group.add_argument(
        "--allow-insecure-http", action="store_true", help="send the token over plain HTTP to another machine"
    )


@contextmanager
def opened(options: Namespace) -> Iterator[tuple[Target, Configuration]]:
    """Start what the target options name, and stop it at the end.

    :raises Failure: if the options or the token cannot be used.
    """
    with ExitStack() as running:
        target = started_emulator(running) if name_of(options) == EMULATOR else target_of(options)
        yield target, configuration_of(target, options)


@contextmanager
def connected(options: Namespace) -> Iterator[tuple[CustomersApi, Target]]:
    """Open the API that the target options select. What a call raises within becomes a `Failure`."""
    from squareconnect.api_client import ApiClient
    from squareconnect.apis.customers_api import CustomersApi
    from squareconnect.exceptions import ApiException

    with opened(options) as (target, configuration), ApiClient(configuration) as client:
        try:
            yield CustomersApi(client), target
        except ApiException as error:
            raise failure_of(error, target) from None


def target_of(options: Namespace) -> Target:
    """Return the target that the options name, with its token. The target must be running already.

    :raises Failure: if none is named, or if there is no token.
    """
    name = name_of(options)
    host = HOSTS.get(name, name)
    return Target(name, host, *access_token_of(options))


def name_of(options: Namespace) -> str:
    """Return the name of the target that the options select.

    :raises Failure: if they select none, or a host that is not a URL.
    """
    if options.host is not None:
        return _name_of_host(options.host)
    if options.target is None:
        raise misused(
            f"'{options.command}' changes data: name the target with --sandbox, --production, --host URL or --emulator."
        )
    name: str = options.target
    return name


def _name_of_host(host: str) -> str:
    """Return the environment that a URL leads to, in any spelling of the URL, or the URL itself."""
    try:
        host = Configuration(host=host, access_token="").host
        server = (urlsplit(host).hostname or "").rstrip(".")
    except ValueError as error:
        raise misused(f"--{error}.") from None
    return next((name for name, url in HOSTS.items() if urlsplit(url).hostname == server), host)


def access_token_of(options: Namespace) -> tuple[str, str]:
    """Return the access token and its source.

    :raises Failure: if there is none, or if the file cannot be read.
    """
    if options.token_file is not None:
        return _token_in(options.token_file), f"the file {options.token_file}"
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not token:
        raise Failure(
            f"there is no access token: set the environment variable {TOKEN_VARIABLE}, or give --token-file FILE.",
            NOT_AUTHORISED,
        )
    return Secret(token), TOKEN_VARIABLE


def _token_in(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            token = Secret(file.read(_LONGEST_TOKEN).decode("latin-1").strip())
    except OSError as error:
        raise misused(f"--token-file {path} cannot be read: {error.strerror}.") from None
    if not token:
        raise Failure(f"the file {path} contains no access token: write it there, on one line.", NOT_AUTHORISED)
    return token


def configuration_of(target: Target, options: Namespace) -> Configuration:
    """Return the settings for calls to a target.

    :raises Failure: if the token or the file of authorities cannot be used.
    """
    try:
        configuration = Configuration(
            host=target.host,
            access_token=target.access_token,
            ssl_ca_cert=options.ca_file,
            allow_insecure_http=options.allow_insecure_http,
        )
    except ValueError as error:
        if str(error).startswith("access_token"):
            raise Failure(f"{target.token_from} cannot be used: {error}.", NOT_AUTHORISED) from None
        raise misused(f"--ca-file must be a PEM file; there is no file {options.ca_file}.") from None
    if target.host.startswith("http:") and not (is_loopback(target.host) or options.allow_insecure_http):
        raise misused(
            f"{target.host} would get the token over plain HTTP, which others can read: use https, or give "
            "--allow-insecure-http."
        )
    return configuration


def started_emulator(running: ExitStack) -> Target:
    """Start an emulator that ends with the stack, and return it as a target.

    :raises Failure: if its libraries are missing.
    """
    try:
        from squareconnect.emulator import Emulator
    except ImportError as error:
        raise Failure(f"{error}.") from None
    square = running.enter_context(Emulator())
    return Target(EMULATOR, square.url, Secret(square.access_token), "the emulator's token")
