"""Fixtures for the tests of the emulator: plain HTTP, and a stopped clock."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

import pytest
import urllib3

from squareconnect.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

JsonObject = dict[str, Any]


class Answer(NamedTuple):
    status: int
    json: JsonObject
    headers: Mapping[str, str]

    @property
    def refusal(self) -> tuple[int, str, str, str | None]:
        """The status, category, code and field of a refusal. Check that it has only Square's error shape."""
        (error,) = self.json["errors"]
        assert self.json.keys() == {"errors"}
        assert error.keys() - {"field"} == {"category", "code", "detail"}
        assert all(type(value) is str and value for value in error.values())
        assert self.headers["content-type"] == "application/json"
        return self.status, error["category"], error["code"], error.get("field")


class Wire:
    """Sends requests to an emulator, with its token."""

    def __init__(self, square: Emulator) -> None:
        self.square = square
        self.pool = urllib3.PoolManager(maxsize=16, retries=False, timeout=10)

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        if headers is None or "Authorization" not in headers:
            headers = {"Authorization": f"Bearer {self.square.access_token}", **(headers or {})}
        response = self.pool.request(method, self.square.url + path, body=body, headers=headers)
        return Answer(response.status, json.loads(response.data), response.headers)

    def get(self, path: str, **query: object) -> Answer:
        return self.send("GET", f"{path}?{urlencode(query)}" if query else path)

    def post(self, path: str, body: object) -> Answer:
        return self.send("POST", path, json.dumps(body).encode())

    def put(self, path: str, body: object) -> Answer:
        return self.send("PUT", path, json.dumps(body).encode())

    def delete(self, path: str) -> Answer:
        return self.send("DELETE", path)

    def create(self, **fields: object) -> JsonObject:
        """Create a customer, which the emulator must accept."""
        answer = self.post("/v2/customers", fields or {"given_name": "Ada"})
        assert answer.status == 200, answer
        customer: JsonObject = answer.json["customer"]
        return customer

    def pages(self, **query: object) -> list[list[JsonObject]]:
        """List all pages."""
        pages = []
        answer = self.get("/v2/customers", **query)
        while "cursor" in answer.json:
            pages.append(answer.json["customers"])
            answer = self.get("/v2/customers", **query, cursor=answer.json["cursor"])
        pages.append(answer.json.get("customers", []))
        return pages


class StoppedClock:
    """A clock that only moves when a test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2019, 6, 12, 10, 30, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@pytest.fixture(scope="session")
def connect() -> Iterator[Callable[[Emulator], Wire]]:
    """Return a function that connects to an emulator."""
    wires: list[Wire] = []

    def to(square: Emulator) -> Wire:
        wires.append(Wire(square))
        return wires[-1]

    yield to
    for wire in wires:
        wire.pool.clear()


@pytest.fixture(scope="session")
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture(scope="session")
def running(connect: Callable[[Emulator], Wire], clock: StoppedClock) -> Iterator[Wire]:
    with Emulator(now=clock) as square:
        yield connect(square)


@pytest.fixture
def wire(running: Wire) -> Wire:
    """A running emulator without customers."""
    for page in running.pages():
        for customer in page:
            running.delete(f"/v2/customers/{customer['id']}")
    return running
