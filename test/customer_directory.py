"""A customer directory with pages and failures that a test chooses."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from squareconnect import (
    ApiException,
    ConnectionFailed,
    Customer,
    Error,
    InvalidRequest,
    ListCustomersResponse,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


class Directory:
    """Answers ``list_customers`` with pages of customers with the given ids, and records the calls."""

    def __init__(self, *pages: Iterable[str]) -> None:
        self.pages = [list(page) for page in pages]
        self.asked: list[dict[str, Any]] = []
        self.failures: dict[int, ApiException] = {}
        """The exceptions that requests raise instead of returning a page, by the number of the request from 0."""

    def list_customers(self, **parameters: Any) -> ListCustomersResponse:
        self.asked.append(parameters)
        failure = self.failures.get(len(self.asked) - 1)
        if failure is not None:
            raise failure
        number = int(parameters["cursor"] or 0)
        following = str(number + 1) if number + 1 < len(self.pages) else None
        return page_of(self.pages[number], following)

    async def list_customers_soon(self, **parameters: Any) -> ListCustomersResponse:
        await asyncio.sleep(0)
        return self.list_customers(**parameters)

    @property
    def cursors(self) -> list[str | None]:
        return [parameters["cursor"] for parameters in self.asked]


def page_of(ids: Iterable[str], cursor: str | None) -> ListCustomersResponse:
    return ListCustomersResponse(customers=[Customer(id=each) for each in ids] or None, cursor=cursor)


def ids(customers: Iterable[Customer]) -> list[str | None]:
    return [customer.id for customer in customers]


def expired() -> InvalidRequest:
    failure = InvalidRequest(400, "Bad Request")
    failure.errors = [Error("INVALID_REQUEST_ERROR", "INVALID_CURSOR", "The cursor was not found.", "cursor")]
    return failure


def cut_off() -> ConnectionFailed:
    return ConnectionFailed(reason="cut off")
