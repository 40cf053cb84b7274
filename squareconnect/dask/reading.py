"""A worker's side of reading: it stores a part of the input in journals, one for each account."""

from __future__ import annotations

import errno
import json
import re
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec

from squareconnect.bulk.errors import InputError, JournalInUse, Stopped
from squareconnect.bulk.importing import read_rows
from squareconnect.bulk.journal import Journal
from squareconnect.bulk.reports import Refusal
from squareconnect.bulk.source import FileSource, Record, RecordsSource, RowsSource, Source, form_of, open_source
from squareconnect.dask.accounts import api_of
from squareconnect.dask.folders import file_name
from squareconnect.dask.orders import Chunk, Outcome, Reading
from squareconnect.dask.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandas import DataFrame

    from squareconnect.dask.orders import Order

ACCOUNT = "account"
"""The column that names the account of a row."""
_COMPRESSED = re.compile(r"\.(gz|bz2|xz|zip|zst)$")


def read_part(rows: Any, name: str, title: str, order: Order, may_be_late: bool) -> Outcome:
    """Store a part in journals.

    :param rows: the URL of a file, a pandas DataFrame, or dicts.
    :param name: the part's name.
    :param title: its name in messages.
    :param may_be_late: whether the part may be left for later if a task of an earlier run is still sending it.
    :return: an `Outcome` with a `Reading`.
    """
    try:
        for path in Path(order.folder).glob(f"{name}.*"):
            if path.suffix == ".journal" and not _is_free(path, may_be_late):
                return Outcome(Reading([], late=True))
        with tempfile.TemporaryDirectory(prefix="squareconnect-") as scratch:
            source = _source(rows, title, Path(scratch))
            by_account = {"": source} if "" in order.accounts else _routed(source, title, order, Path(scratch))
            return Outcome(Reading([_kept(one, name, title, account, order) for account, one in by_account.items()]))
    except OSError as error:
        said = f"{title} cannot be read on the worker: {error.strerror or error}"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return Outcome(failure=Stopped(f"{said}; make room there for temporary files, and run the same again"))
        return Outcome(failure=InputError(said))
    except Exception as failure:
        return Outcome(failure=failure)


def _is_free(journal: Path, may_be_late: bool) -> bool:
    """Return whether no task uses a journal. The record of deaths is kept for one run only."""
    watch = Watch(journal)
    try:
        with Journal(journal):
            watch.forget()
    except JournalInUse:
        if may_be_late and watch.has_begun:
            return False
        raise
    return True


def _kept(source: Source, name: str, title: str, account: str, order: Order) -> Chunk:
    journal = Path(order.folder) / f"{name}{f'.{file_name(account)}' if account else ''}.journal"
    api = api_of(order.run, order.accounts[account])
    report = read_rows(source, api, journal=journal, match=order.match, on_match=order.on_match)
    return Chunk(title, str(journal), account, report)


# -- Rows by their accounts --------------------------------------------------------------------------------------------


def _routed(source: Source, title: str, order: Order, scratch: Path) -> dict[str, Source]:
    """Write the rows of each account to a separate file, so that memory use does not grow with the part."""
    paths: dict[str, Path] = {}
    with ExitStack() as files:
        writers: dict[str, Any] = {}
        for value, record in source.records_beside(ACCOUNT):
            account = str(value)
            if account not in order.accounts:
                raise InputError(
                    f"{title}, row {record.number}: its account is {account!r}, which configuration does not name: add "
                    f"it, or correct the column {ACCOUNT}"
                )
            if account not in writers:
                paths[account] = scratch / f"rows-{len(paths)}"
                writers[account] = files.enter_context(paths[account].open("w", encoding="utf-8"))
            writers[account].write(json.dumps(record) + "\n")
    unused = tuple(name for name in source.unused if name != ACCOUNT)
    return {account: RecordsSource(_records_in(path), unused) for account, path in paths.items()}


def _records_in(path: Path) -> Iterator[Record]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            number, body, refusal = json.loads(line)
            yield Record(number, body, refusal and Refusal(*refusal))


# -- Forms of input ----------------------------------------------------------------------------------------------------


def _source(rows: Any, title: str, scratch: Path) -> Source:
    """Return the source from which `squareconnect.bulk` reads a part."""
    if hasattr(rows, "itertuples"):
        return RowsSource(_frame_rows(rows))
    if not isinstance(rows, str):
        return RowsSource(rows)
    name = _COMPRESSED.sub("", rows.lower())
    if name.endswith((".parquet", ".pq")):
        return RowsSource(_parquet_rows(rows))
    return _text_source(rows, title, scratch, form_of(name))


def _text_source(url: str, title: str, scratch: Path, form: str) -> FileSource:
    """Return a local file as it is, and any other as a copy."""
    system, path = fsspec.core.url_to_fs(url)
    if "file" in system.protocol and not _COMPRESSED.search(url.lower()):
        source = open_source(path, format=form)
    else:
        packed: Any = fsspec.open(url, "rb", compression="infer")
        with packed as stream:
            source = open_source(stream, spool=scratch / "input", format=form)
    source.name = title
    return source


def _parquet_rows(url: str) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet as parquet

    with fsspec.open(url, "rb") as file:
        for batch in parquet.ParquetFile(file).iter_batches(batch_size=1000):
            for row in batch.to_pylist():
                yield _plain(row)


def _frame_rows(frame: DataFrame) -> Iterator[dict[str, Any]]:
    names = list(frame.columns)
    missing = frame.isna()
    for values, gaps in zip(
        frame.itertuples(index=False, name=None), missing.itertuples(index=False, name=None), strict=True
    ):
        yield _plain({name: value for name, value, gap in zip(names, values, gaps, strict=True) if not gap})


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with dates as texts, in the API's format."""
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}
