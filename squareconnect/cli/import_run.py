"""The command import: creates customers from a file, each row exactly once."""

from __future__ import annotations

import json
import shlex
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from squareconnect.bulk import (
    BulkError,
    Stopped,
    check_errors_file,
    import_customers,
    journal_report,
    open_source,
    plan,
    write_errors,
)
from squareconnect.cli.failures import DONE, ROWS_REFUSED, UNFINISHED, explained, misused, say
from squareconnect.cli.output import as_json, print_lines, readable
from squareconnect.cli.parser import program
from squareconnect.cli.progress import duration, told_progress
from squareconnect.cli.target_options import EMULATOR, connected
from squareconnect.exceptions import ApiException

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

    from squareconnect.apis.customers_api import CustomersApi
    from squareconnect.bulk import FileSource, ImportReport, Plan, Refusal, RowError

_REFUSALS_SHOWN = 5


def run(options: Namespace) -> int:
    """Import what the options name, or print what an import would do."""
    with explained(), ExitStack() as kept:
        if options.dry_run:
            return _tell_plan(options, _temporary(kept))
        journal = _temporary(kept) if _is_rehearsal(options) else _journal_of(options)
        with connected(options) as (api, _):
            source = _source(options, journal)
            if options.errors is not None:
                check_errors_file(source, journal, options.errors)
            return _sent(options, source, api, journal)


def _is_rehearsal(options: Namespace) -> bool:
    """Return whether the target is gone afterwards, so that a journal next to the input would be useless."""
    return options.target == EMULATOR and options.journal is None


def _temporary(kept: ExitStack) -> Path:
    return Path(kept.enter_context(tempfile.TemporaryDirectory(prefix="squareconnect-"))) / "journal"


def _journal_of(options: Namespace) -> Path:
    beside_input = "squareconnect.journal" if options.file == "-" else f"{options.file}.journal"
    return Path(options.journal or beside_input)


def _source(options: Namespace, journal: Path) -> FileSource:
    if options.file == "-" and sys.stdin is None:
        raise misused("there is no standard input to read: name a FILE.")
    return open_source(
        options.file,
        spool=journal.with_name(f"{journal.name}.input"),
        format=options.format,
        encoding=options.encoding,
        delimiter={"\\t": "\t"}.get(options.delimiter, options.delimiter),
        columns=dict(options.map),
        constants=dict(options.set),
    )


def _sent(options: Namespace, source: FileSource, api: CustomersApi, journal: Path) -> int:
    try:
        with told_progress() as tell:
            report = import_customers(
                source,
                api,
                journal=journal,
                rate=options.rate,
                concurrency=options.concurrency,
                match=options.match,
                on_match=options.on_match,
                key_trust=options.key_trust,
                progress=tell,
            )
    except (Stopped, ApiException, KeyboardInterrupt):
        with suppress(BulkError):  # The journal may be in use, or may not exist yet.
            _tell_end(options, source, journal, journal_report(journal))
        raise
    return ended(options, source, journal, report)


def ended(options: Namespace, source: FileSource, journal: Path, report: ImportReport) -> int:
    """Print what became of the rows, delete the copy of a finished input, and return the exit code."""
    _tell_end(options, source, journal, report)
    code = code_of(report)
    if code != UNFINISHED and str(source.path) != options.file:
        source.path.unlink(missing_ok=True)
    return code


def code_of(report: ImportReport) -> int:
    """Return the exit code for what became of the rows."""
    if report.left or report.unknown:
        return UNFINISHED
    return ROWS_REFUSED if report.refused else DONE


def report_line(report: ImportReport, **place: str) -> str:
    """Return what became of the rows as JSON."""
    return as_json({**report._asdict(), "errors": [error._asdict() for error in report.errors], **place})


def counts_of(report: ImportReport) -> str:
    """Return what became of the rows as a sentence."""
    counts = {name: getattr(report, name) for name in ("created", "updated", "skipped", "refused", "unknown", "left")}
    return (
        "Rows: " + ", ".join(f"{count:,} {name}" for name, count in counts.items() if count or name == "created") + "."
    )


def _tell_end(options: Namespace, source: FileSource, journal: Path, report: ImportReport) -> None:
    """Print what became of all rows and how to continue, and write the refused rows."""
    if options.json:
        place = {} if _is_rehearsal(options) else {"journal": str(journal)}
        print_lines([report_line(report, **place)])
    else:
        for line in _end(options, report, journal):
            say(readable(line))
    if options.errors is not None and write_errors(source, journal, options.errors) and not options.json:
        say(f"Refused rows: {options.errors}")


def _end(options: Namespace, report: ImportReport, journal: Path) -> Iterator[str]:
    if report.unused:
        yield f"Not imported, because they are not fields of a customer: {', '.join(report.unused)}."
    yield counts_of(report)
    yield from _refusals(options, report)
    if not _is_rehearsal(options):
        yield f"Journal: {journal}"
        if code_of(report) == UNFINISHED:
            again = " with the same input" if options.file == "-" else ""
            yield f"To continue{again}: {shlex.join([*program().split(), *options.words])}"


def _refusals(options: Namespace, report: ImportReport) -> Iterator[str]:
    for error in report.errors[:_REFUSALS_SHOWN]:
        yield f"Row {error.row} was refused: {_reason(error)}"
    if report.refused and options.errors is None:
        yield "All refused rows are written to a file if you run the same command with --errors FILE."


def _reason(error: RowError | Refusal) -> str:
    return f"{error.code}{f' at {error.field}' if error.field else ''}: {error.detail.rstrip('.')}"


def _tell_plan(options: Namespace, spool: Path) -> int:
    source = _source(options, spool)
    with told_progress() as tell:
        planned = plan(source, match=options.match, progress=tell)
    if options.json:
        refusals = [{**one.refusal._asdict(), "rows": one.rows, "first_row": one.first_row} for one in planned.refusals]
        print_lines([as_json({**planned._asdict(), "refusals": refusals})])
    else:
        print_lines(map(readable, _plan_lines(planned)))
    return ROWS_REFUSED if planned.refusals else DONE


def _plan_lines(planned: Plan) -> Iterator[str]:
    yield f"{_rows(planned.rows)}, {planned.requests:,} to send. Nothing was sent."
    for column, field in planned.mapping.items():
        yield f"Column {column}: {field}"
    if planned.unused:
        yield f"Not imported, because they are not fields of a customer: {', '.join(planned.unused)}"
    for body in planned.bodies:
        yield f"Request: {json.dumps(body, ensure_ascii=False)}"
    for refused in planned.refusals:
        yield f"Refused: {_rows(refused.rows)}, the first is row {refused.first_row}: {_reason(refused.refusal)}"
    for field, rows in planned.duplicates.items():
        if rows:
            same = "everything" if field == "row" else f"the {field}"
            yield f"Duplicates: {_rows(rows)} with {same} of an earlier row"
    for rate, seconds in planned.seconds.items():
        yield f"Time at {rate} requests per second: {duration(seconds)}"


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"
