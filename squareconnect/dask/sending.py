"""A worker's side of sending: one stint with one journal."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from distributed import get_worker, secede

from squareconnect import bulk
from squareconnect.bulk.importing import KeptRows
from squareconnect.bulk.journal import Journal
from squareconnect.bulk.planning import journal_report
from squareconnect.bulk.sending import one_by_one, unretried
from squareconnect.dask.accounts import api_of
from squareconnect.dask.orders import Outcome
from squareconnect.dask.pace import SharedPace
from squareconnect.dask.stints import StintOver, until_over
from squareconnect.dask.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from squareconnect.bulk.reports import ImportReport
    from squareconnect.dask.orders import Chunk, Order


def send_chunk(chunk: Chunk, order: Order, earlier: Sequence[str]) -> Outcome:
    """Send the rows that remain in a journal, for the time of a stint.

    :param earlier: with `match`, the journals of earlier parts, which record the customers that they created.
    :return: the journal's report.
    """
    secede()
    try:
        if order.match and any(journal_report(journal).unknown for journal in earlier):
            return Outcome(journal_report(chunk.journal))  # They may have created the same customers.
        try:
            return Outcome(_sent(chunk, order, earlier))
        except StintOver:
            return Outcome(journal_report(chunk.journal), more=True)
    except Exception as failure:
        return Outcome(failure=failure)


def _sent(chunk: Chunk, order: Order, earlier: Sequence[str]) -> ImportReport:
    key = order.accounts[chunk.account]
    api = api_of(order.run, key)
    rows = KeptRows(chunk.journal)
    with Watch(chunk.journal) as watch, closing(SharedPace(get_worker(), key, order.rate)) as pace:
        return bulk.import_customers(
            rows,
            api,
            journal=chunk.journal,
            match=order.match,
            on_match=order.on_match,
            concurrency=order.concurrency,
            key_trust=order.key_trust,
            pace=pace,
            progress=until_over(),
            send=watch.guarded(one_by_one(unretried(api, order.concurrency))),
            known=_made_by(earlier),
        )


def _made_by(journals: Sequence[str]) -> Iterator[tuple[str, str]]:
    for path in journals:
        with Journal(path) as journal:
            yield from journal.known()
