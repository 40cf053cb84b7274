"""Exceptions that bulk work can raise in addition to the SDK's own.

::

    BulkError              any of those below
    |-- InputError         the input or an option cannot be used (also a ValueError); nothing was sent
    |-- JournalError       the file is not a journal, is broken, or belongs to another import; nothing was sent
    `-- Stopped            rows are left; the same command or call finishes them
        `-- JournalInUse   another process is using the journal

Each message is one sentence that says what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from squareconnect.bulk.reports import ImportReport


class BulkError(Exception):
    """Bulk work failed."""


class InputError(BulkError, ValueError):
    """The input or an option cannot be used. Nothing was sent."""


class JournalError(BulkError):
    """The journal is broken, is not a journal, or belongs to another import. Nothing was sent."""


class Stopped(BulkError):  # noqa: N818 - like the SDK's exceptions, it is named for what happened
    """Rows are left, because the server is gone or the disk is full. The same command or call continues with them."""

    report: ImportReport | None = None
    """What had become of the rows; None if the work had not started."""


class JournalInUse(Stopped):
    """Another process is using the journal."""
