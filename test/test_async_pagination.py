from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from squareconnect import (
    ConnectionFailed,
    ListCustomersResponse,
    paginate_async,
)
from test.customer_directory import Directory, cut_off, expired, page_of

if TYPE_CHECKING:
    from squareconnect.pagination import AsyncCustomers


async def collected(customers: AsyncCustomers) -> list[str | None]:
    return [customer.id async for customer in customers]


def test_async_yields_the_customers_of_all_pages_in_order() -> None:
    assert asyncio.run(collected(paginate_async(Directory("ab", "", "c").list_customers_soon))) == ["a", "b", "c"]


def test_async_yields_pages() -> None:
    async def pages() -> list[ListCustomersResponse]:
        return [page async for page in paginate_async(Directory("ab", "c").list_customers_soon).pages()]

    assert asyncio.run(pages()) == [page_of("ab", "1"), page_of("c", None)]


def test_async_continues_after_a_failure() -> None:
    directory = Directory("ab", "cd")
    directory.failures[1] = cut_off()
    customers = paginate_async(directory.list_customers_soon)

    async def twice() -> list[str | None]:
        seen = [(await anext(customers)).id, (await anext(customers)).id]
        with pytest.raises(ConnectionFailed):
            await anext(customers)
        return seen + await collected(customers)

    assert asyncio.run(twice()) == ["a", "b", "c", "d"]


def test_async_restarts_after_an_expired_cursor() -> None:
    directory = Directory("ab", "cd")
    directory.failures[1] = expired()
    customers = paginate_async(directory.list_customers_soon, on_expired_cursor="restart")
    assert asyncio.run(collected(customers)) == ["a", "b", "c", "d"]


def test_async_a_cancelled_page_is_requested_again() -> None:
    directory = Directory("ab", "cd")
    customers = paginate_async(directory.list_customers_soon)

    async def cancelled_within_the_second_page() -> list[str | None]:
        seen = [(await anext(customers)).id, (await anext(customers)).id]
        third = asyncio.ensure_future(anext(customers))
        await asyncio.sleep(0)
        third.cancel()
        with pytest.raises(asyncio.CancelledError):
            await third
        return seen + await collected(customers)

    assert asyncio.run(cancelled_within_the_second_page()) == ["a", "b", "c", "d"]
