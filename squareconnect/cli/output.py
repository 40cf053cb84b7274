"""What commands print on stdout: JSON lines, or text for people and programs.

On a terminal it is a table, drawn by rich if that is installed. Elsewhere it is lines with tab-separated values. In
both, control characters are shown as escapes, so no customer's data can move the cursor or end a line.
"""

from __future__ import annotations

import json
import re
import sys
from contextlib import contextmanager
from io import TextIOWrapper
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

from squareconnect.cli import discard_output
from squareconnect.cli.fields import JsonObject, checked_paths
from squareconnect.models._paths import get, part_of

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Iterator, Sequence

    from squareconnect.models._model import Model

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line ends, changes of the writing direction, and code points that are not characters."""
_NARROWEST = 6
_GAP = 2

Row = list[str]


def add_output_options(parser: ArgumentParser, fields: bool = True) -> None:
    """Add the options that control how a command prints.

    :param fields: whether the user can choose the fields to print.
    """
    group = parser.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="print one JSON object per line")
    if fields:
        group.add_argument("--fields", metavar="NAMES", help="what to print, such as id,email_address,address.locality")


class Output:
    """Prints objects as the output options demand.

    :param options: the command line.
    :param kind: the model of the objects to print.
    :param columns: the fields that a list shows unless ``--fields`` names others.
    :raises Failure: if ``--fields`` names something that is not a field.
    """

    def __init__(self, options: Namespace, kind: type[Model], columns: Sequence[str] = ()) -> None:
        self._json: bool = options.json
        self._selected = None if options.fields is None else checked_paths(kind, options.fields, "--fields")
        self._columns = self._selected or list(columns)
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")

    def list(self, pages: Iterable[list[JsonObject]]) -> int:
        """Print objects as they arrive, a page at a time, and return their number.

        :raises BrokenPipeError: if nobody reads them any more.
        """
        count = 0
        lines = _Table(self._columns) if on_terminal() else None
        for page in pages:
            count += len(page)
            if self._json:
                print_lines(as_json(self._part(each)) for each in page)
            elif lines is not None:
                lines.draw([self._values(each) for each in page])
            else:
                print_lines(map(self._line, page))
        return count

    def list_one(self, values: JsonObject) -> None:
        """Print one object as a list would. Ignore a closed output, because the change is already made."""
        with _even_if_unread():
            print_lines([as_json(self._part(values)) if self._json else self._line(values)])

    def show(self, values: JsonObject) -> None:
        """Print one object: one field per line, or the values of ``--fields`` in one line.

        Ignore a closed output, because the change is already made.
        """
        with _even_if_unread():
            if self._json:
                print_lines([as_json(self._part(values))])
            elif self._selected and not on_terminal():
                print_lines([self._line(values)])
            else:
                pairs = [(path, _text(get(values, path))) for path in self._selected or ()]
                _show_pairs(pairs or list(_flat(values)))

    def _part(self, values: JsonObject) -> JsonObject:
        return values if self._selected is None else part_of(values, self._selected)

    def _values(self, values: JsonObject) -> Row:
        return [_text(get(values, path)) for path in self._columns]

    def _line(self, values: JsonObject) -> str:
        return "\t".join(map(_one_cell, self._values(values)))


@contextmanager
def _even_if_unread() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        discard_output()


def on_terminal() -> bool:
    """Return whether stdout is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


def print_lines(lines: Iterable[str]) -> None:
    """Print lines on stdout at once."""
    if sys.stdout is not None:
        sys.stdout.writelines(f"{line}\n" for line in lines)
        sys.stdout.flush()


def as_json(values: JsonObject) -> str:
    """Return an object as one line of JSON, in pure ASCII where the output or the text requires it."""
    text = json.dumps(values, ensure_ascii=False)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    if _UNSAFE.search(text) or encoding.lower().replace("-", "") != "utf8":
        return json.dumps(values)
    return text


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _flat(values: Any, path: str = "") -> Iterable[tuple[str, str]]:
    """Return the path and text of every value in nested objects and lists."""
    if isinstance(values, dict):
        for name, value in values.items():
            yield from _flat(value, f"{path}.{name}" if path else name)
    elif isinstance(values, list):
        for number, value in enumerate(values):
            yield from _flat(value, f"{path}[{number}]")
    else:
        yield path, _text(values)


def readable(text: str) -> str:
    """Return a text as one line that is safe to show on a terminal: every control character becomes an escape."""
    return _UNSAFE.sub(lambda match: match[0].encode("unicode_escape", "surrogatepass").decode(), text)


def _one_cell(text: str) -> str:
    return readable(text.replace("\\", r"\\"))


def _show_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    if not on_terminal():
        print_lines(f"{path}\t{_one_cell(text)}" for path, text in pairs)
        return
    console = _console()
    if console is None:
        width = max((len(path) for path, _ in pairs), default=0)
        print_lines(f"{path:{width}}  {readable(text)}" for path, text in pairs)
        return
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, _GAP))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for path, text in pairs:
        table.add_row(path, Text(readable(text)))
    console.print(table)


def print_styled(line: str, style: str) -> None:
    """Print a line on stdout, in one of rich's styles if stdout is a terminal and rich is installed."""
    console = _console()
    if console is None:
        print_lines([line])
        return
    from rich.text import Text

    console.print(Text(line, style))


def _console() -> Any:
    """Return rich's console for stdout; None if stdout is not a terminal, or rich is not installed."""
    if not on_terminal():
        return None
    try:
        from rich.console import Console
    except ImportError:
        return None
    return Console(file=sys.stdout, highlight=False, emoji=False, markup=False)


class _Table:
    """Draws rows as they arrive, in columns whose widths depend on the first rows."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns
        self._widths: list[int] = []
        self._console = _console()

    def draw(self, rows: Sequence[Row]) -> None:
        """Draw rows, the first time with the columns' names above them."""
        rows = [[readable(text) for text in row] for row in rows]
        first = not self._widths
        if rows and first:
            self._widths = fitting_widths([list(self._columns), *rows], get_terminal_size().columns)
        if rows:
            (self._plainly if self._console is None else self._with_rich)(rows, first)

    def _with_rich(self, rows: Sequence[Row], first: bool) -> None:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), show_header=first, header_style="bold")
        for name, width in zip(self._columns, self._widths, strict=True):
            table.add_column(name, width=width, no_wrap=True, overflow="ellipsis")
        for row in rows:
            table.add_row(*map(Text, row))
        self._console.print(table)

    def _plainly(self, rows: Sequence[Row], first: bool) -> None:
        shown = [list(self._columns), *rows] if first else rows
        gap = " " * _GAP
        print_lines(
            gap.join(_padded(text, width) for text, width in zip(row, self._widths, strict=True)).rstrip()
            for row in shown
        )


def fitting_widths(rows: Sequence[Row], available: int) -> list[int]:
    """Return the widths of columns: what they need, but less for the widest except the first if space is short.

    :param rows: the rows to show.
    :param available: the number of characters in a line of the terminal.
    """
    widths = [max(map(cells, column)) for column in zip(*rows, strict=True)]
    narrowing = range(1, len(widths)) if len(widths) > 1 else range(1)
    while sum(widths) + _GAP * len(widths) > available:
        widest = max(narrowing, key=widths.__getitem__)
        if widths[widest] <= _NARROWEST:
            break
        widths[widest] -= 1
    return widths


def cells(text: str) -> int:
    """Return the number of terminal columns that a text takes."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def _padded(text: str, width: int) -> str:
    if cells(text) > width:
        while cells(text) > width - 1:
            text = text[:-1]
        text += "…"
    return text + " " * (width - cells(text))
