from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from squareconnect.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Dialog

    from test.browser.conftest import Client, Screen

ATTACKS = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "'-alert(1)-'",
    "javascript:alert(1)",
    "</textarea><iframe srcdoc='<script>parent.alert(1)</script>'>",
    "${alert(1)}{{alert(1)}}",
)
TEXTS = ("given_name", "family_name", "nickname", "company_name", "reference_id", "note")
ADDRESS = ("address_line_1", "address_line_2", "locality", "administrative_district_level_1", "postal_code")
PAGE = Path(__file__).parents[2] / "squareconnect" / "emulator" / "page"


@pytest.fixture
def armed(screen: Screen) -> Screen:
    """A tab that notices a successful attack, which opens a dialog or adds an element."""

    def opened(dialog: Dialog) -> None:
        screen.problems.append(f"ran: {dialog.message}")
        dialog.dismiss()

    screen.tab.on("dialog", opened)
    return screen


def assert_inert(screen: Screen) -> None:
    screen.tab.wait_for_timeout(300)
    foreign = "img:not(header img), iframe, svg, object, embed, script:not(head script), [onerror], [onload], [srcdoc]"
    assert screen.tab.locator(foreign).count() == 0
    assert screen.problems == []


@pytest.mark.parametrize("attack", ATTACKS)
def test_markup_in_a_customer_is_shown_as_text(client: Client, armed: Screen, attack: str) -> None:
    fields = dict.fromkeys(TEXTS, attack)
    client.create(**fields, address=dict.fromkeys(ADDRESS, attack), email_address='"<b>alert(1)</b>"@example.com')
    customer = client.send("GET", "/v2/customers")[1]["customers"][0]
    card = {"card_nonce": "cnon:card-nonce-ok", "cardholder_name": attack}
    client.send("POST", f"/v2/customers/{customer['id']}/cards", card)
    armed.open()
    expect(armed.rows("customer")).to_contain_text(attack)
    assert_inert(armed)
    armed.rows("customer").get_by_role("button").click()
    for name in (*TEXTS, *(f"address.{part}" for part in ADDRESS)):
        expect(armed.field(name)).to_have_value(attack)
    expect(armed.tab.locator("#customer-title")).to_contain_text(attack)
    expect(armed.rows("card")).to_contain_text(attack)
    armed.click("Delete", "#customer-form")
    expect(armed.tab.locator("#ask-text")).to_contain_text(attack)
    assert_inert(armed)


@pytest.mark.parametrize("attack", ATTACKS)
def test_markup_in_a_request_and_its_fault_is_shown_as_text(client: Client, armed: Screen, attack: str) -> None:
    client.square.fail("create_customer", body=attack, code=attack, status=500, headers={"X-Attack": attack})
    client.square.fail("*", body=attack, times=None)
    armed.open("requests")
    url = f"{client.square.url}/v2/customers?{attack}={attack}".replace("#", "%23")
    headers = {"Authorization": f"Bearer {attack}", "X-Attack": attack, "Square-Version": attack}
    armed.tab.context.request.post(url, data={"note": attack}, headers=headers)
    armed.tab.context.request.get(f"{client.square.url}/v2/{attack}".replace("#", "%23"))
    expect(armed.rows("request")).to_have_count(2)
    assert_inert(armed)
    armed.click("create_customer")
    expect(armed.tab.locator("#request-headers")).to_contain_text(attack)
    expect(armed.tab.locator("#request-answer")).to_contain_text(attack)
    for name in ("Copy as curl", "Copy as Python"):
        armed.click(name)
        assert "alert(1)" in armed.tab.locator("#copied").input_value()
    assert_inert(armed)
    armed.click("Close", "#request")
    armed.tab.goto(f"{client.square.url}/#faults")
    expect(armed.rows("fault").first).to_contain_text(attack)
    assert_inert(armed)


@pytest.mark.parametrize("attack", ATTACKS[:3])
def test_markup_entered_into_any_field_is_text(armed: Screen, attack: str) -> None:
    armed.open()
    armed.tab.locator("#search").fill(attack)
    assert_inert(armed)
    armed.tab.locator("#search").fill("")
    armed.click("New customer")
    for field in armed.tab.locator("#customer-form [name]").all():
        field.fill(attack)
    armed.click("Save")
    expect(armed.tab.locator("#customer-form output")).not_to_be_empty()
    assert_inert(armed)
    armed.fill(email_address="", phone_number="", birthday="", address__country="")
    armed.click("Save")
    armed.toasts("Saved")
    armed.rows("customer").get_by_role("button").click()
    armed.fill(card_nonce=attack, cardholder_name=attack)
    armed.click("Add the card")
    expect(armed.tab.locator("#card-form output")).not_to_be_empty()
    armed.click("Close", "#customer")
    armed.tab.goto(f"{armed.square.url}/#requests")
    armed.tab.locator("#text").fill(attack)
    assert_inert(armed)
    armed.tab.goto(f"{armed.square.url}/#faults")
    armed.fill(code=attack, body=attack, headers=attack)
    armed.click("Add the fault")
    armed.fill(headers='{"X": "<b>"}')
    armed.click("Add the fault")
    armed.fill(set=attack, old_id=attack, new_id=attack)
    armed.click("Set")
    armed.click("Merge")
    for form in ("form:has([name=set])", "form:has([name=old_id])"):
        expect(armed.tab.locator(f"{form} output")).not_to_be_empty()
    assert_inert(armed)


@pytest.mark.parametrize("area", ["customers", "<img src=x onerror=alert(1)>", "constructor", "__proto__"])
def test_any_fragment_of_the_address_shows_an_area(armed: Screen, area: str) -> None:
    armed.open(area)
    expect(armed.tab.locator("#customers")).to_be_visible()
    assert_inert(armed)


def test_the_policy_forbids_everything_that_is_not_the_emulators(screen: Screen) -> None:
    answer = screen.tab.goto(screen.square.url)
    assert answer is not None
    assert answer.headers["content-security-policy"] == "default-src 'self'"
    with pytest.raises(Exception, match="Content Security Policy"):
        screen.tab.add_script_tag(content="document.title = 'taken over'")
    assert screen.tab.title() == "Square emulator"
    screen.problems.clear()  # The refusal is the expected result.


def test_the_page_is_three_files_of_at_most_15_kb_without_code_in_html() -> None:
    sizes = {path.name: path.stat().st_size for path in PAGE.iterdir()}
    assert sizes.keys() == {"index.html", "style.css", "page.js", "icon.svg"}
    assert max(sizes.values()) <= 15_000
    html, script = (PAGE / "index.html").read_text(), (PAGE / "page.js").read_text()
    assert not re.search(r"<style|style=|\son\w+=|<script(?! type=\"module\" src=)", html)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|Function\(", script)


def test_on_another_address_the_page_asks_for_the_token_once(new_screen: Callable[[], Screen]) -> None:
    with Emulator(host="0.0.0.0", access_token="a token of my own") as square:  # noqa: S104 - that is the point
        square.seed(3)
        first, second = new_screen(), new_screen()
        for screen in (first, second):
            screen.square = square
            screen.tab.goto(square.url)
            expect(screen.tab.locator("#ask-text")).to_contain_text("access token")
            expect(screen.rows("customer")).to_have_count(0)
        first.tab.locator("#ask-input").fill("a wrong one")
        first.confirm("Continue")
        expect(first.tab.locator("#ask[open] #ask-input")).to_have_value("")
        first.tab.locator("#ask-input").fill("a token of my own")
        first.tab.keyboard.press("Enter")
        for screen in (first, second):
            expect(screen.rows("customer")).to_have_count(3)
            expect(screen.tab.locator("#ask")).to_be_hidden()
            expect(screen.tab.locator("#live")).to_have_text("Live")
        first.tab.reload()
        expect(first.rows("customer")).to_have_count(3)


def test_without_the_token_the_page_says_what_to_do_and_sends_no_more_requests(
    new_screen: Callable[[], Screen],
) -> None:
    with Emulator(host="0.0.0.0", access_token="a token of my own") as square:  # noqa: S104 - that is the point
        screen = new_screen()
        screen.square = square
        screen.tab.goto(square.url)
        screen.confirm("Cancel")
        screen.toasts("Reload the page to enter the access token.")
        screen.tab.wait_for_timeout(1500)
        expect(screen.tab.locator("#ask")).to_be_hidden()
