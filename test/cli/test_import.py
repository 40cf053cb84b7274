from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from squareconnect import Address
from squareconnect.bulk import ImportReport, open_source
from squareconnect.cli.import_run import code_of, ended
from test.cli.answering import Answer, answering
from test.cli.program import LONGEST, Done, command, environment, run, shell

if TYPE_CHECKING:
    from collections.abc import Callable

    from test.cli.conftest import Square

PEOPLE = """\
First Name,Last Name,E-mail,Phone Number,City,Birthday,Shoe size
Ada,Lovelace,ada@example.com,'+44 20 7946 0000,London,12-10,37
Grace,Hopper,not an address,,New York,,
Alan,Turing,alan@example.com,,,,44
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of the program, with the file `people.csv`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "people.csv").write_text(PEOPLE)
    return tmp_path


@pytest.fixture
def imported(square: Square, folder: Path, ran: Callable[..., Done]) -> Callable[..., Done]:
    """A function that runs an import into the local Square."""

    def run(*arguments: str) -> Done:
        return ran("import", *arguments, *square.target)

    return run


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class TestAnImport:
    def test_creates_customers_and_reports_the_outcome_of_the_rows(
        self, square: Square, folder: Path, imported: Callable[..., Done]
    ) -> None:
        done = imported("people.csv", "--map", "E-mail=email_address", "--set", "note=From the shop")
        assert (done.code, done.out) == (3, "")
        lines = done.err.splitlines()
        assert lines.pop(2).startswith("Row 3 was refused: INVALID_EMAIL_ADDRESS at email_address: Expected ")
        assert lines == [
            "Not imported, because they are not fields of a customer: Shoe size.",
            "Rows: 2 created, 1 refused.",
            "All refused rows are written to a file if you run the same command with --errors FILE.",
            "Journal: people.csv.journal",
        ]
        ada, alan = sorted(square.customers(), key=lambda one: str(one.given_name))
        assert (ada.phone_number, ada.note, ada.email_address) == (
            "+44 20 7946 0000",
            "From the shop",
            "ada@example.com",
        )
        assert ada.address == Address(locality="London")
        assert alan.family_name == "Turing"

    def test_run_again_creates_no_customer_twice_and_writes_the_errors(
        self, square: Square, folder: Path, imported: Callable[..., Done]
    ) -> None:
        imported("people.csv", "--map", "E-mail=email-address")
        done = imported("people.csv", "--map", "E-mail=email_address", "--errors", "errors.csv")
        assert done.code == 3
        assert "Refused rows: errors.csv" in done.err
        assert len(square.ids()) == 2
        (row,) = csv.DictReader((folder / "errors.csv").read_text().splitlines())
        assert (row["First Name"], row["_row"], row["_field"]) == ("Grace", "3", "email_address")
        corrected = (folder / "errors.csv").read_text().replace("not an address", "grace@example.com")
        (folder / "errors.csv").write_text(corrected)
        assert imported("errors.csv", "--map", "E-mail=email_address").code == 0
        assert {one.given_name for one in square.customers()} == {"Ada", "Alan", "Grace"}

    def test_reports_as_json(self, square: Square, folder: Path, imported: Callable[..., Done]) -> None:
        done = imported("people.csv", "--map", "E-mail=email_address", "--json", "--journal", "j")
        assert (done.code, done.err) == (3, "")
        report = json.loads(done.out)
        assert (report["created"], report["refused"], report["left"], report["journal"]) == (2, 1, 0, "j")
        assert report["unused"] == ["Shoe size"]
        assert report["errors"][0]["row"] == 3

    def test_matches_existing_customers(self, square: Square, folder: Path, imported: Callable[..., Done]) -> None:
        square.create(given_name="Old", email_address="ada@example.com")
        (folder / "two.csv").write_text("given_name,email_address\nAda,ada@example.com\nAlan,alan@example.com\n")
        skipped = imported("two.csv", "--match", "email_address", "--journal", "1")
        assert (skipped.code, skipped.err.splitlines()[0]) == (0, "Rows: 1 created, 1 skipped.")
        updated = imported("two.csv", "--match", "email_address", "--on-match", "update", "--journal", "2")
        assert (updated.code, updated.err.splitlines()[0]) == (0, "Rows: 0 created, 2 updated.")
        assert {one.given_name for one in square.customers()} == {"Ada", "Alan"}
        assert imported("two.csv", "--match", "email_address", "--on-match", "fail", "--journal", "3").code == 3

    def test_into_an_emulator_leaves_no_file(self, folder: Path, ran: Callable[..., Done]) -> None:
        for _ in range(2):
            done = ran("import", "people.csv", "--map", "E-mail=email_address", "--emulator", "--json")
            assert done.code == 3
            assert json.loads(done.out)["created"] == 2
        assert "Journal" not in ran("import", "people.csv", "--map", "E-mail=email_address", "--emulator").err
        assert names_in(folder) == ["people.csv"]
        ran("import", "people.csv", "--map", "E-mail=email_address", "--emulator", "--journal", "kept")
        assert names_in(folder) == ["kept", "people.csv"]

    def test_requires_a_target(self, folder: Path, ran: Callable[..., Done]) -> None:
        done = ran("import", "people.csv")
        assert done.code == 2
        assert "'import' changes data: name the target" in done.err


SQUARES_OWN = """\
Reference ID,First Name,Surname,Email Address,Phone Number,Nickname,Company Name,Street Address 1,Street Address 2,\
City,State,Postal Code,Birthday,Memo,Square Customer ID,Creation Source,First Visit,Last Visit,Transaction Count,\
Lifetime Spend,Email Subscription Status,Instant Profile,Blocked from online booking,Shoe size
r1,Ada,Lovelace,ada@example.com,'+44 20 7946 0000,Countess,Engines Ltd,12 St James's Square,Flat 2,London,\
England,SW1Y 4JH,1815-12-10,"Wrote the first
program",SQ1,Directory,2019-01-01,2019-06-12,3,$12.00,Unsubscribed,No,No,37
"""


def test_squares_own_export_is_imported_unchanged(square: Square, folder: Path, imported: Callable[..., Done]) -> None:
    (folder / "export.csv").write_text(SQUARES_OWN)
    done = imported("export.csv")
    assert done.code == 0
    unused = done.err.splitlines()[0]
    assert unused.startswith(
        "Not imported, because they are not fields of a customer: Square Customer ID, Creation Source"
    )
    assert unused.count("Shoe size") == 1
    (ada,) = square.customers()
    assert (ada.reference_id, ada.given_name, ada.family_name, ada.nickname) == ("r1", "Ada", "Lovelace", "Countess")
    assert (ada.email_address, ada.phone_number) == ("ada@example.com", "+44 20 7946 0000")
    assert (ada.company_name, ada.note, ada.birthday) == ("Engines Ltd", "Wrote the first\nprogram", "1815-12-10")
    assert ada.address == Address(
        address_line_1="12 St James's Square",
        address_line_2="Flat 2",
        locality="London",
        administrative_district_level_1="England",
        postal_code="SW1Y 4JH",
    )


class TestADryRun:
    def test_says_what_would_be_done_and_sends_nothing(
        self, square: Square, folder: Path, ran: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("SQUARE_ACCESS_TOKEN")
        with (folder / "people.csv").open("a") as people:
            people.write("Ada,Lovelace,ada@example.com,'+44 20 7946 0000,London,12-10,37\n")
        done = ran("import", "people.csv", "--dry-run", "--map", "E-mail=email_address")
        assert (done.code, done.err) == (3, "")
        lines = done.out.splitlines()
        assert lines[0] == "4 rows, 3 to send. Nothing was sent."
        assert "Column E-mail: email_address" in lines
        assert "Not imported, because they are not fields of a customer: Shoe size" in lines
        assert json.loads(lines[8].removeprefix("Request: "))["address"] == {"locality": "London"}
        assert lines[11].startswith("Refused: 1 row, the first is row 3: INVALID_EMAIL_ADDRESS at email_address: ")
        assert lines[12] == "Duplicates: 1 row with everything of an earlier row"
        assert lines[13] == "Duplicates: 1 row with the email_address of an earlier row"
        assert [line.partition(":")[0] for line in lines[-3:]] == [
            f"Time at {rate} requests per second" for rate in (5, 10, 25)
        ]
        assert square.ids() == []
        assert names_in(folder) == ["people.csv"]

    def test_is_reported_as_json(self, folder: Path, ran: Callable[..., Done]) -> None:
        (folder / "people.jsonl").write_text('{"given_name": "Ada"}\n')
        done = ran("import", "people.jsonl", "--dry-run", "--json")
        assert (done.code, done.err) == (0, "")
        planned = json.loads(done.out)
        assert (planned["rows"], planned["bodies"], planned["refusals"]) == (1, [{"given_name": "Ada"}], [])

    def test_shows_five_requests_and_the_time_that_all_take(self, folder: Path, ran: Callable[..., Done]) -> None:
        (folder / "many.csv").write_text("given_name\n" + "".join(f"Ada {number}\n" for number in range(600)))
        lines = ran("import", "many.csv", "--dry-run").out.splitlines()
        requests = [line.removeprefix("Request: ") for line in lines if line.startswith("Request: ")]
        assert requests == [f'{{"given_name": "Ada {number}"}}' for number in range(5)]
        assert [line.partition(": ")[2] for line in lines[-3:]] == ["2 min 0 s", "1 min 0 s", "24 s"]

    def test_of_stdin_keeps_no_copy(self, folder: Path) -> None:
        done = run("import", "-", "--dry-run", given="given_name\nAda\n", cwd=folder)
        assert (done.code, done.out.splitlines()[0]) == (0, "1 row, 1 to send. Nothing was sent.")
        assert names_in(folder) == ["people.csv"]


class TestInputThatCannotBeReadTwice:
    def test_comes_from_stdin(self, square: Square, folder: Path) -> None:
        for _ in range(2):
            done = run("import", "-", *square.target, given="given_name\nAda\n", env=square.env, cwd=folder)
            assert (done.code, done.out) == (0, "")
            assert done.err == "Rows: 1 created.\nJournal: squareconnect.journal\n"
        assert len(square.ids()) == 1
        assert names_in(folder) == ["people.csv", "squareconnect.journal"]

    def test_comes_from_a_fifo(self, square: Square, folder: Path, imported: Callable[..., Done]) -> None:
        os.mkfifo("fifo")
        writer = threading.Thread(target=Path("fifo").write_text, args=("given_name\nAda\n",))
        writer.start()
        done = imported("fifo")
        writer.join()
        assert done.code == 0
        assert names_in(folder) == ["fifo", "fifo.journal", "people.csv"]

    def test_is_missing_if_stdin_is_closed(self, folder: Path) -> None:
        done = shell("square import - --emulator <&-; echo $?")
        assert done == (0, "2\n", "squareconnect: there is no standard input to read: name a FILE.\n")


@pytest.mark.parametrize(
    ("arguments", "content", "problem"),
    [
        ([], b"", "people.csv"),
        ([], b"given_name,given_name\nA,B\n", "2 columns named 'given_name'"),
        ([], b"given_name\nAda\nZo\xeb\n", "line 3"),
        ([], b"given_name\nA\x00da\n", "NUL"),
        (["--encoding", "klingon"], b"given_name\nAda\n", "--encoding"),
        (["--delimiter", "ab"], b"given_name\nAda\n", "--delimiter"),
        (["--map", "Nome=given_name"], b"Name\nAda\n", "--map: there is no column 'Nome'. Did you mean 'Name'?\n"),
        (["--map", "Name=given_nam"], b"Name\nAda\n", "Did you mean 'given_name'?"),
        (["--set", "notes=x"], b"given_name\nAda\n", "Did you mean 'note'?"),
        (["--map", "Name"], b"Name\nAda\n", "it must be COLUMN=FIELD, such as E-mail=email_address, not 'Name'"),
        (["--set", "note"], b"Name\nAda\n", "it must be FIELD=TEXT, such as note=Imported, not 'note'"),
        (["--rate", "0"], b"given_name\nAda\n", "rate must be"),
        (["--rate", "fast"], b"given_name\nAda\n", "argument --rate: invalid float value: 'fast'"),
    ],
)
def test_an_input_that_cannot_be_imported_is_explained_in_one_sentence(
    arguments: list[str], content: bytes, problem: str, square: Square, folder: Path, imported: Callable[..., Done]
) -> None:
    (folder / "people.csv").write_bytes(content)
    done = imported("people.csv", *arguments)
    assert (done.code, done.out) == (2, "")
    assert problem in done.err
    assert done.err.count("\n") == 1
    assert not done.err.endswith("..\n")
    assert square.ids() == []


@pytest.mark.parametrize("name", ["none/errors.csv", ".", "e" * 252, "people.csv", "people.csv.journal"])
def test_a_file_for_refused_rows_that_cannot_be_written_is_reported_first(
    name: str, square: Square, folder: Path, imported: Callable[..., Done]
) -> None:
    done = imported("people.csv", "--map", "E-mail=email_address", "--errors", name)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("squareconnect: --errors must ")
    assert square.ids() == []
    assert names_in(folder) == ["people.csv"]


def test_an_input_named_like_an_incomplete_error_file_is_kept(
    square: Square, folder: Path, imported: Callable[..., Done]
) -> None:
    (folder / "e.csv.part").write_text("given_name\nAda\n")
    done = imported("e.csv.part", "--errors", "e.csv")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "squareconnect: --errors must not be e.csv, which is e.csv.part until it is complete: name another file.\n"
    )
    assert (folder / "e.csv.part").read_text() == "given_name\nAda\n"
    assert square.ids() == []


def test_refused_rows_replace_a_loop_of_links(folder: Path, imported: Callable[..., Done]) -> None:
    (folder / "errors.csv").symlink_to("errors.csv")
    assert imported("people.csv", "--map", "E-mail=email_address", "--errors", "errors.csv").code == 3
    assert (folder / "errors.csv").read_text().startswith("First Name,")


def test_the_report_is_printed_even_if_refused_rows_cannot_be_written(
    folder: Path, imported: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    def checked(*arguments: object) -> None:
        (folder / "errors.csv.part").mkdir()

    monkeypatch.setattr("squareconnect.cli.import_run.check_errors_file", checked)
    done = imported("people.csv", "--map", "E-mail=email_address", "--errors", "errors.csv")
    assert done.code == 75
    assert "Rows: 2 created, 1 refused." in done.err
    assert done.err.splitlines()[-1].startswith("squareconnect: The refused rows cannot be written to errors.csv")


def test_an_input_that_a_user_names_is_never_removed(
    square: Square, folder: Path, imported: Callable[..., Done]
) -> None:
    (folder / "j.input").write_text("given_name\nAda\n")
    assert imported("j.input", "--journal", "j").code == 0
    assert names_in(folder) == ["j", "j.input", "people.csv"]


def test_a_tab_can_be_named(square: Square, folder: Path, imported: Callable[..., Done]) -> None:
    (folder / "tabs.txt").write_text("given_name\tnote\nAda\ta,b;c\n")
    assert imported("tabs.txt", "--delimiter", "\\t").code == 0
    assert square.customers()[0].note == "a,b;c"


def test_a_missing_file_is_reported(imported: Callable[..., Done]) -> None:
    assert imported("none.csv") == (2, "", "squareconnect: none.csv cannot be read: No such file or directory.\n")


def test_the_journal_of_another_file_is_reported(folder: Path, imported: Callable[..., Done]) -> None:
    (folder / "one.csv").write_text("given_name\nAda\n")
    (folder / "two.csv").write_text("given_name\nAlan\n")
    imported("one.csv", "--journal", "j")
    done = imported("two.csv", "--journal", "j")
    assert (done.code, done.out) == (1, "")
    assert "belongs to another input" in done.err
    assert "another journal and --match" in done.err
    assert done.err.count("\n") == 1


class TestAnImportThatStops:
    def test_says_how_to_continue(
        self, square: Square, folder: Path, ran: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "argv", ["squareconnect"])
        (folder / "my people.csv").write_text("given_name\nAda\nAlan\n")
        with answering(Answer(401, "UNAUTHORIZED")) as url:
            done = ran("import", "my people.csv", "--host", url)
        assert (done.code, done.out) == (4, "")
        assert done.err.splitlines() == [
            "Rows: 0 created, 2 left.",
            "Journal: my people.csv.journal",
            f"To continue: squareconnect import 'my people.csv' --host {url}",
            f"squareconnect: {url} did not accept the access token (UNAUTHORIZED: As told): "
            "check SQUARE_ACCESS_TOKEN and the target.",
        ]
        assert ran("import", "my people.csv", *square.target).code == 0
        assert len(square.ids()) == 2

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
    def test_by_a_signal_continues_where_it_stopped(self, number: signal.Signals, square: Square, folder: Path) -> None:
        (folder / "many.csv").write_text("given_name\n" + "".join(f"Ada {number}\n" for number in range(60)))
        words = command("import", "many.csv", "--rate", "40", *square.target)
        with subprocess.Popen(
            words, env=environment(**square.env), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as process:
            deadline = time.monotonic() + LONGEST
            while len(square.ids()) < 5 and time.monotonic() < deadline:
                time.sleep(0.01)
            process.send_signal(number)
            _, err = process.communicate(timeout=LONGEST)
        assert process.returncode == (130 if number == signal.SIGINT else -number)
        assert ("To continue: " in err) is (number == signal.SIGINT)
        assert "Traceback" not in err
        assert 5 <= len(square.ids()) < 60
        done = run("import", "many.csv", *square.target, env=square.env, cwd=folder)
        assert (done.code, done.err.splitlines()[0]) == (0, "Rows: 60 created.")
        assert sorted(str(one.given_name) for one in square.customers()) == sorted(f"Ada {n}" for n in range(60))

    def test_because_the_server_is_unreachable_ends_with_75(
        self, square: Square, folder: Path, ran: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("squareconnect.bulk.engine.PATIENCE", 0.2)
        (folder / "one.csv").write_text("given_name\nAda\n")
        with answering(Answer(200)) as url:
            pass
        done = ran("import", "one.csv", "--host", url)
        assert (done.code, done.out) == (75, "")
        assert "Rows: 0 created, 1 left." in done.err
        assert "To continue: " in done.err
        assert done.err.splitlines()[-1].startswith("squareconnect: Nothing has succeeded for ")

    def test_because_the_disk_is_full_ends_with_75(self, square: Square, folder: Path) -> None:
        (folder / "many.csv").write_text("given_name\n" + "".join(f"Ada {number}\n" for number in range(700)))
        # No file may grow beyond 40 KiB, not even those of bytecode and coverage.
        env = {**square.env, "URL": square.url, "PYTHONDONTWRITEBYTECODE": "1"}
        done = shell('unset ${!COV@}; ulimit -f 40; square import many.csv --host "$URL"; echo $?', env=env)
        assert done.out == "75\n"
        assert "cannot be written" in done.err
        assert "Traceback" not in done.err
        assert run("import", "many.csv", *square.target, env=square.env, cwd=folder).code == 0
        assert len(square.ids()) == 700

    def test_because_the_journal_is_in_use_ends_with_75(
        self, square: Square, folder: Path, imported: Callable[..., Done]
    ) -> None:
        with answering(None) as url:
            words = command("import", "people.csv", "--map", "E-mail=email_address", "--host", url)
            with subprocess.Popen(words, env=environment(**square.env), stderr=subprocess.DEVNULL) as process:
                deadline = time.monotonic() + LONGEST
                while not (folder / "people.csv.journal").exists() and time.monotonic() < deadline:
                    time.sleep(0.01)
                time.sleep(0.2)
                done = imported("people.csv", "--map", "E-mail=email_address")
                process.kill()
        assert (done.code, done.out) == (75, "")
        assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("report", "code"),
    [
        (ImportReport(created=5, updated=1, skipped=1), 0),
        (ImportReport(created=5, refused=1), 3),
        (ImportReport(refused=1, unknown=1), 75),
        (ImportReport(left=1), 75),
    ],
)
def test_the_exit_code_shows_the_outcome_of_the_rows(report: ImportReport, code: int) -> None:
    assert code_of(report) == code


def test_rows_of_unknown_outcome_keep_the_copy_of_the_input(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["squareconnect"])
    (folder / "j.input").write_text("given_name\nAda\n")
    source = open_source(folder / "j.input", format="csv")
    options = Namespace(errors=None, json=False, file="-", target="sandbox", journal=None, words=["import", "-"])
    assert ended(options, source, folder / "j", ImportReport(created=1, unknown=1)) == 75
    assert (folder / "j.input").exists()
    assert capsys.readouterr().err.splitlines() == [
        "Rows: 1 created, 1 unknown.",
        f"Journal: {folder}/j",
        "To continue with the same input: squareconnect import -",
    ]


def test_a_failure_to_print_the_report_is_reported(folder: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = run("import", "people.csv", "--emulator", "--json", stdout=full)
    assert done.code == 1
    assert done.err == "squareconnect: cannot use the output: No space left on device\n"
