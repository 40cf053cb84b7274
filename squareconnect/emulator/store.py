"""The storage of the emulator, in SQLite.

A customer is one row: its JSON document, and in other columns only the values to search or sort by.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager
from secrets import token_bytes
from typing import TYPE_CHECKING, Any, NamedTuple

from squareconnect.emulator.cursors import Listing, Position
from squareconnect.emulator.validation import IDENTIFYING_FIELDS
from squareconnect.models.customer_sort_field import CustomerSortField
from squareconnect.models.sort_order import SortOrder

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from os import PathLike

_APPLICATION_ID = 0x53514331
"""Distinguishes a database of the emulator from those of other programs."""

_LOCK_SECONDS = 5.0
"""How long opening a file waits for another process to release it."""

_SCHEMA = (
    f"PRAGMA application_id = {_APPLICATION_ID}",
    """
    CREATE TABLE customers (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        document TEXT NOT NULL
    )
    """,
    "CREATE INDEX customers_by_name ON customers (name, number)",
    """
    CREATE TABLE nonces (
        nonce TEXT NOT NULL,
        customer_id TEXT NOT NULL,
        card_id TEXT NOT NULL,
        PRIMARY KEY (nonce, customer_id)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE idempotency_keys (
        idempotency_key TEXT PRIMARY KEY,
        request TEXT NOT NULL,
        answer TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE TABLE secrets (cursor_key BLOB NOT NULL)",
)
_LATER = (
    "ALTER TABLE customers ADD COLUMN made_at REAL NOT NULL DEFAULT 0",
    """
    CREATE TABLE merges (
        old_id TEXT PRIMARY KEY,
        new_id TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    "ALTER TABLE customers ADD COLUMN texts TEXT NOT NULL DEFAULT ''",
    "DROP INDEX customers_by_name",
    "CREATE INDEX customers_by_name ON customers (name, number, made_at)",
    "PRAGMA user_version = 1",
)
"""The statements that files of the first version have not run."""

_EVER = 1e18
"""A time that never comes, in seconds since 1970."""

_TABLES = {
    "customers": ("number", "id", "name", "document", "made_at", "texts"),
    "nonces": ("nonce", "customer_id", "card_id"),
    "idempotency_keys": ("idempotency_key", "request", "answer"),
    "merges": ("old_id", "new_id"),
}

_PAGE = """
    SELECT document, name, number FROM customers WHERE {after} AND name > '' AND made_at <= :made_by
    ORDER BY {order} LIMIT :limit
"""
_PAGES = {
    (CustomerSortField.DEFAULT, SortOrder.ASC): _PAGE.format(
        after="(name, number) > (:name, :number)", order="name, number"
    ),
    (CustomerSortField.DEFAULT, SortOrder.DESC): _PAGE.format(
        after="(name, number) < (:name, :number)", order="name DESC, number DESC"
    ),
    (CustomerSortField.CREATED_AT, SortOrder.ASC): _PAGE.format(after="number > :number", order="number"),
    (CustomerSortField.CREATED_AT, SortOrder.DESC): _PAGE.format(after="number < :number", order="number DESC"),
}
_STARTS: dict[str, dict[str, Any]] = {
    SortOrder.ASC: {"name": "", "number": 0},
    SortOrder.DESC: {"name": b"", "number": 2**63 - 1},  # SQLite sorts a blob after every text.
}

_SEARCHED = (*IDENTIFYING_FIELDS, "id", "nickname", "reference_id", "note", "birthday")


class Page(NamedTuple):
    """A page of customers, and the place of its last customer if there are more."""

    customers: list[dict[str, Any]]
    end: Position | None


class Row(NamedTuple):
    """What the store keeps of a customer."""

    id: str
    name: str
    document: str
    made_at: float
    texts: str


def row_of(customer: Mapping[str, Any], made_at: float = 0) -> Row:
    """Prepare a new customer to be stored. This takes longer than to store it.

    :param made_at: the time from which the listing delay counts, in seconds since 1970.
    """
    return Row(customer["id"], _sort_name(customer), _to_json(customer), made_at, _texts(customer))


class Store:
    """The customers, nonces and idempotency keys of one emulator.

    Customers are JSON objects in the form of Square's answers. A change is made between `begin` and `commit`, and is on
    disk when `commit` has returned. Only one thread at a time may use a store.

    :param database: the file to store everything in, created if it is missing; None for memory.
    :param cursor_key: the secret that signs the cursors of a new file.
    :raises sqlite3.Error: if the file cannot be used, or is the database of another program.
    """

    def __init__(self, database: str | PathLike[str] | None = None, cursor_key: bytes | None = None) -> None:
        self._connection = sqlite3.connect(
            database or ":memory:", timeout=_LOCK_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._counted_at: tuple[int, int] | None = None
        self._count = 0
        try:
            self._open(cursor_key or token_bytes(32))
        except BaseException:
            self._connection.close()
            raise

    def _open(self, cursor_key: bytes) -> None:
        if not self._is_current():
            self._connection.execute("BEGIN IMMEDIATE")
            self._make(cursor_key)
            self.commit()
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")

    def _is_current(self) -> bool:
        return self._is_ours() and self._row("PRAGMA user_version")[0] == 1

    def _is_ours(self) -> bool:
        return bool(self._row("PRAGMA application_id")[0] == _APPLICATION_ID)

    def _make(self, cursor_key: bytes) -> None:
        if self._is_current():  # Another process has just created it.
            return
        if not self._is_ours():
            if self._row("SELECT count(*) FROM sqlite_master")[0]:
                raise sqlite3.DatabaseError("it is the database of another program")
            for statement in _SCHEMA:
                self._connection.execute(statement)
            self._connection.execute("INSERT INTO secrets VALUES (?)", (cursor_key,))
        for statement in _LATER:
            self._connection.execute(statement)
        for (document,) in self._connection.execute("SELECT document FROM customers").fetchall():
            self.replace_customer(json.loads(document))

    @property
    def cursor_key(self) -> bytes:
        """The secret that signs the cursors."""
        key: bytes = self._row("SELECT cursor_key FROM secrets")[0]
        return key

    def close(self) -> None:
        """Close the database. Uncommitted changes are lost."""
        self._connection.close()

    def begin(self) -> None:
        """Start changing things, or fail at once.

        :raises sqlite3.OperationalError: if another process has locked the database.
        """
        self._connection.execute("PRAGMA busy_timeout = 0")
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        finally:
            self._connection.execute(f"PRAGMA busy_timeout = {_LOCK_SECONDS * 1000:.0f}")

    def commit(self) -> None:
        """Write all changes since `begin` to disk.

        :raises sqlite3.Error: if that fails. Then none of them is kept.
        """
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            self._connection.rollback()
            raise

    @contextmanager
    def all_or_nothing(self) -> Generator[None]:
        """Undo the changes of the block, and only those, if it raises."""
        self._connection.execute("SAVEPOINT block")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK TO block")
            raise
        finally:
            self._connection.execute("RELEASE block")

    def customer(self, customer_id: str) -> dict[str, Any] | None:
        """Return a customer, or None if there is none with that id."""
        row = self._row("SELECT document FROM customers WHERE id = ?", customer_id)
        customer: dict[str, Any] | None = row and json.loads(row[0])
        return customer

    def has_customer(self, customer_id: str) -> bool:
        """Return whether there is a customer with that id."""
        return self._row("SELECT 1 FROM customers WHERE id = ?", customer_id) is not None

    def add_customer(self, customer: Mapping[str, Any], made_at: float = 0) -> None:
        """Store a new customer.

        :param made_at: the time from which the listing delay counts, in seconds since 1970.
        """
        self.add_row(row_of(customer, made_at))

    def add_row(self, row: Row) -> None:
        """Store a new customer that `row_of` has prepared."""
        self._connection.execute(
            "INSERT INTO customers (id, name, document, made_at, texts) VALUES (?, ?, ?, ?, ?)", row
        )

    def replace_customer(self, customer: Mapping[str, Any]) -> None:
        """Replace a customer's state by a new one."""
        self._connection.execute(
            "UPDATE customers SET name = ?, document = ?, texts = ? WHERE id = ?",
            (_sort_name(customer), _to_json(customer), _texts(customer), customer["id"]),
        )

    def remove_customer(self, customer_id: str) -> bool:
        """Delete a customer with the cards, and return whether there was one. Used nonces stay used."""
        return self._connection.execute("DELETE FROM customers WHERE id = ?", (customer_id,)).rowcount == 1

    def merge(self, old_id: str, new_id: str) -> None:
        """Record that a customer, with all customers merged into it before, was merged into another one."""
        self._connection.execute("UPDATE merges SET new_id = ? WHERE new_id = ?", (new_id, old_id))
        self._connection.execute("INSERT OR REPLACE INTO merges VALUES (?, ?)", (old_id, new_id))

    def merged_into(self, customer_id: str) -> str:
        """Return the id of the customer that a customer was merged into; the same id if it was not."""
        row = self._row("SELECT new_id FROM merges WHERE old_id = ?", customer_id)
        new_id: str = row[0] if row else customer_id
        return new_id

    def found(self, search: str, offset: int, limit: int) -> tuple[list[dict[str, Any]], int]:
        """Return customers with a text in one of their fields, newest first, and how many there are in total.

        :param search: the text, in upper or lower case; empty for all customers.
        :param offset: how many to skip at the beginning.
        :param limit: the maximum number of customers.
        """
        wanted = {"search": search.casefold(), "offset": offset, "limit": limit}
        where = "WHERE instr(texts, :search)" if search else ""
        rows = self._connection.execute(
            f"SELECT document FROM customers {where} ORDER BY number DESC LIMIT :limit OFFSET :offset",  # noqa: S608
            wanted,
        ).fetchall()
        total = offset + len(rows)
        if len(rows) == limit or (offset and not rows):  # There may be more, after these or before the offset.
            total = self._connection.execute(f"SELECT count(*) FROM customers {where}", wanted).fetchone()[0]  # noqa: S608
        return [json.loads(document) for (document,) in rows], total

    def clear(self, cursor_key: bytes) -> None:
        """Delete everything.

        :param cursor_key: the secret that signs cursors from now on.
        """
        for table in (*_TABLES, "sqlite_sequence"):
            self._connection.execute(f"DELETE FROM {table}")  # noqa: S608
        self._connection.execute("UPDATE secrets SET cursor_key = ?", (cursor_key,))

    def dump(self) -> dict[str, Any]:
        """Return everything as JSON."""
        tables: dict[str, Any] = {
            table: [list(row) for row in self._connection.execute(f"SELECT {', '.join(columns)} FROM {table}")]  # noqa: S608
            for table, columns in _TABLES.items()
        }
        return tables | {"cursor_key": self.cursor_key.hex()}

    def load(self, dump: Mapping[str, Any]) -> None:
        """Replace everything by what `dump` has returned.

        :raises KeyError, TypeError, ValueError, sqlite3.Error: if it is something else.
        """
        self.clear(bytes.fromhex(dump["cursor_key"]))
        for _, customer_id, _, document, *_ in dump["customers"]:
            if json.loads(document)["id"] != customer_id:
                raise ValueError(f"the document of customer {customer_id} has another id")
        for table, columns in _TABLES.items():
            places = ", ".join("?" * len(columns))
            statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608
            self._connection.executemany(statement, dump[table])

    def page(self, listing: Listing, after: Position | None, made_by: float = _EVER) -> Page:
        """Return the customers of a listing that come after a position, up to the limit of the listing.

        A customer without any of the five identifying fields is not in any list.

        :param listing: the order and the limit.
        :param after: where to start; None for the first customer.
        :param made_by: leave out those that were made later, in seconds since 1970.
        """
        start = _STARTS[listing.sort_order] if after is None else after._asdict()
        rows = self._connection.execute(
            _PAGES[listing.sort_field, listing.sort_order], {**start, "limit": listing.limit + 1, "made_by": made_by}
        ).fetchall()
        shown = rows[: listing.limit]
        end = Position(*shown[-1][1:]) if len(rows) > len(shown) else None
        return Page([json.loads(document) for document, _, _ in shown], end)

    def customer_count(self) -> int:
        """Return the number of all customers."""
        state = (self._connection.total_changes, self._row("PRAGMA data_version")[0])
        if self._counted_at != state:  # Observers ask ten times a second.
            self._counted_at, self._count = state, self._row("SELECT count(*) FROM customers")[0]
        return self._count

    def listed_count(self, made_by: float = _EVER) -> int:
        """Return the number of customers in all pages of a list together."""
        count: int = self._row("SELECT count(*) FROM customers WHERE name > '' AND made_at <= ?", made_by)[0]
        return count

    def card_made_with(self, nonce: str, customer_id: str) -> str | None:
        """Return the id of the last card that a nonce created for a customer, removed or not; None if there is none."""
        row = self._row("SELECT card_id FROM nonces WHERE nonce = ? AND customer_id = ?", nonce, customer_id)
        card_id: str | None = row and row[0]
        return card_id

    def nonce_is_used(self, nonce: str) -> bool:
        """Return whether a nonce has created a card, for any customer."""
        return self._row("SELECT 1 FROM nonces WHERE nonce = ?", nonce) is not None

    def remember_nonce(self, nonce: str, customer_id: str, card_id: str) -> None:
        """Record which card a nonce has created for a customer."""
        self._connection.execute("INSERT OR REPLACE INTO nonces VALUES (?, ?, ?)", (nonce, customer_id, card_id))

    def answered(self, idempotency_key: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Return the request made with a key and the customer in the answer; None for a new key."""
        row = self._row("SELECT request, answer FROM idempotency_keys WHERE idempotency_key = ?", idempotency_key)
        return row and (json.loads(row[0]), json.loads(row[1]))

    def remember_answer(self, idempotency_key: str, request: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """Record the request and answer of a key."""
        self._connection.execute(
            "INSERT INTO idempotency_keys VALUES (?, ?, ?)", (idempotency_key, _to_json(request), _to_json(answer))
        )

    def _row(self, statement: str, *parameters: object) -> Any:
        return self._connection.execute(statement, parameters).fetchone()


def _sort_name(customer: Mapping[str, Any]) -> str:
    """Return the text that a customer is sorted by: both names, or else the first other field that is set."""
    names = customer.get("given_name", "") + customer.get("family_name", "")
    others = (customer.get(field) for field in ("company_name", "email_address", "phone_number"))
    sort_name: str = names or next(filter(None, others), "")
    return sort_name.casefold()


def _texts(customer: Mapping[str, Any]) -> str:
    """Return the texts to search a customer by: the fields, the address, and the last digits of the cards."""
    texts = [customer.get(name) for name in _SEARCHED]
    texts += (customer.get("address") or {}).values()
    texts += [card.get("last_4") for card in customer.get("cards", ())]
    return "\n".join(filter(None, texts)).casefold()


def _to_json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
