"""An import whose processes are killed."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Any

import dask.bag
from distributed import WorkerPlugin

from squareconnect import Configuration, CustomersApi
from squareconnect.dask import import_customers
from test.dask.helpers import people, processes, references
from test.dask.proof import prove, prove_accounts

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.bulk_server import Square


class Poison(WorkerPlugin):
    """Kills the worker that sends a certain row."""

    name = "poison"

    def setup(self, worker: Any) -> None:
        create = CustomersApi.create_customer

        def deadly(api: CustomersApi, body: Any, **options: Any) -> Any:
            if body["given_name"] == "Poison":
                os._exit(1)
            return create(api, body, **options)

        CustomersApi.create_customer = deadly  # type: ignore[assignment,method-assign]


def test_only_a_row_that_kills_its_worker_is_set_aside(square: Square, folder: Path) -> None:
    rows = people(0, 100)
    rows[20]["given_name"] = "Poison"
    bag = dask.bag.from_sequence(rows, npartitions=2)
    settings = Configuration(host=square.host, access_token="t")
    with processes(2) as client:
        client.register_plugin(Poison())
        report = import_customers(bag, settings, journal=folder / "journal")
    assert (report.created, report.unknown, report.left) == (99, 1, 0)
    assert references(square) == Counter(one["reference_id"] for one in rows if one["given_name"] == "Ada")


def test_killed_workers_and_clients_lose_no_customer_and_duplicate_none() -> None:
    figures = prove(1600, 80.0, kill_every=6.0, restart_after=8.0, files=8)
    assert (figures.missing, figures.doubled, figures.report["created"]) == (0, 0, 1600)
    assert figures.kills >= 2
    assert figures.windows[10][1] <= 80 * 1.25  # The machine may be busy; the proof on its own is stricter.
    assert max(figures.memory) < 1.2 * figures.memory[0] + 10


def test_two_accounts_get_their_own_rows_and_429s_slow_down_only_one() -> None:
    accounts = prove_accounts(120, 30.0, files=4)
    for figures in accounts.values():
        assert (figures.missing, figures.doubled, figures.foreign) == (0, 0, 0)
    assert accounts["free"].limited == 0
    assert accounts["limited"].limited > 0
    assert accounts["free"].seconds < accounts["limited"].seconds
