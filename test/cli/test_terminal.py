"""What users see on a terminal, with and without rich."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squareconnect.cli import main
from squareconnect.cli.output import cells, fitting_widths, readable
from test.cli.program import Screen, Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from test.cli.conftest import Square

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@pytest.fixture(params=["rich", "plain"])
def drawn(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test with and without rich."""
    if request.param == "plain":
        for name in [name for name in sys.modules if name.split(".")[0] == "rich"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "rich", None)
    return str(request.param)


@pytest.fixture
def shown(square: Square, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """A function that runs the program in this process, with a terminal as stdout and stderr."""

    def run(*words: str, width: int = 100, **env: str) -> str:
        screen = Screen()
        with monkeypatch.context() as patched:
            for name, value in {"COLUMNS": str(width), "TERM": "xterm", **env}.items():
                patched.setenv(name, value)
            patched.setattr(sys, "stdout", screen.stream)
            patched.setattr(sys, "stderr", screen.stream)
            code = main([*words, *square.target])
        text = screen.text()
        assert code == 0, text
        return text

    return run


@pytest.fixture(autouse=True)
def _no_colour_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.mark.usefixtures("drawn")
def test_a_list_is_a_table(square: Square, shown: Callable[..., str]) -> None:
    ada = square.create(given_name="Ada", family_name="Lovelace", phone_number="+44 20 7946 0000")
    lines = ESCAPES.sub("", shown("list")).splitlines()
    assert lines[0].split() == ["id", "given_name", "family_name", "company_name", "email_address", "phone_number"]
    assert lines[1].startswith(f"{ada.id}  Ada")
    assert lines[1].rstrip().endswith("+44 20 7946 0000") or "…" in lines[1]
    assert len(lines) == 2


@pytest.mark.usefixtures("drawn")
def test_a_table_of_several_pages_has_one_head(square: Square, shown: Callable[..., str]) -> None:
    for number in range(101):
        square.create(given_name=f"{number:03}")
    lines = ESCAPES.sub("", shown("list", "--fields", "given_name")).split()
    assert lines == ["given_name", *(f"{number:03}" for number in range(101))]


@pytest.mark.usefixtures("drawn")
def test_a_table_fits_the_terminal(square: Square, shown: Callable[..., str]) -> None:
    ada = square.create(given_name="A" * 200, family_name="漢字" * 40, email_address="a" * 60 + "@example.com")
    lines = ESCAPES.sub("", shown("list", width=80)).splitlines()
    assert len(lines) == 2
    assert all(cells(line.rstrip()) <= 80 for line in lines)
    assert lines[1].startswith(f"{ada.id}  AAAAA")
    assert "…" in lines[1]


@pytest.mark.usefixtures("drawn")
def test_one_customer_is_shown_a_field_a_line(square: Square, shown: Callable[..., str]) -> None:
    ada = square.create(given_name="Ada", note="n" * 150)
    text = ESCAPES.sub("", shown("get", str(ada.id)))
    assert re.search(r"^given_name +Ada *$", text, re.MULTILINE)
    assert "".join(re.findall(r"(?:^| )(n+) *$", text, re.MULTILINE)) == "n" * 150
    chosen = ESCAPES.sub("", shown("get", str(ada.id), "--fields", "given_name"))
    assert chosen.split() == ["given_name", "Ada"]


@pytest.mark.usefixtures("drawn")
def test_data_cannot_control_the_terminal(square: Square, shown: Callable[..., str]) -> None:
    ada = square.create(given_name="[red]Ada[/red] :smile:", family_name="\x1b[2J\x9b2J\a", note="a\nb\u202ec")
    for words in (
        ("list",),
        ("get", str(ada.id)),
        ("list", "--json"),
        ("list", "--fields", "given_name,note,family_name"),
    ):
        text = shown(*words, NO_COLOR="1", width=300)
        assert "[red]Ada[/red] :smile:" in text
        assert not set("\x9b\a\u202e") & set(text)
        assert "\x1b[2J" not in text


def test_is_in_colour_unless_colour_is_switched_off(square: Square, shown: Callable[..., str]) -> None:
    square.create()
    assert ESCAPES.search(shown("list"))
    assert not ESCAPES.search(shown("list", TERM="dumb"))
    doctor = shown("doctor", NO_COLOR="1")
    assert "\x1b[3" not in doctor


@pytest.mark.usefixtures("drawn")
def test_an_empty_list_says_so(square: Square, shown: Callable[..., str]) -> None:
    assert shown("list") == f"{square.url} has no customers.\n"


@pytest.mark.usefixtures("drawn")
def test_doctor_prints_the_same_text_with_and_without_colour(square: Square, shown: Callable[..., str]) -> None:
    lines = ESCAPES.sub("", shown("doctor", width=200)).splitlines()
    assert lines[0].split() == ["OK", "python", ".".join(map(str, sys.version_info[:3]))]


class TestThePromptOfDelete:
    @pytest.fixture
    def asked(self, square: Square) -> Iterator[tuple[Terminal, str]]:
        ada = str(square.create().id)
        terminal = Terminal("delete", ada, *square.target, env=square.env)
        terminal.read_until("[y/N] ")
        assert f"Delete 1 customer, with their cards on file, from {square.url}: {ada}? [y/N] " in terminal.text
        assert square.ids() == [ada]
        yield terminal, ada
        terminal.process.kill()
        terminal.process.wait()

    @pytest.mark.parametrize("answer", ["y", "YES"])
    def test_answered_with_yes_deletes(self, answer: str, asked: tuple[Terminal, str], square: Square) -> None:
        terminal, ada = asked
        terminal.type(f"{answer}\n")
        done = terminal.end()
        assert done.code == 0
        assert done.out.endswith(f"\n{ada}\n")
        assert square.ids() == []

    @pytest.mark.parametrize("answer", ["\n", "yse\n", "\x04"])
    def test_answered_with_anything_else_deletes_nothing(
        self, answer: str, asked: tuple[Terminal, str], square: Square
    ) -> None:
        terminal, ada = asked
        terminal.type(answer)
        done = terminal.end()
        assert done.code == 1
        assert done.out.endswith("squareconnect: nothing was deleted.\n")
        assert square.ids() == [ada]

    def test_answered_with_ctrl_c_deletes_nothing(self, asked: tuple[Terminal, str], square: Square) -> None:
        terminal, ada = asked
        terminal.interrupt()
        done = terminal.end()
        assert (done.code, "Traceback" in done.out) == (130, False)
        assert square.ids() == [ada]

    def test_is_not_written_to_stdout(self, square: Square, tmp_path: Path) -> None:
        ada = str(square.create().id)
        with (tmp_path / "out").open("w") as out:
            terminal = Terminal("delete", ada, "--json", *square.target, env=square.env, stdout=out)
        terminal.read_until("[y/N] ")
        terminal.type("y\n")
        assert terminal.end().code == 0
        assert (tmp_path / "out").read_text() == f'{{"id": "{ada}", "deleted": true}}\n'

    @pytest.mark.parametrize("stream", ["stdin", "stderr"])
    def test_is_not_shown_if_nobody_can_answer(self, stream: str, square: Square) -> None:
        ada = str(square.create().id)
        nowhere: dict[str, Any] = {stream: subprocess.DEVNULL}
        terminal = Terminal("delete", ada, *square.target, env=square.env, **nowhere)
        assert terminal.end().code == 2
        assert square.ids() == [ada]


@given(st.lists(st.lists(st.text(max_size=60), min_size=3, max_size=3), min_size=1), st.integers(30, 200))
def test_widths_fit(rows: list[list[str]], available: int) -> None:
    widths = fitting_widths(rows, available)
    needed = [max(cells(row[number]) for row in rows) for number in range(3)]
    assert all(width <= need for width, need in zip(widths, needed, strict=True))
    assert widths[0] == needed[0]
    assert sum(widths) + 6 <= available or max(widths[1:]) <= 6 or widths == needed


def test_a_single_column_is_narrowed_too() -> None:
    assert fitting_widths([["x" * 100]], 40) == [38]


def test_columns_are_not_narrowed_to_nothing() -> None:
    assert fitting_widths([["x" * 30, "y" * 20]], 20) == [30, 6]


@given(st.text())
def test_readable_text_is_one_line_without_control_characters(text: str) -> None:
    assert len(readable(text).splitlines()) <= 1
    assert readable(readable(text)) == readable(text)


def test_readable_text_keeps_the_spaces_and_joiners_of_languages() -> None:
    text = "東京\u3000都 \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 1\xa0000 👩\u200d💻"
    assert readable(text) == text
