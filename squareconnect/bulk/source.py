"""Where rows come from: a CSV or JSON Lines file, or an application's own rows.

A source can be read from its beginning any number of times. It is read row by row, and never held in memory as a whole.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import stat
import sys
from abc import ABC, abstractmethod
from collections import Counter
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from squareconnect.bulk.errors import InputError, Stopped
from squareconnect.bulk.files import unfinished
from squareconnect.bulk.mapping import (
    ERROR_COLUMNS,
    KNOWN_COLUMNS,
    Columns,
    check_body,
    check_options,
    make_body,
    map_columns,
)
from squareconnect.bulk.reports import Refusal
from squareconnect.models._model import Model
from squareconnect.models.error_code import ErrorCode
from squareconnect.serialization import parse, sanitize

if TYPE_CHECKING:
    import io
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

    from squareconnect.bulk.mapping import Body

LONGEST_ROW = 1024 * 1024
"""The maximum number of characters in a row, including line breaks."""

_DELIMITERS = (",", ";", "\t", "|")
_CHUNK = 1024 * 1024


class Record(NamedTuple):
    """A row of the input."""

    number: int
    """Its number: as a spreadsheet counts for CSV (the header is row 1), otherwise counted from 1."""
    body: Body | None
    """The request body to send; None if the row is refused."""
    refusal: Refusal | None
    """Why it is refused; None if it is not."""


class Source(ABC):
    """Rows of an input, read in the same order in every run."""

    fingerprint: str | None = None
    """Identifies these rows; None if they can be fingerprinted only after they were read."""
    _keys: Columns | _ObjectReader = Columns({}, ())

    @property
    def unused(self) -> tuple[str, ...]:
        """Columns or keys that are not fields; keys only of the rows read so far."""
        return self._keys.unused

    @property
    def mapping(self) -> dict[str, str]:
        """The field that each column or key sets; keys only of the rows read so far."""
        return dict(self._keys.fields)

    def check_sets(self, match: str) -> None:  # noqa: B027 (most sources know only when they are read)
        """Refuse a field to find customers by that no row can set.

        :param match: the field, or `"none"`.
        :raises InputError: for such a field; the message says how to map a column.
        """

    def records(self) -> Iterator[Record]:
        """Read the rows; see `records_beside`."""
        return (record for _, record in self.records_beside(""))

    @abstractmethod
    def records_beside(self, column: str) -> Iterator[tuple[Any, Record]]:
        """Read the rows, each after its value of a column or key that sets no field; None if it has none.

        :raises InputError: for rows that cannot be read to their end; the message names the place.
        """


class RowsSource(Source):
    """An application's own rows: dicts with the API's names (or dotted names), or models.

    :param rows: the rows; they are read once in each run.
    """

    def __init__(self, rows: Iterable[Mapping[str, Any] | Model]) -> None:
        self._rows = rows
        self._keys = self._reader = _ObjectReader({}, {})

    def records_beside(self, column: str) -> Iterator[tuple[Any, Record]]:
        """Read the rows; see `Source.records_beside`."""
        for number, row in enumerate(self._rows, 1):
            values = sanitize(row) if isinstance(row, Model) else row
            if not hasattr(values, "items"):
                raise InputError(f"rows: row {number} must be a dict or a model, not {type(row).__name__}")
            yield values.get(column), self._reader.record(number, values)


class RecordsSource(Source):
    """Rows that were read before.

    :param records: the rows, ordered by their numbers; they are read once in each run.
    :param unused: keys that are not fields.
    """

    def __init__(self, records: Iterable[Record], unused: tuple[str, ...] = ()) -> None:
        self._records = records
        self._keys = Columns({}, unused)

    def records_beside(self, column: str) -> Iterator[tuple[Any, Record]]:
        """Return the rows; what was beside them is not known any more."""
        return ((None, record) for record in self._records)


class FileSource(Source):
    """A file of rows. Use `open_source` to make one.

    :param path: a regular file.
    :param name: its name in messages.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        *,
        form: str,
        encoding: str,
        delimiter: str | None,
        columns: Mapping[str, str],
        constants: Mapping[str, str],
    ) -> None:
        check_options(columns, constants)
        self.path = path
        """The file to read: a copy of the input if that can be read only once."""
        self.name = name
        """Its name in messages."""
        self.format = form
        """`"csv"` or `"jsonl"`."""
        self.encoding = encoding
        """The name of its encoding."""
        self._columns = dict(columns)
        self._constants = dict(constants)
        with _readable(name):
            self._check_nothing_odd()
        self.delimiter = delimiter or (self._sniff() if form == "csv" else ",")
        """The character between two cells."""
        self._reader = _ObjectReader(self._columns, self._constants)
        self._keys = self._map() if form == "csv" else self._reader
        options = [form, encoding, self.delimiter, sorted(self._columns.items()), sorted(self._constants.items())]
        with _readable(name):
            self.fingerprint = _digest_of(path, json.dumps(options))
        """Identifies this file, read with these options."""

    def check_sets(self, match: str) -> None:
        """Refuse a match that no column sets. What the rows of JSON Lines set is not known in advance."""
        if self.format == "csv" and match not in ("none", *self._keys.fields.values(), *self._constants):
            raise InputError(
                f"{self.name} has no column for {match}, which --match needs: map one with --map 'COLUMN={match}'"
            )

    def records_beside(self, column: str) -> Iterator[tuple[Any, Record]]:
        """Read the rows; see `Source.records_beside`."""
        if self.format == "jsonl":
            for number, value in self.objects():
                yield value.get(column), self._reader.record(number, value)
            return
        rows = self.rows()
        _, header = next(rows)
        fields = [(index, self._keys.fields[name]) for index, name in enumerate(header) if name in self._keys.fields]
        place = header.index(column) if column in header else None
        for number, cells in rows:
            beside = cells[place] if place is not None and place < len(cells) else None
            if len(cells) > len(header):
                detail = f"The row has {len(cells)} cells, but the header has {len(header)}."
                yield beside, Record(number, None, Refusal(ErrorCode.ARRAY_LENGTH_TOO_LONG, None, detail))
                continue
            values = [(field, cells[index]) for index, field in fields if index < len(cells)]
            yield beside, _checked(number, [*values, *self._constants.items()])

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Read the rows of CSV unchanged, each with its number. The first is the header. Empty lines are left out.

        :raises InputError: for text that is not CSV.
        """
        with self._lines() as lines:
            reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
            number = 0
            while True:
                lines.start_row()
                try:
                    cells = next(reader, None)
                except csv.Error as error:
                    raise InputError(
                        f"{self.name}, the row that starts in line {lines.row_began}, is not CSV: {error}. Look for a "
                        "quotation mark that is missing or not doubled, or name the --delimiter"
                    ) from None
                if cells is None:
                    return
                number += 1
                if any(cells):
                    yield number, cells

    def objects(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Read the objects of JSON Lines, each with the number of its line. Empty lines are left out.

        :raises InputError: for a line that is not a JSON object.
        """
        with self._lines() as lines:
            for number, line in enumerate(lines, 1):
                lines.start_row()
                if not line.strip():
                    continue
                try:
                    value = parse(line.encode("utf-8", "surrogatepass"))
                except ValueError as error:
                    raise InputError(f"{self.name}, line {number}, is not JSON: {error}") from None
                if not isinstance(value, dict):
                    raise InputError(f"{self.name}, line {number}, must be a JSON object: one for each customer")
                yield number, value

    @contextmanager
    def _lines(self) -> Generator[_Lines]:
        try:
            with _readable(self.name), self.path.open(encoding=self.encoding, newline="") as text:
                yield _Lines(text, self.name)
        except UnicodeError:
            raise InputError(_undecodable(self.path, self.name, self.encoding)) from None

    def _check_nothing_odd(self) -> None:
        with self.path.open("rb") as file:
            head = file.read(4)
        if not head:
            raise InputError(f"{self.name} is empty: there is nothing to import")
        if head[:2] in (b"\xff\xfe", b"\xfe\xff") and "16" not in self.encoding:
            raise InputError(f"{self.name} is in UTF-16: say so with --encoding utf-16")

    def _header(self, delimiter: str) -> list[str]:
        with self._lines() as lines:
            try:
                return next((cells for cells in csv.reader(lines, delimiter=delimiter) if any(cells)), [])
            except csv.Error:
                return []

    def _sniff(self) -> str:
        def fitness(delimiter: str) -> tuple[int, int]:
            names = self._header(delimiter)
            return sum(name.strip().casefold() in KNOWN_COLUMNS or name in self._columns for name in names), len(names)

        return max(_DELIMITERS, key=fitness)

    def _map(self) -> Columns:
        rows = self.rows()
        _, header = next(rows, (1, []))
        named = [name for name in header if name]
        for name, count in Counter(named).items():
            if count > 1:
                raise InputError(f"{self.name} has {count} columns named '{name}': rename all but one")
        columns = map_columns(named, self._columns, self._constants)
        if not columns.fields:
            shown = ", ".join(f"'{name[:40]}'" for name in named[:5])
            raise InputError(
                f"{self.name} names no field of a customer in its first row ({shown}), which must be a header such as "
                "given_name,email_address: add one, or map a column with --map 'COLUMN=email_address'"
            )
        if next(rows, None) is None:
            raise InputError(f"{self.name} has a header, but no rows: there is nothing to import")
        return columns


def form_of(name: str) -> str:
    """Return the format that a name stands for: JSON Lines for `.jsonl`, `.ndjson` and `.json`, otherwise CSV."""
    return "jsonl" if name.lower().endswith((".jsonl", ".ndjson", ".json")) else "csv"


def open_source(
    path: str | os.PathLike[str] | BinaryIO,
    *,
    spool: str | os.PathLike[str] | None = None,
    format: str | None = None,  # noqa: A002 - the option's name
    encoding: str = "utf-8-sig",
    delimiter: str | None = None,
    columns: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
) -> FileSource:
    """Check a file of rows, and return it as a source.

    :param path: the file, a FIFO or `-` for standard input, or a binary stream.
    :param spool: where to copy an input that can be read only once (a FIFO, a stream); by default `squareconnect.spool`
        in the current folder.
    :param format: `"csv"` or `"jsonl"`. The default depends on the name: JSON Lines for `.jsonl`, `.ndjson` and
        `.json`, otherwise CSV.
    :param encoding: its encoding; by default UTF-8, with or without a byte order mark.
    :param delimiter: the character between cells; by default the one that fits the header.
    :param columns: fields by the names of the columns (or keys) that set them; other columns are mapped by their names.
    :param constants: values by the fields that they are set in, for every row.
    :raises InputError: for a file or an option that cannot be used.
    :raises Stopped: if there is no room for the copy.
    """
    if format not in (None, "csv", "jsonl"):
        raise InputError(f"--format must be csv or jsonl, not {format!r}")
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise InputError(f"--delimiter must be one character, such as ; or a tab, not {delimiter!r}")
    try:
        "".encode(encoding)
    except (LookupError, UnicodeError):
        raise InputError(f"--encoding: Python knows no encoding {encoding!r}; try utf-8, utf-16 or cp1252") from None
    if encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
        encoding = "utf-8-sig"
    with ExitStack() as opened:
        name, stream = _stream_of(path, opened)
        if stream is None:
            file = Path(os.fspath(path))  # type: ignore[arg-type]
        else:
            file = Path(spool or "squareconnect.spool")
            _copy(stream, name, file)
    return FileSource(
        file,
        name,
        form=format or form_of(name),
        encoding=encoding,
        delimiter=delimiter,
        columns=columns or {},
        constants=constants or {},
    )


def _stream_of(path: str | os.PathLike[str] | BinaryIO, opened: ExitStack) -> tuple[str, BinaryIO | None]:
    """Return the name of an input, and its stream if it can be read only once."""
    if not isinstance(path, (str, os.PathLike)):
        return str(getattr(path, "name", "the input")), path
    if os.fspath(path) == "-":
        return "the standard input", sys.stdin.buffer
    name = os.fspath(path)
    with _readable(name):
        mode = Path(path).stat().st_mode
        if stat.S_ISDIR(mode):
            raise InputError(f"{name} is a directory: name a file in it")
        stream = opened.enter_context(Path(path).open("rb"))  # noqa: SIM115 - it is one
    return name, None if stat.S_ISREG(mode) else stream


@contextmanager
def _readable(name: str) -> Generator[None]:
    """Report a failure to read as an error of this input.

    :raises InputError: if the block raises an ``OSError``.
    """
    try:
        yield
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror or error}") from None


def _chunks(stream: BinaryIO, name: str) -> Iterator[bytes]:
    with _readable(name):
        while chunk := stream.read(_CHUNK):
            yield chunk


def _copy(stream: BinaryIO, name: str, path: Path) -> None:
    """Copy a stream to a file, which gets its name only when it is complete."""
    part = unfinished(path)
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - of a descriptor
            file.writelines(_chunks(stream, name))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise Stopped(
            f"The input cannot be copied to {path}: {error.strerror}. Make room there, or name another journal; "
            "nothing was sent"
        ) from None


class _Lines:
    """The lines of a text, checked for excessive length and NUL characters."""

    def __init__(self, text: io.TextIOBase | io.TextIOWrapper, name: str) -> None:
        self._text = text
        self._name = name
        self._number = 0
        self._length = 0
        self.row_began = 1
        """The number of the line in which the current row started."""

    def start_row(self) -> None:
        """Record that the next line starts a row."""
        self.row_began = self._number + 1
        self._length = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(LONGEST_ROW + 1)
        if not line:
            raise StopIteration
        self._number += 1
        self._length += len(line)
        if self._length > LONGEST_ROW:
            raise InputError(
                f"{self._name}, the row that starts in line {self.row_began}, is longer than {LONGEST_ROW} characters: "
                "look for a quotation mark that is missing there, or name the --delimiter or the --format"
            )
        if "\x00" in line:
            raise InputError(
                f"{self._name}, line {self._number}, contains a NUL, which text never does: name its --encoding "
                "(such as utf-16), or save it as CSV in UTF-8"
            )
        return line


class _ObjectReader:
    """Turns objects into records, and remembers their keys."""

    def __init__(self, columns: Mapping[str, str], constants: Mapping[str, str]) -> None:
        self._columns = columns
        self._constants = constants
        self.fields: dict[str, str] = {}
        """The field that each key sets, by key."""
        self._unused: dict[str, None] = {}

    @property
    def unused(self) -> tuple[str, ...]:
        """The keys that set no field."""
        return tuple(self._unused)

    def record(self, number: int, value: Mapping[str, Any]) -> Record:
        """Turn an object into a record."""
        setters: dict[str, str] = {}
        values: list[tuple[str, Any]] = []
        for key, field, item in self._set_by(value):
            if field in self._constants or item is None or item == "":
                continue
            if setters.setdefault(field, key) != key:
                detail = f"The keys '{setters[field]}' and '{key}' both set {field}."
                return Record(number, None, Refusal(ErrorCode.CONFLICTING_PARAMETERS, field, detail))
            values.append((field, item))
        return _checked(number, [*values, *self._constants.items()])

    def _set_by(self, value: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
        """Return what an object sets: each key with its field and value."""
        for key, item in value.items():
            if key == "address" and hasattr(item, "items"):
                self.fields["address"] = "address"
                yield from ((key, f"address.{part}", text) for part, text in item.items())
            elif field := self.fields.get(key) or self._field(key):
                yield key, field, item

    def _field(self, key: str) -> str | None:
        """Return the field that a key sets, or None, and remember it."""
        field = self._columns.get(key) or ("address" if key == "address" else KNOWN_COLUMNS.get(str(key).casefold()))
        if field is not None and field not in self._constants:
            self.fields[key] = field
            return field
        if key not in ERROR_COLUMNS and len(self._unused) < _MOST_KEYS:
            self._unused[str(key)] = None
        return None


_MOST_KEYS = 1000
"""How many different keys are remembered, so that an input with ever new keys does not fill the memory."""


def _checked(number: int, values: Sequence[tuple[str, Any]]) -> Record:
    result = check_body(make_body(values))
    return Record(number, None, result) if isinstance(result, Refusal) else Record(number, result, None)


def _digest_of(path: Path, options: str) -> str:
    digest = hashlib.sha256(options.encode())
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _undecodable(path: Path, name: str, encoding: str) -> str:
    """Return a message that names the first byte that is not in an encoding."""
    shown = "UTF-8" if encoding == "utf-8-sig" else encoding
    place = _undecodable_place(path, encoding)
    return (
        f"{name} is not {shown} text{place}; name its encoding with --encoding, such as cp1252 or utf-16, or save a "
        "spreadsheet as CSV"
    )


def _undecodable_place(path: Path, encoding: str) -> str:
    wide = encoding.lower().replace("-", "").startswith(("utf16", "utf32"))  # Their line breaks are not single bytes.
    with path.open("rb") as file:
        for number, line in enumerate(() if wide else file, 1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError as error:
                return f": byte {error.start + 1} of line {number} is 0x{line[error.start]:02X}"
            except UnicodeError:  # Some codecs do not report the position.
                break
    return ""
