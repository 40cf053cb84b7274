"""The options of the command import."""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import TYPE_CHECKING

from squareconnect.cli.output import add_output_options
from squareconnect.cli.parser import file_name
from squareconnect.cli.target_options import add_target_options

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add_import(parser: ArgumentParser) -> None:
    """Add the options of `import`."""
    parser.description = (
        "Create a customer from each row of a CSV or JSON Lines file, exactly once, even if the command is stopped "
        "and run again. Square's own export can be used unchanged."
    )
    parser.add_argument("file", metavar="FILE", type=file_name, help="the file; - for stdin")
    reading = parser.add_argument_group("reading")
    reading.add_argument("--format", choices=("csv", "jsonl"), help="the file's format (default: by its name, or csv)")
    reading.add_argument("--delimiter", metavar="C", help="the character between CSV cells (default: detected)")
    reading.add_argument("--encoding", metavar="NAME", default="utf-8", help="the file's encoding (default: utf-8)")
    reading.add_argument(
        "--map", metavar="COLUMN=FIELD", type=_mapping, action="append", default=[], help="the field a column sets"
    )
    reading.add_argument(
        "--set", metavar="FIELD=TEXT", type=_setting, action="append", default=[], help="a text for all rows"
    )
    reading.add_argument(
        "--dry-run", action="store_true", help="check everything, print what would be sent, send nothing"
    )
    sending = parser.add_argument_group("sending")
    sending.add_argument(
        "--match",
        choices=("reference_id", "email_address", "phone_number", "none"),
        default="none",
        help="the field to find existing customers by (default: none: a new customer for each row)",
    )
    sending.add_argument(
        "--on-match",
        choices=("skip", "update", "fail"),
        default="skip",
        help="what to do with a row whose customer exists (default: skip)",
    )
    sending.add_argument("--rate", metavar="N", type=float, help="maximum requests per second (default: adaptive)")
    sending.add_argument("--concurrency", metavar="N", type=int, default=16, help="maximum calls at once (default: 16)")
    sending.add_argument(
        "--key-trust",
        metavar="SECONDS",
        type=float,
        default=3600.0,
        help="seconds after which an unanswered row is looked for before it is sent again (default: 3600)",
    )
    sending.add_argument(
        "--journal",
        metavar="FILE",
        type=file_name,
        help="the file that records the state of each row (default: the input's name and .journal)",
    )
    sending.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="work on the cluster of this scheduler, such as tcp://10.0.0.1:8786: FILE is then a path, glob or URL for "
        "its workers, and --journal a directory that they share",
    )
    sending.add_argument(
        "--errors", metavar="FILE", type=file_name, help="where to write refused rows, to correct and import them"
    )
    add_target_options(parser)
    add_output_options(parser, fields=False)
    parser.set_defaults(run=_import)


def _mapping(text: str) -> tuple[str, str]:
    column, separator, field = text.rpartition("=")
    if not separator or not column:
        raise ArgumentTypeError(f"it must be COLUMN=FIELD, such as E-mail=email_address, not '{text}'")
    return column, field.replace("-", "_")


def _setting(text: str) -> tuple[str, str]:
    field, separator, value = text.partition("=")
    if not separator:
        raise ArgumentTypeError(f"it must be FIELD=TEXT, such as note=Imported, not '{text}'")
    return field.replace("-", "_"), value


def _import(options: Namespace) -> int:
    if options.dask is not None:
        from squareconnect.cli import import_dask

        return import_dask.run(options)
    from squareconnect.cli.import_run import run

    return run(options)
