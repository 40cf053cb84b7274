"""Fixtures for the tests of the command line: a running local Square, and the program in this process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from squareconnect import ApiClient, Configuration, CustomersApi, paginate
from squareconnect.cli import main
from squareconnect.emulator import Emulator
from test.cli.program import Done

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from squareconnect import Customer

TOKEN = "canary-token"


class Square:
    """A local Square whose contents tests can inspect directly."""

    def __init__(self, emulator: Emulator) -> None:
        self.url = emulator.url
        self.env = {"SQUARE_ACCESS_TOKEN": TOKEN}
        self.target = ("--host", emulator.url)
        self.api = CustomersApi(ApiClient(Configuration(host=emulator.url, access_token=TOKEN)))

    def create(self, **fields: Any) -> Customer:
        customer = self.api.create_customer(fields or {"given_name": "Ada"}).customer
        assert customer
        return customer

    def customers(self) -> list[Customer]:
        return list(paginate(self.api.list_customers))

    def ids(self) -> list[str]:
        return [str(customer.id) for customer in self.customers()]


@pytest.fixture(scope="session")
def running() -> Iterator[Square]:
    with Emulator(access_token=TOKEN) as emulator:
        square = Square(emulator)
        with square.api.api_client:
            yield square


@pytest.fixture
def square(running: Square, monkeypatch: pytest.MonkeyPatch) -> Square:
    """A local Square without customers, whose token is in the environment."""
    monkeypatch.setenv("SQUARE_ACCESS_TOKEN", TOKEN)
    for customer_id in running.ids():
        running.api.delete_customer(customer_id)
    return running


@pytest.fixture
def ran(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """A function that runs the program in this process."""

    def run(*arguments: str) -> Done:
        code = main(arguments)
        printed = capsys.readouterr()
        return Done(code, printed.out, printed.err)

    return run


@pytest.fixture
def objects(ran: Callable[..., Done]) -> Callable[..., list[dict[str, Any]]]:
    """A function that runs the program with ``--json`` and decodes its output."""

    def run(*arguments: str) -> list[dict[str, Any]]:
        done = ran(*arguments, "--json")
        assert (done.code, done.err) == (0, "")
        return [json.loads(line) for line in done.out.splitlines()]

    return run
