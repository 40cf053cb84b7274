from __future__ import annotations

import csv
import gzip
import json
import os
import subprocess
import sys
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import dask.bag
import dask.dataframe
import pandas
import pytest
from distributed import Client, LocalCluster, WorkerPlugin

from benchmarks.bulk_server import Square, running
from squareconnect import ApiClient, ApiException, Configuration, CustomersApi
from squareconnect.bulk import InputError, JournalError
from squareconnect.cli import main
from squareconnect.dask import export_customers, import_customers
from test.dask.proof import prove

if TYPE_CHECKING:
    from pathlib import Path


def references(square: Square) -> Counter[str]:
    return Counter(one["reference_id"] for one in square.customers.values())


def people(first: int, count: int, **more: str) -> list[dict[str, Any]]:
    return [{"given_name": "Ada", "reference_id": f"r{first + number}", **more} for number in range(count)]


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


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
    told: list[Any] = []
    for _ in range(2):
        report = import_customers(given, settings, journal=folder / "journal", progress=told.append)
        assert (report.created, report.left, report.unknown, report.refused) == (91, 0, 0, 0)
    assert square.requests == 91
    assert references(square) == Counter(f"r{number}" for number in range(91))
    assert {one.phase for one in told} == {"reading", "sending"}
    assert told[-1].done == 91 or told[-1].phase == "reading"


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


def test_an_account_that_is_refused_does_not_hold_back_the_others(client: Client, square: Square, folder: Path) -> None:
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


def test_a_customer_whom_an_earlier_part_has_made_is_matched(client: Client, folder: Path) -> None:
    class Slow(Square):
        """Lists nobody yet."""

        def _page(self, query: dict[str, str]) -> tuple[int, Any]:
            return 200, {}

    bag = dask.bag.from_sequence(people(0, 10) + people(5, 10), npartitions=2)
    with running(Slow()) as slow:
        settings = Configuration(host=slow.host, access_token="t")
        report = import_customers(bag, settings, journal=folder / "journal", match="reference_id")
    assert (report.created, report.skipped) == (15, 5)
    assert max(references(slow).values()) == 1


def test_tasks_keys_and_logs_do_not_hold_the_token(
    client: Client, square: Square, settings: Configuration, folder: Path
) -> None:
    seen: list[str] = []

    def look(dask_scheduler: Any) -> str:
        return repr([(key, str(vars(type(task)) and task.run_spec)) for key, task in dask_scheduler.tasks.items()])

    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            seen.append(client.run_on_scheduler(look))

    thread = threading.Thread(target=watch)
    thread.start()
    bag = dask.bag.from_sequence(people(0, 60), npartitions=2)
    import_customers(bag, settings, journal=folder / "journal", rate=40)
    over.set()
    thread.join()
    logs = repr([client.get_scheduler_logs(), client.get_worker_logs(), client.get_events()])
    assert any("send_chunk" in one for one in seen)
    assert "a-very-secret-token" not in repr(seen) + logs
    assert all(
        b"a-very-secret-token" not in path.read_bytes() for path in (folder / "journal").iterdir() if path.is_file()
    )


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


def test_a_row_that_kills_its_worker_is_set_aside_and_no_other(square: Square, folder: Path) -> None:
    rows = people(0, 100)
    rows[20]["given_name"] = "Poison"
    bag = dask.bag.from_sequence(rows, npartitions=2)
    settings = Configuration(host=square.host, access_token="t")
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", host="127.0.0.1") as cluster,
        Client(cluster) as client,
    ):
        client.register_plugin(Poison())
        report = import_customers(bag, settings, journal=folder / "journal")
    assert (report.created, report.unknown, report.left) == (99, 1, 0)
    assert references(square) == Counter(one["reference_id"] for one in rows if one["given_name"] == "Ada")


def test_an_export_writes_a_file_for_each_account(
    client: Client, square: Square, settings: Configuration, folder: Path
) -> None:
    api = CustomersApi(ApiClient(settings))
    for body in people(0, 250):
        api.create_customer(body)
    assert export_customers(settings, folder / "out").customers == 250
    lines = (folder / "out" / "customers.jsonl").read_text().splitlines()
    assert {json.loads(line)["reference_id"] for line in lines} == set(references(square))
    report = export_customers({"north": settings, "south": settings}, folder / "two")
    assert report.customers == 500
    assert len(list((folder / "two").glob("*.jsonl"))) == 2


def test_the_shell_imports_on_a_cluster(
    client: Client, square: Square, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQUARE_ACCESS_TOKEN", "t")
    write_csv(folder / "in" / "a.csv", people(0, 20))
    words = ["import", "--dask", client.scheduler.address, str(folder / "in" / "*.csv"), "--host", square.host]
    words += ["--journal", str(folder / "journal")]
    assert main(words) == 0
    said = capsys.readouterr().err
    assert "Dashboard: http" in said
    assert "Rows: 20 created." in said
    assert main([*words, "--dry-run"]) == 2
    assert "--dry-run cannot be used with --dask" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"source": 7}, "source must be a Dask DataFrame"),
        ({"source": "/nowhere/*.csv"}, "matches no file"),
        ({"source": []}, "the list is empty"),
        ({"source": "/nowhere/a.csv"}, "cannot be read"),
        ({"rate": 0}, "rate must be"),
        ({"match": "name"}, "match must be"),
        ({"on_match": "no"}, "on_match must be"),
        ({"configuration": {}}, "configuration must name"),
        ({"journal": "/dev/null/x"}, "must be a directory"),
    ],
)
def test_what_cannot_be_used_is_refused(
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


def test_without_dask_a_sentence_says_what_to_install() -> None:
    code = "import sys; sys.modules['distributed'] = None; import squareconnect.dask"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'squareconnect[dask]'" in ended.stderr.splitlines()[-1]


def test_429_answers_slow_all_workers(client: Client, folder: Path) -> None:
    bag = dask.bag.from_sequence(people(0, 600), npartitions=4)
    with running(Square(rate=60, burst=6)) as limited:
        settings = Configuration(host=limited.host, access_token="limited")
        report = import_customers(bag, settings, journal=folder / "journal")
    assert report.created == 600
    assert limited.limited < 0.15 * limited.requests


def test_killed_workers_and_clients_lose_and_double_nobody() -> None:
    figures = prove(3200, 80.0, kill_every=5.0, restart_after=10.0)
    assert (figures.missing, figures.doubled, figures.report["created"]) == (0, 0, 3200)
    assert figures.kills >= 5
    assert figures.longest_stall < 2
    assert figures.windows[10][1] <= 80 * 1.05
    assert max(figures.memory) < 1.2 * figures.memory[0] + 10
