"""The arguments and results of tasks. None of them contains a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from squareconnect.bulk.reports import ImportReport


class Order(NamedTuple):
    """What all tasks of an import have in common."""

    folder: str
    """The directory of the journals."""
    run: str
    """The run's name."""
    accounts: dict[str, str]
    """The hash of each account's configuration, by the account's name, which is empty without a column."""
    match: str | None
    on_match: str
    rate: float | None
    concurrency: int
    key_trust: float


class Part(NamedTuple):
    """A part of the input."""

    name: str
    """The name of its journals."""
    title: str
    """Its name in messages."""
    rows: Any
    """The URL of a file, or a Delayed of a pandas DataFrame or of dicts."""
    account: str = ""


class Chunk(NamedTuple):
    """The rows of a part that belong to one account."""

    title: str
    """The part's name in messages."""
    journal: str
    account: str
    report: ImportReport
    """What became of its rows before this run."""


class Reading(NamedTuple):
    """The result of reading a part."""

    chunks: list[Chunk]
    """Its rows, by their accounts."""
    late: bool = False
    """Whether to read it later, because a task of an earlier run, which has checked its rows, is still sending it."""


class Outcome(NamedTuple):
    """The result of a task. Failures are returned, because Dask logs the arguments of calls that raise."""

    result: Any = None
    more: bool = False
    """Whether another task must continue the work."""
    failure: BaseException | None = None
