"""Tools that replace the sockets, the TLS or the name lookup that the SDK uses."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest
import socks

from squareconnect.exceptions import ConnectionFailed, Timeout
from test.interop.calls_through_tool import TOOLS
from test.interop.peer import id_of
from test.servers import FOUND, Server, api_for, closed_port, drip, message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from test.interop.peer import Peer


@pytest.mark.parametrize("moment", ["early", "late", "warm"])
@pytest.mark.parametrize("tool", TOOLS)
def test_calls_go_through_the_tool_and_end_at_their_deadline(
    tool: str, moment: str, peer: Peer, python: Callable[..., str]
) -> None:
    assert python("-m", "test.interop.calls_through_tool", tool, moment, *peer).endswith("done\n")


# -- PySocks --------------------------------------------------------------------------------------------------------

_socket = socket.socket


class SocksServer:
    """A SOCKS 5 server without authentication (RFC 1928), which always connects to 127.0.0.1."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=self._listener.accept()[:1], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, client.makefile("rb", buffering=0) as asked:
            _, methods = asked.read(2) or b""
            asked.read(methods)
            client.sendall(b"\5\0")
            kind = (asked.read(4) or b"")[3]
            host = socket.inet_ntoa(asked.read(4) or b"") if kind == 1 else str(asked.read((asked.read(1) or b"\0")[0]))
            port = int.from_bytes(asked.read(2) or b"", "big")
            self.asked.append((host, port))
            with _socket() as onward:
                onward.connect(("127.0.0.1", port))
                client.sendall(b"\5\0\0\1" + bytes(6))
                threading.Thread(target=_pass, args=(onward, client), daemon=True).start()
                _pass(client, onward)

    def close(self) -> None:
        """Accept no more connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def _pass(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def through_socks(port: int) -> Iterator[None]:
    """Make every socket of this process connect through a SOCKS server."""
    socks.set_default_proxy(socks.SOCKS5, "127.0.0.1", port)
    socket.socket = socks.socksocket  # type: ignore[misc]
    try:
        yield
    finally:
        socket.socket = _socket  # type: ignore[misc]
        socks.set_default_proxy()


@pytest.fixture
def socks_server() -> Iterator[SocksServer]:
    server = SocksServer()
    yield server
    server.close()


def test_calls_go_through_pysocks_with_and_without_tls_as_soon_as_it_is_activated(
    socks_server: SocksServer, peer: Any
) -> None:
    apis = [api_for(peer.plain), api_for(peer.tls, ssl_ca_cert=peer.authority)]
    for api in apis:
        api.retrieve_customer("C1")
    with through_socks(socks_server.port):
        for api in apis:
            assert id_of(api.retrieve_customer("C1")) == "C1"
            assert id_of(api.create_customer({"given_name": "Ada"}, async_req=True).get(30)) == "C1"
    ports = [int(host.rpartition(":")[2]) for host in (peer.plain, peer.tls)]
    assert socks_server.asked == [("127.0.0.1", port) for port in ports]


def test_a_call_through_pysocks_ends_at_its_deadline(socks_server: SocksServer) -> None:
    with Server(otherwise=drip(message(200, FOUND), 0.05)) as server, through_socks(socks_server.port):
        with pytest.raises(Timeout) as caught:
            api_for(server, deadline=0.7, max_retries=0).create_customer({"given_name": "Ada"})
        assert caught.value.outcome_unknown


def test_a_call_through_a_missing_socks_server_fails_and_nothing_is_sent() -> None:
    with Server() as server, through_socks(closed_port()):
        with pytest.raises(ConnectionFailed) as caught:
            api_for(server, max_retries=0).create_customer({"given_name": "Ada"})
        assert not caught.value.outcome_unknown
        assert server.connections == 0
