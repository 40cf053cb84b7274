"""The pytest plugin, used by pytest itself."""

from __future__ import annotations

import re
import subprocess
import sys
import unittest
from importlib.metadata import distribution
from typing import TYPE_CHECKING

import pytest

from squareconnect.emulator import Emulator, EmulatorTestCase
from squareconnect.pytest_plugin import LiveSquare

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from squareconnect import AsyncCustomersApi, Configuration, CustomersApi

pytest_plugins = ["pytester"]

FAILING = """
import pytest, urllib3
from squareconnect.emulator import EmulatorTestCase

def send(square, method, path, body=None):
    headers = {"Authorization": f"Bearer {square.access_token}"}
    return urllib3.request(method, square.url + path, json=body, headers=headers, retries=False)

def test_fails(square):
    square.fail("create_customer", status=503)
    square.fail("update_customer", status=500)
    square.fail("delete_customer", status=500, times=None)
    square.fail("list_customers", reset=True)
    send(square, "POST", "/v2/customers", {"given_name": "Ada"})
    with pytest.raises(urllib3.exceptions.HTTPError):
        send(square, "GET", "/v2/customers")
    assert False

def test_passes(square):
    send(square, "GET", "/v2/customers")
    print("nothing of this")

def test_fails_without_requests(square):
    assert False

def test_fails_with_many(square):
    for _ in range(60):
        send(square, "GET", "/v2/customers/A")
    assert False

def test_fails_without_square():
    assert False

class TestCase(EmulatorTestCase):
    def test_fails_in_a_case(self):
        self.customers_api.list_customers()
        self.square.stop()
        self.fail()

class TestBrokenCase(EmulatorTestCase):
    @classmethod
    def setUpClass(cls):
        raise OSError("no port is left")

    def test_cannot_be_run(self):
        pass

def test_of_a_marker_that_is_misspelt_is_an_error(broken):
    pass

@pytest.fixture
def broken(request):
    request.node.add_marker(pytest.mark.square(sed=1))
    request.getfixturevalue("square")
"""

LIVE = """
import pytest

def test_reaches_the_sandbox(square, customers_api):
    assert square.url == "https://connect.squareupsandbox.com"
    assert customers_api.api_client.configuration.access_token == "sandbox-token"
    assert customers_api.api_client.configuration.max_retry_wait > 1
    with pytest.raises(ImportError):
        raise ImportError

def test_fault(square):
    square.fail("*", status=500)

def test_seed(square):
    square.seed(1)

def test_clock(square):
    square.clock.advance(1)

def test_delay(square):
    square.listing_delay = 30

@pytest.mark.square(rate_limit=5)
def test_marker(square):
    pass
"""

MARKED = """
import pytest

pytestmark = pytest.mark.square(seed=3)

@pytest.mark.square(seed=7, clock="2030-06-01T12:00:00Z", rate_limit=2)
def test_marked(square, customers_api):
    assert customers_api.create_customer({"given_name": "Ada"}).customer.created_at == "2030-06-01T12:00:00.000Z"
    first = square.snapshot()["chance"]
    assert first == ["7", 1]
    with pytest.raises(Exception):
        for _ in range(2):
            customers_api.list_customers()

def test_of_the_module(square):
    assert square.snapshot()["chance"] == ["3", 0]
    assert square.clock.as_json() == {"now": "2026-01-01T00:00:00.000Z", "standing": True}
"""

WORKERS = """
import pytest

URLS = set()

@pytest.mark.parametrize("number", range(4))
def test_each(square, square_server, number):
    assert square is square_server
    URLS.add(square.url)
    assert len(URLS) == 1
    square.seed(1)
    assert len(square.snapshot()["tables"]["customers"]) == 1
"""


def ran(pytester: pytest.Pytester, source: str, *options: str) -> pytest.RunResult:
    """Run tests with this plugin and no other installed plugin, which takes a fifth of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        return ran_with_all_plugins(pytester, source, "-p", "squareconnect.pytest_plugin", *options)


def ran_with_all_plugins(pytester: pytest.Pytester, source: str, *options: str) -> pytest.RunResult:
    pytester.makepyfile(source)
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", *options, timeout=60)


def section(lines: Sequence[str], test: str) -> list[str]:
    start = next(number for number, line in enumerate(lines) if f" {test} " in line and line.startswith("___"))
    end = next((n for n, line in enumerate(lines[start + 1 :], start + 1) if line.startswith(("___", "==="))), None)
    return list(lines[start:end])


def test_it_is_an_entry_point_of_the_package() -> None:
    (point,) = [point for point in distribution("squareconnect").entry_points if point.group == "pytest11"]

    assert point.value == "squareconnect.pytest_plugin"


def printed(code: str) -> str:
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return shown.stdout.strip()


def test_importing_it_loads_nothing_of_the_emulator() -> None:
    loaded = printed(
        "import pytest, sys; before = set(sys.modules); import squareconnect.pytest_plugin; "
        "print(sorted(set(sys.modules) - before))"
    )

    assert loaded == "['squareconnect', 'squareconnect.pytest_plugin']"


def test_importing_it_takes_little_time() -> None:
    code = (
        "import pytest, time; started = time.process_time(); import squareconnect.pytest_plugin; "
        "print(time.process_time() - started)"
    )

    # It takes 2 ms if it must be compiled, as here, and 0.5 ms otherwise. The emulator would take 100 ms.
    assert min(float(printed(code)) for _ in range(3)) < 0.02


def test_a_run_that_does_not_use_it_loads_nothing_of_the_emulator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "test_unrelated.py").write_text("def test_unrelated(): pass")
    options = ["-qq", "-p", "no:cacheprovider", "-p", "squareconnect.pytest_plugin", str(tmp_path)]
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    loaded = printed(
        f"import pytest, sys; before = set(sys.modules); assert not pytest.main({options}); "
        "print(sorted(set(sys.modules) - before))"
    ).splitlines()[-1]
    names = set(re.findall(r"'([\w.]+)'", loaded))

    assert {name for name in names if name.startswith("squareconnect")} == {
        "squareconnect",
        "squareconnect.pytest_plugin",
    }
    assert not names & {"h11", "sqlite3", "starlette", "urllib3", "uvicorn"}


def test_a_failing_test_shows_what_the_emulator_received(pytester: pytest.Pytester) -> None:
    result = ran_with_all_plugins(pytester, FAILING)
    result.assert_outcomes(passed=1, failed=5, errors=2)
    shown = section(result.outlines, "test_fails")

    assert any("square: the requests it received" in line for line in shown)
    assert any(line.startswith("1. POST /v2/customers -> 503  [operation='create_customer'") for line in shown)
    assert "    sent: {'given_name': 'Ada'}" in shown
    assert any(line.startswith("    answered: {'errors'") for line in shown)
    assert any(line.startswith("2. GET /v2/customers -> no answer  [operation='list_customers'") for line in shown)
    unused = [line for line in shown if line.startswith("unused: ")]
    assert [line.split("'")[1] for line in unused] == ["update_customer", "delete_customer"]
    assert "no request" in section(result.outlines, "test_fails_without_requests")
    assert "1. GET /v2/customers -> 200" in section(result.outlines, "TestCase.test_fails_in_a_case")
    assert "... 10 earlier ones" in section(result.outlines, "test_fails_with_many")
    assert not any("square: what" in line for line in section(result.outlines, "test_fails_without_square"))
    assert "nothing of this" not in result.stdout.str()
    assert "takes only seed=, clock= and rate_limit=" in result.stdout.str()


def test_a_marker_changes_how_the_emulator_starts(pytester: pytest.Pytester) -> None:
    ran(pytester, MARKED, "--strict-markers", "-W", "error").assert_outcomes(passed=2)


def test_the_help_on_markers_shows_the_marker_as_it_is_written(pytester: pytest.Pytester) -> None:
    shown = ran(pytester, "", "--markers").stdout.str()
    assert "@pytest.mark.square(seed=..., clock=..., rate_limit=...): the start" in shown
    assert "clock='2026-01-01T00:00:00Z'" in shown


def test_each_worker_has_its_own_emulator(pytester: pytest.Pytester) -> None:
    ran(pytester, WORKERS, "-p", "xdist", "-n", "2").assert_outcomes(passed=4)


def test_live_tests_skip_what_square_does_not_offer(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SQUARE_ACCESS_TOKEN", "sandbox-token")
    result = ran(pytester, LIVE, "--square-live", "-rs")
    result.assert_outcomes(passed=1, skipped=5)

    assert "Square itself has no `fail`: this test needs the emulator." in result.stdout.str()
    assert "Square itself lacks `rate_limit`" in result.stdout.str()


def test_live_tests_need_a_token(pytester: pytest.Pytester) -> None:
    result = ran(pytester, LIVE, "--square-live", "-k", "sandbox")
    result.assert_outcomes(errors=1)

    assert "--square-live needs a token for Square's sandbox in SQUARE_ACCESS_TOKEN." in result.stdout.str()


def test_a_live_square_has_only_its_address_and_token() -> None:
    square = LiveSquare("https://example.com", "token")
    square.url = "https://example.org"

    assert (square.url, square.access_token) == ("https://example.org", "token")
    with pytest.raises(pytest.skip.Exception):
        _ = square.requests


def test_the_clients_call_the_emulator(
    square: Emulator, customers_api: CustomersApi, async_customers_api: AsyncCustomersApi
) -> None:
    for api in (customers_api, async_customers_api):
        configuration: Configuration = api.api_client.configuration
        assert configuration.host == square.url
        assert configuration.max_retry_wait < 0.001


@pytest.mark.square(seed=2)
def test_the_emulator_is_reset_before_each_test(square: Emulator) -> None:
    assert len(square.requests) == 0
    assert square.snapshot()["chance"] == ["2", 0]


class TestOfTheUnitTestCase(EmulatorTestCase):
    def test_one(self) -> None:
        self.customers_api.create_customer({"given_name": "Ada"})
        self.square.clock.advance(5)

        assert [request.status for request in self.square.requests] == [200]

    test_two = test_one

    def test_three(self) -> None:
        self.square.fail("list_customers", status=503, times=3)
        assert self.customers_api.list_customers().customers is None
        assert self.square.clock.as_json()["now"] == "2026-01-01T00:00:00.000Z"


def test_a_unit_test_starts_with_a_fresh_emulator_whatever_the_previous_test_did() -> None:
    class Case(EmulatorTestCase):
        def test_one(self) -> None:
            self.square.reset(seed=9, clock="2030-06-01T12:00:00Z")
            self.square.rate_limit(1)

        def test_two(self) -> None:
            assert self.square.snapshot()["chance"] == ["1", 0]
            assert self.square.clock.as_json() == {"now": "2026-01-01T00:00:00.000Z", "standing": True}
            self.customers_api.list_customers()
            self.customers_api.list_customers()

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(result)

    assert (result.testsRun, result.errors, result.failures) == (2, [], [])
