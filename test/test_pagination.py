from __future__ import annotations

import inspect
import itertools
import re
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tqdm import tqdm

from squareconnect import (
    ApiException,
    ConnectionFailed,
    DecodeError,
    Error,
    ListCustomersResponse,
    paginate,
    paginate_async,
    pagination,
)

if TYPE_CHECKING:
    from collections.abc import Callable

from test.customer_directory import Directory, cut_off, ids, page_of

# -- All customers --------------------------------------------------------------------------------------------------


def test_yields_the_customers_of_all_pages_in_order() -> None:
    assert ids(paginate(Directory("ab", "c", "de").list_customers)) == ["a", "b", "c", "d", "e"]


def test_an_empty_page_in_the_middle_does_not_end_the_listing() -> None:
    assert ids(paginate(Directory("ab", "", "", "c").list_customers)) == ["a", "b", "c"]


def test_an_empty_directory_has_no_customers() -> None:
    assert ids(paginate(Directory("").list_customers)) == []


def test_an_empty_cursor_ends_the_listing() -> None:
    asked = []

    def call(**parameters: Any) -> ListCustomersResponse:
        asked.append(parameters)
        return page_of("ab", "")

    assert ids(paginate(call)) == ["a", "b"]
    assert len(asked) == 1


def test_requests_a_page_only_when_its_first_customer_is_needed() -> None:
    directory = Directory("ab", "c")
    customers = paginate(directory.list_customers)
    assert directory.asked == []
    assert next(customers).id == "a"
    assert next(customers).id == "b"
    assert directory.cursors == [None]
    assert next(customers).id == "c"
    assert directory.cursors == [None, "1"]


def test_repeats_the_options_with_every_page() -> None:
    directory = Directory("a", "b")
    list(paginate(directory.list_customers, sort_field="CREATED_AT", sort_order="DESC", _headers={"X-Trace": "1"}))
    options = {"sort_field": "CREATED_AT", "sort_order": "DESC", "_headers": {"X-Trace": "1"}}
    assert directory.asked == [{"cursor": None, **options}, {"cursor": "1", **options}]


def test_does_not_keep_a_page_that_it_has_yielded() -> None:
    given: list[weakref.ref[ListCustomersResponse]] = []

    def call(cursor: str | None) -> ListCustomersResponse:
        number = int(cursor or 0)
        page = page_of([f"{number}-{place}" for place in range(10)], str(number + 1))
        given.append(weakref.ref(page))
        return page

    for _ in itertools.islice(paginate(call), 1_000):
        assert sum(page() is not None for page in given[-3:]) <= 1
    assert sum(page() is not None for page in given) <= 1
    assert len(given) == 100


def test_an_ended_listing_stays_ended() -> None:
    directory = Directory("a")
    customers = paginate(directory.list_customers)
    assert ids(customers) == ["a"]
    assert ids(customers) == []
    assert len(directory.asked) == 1


# -- Options --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("listing", [paginate, paginate_async])
@pytest.mark.parametrize(
    ("option", "hint"),
    [("limt", r"\. Did you mean 'limit'\?"), ("_return_http_data_only", ""), ("async_req", ""), ("callback", "")],
)
def test_refuses_an_unknown_option_before_the_first_request(
    listing: Callable[..., object], option: str, hint: str
) -> None:
    message = f"^Got an unexpected keyword argument '{option}' to method {listing.__name__}{hint}$"
    with pytest.raises(TypeError, match=message):
        listing(Directory("a").list_customers, **{option: 5})


def test_accepts_only_the_options_that_it_documents() -> None:
    _call, *documented = re.findall(r":param (\w+):", inspect.getdoc(paginate) or "")
    assert list(pagination._OPTIONS) == documented


# -- Pages ----------------------------------------------------------------------------------------------------------


def test_yields_pages_as_square_returns_them() -> None:
    pages = list(paginate(Directory("ab", "", "c").list_customers).pages())
    assert pages == [page_of("ab", "1"), page_of("", "2"), page_of("c", None)]


def test_pages_continue_after_a_failure() -> None:
    directory = Directory("a", "b")
    directory.failures[1] = cut_off()
    customers = paginate(directory.list_customers)
    pages = customers.pages()
    assert ids(next(pages).customers or []) == ["a"]
    with pytest.raises(ConnectionFailed):
        next(pages)
    assert [ids(page.customers or []) for page in customers.pages()] == [["b"]]


def test_pages_are_cut_at_the_limit() -> None:
    pages = list(paginate(Directory("ab", "cd", "ef").list_customers, limit=3).pages())
    assert [ids(page.customers or []) for page in pages] == [["a", "b"], ["c"]]


# -- Limit ----------------------------------------------------------------------------------------------------------


def test_the_limit_ends_the_listing_without_another_request() -> None:
    directory = Directory("ab", "cd")
    assert ids(paginate(directory.list_customers, limit=2)) == ["a", "b"]
    assert len(directory.asked) == 1


def test_a_limit_of_0_sends_no_request() -> None:
    directory = Directory("ab")
    assert ids(paginate(directory.list_customers, limit=0)) == []
    assert directory.asked == []


@pytest.mark.parametrize("limit", [-1, 1.0, "1", True])
def test_refuses_a_limit_that_is_not_a_number_of_customers(limit: Any) -> None:
    with pytest.raises(ValueError, match="limit must be a whole number of 0 or more, or None, not "):
        paginate(Directory("a").list_customers, limit=limit)


def test_a_listing_that_its_limit_ended_can_be_continued_from_its_cursor() -> None:
    directory = Directory("ab", "cd", "ef")
    within = paginate(directory.list_customers, limit=3)
    at_the_end = paginate(directory.list_customers, limit=2)
    assert ids(within) + ids(at_the_end) == ["a", "b", "c", "a", "b"]
    assert ids(paginate(directory.list_customers, cursor=within.cursor)) == ["c", "d", "e", "f"]
    assert ids(paginate(directory.list_customers, cursor=at_the_end.cursor)) == ["c", "d", "e", "f"]


# -- Cursors that lead nowhere --------------------------------------------------------------------------------------


def test_a_cursor_that_is_returned_for_itself_raises_at_once() -> None:
    asked = []

    def call(cursor: str | None) -> ListCustomersResponse:
        asked.append(cursor)
        return page_of("ab", "again")

    customers = paginate(call)
    with pytest.raises(DecodeError, match="the answer repeats an earlier cursor: the listing would never end"):
        list(customers)
    assert asked == [None, "again"]
    assert customers.cursor == "again"


@given(lead=st.integers(0, 20), length=st.integers(1, 20))
def test_cursors_that_lead_in_a_circle_raise_within_a_few_rounds(lead: int, length: int) -> None:
    asked = []

    def call(cursor: str | None) -> ListCustomersResponse:
        asked.append(cursor)
        number = int(cursor or 0) + 1
        return page_of("a", str(number if number < lead + length else lead))

    with pytest.raises(DecodeError):
        list(paginate(call))
    assert len(asked) <= 4 * (lead + length) + 2


# -- Failures -------------------------------------------------------------------------------------------------------


def test_errors_in_a_success_raise() -> None:
    errors = [Error("API_ERROR", "INTERNAL_SERVER_ERROR")]
    with pytest.raises(ApiException) as caught:
        list(paginate(lambda **_: ListCustomersResponse(errors=errors)))
    assert (caught.value.status, caught.value.errors) == (200, errors)
    assert "API_ERROR/INTERNAL_SERVER_ERROR" in str(caught.value)


def test_iterating_again_after_a_failure_continues_at_the_same_place() -> None:
    directory = Directory("ab", "cd", "e")
    directory.failures = {1: cut_off(), 2: cut_off()}
    customers = paginate(directory.list_customers)
    seen: list[str | None] = []
    for _ in range(2):
        with pytest.raises(ConnectionFailed):
            seen.extend(customer.id for customer in customers)
    seen.extend(customer.id for customer in customers)
    assert seen == ["a", "b", "c", "d", "e"]
    assert directory.cursors == [None, "1", "1", "1", "2"]


def test_iterating_again_after_a_break_continues_with_the_next_customer() -> None:
    customers = paginate(Directory("abc", "d").list_customers)
    for customer in customers:
        if customer.id == "b":
            break
    assert ids(customers) == ["c", "d"]


def test_another_process_can_continue_from_the_cursor() -> None:
    directory = Directory("ab", "cd", "e")
    directory.failures[1] = cut_off()
    first = paginate(directory.list_customers)
    with pytest.raises(ConnectionFailed):
        list(first)
    assert ids(paginate(directory.list_customers, cursor=first.cursor)) == ["c", "d", "e"]


def test_within_a_page_the_cursor_is_that_of_the_page_so_that_nothing_is_lost() -> None:
    customers = paginate(Directory("ab", "cd").list_customers)
    cursors = [(customer.id, customers.cursor) for customer in customers]
    assert cursors == [("a", None), ("b", "1"), ("c", "1"), ("d", None)]


@given(
    pages=st.lists(st.lists(st.uuids(), max_size=3), min_size=1), failing=st.sets(st.integers(0, 30)), data=st.data()
)
def test_every_customer_is_yielded_once_with_any_pages_and_failures(
    pages: list[list[Any]], failing: set[int], data: st.DataObject
) -> None:
    names = [[str(each) for each in page] for page in pages]
    everyone = [each for page in names for each in page]
    limit = data.draw(st.none() | st.integers(0, len(everyone) + 1))
    directory = Directory(*names)
    directory.failures = {request: cut_off() for request in failing}
    customers = paginate(directory.list_customers, limit=limit)
    seen: list[str | None] = []
    for _ in range(len(failing) + 1):
        try:
            seen.extend(customer.id for customer in customers)
            break
        except ConnectionFailed:
            pass
    assert seen == everyone[:limit]


# -- Progress -------------------------------------------------------------------------------------------------------


def test_reports_pages_and_customers_so_far() -> None:
    reports: list[tuple[int, int]] = []
    customers = paginate(Directory("ab", "", "c").list_customers, progress=lambda *report: reports.append(report))
    for _ in customers:
        pass
    assert reports == [(1, 2), (2, 2), (3, 3)]


def test_no_customer_is_lost_if_progress_raises() -> None:
    class StoppedError(Exception):
        pass

    def stop_once(pages: int, customers: int) -> None:
        if pages == 2 and not stopped:
            stopped.append(customers)
            raise StoppedError

    stopped: list[int] = []
    customers = paginate(Directory("ab", "cd").list_customers, progress=stop_once)
    seen: list[str | None] = []
    with pytest.raises(StoppedError):
        seen.extend(customer.id for customer in customers)
    assert seen + ids(customers) == ["a", "b", "c", "d"]


def test_works_with_tqdm(capsys: pytest.CaptureFixture[str]) -> None:
    assert ids(tqdm(paginate(Directory("ab", "c").list_customers), unit=" customers")) == ["a", "b", "c"]
    assert "3 customers" in capsys.readouterr().err


def test_writes_no_log_lines_itself(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    list(paginate(Directory("ab", "c").list_customers))
    assert caplog.records == []
