"""A server in a separate process, which tools in the caller's process cannot affect.

``python -m test.interop.peer FOLDER`` prints its hosts as JSON and serves until its standard input ends.
"""

from __future__ import annotations

import contextlib
import json
import ssl
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import trustme

from test.servers import FOUND, Server, Wire, after, answer, drip, message, silent_host, stall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from test.servers import Request


class Peer(NamedTuple):
    """The addresses of the server."""

    plain: str
    tls: str
    silent: str
    """A host that accepts connections and never answers."""
    authority: str
    """A PEM file of the authority that issued its certificate for 127.0.0.1 and localhost."""


def id_of(response: Any) -> Any:
    """Return the id of the customer that a response holds."""
    return response.customer.id


def play(wire: Wire, request: Request) -> None:
    """Do what the id in the path or the name in the body says."""
    asked = request.target.encode() + request.body
    if b"DRIP" in asked:
        drip(message(200, FOUND), 0.05)(wire, request)
    elif b"STALL" in asked:
        stall(wire, request)
    elif b"SLOW" in asked:
        after(0.3, answer())(wire, request)
    else:
        answer()(wire, request)


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Peer]:
    """Run the server.

    :param folder: where the authority's file is written.
    """
    command = [sys.executable, "-m", "test.interop.peer", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        try:
            yield Peer(*json.loads(process.stdout.readline()))
        finally:
            process.communicate(timeout=30)


def main(folder: str) -> None:
    """Serve."""
    authority = trustme.CA()
    file = Path(folder, "authority.pem")
    authority.cert_pem.write_to_path(str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    with Server(otherwise=play) as plain, Server(otherwise=play, tls=context) as tls, silent_host() as silent:
        print(json.dumps([plain.host, tls.host, silent, str(file)]), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
