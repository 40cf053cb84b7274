"""The command completion: a script that completes this program's commands and options in a shell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from squareconnect.cli.failures import DONE, Failure

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

SHELLS = ("bash", "zsh", "fish")


def add_completion(parser: ArgumentParser) -> None:
    """Add the options of `completion`."""
    parser.description = (
        'Print a script that completes commands, options and file names. In bash: eval "$(squareconnect completion '
        'bash)". In zsh, after compinit, the same with zsh. In fish: squareconnect completion fish | source.'
    )
    parser.add_argument("shell", choices=SHELLS, help="your shell")
    parser.set_defaults(run=_completion)


def _completion(options: Namespace) -> int:
    try:
        import shtab
    except ImportError:
        raise Failure(
            "completion needs the extra squareconnect[cli]: from a clone of the repository, run pip install '.[cli]'."
        ) from None
    from squareconnect.cli.parser import make_parser

    parser, commands = make_parser()
    parser.prog = "squareconnect"
    for command in commands.values():
        command.fill()
        _complete_files(command, shtab.FILE)
    print(shtab.complete(parser, options.shell))
    return DONE


def _complete_files(parser: ArgumentParser, how: Any) -> None:
    for action in parser._actions:
        if action.metavar == "FILE":
            completed: Any = action
            completed.complete = how
