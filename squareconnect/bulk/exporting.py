"""An export of customers, from the first page to the finished file."""

from __future__ import annotations

import csv
import errno
import io
import json
import math
import os
import sqlite3
import stat
import sys
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, overload

from squareconnect._text import did_you_mean
from squareconnect.bulk.directory import Listing
from squareconnect.bulk.errors import InputError, JournalError, JournalInUse, Stopped
from squareconnect.bulk.files import json_line, unfinished
from squareconnect.bulk.importing import host_of
from squareconnect.bulk.journal import is_about_disk, storable
from squareconnect.bulk.mapping import FIELDS
from squareconnect.bulk.pace import AdaptivePace
from squareconnect.bulk.reports import ExportReport, Progress
from squareconnect.bulk.sending import Job
from squareconnect.emulator.seeding import DASHBOARD_COLUMNS
from squareconnect.exceptions import ApiException
from squareconnect.models._paths import get, part_of, selectable_paths
from squareconnect.models.customer import Customer
from squareconnect.models.error_code import ErrorCode
from squareconnect.serialization import sanitize

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence

    from typing_extensions import Self, TypedDict, Unpack

    from squareconnect.apis import AsyncCustomersApi, CustomersApi
    from squareconnect.bulk.mapping import Body
    from squareconnect.bulk.pace import Pace
    from squareconnect.bulk.sending import Driver

    class Options(TypedDict, total=False):
        """What :func:`export_customers` takes in addition to the API and the destination."""

        format: str | None
        resume: bool
        rate: float | None
        progress: Callable[[Progress], object] | None
        pace: Pace | None
        fields: Sequence[str] | None


FORMATS = ("jsonl", "csv", "square")

CSV_COLUMNS = ("id", *FIELDS, "created_at", "updated_at", "creation_source")
"""The columns of an export as CSV."""

_COMMIT_EVERY = 1.0
"""The maximum number of seconds of work that a killed export loses."""


@overload
def export_customers(
    api: CustomersApi, destination: str | os.PathLike[str] | BinaryIO, **options: Unpack[Options]
) -> ExportReport: ...


@overload
def export_customers(
    api: AsyncCustomersApi, destination: str | os.PathLike[str] | BinaryIO, **options: Unpack[Options]
) -> Coroutine[Any, Any, ExportReport]: ...


def export_customers(
    api: CustomersApi | AsyncCustomersApi,
    destination: str | os.PathLike[str] | BinaryIO,
    *,
    format: str | None = None,  # noqa: A002 - the option's name
    resume: bool = False,
    rate: float | None = None,
    progress: Callable[[Progress], object] | None = None,
    pace: Pace | None = None,
    fields: Sequence[str] | None = None,
) -> ExportReport | Coroutine[Any, Any, ExportReport]:
    """Write all customers to a file, each once, even if Square lists some twice.

    A file gets its name only when it is complete. Until then it is `NAME.part`, and `NAME.export` records the progress.

    :param api: the customers' API.
    :param destination: the file, `-` for standard output, or a binary stream.
    :param format: `"jsonl"`: each customer as Square returns it; `"csv"`: the API's names as columns, without cards,
        preferences and groups; `"square"`: the 23 columns of Square's own export. The default depends on the name: CSV
        for `.csv`, otherwise JSON Lines.
    :param resume: continue an earlier export to the same file: from its last page while Square knows the cursor,
        otherwise from the start without writing a customer twice.
    :param rate: the maximum number of pages per second; None lets the server's answers decide.
    :param progress: called with a `Progress` after each page.
    :param pace: decides when a request may leave, in place of `AdaptivePace(rate)`.
    :param fields: the fields of each customer to write, such as `["id", "address.locality"]`; None for all. The format
        `"square"` has its own.
    :return: how many customers were written; for an `AsyncCustomersApi`, a coroutine that returns that.
    :raises InputError: for a destination or an option that cannot be used.
    :raises JournalError: if what an earlier export left belongs to another host or format.
    :raises Stopped: if the server is gone or the disk is full; run the same again with `resume`.
    :raises ApiException: if the customers cannot be listed.
    """
    host = host_of(api)
    name = os.fspath(destination) if isinstance(destination, (str, os.PathLike)) else "-"
    form = format or ("csv" if name.lower().endswith(".csv") else "jsonl")
    if form not in FORMATS:
        raise InputError(f"--format must be one of {', '.join(FORMATS)}, not {form!r}")
    path = None if name == "-" else _file(name)
    if path is None and resume:
        raise InputError("--resume needs the name of a file: an export to a stream cannot be continued")
    columns = _checked_fields(fields, form)
    header, text = _format(form, columns)
    outlet = _Stream(destination, header) if path is None else _Files(lambda _: path, header)
    purpose = f"{host} as {form}" + (f" of {', '.join(columns)}" if columns else "")
    state = partial(_State, path and Path(f"{path}.export"), resume, purpose)
    again = "export again" if path is None else "export again with --resume"
    return _Export(outlet, state, text, pace or AdaptivePace(rate), progress, again).start(api)


def export_parts(
    api: CustomersApi,
    folder: str | os.PathLike[str],
    *,
    rows_per_file: int,
    constants: Mapping[str, str],
    pace: Pace,
    progress: Callable[[Progress], object],
) -> ExportReport:
    """Write all customers to files of JSON Lines in a directory, `part-00000.jsonl` and so on, each customer once.

    A repeated call continues where the last one stopped, and does nothing once all is written: `customers.export`
    records the progress.

    :param api: the customers' API.
    :param folder: the directory.
    :param rows_per_file: a file is complete after the page that brings it to this many customers.
    :param constants: texts to add to each customer, by their keys.
    :param pace: decides when a request may leave.
    :param progress: called with a `Progress` after each page. If it raises, what was written is kept.
    :return: how many customers were written.
    :raises JournalInUse: if another export is writing there.
    :raises JournalError: if what is there belongs to another host, or to other options.
    :raises Stopped: if the server is gone or the disk is full.
    :raises ApiException: if the customers cannot be listed.
    """
    purpose = f"{host_of(api)} in files of {rows_per_file} customers"
    if constants:
        purpose += f" with {json.dumps(dict(constants))}"
    outlet = _Files(lambda number: Path(folder) / f"part-{number:05}.jsonl", rows_per_file=rows_per_file)
    state = partial(_State, Path(folder) / "customers.export", True, purpose, forgets=False)
    _, text = _format("jsonl", (), constants)
    return _Export(outlet, state, text, pace, progress, "run the same again").in_threads(api)


class _Export(Job[ExportReport]):
    """One run of an export.

    :param outlet: where the customers go.
    :param state: opens the record of its progress.
    :param text: converts customers to the export's format.
    :param again: what to do after the export stopped and its cause is removed, in words.
    """

    def __init__(
        self,
        outlet: _Stream | _Files,
        state: Callable[[], _State],
        text: Callable[[list[Body]], bytes],
        pace: Pace,
        progress: Callable[[Progress], object] | None,
        again: str,
    ) -> None:
        super().__init__(progress)
        self._outlet = outlet
        self._again = again
        self._state = state
        self._text = text
        self._pace = pace
        self._began = time.monotonic()

    def run(self, driver: Driver) -> ExportReport:
        with self._state() as state:
            resumed = state.count > 0 or state.cursor is not None
            try:
                self._outlet.name(state.place.number)
                if not state.complete:
                    with ExitStack() as opened:
                        self._outlet.open(state.place, opened)
                        self._write_all(Listing(driver, self._pace), state)
                        state.complete = True
                        state.commit(self._outlet)
                    self._outlet.name(state.place.number)
            except OSError as error:
                raise self._explained(error) from error
            except sqlite3.Error as error:
                raise Stopped(f"The export cannot be saved ({error}): make room, and {self._again}") from error
        return ExportReport(state.count, state.repeated, resumed)

    def _explained(self, error: OSError) -> Exception:
        if not self._outlet.lasts and error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return error
        return Stopped(f"The export cannot be written: {error.strerror}. Make room, and {self._again}")

    def _write_all(self, listing: Listing, state: _State) -> None:
        count_at_restart = -1
        while True:
            try:
                return self._write_pages(listing, state)
            except ApiException as failure:
                expired = any(error.code == ErrorCode.INVALID_CURSOR for error in failure.errors)
                if not expired or state.cursor is None or state.count == count_at_restart:
                    raise
                count_at_restart, state.cursor = state.count, None

    def _write_pages(self, listing: Listing, state: _State) -> None:
        for page in listing.pages(cursor=state.cursor, sort_field="CREATED_AT"):
            new = state.new(page.customers or [])
            self._outlet.write(self._text(sanitize(new)), len(new))
            state.cursor = page.cursor
            if state.is_due:
                self._keep(state)
            try:
                self.tell(Progress("exporting", state.count, rate=self._rate(state)))
            except BaseException:
                state.complete = page.cursor is None
                self._keep(state)
                raise

    def _keep(self, state: _State) -> None:
        state.commit(self._outlet)
        self._outlet.name(state.place.number)

    def _rate(self, state: _State) -> float:
        return state.new_count / max(time.monotonic() - self._began, 0.001)


class _Place(NamedTuple):
    """How far an export has come in its files."""

    number: int = 0
    """The file that is being written, from 0."""
    rows: int = 0
    """Customers in it."""
    offset: int = 0
    """Bytes in it."""


class _Stream:
    """Writes customers to a stream, a FIFO or a device.

    :param destination: the stream, or its path.
    :param header: what the output starts with.
    """

    lasts = False
    """Whether an export can be continued after it stopped."""

    def __init__(self, destination: str | os.PathLike[str] | BinaryIO, header: bytes) -> None:
        self._destination = destination
        self._header = header

    def open(self, place: _Place, opened: ExitStack) -> None:
        """Open what to write to, at the place that was reached before."""
        self._file: BinaryIO
        if self._destination == "-":
            self._file = sys.stdout.buffer
        elif isinstance(self._destination, (str, os.PathLike)):
            self._file = opened.enter_context(Path(self._destination).open("wb"))  # noqa: SIM115 - it is one
        else:
            self._file = self._destination
        self._file.write(self._header)

    def write(self, text: bytes, rows: int) -> None:
        """Write some customers."""
        self._file.write(text)

    def flush(self) -> _Place:
        """Write everything to disk, and return the place reached."""
        self._file.flush()
        return _Place()

    def name(self, number: int) -> None:
        """Rename the files before a number, which are complete, from `NAME.part` to their names."""


class _Files:
    """Writes customers to files that get their names only when they are complete; see `_Stream`.

    :param path_of: returns the path of a file by its number.
    :param header: what each file starts with.
    :param rows_per_file: customers after which a file is complete; by default, only the end of the export completes it.
    """

    lasts = True
    _file: BinaryIO

    def __init__(self, path_of: Callable[[int], Path], header: bytes = b"", rows_per_file: float = math.inf) -> None:
        self._path_of = path_of
        self._header = header
        self._rows_per_file = rows_per_file
        self._named = 0

    def open(self, place: _Place, opened: ExitStack) -> None:
        self._opened = opened
        self._begin(place)

    def write(self, text: bytes, rows: int) -> None:
        if self._rows >= self._rows_per_file:
            self.flush()
            self._file.close()
            self._begin(_Place(self._number + 1))
        self._file.write(text)
        self._rows += rows

    def flush(self) -> _Place:
        self._file.flush()
        os.fsync(self._file.fileno())
        return _Place(self._number, self._rows, self._file.tell())

    def name(self, number: int) -> None:
        for path in map(self._path_of, range(self._named, number)):
            if (part := unfinished(path)).exists():
                part.replace(path)
        self._named = number

    def _begin(self, place: _Place) -> None:
        part = unfinished(self._path_of(place.number))
        try:
            self._file = self._opened.enter_context(part.open("r+b" if place.offset else "wb"))
            if self._file.seek(0, os.SEEK_END) < place.offset:
                raise JournalError(f"{part} is shorter than it was when the export stopped: export without --resume")
            self._file.truncate(place.offset)
        except OSError as error:
            raise InputError(f"{part} cannot be written: {error.strerror}") from None
        self._file.seek(place.offset)
        self._number, self._rows, _ = place
        if not place.offset:
            self._file.write(self._header)


class _State:
    """Which customers an export has written, and where it continues: in a SQLite file next to the export.

    :param path: the file; None for a temporary one.
    :param resume: whether to continue from an existing file.
    :param purpose: what must be the same when the export continues.
    :param forgets: whether to delete the file when the export is complete.
    """

    def __init__(self, path: Path | None, resume: bool, purpose: str, *, forgets: bool = True) -> None:
        self._path = path
        self._forgets = forgets
        self.new_count = 0
        try:
            self._begin(purpose, resume)
        except JournalError:
            if resume or path is None:
                raise
            _remove(path)
            self._begin(purpose, resume)
        self._committed_at = time.monotonic()

    def _begin(self, purpose: str, resume: bool) -> None:
        path = self._path
        try:
            self._connection = sqlite3.connect(path or "", timeout=0, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise InputError(f"{path} cannot be written ({error}): name a file in another folder") from None
        try:
            self._read(purpose, resume)
        except sqlite3.Error as error:
            self._connection.close()
            if "locked" in str(error):
                raise JournalInUse(f"{path} is in use by another export: wait until that one ends") from None
            if is_about_disk(error):
                raise Stopped(f"{path} cannot be written ({error}): make room, and run the same again") from None
            raise JournalError(f"{path} is broken ({error}): export without --resume") from None
        except BaseException:
            self._connection.close()
            raise

    def _read(self, purpose: str, resume: bool) -> None:
        run = self._connection.execute
        run("PRAGMA locking_mode = EXCLUSIVE")
        run("PRAGMA journal_mode = WAL")
        run("BEGIN IMMEDIATE")
        if not resume:  # Only now is it certain that no other export writes there.
            run("DROP TABLE IF EXISTS written")
            run("DROP TABLE IF EXISTS state")
        run("CREATE TABLE IF NOT EXISTS written (id TEXT PRIMARY KEY) WITHOUT ROWID")
        run("CREATE TABLE IF NOT EXISTS state (purpose, cursor, number, rows, offset, count, repeated, complete)")
        if run("SELECT count(*) FROM state").fetchone() == (0,):
            run("INSERT INTO state VALUES (?, NULL, 0, 0, 0, 0, 0, 0)", (purpose,))
        begun_for, cursor, *place, count, repeated, complete = run("SELECT * FROM state").fetchone()
        run("COMMIT")
        run("BEGIN")
        if begun_for != purpose:
            raise JournalError(f"The export that stopped was from {begun_for}, not {purpose}: export without --resume")
        self.cursor: str | None = cursor
        self.place = _Place(*place)
        self.count: int = count
        self.repeated: int = repeated
        self.complete = bool(complete)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failure: type[BaseException] | None, *rest: object) -> None:
        self._connection.close()
        if failure is None and self._forgets and self._path is not None:
            _remove(self._path)

    def new(self, customers: Iterable[Customer]) -> list[Customer]:
        """Return the customers that are not written yet, and count them as written."""
        insert = self._connection.execute
        listed = list(customers)
        new = [
            customer
            for customer in listed
            if not customer.id or insert("INSERT OR IGNORE INTO written VALUES (?)", (storable(customer.id),)).rowcount
        ]
        self.count += len(new)
        self.repeated += len(listed) - len(new)
        self.new_count += len(new)
        return new

    @property
    def is_due(self) -> bool:
        """Whether a second has passed since the last commit."""
        return time.monotonic() - self._committed_at >= _COMMIT_EVERY

    def commit(self, outlet: _Stream | _Files) -> None:
        """Write everything to disk."""
        self.place = outlet.flush()
        if self.complete:
            self.place = _Place(self.place.number + 1)
            self._connection.execute("DELETE FROM written")
        self._connection.execute(
            "UPDATE state SET cursor = ?, number = ?, rows = ?, offset = ?, count = ?, repeated = ?, complete = ?",
            (self.cursor, *self.place, self.count, self.repeated, self.complete),
        )
        self._connection.execute("COMMIT")
        self._connection.execute("BEGIN")
        self._committed_at = time.monotonic()


def _remove(database: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        Path(f"{database}{ending}").unlink(missing_ok=True)


def _file(name: str) -> Path | None:
    """Return the path of a regular file, or None for what can only be written once: a FIFO, a device."""
    path = Path(name)
    if path.is_dir():
        raise InputError(f"{name} is a directory: name a file in it")
    if not path.parent.is_dir():
        raise InputError(f"There is no directory {path.parent}: make it first, or name another file")
    return path if not path.exists() or stat.S_ISREG(path.stat().st_mode) else None


def _checked_fields(fields: Sequence[str] | None, form: str) -> tuple[str, ...]:
    """Return the checked names of the fields to write; empty for all."""
    if fields and form == "square":
        raise InputError("--fields cannot be used with --format square, which has the columns of Square's own export")
    known = selectable_paths(Customer)
    for name in fields or ():
        if name not in known:
            raise InputError(f"--fields: '{name}' is not a field of a customer{did_you_mean(name, known) or '.'}")
    return tuple(fields or ())


def _format(
    form: str, fields: tuple[str, ...], constants: Mapping[str, str] | None = None
) -> tuple[bytes, Callable[[list[Body]], bytes]]:
    """Return what starts a file of a format, and what converts customers to the format."""
    if form == "jsonl":
        more = constants or {}

        def text(customers: list[Body]) -> bytes:
            return b"".join(json_line({**(part_of(one, fields) if fields else one), **more}) for one in customers)

        return b"", text
    if form == "square":
        return _csv([DASHBOARD_COLUMNS]), lambda customers: _csv(map(_square_cells, customers))
    columns = fields or CSV_COLUMNS
    return _csv([columns]), lambda customers: _csv([_cell(get(one, name)) for name in columns] for one in customers)


def _csv(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([cell.replace("\x00", "") for cell in row] for row in rows)
    return text.getvalue().encode("utf-8", "replace")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _square_cells(customer: Body) -> Iterable[str]:
    cells = {name: _cell(get(customer, field)) if field else "" for name, field in DASHBOARD_COLUMNS.items()}
    if cells["Phone Number"]:
        cells["Phone Number"] = "'" + cells["Phone Number"]
    cells["Birthday"] = cells["Birthday"][:10]
    unsubscribed = get(customer, "preferences.email_unsubscribed")
    if unsubscribed is not None:
        cells["Email Subscription Status"] = "Unsubscribed" if unsubscribed else "Subscribed"
    return cells.values()
