"""Bytes that belong to no answer: their connection is not used again."""

from __future__ import annotations

import asyncio
import select
import time
from typing import TYPE_CHECKING, Any

import pytest
import urllib3.util.connection

from squareconnect.exceptions import ConnectionFailed, NotFound
from test.drivers import loop_in_a_thread
from test.servers import CUSTOMER, Request, Server, Step, Wire, answer, api_for, commit, in_pieces, message, raw

if TYPE_CHECKING:
    import socket

    from squareconnect import CustomersApi
    from test.transport.conftest import Route

pytestmark = pytest.mark.usefixtures("driver")

STRANGER = message(200, {"customer": {**CUSTOMER, "id": "STRANGER"}})
WHOLE = message(200, {"customer": CUSTOMER})
HEAD, BODY = WHOLE.split(b"\r\n\r\n")
HEAD += b"\r\n\r\n"

SURPLUS: dict[str, Step] = {
    "a second answer in the record of the body": in_pieces(HEAD, BODY + STRANGER),
    "a second answer in the same record": raw(WHOLE + STRANGER),
    "a second answer in a record of its own": in_pieces(WHOLE, STRANGER),
    "half a second answer": in_pieces(HEAD, BODY + STRANGER[:40]),
    "one byte": raw(WHOLE + b"\n"),
    "one byte later": in_pieces(WHOLE, b"H"),
    "an answer behind chunks": raw(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY) + STRANGER
    ),
    "a body that a 204 has not": in_pieces(b"HTTP/1.1 204 No Content\r\n\r\n", STRANGER),
}


def id_of(api: CustomersApi) -> str | None:
    """Retrieve a customer, and return the id in the answer."""
    customer = api.retrieve_customer("C1").customer
    return customer.id if customer else None


@pytest.mark.parametrize("surplus", SURPLUS.values(), ids=SURPLUS)
def test_the_next_call_gets_its_own_answer_over_another_connection(route: Route, surplus: Step) -> None:
    with route.server(surplus) as (server, api):
        api.api_client.call_api("/v2/customers/C1", "GET")
        time.sleep(0.2)
        assert id_of(api) == "C1"

        assert [request.connection for request in server.requests] == [1, 2]


def test_a_stray_429_does_not_double_a_create(route: Route) -> None:
    with route.server(in_pieces(HEAD, BODY + message(429, {})), otherwise=commit()) as (server, api):
        api.retrieve_customer("C1")
        time.sleep(0.1)
        api.create_customer({"given_name": "Ada"})

        assert len(server.committed) == 1


def test_a_stray_success_does_not_make_a_refused_delete_succeed(route: Route) -> None:
    with route.server(in_pieces(HEAD, BODY + message(200, {})), answer(404, {})) as (_, api):
        api.retrieve_customer("C1")
        time.sleep(0.1)
        with pytest.raises(NotFound):
            api.delete_customer("C1")


def test_an_answer_that_arrives_before_its_request_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect_and_wait(*args: Any, **options: Any) -> socket.socket:
        sock = connect(*args, **options)
        select.select([sock], [], [], 10)  # until the greeting came
        return sock

    async def connect_and_wait_on_the_loop(sock: socket.socket, address: Any) -> None:
        await sock_connect(sock, address)
        select.select([sock], [], [], 10)

    connect = urllib3.util.connection.create_connection
    monkeypatch.setattr(urllib3.util.connection, "create_connection", connect_and_wait)
    loop = loop_in_a_thread(asyncio.new_event_loop)
    sock_connect = loop.sock_connect
    monkeypatch.setattr(loop, "sock_connect", connect_and_wait_on_the_loop)
    with Server(greeting=STRANGER) as server:
        with pytest.raises(ConnectionFailed, match="an answer before the request") as caught:
            api_for(server).create_customer({"given_name": "Ada"})

        assert caught.value.attempts == 4
        assert not caught.value.outcome_unknown
        assert server.requests == []


def test_connections_without_surplus_bytes_are_kept(route: Route) -> None:
    with route.server() as (server, api):
        for _ in range(5):
            assert id_of(api) == "C1"

        assert server.connections == 1


def test_interim_answers_are_skipped(route: Route) -> None:
    interim = (
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
    )
    with route.server(raw(interim + WHOLE), in_pieces(interim, WHOLE)) as (server, api):
        for _ in range(3):
            assert id_of(api) == "C1"

        assert server.connections == 1


def test_a_server_that_closes_after_its_answer_fails_no_call(route: Route) -> None:
    def answer_and_close(wire: Wire, request: Request) -> None:
        wire.send(WHOLE)
        wire.close()

    with route.server(otherwise=answer_and_close) as (server, api):
        for _ in range(3):
            assert api.create_customer({"given_name": "Ada"}).customer
            time.sleep(0.03)

        assert server.connections == 3


def test_an_answer_with_connection_close_is_read_completely() -> None:
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
    with Server(otherwise=in_pieces(head + b"Content-Length: %d\r\n\r\n" % len(BODY), BODY[:5], BODY[5:])) as server:
        for _ in range(2):
            assert id_of(api_for(server)) == "C1"
