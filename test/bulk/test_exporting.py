from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import resource
import sqlite3
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.bulk_server import Square, running
from squareconnect.bulk import (
    ExportReport,
    InputError,
    JournalError,
    JournalInUse,
    Progress,
    Stopped,
    export_customers,
    import_customers,
    open_source,
)
from squareconnect.emulator.seeding import DASHBOARD_COLUMNS
from squareconnect.exceptions import ApiException
from squareconnect.models import Customer
from squareconnect.models._paths import selectable_paths
from test.bulk.helpers import api_of, async_api_of, people

if TYPE_CHECKING:
    from pathlib import Path


def have(square: Square, customers: list[dict[str, Any]]) -> None:
    """Create customers."""
    time = "2026-01-01T00:00:00.000Z"
    for number, customer in enumerate(customers):
        one = {"id": f"C{number}", "created_at": time, "updated_at": time, **customer}
        square.customers[one["id"]] = one


FULL: dict[str, Any] = {
    "given_name": "Zoë",
    "family_name": 'O"Neil, the second',
    "nickname": " Zo ",
    "company_name": "=1+1",
    "email_address": "zoe@example.com",
    "phone_number": "+1 212 555 4240",
    "reference_id": "r-1",
    "note": "two\r\nlines\rand one\n",
    "birthday": "0000-12-10",
    "address": {
        "address_line_1": "1 Road",
        "address_line_2": "Flat 2",
        "locality": "London",
        "administrative_district_level_1": "LND",
        "postal_code": "N1",
    },
}


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("form", ["jsonl", "csv", "square"])
def test_an_import_reads_everything_that_an_export_writes(square: Square, tmp_path: Path, form: str) -> None:
    have(square, [FULL, {"given_name": "Ada"}])
    file = tmp_path / ("out.jsonl" if form == "jsonl" else "out.csv")
    assert export_customers(api_of(square.host), file, format=form) == ExportReport(2, 0, False)
    assert [record.body for record in open_source(file).records()] == [FULL, {"given_name": "Ada"}]
    assert list(tmp_path.iterdir()) == [file]


def test_json_lines_have_everything_that_square_sends(square: Square, tmp_path: Path) -> None:
    have(square, [{"given_name": "Ada", "preferences": {"email_unsubscribed": True}, "later": {"x": [1]}}])
    export_customers(api_of(square.host), tmp_path / "out.jsonl")
    assert lines(tmp_path / "out.jsonl") == list(square.customers.values())


def test_squares_own_columns_are_those_of_its_dashboard(square: Square, tmp_path: Path) -> None:
    customers: list[dict[str, Any]] = [
        {"phone_number": "+12125554240", "creation_source": "THIRD_PARTY", "birthday": "1815-12-10T00:00:00-00:00"},
        {"given_name": "x", "preferences": {"email_unsubscribed": True}},
        {"given_name": "y", "preferences": {"email_unsubscribed": False}},
    ]
    have(square, customers)
    export_customers(api_of(square.host), tmp_path / "out.csv", format="square")
    with (tmp_path / "out.csv").open(newline="") as text:
        rows = list(csv.DictReader(text))
    assert list(rows[0]) == list(DASHBOARD_COLUMNS)
    assert (rows[0]["Phone Number"], rows[0]["Birthday"]) == ("'+12125554240", "1815-12-10")
    assert (rows[0]["Square Customer ID"], rows[0]["Creation Source"]) == ("C0", "THIRD_PARTY")
    assert [row["Email Subscription Status"] for row in rows] == ["", "Unsubscribed", "Subscribed"]


def test_a_customer_listed_twice_is_written_once(square: Square, tmp_path: Path) -> None:
    have(square, people(150))
    square.customers["again"] = square.customers["C5"]
    assert export_customers(api_of(square.host), tmp_path / "out.jsonl") == ExportReport(150, 1, False)
    assert len(lines(tmp_path / "out.jsonl")) == 150


def test_tasks_export_the_same_as_threads(square: Square, tmp_path: Path) -> None:
    have(square, people(250))
    seen: list[Progress] = []

    async def work() -> ExportReport:
        return await export_customers(async_api_of(square.host), tmp_path / "out.csv", progress=seen.append)

    assert asyncio.run(work()).customers == 250
    assert [progress.done for progress in seen] == [100, 200, 250]


class SeenEnough(Exception):  # noqa: N818
    """Raised when the test has seen enough."""


def stop_at(count: int) -> Any:
    def stop(progress: Progress) -> None:
        if progress.done >= count:
            raise SeenEnough

    return stop


@pytest.fixture
def save_each_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an export save each page at once."""
    monkeypatch.setattr("squareconnect.bulk.exporting._COMMIT_EVERY", 0.0)


@pytest.mark.usefixtures("save_each_page")
@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_an_export_continues_from_its_last_page(square: Square, tmp_path: Path, form: str) -> None:
    have(square, people(450))
    file = tmp_path / f"out.{form}"
    with pytest.raises(SeenEnough):
        export_customers(api_of(square.host), file, progress=stop_at(200))
    assert not file.exists()
    with (tmp_path / f"out.{form}.part").open("ab") as part:
        part.write(b"what was written when it was killed")
    square.requests = 0
    report = export_customers(api_of(square.host), file, resume=True)
    assert report == ExportReport(450, 0, True)
    assert square.requests == 3
    assert [record.body for record in open_source(file).records()] == people(450)
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.usefixtures("save_each_page")
def test_an_export_with_an_expired_cursor_restarts_and_writes_no_customer_twice(square: Square, tmp_path: Path) -> None:
    have(square, people(450))
    file = tmp_path / "out.jsonl"
    with pytest.raises(SeenEnough):
        export_customers(api_of(square.host), file, progress=stop_at(200))
    square.expired = {"200"}
    with pytest.raises(ApiException, match="INVALID_CURSOR"):
        export_customers(api_of(square.host), file, resume=True)
    square.expired = set()
    assert export_customers(api_of(square.host), file, resume=True).customers == 450
    assert sorted(one["id"] for one in lines(file)) == sorted(square.customers)


@pytest.mark.usefixtures("save_each_page")
def test_an_export_survives_one_expired_cursor(square: Square, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    have(square, people(450))
    answer = square.answer

    def expire(method: str, target: str, body: bytes) -> Any:
        if "cursor=300" in target and not square.keys:
            square.keys["expired"] = "once"
            return 400, {"errors": [{"category": "INVALID_REQUEST_ERROR", "code": "INVALID_CURSOR"}]}
        return answer(method, target, body)

    monkeypatch.setattr(square, "answer", expire)
    assert export_customers(api_of(square.host), tmp_path / "out.jsonl") == ExportReport(450, 300, False)
    assert len(lines(tmp_path / "out.jsonl")) == 450


def test_an_export_of_other_fields_is_not_continued(square: Square, tmp_path: Path) -> None:
    have(square, people(250))
    file = tmp_path / "out.jsonl"
    with pytest.raises(SeenEnough):
        export_customers(api_of(square.host), file, progress=stop_at(100), fields=["id", "given_name"])
    with pytest.raises(JournalError, match=r"as jsonl of id, given_name, not .* as jsonl: export without --resume"):
        export_customers(api_of(square.host), file, resume=True)
    export_customers(api_of(square.host), file, resume=True, fields=["id", "given_name"])
    assert {len(json.loads(line)) for line in file.read_text().splitlines()} == {2}


def test_every_field_of_a_customer_can_be_chosen(square: Square, tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    export_customers(api_of(square.host), file, fields=selectable_paths(Customer))
    assert {*Customer.swagger_types, "address.locality", "preferences.email_unsubscribed"} <= set(
        file.read_text().splitlines()[0].split(",")
    )


def test_an_export_starts_from_the_beginning_without_resume_or_without_saved_state(
    square: Square, tmp_path: Path
) -> None:
    have(square, people(250))
    file = tmp_path / "out.jsonl"
    with pytest.raises(SeenEnough):
        export_customers(api_of(square.host), file, progress=stop_at(100))
    assert export_customers(api_of(square.host), file) == ExportReport(250, 0, False)
    assert export_customers(api_of(square.host), file, resume=True) == ExportReport(250, 0, False)


@pytest.mark.usefixtures("save_each_page")
def test_the_saved_state_of_another_export_is_not_continued(square: Square, tmp_path: Path) -> None:
    have(square, people(250))
    file = tmp_path / "out.jsonl"
    with pytest.raises(SeenEnough):
        export_customers(api_of(square.host), file, progress=stop_at(100))
    with pytest.raises(JournalError, match=r"as jsonl, not .* as csv: export without --resume"):
        export_customers(api_of(square.host), file, resume=True, format="csv")
    (tmp_path / "out.jsonl.part").write_bytes(b"{}\n")
    with pytest.raises(JournalError, match=r"out\.jsonl\.part is shorter than it was when the export stopped"):
        export_customers(api_of(square.host), file, resume=True)
    (tmp_path / "out.jsonl.export").write_bytes(b"no database" * 1000)
    with pytest.raises(JournalError, match="is broken"):
        export_customers(api_of(square.host), file, resume=True)
    assert export_customers(api_of(square.host), file) == ExportReport(250, 0, False)


@pytest.mark.parametrize("resume", [True, False])
def test_two_exports_to_one_file_are_refused(square: Square, tmp_path: Path, resume: bool) -> None:
    have(square, people(150))
    file = tmp_path / "out.jsonl"

    def second(progress: Progress) -> None:
        with pytest.raises(JournalInUse, match="is in use by another export"):
            export_customers(api_of(square.host), file, resume=resume)

    assert export_customers(api_of(square.host), file, progress=second).customers == 150
    assert len(lines(file)) == 150


def test_an_export_goes_to_a_stream_or_a_fifo(square: Square, tmp_path: Path, capfdbinary: Any) -> None:
    have(square, [{"given_name": "Ada"}])
    stream = io.BytesIO()
    export_customers(api_of(square.host), stream, format="csv")
    assert b"Ada" in stream.getvalue()
    export_customers(api_of(square.host), "-")
    assert json.loads(capfdbinary.readouterr().out)["given_name"] == "Ada"
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    read: list[str] = []
    thread = threading.Thread(target=lambda: read.append(fifo.read_text()))
    thread.start()
    export_customers(api_of(square.host), fifo)
    thread.join()
    assert json.loads(read[0])["given_name"] == "Ada"


def test_impossible_destinations_and_options_are_refused(tmp_path: Path) -> None:
    api = api_of("http://127.0.0.1:1")
    cases: list[tuple[Any, dict[str, Any], str]] = [
        (tmp_path, {}, "is a directory"),
        (tmp_path / "nowhere" / "x", {}, "There is no directory"),
        ("x", {"format": "xml"}, "--format must be one of jsonl, csv, square, not 'xml'"),
        ("-", {"resume": True}, "--resume needs the name of a file"),
        ("x", {"fields": ["notes"]}, "--fields: 'notes' is not a field of a customer. Did you mean 'note'?"),
        ("x", {"fields": ["id"], "format": "square"}, "--fields cannot be used with --format square"),
    ]
    for destination, options, said in cases:
        with pytest.raises(InputError, match=said):
            export_customers(api, destination, **options)
    (tmp_path / "x.part").mkdir()
    with pytest.raises(InputError, match="cannot be written: Is a directory"):
        export_customers(api, tmp_path / "x")
    (tmp_path / "y.export").mkdir()
    with pytest.raises(InputError, match=r"y\.export cannot be written \(unable to open database file\): name a file"):
        export_customers(api, tmp_path / "y", resume=True)
    with pytest.raises(TypeError, match="api must be"):
        export_customers("api", "x")  # type: ignore[call-overload]


class BrokenStream(io.BytesIO):
    """A stream whose reader is gone."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self._error = error

    def write(self, data: Any) -> int:
        raise self._error


def test_a_broken_pipe_raises_the_systems_error_and_a_full_disk_is_explained(square: Square) -> None:
    with pytest.raises(BrokenPipeError):
        export_customers(api_of(square.host), BrokenStream(BrokenPipeError(32, "Broken pipe")), format="csv")
    with pytest.raises(Stopped, match=r"The export cannot be written: No space left on device\. Make room"):
        export_customers(api_of(square.host), BrokenStream(OSError(28, "No space left on device")), format="csv")


def test_a_state_that_cannot_be_saved_stops_the_export(square: Square, tmp_path: Path) -> None:
    have(square, people(1))

    def fail(progress: Progress) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(Stopped, match=r"The export cannot be saved \(database or disk is full\): make room"):
        export_customers(api_of(square.host), tmp_path / "out.jsonl", progress=fail)


FULL_DISK = """
import resource, sys
from squareconnect.bulk import Stopped, export_customers
from squareconnect.bulk import exporting
from test.bulk.helpers import api_of
exporting._COMMIT_EVERY = 0.0
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
try:
    export_customers(api_of(sys.argv[1]), sys.argv[2])
except Stopped as stopped:
    print(stopped)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="the system has no limit on the size of files")
@pytest.mark.parametrize(("room", "note"), [(60_000, "x" * 200), (50_000, ""), (1_000, "")])
def test_a_full_disk_stops_the_export_and_loses_nothing(square: Square, tmp_path: Path, room: int, note: str) -> None:
    have(square, people(1000, note=note))
    command = [sys.executable, "-c", FULL_DISK, square.host, str(tmp_path / "out.jsonl"), str(room)]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    assert ("export again with --resume" if room > 1_000 else "make room, and run the same again") in said
    assert export_customers(api_of(square.host), tmp_path / "out.jsonl", resume=True).customers == 1000
    assert sorted(one["id"] for one in lines(tmp_path / "out.jsonl")) == sorted(square.customers)


def test_a_cancelled_export_stops(square: Square, tmp_path: Path) -> None:
    have(square, people(3000))
    square.delay = 0.01

    async def work() -> None:
        task = asyncio.ensure_future(export_customers(async_api_of(square.host), tmp_path / "out.jsonl"))
        while square.requests < 3:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(work())
    assert not (tmp_path / "out.jsonl").exists()


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=50)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.fixed_dictionaries({"given_name": TEXTS, "note": TEXTS}), min_size=1, max_size=5))
def test_every_text_survives_a_round_trip(square: Square, tmp_path: Path, customers: list[dict[str, Any]]) -> None:
    square.customers.clear()
    have(square, customers)
    for name in ("out.csv", "out.jsonl"):
        export_customers(api_of(square.host), tmp_path / name)
        assert [record.body for record in open_source(tmp_path / name).records()] == customers


def test_characters_that_a_file_cannot_hold_do_not_stop_an_export(square: Square, tmp_path: Path) -> None:
    have(square, [{"given_name": "half \ud800 of a pair"}, {"given_name": "a \x00"}])
    export_customers(api_of(square.host), tmp_path / "out.jsonl")
    assert lines(tmp_path / "out.jsonl")[0]["given_name"] == "half \ud800 of a pair"
    export_customers(api_of(square.host), tmp_path / "out.csv")
    bodies = [record.body for record in open_source(tmp_path / "out.csv").records()]
    assert bodies == [{"given_name": "half ? of a pair"}, {"given_name": "a "}]


def test_an_exported_directory_can_be_imported_elsewhere(square: Square, tmp_path: Path) -> None:
    have(square, [FULL, *people(20)])
    export_customers(api_of(square.host), tmp_path / "out.jsonl")
    with running(Square()) as other:
        report = import_customers(
            open_source(tmp_path / "out.jsonl"), api_of(other.host), journal=tmp_path / "j", concurrency=1
        )
        made = list(other.customers.values())
    assert report.created == 21
    assert made[0] == {**made[0], **FULL}
    assert report.unused == ("id", "created_at", "updated_at")
