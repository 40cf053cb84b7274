from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from test.servers import Server, Step, api_for, tunnel

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

    import trustme

    from squareconnect import CustomersApi


class Route(NamedTuple):
    """A route to a server."""

    tls: ssl.SSLContext | None
    settings: dict[str, Any]

    @contextlib.contextmanager
    def server(self, *steps: Step, **options: Any) -> Iterator[tuple[Server, CustomersApi]]:
        """Run a server that plays steps, and yield it with its client."""
        with Server(*steps, tls=self.tls, **options) as server:
            api = api_for(server, **self.settings)
            yield server, api
            api.api_client.close()


@pytest.fixture(params=["plain", "over TLS", "over TLS within a proxy's TLS"])
def route(
    request: pytest.FixtureRequest, server_tls: ssl.SSLContext, authority: trustme.CA, tmp_path: Path
) -> Iterator[Route]:
    """Each route to a server on which no tool replaces anything."""
    if request.param == "plain":
        yield Route(None, {})
        return
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    settings: dict[str, Any] = {"ssl_ca_cert": str(path)}
    if request.param == "over TLS":
        yield Route(server_tls, settings)
        return
    with Server(tls=server_tls, otherwise=tunnel) as proxy:
        yield Route(server_tls, {**settings, "proxy": proxy.host})
