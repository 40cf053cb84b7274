"""Import on a cluster: the client's side."""

from __future__ import annotations

import csv
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from squareconnect.bulk.errors import JournalInUse, Stopped
from squareconnect.bulk.importing import check_numbers
from squareconnect.bulk.planning import journal_errors
from squareconnect.bulk.reports import ERRORS_KEPT, ImportReport, Progress
from squareconnect.dask.accounts import Accounts
from squareconnect.dask.crew import Crew, prepared
from squareconnect.dask.folders import made_folder
from squareconnect.dask.orders import Chunk, Order, Part
from squareconnect.dask.parts import parts_of
from squareconnect.dask.reading import read_part
from squareconnect.dask.sending import send_chunk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from distributed import Client

    from squareconnect.dask.accounts import Configurations
    from squareconnect.dask.orders import Reading

_COUNTS = ("created", "updated", "skipped", "refused", "unknown", "left")
_MARKS = 100
"""The number of tasks over which the reported rate is averaged."""


def import_customers(
    source: Any,
    configuration: Configurations,
    *,
    journal: str | os.PathLike[str],
    rate: float | None = None,
    client: Client | None = None,
    match: str | None = None,
    on_match: str = "skip",
    concurrency: int = 16,
    key_trust: float = 3600.0,
    progress: Callable[[Progress], object] | None = None,
) -> ImportReport:
    """Import customers on a cluster: each row exactly once, no matter how often workers or this client are killed.

    :param source: a Dask DataFrame, a Dask Bag of dicts, or one or more paths or globs of CSV, JSON Lines
        (`.jsonl`, `.ndjson`, `.json`) or Parquet (`.parquet`), local to the workers or with any URL that `fsspec`
        knows. The parts must be the same in every run with the same journal; files may be added.
    :param configuration: one for all rows, or a mapping from the values of the column `account` to one each.
    :param journal: a directory that all workers and this process share, created if it is missing. It gets a journal
        for each part (and account), and `errors.csv` with all refused rows.
    :param rate: the maximum number of requests per second for each account; None lets the server's answers decide.
    :param client: the `distributed.Client`; by default the current one.
    :param match: as for `squareconnect.bulk.import_customers`; the parts of an account are then sent one by one.
    :param on_match: as for `squareconnect.bulk.import_customers`.
    :param concurrency: the maximum number of calls in flight in each task, 1 to 1000. There are as many tasks as
        the workers have threads.
    :param key_trust: as for `squareconnect.bulk.import_customers`.
    :param progress: called with a `Progress` after each task.
    :return: what became of the rows, over all runs.
    :raises InputError: for a source or an option that cannot be used; nothing was sent.
    :raises JournalError: for a journal that is broken or belongs to another import.
    :raises Stopped: if rows are left because a server, the disk or the cluster is gone; run the same again.
    :raises ApiException: if a server refuses all rows rather than one; the other accounts were finished first.
    """
    check_numbers(rate=rate, concurrency=concurrency, key_trust=key_trust)
    accounts = Accounts(configuration)
    parts = parts_of(source)
    folder = made_folder(journal)
    matched = None if match == "none" else match
    order = Order(str(folder), accounts.run, accounts.keys, matched, on_match, rate, concurrency, key_trust)
    with prepared(client, accounts) as client:
        work = _Import(client, order, progress)
        work.read(parts)
        try:
            work.send()
        finally:
            work.write_errors(folder / "errors.csv")
        return work.report()


class _Import:
    """One run of an import, and its results so far."""

    def __init__(self, client: Client, order: Order, progress: Callable[[Progress], object] | None) -> None:
        self._client = client
        self._order = order
        self._progress = progress or (lambda progress: None)
        self._reports: dict[str, tuple[Chunk, ImportReport]] = {}
        self._late: list[Part] = []
        self._marks: list[tuple[float, int]] = []

    def read(self, parts: Sequence[Part]) -> None:
        """Store all parts in journals."""
        by_part: dict[str, list[Chunk]] = {}

        def told(part: Part, reading: Reading) -> None:
            by_part[part.name] = reading.chunks
            self._take_in(reading.chunks)
            if reading.late:
                self._late.append(part)

        may_be_late = self._order.match is None
        Crew(self._client, lambda part: self._reading_of(part, may_be_late), told, most_kills=3).do(parts)
        chunks = [chunk for part in parts for chunk in by_part[part.name]]
        self._reports = {chunk.journal: (chunk, chunk.report) for chunk in chunks}  # In order.

    def _reading_of(self, part: Part, may_be_late: bool) -> tuple[Any, ...]:
        return read_part, part.rows, part.name, part.title, self._order, may_be_late

    def _take_in(self, chunks: Sequence[Chunk]) -> None:
        self._reports.update((chunk.journal, (chunk, chunk.report)) for chunk in chunks)
        self._progress(Progress("reading", sum(map(_total, self._all()))))

    def send(self) -> None:
        """Send the rows that remain in the journals. Read late parts once earlier tasks have finished with them."""
        chunks = [chunk for chunk, _ in self._reports.values()]

        def call(work: Chunk | Part) -> tuple[Any, ...]:
            if isinstance(work, Part):
                return self._reading_of(work, may_be_late=False)
            return send_chunk, work, self._order, self._earlier(work, chunks)

        def told(work: Chunk | Part, result: Any) -> None:
            if isinstance(work, Chunk):
                self._told(work, result)
                return
            self._take_in(result.chunks)
            for chunk in _unfinished(result.chunks):
                crew.add(chunk)

        crew = Crew(self._client, call, told, in_order=self._order.match is not None)
        try:
            crew.do([*_unfinished(chunks), *self._late])
        except Stopped as stopped:
            stopped.report = self.report()
            raise

    def write_errors(self, path: Path) -> None:
        """Merge the refused rows of all journals.

        :raises Stopped: if they cannot be written, as on a full disk.
        """
        try:
            self._write_errors(path)
        except OSError as error:
            stopped = Stopped(
                f"The refused rows cannot be written to {path}: {error.strerror}. Make room, and run the same again; "
                "they are in the journals"
            )
            stopped.report = self.report()
            raise stopped from error

    def _write_errors(self, path: Path) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123 - it opens a descriptor
            writer = csv.writer(file)
            writer.writerow(("part", "account", "row", "code", "field", "detail"))
            for chunk, _ in self._reports.values():
                with suppress(JournalInUse):  # Its task ends with its stint; the next run writes these.
                    writer.writerows((chunk.title, chunk.account, *error) for error in journal_errors(chunk.journal))

    def report(self) -> ImportReport:
        """Return the sum over all journals of what became of the rows."""
        errors = (
            error._replace(detail=f"{chunk.title}: {error.detail}")
            for chunk, report in self._reports.values()
            for error in report.errors
        )
        unused = dict.fromkeys(name for chunk, _ in self._reports.values() for name in chunk.report.unused)
        return ImportReport(
            **{name: sum(getattr(report, name) for report in self._all()) for name in _COUNTS},
            errors=tuple(error for error, _ in zip(errors, range(ERRORS_KEPT), strict=False)),
            unused=tuple(unused),
        )

    def _all(self) -> list[ImportReport]:
        return [report for _, report in self._reports.values()]

    def _earlier(self, chunk: Chunk, chunks: Sequence[Chunk]) -> list[str]:
        """Return the journals of earlier parts, if this chunk must not create their customers again."""
        if self._order.match is None:
            return []
        of_account = [one.journal for one in chunks if one.account == chunk.account]
        return of_account[: of_account.index(chunk.journal)]

    def _told(self, chunk: Chunk, report: ImportReport) -> None:
        self._reports[chunk.journal] = (chunk, report)
        reports = self._all()
        done = sum(one.created + one.updated + one.skipped for one in reports)
        refused, total = sum(one.refused for one in reports), sum(map(_total, reports))
        self._marks = [*self._marks[1 - _MARKS :], (time.monotonic(), done + refused)]
        seconds = self._marks[-1][0] - self._marks[0][0]
        rate = (self._marks[-1][1] - self._marks[0][1]) / seconds if seconds > 0 else 0.0
        left = (total - done - refused) / rate if rate else None
        self._progress(Progress("sending", done, refused, total, rate, left))


def _total(report: ImportReport) -> int:
    return sum(getattr(report, name) for name in _COUNTS)


def _unfinished(chunks: Sequence[Chunk]) -> list[Chunk]:
    return [chunk for chunk in chunks if chunk.report.left or chunk.report.unknown]
