"""The command doctor: checks everything that a call needs, piece by piece, and changes nothing."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from importlib import metadata
from typing import TYPE_CHECKING

from squareconnect.cli.checks import (
    Check,
    access_checks,
    clock_check,
    package_checks,
    python_check,
    token_check,
    version_check,
)
from squareconnect.cli.connection import connection_checks
from squareconnect.cli.failures import DONE, FAILED, Failure, failure_of
from squareconnect.cli.output import add_output_options, as_json, print_lines, print_styled, readable
from squareconnect.cli.target_options import (
    EMULATOR,
    Target,
    access_token_of,
    add_target_options,
    configuration_of,
    name_of,
    started_emulator,
)
from squareconnect.configuration import HOSTS

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

_TRY_SECONDS = 10.0
_WORDS = {"ok": "OK", "wrong": "WRONG", "skipped": "skipped"}
_STYLES = {"ok": "green", "wrong": "bold red", "skipped": "dim"}


def add_doctor(parser: ArgumentParser) -> None:
    """Add the options of `doctor`."""
    parser.description = (
        "Check Python, its packages, the way to the host, the clock, the access token and the version of the API. "
        "It changes nothing, and ends with exit code 1 if anything is wrong."
    )
    add_target_options(parser, "sandbox")
    add_output_options(parser, fields=False)
    parser.set_defaults(run=_doctor)


def _doctor(options: Namespace) -> int:
    healthy = True
    with ExitStack() as running:
        for check in _checks(options, running):
            healthy = healthy and check.status != "wrong"
            _print(check, options.json)
    return DONE if healthy else FAILED


def _print(check: Check, json: bool) -> None:
    if json:
        print_lines([as_json({name: value for name, value in check._asdict().items() if value})])
        return
    line = f"{_WORDS[check.status]:<8} {check.name:<16} {check.detail}"
    print_styled(readable(line + (f": {check.remedy}" if check.remedy else "")), _STYLES[check.status])


def _checks(options: Namespace, running: ExitStack) -> Iterator[Check]:
    yield python_check(sys.version_info[:3])
    packages = list(package_checks(metadata.requires("squareconnect") or ()))
    yield from packages
    if any(check.status == "wrong" for check in packages):
        yield Check("target", "skipped", "without those packages no call can be made")
        return
    name = name_of(options)
    if name == EMULATOR:
        target, token = started_emulator(running), None
    else:
        target, token = _target_and_token(name, options)
    yield Check("target", "ok", f"{target.name}, {target.host}" if target.name != target.host else target.host)
    yield token or token_check(target)
    way = list(connection_checks(target.host, options.ca_file))
    yield from way
    if any(check.status == "wrong" for check in way):
        yield Check("answer", "skipped", "there is no connection to the host")
        return
    yield from _answer_checks(target, options)


def _target_and_token(name: str, options: Namespace) -> tuple[Target, Check | None]:
    """Return the target, and a failed check if its token cannot be obtained."""
    host = HOSTS.get(name, name)
    try:
        return Target(name, host, *access_token_of(options)), None
    except Failure as failure:
        sentence, _, remedy = str(failure).rstrip(".").partition(": ")
        return Target(name, host, "", ""), Check("token", "wrong", sentence, remedy)


def _answer_checks(target: Target, options: Namespace) -> Iterator[Check]:
    """Request one page, and check what the answer shows about the clock, the token and the version."""
    from squareconnect.api_client import ApiClient
    from squareconnect.exceptions import ApiException

    try:
        configuration = configuration_of(target, options)
    except Failure as failure:  # A token that cannot be sent; the check of its form has reported it.
        yield Check("answer", "skipped", str(failure).rstrip("."))
        return
    configuration.timeout, configuration.deadline, configuration.max_retries = _TRY_SECONDS, 2 * _TRY_SECONDS, 0
    with ApiClient(configuration) as client:
        try:
            _, status, headers = client.call_api(
                "/v2/customers",
                "GET",
                query_params={"limit": 1},
                response_type="ListCustomersResponse",
                auth_settings=["oauth2"] if target.access_token else (),
                _return_http_data_only=False,
            )
        except ApiException as error:
            if error.status is None or error.headers is None:
                yield Check("answer", "wrong", str(failure_of(error, target)).rstrip("."))
                return
            status, headers = error.status, error.headers
            said = str(failure_of(error, target)).rstrip(".")
        else:
            said = ""
    yield clock_check(headers.get("Date"), time.time())
    yield from access_checks(status, said, bool(target.access_token))
    if status == 200:
        yield version_check(configuration.square_version, headers)
