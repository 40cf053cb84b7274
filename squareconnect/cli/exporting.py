"""The command export: writes all customers to a file or to stdout."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

from squareconnect.cli.failures import DONE, explained, misused, say
from squareconnect.cli.fields import checked_paths
from squareconnect.cli.output import add_output_options, as_json, print_lines
from squareconnect.cli.parser import file_name, program
from squareconnect.cli.progress import told_progress
from squareconnect.cli.target_options import add_target_options, connected
from squareconnect.exceptions import ApiException
from squareconnect.models.customer import Customer

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from squareconnect.bulk import ExportReport


def add_export(parser: ArgumentParser) -> None:
    """Add the options of `export`."""
    parser.description = (
        "Write all customers to a file, each once. The file gets its name only when it is complete. import can read "
        "what export writes."
    )
    parser.add_argument(
        "file", metavar="FILE", type=file_name, nargs="?", default="-", help="the file to write (default: stdout)"
    )
    parser.add_argument(
        "--format",
        choices=("jsonl", "csv", "square"),
        help="JSON Lines, CSV, or CSV with the columns of Square's own export (default: by the name, or jsonl)",
    )
    parser.add_argument("--resume", action="store_true", help="continue where an export to this file stopped")
    parser.add_argument("--rate", metavar="N", type=float, help="maximum pages per second")
    add_target_options(parser, "sandbox")
    add_output_options(parser)
    parser.set_defaults(run=_export)


def _export(options: Namespace) -> int:
    from squareconnect.bulk import Stopped, export_customers

    fields = None if options.fields is None else checked_paths(Customer, options.fields, "--fields")
    to_stdout = options.file == "-"
    if to_stdout and sys.stdout is None:
        raise misused("there is no standard output to write to: name a FILE.")
    with explained(), connected(options) as (api, _):
        try:
            with told_progress() as tell:
                report = export_customers(
                    api,
                    options.file,
                    format=options.format,
                    fields=fields,
                    resume=options.resume,
                    rate=options.rate,
                    progress=tell,
                )
        except (Stopped, ApiException, KeyboardInterrupt):
            _tell_how_to_go_on(options)
            raise
    if options.json and not to_stdout:
        print_lines([as_json(report._asdict())])
    else:
        say(summary(report, "stdout" if to_stdout else options.file))
    return DONE


def _tell_how_to_go_on(options: Namespace) -> None:
    """Print the command that continues the export, if there is something to continue."""
    from squareconnect.bulk.files import unfinished

    part = unfinished(options.file)
    if part.is_file() and part.stat().st_size:
        words = [word for word in options.words if word != "--resume"]
        say(f"To continue: {shlex.join([*program().split(), *words, '--resume'])}")


def summary(report: ExportReport, place: str) -> str:
    """Return an export's report in words."""
    exported = f"Exported {report.customers:,} customer{'' if report.customers == 1 else 's'} to {place}."
    if not report.repeated:
        return exported
    was = "was" if report.repeated == 1 else "were"
    return f"{exported} {report.repeated:,} appeared twice in the listing and {was} written once."
