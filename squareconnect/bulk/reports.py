"""What bulk work tells of itself: refusals, progress and results."""

from __future__ import annotations

from typing import NamedTuple

ERRORS_KEPT = 1000
"""How many refusals a report holds."""


class Refusal(NamedTuple):
    """Why a row was refused, in the words of Square's errors."""

    code: str
    """One of `ErrorCode`, or one of a later version of the API."""
    field: str | None
    """The dotted path of the field that is to blame, if one is."""
    detail: str
    """A sentence for people."""


class RowError(NamedTuple):
    """A refused row."""

    row: int
    """The row's number: as a spreadsheet counts for CSV (the header is row 1), else from 1."""
    code: str
    """Why; see `Refusal`."""
    field: str | None
    """Where; see `Refusal`."""
    detail: str
    """Why, as a sentence."""


class ImportReport(NamedTuple):
    """What became of the rows of an import, over all its runs."""

    created: int = 0
    """Rows of which a customer was made."""
    updated: int = 0
    """Rows that changed a customer who was there before."""
    skipped: int = 0
    """Rows whose customer was there before and was left alone."""
    refused: int = 0
    """Rows that the rules, the server or `on_match="fail"` refused."""
    unknown: int = 0
    """Rows that were sent without a word of what became of them. The next run finds out."""
    errors: tuple[RowError, ...] = ()
    """The refused rows, the first 1,000; `journal_errors` gives all of them."""
    left: int = 0
    """Rows that are neither of the above. The next run sends them."""
    unused: tuple[str, ...] = ()
    """Columns or keys of the input that are no field of a customer."""


class Progress(NamedTuple):
    """How far the work has come."""

    phase: str
    """`"reading"`, `"listing"`, `"sending"` or `"exporting"`."""
    done: int
    """Rows read, customers listed, or rows created, updated and skipped."""
    refused: int = 0
    """Rows refused."""
    total: int | None = None
    """All rows; None while that is not known."""
    rate: float = 0.0
    """Rows or customers per second, of late."""
    seconds_left: float | None = None
    """An estimate; None while there is none."""


class ExportReport(NamedTuple):
    """What became of an export."""

    customers: int
    """Customers written, over all runs."""
    repeated: int
    """Customers listed more than once, and written once."""
    resumed: bool
    """Whether it went on where an earlier run stopped."""
