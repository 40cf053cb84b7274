from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from squareconnect import __version__
from squareconnect.cli.parser import COMMANDS, make_parser, program
from test.cli.program import environment
from test.servers import environment_without_coverage

if TYPE_CHECKING:
    from collections.abc import Callable

    from test.cli.program import Done


def test_the_help_names_every_command(ran: Callable[..., Done]) -> None:
    done = ran("--help")
    assert (done.code, done.err) == (0, "")
    for name, (summary, _) in COMMANDS.items():
        assert re.search(rf"^    {name}\s+{summary}", done.out, re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, ran: Callable[..., Done]) -> None:
    done = ran(name, "--help")
    assert (done.code, done.err) == (0, "")
    assert f" {name} " in done.out.splitlines()[0]


def test_prints_its_version(ran: Callable[..., Done]) -> None:
    assert ran("--version") == (0, f"squareconnect {__version__}\n", "")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ([], "the following arguments are required: COMMAND."),
        (["lst"], "there is no command 'lst'. Did you mean 'list'?"),
        (["ada@example.com"], "there is no command '***'."),
        (["list", "--limt", "5"], "there is no option --limt. Did you mean '--limit'?"),
        (["create", "--given_name", "A"], "there is no option --given_name. Did you mean '--given-name'?"),
        (["list", "--prod"], "there is no option --prod. Did you mean '--production'?"),
        (["list", "--limit", "x"], "argument --limit: it must be a whole number of 0 or more, not 'x'."),
        (["list", "--limit", "-1"], "argument --limit: it must be a whole number of 0 or more, not '-1'."),
        (["list", "--sort-field", "x"], "argument --sort-field: invalid choice: 'X'"),
        (
            ["list", "--fields", "emial_address"],
            "--fields: there is no field emial_address. Did you mean 'email_address'?",
        ),
        (["list", "--fields", ""], "--fields names no field"),
        (["get"], "the following arguments are required: ID."),
        (["get", "A", "B"], "there is one argument too many, or an option is missing before it: 'B'."),
        (["--sandbox", "list"], "--sandbox belongs after the command: squareconnect list --sandbox."),
        (["completion", "csh"], "argument shell: invalid choice: 'csh'"),
    ],
)
def test_impossible_arguments_are_refused_in_one_sentence(
    words: list[str], problem: str, ran: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["squareconnect"])
    done = ran(*words)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"squareconnect: {problem}")
    assert done.err.count("\n") == 1


def test_a_file_without_a_name_is_refused_with_its_option(ran: Callable[..., Done]) -> None:
    _, commands = make_parser()
    seen = set()
    for name in commands.keys() - {"emulator"}:
        commands[name].fill()
        for action in commands[name]._actions:
            if action.metavar == "FILE":
                option = action.option_strings[0] if action.option_strings else "FILE"
                done = ran(name, *action.option_strings, "")
                assert (done.code, done.out) == (2, "")
                said = f"squareconnect: argument {option}: it is empty: it must be the name of a file."
                assert done.err.startswith(said), (name, option)
                seen.add(option)

    assert seen == {"FILE", "--body", "--token-file", "--ca-file", "--journal", "--errors"}


def test_its_usage_names_the_command_that_started_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/squareconnect"])
    assert program() == "squareconnect"
    monkeypatch.setattr(sys, "argv", ["/lib/squareconnect/__main__.py"])
    assert program() == "python -m squareconnect"


def test_takes_the_arguments_of_the_process(monkeypatch: pytest.MonkeyPatch, ran: Callable[..., Done]) -> None:
    from squareconnect.cli import main

    monkeypatch.setattr(sys, "argv", ["squareconnect", "--version"])
    assert main() == 0


def test_no_option_of_a_command_is_an_access_token() -> None:
    _, commands = make_parser()
    for name, parser in commands.items():
        parser.fill()
        if name != "emulator":
            assert not {"--token", "--access-token"} & set(parser.option_names())


def test_every_command_that_makes_calls_takes_the_same_options() -> None:
    _, commands = make_parser()
    targets = {"--sandbox", "--production", "--host", "--emulator", "--token-file"}
    without_fields = {"import", "doctor", "demo"}  # They print reports, checks and calls instead of customers or cards.
    for name in commands.keys() - {"emulator", "completion"}:
        commands[name].fill()
        wanted = targets | {"--json"} | (set() if name in without_fields else {"--fields"})
        assert wanted <= set(commands[name].option_names()), name


def test_the_console_script_runs_the_module() -> None:
    from importlib.metadata import entry_points

    from squareconnect.cli import main

    (script,) = entry_points(group="console_scripts", name="squareconnect")
    assert script.load() is main


class TestStartingFast:
    """The modules that are loaded decide how fast the help appears. A time would depend on the load of the machine."""

    ARGPARSE = (
        "import argparse; one = argparse.ArgumentParser(); one.add_subparsers().add_parser('x'); one.print_help()"
    )

    @staticmethod
    def helps(commands: list[str]) -> str:
        """Return a program that prints the help of each command in turn."""
        return f"from squareconnect.cli import main; [main([*each.split(), '--help']) for each in {commands!r}]"

    @staticmethod
    def loaded(program: str) -> set[str]:
        """Return the modules that are loaded after a program ran."""
        code = f"{program}; import sys, json; print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, timeout=30, check=True
        )
        return set(json.loads(done.stderr))

    def test_help_loads_only_the_parser_and_the_version(self) -> None:
        added = self.loaded(self.helps([""])) - self.loaded(self.ARGPARSE)
        assert added == {"squareconnect", "squareconnect._version", "squareconnect.cli", "squareconnect.cli.parser"}

    def test_help_of_a_command_loads_no_library(self) -> None:
        libraries = {"urllib3", "rich", "shtab", "h11", "dateutil", "asyncio", "squareconnect.bulk"}
        assert not self.loaded(self.helps(list(COMMANDS))) & libraries

    def test_help_takes_milliseconds(self) -> None:
        """It takes 15 ms of CPU time. This limit only detects slow code that loads no modules."""

        def milliseconds(program: str) -> float:
            process = subprocess.Popen(
                [sys.executable, "-c", program],
                env=environment_without_coverage(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            _, _, used = os.wait4(process.pid, 0)
            process.returncode = 0
            return (used.ru_utime + used.ru_stime) * 1000

        added = min(milliseconds(self.helps([""])) for _ in range(5)) - min(milliseconds("pass") for _ in range(5))
        assert added < 150
