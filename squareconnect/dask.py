"""Import and export on a cluster, with Dask.

::

    from distributed import Client
    from squareconnect.dask import import_customers

    client = Client("tls://scheduler:8786")
    import_customers("s3://lake/people/*.parquet", configuration, journal="/shared/people", rate=10)

The rules are those of `squareconnect.bulk`: what a row must say, how it is sent, when it is tried again, what a journal
remembers. This module decides which worker does what:

* The input is a number of *parts*: files, or partitions of a DataFrame or Bag. First, all parts are read, and each has
  its *journal* in a directory that all workers share. Nothing is sent before every row has been judged.
* Then workers send what the journals have left, in *stints* of bounded length. A stint that runs again, because its
  worker was killed or Dask lost its result, goes on where the journal stands: the journal, not the task, has the keys.
* When a worker dies, the rows that it was sending are suspects. A row that was a suspect three times is sent alone, and
  if the worker dies again, that row is set aside: its state is `unknown`, and the next run tries it again.
* A *till* beside the scheduler hands out all requests of an account as grants, and learns of each 429. A grant that is
  not spent within a second expires, so a killed worker costs one grant.
* Configurations reach the workers in the memory of a plugin. Tasks, their keys and their results hold a hash.
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
import json
import os
import re
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from squareconnect import bulk
from squareconnect.api_client import ApiClient
from squareconnect.apis import CustomersApi
from squareconnect.bulk.errors import InputError, JournalInUse, Stopped
from squareconnect.bulk.importing import KeptRows, check_numbers, read_rows
from squareconnect.bulk.journal import opened
from squareconnect.bulk.pace import AdaptivePace
from squareconnect.bulk.planning import journal_errors, journal_report, journal_results
from squareconnect.bulk.reports import ERRORS_KEPT, ExportReport, ImportReport, Progress
from squareconnect.bulk.sending import one_by_one, unretried
from squareconnect.bulk.source import FileSource, NumberedRows, open_source
from squareconnect.configuration import Configuration
from squareconnect.serialization import sanitize

try:
    import dask
    import distributed
    import fsspec
    from distributed import KilledWorker, SchedulerPlugin, WorkerPlugin
except ImportError as error:
    raise ImportError("squareconnect.dask needs Dask: install it with pip install 'squareconnect[dask]'") from error

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence

    from typing_extensions import Self

    from squareconnect.bulk.journal import Row
    from squareconnect.bulk.sending import Answers

    Configurations = Configuration | Mapping[Any, Configuration]

STINT = 15.0
"""Seconds that a task works, at most, before it leaves the rest to the next one."""
_CONCURRENCY = 16
_BUSY = 120.0
"""Seconds to wait for a journal that the task of a client that is gone still uses."""
_MOST_KILLS = 10
"""How often Dask may give up a part, each time after several dead workers, before the import stops."""
_REGISTRATIONS = 10
"""How often a plugin is registered until all workers that are there have got it."""
_WORKERS_WITHIN = 60.0
"""Seconds to wait for a worker when there is none."""


def import_customers(
    source: Any,
    configuration: Configurations,
    *,
    journal: str | os.PathLike[str],
    rate: float | None = None,
    client: Any = None,
    match: str | None = None,
    on_match: str = "skip",
    progress: Callable[[Progress], object] | None = None,
) -> ImportReport:
    """Import customers on a cluster: each row exactly once, however often workers or this client are killed.

    :param source: a Dask DataFrame, a Dask Bag of dicts, or one or more paths or globs of CSV, JSON Lines
        (`.jsonl`, `.ndjson`) or Parquet (`.parquet`), local to the workers or with any URL that `fsspec` knows. The
        parts must be the same in every run with the same journal; files may be added.
    :param configuration: one for all rows, or a mapping from the values of the column `account` to one each.
    :param journal: a directory that all workers and this process share, made if it is missing; it gets a journal for
        each part (and account), and `errors.csv` with all refused rows.
    :param rate: requests per second for each account, at most; None leaves it to the server's answers.
    :param client: the `distributed.Client`; by default the current one.
    :param match: as for `squareconnect.bulk.import_customers`; the parts of an account are then sent one by one.
    :param on_match: as for `squareconnect.bulk.import_customers`.
    :param progress: called with a `Progress` after each task.
    :return: what became of the rows, over all runs.
    :raises InputError: for a source or an option that cannot be used; nothing was sent.
    :raises JournalError: for a journal that is broken or belongs to another import.
    :raises Stopped: if rows are left because a server, the disk or the cluster is gone; run the same again.
    :raises ApiException: if a server refuses not a row but all of them; the other accounts were finished before.
    """
    check_numbers(rate=rate)
    accounts = _Accounts(configuration)
    parts = _parts(source)
    folder = _made_folder(journal)
    order = _Order(str(folder), accounts.run, accounts.keys, match if match != "none" else None, on_match, rate)
    with _cluster(client, accounts) as crew:
        work = _Import(crew, order, progress)
        chunks = work.read(parts)
        try:
            work.send(chunks)
        finally:
            _write_errors(folder / "errors.csv", chunks)
        return work.report()


def export_customers(configuration: Configurations, directory: str | os.PathLike[str], *, client: Any = None) -> Any:
    """Write all customers of each account to a file of its own, as JSON Lines.

    Square lists customers page after page, so an account is one part. An export that was stopped goes on when the same
    is run again.

    :param configuration: one, which makes `customers.jsonl`, or a mapping from names to one each: `NAME.jsonl`.
    :param directory: where the files go: a directory that all workers share, made if it is missing.
    :param client: the `distributed.Client`; by default the current one.
    :return: the sum of what was written, as an `ExportReport`.
    :raises InputError: for a directory or names that cannot be used.
    :raises Stopped: if a server, the disk or the cluster is gone; run the same again.
    :raises ApiException: if the customers of an account cannot be listed; the others were exported before.
    """
    accounts = _Accounts(configuration)
    folder = _made_folder(directory)
    order = _Order(str(folder), accounts.run, accounts.keys, None, "skip", None)
    names = {name: _slug(name) if accounts.named else "customers" for name in accounts.keys}
    chunks = [_Chunk(name, str(folder / f"{file}.jsonl"), name, ImportReport()) for name, file in names.items()]
    with _cluster(client, accounts) as crew:
        reports: list[ExportReport] = []
        crew.run(chunks, lambda chunk: dask.delayed(_export, pure=False)(chunk, order), reports.append)
    return ExportReport(
        sum(one.customers for one in reports), sum(one.repeated for one in reports), any(one.resumed for one in reports)
    )


def _made_folder(path: str | os.PathLike[str]) -> Path:
    folder = Path(path).absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} must be a directory that can be made: {error.strerror}; name another") from None
    return folder


# -- What is to be done ------------------------------------------------------------------------------------------------


class _Order(NamedTuple):
    """What all tasks of a run have in common. It holds no secret."""

    folder: str
    run: str
    accounts: dict[str, str]
    """The hash of each account's configuration, by the account's name; the name is empty if there is no column."""
    match: str | None
    on_match: str
    rate: float | None


class _Part(NamedTuple):
    """A part of the input."""

    name: str
    """What its journals are called."""
    title: str
    """What messages call it."""
    rows: Any
    """The URL of a file, or a Delayed of a pandas DataFrame or of dicts."""
    account: str = ""


class _Chunk(NamedTuple):
    """The rows of a part that belong to one account."""

    title: str
    journal: str
    account: str
    report: ImportReport


class _Outcome(NamedTuple):
    """What a task has brought about. Failures are returned, as Dask logs the arguments of what raises."""

    result: Any = None
    more: bool = False
    failure: BaseException | None = None


class _Accounts:
    """The configurations, and what tasks call them by."""

    def __init__(self, configuration: Configurations) -> None:
        self.named = isinstance(configuration, Mapping)
        by_name = configuration if isinstance(configuration, Mapping) else {"": configuration}
        if not by_name:
            raise InputError("configuration must name an account at least: it is an empty mapping")
        for name, one in by_name.items():
            if not isinstance(one, Configuration):
                raise TypeError(f"configuration must be a Configuration for {name!r}, not {type(one).__name__}")
        self.run = uuid.uuid4().hex
        self.keys = {str(name): _hash(f"{one.host} {one.access_token}") for name, one in by_name.items()}
        if len(self.keys) < len(by_name):
            raise InputError("configuration has two accounts whose names are written alike: rename one")
        self.by_key = {self.keys[str(name)]: one for name, one in by_name.items()}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _slug(name: str) -> str:
    """Return a name for a file: readable, and different for different names."""
    return f"{re.sub(r'[^A-Za-z0-9_-]+', '-', name)[:40]}-{_hash(name)[:8]}"


def _parts(source: Any) -> list[_Part]:
    """Return the parts of an input.

    :raises InputError: if there is none.
    """
    if hasattr(source, "to_delayed"):
        names = (f"part-{number:05}" for number in range(1_000_000))
        return [_Part(name, name, rows) for name, rows in zip(names, source.to_delayed(), strict=False)]
    given = [source] if isinstance(source, (str, os.PathLike)) else source
    if not isinstance(given, (list, tuple)) or not all(isinstance(one, (str, os.PathLike)) for one in given):
        raise InputError(
            f"source must be a Dask DataFrame, a Dask Bag, or paths and globs, not {type(source).__name__}"
        )
    urls = dict.fromkeys(url for one in given for url in _urls(os.fspath(one)))
    if not urls:
        raise InputError("source must name a file at least: the list is empty")
    return [_Part(_slug(url.rpartition("/")[2]) + _hash(url), url.rpartition("/")[2], url) for url in urls]


def _urls(pattern: str) -> list[str]:
    system, path = fsspec.core.url_to_fs(pattern)
    found = sorted(system.glob(path)) if set(path) & set("*?[") else [path]
    if not found:
        raise InputError(f"source: {pattern} matches no file")
    return [system.unstrip_protocol(one) for one in found]


# -- The client's side -------------------------------------------------------------------------------------------------


@contextmanager
def _cluster(client: Any, accounts: _Accounts) -> Generator[_Crew]:
    """Prepare the scheduler and the workers, and let them forget the configurations at the end."""
    if client is None:
        try:
            client = distributed.get_client()
        except ValueError:
            raise InputError("client: there is no current distributed.Client: make one, or give it") from None
    plugin = _Memory(accounts.run, accounts.by_key)
    _register(client, _Till())
    _register(client, plugin)
    try:
        client.wait_for_workers(1, timeout=_WORKERS_WITHIN)
    except TimeoutError:
        raise Stopped("The cluster has no worker: start one, and run the same again") from None
    try:
        yield _Crew(client)
    finally:
        with suppress(Exception):  # The scheduler may be gone, and what has failed then is told already.
            client.unregister_worker_plugin(plugin.name)


def _register(client: Any, plugin: Any) -> None:
    """Register a plugin, also if a worker dies while it gets it."""
    for _ in range(_REGISTRATIONS):
        try:
            client.register_plugin(plugin, name=plugin.name)
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise Stopped("The cluster loses its workers or its scheduler: look at their logs, and run the same again")


@dataclass
class _Item:
    """A task that is to be done, again if need be."""

    work: Any
    due: float = 0.0
    busy_since: float | None = None
    kills: int = 0


class _Crew:
    """Keeps the workers busy, with a few tasks at a time."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._running: dict[Any, _Item] = {}
        self._alive_at = time.monotonic()

    def run(
        self,
        works: Iterable[Any],
        task: Callable[[Any], Any],
        finished: Callable[[Any], object],
        told: Callable[[Any, Any], object] = lambda work, result: None,
        one_of_account: bool = False,
    ) -> None:
        """Do all work. What fails does not hold back the work for other accounts.

        :param works: `_Part` or `_Chunk`.
        :param task: makes the Delayed that does a work.
        :param finished: gets the result of each work that is done.
        :param told: gets a work and its result so far, after each task.
        :param one_of_account: whether the works of an account are done one by one, in their order.
        :raises Exception: the first failure, when all other accounts are through.
        """
        waiting = [_Item(work) for work in works]
        failures: dict[str, BaseException] = {}
        try:
            while waiting or self._running:
                self._start(waiting, task, one_of_account)
                for future in self._done():
                    item = self._running.pop(future)
                    outcome = self._outcome(future, item)
                    future.release()
                    if outcome.failure is not None:
                        failures.setdefault(item.work.account, outcome.failure)
                    elif outcome.more:
                        waiting.insert(0 if one_of_account else len(waiting), item)
                    else:
                        finished(outcome.result)
                    if outcome.result is not None:
                        told(item.work, outcome.result)
                    waiting = [one for one in waiting if one.work.account not in failures]
        finally:
            self._client.cancel(list(self._running))
            self._running.clear()
        for failure in failures.values():
            raise failure

    def _start(self, waiting: list[_Item], task: Callable[[Any], Any], one_of_account: bool) -> None:
        room = max(1, self._threads()) - len(self._running)
        engaged = {item.work.account for item in self._running.values()} if one_of_account else set()
        for item in list(waiting):
            if room <= 0:
                return
            account = item.work.account
            if account not in engaged and item.due <= time.monotonic():
                waiting.remove(item)
                self._running[self._client.compute(task(item.work))] = item
                room -= 1
            if one_of_account:
                engaged.add(account)

    def _threads(self) -> int:
        """Return how many tasks the workers can do at a time.

        :raises Stopped: if there has been no worker for a while.
        """
        threads: int = sum(self._client.nthreads().values())
        now = time.monotonic()
        if threads:
            self._alive_at = now
        elif now - self._alive_at > _WORKERS_WITHIN:
            raise Stopped("The cluster has lost all its workers: start some, and run the same again")
        return threads

    def _done(self) -> Collection[Any]:
        if not self._running:
            time.sleep(0.05)  # What is left is not due yet.
            return ()
        try:
            return distributed.wait(list(self._running), timeout=0.5, return_when="FIRST_COMPLETED").done  # type: ignore[no-any-return]
        except (TimeoutError, asyncio.TimeoutError):
            return ()

    def _outcome(self, future: Any, item: _Item) -> _Outcome:
        """Return what a task has brought about, and say when its item is due again."""
        try:
            outcome: _Outcome = future.result()
        except KilledWorker:
            return self._killed(item)
        except (CancelledError, OSError) as failure:
            return _Outcome(failure=Stopped(f"The cluster has lost a task ({failure}): run the same again"))
        except Exception as failure:
            return _Outcome(failure=failure)
        if not isinstance(outcome.failure, JournalInUse):
            item.busy_since = None
            return outcome
        now = time.monotonic()
        item.busy_since = item.busy_since or now
        if now - item.busy_since > _BUSY:
            return outcome
        item.due = now + 0.3
        return _Outcome(more=True)

    def _killed(self, item: _Item) -> _Outcome:
        item.kills += 1
        if isinstance(item.work, _Chunk) and item.kills <= _MOST_KILLS:
            return _Outcome(more=True)
        return _Outcome(
            failure=Stopped(
                f"The workers that work on {item.work.title} die again and again: look at their logs and their memory "
                "limit, and run the same again"
            )
        )


class _Import:
    """An import, seen from the client."""

    def __init__(self, crew: _Crew, order: _Order, progress: Callable[[Progress], object] | None) -> None:
        self._crew = crew
        self._order = order
        self._progress = progress or (lambda progress: None)
        self._reports: dict[str, tuple[_Chunk, ImportReport]] = {}
        self._unused: dict[str, None] = {}
        self._marks: list[tuple[float, int]] = []

    def read(self, parts: Sequence[_Part]) -> list[_Chunk]:
        """Let journals take in all parts, and return them in the order in which they are sent."""
        by_part: dict[str, list[_Chunk]] = {}

        def told(part: _Part, chunks: list[_Chunk]) -> None:
            by_part[part.name] = chunks
            count = sum(_total(chunk.report) for chunks in by_part.values() for chunk in chunks)
            self._progress(Progress("reading", count))

        order = self._order
        self._crew.run(
            parts,
            lambda part: dask.delayed(_read, pure=False)(part.rows, part.name, part.title, order),
            lambda chunks: None,
            told,
        )
        chunks = [chunk for part in parts for chunk in by_part[part.name]]
        for chunk in chunks:
            self._reports[chunk.journal] = (chunk, chunk.report)
            self._unused.update(dict.fromkeys(chunk.report.unused))
        return chunks

    def send(self, chunks: Sequence[_Chunk]) -> None:
        """Send what the journals have left."""
        try:
            self._crew.run(
                _in_turn([chunk for chunk in chunks if chunk.report.left or chunk.report.unknown]),
                lambda chunk: dask.delayed(_send, pure=False)(chunk, self._order, self._earlier(chunk, chunks)),
                lambda report: None,
                self._told,
                one_of_account=self._order.match is not None,
            )
        except Stopped as stopped:
            stopped.report = self.report()
            raise

    def report(self) -> ImportReport:
        """Return the sum of what became of all rows."""
        reports = [report for _, report in self._reports.values()]
        errors = (
            error._replace(detail=f"{chunk.title}: {error.detail}")
            for chunk, report in self._reports.values()
            for error in report.errors
        )
        names = ("created", "updated", "skipped", "refused", "unknown", "left")
        return ImportReport(
            **{name: sum(getattr(report, name) for report in reports) for name in names},
            errors=tuple(error for error, _ in zip(errors, range(ERRORS_KEPT), strict=False)),
            unused=tuple(self._unused),
        )

    def _earlier(self, chunk: _Chunk, chunks: Sequence[_Chunk]) -> list[str]:
        """Return the journals that know whom earlier parts have made, if that matters."""
        if self._order.match is None:
            return []
        of_account = [one.journal for one in chunks if one.account == chunk.account]
        return of_account[: of_account.index(chunk.journal)]

    def _told(self, chunk: _Chunk, report: ImportReport) -> None:
        self._reports[chunk.journal] = (chunk, report)
        reports = [report for _, report in self._reports.values()]
        done = sum(one.created + one.updated + one.skipped for one in reports)
        refused, total = sum(one.refused for one in reports), sum(map(_total, reports))
        self._marks = [*self._marks[-99:], (time.monotonic(), done + refused)]
        seconds = self._marks[-1][0] - self._marks[0][0]
        rate = (self._marks[-1][1] - self._marks[0][1]) / seconds if seconds > 0 else 0.0
        self._progress(
            Progress("sending", done, refused, total, rate, (total - done - refused) / rate if rate else None)
        )


def _total(report: ImportReport) -> int:
    return report.created + report.updated + report.skipped + report.refused + report.unknown + report.left


def _in_turn(chunks: Sequence[_Chunk]) -> list[_Chunk]:
    """Return chunks so that all accounts get their turn."""
    seen: dict[str, int] = {}
    turns = []
    for chunk in chunks:
        turns.append(seen.get(chunk.account, 0))
        seen[chunk.account] = turns[-1] + 1
    return [chunk for _, chunk in sorted(zip(turns, chunks, strict=True), key=lambda pair: pair[0])]


def _write_errors(path: Path, chunks: Sequence[_Chunk]) -> None:
    """Merge the refused rows of all journals."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123 - of a descriptor
        writer = csv.writer(file)
        writer.writerow(("part", "account", "row", "code", "field", "detail"))
        for chunk in chunks:
            with suppress(JournalInUse):  # Its task ends with its stint; the next run writes these.
                writer.writerows((chunk.title, chunk.account, *error) for error in journal_errors(chunk.journal))


# -- The workers' side -------------------------------------------------------------------------------------------------

_configurations: dict[tuple[str, str], Configuration] = {}


class _Memory(WorkerPlugin):
    """Brings configurations into the memory of every worker, also of those that come later."""

    def __init__(self, run: str, by_key: dict[str, Configuration]) -> None:
        self.name = f"squareconnect-{run}"
        self._run = run
        self._by_key = by_key

    def setup(self, worker: Any) -> None:
        """Remember them."""
        _configurations.update({(self._run, key): one for key, one in self._by_key.items()})

    def teardown(self, worker: Any) -> None:
        """Forget them."""
        for key in self._by_key:
            _configurations.pop((self._run, key), None)


def _api(order: _Order, account: str) -> CustomersApi:
    return CustomersApi(ApiClient(_configurations[order.run, order.accounts[account]]))


def _read(rows: Any, name: str, title: str, order: _Order) -> _Outcome:
    """Let journals take in a part, one for each account that has rows in it."""
    try:
        with ExitStack() as opened_files:
            scratch = Path(opened_files.enter_context(tempfile.TemporaryDirectory(prefix="squareconnect-")))
            return _Outcome([*_taken_in(_source(rows, title, scratch), name, title, order, scratch)])
    except Exception as failure:
        return _Outcome(failure=failure)


def _taken_in(source: Any, name: str, title: str, order: _Order, scratch: Path) -> Iterator[_Chunk]:
    by_account: dict[str, Any] = {"": source}
    if "" not in order.accounts:
        by_account = {
            account: NumberedRows(_lines_of(path)) for account, path in _routed(source, title, order, scratch).items()
        }
    for account, rows in by_account.items():
        journal = Path(order.folder) / f"{name}{f'.{_slug(account)}' if account else ''}.journal"
        with opened(journal):  # Nobody works with it; and what a worker's death has left to say counts for one run.
            _Watch(journal).forget()
        report = read_rows(rows, _api(order, account), journal=journal, match=order.match, on_match=order.on_match)
        yield _Chunk(title, str(journal), account, report)


def _source(rows: Any, title: str, scratch: Path) -> Any:
    """Return what `squareconnect.bulk` reads a part from."""
    if hasattr(rows, "itertuples"):
        return _records(rows)
    if not isinstance(rows, str):
        return rows
    name = re.sub(r"\.(gz|bz2|xz|zip|zst)$", "", rows.lower())
    if name.endswith((".parquet", ".pq")):
        return _parquet_rows(rows)
    form = "jsonl" if name.endswith((".jsonl", ".ndjson")) else "csv"
    try:
        system, path = fsspec.core.url_to_fs(rows)
        if name == rows.lower() and system.protocol[0] == "file":
            return open_source(path, format=form)
        with fsspec.open(rows, "rb", compression="infer") as stream:
            source = open_source(stream, spool=scratch / "input", format=form)
    except OSError as error:
        raise InputError(f"{rows} cannot be read on the worker: {error.strerror or error}") from None
    source.name = title
    return source


def _parquet_rows(url: str) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet as parquet

    with fsspec.open(url, "rb") as file:
        for batch in parquet.ParquetFile(file).iter_batches(batch_size=1000):
            for row in batch.to_pylist():
                yield _plain(row)


def _records(frame: Any) -> Iterator[dict[str, Any]]:
    names = list(frame.columns)
    missing = frame.isna()
    for values, gaps in zip(
        frame.itertuples(index=False, name=None), missing.itertuples(index=False, name=None), strict=True
    ):
        yield _plain({name: value for name, value, gap in zip(names, values, gaps, strict=True) if not gap})


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row whose dates are texts, as the API writes them."""
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}


def _numbered(source: Any, title: str) -> Iterator[tuple[int, Any]]:
    """Return the rows of a part as they are, with their numbers."""
    if not isinstance(source, FileSource):
        yield from enumerate(source, 1)
    elif source.format == "jsonl":
        yield from source.objects()
    else:
        rows = source.rows()
        _, header = next(rows)
        for number, cells in rows:
            if len(cells) > len(header):
                raise InputError(f"{title}, row {number}, has {len(cells)} cells, but the header has {len(header)}")
            yield number, dict(zip(header, cells, strict=False))


def _routed(source: Any, title: str, order: _Order, scratch: Path) -> dict[str, Path]:
    """Write the rows of each account to a file of its own, so that memory does not grow with a part."""
    paths: dict[str, Path] = {}
    with ExitStack() as files:
        writers: dict[str, Any] = {}
        for number, row in _numbered(source, title):
            plain = dict(sanitize(row))
            account = str(plain.pop("account", None))
            if account not in order.accounts:
                raise InputError(
                    f"{title}, row {number}: its account is {account!r}, which configuration does not name: add it, "
                    "or correct the column account"
                )
            if account not in writers:
                paths[account] = scratch / f"rows-{len(paths)}"
                writers[account] = files.enter_context(paths[account].open("w", encoding="utf-8"))
            writers[account].write(json.dumps([number, plain], default=str) + "\n")
    return paths


def _lines_of(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            number, row = json.loads(line)
            yield number, row


class _StintOver(Stopped):
    """It is the next task's turn."""


def _until_over() -> Callable[[Progress], None]:
    ends_at = time.monotonic() + STINT

    def tell(progress: Progress) -> None:
        if time.monotonic() > ends_at:
            raise _StintOver("The time of this task is over")

    return tell


def _send(chunk: _Chunk, order: _Order, earlier: Sequence[str]) -> _Outcome:
    """Send what a journal has left, for the time of a stint."""
    try:
        rows = KeptRows(chunk.journal)
        if order.match and any(journal_report(journal).unknown for journal in earlier):
            return _Outcome(journal_report(chunk.journal))  # Perhaps they made whom this part would make again.
        api = _api(order, chunk.account)
        with _Watch(chunk.journal) as watch:
            try:
                report = bulk.import_customers(
                    rows,
                    api,
                    journal=chunk.journal,
                    match=order.match,
                    on_match=order.on_match,
                    concurrency=_CONCURRENCY,
                    pace=_SharedPace(order.accounts[chunk.account], order.rate),
                    progress=_until_over(),
                    send=watch.guarded(one_by_one(unretried(api, _CONCURRENCY))),
                    known=_made_by(earlier),
                )
            except _StintOver:
                return _Outcome(journal_report(chunk.journal), more=True)
        return _Outcome(report)
    except Exception as failure:
        return _Outcome(failure=failure)


def _made_by(journals: Sequence[str]) -> Iterator[tuple[str, str]]:
    for path in journals:
        with opened(path) as journal:
            yield from journal.known()


def _export(chunk: _Chunk, order: _Order) -> _Outcome:
    """Go on with the export of an account, for the time of a stint."""
    try:
        pace = _SharedPace(order.accounts[chunk.account], order.rate)
        try:
            report = bulk.export_customers(
                _api(order, chunk.account),
                chunk.journal,
                format="jsonl",
                resume=True,
                pace=pace,
                progress=_until_over(),
            )
        except _StintOver:
            return _Outcome(more=True)
        return _Outcome(report)
    except Exception as failure:
        return _Outcome(failure=failure)


class _Watch:
    """Finds the row whose handling kills workers, by what the deaths of workers have in common.

    It keeps, beside a journal, how often each row was being sent when a worker died, and the row that is sent alone.

    :param journal: the journal; the one who watches has seen that nobody else works with it.
    """

    _DEATHS = 3
    """How often a row may be on its way when a worker dies before it is sent alone."""
    _DEATHS_ALONE = 2
    """How often the worker that sends a row alone may die before that row is set aside."""

    def __init__(self, journal: str | os.PathLike[str]) -> None:
        self._journal = os.fspath(journal)
        self._begun = Path(f"{self._journal}.begun")
        self._alone = Path(f"{self._journal}.alone")
        self._deaths: dict[str, int] = {}
        self._alone_deaths: Counter[str] = Counter()
        self._one_at_a_time = threading.Lock()

    def __enter__(self) -> Self:
        if self._begun.exists():
            self._learn()
        self._keep()
        return self

    def __exit__(self, *error: object) -> None:
        if self._alone_deaths:
            self._keep(ended=True)
        else:
            self._begun.unlink(missing_ok=True)

    def forget(self) -> None:
        """Forget all deaths."""
        self._begun.unlink(missing_ok=True)
        self._alone.unlink(missing_ok=True)

    def guarded(self, send: Callable[[Sequence[Row]], Answers]) -> Callable[[Sequence[Row]], Answers]:
        """Return a sender that sends suspects one at a time, and those set aside not at all."""
        suspects = {int(number) for number, deaths in self._deaths.items() if deaths >= self._DEATHS}
        aside = {int(number) for number, deaths in self._alone_deaths.items() if deaths >= self._DEATHS_ALONE}

        def guard(rows: Sequence[Row]) -> Answers:
            number = rows[0].number
            if number in aside:
                return [None]
            if number not in suspects:
                return send(rows)
            with self._one_at_a_time:
                self._alone.write_text(str(number))
                try:
                    return send(rows)
                finally:
                    self._alone.unlink()

        return guard

    def _learn(self) -> None:
        """Count a death for each row that was on its way, also for the one that was sent alone."""
        known = json.loads(self._begun.read_text())
        self._alone_deaths.update(known["alone"])
        if known["ended"]:
            return
        sent = (str(result.row) for result in journal_results(self._journal) if result.state == "sent")
        self._deaths = {number: known["deaths"].get(number, 0) + 1 for number in sent}
        if self._alone.exists():
            number = self._alone.read_text()
            self._alone_deaths.update([number] if number else [])  # The worker may have died while it wrote this.
            self._alone.unlink()

    def _keep(self, *, ended: bool = False) -> None:
        """Write what is known, so that the next one finds either the old or the new."""
        part = Path(f"{self._begun}.part")
        part.write_text(json.dumps({"deaths": self._deaths, "alone": self._alone_deaths, "ended": ended}))
        part.replace(self._begun)


# -- One rate for all workers ------------------------------------------------------------------------------------------

_HANDLER = "squareconnect_grant"
_GRANT_LASTS = 1.0
"""Seconds after which a grant expires."""
_BATCH = 0.04
"""Seconds for which a grant lasts at the present rate, so that the messages do not limit the rate."""
_BURST = 0.2
"""Seconds for which the till makes up, when a busy scheduler has kept it from handing out grants."""
_LONGEST_WAIT = 0.5
"""Seconds that a worker is kept waiting for a grant before it is told to ask again."""


class _Counter(NamedTuple):
    """What hands out the grants of one account."""

    rate: float | None
    pace: AdaptivePace
    turn: asyncio.Lock


class _Till(SchedulerPlugin):
    """Hands out grants beside the scheduler, for all imports on the cluster, also after their client is gone."""

    name = "squareconnect-till"
    idempotent = True

    async def start(self, scheduler: Any) -> None:
        """Answer the workers."""
        self._counters: dict[str, _Counter] = {}
        scheduler.handlers[_HANDLER] = self.grant

    async def grant(
        self, account: str, rate: float | None, succeeded: int, limited: Sequence[tuple[float, float | None]]
    ) -> int:
        """Learn what became of requests, and return how many may leave now; 0 to ask again.

        :param account: whose rate it is.
        :param rate: the most requests per second; the last one who asks decides.
        :param succeeded: requests that were answered since the last time.
        :param limited: those that were answered by 429: seconds since they left, and seconds they asked to wait.
        """
        counter = self._counters.get(account)
        if counter is None or counter.rate != rate:
            counter = self._counters[account] = _Counter(rate, AdaptivePace(rate, burst=_BURST), asyncio.Lock())
        pace = counter.pace
        for _ in range(succeeded):
            pace.succeeded()
        for age, retry_after in limited:
            pace.limited(time.monotonic() - age, retry_after)
        async with counter.turn:
            return await self._taken(pace)

    async def _taken(self, pace: AdaptivePace) -> int:
        ends_at = time.monotonic() + _LONGEST_WAIT
        while (wait := pace.take()) > 0:
            if time.monotonic() + wait > ends_at:
                await asyncio.sleep(max(0.0, ends_at - time.monotonic()))
                return 0
            await asyncio.sleep(max(wait, _BATCH / 2))
        count = 1
        while count < pace.rate * _BATCH and pace.take() == 0:
            count += 1
        return count


class _SharedPace:
    """The pace of one task: it spends the grants of the till.

    :param account: the hash of the account.
    :param rate: the most requests per second, over all workers.
    """

    def __init__(self, account: str, rate: float | None) -> None:
        worker = distributed.get_worker()
        self._ask = getattr(worker.scheduler, _HANDLER)
        self._loop = worker.loop.asyncio_loop
        self._account = account
        self._rate = rate
        self._lock = threading.Lock()
        self._granted = 0
        self._granted_at = 0.0
        self._succeeded = 0
        self._limited: list[tuple[float, float | None]] = []

    def take(self) -> float:
        """Return 0 if a request may leave now; else the seconds after which to ask again."""
        with self._lock:
            if self._granted and time.monotonic() - self._granted_at < _GRANT_LASTS:
                self._granted -= 1
                return 0.0
            succeeded, self._succeeded = self._succeeded, 0
            limited, self._limited = self._limited, []
        granted = self._grant(succeeded, limited)
        with self._lock:
            self._granted, self._granted_at = max(granted - 1, 0), time.monotonic()
        return 0.0 if granted else 0.001

    def succeeded(self) -> None:
        """Remember a success, for the next time that the till is asked."""
        with self._lock:
            self._succeeded += 1

    def limited(self, sent_at: float, retry_after: float | None) -> None:
        """Remember a 429, and give back what was granted before it."""
        with self._lock:
            self._limited.append((sent_at, retry_after))
            self._granted = 0

    def _grant(self, succeeded: int, limited: list[tuple[float, float | None]]) -> int:
        now = time.monotonic()
        asked = self._ask(
            account=self._account,
            rate=self._rate,
            succeeded=succeeded,
            limited=[(now - sent_at, retry_after) for sent_at, retry_after in limited],
        )
        try:
            return int(asyncio.run_coroutine_threadsafe(asked, self._loop).result(10.0))
        except Exception:  # The scheduler is gone or slow: a worker that it does not come back to ends by itself.
            time.sleep(_LONGEST_WAIT)
            return 0
