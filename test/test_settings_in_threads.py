"""Settings that change while other threads call."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from squareconnect import ApiClient, Configuration
from squareconnect.rest import RESTClientObject, RESTResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Recording(RESTClientObject):
    """Keeps the URL and headers of each request, and sends none."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.sent: list[tuple[str, dict[str, str]]] = []

    def request(
        self,
        method: str,
        url: str,
        query_params: Any = None,
        headers: Any = None,
        body: Any = None,
        post_params: Any = None,
    ) -> RESTResponse:
        self.sent.append((url, headers))
        return RESTResponse(200, "OK", {}, b"{}")


def recording_client(configuration: Configuration) -> tuple[ApiClient, Recording]:
    client = ApiClient(configuration)
    client.rest_client = rest = Recording(configuration)
    return client, rest


@contextmanager
def over_and_over(change: Callable[[], object]) -> Iterator[None]:
    """Let another thread make a change over and over."""
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


def test_a_default_header_is_in_every_request_while_it_is_set_anew() -> None:
    client, rest = recording_client(Configuration(access_token="T"))
    client.set_default_header("X-Shop", "0")
    spellings = ["X-Shop", "x-shop", "X-SHOP"]

    def change() -> None:
        spellings.append(spellings.pop(0))
        client.set_default_header(spellings[0], spellings[0])

    with over_and_over(change):
        for _ in range(2_000):
            client.call_api("/x", "GET")

    assert [headers for _, headers in rest.sent if "X-Shop" not in headers] == []


def test_default_headers_may_come_and_go_while_threads_call() -> None:
    client, rest = recording_client(Configuration(access_token="T"))
    count = iter(range(10**9))

    def change() -> None:
        client.default_headers[f"X-{next(count)}"] = "x"
        if len(client.default_headers) > 50:
            client.default_headers.clear()

    with over_and_over(change):
        for _ in range(1_000):
            client.call_api("/x", "GET")

    assert len(rest.sent) == 1_000


def test_the_host_and_the_token_of_a_request_belong_together() -> None:
    ours = Configuration(host="https://ours.example", access_token="ours")
    theirs = Configuration(host="https://theirs.example", access_token="theirs")
    client, rest = recording_client(ours)

    def change() -> None:
        client.configuration = theirs if client.configuration is ours else ours

    with over_and_over(change):
        for _ in range(2_000):
            client.call_api("/x", "GET", auth_settings=["oauth2"])

    pairs = {(url, headers["Authorization"]) for url, headers in rest.sent}
    assert pairs <= {("https://ours.example/x", "Bearer ours"), ("https://theirs.example/x", "Bearer theirs")}


def test_a_request_whose_settings_are_changed_while_they_are_read_has_all_of_the_new_ones() -> None:
    class Changing(ApiClient):
        def update_params_for_auth(self, headers: Any, querys: Any, auth_settings: Any) -> None:
            super().update_params_for_auth(headers, querys, auth_settings)
            self.configuration = new

    old = Configuration(host="https://old.example", access_token="OLD")
    new = Configuration(host="https://new.example", access_token="NEW")
    client = Changing(old)
    client.rest_client = rest = Recording(old)
    client.call_api("/v2/customers", "GET", auth_settings=["oauth2"], response_type="object")

    ((url, headers),) = rest.sent
    assert url.startswith("https://new.example/")
    assert headers["Authorization"] == "Bearer NEW"
