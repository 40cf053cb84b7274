"""A client whose requests are recorded instead of sent."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from squareconnect import (
    ApiClient,
    Configuration,
)
from squareconnect.rest import RESTClientObject, RESTResponse
from squareconnect.transport import call_options

TOKEN = "sq0atp-made-up"
ADA: dict[str, Any] = {
    "id": "C1",
    "created_at": "2019-06-12T10:00:00Z",
    "updated_at": "2019-06-12T10:00:00Z",
    "given_name": "Ada",
}


class Rest(RESTClientObject):
    """Overrides what programs of 2.x override in their own clients: records the requests, and returns given answers."""

    def __init__(self, *answers: RESTResponse) -> None:
        self.answers = list(answers)
        self.sent: list[SimpleNamespace] = []
        self.closed = 0

    def request(
        self,
        method: str,
        url: str,
        query_params: Any = None,
        headers: Any = None,
        body: Any = None,
        post_params: Any = None,
    ) -> RESTResponse:
        options = call_options.get()
        self.sent.append(
            SimpleNamespace(
                method=method,
                url=url,
                query=query_params,
                headers=headers,
                body=body,
                post_params=post_params,
                timeout=options and options.timeout,
                repeatable=options and options.repeatable,
            )
        )
        return self.answers.pop(0) if self.answers else answer({})

    def close(self) -> None:
        self.closed += 1

    @property
    def last(self) -> SimpleNamespace:
        return self.sent[-1]


def answer(value: Any, status: int = 200) -> RESTResponse:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return RESTResponse(status, "OK", {"Square-Version": "2019-06-12"}, content)


def client_with(*answers: RESTResponse, **settings: Any) -> tuple[ApiClient, Rest]:
    client = ApiClient(Configuration(**{"access_token": TOKEN, **settings}))
    rest = Rest(*answers)
    client.rest_client = rest
    return client, rest
