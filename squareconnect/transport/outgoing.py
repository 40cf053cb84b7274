"""The request as it is sent, and its route: pure functions that both drivers use."""

from __future__ import annotations

import ipaddress
import os
import re
import select
import socket
import ssl
from base64 import b64encode
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlencode, urlsplit

import certifi
import urllib3
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url, ssl_

from squareconnect._checks import check_proxy, is_loopback
from squareconnect._text import Secret
from squareconnect.exceptions import InvalidArgument
from squareconnect.serialization import encode
from squareconnect.transport.exchange import METHODS, Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_URL = re.compile(r"(https?://[^/?#@\\\x00-\x20\x7f]+)(/[^\x00-\x20\x7f]*)?")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t -~\x80-\xff]*")
_FRAMING = ("content-length", "transfer-encoding")


def split_url(url: str) -> tuple[str, str]:
    """Return the origin of a URL, and its path with the query.

    :raises InvalidArgument: for a text that is not an HTTP URL, or that has a user name, a space or a line break.
    """
    match = _URL.fullmatch(url) if isinstance(url, str) else None
    if not match:
        raise InvalidArgument(
            "url must be http:// or https://, a host and a path, without a user name, spaces or line breaks"
        )
    return match[1], match[2] or "/"


def outgoing(
    method: str,
    url: str,
    query_params: Any,
    headers: Mapping[str, str] | None,
    body: Any,
    post_params: Iterable[tuple[str, Any]] | None,
) -> Request:
    """Return the request for a call's arguments; see :meth:`RESTClientObject.request`.

    :raises InvalidArgument: for a method, URL, header or value that cannot be sent.
    :raises TypeError: for headers that are not a mapping, and for a body with a value that JSON cannot represent.
    """
    if method not in METHODS:
        raise InvalidArgument(f"method must be one of {', '.join(sorted(METHODS))}, not {method!r}")
    if query_params:
        url = f"{url}{'&' if '?' in url else '?'}{urlencode(query_params)}"
    sent = dict(headers) if headers else {}
    check_headers(sent)
    if body is None and post_params:
        body, sent["Content-Type"] = _form(list(post_params), sent.get("Content-Type"))
    elif body is not None and not isinstance(body, bytes):
        body = encode_body(body)
        if "Content-Type" not in sent and not any(name.lower() == "content-type" for name in sent):
            sent["Content-Type"] = "application/json"
    return Request(method, url, sent, body)


def _form(fields: list[tuple[str, Any]], content_type: str | None) -> tuple[bytes, str]:
    """Return form fields as a body, with its media type: multipart, unless the headers ask for a URL-encoded form."""
    if content_type == "application/x-www-form-urlencoded":
        return urlencode(fields).encode(), content_type
    return urllib3.encode_multipart_formdata(fields)


def encode_body(body: Any) -> bytes:
    """Return the JSON text of a body.

    :raises InvalidArgument: for NaN, an infinity, and a body that contains itself or is nested too deeply.
    :raises TypeError: for a value that JSON cannot represent.
    """
    try:
        return encode(body)
    except ValueError as error:
        problem = str(error)
    raise InvalidArgument(problem)


@lru_cache
def _may_be_set(name: str) -> bool:
    return _HEADER_NAME.fullmatch(name) is not None and name.lower() not in _FRAMING


@lru_cache
def _may_all_be_set(names: tuple[str, ...]) -> bool:
    return all(map(_may_be_set, names))


def check_headers(headers: dict[str, str]) -> None:
    """Call :func:`check_header` for each header, unless one check shows that all are ordinary.

    :raises InvalidArgument: for an invalid header. The message names it and does not show its value.
    """
    try:
        values = "".join(headers.values())
        if values.isascii() and values.isprintable() and _may_all_be_set(tuple(headers)):
            return
    except TypeError:  # A name or value is not a str.
        pass
    values = ""  # A traceback shows the locals of each frame.
    for name, value in headers.items():
        check_header(name, value)


def check_header(name: object, value: object) -> None:
    """Refuse a header that is not valid (RFC 9110, 5), or that the transport sets itself.

    :raises InvalidArgument: for an invalid header. The message names it and does not show its value.
    """
    if not isinstance(name, str) or not _may_be_set(name):
        value = None  # A traceback shows the locals of each frame.
        if isinstance(name, str) and name.lower() in _FRAMING:
            raise InvalidArgument(f"header {name} must be left out: the client sets it to match the body")
        raise InvalidArgument(f"{name!r} is not a valid header name")
    if not isinstance(value, str) or not ((value.isascii() and value.isprintable()) or _HEADER_VALUE.fullmatch(value)):
        value = None
        raise InvalidArgument(
            f"header {name} must be a str in Latin-1 without line breaks; its value is not shown here"
        )


def require_origin(origin: str) -> None:
    """Refuse an origin that no connection can be made to.

    :raises InvalidArgument: for an invalid host name, address or port.
    """
    try:
        parse_url(origin)
    except LocationParseError:
        raise InvalidArgument(f"url must have a host and a port that can be connected to, not {origin!r}") from None


def proxy_for(origin: str, proxy: str | None) -> str:
    """Return the URL of the proxy for an origin, or an empty string.

    :param proxy: ``Configuration.proxy``; None follows the environment variables ``HTTPS_PROXY``, ``HTTP_PROXY``,
        ``ALL_PROXY`` and ``NO_PROXY``.
    :raises ValueError: for an environment variable that is not the URL of an HTTP proxy. The message names it.
    """
    if proxy is not None:
        return proxy
    if not any(name.lower().endswith("_proxy") for name in os.environ):
        return ""
    from urllib.request import getproxies

    proxies = {name: Secret(value) for name, value in getproxies().items()}
    parts = urlsplit(origin)
    if is_loopback(origin) or is_bypassed(parts.hostname or "", parts.port, proxies.get("no", "")):
        return ""
    name = parts.scheme if parts.scheme in proxies else "all"
    return check_proxy(f"the environment variable {name.upper()}_PROXY", proxies.get(name)) or ""


def is_bypassed(host: str, port: int | None, no_proxy: str) -> bool:
    """Return whether ``NO_PROXY`` covers a host: by its name, a parent domain, its network, or ``*``."""
    for entry in (entry.strip().lower() for entry in no_proxy.split(",")):
        name, _, wanted_port = entry.rpartition(":") if re.fullmatch(r"(\[.*\]|[^:]*):\d+", entry) else (entry, "", "")
        if wanted_port and int(wanted_port) != port:
            continue
        name = name.strip("[]").removeprefix("*").lstrip(".")
        if entry == "*" or (name and (host == name or host.endswith("." + name) or _is_in_network(host, name))):
            return True
    return False


def _is_in_network(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def is_exposed(origin: str, proxy: str) -> bool:
    """Return whether others can read the requests, because they go over plain HTTP to or through another machine."""
    return origin.startswith("http:") and not (is_loopback(origin) and is_loopback(proxy or origin))


def exposed_to_others(origin: str) -> InvalidArgument:
    """Return the exception for an origin that :func:`is_exposed`."""
    return InvalidArgument(
        f"host: requests to {origin} would go over plain HTTP, which others can read: use https, or set "
        "Configuration.allow_insecure_http"
    )


def basic_credentials(user_and_password: str) -> Secret:
    """Return the user name and password of a URL as the value of a header (RFC 7617)."""
    return Secret("Basic " + b64encode(unquote_to_bytes(user_and_password)).decode())


def tls_context(verify_ssl: bool, ssl_ca_cert: Any, cert_file: Any, key_file: Any) -> ssl.SSLContext:
    """Return the TLS settings of a client: certifi's authorities, TLS 1.2 or later.

    :raises ValueError: for a file that cannot be used. The message names its setting.
    """
    try:
        context = _client_context(ssl_ca_cert or certifi.where())
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"ssl_ca_cert cannot be used: {error}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if cert_file:
        try:
            context.load_cert_chain(cert_file, key_file)
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"cert_file and key_file cannot be used: {error}") from None
    return context


def _client_context(authorities: Any) -> ssl.SSLContext:
    known: Any = ssl_.SSLContext  # pyright: ignore[reportPrivateImportUsage]
    context = ssl.create_default_context(cafile=authorities)
    if not isinstance(context, known):  # mocket's own context does not work with mocket's sockets; urllib3's does.
        context = ssl_.create_urllib3_context()
        context.load_verify_locations(authorities)
    return context


def network_primitives() -> tuple[Any, ...]:
    """Return the functions and classes that tools replace to intercept network access.

    A connection that was made when they were different must not be used: it would bypass the tool that is active now,
    or still go through one that is not.
    """
    return socket.socket, socket.socket.connect, ssl.SSLContext


def is_readable(sock: Any) -> bool:
    """Return whether the kernel holds bytes that a socket received, or the end of the stream."""
    if not hasattr(select, "poll"):
        return bool(select.select([sock], [], [], 0)[0])
    kernel = select.poll()
    kernel.register(sock, select.POLLIN)
    return bool(kernel.poll(0))


def both_times(timeout: float | tuple[float, float]) -> tuple[float, float]:
    """Return the time-outs, in seconds, of connecting and of each piece of an answer."""
    return timeout if isinstance(timeout, tuple) else (timeout, timeout)
