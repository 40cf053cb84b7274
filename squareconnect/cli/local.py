"""The commands that need no account: emulator and demo."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from squareconnect.cli.failures import DONE, failure_of
from squareconnect.cli.output import add_output_options
from squareconnect.cli.target_options import EMULATOR, add_target_options, opened
from squareconnect.exceptions import ApiException

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add_emulator(parser: ArgumentParser) -> None:
    """Add the options of `emulator`."""
    from squareconnect.emulator import command

    parser.description = "Run a local Square until it is stopped."
    command.add_options(parser)
    parser.set_defaults(run=command.run)


def add_demo(parser: ArgumentParser) -> None:
    """Add the options of `demo`."""
    parser.description = (
        "Make every call once and show its request and answer. With a real target, too, it creates, prints and deletes "
        "a customer with a card, and prints up to three customers of the first page, the newest first, whoever they "
        "are."
    )
    add_target_options(parser, EMULATOR)
    add_output_options(parser, fields=False)
    parser.set_defaults(run=_demo)


def _demo(options: Namespace) -> int:
    from squareconnect.cli.demonstration import JsonPrinter, Printer, run

    with opened(options) as (target, configuration):
        try:
            run(configuration, JsonPrinter(sys.stdout) if options.json else Printer(sys.stdout))
        except ApiException as error:
            raise failure_of(error, target) from None
    return DONE
