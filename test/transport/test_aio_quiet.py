"""An asyncio connection on which bytes keep arriving is not used."""

from __future__ import annotations

import asyncio
import socket

from squareconnect.transport.aio_connection import Connection
from squareconnect.transport.outgoing import network_primitives


class Loud(Connection):
    """A connection that never reads from its socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._primitives = network_primitives()
        self._sock = sock
        self._layers = [None]  # type: ignore[list-item]  # pyright: ignore[reportAttributeAccessIssue]
        self.usable = True

    def abort(self) -> None:
        self.usable = False


def test_a_connection_is_dropped_if_the_event_loop_never_reads_its_bytes() -> None:
    here, there = socket.socketpair()
    with here, there:
        there.send(b"H")
        connection = Loud(here)

        assert asyncio.run(connection.is_quiet()) is False
        assert not connection.usable
