"""The emulator's state, and the operations on all of it: reset, seed, snapshot, restore."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from typing import TYPE_CHECKING, Any

from squareconnect.emulator.chance import Chance
from squareconnect.emulator.clock import Clock, read_time, utc_now, written
from squareconnect.emulator.commits import SharedCommits
from squareconnect.emulator.faults import Fault, Faults, RateLimit, check_listing_delay
from squareconnect.emulator.journal import Journal
from squareconnect.emulator.seeding import read_seed
from squareconnect.emulator.store import Row, Store, row_of
from squareconnect.emulator.validation import in_order
from squareconnect.models.customer_creation_source import CustomerCreationSource

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping
    from datetime import datetime
    from os import PathLike

    from squareconnect.emulator.seeding import Seed

SNAPSHOT_FORMAT = 1

_PREPARED_AT_ONCE = 100

Json = dict[str, Any]


class State:
    """Everything that an emulator stores.

    The event loop that serves requests calls its methods, and no other thread does. The clock, the faults and the
    journal may be used by any thread.

    :param seed: makes identifiers repeatable; None for random identifiers.
    :param clock: the time at which the clock stands still; None for a running clock.
    :param now: returns the time that a running clock follows.
    :param journal: how many requests the journal keeps.
    :param customers: the customers at the start.
    """

    def __init__(
        self,
        seed: int | None = None,
        clock: str | datetime | None = None,
        now: Callable[[], datetime] = utc_now,
        journal: int = 10_000,
        customers: Seed | None = None,
    ) -> None:
        self._seed = seed
        self._start = clock
        self._customers = customers
        self._now = now
        self.clock = Clock(clock, now)
        self.chance = Chance(seed)
        self.faults = Faults(lambda: self.chance.fraction())
        self.journal = Journal(journal)
        self.rate_limit: RateLimit | None = None
        self.listing_delay: float = 0
        self.in_flight: set[asyncio.Task[Any]] = set()
        """The tasks that carry out requests to Square."""
        self._seeding = asyncio.Lock()

    async def open(self, database: str | PathLike[str] | None) -> None:
        """Open the database, and add the customers of the start if it is empty.

        :raises sqlite3.Error: if the database cannot be used.
        :raises OSError, ValueError: if the customers of the start cannot be read, or are not valid.
        """
        self.store = Store(database, self.chance.cursor_key())
        self.commits = SharedCommits(self.store)
        if self._customers is not None and not self.store.customer_count():
            try:
                await self.seed(self._customers)
            except BaseException:
                self.store.close()
                raise

    async def reset(self, **start: Any) -> None:
        """Restore everything to its state at the start. Requests in progress are aborted.

        :param start: `seed` or `clock`: another start than the one before.
        :raises ValueError: if one of them is invalid. Then nothing changes.
        :raises sqlite3.Error: if the database cannot be written. Then nothing changes.
        """
        seed, clock = start.get("seed", self._seed), start.get("clock", self._start)
        chance, now = Chance(seed), Clock(clock, self._now).now()

        def refill() -> None:
            self.store.clear(chance.cursor_key())
            if self._customers is not None:
                drawn = set[str]()
                self._add(map(row_of, self._seeded(self._customers, chance, now, drawn)), drawn)

        async with self._seeding:
            await self.commits.change_at_once(refill)
            self._break_off_requests()
            self._seed, self._start, self.chance = seed, clock, chance
            self.rate_limit, self.listing_delay = None, 0
            self.clock.restart(clock)
            self.faults.clear()
            self.journal.restart()

    def _break_off_requests(self) -> None:
        for task in self.in_flight:
            task.cancel()
        self.in_flight.clear()

    async def seed(self, seed: Seed) -> list[str]:
        """Add customers. A list shows them at once, without the listing delay.

        :returns: their ids.
        :raises ValueError: if one of them is not a valid customer, or has the id of another. Then none is added.
        :raises OSError: if a file cannot be read.
        """
        async with self._seeding:
            rows, drawn = [], set[str]()
            for customer in self._seeded(seed, self.chance, self.clock.now(), drawn):
                rows.append(row_of(customer))
                if len(rows) % _PREPARED_AT_ONCE == 0:
                    await asyncio.sleep(0)  # Others are answered meanwhile.
            async with self.commits.change():
                return self._add(rows, drawn)

    def _seeded(self, seed: Seed, chance: Chance, now: datetime, drawn: set[str]) -> Iterator[Json]:
        """Yield the customers of a seed with what Square adds to them. Add the ids that it adds to a set."""
        added, given_ids = _added_by_square(now), set[str]()
        for given in read_seed(seed):
            if "id" in given:
                given_ids.add(given["id"])
                yield in_order({**added, **given})
            else:
                customer_id = self._new_id(chance, given_ids)
                drawn.add(customer_id)
                yield in_order({**added, **given, "id": customer_id})

    def _add(self, rows: Iterable[Row], drawn: Container[str]) -> list[str]:
        ids = []
        for number, row in enumerate(rows, 1):
            try:
                self.store.add_row(row)
            except sqlite3.IntegrityError:
                if row.id not in drawn:
                    raise ValueError(f"Customer {number} of the seed has an id that is taken: {row.id}.") from None
                # Another emulator with the same file and seed has drawn it meanwhile.
                ids.append(self._new_id(self.chance))
                self.store.add_customer({**json.loads(row.document), "id": ids[-1]})
            else:
                ids.append(row.id)
        return ids

    def new_customer(self, given: Mapping[str, Any]) -> Json:
        """Return a customer with what Square adds to the given fields."""
        return in_order({"id": self._new_id(self.chance), **_added_by_square(self.clock.now()), **given})

    def _new_id(self, chance: Chance, taken: Container[str] = ()) -> str:
        while True:  # A file may hold the ids of an earlier run with the same seed.
            customer_id = chance.customer_id()
            if customer_id not in taken and not self.store.has_customer(customer_id):
                return customer_id

    async def merge(self, old_id: Any, new_id: Any) -> None:
        """Merge the first customer into the second, which gets all cards and the fields that only the first has.

        :raises ValueError: if there is no such customer, or both are the same.
        """
        async with self.commits.change():
            old, new = self._known(old_id), self._known(new_id)
            if old_id == new_id:
                raise ValueError(f"A customer cannot be merged into itself: {old_id}.")
            merged = {**old, **new, "updated_at": written(self.clock.now(), "seconds")}
            merged["version"] = new.get("version", 0) + 1
            if cards := [*new.get("cards", []), *old.get("cards", [])]:
                merged["cards"] = cards
            self.store.replace_customer(in_order(merged))
            self.store.remove_customer(old_id)
            self.store.merge(old_id, new_id)

    def _known(self, customer_id: Any) -> Json:
        customer = self.store.customer(customer_id) if isinstance(customer_id, str) else None
        if customer is None:
            raise ValueError(f"There is no customer {customer_id!r}.")
        return customer

    def set_rate_limit(self, rate: float | None, burst: int | None = None, retry_after: int | None = None) -> None:
        """Limit the requests per second; None removes the limit.

        :raises ValueError: if a setting has a value that it cannot have.
        """
        self.rate_limit = None if rate is None else RateLimit(rate, burst, retry_after)

    def set_listing_delay(self, seconds: Any) -> None:
        """Set how long a new customer is missing from lists.

        :raises ValueError: if that is not a number of seconds of at least 0.
        """
        check_listing_delay(seconds)
        self.listing_delay = seconds

    def snapshot(self) -> Json:
        """Return everything but the journal, as JSON."""
        now = self.clock.now()
        ahead = None if self.clock.standing else self.clock.ahead.total_seconds()
        return {
            "format": SNAPSHOT_FORMAT,
            "chance": [self.chance.seed, self.chance.used],
            "clock": {"now": now.isoformat(), "ahead": ahead},
            "faults": [fault.as_json() for fault in self.faults.all()],
            "rate_limit": self.rate_limit and self.rate_limit.as_json(),
            "listing_delay": self.listing_delay,
            "tables": self.store.dump(),
        }

    async def restore(self, snapshot: Any) -> None:
        """Restore everything but the journal to a snapshot.

        :raises ValueError: if it is not a snapshot. Then nothing changes.
        :raises sqlite3.OperationalError: if the database cannot be written. Then nothing changes.
        """
        if not isinstance(snapshot, dict) or snapshot.get("format") != SNAPSHOT_FORMAT:
            raise ValueError(f"This is not a snapshot of an emulator in format {SNAPSHOT_FORMAT}.")
        try:
            chance = Chance.restored(*snapshot["chance"])
            time, ahead = read_time(snapshot["clock"]["now"]), snapshot["clock"]["ahead"]
            start = time if ahead is None else None
            Clock(start).advance(ahead or 0)
            faults = [Fault(**fault) for fault in snapshot["faults"]]
            rate_limit = snapshot["rate_limit"] and RateLimit(**snapshot["rate_limit"])
            check_listing_delay(snapshot["listing_delay"])
            tables = snapshot["tables"]
            async with self._seeding:
                await self.commits.change_at_once(lambda: self.store.load(tables))
        except sqlite3.OperationalError:  # The database is at fault, not the snapshot.
            raise
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError, sqlite3.Error) as error:
            raise ValueError(f"This is not a whole snapshot of an emulator: {error!r}.") from error
        self._break_off_requests()
        self.chance, self.rate_limit, self.listing_delay = chance, rate_limit, snapshot["listing_delay"]
        self.faults.restore(faults)
        self.clock.restart(start)
        self.clock.advance(ahead or 0)

    def summary(self) -> Json:
        """Return a short summary: the numbers, the settings and the faults."""
        return {
            "customers": self.store.customer_count(),
            "requests": len(self.journal),
            "clock": self.clock.as_json(),
            "rate_limit": self.rate_limit and self.rate_limit.as_json(),
            "listing_delay": self.listing_delay,
            "faults": [fault.as_json() for fault in self.faults.all()],
        }


def _added_by_square(now: datetime) -> Json:
    return {
        "created_at": written(now),
        "updated_at": written(now, "seconds"),
        "preferences": {"email_unsubscribed": False},
        "creation_source": CustomerCreationSource.THIRD_PARTY,
        "version": 0,
    }
