"""Customers who exist already, and customers whose creation was never answered."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.bulk_server import Square, running
from squareconnect.bulk import InputError, Stopped, import_customers, journal_results, open_source, plan
from squareconnect.bulk.mapping import match_value
from squareconnect.exceptions import ApiException
from test.bulk.helpers import api_of, async_api_of, leave_behind, people

if TYPE_CHECKING:
    from pathlib import Path


def have(square: Square, *customers: dict[str, Any]) -> None:
    """Create customers."""
    for number, customer in enumerate(customers):
        time = "2020-01-01T00:00:00Z"
        square.customers[f"OLD{number}"] = {"id": f"OLD{number}", "created_at": time, "updated_at": time, **customer}


def test_values_are_compared_without_case_and_punctuation() -> None:
    assert match_value({"email_address": "Ada@Example.com "}, "email_address") == "ada@example.com"
    assert match_value({"phone_number": "+1 (212) 555-4240"}, "phone_number") == "12125554240"
    assert match_value({"phone_number": "+"}, "phone_number") is None
    assert match_value({"reference_id": "R 1"}, "reference_id") == "R 1"
    assert match_value({}, "reference_id") is None


def test_a_file_without_a_column_for_the_match_is_refused(square: Square, journal: Path, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("given_name,Number\nAda,r0\n")
    said = "people.csv has no column for reference_id, which --match needs: map one with --map 'COLUMN=reference_id'"
    with pytest.raises(InputError, match=said):
        plan(open_source(file), match="reference_id")
    with pytest.raises(InputError, match=said):
        import_customers(open_source(file), api_of(square.host), journal=journal, match="reference_id")
    assert square.requests == 0

    mapped = open_source(file, columns={"Number": "reference_id"})
    assert import_customers(mapped, api_of(square.host), journal=journal, match="reference_id").created == 1
    objects = tmp_path / "people.jsonl"
    objects.write_text('{"given_name": "Ada"}\n')
    assert plan(open_source(objects), match="reference_id").requests == 1


def test_without_a_match_every_row_creates_a_customer(square: Square, journal: Path) -> None:
    have(square, {"reference_id": "r0"})
    assert import_customers(people(2), api_of(square.host), journal=journal, match="none").created == 2


def test_an_existing_customer_is_skipped(square: Square, journal: Path) -> None:
    have(square, *people(250))
    rows = people(252)
    report = import_customers(rows, api_of(square.host), journal=journal, match="reference_id")
    assert report[:5] == (2, 0, 250, 0, 0)
    assert len(square.customers) == 252
    results = list(journal_results(journal))
    assert results[0] == (1, "done", "skipped", "OLD0")
    requests = square.requests
    assert import_customers(rows, api_of(square.host), journal=journal, match="reference_id") == report
    assert square.requests == requests


def test_tasks_list_the_directory_too(square: Square, journal: Path) -> None:
    have(square, *people(3))

    async def work() -> Any:
        return await import_customers(people(5), async_api_of(square.host), journal=journal, match="reference_id")

    assert asyncio.run(work())[:3] == (2, 0, 3)


def test_an_existing_customer_is_updated(square: Square, journal: Path) -> None:
    have(square, {"email_address": "ADA@example.com", "note": "old"}, {"email_address": "bob@example.com"})
    rows = [
        {"email_address": "ada@example.com", "note": "new"},
        {"email_address": "eve@example.com"},
        {"given_name": "no address"},
        {"note": "nobody"},
    ]
    report = import_customers(rows, api_of(square.host), journal=journal, match="email_address", on_match="update")
    assert report[:5] == (2, 1, 0, 1, 0)
    assert square.customers["OLD0"]["note"] == "new"
    assert square.customers["OLD0"]["email_address"] == "ada@example.com"


def test_a_row_without_an_identifying_field_can_update_but_not_create(square: Square, journal: Path) -> None:
    have(square, {"reference_id": "here"})
    rows = [{"reference_id": "here", "note": "new"}, {"reference_id": "not here", "note": "new"}]
    report = import_customers(rows, api_of(square.host), journal=journal, match="reference_id", on_match="update")
    assert report[:5] == (0, 1, 0, 1, 0)
    assert report.errors[0][:2] == (2, "BAD_REQUEST")


@pytest.mark.parametrize(
    ("on_match", "expected", "code"),
    [
        ("skip", (1, 0, 3, 1, 0), "BAD_REQUEST"),
        ("update", (1, 3, 0, 1, 0), "BAD_REQUEST"),
        ("fail", (1, 0, 0, 4, 0), "CONFLICT"),
    ],
)
def test_a_row_that_names_nobody_waits_for_an_earlier_row_that_makes_its_customer(
    square: Square, journal: Path, on_match: str, expected: tuple[int, ...], code: str
) -> None:
    rows = [
        {"reference_id": "same", "note": "1"},
        {"reference_id": "same", "note": "2", "given_name": "Ada"},
        {"reference_id": "same", "note": "3"},
        {"reference_id": "same", "note": "4", "given_name": "Ada"},
        {"reference_id": "same", "note": "5"},
    ]
    report = import_customers(rows, api_of(square.host), journal=journal, match="reference_id", on_match=on_match)
    assert report[:5] == expected
    assert report.errors[0][:2] == (1, "BAD_REQUEST")
    assert report.errors[-1].code == code
    assert [customer["note"] for customer in square.customers.values()] == ["5" if on_match == "update" else "2"]


def test_a_row_that_names_nobody_is_refused_after_the_earlier_row_was(
    square: Square, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = {"category": "INVALID_REQUEST_ERROR", "code": "INVALID_PHONE_NUMBER"}
    monkeypatch.setattr(
        square, "answer", lambda method, *rest: (400, {"errors": [error]}) if method == "POST" else (200, {})
    )
    rows = [{"reference_id": "same", "given_name": "Ada"}, {"reference_id": "same", "note": "x"}]
    report = import_customers(rows, api_of(square.host), journal=journal, match="reference_id")
    assert [error.code for error in report.errors] == ["INVALID_PHONE_NUMBER", "BAD_REQUEST"]


def test_an_existing_customer_is_refused(square: Square, journal: Path) -> None:
    have(square, {"phone_number": "+1 212 555 4240"})
    rows = [{"phone_number": "12125554240"}, {"phone_number": "+1 212 555 4241"}]
    report = import_customers(rows, api_of(square.host), journal=journal, match="phone_number", on_match="fail")
    assert report[:5] == (1, 0, 0, 1, 0)
    assert report.errors == ((1, "CONFLICT", "phone_number", "The customer OLD0 has this value already."),)


def test_no_customer_is_updated_if_two_have_the_value(square: Square, journal: Path) -> None:
    have(square, *people(1), *people(1))
    rows = people(1, note="new")
    report = import_customers(rows, api_of(square.host), journal=journal, match="reference_id", on_match="update")
    assert [error[:3] for error in report.errors] == [(1, "CONFLICT", "reference_id")]
    assert report.errors[0].detail.startswith("2 customers have this value")


@pytest.mark.parametrize(
    ("on_match", "expected", "note"),
    [("skip", (1, 0, 2, 0, 0), "1"), ("update", (1, 2, 0, 0, 0), "3"), ("fail", (1, 0, 0, 2, 0), "1")],
)
def test_a_row_with_the_value_of_an_earlier_row_waits_for_it(
    square: Square, journal: Path, on_match: str, expected: tuple[int, ...], note: str
) -> None:
    rows = [{"given_name": "Ada", "reference_id": "same", "note": number} for number in "123"]
    report = import_customers(rows, api_of(square.host), journal=journal, match="reference_id", on_match=on_match)
    assert report[:5] == expected
    assert [customer["note"] for customer in square.customers.values()] == [note]


def test_many_rows_with_one_value_are_decided_in_one_pass(square: Square, journal: Path) -> None:
    rows = [{"given_name": "Ada", "phone_number": "0000000000"}] * 30_000
    began = time.process_time()
    report = import_customers(rows, api_of(square.host), journal=journal, match="phone_number")
    assert time.process_time() - began < 40
    assert report[:5] == (1, 0, 29_999, 0, 0)


def test_rows_that_wait_for_an_unknown_row_are_left(square: Square, journal: Path) -> None:
    def send(rows: Any) -> Any:
        failure = ApiException(503, "Busy")
        failure.outcome_unknown = True
        raise failure

    rows = [*people(1), *people(1)]
    report = import_customers(
        rows, api_of(square.host), journal=journal, match="reference_id", send=send, key_trust=0.0
    )
    assert (report.unknown, report.left) == (1, 1)
    report = import_customers(rows, api_of(square.host), journal=journal, match="reference_id")
    assert report[:5] == (1, 0, 1, 0, 0)


def test_a_killed_listing_starts_again(square: Square, journal: Path) -> None:
    have(square, *people(250))

    def stop(progress: Any) -> None:
        if progress.phase == "listing":
            raise TimeoutError

    with pytest.raises(TimeoutError):
        import_customers(people(250), api_of(square.host), journal=journal, match="reference_id", progress=stop)
    report = import_customers(people(250), api_of(square.host), journal=journal, match="reference_id")
    assert report[:5] == (0, 0, 250, 0, 0)


def test_a_listing_survives_faults_and_limits(square: Square, journal: Path) -> None:
    have(square, *people(500))
    square.faults = square.faults._replace(reset_before=0.1, busy_after=0.1)
    square.rate, square.burst = 50, 2
    report = import_customers(people(3), api_of(square.host), journal=journal, match="reference_id")
    assert report.skipped == 3


def test_a_server_that_cannot_list_stops_the_import(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("squareconnect.bulk.directory.PATIENCE", 0.3)
    with running(Square()) as square:
        host = square.host
    with pytest.raises(Stopped, match="The customers cannot be listed"):
        import_customers(people(1), api_of(host), journal=journal, match="reference_id")
    with running(Square(rate=1, burst=0, retry_after=700)) as square, pytest.raises(Stopped):
        import_customers(people(1), api_of(square.host), journal=journal, match="reference_id")


def test_a_refused_listing_is_reported(square: Square, journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(square, "answer", lambda *request: (403, {"errors": []}))
    with pytest.raises(ApiException) as raised:
        import_customers(people(1), api_of(square.host), journal=journal, match="reference_id")
    assert raised.value.status == 403


# -- Rows that an earlier run has sent ------------------------------------------------------------------------------


JANUARY_2026 = 1767225600.0


def test_customers_of_rows_sent_long_ago_are_searched_for_before_sending_again(square: Square, journal: Path) -> None:
    rows: list[dict[str, Any]] = [
        {
            "given_name": "Ada",
            "phone_number": "+1 212 555 4240",
            "address": {"locality": "London"},
            "birthday": "12-10",
        },
        {"given_name": "Twin"},
        {"given_name": "Twin"},
        {"given_name": "Bob"},
        {"given_name": "Old"},
    ]
    time = "2026-01-01T10:00:00Z"
    made: dict[str, dict[str, Any]] = {
        "X0": {"given_name": "Old", "created_at": "2025-12-01T10:00:00Z"},
        "X1": {
            "given_name": " ada",
            "phone_number": "12125554240",
            "address": {"locality": "London", "country": "GB"},
            "birthday": "0000-12-10T00:00:00-00:00",
        },
        "X2": {"given_name": "Twin"},
        "X3": {"given_name": "Bob", "note": "another one"},
    }
    for customer_id, customer in made.items():
        square.customers[customer_id] = {"id": customer_id, "created_at": time, "updated_at": time, **customer}
    leave_behind(journal, rows, square, JANUARY_2026)
    report = import_customers(rows, api_of(square.host), journal=journal)
    assert report[:5] == (5, 0, 0, 0, 0)
    ids = [result.customer_id for result in journal_results(journal)]
    assert ids[0] == "X1"
    assert sorted([str(ids[1]), str(ids[2])])[1] == "X2"
    assert ids[3] not in made
    assert ids[4] not in made
    assert len(square.customers) == 4 + 3


@pytest.mark.parametrize("at", [0.0, 4e9])
def test_customers_of_rows_sent_while_the_clock_was_wrong_are_searched_for(
    at: float, square: Square, journal: Path
) -> None:
    time = "2026-01-01T10:00:00Z"
    square.customers["X"] = {"id": "X", "created_at": time, "updated_at": time, "given_name": "Ada"}
    rows = [{"given_name": "Ada"}, {"given_name": "Bob"}]
    leave_behind(journal, rows, square, at)
    assert import_customers(rows, api_of(square.host), journal=journal).created == 2
    assert [customer["given_name"] for customer in square.customers.values()] == ["Ada", "Bob"]


def test_the_search_ends_when_all_are_found_and_uses_no_customer_twice(square: Square, journal: Path) -> None:
    time = "2026-01-01T10:00:00Z"
    for number in range(300):
        one = {"id": f"X{number}", "created_at": time, "updated_at": time, "given_name": f"Ada {number // 100}"}
        square.customers[f"X{number}"] = one
    leave_behind(journal, [{"given_name": "Ada 2"}, {"given_name": "Ada 2"}], square, JANUARY_2026)
    report = import_customers([{"given_name": "Ada 2"}, {"given_name": "Ada 2"}], api_of(square.host), journal=journal)
    assert report.created == 2
    assert square.requests == 1
    assert [result.customer_id for result in journal_results(journal)] == ["X299", "X298"]


def test_customers_of_finished_rows_do_not_match_other_rows(square: Square, journal: Path) -> None:
    rows = [{"given_name": "Twin"}, {"given_name": "Twin"}]
    leave_behind(journal, rows, square, JANUARY_2026)
    square.customers["X"] = {"id": "X", "created_at": "2026-01-01T10:00:00", "updated_at": "", "given_name": "Twin"}
    with sqlite3.connect(journal) as connection:
        connection.execute("UPDATE outcomes SET state = 'done', customer_id = 'X' WHERE number = 1")
    connection.close()
    assert import_customers(rows, api_of(square.host), journal=journal).created == 2
    assert len(square.customers) == 2


def test_recently_sent_rows_are_sent_again_with_their_key(square: Square, journal: Path) -> None:
    report = import_customers(people(3), api_of(square.host), journal=journal)
    with sqlite3.connect(journal) as connection:
        connection.execute("UPDATE outcomes SET state = 'sent', customer_id = NULL")
    connection.close()
    assert import_customers(people(3), api_of(square.host), journal=journal) == report
    assert len(square.customers) == 3
    assert square.requests == 6
