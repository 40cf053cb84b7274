"""The commands and their options. Options are added when the command is used."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from squareconnect import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, NoReturn

COMMANDS = {
    "list": ("list all customers", "customers:add_list"),
    "get": ("show one customer", "customers:add_get"),
    "create": ("create a customer", "customers:add_create"),
    "update": ("change fields of a customer", "customers:add_update"),
    "delete": ("delete customers, with their cards on file", "customers:add_delete"),
    "add-card": ("store a card on file", "cards:add_add_card"),
    "delete-card": ("remove a card on file", "cards:add_delete_card"),
    "export": ("write all customers to a file", "exporting:add_export"),
    "import": ("create customers from a file's rows, each exactly once", "importing:add_import"),
    "doctor": ("check everything that a call needs", "doctor:add_doctor"),
    "emulator": ("run a local Square", "local:add_emulator"),
    "demo": ("show every call with its request and answer", "local:add_demo"),
    "completion": ("print a script that completes commands in your shell", "completion:add_completion"),
}
"""Each command's summary, and the function of this package that adds its options."""

EPILOG = """\
The access token comes from the environment variable SQUARE_ACCESS_TOKEN or the file of --token-file. Exit codes: 0
done, 1 failed, 2 wrong usage, 3 some rows refused, 4 not authorised, 75 stopped with rows left that the same command
can finish, 130 Ctrl-C.
"""


class Parser(argparse.ArgumentParser):
    """A parser whose options are added when it is used, and whose errors are one sentence."""

    adder: str = ""
    """The function that adds the options, as ``module:function``; empty once they are added."""

    def fill(self) -> None:
        """Add the options, if they are not added yet."""
        module, _, function = self.adder.partition(":")
        if module:
            self.adder = ""
            getattr(import_module(f"squareconnect.cli.{module}"), function)(self)

    def parse_known_args(self, *args: Any, **options: Any) -> Any:
        """Parse the arguments, after adding all options."""
        self.fill()
        return super().parse_known_args(*args, **options)

    def print_help(self, file: Any = None) -> None:
        """Print the help. Unlike the method of argparse, this raises `OSError` on failure."""
        output = file or sys.stdout
        if output is not None:
            output.write(self.format_help())
            output.flush()

    def error(self, message: str) -> NoReturn:
        """End the program with code 2, saying what is wrong."""
        from squareconnect.cli.failures import USAGE, misused, tell

        end = "" if message.endswith("?") else "."
        tell(misused(f"{message}{end} '{self.prog} --help' shows what is available."))
        raise SystemExit(USAGE)

    def option_names(self) -> Iterator[str]:
        """Return the names of all options added so far."""
        return (name for action in self._actions for name in action.option_strings)


def make_parser() -> tuple[Parser, dict[str, Parser]]:
    """Return the program's parser and the parsers of its commands by name. Their options are not added yet."""
    prog = program()
    description = "A command line for Square's Customers API."
    parser = Parser(prog=prog, description=description, epilog=EPILOG, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"squareconnect {__version__}")
    subparsers = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="command", required=True, parser_class=Parser, prog=prog
    )
    commands = {}
    for name, (summary, adder) in COMMANDS.items():
        command = subparsers.add_parser(name, help=summary, description=f"{summary.capitalize()}.", allow_abbrev=False)
        command.adder = adder
        commands[name] = command
    return parser, commands


def program() -> str:
    """Return the words that start this program."""
    as_module = sys.argv[0].endswith("__main__.py")
    return "python -m squareconnect" if as_module else "squareconnect"


def count(text: str) -> int:
    """Return the number that an option gives, 0 or more."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"it must be a whole number of 0 or more, not '{text}'")
    return int(text)


def identifier(text: str) -> str:
    """Return the id that an argument gives."""
    from squareconnect.api_client import path_segment

    try:
        path_segment("it", text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def file_name(text: str) -> str:
    """Return the name of a file that an argument gives. A shell's variable that is not set gives an empty text."""
    if not text:
        raise argparse.ArgumentTypeError("it is empty: it must be the name of a file")
    return text


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the command's options; ``run`` is the function that runs it, and ``words`` are the arguments.

    :raises SystemExit: with code 2 for words that cannot be used, with 0 after ``--help``.
    """
    parser, commands = make_parser()
    if arguments and not arguments[0].startswith("-") and arguments[0] not in commands:
        parser.error(f"there is no command '{_shown(arguments[0])}'{_nearest(arguments[0], commands)}")
    options: argparse.Namespace
    options, surplus = parser.parse_known_args(arguments)
    if surplus:
        command = commands[options.command]
        command.error(_about(surplus[0].partition("=")[0], command))
    options.words = arguments
    return options


def _about(word: str, command: Parser) -> str:
    """Return what is wrong with a word that no option or argument takes. It may be followed by a secret."""
    if not word.startswith("-"):
        return f"there is one argument too many, or an option is missing before it: '{_shown(word)}'"
    if word.endswith("token"):
        return (
            "an access token cannot be given as an option, because other users of the machine could read it: set the "
            "environment variable SQUARE_ACCESS_TOKEN, or give --token-file FILE"
        )
    names = list(command.option_names())
    if word in names:
        return f"{word} belongs after the command: {command.prog} {word}"
    return f"there is no option {_shown(word)}{_nearest(word.replace('_', '-'), names)}"


def _nearest(word: str, known: Any) -> str:
    from squareconnect._text import did_you_mean

    return did_you_mean(word, known)


def _shown(word: str) -> str:
    from squareconnect.exceptions import printable

    return printable(word[:40])
