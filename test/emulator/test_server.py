from __future__ import annotations

import logging
import os
import runpy
import socket
import sqlite3
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

import squareconnect.emulator
from squareconnect.emulator import Emulator, server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Wire

    Connect = Callable[[Emulator], Wire]


def port_of(square: Emulator) -> int:
    return int(square.url.rpartition(":")[2])


def test_serves_on_loopback_from_start_to_stop(connect: Connect) -> None:
    threads = threading.active_count()
    square = Emulator()
    assert square.url == ""
    square.start()
    port = port_of(square)
    assert square.url == f"http://127.0.0.1:{port}"
    assert connect(square).get("/v2/customers").json == {}
    square.stop()
    square.stop()

    assert square.url == ""
    assert threading.active_count() == threads
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_can_be_started_again_but_not_twice_at_once(connect: Connect) -> None:
    square = Emulator()
    for _ in range(2):
        with square:
            wire = connect(square)
            assert wire.get("/v2/customers").json == {}
            wire.create()
            with pytest.raises(RuntimeError, match="already started"):
                square.start()


def test_accepts_its_configured_token(connect: Connect) -> None:
    with Emulator(access_token="another-token") as square:
        assert square.access_token == "another-token"
        wire = connect(square)
        assert wire.get("/v2/customers").status == 200
        answer = wire.send("GET", "/v2/customers", headers={"Authorization": "Bearer emulator-access-token"})
        assert answer.status == 401


@pytest.mark.parametrize("token", ["", " ", "a ", "ünknown", "a\r\nb"])
def test_an_access_token_that_no_header_can_hold_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="`access_token` must be printable ASCII"):
        Emulator(access_token=token, host="0.0.0.0")  # noqa: S104 - it is never listened on.


@pytest.mark.parametrize("port", [-1, 65536])
def test_an_impossible_port_is_refused(port: int) -> None:
    with pytest.raises(ValueError, match="`port` must be a number from 0 to 65535"):
        Emulator(port)


def test_several_emulators_share_nothing(connect: Connect) -> None:
    with Emulator() as one, Emulator() as other:
        customer = connect(one).create()

        assert connect(other).get(f"/v2/customers/{customer['id']}").status == 404


def test_a_file_keeps_customers_and_cursors_over_a_restart(tmp_path: Path, connect: Connect) -> None:
    database = tmp_path / "square.db"
    with Emulator(database=database) as square:
        wire = connect(square)
        made = [wire.create(given_name=name) for name in "ab"]
        cursor = wire.get("/v2/customers", limit=1).json["cursor"]
    with Emulator(database=database) as square:
        assert connect(square).get("/v2/customers", limit=1, cursor=cursor).json == {"customers": made[1:]}


def test_an_answered_change_can_be_read_from_the_file_at_once(tmp_path: Path, connect: Connect) -> None:
    database = tmp_path / "square.db"
    with Emulator(database=database) as square, closing(sqlite3.connect(database)) as reader:
        customer = connect(square).create()

        assert reader.execute("SELECT id FROM customers").fetchall() == [(customer["id"],)]


def test_a_taken_port_is_an_os_error() -> None:
    with Emulator() as square, pytest.raises(OSError, match="in use"):
        Emulator(port_of(square)).start()


def test_a_bad_database_is_a_sqlite_error_that_leaves_the_port_free(tmp_path: Path, connect: Connect) -> None:
    with Emulator() as square:
        port = port_of(square)
    with pytest.raises(sqlite3.Error):
        Emulator(port, database=tmp_path / "missing" / "square.db").start()
    with Emulator(port) as square:
        assert connect(square).get("/v2/customers").status == 200


def test_stops_even_if_a_client_never_finishes_its_request(connect: Connect) -> None:
    with Emulator() as square, socket.create_connection(("127.0.0.1", port_of(square))) as client:
        head = f"POST /v2/customers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {square.access_token}\r\n"
        client.sendall(f"{head}Content-Length: 9\r\n\r\n{{".encode())
        connect(square).get("/v2/customers")
        started = time.monotonic()
        square.stop()

        assert time.monotonic() - started < 10


def test_an_answer_comes_at_once_over_a_kept_connection(connect: Connect) -> None:
    with Emulator() as square:
        wire = connect(square)
        wire.get("/v2/customers")
        took = []
        for _ in range(50):
            started = time.monotonic()
            wire.get("/v2/customers")
            took.append(time.monotonic() - started)

        assert min(took) < 0.03  # A delayed acknowledgement would cost 0.04 s each.


def test_logs_nothing_by_default(capfd: pytest.CaptureFixture[str], connect: Connect) -> None:
    root, kept = logging.getLogger(), logging.getLogger().handlers[:]
    root.handlers.clear()
    try:
        with Emulator() as square:
            connect(square).create()
            with socket.create_connection(("127.0.0.1", port_of(square))) as client:
                client.sendall(b"nonsense\r\n\r\n")
                assert client.recv(100).startswith(b"HTTP/1.1 400 ")
    finally:
        root.handlers[:] = kept

    assert capfd.readouterr() == ("", "")


def test_any_other_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Emulater'"):
        _ = squareconnect.emulator.Emulater


def test_a_refused_seed_leaves_nothing_behind(connect: Connect) -> None:
    with Emulator() as square:
        port = port_of(square)
    threads = threading.active_count()
    with pytest.raises(ValueError, match="Customer 1"):
        Emulator(port, customers=[{"email_address": "x"}]).start()

    assert threading.active_count() == threads
    with Emulator(port) as square:
        assert connect(square).get("/v2/customers").status == 200


def test_the_module_loads_on_systems_without_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "register_at_fork")

    assert "Emulator" in runpy.run_path(str(server.__file__))
