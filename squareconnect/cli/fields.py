"""Model fields as names on a command line: options that make a body, and paths that select from an answer."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

from squareconnect._text import did_you_mean
from squareconnect.cli.failures import misused, say
from squareconnect.cli.parser import file_name
from squareconnect.exceptions import printable
from squareconnect.models._paths import model_of, paths_of, put, selectable_paths
from squareconnect.models.customer import Customer

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Collection, Iterator

    from squareconnect.models._model import Model

JsonObject = dict[str, Any]

_PREFIX = "field:"
_SURROGATE = re.compile("[\ud800-\udfff]")


def add_field_options(parser: ArgumentParser, kind: type[Model], without: Collection[str] = ()) -> None:
    """Add an option for each field of a request, and ``--body``.

    :param kind: the model of the request.
    :param without: the fields that are given in another way.
    """
    group = parser.add_argument_group("fields")
    for path, description in paths_of(kind):
        if path not in without:
            text = _first_sentence(description).replace("%", "%%")
            group.add_argument(option_of(path), dest=_PREFIX + path, metavar="TEXT", help=text)
    group.add_argument(
        "--body",
        metavar="FILE",
        type=file_name,
        help="a JSON object with fields, from a file or stdin (-); options override it",
    )
    parser.set_defaults(kind=kind)


def option_of(path: str) -> str:
    """Return the option for a field."""
    return "--" + path.replace("_", "-")


def _first_sentence(description: str) -> str:
    return description.partition(". ")[0].rstrip(".")


def body_of(options: Namespace) -> JsonObject:
    """Return the body made of ``--body`` and the options for fields.

    :raises Failure: if the file cannot be read or is not a JSON object, or if a name or text cannot be sent.
    """
    body = _read_body(options.body, options.kind) if options.body is not None else {}
    for path, text in given_fields(options):
        put(body, path, text)
    return body


def given_fields(options: Namespace) -> Iterator[tuple[str, str]]:
    """Return the path and text of each option for a field that was given."""
    for name, text in vars(options).items():
        if name.startswith(_PREFIX) and text is not None:
            path = name.removeprefix(_PREFIX)
            if _SURROGATE.search(text):
                raise misused(f"{option_of(path)} is not UTF-8 text: set the terminal or the locale to UTF-8.")
            yield path, text


def checked_paths(kind: type[Model], text: str, option: str) -> list[str]:
    """Return the names in a comma-separated list.

    :raises Failure: for a name that is not a field of the model.
    """
    known = selectable_paths(kind)
    paths = [name.strip().replace("-", "_") for name in text.split(",") if name.strip()]
    for path in paths:
        if path not in known:
            raise misused(f"{option}: there is no field {path}{did_you_mean(path, known) or '.'}")
    if not paths:
        raise misused(f"{option} names no field: give names separated by commas, such as {known[0]},{known[1]}.")
    return paths


def _read_body(path: str, kind: type[Model]) -> JsonObject:
    source = "stdin" if path == "-" else path
    try:
        with open(0 if path == "-" else path, "rb", closefd=path != "-") as file:
            body = json.loads(file.read(), parse_constant=_refuse_constant)
    except OSError as error:
        raise misused(f"--body: {source} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:
        raise misused(f"--body: {source} is not JSON in UTF-8: {error}.") from None
    if not isinstance(body, dict):
        raise misused(f"--body: {source} must hold one JSON object.")
    return _sendable(body, kind)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _sendable(body: JsonObject, kind: type[Model]) -> JsonObject:
    """Return a body without what only Square sets, such as the ``id`` of a customer that was printed before."""
    settled = [name for name in body if name in Customer.swagger_types and name not in kind.swagger_types]
    if settled:
        say(f"Left out of the body, because only Square sets it: {', '.join(settled)}.")
    body = {name: value for name, value in body.items() if name not in settled}
    _check_names(body, kind)
    return body


def _check_names(body: JsonObject, kind: type[Model], place: str = "") -> None:
    for name, value in body.items():
        if name not in kind.swagger_types:
            hint = did_you_mean(name, kind.swagger_types) or "."
            raise misused(f"--body: there is no field {printable(place + name)}{hint}")
        inner = model_of(kind.swagger_types[name])
        if inner is not None and isinstance(value, dict):
            _check_names(value, inner, f"{place}{name}.")
