"""The commands that need no account: emulator and demo."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import time
from argparse import ArgumentTypeError
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from squareconnect.cli.failures import DONE, Failure, failure_of
from squareconnect.cli.targets import EMULATOR, add_target_options, opened
from squareconnect.exceptions import ApiException

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add_emulator(parser: ArgumentParser) -> None:
    """Add the options of `emulator`."""
    parser.description = "Serve a local Square on this machine until it is stopped."
    parser.add_argument(
        "--port", metavar="N", type=_port, default=0, help="the port to listen on (default: any free one)"
    )
    parser.add_argument("--database", metavar="FILE", help="the SQLite file to keep everything in (default: memory)")
    parser.add_argument("--access-token", metavar="T", help="the token to let in (default: emulator-access-token)")
    parser.set_defaults(run=_emulator)


def _emulator(options: Namespace) -> int:
    try:
        from squareconnect.emulator import Emulator
    except ImportError as error:
        raise Failure(f"{error}.") from None
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with suppress(KeyboardInterrupt), ExitStack() as running:
        try:
            square = running.enter_context(Emulator(options.port, options.database, options.access_token))
        except OSError as error:
            raise Failure(f"cannot listen on port {options.port}: {os.strerror(error.errno or 0)}.") from None
        except sqlite3.Error as error:
            raise Failure(f"cannot use the database {options.database}: {error}.") from None
        print(f"Square emulator listening on {square.url}", flush=True)
        while True:
            time.sleep(3600)
    return DONE


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise ArgumentTypeError(f"it must be a number from 0 to 65535, not '{text}'")
    return int(text)


def add_demo(parser: ArgumentParser) -> None:
    """Add the options of `demo`."""
    parser.description = (
        "Make every call once and show what goes over the wire. With a real target, too, it makes, prints and deletes "
        "a customer with a card, and prints up to three customers of the first page, the newest first, whoever they "
        "are."
    )
    add_target_options(parser, EMULATOR)
    parser.set_defaults(run=_demo)


def _demo(options: Namespace) -> int:
    from squareconnect.cli.demonstration import run

    with opened(options) as (target, configuration):
        try:
            run(configuration, sys.stdout)
        except ApiException as error:
            raise failure_of(error, target) from None
    return DONE
