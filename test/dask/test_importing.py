from __future__ import annotations

import csv
import gzip
import json
import sys
import tempfile
import threading
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dask.bag
import dask.dataframe
import pandas
import pytest

from benchmarks.bulk_server import Square, running
from squareconnect import ApiException, Configuration
from squareconnect.bulk import InputError, JournalError, JournalInUse, Progress, Stopped
from squareconnect.bulk.journal import Journal
from squareconnect.dask import crew, import_customers, stints
from squareconnect.dask.watch import Watch
from test.dask.helpers import people, references, write_csv

if TYPE_CHECKING:
    from distributed import Client


ONE = Configuration(host="http://127.0.0.1:9", access_token="t")


def test_files_of_all_formats_are_imported_once_over_two_runs(
    client: Client, square: Square, settings: Configuration, folder: Path
) -> None:
    source = folder / "in"
    write_csv(source / "a.csv", people(0, 30))
    (source / "b.jsonl").write_text("".join(json.dumps(one) + "\n" for one in people(30, 30)))
    pandas.DataFrame(people(60, 30)).to_parquet(source / "c.parquet")
    with gzip.open(source / "d.csv.gz", "wt") as file:
        file.write("given_name,reference_id\nAda,r90\n")
    given = [str(source / "*.csv"), source / "b.jsonl", f"file://{source}/c.parquet", str(source / "*.gz")]
    reported: list[Any] = []
    for _ in range(2):
        report = import_customers(given, settings, journal=folder / "journal", progress=reported.append)
        assert (report.created, report.left, report.unknown, report.refused) == (91, 0, 0, 0)
    assert square.requests == 91
    assert references(square) == Counter(f"r{number}" for number in range(91))
    assert {one.phase for one in reported} == {"reading", "sending"}
    assert reported[-1].done == 91 or reported[-1].phase == "reading"


@pytest.mark.parametrize("name", ["a.ndjson", "a.json", "A.JSON", "a.json.gz"])
def test_json_lines_are_recognised_by_the_names_that_open_source_recognises(
    client: Client, square: Square, settings: Configuration, folder: Path, name: str
) -> None:
    text = json.dumps(people(0, 1)[0]).encode() + b"\n"
    (folder / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    assert import_customers(folder / name, settings, journal=folder / "journal").created == 1


def test_a_frame_and_a_bag_are_imported_by_their_partitions(
    client: Client, square: Square, settings: Configuration, folder: Path
) -> None:
    rows = people(0, 40)
    rows[3]["birthday"] = pandas.Timestamp("1815-12-10").date()
    rows[5]["note"] = "All others have a gap here"
    frame = dask.dataframe.from_pandas(pandas.DataFrame(rows), npartitions=4)
    bag = dask.bag.from_sequence(people(40, 40), npartitions=4)
    assert import_customers(frame, settings, journal=folder / "frame").created == 40
    assert import_customers(bag, settings, journal=folder / "bag").created == 40
    assert references(square) == Counter(f"r{number}" for number in range(80))
    assert len(list((folder / "frame").glob("*.journal"))) == 4
    with pytest.raises(JournalError, match="another input"):
        import_customers(frame.repartition(npartitions=2), settings, journal=folder / "frame")


def test_each_account_gets_its_rows_with_their_numbers(client: Client, folder: Path) -> None:
    rows = [{**one, "account": "north" if number % 2 else "7"} for number, one in enumerate(people(0, 40))]
    rows[11]["given_name"] = rows[11]["reference_id"] = ""
    write_csv(folder / "in" / "a.csv", rows[:20])
    write_csv(folder / "in" / "b.csv", rows[20:])
    with running(Square()) as north, running(Square()) as seven:
        accounts = {"north": Configuration(host=north.host, access_token="n")}
        with pytest.raises(InputError, match=r"account is '7', which configuration does not name"):
            import_customers(str(folder / "in" / "*.csv"), accounts, journal=folder / "journal")
        assert north.requests == 0
        mapping: dict[Any, Configuration] = {**accounts, 7: Configuration(host=seven.host, access_token="s")}
        report = import_customers(str(folder / "in" / "*.csv"), mapping, journal=folder / "journal")
        assert (report.created, report.refused) == (39, 1)
        assert references(north) == Counter(f"r{number}" for number in range(1, 40, 2) if number != 11)
        assert references(seven) == Counter(f"r{number}" for number in range(0, 40, 2))
    assert report.errors[0].row == 13
    assert report.errors[0].detail.startswith("a.csv: ")
    with (folder / "journal" / "errors.csv").open() as file:
        assert [(row["part"], row["account"], row["row"]) for row in csv.DictReader(file)] == [("a.csv", "north", "13")]


def test_a_refused_account_does_not_stop_the_others(client: Client, square: Square, folder: Path) -> None:
    class Closed(Square):
        def answer(self, method: str, target: str, body: bytes) -> tuple[int, Any]:
            return 401, {"errors": [{"category": "AUTHENTICATION_ERROR", "code": "UNAUTHORIZED"}]}

    bag = dask.bag.from_sequence([{**one, "account": one["reference_id"][-1]} for one in people(0, 40)], npartitions=2)
    with running(Closed()) as closed:
        mapping = {str(number): Configuration(host=square.host, access_token=f"t{number}") for number in range(9)}
        mapping["9"] = Configuration(host=closed.host, access_token="t9")
        with pytest.raises(ApiException, match="401"):
            import_customers(bag, mapping, journal=folder / "journal")
    assert len(references(square)) == 36


def test_a_customer_that_an_earlier_part_created_is_matched(client: Client, folder: Path) -> None:
    class Slow(Square):
        """A Square whose lists are still empty."""

        def _page(self, query: dict[str, str]) -> tuple[int, Any]:
            return 200, {}

    bag = dask.bag.from_sequence(people(0, 10) + people(5, 10), npartitions=2)
    with running(Slow()) as slow:
        settings = Configuration(host=slow.host, access_token="t")
        report = import_customers(bag, settings, journal=folder / "journal", match="reference_id")
    assert (report.created, report.skipped) == (15, 5)
    assert max(references(slow).values()) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"source": 7}, "source must be a Dask DataFrame"),
        ({"source": "/nowhere/*.csv"}, "matches no file"),
        ({"source": []}, "the list is empty"),
        ({"source": "/nowhere/a.csv"}, "cannot be read"),
        ({"source": "/nowhere/a.csv.gz"}, "cannot be read on the worker: No such file"),
        ({"source": "/nowhere/a.parquet"}, "cannot be read on the worker: No such file"),
        ({"rate": 0}, "rate must be"),
        ({"match": "name"}, "match must be"),
        ({"on_match": "no"}, "on_match must be"),
        ({"concurrency": 0}, "concurrency must be"),
        ({"key_trust": -1}, "key_trust must be"),
        ({"configuration": {}}, "configuration must name"),
        ({"configuration": {7: ONE, "7": ONE}}, "written alike"),
        ({"journal": "/dev/null/x"}, "must be a directory"),
    ],
)
def test_impossible_arguments_are_refused(
    client: Client, square: Square, settings: Configuration, folder: Path, options: dict[str, Any], said: str
) -> None:
    write_csv(folder / "in" / "a.csv", people(0, 2))
    given = {
        "source": str(folder / "in" / "a.csv"),
        "configuration": settings,
        "journal": folder / "journal",
        **options,
    }
    with pytest.raises(InputError, match=said):
        import_customers(given.pop("source"), given.pop("configuration"), **given)
    assert square.requests == 0


def test_a_cluster_is_needed(settings: Configuration, folder: Path) -> None:
    with pytest.raises(InputError, match="no current distributed"):
        import_customers(str(folder), settings, journal=folder / "journal")


def test_without_dask_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("squareconnect.dask")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r"install it with pip install 'squareconnect\[dask\]'"):
        import_module("squareconnect.dask")


def test_429_answers_slow_all_workers(client: Client, folder: Path) -> None:
    bag = dask.bag.from_sequence(people(0, 240), npartitions=4)
    with running(Square(rate=60, burst=6)) as limited:
        settings = Configuration(host=limited.host, access_token="limited")
        report = import_customers(bag, settings, journal=folder / "journal")
    assert report.created == 240
    assert 0 < limited.limited < 0.3 * limited.requests


def test_anything_other_than_a_configuration_is_refused(folder: Path) -> None:
    with pytest.raises(TypeError, match="must be a Configuration for 'north', not str"):
        import_customers("a.csv", {"north": "token"}, journal=folder / "journal")  # type: ignore[dict-item]


def test_only_the_row_that_does_not_fit_its_header_is_refused_even_with_accounts(
    client: Client, square: Square, settings: Configuration, folder: Path
) -> None:
    (folder / "in" / "a.csv").write_text("account,given_name,shoe\nnorth,Ada,37\nnorth,Bob,41,left\n")
    (folder / "in" / "b.jsonl").write_text('{"account": "north", "given_name": "Eve", "hat": 7}\n')
    report = import_customers(f"{folder}/in/*", {"north": settings}, journal=folder / "journal")
    assert (report.created, report.refused, report.unused) == (2, 1, ("shoe", "hat"))
    assert report.errors[0].code == "ARRAY_LENGTH_TOO_LONG"


def test_the_next_stint_does_what_a_stint_leaves(
    client: Client, square: Square, settings: Configuration, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stints, "STINT", 0.3)
    reported: list[Any] = []
    bag = dask.bag.from_sequence(people(0, 60), npartitions=2)
    report = import_customers(bag, settings, journal=folder / "journal", rate=50, progress=reported.append)
    assert (report.created, square.requests) == (60, 60)
    assert len([one for one in reported if one.phase == "sending"]) > 2


def test_an_import_waits_for_a_journal_that_a_task_of_an_earlier_client_uses(
    client: Client, square: Square, settings: Configuration, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_csv(folder / "in" / "a.csv", people(0, 3))

    def again() -> int:
        return import_customers(f"{folder}/in/*.csv", settings, journal=folder / "journal").created

    assert again() == 3
    with Journal(next((folder / "journal").glob("*.journal"))) as used:
        over = threading.Timer(0.5, used.close)
        over.start()
        assert again() == 3
    over.join()
    monkeypatch.setattr(crew, "BUSY", 0.2)
    with Journal(next((folder / "journal").glob("*.journal"))), pytest.raises(JournalInUse):
        again()
    assert square.requests == 3


def test_what_sqlite_leaves_of_a_worker_that_was_killed_as_it_made_a_journal_is_no_journal(
    client: Client, square: Square, settings: Configuration, folder: Path
) -> None:
    write_csv(folder / "in" / "a.csv", people(0, 3))
    source, journals = f"{folder}/in/*.csv", folder / "journal"
    assert import_customers(source, settings, journal=journals).created == 3
    Path(f"{next(journals.glob('*.journal'))}-journal").write_bytes(b"what SQLite would undo")
    assert import_customers(source, settings, journal=journals).created == 3


def test_rows_that_a_task_of_an_earlier_client_still_sends_do_not_stop_the_rest(
    client: Client, square: Square, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, first in (("a", 0), ("b", 10), ("c", 20)):
        write_csv(folder / "in" / f"{name}.csv", people(first, 10))
    monkeypatch.setattr("squareconnect.bulk.engine.PATIENCE", 0.0)
    with pytest.raises(Stopped):
        import_customers(f"{folder}/in/*.csv", ONE, journal=folder / "journal")
    monkeypatch.undo()
    journal = next((folder / "journal").glob("a-csv*.journal"))
    Watch(journal).__enter__()  # Its task is running.
    with Journal(journal) as used:

        def progress(progress: Progress) -> None:
            if progress.phase == "sending" and progress.done == 20:
                used.close()

        here = Configuration(host=square.host, access_token="t")
        report = import_customers(f"{folder}/in/*.csv", here, journal=folder / "journal", progress=progress)
    assert (report.created, square.requests) == (30, 30)


def test_refused_rows_that_cannot_be_written_stop_the_import_with_its_report(
    client: Client, square: Square, settings: Configuration, folder: Path
) -> None:
    (folder / "journal" / "errors.csv").mkdir(parents=True)
    bag = dask.bag.from_sequence(people(0, 4), npartitions=2)
    with pytest.raises(Stopped, match=r"The refused rows cannot be written to .*errors\.csv: Is a directory") as caught:
        import_customers(bag, settings, journal=folder / "journal")
    assert caught.value.report is not None
    assert caught.value.report.created == 4


def test_a_worker_without_room_for_temporary_files_stops_the_import(
    client: Client, square: Square, settings: Configuration, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(tempfile.TemporaryDirectory[str]):
        def __enter__(self) -> str:
            (Path(self.name) / "rows-0").symlink_to("/dev/full")
            return self.name

    monkeypatch.setattr(tempfile, "TemporaryDirectory", Full)
    write_csv(folder / "in" / "a.csv", people(0, 3, account="north"))
    with pytest.raises(Stopped, match=r"a\.csv cannot be read on the worker: No space left on device; make room there"):
        import_customers(f"{folder}/in/a.csv", {"north": settings}, journal=folder / "journal")
    assert square.requests == 0


def test_parts_after_a_row_of_unknown_state_are_left(
    client: Client, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NeverConfirms(Square):
        """A Square that creates customers but answers 503."""

        def answer(self, method: str, target: str, body: bytes) -> tuple[int, Any]:
            status, said = super().answer(method, target, body)
            return (status, said) if method == "GET" else (503, {"errors": []})

    monkeypatch.setattr("squareconnect.bulk.engine.MOST_TRIES", 1)
    bag = dask.bag.from_sequence(people(0, 1) + people(0, 1), npartitions=2)
    with running(NeverConfirms()) as mute:
        settings = Configuration(host=mute.host, access_token="t")
        report = import_customers(bag, settings, journal=folder / "journal", match="reference_id")
    assert (report.unknown, report.left, len(mute.customers)) == (1, 1, 1)


def test_workers_that_have_lost_the_accounts_stop_the_import(
    client: Client, square: Square, settings: Configuration, folder: Path
) -> None:
    def lose(progress: Progress) -> None:
        plugins: Any = client.run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.worker_plugins))
        for name in plugins:
            if name.startswith("squareconnect-"):
                client.unregister_worker_plugin(name)

    bag = dask.bag.from_sequence(people(0, 4), npartitions=1)
    with pytest.raises(Stopped, match="because the scheduler was restarted: run the same again"):
        import_customers(bag, settings, journal=folder / "journal", progress=lose)
    assert square.requests == 0


def test_an_unreachable_server_stops_the_import_with_its_report(
    client: Client, settings: Configuration, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("squareconnect.bulk.engine.PATIENCE", 0.0)
    bag = dask.bag.from_sequence(people(0, 4), npartitions=2)
    gone = Configuration(host="http://127.0.0.1:9", access_token="t")
    with pytest.raises(Stopped) as caught:
        import_customers(bag, gone, journal=folder / "journal")
    assert caught.value.report is not None
    assert caught.value.report.left == 4
