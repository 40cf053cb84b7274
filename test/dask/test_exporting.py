from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import dask.bag
import dask.dataframe
import pytest

from benchmarks.bulk_server import Square, running
from squareconnect import ApiException, Configuration
from squareconnect.bulk import InputError, JournalError
from squareconnect.dask import export_customers, import_customers, stints
from test.dask.helpers import people, references

if TYPE_CHECKING:
    from pathlib import Path

    from distributed import Client


def fill(square: Square, rows: int) -> None:
    """Create customers in a Square."""
    for body in people(0, rows):
        square.answer("POST", "/v2/customers", json.dumps(body).encode())


def lines_in(folder: Path) -> list[int]:
    return [len(path.read_text().splitlines()) for path in sorted(folder.glob("*.jsonl"))]


def test_an_export_writes_files_of_bounded_size_that_dask_and_an_import_read(
    client: Client, square: Square, settings: Configuration, folder: Path
) -> None:
    fill(square, 650)
    report = export_customers(settings, folder / "out", rows_per_file=200)
    assert (report.customers, report.repeated, report.resumed) == (650, 0, False)
    assert lines_in(folder / "out") == [200, 200, 200, 50]
    assert [path.name for path in sorted((folder / "out").iterdir())] == [
        "customers.export",
        *(f"part-0000{number}.jsonl" for number in range(4)),
    ]
    bag: Any = dask.bag.read_text(f"{folder}/out/*.jsonl")
    assert Counter(bag.map(json.loads).pluck("reference_id").compute()) == references(square)
    frame = dask.dataframe.read_json(f"{folder}/out/*.jsonl", lines=True)
    assert frame["reference_id"].nunique().compute() == 650
    with running(Square()) as copy:
        target = Configuration(host=copy.host, access_token="t")
        assert import_customers(f"{folder}/out/*.jsonl", target, journal=folder / "journal").created == 650
        assert references(copy) == references(square)


def test_the_customers_of_many_accounts_have_its_name_and_can_be_imported_into_it(client: Client, folder: Path) -> None:
    with running(Square()) as north, running(Square()) as south:
        fill(north, 130)
        fill(south, 70)
        accounts = {
            "north": Configuration(host=north.host, access_token="n"),
            "south": Configuration(host=south.host, access_token="s"),
        }
        assert export_customers(accounts, folder / "out").customers == 200
        assert [lines_in(one) for one in sorted((folder / "out").iterdir())] == [[130], [70]]
        before = references(north), references(south)
        for square in (north, south):
            square.customers.clear()
            square.keys.clear()
        report = import_customers(f"{folder}/out/*/*.jsonl", accounts, journal=folder / "journal")
        assert report.created == 200
        assert (references(north), references(south)) == before


def test_a_complete_export_is_not_changed_and_belongs_to_its_host(
    client: Client, square: Square, settings: Configuration, folder: Path
) -> None:
    fill(square, 150)
    assert export_customers(settings, folder / "out").customers == 150
    requests = square.requests
    fill(square, 170)
    again = export_customers(settings, folder / "out")
    assert (again.customers, again.resumed, square.requests) == (150, True, requests)
    with pytest.raises(JournalError, match="in files of 7 customers"):
        export_customers(settings, folder / "out", rows_per_file=7)


def test_an_export_continues_in_the_next_stint(
    client: Client, square: Square, settings: Configuration, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stints, "STINT", 0.0)  # A stint is over with each page.
    fill(square, 450)
    assert export_customers(settings, folder / "out", rows_per_file=200).customers == 450
    assert lines_in(folder / "out") == [200, 200, 50]
    assert square.requests == 5


def test_an_account_that_cannot_be_listed_does_not_stop_the_others(
    client: Client, square: Square, settings: Configuration, folder: Path
) -> None:
    class Closed(Square):
        def answer(self, method: str, target: str, body: bytes) -> tuple[int, object]:
            return 401, {"errors": [{"category": "AUTHENTICATION_ERROR", "code": "UNAUTHORIZED"}]}

    fill(square, 30)
    with running(Closed()) as closed:
        accounts = {"shut": Configuration(host=closed.host, access_token="t"), "open": settings}
        with pytest.raises(ApiException, match="401"):
            export_customers(accounts, folder / "out")
    assert sum(len(path.read_text().splitlines()) for path in (folder / "out").glob("open*/*.jsonl")) == 30


@pytest.mark.parametrize("rows", [0, 1.5, True, None])
def test_the_size_of_files_must_be_a_number(settings: Configuration, folder: Path, rows: object) -> None:
    with pytest.raises(InputError, match="rows_per_file must be a whole number"):
        export_customers(settings, folder, rows_per_file=rows)  # type: ignore[arg-type]
