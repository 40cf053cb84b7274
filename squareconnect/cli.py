"""The command line: ``python -m squareconnect``."""

from __future__ import annotations

import argparse
import os
import signal
import sqlite3
import sys
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

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
    emulator.add_argument("--port", type=_port, default=0, help="the port to listen on (default: any free one)")
    emulator.add_argument("--database", metavar="FILE", help="the SQLite file to keep everything in (default: memory)")
    emulator.add_argument("--access-token", metavar="T", help="the token to let in (default: emulator-access-token)")
    emulator.set_defaults(run=_emulator)
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


def _emulator(options: argparse.Namespace) -> int:
    try:
        from squareconnect.emulator import Emulator
    except ImportError as error:
        return _failed(str(error))

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with suppress(KeyboardInterrupt), ExitStack() as running:
        try:
            square = running.enter_context(Emulator(options.port, options.database, options.access_token))
        except OSError as error:
            return _failed(f"Cannot listen on port {options.port}: {os.strerror(error.errno or 0)}")
        except sqlite3.Error as error:
            return _failed(f"Cannot use the database {options.database}: {error}")
        print(f"Square emulator listening on {square.url}", flush=True)
        while True:
            time.sleep(3600)
    return 0


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


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError(text)
    return port


def _failed(message: str) -> int:
    print(message, file=sys.stderr)
    return 1
