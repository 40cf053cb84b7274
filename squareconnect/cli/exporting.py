"""The command export: all customers into a file or to stdout."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from squareconnect.cli.failures import DONE, Failure, say
from squareconnect.cli.output import add_output_options, as_json, print_lines
from squareconnect.cli.progress import told_progress
from squareconnect.cli.targets import add_target_options, connected

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from squareconnect.bulk import ExportReport


def add_export(parser: ArgumentParser) -> None:
    """Add the options of `export`."""
    parser.description = (
        "Write all customers to a file, each once. The file has its name only when it is complete. What export writes, "
        "import reads."
    )
    parser.add_argument("file", metavar="FILE", nargs="?", default="-", help="the file to write (default: stdout)")
    parser.add_argument(
        "--format",
        choices=("jsonl", "csv", "square"),
        help="JSON Lines, CSV, or CSV with the columns of Square's own export (default: by the name, or jsonl)",
    )
    parser.add_argument("--resume", action="store_true", help="go on where an export to this file stopped")
    parser.add_argument("--rate", metavar="N", type=float, help="pages per second, at most")
    add_target_options(parser, "sandbox")
    add_output_options(parser, fields=False)
    parser.set_defaults(run=_export)


def _export(options: Namespace) -> int:
    from squareconnect.bulk import export_customers
    from squareconnect.cli.bulk_failures import explained

    to_stdout = options.file == "-"
    if to_stdout and sys.stdout is None:
        raise Failure("there is no standard output to write to: name a FILE.")
    with explained(), connected(options) as (api, _), told_progress() as tell:
        report = export_customers(
            api, options.file, format=options.format, resume=options.resume, rate=options.rate, progress=tell
        )
    if options.json and not to_stdout:
        print_lines([as_json(report._asdict())])
    else:
        say(_summary(report, "stdout" if to_stdout else options.file))
    return DONE


def _summary(report: ExportReport, place: str) -> str:
    repeated = f" {report.repeated:,} were listed more than once and written once." if report.repeated else ""
    return f"Exported {report.customers:,} customers to {place}.{repeated}"
