"""The command import on a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from squareconnect.cli.bulk_failures import explained
from squareconnect.cli.failures import Failure, failure_of, misused, say
from squareconnect.cli.import_run import code_of, counts_of
from squareconnect.cli.output import as_json, print_lines, readable
from squareconnect.cli.progress import told_progress
from squareconnect.cli.targets import opened
from squareconnect.exceptions import ApiException

if TYPE_CHECKING:
    from argparse import Namespace

    from squareconnect.bulk import ImportReport

_OWN = ("format", "delimiter", "map", "set", "dry_run", "errors")
"""Options that say how one file is read, or what is written beside it."""


def run(options: Namespace) -> int:
    """Import the files that the options name, on the cluster that they name."""
    for name in _OWN:
        if getattr(options, name):
            raise misused(f"--{name.replace('_', '-')} cannot be used with --dask: prepare the files first.")
    try:
        from distributed import Client

        from squareconnect.dask import import_customers
    except ImportError:
        raise Failure("--dask needs Dask: install it with pip install 'squareconnect[dask]'.") from None
    try:
        client = Client(options.dask, timeout=10)
    except (OSError, ValueError) as error:
        raise Failure(f"there is no scheduler at {options.dask} ({error}): start one with dask scheduler.") from None
    journal = options.journal or "squareconnect.journals"
    with client, explained(), opened(options) as (target, configuration):
        say(f"Dashboard: {client.dashboard_link}")
        try:
            with told_progress() as tell:
                report = import_customers(
                    options.file,
                    configuration,
                    journal=journal,
                    rate=options.rate,
                    client=client,
                    match=options.match,
                    on_match=options.on_match,
                    progress=tell,
                )
        except ApiException as error:
            raise failure_of(error, target) from None
    _tell_end(options, report, journal)
    return code_of(report)


def _tell_end(options: Namespace, report: ImportReport, journal: str) -> None:
    if options.json:
        errors = [error._asdict() for error in report.errors]
        print_lines([as_json({**report._asdict(), "errors": errors, "journal": journal})])
        return
    say(readable(counts_of(report)))
    say(readable(f"Journals and errors.csv: {journal}"))
