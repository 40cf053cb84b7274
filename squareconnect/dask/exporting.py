"""Export on a cluster: several accounts at a time, each page by page, on any worker."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from distributed import get_worker, secede

from squareconnect.bulk.errors import InputError
from squareconnect.bulk.exporting import export_parts
from squareconnect.bulk.reports import ExportReport
from squareconnect.dask.accounts import Accounts, api_of
from squareconnect.dask.crew import Crew, prepared
from squareconnect.dask.folders import file_name, made_folder
from squareconnect.dask.orders import Outcome
from squareconnect.dask.pace import SharedPace
from squareconnect.dask.reading import ACCOUNT
from squareconnect.dask.stints import StintOver, until_over

if TYPE_CHECKING:
    import os

    from distributed import Client

    from squareconnect.dask.accounts import Configurations


class _Export(NamedTuple):
    """The export of one account."""

    title: str
    """Its name in messages."""
    run: str
    account: str
    key: str
    """The hash of the account's configuration."""
    folder: str
    rows_per_file: int
    constants: dict[str, str]


def export_customers(
    configuration: Configurations,
    directory: str | os.PathLike[str],
    *,
    client: Client | None = None,
    rows_per_file: int = 100_000,
) -> ExportReport:
    """Write all customers of each account to files of JSON Lines, which `import_customers` and Dask read.

    Square lists customers page after page, so the files of an account are written one after the other. A file gets its
    name only when it is complete. If an export was stopped, the same call continues it. A complete export is left
    unchanged: for a new one, name another directory.

    :param configuration: one, whose files are `part-00000.jsonl` and so on, or a mapping from names to one each. An
        account's files are then in a directory that starts with its name, and each customer has that name as `account`.
    :param directory: where the files go: a directory that all workers share, created if it is missing.
    :param client: the `distributed.Client`; by default the current one.
    :param rows_per_file: a file is complete after the page of customers (100) that brings it to this many.
    :return: the sum of what was written.
    :raises InputError: for a directory or names that cannot be used.
    :raises JournalError: if the directory has the export of another host, or with another `rows_per_file`.
    :raises Stopped: if a server, the disk or the cluster is gone; run the same again.
    :raises ApiException: if the customers of an account cannot be listed; the other accounts were exported first.
    """
    if type(rows_per_file) is not int or rows_per_file < 1:
        raise InputError(f"rows_per_file must be a whole number of at least 1, not {rows_per_file!r}")
    accounts = Accounts(configuration)
    folder = made_folder(directory)
    works = [
        _Export(
            f"the export {name}".rstrip(),
            accounts.run,
            name,
            key,
            str(made_folder(folder / file_name(name)) if accounts.named else folder),
            rows_per_file,
            {ACCOUNT: name} if accounts.named else {},
        )
        for name, key in accounts.keys.items()
    ]
    reports: list[ExportReport] = []

    def told(work: _Export, report: ExportReport) -> None:
        reports.append(report)

    with prepared(client, accounts) as client:
        Crew(client, lambda work: (_export, work), told).do(works)
    return ExportReport(
        sum(one.customers for one in reports), sum(one.repeated for one in reports), any(one.resumed for one in reports)
    )


def _export(work: _Export) -> Outcome:
    """Continue the export of an account, for the time of a stint."""
    secede()
    try:
        with closing(SharedPace(get_worker(), work.key, None)) as pace:
            return Outcome(
                export_parts(
                    api_of(work.run, work.key),
                    work.folder,
                    rows_per_file=work.rows_per_file,
                    constants=work.constants,
                    pace=pace,
                    progress=until_over(),
                )
            )
    except StintOver:
        return Outcome(more=True)
    except Exception as failure:
        return Outcome(failure=failure)
