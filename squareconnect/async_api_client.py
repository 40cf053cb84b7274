"""The client for asyncio, the counterpart of :class:`ApiClient`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from squareconnect.api_client import BaseClient
from squareconnect.configuration import conceal
from squareconnect.rest import rules_for
from squareconnect.transport import CallOptions, call_options
from squareconnect.transport.aio_tasks import on_another_thread
from squareconnect.transport.outgoing import both_times, outgoing, split_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from typing_extensions import Self

    from squareconnect.configuration import Configuration
    from squareconnect.transport import RESTResponse
    from squareconnect.transport.aio import AsyncConnections

_LARGE = 262_144
"""An answer of this many bytes or more is decoded on another thread."""


class AsyncApiClient(BaseClient):
    """Sends calls as requests, and returns their answers as models, on asyncio.

    Its settings, requests and exceptions are the same as those of :class:`ApiClient`. A call that is cancelled closes
    its connection at once. The request may have been carried out nevertheless.

    One client serves any number of tasks. It can be used in several event loops, and keeps connections for each. Use it
    as an asynchronous context manager, or await :meth:`close`, before the event loop ends.

    :param configuration: the settings; a new ``Configuration()`` if None.
    :param header_name: the name of a header to send with every request.
    :param header_value: its value.
    :param cookie: the ``Cookie`` header to send with every request.
    :param models: models of other APIs, for decoding their answers: a module of Swagger models, a mapping of names to
        models, or a list of these.
    :raises ImportError: if ``h11`` is not installed; the extra ``async`` installs it.
    """

    def _start(self) -> None:
        self.connections = _connections(self.configuration)
        self._last_responses: WeakKeyDictionary[asyncio.Task[Any], RESTResponse] = WeakKeyDictionary()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("connections", "_last_responses")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._start()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections. Calls in flight raise ``ConnectionFailed``. A later call opens new connections."""
        await self.connections.close()

    @property
    def last_response(self) -> RESTResponse:
        """The answer to the current task's last successful call.

        :raises AttributeError: if there was none.
        """
        task = _current_task()
        if task is None or task not in self._last_responses:
            raise AttributeError("there is no last_response: no call of this task has succeeded")
        return self._last_responses[task]

    async def call_api(
        self,
        resource_path: str,
        method: str,
        path_params: Mapping[str, Any] | None = None,
        query_params: Any = None,
        header_params: Mapping[str, str] | None = None,
        body: Any = None,
        post_params: Iterable[tuple[str, Any]] | None = None,
        files: Mapping[str, Any] | None = None,
        response_type: Any = None,
        auth_settings: Iterable[str] | None = None,
        callback: None = None,
        *,
        async_req: bool = False,
        _request_timeout: float | tuple[float, float] | None = None,
        _headers: Mapping[str, str] | None = None,
        _return_http_data_only: bool = True,
        _preload_content: bool = True,
        _repeatable: bool | None = None,
    ) -> Any:
        """Make a call: send a request, retry it if needed, and return the answer as a model.

        The parameters and exceptions are those of :meth:`ApiClient.call_api`. An API class that was written for
        ``ApiClient`` therefore works with this client, and its methods return coroutines.

        :param callback: must be None: await the call instead.
        :param async_req: has no effect.
        """
        if _headers or header_params:
            _headers, header_params = conceal(_headers), conceal(header_params)  # Tracebacks show locals.
        if callback is not None:
            raise TypeError("callback cannot be used with an AsyncApiClient: await the call instead")
        call = self._prepare(
            resource_path,
            method,
            path_params,
            query_params,
            header_params,
            body,
            post_params,
            files,
            response_type,
            auth_settings,
            timeout=_request_timeout,
            headers=_headers,
            data_only=_return_http_data_only,
            decoded=_preload_content,
            repeatable=_repeatable,
            deadline=None,
        )
        before = call_options.set(call.options)
        try:
            response = await self.request(
                call.method,
                call.url,
                query_params=call.query,
                headers=call.headers,
                post_params=call.fields,
                body=call.body,
            )
        finally:
            call_options.reset(before)
        task = _current_task()
        if task is not None:
            self._last_responses[task] = response
        if len(getattr(response, "content", b"")) < _LARGE:
            return self._result(call, response)
        return await on_another_thread(self._result, call, response)

    async def request(
        self,
        method: str,
        url: str,
        query_params: Any = None,
        headers: Mapping[str, str] | None = None,
        post_params: Iterable[tuple[str, Any]] | None = None,
        body: Any = None,
    ) -> RESTResponse:
        """Send a request, and retry it until it succeeds, the retries are used up or the deadline passes.

        The parameters, results and exceptions are those of :meth:`RESTClientObject.request`.
        """
        options = call_options.get()
        consumed = call_options.set(None)  # The options are for this request, not for one that a hook makes meanwhile.
        try:
            origin, target = split_url(url)
            path = target.partition("?")[0]
            request = outgoing(method, url, query_params, headers, body, post_params)
            target += request.url[len(url) :]
            options = options or CallOptions(None, path)
            settings = options.settings or self.configuration
            deadline = self.connections.clock.monotonic() + settings.deadline
            rules = rules_for(settings, method, path, options, deadline)
            times = both_times(settings.timeout if options.timeout is None else options.timeout)
            return await self.connections.send(request, origin, target, rules, times, settings.allow_insecure_http)
        finally:
            call_options.reset(consumed)


def _connections(configuration: Configuration) -> AsyncConnections:
    try:
        from squareconnect.transport.aio import AsyncConnections
    except ModuleNotFoundError as error:
        if error.name != "h11":
            raise
    else:
        return AsyncConnections(configuration)
    raise ImportError("AsyncApiClient needs h11: pip install 'squareconnect[async]'", name="h11")


def _current_task() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:  # There is no event loop here.
        return None
