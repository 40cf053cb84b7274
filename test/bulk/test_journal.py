from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.bulk_server import Square, running
from squareconnect.bulk import (
    InputError,
    JournalError,
    JournalInUse,
    Progress,
    import_customers,
    journal_errors,
    journal_report,
)
from squareconnect.bulk.journal import Journal
from squareconnect.bulk.source import RowsSource
from test.bulk.helpers import api_of, people


def loaded(path: Path, count: int) -> Journal:
    """Return a journal with rows."""
    journal = Journal(path)
    journal.load(RowsSource(people(count)), {"match": "none"}, lambda progress: None)
    return journal


def test_other_users_cannot_read_a_journal(tmp_path: Path) -> None:
    with Journal(tmp_path / "j"):
        assert (tmp_path / "j").stat().st_mode & 0o777 == 0o600


def test_a_row_is_marked_as_sent_on_disk_before_it_is_handed_out(tmp_path: Path) -> None:
    journal = loaded(tmp_path / "j", 5)
    with journal.change():
        rows = journal.claim(3)
    assert [row.number for row in rows] == [1, 2, 3]
    copy = tmp_path / "copy"
    copy.write_bytes((tmp_path / "j").read_bytes())
    Path(f"{copy}-wal").write_bytes(Path(f"{tmp_path / 'j'}-wal").read_bytes())
    with Journal(copy) as seen:
        assert [result.state for result in seen.results()] == ["sent", "sent", "sent", "pending", "pending"]
    journal.close()


def test_keys_differ_by_row_and_by_import_but_not_by_try(tmp_path: Path) -> None:
    one, other = loaded(tmp_path / "one", 3), loaded(tmp_path / "other", 3)
    with one.change(), other.change():
        keys = [row.key for row in one.claim(9)]
        others = [row.key for row in other.claim(9)]
    assert len({*keys, *others}) == 6
    assert all(len(key) <= 45 for key in keys)
    with one.change():
        again = one.claim(9)
    assert [row.key for row in again] == keys
    assert all(row.sent_before for row in again)
    one.close()
    other.close()


def test_a_row_keeps_the_time_at_which_it_was_first_sent(tmp_path: Path) -> None:
    now = 1000.0
    journal = loaded(tmp_path / "j", 1)
    journal.now = lambda: now
    with journal.change():
        assert journal.claim(1)[0].sent_at == 1000.0
    now = 2000.0
    with journal.change():
        assert journal.claim(1)[0].sent_at == 1000.0
        journal.make_pending([1])
    with journal.change():
        assert journal.claim(1)[0][4:] == (2000.0, False)
    journal.close()


def test_a_change_that_fails_is_undone(tmp_path: Path) -> None:
    journal = loaded(tmp_path / "j", 2)

    def fail() -> None:
        with journal.change():
            journal.claim(2)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert {result.state for result in journal.results()} == {"pending"}
    journal.close()


def test_interrupted_reading_starts_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")

    def stop(progress: Progress) -> None:
        raise KeyError

    with pytest.raises(KeyError):
        journal.load(RowsSource(people(3)), {"match": "none"}, stop)
    journal.close()
    journal = loaded(tmp_path / "j", 2)
    assert journal.total() == 2
    journal.close()


def test_a_journal_in_use_is_refused(tmp_path: Path) -> None:
    with (
        Journal(tmp_path / "j"),
        pytest.raises(JournalInUse, match="is in use by another import: wait until that one ends"),
    ):
        Journal(tmp_path / "j")


def test_a_journal_in_use_by_another_process_is_refused_until_that_process_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys; from squareconnect.bulk.journal import Journal; journal = Journal(sys.argv[1]); "
        "print(flush=True); input()"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "j")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(JournalInUse):
            Journal(tmp_path / "j")
        process.kill()
    Journal(tmp_path / "j").close()


def test_a_journal_in_use_stays_so_for_other_processes_after_this_one_has_tried_it_again(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; from squareconnect.bulk.journal import Journal; Journal(sys.argv[1])"]
    with Journal(tmp_path / "j"):
        with pytest.raises(JournalInUse):
            Journal(tmp_path / "j")
        done = subprocess.run([*command, str(tmp_path / "j")], capture_output=True, text=True, check=False)
        assert "JournalInUse" in done.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"x", "is not a journal, or is broken: name another file"),
        (b"SQLite format 3", "is not a journal, or is broken: name another file"),
        (b"no database" * 1000, "is not a journal, or is broken: name another file"),
        (b"SQLite format 3\x00", "is broken.* restore it from a copy, or start again"),
        (b"SQLite format 3\x00" + b"\xff" * 5000, "is broken.* restore it from a copy, or start again"),
    ],
)
def test_a_file_that_is_not_a_journal_is_refused_and_not_changed(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "j").write_bytes(content)
    with pytest.raises(JournalError, match=said):
        Journal(tmp_path / "j")
    assert (tmp_path / "j").read_bytes() == content
    assert list(tmp_path.iterdir()) == [tmp_path / "j"]


def test_an_empty_file_is_a_new_journal(tmp_path: Path) -> None:
    (tmp_path / "j").touch()
    with running(Square()) as square:
        assert import_customers(people(2), api_of(square.host), journal=tmp_path / "j").created == 2


KILLED = """
import os, sys
from squareconnect.bulk import import_customers
from test.bulk.helpers import api_of, people


def die_at_the_end(progress):
    if (progress.phase, progress.done) == ("sending", 3):
        os._exit(0)


import_customers(people(3), api_of(sys.argv[1]), journal=sys.argv[2], progress=die_at_the_end)
"""


class TestAJournalOfAKilledImport:
    """All three customers were created, and what the journal knows of them is still in its `-wal` file."""

    @pytest.fixture
    def left(self, square: Square, journal: Path) -> Path:
        subprocess.run([sys.executable, "-c", KILLED, square.host, str(journal)], check=True, timeout=60)
        assert len(square.customers) == 3
        return journal

    def test_that_was_truncated_is_refused_and_keeps_what_belongs_to_it(self, square: Square, left: Path) -> None:
        os.truncate(left, 0)
        wal = Path(f"{left}-wal").read_bytes()
        for _ in range(2):
            with pytest.raises(JournalError, match=r"is empty, although .*-wal belongs to it: restore it from a copy"):
                import_customers(people(3), api_of(square.host), journal=left)
        assert Path(f"{left}-wal").read_bytes() == wal
        assert square.requests == 3

    def test_that_lost_that_file_sends_the_same_keys(self, square: Square, left: Path) -> None:
        Path(f"{left}-wal").unlink()
        assert import_customers(people(3), api_of(square.host), journal=left).created == 3
        assert len(square.customers) == 3
        assert square.requests == 6


def test_a_journal_with_a_broken_page_is_refused(tmp_path: Path) -> None:
    loaded(tmp_path / "j", 2000).close()
    content = bytearray((tmp_path / "j").read_bytes())
    content[4096 * 8 : 4096 * 9] = b"\xff" * 4096
    (tmp_path / "j").write_bytes(content)
    with pytest.raises(JournalError, match="is broken"):
        Journal(tmp_path / "j")


def test_the_database_of_another_program_is_refused_and_not_changed(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "j") as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    with pytest.raises(JournalError, match="is the database of another program"):
        Journal(tmp_path / "j")


def test_a_journal_at_an_impossible_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot be written: No such file or directory; name another file"):
        Journal(tmp_path / "nowhere" / "j")
    with pytest.raises(JournalError, match="is not a journal, or is broken: name another file"):
        Journal(tmp_path)
    with pytest.raises(InputError, match="There is no journal"):
        journal_report(tmp_path / "j")


FULL = """
import resource, signal, sys
from squareconnect.bulk import Stopped, import_customers
from test.bulk.helpers import api_of, people
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
try:
    rows = people(120, note="x" * 100)
    import_customers(rows, api_of(sys.argv[1]), journal=sys.argv[2], concurrency=2)  # With many commits.
except Stopped as stopped:
    print(stopped)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="the system has no limit on the size of files")
@pytest.mark.parametrize("room", [20_000, 80_000, 120_000])
def test_a_full_disk_stops_the_import_and_loses_nothing(tmp_path: Path, room: int) -> None:
    with running(Square(delay=0.02)) as square:
        command = [sys.executable, "-c", FULL, square.host, str(tmp_path / "j"), str(room)]
        said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
        assert "cannot be written" in said
        assert "make room, or make its folder writable, and run the same again" in said
        rows = people(120, note="x" * 100)
        assert import_customers(rows, api_of(square.host), journal=tmp_path / "j").created == 120
        assert len(square.customers) == 120


def test_a_report_has_the_first_refusals_and_the_journal_has_all(tmp_path: Path) -> None:
    with running(Square()) as square:
        report = import_customers([{}] * 1200, api_of(square.host), journal=tmp_path / "j")
    assert (report.refused, len(report.errors)) == (1200, 1000)
    assert len(list(journal_errors(tmp_path / "j"))) == 1200
