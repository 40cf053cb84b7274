"""HTTP on the socket: odd, slow, cut and hostile requests, which the clock of the process must not affect."""

from __future__ import annotations

import gc
import gzip
import json
import re
import socket
import subprocess
import sys
import threading
import time
import warnings
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squareconnect import ApiClient, Configuration, CustomersApi
from squareconnect.emulator import Emulator
from squareconnect.emulator.wire import accepts_gzip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import trustme

    from .conftest import Wire

    Connect = Callable[[Emulator], Wire]

TOKEN = "Authorization: Bearer emulator-access-token\r\n"
GET = f"GET /v2/customers HTTP/1.1\r\nHost: localhost\r\n{TOKEN}"


def connected(square: Emulator) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(square.url.rpartition(":")[2])), timeout=10)


def exchanged(square: Emulator, *pieces: bytes) -> bytes:
    with connected(square) as client:
        for piece in pieces:
            client.sendall(piece)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(65536), b""))


class TestTheWire:
    @pytest.mark.parametrize(
        ("data", "status"),
        [
            (b"nonsense\r\n\r\n", b"400"),
            (b"GET /v2/customers HTTP/2\r\nHost: localhost\r\n\r\n", b"400"),
            (b"GET /v2/customers HTTP/1.1\r\n\r\n", b"400"),
            (b"POST /v2/customers HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n", b"400"),
            (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 70_000, b"431"),
            (b"POST /v2/customers HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{", b"400"),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"400"),
        ],
    )
    def test_refuses_a_malformed_request_in_squares_shape(self, square: Emulator, data: bytes, status: bytes) -> None:
        head, _, body = exchanged(square, data).partition(b"\r\n\r\n")

        assert head.startswith(b"HTTP/1.1 " + status)
        assert json.loads(body)["errors"][0]["code"] == "BAD_REQUEST"
        assert len(square.requests) == 0

    def test_accepts_a_chunked_body(self, square: Emulator) -> None:
        head = f"POST /v2/customers HTTP/1.1\r\nHost: localhost\r\n{TOKEN}Transfer-Encoding: chunked\r\n\r\n"
        answer = exchanged(square, head.encode(), b'5\r\n{"giv\r\n', b'10\r\nen_name": "Ada"}\r\n', b"0\r\n\r\n")

        assert answer.startswith(b"HTTP/1.1 200")
        assert square.requests[0].body == {"given_name": "Ada"}

    def test_accepts_a_request_byte_by_byte(self, square: Emulator) -> None:
        answer = exchanged(square, *(bytes([byte]) for byte in f"{GET}\r\n".encode()))

        assert answer.startswith(b"HTTP/1.1 200")

    def test_sends_100_continue_to_a_client_that_expects_it(self, square: Emulator) -> None:
        head = f"POST /v2/customers HTTP/1.1\r\nHost: localhost\r\n{TOKEN}Content-Length: 21\r\n"
        with connected(square) as client:
            client.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
            assert client.recv(1000).startswith(b"HTTP/1.1 100 Continue")
            client.sendall(b'{"given_name": "Ada"}')
            assert client.recv(1000).startswith(b"HTTP/1.1 200")

    def test_answers_pipelined_requests_in_their_order(self, square: Emulator) -> None:
        second = GET.replace("/v2/customers", "/v2/customers/A")
        answer = exchanged(square, f"{GET}\r\n{second}\r\n".encode())

        assert [part[:4] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"200 ", b"404 "]
        assert square.requests[0].connection == square.requests[1].connection

    def test_closes_on_request(self, square: Emulator) -> None:
        with connected(square) as client:
            client.sendall(f"{GET}Connection: close\r\n\r\n".encode())
            assert b"".join(iter(lambda: client.recv(65536), b"")).endswith(b"{}")

    def test_speaks_http_1_0(self, square: Emulator) -> None:
        with connected(square) as client:
            client.sendall(f"GET /v2/customers HTTP/1.0\r\n{TOKEN}\r\n".encode())
            assert b"".join(iter(lambda: client.recv(65536), b"")).endswith(b"{}")

    def test_joins_a_header_that_is_sent_twice(self, square: Emulator) -> None:
        exchanged(square, f"{GET}X-A: 1\r\nX-A: 2\r\n\r\n".encode())

        assert square.requests[0].headers["x-a"] == "1, 2"

    def test_stops_waiting_for_a_body_that_never_ends(self, square: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("squareconnect.emulator.wire._DISCARD_LIMIT", 1000)
        head = f"POST /v2/customers HTTP/1.1\r\nHost: localhost\r\n{TOKEN}Content-Length: 9000000000\r\n\r\n"
        with connected(square) as client:
            client.sendall(head.encode())
            sent = 0
            try:
                while sent < 100_000_000:
                    sent += client.send(b" " * 65536)
            except OSError:
                pass

        assert sent < 100_000_000

    def test_closes_a_connection_that_sends_nothing(self, square: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("squareconnect.emulator.wire._IDLE_SECONDS", 0.05)
        with connected(square) as client:
            assert client.recv(1) == b""

    def test_survives_a_client_that_goes_away(self, square: Emulator, connect: Connect) -> None:
        square.seed(100)
        square.fail("list_customers", drip=0.001, times=1)
        for _ in range(3):
            with connected(square) as client:
                client.sendall(f"{GET}\r\n".encode())

        assert connect(square).get("/v2/customers").status == 200

    def test_reports_its_own_failure_and_continues(self, connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
        with Emulator() as square:
            square._state.faults.meet = None  # type: ignore[assignment, method-assign]
            assert connect(square).get("/v2/customers").status == 500
            assert connect(square).get("/_emulator/health").status == 200

        assert "The emulator failed." in caplog.text

    def test_answers_and_records_the_failure_of_a_call(
        self, connect: Connect, caplog: pytest.LogCaptureFixture
    ) -> None:
        with Emulator() as square:
            square._state.store._connection.close()
            assert connect(square).get("/v2/customers").status == 500

        assert [entry.status for entry in square.requests] == [500]
        assert "The emulator failed." in caplog.text

    def test_aborts_waiting_requests_when_it_stops(self, connect: Connect) -> None:
        with Emulator() as square:
            square.fail("list_customers", delay=30)
            client = connected(square)
            client.sendall(f"{GET}\r\n".encode())
            while not square.faults[0].used:
                time.sleep(0.001)
            started = time.monotonic()
            square.stop()
            took = time.monotonic() - started
        with client:
            assert client.recv(1) == b""

        assert took < 10


class TestCompression:
    def test_is_used_on_request(self, square: Emulator, connect: Connect) -> None:
        square.seed(10)
        plain = connect(square).get("/v2/customers")
        head, _, body = exchanged(square, f"{GET}Accept-Encoding: gzip, deflate\r\n\r\n".encode()).partition(
            b"\r\n\r\n"
        )

        assert b"content-encoding: gzip" in head
        assert b"vary: Accept-Encoding" in head
        assert json.loads(gzip.decompress(body)) == plain.json
        assert "content-encoding" not in plain.headers

    @pytest.mark.parametrize("header", ["gzip", "deflate, gzip;q=0.5", "*", "GZIP", "br;q=1.0, gzip ; q=0.8", "x-gzip"])
    def test_is_allowed(self, header: str) -> None:
        assert accepts_gzip(header)

    @pytest.mark.parametrize("header", ["", "identity", "gzip;q=0", "gzip;q=0.000, *", "br", "*;q=0", "gzipped"])
    def test_is_not_allowed(self, header: str) -> None:
        assert not accepts_gzip(header)

    @given(st.text())
    def test_is_decided_for_any_header(self, header: str) -> None:
        assert accepts_gzip(header) in (True, False)


def test_a_target_may_name_the_origin(square: Emulator) -> None:
    square.seed([{"given_name": "Ada"}])
    for target in ("http://localhost/v2/customers", "HTTP://localhost:1/v2/customers?cursor="):
        answer = exchanged(square, GET.replace("/v2/customers", target).encode() + b"\r\n")
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b'"given_name":"Ada"' in answer
    assert exchanged(square, b"GET http://localhost HTTP/1.1\r\nHost: localhost\r\n\r\n").startswith(b"HTTP/1.1 ")


def test_tls_is_served_and_a_plain_request_to_it_does_no_harm(authority: trustme.CA, tmp_path: Path) -> None:
    certificate = authority.issue_cert("127.0.0.1")
    pem, key, ca = tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "ca.pem"
    certificate.cert_chain_pems[0].write_to_path(pem)
    certificate.private_key_pem.write_to_path(key)
    authority.cert_pem.write_to_path(ca)
    with Emulator(certfile=pem, keyfile=key) as square:
        assert square.url.startswith("https://127.0.0.1:")
        with connected(square) as client:
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
            client.recv(1000)
        settings = Configuration(host=square.url, access_token=square.access_token, ssl_ca_cert=str(ca))
        with ApiClient(settings) as client_of_square:
            square.fail("create_customer", reset=True, when="after")
            square.fail("create_customer", truncate=5)
            CustomersApi(client_of_square).create_customer({"given_name": "Ada", "idempotency_key": "a"})
            assert len(square.requests) == 3


def test_a_missing_tls_handshake_does_not_delay_the_stop(authority: trustme.CA, tmp_path: Path) -> None:
    certificate, pem = authority.issue_cert("127.0.0.1"), tmp_path / "cert.pem"
    certificate.private_key_and_cert_chain_pem.write_to_path(pem)
    with Emulator(certfile=pem) as square:
        client = connected(square)
        time.sleep(0.05)
        started = time.monotonic()
        square.stop()
    client.close()

    assert time.monotonic() - started < 10


@pytest.mark.parametrize("missing", ["certificate", "key"])
def test_a_certificate_that_cannot_be_used_is_reported(tmp_path: Path, missing: str) -> None:
    path = tmp_path / "cert.pem"
    path.write_text("no certificate")
    with pytest.raises(ValueError, match=r"certfile|certificate"):
        Emulator(certfile=path) if missing == "certificate" else Emulator(keyfile=path)


FROZEN = """
import time, urllib3
clock = time.clock_gettime
{freeze}
from squareconnect.emulator import Emulator
def milliseconds(call):
    started = clock(time.CLOCK_MONOTONIC)
    call()
    return (clock(time.CLOCK_MONOTONIC) - started) * 1000
rounds = []
headers = dict(Authorization="Bearer emulator-access-token")
with {frozen}:
    for number in range(40):
        square = Emulator()
        start = milliseconds(square.start)
        square.fail("list_customers", delay=0.01)
        if not number:
            assert urllib3.request("GET", square.url + "/v2/customers", headers=headers, retries=False).status == 200
        rounds.append((start, milliseconds(square.reset), milliseconds(square.stop)))
print(*(min(each) for each in zip(*rounds)))
"""


@pytest.mark.parametrize(
    ("freeze", "frozen"),
    [
        ("import contextlib", "contextlib.nullcontext()"),
        ("import freezegun", "freezegun.freeze_time('2012-01-14')"),
        ("import time_machine", "time_machine.travel('2012-01-14', tick=False)"),
    ],
)
def test_start_reset_and_stop_take_milliseconds_with_any_clock(freeze: str, frozen: str) -> None:
    command = [sys.executable, "-c", FROZEN.format(freeze=freeze, frozen=frozen)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    start, reset, stop = map(float, shown.stdout.split())

    assert (start < 5, reset < 5, stop < 5) == (True, True, True), shown.stdout


def test_many_threads_may_use_one_emulator(square: Emulator, connect: Connect) -> None:
    wire = connect(square)
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for _ in range(10):
                square.fail("retrieve_customer", status=503).remove()
                square.seed(1)
                square.clock.advance(1)
                wire.create(given_name=str(number))
                len(square.requests)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert failures == []
    assert wire.get("/_emulator/health").json["customers"] == 160
    assert [entry.number for entry in square.requests] == list(range(1, 81))


def test_every_answer_has_the_real_date_with_any_clock_of_the_emulator() -> None:
    with Emulator(clock="2020-01-01T00:00:00Z") as square:
        answers = [exchanged(square, data) for data in (GET.encode() + b"\r\n", b"nonsense\r\n\r\n")]
    dates = [re.findall(rb"(?mi)^date: (.+ GMT)\r$", answer) for answer in answers]
    assert [len(found) for found in dates] == [1, 1]
    for (date,) in dates:
        assert abs(parsedate_to_datetime(date.decode()).timestamp() - time.time()) < 30


def test_connections_made_just_before_the_stop_are_closed(caplog: pytest.LogCaptureFixture) -> None:
    gc.collect()
    with warnings.catch_warnings(record=True) as left_open:
        warnings.simplefilter("always")
        for _ in range(40):
            square = Emulator()
            square.start()
            clients = [connected(square) for _ in range(4)]
            square.stop()
            for client in clients:
                client.close()
        gc.collect()
    assert [str(warning.message) for warning in left_open] == []
    assert caplog.records == []
