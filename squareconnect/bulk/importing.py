"""An import of customers, from the rows to the report."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, overload
from urllib.parse import urlsplit

from squareconnect.apis import AsyncCustomersApi, CustomersApi
from squareconnect.bulk.directory import Listing, find_lost, index_directory
from squareconnect.bulk.engine import Engine
from squareconnect.bulk.errors import BulkError, InputError, JournalError, Stopped
from squareconnect.bulk.journal import Journal
from squareconnect.bulk.mapping import MATCHES
from squareconnect.bulk.pace import AdaptivePace, Pace
from squareconnect.bulk.reports import ImportReport, Progress
from squareconnect.bulk.sending import Job
from squareconnect.bulk.source import RecordsSource, RowsSource, Source
from squareconnect.configuration import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping
    from typing import TypeAlias

    from typing_extensions import Required, TypedDict, Unpack

    from squareconnect.bulk.sending import Driver, Sender
    from squareconnect.models._model import Model

    Rows: TypeAlias = Source | Iterable[Mapping[str, Any] | Model]

    class Options(TypedDict, total=False):
        """What :func:`import_customers` takes in addition to the rows and the API."""

        journal: Required[str | os.PathLike[str]]
        rate: float | None
        concurrency: int
        match: str | None
        on_match: str
        progress: Callable[[Progress], object] | None
        key_trust: float
        send: Sender | None
        batch: int
        pace: Pace | None
        known: Iterable[tuple[str, str]]


@overload
def import_customers(rows: Rows, api: CustomersApi, **options: Unpack[Options]) -> ImportReport: ...


@overload
def import_customers(
    rows: Rows, api: AsyncCustomersApi, **options: Unpack[Options]
) -> Coroutine[Any, Any, ImportReport]: ...


def import_customers(
    rows: Rows,
    api: CustomersApi | AsyncCustomersApi,
    *,
    journal: str | os.PathLike[str],
    rate: float | None = None,
    concurrency: int = 16,
    match: str | None = None,
    on_match: str = "skip",
    progress: Callable[[Progress], object] | None = None,
    key_trust: float = 3600.0,
    send: Sender | None = None,
    batch: int = 1,
    pace: Pace | None = None,
    known: Iterable[tuple[str, str]] = (),
) -> ImportReport | Coroutine[Any, Any, ImportReport]:
    """Import customers: each row exactly once, no matter how often the import is stopped, killed and run again.

    :param rows: what `open_source` returns, or dicts or models with the API's field names. They must be the same, in
        the same order, in every run with the same journal.
    :param api: its settings are used for the calls, on a separate client: in threads for a `CustomersApi`, in tasks for
        an `AsyncCustomersApi`.
    :param journal: the SQLite file that records what became of each row; created if it is missing.
    :param rate: the maximum number of requests per second; None lets the server's answers decide.
    :param concurrency: the maximum number of calls in flight, 1 to 1000.
    :param match: the field by which to look for existing customers first: `"reference_id"`, `"email_address"` or
        `"phone_number"`. None creates a customer for every row.
    :param on_match: what to do with a row whose customer exists: `"skip"`, `"update"` or `"fail"`, which refuses the
        row.
    :param progress: called with a `Progress` up to ten times a second.
    :param key_trust: seconds after which Square may have forgotten an idempotency key. If a row was sent longer ago
        and not answered, the import looks for its customer before it sends the row again.
    :param send: sends rows, in place of `one_by_one(api)`: it takes a list of `Row`, and returns for each the
        customer's id, a `Refusal`, or None if it cannot tell (an awaitable of that for tasks). It raises what the
        API's calls raise.
    :param batch: the maximum number of rows that `send` takes at a time.
    :param pace: decides when a request may leave, in place of `AdaptivePace(rate)`.
    :param known: with `match`, customers that exist in addition to those that Square lists: values of the field, and
        ids.
    :return: what became of the rows, over all runs; for an `AsyncCustomersApi`, a coroutine that returns it.
    :raises InputError: for rows or options that cannot be used; nothing was sent.
    :raises JournalError: for a journal that is broken or belongs to another import; nothing was sent.
    :raises Stopped: if rows are left because the server is gone or the disk is full; run the same again.
    :raises ApiException: if the server refuses all rows rather than one, most often because of the token; correct that
        and run the same again.
    """
    check_numbers(rate=rate, key_trust=key_trust, concurrency=concurrency, batch=batch)
    purpose = _purpose_of(api, match, on_match)
    job = _Import(
        _source_of(rows, purpose["match"]),
        purpose,
        journal,
        progress,
        pace or AdaptivePace(rate),
        depth=concurrency * batch,
        batch=batch,
        key_trust=key_trust,
        known=known,
    )
    return job.start(api, concurrency, send)


def read_rows(
    rows: Rows,
    api: CustomersApi,
    *,
    journal: str | os.PathLike[str],
    match: str | None = None,
    on_match: str = "skip",
) -> ImportReport:
    """Store all rows in a journal as `import_customers` would with these arguments, and send nothing.

    :return: what is known of the rows.
    :raises InputError: for rows or options that cannot be used.
    :raises JournalError: for a journal that is broken or belongs to another import.
    :raises Stopped: if the journal is in use or cannot be written.
    """
    purpose = _purpose_of(api, match, on_match)
    source = _source_of(rows, purpose["match"])
    with Journal(journal) as kept:
        kept.load(source, purpose, lambda progress: None)
        return kept.report(source.unused)


class KeptRows(RecordsSource):
    """The rows that a journal has stored: an import continues with them without reading its input again.

    :param journal: the journal's path.
    :raises JournalError: if it has not stored all rows.
    """

    def __init__(self, journal: str | os.PathLike[str]) -> None:
        super().__init__(())
        with Journal(journal) as kept:
            self.fingerprint = kept.fact("fingerprint")
        if self.fingerprint is None:
            raise JournalError(f"The journal {os.fspath(journal)} does not have all rows yet: read the input first")


def check_numbers(*, rate: Any = None, key_trust: Any = 0, concurrency: Any = 1, batch: Any = 1) -> None:
    """Raise `InputError` for a number that `import_customers` does not accept as this option."""
    if rate is not None and not (isinstance(rate, (int, float)) and 0 < rate <= 1_000_000):
        raise InputError(f"rate must be a number of requests per second above 0, or None, not {rate!r}")
    if not (isinstance(key_trust, (int, float)) and key_trust >= 0):
        raise InputError(f"key_trust must be a number of seconds, 0 or more, not {key_trust!r}")
    for name, value in (("concurrency", concurrency), ("batch", batch)):
        if type(value) is not int or not 1 <= value <= 1000:
            raise InputError(f"{name} must be a whole number from 1 to 1000, not {value!r}")


def _source_of(rows: Rows, match: str) -> Source:
    source = rows if isinstance(rows, Source) else RowsSource(rows)
    source.check_sets(match)
    return source


def _purpose_of(api: CustomersApi | AsyncCustomersApi, match: str | None, on_match: str) -> dict[str, str]:
    """Return what must be the same in every run with the same journal."""
    host, match = host_of(api), "none" if match is None else match
    if match not in ("none", *MATCHES):
        raise InputError(f"match must be one of {', '.join(MATCHES)}, or None, not {match!r}")
    if on_match not in ("skip", "update", "fail"):
        raise InputError(f"on_match must be skip, update or fail, not {on_match!r}")
    if match == "none":
        if on_match != "skip":
            raise InputError(f"on_match={on_match} needs match: without it, each row creates a customer")
        return {"host": host, "match": match}
    return {"host": host, "match": match, "on_match": on_match}


class _Import(Job[ImportReport]):
    """One run of an import.

    :param depth: the maximum number of rows in flight.
    """

    def __init__(
        self,
        source: Source,
        purpose: dict[str, str],
        journal: str | os.PathLike[str],
        progress: Callable[[Progress], object] | None,
        pace: Pace,
        *,
        depth: int,
        batch: int,
        key_trust: float,
        known: Iterable[tuple[str, str]],
    ) -> None:
        super().__init__(progress)
        self._source = source
        self._purpose = purpose
        self._journal = journal
        self._pace = pace
        self._depth = depth
        self._batch = batch
        self._key_trust = key_trust
        self._known = known

    def run(self, driver: Driver) -> ImportReport:
        with Journal(self._journal) as journal:
            try:
                self._prepare(journal, Listing(driver, self._pace))
                self._send(journal, driver)
            except Stopped as stopped:
                with suppress(BulkError):
                    stopped.report = journal.report(self._source.unused)
                raise
            return journal.report(self._source.unused)

    def _prepare(self, journal: Journal, listing: Listing) -> None:
        journal.load(self._source, self._purpose, self.tell)
        find_lost(journal, listing, self._key_trust, self.tell)
        if not journal.listed:
            index_directory(journal, listing, self._purpose["match"], self.tell, self._known)

    def _send(self, journal: Journal, driver: Driver) -> None:
        """Send all rows. With `match`, first send one row of each value, then those that waited for it."""
        waiting, settled = True, -1
        while waiting:
            waiting = journal.assign()
            Engine(
                journal,
                driver,
                self._pace,
                depth=self._depth,
                batch=self._batch,
                key_trust=self._key_trust,
                progress=self.tell,
            ).run()
            before, settled = settled, journal.settled_count()
            if settled == before:
                return


def host_of(api: CustomersApi | AsyncCustomersApi) -> str:
    """Return the name by which a journal knows a host. For this machine it has no port, which may change.

    :raises TypeError: if there is no API to call.
    """
    if not isinstance(api, (CustomersApi, AsyncCustomersApi)):
        raise TypeError(f"api must be a CustomersApi or an AsyncCustomersApi, not {type(api).__name__}")
    host: str = api.api_client.configuration.host
    return urlsplit(host).hostname or host if is_loopback(host) else host
