"""What bulk work can raise besides the SDK's own exceptions.

::

    BulkError              any of the below
    |-- InputError         the input or an option cannot be used (also a ValueError); nothing was sent
    |-- JournalError       the file is no journal, is broken, or belongs to another import; nothing was sent
    `-- Stopped            rows are left, and the same command or call finishes them
        `-- JournalInUse   another process works with the journal

Each message is one sentence that says what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from squareconnect.bulk.reports import ImportReport


class BulkError(Exception):
    """Bulk work that did not end well."""


class InputError(BulkError, ValueError):
    """The input or an option cannot be used. Nothing was sent."""


class JournalError(BulkError):
    """The journal is broken, no journal at all, or that of another import. Nothing was sent."""


class Stopped(BulkError):  # noqa: N818 - like the SDK's exceptions, its name says what happened
    """Rows are left: the server is gone, the disk is full. The same command or call goes on with them."""

    report: ImportReport | None = None
    """What had become of the rows; None if the work had not begun."""


class JournalInUse(Stopped):
    """Another process works with the journal."""
