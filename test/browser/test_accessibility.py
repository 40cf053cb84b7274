"""The page is accessible: with only a keyboard or a screen reader, in light and dark, on small and large screens."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from test.browser.conftest import Client, Screen

HERE = Path(__file__).parent
STATES = ("customers", "customer", "new", "ask", "requests", "request", "faults")
FOCUSED = """() => {
    const node = document.activeElement;
    return node.getAttribute("aria-label") || node.textContent.trim() || node.labels?.[0]?.textContent.trim() || "";
}"""
OUTLINED = """() => {
    const node = document.activeElement;
    const seen = [node, node.closest(".file")].filter(Boolean);
    return node === document.body || seen.some(each => getComputedStyle(each).outlineStyle !== "none");
}"""
UNREACHED = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, pre[tabindex]")]
    .filter(node => node.checkVisibility({ visibilityProperty: true }) && !node.disabled && !node.dataset.reached)
    .map(node => node.outerHTML)"""


def create_examples(client: Client) -> None:
    """Create something to show in every area."""
    client.square.seed(3)
    ada = client.create(given_name="Ada", family_name="Lovelace", note="x" * 500, company_name="W" * 200)
    client.send("POST", f"/v2/customers/{ada['id']}/cards", {"card_nonce": "cnon:card-nonce-ok"})
    client.square.fail("create_customer", status=503, headers={"X": "y" * 300})
    client.send("POST", "/v2/customers", {"given_name": "Grace"})
    client.send("GET", f"/v2/customers/{'N' * 300}")
    client.send("GET", "/v2/customers", token="wrong")
    client.square.rate_limit(5, burst=5, retry_after=1)


def show(screen: Screen, state: str) -> None:
    area = {"requests": "requests", "request": "requests", "faults": "faults"}.get(state, "customers")
    screen.open(area)
    if area != "faults":
        screen.rows(area[:-1]).first.wait_for()
    if state in ("customer", "ask"):
        screen.click("Ada Lovelace")
    if state == "ask":
        screen.click("Delete", "#customer-form")
    if state == "new":
        screen.click("New customer")
    if state == "request":
        screen.click("create_customer_card")
        screen.click("Copy as curl")


@pytest.mark.parametrize("width", [375, 1600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_problem_and_nothing_overflows(
    client: Client, new_screen: Callable[[], Screen], axe: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    create_examples(client)
    for state in STATES:
        screen = new_screen()
        screen.tab.set_viewport_size({"width": width, "height": 800})
        screen.tab.emulate_media(color_scheme=scheme)
        show(screen, state)
        screen.tab.evaluate(axe.read_text())
        found = screen.tab.evaluate("axe.run()")
        assert found["passes"]
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found["violations"]] == [], state
        assert screen.tab.evaluate("document.documentElement.scrollWidth") <= width, state
        for dialog in screen.tab.locator("dialog[open]").all():
            assert dialog.evaluate("node => node.scrollWidth <= node.clientWidth"), state
        screen.tab.close()


def test_light_or_dark_follows_the_readers_setting(screen: Screen) -> None:
    screen.open()
    grounds = []
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        screen.tab.emulate_media(color_scheme=scheme)
        grounds.append(screen.tab.evaluate("getComputedStyle(document.documentElement).backgroundColor"))
    assert grounds == ["rgb(245, 246, 248)", "rgb(16, 18, 22)"]


@pytest.mark.parametrize("state", STATES)
def test_every_control_can_be_reached_with_the_tab_key_and_shows_the_focus(
    client: Client, screen: Screen, state: str
) -> None:
    create_examples(client)
    show(screen, state)
    for _ in range(80):
        screen.tab.keyboard.press("Tab")
        screen.tab.evaluate("document.activeElement.dataset.reached = 'yes'")
        assert screen.tab.evaluate(OUTLINED), screen.tab.evaluate("document.activeElement.outerHTML")
        if not unreached(screen):
            break
    assert unreached(screen) == []


def unreached(screen: Screen) -> list[str]:
    # A modal dialog keeps the focus: the controls behind it must not be reachable.
    found: list[str] = screen.tab.evaluate(UNREACHED)
    top = screen.tab.locator("dialog[open]")
    if not top.count():
        return found
    inside: str = top.last.evaluate("node => node.innerHTML")
    return [html for html in found if html in inside]


class Keyboard:
    """A user without a mouse."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.press = screen.tab.keyboard.press
        self.type = screen.tab.keyboard.type

    def go_to(self, name: str) -> None:
        """Press Tab until the control with this name has the focus."""
        for _ in range(120):
            if self.screen.tab.evaluate(FOCUSED) == name:
                return
            self.press("Tab")
        raise AssertionError(f"{name} was not reached")

    def activate(self, name: str) -> None:
        self.go_to(name)
        self.press("Enter")


def test_everything_can_be_done_with_only_a_keyboard(client: Client, screen: Screen) -> None:
    screen.open()
    keyboard = Keyboard(screen)
    keyboard.activate("New customer")
    keyboard.go_to("Given name")
    keyboard.type("Ada")
    keyboard.press("Enter")
    expect(screen.rows("customer")).to_contain_text("Ada")
    keyboard.activate("Ada")
    keyboard.activate("Add the card")
    expect(screen.rows("card")).to_have_count(1)
    (card,) = client.send("GET", "/v2/customers")[1]["customers"][0]["cards"]
    keyboard.activate(f"Delete the card {card['id']}")
    expect(screen.tab.locator("#ask")).to_be_visible()
    keyboard.activate("Delete")
    expect(screen.rows("card")).to_have_count(0)
    keyboard.press("Escape")
    expect(screen.tab.locator("#customer")).to_be_hidden()
    expect(screen.tab.get_by_role("button", name="Ada", exact=True)).to_be_focused()

    keyboard.activate("Faults and clock")
    keyboard.activate("Two 503s")
    keyboard.activate("Add the fault")
    expect(screen.rows("fault")).to_have_count(1)
    assert client.send("GET", "/v2/customers")[0] == 503
    keyboard.activate("+ 1 min")
    expect(screen.tab.locator(".clock time")).to_have_text("2026-01-01 00:01:00")

    keyboard.activate("Requests")
    expect(screen.rows("request").first).to_contain_text("503")
    keyboard.activate("list_customers")
    keyboard.activate("Copy as Python")
    expect(screen.tab.locator("#copied")).to_have_value(re.compile("list_customers"))
    keyboard.press("Escape")
    expect(screen.tab.locator("#request")).to_be_hidden()


def test_the_tests_press_every_button() -> None:
    """A new button in index.html needs a test that presses it."""
    html = (HERE.parents[1] / "squareconnect" / "emulator" / "page" / "index.html").read_text()
    buttons = {
        label or text for label, text in re.findall(r'<button(?:[^>]*aria-label="([^"]+)")?[^>]*>([^<]*)<', html)
    }
    tests = "\n".join(path.read_text() for path in HERE.glob("test_*.py"))
    assert len(buttons - {""}) > 30
    assert [name for name in buttons - {""} if f'"{name}"' not in tests] == []
