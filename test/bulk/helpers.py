"""What the tests of bulk work share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from squareconnect import ApiClient, AsyncApiClient, AsyncCustomersApi, Configuration, CustomersApi

if TYPE_CHECKING:
    from pathlib import Path


def api_of(host: str, **settings: Any) -> CustomersApi:
    """Return a client of a host."""
    return CustomersApi(ApiClient(Configuration(host=host, access_token="T0KEN", **settings)))


def async_api_of(host: str, kind: type[ApiClient | AsyncApiClient] = AsyncApiClient) -> AsyncCustomersApi:
    """Return a client of a host, for asyncio."""
    return AsyncCustomersApi(kind(Configuration(host=host, access_token="T0KEN")))


def people(count: int, **more: Any) -> list[dict[str, Any]]:
    """Return rows of different people."""
    return [{"given_name": f"Ada {number}", "reference_id": f"r{number}", **more} for number in range(count)]


def write(path: Path, text: str | bytes) -> Path:
    """Write a file; return its path."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path
