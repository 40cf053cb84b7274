"""Clocks that jump, processes that are suspended, and servers that answer in ways Square never would."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING, Any

import pytest

from squareconnect.bulk import (
    AdaptivePace,
    ExportReport,
    InputError,
    Row,
    Stopped,
    export_customers,
    import_customers,
    journal_report,
    journal_results,
    open_source,
    write_errors,
)
from squareconnect.bulk.directory import Listing
from squareconnect.bulk.journal import Journal
from squareconnect.exceptions import ConnectionFailed, DecodeError, ServerError
from squareconnect.models import Customer, ListCustomersResponse
from test.bulk.helpers import api_of, leave_behind, people, write
from test.transport.interrupting import InterruptError, interrupt_a_start

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from benchmarks.bulk_server import Square


@pytest.fixture
def jump(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A function that moves the clock of journals forward or back, by seconds."""
    ahead = [0.0]
    monkeypatch.setattr(
        "squareconnect.bulk.importing.Journal", lambda path: Journal(path, lambda: time.time() + sum(ahead))
    )
    return ahead.append


def busy() -> ServerError:
    failure = ServerError(503, "Busy")
    failure.outcome_unknown = True
    return failure


class TestATryThatIsDueAfterItsKeyExpired:
    """For example, the machine slept. The next run looks for the customer first."""

    @pytest.mark.parametrize("seconds", [7200.0, -7200.0])
    def test_is_not_made(
        self,
        seconds: float,
        square: Square,
        journal: Path,
        jump: Callable[[float], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def pause(failure: Exception, tries: int) -> float:
            jump(seconds)
            return 0.0

        sent = []

        def send(rows: Sequence[Row]) -> list[str]:
            sent.append(rows[0].number)
            raise busy()

        monkeypatch.setattr("squareconnect.bulk.engine._pause_after", pause)
        report = import_customers(people(1), api_of(square.host), journal=journal, send=send)
        assert (report.unknown, sent) == (1, [1])

    def test_does_not_delay_other_rows(
        self, square: Square, journal: Path, jump: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        claim = Journal.claim

        def claim_late(self: Journal, count: int, after: int) -> list[Row]:
            rows = claim(self, count, after)
            jump(1000.0)
            return rows

        sent = []

        def send(rows: Sequence[Row]) -> list[str]:
            sent.append([row.number for row in rows])
            return ["made" for _ in rows]

        leave_behind(journal, people(3), square, time.time() - 3000)
        with sqlite3.connect(journal) as connection:
            connection.execute("DELETE FROM outcomes WHERE number > 1")
        connection.close()
        monkeypatch.setattr(Journal, "claim", claim_late)
        report = import_customers(people(3), api_of(square.host), journal=journal, send=send, batch=3, concurrency=1)
        assert (report.created, report.unknown, sent) == (2, 1, [[2, 3]])


def test_a_process_that_was_suspended_tries_again(
    square: Square, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("squareconnect.bulk.engine.PATIENCE", 0.2)
    fails = iter([True])

    def send(rows: Sequence[Row]) -> list[str]:
        if next(fails, False):
            time.sleep(0.3)  # As if it had been suspended in the meantime, and the server had closed the connection.
            raise ConnectionFailed(None, "hung up")
        return ["made"]

    assert import_customers(people(1), api_of(square.host), journal=journal, send=send).created == 1


def test_threads_that_cannot_be_started_end_the_import(
    square: Square, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def serve(*arguments: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr("squareconnect.bulk.sending.Threads.serve", serve)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            import_customers(people(3), api_of(square.host), journal=journal)
    assert import_customers(people(3), api_of(square.host), journal=journal).created == 3


class FailingDriver:
    """A driver whose first calls fail, after a while."""

    def __init__(self, failures: int) -> None:
        self.failures = failures

    def list_customers(self, **query: Any) -> ListCustomersResponse:
        if self.failures:
            self.failures -= 1
            time.sleep(0.05)
            raise ConnectionFailed(None, "hung up")
        return ListCustomersResponse(customers=[Customer(id="A")])


def test_an_interrupt_while_a_thread_starts_reaches_the_caller_of_an_import(
    square: Square, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        interrupt_a_start(patch)
        with pytest.raises(InterruptError):
            import_customers(people(3), api_of(square.host), journal=journal)

    assert import_customers(people(3), api_of(square.host), journal=journal).left == 0
    assert len(square.customers) == 3


@pytest.mark.parametrize(("failures", "stopped"), [(1, False), (3, True)])
def test_a_listing_ends_after_many_failures_but_not_after_one_long_failure(
    failures: int, stopped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("squareconnect.bulk.directory.PATIENCE", 0.04)
    listing = Listing(FailingDriver(failures), AdaptivePace(), lambda seconds: None)  # type: ignore[arg-type]
    if stopped:
        with pytest.raises(Stopped, match="The customers cannot be listed"):
            list(listing.pages())
    else:
        assert len(list(listing.pages())) == 1


PEOPLE = [{"given_name": "Ada"}, {"given_name": "Zoë"}]


def test_customers_without_an_id_are_exported(square: Square, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(square, "answer", lambda *request: (200, {"customers": PEOPLE}))
    assert export_customers(api_of(square.host), tmp_path / "all.jsonl") == ExportReport(2, 0, False)


def test_a_repeated_cursor_ends_the_listing(square: Square, journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(square, "answer", lambda *request: (200, {"customers": [{"id": "A"}], "cursor": "same"}))
    with pytest.raises(DecodeError, match="the answer repeats an earlier cursor"):
        import_customers(people(2), api_of(square.host), journal=journal, match="reference_id")
    with pytest.raises(DecodeError, match="the answer repeats an earlier cursor"):
        export_customers(api_of(square.host), journal.with_name("all.jsonl"))
    assert journal_report(journal).left == 2


def test_ids_that_are_not_valid_text_are_kept_as_escapes(
    square: Square, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = {"id": "\ud800", "reference_id": "\ud800"}
    monkeypatch.setattr(square, "answer", lambda *request: (200, {"customer": one, "customers": [one, one]}))
    assert import_customers(people(1), api_of(square.host), journal=journal, match="reference_id").created == 1
    assert [result.customer_id for result in journal_results(journal)] == ["\\ud800"]
    assert export_customers(api_of(square.host), journal.with_name("all.csv")) == ExportReport(1, 1, False)


class TestRefusedRows:
    def test_are_written_even_if_the_encoding_lacks_the_servers_words(
        self, square: Square, journal: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        error = {"category": "INVALID_REQUEST_ERROR", "code": "BAD", "detail": "\ud800 \u20ac \u0416"}
        monkeypatch.setattr(square, "answer", lambda *request: (400, {"errors": [error]}))
        source = open_source(write(journal.with_name("p.csv"), "given_name\nZoë\n".encode("cp1252")), encoding="cp1252")
        import_customers(source, api_of(square.host), journal=journal)
        assert write_errors(source, journal, journal.with_name("errors.csv")) == 1
        assert journal.with_name("errors.csv").read_text("cp1252").splitlines()[1] == "Zoë,2,BAD,,\\ud800 € \\u0416"

    @pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
    def test_with_characters_that_no_encoding_has_are_written_unchanged(
        self, encoding: str, square: Square, journal: Path
    ) -> None:
        text = b'{"given_name": "\\ud800 \\u0416"}\n'
        source = open_source(write(journal.with_name("p.jsonl"), text), encoding=encoding)
        import_customers(source, api_of(square.host), journal=journal)
        assert write_errors(source, journal, journal.with_name("errors.jsonl")) == 1
        assert journal.with_name("errors.jsonl").read_bytes().startswith(text[:-2])

    def test_of_an_input_that_was_changed_meanwhile_are_not_mixed_up(self, square: Square, journal: Path) -> None:
        file = write(journal.with_name("p.csv"), "given_name,email_address\nAda,no\nBob,no\n")
        source = open_source(file)
        import_customers(source, api_of(square.host), journal=journal)
        write(file, "given_name,email_address\nAda,no\n")
        with pytest.raises(InputError, match=r"p\.csv was changed while it was imported: restore it"):
            write_errors(source, journal, journal.with_name("errors.csv"))
