"""Any bytes as an answer give a model or an ApiException."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from squareconnect import ApiClient, Configuration, models
from squareconnect.exceptions import ApiException, DecodeError, from_response
from squareconnect.rest import RESTResponse
from test.drivers import DRIVERS
from test.servers import FOUND, Server, cut, message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from squareconnect.models._model import Model

WHOLE = message(200, FOUND)
TYPES: list[type[Model]] = [getattr(models, name) for name in models.__all__ if name.endswith("Response")]
KEYS = sorted({name for kind in models.__all__ for name in getattr(models, kind).swagger_types} | {"unknown"})
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYS), inner),
)
client = ApiClient()


bodies = st.binary() | json_values.map(lambda value: json.dumps(value).encode())


@settings(max_examples=300)
@given(bodies, st.sampled_from(TYPES))
@example(b'{"errors": []}', models.RetrieveCustomerResponse)
def test_any_bytes_give_a_model_or_a_decode_error(body: bytes, kind: type[Model]) -> None:
    try:
        model = client.deserialize(RESTResponse(200, "OK", {}, body), kind.__name__)
    except DecodeError as error:
        assert error.raw_body == body  # noqa: PT017
        assert str(error)  # noqa: PT017
    else:
        assert type(model) is kind or json.loads(body) is None
    assert str(from_response(RESTResponse(400, "Bad Request", {}, body)))


@pytest.fixture(scope="module", params=["threads", "asyncio"])
def server_and_api(request: pytest.FixtureRequest) -> Iterator[tuple[Server, Any]]:
    """A server, and a client with each driver that never retries."""
    with Server() as server:
        yield server, DRIVERS[request.param](Configuration(host=server.host, access_token="T0KEN", max_retries=0))


def retrieve(server_and_api: tuple[Server, Any], data: bytes) -> ApiException | None:
    """Return the exception that a call raises when a server sends these bytes, or check that it returns a customer."""
    server, api = server_and_api
    server.otherwise = cut(data)
    try:
        response = api.retrieve_customer("C1")
    except ApiException as error:
        return error
    assert response.errors or (response.customer and any(response.customer.to_dict().values()))
    return None


@settings(max_examples=100)
@given(st.integers(200, 599), bodies)
def test_any_answer_gives_a_customer_or_an_exception_with_its_status(
    server_and_api: tuple[Server, Any], status: int, body: bytes
) -> None:
    error = retrieve(server_and_api, message(status, body, {"Connection": "close"}))

    assert error is None or error.status == status


@settings(max_examples=100)
@given(st.binary(max_size=200), st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", WHOLE[:-3], WHOLE[:60]]))
def test_any_bytes_on_the_wire_give_a_customer_or_an_exception(
    server_and_api: tuple[Server, Any], data: bytes, start: bytes
) -> None:
    retrieve(server_and_api, start + data)
