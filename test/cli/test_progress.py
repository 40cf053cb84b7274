from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from squareconnect.bulk import Progress
from squareconnect.cli.progress import Lines, duration, line_of
from test.cli.program import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from test.cli.conftest import Square


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_line_is_printed_every_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    lines = Lines(clock)
    for second in range(35):
        clock.now = second
        lines.tell(Progress("sending", second))
    assert capsys.readouterr() == ("", "".join(f"Importing: {second} done.\n" for second in (10, 20, 30)))


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (Progress("reading", 1500), "Reading: 1,500 done."),
        (Progress("listing", 100, rate=48.6), "Listing: 100 done, 49 per second."),
        (
            Progress("sending", 1200, 3, 20000, 98.0, 192.0),
            "Importing: 1,200 of 20,000 done, 3 refused, 98 per second, 3 min 12 s left.",
        ),
        (Progress("exporting", 5), "Exporting: 5 done."),
    ],
)
def test_a_line_shows_everything_that_is_known(progress: Progress, line: str) -> None:
    assert line_of(progress) == line


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (3700, "1 h 1 min"), (1e7, "2,777 h 46 min")]
)
def test_a_duration_has_two_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize("rich", [True, False])
def test_a_terminal_shows_a_bar_if_rich_is_installed(rich: bool, square: Square, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("given_name\n" + "".join(f"Ada {number}\n" for number in range(40)))
    if not rich:
        (tmp_path / "rich.py").write_text("raise ImportError")
    env = {**square.env, "PYTHONPATH": str(tmp_path)}
    done = Terminal("import", str(tmp_path / "people.csv"), *square.target, env=env).end()
    assert done.code == 0
    assert ("40/40" in done.out) is rich
    assert (re.search("Importing.*━", done.out) is not None) is rich
    assert "Rows: 40 created." in done.out
