"""What bulk work reports: refusals, progress and results."""

from __future__ import annotations

from typing import NamedTuple

ERRORS_KEPT = 1000
"""The maximum number of refusals in a report."""


class Refusal(NamedTuple):
    """Why a row was refused, in the terms of Square's errors."""

    code: str
    """One of `ErrorCode`, or a code of a later version of the API."""
    field: str | None
    """The dotted path of the field at fault; None if there is none."""
    detail: str
    """A readable sentence."""


class RowError(NamedTuple):
    """A refused row."""

    row: int
    """The row's number: as a spreadsheet counts for CSV (the header is row 1), otherwise counted from 1."""
    code: str
    """The error code; see `Refusal`."""
    field: str | None
    """The field at fault; see `Refusal`."""
    detail: str
    """The reason, as a sentence."""


class ImportReport(NamedTuple):
    """What became of the rows of an import, over all its runs."""

    created: int = 0
    """Rows that created a customer."""
    updated: int = 0
    """Rows that changed an existing customer."""
    skipped: int = 0
    """Rows whose customer existed and was left unchanged."""
    refused: int = 0
    """Rows that the rules, the server or `on_match="fail"` refused."""
    unknown: int = 0
    """Rows that were sent, but whose outcome is unknown. The next run finds it out."""
    errors: tuple[RowError, ...] = ()
    """The first 1,000 refused rows; `journal_errors` returns all of them."""
    left: int = 0
    """All other rows. The next run sends them."""
    unused: tuple[str, ...] = ()
    """Columns or keys of the input that are not fields of a customer."""


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
    """Rows or customers per second, recently."""
    seconds_left: float | None = None
    """The estimated seconds that remain; None while there is no estimate."""


class ExportReport(NamedTuple):
    """What became of an export."""

    customers: int
    """Customers written, over all runs."""
    repeated: int
    """Customers that were listed more than once, and written once."""
    resumed: bool
    """Whether the export continued where an earlier run stopped."""
