"""An export to files of limited size, which is stopped and killed."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

import pytest

from benchmarks.bulk_server import Square, running
from squareconnect.bulk import AdaptivePace, ExportReport, JournalError, Progress, Stopped
from squareconnect.bulk.exporting import export_parts
from test.bulk.helpers import api_of, people

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from squareconnect import CustomersApi


class Killed(BaseException):
    """The end of the process: nothing runs after it."""


class KillingPace(AdaptivePace):
    """Lets some requests through, then kills the process.

    :param requests: how many.
    """

    def __init__(self, requests: int) -> None:
        super().__init__()
        self.requests = requests

    def take(self) -> float:
        if self.requests == 0:
            raise Killed
        wait = super().take()
        self.requests -= wait == 0
        return wait


@pytest.fixture
def api() -> Iterator[CustomersApi]:
    square = Square()
    for body in people(1050):
        square.answer("POST", "/v2/customers", json.dumps(body).encode())
    with running(square):
        yield api_of(square.host)


def exported(
    api: CustomersApi,
    folder: Path,
    rows_per_file: int = 300,
    pace: AdaptivePace | None = None,
    progress: Callable[[Progress], object] = lambda progress: None,
    **constants: str,
) -> ExportReport:
    return export_parts(
        api,
        folder,
        rows_per_file=rows_per_file,
        constants=constants,
        pace=pace or AdaptivePace(),
        progress=progress,
    )


def ids_in(folder: Path) -> list[list[str]]:
    paths = sorted(folder.glob("*.jsonl"))
    return [[json.loads(line)["id"] for line in path.read_text().splitlines()] for path in paths]


def check_complete(folder: Path) -> None:
    ids = ids_in(folder)
    assert [len(one) for one in ids] == [300, 300, 300, 150]
    assert len({each for one in ids for each in one}) == 1050
    assert not list(folder.glob("*.part"))


@pytest.mark.parametrize("requests", [0, 1, 3, 4, 7, 10])
@pytest.mark.parametrize("always", [False, True], ids=["seldom on disk", "always on disk"])
def test_a_killed_export_continues_and_has_every_customer_once(
    api: CustomersApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, requests: int, always: bool
) -> None:
    monkeypatch.setattr("squareconnect.bulk.exporting._COMMIT_EVERY", 0.0 if always else 60.0)
    with pytest.raises(Killed):
        exported(api, tmp_path, pace=KillingPace(requests))
    for named in ids_in(tmp_path):
        assert len(named) == 300
    assert exported(api, tmp_path).customers == 1050
    check_complete(tmp_path)


def test_an_export_that_cannot_be_saved_says_how_to_continue(api: CustomersApi, tmp_path: Path) -> None:
    def fail(progress: Progress) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(Stopped, match=r"disk is full\): make room, and run the same again$"):
        exported(api, tmp_path, progress=fail)
    assert exported(api, tmp_path).customers == 1050


def test_a_stopped_export_has_kept_each_page(api: CustomersApi, tmp_path: Path) -> None:
    pages = 0

    def stop(progress: Progress) -> None:
        nonlocal pages
        pages += 1
        raise Stopped("enough")

    while True:
        try:
            report = exported(api, tmp_path, progress=stop)
        except Stopped:
            continue
        break
    assert pages == 11
    assert report == ExportReport(1050, 0, True)
    check_complete(tmp_path)


@pytest.mark.parametrize("before", [0, 3], ids=["the last file", "all files"])
def test_complete_files_get_their_names_after_a_kill(api: CustomersApi, tmp_path: Path, before: int) -> None:
    exported(api, tmp_path)
    for path in sorted(tmp_path.glob("*.jsonl"))[-1 - before :]:
        path.rename(f"{path}.part")
    assert exported(api, tmp_path) == ExportReport(1050, 0, True)
    check_complete(tmp_path)


def test_a_file_has_whole_pages_and_the_name_of_its_account(api: CustomersApi, tmp_path: Path) -> None:
    exported(api, tmp_path, rows_per_file=250, account="north")
    assert [len(one) for one in ids_in(tmp_path)] == [300, 300, 300, 150]
    line = json.loads((tmp_path / "part-00000.jsonl").read_text().splitlines()[0])
    assert line["account"] == "north"
    with pytest.raises(JournalError, match="The export that stopped was from"):
        exported(api, tmp_path, rows_per_file=250, account="south")


def test_a_customer_listed_twice_is_written_once_and_counted_over_all_runs(api: CustomersApi, tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        raise Stopped("enough")

    with pytest.raises(Stopped):
        exported(api, tmp_path, progress=stop)
    assert exported(api, tmp_path) == ExportReport(1050, 0, True)
