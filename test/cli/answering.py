"""A server with scripted answers, which plays a Square in trouble."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Answer(NamedTuple):
    """An answer. ``Retry-After: 0`` lets the client try again at once, so that tests need not wait."""

    status: int
    code: str = ""
    headers: dict[str, str] = {"Retry-After": "0"}  # noqa: RUF012 - it is never changed
    json: Any = None

    @property
    def body(self) -> bytes:
        error = {"category": "API_ERROR", "code": self.code, "detail": "As told."}
        return json.dumps(self.json if self.json is not None else {"errors": [error]} if self.code else {}).encode()


OK = Answer(200)


@contextmanager
def answering(*answers: Answer | None, requests: list[str] | None = None) -> Iterator[str]:
    """Serve the answers in turn, and repeat the last one; for None the request gets no answer. Yield the URL."""
    left = list(answers)
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            if requests is not None:
                requests.append(f"{self.command} {self.path}")
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = left.pop(0) if len(left) > 1 else left[0]
            if answer is None:
                ended.wait(30)
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - the names that http.server asks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server gives it
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            ended.set()
            server.shutdown()
            thread.join()
