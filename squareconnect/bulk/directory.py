"""The customers that exist already: those that match a row, and those that an earlier try created unnoticed."""

from __future__ import annotations

import hashlib
import json
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from squareconnect.bulk.engine import LONGEST_PAUSE, PATIENCE, inform, may_repeat, seconds_asked
from squareconnect.bulk.errors import Stopped
from squareconnect.bulk.journal import Settled
from squareconnect.bulk.mapping import FIELDS, digits_in, match_value
from squareconnect.bulk.reports import Progress
from squareconnect.exceptions import ApiException
from squareconnect.models._paths import get
from squareconnect.pagination import paginate
from squareconnect.serialization import sanitize
from squareconnect.transport.exchange import pause_before_retry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from squareconnect.bulk.journal import Journal
    from squareconnect.bulk.mapping import Body
    from squareconnect.bulk.pace import Pace
    from squareconnect.bulk.sending import Driver
    from squareconnect.models import Customer, ListCustomersResponse

_COMPARED = tuple(name for name in FIELDS if name != "address.country")
"""The fields that show whether a customer is a row's. Square may fill in the country of the business."""
_CLOCKS_DIFFER = 24 * 60 * 60.0
"""Seconds by which this machine's clock and the server's may differ."""


class Listing:
    """Lists customers at the rate that the pace allows, and retries failures.

    :param driver: makes the calls.
    :param pace: decides when a request may leave.
    :param sleep: waits for seconds.
    """

    def __init__(self, driver: Driver, pace: Pace, sleep: Callable[[float], None] = time.sleep) -> None:
        self._driver = driver
        self._pace = pace
        self._sleep = sleep

    def pages(self, **options: Any) -> Iterator[ListCustomersResponse]:
        """Return the pages of a listing.

        :param options: those of `paginate`.
        :raises Stopped: if nothing succeeds for half a minute.
        :raises ApiException: for a failure that a retry cannot fix.
        """
        return paginate(self._page, **options).pages()

    def _page(self, **query: Any) -> ListCustomersResponse:
        failing_since: float | None = None
        tries = 0
        while True:
            while (wait := self._pace.take()) > 0:
                self._sleep(wait)
            left_at = time.monotonic()
            try:
                page = self._driver.list_customers(**query)
            except ApiException as failure:
                inform(self._pace, left_at, failure)
                tries += 1
                now = time.monotonic()
                failing_since = failing_since or now
                self._after(failure, tries, now - failing_since)
            else:
                inform(self._pace, left_at, None)
                return page

    def _after(self, failure: ApiException, tries: int, seconds: float) -> None:
        """Wait before the next try, unless that is useless. After a 429, the pace alone decides."""
        if not may_repeat(failure):
            raise failure
        limited = failure.status == 429
        if (not limited and seconds > PATIENCE) or (seconds_asked(failure) or 0.0) > LONGEST_PAUSE:
            raise Stopped(
                f"The customers cannot be listed ({failure.status or failure.reason}): run the same again when the "
                "server is back"
            ) from failure
        if not limited:
            self._sleep(pause_before_retry(tries, None, 5.0, 0.5, 0.0))


def index_directory(
    journal: Journal,
    listing: Listing,
    field: str,
    progress: Callable[[Progress], object],
    others: Iterable[tuple[str, str]],
) -> None:
    """List all customers, and remember those whose value in a field occurs in some row.

    :param others: values and ids of customers that also exist, even if Square does not list them yet.
    """
    with journal.change():
        journal.forget_directory()
    count = 0
    for page in listing.pages(sort_field="CREATED_AT"):
        customers = page.customers or []
        known = [(value, one.id) for one in customers if (value := match_value(vars(one), field)) and one.id]
        with journal.change():
            journal.know(known)
        count += len(customers)
        progress(Progress("listing", count))
    with journal.change():
        journal.know(others)
        journal.end_listing()


def find_lost(journal: Journal, listing: Listing, key_trust: float, progress: Callable[[Progress], object]) -> None:
    """Look for the customers of rows that were sent but not answered, and whose keys are no longer trusted.

    A row whose customer is found is done; all others count as never sent. A customer belongs to a row if it was created
    after the row was sent, has the same value in every field, and belongs to no other row.
    """
    rows: dict[str, list[int]] = {}
    earliest = journal.now()
    for number, body, at in journal.uncertain(key_trust):
        rows.setdefault(_digest(body), []).append(number)
        earliest = min(earliest, at or 0.0)
    if not rows:
        return
    claimed = journal.claims()
    found = _made_since(listing, datetime.fromtimestamp(earliest - _CLOCKS_DIFFER, timezone.utc), progress)
    done: dict[str, int] = {}
    for customer in found:
        numbers = rows.get(_digest(sanitize(customer)))
        if numbers and customer.id and customer.id not in done and not claimed(customer.id):
            done[customer.id] = numbers.pop(0)
            if not any(rows.values()):
                break
    with journal.change():
        journal.settle(Settled(number, "done", customer_id) for customer_id, number in done.items())
        journal.make_pending(number for numbers in rows.values() for number in numbers)


def _made_since(listing: Listing, moment: datetime, progress: Callable[[Progress], object]) -> Iterator[Customer]:
    """Return the customers created since a moment, newest first."""
    count = 0
    for page in listing.pages(sort_field="CREATED_AT", sort_order="DESC"):
        for customer in page.customers or []:
            if _time_of(customer.created_at) < moment:
                return
            yield customer
        count += len(page.customers or [])
        progress(Progress("listing", count))


def _time_of(text: str | None) -> datetime:
    from dateutil.parser import isoparse

    moment: datetime = isoparse(text or "")
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _digest(customer: Body) -> str:
    """Return a digest that is equal for customers with the same values."""
    said = {name: _plain(name, text) for name in _COMPARED if (text := get(customer, name))}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _plain(name: str, text: str) -> str:
    if name == "phone_number":
        return digits_in(text)
    if name == "birthday":
        return text[:10]
    return " ".join(text.casefold().split())
