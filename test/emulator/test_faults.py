"""Planned faults, observed on the socket."""

from __future__ import annotations

import json
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from squareconnect import ApiException
from squareconnect.emulator.faults import Fault, Faults, RateLimit

if TYPE_CHECKING:
    from squareconnect import CustomersApi
    from squareconnect.emulator import Emulator

ADA = b'{"given_name": "Ada"}'


def port_of(square: Emulator) -> int:
    return int(square.url.rpartition(":")[2])


def connected(square: Emulator) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port_of(square)), timeout=10)


def request(square: Emulator, method: str = "POST", path: str = "/v2/customers", body: bytes = ADA) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {square.access_token}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def received(client: socket.socket) -> bytes:
    return b"".join(iter(lambda: client.recv(65536), b""))


def answer_to(square: Emulator, data: bytes) -> tuple[int, bytes, bytes]:
    """Send a request on a new connection, and return the status, head and body of the answer."""
    with connected(square) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        head, _, body = received(client).partition(b"\r\n\r\n")
    return int(head.split()[1]), head, body


def customers_of(square: Emulator) -> int:
    snapshot = square.snapshot()
    return len(snapshot["tables"]["customers"])


class TestAFault:
    def test_answers_in_squares_shape_as_often_as_requested(self, square: Emulator) -> None:
        fault = square.fail("create_customer", status=503, times=2)
        answers = [answer_to(square, request(square)) for _ in range(3)]

        assert [status for status, _, _ in answers] == [503, 503, 200]
        (error,) = json.loads(answers[0][2])["errors"]
        assert (error["category"], error["code"]) == ("API_ERROR", "SERVICE_UNAVAILABLE")
        assert fault.used == 2
        assert customers_of(square) == 1

    def test_after_the_request_was_carried_out_loses_the_answer(self, square: Emulator) -> None:
        square.fail("create_customer", reset=True, when="after")
        with connected(square) as client:
            client.sendall(request(square))
            with pytest.raises(ConnectionResetError):
                client.recv(1)

        (entry,) = square.requests
        assert customers_of(square) == 1
        assert entry.status == 200
        assert entry.answer["customer"]["given_name"] == "Ada"
        assert entry.fault is square.faults[0]

    def test_before_the_request_is_carried_out_resets_the_connection(self, square: Emulator) -> None:
        square.fail("create_customer", reset=True)
        with connected(square) as client:
            client.sendall(request(square))
            with pytest.raises(ConnectionResetError):
                client.recv(1)

        (entry,) = square.requests
        assert customers_of(square) == 0
        assert (entry.status, entry.answer) == (None, None)
        assert entry.seconds is not None

    def test_after_the_request_can_answer_with_an_error(self, square: Emulator) -> None:
        square.fail("create_customer", status=500, when="after")

        assert answer_to(square, request(square))[0] == 500
        assert customers_of(square) == 1

    @pytest.mark.parametrize("cut", [0, 1, 40])
    def test_cuts_the_real_answer_after_so_many_bytes(self, square: Emulator, cut: int) -> None:
        square.fail("create_customer", truncate=cut)
        status, head, body = answer_to(square, request(square))

        assert status == 200
        assert len(body) == cut
        assert int(head.lower().partition(b"content-length: ")[2].split()[0]) > cut
        assert customers_of(square) == 1

    def test_cuts_its_own_answer_and_closes_even_if_the_answer_is_short(self, square: Emulator) -> None:
        square.fail("*", body="<p>Bad gateway</p>", status=502, truncate=100)
        with connected(square) as client:
            client.sendall(request(square))
            head, _, body = received(client).partition(b"\r\n\r\n")

        assert head.startswith(b"HTTP/1.1 502 Bad Gateway")
        assert body == b"<p>Bad gateway</p>"

    def test_counts_the_same_bytes_for_a_client_that_takes_gzip(self, square: Emulator) -> None:
        square.fail("*", body="x" * 100, truncate=40)
        data = request(square).replace(b"\r\n\r\n", b"\r\nAccept-Encoding: gzip\r\n\r\n")

        assert answer_to(square, data)[2] == b"x" * 40

    def test_resets_after_so_many_bytes(self, square: Emulator) -> None:
        square.fail("create_customer", truncate=10, reset=True)
        data = b""
        with connected(square) as client:
            client.sendall(request(square))
            with suppress(ConnectionResetError):
                while piece := client.recv(1024):
                    data += piece
                pytest.fail("The connection was closed and not reset.")

        assert len(data.partition(b"\r\n\r\n")[2]) == 10

    def test_sends_the_body_byte_by_byte(self, square: Emulator) -> None:
        square.fail("list_customers", drip=0.1, body="12345")
        with connected(square) as client:
            started = time.monotonic()
            client.sendall(request(square, "GET", body=b""))
            received, pieces = b"", 0
            while not received.endswith(b"12345"):
                received += client.recv(65536)
                pieces += 1
            took = time.monotonic() - started

        assert pieces > 2  # A reader that is slow itself gets several bytes at once.
        assert took >= 4 * 0.1

    def test_delays_the_answer(self, square: Emulator) -> None:
        square.fail("create_customer", delay=0.05, times=1)
        square.fail("create_customer", delay=0.05, when="after", status=504)
        started = time.monotonic()
        assert answer_to(square, request(square))[0] == 200
        assert answer_to(square, request(square))[0] == 504

        assert time.monotonic() - started >= 0.1
        assert customers_of(square) == 2

    def test_is_in_the_journal_while_it_waits(self, square: Emulator) -> None:
        square.fail("create_customer", delay=30)
        with connected(square) as client:
            client.sendall(request(square))
            deadline = time.monotonic() + 10
            while not square.requests or square.requests[0].fault is None:
                assert time.monotonic() < deadline
            (entry,) = square.requests

        assert (entry.body, entry.status, entry.seconds) == ({"given_name": "Ada"}, None, None)

    def test_answers_with_any_text_and_headers(self, square: Emulator) -> None:
        square.fail("*", body="<p>Down</p>", headers={"Retry-After": "7"})
        square.fail("*", body="[]", status=500, headers={"Content-Type": "application/json"})

        status, head, body = answer_to(square, request(square))
        assert (status, body) == (200, b"<p>Down</p>")
        assert b"content-type: text/html; charset=utf-8" in head
        assert b"retry-after: 7" in head
        status, head, body = answer_to(square, request(square))
        assert (status, body) == (500, b"[]")
        assert b"content-type: application/json" in head

    @pytest.mark.parametrize("status", [204, 304])
    def test_with_a_status_that_has_no_body_sends_none_and_keeps_the_connection(
        self, square: Emulator, status: int
    ) -> None:
        square.fail("*", status=status)
        with connected(square) as client:
            client.sendall(request(square) + request(square, "GET", body=b""))
            client.shutdown(socket.SHUT_WR)
            first, second = received(client).split(b"HTTP/1.1 ")[1:]

        assert (first[:3], first.partition(b"\r\n\r\n")[2]) == (b"%d" % status, b"")
        assert b"content-length" not in first
        assert second[:3] == b"200"

    def test_answers_with_half_a_surrogate_pair_as_a_question_mark(self, square: Emulator) -> None:
        square.fail("*", body="\ud800")

        assert answer_to(square, request(square))[2] == b"?"

    def test_adds_headers_to_the_real_answer(self, square: Emulator) -> None:
        square.fail("create_customer", headers={"X-Trace": "1"})
        status, head, _ = answer_to(square, request(square))

        assert status == 200
        assert b"x-trace: 1" in head

    def test_of_any_operation_affects_unknown_operations_too(self, square: Emulator) -> None:
        square.fail("*", status=503)

        assert answer_to(square, request(square, path="/v2/customers/search"))[0] == 503

    def test_affects_only_its_operation(self, square: Emulator) -> None:
        square.fail("update_customer", status=503)

        assert answer_to(square, request(square))[0] == 200

    def test_without_a_number_of_times_lasts_until_it_is_removed(self, square: Emulator) -> None:
        fault = square.fail("create_customer", status=503, times=None)
        assert [answer_to(square, request(square))[0] for _ in range(3)] == [503] * 3
        fault.remove()
        fault.remove()

        assert answer_to(square, request(square))[0] == 200
        assert square.faults == []

    def test_with_a_probability_affects_the_same_requests_in_every_run(self, square: Emulator) -> None:
        runs = []
        for _ in range(2):
            square.reset()
            square.fail("*", status=503, times=None, probability=0.5)
            runs.append([answer_to(square, request(square, "GET", body=b""))[0] for _ in range(20)])

        assert runs[0] == runs[1]
        assert set(runs[0]) == {200, 503}

    @pytest.mark.parametrize(
        ("settings", "error"),
        [
            ({"status": 400}, ("INVALID_REQUEST_ERROR", "BAD_REQUEST")),
            ({"status": 418}, ("INVALID_REQUEST_ERROR", "BAD_REQUEST")),
            ({"status": 401}, ("AUTHENTICATION_ERROR", "UNAUTHORIZED")),
            ({"status": 429}, ("RATE_LIMIT_ERROR", "RATE_LIMITED")),
            ({"status": 599}, ("API_ERROR", "INTERNAL_SERVER_ERROR")),
            ({"code": "RATE_LIMITED"}, ("RATE_LIMIT_ERROR", "RATE_LIMITED")),
            ({"code": "INVALID_EMAIL_ADDRESS"}, ("INVALID_REQUEST_ERROR", "INVALID_EMAIL_ADDRESS")),
            ({"status": 402, "code": "CVV_FAILURE"}, ("PAYMENT_METHOD_ERROR", "CVV_FAILURE")),
        ],
    )
    def test_has_the_code_of_its_status_and_the_status_of_its_code(
        self, square: Emulator, settings: dict[str, Any], error: tuple[str, str]
    ) -> None:
        square.fail("*", **settings)
        status, _, body = answer_to(square, request(square))
        (sent,) = json.loads(body)["errors"]

        assert status == settings.get("status", 429 if settings.get("code") == "RATE_LIMITED" else 400)
        assert (sent["category"], sent["code"]) == error

    @pytest.mark.parametrize(
        ("settings", "named"),
        [
            ({"operation": "create_costumer"}, "`operation` must be one of create_customer, "),
            ({"times": 0}, "`times`"),
            ({"times": True}, "`times`"),
            ({"when": "during"}, "`when`"),
            ({"status": 100}, "`status`"),
            ({"status": "503"}, "`status`"),
            ({"code": ""}, "`code`"),
            ({"delay": -1}, "`delay`"),
            ({"delay": float("nan")}, "`delay`"),
            ({"delay": float("inf")}, "`delay`"),
            ({"delay": 10**400}, "`delay`"),
            ({"reset": 1}, "`reset`"),
            ({"truncate": -1}, "`truncate`"),
            ({"drip": 0}, "`drip`"),
            ({"body": b"bytes"}, "`body`"),
            ({"headers": [("a", "b")]}, "`headers`"),
            ({"headers": {"a": 1}}, "`headers`"),
            ({"headers": {"a b": "c"}}, "`headers`"),
            ({"headers": {"a": "b\r\nc: d"}}, "`headers`"),
            ({"headers": {"content-length": "9"}}, "`headers`"),
            ({"probability": 0}, "`probability`"),
            ({"probability": 1.1}, "`probability`"),
            ({"status": None}, "must do something"),
            ({"status": 503, "reset": True}, "`reset` sends nothing"),
        ],
    )
    def test_that_makes_no_sense_is_refused(self, square: Emulator, settings: dict[str, Any], named: str) -> None:
        asked: dict[str, Any] = {"operation": "create_customer", "status": 503} | settings
        with pytest.raises(ValueError, match=named):
            square.fail(**asked)
        assert square.faults == []

    def test_that_is_unknown_can_be_removed(self) -> None:
        Fault("*", status=500).remove()

    def test_with_an_unknown_setting_is_refused(self) -> None:
        with pytest.raises(TypeError, match="no setting `statsu`"):
            Faults(lambda: 0.5).add("*", statsu=503)


class TestTheRateLimit:
    def test_allows_what_the_bucket_has_and_refills_it_by_the_clock(self, square: Emulator) -> None:
        square.rate_limit(5, burst=3, retry_after=1)
        data = request(square, "GET", body=b"")
        assert [answer_to(square, data)[0] for _ in range(4)] == [200, 200, 200, 429]
        square.clock.advance(0.2)

        assert [answer_to(square, data)[0] for _ in range(2)] == [200, 429]
        square.clock.advance(3600)
        assert [answer_to(square, data)[0] for _ in range(4)] == [200, 200, 200, 429]

    def test_refuses_as_square_does(self, square: Emulator) -> None:
        square.rate_limit(0.1, retry_after=9)
        answers = [answer_to(square, request(square)) for _ in range(2)]

        status, head, body = answers[1]
        (error,) = json.loads(body)["errors"]
        assert status == 429
        assert b"retry-after: 9" in head
        assert (error["category"], error["code"]) == ("RATE_LIMIT_ERROR", "RATE_LIMITED")
        assert error["detail"] == "This request was rate limited. Please retry later."
        assert customers_of(square) == 1

    def test_sends_no_retry_after_unless_configured(self, square: Emulator) -> None:
        square.rate_limit(1, burst=1)
        answers = [answer_to(square, request(square)) for _ in range(2)]

        assert answers[1][0] == 429
        assert b"retry-after" not in answers[1][1]

    def test_can_be_removed(self, square: Emulator) -> None:
        square.rate_limit(1, burst=1)
        square.rate_limit(None)

        assert [answer_to(square, request(square))[0] for _ in range(3)] == [200] * 3

    def test_refused_requests_do_not_use_up_faults(self, square: Emulator) -> None:
        square.rate_limit(1, burst=1)
        fault = square.fail("*", status=503, times=2)
        assert [answer_to(square, request(square))[0] for _ in range(2)] == [503, 429]

        assert fault.used == 1

    @pytest.mark.parametrize(
        "settings",
        [{"rate": 0}, {"rate": "5"}, {"rate": 5, "burst": 0}, {"rate": 5, "retry_after": -1}, {"rate": float("inf")}],
    )
    def test_that_makes_no_sense_is_refused(self, settings: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="must be"):
            RateLimit(**settings)


def test_a_create_whose_answer_is_lost_is_sent_again_with_the_same_key(
    square: Emulator, customers_api: CustomersApi
) -> None:
    square.fail("create_customer", reset=True, when="after")
    square.fail("create_customer", truncate=20, when="after")
    customers_api.create_customer({"given_name": "Ada", "idempotency_key": "ada-1"})

    requests = square.requests.of("create_customer")
    assert len(requests) == 3
    assert requests[0].answer == requests[1].answer == requests[2].answer
    assert customers_of(square) == 1


def test_an_answer_that_never_comes_is_reported(square: Emulator, customers_api: CustomersApi) -> None:
    square.fail("create_customer", reset=True, when="after")
    with pytest.raises(ApiException) as lost:
        customers_api.create_customer({"given_name": "Ada"})

    assert lost.value.outcome_unknown
    assert customers_of(square) == 1
