from __future__ import annotations

import io
import json
import os
import subprocess
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from squareconnect.emulator import Emulator
from squareconnect.emulator.copies import as_curl, as_python
from squareconnect.emulator.journal import Body, Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from squareconnect.emulator.journal import Entry

REQUESTS: dict[str, tuple[str, str, Any]] = {
    "a create": (
        "POST",
        "/v2/customers",
        {"given_name": 'O\'Hara "$HOME" `id`', "note": "[1]\n{2}\u2028", "x": [None]},
    ),
    "an update": ("PUT", "/v2/customers/ID%2F1", {"given_name": None}),
    "a card": ("POST", "/v2/customers/ID/cards", {"card_nonce": "cnon:card-nonce-ok"}),
    "a card for nobody": ("POST", "/v2/customers//cards", {"card_nonce": "cnon:card-nonce-ok"}),
    "a retrieve": ("GET", "/v2/customers/ID", None),
    "a retrieve with a query": ("GET", "/v2/customers/ID?a=b", None),
    "a delete": ("DELETE", "/v2/customers/ID", None),
    "a delete with a body": ("DELETE", "/v2/customers/ID", {}),
    "a card's delete": ("DELETE", "/v2/customers/ID/cards/ccof%3AX", None),
    "a list": ("GET", "/v2/customers", None),
    "a list with a query": ("GET", "/v2/customers?sort_order=DESC&cursor=%26%20%2B", None),
    "a list with a limit": ("GET", "/v2/customers?limit=1&x=%5Ba%5D", None),
    "an unknown operation": ("POST", "/v2/customers/search", {"query": True}),
    "a path with dots": ("GET", "/v2/customers/..", None),
    "a body that is not an object": ("POST", "/v2/customers", ["given_name"]),
    "a body that is not JSON": ("POST", "/v2/customers", "given_name='Ada'"),
    "no body": ("POST", "/v2/customers", None),
}


@pytest.fixture(scope="module")
def square() -> Iterator[Emulator]:
    with Emulator() as square:
        yield square


@pytest.fixture
def entry(square: Emulator, request: pytest.FixtureRequest) -> Entry:
    method, path, body = REQUESTS[request.param]
    sent = body if isinstance(body, str) or body is None else json.dumps(body)
    headers = {"Authorization": f"Bearer {square.access_token}", "Square-Version": "2022-09-21"}
    headers |= {"Content-Type": "application/json", "X-Own": "it's $mine"}
    return send(square, method, path, sent, headers)


def send(square: Emulator, method: str, path: str, body: str | None, headers: dict[str, str]) -> Entry:
    square.requests.clear()
    connection = urllib3.HTTPConnectionPool(square.url.removeprefix("http://"), timeout=10)
    with connection:  # This sends the path unchanged; a pool manager would remove dot segments.
        connection.urlopen(method, path, body=body, headers=headers, retries=False, assert_same_host=False)
    (entry,) = square.requests
    return entry


def run_curl(command: str, square: Emulator) -> None:
    environment = {**os.environ, "SQUARE_ACCESS_TOKEN": square.access_token}
    subprocess.run(["/bin/sh", "-c", command], env=environment, check=True, capture_output=True, timeout=20)


def run_python(program: str, square: Emulator) -> None:
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()):
        patch.setenv("SQUARE_ACCESS_TOKEN", square.access_token)
        try:
            exec(program, {})
        except Exception as error:
            if not hasattr(error, "status"):  # A refusal is an answer. Any other exception means that nothing was sent.
                raise


def said(entry: Entry) -> tuple[object, ...]:
    kept = {name: entry.headers.get(name) for name in ("authorization", "square-version")}
    return entry.method, entry.query, entry.body, entry.status, kept


@pytest.mark.parametrize("entry", REQUESTS, indirect=True)
@pytest.mark.parametrize(("copy", "run"), [(as_curl, run_curl), (as_python, run_python)])
def test_a_copy_sends_the_request_again(
    square: Emulator, entry: Entry, copy: Callable[[Entry, str], str], run: Callable[[str, Emulator], None]
) -> None:
    text = copy(entry, square.url)
    assert square.access_token not in text
    run(text, square)
    again = square.requests[-1]
    assert again is not entry
    assert said(again) == said(entry)
    if ".." not in entry.path or copy is as_curl:  # urllib3 removes dot segments from a path; nothing else here does.
        assert again.path == entry.path
    if copy is as_curl:
        assert again.headers["x-own"] == "it's $mine"


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
@pytest.mark.parametrize(("copy", "run"), [(as_curl, run_curl), (as_python, run_python)])
def test_a_request_without_a_token_is_copied_without_one(
    square: Emulator, method: str, copy: Callable[[Entry, str], str], run: Callable[[str, Emulator], None]
) -> None:
    entry = send(square, method, "/v2/customers", None, {})
    run(copy(entry, square.url), square)
    assert said(square.requests[-1]) == said(entry)
    assert "authorization" not in square.requests[-1].headers


def test_a_program_makes_the_call_with_this_package_if_possible() -> None:
    headers = {"authorization": "Bearer ***"}
    known = {"method": "GET", "path": "/v2/customers/A%26B", "query": {}, "connection": 1, "at": "now"}
    entry = Journal().add(operation="retrieve_customer", headers=headers, **known)
    assert as_python(entry, "http://127.0.0.1:1").splitlines()[-1] == "print(api.retrieve_customer('A&B'))"
    assert "square_version=None" in as_python(entry, "http://127.0.0.1:1")
    entry = Journal().add(operation="retrieve_customer", headers={}, **known)
    assert "urllib3.request" in as_python(entry, "http://127.0.0.1:1")


def test_the_control_interface_returns_copies_if_the_request_has_a_url(square: Emulator) -> None:
    entry = send(square, "GET", "/v2/customers", None, {})
    path = f"{square.url}/_emulator/requests/{entry.number}"
    answer = urllib3.request("GET", path, fields={"url": square.url}, timeout=10).json()
    assert answer["curl"] == as_curl(entry, square.url)
    assert answer["python"] == as_python(entry, square.url)
    assert "curl" not in urllib3.request("GET", path, timeout=10).json()


@pytest.mark.parametrize(
    ("status", "answer", "code"),
    [
        (400, '{"errors":[{"code":"BAD_REQUEST"}]}', "BAD_REQUEST"),
        (200, '{"errors":[{"code":"BAD_REQUEST"}]}', None),
        (500, '{"errors":[]}', None),
        (500, '{"errors":[{"code":5}]}', None),
        (500, '["errors"]', None),
        (502, "<h1>Bad Gateway</h1>", None),
        (None, "", None),
    ],
)
def test_a_list_shows_the_start_of_body_and_answer_and_the_code_of_an_error(
    status: int | None, answer: str, code: str | None
) -> None:
    journal = Journal()
    known = {"method": "GET", "path": "/v2/customers", "query": {"a": "b"}, "headers": {}, "connection": 1, "at": "now"}
    entry = journal.add(operation=None, _body=Body(b"x" * 50), **known)
    journal.complete(entry, status=status, _answer=Body(answer.encode()))
    assert entry.excerpt(10) == {"query": {"a": "b"}, "code": code, "text": f"{'x' * 10}\n{answer[:10]}"}


def test_the_control_interface_returns_excerpts_on_request(square: Emulator) -> None:
    send(square, "GET", "/v2/customers?limit=0", None, {"Authorization": f"Bearer {square.access_token}"})
    fields = {"since": "0", "brief": "true", "excerpt": "8"}
    answer = urllib3.request("GET", f"{square.url}/_emulator/requests", fields=fields, timeout=10).json()
    (shown,) = answer["requests"]
    assert (shown["query"], shown["code"], shown["text"]) == ({"limit": "0"}, "VALUE_TOO_LOW", '\n{"errors')
    assert "answer" not in shown
