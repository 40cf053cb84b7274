"""Send requests; the module where 2.x has ``RESTClientObject``, ``RESTResponse`` and ``ApiException``."""

from __future__ import annotations

import os
import random
import ssl
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any, NamedTuple

from urllib3.util import parse_url

from squareconnect.configuration import FIXED
from squareconnect.exceptions import ApiException as ApiException
from squareconnect.transport import (
    IDEMPOTENT_METHODS,
    Broken,
    CallOptions,
    Clock,
    Pause,
    Rules,
    call_options,
    exchange,
    threads,
    threads_pool,
)
from squareconnect.transport import RESTResponse as RESTResponse
from squareconnect.transport.outgoing import (
    basic_credentials,
    both_times,
    exposed_to_others,
    is_exposed,
    outgoing,
    proxy_for,
    require_origin,
    split_url,
    tls_context,
)
from squareconnect.transport.threads_connection import Attempt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from squareconnect.configuration import Configuration
    from squareconnect.transport import Request


class RESTClientObject:
    """Sends requests over connections that it keeps and shares between threads, but never between processes.

    :param configuration: the settings. Those of TLS, proxy and pool are read now, the others at each request.
    :param pools_size: the number of hosts to keep connections to.
    :raises ValueError: for a ``cert_file`` or ``ssl_ca_cert`` that cannot be used, at the first request over TLS.
    """

    sleep: Callable[[float], None] = staticmethod(time.sleep)
    monotonic: Callable[[], float] = staticmethod(time.monotonic)
    jitter: Callable[[], float] = staticmethod(random.random)

    def __init__(self, configuration: Configuration, pools_size: int = 4) -> None:
        self.configuration = configuration
        self._pools_size = pools_size
        self._fixed = {name: getattr(configuration, name) for name in FIXED}
        self._assigned_manager: Any = None
        self._reset_connections()
        if threads_pool.is_replaced():
            self._route(split_url(configuration.host)[0])  # Use the replacement for this client, even once it is gone.

    def _reset_connections(self) -> None:
        self._lock = threading.Lock()
        self._slots = threads_pool.Slots(self._fixed["connection_pool_maxsize"])
        self._routes: dict[tuple[str, Any], _Route] = {}
        self._managers: dict[tuple[str, Any], Any] = {}
        _clients.add(self)

    def __getstate__(self) -> dict[str, Any]:
        return {name: vars(self)[name] for name in ("configuration", "_pools_size", "_fixed", "_assigned_manager")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._reset_connections()

    @property
    def pool_manager(self) -> Any:
        """urllib3's pool manager for ``Configuration.host``. Assign another to use it for every host."""
        return self._manager_for(split_url(self.configuration.host)[0])

    @pool_manager.setter
    def pool_manager(self, manager: Any) -> None:
        self._assigned_manager = manager

    @pool_manager.deleter
    def pool_manager(self) -> None:
        self._assigned_manager = None

    def close(self) -> None:
        """Close the connections that no request is using. A later request opens new ones."""
        with self._lock:
            for manager in self._managers.values():
                manager.clear()
            self._routes.clear()
            self._managers.clear()

    def request(
        self,
        method: str,
        url: str,
        query_params: Any = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        post_params: Iterable[tuple[str, Any]] | None = None,
    ) -> RESTResponse:
        """Send a request, and retry it until it succeeds, the retries are used up or the deadline passes.

        Each try is one ``pool_manager.request``.

        :param method: the HTTP method.
        :param url: the complete URL.
        :param query_params: names and values, as a mapping or pairs.
        :param headers: the headers, which replace default ones of the same name.
        :param body: bytes to send unchanged, or a value to send as JSON.
        :param post_params: form fields, if there is no body; see :meth:`ApiClient.prepare_post_parameters`.
        :return: the answer, if its status is 200 to 205. If a DELETE gets a 404 with Square's error ``NOT_FOUND``, and
            an earlier try may have been carried out, the answer is 200 with an empty object.
        :raises InvalidArgument: for a method, URL, header or body that cannot be sent, and for plain HTTP to or
            through another machine unless ``Configuration.allow_insecure_http`` is set. No connection is opened.
        :raises ApiException: if the request does not succeed. ``InvalidArgument`` is a subclass.
        :raises TypeError: for a body with a value that JSON cannot represent. No connection is opened.
        """
        options = call_options.get() or CallOptions(None, "")
        call_options.set(None)  # The options are for this request, not for one that a hook makes meanwhile.
        settings = options.settings or self.configuration
        origin, path = split_url(url)
        path = path.partition("?")[0]
        request = outgoing(method, url, query_params, headers, body, post_params)
        route = self._route(origin)
        if route.exposed and not settings.allow_insecure_http:
            raise exposed_to_others(origin)
        deadline = self.monotonic() + settings.deadline if options.deadline is None else options.deadline
        rules = rules_for(settings, method, path, options, deadline)
        times = both_times(settings.timeout if options.timeout is None else options.timeout)

        steps = exchange(rules, Clock(self.monotonic, time.time, self.jitter))
        step = next(steps)
        try:
            while True:
                if isinstance(step, Pause):
                    self.sleep(step.seconds)
                    step = next(steps)
                else:  # The manager is looked up for each try, because the process may fork between two tries.
                    came = self._try(self._manager_for(origin), request, step.until, times, rules.max_response_size)
                    step = steps.send(came)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    def _try(
        self, manager: Any, request: Request, until: float, times: tuple[float, float], limit: int
    ) -> RESTResponse | Broken:
        attempt = Attempt(until, self.monotonic)
        try:
            try:
                self._slots.take(attempt)
            except TimeoutError as error:
                return Broken(f"no connection became free: {error}", late=True, reached=False)
            return threads.send(manager, request, attempt, times, limit)
        finally:
            self._slots.free(attempt)

    def _manager_for(self, origin: str) -> Any:
        return self._route(origin).manager if self._assigned_manager is None else self._assigned_manager

    def _route(self, origin: str) -> _Route:
        tls = ssl.SSLContext  # gevent, truststore and other tools replace the class, and must not be bypassed.
        known = self._routes.get((origin, tls))
        if known:
            return known
        require_origin(origin)
        proxy = proxy_for(origin, self._fixed["proxy"])
        with self._lock:
            if (proxy, tls) not in self._managers:
                self._managers[proxy, tls] = self._open(proxy)
            while len(self._routes) >= self._pools_size:
                del self._routes[next(iter(self._routes))]
            route = self._routes[origin, tls] = _Route(self._managers[proxy, tls], is_exposed(origin, proxy))
        return route

    def _open(self, proxy: str) -> Any:
        options: dict[str, Any] = {
            "num_pools": self._pools_size,
            "maxsize": self._fixed["connection_pool_maxsize"],
            "ssl_context": tls_context(*(self._fixed[name] for name in _TLS_SETTINGS)),
        }
        if not proxy:
            return threads_pool.pool_manager(**options)
        at = parse_url(proxy)
        return threads_pool.proxy_manager(
            proxy_url=f"{at.scheme}://{at.netloc}",
            proxy_headers={"Proxy-Authorization": basic_credentials(at.auth)} if at.auth else {},
            proxy_ssl_context=options["ssl_context"],
            **options,
        )

    def GET(self, url: str, headers: Any = None, query_params: Any = None) -> RESTResponse:
        """Send a GET; see :meth:`request`. The next six methods send the other HTTP methods."""
        return self.request("GET", url, query_params=query_params, headers=headers)

    def HEAD(self, url: str, headers: Any = None, query_params: Any = None) -> RESTResponse:
        return self.request("HEAD", url, query_params=query_params, headers=headers)

    def OPTIONS(
        self, url: str, headers: Any = None, query_params: Any = None, post_params: Any = None, body: Any = None
    ) -> RESTResponse:
        return self.request(
            "OPTIONS", url, query_params=query_params, headers=headers, body=body, post_params=post_params
        )

    def DELETE(self, url: str, headers: Any = None, query_params: Any = None, body: Any = None) -> RESTResponse:
        return self.request("DELETE", url, query_params=query_params, headers=headers, body=body)

    def POST(
        self, url: str, headers: Any = None, query_params: Any = None, post_params: Any = None, body: Any = None
    ) -> RESTResponse:
        return self.request("POST", url, query_params=query_params, headers=headers, body=body, post_params=post_params)

    def PUT(
        self, url: str, headers: Any = None, query_params: Any = None, post_params: Any = None, body: Any = None
    ) -> RESTResponse:
        return self.request("PUT", url, query_params=query_params, headers=headers, body=body, post_params=post_params)

    def PATCH(
        self, url: str, headers: Any = None, query_params: Any = None, post_params: Any = None, body: Any = None
    ) -> RESTResponse:
        return self.request(
            "PATCH", url, query_params=query_params, headers=headers, body=body, post_params=post_params
        )


def rules_for(settings: Configuration, method: str, path: str, options: CallOptions, deadline: float) -> Rules:
    """Return the rules of a call, with the current settings."""
    return Rules(
        method,
        path,
        options.template or path,
        deadline,
        method in IDEMPOTENT_METHODS if options.repeatable is None else options.repeatable,
        settings.max_retries,
        settings.max_retry_wait,
        settings.max_response_size,
        settings.on_try,
    )


class _Route(NamedTuple):
    """The route of requests to one scheme, host and port."""

    manager: Any
    exposed: bool


_TLS_SETTINGS = ("verify_ssl", "ssl_ca_cert", "cert_file", "key_file")
_clients: weakref.WeakSet[RESTClientObject] = weakref.WeakSet()


def _reset_after_fork() -> None:
    """Leave the parent's connections to the parent. On a shared connection, each would read the other's answers."""
    for client in list(_clients):
        client._reset_connections()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)
