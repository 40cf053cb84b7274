"""Detects rows that kill the workers that send them."""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from squareconnect.bulk.errors import Stopped
from squareconnect.bulk.files import unfinished
from squareconnect.bulk.planning import journal_results

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from typing_extensions import Self

    from squareconnect.bulk.journal import Row
    from squareconnect.bulk.sending import Answers


class Watch:
    """Finds the row that kills workers, by comparing which rows were being sent at each death.

    In a file next to a journal, it records how often each row was being sent when a worker died, and which row is sent
    alone.

    :param journal: the journal; the caller has checked that no other task uses it.
    :raises Stopped: from all methods, if the disk is full.
    """

    _DEATHS = 3
    """How often a row may be in flight when a worker dies before it is sent alone."""
    _DEATHS_ALONE = 2
    """How often the worker may die while sending a row alone before that row is set aside."""

    def __init__(self, journal: str | os.PathLike[str]) -> None:
        self._journal = os.fspath(journal)
        self._begun = Path(f"{self._journal}.begun")
        self._alone = Path(f"{self._journal}.alone")
        self._deaths: dict[str, int] = {}
        self._alone_deaths: Counter[str] = Counter()
        self._one_at_a_time = threading.Lock()

    def __enter__(self) -> Self:
        if self.has_begun:
            self._learn()
        self._keep()
        return self

    def __exit__(self, *error: object) -> None:
        if self._alone_deaths:
            self._keep(ended=True)
        else:
            self._begun.unlink(missing_ok=True)

    @property
    def has_begun(self) -> bool:
        """Whether a task is sending the rows of the journal, or died while doing so."""
        return self._begun.exists()

    def forget(self) -> None:
        """Forget all deaths."""
        self._begun.unlink(missing_ok=True)
        self._alone.unlink(missing_ok=True)

    def guarded(self, send: Callable[[Sequence[Row]], Answers]) -> Callable[[Sequence[Row]], Answers]:
        """Return a sender that sends suspects one at a time, and skips rows that are set aside."""
        suspects = {int(number) for number, deaths in self._deaths.items() if deaths >= self._DEATHS}
        aside = {int(number) for number, deaths in self._alone_deaths.items() if deaths >= self._DEATHS_ALONE}

        def guard(rows: Sequence[Row]) -> Answers:
            number = rows[0].number
            if number in aside:
                return [None]
            if number not in suspects:
                return send(rows)
            with self._one_at_a_time:
                _write(self._alone, str(number))
                try:
                    return send(rows)
                finally:
                    self._alone.unlink()

        return guard

    def _learn(self) -> None:
        """Count a death for each row that was in flight, including a row that was sent alone."""
        known = json.loads(self._begun.read_text())
        self._alone_deaths.update(known["alone"])
        if known["ended"]:
            return
        sent = (str(result.row) for result in journal_results(self._journal) if result.state == "sent")
        self._deaths = {number: known["deaths"].get(number, 0) + 1 for number in sent}
        if self._alone.exists():
            number = self._alone.read_text()
            self._alone_deaths.update([number] if number else [])  # The worker may have died while writing this.
            self._alone.unlink()

    def _keep(self, *, ended: bool = False) -> None:
        """Write the record atomically: the next reader finds either the old one or the new one."""
        part = unfinished(self._begun)
        _write(part, json.dumps({"deaths": self._deaths, "alone": self._alone_deaths, "ended": ended}))
        part.replace(self._begun)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        raise Stopped(f"{path} cannot be written: {error.strerror}; make room, and run the same again") from None
