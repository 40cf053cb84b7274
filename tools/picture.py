"""Draw what the demo prints, as a terminal shows it: ``tox -e picture`` writes ``docs/demo.svg``."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from squareconnect import Configuration
from squareconnect.cli import demonstration as demo
from squareconnect.emulator import Emulator

PICTURE = Path(__file__).parent.parent / "docs" / "demo.svg"
SHOWN = ("1. create_customer(", "5. create_customer_card(", "8 calls")
"""How the parts of the output begin that are drawn: a call that is answered, one that is refused, and the end."""
WIDTH = 118

SVG = """\
<svg viewBox="0 0 {width} {height}" role="img" xml:space="preserve" xmlns="http://www.w3.org/2000/svg">
<title>What python -m squareconnect demo prints</title>
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


class Terminal(io.StringIO):
    """A text that takes itself for a terminal, and so is printed to in colour."""

    def isatty(self) -> bool:
        """Say yes."""
        return True


def demonstration() -> str:
    """Give the parts of the demo's output that are drawn."""
    output = Terminal()
    with Emulator() as square:
        demo.run(Configuration(host=square.url, access_token=square.access_token), output)
    parts = output.getvalue().split("\n\n")
    return "\n\n".join(part for part in parts if Text.from_ansi(part).plain.startswith(SHOWN))


if __name__ == "__main__":
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    console.print(Text.from_ansi(demonstration()))
    title = "python -m squareconnect demo"
    PICTURE.write_text(
        console.export_svg(title=title, theme=MONOKAI, code_format=SVG, unique_id="demo"), encoding="utf-8"
    )
