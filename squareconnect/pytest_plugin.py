"""The pytest plugin: a local Square for every test. docs/Emulator.md describes it.

Importing this module loads nothing except what pytest has already loaded: the fixtures import what they need when used.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from squareconnect.apis.async_customers_api import AsyncCustomersApi
    from squareconnect.apis.customers_api import CustomersApi
    from squareconnect.configuration import Configuration
    from squareconnect.emulator.faults import Fault
    from squareconnect.emulator.journal import Entry
    from squareconnect.emulator.server import Emulator

_MARKER = (  # Up to the first colon, pytest takes it for the marker's signature.
    "square(seed=..., clock=..., rate_limit=...): the start settings of a test's emulator, such as "
    "clock='2026-01-01T00:00:00Z'."
)
_MAX_REQUESTS = 50
_MAX_CHARACTERS = 1000
_TOKEN = "SQUARE_ACCESS_TOKEN"  # noqa: S105 - the name of a variable
_square = pytest.StashKey["Emulator"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option `--square-live`."""
    parser.getgroup("squareconnect").addoption(
        "--square-live",
        action="store_true",
        help=f"run the tests of the fixture `square` against Square's sandbox, with {_TOKEN}; those that use faults, "
        "seeding, the clock or any other feature that Square lacks are skipped",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker `square`."""
    config.addinivalue_line("markers", _MARKER)


class LiveSquare:
    """Square's sandbox in place of an emulator. A test that uses a feature that Square lacks is skipped."""

    def __init__(self, url: str, access_token: str) -> None:
        self.url = url
        """The sandbox's address."""
        self.access_token = access_token
        """The token from `SQUARE_ACCESS_TOKEN`."""

    def __getattr__(self, name: str) -> NoReturn:
        pytest.skip(f"Square itself has no `{name}`: this test needs the emulator.")

    def __setattr__(self, name: str, value: object) -> None:
        if name not in ("url", "access_token"):
            pytest.skip(f"Square itself has no `{name}`: this test needs the emulator.")
        super().__setattr__(name, value)


@pytest.fixture(scope="session")
def square_server() -> Iterator[Emulator]:
    """Start an emulator that runs until the last test has ended."""
    from squareconnect.emulator import Emulator

    with Emulator() as square:
        yield square


@pytest.fixture
def square(request: pytest.FixtureRequest) -> Emulator | LiveSquare:
    """Return the emulator, reset for this test: `seed=1`, and the clock stands still at 2026-01-01T00:00:00Z.

    The marker `square(seed=..., clock=..., rate_limit=...)` changes these settings.
    """
    start = _start_of(request.node)
    if request.config.getoption("--square-live"):
        return _live(start)
    from squareconnect.emulator.testcase import TEST_CLOCK

    square: Emulator = request.getfixturevalue("square_server")
    square.reset(seed=start.get("seed", 1), clock=start.get("clock", TEST_CLOCK))
    square.rate_limit(start.get("rate_limit"))
    request.node.stash[_square] = square
    return square


def _start_of(item: pytest.Item) -> dict[str, Any]:
    start: dict[str, Any] = {}
    for marker in reversed(list(item.iter_markers("square"))):
        if marker.args or marker.kwargs.keys() - {"seed", "clock", "rate_limit"}:
            raise pytest.UsageError(f"The marker `square` takes only seed=, clock= and rate_limit=: {item.nodeid}")
        start |= marker.kwargs
    return start


def _live(start: dict[str, Any]) -> LiveSquare:
    from squareconnect.configuration import HOSTS

    if start:
        pytest.skip(f"Square itself lacks {', '.join(f'`{name}`' for name in start)}: this test needs the emulator.")
    if not (access_token := os.environ.get(_TOKEN)):
        raise pytest.UsageError(f"--square-live needs a token for Square's sandbox in {_TOKEN}.")
    return LiveSquare(HOSTS["sandbox"], access_token)


def _configuration(square: Emulator | LiveSquare) -> Configuration:
    from squareconnect.configuration import Configuration

    configuration = Configuration(host=square.url, access_token=square.access_token)
    if not isinstance(square, LiveSquare):
        from squareconnect.emulator.testcase import NO_PAUSE

        configuration.max_retry_wait = NO_PAUSE
    return configuration


@pytest.fixture
def customers_api(square: Emulator | LiveSquare) -> Iterator[CustomersApi]:
    """Create a client of `square` that does not pause between retries."""
    from squareconnect.api_client import ApiClient
    from squareconnect.apis.customers_api import CustomersApi

    with ApiClient(_configuration(square)) as client:
        yield CustomersApi(client)


@pytest.fixture
def async_customers_api(square: Emulator | LiveSquare) -> Iterator[AsyncCustomersApi]:
    """Create a client of `square` for asyncio that does not pause between retries."""
    from squareconnect.api_client import ApiClient
    from squareconnect.apis.async_customers_api import AsyncCustomersApi

    with ApiClient(_configuration(square)) as client:
        yield AsyncCustomersApi(client)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the test's journal to the report of its failure."""
    report = yield
    if report.failed and (square := _emulator_of(item)) is not None:
        report.sections.append(("square: the requests it received", "\n".join(_describe_requests(square))))
    return report


def _emulator_of(item: pytest.Item) -> Emulator | None:
    """Return the emulator of a test that uses one: by the fixture, or as an `EmulatorTestCase`."""
    testcase = sys.modules.get("squareconnect.emulator.testcase")
    if (
        testcase is not None
        and isinstance(item, pytest.Function)
        and isinstance(item.instance, testcase.EmulatorTestCase)
    ):
        square: Emulator | None = getattr(item.instance, "square", None)  # It is missing if it could not be started.
        return square
    return item.stash.get(_square, None)


def _describe_requests(square: Emulator) -> Iterator[str]:
    requests = square.requests[-_MAX_REQUESTS:]
    if requests and requests[0].number > 1:
        yield f"... {requests[0].number - 1} earlier ones"
    for entry in requests:
        yield from _describe_request(entry)
    if not requests:
        yield "no request"
    for fault in square.faults:
        if fault.used < (fault.times or 1):
            yield f"unused: {_describe_fault(fault)}"


def _describe_request(entry: Entry) -> Iterator[str]:
    met = "" if entry.fault is None else f"  [{_describe_fault(entry.fault)}]"
    yield f"{entry.number}. {entry.method} {entry.path} -> {entry.status or 'no answer'}{met}"
    for name, body in (("sent", entry.body), ("answered", entry.answer)):
        if body is not None:
            yield f"    {name}: {body!r}"[:_MAX_CHARACTERS]


def _describe_fault(fault: Fault) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in fault.as_json().items() if name != "id")
