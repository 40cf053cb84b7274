"""Take a picture of the emulator's page: ``tox -e screenshot`` writes ``docs/emulator.webp``."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import urllib3
from PIL import Image, ImageDraw
from playwright.sync_api import sync_playwright

from squareconnect.emulator import Emulator
from tools.chromium import launch

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PICTURE = Path(__file__).parent.parent / "docs" / "emulator.webp"
SIZE = (1200, 700)


def play(square: Emulator) -> None:
    """Send requests, some of which fail, so that there is something to see."""
    first, *_ = square.seed(40)
    square.fail("create_customer", status=503)
    square.fail("create_customer", reset=True, when="after")
    square.fail("list_customers", truncate=40)
    ada = {"given_name": "Ada", "family_name": "Lovelace", "email_address": "ada@example.com"}
    send(square, "GET", "/v2/customers?sort_field=CREATED_AT")
    for _ in range(3):
        send(square, "POST", "/v2/customers", {**ada, "idempotency_key": "1815-12-10"})
    send(square, "POST", f"/v2/customers/{first}/cards", {"card_nonce": "cnon:card-nonce-declined"})
    send(square, "POST", f"/v2/customers/{first}/cards", {"card_nonce": "cnon:card-nonce-ok"})
    send(square, "POST", "/v2/customers", {**ada, "email_address": "ada"})
    send(square, "PUT", f"/v2/customers/{first}", {"nickname": "Enchantress of Numbers"})
    send(square, "GET", f"/v2/customers/{first}")
    send(square, "GET", "/v2/customers?sort_field=CREATED_AT&sort_order=DESC")
    send(square, "DELETE", f"/v2/customers/{first}")


def send(square: Emulator, method: str, path: str, body: dict[str, Any] | None = None) -> None:
    """Send a request, and ignore failures."""
    headers = {"Authorization": f"Bearer {square.access_token}"}
    with suppress(urllib3.exceptions.HTTPError):
        urllib3.request(method, square.url + path, json=body, headers=headers, retries=False, timeout=10)
    square.clock.advance(0.731)


def photograph(browser: Browser, url: str, scheme: Literal["light", "dark"]) -> Image.Image:
    """Return a screenshot of the list of requests in a colour scheme."""
    page = browser.new_page(color_scheme=scheme, viewport={"width": SIZE[0], "height": SIZE[1]})
    page.goto(f"{url}/#requests")
    page.locator("#request-rows tr").nth(9).wait_for()
    page.locator("#live.on").wait_for()
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def picture() -> Image.Image:
    """Return a picture of the page, light on the left and dark on the right of a slanting line."""
    with Emulator(seed=1, clock="2026-01-01T00:00:00Z") as square, sync_playwright() as playwright:
        play(square)
        browser = launch(playwright)
        light, dark = (photograph(browser, square.url, scheme) for scheme in ("light", "dark"))
        browser.close()
    width, height = SIZE
    left = Image.new("L", SIZE)
    ImageDraw.Draw(left).polygon([(0, 0), (width * 0.64, 0), (width * 0.52, height), (0, height)], fill="white")
    return Image.composite(light, dark, left)


if __name__ == "__main__":
    picture().save(PICTURE, quality=82, method=6)
