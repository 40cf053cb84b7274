from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from squareconnect import Address
from squareconnect.bulk import ExportReport
from squareconnect.cli.exporting import summary
from test.cli.answering import Answer, answering
from test.cli.program import run, shell

if TYPE_CHECKING:
    from collections.abc import Callable

    from test.cli.conftest import Square
    from test.cli.program import Done


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_writes_json_lines_to_stdout(square: Square, ran: Callable[..., Done]) -> None:
    ids = {str(square.create(given_name=name).id) for name in ("Ada", "Zoë")}
    done = ran("export", *square.target)
    assert (done.code, done.err) == (0, "Exported 2 customers to stdout.\n")
    assert {json.loads(line)["id"] for line in done.out.splitlines()} == ids
    assert ran("export", "--json", *square.target) == done


def test_writes_a_file_in_the_format_of_its_name(square: Square, ran: Callable[..., Done], folder: Path) -> None:
    square.create(given_name="Ada", phone_number="+44 20 7946 0000")
    assert ran("export", "all.csv", *square.target) == (0, "", "Exported 1 customer to all.csv.\n")
    (row,) = csv.DictReader((folder / "all.csv").read_text().splitlines())
    assert (row["given_name"], row["phone_number"]) == ("Ada", "+44 20 7946 0000")
    assert [path.name for path in folder.iterdir()] == ["all.csv"]


def test_writes_squares_own_columns(square: Square, ran: Callable[..., Done]) -> None:
    square.create(given_name="Ada", phone_number="+44 20 7946 0000")
    done = ran("export", "--format", "square", *square.target)
    (row,) = csv.DictReader(io.StringIO(done.out))
    assert len(row) == 23
    assert (row["First Name"], row["Phone Number"]) == ("Ada", "'+44 20 7946 0000")


def test_reports_as_json(square: Square, ran: Callable[..., Done], folder: Path) -> None:
    square.create()
    done = ran("export", "all.jsonl", "--json", *square.target)
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == {"customers": 1, "repeated": 0, "resumed": False}


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("csv", "given_name,address.locality,cards\nAda,London,[]\nZoë,,\n"),
        ("jsonl", '{"given_name": "Ada", "address": {"locality": "London"}, "cards": []}\n{"given_name": "Zoë"}\n'),
    ],
)
def test_writes_only_the_named_fields(form: str, written: str, ran: Callable[..., Done], square: Square) -> None:
    ada = {"given_name": "Ada", "address": {"locality": "London", "country": "GB"}, "cards": []}
    page = Answer(200, json={"customers": [{**one, "id": one["given_name"]} for one in (ada, {"given_name": "Zoë"})]})
    with answering(page) as url:
        done = ran("export", "--format", form, "--fields", "given-name,address.locality,cards", "--host", url)
    assert (done.code, done.out.replace("\r", "")) == (0, written)


def test_fields_cannot_be_chosen_with_squares_own_columns(square: Square, ran: Callable[..., Done]) -> None:
    done = ran("export", "--format", "square", "--fields", "id", *square.target)
    assert (done.code, done.out) == (2, "")
    assert "--fields cannot be used with --format square" in done.err


@pytest.mark.parametrize("name", ["all.csv", "all.jsonl"])
def test_its_file_can_be_imported_completely(name: str, square: Square, ran: Callable[..., Done], folder: Path) -> None:
    fields = {
        "given_name": "Ada",
        "note": 'Line\nbreak, "quotes"',
        "birthday": "1815-12-10",
        "address": {"locality": "London"},
    }
    square.create(**fields)
    assert ran("export", name, *square.target).code == 0
    square.api.delete_customer(square.ids()[0])
    assert ran("import", name, *square.target).code == 0
    (copy,) = square.customers()
    assert {key: getattr(copy, key) for key in ("given_name", "note", "birthday")} == {
        key: fields[key] for key in ("given_name", "note", "birthday")
    }
    assert copy.address == Address(locality="London")


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (["--resume"], 2, "--resume needs the name of a file"),
        (["none/all.csv"], 2, "There is no directory none"),
        (["."], 2, "is a directory"),
        (["--format", "xlsx"], 2, "invalid choice: 'xlsx'"),
    ],
)
def test_an_impossible_destination_is_reported(
    arguments: list[str], code: int, problem: str, square: Square, ran: Callable[..., Done], folder: Path
) -> None:
    done = ran("export", *arguments, *square.target)
    assert (done.code, done.out) == (code, "")
    assert problem in done.err
    assert list(folder.iterdir()) == []


def test_a_failing_server_is_reported_and_no_file_is_written(
    square: Square, ran: Callable[..., Done], folder: Path
) -> None:
    with answering(Answer(401, "UNAUTHORIZED")) as url:
        done = ran("export", "all.csv", "--host", url)
    assert done.code == 4
    assert "did not accept the access token" in done.err
    assert not (folder / "all.csv").exists()


def test_a_stopped_export_says_how_to_continue(
    square: Square, ran: Callable[..., Done], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["squareconnect"])
    page = Answer(200, json={"customers": [{"id": "A", "created_at": "", "updated_at": ""}], "cursor": "next"})
    with answering(page, Answer(403, "FORBIDDEN"), page, Answer(200)) as url:
        stopped = ran("export", "all.jsonl", "--host", url)
        assert stopped.code == 4
        assert stopped.err.splitlines()[0] == f"To continue: squareconnect export all.jsonl --host {url} --resume"
        done = ran("export", "all.jsonl", "--host", url, "--resume")
    assert done.code == 0
    assert [json.loads(line)["id"] for line in (folder / "all.jsonl").read_text().splitlines()] == ["A"]


def test_a_broken_pipe_ends_it_quietly(square: Square) -> None:
    for number in range(150):
        square.create(given_name=f"Ada {number}", note="x" * 1000)
    env = {**square.env, "URL": square.url}
    done = shell('square export --host "$URL" | head -n 1 | wc -l; echo "${PIPESTATUS[*]}"', env=env)
    assert done.out == "1\n0 0 0\n"
    assert done.err == ""


def test_a_full_disk_ends_with_75(square: Square) -> None:
    square.create()
    with Path("/dev/full").open("w") as full:
        done = run("export", *square.target, env=square.env, stdout=full)
    assert done.code == 75
    assert done.err.count("\n") == 1
    assert "No space left on device" in done.err


def test_a_closed_stdout_is_reported() -> None:
    done = shell("square export --emulator >&-; echo $?")
    assert (
        done == (0, "2\n", "squareconnect: there is no standard output to write to: name a FILE.\n") or done.out == ""
    )


def test_reports_customers_that_were_listed_twice() -> None:
    assert summary(ExportReport(2, 1, False), "x.csv") == (
        "Exported 2 customers to x.csv. 1 appeared twice in the listing and was written once."
    )
    assert summary(ExportReport(0, 3, False), "x.csv").endswith(
        " 3 appeared twice in the listing and were written once."
    )
