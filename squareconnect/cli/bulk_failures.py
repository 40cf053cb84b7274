"""The failures of import and export, as sentences for users."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from squareconnect.bulk import BulkError, InputError, Stopped
from squareconnect.cli.failures import FAILED, UNFINISHED, USAGE, Failure

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def explained() -> Iterator[None]:
    """Turn what bulk work raises within the block into a `Failure`."""
    try:
        yield
    except BulkError as error:
        sentence = str(error)
        raise Failure(sentence if sentence.endswith((".", "?")) else f"{sentence}.", _code_of(error)) from None


def _code_of(error: BulkError) -> int:
    if isinstance(error, Stopped):
        return UNFINISHED
    return USAGE if isinstance(error, InputError) else FAILED
