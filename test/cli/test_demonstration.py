from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from squareconnect import ApiClient, ApiException, Configuration, CustomersApi
from squareconnect.cli import main
from squareconnect.cli.demonstration import JsonPrinter, Printer, make_all_calls, run
from squareconnect.emulator import Emulator
from squareconnect.models import Card, CreateCustomerCardResponse, CreateCustomerResponse, Customer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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


def test_shows_every_call_with_its_request_and_answer(capsys: pytest.CaptureFixture[str]) -> None:
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


def test_shows_each_call_as_a_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--json"]) == 0
    output, error = capsys.readouterr()
    calls = [json.loads(line) for line in output.splitlines()]

    assert error == ""
    assert [call["method"] for call in calls] == METHODS
    assert [call["status"] for call in calls] == [200] * 4 + [402] + [200] * 3
    assert (calls[0]["request"], calls[0]["body"]["given_name"]) == ("POST /v2/customers", "Ada")
    assert calls[1]["answer"]["customer"]["given_name"] == "Ada"
    assert "emulator-access-token" not in output


def test_calls_another_host_with_the_token_of_the_environment_and_leaves_no_customer(
    square: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SQUARE_ACCESS_TOKEN", square.access_token)
    assert main(["demo", "--host", square.url]) == 0

    output = capsys.readouterr().out
    assert "Nothing is left." in output
    assert "canary-token" not in output
    assert customer_count(square) == 0


def test_takes_the_token_from_a_file(square: Emulator, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(square.access_token)
    assert main(["demo", "--host", square.url, "--token-file", str(tmp_path / "token")]) == 0


def test_without_a_target_ignores_the_token_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SQUARE_ACCESS_TOKEN", "EAAAproduction")
    assert main(["demo"]) == 0


@pytest.mark.parametrize("target", ["--sandbox", "--production"])
def test_reports_a_missing_token(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", target]) == 4

    output, error = capsys.readouterr()
    assert output == ""
    assert "there is no access token" in error


def test_reports_a_wrong_token(
    square: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SQUARE_ACCESS_TOKEN", "wrong-token")
    assert main(["demo", "--host", square.url]) == 4
    output, error = capsys.readouterr()

    assert '"code": "UNAUTHORIZED"' in output
    assert "did not accept the access token (UNAUTHORIZED" in error
    assert "wrong-token" not in output + error


def test_help_says_what_it_does_to_a_real_square(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--help"]) == 0

    text = " ".join(capsys.readouterr().out.split())
    assert "creates, prints and deletes a customer" in text
    assert "prints up to three customers of the first page" in text


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_is_in_colour_on_a_terminal_unless_colour_is_switched_off(
    square: Emulator, no_color: str, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    terminal = Terminal()
    run(Configuration(host=square.url, access_token=square.access_token), Printer(terminal))

    assert ("\x1b[" in terminal.getvalue()) is coloured


def test_fails_if_nothing_answers() -> None:
    with Emulator() as gone:
        url = gone.url
    configuration = Configuration(host=url, access_token="a", max_retries=0)
    with pytest.raises(ApiException):
        run(configuration, Printer(io.StringIO()))


class FailingClient(ApiClient):
    """Fails at one call, and records the calls."""

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


@pytest.mark.parametrize("kind", [Printer, JsonPrinter])
@pytest.mark.parametrize("body", [b"<html>\x1b[2J</html>", b"\xff", b"[1]"])
def test_shows_any_answer_without_control_characters(body: bytes, kind: type[Printer]) -> None:
    output = io.StringIO()
    printer = kind(output)
    printer.call("list_customers", (), {})
    printer.answer(502, None, 0.0, body)

    assert "502" in output.getvalue()
    assert "\x1b" not in output.getvalue()
