"""Helpers for the tests of bulk work."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from squareconnect import ApiClient, AsyncApiClient, AsyncCustomersApi, Configuration, CustomersApi
from squareconnect.bulk import import_customers

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.bulk_server import Square


def api_of(host: str, **settings: Any) -> CustomersApi:
    """Return an API that calls a host."""
    return CustomersApi(ApiClient(Configuration(host=host, access_token="T0KEN", **settings)))


def async_api_of(host: str, kind: type[ApiClient | AsyncApiClient] = AsyncApiClient) -> AsyncCustomersApi:
    """Return an asyncio API that calls a host."""
    return AsyncCustomersApi(kind(Configuration(host=host, access_token="T0KEN")))


def people(count: int, **more: Any) -> list[dict[str, Any]]:
    """Return rows of different people."""
    return [{"given_name": f"Ada {number}", "reference_id": f"r{number}", **more} for number in range(count)]


def write(path: Path, text: str | bytes) -> Path:
    """Write a file and return its path."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def leave_behind(journal: Path, rows: list[dict[str, Any]], square: Square, at: float) -> None:
    """Leave a journal as a killed import does after it sent all rows at some time."""

    def send(rows: Any) -> Any:
        raise KeyError

    with pytest.raises(KeyError):
        import_customers(rows, api_of(square.host), journal=journal, send=send, concurrency=1)
    with sqlite3.connect(journal) as connection:
        connection.execute("DELETE FROM outcomes")
        connection.execute(
            "INSERT INTO outcomes (number, state, at, how) SELECT number, 'sent', ?, 'created' FROM rows", (at,)
        )
    connection.close()
