from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from squareconnect.demo import Printer, make_all_calls, run

from squareconnect import ApiClient, ApiException, Configuration, CustomersApi
from squareconnect.cli import main
from squareconnect.emulator import Emulator
from squareconnect.models import Card, CreateCustomerCardResponse, CreateCustomerResponse, Customer

if TYPE_CHECKING:
    from collections.abc import Iterator

METHODS = [
    "create_customer",
    "retrieve_customer",
    "update_customer",
    "create_customer_card",
    "create_customer_card",
    "list_customers",
    "delete_customer_card",
    "delete_customer",
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def square() -> Iterator[Emulator]:
    with Emulator(access_token="canary-token") as square:
        yield square


def customer_count(square: Emulator) -> int:
    with CustomersApi().api_client as client:
        client.configuration.host, client.configuration.access_token = square.url, square.access_token
        return len(CustomersApi(client).list_customers().customers or [])


def test_shows_every_call_and_what_went_over_the_wire(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo"]) == 0
    output, error = capsys.readouterr()
    lines = output.splitlines()

    assert error == ""
    assert [line.split("(")[0] for line in lines if line[:1].isdigit()][:-1] == [
        f"{number}. {method}" for number, method in enumerate(METHODS, 1)
    ]
    assert len([line for line in lines if line.startswith("   --> ")]) == 8
    assert [line.split()[1] for line in lines if line.startswith("   <-- ")] == ["200"] * 4 + ["402"] + ["200"] * 3
    assert '"code": "CARD_DECLINED"' in output
    assert '"given_name": "Ada"' in output
    assert "Authorization: Bearer ***    Square-Version: 2019-06-12" in output
    assert lines[-1].startswith("8 calls in ")
    assert lines[-1].endswith(": 7 answered, 1 refused. Nothing is left.")
    assert "\x1b" not in output
    assert "emulator-access-token" not in output


def test_calls_another_host_with_its_token_and_leaves_nothing(
    square: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--host", square.url, "--access-token", square.access_token]) == 0

    assert "canary-token" not in capsys.readouterr().out
    assert customer_count(square) == 0


def test_takes_the_token_from_the_environment(
    square: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SQUARE_ACCESS_TOKEN", square.access_token)

    assert main(["demo", "--host", square.url]) == 0
    assert "Nothing is left." in capsys.readouterr().out


def test_tells_of_a_missing_token(square: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--host", square.url]) == 1

    assert "access_token is not set" in capsys.readouterr().err


def test_tells_of_a_wrong_token(square: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--host", square.url, "--access-token", "wrong-token"]) == 1
    output, error = capsys.readouterr()

    assert '"code": "UNAUTHORIZED"' in output
    assert "AUTHENTICATION_ERROR/UNAUTHORIZED" in error
    assert "wrong-token" not in output + error


def test_a_token_alone_is_for_the_sandbox(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--access-token", "a\nb"]) == 1  # A token that cannot be sent: no connection is made.

    assert "access_token" in capsys.readouterr().err


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_is_in_colour_on_a_terminal_unless_that_is_unwanted(
    square: Emulator, no_color: str, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    terminal = Terminal()
    run(Configuration(host=square.url, access_token=square.access_token), terminal)

    assert ("\x1b[" in terminal.getvalue()) is coloured


def test_fails_if_nothing_answers() -> None:
    with Emulator() as gone:
        url = gone.url
    configuration = Configuration(host=url, access_token="a", max_retries=0)
    with pytest.raises(ApiException):
        run(configuration, io.StringIO())


class FailingClient(ApiClient):
    """Fails at one call, and keeps what was called."""

    def __init__(self, failing: str) -> None:
        super().__init__()
        self.failing = failing
        self.calls: list[str] = []

    def call_api(self, resource_path: str, method: str, *args: Any, **options: Any) -> Any:
        call = f"{method} {resource_path}"
        if getattr(options.get("body"), "card_nonce", "") == "cnon:card-nonce-declined":
            call += " (declined)"
        self.calls.append(call)
        if call == self.failing:
            raise ApiException
        if resource_path.endswith("/cards"):
            return CreateCustomerCardResponse(card=Card(id="ccof:A"))
        return CreateCustomerResponse(customer=Customer(id="A"))


@pytest.mark.parametrize(
    "failing",
    [
        "GET /v2/customers/{customer_id}",
        "PUT /v2/customers/{customer_id}",
        "POST /v2/customers/{customer_id}/cards",
        "POST /v2/customers/{customer_id}/cards (declined)",
        "GET /v2/customers",
        "DELETE /v2/customers/{customer_id}/cards/{card_id}",
    ],
)
def test_deletes_the_customer_when_a_call_fails(failing: str) -> None:
    client = FailingClient(failing)
    with pytest.raises(ApiException):
        make_all_calls(CustomersApi(client), Printer(io.StringIO()))

    assert client.calls[-2:] == [failing, "DELETE /v2/customers/{customer_id}"]


def test_shows_a_few_of_many_customers() -> None:
    output = io.StringIO()
    customers = [{"id": f"CUSTOMER{number}"} for number in range(100)]
    Printer(output).answer(200, "OK", 0.0, json.dumps({"customers": customers, "cursor": "next"}).encode())

    assert "CUSTOMER2" in output.getvalue()
    assert "CUSTOMER3" not in output.getvalue()
    assert "... and 97 more" in output.getvalue()
    assert '"cursor": "next"' in output.getvalue()


@pytest.mark.parametrize("body", [b"<html>\x1b[2J</html>", b"\xff", b"[1]"])
def test_shows_any_answer_without_disturbing_the_terminal(body: bytes) -> None:
    output = io.StringIO()
    Printer(output).answer(502, None, 0.0, body)

    assert "502" in output.getvalue()
    assert "\x1b" not in output.getvalue()
