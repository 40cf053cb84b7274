"""What tasks are given, and what they return. None of it holds a secret."""

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
    """The hash of each account's configuration, by the account's name; the name is empty if there is no column."""
    match: str | None
    on_match: str
    rate: float | None
    concurrency: int
    key_trust: float


class Part(NamedTuple):
    """A part of the input."""

    name: str
    """What its journals are called."""
    title: str
    """What messages call it."""
    rows: Any
    """The URL of a file, or a Delayed of a pandas DataFrame or of dicts."""
    account: str = ""


class Chunk(NamedTuple):
    """The rows of a part that belong to one account."""

    title: str
    """What messages call the part."""
    journal: str
    account: str
    report: ImportReport
    """What became of them before this run."""


class Reading(NamedTuple):
    """What came of the reading of a part."""

    chunks: list[Chunk]
    """Its rows, by their accounts."""
    late: bool = False
    """Whether it is to be read later, since a task of an earlier run still sends it. That run has judged its rows."""


class Outcome(NamedTuple):
    """What a task has brought about. Failures are returned, as Dask logs the arguments of what raises."""

    result: Any = None
    more: bool = False
    """Whether another task is to go on."""
    failure: BaseException | None = None
