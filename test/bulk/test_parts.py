"""An import in parts: first the rows are read into the journal, and later they are sent from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from squareconnect.bulk import JournalError, journal_results
from squareconnect.bulk.importing import KeptRows, import_customers, read_rows
from squareconnect.bulk.journal import Journal
from squareconnect.bulk.source import Record, RecordsSource, RowsSource, open_source
from squareconnect.models import Customer
from test.bulk.helpers import api_of, people

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.bulk_server import Square
    from squareconnect.bulk import Row


def test_rows_are_read_first_and_sent_without_their_input(square: Square, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    assert read_rows(people(5), api_of(square.host), journal=journal).left == 5
    assert square.requests == 0
    assert import_customers(KeptRows(journal), api_of(square.host), journal=journal).created == 5


def test_a_journal_that_has_not_read_all_rows_needs_the_input_to_continue(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="read the input first"):
        KeptRows(tmp_path / "journal")


def test_rows_keep_the_numbers_of_their_input(square: Square, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    import_customers(
        RecordsSource(Record(number, {"given_name": "Ada"}, None) for number in (3, 8)),
        api_of(square.host),
        journal=journal,
    )
    assert [result.row for result in journal_results(journal)] == [3, 8]


def test_a_row_whose_outcome_the_sender_does_not_know_is_unknown(square: Square, tmp_path: Path) -> None:
    def send(rows: Sequence[Row]) -> list[None]:
        return [None for _ in rows]

    report = import_customers(people(3), api_of(square.host), journal=tmp_path / "journal", send=send)
    assert (report.unknown, report.created) == (3, 0)


def test_a_customer_that_another_part_created_is_matched(square: Square, tmp_path: Path) -> None:
    api = api_of(square.host)
    rows = [{"given_name": "Ada", "reference_id": "a"}, {"given_name": "Bob", "reference_id": "b"}]
    import_customers(rows[:1], api, journal=tmp_path / "first", match="reference_id")
    with Journal(tmp_path / "first") as first:
        known = list(first.known())
    square.customers.clear()  # Square does not list her yet.
    report = import_customers(rows, api, journal=tmp_path / "second", match="reference_id", known=known)
    assert (report.created, report.skipped) == (1, 1)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "account,given_name\nnorth,Ada\n,Bob\nsouth,Eve,left over\n"),
        ("a.jsonl", '{"account": "north", "given_name": "Ada"}\n{"given_name": "Bob"}\n{"account": "south"}\n'),
    ],
)
def test_rows_of_a_file_are_paired_with_their_value_of_an_unmapped_column(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    beside = list(open_source(tmp_path / name).records_beside("account"))
    assert [value or None for value, _ in beside] == ["north", None, "south"]
    assert [(record.body or {}).get("given_name") for _, record in beside] == ["Ada", "Bob", None]
    assert [value for value, _ in open_source(tmp_path / name).records_beside("shoe")] == [None] * 3


def test_rows_of_an_application_are_paired_with_a_value_too() -> None:
    source = RowsSource([{"given_name": "Ada", "account": 7}, Customer(given_name="Bob")])
    assert [(value, record.body) for value, record in source.records_beside("account")] == [
        (7, {"given_name": "Ada"}),
        (None, {"given_name": "Bob"}),
    ]
    assert source.unused == ("account",)
