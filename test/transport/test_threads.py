"""The thread driver in situations that are rare with a real socket."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import urllib3

from squareconnect.transport import Request, threads
from squareconnect.transport.threads_connection import Attempt
from test.servers import FOUND, Server, Step, api_for, cut, message, raw

REQUEST = Request("GET", "http://127.0.0.1/", {}, None)
WHOLE = message(200, FOUND)


@pytest.mark.parametrize(("first", "closes"), [(raw(WHOLE + message(429, {})), False), (cut(WHOLE), True)])
def test_a_connection_that_cannot_be_reused_is_left_even_before_its_last_call_has_returned(
    first: Step, closes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_and_let_another_call(*args: Any) -> None:
        read(*args)
        if closes:
            assert server.wait_for_ends(1)
        monkeypatch.setattr(threads, "_read", read)
        thread = threading.Thread(target=lambda: others.append(api.create_customer({"given_name": "Ada"})))
        thread.start()
        thread.join(10)

    read, others = threads._read, list[Any]()
    monkeypatch.setattr(threads, "_read", read_and_let_another_call)
    with Server(first) as server:
        api = api_for(server, max_retries=0)
        api.retrieve_customer("C1")

        assert len(others) == 1
        assert [request.connection for request in server.requests] == [1, 2]


def test_an_interrupt_after_the_head_closes_the_answer() -> None:
    class Answer(urllib3.HTTPResponse):
        def read1(self, *args: Any, **kwargs: Any) -> bytes:
            raise KeyboardInterrupt

    answer = Answer(body=b"", preload_content=False)

    class Manager:
        def request(self, *args: Any, **kwargs: Any) -> Answer:
            return answer

    answer.length_remaining = 5
    with pytest.raises(KeyboardInterrupt):
        threads.send(Manager(), REQUEST, Attempt(time.monotonic() + 9), (1.0, 1.0), 100)
