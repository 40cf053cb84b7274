from __future__ import annotations

import io
import os
import subprocess
from contextlib import redirect_stdout
from threading import Thread
from typing import TYPE_CHECKING, Literal

import pytest
from playwright.sync_api import expect
from urllib3.exceptions import ProtocolError

if TYPE_CHECKING:
    from test.browser.conftest import Client, Screen


def copied(screen: Screen) -> str:
    text: str = screen.tab.evaluate("navigator.clipboard.readText()")
    return text


def test_requests_appear_as_they_arrive_newest_first_with_their_answers(client: Client, screen: Screen) -> None:
    screen.open("requests")
    expect(screen.tab.locator("#no-request-rows")).to_be_visible()
    client.create(given_name="Ada")
    client.send("GET", "/v2/customers?limit=1&sort_order=DESC")
    client.send("POST", "/v2/customers", {})
    rows = screen.rows("request")
    expect(rows).to_have_count(3)
    for text in ("create_customer", "POST /v2/customers", "400", "BAD_REQUEST", "00:00:00.000", "ms"):
        expect(rows.nth(0)).to_contain_text(text)
    expect(rows.nth(1)).to_contain_text("GET /v2/customers?limit=1&sort_order=DESC")
    expect(rows.nth(2)).to_contain_text("200")
    expect(screen.tab.locator("#request-count")).to_have_text("3 of 3")


def test_a_request_is_shown_while_it_waits_and_its_answer_when_it_arrives(client: Client, screen: Screen) -> None:
    client.square.fail("list_customers", delay=1.5)
    screen.open("requests")
    sending = Thread(target=client.send, args=("GET", "/v2/customers"))
    sending.start()
    row = screen.rows("request")
    expect(row).to_contain_text("waiting")
    screen.click("list_customers")
    expect(screen.tab.locator("#request-title")).to_contain_text("waiting")
    expect(screen.tab.locator("#request-title")).to_contain_text("200")
    expect(screen.tab.locator("#fact-took")).to_contain_text("ms")
    screen.click("Close", "#request")
    expect(row).to_contain_text("200")
    sending.join()


def test_the_fault_that_a_request_met_is_shown_next_to_it(client: Client, screen: Screen) -> None:
    client.square.fail("create_customer", status=503)
    client.send("POST", "/v2/customers", {"given_name": "Ada"})
    screen.open("requests")
    row = screen.rows("request")
    expect(row).to_contain_text("SERVICE_UNAVAILABLE")
    expect(row).to_contain_text("status 503")
    screen.click("create_customer")
    expect(screen.tab.locator("#fact-fault")).to_have_text("status 503")
    expect(screen.tab.locator("#request-body")).to_contain_text('"given_name": "Ada"')
    expect(screen.tab.locator("#request-answer")).to_contain_text('"code": "SERVICE_UNAVAILABLE"')
    expect(screen.tab.locator("#request-headers")).to_contain_text("authorization: Bearer ***")
    expect(screen.tab.locator("#request-headers")).not_to_contain_text(client.square.access_token)


@pytest.mark.parametrize(("when", "outcome"), [("before", "no answer"), ("after", "200 when after, reset")])
def test_a_lost_answer_is_distinguished_from_one_that_is_awaited(
    client: Client, screen: Screen, when: Literal["before", "after"], outcome: str
) -> None:
    client.square.fail("create_customer", reset=True, when=when)
    with pytest.raises(ProtocolError, match="reset"):
        client.send("POST", "/v2/customers", {"given_name": "Ada"})
    screen.open("requests")
    expect(screen.rows("request")).to_contain_text(outcome)
    expect(screen.rows("request")).to_contain_text("reset")


def test_requests_can_be_filtered_by_text_and_by_kind(client: Client, screen: Screen) -> None:
    client.create(given_name="Ada", note="Analytical")
    client.send("GET", "/v2/customers/NOBODY")
    client.square.fail("list_customers", status=500)
    client.send("GET", "/v2/customers")
    client.send("POST", "/v2/customers/search", {})
    screen.open("requests")
    kinds = {"All requests": 4, "Answered 2xx": 1, "Refused 4xx, 5xx": 3, "With a fault": 1, "Not answered": 0}
    for kind, count in kinds.items():
        screen.tab.locator("#kind").select_option(label=kind)
        expect(screen.rows("request")).to_have_count(count)
    screen.tab.locator("#kind").select_option(label="All requests")
    for text, operation in {
        "analytical": "create_customer",
        "nobody": "retrieve_customer",
        "search": "unknown",
    }.items():
        screen.tab.locator("#text").fill(text)
        expect(screen.rows("request")).to_have_count(1)
        expect(screen.rows("request")).to_contain_text(operation)
    expect(screen.tab.locator("#request-count")).to_have_text("1 of 4")


def test_the_list_can_be_paused_and_continues_without_a_gap(client: Client, screen: Screen) -> None:
    screen.open("requests")
    screen.click("Pause")
    expect(screen.tab.locator("#pause")).to_have_attribute("aria-pressed", "true")
    client.create(given_name="Ada")
    client.create(given_name="Grace")
    screen.tab.wait_for_timeout(700)
    expect(screen.rows("request")).to_have_count(0)
    screen.click("Pause")
    expect(screen.rows("request")).to_have_count(2)


def test_the_journal_can_be_cleared(client: Client, screen: Screen) -> None:
    client.create(given_name="Ada")
    screen.open("requests")
    expect(screen.rows("request")).to_have_count(1)
    screen.click("Clear")
    expect(screen.rows("request")).to_have_count(0)
    assert list(client.square.requests) == []
    client.create(given_name="Grace")
    expect(screen.rows("request")).to_have_count(1)


def test_older_requests_are_shown_on_demand(client: Client, screen: Screen) -> None:
    for _ in range(130):
        client.send("GET", "/v2/customers?limit=1")
    screen.open("requests")
    expect(screen.rows("request")).to_have_count(100)
    expect(screen.tab.locator("#request-count")).to_have_text("100 of 130")
    screen.click("Show more")
    expect(screen.rows("request")).to_have_count(130)
    expect(screen.tab.locator("#more")).to_be_hidden()


def test_a_row_keeps_the_focus_while_others_arrive(client: Client, screen: Screen) -> None:
    client.create(given_name="Ada")
    screen.open("requests")
    screen.tab.get_by_role("button", name="create_customer", exact=True).focus()
    for _ in range(3):
        client.send("GET", "/v2/customers")
    expect(screen.rows("request")).to_have_count(4)
    expect(screen.tab.get_by_role("button", name="create_customer", exact=True)).to_be_focused()


def test_the_command_of_copy_as_curl_sends_the_request_again(client: Client, screen: Screen) -> None:
    client.create(given_name="O'Hara $HOME `id`", note="[1]\n{2}")
    screen.tab.context.grant_permissions(["clipboard-read"])
    screen.open("requests")
    screen.click("create_customer")
    screen.click("Copy as curl")
    screen.toasts("Copied")
    command = copied(screen)
    assert "$SQUARE_ACCESS_TOKEN" in command
    assert client.square.access_token not in command
    environment = {**os.environ, "SQUARE_ACCESS_TOKEN": client.square.access_token}
    subprocess.run(["/bin/sh", "-c", f"exec {command}"], env=environment, check=True, capture_output=True, timeout=20)
    first, second = client.square.requests
    assert (second.operation, second.body, second.status) == (first.operation, first.body, 200)


def test_the_program_of_copy_as_python_sends_the_request_again(
    client: Client, screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.create(given_name='"""Ada\\', note="[1]\n{2}")
    screen.tab.context.grant_permissions(["clipboard-read"])
    screen.open("requests")
    screen.click("create_customer")
    screen.click("Copy as Python")
    screen.toasts("Copied")
    monkeypatch.setenv("SQUARE_ACCESS_TOKEN", client.square.access_token)
    with redirect_stdout(io.StringIO()) as output:
        exec(copied(screen), {})
    first, second = client.square.requests
    assert (second.operation, second.body, second.status) == (first.operation, first.body, 200)
    assert "THIRD_PARTY" in output.getvalue()


def test_a_page_that_was_open_during_a_reset_shows_only_later_requests(client: Client, screen: Screen) -> None:
    for _ in range(3):
        client.create(given_name="Ada")
    screen.open("requests")
    expect(screen.rows("request")).to_have_count(3)
    client.square.reset()
    client.send("GET", "/v2/customers")
    expect(screen.rows("request")).to_have_count(1)
    expect(screen.rows("request")).to_contain_text("list_customers")
