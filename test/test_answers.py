"""Any answer gives a correct model or an ApiException that keeps it, never an empty model or another exception."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from squareconnect import models
from squareconnect.exceptions import (
    ApiException,
    ConnectionFailed,
    DecodeError,
    InvalidRequest,
    NotFound,
    ServerError,
)
from test.servers import CUSTOMER, FOUND, Server, answer, api_for, chunked, cut, message, raw

if TYPE_CHECKING:
    from test import servers

pytestmark = pytest.mark.usefixtures("driver")

NO_MODELS = {
    "HTML": b"<!DOCTYPE html><title>Sign in to the Wi-Fi</title>",
    "nothing": b"",
    "a space": b" ",
    "half a JSON": b'{"customer": {"id": "C1"',
    "JSON and more": b"{} {}",
    "invalid UTF-8": b'{"customer": {"id": "\xff"}}',
    "UTF-16": json.dumps(FOUND).encode("utf-16"),
    "an array": b"[]",
    "a number": b"1",
    "null": b"null",
    "a text": b'"customer"',
    "an empty object": b"{}",
    "an empty customer": b'{"customer": {}}',
    "no customer": b'{"customer": null}',
    "a text for a customer": b'{"customer": "C1"}',
    "a number for an id": b'{"customer": {"id": 1, "created_at": "", "updated_at": ""}}',
    "a text for cards": json.dumps({"customer": {**CUSTOMER, "cards": "abc"}}).encode(),
    "a number for a card": json.dumps({"customer": {**CUSTOMER, "cards": [5]}}).encode(),
    "a text for a month": json.dumps({"customer": {**CUSTOMER, "cards": [{"exp_month": "x"}]}}).encode(),
    "a text for a truth": json.dumps({"customer": {**CUSTOMER, "preferences": {"email_unsubscribed": "no"}}}).encode(),
    "100,000 levels": b'{"customer":' * 100_000 + b"}" * 100_000,
    "100,000 arrays": b"[" * 100_000 + b"]" * 100_000,
    "1e400": b'{"customer": {"id": "C1", "created_at": "", "updated_at": "", "x": 1e400}}',
    "NaN": b'{"customer": {"id": "C1", "created_at": "", "updated_at": "", "x": NaN}}',
    "a number of 5,000 digits": b'{"customer": {"id": "C1", "x": ' + b"9" * 5000 + b"}}",
}


@pytest.mark.parametrize("body", NO_MODELS.values(), ids=NO_MODELS)
def test_a_success_without_a_customer_is_a_decode_error_that_keeps_the_answer(body: bytes) -> None:
    with Server(answer(200, body, {"X-Trace": "t1"})) as server, pytest.raises(DecodeError) as caught:
        api_for(server).retrieve_customer("C1")

    assert caught.value.status == 200
    assert caught.value.headers is not None
    assert caught.value.headers["x-trace"] == "t1"
    assert caught.value.raw_body == body
    assert caught.value.body == body.decode("utf-8", "replace")
    assert not caught.value.outcome_unknown


@pytest.mark.parametrize("body", NO_MODELS.values(), ids=NO_MODELS)
def test_an_error_of_any_shape_keeps_its_status_and_body(body: bytes) -> None:
    with Server(answer(400, body)) as server, pytest.raises(InvalidRequest) as caught:
        api_for(server).retrieve_customer("C1")

    assert caught.value.status == 400
    assert caught.value.raw_body == body
    assert caught.value.errors == []
    assert str(caught.value).startswith("GET /v2/customers/C1 failed: (400) Reason.")


@pytest.mark.parametrize("errors", ["x", 1, None, {}, [1], ["x"], [None], [[]], [{"code": 1}], {"a": "b"}])
def test_errors_of_the_wrong_shape_are_none(errors: Any) -> None:
    with Server(answer(400, {"errors": errors})) as server, pytest.raises(InvalidRequest) as caught:
        api_for(server).retrieve_customer("C1")

    assert caught.value.errors == []
    assert "failed: (400)" in str(caught.value)


@pytest.mark.parametrize("status", [201, 202, 203])
def test_other_successes_with_a_customer_are_successes(status: int) -> None:
    with Server(answer(status)) as server:
        assert api_for(server).retrieve_customer("C1").customer == models.Customer(**CUSTOMER)


@pytest.mark.parametrize("status", [204, 205])
def test_a_success_without_a_body_has_no_customer(status: int) -> None:
    with Server(answer(status, b"")) as server, pytest.raises(DecodeError) as caught:
        api_for(server).retrieve_customer("C1")

    assert caught.value.status == status


@pytest.mark.parametrize("status", [204, 205])
def test_a_deletion_answered_without_a_body_has_succeeded(status: int) -> None:
    with Server(answer(status, b"")) as server:
        assert api_for(server).delete_customer("C1") == models.DeleteCustomerResponse()


@pytest.mark.parametrize("status", [206, 226, 300, 304, 999])
def test_other_statuses_are_errors(status: int) -> None:
    headers = {"Content-Length": None} if status == 304 else {}
    with Server(otherwise=answer(status, b"" if status == 304 else FOUND, headers)) as server:
        with pytest.raises(ApiException) as caught:
            api_for(server).retrieve_customer("C1")

        assert len(server.requests) == (4 if status == 999 else 1)
    assert caught.value.status == status


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with Server() as elsewhere, Server(answer(status, b"", {"Location": elsewhere.host + "/v2/customers"})) as server:
        with pytest.raises(ApiException) as caught:
            api_for(server).create_customer({"given_name": "Ada"})

        assert elsewhere.connections == 0
        assert len(server.requests) == 1
    assert caught.value.status == status
    assert caught.value.headers is not None
    assert caught.value.headers["Location"] == elsewhere.host + "/v2/customers"


# -- Bodies ---------------------------------------------------------------------------------------------------------

GREEK = {"customer": {**CUSTOMER, "given_name": "Ἀδα " * 30_000}}


def test_characters_split_across_chunks_are_decoded() -> None:
    body = json.dumps(GREEK, ensure_ascii=False).encode()
    pieces = [body[start : start + 4097] for start in range(0, len(body), 4097)]
    with Server(chunked(*pieces)) as server:
        customer = api_for(server).retrieve_customer("C1").customer

    assert customer is not None
    assert customer.given_name == GREEK["customer"]["given_name"]


def test_a_byte_order_mark_is_skipped() -> None:
    with Server(answer(200, b"\xef\xbb\xbf" + json.dumps(FOUND).encode())) as server:
        assert api_for(server).retrieve_customer("C1").customer


def test_a_body_that_ends_with_the_connection_is_read_completely() -> None:
    body = json.dumps(GREEK).encode()
    with Server(cut(b"HTTP/1.1 200 OK\r\n\r\n" + body)) as server:
        assert api_for(server).retrieve_customer("C1").customer


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP", "deflate"])
def test_a_compressed_body_is_read_although_the_request_did_not_ask_for_compression(encoding: str) -> None:
    body = json.dumps(FOUND).encode()
    packed = zlib.compress(body) if encoding == "deflate" else gzip.compress(body, mtime=0)
    with Server(answer(200, packed, {"Content-Encoding": encoding})) as server:
        assert api_for(server).retrieve_customer("C1").customer

        assert server.requests[0].headers["accept-encoding"] == "identity"


def test_a_compressed_error_is_read_too() -> None:
    packed = gzip.compress(json.dumps({"errors": [{"category": "A", "code": "NOT_FOUND"}]}).encode(), mtime=0)
    with Server(answer(404, packed, {"Content-Encoding": "gzip"})) as server, pytest.raises(NotFound) as caught:
        api_for(server).retrieve_customer("C1")

    assert caught.value.errors[0].code == "NOT_FOUND"


PACKED = gzip.compress(json.dumps(FOUND).encode(), mtime=0)


@pytest.mark.parametrize(
    ("encoding", "body", "problem"),
    [
        ("gzip", b"no gzip at all", "its gzip is broken"),
        ("gzip", PACKED[:-12], "its gzip data is cut off, or followed by other bytes"),
        ("gzip", PACKED + PACKED, "its gzip data is cut off, or followed by other bytes"),
        ("gzip", PACKED[:-8] + b"\0" * 8, "its gzip is broken"),
        ("br", PACKED, "its Content-Encoding 'br' is unknown"),
        ("gzip, gzip", PACKED, "its Content-Encoding 'gzip, gzip' is unknown"),
    ],
)
def test_a_broken_compression_is_a_decode_error(encoding: str, body: bytes, problem: str) -> None:
    headers = {"Content-Encoding": encoding}
    with Server(answer(200, body, headers), answer(500, body, headers), answer(400, body, headers)) as server:
        with pytest.raises(DecodeError, match=problem) as caught:
            api_for(server).create_customer({})
        with pytest.raises(ServerError) as caught_error:
            api_for(server).create_customer({})

        assert len(server.requests) == 2
    assert caught.value.raw_body == caught_error.value.raw_body == body
    assert caught.value.outcome_unknown


def test_a_compression_bomb_is_not_decompressed() -> None:
    bomb = gzip.compress(b"\0" * 20_000_000, mtime=0)
    with Server(answer(200, bomb, {"Content-Encoding": "gzip"})) as server, pytest.raises(DecodeError) as caught:
        api_for(server, max_response_size=1_000_000).retrieve_customer("C1")

    assert "it is larger than Configuration.max_response_size, 1000000 bytes" in str(caught.value)
    assert caught.value.raw_body == bomb


def endless(wire: servers.Wire, request: servers.Request) -> None:
    wire.send(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        wire.send(b" " * 65536)


@pytest.mark.parametrize("flood", [endless, answer(200, b" " * 200_000)], ids=["endless", "announced"])
def test_a_body_over_the_limit_is_not_read_to_its_end(flood: servers.Step) -> None:
    with Server(flood) as server:
        api = api_for(server, max_response_size=100_000)
        with pytest.raises(DecodeError, match="it is larger than") as caught:
            api.retrieve_customer("C1")
        assert api.retrieve_customer("C1").customer

        assert server.connections == 2
    assert len(caught.value.raw_body or b"") == 100_001


def test_a_body_at_the_limit_is_read() -> None:
    body = json.dumps(FOUND).encode()
    with Server(answer(200, body)) as server:
        assert api_for(server, max_response_size=len(body)).retrieve_customer("C1").customer


# -- Where HTTP itself is broken ------------------------------------------------------------------------------------

WHOLE = message(200, FOUND)
BODY = json.dumps(FOUND).encode()
NO_HTTP = {
    "garbage": (b"\x15\x03\x01\x00\x02\x02P", None),
    "no status": (b"HTTP/1.1\r\n\r\n", None),
    "a status of letters": (b"HTTP/1.1 abc OK\r\n\r\n", None),
    "another version": (b"HTTP/9 200 OK\r\n\r\n", 200),
    "an endless status line": (b"HTTP/1.1 200 " + b"x" * 70_000, None),
    "an endless header": (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, 200),
    "too many headers": (b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 40_000 + b"\r\n{}", 200),
    "two lengths": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}}", 200),
    "cut headers": (WHOLE[:50], 200),
    "a cut body": (WHOLE[:-5], 200),
    "a chunk of no size": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n", 200),
    "a chunk of negative size": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n", 200),
    "another protocol": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\nPRI * HTTP/2.0\r\n\r\n", None),
}


@pytest.mark.parametrize(("data", "status"), NO_HTTP.values(), ids=NO_HTTP)
def test_broken_http_is_a_failed_connection_that_keeps_the_part_that_was_read(data: bytes, status: int | None) -> None:
    with Server(cut(data)) as server, pytest.raises(ConnectionFailed) as caught:
        api_for(server, max_retries=0).create_customer({})

    assert caught.value.status == status
    assert caught.value.outcome_unknown


def test_a_cut_answer_keeps_its_headers_and_the_part_of_its_body_that_arrived() -> None:
    with Server(cut(message(200, FOUND, {"X-Trace": "t1"})[:-5])) as server, pytest.raises(ConnectionFailed) as caught:
        api_for(server, max_retries=0).retrieve_customer("C1")

    assert caught.value.headers is not None
    assert caught.value.headers["X-Trace"] == "t1"
    assert caught.value.raw_body == BODY[:-5]


def test_a_cut_chunk_keeps_the_earlier_chunks() -> None:
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n8\r\nabc"
    with Server(cut(data)) as server, pytest.raises(ConnectionFailed) as caught:
        api_for(server, max_retries=0).retrieve_customer("C1")

    assert caught.value.raw_body in (b"{}", b"{}abc")


def test_a_refusal_whose_body_is_cut_is_still_that_refusal() -> None:
    with Server(cut(message(404, b"x" * 99)[:-9])) as server, pytest.raises(NotFound) as caught:
        api_for(server).create_customer({})

    assert caught.value.raw_body == b"x" * 90
    assert not caught.value.outcome_unknown


def test_interim_answers_are_ignored() -> None:
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 P\r\n\r\n"
    with Server(raw(early + WHOLE), raw(early + WHOLE)) as server:
        api = api_for(server)
        assert api.retrieve_customer("C1").customer
        assert api.retrieve_customer("C1").customer

        assert server.connections == 1


def test_surplus_bytes_are_not_the_answer_to_the_next_request() -> None:
    with Server(raw(WHOLE + message(200, {"customer": {**CUSTOMER, "id": "SOMEONE ELSE"}}))) as server:
        api = api_for(server)
        api.retrieve_customer("C1")
        customer = api.retrieve_customer("C1").customer

    assert customer is not None
    assert customer.id == "C1"
