"""The emulator as a command: its options, and its work until it is stopped.

The libraries of the emulator are imported when the command runs, so that its options can be shown without them.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import time
from contextlib import ExitStack, suppress

_FAILED = 1
_USAGE = 2


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command to a parser."""
    add = parser.add_argument
    add("--port", type=_port, default=0, help="the port to listen on (default: any free one)")
    add("--database", metavar="FILE", help="the SQLite file to store everything in (default: memory)")
    add("--access-token", metavar="TOKEN", help="the token to accept (default: emulator-access-token)")
    add(
        "--seed-file",
        metavar="FILE",
        help="the customers at the start and after each reset: .json, .jsonl or .csv, also as Square's "
        "Dashboard exports it (default: none)",
    )
    add("--seed", type=int, metavar="N", help="make the identifiers the same in every run (default: random)")
    add("--clock", metavar="TIME", help="let the clock stand still at, say, 2026-01-01T00:00:00Z (default: real time)")
    add(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="the address to listen on; an address other than loopback requires --access-token (default: %(default)s)",
    )
    add("--certfile", metavar="FILE", help="the certificate to serve TLS with, in PEM (default: plain HTTP)")
    add("--keyfile", metavar="FILE", help="its private key (default: in the file of the certificate)")
    add("--verbose", action="store_true", help="print one line for each request")
    add("--no-page", action="store_true", help="do not serve the web page")


def run(options: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM.

    :param options: the parsed options that `add_options` has added.
    :returns: the exit status: 0 at the end, 1 after an error, and 2 if an option, or a file that it names, cannot be
        used. The error is printed on stderr.
    """
    import sqlite3

    try:
        from squareconnect.emulator import Emulator
    except ImportError as error:
        return _failed(str(error), _FAILED)
    from squareconnect.emulator.guard import is_loopback

    if options.access_token is None and not is_loopback(options.host):
        return _failed(
            f"Other machines can reach {options.host}: give an access token of your own, --access-token.", _USAGE
        )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with suppress(KeyboardInterrupt), ExitStack() as running:
        if options.verbose:
            running.enter_context(_told_requests())
        try:
            emulator = Emulator(
                options.port,
                options.database,
                options.access_token,
                seed=options.seed,
                clock=options.clock,
                customers=options.seed_file,
                host=options.host,
                certfile=options.certfile,
                keyfile=options.keyfile,
                page=not options.no_page,
            )
            square = running.enter_context(emulator)
        except ValueError as error:
            return _failed(str(error), _USAGE)
        except OSError as error:
            return _failed(_told(error, options), _FAILED if error.filename is None else _USAGE)
        except sqlite3.Error as error:
            return _failed(f"Cannot use the database {options.database}: {error}", _USAGE)
        print(f"Square emulator listening on {square.url}", flush=True)
        while True:
            time.sleep(3600)
    return 0


def _told_requests() -> ExitStack:
    logger, handler = logging.getLogger("squareconnect.emulator"), logging.StreamHandler(sys.stdout)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    undoing = ExitStack()
    undoing.callback(logger.removeHandler, handler)
    undoing.callback(logger.setLevel, level)
    return undoing


def _told(error: OSError, options: argparse.Namespace) -> str:
    number = error.errno or 0
    reason = os.strerror(number) if number > 0 else error.strerror  # The resolver's numbers are negative.
    if error.filename is not None:
        return f"Cannot read {error.filename}: {reason}"
    return f"Cannot listen on port {options.port} of {options.host}: {reason}"


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"it must be a whole number from 0 to 65535, not '{text}'")
    return int(text)


def _failed(message: str, code: int) -> int:
    print(message, file=sys.stderr)
    return code
