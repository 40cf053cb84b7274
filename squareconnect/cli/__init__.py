"""The command line: ``squareconnect``, or ``python -m squareconnect``.

A command is a function that adds its options to a parser and names the function that runs it; `parser.COMMANDS` lists
them all. A command's module is imported only when that command is used, so `--help` stays fast.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. Errors are printed on stderr, one sentence each, and not raised.

    :param arguments: the words after the program's name; those of the process if None.
    :return: the exit code: one of those in `squareconnect.cli.failures`.
    """
    try:
        code = _run(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:  # The reader, such as `head`, has read enough.
        discard_output()
        return 0
    except KeyboardInterrupt:
        _discard_output_if_it_is_lost()
        return 130
    except Exception as error:
        from squareconnect.cli.failures import exit_code_of, tell

        _discard_output_if_it_is_lost()
        tell(error)
        return exit_code_of(error)
    return code


def _run(arguments: Sequence[str] | None) -> int:
    from squareconnect.cli.parser import parse

    try:
        options = parse(sys.argv[1:] if arguments is None else arguments)
    except SystemExit as stopped:  # argparse has printed the help or the error.
        return int(stopped.code or 0)
    code: int = options.run(options)
    return code


def discard_output() -> None:
    """Discard what is buffered and what is still printed: Python would complain about it at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _discard_output_if_it_is_lost() -> None:
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        discard_output()
