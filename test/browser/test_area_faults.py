from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from squareconnect.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from test.browser.conftest import Client, JsonObject, Screen

ANYTHING: dict[str, Any] = {"operation": "*", "times": 1, "id": 1, "used": 0}
PRESETS: dict[str, dict[str, Any]] = {
    "Two 503s": {"status": 503, "times": 2},
    "Answer lost": {"operation": "create_customer", "when": "after", "reset": True},
    "Rate limited": {"status": 429, "headers": {"Retry-After": "1"}},
    "Gateway page": {"status": 502, "body": "<h1>502 Bad Gateway</h1>"},
    "Cut off": {"truncate": 40},
    "Slow": {"delay": 5},
    "Byte by byte": {"drip": 0.3},
}


def faults(client: Client) -> list[JsonObject]:
    found: list[JsonObject] = client.send("GET", "/_emulator/faults")[1]["faults"]
    return found


def health(client: Client) -> JsonObject:
    return client.send("GET", "/_emulator/health")[1]


@pytest.mark.parametrize("preset", PRESETS)
def test_a_fault_can_be_added_from_a_preset(client: Client, screen: Screen, preset: str) -> None:
    screen.open("faults")
    screen.click("Two 503s")  # The values of one preset are cleared when another is chosen.
    screen.click(preset)
    screen.click("Add the fault")
    screen.toasts("The fault is set")
    expect(screen.rows("fault")).to_have_count(1)
    assert faults(client) == [ANYTHING | PRESETS[preset]]


def test_every_setting_of_a_fault_can_be_entered(client: Client, screen: Screen) -> None:
    screen.open("faults")
    screen.field("operation").select_option("update_customer")
    screen.field("when").select_option("after")
    screen.tab.locator('[name="reset"]').select_option("true")
    screen.fill(times="", probability="0.5", status="418", code="TEAPOT", delay="0.25", drip="0.1", truncate="7")
    screen.fill(body="<p>tea</p>", headers='{"X-Tea": "1"}')
    screen.click("Add the fault")
    screen.toasts("The fault is set")
    (fault,) = faults(client)
    del fault["id"], fault["used"]
    assert fault == {
        "operation": "update_customer",
        "times": None,
        "when": "after",
        "status": 418,
        "code": "TEAPOT",
        "delay": 0.25,
        "reset": True,
        "truncate": 7,
        "drip": 0.1,
        "body": "<p>tea</p>",
        "headers": {"X-Tea": "1"},
        "probability": 0.5,
    }


def test_a_fault_shows_how_often_it_was_used(client: Client, screen: Screen) -> None:
    screen.open("faults")
    screen.click("Two 503s")
    screen.click("Add the fault")
    row = screen.rows("fault")
    expect(row).to_contain_text("every operation")
    expect(row).to_contain_text("used 0 of 2")
    assert client.send("GET", "/v2/customers")[0] == 503
    expect(row).to_contain_text("used 1 of 2")
    screen.fill(times="")
    screen.click("Add the fault")
    expect(row).to_have_count(2)
    expect(row.nth(1)).to_contain_text("used 0 of ∞")


def test_faults_can_be_removed_one_by_one_and_all_at_once(client: Client, screen: Screen) -> None:
    for _ in range(3):
        client.square.fail("create_customer", status=503)
    screen.open("faults")
    screen.click("Remove fault 2")
    expect(screen.rows("fault")).to_have_count(2)
    assert [fault["id"] for fault in faults(client)] == [1, 3]
    screen.click("Remove all")
    expect(screen.tab.locator("#no-fault-rows")).to_be_visible()
    assert faults(client) == []


def test_an_invalid_fault_is_refused_with_the_reason(client: Client, screen: Screen) -> None:
    screen.open("faults")
    said = screen.tab.locator("#fault-form output")
    screen.click("Add the fault")
    expect(said).to_contain_text("A fault must do something")
    screen.fill(status="503", headers="Retry-After: 1")
    screen.click("Add the fault")
    expect(said).to_contain_text("must be JSON")
    expect(screen.field("headers")).to_have_attribute("aria-invalid", "true")
    assert faults(client) == []


def test_the_rate_can_be_limited(client: Client, screen: Screen) -> None:
    screen.open("faults")
    screen.fill(rate="2.5", burst="3", retry_after="7")
    screen.click("Limit")
    expect(screen.tab.locator("#rate")).to_have_text("rate 2.5, burst 3, retry_after 7")
    assert health(client)["rate_limit"] == {"rate": 2.5, "burst": 3, "retry_after": 7}
    screen.click("No limit")
    expect(screen.tab.locator("#rate")).to_have_text("no rate limit")
    assert health(client)["rate_limit"] is None


def test_the_listing_delay_can_be_set(client: Client, screen: Screen) -> None:
    screen.open("faults")
    screen.fill(seconds="30")
    screen.click("Delay")
    expect(screen.tab.locator("#delay")).to_have_text("listing delay 30 s")
    client.create(given_name="Ada")
    assert client.send("GET", "/v2/customers")[1] == {}


def test_the_clock_can_be_advanced_and_set(client: Client, screen: Screen) -> None:
    screen.open("faults")
    clock = screen.tab.locator(".clock time")
    expect(clock).to_have_text("2026-01-01 00:00:00")
    expect(screen.tab.locator("#clock-kind")).to_have_text("stands still")
    screen.click("Advance")
    expect(clock).to_have_text("2026-01-01 00:15:00")
    screen.click("+ 1 min")
    expect(clock).to_have_text("2026-01-01 00:16:00")
    screen.click("+ 1 day")
    expect(clock).to_have_text("2026-01-02 00:16:00")
    screen.fill(set="2030-06-12T10:30:00Z")
    screen.click("Set")
    expect(clock).to_have_text("2030-06-12 10:30:00")
    expect(screen.tab.locator("header time")).to_have_text("2030-06-12 10:30:00")
    assert client.square.clock.now() == datetime(2030, 6, 12, 10, 30, tzinfo=timezone.utc)
    screen.fill(set="tomorrow")
    screen.click("Set")
    expect(screen.tab.locator("form:has([name=set]) output")).to_contain_text("tomorrow")


def test_a_running_clock_is_shown_running(new_screen: Callable[[], Screen]) -> None:
    with Emulator() as square:
        screen = new_screen()
        screen.square = square
        screen.open("faults")
        expect(screen.tab.locator("#clock-kind")).to_have_text("running")
        before = screen.tab.locator(".clock time").inner_text()
        expect(screen.tab.locator(".clock time")).not_to_have_text(before)


def test_customers_can_be_made_up_and_merged(client: Client, screen: Screen) -> None:
    screen.open("faults")
    screen.fill(customers="3")
    screen.click("Seed")
    screen.toasts("The customers were added")
    old, new, _ = (customer["id"] for customer in client.send("GET", "/v2/customers")[1]["customers"])
    screen.fill(old_id=old, new_id=new)
    screen.click("Merge")
    screen.toasts("The customers were merged")
    assert client.send("GET", f"/v2/customers/{old}")[1]["customer"]["id"] == new
    screen.click("Merge")
    expect(screen.tab.locator("form:has([name=old_id]) output")).to_contain_text(old)


def test_a_reset_asks_first_and_then_forgets_everything(client: Client, screen: Screen) -> None:
    client.create(given_name="Ada")
    client.square.fail("create_customer", status=503)
    screen.open("faults")
    screen.click("Reset")
    screen.confirm("Cancel")
    assert health(client)["customers"] == 1
    screen.click("Reset")
    screen.confirm("Yes")
    screen.toasts("Everything was reset")
    expect(screen.rows("fault")).to_have_count(0)
    assert health(client)["customers"] == 0


def test_a_snapshot_can_be_saved_and_restored(client: Client, screen: Screen, tmp_path: Path) -> None:
    client.create(given_name="Ada", note="<b>&amp;\u2028")
    screen.open("faults")
    with screen.tab.expect_download() as download:
        screen.click("Save a snapshot")
    saved = tmp_path / "snapshot.json"
    download.value.save_as(saved)
    assert download.value.suggested_filename == "square-snapshot.json"
    before = client.send("GET", "/v2/customers")[1]
    client.square.reset()
    screen.tab.get_by_label("Restore one").set_input_files(saved)
    screen.toasts("Restored")
    assert client.send("GET", "/v2/customers")[1] == before


@pytest.mark.parametrize("text", ["not JSON", json.dumps({"format": 0})])
def test_a_file_that_is_not_a_snapshot_is_refused(client: Client, screen: Screen, tmp_path: Path, text: str) -> None:
    client.create(given_name="Ada")
    other = tmp_path / "other.json"
    other.write_text(text)
    screen.open("faults")
    screen.tab.get_by_label("Restore one").set_input_files(other)
    expect(screen.tab.locator("#toast")).to_contain_text("not")
    assert health(client)["customers"] == 1
