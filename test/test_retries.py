"""Which calls are retried, and that nothing is done twice: a server plays each fault and counts what it carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from squareconnect.exceptions import ApiException, ConnectionFailed, DecodeError, NotFound, RateLimited, ServerError
from test import servers
from test.servers import Server, answer, api_for, close, commit, cut, message, raw, reset

if TYPE_CHECKING:
    from collections.abc import Callable

    from squareconnect import CustomersApi

pytestmark = pytest.mark.usefixtures("driver")

BODY = {"given_name": "Ada"}
KEYED = {**BODY, "idempotency_key": "K1"}
CARD = {"card_nonce": "N1"}
CARD_ANSWER = {"card": {"id": "ccof:1"}}


LOSSES: dict[str, servers.Step] = {
    "500": answer(500, {}),
    "502": answer(502, b"<html>"),
    "503": answer(503, {}, {"Retry-After": 0}),
    "504": answer(504, b""),
    "408": answer(408, b""),
    "a reset": reset,
    "a close": close,
    "a cut status line": cut(b"HTTP/1.1 20"),
    "cut headers": cut(message(200, servers.FOUND)[:40]),
    "no body": cut(message(200, servers.FOUND).partition(b"{")[0]),
    "half a body": cut(message(200, servers.FOUND)[:-10]),
    "half a chunk": cut(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{"),
    "a 500 cut off": cut(message(500, b"{}" * 9)[:-10]),
    "no HTTP": cut(b"SSH-2.0-OpenSSH_9.6\r\n"),
}


@pytest.mark.parametrize("fault", LOSSES.values(), ids=LOSSES)
def test_a_create_whose_answer_is_lost_is_sent_once_and_reports_an_unknown_outcome(fault: servers.Step) -> None:
    with Server(commit(fault), otherwise=commit()) as server:
        with pytest.raises(ApiException) as caught:
            api_for(server).create_customer(BODY)

        assert len(server.committed) == len(server.requests) == 1
    assert caught.value.outcome_unknown
    assert "It is not known whether the request was carried out: check before you repeat it" in str(caught.value)
    assert "idempotency_key" in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"<html>", message(200, servers.FOUND)[-9:], b"{}", b"null", b"[]"])
def test_a_create_answered_200_with_a_broken_body_is_sent_once_and_reports_an_unknown_outcome(body: bytes) -> None:
    with Server(commit(answer(200, body)), otherwise=commit()) as server:
        with pytest.raises(DecodeError, match="It is not known whether the request was carried out") as caught:
            api_for(server).create_customer(BODY)

        assert len(server.committed) == len(server.requests) == 1
    assert caught.value.outcome_unknown
    assert caught.value.raw_body == body


@pytest.mark.parametrize("fault", LOSSES.values(), ids=LOSSES)
def test_a_create_with_an_idempotency_key_is_sent_again_and_carried_out_once(fault: servers.Step) -> None:
    with Server(commit(fault), otherwise=commit()) as server:
        customer = api_for(server).create_customer(KEYED).customer

        assert list(server.committed) == ["K1"]
        assert len(server.requests) == 2
    assert customer is not None
    assert customer.id == "C1"


@pytest.mark.parametrize("fault", LOSSES.values(), ids=LOSSES)
def test_a_card_is_sent_again_with_its_nonce_and_carried_out_once(fault: servers.Step) -> None:
    with Server(commit(fault), otherwise=commit(answer(200, CARD_ANSWER))) as server:
        card = api_for(server).create_customer_card("C1", CARD).card

        assert list(server.committed) == ["N1"]
        assert len(server.requests) == 2
    assert card is not None
    assert card.id == "ccof:1"


CALLS: dict[str, Callable[[CustomersApi], Any]] = {
    "GET": lambda api: api.retrieve_customer("C1"),
    "PUT": lambda api: api.update_customer("C1", {"note": "n"}),
    "DELETE": lambda api: api.delete_customer("C1"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("fault", LOSSES.values(), ids=LOSSES)
def test_reads_updates_and_deletions_are_tried_again(fault: servers.Step, call: Callable[[CustomersApi], Any]) -> None:
    with Server(fault) as server:
        call(api_for(server))

        assert len(server.requests) == 2


def test_every_method_waits_for_a_rate_limit() -> None:
    with Server(answer(429, {}), answer(429, {}), otherwise=commit()) as server:
        api_for(server).create_customer(BODY)

        assert len(server.committed) == 1
        assert len(server.requests) == 3


def test_a_failure_that_persists_is_retried_max_retries_times() -> None:
    with Server(otherwise=answer(429, {})) as server:
        with pytest.raises(RateLimited) as caught:
            api_for(server, max_retries=2).create_customer(BODY)

        assert len(server.requests) == caught.value.attempts == 3
    assert "Tried 3 times." in str(caught.value)
    assert not caught.value.outcome_unknown


def test_retries_can_be_disabled() -> None:
    with Server(otherwise=answer(503, {})) as server:
        with pytest.raises(ServerError) as caught:
            api_for(server, max_retries=0).retrieve_customer("C1")

        assert len(server.requests) == caught.value.attempts == 1


def test_a_refused_connection_is_tried_again_even_for_a_create() -> None:
    pauses: list[float] = []
    api = api_for(f"http://127.0.0.1:{servers.closed_port()}")
    api.api_client.rest_client.sleep = pauses.append

    with pytest.raises(ConnectionFailed, match="ConnectionRefusedError") as caught:
        api.create_customer(BODY)

    assert len(pauses) == 3
    assert caught.value.attempts == 4
    assert not caught.value.outcome_unknown


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 422, 501])
def test_an_answer_that_would_be_the_same_again_is_not_retried(status: int) -> None:
    with Server(answer(status, {})) as server:
        with pytest.raises(ApiException) as caught:
            api_for(server).create_customer(KEYED)

        assert len(server.requests) == 1
    assert not caught.value.outcome_unknown


@pytest.mark.parametrize("status", [206, 207, 226, 299, 300, 301, 302, 303, 304, 307, 308])
def test_an_answer_that_is_neither_success_nor_refusal_leaves_the_outcome_of_a_change_unknown(status: int) -> None:
    with Server(otherwise=answer(status, {})) as server:
        api = api_for(server)
        with pytest.raises(ApiException) as created:
            api.create_customer(KEYED)
        with pytest.raises(ApiException) as retrieved:
            api.retrieve_customer("C1")

        assert len(server.requests) == 2
    assert created.value.outcome_unknown
    assert not retrieved.value.outcome_unknown


def test_a_deletion_that_is_cut_off_and_then_answered_404_has_succeeded() -> None:
    with Server(commit(reset), answer(404, {"errors": [{"category": "X", "code": "NOT_FOUND"}]})) as server:
        assert api_for(server).delete_customer("C1").errors is None


def test_a_deletion_that_is_answered_404_at_first_has_failed() -> None:
    with Server(answer(404, {})) as server, pytest.raises(NotFound):
        api_for(server).delete_customer("C1")


def test_a_deletion_that_is_answered_404_after_a_rate_limit_has_failed() -> None:
    with Server(answer(429, {}), answer(404, {})) as server, pytest.raises(NotFound):
        api_for(server).delete_customer("C1")


def test_another_call_that_is_cut_off_and_then_answered_404_has_failed() -> None:
    with Server(reset, answer(404, {})) as server, pytest.raises(NotFound):
        api_for(server).update_customer("C1", {"note": "n"})


def test_a_create_whose_connection_was_closed_meanwhile_opens_another() -> None:
    with Server(cut(message(200, servers.FOUND)), otherwise=commit()) as server:
        api = api_for(server)
        api.retrieve_customer("C1")
        assert server.wait_for_ends(1)
        api.create_customer(BODY)

        assert len(server.committed) == 1
        assert server.connections == 2


def test_a_create_on_a_kept_connection_that_closes_during_the_request_is_not_repeated() -> None:
    with Server(raw(message(200, servers.FOUND)), commit(close), otherwise=commit()) as server:
        api = api_for(server)
        api.retrieve_customer("C1")
        with pytest.raises(ConnectionFailed) as caught:
            api.create_customer(BODY)

        assert len(server.committed) == 1
        assert server.connections == 1
    assert caught.value.outcome_unknown
    assert caught.value.attempts == 1
