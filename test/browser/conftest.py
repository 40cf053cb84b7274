"""Fixtures for the tests of the page: Chromium, a fresh emulator, and a tab that reports what went wrong in it.

The tests run in `tox -e browser`. If Playwright is not installed, they are not collected.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from squareconnect.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Locator, Page

collect_ignore_glob = [] if find_spec("playwright") else ["test_*.py"]

JsonObject = dict[str, Any]


class Client:
    """A client of the emulator, which makes the requests that the page shows."""

    def __init__(self, square: Emulator) -> None:
        self.square = square
        self._pool = urllib3.PoolManager(retries=False, timeout=10)

    def send(self, method: str, path: str, body: object = None, token: str | None = None) -> tuple[int, JsonObject]:
        headers = {"Authorization": f"Bearer {token or self.square.access_token}"}
        answer = self._pool.request(method, self.square.url + path, json=body, headers=headers)
        return answer.status, json.loads(answer.data)

    def create(self, **fields: object) -> JsonObject:
        status, answer = self.send("POST", "/v2/customers", fields)
        assert status == 200, answer
        customer: JsonObject = answer["customer"]
        return customer

    def close(self) -> None:
        self._pool.clear()


class Screen:
    """The page in one tab."""

    def __init__(self, tab: Page, square: Emulator) -> None:
        self.tab = tab
        self.square = square
        self.problems: list[str] = []
        self.streams: list[str] = []
        tab.on("pageerror", lambda error: self.problems.append(str(error)))
        tab.on("console", lambda message: self._console(message.type, message.text))
        tab.on("request", lambda request: self._request(request.url))

    def _console(self, kind: str, text: str) -> None:
        # Chromium reports refused requests, but the page shows these to its user.
        if kind in ("error", "warning") and "the server responded with a status of" not in text:
            self.problems.append(text)

    def _request(self, url: str) -> None:
        if url.endswith("/_emulator/events"):
            self.streams.append(url)
        if not url.startswith((f"{self.square.url}/", f"blob:{self.square.url}/")):
            self.problems.append(f"asked another host: {url}")

    def open(self, area: str = "customers") -> Screen:
        self.tab.goto(f"{self.square.url}/#{area}")
        self.tab.locator("#live.on").wait_for()
        return self

    def click(self, name: str, within: str = "body") -> None:
        self.tab.locator(within).get_by_role("button", name=name, exact=True).click()

    def fill(self, **fields: str) -> None:
        """Fill fields of the visible form, by their names."""
        for name, text in fields.items():
            self.field(name).fill(text)

    def field(self, name: str) -> Locator:
        return self.tab.locator(f'[name="{name.replace("__", ".")}"]:visible')

    def rows(self, kind: str) -> Locator:
        return self.tab.locator(f"#{kind}-rows > *")

    def toasts(self, text: str) -> None:
        self.tab.locator("#toast", has_text=text).wait_for()

    def confirm(self, yes: str) -> None:
        self.tab.locator("#ask[open]").get_by_role("button", name=yes, exact=True).click()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import expect, sync_playwright

    from tools.chromium import launch

    expect.set_options(timeout=15_000)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def square() -> Iterator[Emulator]:
    """An emulator whose clock is stopped."""
    with Emulator(seed=1, clock="2026-01-01T00:00:00Z") as square:
        yield square


@pytest.fixture
def client(square: Emulator) -> Iterator[Client]:
    client = Client(square)
    yield client
    client.close()


@pytest.fixture
def context(browser: Browser, square: Emulator) -> Iterator[BrowserContext]:
    """A fresh browser context, which is closed before the emulator stops."""
    context = browser.new_context(reduced_motion="reduce", viewport={"width": 1280, "height": 800})
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def new_screen(context: BrowserContext, square: Emulator) -> Iterator[Callable[[], Screen]]:
    """A function that opens tabs. The test fails if anything goes wrong in one of them."""
    screens: list[Screen] = []

    def new() -> Screen:
        screens.append(Screen(context.new_page(), square))
        return screens[-1]

    yield new
    assert [problem for screen in screens for problem in screen.problems] == []


@pytest.fixture
def screen(new_screen: Callable[[], Screen]) -> Screen:
    return new_screen()


@pytest.fixture
def axe() -> Path:
    """The path of axe-core, which checks whether a page is accessible."""
    from tools.chromium import AXE

    return AXE
