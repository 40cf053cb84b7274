"""The journal of an import: what to send, and what became of it, in a SQLite file.

A row starts as `pending`. It becomes `sent`, on disk, before its first byte leaves, and ends as `done`, `refused` or
`unknown`. With `match`, a row that has the same value as an earlier row is `waiting` until that row is settled.

Only one process uses a journal at a time: it holds SQLite's exclusive lock, which the system releases when the process
ends in any way. Every commit is on disk before it returns, and contains all changes since the previous commit.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
import uuid
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from squareconnect.bulk.errors import JournalError, JournalInUse, Stopped
from squareconnect.bulk.mapping import NOBODY, identifies, match_value
from squareconnect.bulk.reports import ERRORS_KEPT, ImportReport, Progress, Refusal, RowError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from typing_extensions import Self

    from squareconnect.bulk.mapping import Body
    from squareconnect.bulk.source import Record, Source

_APPLICATION_ID = 0x53514A31
"""Distinguishes a journal from the databases of other programs."""

_SCHEMA = f"""
    PRAGMA application_id = {_APPLICATION_ID};
    CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE rows (number INTEGER PRIMARY KEY, body TEXT, value TEXT, nobody INTEGER NOT NULL);
    CREATE TABLE outcomes (
        number INTEGER PRIMARY KEY,
        state TEXT NOT NULL,
        at REAL,
        how TEXT,
        customer_id TEXT,
        code TEXT,
        field TEXT,
        detail TEXT
    );
    CREATE TABLE directory (value TEXT PRIMARY KEY, customer_id TEXT NOT NULL, many INTEGER NOT NULL) WITHOUT ROWID;
"""

_RESTORE = "restore it from a copy, or start again with another journal and --match, so that nobody is imported twice"

_READ_AT_ONCE = 5000
_CLAIM = """
    SELECT number, body, at, customer_id, state FROM rows LEFT JOIN outcomes USING (number)
    WHERE number > ? AND body IS NOT NULL AND (state IS NULL OR state IN ('pending', 'sent', 'unknown'))
    ORDER BY number LIMIT ?
"""
_SEND = """
    INSERT INTO outcomes (number, state, at, how) VALUES (?, 'sent', ?, 'created')
    ON CONFLICT (number) DO UPDATE SET state = 'sent', at = excluded.at
"""


class Row(NamedTuple):
    """A row to send."""

    number: int
    """Its number in the input."""
    body: Body
    """The fields that it sets, as they are sent."""
    key: str
    """Its idempotency key: the same in every try and every run."""
    customer_id: str | None
    """The customer to update; None to create one."""
    sent_at: float
    """When it was first sent, in seconds since 1970."""
    sent_before: bool
    """Whether an earlier run may have sent it."""


class Settled(NamedTuple):
    """What became of a row."""

    number: int
    state: str
    customer_id: str | None = None
    refusal: Refusal | None = None


class Result(NamedTuple):
    """What a journal records about a row."""

    row: int
    state: str
    """`"pending"`, `"sent"`, `"done"`, `"refused"`, `"unknown"` or `"waiting"`."""
    how: str | None
    """`"created"`, `"updated"` or `"skipped"`, for a row that is done."""
    customer_id: str | None
    """The customer, for a row that is done."""


class Journal:
    """The journal of one import. Close it, or use it in a `with` statement.

    :param path: the file, created if it is missing; None for a temporary one.
    :param now: the clock, like `time.time`.
    :raises JournalInUse: if another process is using it.
    :raises JournalError: if it is broken, or not a journal.
    :raises Stopped: if the disk is full, or the file cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str] | None, now: Callable[[], float] = time.time) -> None:
        self.name = "the journal" if path is None else os.fspath(path)
        self.now = now
        if path is not None:
            _prepare(Path(path))
        with self._told():
            self._connection = sqlite3.connect(path or "", timeout=0, isolation_level=None, check_same_thread=False)
        try:
            with self._told():
                self._open()
        except BaseException:
            self._connection.close()
            raise
        self._import = self.fact("import")

    def _open(self) -> None:
        connection = self._connection
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
        connection.execute("PRAGMA synchronous = FULL")
        if self._number("SELECT count(*) FROM sqlite_master") == 0:
            connection.executescript(f"BEGIN; {_SCHEMA}")
            self._set("import", uuid.uuid4().hex)
            connection.execute("COMMIT")
        elif self._number("PRAGMA application_id") != _APPLICATION_ID:
            raise JournalError(f"{self.name} is the database of another program: name another journal")
        elif self._one("PRAGMA quick_check(1)") != ("ok",):
            raise sqlite3.DatabaseError("malformed")
        connection.execute("PRAGMA journal_mode = WAL")  # Only now: the import's name must outlive a lost `-wal` file.

    @contextmanager
    def _told(self) -> Generator[None]:
        """Turn SQLite's errors into sentences that say what to do."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._explain(error) from error

    def _explain(self, error: sqlite3.Error) -> Exception:
        said = str(error)
        if "locked" in said:
            return JournalInUse(
                f"The journal {self.name} is in use by another import: wait until that one ends, or stop it"
            )
        if is_about_disk(error):
            return Stopped(
                f"The journal {self.name} cannot be written ({said}): make room, or make its folder writable, and run "
                "the same again"
            )
        if "not a database" in said:
            return JournalError(_strange(self.name))
        return JournalError(f"The journal {self.name} is broken ({said}): {_RESTORE}")

    @contextmanager
    def change(self) -> Generator[None]:
        """Write all changes of the block to disk at its end, or none of them.

        :raises Stopped: if they cannot be written.
        """
        with self._told(), self._connection:
            self._connection.execute("BEGIN")
            yield

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        with self._told():
            self._connection.close()

    # -- Facts ------------------------------------------------------------------------------------------------------

    def fact(self, name: str) -> str | None:
        """Return the fact stored under a name, or None."""
        row = self._one("SELECT value FROM facts WHERE name = ?", name)
        return row and row[0]  # type: ignore[no-any-return]

    def _set(self, name: str, value: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    # -- Reading the input ------------------------------------------------------------------------------------------

    def load(self, source: Source, purpose: dict[str, str], progress: Callable[[Progress], object]) -> None:
        """Store all rows. If an earlier run has done so, check that they are the same.

        :param source: the rows.
        :param purpose: what else must be the same in every run: `match`, the field that shows whether a row's customer
            exists, or `"none"`; the host; the rule for existing customers.
        :param progress: called now and then.
        :raises JournalError: if the journal belongs to another input or purpose.
        """
        if self.fact("fingerprint") is None:
            self._load(source, purpose, progress)
            return
        for name, value in purpose.items():
            if self.fact(name) != value:
                raise JournalError(
                    f"The journal {self.name} was started with {name} {self.fact(name)}, not {value}: use that, or "
                    "another journal"
                )
        if self.fact("fingerprint") != (source.fingerprint or _fingerprint_of(source.records())):
            raise JournalError(
                f"The journal {self.name} belongs to another input, or to other reading options: restore the "
                "input as it was, or start again with another journal and --match, so that nobody is imported twice"
            )

    def _load(self, source: Source, purpose: dict[str, str], progress: Callable[[Progress], object]) -> None:
        with self.change():  # An earlier run may have been killed while it read.
            self._connection.execute("DELETE FROM rows")
            self._connection.execute("DELETE FROM outcomes")
        unread = iter(source.records())
        digest = hashlib.sha256()
        count = 0
        while chunk := [(record, _to_json(record.body)) for record in islice(unread, _READ_AT_ONCE)]:
            if source.fingerprint is None:
                digest.update(_lines(chunk))
            with self.change():
                self._keep(chunk, purpose["match"])
            count += len(chunk)
            progress(Progress("reading", count))
        with self.change():
            for name, value in purpose.items():
                self._set(name, value)
            self._set("fingerprint", source.fingerprint or digest.hexdigest())
            if purpose["match"] == "none":
                self._set("listed", "not asked for")
                self._refuse_nobodies("true")
            else:
                self._connection.execute("CREATE INDEX rows_by_value ON rows (value, number) WHERE value IS NOT NULL")

    def _keep(self, records: list[tuple[Record, str]], match: str) -> None:
        self._connection.executemany(
            "INSERT INTO rows VALUES (?, ?, ?, ?)",
            (
                (number, None, None, False)
                if body is None
                else (number, text, match_value(body, match), not identifies(body))
                for (number, body, _), text in records
            ),
        )
        self._connection.executemany(
            "INSERT INTO outcomes (number, state, code, field, detail) VALUES (?, 'refused', ?, ?, ?)",
            ((number, *refusal) for (number, _, refusal), _ in records if refusal is not None),
        )

    def _refuse_nobodies(self, condition: str) -> None:
        self._connection.execute(
            f"""
            INSERT OR REPLACE INTO outcomes (number, state, code, field, detail)
            SELECT number, 'refused', ?, ?, ? FROM rows
            WHERE nobody AND number NOT IN (SELECT number FROM outcomes WHERE state <> 'waiting') AND {condition}
            """,  # noqa: S608 - the conditions are constants of this file
            NOBODY,
        )

    # -- Existing customers -------------------------------------------------------------------------------------------

    @property
    def listed(self) -> bool:
        """Whether the directory has been listed, or does not have to be."""
        return self.fact("listed") is not None

    def forget_directory(self) -> None:
        """Start the listing again."""
        self._connection.execute("DELETE FROM directory")

    def know(self, customers: Iterable[tuple[str, str]]) -> None:
        """Store the customers whose value occurs in some row.

        :param customers: values and ids.
        """
        self._connection.executemany(
            """
            INSERT INTO directory SELECT :value, :id, 0 WHERE EXISTS (SELECT 1 FROM rows WHERE value = :value)
            ON CONFLICT (value) DO UPDATE SET many = many + (customer_id <> excluded.customer_id)
            """,
            ({"value": storable(value), "id": storable(customer_id)} for value, customer_id in customers),
        )

    def known(self) -> Iterator[tuple[str, str]]:
        """Return the values of rows that are done, with the ids of their customers."""
        return self._rows(
            "SELECT value, customer_id FROM rows JOIN outcomes USING (number) "
            "WHERE value IS NOT NULL AND state = 'done'"
        )

    def end_listing(self) -> None:
        """Remember that the whole directory was listed."""
        self._set("listed", "to the end")

    def assign(self) -> bool:
        """Decide about rows whose customer exists, and release one row at a time for each value.

        :return: whether rows are waiting for other rows.
        """
        on_match = self.fact("on_match")
        if on_match is None:
            return False
        with self.change():
            self._assign(on_match)
        return self._one("SELECT 1 FROM outcomes WHERE state = 'waiting' LIMIT 1") is not None

    def _assign(self, on_match: str) -> None:
        run = self._connection.execute
        if self.fact("assigned") is None:
            run(
                """
                INSERT INTO outcomes (number, state)
                SELECT number, 'waiting' FROM rows LEFT JOIN outcomes USING (number)
                WHERE value IS NOT NULL AND state IS NULL
                """
            )
            self._set("assigned", "all")
        run(
            """
            INSERT OR IGNORE INTO directory
            SELECT value, customer_id, 0
            FROM (SELECT DISTINCT value FROM outcomes JOIN rows USING (number) WHERE state = 'waiting')
            JOIN rows USING (value) JOIN outcomes USING (number)
            WHERE state = 'done' AND how = 'created'
            """
        )
        run(_MATCHED[on_match])
        self._refuse_nobodies(_NOBODY_ELSE)
        run(
            """
            INSERT OR REPLACE INTO outcomes (number, state, how, customer_id)
            SELECT min(number), 'pending', CASE WHEN d.customer_id IS NULL THEN 'created' ELSE 'updated' END,
                d.customer_id
            FROM outcomes JOIN rows USING (number) LEFT JOIN directory AS d USING (value)
            WHERE state = 'waiting' AND value NOT IN (
                SELECT value FROM outcomes JOIN rows USING (number)
                WHERE value IS NOT NULL AND state IN ('pending', 'sent', 'unknown')
            )
            GROUP BY value
            """
        )

    # -- Rows whose outcome an earlier run did not learn ---------------------------------------------------------------

    def uncertain(self, key_trust: float) -> Iterator[tuple[int, Body, float | None]]:
        """Return the rows that create a customer, are not settled, and whose keys are no longer trusted.

        Each comes with its body and the time at which it was first sent, or None if the clock was wrong then or is now.

        :param key_trust: the seconds for which a key is trusted.
        """
        now = self.now()
        statement = """
            SELECT number, body, CASE WHEN at < ? THEN at END FROM outcomes JOIN rows USING (number)
            WHERE state IN ('sent', 'unknown') AND abs(? - at) > ? AND how = 'created'
        """
        return ((number, _from_json(body), at) for number, body, at in self._rows(statement, now, now, key_trust))

    def claims(self) -> Callable[[str], bool]:
        """Return a function that returns whether a row of this import is known to have created a customer."""
        with self.change():
            self._connection.execute("CREATE TEMP TABLE made (customer_id TEXT PRIMARY KEY) WITHOUT ROWID")
            self._connection.execute(
                "INSERT OR IGNORE INTO made SELECT customer_id FROM outcomes WHERE state = 'done' AND how = 'created'"
            )
        return lambda customer_id: self._one("SELECT 1 FROM made WHERE customer_id = ?", customer_id) is not None

    def make_pending(self, numbers: Iterable[int]) -> None:
        """Mark rows as never sent."""
        self._connection.executemany(
            "UPDATE outcomes SET state = 'pending', at = NULL WHERE number = ?", ((number,) for number in numbers)
        )

    # -- Sending ----------------------------------------------------------------------------------------------------

    def claim(self, count: int, after: int = 0) -> list[Row]:
        """Take the next rows that are left after a number. They count as sent from now on."""
        now = self.now()
        rows = []
        for number, body, at, customer_id, state in self._connection.execute(_CLAIM, (after, count)):
            before = state in ("sent", "unknown")
            rows.append(Row(number, _from_json(body), self._key(number), customer_id, at if before else now, before))
        self._connection.executemany(_SEND, ((row.number, row.sent_at) for row in rows))
        return rows

    def _key(self, number: int) -> str:
        """Return a row's idempotency key. 40 characters, because longer keys may not be accepted everywhere."""
        return hashlib.sha256(f"{self._import} {number}".encode()).hexdigest()[:40]

    def settle(self, settled: Iterable[Settled]) -> None:
        """Record what became of rows."""
        self._connection.executemany(
            "UPDATE outcomes SET state = ?, customer_id = coalesce(?, customer_id), code = ?, field = ?, detail = ? "
            "WHERE number = ?",
            (
                (state, storable(customer_id), *(map(storable, refusal) if refusal else (None, None, None)), number)
                for number, state, customer_id, refusal in settled
            ),
        )

    # -- Reports ----------------------------------------------------------------------------------------------------

    def report(self, unused: tuple[str, ...] = ()) -> ImportReport:
        """Return the numbers of rows by what became of them."""
        counts: dict[str, int] = {}
        for state, how, count in self._rows("SELECT state, how, count(*) FROM outcomes GROUP BY state, how"):
            name = how if state == "done" else state
            counts[name] = counts.get(name, 0) + count
        ends = {name: counts.get(name, 0) for name in ("created", "updated", "skipped", "refused", "unknown")}
        left = self.total() - sum(ends.values())
        return ImportReport(**ends, errors=tuple(self.errors(ERRORS_KEPT)), left=left, unused=unused)

    def settled_count(self) -> int:
        """Return the number of rows that are done or refused."""
        return self._number("SELECT count(*) FROM outcomes WHERE state IN ('done', 'refused')")

    def total(self) -> int:
        """Return the number of all rows."""
        return self._number("SELECT count(*) FROM rows")

    def errors(self, most: int = -1) -> Iterator[RowError]:
        """Return the refused rows, in order."""
        statement = "SELECT number, code, field, detail FROM outcomes WHERE state = 'refused' ORDER BY number LIMIT ?"
        return (RowError(*row) for row in self._rows(statement, most))

    def results(self) -> Iterator[Result]:
        """Return what became of every row, in order."""
        statement = """
            SELECT number, coalesce(state, 'pending'), CASE state WHEN 'done' THEN how END,
                CASE state WHEN 'done' THEN customer_id END
            FROM rows LEFT JOIN outcomes USING (number) ORDER BY number
        """
        return (Result(*row) for row in self._rows(statement))

    def first_bodies(self, count: int) -> list[Body]:
        """Return the bodies of the first rows to send."""
        statement = (
            "SELECT body FROM rows LEFT JOIN outcomes USING (number) WHERE state IS NULL ORDER BY number LIMIT ?"
        )
        return [_from_json(body) for (body,) in self._rows(statement, count)]

    def refusals(self) -> list[tuple[str, str | None, str, int, int]]:
        """Return the reasons of refusals, most frequent first: code, field, detail, number of rows, first row."""
        statement = """
            SELECT code, field, detail, count(*), min(number) FROM outcomes WHERE state = 'refused'
            GROUP BY code, field, detail ORDER BY count(*) DESC, min(number)
        """
        return list(self._rows(statement))

    def repeated(self, path: str | None) -> int:
        """Count the rows that repeat the body of an earlier row, or one field of it.

        :param path: the field's name; None for the whole body.
        """
        expression = "body" if path is None else f"json_extract(body, '$.{path}')"
        statement = f"""
            SELECT count(*) - count(DISTINCT {expression}) FROM rows LEFT JOIN outcomes USING (number)
            WHERE state IS NULL AND {expression} IS NOT NULL
        """  # noqa: S608 - the paths are constants of this package
        return self._number(statement)

    def _rows(self, statement: str, *parameters: object) -> Iterator[Any]:
        with self._told():
            yield from self._connection.execute(statement, parameters)

    def _one(self, statement: str, *parameters: object) -> Any:
        with self._told():
            return self._connection.execute(statement, parameters).fetchone()

    def _number(self, statement: str) -> int:
        return int(self._one(statement)[0])


_NOBODY_ELSE = """
    (value IS NULL OR value NOT IN (SELECT value FROM directory)) AND number NOT IN (
        SELECT number FROM rows JOIN (
            SELECT value, min(number) AS first FROM outcomes JOIN rows USING (number)
            WHERE NOT nobody AND state IN ('waiting', 'pending', 'sent', 'unknown') GROUP BY value
        ) USING (value)
        WHERE nobody AND number > first
    )
"""
"""That neither a customer has a row's value, nor an earlier row that may create one."""
_REFUSE_MATCHED = """
    INSERT OR REPLACE INTO outcomes (number, state, code, field, detail)
    SELECT number, 'refused', 'CONFLICT', facts.value, {}
    FROM outcomes JOIN rows USING (number) JOIN directory USING (value) JOIN facts ON name = 'match'
    WHERE state = 'waiting'
"""
_MATCHED = {
    "skip": """
        INSERT OR REPLACE INTO outcomes (number, state, how, customer_id)
        SELECT number, 'done', 'skipped', directory.customer_id
        FROM outcomes JOIN rows USING (number) JOIN directory USING (value) WHERE state = 'waiting'
    """,
    "fail": _REFUSE_MATCHED.format("'The customer ' || directory.customer_id || ' has this value already.'"),
    "update": _REFUSE_MATCHED.format("(many + 1) || ' customers have this value, so it is not clear which to update.'")
    + "AND many > 0",
}
"""What becomes of waiting rows whose customer exists, by the rule for them."""


def _fingerprint_of(records: Iterable[Record]) -> str:
    """Return a fingerprint of records."""
    digest = hashlib.sha256()
    for record in records:
        digest.update(_lines([(record, _to_json(record.body))]))
    return digest.hexdigest()


def _lines(records: Iterable[tuple[Record, str]]) -> bytes:
    """Return the bytes to compute a fingerprint of: a line for each record."""
    return "".join(f"{number} {text} {refusal}\n" for (number, _, refusal), text in records).encode()


def _prepare(path: Path) -> None:
    """Create the file readable for its owner only, because it holds the input, or check that it may be a journal.

    A file that exists is not opened here: to close it would release the locks that this process has on it.
    """
    try:
        os.close(os.open(path.resolve(), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        size = path.stat().st_size if path.is_file() else 1
        if size == 1:  # SQLite would overwrite a file of one byte.
            raise JournalError(_strange(path)) from None
        if size == 0 and Path(f"{path}-wal").exists():  # SQLite would delete what belongs to a journal.
            raise JournalError(f"The journal {path} is empty, although {path}-wal belongs to it: {_RESTORE}") from None
    except OSError as error:
        raise JournalError(f"The journal {path} cannot be written: {error.strerror}; name another file") from None


def _strange(name: object) -> str:
    return f"{name} is not a journal, or is broken: name another file; if it was one, {_RESTORE}"


_to_json = json.JSONEncoder(separators=(",", ":")).encode
_from_json = json.JSONDecoder().decode


def is_about_disk(error: sqlite3.Error) -> bool:
    """Return whether SQLite could not write to the disk, as opposed to a broken file."""
    said = str(error)
    return "full" in said or "I/O" in said or "unable to open" in said or "readonly" in said


def storable(text: str | None) -> str | None:
    """Return a text in a form that SQLite can store: a server can send half of a surrogate pair."""
    return text and text.encode(errors="backslashreplace").decode()
