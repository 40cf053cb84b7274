"""Iterate over all customers, page by page."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from squareconnect._text import did_you_mean
from squareconnect.exceptions import ApiException, DecodeError
from squareconnect.models.error_code import ErrorCode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
    from typing import Literal

    from typing_extensions import Self, TypedDict, Unpack

    from squareconnect.models import Customer, ListCustomersResponse

    class ListOptions(TypedDict, total=False):
        """The options of :func:`paginate` and :func:`paginate_async`."""

        limit: int | None
        progress: Callable[[int, int], object] | None
        on_expired_cursor: Literal["raise", "restart"]
        cursor: str | None
        sort_field: str | None
        sort_order: str | None
        _request_timeout: float | tuple[float, float] | None
        _headers: Mapping[str, str] | None


_OPTIONS = (
    "limit",
    "progress",
    "on_expired_cursor",
    "cursor",
    "sort_field",
    "sort_order",
    "_request_timeout",
    "_headers",
)


def paginate(call: Callable[..., ListCustomersResponse], **options: Unpack[ListOptions]) -> Customers:
    """List all customers. Each page is requested when its first customer is needed.

    ::

        for customer in paginate(api.list_customers, sort_field="CREATED_AT"):
            print(customer.id)

    :param call: :meth:`CustomersApi.list_customers`, or a function with the same parameters and result.
    :param limit: the maximum number of customers, 0 or more; None for all.
    :param progress: called after each page with the numbers of pages and customers so far.
    :param on_expired_cursor: what to do when a cursor has expired. Square keeps cursors for some minutes. ``"raise"``
        raises ``InvalidRequest``. ``"restart"`` starts again at the first page and leaves out every customer that this
        object has already returned. For that it keeps their ids, about 100 bytes each.
    :param cursor: where to start: the :attr:`Customers.cursor` of an earlier listing with the same sort; None for the
        first page.
    :param sort_field: the field to sort by; see :meth:`CustomersApi.list_customers`.
    :param sort_order: the direction; see :meth:`CustomersApi.list_customers`.
    :param _request_timeout: seconds to wait for each page; see :class:`CustomersApi`.
    :param _headers: headers of each request; see :class:`CustomersApi`.
    :return: an iterator over the customers. Nothing is requested until it is used.
    :raises TypeError: for an unknown option.
    :raises ValueError: for an invalid ``limit`` or ``on_expired_cursor``.
    """
    _check("paginate", options)
    return Customers(call, **options)


def paginate_async(
    call: Callable[..., Awaitable[ListCustomersResponse]], **options: Unpack[ListOptions]
) -> AsyncCustomers:
    """List all customers with ``async for``; see :func:`paginate`.

    :param call: :meth:`AsyncCustomersApi.list_customers`, or a function with the same parameters and result.
    :param options: those of :func:`paginate`.
    :return: an asynchronous iterator over the customers. Nothing is requested until it is used.
    :raises TypeError: for an unknown option.
    :raises ValueError: for an invalid ``limit`` or ``on_expired_cursor``.
    """
    _check("paginate_async", options)
    return AsyncCustomers(call, **options)


def _check(method: str, options: Iterable[str]) -> None:
    for name in options:
        if name not in _OPTIONS:
            hint = did_you_mean(name, _OPTIONS)
            raise TypeError(f"Got an unexpected keyword argument '{name}' to method {method}{hint}")


class _Listing:
    """The state of a listing, and how each page changes it."""

    def __init__(
        self,
        call: Callable[..., Any],
        *,
        limit: int | None = None,
        progress: Callable[[int, int], object] | None = None,
        on_expired_cursor: Literal["raise", "restart"] = "raise",
        cursor: str | None = None,
        **query: Any,
    ) -> None:
        if limit is not None and (type(limit) is not int or limit < 0):
            raise ValueError(f"limit must be a whole number of 0 or more, or None, not {limit!r}")
        if on_expired_cursor not in ("raise", "restart"):
            raise ValueError(f"on_expired_cursor must be 'raise' or 'restart', not {on_expired_cursor!r}")
        self._call = call
        self._query = query
        self._limit = limit
        self._progress = progress
        self._ids: set[str | None] | None = set() if on_expired_cursor == "restart" else None
        self._customers_at_restart = -1
        self._pages = 0
        self._customers = 0
        self._next = cursor
        self._ended = limit == 0
        self._landmark: str | None = None
        self._page_cursor: str | None = None
        self._rest: deque[Customer] = deque()

    @property
    def cursor(self) -> str | None:
        """Where :func:`paginate` can continue, in another process too: at the first page that is not finished.

        Within a page it is that page's own cursor, and a new listing returns the page's customers again. It is None
        before the first page and after the last.
        """
        return self._page_cursor if self._rest else self._next

    def _advance(self, page: ListCustomersResponse) -> ListCustomersResponse:
        """Advance the listing by a page. Return the page without customers returned before or over the limit.

        If this raises, the listing does not advance.
        """
        if page.errors:
            failure = ApiException(200, "OK, but the answer contains errors")
            failure.errors = page.errors
            raise failure
        following = page.cursor or None
        if following is not None and following in (self._next, self._landmark):
            raise DecodeError(200, "OK, but the answer repeats an earlier cursor: the listing would never end")
        customers = received = page.customers or []
        if self._ids is not None:
            customers = [customer for customer in received if customer.id not in self._ids]
        if self._limit is not None and len(customers) > self._limit - self._customers:
            customers = customers[: self._limit - self._customers]
            following = self._next
        if self._progress is not None:
            self._progress(self._pages + 1, self._customers + len(customers))
        if len(customers) < len(received):
            page.customers = customers
        if self._ids is not None:
            self._ids.update(customer.id for customer in customers)
        self._pages += 1
        self._customers += len(customers)
        if self._pages.bit_count() == 1:
            self._landmark = following
        self._page_cursor, self._next = self._next, following
        self._ended = following is None or self._customers == self._limit
        return page

    def _restart_after(self, failure: ApiException) -> bool:
        """Restart at the first page and return True, if the cursor expired and ``on_expired_cursor`` allows it.

        Return False if the previous restart returned no new customer.
        """
        expired = self._next is not None and any(error.code == ErrorCode.INVALID_CURSOR for error in failure.errors)
        if not expired or self._ids is None or self._customers == self._customers_at_restart:
            return False
        self._customers_at_restart = self._customers
        self._next = self._landmark = None
        return True


class Customers(_Listing):
    """An iterator over customers, made by :func:`paginate`.

    It ends after the page that has no cursor. A short or empty page does not end it. If requesting a page raises,
    nothing is lost: continue iterating over the same object to request that page again. The iterator holds one page at
    a time. Use it in one thread at a time.
    """

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Customer:
        """Return the next customer.

        :raises ApiException: if requesting a page fails, or the page contains errors or repeats an earlier cursor.
        """
        while not self._rest:
            if self._ended:
                raise StopIteration
            self._rest.extend(self._fetch().customers or ())
        return self._rest.popleft()

    def pages(self) -> Iterator[ListCustomersResponse]:
        """Yield the pages that were not requested yet, as Square returns them.

        :raises ApiException: as for :meth:`__next__`.
        """
        while not self._ended:
            yield self._fetch()

    def _fetch(self) -> ListCustomersResponse:
        try:
            return self._advance(self._call(cursor=self._next, **self._query))
        except ApiException as failure:
            if not self._restart_after(failure):
                raise
        return self._advance(self._call(cursor=None, **self._query))


class AsyncCustomers(_Listing):
    """An asynchronous iterator over customers, made by :func:`paginate_async`; see :class:`Customers`."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Customer:
        """Return the next customer; see :meth:`Customers.__next__`."""
        while not self._rest:
            if self._ended:
                raise StopAsyncIteration
            self._rest.extend((await self._fetch()).customers or ())
        return self._rest.popleft()

    async def pages(self) -> AsyncIterator[ListCustomersResponse]:
        """Yield the pages that were not requested yet; see :meth:`Customers.pages`."""
        while not self._ended:
            yield await self._fetch()

    async def _fetch(self) -> ListCustomersResponse:
        try:
            return self._advance(await self._call(cursor=self._next, **self._query))
        except ApiException as failure:
            if not self._restart_after(failure):
                raise
        return self._advance(await self._call(cursor=None, **self._query))
