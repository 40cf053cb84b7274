"""Settings that change while other threads make calls."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from squareconnect import ApiClient, Configuration
from squareconnect.exceptions import ServerError
from test.recording_rest import Rest, client_with
from test.servers import Server, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def over_and_over(change: Callable[[], object]) -> Iterator[None]:
    """Let another thread make a change repeatedly."""
    done = threading.Event()

    def repeat() -> None:
        while not done.is_set():
            change()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_every_request_has_a_default_header_while_another_thread_sets_it() -> None:
    client, rest = client_with(access_token="T")
    client.set_default_header("X-Shop", "0")
    spellings = ["X-Shop", "x-shop", "X-SHOP"]

    def change() -> None:
        spellings.append(spellings.pop(0))
        client.set_default_header(spellings[0], spellings[0])

    with over_and_over(change):
        for _ in range(2_000):
            client.call_api("/x", "GET")

    assert [sent.headers for sent in rest.sent if "X-Shop" not in sent.headers] == []


def test_default_headers_may_be_added_and_removed_while_threads_call() -> None:
    client, rest = client_with(access_token="T")
    count = iter(range(10**9))

    def change() -> None:
        client.default_headers[f"X-{next(count)}"] = "x"
        if len(client.default_headers) > 50:
            client.default_headers.clear()

    with over_and_over(change):
        for _ in range(1_000):
            client.call_api("/x", "GET")

    assert len(rest.sent) == 1_000


def test_a_request_never_has_the_token_of_another_host() -> None:
    ours = Configuration(host="https://ours.example", access_token="ours")
    theirs = Configuration(host="https://theirs.example", access_token="theirs")
    client = ApiClient(ours)
    client.rest_client = rest = Rest()

    def change() -> None:
        client.configuration = theirs if client.configuration is ours else ours

    with over_and_over(change):
        for _ in range(2_000):
            client.call_api("/x", "GET", auth_settings=["oauth2"])

    pairs = {(sent.url, sent.headers["Authorization"]) for sent in rest.sent}
    assert pairs <= {("https://ours.example/x", "Bearer ours"), ("https://theirs.example/x", "Bearer theirs")}


def test_a_request_whose_settings_change_while_they_are_read_has_only_new_ones() -> None:
    class Changing(ApiClient):
        def update_params_for_auth(self, headers: Any, querys: Any, auth_settings: Any) -> None:
            super().update_params_for_auth(headers, querys, auth_settings)
            self.configuration = new

    old = Configuration(host="https://old.example", access_token="OLD")
    new = Configuration(host="https://new.example", access_token="NEW")
    client = Changing(old)
    client.rest_client = rest = Rest()
    client.call_api("/v2/customers", "GET", auth_settings=["oauth2"], response_type="object")

    (sent,) = rest.sent
    assert sent.url.startswith("https://new.example/")
    assert sent.headers["Authorization"] == "Bearer NEW"


def test_a_configuration_that_replaces_another_applies_to_the_whole_call() -> None:
    with Server(answer(503, {})) as server:
        client = ApiClient(Configuration(host="http://127.0.0.1:1", access_token="OLD"))
        client.configuration = Configuration(host=server.host, access_token="NEW", max_retries=0)
        with pytest.raises(ServerError):
            client.call_api("/v2/customers", "GET", auth_settings=["oauth2"])

        assert [request.headers["authorization"] for request in server.requests] == ["Bearer NEW"]
