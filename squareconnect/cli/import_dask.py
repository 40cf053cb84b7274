"""The command import, run on a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from squareconnect.cli.failures import Failure, explained, failure_of, misused, say
from squareconnect.cli.import_run import code_of, counts_of, report_line
from squareconnect.cli.output import print_lines, readable
from squareconnect.cli.progress import told_progress
from squareconnect.cli.target_options import EMULATOR, opened
from squareconnect.exceptions import ApiException

if TYPE_CHECKING:
    from argparse import Namespace

    from squareconnect.bulk import ImportReport

_PREPARE = "name the files .csv, .jsonl or .parquet, and prepare them in UTF-8 with the API's names as columns"
REFUSED: dict[str, tuple[object, str]] = {
    "format": (None, _PREPARE),
    "delimiter": (None, _PREPARE),
    "encoding": ("utf-8", _PREPARE),
    "map": ([], _PREPARE),
    "set": ([], _PREPARE),
    "dry_run": (False, "check the files one by one, without it"),
    "errors": (None, "errors.csv in the journals' directory has the refused rows"),
}
"""Options that are for one file on this machine: their default values, and what to do instead."""


def run(options: Namespace) -> int:
    """Import the files that the options name, on the cluster that they name."""
    _refuse_others(options)
    try:
        from distributed import Client

        from squareconnect.dask import import_customers
    except ImportError:
        raise Failure("--dask needs Dask: install it with pip install 'squareconnect[dask]'.") from None
    try:
        client = Client(options.dask, timeout=10, set_as_default=False)
    except (OSError, ValueError) as error:
        raise Failure(f"there is no scheduler at {options.dask} ({error}): start one with 'dask scheduler'.") from None
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
                    concurrency=options.concurrency,
                    key_trust=options.key_trust,
                    progress=tell,
                )
        except ApiException as error:
            raise failure_of(error, target) from None
    _tell_end(options, report, journal)
    return code_of(report)


def _refuse_others(options: Namespace) -> None:
    """Raise a `Failure` for options that cannot be used on a cluster."""
    for name, (unset, instead) in REFUSED.items():
        if getattr(options, name) != unset:
            raise misused(f"--{name.replace('_', '-')} cannot be used with --dask: {instead}.")
    if options.target == EMULATOR:
        raise misused(
            f"--{EMULATOR} cannot be used with --dask: start one that the workers can reach, and name it with --host."
        )
    if options.file == "-":
        raise misused("stdin cannot be read with --dask: name files that the workers can reach.")


def _tell_end(options: Namespace, report: ImportReport, journal: str) -> None:
    if options.json:
        print_lines([report_line(report, journal=journal)])
        return
    say(readable(counts_of(report)))
    say(readable(f"Journals and errors.csv: {journal}"))
