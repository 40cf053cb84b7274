"""Play the same faults to this SDK, the original and squareup, with the same server.

``python -m reliability`` plays them all, prints the table and writes it to ``docs/reliability.md``.
"""

from __future__ import annotations

import gzip
import json
import selectors
import ssl
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import trustme

from test.servers import (
    CUSTOMER,
    FOUND,
    Request,
    Server,
    Step,
    Wire,
    after,
    answer,
    chunked,
    close,
    commit,
    cut,
    drip,
    in_pieces,
    message,
    raw,
    reset,
    stall,
)
from tools.environments import CHECKOUT, HOME, python_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIMIT = 8.0
"""Seconds after which a call counts as hung."""

PEERS = {
    "ours": "this SDK, threads",
    "ours-asyncio": "this SDK, asyncio",
    "original": "squareconnect 2.20190724.1",
    "squareup": "squareup {version}",
}
FAULTS = ("doubled", "hang", "foreign exception", "wrong result", "unsafe request", "leak")
"""What must not happen. Each is counted once per case at most."""


class Case(NamedTuple):
    """One row of the table."""

    title: str
    call: str
    steps: Callable[[], list[Step]]
    """What the server does with the first requests. It does `otherwise` with the others."""
    ok: bool | None
    """Whether the call should succeed. If not, it should raise the client's own exception. None: either is right."""
    ids: tuple[str, ...] = ("C1",)
    unsafe: Callable[[Request], bool] = lambda request: False
    """Whether a request should never have been sent."""
    options: dict[str, Any] = {}  # noqa: RUF012
    tls: bool = False
    otherwise: Step | None = None
    """What the server does with further requests. None: it carries them out and answers."""
    hunt: bool = False
    """Whether to look for the token in everything printed and in the local variables of a traceback."""


def play(*steps: Step) -> Callable[[], list[Step]]:
    """Return a script of steps."""
    return lambda: list(steps)


FOUND_BYTES = message(200, FOUND)
HALF = cut(FOUND_BYTES[:-10])
GONE = answer(404, {"errors": [{"category": "INVALID_REQUEST_ERROR", "code": "NOT_FOUND"}]})
LOST_404 = answer(404, b"<html><h1>404 Not Found</h1></html>", {"Content-Type": "text/html"})
MOVED = answer(307, b"", {"Location": "/v2/customers"})
REFUSED = {"category": "INVALID_REQUEST_ERROR", "code": "BAD_REQUEST"}
STRAY_200, STRAY_429 = message(200, {}), message(429, {})
MANY_ERRORS = b'{"errors":[' + b"{}," * 2**21 + b"{}]}"
CARD = commit(answer(200, {"card": {"id": "C1"}}))
GREEK = json.dumps({"customer": {**CUSTOMER, "note": "é" * 50_000}}, ensure_ascii=False).encode()
HEAD, BODY = FOUND_BYTES.split(b"\r\n\r\n")
HEAD += b"\r\n\r\n"
STRANGER = message(200, {"customer": {**CUSTOMER, "id": "STRANGER"}})
BOMB = gzip.compress(b" " * 300_000_000)


def echo(wire: Wire, request: Request) -> None:
    """Answer with the customer that was asked for."""
    after(0.002, answer(200, {"customer": {**CUSTOMER, "id": request.target.rpartition("/")[2]}}))(wire, request)


def deletes_a_customer(request: Request) -> bool:
    """Return whether a request deletes one or all customers instead of a card."""
    return request.method == "DELETE" and "/cards/" not in request.target.rstrip("/") + "/"


CASES = (
    Case("create: done, then 500", "create", play(commit(answer(500, {}))), ok=False),
    Case("create: done, then reset", "create", play(commit(reset)), ok=False),
    Case("create: done, then closed", "create", play(commit(close)), ok=False),
    Case("create: done, then half an answer", "create", play(commit(HALF)), ok=False),
    Case("create: done, then 200 with half the JSON", "create", play(commit(answer(200, b'{"cust'))), ok=False),
    Case("create: done, then silence", "create", play(commit(stall)), ok=False),
    Case("create: 429, then success", "create", play(answer(429, {})), ok=True),
    Case("create with a key: done, then 500", "create_keyed", play(commit(answer(500, {}))), ok=True),
    Case("create with a key: done, then reset", "create_keyed", play(commit(reset)), ok=True),
    Case("create with a key: done, then half an answer", "create_keyed", play(commit(HALF)), ok=True),
    Case("create a card: done, then half an answer", "create_card", play(commit(HALF), CARD), ok=True),
    Case("retrieve: 503, then success", "retrieve", play(answer(503, {})), ok=True),
    Case("retrieve: reset, then success", "retrieve", play(reset), ok=True),
    Case("retrieve: half an answer, then success", "retrieve", play(HALF), ok=True),
    Case("update: reset, then success", "update", play(commit(reset), answer()), ok=True),
    Case("delete: done, then reset; the repeat gets 404", "delete", play(commit(reset), GONE), ok=True),
    Case("delete: 503; the repeat gets a gateway's HTML 404", "delete", play(answer(503, {}), LOST_404), ok=False),
    Case("create: done, then 299", "create", play(commit(answer(299, {}))), ok=False),
    Case("create: done, then 307 to the same path", "create", play(commit(MOVED)), ok=False),
    *(
        Case(f"{over}: {title}", call, play(step), ok=ok, tls=tls, otherwise=otherwise)
        for tls, over in ((False, "plain"), (True, "TLS"))
        for title, call, step, ok, otherwise in (
            ("another call's answer after the first", "retrieve_twice", raw(FOUND_BYTES + STRANGER), True, echo),
            ("another call's answer with the body", "retrieve_twice", in_pieces(HEAD, BODY + STRANGER), True, echo),
            ("a stray 429, then a create", "retrieve_and_create", in_pieces(HEAD, BODY + STRAY_429), True, None),
            (
                "a stray 200, then a refused delete",
                "retrieve_and_delete",
                in_pieces(HEAD, BODY + STRAY_200),
                False,
                GONE,
            ),
            ("a signal or a cancellation interrupts 200 calls", "interrupted", echo, True, echo),
        )
    ),
    Case("a silent server", "retrieve", lambda: [stall] * 9, ok=False),
    Case("a body that drips forever", "retrieve", lambda: [drip(FOUND_BYTES[:-5] + b" " * 9, 0.2)] * 9, ok=False),
    Case("headers that drip forever", "retrieve", lambda: [drip(b"HTTP/1.1 200 OK\r\nX: ", 0.2)] * 9, ok=False),
    Case("503 with Retry-After: 3600", "retrieve", lambda: [answer(503, {}, {"Retry-After": 3600})] * 9, ok=False),
    Case("no server listens", "retrieve", play(), ok=False, options={"host": "http://127.0.0.1:9"}),
    Case("200 with HTML", "retrieve", play(answer(200, b"<html>")), ok=False),
    Case("200 with an empty body", "retrieve", play(answer(200, b"")), ok=False),
    Case("200 with `[]`", "retrieve", play(answer(200, b"[]")), ok=False),
    Case("200 with `null`", "retrieve", play(answer(200, b"null")), ok=False),
    Case("200 with `{}`", "retrieve", play(answer(200, b"{}")), ok=False),
    Case("200 with a string as the customer", "retrieve", play(answer(200, {"customer": "C1"})), ok=False),
    Case("200 with a number as the cards", "retrieve", play(answer(200, {"customer": {"cards": 5}})), ok=False),
    Case("200 with invalid UTF-8", "retrieve", play(answer(200, b'{"customer": {"id": "\xff"}}')), ok=False),
    Case("200 with 100,000 levels of JSON", "retrieve", play(answer(200, b"[" * 100_000 + b"]" * 100_000)), ok=False),
    Case("a character split over two chunks", "retrieve", play(chunked(GREEK[: 2**16], GREEK[2**16 :])), ok=True),
    Case("broken gzip", "retrieve", play(answer(200, b"x", {"Content-Encoding": "gzip"})), ok=False),
    Case("300 MB of blanks as gzip", "retrieve", play(answer(200, BOMB, {"Content-Encoding": "gzip"})), ok=False),
    Case("206 with a customer", "retrieve", play(answer(206)), ok=False),
    Case("400 with errors of another shape", "retrieve", play(answer(400, {"errors": [1]})), ok=False),
    Case("400 with 6 MiB of errors", "retrieve", play(answer(400, MANY_ERRORS)), ok=False),
    Case("200 with errors and no customer", "create", play(commit(answer(200, {"errors": [REFUSED]}))), ok=False),
    Case("an answer that is not HTTP", "retrieve", lambda: [cut(b"SSH-2.0\r\n")] * 9, ok=False),
    Case(
        "redirect to another path",
        "create",
        play(answer(302, b"", {"Location": "/elsewhere"})),
        ok=False,
        unsafe=lambda request: request.target == "/elsewhere",
    ),
    Case("delete a card `..`", "delete_card", play(), ok=False, ids=("C1", ".."), unsafe=deletes_a_customer),
    Case("delete a card `../../C2`", "delete_card", play(), ok=None, ids=("C1", "../../C2"), unsafe=deletes_a_customer),
    Case("delete a customer without an id", "delete", play(), ok=False, ids=("",), unsafe=deletes_a_customer),
    Case(
        "retrieve `C1?x=1`",
        "retrieve",
        play(answer(404, {})),
        ok=False,
        ids=("C1?x=1",),
        unsafe=lambda request: "?" in request.target,
    ),
    Case(
        "no token",
        "retrieve",
        play(),
        ok=False,
        options={"token": ""},
        unsafe=lambda request: request.headers.get("authorization", "").strip() in ("", "Bearer"),
    ),
    Case(
        "a token with a line break",
        "retrieve",
        play(),
        ok=False,
        options={"token": "EAAA-CANARY-TOKEN\r\nX: y"},
        hunt=True,
    ),
    Case("debugging: the token in the output", "retrieve", play(), ok=True, options={"debug": True}, hunt=True),
    Case(
        "500: the token in a traceback with local variables",
        "create",
        lambda: [answer(500, {})] * 9,
        ok=False,
        hunt=True,
    ),
    Case("16 threads on one client", "threads", lambda: [echo] * 200, ok=True),
    Case("calls after a fork", "fork", lambda: [echo] * 200, ok=True),
)


def package_of(peer: str) -> str:
    """Return the name of the environment that a client runs in."""
    return "ours" if peer.startswith("ours") else peer


class Worker:
    """A peer's client in a separate process, which is restarted when it hangs."""

    def __init__(self, peer: str) -> None:
        self.peer = peer
        self._start()

    def _start(self) -> None:
        command = [str(python_of(package_of(self.peer))), "-W", "ignore", "-m", "reliability.worker", self.peer]
        self._process = subprocess.Popen(
            command, cwd=HOME, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._stdout, selectors.EVENT_READ)

    @property
    def _stdout(self) -> Any:
        return self._process.stdout

    def do(self, order: dict[str, Any], seconds: float = LIMIT) -> dict[str, Any] | None:
        """Let the process make a call, and return its outcome, or None if the call does not end in time.

        :raises ValueError: if the process ends instead.
        """
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        if self._selector.select(seconds):
            end: dict[str, Any] = json.loads(self._stdout.readline())
            return end
        self.stop()
        self._start()
        return None

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        self._selector.close()


class Outcome(NamedTuple):
    """What a client did in a case."""

    text: str
    faults: tuple[str, ...]


def judge(case: Case, end: dict[str, Any] | None, server: Server) -> Outcome:
    """Return what a client did, with the faults in it."""
    faults = []
    if len(server.committed) > 1 and "create" in case.call:
        faults.append("doubled")
    if any(map(case.unsafe, server.requests)):
        faults.append("unsafe request")
    if end is None:
        return Outcome(f"no end within {LIMIT:.0f} s", (*faults, "hang"))
    if end["leak"]:
        faults.append("leak")
    if "error" in end:
        text = end["error"] + (", outcome unknown" if end.get("unknown") else "")
        refused_unsent = (end["refused"] or end["error"] == "InvalidArgument") and not server.requests
        if case.ok:
            text = "fails: " + text
        if refused_unsent:
            text += ", nothing sent"
        elif not end["own"]:
            faults.append("foreign exception")
    elif end.get("empty"):
        text = "an empty model"
        faults.append("wrong result")
    else:
        text = "succeeds"
        if end.get("id") == "swapped":
            text = "another call's answer"
        if end.get("id") == "swapped" or (case.ok is False and not faults):
            faults.append("wrong result")
    if len(server.requests) > 1 and case.call not in ("threads", "fork", "interrupted"):
        text += f", {len(server.requests)} requests"
    if case.call == "threads":
        text += f", {server.connections} connections"
    return Outcome(text, tuple(faults))


def run(case: Case, worker: Worker, tls: ssl.SSLContext, authority: str) -> Outcome:
    """Play one case to one client, and return the outcome."""
    with Server(*case.steps(), otherwise=case.otherwise or commit(), tls=tls if case.tls else None) as server:
        options = {"host": server.host, **({"authority": authority} if case.tls else {}), **case.options}
        order = {"host": options.pop("host"), "call": case.call, "ids": case.ids, "options": options, "hunt": case.hunt}
        return judge(case, worker.do(order), server)


def page(results: dict[str, list[Outcome]], names: dict[str, str]) -> Iterator[str]:
    """Yield the lines of the page."""
    yield "# Reliability"
    yield ""
    yield (
        "A server on a real loopback socket plays each fault to four clients: this SDK on threads and on asyncio, the "
        "last release of the original, and Square's current SDK. The server counts the requests it received and the "
        "requests it carried out. If a client has such a setting, it waits 1 s for each piece of an answer. A call "
        f"that has not ended after {LIMIT:.0f} s counts as hung. `python -m reliability` plays all cases again and "
        "writes this page."
    )
    yield ""
    yield (
        "Bold marks what must not happen: a request carried out twice (doubled), a call that never ends (hang), an "
        "exception that is not the client's own, unless it is a ValueError or TypeError before anything was sent "
        "(foreign exception), a result that is not in the answer (wrong result), a request that should not have been "
        "sent (unsafe request), the token shown (leak). In total:"
    )
    yield ""
    yield f"| | {' | '.join(names[peer] for peer in results)} |"
    yield "|---|" + "---|" * len(results)
    for fault in FAULTS:
        counts = (sum(fault in outcome.faults for outcome in outcomes) for outcomes in results.values())
        yield f"| {fault} | {' | '.join(map(str, counts))} |"
    yield ""
    yield f"| case | {' | '.join(names[peer] for peer in results)} |"
    yield "|---|" + "---|" * len(results)
    for case, *outcomes in zip(CASES, *results.values(), strict=True):
        cells = (f"{each.text}: **{', '.join(each.faults)}**" if each.faults else each.text for each in outcomes)
        yield f"| {case.title} | {' | '.join(cells)} |"


def version_of(package: str, peer: str) -> str:
    """Return the version of a package in a peer's environment."""
    code = f"from importlib.metadata import version; print(version({package!r}))"
    command = [str(python_of(peer)), "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def main() -> int:
    """Play every case to every client, and write the page. Return 1 if this SDK does what must not happen."""
    tls, issuer = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), trustme.CA()
    issuer.issue_cert("127.0.0.1").configure_cert(tls)
    authority = Path(tempfile.mkdtemp()) / "ca.pem"
    issuer.cert_pem.write_to_path(authority)
    names = {**PEERS, "squareup": PEERS["squareup"].format(version=version_of("squareup", "squareup"))}
    results: dict[str, list[Outcome]] = {}
    for peer in PEERS:
        worker = Worker(peer)
        results[peer] = list(map(partial(run, worker=worker, tls=tls, authority=str(authority)), CASES))
        worker.stop()
    lines = list(page(results, names))
    print("\n".join(lines))
    Path(CHECKOUT / "docs" / "reliability.md").write_text("\n".join(lines) + "\n")
    return int(any(outcome.faults for peer in ("ours", "ours-asyncio") for outcome in results[peer]))


if __name__ == "__main__":
    sys.exit(main())
