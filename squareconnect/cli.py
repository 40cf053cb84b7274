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
    options = parser.parse_args(arguments)
    return _emulator(options)


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


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError(text)
    return port


def _failed(message: str) -> int:
    print(message, file=sys.stderr)
    return 1
