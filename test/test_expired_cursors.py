"""Listings whose cursor has expired."""

from __future__ import annotations

import asyncio
import itertools
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from squareconnect import (
    ApiClient,
    AsyncCustomersApi,
    Configuration,
    ConnectionFailed,
    Customer,
    CustomersApi,
    InvalidRequest,
    paginate,
    paginate_async,
)
from squareconnect.emulator import Emulator
from test.customer_directory import Directory, cut_off, expired, ids

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from squareconnect.pagination import Customers


def test_an_expired_cursor_raises_unless_a_restart_is_requested() -> None:
    directory = Directory("a", "b")
    directory.failures[1] = expired()
    with pytest.raises(InvalidRequest):
        list(paginate(directory.list_customers))


def test_a_restart_yields_every_customer_once() -> None:
    directory = Directory("ab", "cd", "ef")
    directory.failures[2] = expired()
    assert ids(paginate(directory.list_customers, on_expired_cursor="restart")) == ["a", "b", "c", "d", "e", "f"]
    assert directory.cursors == [None, "1", "2", None, "1", "2"]


def test_pages_after_a_restart_have_only_new_customers() -> None:
    directory = Directory("ab", "cd")
    directory.failures[1] = expired()
    pages = paginate(directory.list_customers, on_expired_cursor="restart").pages()
    assert [ids(page.customers or []) for page in pages] == [["a", "b"], [], ["c", "d"]]


def test_a_restart_yields_customers_that_were_created_meanwhile() -> None:
    directory = Directory("ab", "cd")
    directory.failures[1] = expired()
    customers = paginate(directory.list_customers, on_expired_cursor="restart")
    assert [next(customers).id, next(customers).id] == ["a", "b"]
    directory.pages = [["x", "a"], ["b", "c"], ["d"]]
    assert ids(customers) == ["x", "c", "d"]


def test_an_expired_cursor_from_another_process_restarts_at_the_first_page() -> None:
    directory = Directory("ab", "cd")
    directory.failures[0] = expired()
    assert ids(paginate(directory.list_customers, cursor="1", on_expired_cursor="restart")) == ["a", "b", "c", "d"]


def test_restarts_without_progress_end_with_the_failure() -> None:
    directory = Directory("ab", "cd")
    directory.failures = {request: expired() for request in range(1, 100, 2)}
    with pytest.raises(InvalidRequest):
        list(paginate(directory.list_customers, on_expired_cursor="restart"))
    assert directory.cursors == [None, "1", None, "1"]


def test_other_failures_do_not_restart() -> None:
    directory = Directory("a", "b")
    directory.failures[1] = cut_off()
    with pytest.raises(ConnectionFailed):
        list(paginate(directory.list_customers, on_expired_cursor="restart"))
    assert directory.cursors == [None, "1"]


def test_a_first_page_that_is_refused_as_expired_does_not_restart() -> None:
    directory = Directory("a")
    directory.failures[0] = expired()
    with pytest.raises(InvalidRequest):
        list(paginate(directory.list_customers, on_expired_cursor="restart"))


def test_an_unknown_way_to_handle_an_expired_cursor_is_refused() -> None:
    with pytest.raises(ValueError, match="on_expired_cursor must be 'raise' or 'restart', not 'ignore'"):
        paginate(Directory("a").list_customers, on_expired_cursor="ignore")  # type: ignore[arg-type] # pyright: ignore


# -- Against the emulator -------------------------------------------------------------------------------------------


class Clock:
    """A clock that only moves when a test moves it."""

    def __init__(self) -> None:
        self.time = datetime(2019, 6, 12, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def client(clock: Clock) -> Iterator[ApiClient]:
    """Return a client of an emulator with 230 customers."""
    with (
        Emulator(now=clock) as square,
        ApiClient(Configuration(host=square.url, access_token=square.access_token)) as client,
    ):
        api = CustomersApi(client)
        for number in range(230):
            api.create_customer({"given_name": f"{number:03}"})
        yield client


def given_names(customers: Iterable[Customer]) -> list[str | None]:
    return [customer.given_name for customer in customers]


EVERYONE = [f"{number:03}" for number in range(230)]


def test_lists_all_customers_of_the_emulator(client: ApiClient) -> None:
    api = CustomersApi(client)
    assert given_names(paginate(api.list_customers)) == EVERYONE
    assert given_names(paginate(api.list_customers, sort_order="DESC", limit=150)) == EVERYONE[:79:-1]
    assert [len(page.customers or ()) for page in paginate(api.list_customers).pages()] == [100, 100, 30]


def test_lists_all_customers_of_the_emulator_in_asyncio(client: ApiClient) -> None:
    async def names() -> list[str | None]:
        return [customer.given_name async for customer in paginate_async(AsyncCustomersApi(client).list_customers)]

    assert asyncio.run(names()) == EVERYONE


@pytest.mark.parametrize("listing", [paginate, lambda call, **options: paginate(lambda **p: call(**p), **options)])
def test_a_reader_that_is_slower_than_the_cursors_can_restart(
    client: ApiClient, clock: Clock, listing: Callable[..., Customers]
) -> None:
    names = []
    for customer in listing(CustomersApi(client).list_customers, on_expired_cursor="restart"):
        names.append(customer.given_name)
        if len(names) % 100 == 0:
            clock.time += timedelta(minutes=16)
    assert names == EVERYONE


def test_a_reader_that_is_slower_than_the_cursors_gets_an_exception(client: ApiClient, clock: Clock) -> None:
    customers = paginate(CustomersApi(client).list_customers)
    for customer in itertools.islice(customers, 100):
        assert customer.id
    clock.time += timedelta(minutes=16)
    with pytest.raises(InvalidRequest) as caught:
        next(customers)
    assert (caught.value.status, caught.value.field) == (400, "cursor")
