"""docs/CommandLine.md: every command on the page works, and every option is on the page."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from squareconnect.cli.parser import make_parser
from test.cli.program import shell

if TYPE_CHECKING:
    from test.cli.conftest import Square

PAGE = (Path(__file__).parents[2] / "docs" / "CommandLine.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)

LOCAL = f"""
set -eo pipefail
pip() {{ true; }}
squareconnect() {{
    local words=() target= word
    for word; do
        case "$word" in
            --sandbox) target=yes; words+=(--host "$URL");;
            --emulator|--dry-run) target=yes; words+=("$word");;
            *) words+=("$word");;
        esac
    done
    case "$1" in
        list|get|export|doctor) [ "$target" ] || words+=(--host "$URL");;
    esac
    "{sys.executable}" -m squareconnect "${{words[@]}}"
}}
"""
"""The start of each script: it replaces Square's sandbox with a local Square, and keeps pip from changing anything."""


IMPORT = next(block for block in BLOCKS if "people.csv" in block)


@pytest.mark.parametrize(
    "block", [block for block in BLOCKS if block != IMPORT], ids=lambda block: block.split("\n")[0][:50]
)
def test_every_command_runs(block: str, square: Square, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    square.create(given_name="Zoë", note="Was there before")
    done = shell(LOCAL + block, env={**square.env, "URL": square.url})
    assert (done.code, "Traceback" in done.err) == (0, False), done.err
    assert done.out or "completion" in block


def test_an_import_does_what_the_page_says(square: Square, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = shell(LOCAL + IMPORT, env={**square.env, "URL": square.url})
    assert done.code == 0
    assert done.out.count("exit code 3\n") == 2
    assert {one.email_address for one in square.customers()} == {"ada@example.com", "grace@example.com"}


def test_every_command_is_in_the_table() -> None:
    _, commands = make_parser()
    assert re.findall(r"^\| `([a-z][a-z-]*)(?: [^`]*)?` \| (?!.*\|.*\|)", PAGE, re.MULTILINE) == list(commands)


def test_the_page_has_every_option_except_the_fields_and_no_other() -> None:
    parser, commands = make_parser()
    known = set(parser.option_names())
    for name, command in commands.items():
        command.fill()
        known.update(command.option_names())
        if name != "emulator":
            fields = {
                option
                for action in command._actions
                if action.dest.startswith("field:")
                for option in action.option_strings
            }
            missing = {option for option in command.option_names() if option.startswith("--") and option not in PAGE}
            assert missing - fields == set()
    assert set(re.findall(r"--[a-z][\w.-]*[a-z]", PAGE)) - {"--quiet"} <= known


def test_every_exit_code_is_on_the_page() -> None:
    assert re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE) == ["0", "1", "2", "3", "4", "75", "130"]
