from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from test.browser.conftest import Client, JsonObject, Screen

ADA = {"given_name": "Ada", "family_name": "Lovelace", "email_address": "ada@example.com"}


def only_customer(client: Client) -> JsonObject:
    customer: JsonObject
    (customer,) = client.send("GET", "/v2/customers")[1]["customers"]
    return customer


def test_an_empty_directory_says_what_to_do(screen: Screen) -> None:
    screen.open()
    expect(screen.tab.locator("#no-customer-rows")).to_contain_text("Create one")
    expect(screen.tab.locator("#customer-count")).to_be_empty()


def test_customers_are_listed_newest_first_with_their_identifying_fields(client: Client, screen: Screen) -> None:
    client.create(given_name="Grace", phone_number="+14155552671")
    ada = client.create(**ADA)
    client.send("POST", f"/v2/customers/{ada['id']}/cards", {"card_nonce": "cnon:card-nonce-ok"})
    screen.open()
    rows = screen.rows("customer")
    expect(rows).to_have_count(2)
    for text in ("Ada Lovelace", str(ada["id"]), "ada@example.com", "•••• 5858", "2026-01-01 00:00:00"):
        expect(rows.nth(0)).to_contain_text(text)
    expect(rows.nth(1)).to_contain_text("+14155552671")
    expect(screen.tab.locator("#customer-count")).to_have_text("1 to 2 of 2")


def test_customers_that_a_client_creates_appear_without_reloading(client: Client, screen: Screen) -> None:
    screen.open()
    ada = client.create(**ADA)
    expect(screen.rows("customer")).to_have_count(1)
    client.send("DELETE", f"/v2/customers/{ada['id']}")
    expect(screen.rows("customer")).to_have_count(0)


def test_pages_can_be_turned(screen: Screen) -> None:
    screen.square.seed(120)
    screen.open()
    counted = screen.tab.locator("#customer-count")
    expect(counted).to_have_text("1 to 50 of 120")
    expect(screen.tab.locator("#previous")).to_be_disabled()
    screen.click("Next")
    expect(counted).to_have_text("51 to 100 of 120")
    screen.click("Next")
    expect(counted).to_have_text("101 to 120 of 120")
    expect(screen.rows("customer")).to_have_count(20)
    expect(screen.tab.locator("#next")).to_be_disabled()
    screen.click("Previous")
    expect(counted).to_have_text("51 to 100 of 120")


def test_a_search_looks_at_every_field_and_shows_the_first_page(client: Client, screen: Screen) -> None:
    screen.square.seed(120)
    ada = client.create(**ADA)
    screen.open()
    screen.click("Next")
    for text in ("lovelace", "ada@exam", str(ada["id"])[3:12]):
        screen.tab.locator("#search").fill(text)
        expect(screen.tab.locator("#customer-count")).to_have_text("1 to 1 of 1")
        expect(screen.rows("customer")).to_contain_text("Ada Lovelace")
    screen.tab.locator("#search").fill("nobody has this")
    expect(screen.tab.locator("#no-customer-rows")).to_be_visible()
    screen.tab.locator("#search").fill("")
    expect(screen.tab.locator("#customer-count")).to_have_text("1 to 50 of 121")


def test_a_customer_can_be_created(client: Client, screen: Screen) -> None:
    screen.open()
    screen.click("New customer")
    expect(screen.tab.locator("#customer-title")).to_have_text("New customer")
    expect(screen.tab.locator("#cards")).to_be_hidden()
    screen.fill(**ADA, phone_number="+14155552671", birthday="1815-12-10", company_name="Engines", nickname="A")
    screen.fill(reference_id="r1", note="Two\nlines", address__address_line_1="St James's Square 12")
    screen.fill(address__locality="London", address__country="GB", address__postal_code="SW1Y 4JH")
    screen.click("Save")
    screen.toasts("Saved")
    expect(screen.rows("customer")).to_contain_text("Ada Lovelace")
    customer = only_customer(client)
    assert customer["note"] == "Two\nlines"
    assert customer["address"] == {
        "address_line_1": "St James's Square 12",
        "locality": "London",
        "postal_code": "SW1Y 4JH",
        "country": "GB",
    }


def test_a_customer_can_be_changed_and_fields_cleared(client: Client, screen: Screen) -> None:
    client.create(**ADA, address={"locality": "London", "postal_code": "1"})
    screen.open()
    screen.click("Ada Lovelace")
    expect(screen.field("address.locality")).to_have_value("London")
    screen.fill(given_name="Augusta", email_address="", address__locality="Paris")
    screen.click("Save")
    screen.toasts("Saved")
    expect(screen.rows("customer")).to_contain_text("Augusta Lovelace")
    customer = only_customer(client)
    assert "email_address" not in customer
    assert customer["address"] == {"locality": "Paris", "postal_code": "1"}


def test_a_refusal_is_shown_next_to_its_field(screen: Screen) -> None:
    screen.open()
    screen.click("New customer")
    screen.fill(given_name="Ada", email_address="not an address")
    screen.click("Save")
    expect(screen.tab.locator("#customer-form output")).to_contain_text("valid email address")
    expect(screen.field("email_address")).to_have_attribute("aria-invalid", "true")
    expect(screen.field("given_name")).to_have_attribute("aria-invalid", "false")
    screen.fill(email_address="ada@example.com")
    screen.click("Save")
    screen.toasts("Saved")
    screen.click("New customer")
    expect(screen.tab.locator("#customer-form output")).to_be_empty()
    expect(screen.field("email_address")).to_have_value("")
    screen.click("Save")
    expect(screen.tab.locator("#customer-form output")).to_contain_text("At least one of")


def test_a_change_made_meanwhile_is_not_overwritten(client: Client, screen: Screen) -> None:
    ada = client.create(**ADA)
    screen.open()
    screen.click("Ada Lovelace")
    client.send("PUT", f"/v2/customers/{ada['id']}", {"note": "from elsewhere"})
    screen.fill(nickname="A")
    screen.click("Save")
    expect(screen.tab.locator("#customer-form output")).to_contain_text("version")
    assert "nickname" not in only_customer(client)


def test_a_customer_is_deleted_only_after_confirmation(client: Client, screen: Screen) -> None:
    client.create(**ADA)
    screen.open()
    screen.click("Ada Lovelace")
    screen.click("Delete", "#customer-form")
    expect(screen.tab.locator("#ask-text")).to_have_text("Delete Ada Lovelace with all cards?")
    screen.confirm("Cancel")
    expect(screen.tab.locator("#customer")).to_be_visible()
    assert only_customer(client)["given_name"] == "Ada"
    screen.click("Delete", "#customer-form")
    screen.confirm("Delete")
    expect(screen.tab.locator("#customer")).to_be_hidden()
    expect(screen.rows("customer")).to_have_count(0)
    assert client.send("GET", "/v2/customers")[1] == {}


def test_cards_can_be_added_and_deleted(client: Client, screen: Screen) -> None:
    client.create(**ADA)
    screen.open()
    screen.click("Ada Lovelace")
    expect(screen.tab.locator("#no-card-rows")).to_be_visible()
    screen.fill(cardholder_name="A. Lovelace")
    screen.click("Add the card")
    expect(screen.rows("card")).to_contain_text("VISA •••• 5858")
    expect(screen.rows("card")).to_contain_text("A. Lovelace")
    screen.fill(card_nonce="cnon:card-nonce-declined")
    screen.click("Add the card")
    expect(screen.tab.locator("#card-form output")).to_contain_text("declined")
    (card,) = only_customer(client)["cards"]
    screen.click(f"Delete the card {card['id']}")
    screen.confirm("Delete")
    expect(screen.rows("card")).to_have_count(0)
    assert "cards" not in only_customer(client)


def test_a_customer_is_shown_as_json(client: Client, screen: Screen) -> None:
    ada = client.create(**ADA)
    screen.open()
    screen.click("Ada Lovelace")
    screen.tab.get_by_text("As JSON").click()
    expect(screen.tab.locator("#customer-json")).to_contain_text(f'"id": "{ada["id"]}"')
    screen.click("Close", "#customer")
    expect(screen.tab.locator("#customer")).to_be_hidden()


def test_requests_of_the_page_itself_are_not_in_the_journal_and_meet_no_faults(client: Client, screen: Screen) -> None:
    client.square.fail("*", status=503, times=None)
    screen.open()
    screen.click("New customer")
    screen.fill(given_name="Ada")
    screen.click("Save")
    screen.toasts("Saved")
    assert list(client.square.requests) == []
