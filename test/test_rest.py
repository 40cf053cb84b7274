from __future__ import annotations

import json
import os
import re
import runpy
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squareconnect import ApiClient, Configuration, rest
from squareconnect.exceptions import (
    ApiException,
    ConnectionFailed,
    DecodeError,
    InvalidRequest,
    RateLimited,
    ServerError,
    Timeout,
)
from squareconnect.rest import RESTClientObject
from squareconnect.transport.answer import decompress
from squareconnect.transport.exchange import pause_before_retry, should_retry
from test.servers import Server, answer, api_for

# -- Decisions ------------------------------------------------------------------------------------------------------


def failed(kind: type[ApiException], status: int | None = None, *, unknown: bool = False) -> ApiException:
    failure = kind(status)
    failure.outcome_unknown = unknown
    return failure


@pytest.mark.parametrize("repeatable", [True, False])
@pytest.mark.parametrize(
    "failure", [failed(ConnectionFailed), failed(Timeout), failed(RateLimited, 429)], ids=["refused", "late", "429"]
)
def test_a_call_that_was_not_carried_out_is_tried_again(failure: ApiException, repeatable: bool) -> None:
    assert should_retry(failure, repeatable)


@pytest.mark.parametrize(
    "failure",
    [
        *[failed(ServerError, status, unknown=True) for status in (500, 502, 503, 504, 505, 599)],
        failed(InvalidRequest, 408, unknown=True),
        failed(ConnectionFailed, unknown=True),
        failed(ConnectionFailed, 200, unknown=True),
        failed(Timeout, unknown=True),
        failed(Timeout, 200, unknown=True),
    ],
    ids=repr,
)
def test_a_call_that_may_have_been_carried_out_is_tried_again_if_that_is_harmless(failure: ApiException) -> None:
    assert should_retry(failure, repeatable=True)
    assert not should_retry(failure, repeatable=False)


@pytest.mark.parametrize("repeatable", [True, False])
@pytest.mark.parametrize(
    "failure",
    [
        *[failed(InvalidRequest, status) for status in (400, 401, 402, 403, 404, 409, 425)],
        failed(ServerError, 501),
        failed(ApiException, 302),
        failed(DecodeError, 200, unknown=True),
    ],
    ids=repr,
)
def test_a_failure_that_would_be_the_same_again_is_not_retried(failure: ApiException, repeatable: bool) -> None:
    assert not should_retry(failure, repeatable)


NOW = 1_445_412_480.0  # Wed, 21 Oct 2015 07:28:00 GMT


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("31", 30),
        ("9" * 400, 30),
        ("Wed, 21 Oct 2015 07:28:09 GMT", 9),
        ("Wed, 21 Oct 2015 07:27:00 GMT", 0),
        ("Thu, 21 Oct 2055 07:28:00 GMT", 30),
        ("Wed, 21 Oct 99999 07:28:00 GMT", 1),
        ("-5", 1),
        ("1.5", 1),
        ("٣", 1),
        ("soon", 1),
        ("", 1),
        (None, 1),
    ],
)
def test_retry_after_is_seconds_or_a_date_or_ignored(retry_after: str | None, seconds: float) -> None:
    assert pause_before_retry(2, retry_after, 30, 1.0, NOW) == seconds


@given(
    st.integers(1, 10_000),
    st.none() | st.text(),
    st.floats(0.001, 1e6),
    st.floats(0, 1, exclude_max=True),
    st.floats(0, 4e9),
)
def test_a_pause_is_never_negative_or_above_the_maximum(
    attempts: int, retry_after: str | None, longest: float, jitter: float, now: float
) -> None:
    assert 0 <= pause_before_retry(attempts, retry_after, longest, jitter, now) <= longest


@given(st.integers(1, 20), st.floats(0, 1))
def test_jitter_shortens_a_pause_by_up_to_half(attempts: int, jitter: float) -> None:
    whole = 0.5 * 2 ** (attempts - 1)

    assert whole / 2 <= pause_before_retry(attempts, None, 1e9, jitter, NOW) <= whole


@given(st.binary())
def test_decompressing_undoes_compressing(content: bytes) -> None:
    assert decompress(zlib.compress(content), "deflate", len(content)) == content


@given(st.binary(), st.sampled_from(["gzip", "deflate", "br"]))
def test_data_that_is_not_compressed_is_a_value_error(content: bytes, encoding: str) -> None:
    try:
        result = decompress(content, encoding, 1000)
    except ValueError:
        return
    assert zlib.decompress(content, wbits=zlib.MAX_WBITS | 32) == result


# -- Answers --------------------------------------------------------------------------------------------------------


def test_an_answer_has_its_body_and_headers_as_in_2_x() -> None:
    with Server(answer(200, b"\xc3\xa9\xff", {"X-Trace": "t1"})) as server:
        response = RESTClientObject(Configuration()).GET(server.host + "/x")

    assert (response.status, response.reason, response.attempts) == (200, "Reason", 1)
    assert response.content == b"\xc3\xa9\xff"
    assert response.data == "é\ufffd"
    assert response.getheader("x-trace") == response.getheaders()["X-TRACE"] == "t1"
    assert response.getheader("x-other") is None
    assert response.getheader("x-other", "none") == "none"


def test_the_module_rest_has_the_exception_as_in_2_x() -> None:
    assert rest.ApiException is ApiException


# -- Requests -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE", "POST", "PUT", "PATCH"])
def test_each_http_method_has_a_method(method: str) -> None:
    with Server(otherwise=answer(200, b"", {"Content-Length": 0})) as server:
        client = RESTClientObject(Configuration())
        getattr(client, method)(server.host + "/x")
        getattr(client, method)(server.host)

        assert [(request.method, request.target) for request in server.requests] == [(method, "/x"), (method, "/")]


def test_a_request_sends_query_headers_and_json() -> None:
    with Server() as server:
        client = RESTClientObject(Configuration())
        client.POST(server.host + "/x", query_params=[("a", "1&2"), ("b", "ä")], headers={"X-A": "é"}, body={"a": [1]})
        client.POST(server.host + "/x", body=b"as it is")
        client.POST(server.host + "/x", post_params=[("a", "1")])

        first, second, third = server.requests
    assert first.target == "/x?a=1%262&b=%C3%A4"
    assert first.headers["x-a"] == "é"
    assert json.loads(first.body) == {"a": [1]}
    assert second.body == b"as it is"
    assert third.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="a"\r\n\r\n1\r\n' in third.body


MISTAKES: dict[str, tuple[dict[str, Any], type[Exception]]] = {
    "a method": ({"method": "get"}, ValueError),
    "a method with a line break": ({"method": "GET / HTTP/1.1\r\nX: y"}, ValueError),
    "another scheme": ({"url": "ftp://127.0.0.1/"}, ValueError),
    "no host": ({"url": "http:///x"}, ValueError),
    "a path": ({"url": "/v2/customers"}, ValueError),
    "a user name": ({"url": "http://127.0.0.1@square.example/"}, ValueError),
    "a back slash": ({"url": "http://127.0.0.1\\@square.example/"}, ValueError),
    "a line break in the host": ({"url": "http://127.0.0.1\r\nX: y"}, ValueError),
    "a line break in the path": ({"url": "http://127.0.0.1/\r\nX: y"}, ValueError),
    "a space": ({"url": "http://127.0.0.1/a b"}, ValueError),
    "a port": ({"url": "http://127.0.0.1:99999999/"}, ValueError),
    "a line break in a header": ({"headers": {"X": "a\r\nY: b"}}, ValueError),
    "a line break in a header's name": ({"headers": {"X: a\r\nY": "b"}}, ValueError),
    "a header that is not Latin-1": ({"headers": {"X": "\u20ac"}}, ValueError),
    "a header that is no text": ({"headers": {"X": 1}}, ValueError),
    "a body of bytes in a dict": ({"body": {"a": b"b"}}, TypeError),
    "NaN": ({"body": {"a": float("nan")}}, ValueError),
    "a length of one's own": ({"headers": {"content-length": "5"}}, ValueError),
    "a framing of one's own": ({"headers": {"Transfer-Encoding": "chunked"}}, ValueError),
}


@pytest.mark.parametrize(("mistake", "error"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_the_arguments_is_refused_before_a_connection_opens(
    mistake: dict[str, Any], error: type[Exception]
) -> None:
    with Server() as server:
        with pytest.raises(error):
            RESTClientObject(Configuration()).request(**{"method": "POST", "url": server.host + "/x", **mistake})

        assert server.connections == 0


def test_a_refused_header_is_not_shown() -> None:
    with pytest.raises(ValueError, match="header Authorization must be a str") as caught:
        RESTClientObject(Configuration()).GET("http://127.0.0.1/", headers={"Authorization": "CANARY\r\n"})

    assert "CANARY" not in str(caught.value)


def test_a_post_can_be_declared_repeatable_and_a_get_unrepeatable() -> None:
    with Server(answer(500, {}), answer(), answer(500, {})) as server:
        client = api_for(server).api_client
        assert client.call_api("/", "POST", _repeatable=True).attempts == 2
        with pytest.raises(ServerError):
            client.call_api("/", "GET", _repeatable=False)

        assert len(server.requests) == 3


def test_the_path_is_logged_without_its_query(caplog: pytest.LogCaptureFixture) -> None:
    with Server(answer(429, {})) as server, caplog.at_level("DEBUG", "squareconnect"):
        api_for(server).list_customers(cursor="a cursor")

    ours = [record.getMessage() for record in caplog.records if record.name == "squareconnect"]
    assert [re.sub(r"\d\.\d+ s", "T", message) for message in ours] == [
        "GET /v2/customers: 429 in T, try 1",
        "GET /v2/customers: 429, trying again in T",
        "GET /v2/customers: 200 in T, try 2",
    ]


# -- Connections ----------------------------------------------------------------------------------------------------


def test_a_connection_is_kept_and_closed_with_the_client() -> None:
    with Server() as server:
        with ApiClient(Configuration()) as client:
            for _ in range(3):
                client.request("GET", server.host)
            client.close()
            assert server.wait_for_ends(1)
            assert client.request("GET", server.host).status == 200

        assert server.connections == 2
        assert [request.connection for request in server.requests] == [1, 1, 1, 2]
        assert server.wait_for_ends(1)


def test_connections_to_only_a_few_hosts_are_kept() -> None:
    client = RESTClientObject(Configuration(), pools_size=2)
    hosts = [Server() for _ in range(3)]
    try:
        for host in hosts * 2:
            client.GET(host.host)
    finally:
        for host in hosts:
            host.__exit__(None, None, None)

    assert [host.connections for host in hosts] == [2, 2, 2]
    assert len(client._routes) == 2


def test_the_pool_manager_is_the_one_for_the_host() -> None:
    with Server() as server:
        client = RESTClientObject(Configuration(host=server.host + "/prefix"))
        assert client.pool_manager.request("GET", server.host + "/x", retries=False).status == 200
        client.GET(server.host + "/x")

        assert server.connections == 1
        client.close()


def test_settings_of_tls_proxy_and_pool_are_read_when_the_client_is_made() -> None:
    with Server() as server:
        api = api_for(server)
        api.api_client.configuration.proxy = "http://127.0.0.1:1"
        api.api_client.configuration.ssl_ca_cert = __file__
        assert api.retrieve_customer("C1").customer


def test_the_host_and_the_token_are_read_at_each_call() -> None:
    with Server() as first, Server() as second:
        api = api_for(first)
        api.retrieve_customer("C1")
        api.api_client.configuration.host = second.host
        api.api_client.configuration.access_token = "ANOTHER"
        api.retrieve_customer("C1")

        assert second.requests[0].headers["authorization"] == "Bearer ANOTHER"


def test_ipv6_addresses_are_connected_to() -> None:
    with Server(address="::1") as server:
        assert api_for(server).retrieve_customer("C1").customer


def test_the_module_loads_on_systems_without_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "register_at_fork")

    assert "RESTClientObject" in runpy.run_path(str(rest.__file__))
