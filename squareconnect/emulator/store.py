"""What the emulator remembers, in SQLite.

A customer is one row: its JSON document, and beside it only what is looked up or sorted by.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from squareconnect.emulator.cursors import Listing, Position
from squareconnect.models.customer_sort_field import CustomerSortField
from squareconnect.models.sort_order import SortOrder

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from os import PathLike

_APPLICATION_ID = 0x53514331
"""Tells a database of the emulator from those of other programs."""

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
    "INSERT INTO secrets VALUES (randomblob(32))",
)

_PAGES = {
    (CustomerSortField.DEFAULT, SortOrder.ASC): """
        SELECT document, name, number FROM customers WHERE (name, number) > (:name, :number)
        ORDER BY name, number LIMIT :limit
    """,
    (CustomerSortField.DEFAULT, SortOrder.DESC): """
        SELECT document, name, number FROM customers WHERE (name, number) < (:name, :number)
        ORDER BY name DESC, number DESC LIMIT :limit
    """,
    (CustomerSortField.CREATED_AT, SortOrder.ASC): """
        SELECT document, name, number FROM customers WHERE number > :number
        ORDER BY number LIMIT :limit
    """,
    (CustomerSortField.CREATED_AT, SortOrder.DESC): """
        SELECT document, name, number FROM customers WHERE number < :number
        ORDER BY number DESC LIMIT :limit
    """,
}
_STARTS: dict[str, dict[str, Any]] = {
    SortOrder.ASC: {"name": "", "number": 0},
    SortOrder.DESC: {"name": b"", "number": 2**63 - 1},  # SQLite sorts a blob after every text.
}


class Page(NamedTuple):
    """A page of customers, and the place of its last one if there are more."""

    customers: list[dict[str, Any]]
    end: Position | None


class Store:
    """The customers, nonces and idempotency keys of one emulator.

    Customers are JSON objects as Square answers them. A change is made between `begin` and `commit`, and is on disk
    when `commit` has returned. Only one thread at a time may use a store.

    :param database: the file to keep everything in, made if it is missing; None for memory.
    :raises sqlite3.Error: if the file cannot be used, or is the database of another program.
    """

    def __init__(self, database: str | PathLike[str] | None = None) -> None:
        self._connection = sqlite3.connect(database or ":memory:", isolation_level=None, check_same_thread=False)
        try:
            self._open()
        except BaseException:
            self._connection.close()
            raise
        self.cursor_key: bytes = self._row("SELECT cursor_key FROM secrets")[0]

    def _open(self) -> None:
        self.begin()
        if self._row("PRAGMA application_id")[0] != _APPLICATION_ID:
            if self._row("SELECT count(*) FROM sqlite_master")[0]:
                raise sqlite3.DatabaseError("it is the database of another program")
            for statement in _SCHEMA:
                self._connection.execute(statement)
        self.commit()
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")

    def close(self) -> None:
        """Close the database. What was not committed is gone."""
        self._connection.close()

    def begin(self) -> None:
        """Begin to change things.

        :raises sqlite3.Error: if the database is locked by another process for longer than five seconds.
        """
        self._connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Bring all changes since `begin` to the disk.

        :raises sqlite3.Error: if that fails. Then none of them is kept.
        """
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            self._connection.rollback()
            raise

    @contextmanager
    def all_or_nothing(self) -> Generator[None]:
        """Undo what the block has changed if it raises, and only that."""
        self._connection.execute("SAVEPOINT block")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK TO block")
            raise
        finally:
            self._connection.execute("RELEASE block")

    def customer(self, customer_id: str) -> dict[str, Any] | None:
        """Give a customer, or None if there is none of that id."""
        row = self._row("SELECT document FROM customers WHERE id = ?", customer_id)
        customer: dict[str, Any] | None = row and json.loads(row[0])
        return customer

    def add_customer(self, customer: Mapping[str, Any]) -> None:
        """Keep a new customer."""
        self._connection.execute(
            "INSERT INTO customers (id, name, document) VALUES (?, ?, ?)",
            (customer["id"], _sort_name(customer), _to_json(customer)),
        )

    def replace_customer(self, customer: Mapping[str, Any]) -> None:
        """Keep a customer's new state in place of the old one."""
        self._connection.execute(
            "UPDATE customers SET name = ?, document = ? WHERE id = ?",
            (_sort_name(customer), _to_json(customer), customer["id"]),
        )

    def remove_customer(self, customer_id: str) -> bool:
        """Forget a customer with the cards, and say whether there was one. Used nonces stay used."""
        return self._connection.execute("DELETE FROM customers WHERE id = ?", (customer_id,)).rowcount == 1

    def page(self, listing: Listing, after: Position | None) -> Page:
        """Give the customers of a listing that come after a position, as many as its limit says.

        :param listing: the order and the limit.
        :param after: where to start; None for the first customer.
        """
        start = _STARTS[listing.sort_order] if after is None else after._asdict()
        rows = self._connection.execute(
            _PAGES[listing.sort_field, listing.sort_order], {**start, "limit": listing.limit + 1}
        ).fetchall()
        shown = rows[: listing.limit]
        end = Position(*shown[-1][1:]) if len(rows) > len(shown) else None
        return Page([json.loads(document) for document, _, _ in shown], end)

    def customer_count(self) -> int:
        """Give the number of all customers."""
        count: int = self._row("SELECT count(*) FROM customers")[0]
        return count

    def card_made_with(self, nonce: str, customer_id: str) -> str | None:
        """Give the id of the last card that a nonce made for a customer, removed or not; None if it made none."""
        row = self._row("SELECT card_id FROM nonces WHERE nonce = ? AND customer_id = ?", nonce, customer_id)
        card_id: str | None = row and row[0]
        return card_id

    def nonce_is_used(self, nonce: str) -> bool:
        """Say whether a nonce has made a card, for whomever."""
        return self._row("SELECT 1 FROM nonces WHERE nonce = ?", nonce) is not None

    def remember_nonce(self, nonce: str, customer_id: str, card_id: str) -> None:
        """Keep which card a nonce has made for a customer."""
        self._connection.execute("INSERT OR REPLACE INTO nonces VALUES (?, ?, ?)", (nonce, customer_id, card_id))

    def answered(self, idempotency_key: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Give the request that came with a key and the customer that was answered; None for a new key."""
        row = self._row("SELECT request, answer FROM idempotency_keys WHERE idempotency_key = ?", idempotency_key)
        return row and (json.loads(row[0]), json.loads(row[1]))

    def remember_answer(self, idempotency_key: str, request: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """Keep what was asked and answered with a key."""
        self._connection.execute(
            "INSERT INTO idempotency_keys VALUES (?, ?, ?)", (idempotency_key, _to_json(request), _to_json(answer))
        )

    def _row(self, statement: str, *parameters: object) -> Any:
        return self._connection.execute(statement, parameters).fetchone()


def _sort_name(customer: Mapping[str, Any]) -> str:
    """Give what a customer is sorted by: both names, or else the first of the other fields that is there."""
    names = customer.get("given_name", "") + customer.get("family_name", "")
    others = (customer.get(field) for field in ("company_name", "email_address", "phone_number"))
    sort_name: str = names or next(filter(None, others), "")
    return sort_name.casefold()


def _to_json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
