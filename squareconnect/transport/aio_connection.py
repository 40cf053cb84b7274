"""One connection of the asyncio driver: bytes from the event loop pass through TLS, if any, into h11's parser.

::

    event loop  <->  TLS with a proxy  <->  TLS with the server  <->  h11
                     (_TLS, or none)        (_TLS, or none)

TLS is done here, in memory, and not by the loop. The event loops of Python 3.10 cannot do TLS within TLS, and here
every decrypted byte can be checked. A byte that belongs to no answer makes the connection unusable, whether the kernel,
TLS or h11 holds it.

:meth:`Connection.send_request` sends one request and returns its result. When it is cancelled, the connection closes.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import warnings
from contextlib import suppress
from functools import cache, cached_property
from typing import TYPE_CHECKING, NamedTuple, cast

import h11
import urllib3
from urllib3.exceptions import InsecureRequestWarning

from squareconnect.transport.aio_tasks import uncancelled
from squareconnect.transport.answer import Broken, RESTResponse
from squareconnect.transport.outgoing import is_readable, network_primitives

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

LARGEST_HEAD = 32768
"""The maximum size, in bytes, of the head of an answer, or of one line in a chunked body."""
_BUFFER = 65536
"""The maximum number of bytes received at once."""
_EVENTS_A_TURN = 256
"""The number of h11's events that are processed before other tasks get a turn."""
_TURNS_FOR_TICKETS = 10
"""The number of turns in which the loop can read TLS's own messages before the connection counts as unusable."""


class Message(NamedTuple):
    """A request as it is sent."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    """The headers, without ``Content-Length``, which is added from the body."""
    body: bytes | None

    def encoded(self) -> bytes:
        """Return the bytes to send."""
        lines = [f"{self.method} {self.target} HTTP/1.1", *map(": ".join, self.headers)]
        if self.body is not None:
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + (self.body or b"")


class Connection(asyncio.BufferedProtocol):
    """A connection that carries one request after another.

    :param sock: the connected socket.
    :param all_open: contains the connection while it is open.
    """

    def __init__(self, sock: socket.socket, all_open: dict[Connection, None]) -> None:
        self.usable = True
        """Whether another request may be sent after the one in flight, if any."""
        self._loop = asyncio.get_running_loop()
        self._sock = sock
        self._primitives = network_primitives()
        self._all_open = all_open
        self._layers: list[_TLS] = []
        self._buffer = memoryview(bytearray(_BUFFER))
        self._transport: asyncio.Transport
        self._waiter: asyncio.Future[RESTResponse | Broken] | None = None
        self._handshake: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = self._until = self._read_timeout = self._last = 0.0
        self._unsent = 0
        self._start_http()

    def _start_http(self) -> None:
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_HEAD)
        self._reset_answer(0)

    def _reset_answer(self, limit: int) -> None:
        self._limit = limit
        self._head = b""
        self._answer: h11.Response | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self._ended = self._has_more_events = False

    # -- What the driver calls --------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Hand the socket to the event loop. This takes a turn or two, and uvloop must not be cancelled in them."""
        try:
            await uncancelled(self._loop.create_connection(lambda: self, sock=self._sock))
        except BaseException:
            if self in self._all_open:
                self.abort()
            else:
                self._sock.close()
            raise

    async def secure(self, context: ssl.SSLContext, host: str) -> None:
        """Set up TLS with the server, or with the server behind a tunnel.

        :param host: the name that the certificate must be valid for.
        :raises OSError: if TLS cannot be set up, including ``ssl.SSLError``.
        """
        if not self.usable:
            raise ConnectionError("the connection was closed before TLS was set up")
        self._layers.append(_TLS(context, host))
        self._handshake = handshake = self._loop.create_future()
        self._receive(b"")
        await handshake
        if context.verify_mode == ssl.CERT_NONE:
            problem = f"The certificate of {host} was not checked: verify_ssl is False"
            warnings.warn(problem, InsecureRequestWarning, stacklevel=2)

    async def tunnel(self, target: str, headers: list[tuple[str, str]]) -> None:
        """Ask a proxy for a tunnel to the server (RFC 9110, 9.3.6).

        :param target: host and port of the server.
        :raises OSError: if the proxy does not open one.
        """
        outcome = await self.send_request(Message("CONNECT", target, headers, None), LARGEST_HEAD, None, None)
        if isinstance(outcome, Broken):
            raise ConnectionError(outcome.reason)
        if not 200 <= outcome.status < 300:
            self.abort()
            raise OSError(f"Tunnel connection failed: {outcome.status} {outcome.reason}")
        if self._h11.trailing_data[0]:
            self.abort()
            raise OSError("the proxy sent bytes before any were sent to the server")
        self._start_http()

    async def is_quiet(self) -> bool:
        """Return whether the connection may be used. Close it if it received unsolicited bytes.

        TLS's own messages, such as session tickets, are read first. A connection that would bypass a tool that now
        intercepts network access is closed, too.
        """
        if self._primitives != network_primitives():
            self.abort()
        try:
            for _ in range(_TURNS_FOR_TICKETS):
                if not self.usable or not is_readable(self._sock):
                    return self.usable
                if not self._layers:
                    break
                await asyncio.sleep(0)
        except BaseException:
            self.abort()
            raise
        self.abort()
        return False

    async def send_request(
        self, message: Message, limit: int, read_timeout: float | None, left: float | None
    ) -> RESTResponse | Broken:
        """Send a request and return its result.

        :param limit: the maximum size of the body, in bytes. If it is larger, one byte more than the limit is kept and
            the connection closes.
        :param read_timeout: the maximum seconds between two pieces; None if the caller enforces a limit.
        :param left: the maximum seconds in all; None if the caller enforces a limit.
        """
        self._reset_answer(limit)
        self._announce(message.method)
        waiter: asyncio.Future[RESTResponse | Broken] = self._loop.create_future()
        self._waiter = waiter
        if read_timeout is not None and left is not None:
            self._limit_time(read_timeout, left)
        self._send(message.encoded(), len(self._layers))
        try:
            return await waiter
        except BaseException:
            self.abort()
            raise

    def abort(self) -> None:
        """Close at once."""
        self.usable = False
        self._waiter = self._handshake = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._transport.abort()

    def fail(self, reason: str, late: bool = False, final: bool = False) -> None:
        """Close at once. A request in flight ends as :class:`Broken`."""
        waiter, handshake = self._waiter, self._handshake
        self.abort()
        if waiter is not None and not waiter.done():
            waiter.set_result(Broken(reason, late, True, self._received_answer(), final))
        if handshake is not None and not handshake.done():
            handshake.set_exception(ConnectionError(reason))

    def close_socket(self) -> None:
        """Close the socket without the event loop, which is closed."""
        self._sock.close()

    # -- What the event loop calls ----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._all_open[self] = None

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return the buffer for the next bytes. Using a new buffer each time would be ten times slower."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Process received bytes."""
        self._last = self._loop.time()
        data = bytes(self._buffer[:nbytes])
        if self._layers:
            self._receive(data)
        else:
            self._process(data)

    def eof_received(self) -> None:
        """Process the end of the server's stream."""
        self._process_end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Process the end of the connection."""
        self.usable = False
        if exc is not None and not self._has_more_events:
            self._process_unread()
            self.fail(reason_of(exc))
        else:
            self._process_end()
        self._all_open.pop(self, None)

    def _process_unread(self) -> None:
        """Process what arrived before the connection broke: a server may refuse a request before reading all of it."""
        with suppress(OSError):
            while self._waiter is not None and (count := self._sock.recv_into(self._buffer)):
                self.buffer_updated(count)

    # -- TLS --------------------------------------------------------------------------------------------------------

    def _receive(self, data: bytes) -> None:
        """Pass received bytes through each layer of TLS."""
        for level, layer in enumerate(self._layers):
            try:
                data = layer.receive(data)
            except ssl.SSLError as error:
                self._send(layer.outgoing(), level)  # The alert tells the server why.
                self._refuse(error)
                return
            self._send(layer.outgoing(), level)
        if self._handshake is not None and self._layers[-1].established:
            if not self._handshake.done():
                self._handshake.set_result(None)
            self._handshake = None
        if data:
            self._process(data)
        if any(layer.ended for layer in self._layers):
            self._process_end()

    def _refuse(self, error: ssl.SSLError) -> None:
        if self._handshake is not None and not self._handshake.done():
            self._handshake.set_exception(error)
            self._handshake = None
        self.fail(reason_of(error))

    def _send(self, data: bytes, level: int) -> None:
        """Send bytes through the layers of TLS below a level."""
        if not data:
            return
        for at in reversed(range(level)):
            data = self._layers[at].send(data)
        self._transport.write(data)

    # -- HTTP -------------------------------------------------------------------------------------------------------

    def _announce(self, method: str) -> None:
        """Tell h11 the method, which affects how the answer is read. h11 would check all headers again, slowly."""
        self._h11.send(_bare_request(method))
        self._h11.send(_END)

    def _process(self, data: bytes) -> None:
        if self._waiter is None:
            self.fail("the server sent unsolicited bytes")
            return
        if self._answer is None:
            self._head += data
        self._h11.receive_data(data)
        if not self._has_more_events:
            self._parse()

    def _process_end(self) -> None:
        if self._ended or self._has_more_events:
            return
        if self._waiter is None:
            self.fail("the server closed the connection")
            return
        self._ended = True
        self._h11.receive_data(b"")
        self._parse()

    def _parse(self) -> None:
        """Process h11's events. After many events, let other tasks have a turn before the rest."""
        self._has_more_events = False
        announced = False
        for _ in range(_EVENTS_A_TURN):
            if self._waiter is None:
                return
            try:
                event = self._h11.next_event()
            except h11.RemoteProtocolError as error:
                self.fail(reason_of(error))
                return
            if isinstance(event, h11.Data):
                self._add(bytes(event.data))
            elif isinstance(event, h11.Response):
                self._answer = event
            elif isinstance(event, h11.InformationalResponse):
                announced = True
            elif event is h11.NEED_DATA:
                if announced:
                    self._head = self._h11.trailing_data[0]
                return
            else:  # EndOfMessage, or PAUSED after the answer to CONNECT.
                self._answered()
                return
        self._has_more_events = True
        self._transport.pause_reading()
        self._loop.call_soon(self._continue_parsing)

    def _continue_parsing(self) -> None:
        if self._transport.is_closing():
            self._h11.receive_data(b"")
        else:
            self._transport.resume_reading()
        self._parse()

    def _add(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > self._limit:
            self._pieces = [b"".join(self._pieces)[: self._limit + 1]]
            self._deliver(self._received_answer())
            self.abort()

    def _answered(self) -> None:
        self._deliver(self._received_answer())
        if self._is_reusable():
            self._h11.start_next_cycle()
        elif self._h11.their_state is not h11.SWITCHED_PROTOCOL:
            self.abort()

    def _is_reusable(self) -> bool:
        return (
            self._h11.our_state is self._h11.their_state is h11.DONE
            and not self._h11.trailing_data[0]
            and not self._transport.is_closing()
            and not self._transport.get_write_buffer_size()
        )

    def _deliver(self, answer: RESTResponse | None) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and answer is not None and not waiter.done():
            waiter.set_result(answer)

    def _received_answer(self) -> RESTResponse | None:
        if self._answer is not None:
            return _Answer(self._answer, b"".join(self._pieces))
        return _began(self._head)

    # -- Time -------------------------------------------------------------------------------------------------------

    def _limit_time(self, read_timeout: float, left: float) -> None:
        """Limit the request's time. Successive requests share one timer, because few ever need it."""
        self._last = now = self._loop.time()
        self._read_timeout, self._until = read_timeout, now + left
        self._unsent = 0
        due = min(now + read_timeout, self._until)
        if self._timer is None or due < self._due:
            self._set_timer(due)

    def _set_timer(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due = due
        self._timer = self._loop.call_at(due, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        if self._waiter is None:
            return
        now = self._loop.time()
        unsent = self._transport.get_write_buffer_size()
        if unsent != self._unsent:  # The server is still taking the request.
            self._unsent, self._last = unsent, now
        if now >= self._until:
            self.fail("TimeoutError: the deadline passed", late=True)
        elif now >= self._last + self._read_timeout:
            self.fail(f"TimeoutError: the server sent nothing for {self._read_timeout:g} s", late=True)
        else:
            self._set_timer(min(self._last + self._read_timeout, self._until))


_END = h11.EndOfMessage()


@cache
def _bare_request(method: str) -> h11.Request:
    return h11.Request(method=method, target="/", headers=[("Host", "")])


class _Answer(RESTResponse):
    """An answer parsed by h11, whose headers are converted at first use."""

    def __init__(self, head: h11.Response, content: bytes) -> None:
        self.status = head.status_code
        self.reason = head.reason.decode("latin-1")
        self.content = content
        self.attempts = 1
        self._raw_headers = head.headers.raw_items()

    @cached_property
    def headers(self) -> Mapping[str, str]:  # type: ignore[override]
        """The headers; lookups ignore case."""
        return urllib3.HTTPHeaderDict(
            [(name.decode("ascii"), value.decode("latin-1")) for name, value in self._raw_headers]
        )

    @property
    def is_encoded(self) -> bool:
        """Whether the answer has a Content-Encoding."""
        return any(name.lower() == b"content-encoding" for name, _ in self._raw_headers)


class _TLS:
    """One layer of TLS, in memory."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self.established = self.ended = False

    def receive(self, data: bytes) -> bytes:
        """Decrypt bytes.

        :raises ssl.SSLError: if they are not valid TLS, or the certificate is not trusted.
        """
        self._incoming.write(data)
        pieces: list[bytes] = []
        try:
            if not self.established:
                self._object.do_handshake()
                self.established = True
            while piece := self._object.read(65536):
                pieces.append(piece)
            self.ended = True
        except ssl.SSLWantReadError:
            pass
        return b"".join(pieces)

    def send(self, data: bytes) -> bytes:
        """Encrypt bytes."""
        self._object.write(data)
        return self.outgoing()

    def outgoing(self) -> bytes:
        """Return the bytes that TLS has to send."""
        return self._outgoing.read()


_STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)? +([2-9]\d\d)(?: ([^\r\n]*))?\r?\n")


def _began(head: bytes) -> RESTResponse | None:
    """Return the answer that an incomplete head describes: its status line and each complete header after it."""
    start = _STATUS_LINE.match(head)
    if start is None:
        return None
    headers = urllib3.HTTPHeaderDict()
    for line in head[start.end() : LARGEST_HEAD].split(b"\n")[:-1]:
        name, colon, value = line.decode("latin-1").partition(":")
        if colon:
            headers.add(name.strip(), value.strip())
    return RESTResponse(int(start[1]), (start[2] or b"").decode("latin-1"), headers, b"")


def reason_of(error: BaseException) -> str:
    """Return what happened, in one line."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
