"""What an import would do, and the file of the rows that it refused."""

from __future__ import annotations

import csv
import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from squareconnect.bulk.errors import InputError, Stopped
from squareconnect.bulk.files import json_line, unfinished
from squareconnect.bulk.journal import Journal
from squareconnect.bulk.mapping import ERROR_COLUMNS, MATCHES
from squareconnect.bulk.reports import ImportReport, Refusal, RowError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TextIO

    from squareconnect.bulk.journal import Result
    from squareconnect.bulk.mapping import Body
    from squareconnect.bulk.reports import Progress
    from squareconnect.bulk.source import FileSource

T = TypeVar("T")

RATES = (5, 10, 25)
"""The request rates, per second, for which a plan estimates the time."""

_BODIES = 5


class RefusedRows(NamedTuple):
    """Rows that are refused for one reason."""

    refusal: Refusal
    """The reason."""
    rows: int
    """How many."""
    first_row: int
    """The number of the first of them."""


class Plan(NamedTuple):
    """What an import would do."""

    rows: int
    """Rows in the input."""
    requests: int
    """Requests that would be sent; fewer with `match`, if customers exist."""
    mapping: dict[str, str]
    """The field that each column sets, by the column's name."""
    unused: tuple[str, ...]
    """Columns that set no field."""
    bodies: list[Body]
    """The first five request bodies, without their idempotency keys."""
    refusals: list[RefusedRows]
    """Rows that would be refused, by reason, the most frequent first."""
    duplicates: dict[str, int]
    """How many rows repeat an earlier row: as a whole (`row`), or in a field that can identify customers."""
    seconds: dict[int, float]
    """The seconds that the requests take, by requests per second."""


def plan(source: FileSource, *, match: str | None = None, progress: Callable[[Progress], object] | None = None) -> Plan:
    """Read and check all rows, and send nothing.

    :param source: the rows.
    :param match: as for `import_customers`. The directory is not looked at.
    :param progress: called now and then.
    :raises InputError: for a file that cannot be read to its end, or whose columns do not set ``match``.
    """
    match = "none" if match is None else match
    source.check_sets(match)
    with Journal(None) as journal:
        journal.load(source, {"match": match}, progress or (lambda progress: None))
        refusals = [
            RefusedRows(Refusal(code, field, detail), count, row)
            for code, field, detail, count, row in journal.refusals()
        ]
        rows = journal.total()
        requests = rows - sum(refused.rows for refused in refusals)
        return Plan(
            rows,
            requests,
            source.mapping,
            source.unused,
            journal.first_bodies(_BODIES),
            refusals,
            {"row": journal.repeated(None), **{field: journal.repeated(field) for field in MATCHES}},
            {rate: requests / rate for rate in RATES},
        )


def journal_report(path: str | os.PathLike[str]) -> ImportReport:
    """Return what a journal records of the rows. No import may be using it."""
    with _existing(path) as journal:
        return journal.report()


def journal_errors(path: str | os.PathLike[str]) -> Iterator[RowError]:
    """Return all refused rows of a journal, in order."""
    with _existing(path) as journal:
        yield from journal.errors()


def journal_results(path: str | os.PathLike[str]) -> Iterator[Result]:
    """Return what became of every row, with the ids of customers, in order."""
    with _existing(path) as journal:
        yield from journal.results()


def _existing(path: str | os.PathLike[str]) -> Journal:
    if not Path(path).is_file():
        raise InputError(f"There is no journal {os.fspath(path)}")
    return Journal(path)


def check_errors_file(source: FileSource, journal: str | os.PathLike[str], path: str | os.PathLike[str]) -> None:
    """Check before an import that `write_errors` can write a file after it.

    :param source: the input to import.
    :param journal: the import's journal.
    :param path: the file to write; it is left unchanged.
    :raises InputError: if it cannot be written, or is the input or the journal itself.
    """
    target = Path(path)
    _keep_apart(target, (source.path, Path(journal)))
    try:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        with unfinished(target).open("ab"):
            pass
        unfinished(target).unlink()
    except OSError as error:
        raise InputError(f"--errors must be a file that can be written, not {target}: {error.strerror}") from None


def _keep_apart(target: Path, others: Iterable[Path]) -> None:
    part = unfinished(target)
    for other in others:
        if _is_same(target, other):
            raise InputError(f"--errors must not be {other} itself: name another file")
        if _is_same(part, other):
            raise InputError(f"--errors must not be {target}, which is {part} until it is complete: name another file")


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # One of them is not there.
        return os.path.realpath(one) == os.path.realpath(other)


def write_errors(source: FileSource, journal: str | os.PathLike[str], path: str | os.PathLike[str]) -> int:
    """Write the refused rows of an import as they were, with `_row`, `_code`, `_field` and `_detail` added at the end.

    The file has the format of the input, and can be imported once it is corrected. It appears only when it is complete.

    :param source: what was imported.
    :param journal: the import's journal.
    :param path: the file to write.
    :return: the number of rows in it. If there are none, no file is written.
    :raises InputError: if the file is the input or the journal itself.
    :raises Stopped: if it cannot be written; see `check_errors_file`.
    """
    target = Path(path)
    _keep_apart(target, (source.path, Path(journal)))
    part = unfinished(target)
    try:
        with part.open("w", encoding=_encoding_of(source), errors="backslashreplace", newline="") as text:
            count = _write(source, journal_errors(journal), text)
        if count:
            part.replace(target)
        else:
            part.unlink()
    except OSError as error:
        raise Stopped(
            f"The refused rows cannot be written to {target}: {error.strerror}. Make room, or name another file with "
            "--errors, and run the same again; they are in the journal"
        ) from None
    return count


def _encoding_of(source: FileSource) -> str:
    """Return the input's encoding, with a byte order mark only if the input has one."""
    if source.encoding == "utf-8-sig":
        with source.path.open("rb") as file:
            return "utf-8-sig" if file.read(3) == b"\xef\xbb\xbf" else "utf-8"
    return source.encoding


def _write(source: FileSource, errors: Iterator[RowError], text: TextIO) -> int:
    return (_write_objects if source.format == "jsonl" else _write_rows)(source, errors, text)


def _write_rows(source: FileSource, errors: Iterator[RowError], text: TextIO) -> int:
    writer = csv.writer(text, delimiter=source.delimiter, lineterminator="\r\n")
    rows = source.rows()
    _, header = next(rows)
    kept = [index for index, name in enumerate(header) if name not in ERROR_COLUMNS]
    writer.writerow([*(header[index] for index in kept), *ERROR_COLUMNS])
    count = 0
    for error in errors:
        cells = _found(source, error, rows)
        cells += [""] * (len(header) - len(cells))
        writer.writerow([*(cells[index] for index in kept), *cells[len(header) :], *error])
        count += 1
    return count


def _write_objects(source: FileSource, errors: Iterator[RowError], text: TextIO) -> int:
    objects = source.objects()
    count = 0
    for error in errors:
        value = _found(source, error, objects)
        value = {key: item for key, item in value.items() if key not in ERROR_COLUMNS}
        value.update(zip(ERROR_COLUMNS, error, strict=True))
        text.write(json_line(value, text.encoding).decode(text.encoding))
        count += 1
    return count


def _found(source: FileSource, error: RowError, rows: Iterator[tuple[int, T]]) -> T:
    """Read on to the row of an error, and return that row."""
    for number, row in rows:
        if number == error.row:
            return row
    raise InputError(
        f"{source.name} was changed while it was imported: restore it, and run the same again to write its refused rows"
    )
