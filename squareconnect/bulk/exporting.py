"""An export from the first page to the file."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import sqlite3
import stat
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, overload

from squareconnect._text import did_you_mean
from squareconnect.apis import AsyncCustomersApi, CustomersApi
from squareconnect.bulk.directory import Listing
from squareconnect.bulk.errors import InputError, JournalError, JournalInUse, Stopped
from squareconnect.bulk.importing import host_of
from squareconnect.bulk.journal import storable
from squareconnect.bulk.mapping import FIELDS
from squareconnect.bulk.pace import AdaptivePace
from squareconnect.bulk.reports import ExportReport, Progress
from squareconnect.bulk.sending import Job, Tasks, Threads, beside_loop, one_by_one, one_by_one_async, unretried
from squareconnect.emulator.seeding import DASHBOARD_COLUMNS
from squareconnect.exceptions import ApiException
from squareconnect.models import Address, Customer, CustomerPreferences
from squareconnect.models.error_code import ErrorCode
from squareconnect.serialization import sanitize

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Sequence

    from typing_extensions import Self

    from squareconnect.bulk.mapping import Body
    from squareconnect.bulk.pace import Pace
    from squareconnect.bulk.sending import Driver

FORMATS = ("jsonl", "csv", "square")

CSV_COLUMNS = ("id", *FIELDS, "created_at", "updated_at", "creation_source")
"""The columns of an export as CSV."""

SELECTABLE = (
    *Customer.swagger_types,
    *(f"address.{name}" for name in Address.swagger_types),
    *(f"preferences.{name}" for name in CustomerPreferences.swagger_types),
)
"""The fields of a customer that an export can be told to write."""

_COMMIT_EVERY = 1.0
"""Seconds of work that a killed export loses, at most."""


@overload
def export_customers(
    api: CustomersApi,
    destination: str | os.PathLike[str] | BinaryIO,
    *,
    format: str | None = ...,
    resume: bool = ...,
    rate: float | None = ...,
    progress: Callable[[Progress], object] | None = ...,
    pace: Pace | None = ...,
    fields: Sequence[str] | None = ...,
) -> ExportReport: ...


@overload
def export_customers(
    api: AsyncCustomersApi,
    destination: str | os.PathLike[str] | BinaryIO,
    *,
    format: str | None = ...,
    resume: bool = ...,
    rate: float | None = ...,
    progress: Callable[[Progress], object] | None = ...,
    pace: Pace | None = ...,
    fields: Sequence[str] | None = ...,
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
    """Write all customers to a file, each once, even if it is listed twice.

    A file has its name only when it is complete; until then it is `NAME.part`, and `NAME.export` remembers how far it
    has come.

    :param api: the customers' API.
    :param destination: the file, `-` for the standard output, or a binary stream.
    :param format: `"jsonl"`: each customer as Square answers it; `"csv"`: the API's names as columns, without cards,
        preferences and groups; `"square"`: the 23 columns of Square's own export. By default by the name: CSV for
        `.csv`, else JSON Lines.
    :param resume: go on where an earlier export to the same file stopped: from its last page while Square knows the
        cursor, else from the start without writing anyone twice.
    :param rate: pages per second, at most; None leaves it to the server's answers.
    :param progress: called with a `Progress` after each page.
    :param pace: what says when a request may leave, in place of `AdaptivePace(rate)`.
    :param fields: what to write of each customer, such as `["id", "address.locality"]`; None for all. The format
        `"square"` has its own.
    :return: how many customers were written; for an `AsyncCustomersApi`, a coroutine that returns that.
    :raises InputError: for a destination or an option that cannot be used.
    :raises JournalError: if what an earlier export has left belongs to another host or format.
    :raises Stopped: if the server is gone or the disk is full; run the same again with `resume`.
    :raises ApiException: if the customers cannot be listed.
    """
    if not isinstance(api, (CustomersApi, AsyncCustomersApi)):
        raise TypeError(f"api must be a CustomersApi or an AsyncCustomersApi, not {type(api).__name__}")
    job = _Export(destination, format, fields, resume, host_of(api), pace or AdaptivePace(rate), progress)
    alike = unretried(api, 1)
    if isinstance(api, AsyncCustomersApi):
        return beside_loop(job, lambda loop: job.run(alike, Tasks(alike, one_by_one_async(alike), 0, loop)))
    return job.run(alike, Threads(alike, one_by_one(alike), 0))


class _Export(Job):
    """One run of an export."""

    def __init__(
        self,
        destination: str | os.PathLike[str] | BinaryIO,
        form: str | None,
        fields: Sequence[str] | None,
        resume: bool,
        host: str,
        pace: Pace,
        progress: Callable[[Progress], object] | None,
    ) -> None:
        super().__init__(progress)
        name = os.fspath(destination) if isinstance(destination, (str, os.PathLike)) else "-"
        self._format = form or ("csv" if name.lower().endswith(".csv") else "jsonl")
        if self._format not in FORMATS:
            raise InputError(f"--format must be one of {', '.join(FORMATS)}, not {form!r}")
        self._fields = _checked_fields(fields, self._format)
        self._path = None if name == "-" else _file(name)
        if self._path is None and resume:
            raise InputError("--resume needs the name of a file: what went to a stream cannot be gone on with")
        self._destination = destination
        self._resume = resume
        self._purpose = f"{host} as {self._format}" + (f" of {', '.join(self._fields)}" if self._fields else "")
        self._pace = pace
        self._repeated = 0
        self._began = time.monotonic()

    def run(self, api: Any, driver: Driver) -> ExportReport:
        """Do everything in this thread, with calls through a driver."""
        try:
            with ExitStack() as opened:
                state = opened.enter_context(
                    _State(None if self._path is None else _beside(self._path, ".export"), self._resume, self._purpose)
                )
                resumed = state.count > 0 or state.cursor is not None
                file = self._open(state, opened)
                try:
                    self._write_all(Listing(driver, api.list_customers, self._pace), state, file)
                    self._finish(state, file)
                except OSError as error:
                    raise self._explained(error) from error
                except sqlite3.Error as error:
                    raise Stopped(f"The export cannot be kept ({error}): make room, and go on with --resume") from error
            return ExportReport(state.count, self._repeated, resumed)
        finally:
            driver.close()

    def _explained(self, error: OSError) -> Exception:
        if self._path is None and error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return error
        again = "" if self._path is None else ", and go on with --resume"
        return Stopped(f"The export cannot be written: {error.strerror}. Make room{again}")

    def _open(self, state: _State, opened: ExitStack) -> BinaryIO:
        if self._path is None:
            return sys.stdout.buffer if self._destination == "-" else self._stream(opened)
        part = _beside(self._path, ".part")
        try:
            file = opened.enter_context(part.open("r+b" if state.offset else "wb"))
            if file.seek(0, os.SEEK_END) < state.offset:
                raise JournalError(f"{part} is shorter than it was when the export stopped: export without --resume")
            file.truncate(state.offset)
        except OSError as error:
            raise InputError(f"{part} cannot be written: {error.strerror}") from None
        file.seek(state.offset)
        return file

    def _stream(self, opened: ExitStack) -> BinaryIO:
        if isinstance(self._destination, (str, os.PathLike)):
            return opened.enter_context(open(self._destination, "wb"))  # noqa: PTH123 - a FIFO or a device
        return self._destination

    def _write_all(self, listing: Listing, state: _State, file: BinaryIO) -> None:
        if not state.offset:
            file.write(_header(self._format, self._fields))
        count_at_restart = -1
        while True:
            try:
                self._write_pages(listing, state, file)
            except ApiException as failure:
                expired = any(error.code == ErrorCode.INVALID_CURSOR for error in failure.errors)
                if not expired or state.cursor is None or state.count == count_at_restart:
                    raise
                count_at_restart, state.cursor = state.count, None
            else:
                return

    def _write_pages(self, listing: Listing, state: _State, file: BinaryIO) -> None:
        for page in listing.pages(cursor=state.cursor, sort_field="CREATED_AT"):
            customers = page.customers or []
            new = state.new(customers)
            self._repeated += len(customers) - len(new)
            file.write(_text(self._format, self._fields, new))
            state.cursor = page.cursor
            state.commit(file, self._path is not None)
            self.tell(Progress("exporting", state.count, rate=self._rate(state)))

    def _rate(self, state: _State) -> float:
        return state.new_count / max(time.monotonic() - self._began, 0.001)

    def _finish(self, state: _State, file: BinaryIO) -> None:
        file.flush()
        if self._path is not None:
            os.fsync(file.fileno())
            file.close()
            _beside(self._path, ".part").replace(self._path)
            state.close()
            _remove(_beside(self._path, ".export"))


class _State:
    """Which customers an export has written, and where it goes on: in a SQLite file beside it.

    :param path: the file; None for a temporary one.
    :param resume: whether to go on with what is there.
    :param purpose: what must be the same when it goes on.
    """

    def __init__(self, path: Path | None, resume: bool, purpose: str) -> None:
        if path is not None and not resume:
            _remove(path)
        try:
            self._connection = sqlite3.connect(path or "", timeout=0, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise InputError(f"{path} cannot be written ({error}): name a file in another folder") from None
        self.new_count = 0
        try:
            self._read(purpose)
        except sqlite3.Error as error:
            self._connection.close()
            if "locked" in str(error):
                raise JournalInUse(f"{path} is in use by another export: wait until that one ends") from None
            raise JournalError(f"{path} is broken ({error}): export without --resume") from None
        except BaseException:
            self._connection.close()
            raise
        self._committed_at = time.monotonic()

    def _read(self, purpose: str) -> None:
        run = self._connection.execute
        run("PRAGMA locking_mode = EXCLUSIVE")
        run("PRAGMA journal_mode = WAL")
        run("BEGIN IMMEDIATE")
        run("CREATE TABLE IF NOT EXISTS written (id TEXT PRIMARY KEY) WITHOUT ROWID")
        run("CREATE TABLE IF NOT EXISTS place (purpose TEXT, cursor TEXT, offset INTEGER, count INTEGER)")
        row = run("SELECT purpose, cursor, offset, count FROM place").fetchone()
        if row is None:
            row = (purpose, None, 0, 0)
            run("INSERT INTO place VALUES (?, ?, ?, ?)", row)
        run("COMMIT")
        run("BEGIN")
        if row[0] != purpose:
            raise JournalError(f"The export that stopped was from {row[0]}, not {purpose}: export without --resume")
        self.cursor: str | None = row[1]
        self.offset: int = row[2]
        self.count: int = row[3]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def new(self, customers: Iterable[Customer]) -> list[Customer]:
        """Return the customers who are not written yet, and count them as written."""
        insert = self._connection.execute
        new = [
            customer
            for customer in customers
            if not customer.id or insert("INSERT OR IGNORE INTO written VALUES (?)", (storable(customer.id),)).rowcount
        ]
        self.count += len(new)
        self.new_count += len(new)
        return new

    def commit(self, file: BinaryIO, lasting: bool) -> None:
        """Bring all to the disk, if that was not done within the last second."""
        if not lasting or time.monotonic() - self._committed_at < _COMMIT_EVERY:
            return
        file.flush()
        os.fsync(file.fileno())
        self._connection.execute(
            "UPDATE place SET cursor = ?, offset = ?, count = ?", (self.cursor, file.tell(), self.count)
        )
        self._connection.execute("COMMIT")
        self._connection.execute("BEGIN")
        self._committed_at = time.monotonic()


def _remove(database: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        Path(f"{database}{ending}").unlink(missing_ok=True)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _file(name: str) -> Path | None:
    """Return the path of a regular file, or None for what can only be written once: a FIFO, a device."""
    path = Path(name)
    if path.is_dir():
        raise InputError(f"{name} is a directory: name a file in it")
    if not path.parent.is_dir():
        raise InputError(f"There is no directory {path.parent}: make it first, or name another file")
    return path if not path.exists() or stat.S_ISREG(path.stat().st_mode) else None


def _checked_fields(fields: Sequence[str] | None, form: str) -> tuple[str, ...]:
    """Return the fields to write; none for all."""
    if fields and form == "square":
        raise InputError("--fields cannot be used with --format square, which has the columns of Square's own export")
    for name in fields or ():
        if name not in SELECTABLE:
            raise InputError(f"--fields: '{name}' is no field of a customer{did_you_mean(name, SELECTABLE) or '.'}")
    return tuple(fields or ())


def _header(form: str, fields: tuple[str, ...]) -> bytes:
    columns = {"csv": fields or CSV_COLUMNS, "square": tuple(DASHBOARD_COLUMNS), "jsonl": ()}[form]
    return _csv([columns]) if columns else b""


def _text(form: str, fields: tuple[str, ...], customers: Iterable[Customer]) -> bytes:
    """Return customers in a format."""
    values = [sanitize(customer) for customer in customers]
    if form == "jsonl":
        return b"".join(_line(_part(one, fields) if fields else one) for one in values)
    return _csv([_square_cells(one) if form == "square" else _csv_cells(one, fields or CSV_COLUMNS) for one in values])


def _part(customer: Body, fields: tuple[str, ...]) -> Body:
    part: Body = {}
    for path in fields:
        if (value := _value(customer, path)) is not None:
            first, _, rest = path.partition(".")
            if rest:
                part.setdefault(first, {})[rest] = value
            else:
                part[first] = value
    return part


def _line(customer: Body) -> bytes:
    try:
        return json.dumps(customer, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:  # Half of a surrogate pair.
        return json.dumps(customer).encode() + b"\n"


def _csv(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([cell.replace("\x00", "") for cell in row] for row in rows)
    return text.getvalue().encode("utf-8", "replace")


def _csv_cells(customer: Body, columns: Sequence[str]) -> list[str]:
    return [_cell(_value(customer, name)) for name in columns]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _value(customer: Body, path: str) -> Any:
    first, _, rest = path.partition(".")
    value = customer.get(first)
    if rest and value:
        value = value.get(rest)
    return value


def _square_cells(customer: Body) -> list[str]:
    cells = {name: _cell(_value(customer, field)) if field else "" for name, field in DASHBOARD_COLUMNS.items()}
    if cells["Phone Number"]:
        cells["Phone Number"] = "'" + cells["Phone Number"]
    cells["Birthday"] = cells["Birthday"][:10]
    cells["Square Customer ID"] = _cell(_value(customer, "id"))
    cells["Creation Source"] = _cell(_value(customer, "creation_source"))
    unsubscribed = _value(customer, "preferences.email_unsubscribed")
    cells["Email Subscription Status"] = (
        "" if unsubscribed is None else "Unsubscribed" if unsubscribed else "Subscribed"
    )
    return list(cells.values())
