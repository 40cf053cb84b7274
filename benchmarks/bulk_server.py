"""A fast Square with idempotency keys, faults and a rate limit, to measure and attack bulk work.

The emulator answers some hundred requests per second. This server knows only what bulk work calls, and answers some
thousands.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Generator

PAGE = 100

_LIMITED = {"category": "RATE_LIMIT_ERROR", "code": "RATE_LIMITED"}
_BUSY = {"category": "API_ERROR", "code": "SERVICE_UNAVAILABLE"}
_EXPIRED = {"category": "INVALID_REQUEST_ERROR", "code": "INVALID_CURSOR", "field": "cursor"}
_UNKNOWN = {"category": "INVALID_REQUEST_ERROR", "code": "NOT_FOUND"}


class Faults(NamedTuple):
    """The probability of each fault, from 0 to 1 for each request."""

    busy_after: float = 0.0
    """503 after the request was carried out."""
    reset_before: float = 0.0
    """A reset before the request is carried out."""
    reset_after: float = 0.0
    """A reset after the request was carried out."""
    limited: float = 0.0
    """429."""
    cut: float = 0.0
    """Half an answer after the request was carried out."""


ALL_FAULTS = Faults(0.05, 0.03, 0.05, 0.05, 0.05)


class Square:
    """The server's data and behaviour. All of it can be changed while the server runs.

    :param delay: seconds that each answer takes.
    :param faults: what goes wrong.
    :param rate: requests per second, above which it answers 429; None for no limit.
    :param burst: requests that may arrive at once.
    :param retry_after: the `Retry-After` of a 429, in seconds; None sends none.
    """

    def __init__(
        self,
        delay: float = 0.0,
        faults: Faults | None = None,
        rate: float | None = None,
        burst: float = 0.0,
        retry_after: int | None = None,
    ) -> None:
        self.delay = delay
        self.faults = faults or Faults()
        self.rate = rate
        self.burst = burst
        self.retry_after = retry_after
        self.host = ""
        self.customers: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, str] = {}
        self.requests = 0
        self.limited = 0
        self.connections: set[asyncio.Transport] = set()
        self.expired: set[str] = set()
        """Cursors that have expired."""
        self._random = random.Random(1)
        self._tokens = burst
        self._filled_at: float | None = None

    def may_pass(self, now: float) -> bool:
        """Return whether a request is within the rate limit."""
        if self.rate is None:
            return True
        filled_at = now if self._filled_at is None else self._filled_at
        self._tokens = min(self.burst, self._tokens + (now - filled_at) * self.rate)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def happens(self, probability: float) -> bool:
        """Return True with this probability."""
        return probability > 0 and self._random.random() < probability

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, Any]:
        """Carry a request out, and return the status and the body."""
        path, _, query = target.partition("?")
        if method == "GET":
            return self._page(dict(pair.split("=") for pair in query.split("&") if pair))
        given = json.loads(body)
        if method == "PUT":
            return self._update(path.rpartition("/")[2], given)
        key = given.pop("idempotency_key", None)
        customer_id = self.keys.get(key)
        if customer_id is None:
            customer_id = f"C{len(self.customers):09}"
            time = "2026-01-01T00:00:00.000Z"
            self.customers[customer_id] = {"id": customer_id, "created_at": time, "updated_at": time, **given}
            if key:
                self.keys[key] = customer_id
        return 200, {"customer": self.customers[customer_id]}

    def _update(self, customer_id: str, given: dict[str, Any]) -> tuple[int, Any]:
        if customer_id not in self.customers:
            return 404, {"errors": [_UNKNOWN]}
        self.customers[customer_id].update(given)
        return 200, {"customer": self.customers[customer_id]}

    def _page(self, query: dict[str, str]) -> tuple[int, Any]:
        cursor = query.get("cursor", "0")
        if cursor in self.expired:
            return 400, {"errors": [_EXPIRED]}
        customers = list(self.customers.values())
        if query.get("sort_order") == "DESC":
            customers.reverse()
        start = int(cursor)
        page: dict[str, Any] = {"customers": customers[start : start + PAGE]}
        if start + PAGE < len(customers):
            page["cursor"] = str(start + PAGE)
        return 200, page


class _Connection(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self, square: Square) -> None:
        self._square = square
        self._loop = asyncio.get_running_loop()
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._square.connections.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._square.connections.discard(self.transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while True:
            head, end, rest = self._received.partition(b"\r\n\r\n")
            if not end:
                return
            start, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            length = int(headers.get("content-length", "0"))
            if len(rest) < length:
                return
            self._received = rest[length:]
            method, target, _ = start.split(" ")
            self._handle(method, target, rest[:length])

    def _handle(self, method: str, target: str, body: bytes) -> None:
        square, faults = self._square, self._square.faults
        square.requests += 1
        if not square.may_pass(self._loop.time()) or square.happens(faults.limited):
            square.limited += 1
            self._send(429, {"errors": [_LIMITED]})
        elif square.happens(faults.reset_before):
            self.transport.abort()
        else:
            status, answer = square.answer(method, target, body)
            if square.happens(faults.busy_after):
                status, answer = 503, {"errors": [_BUSY]}
            if square.happens(faults.reset_after):
                self.transport.abort()
            else:
                self._send(status, answer, cut=square.happens(faults.cut))

    def _send(self, status: int, answer: Any, *, cut: bool = False) -> None:
        content = json.dumps(answer).encode()
        asked = self._square.retry_after
        extra = f"Retry-After: {asked}\r\n" if status == 429 and asked is not None else ""
        head = (
            f"HTTP/1.1 {status} Reason\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n{extra}"
        )
        message = head.encode() + b"\r\n" + content
        if cut:
            message = message[: -len(content) // 2]
        if self._square.delay:
            self._loop.call_later(self._square.delay, self._write, message, cut)
        else:
            self._write(message, cut)

    def _write(self, message: bytes, cut: bool) -> None:
        self.transport.write(message)
        if cut:
            self.transport.close()


@contextmanager
def running(square: Square) -> Generator[Square]:
    """Serve in a thread while the block runs."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(lambda: _Connection(square), "127.0.0.1", 0, backlog=256))
    square.host = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def end() -> None:
        server.close()
        for transport in list(square.connections):
            transport.abort()
        await asyncio.sleep(0)  # Their sockets close in the loop's next round.

    try:
        yield square
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def main() -> None:
    """Print the host, serve until the standard input ends, and print the final counts."""
    options = json.loads(sys.argv[1])
    with running(Square(**{**options, "faults": Faults(**options.get("faults", {}))})) as square:
        print(square.host, flush=True)
        sys.stdin.read()
        print(json.dumps({"customers": len(square.customers), "requests": square.requests, "limited": square.limited}))


if __name__ == "__main__":
    main()
