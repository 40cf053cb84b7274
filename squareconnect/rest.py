"""Bytes over HTTP: with :mod:`squareconnect.connections`, the only file that talks to urllib3.

A request is tried until it is answered or until trying again could do harm, and never beyond its deadline:

* What surely did not reach the server is tried again, whatever the method: no connection could be made, or the
  server answered 429.
* What may have reached it (an answer of 5xx, or none) is tried again only if repeating does no harm.
"""

from __future__ import annotations

import email.utils
import logging
import os
import random
import re
import ssl
import threading
import time
import weakref
import zlib
from base64 import b64encode
from functools import lru_cache
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_to_bytes, urlencode, urlsplit

import certifi
import urllib3
from urllib3.exceptions import EmptyPoolError, HTTPError, ProxyError
from urllib3.exceptions import TimeoutError as HTTPTimeout
from urllib3.util import parse_url

from squareconnect.configuration import Secret, check_proxy, is_loopback, seconds_or_pair
from squareconnect.connections import POOL_CLASSES, Attempt, DeadlineSSLSocket, of_thread
from squareconnect.exceptions import ApiException as ApiException
from squareconnect.exceptions import ConnectionFailed, DecodeError, Timeout, from_response, printable
from squareconnect.serialization import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from squareconnect.configuration import Configuration

logger = logging.getLogger("squareconnect")


class RESTResponse:
    """An answer, read whole.

    :param status: the HTTP status.
    :param reason: the reason phrase.
    :param headers: the headers, looked up without regard to case.
    :param content: the body, after any Content-Encoding is undone.
    :param attempts: how often the request was tried.
    """

    def __init__(
        self, status: int, reason: str | None, headers: Mapping[str, str], content: bytes, attempts: int = 1
    ) -> None:
        self.status = status
        self.reason = reason
        self.headers = headers
        self.content = content
        self.attempts = attempts

    @property
    def data(self) -> str:
        """The body as text; bytes that are not UTF-8 are replaced."""
        return self.content.decode("utf-8", "replace")

    def getheaders(self) -> Mapping[str, str]:
        """Give the headers."""
        return self.headers

    def getheader(self, name: str, default: str | None = None) -> str | None:
        """Give one header's value, or the default."""
        return self.headers.get(name, default)


# -- What decides: pure functions -----------------------------------------------------------------------------------

METHODS = frozenset(("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"))
SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))
"""Methods that change nothing (RFC 9110, 9.2.1)."""
IDEMPOTENT_METHODS = SAFE_METHODS | {"PUT", "DELETE"}
"""Methods of which a repetition changes nothing more (RFC 9110, 9.2.2)."""


def is_uncertain(status: int | None) -> bool:
    """Whether an answer leaves open if the request was carried out."""
    return status is not None and (status == 408 or (status >= 500 and status != 501))


def should_retry(failure: ApiException, repeatable: bool) -> bool:
    """Whether a failed try may be followed by another.

    :param failure: the failure, with its ``outcome_unknown`` set for this one try.
    :param repeatable: whether carrying the request out twice is the same as once.
    """
    if isinstance(failure, (ConnectionFailed, Timeout)) or is_uncertain(failure.status):
        return repeatable or not failure.outcome_unknown
    return failure.status == 429


def pause_before_retry(attempts: int, retry_after: str | None, longest: float, jitter: float, now: float) -> float:
    """Give the seconds to wait before the next try: what the server asked for, else twice as long each time.

    :param attempts: how many tries there were.
    :param retry_after: the ``Retry-After`` header (RFC 9110, 10.2.3): seconds or a date.
    :param longest: the most seconds to wait, whatever the server asks for.
    :param jitter: a random number from 0 to 1, so that many clients do not come back at once.
    :param now: the time of day as ``time.time`` gives it.
    """
    seconds: float = 0.5 * 2 ** min(attempts - 1, 30) * (0.5 + jitter / 2)
    if retry_after:
        try:
            if retry_after.isascii() and retry_after.isdigit():
                seconds = float(retry_after)
            else:
                seconds = email.utils.parsedate_to_datetime(retry_after).timestamp() - now
        except (ValueError, TypeError, OverflowError):
            pass
    return min(max(seconds, 0.0), longest)


def decompress(content: bytes, encoding: str, limit: int) -> bytes:
    """Undo a ``Content-Encoding`` of gzip or deflate (RFC 9110, 8.4.1).

    :param limit: bytes that the result may have.
    :raises ValueError: for another encoding, content that is not one whole of it, and a result over the limit.
    """
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise ValueError(f"its Content-Encoding {encoding!r} is unknown")
    inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        result = inflate.decompress(content, limit + 1)
    except zlib.error as error:
        raise ValueError(f"its {encoding} is broken: {error}") from None
    if len(result) > limit:
        raise ValueError(_too_large(limit))
    if not inflate.eof or inflate.unused_data:
        raise ValueError(f"its {encoding} does not end where it ends")
    return result


def _too_large(limit: int) -> str:
    return f"it is larger than Configuration.max_response_size, {limit} bytes"


# -- The client -----------------------------------------------------------------------------------------------------


class _Origin(NamedTuple):
    """Where requests to one scheme, host and port go."""

    pool: urllib3.HTTPConnectionPool
    prefix: str
    """What stands before the path in the request line: the origin itself, if an HTTP proxy has to read it."""
    exposed: bool
    """Whether requests can be read on their way: they go over plain HTTP to another machine, or through one."""


class RESTClientObject:
    """Sends requests over connections that it keeps and shares between threads, but never between processes.

    :param configuration: the settings. Those of TLS, proxy and pool are read now, the others at each request.
    :param pools_size: how many hosts connections are kept to.
    :raises ValueError: for a ``cert_file`` or ``ssl_ca_cert`` that cannot be used; at the first request over TLS.
    """

    sleep: Callable[[float], None] = staticmethod(time.sleep)
    monotonic: Callable[[], float] = staticmethod(time.monotonic)
    jitter: Callable[[], float] = staticmethod(random.random)

    def __init__(self, configuration: Configuration, pools_size: int = 4) -> None:
        self.configuration = configuration
        self._pools_size = pools_size
        self._fixed = {name: getattr(configuration, name) for name in _FIXED_SETTINGS}
        self._forget()

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._origins: dict[str, _Origin] = {}
        self._managers: dict[str, urllib3.PoolManager] = {}
        _clients.add(self)

    def __getstate__(self) -> dict[str, Any]:
        return {name: vars(self)[name] for name in ("configuration", "_pools_size", "_fixed")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._forget()

    @property
    def pool_manager(self) -> urllib3.PoolManager:
        """urllib3's pool manager for ``Configuration.host``."""
        origin, _ = _split(self.configuration.host)
        self._origin(origin)
        return self._managers[self._proxy_for(origin)]

    def close(self) -> None:
        """Close the connections that no request is using. A later request opens new ones."""
        with self._lock:
            for manager in self._managers.values():
                manager.clear()
            self._origins.clear()
            self._managers.clear()

    def request(
        self,
        method: str,
        url: str,
        query_params: Any = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        post_params: Iterable[tuple[str, Any]] | None = None,
        *,
        timeout: float | tuple[float, float] | None = None,
        repeatable: bool | None = None,
    ) -> RESTResponse:
        """Send a request until it is answered, the retries are used up or the deadline passes.

        :param method: the HTTP method.
        :param url: the whole URL.
        :param query_params: names and values, as a mapping or pairs.
        :param headers: the headers, which replace the default ones of the same name.
        :param body: bytes, which go out as they are, or what is to go out as JSON.
        :param post_params: form fields, if there is no body; see :meth:`ApiClient.prepare_post_parameters`.
        :param timeout: seconds to wait, instead of ``Configuration.timeout``.
        :param repeatable: whether carrying the request out twice is the same as once; by default what HTTP says of
            the method.
        :return: the answer, if its status is 200 to 205. A 404 to a DELETE of which an earlier try may have been
            carried out is given as 200 with an empty object.
        :raises ApiException: for every other end.
        :raises ValueError: for a method, URL, header, body or time-out that cannot be sent, and for plain HTTP to or
            through another machine unless ``Configuration.allow_insecure_http`` is set; no connection is opened then.
        :raises TypeError: for a body with a value that JSON cannot carry; no connection is opened then.
        """
        settings = self.configuration
        if method not in METHODS:
            raise ValueError(f"method must be one of {', '.join(sorted(METHODS))}, not {method!r}")
        origin, path = _split(url)
        target = path + "?" + urlencode(query_params) if query_params else path
        pool, prefix, exposed = self._origins.get(origin) or self._origin(origin)
        if exposed and not settings.allow_insecure_http:
            raise ValueError(
                f"host: {origin} would be spoken to over plain HTTP, which others can read: use https, or set "
                "Configuration.allow_insecure_http"
            )
        sent_headers = dict(headers) if headers else {}
        for name, value in sent_headers.items():
            check_header(name, value)
        if body is None and post_params:
            body, sent_headers["Content-Type"] = urllib3.encode_multipart_formdata(list(post_params))
        elif body is not None and not isinstance(body, bytes):
            body = encode(body)
        times = _times(settings.timeout if timeout is None else seconds_or_pair("_request_timeout", timeout))
        if repeatable is None:
            repeatable = method in IDEMPOTENT_METHODS

        deadline = self.monotonic() + settings.deadline
        attempts = 0
        lost = False
        while True:
            attempts += 1
            result = self._try(pool, method, prefix + target, body, sent_headers, times, deadline)
            if logger.isEnabledFor(logging.DEBUG):
                outcome = result.status or type(result).__name__
                logger.debug("%s %s: %s, try %d", method, printable(path), outcome, attempts)
            if isinstance(result, RESTResponse):
                result.attempts = attempts
                return result
            if lost and method == "DELETE" and result.status == 404:
                return RESTResponse(200, "OK", result.headers or {}, b"{}", attempts)
            lost = lost or result.outcome_unknown
            asked = result.headers.get("Retry-After") if result.headers else None
            pause = pause_before_retry(attempts, asked, settings.max_retry_wait, self.jitter(), time.time())
            again = attempts <= settings.max_retries and should_retry(result, repeatable)
            if not again or self.monotonic() + pause >= deadline:
                raise result.about(method, path, attempts, lost and method not in SAFE_METHODS)
            self.sleep(pause)

    def _try(
        self,
        pool: urllib3.HTTPConnectionPool,
        method: str,
        target: str,
        body: bytes | None,
        headers: Mapping[str, str],
        times: tuple[float, float],
        deadline: float,
    ) -> RESTResponse | ApiException:
        """Try once. A failure comes back without urllib3's tracebacks, whose local variables hold the token."""
        attempt = Attempt(deadline, self.monotonic)
        outer, of_thread.attempt = of_thread.attempt, attempt
        left = max(deadline - self.monotonic(), 0.001)
        limit = self.configuration.max_response_size
        content: list[bytes] = []
        try:
            response = pool.urlopen(
                method,
                target,
                body,
                headers,
                retries=_ONCE,
                redirect=False,
                assert_same_host=False,
                timeout=_timeout(min(times[0], left), min(times[1], left)),
                pool_timeout=left,  # type: ignore[arg-type]
                preload_content=False,
            )
            _read(response, content, limit)
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            failure = _explain(error)
        except BaseException as interruption:  # What a signal's handler raises, above all.
            interruption.__context__ = None
            raise interruption.with_traceback(None) from None
        else:
            return _judge(RESTResponse(response.status, response.reason, response.headers, b"".join(content)), limit)
        finally:
            of_thread.attempt = outer
        failure.outcome_unknown = attempt.reached_server
        if attempt.answer is None:
            return failure
        came = attempt.answer
        headers_came = urllib3.HTTPHeaderDict((came.headers or {}).items())
        answer = RESTResponse(came.status, came.reason, headers_came, b"".join(content))
        if _is_success(answer.status):
            failure.status, failure.headers, failure.raw_body = answer.status, answer.headers, answer.content
            return failure
        return _judge(answer, limit)

    def _origin(self, origin: str) -> _Origin:
        proxy = self._proxy_for(origin)
        with self._lock:
            if proxy not in self._managers:
                self._managers[proxy] = self._open(proxy)
            if origin not in self._origins:
                pool = self._managers[proxy].connection_from_url(origin)
                plain = origin.startswith("http:")
                exposed = plain and not (is_loopback(origin) and is_loopback(proxy or origin))
                while len(self._origins) >= self._pools_size:
                    del self._origins[next(iter(self._origins))]
                self._origins[origin] = _Origin(pool, origin if plain and proxy else "", exposed)
            return self._origins[origin]

    def _proxy_for(self, origin: str) -> str:
        """Give the URL of the proxy for an origin, or an empty text."""
        if self._fixed["proxy"] is not None:
            return self._fixed["proxy"]  # type: ignore[no-any-return]
        if not any(name.lower().endswith("_proxy") for name in os.environ):
            return ""
        from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

        parts = urlsplit(origin)
        proxies = {name: Secret(value) for name, value in getproxies_environment().items()}
        if is_loopback(origin) or proxy_bypass_environment(parts.netloc, proxies):
            return ""
        name = parts.scheme if parts.scheme in proxies else "all"
        return check_proxy(f"the environment variable {name.upper()}_PROXY", proxies.get(name)) or ""

    def _open(self, proxy: str) -> urllib3.PoolManager:
        options: dict[str, Any] = {
            "maxsize": self._fixed["connection_pool_maxsize"],
            "block": True,
            "ssl_context": self._ssl_context(),
        }
        if proxy:
            at = parse_url(proxy)
            options["proxy_headers"] = {"Proxy-Authorization": _basic(at.auth)} if at.auth else {}
            manager: urllib3.PoolManager = urllib3.ProxyManager(
                f"{at.scheme}://{at.netloc}", self._pools_size, proxy_ssl_context=options["ssl_context"], **options
            )
        else:
            manager = urllib3.PoolManager(self._pools_size, **options)
        manager.pool_classes_by_scheme = POOL_CLASSES
        return manager

    def _ssl_context(self) -> ssl.SSLContext:
        fixed = self._fixed
        try:
            context = ssl.create_default_context(cafile=fixed["ssl_ca_cert"] or certifi.where())
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"ssl_ca_cert cannot be used: {error}") from None
        context.sslsocket_class = DeadlineSSLSocket
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if not fixed["verify_ssl"]:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if fixed["cert_file"]:
            try:
                context.load_cert_chain(fixed["cert_file"], fixed["key_file"])
            except (OSError, ssl.SSLError) as error:
                raise ValueError(f"cert_file and key_file cannot be used: {error}") from None
        return context

    def GET(self, url: str, **options: Any) -> RESTResponse:
        """Send a GET; see :meth:`request`. The next six do so with their methods."""
        return self.request("GET", url, **options)

    def HEAD(self, url: str, **options: Any) -> RESTResponse:
        return self.request("HEAD", url, **options)

    def OPTIONS(self, url: str, **options: Any) -> RESTResponse:
        return self.request("OPTIONS", url, **options)

    def DELETE(self, url: str, **options: Any) -> RESTResponse:
        return self.request("DELETE", url, **options)

    def POST(self, url: str, **options: Any) -> RESTResponse:
        return self.request("POST", url, **options)

    def PUT(self, url: str, **options: Any) -> RESTResponse:
        return self.request("PUT", url, **options)

    def PATCH(self, url: str, **options: Any) -> RESTResponse:
        return self.request("PATCH", url, **options)


_ONCE = urllib3.Retry(False, redirect=False)
_FIXED_SETTINGS = ("verify_ssl", "ssl_ca_cert", "cert_file", "key_file", "proxy", "connection_pool_maxsize")
_clients: weakref.WeakSet[RESTClientObject] = weakref.WeakSet()


def _start_anew_after_fork() -> None:
    """Leave the parent's connections to the parent: on a shared one, each would read the other's answers."""
    for client in list(_clients):
        for origin in client._origins.values():
            idle: Any = origin.pool.pool
            connections = list(idle.queue)
            idle.__init__()  # Its lock may have been held at the fork, and urllib3 takes it when the pool is collected.
            for connection in filter(None, connections):
                connection.close()
        client._forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew_after_fork)


_URL = re.compile(r"(https?://[^/?#@\\\x00-\x20\x7f]+)(/[^\x00-\x20\x7f]*)?")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t -~\x80-\xff]*")


@lru_cache
def _is_header_name(name: str) -> bool:
    return _HEADER_NAME.fullmatch(name) is not None


def _is_header_value(value: str) -> bool:
    return (value.isascii() and value.isprintable()) or _HEADER_VALUE.fullmatch(value) is not None


def check_header(name: object, value: object) -> None:
    """Refuse what would not be one header (RFC 9110, 5).

    :raises ValueError: naming the header; its value is not shown.
    """
    if not isinstance(name, str) or not _is_header_name(name):
        raise ValueError(f"{name!r} cannot be the name of a header")
    if not isinstance(value, str) or not _is_header_value(value):
        raise ValueError(f"header {name} must be a str in Latin-1 without line breaks; its value is not shown here")


def _split(url: str) -> tuple[str, str]:
    """Give the origin and the path of a URL."""
    match = _URL.fullmatch(url)
    if not match:
        raise ValueError(
            "url must be http:// or https://, a host and a path, without a user name, spaces or line breaks"
        )
    return match[1], match[2] or "/"


def _basic(user_and_password: str) -> Secret:
    """Give the credentials of a URL as the value of a header (RFC 7617)."""
    return Secret("Basic " + b64encode(unquote_to_bytes(user_and_password)).decode())


@lru_cache
def _timeout(connect: float, read: float) -> urllib3.Timeout:
    return urllib3.Timeout(connect=connect, read=read)


def _times(timeout: float | tuple[float, float]) -> tuple[float, float]:
    """Give the time-outs for connecting and for reading."""
    return timeout if isinstance(timeout, tuple) else (timeout, timeout)


def _read(response: urllib3.BaseHTTPResponse, content: list[bytes], limit: int) -> None:
    """Read the body, at most one byte more than the limit, appending each piece as it comes."""
    left = limit + 1
    whole = False
    try:
        while left > 0 and response.length_remaining != 0:
            piece = response.read1(min(left, 65536), decode_content=False)
            if not piece:
                break
            content.append(piece)
            left -= len(piece)
        whole = left > 0
    finally:
        if not whole:
            response.close()
        response.release_conn()  # urllib3 does so only where it has read something.


def _is_success(status: int) -> bool:
    return 200 <= status <= 205


def _judge(answer: RESTResponse, limit: int) -> RESTResponse | ApiException:
    """Undo the Content-Encoding of an answer, and tell a success from a failure."""
    problem = None
    encoding = answer.headers.get("Content-Encoding", "").strip().lower()
    if len(answer.content) > limit:
        problem = _too_large(limit)
    elif answer.content and encoding not in ("", "identity"):
        try:
            answer.content = decompress(answer.content, encoding, limit)
        except ValueError as error:
            problem = str(error)
    if not _is_success(answer.status):
        failure = from_response(answer)
        failure.outcome_unknown = is_uncertain(answer.status)
        return failure
    if problem:
        unreadable = DecodeError(http_resp=answer)
        unreadable.reason = f"the answer cannot be read: {problem}"
        unreadable.outcome_unknown = True
        return unreadable
    return answer


def _explain(error: BaseException) -> ApiException:
    """Give the exception for a try that got no whole answer."""
    causes = [error]
    while cause := causes[-1].__cause__ or next((arg for arg in causes[-1].args if isinstance(arg, Exception)), None):
        causes.append(cause)
    late = any(isinstance(each, (TimeoutError, HTTPTimeout, EmptyPoolError)) for each in causes)
    innermost = causes[-1]
    reason = f"{type(innermost).__name__}: {innermost}" if str(innermost) else type(innermost).__name__
    if any(isinstance(each, ProxyError) for each in causes):
        reason = f"at the proxy, {reason}"
    return (Timeout if late else ConnectionFailed)(reason=reason)
