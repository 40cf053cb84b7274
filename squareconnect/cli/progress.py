"""The progress of an import or export, on stderr: a bar on a terminal if rich is installed, otherwise lines."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from squareconnect.cli.failures import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from squareconnect.bulk import Progress

LINE_EVERY = 10.0
"""Seconds between two lines."""

_VERBS = {"reading": "Reading", "listing": "Listing", "sending": "Importing", "exporting": "Exporting"}


@contextmanager
def told_progress(now: Callable[[], float] = time.monotonic) -> Iterator[Callable[[Progress], None]]:
    """Return a function that reports progress until the end of the block.

    :param now: the clock that decides when the next line is due, in seconds.
    """
    bar = _bar() if sys.stderr is not None and sys.stderr.isatty() else None
    if bar is None:
        yield Lines(now).tell
        return
    with bar:
        yield _Bar(bar).tell


class Lines:
    """Reports progress with a line every ten seconds.

    :param now: the clock, in seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._due = now() + LINE_EVERY

    def tell(self, progress: Progress) -> None:
        """Print a line if one is due."""
        if self._now() >= self._due:
            self._due = self._now() + LINE_EVERY
            say(line_of(progress))


def line_of(progress: Progress) -> str:
    """Return progress as a sentence."""
    done = f"{progress.done:,}" if progress.total is None else f"{progress.done:,} of {progress.total:,}"
    return f"{_VERBS[progress.phase]}: {done} done{_rest_of(progress)}."


def _rest_of(progress: Progress) -> str:
    parts = [
        f"{progress.refused:,} refused" if progress.refused else "",
        f"{progress.rate:,.0f} per second" if progress.rate else "",
        f"{duration(progress.seconds_left)} left" if progress.seconds_left is not None else "",
    ]
    return "".join(f", {part}" for part in parts if part)


def duration(seconds: float) -> str:
    """Return a time in the two units that matter, such as `1 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60} min"


class _Bar:
    def __init__(self, bar: Any) -> None:
        self._bar = bar
        self._task: Any = None
        self._phase = ""

    def tell(self, progress: Progress) -> None:
        rest = _rest_of(progress).removeprefix(", ")
        if progress.phase != self._phase:
            if self._phase:
                self._bar.remove_task(self._task)
            self._phase = progress.phase
            self._task = self._bar.add_task(_VERBS[progress.phase], total=None, rest=rest)
        self._bar.update(self._task, completed=progress.done + progress.refused, total=progress.total, rest=rest)


def _bar() -> Any:
    """Return rich's bar on stderr; None if rich is not installed."""
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    except ImportError:
        return None
    columns = (TextColumn("{task.description:9}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rest]}"))
    return Progress(*columns, console=Console(file=sys.stderr), transient=True)
