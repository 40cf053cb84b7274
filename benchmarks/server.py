"""A keep-alive HTTP server of canned answers in a separate process, fast enough that only the client is measured."""

from __future__ import annotations

import argparse
import os
import re
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from itertools import cycle
from typing import TYPE_CHECKING

from benchmarks import data

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

PAGE_SIZE = 100


def running(*, delay: float = 0.0, pages: int = 1) -> AbstractContextManager[str]:
    """Run this module's server; see :func:`started`.

    :param delay: seconds that it waits before each answer.
    :param pages: how many pages of customers there are.
    """
    return started("benchmarks.server", "--delay", str(delay), "--pages", str(pages))


@contextmanager
def started(module: str, *arguments: str) -> Iterator[str]:
    """Run a server, on its own core if there is more than one: otherwise the two processes sometimes share a core.

    :param module: the module to run, which prints the port when it is ready.
    :return: its URL, ``http://127.0.0.1:PORT``.
    """
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process, apart_from(process.pid):
        try:
            assert process.stdout
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


@contextmanager
def apart_from(process_id: int) -> Iterator[None]:
    """Keep a process and this one on separate cores."""
    if not hasattr(os, "sched_setaffinity") or len(cores := os.sched_getaffinity(0)) < 2:
        yield
        return
    os.sched_setaffinity(process_id, {max(cores)})
    os.sched_setaffinity(0, cores - {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


class CannedServer:
    """Answers ``GET /v2/customers`` with a page, ``GET /connections`` with a count, and anything else with a customer.

    Each connection gets the customers in turn.
    """

    def __init__(self, delay: float, pages: int) -> None:
        self.delay = delay
        self.pages = pages
        self.connections = 0
        self.customers = [_response(body) for body in data.answers()]
        self.new_customers = [_response(body) for body in data.answers(new=True)]
        self.last_page = _response(data.page(PAGE_SIZE))
        marked = data.page(PAGE_SIZE, cursor="<cursor>").replace(b"JDKYHBWT1D4F8MFH", b"<cursor>", PAGE_SIZE)
        self.page_parts = marked.split(b"<cursor>")

    def serve(self) -> None:
        """Print the port and answer until the process ends."""
        with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
            print(listener.getsockname()[1], flush=True)
            while True:
                connection, _ = listener.accept()
                self.connections += 1
                threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        received = b""
        turns = zip(cycle(self.customers), cycle(self.new_customers), strict=True)
        with connection:
            while True:
                while b"\r\n\r\n" not in received:
                    more = connection.recv(65536)
                    if not more:
                        return
                    received += more
                head, _, received = received.partition(b"\r\n\r\n")
                length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
                missing = int(length[1]) - len(received) if length else 0
                while missing > 0:
                    missing -= len(connection.recv(65536))
                received = b""
                if self.delay:
                    time.sleep(self.delay)
                connection.sendall(self._answer(head, *next(turns)))

    def _answer(self, head: bytes, customer: bytes, new_customer: bytes) -> bytes:
        target = head.split(b" ", 2)[1]
        if target == b"/connections":
            return _response(str(self.connections).encode())
        if not head.startswith(b"GET /v2/customers ") and not head.startswith(b"GET /v2/customers?"):
            return new_customer if head.startswith(b"POST ") else customer
        cursor = re.search(rb"[?&]cursor=(\d+)", target)
        number = int(cursor[1]) if cursor else 0
        if number + 1 >= self.pages:
            return self.last_page
        return _response((b"%016d" % (number + 1)).join(self.page_parts))


def _response(body: bytes) -> bytes:
    head = (
        "HTTP/1.1 200 OK\r\n"
        "Date: Tue, 11 Jun 2019 08:02:11 GMT\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Square-Version: 2019-06-12\r\n"
        "Cache-Control: no-cache\r\n"
        "Vary: Origin, Accept-Encoding\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        "X-Frame-Options: SAMEORIGIN\r\n"
        "Strict-Transport-Security: max-age=631152000\r\n"
        "\r\n"
    )
    return head.encode() + body


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--pages", type=int, default=1)
    options = parser.parse_args()
    CannedServer(options.delay, options.pages).serve()
