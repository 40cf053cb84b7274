"""Draw the output of commands as a terminal shows it: ``tox -e picture`` writes the pictures under ``docs/``."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from squareconnect.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DOCS = Path(__file__).parent.parent / "docs"
WIDTH = 118

SVG = """\
<svg viewBox="0 0 {width} {height}" role="img" xml:space="preserve" xmlns="http://www.w3.org/2000/svg">
<title>TITLE</title>
<style>
.{unique_id}-matrix {{font-family: ui-monospace, Menlo, Consolas, monospace; font-size: {char_height}px;
  line-height: {line_height}px; white-space: pre}}
.{unique_id}-title {{font-family: sans-serif; font-size: 18px}}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""

DEMO_PARTS = ("1. create_customer(", "5. create_customer_card(", "8 calls")
"""The beginnings of the parts of the demo's output that are drawn: a successful call, a refused one, and the end."""

PEOPLE = """\
First Name,Last Name,E-mail,Phone Number,Birthday,Shoe size
Ada,Lovelace,ada@example.com,+44 20 7946 0000,12-10,37
Grace,Hopper,grace at example.com,,1906-12-09,
"""
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("list",),
    ("import", "people.csv", "--map", "E-mail=email_address", "--dry-run"),
    ("doctor",),
)


class Picture(NamedTuple):
    """What is drawn."""

    name: str
    """The name of the file under docs/, without its suffix."""
    title: str
    """The text above the terminal."""
    text: str
    """The text in the terminal, with escape sequences."""


def pictures() -> Iterator[Picture]:
    """Yield all pictures."""
    parts = shown("demo").split("\n\n")
    demo = "\n\n".join(part for part in parts if Text.from_ansi(part).plain.startswith(DEMO_PARTS))
    yield Picture("demo", "python -m squareconnect demo", demo)
    yield Picture("CommandLine", "squareconnect", command_line())


def command_line() -> str:
    """Return what a terminal shows when a few commands run on a local Square."""
    with tempfile.TemporaryDirectory() as folder, Emulator(seed=1, clock="2026-01-01T00:00:00Z") as square:
        (Path(folder) / "people.csv").write_text(PEOPLE)
        token = {"SQUARE_ACCESS_TOKEN": square.access_token}
        for name, address in (("Charles Babbage", "charles@example.com"), ("Mary Somerville", "mary@example.com")):
            given, _, family = name.partition(" ")
            made = ("create", "--given-name", given, "--family-name", family, "--email-address", address)
            shown(*made, "--host", square.url, env=token)
        parts = []
        for words in COMMANDS:
            target = () if "--dry-run" in words else ("--host", square.url)
            parts.append(
                f"\x1b[1m$ squareconnect {' '.join(words)}\x1b[0m\n" + shown(*words, *target, env=token, cwd=folder)
            )
        return "\n".join(parts)


def shown(*words: str, env: dict[str, str] | None = None, cwd: str | None = None) -> str:
    """Return what a terminal shows when a command runs, except the progress on stderr."""
    leader, follower = pty.openpty()
    variables = {**os.environ, "COLUMNS": str(WIDTH), "TERM": "xterm-256color", **(env or {})}
    variables.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "squareconnect", *words]
    with subprocess.Popen(command, stdout=follower, stderr=subprocess.DEVNULL, env=variables, cwd=cwd):
        os.close(follower)
        return b"".join(read_to_end(leader)).decode().replace("\r\n", "\n")


def read_to_end(leader: int) -> Iterator[bytes]:
    """Yield what is written to a terminal until the last program closes it."""
    with os.fdopen(leader, "rb", buffering=0) as terminal:
        try:
            while data := terminal.read(65536):
                yield data
        except OSError:  # On Linux, this means that no program has the terminal open any more.
            return


def drawn(picture: Picture) -> str:
    """Return a picture as SVG."""
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    console.print(Text.from_ansi(picture.text))
    form = SVG.replace("TITLE", f"What {picture.title} prints")
    return console.export_svg(title=picture.title, theme=MONOKAI, code_format=form, unique_id=picture.name)


def main(names: Sequence[str]) -> None:
    """Draw the pictures with these names, or all."""
    for picture in pictures():
        if not names or picture.name in names:
            (DOCS / f"{picture.name}.svg").write_text(drawn(picture), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
