"""Any bytes as an answer give a model or an ApiException, the same with both drivers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from squareconnect import ApiClient, Configuration, models
from squareconnect.exceptions import ApiException, DecodeError, from_response
from squareconnect.rest import RESTResponse
from test.drivers import DRIVERS
from test.servers import FOUND, Server, cut, message, raw

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
def test_any_bytes_are_a_model_or_a_decode_error(body: bytes, kind: type[Model]) -> None:
    try:
        model = client.deserialize(RESTResponse(200, "OK", {}, body), kind.__name__)
    except DecodeError as error:
        assert error.raw_body == body  # noqa: PT017
        assert str(error)  # noqa: PT017
    else:
        assert type(model) is kind or json.loads(body) is None
    assert str(from_response(RESTResponse(400, "Bad Request", {}, body)))


@pytest.fixture(scope="module", params=["threads", "asyncio"])
def line(request: pytest.FixtureRequest) -> Iterator[tuple[Server, Any]]:
    """A server, and a client with each driver that never retries."""
    with Server() as server:
        yield server, DRIVERS[request.param](Configuration(host=server.host, access_token="T0KEN", max_retries=0))


def retrieve(line: tuple[Server, Any], data: bytes) -> ApiException | None:
    """Return the exception that a call raises when a server sends these bytes, or check that it returns a customer."""
    server, api = line
    server.otherwise = cut(data)
    try:
        response = api.retrieve_customer("C1")
    except ApiException as error:
        return error
    assert response.errors or (response.customer and any(response.customer.to_dict().values()))
    return None


@settings(max_examples=100)
@given(st.integers(200, 599), bodies)
def test_any_answer_is_a_customer_or_an_exception_with_its_status(
    line: tuple[Server, Any], status: int, body: bytes
) -> None:
    error = retrieve(line, message(status, body, {"Connection": "close"}))

    assert error is None or error.status == status


@settings(max_examples=100)
@given(st.binary(max_size=200), st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", WHOLE[:-3], WHOLE[:60]]))
def test_any_bytes_on_the_wire_are_a_customer_or_an_exception(
    line: tuple[Server, Any], data: bytes, start: bytes
) -> None:
    retrieve(line, start + data)


# -- The drivers agree ----------------------------------------------------------------------------------------------

tokens = st.text("abcXYZ019-", min_size=1, max_size=8)
texts = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_categories=["Cc", "Zs"]), max_size=8)
extensions = st.sampled_from([b"", b";a", b';a="b"'])
interims = st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"])


class Played(NamedTuple):
    """What a server plays for one request."""

    data: bytes
    complete: bool
    """Whether the data is an answer that ends before its connection."""


@st.composite
def played(draw: st.DrawFn) -> Played:
    """Make an answer that keeps to the rules of HTTP, and sometimes cut it off or add bytes to it."""
    version = draw(st.sampled_from(["1.1", "1.1", "1.0"]))
    status = draw(st.sampled_from([200, 201, 204, 206, 304, 400, 404, 408, 429, 500, 503, 599]))
    lines = [f"HTTP/{version} {status} {draw(texts)}"]
    lines += [f"X-{draw(tokens)}: {draw(texts)}" for _ in range(draw(st.integers(0, 3)))]
    lines += draw(st.sampled_from([[], [], ["Connection: close"], ["connection: Close, x"]]))
    pieces = draw(st.lists(st.binary(min_size=1, max_size=50), max_size=3))
    if status in (204, 304):
        framing, body = "none", b""
    else:
        framing, body = draw(st.sampled_from(["length", "chunks", "end"])), b"".join(pieces)
    if framing == "length":
        lines.append(f"Content-Length: {len(body)}")
    elif framing == "chunks":
        lines.append("Transfer-Encoding: chunked")
        sizes = [b"%0*x%s\r\n" % (draw(st.integers(1, 8)), len(piece), draw(extensions)) for piece in pieces]
        body = b"".join(size + piece + b"\r\n" for size, piece in zip(sizes, pieces, strict=True))
        body += draw(st.sampled_from([b"0\r\n\r\n", b"000\r\n\r\n", b"0;a\r\nX-Trailer: a\r\n\r\n"]))
    whole = draw(interims) + "\r\n".join([*lines, "", ""]).encode("latin-1") + body
    if draw(st.booleans()):
        return Played(whole[: draw(st.integers(0, len(whole)))], complete=False)
    return Played(whole + draw(st.sampled_from([b"", b"", b"\n", WHOLE])), complete=framing != "end")


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Server, list[Any]]]:
    """A server, and a client with each driver that never retries."""
    with Server() as server:
        configuration = Configuration(host=server.host, access_token="T0KEN", max_retries=0)
        yield server, [DRIVERS[name](configuration) for name in ("threads", "asyncio")]


def seen(server: Server, api: Any, data: Played) -> tuple[Any, ...]:
    """Return what a client makes of some data, and whether it uses the connection again."""
    server.steps = [raw(data.data) if data.complete else cut(data.data)]
    before = server.connections
    result: tuple[Any, ...]
    try:
        response = api.api_client.call_api("/v2/x", "GET", _preload_content=False)
        result = response.status, response.content, sorted(response.headers.items())
    except ApiException as error:
        result = type(error).__name__, error.status
    if data.complete:
        assert api.retrieve_customer("C1").customer.id == "C1"
        result = *result, server.connections - before
    api.api_client.close()
    return result


@settings(max_examples=100, deadline=None)
@given(played())
def test_both_drivers_make_the_same_of_any_answer(both: tuple[Server, list[Any]], data: Played) -> None:
    server, (threads, asyncio) = both

    assert seen(server, threads, data) == seen(server, asyncio, data)
