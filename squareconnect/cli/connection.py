"""Checks of the connection to a host, step by step: proxy, name, connection, TLS."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

from squareconnect.cli.checks import Check
from squareconnect.configuration import check_proxy, is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECONDS = 10.0
"""The time limit for each step."""
_EXPIRED = (9, 10)
_FOREIGN_AUTHORITY = (2, 18, 19, 20, 21)
"""OpenSSL's codes for certificate chains that end at an untrusted authority."""


def connection_checks(host: str, ca_file: str | None) -> Iterator[Check]:
    """Check each step of the connection to a host, up to the first that is wrong.

    :param host: the host's URL.
    :param ca_file: a PEM file of the authorities to trust; None for those of certifi.
    """
    try:
        proxy = proxy_of(host)
    except ValueError as error:
        yield Check("proxy", "wrong", str(error))
        return
    first = urlsplit(proxy or host)
    yield Check("proxy", "ok", f"{first.hostname}:{_port(first)} leads to {host}" if proxy else "none")
    yield (found := _name_check(first))
    if found.status != "wrong":
        yield tls_check(urlsplit(host), urlsplit(proxy) if proxy else None, ca_file)


def proxy_of(host: str) -> str:
    """Return the proxy that the environment names for a host, or an empty text.

    :raises ValueError: if the proxy is not a URL.
    """
    parts = urlsplit(host)
    proxies = getproxies_environment()
    if is_loopback(host) or proxy_bypass_environment(parts.netloc, proxies):
        return ""
    name = parts.scheme if parts.scheme in proxies else "all"
    return check_proxy(f"the environment variable {name.upper()}_PROXY", proxies.get(name)) or ""


def _port(url: SplitResult) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _name_check(url: SplitResult) -> Check:
    server = url.hostname or ""
    try:
        found = socket.getaddrinfo(server, _port(url), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a valid host name"
        return Check(
            "dns", "wrong", f"{server} was not found ({reason})", "check the name, the network and the resolver"
        )
    addresses = list(dict.fromkeys(str(address[4][0]) for address in found))
    return Check("dns", "ok", f"{server} is {', '.join(addresses[:3])}")


def tls_check(url: SplitResult, proxy: SplitResult | None, ca_file: str | None) -> Check:
    """Check that a host accepts connections, and that its certificate is trusted.

    :param url: the host's URL.
    :param proxy: the URL of the proxy to use; None for none.
    :param ca_file: a PEM file of the authorities to trust; None for those of certifi.
    """
    if proxy and proxy.scheme == "https":
        return Check("tls", "skipped", "the proxy itself uses TLS; the answer shows whether it works")
    try:
        connection = _connection_to(url, proxy, ca_file)
    except (OSError, ssl.SSLError) as error:
        return Check("tls", "wrong", f"the authorities in {ca_file} cannot be used ({error})", "give a PEM file")
    try:
        connection.connect()
        return _connected_check(connection)
    except ssl.SSLCertVerificationError as error:
        return Check("tls", "wrong", f"the certificate is not trusted ({error.verify_message})", _remedy_of(error))
    except ssl.SSLError as error:
        remedy = "check the port, and whether there is a proxy in between"
        return Check("tls", "wrong", f"TLS could not be negotiated ({error.reason})", remedy)
    except OSError as error:
        through = "the proxy" if proxy else f"{url.hostname}:{_port(url)}"
        remedy = "check HTTPS_PROXY and NO_PROXY" if proxy else "check the host, the firewall and the proxy settings"
        return Check("connection", "wrong", f"{through} cannot be reached ({error.strerror or error})", remedy)
    finally:
        connection.close()


def _connection_to(url: SplitResult, proxy: SplitResult | None, ca_file: str | None) -> http.client.HTTPConnection:
    at = proxy or url
    options: dict[str, Any] = {"host": at.hostname, "port": _port(at), "timeout": _SECONDS}
    if url.scheme == "http":
        return http.client.HTTPConnection(**options)
    import certifi

    context = ssl.create_default_context(cafile=ca_file or certifi.where())
    connection = http.client.HTTPSConnection(**options, context=context)
    if proxy:
        connection.set_tunnel(url.hostname or "", _port(url), _credentials_of(proxy))
    return connection


def _credentials_of(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def _connected_check(connection: http.client.HTTPConnection) -> Check:
    if not isinstance(connection.sock, ssl.SSLSocket):
        return Check("tls", "skipped", "the host speaks plain HTTP")
    certificate: dict[str, Any] = connection.sock.getpeercert() or {}
    issuer = dict(pair for group in certificate.get("issuer", ()) for pair in group)
    name = issuer.get("organizationName") or issuer.get("commonName") or "an authority without a name"
    version = connection.sock.version()
    return Check("tls", "ok", f"{version}, certified by {name} until {certificate.get('notAfter')}")


def _remedy_of(error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code in _EXPIRED:
        return "check this machine's date"
    if error.verify_code in _FOREIGN_AUTHORITY:
        return "if a proxy or virus scanner intercepts TLS here, give its authority's certificate with --ca-file"
    return "check the host's name"
