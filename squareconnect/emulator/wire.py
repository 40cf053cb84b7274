"""HTTP/1.1 on real sockets: from bytes to requests and from answers to bytes, including failures on purpose.

A connection takes one request after another. Each goes to the application, a coroutine function. The `Answer` that it
returns defines what to send, and how: whole, byte by byte, cut off, or not at all. h11 handles the protocol; this
module moves the bytes.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import re
import socket
import struct
import threading
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl

import h11

from squareconnect.emulator.refusals import RefusalError
from squareconnect.models.error_code import ErrorCode

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
    from typing import TypeAlias

    App: TypeAlias = "Callable[[Request], Coroutine[Any, Any, Answer]]"

NO_STATUS = 0
"""The status of an answer if nothing was sent."""

_WITHOUT_BODY = (204, 304)
_READ_SIZE = 64 * 1024
_HEAD_LIMIT = 64 * 1024
_IDLE_SECONDS = 75.0
_ACCEPT_PAUSE = 0.02
_DISCARD_LIMIT = 64 * 1024 * 1024
_RESET_AT_CLOSE = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
_opening = threading.RLock()
"""Held while a socket is opened, until a `WebServer` knows it. No process is forked meanwhile."""
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_opening.acquire, after_in_parent=_opening.release, after_in_child=_opening.release)

_ORIGIN = re.compile(r"\Ahttps?://[^/]*", re.IGNORECASE)
"""What stands before the path in a request to a proxy, which a server must accept, too (RFC 9112, 3.2.2)."""
_CODING = re.compile(r"(?:^|,)\s*(?P<coding>[\w*-]+)\s*(?:;\s*q=(?P<weight>\d(?:\.\d*)?)\s*)?(?=,|$)", re.ASCII)


def real_seconds() -> float:
    """Return a monotonic time in seconds that stays real while a test freezes `time.monotonic`."""
    return _clock()


_clock: Callable[[], float] = (
    (lambda: time.clock_gettime(time.CLOCK_MONOTONIC)) if hasattr(time, "clock_gettime") else time.monotonic
)


class RealTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose timers run in real time, whatever a test does to the clock of its process."""

    def time(self) -> float:
        """Return the loop's time in seconds."""
        return real_seconds()


@dataclass
class Request:
    """A request as it arrived.

    The path is as it was sent, with percent-encoding. Names of headers are in lower case.
    """

    method: str
    path: str
    query_string: str
    headers: dict[str, str]
    body: bytes | None
    """The body; None if it was longer than the limit."""
    connection: int
    """The number of the connection, counted from 1 since the start."""

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the query. Of two with the same name, the last one counts."""
        return dict(parse_qsl(self.query_string, keep_blank_values=True))


@dataclass
class Answer:
    """An answer, and how to send it.

    :param stream: pieces to send as they come, in place of a body. It ends when the client disconnects. An empty piece
        only checks that the client has not, or sends nothing more, which looks the same.
    :param truncate: how many bytes of the body are sent before the connection is closed; None for all.
    :param drip: seconds between two bytes of the body; None for no delay.
    :param reset: whether the connection is reset: after `truncate` bytes of the body if that is given, otherwise before
        anything is sent.
    :param on_sent: called when nothing more will be sent.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    truncate: int | None = None
    drip: float | None = None
    reset: bool = False
    on_sent: Callable[[], None] | None = None
    stream: AsyncGenerator[bytes] | None = None


class WebServer:
    """A server that answers with an application.

    :param app: answers requests. It never raises.
    :param body_limit: returns the maximum number of bytes in the body of a request, by the request's path.
    """

    def __init__(self, app: App, body_limit: Callable[[str], int]) -> None:
        self._app = app
        self._body_limit = body_limit
        self._connections: dict[asyncio.Task[Any], _Connection] = {}
        self._tasks: dict[asyncio.Task[Any], socket.socket] = {}
        self._count = 0
        self._listening: list[socket.socket] = []
        self._pause: asyncio.TimerHandle | None = None

    def listen(self, host: str, port: int) -> int:
        """Listen on an address, and return the port. Connections wait until `start`.

        :raises OSError: if that is not possible.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with _opening:
            listener = socket.create_server((host, port), family=family, backlog=1024)
            self._listening.append(listener)
        listener.setblocking(False)
        # Connections inherit this. Without it, the second packet of an answer waits 40 ms for the first one's receipt.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return int(listener.getsockname()[1])

    def start(self, tls: ssl.SSLContext | None) -> None:
        """Start accepting connections."""
        for listener in self._listening:
            asyncio.get_running_loop().add_reader(listener, self._accept, listener, tls)

    async def stop(self, patience: float) -> None:
        """Close everything, after answering the requests that are almost finished.

        :param patience: the maximum number of seconds to wait for those.
        """
        if self._pause is not None:
            self._pause.cancel()
        for listener in self._listening:
            asyncio.get_running_loop().remove_reader(listener)
            listener.close()
        if busy := [task for task, connection in self._connections.items() if connection.busy]:
            await asyncio.wait(busy, timeout=patience)
        accepted = list(self._tasks.values())
        await cancel(asyncio.all_tasks() - {current_task()})
        for raw in accepted:  # A task that was cancelled before its first step has not closed its socket.
            raw.close()

    def close(self) -> None:
        """Close the sockets themselves, without notifying the clients."""
        for raw in (*self._listening, *self._tasks.values()):
            raw.close()

    def _accept(self, listener: socket.socket, tls: ssl.SSLContext | None) -> None:
        # This is not a coroutine: a cancelled `sock_accept` can lose the connection that it has just accepted.
        loop = asyncio.get_running_loop()
        try:
            with _opening:
                raw, _ = listener.accept()
                task = loop.create_task(self._serve(raw, tls))
                self._tasks[task] = raw
        except OSError:  # The client has gone, or no file descriptor is free at the moment.
            loop.remove_reader(listener)
            self._pause = loop.call_later(_ACCEPT_PAUSE, loop.add_reader, listener, self._accept, listener, tls)
            return
        raw.setblocking(False)
        task.add_done_callback(self._tasks.pop)

    async def _serve(self, raw: socket.socket, tls: ssl.SSLContext | None) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        try:
            transport, _ = await loop.connect_accepted_socket(lambda: protocol, raw, ssl=tls)
        except OSError:
            return  # The TLS handshake failed.
        await self._on_connection(reader, asyncio.StreamWriter(transport, protocol, reader, loop))

    async def _on_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._count += 1
        task = current_task()
        connection = _Connection(self._count, reader, writer, self._body_limit)
        self._connections[task] = connection
        try:
            await connection.serve(self._app)
        except (OSError, EOFError):
            pass  # The client has gone.
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            del self._connections[task]
            writer.close()


def current_task() -> asyncio.Task[Any]:
    """Return the current task."""
    return cast("asyncio.Task[Any]", asyncio.current_task())


async def cancel(tasks: Any) -> None:
    """Cancel tasks and wait until they have ended."""
    ending = list(tasks)
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)


class _Connection:
    """One connection, from its first byte to its last."""

    def __init__(
        self,
        number: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        body_limit: Callable[[str], int],
    ) -> None:
        self.busy = False
        self._number = number
        self._reader = reader
        self._writer = writer
        self._body_limit = body_limit
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEAD_LIMIT)
        writer.transport.set_write_buffer_limits(high=1, low=0)  # Draining then waits until the system has every byte.

    async def serve(self, app: App) -> None:
        try:
            while (request := await self._next_request()) is not None:
                self.busy = True
                await self._send(await app(request), request)
                self.busy = False
                if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                    break
                self._http.start_next_cycle()
        except h11.RemoteProtocolError as error:
            await self._refuse(error)

    async def _next_request(self) -> Request | None:
        head = await self._next_event()
        if not isinstance(head, h11.Request):
            return None
        target, _, query = head.target.decode("latin-1").partition("?")
        path = _ORIGIN.sub("", target) or "/"
        headers: dict[str, str] = {}
        for raw_name, raw_value in head.headers:
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        body = await self._read_body(self._body_limit(path))
        return Request(head.method.decode("latin-1"), path, query, headers, body, self._number)

    async def _read_body(self, limit: int) -> bytes | None:
        body, size = bytearray(), 0
        while isinstance(event := await self._next_event(), h11.Data):
            size += len(event.data)
            if size <= limit:
                body += event.data
            elif size > limit + _DISCARD_LIMIT:
                break
        return bytes(body) if size <= limit else None

    async def _next_event(self) -> Any:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                self._write(h11.InformationalResponse(status_code=100, headers=[], reason="Continue"))
            idle = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._writer.transport.abort)
            self._http.receive_data(await self._reader.read(_READ_SIZE))
            idle.cancel()
        return event

    def _write(self, event: Any) -> None:
        self._writer.write(self._http.send(event) or b"")

    async def _refuse(self, error: h11.RemoteProtocolError) -> None:
        mistake = str(error).partition(": bytearray")[0]  # Do not repeat what was sent.
        refusal = RefusalError(error.error_status_hint, ErrorCode.BAD_REQUEST, f"This is not HTTP/1.1: {mistake}.")
        body = json.dumps(refusal.body()).encode()
        headers = {"content-type": "application/json", "content-length": str(len(body)), "connection": "close"}
        self._write(_head(refusal.status, headers))
        self._write(h11.Data(data=body))
        await self._writer.drain()

    async def _send(self, answer: Answer, request: Request) -> None:
        if answer.reset and answer.truncate is None:
            self._reset()
        elif answer.stream is None:
            await self._send_body(answer, b"" if answer.status in _WITHOUT_BODY else answer.body, request)
        else:
            await self._send_stream(answer, answer.stream)
        if answer.on_sent is not None:
            answer.on_sent()

    async def _send_body(self, answer: Answer, body: bytes, request: Request) -> None:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        if body and _may_compress(answer, headers) and accepts_gzip(request.headers.get("accept-encoding", "")):
            body = gzip.compress(body, compresslevel=1, mtime=0)
            headers |= {"content-encoding": "gzip", "vary": "Accept-Encoding"}
        if answer.status not in _WITHOUT_BODY:
            headers["content-length"] = str(len(body))
        self._write(_head(answer.status, headers))
        if request.method != "HEAD":
            await self._send_pieces(body[: answer.truncate], answer.drip)
        if answer.truncate is None:
            self._write(h11.EndOfMessage())
        await self._writer.drain()
        if answer.reset:
            self._reset()

    async def _send_pieces(self, body: bytes, drip: float | None) -> None:
        if drip is None:
            self._write(h11.Data(data=body))
            return
        for place in range(len(body)):
            self._write(h11.Data(data=body[place : place + 1]))
            await self._writer.drain()
            await asyncio.sleep(drip)

    async def _send_stream(self, answer: Answer, pieces: AsyncGenerator[bytes]) -> None:
        self.busy = False
        self._write(_head(answer.status, answer.headers))
        async with aclosing(pieces):
            async for piece in pieces:
                if not piece and self._reader.at_eof():
                    raise EOFError
                self._write(h11.Data(data=piece))
                await self._writer.drain()
        self._write(h11.EndOfMessage())

    def _reset(self) -> None:
        raw = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
        self._writer.transport.abort()


def _may_compress(answer: Answer, headers: Mapping[str, str]) -> bool:
    # If bytes are counted or sent one by one, every client must get the same bytes.
    return answer.truncate is answer.drip is None and "content-encoding" not in headers


def accepts_gzip(accept_encoding: str) -> bool:
    """Return whether a request's `Accept-Encoding` allows an answer in gzip (RFC 9110, section 12.5.3)."""
    weights = {match["coding"].lower(): float(match["weight"] or 1) for match in _CODING.finditer(accept_encoding)}
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0))) > 0


def _head(status: int, headers: Mapping[str, str]) -> h11.Response:
    try:
        reason = HTTPStatus(status).phrase
    except ValueError:
        reason = ""
    dated = {"date": formatdate(usegmt=True), **headers}  # Clients compare it with the machine's time.
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in dated.items()]
    return h11.Response(status_code=status, headers=encoded, reason=reason.encode())
