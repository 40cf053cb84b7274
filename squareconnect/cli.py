"""The command line: ``python -m squareconnect``."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

from squareconnect.emulator.command import add_options
from squareconnect.emulator.command import run as run_emulator

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    :param arguments: its words; those of the process if None.
    :returns: the exit status: 0 if all went well, 1 after an error that is told on stderr.
    :raises SystemExit: with status 2 for words that are no command, with 0 after ``--help``.
    """
    parser = argparse.ArgumentParser(prog="python -m squareconnect", description="Tools for Square's Customers API.")
    commands = parser.add_subparsers(dest="command", required=True)
    emulator = commands.add_parser(
        "emulator", help="serve a local Square", description="Serve a local Square on this machine until it is stopped."
    )
    add_options(emulator)
    emulator.set_defaults(run=run_emulator)
    demo = commands.add_parser(
        "demo",
        help="show every call",
        description="Make every call once and show what goes over the wire: with a local Square, or with a real one if "
        "a host or a token is given. There, too, it makes, prints and deletes a customer with a card, and prints up to "
        "three customers of the first page, the newest first, whoever they are.",
    )
    demo.add_argument("--host", help="the host to call (default: Square's sandbox, if a token is given)")
    demo.add_argument(
        "--access-token", metavar="T", help="the host's token (default: SQUARE_ACCESS_TOKEN, with --host only)"
    )
    demo.set_defaults(run=_demo)
    options = parser.parse_args(arguments)
    status: int = options.run(options)
    return status


def _demo(options: argparse.Namespace) -> int:
    from squareconnect.configuration import HOSTS, Configuration
    from squareconnect.demo import run
    from squareconnect.exceptions import ApiException

    with ExitStack() as running:
        host, access_token = options.host, options.access_token
        if host is None and access_token is None:
            try:
                from squareconnect.emulator import Emulator
            except ImportError as error:
                return _failed(str(error))
            square = running.enter_context(Emulator())
            host, access_token = square.url, square.access_token
        try:
            run(Configuration(host=host or HOSTS["sandbox"], access_token=access_token), sys.stdout)
        except (ApiException, ValueError) as error:
            return _failed(str(error))
    return 0


def _failed(message: str) -> int:
    print(message, file=sys.stderr)
    return 1
