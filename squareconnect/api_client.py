"""Turn calls into requests, and answers into models. This module knows no endpoint and opens no socket."""

from __future__ import annotations

import mimetypes
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import date
from functools import lru_cache, partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import quote

from squareconnect._checks import seconds_or_pair
from squareconnect._text import Secret, conceal, text
from squareconnect._version import __version__
from squareconnect.configuration import Configuration
from squareconnect.exceptions import ApiException, DecodeError, InvalidArgument
from squareconnect.legacy import ClientOf2x
from squareconnect.models._model import Model
from squareconnect.rest import RESTClientObject, RESTResponse
from squareconnect.serialization import Types, missing_field, read_json, sanitize
from squareconnect.transport import SAFE_METHODS, CallOptions, call_options
from squareconnect.transport.outgoing import check_header, check_headers, encode_body

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from typing_extensions import Self


_JSON = "application/json"

T = TypeVar("T")


class ApiResponse(tuple[T, int, Mapping[str, str]]):
    """The result of a call with ``_return_http_data_only=False``: a tuple, and the same values as attributes."""

    __slots__ = ()

    def __new__(cls, data: T, status: int, headers: Mapping[str, str]) -> Self:
        """Make the tuple from its three values."""
        return tuple.__new__(cls, (data, status, headers))

    def __getnewargs__(self) -> tuple[T, int, Mapping[str, str]]:
        return self.data, self.status, self.headers

    @property
    def data(self) -> T:
        """The model."""
        return self[0]

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self[1]

    @property
    def headers(self) -> Mapping[str, str]:
        """The answer's headers; lookups ignore case."""
        return self[2]


class PreparedCall(NamedTuple):
    """A call that is ready to be made: its arguments are checked and its settings read."""

    method: str
    path: str
    url: str
    query: list[tuple[str, Any]]
    headers: dict[str, str]
    body: Any
    fields: list[tuple[str, Any]] | None
    options: CallOptions
    response_type: Any
    decoded: bool
    data_only: bool


class BaseClient(ClientOf2x, ABC):
    """The shared part of both clients: it builds a call's request, and a result from its answer."""

    def __init__(
        self,
        configuration: Configuration | None = None,
        header_name: str | None = None,
        header_value: str | None = None,
        cookie: str | None = None,
        *,
        models: Any = None,
    ) -> None:
        header_value, cookie = conceal((header_value, cookie))  # A traceback shows the locals of each frame.
        if not isinstance(configuration, (Configuration, type(None))):
            kind = type(configuration).__name__
            raise TypeError(
                f"configuration must be a Configuration, not {kind}: write Configuration(host=...) for a host"
            )
        self.configuration = Configuration() if configuration is None else configuration
        self.default_headers = {"User-Agent": f"Square-Connect-Python/{__version__}"}
        self.cookie = cookie
        self._types = Types(models)
        if header_name is not None:
            self.set_default_header(header_name, header_value or "")
        self._start()

    @abstractmethod
    def _start(self) -> None:
        """Create the object that sends requests."""

    @property
    def user_agent(self) -> str:
        """The ``User-Agent`` header."""
        return next(value for name, value in self.default_headers.copy().items() if name.lower() == "user-agent")

    @user_agent.setter
    def user_agent(self, value: str) -> None:
        self.set_default_header("User-Agent", value)

    def set_default_header(self, header_name: str, header_value: str) -> None:
        """Send a header with every request. It replaces a header of the same name that a call sets.

        :raises InvalidArgument: for a name or value that cannot be in a header.
        """
        header_value = conceal(header_value)
        check_header(header_name, header_value)
        headers = self.default_headers  # Other threads may read it, and must find the header at any moment.
        headers[header_name] = header_value if _canonical(header_name) in _SECRET_HEADERS else str(header_value)
        for name in [name for name in headers if name != header_name and name.lower() == header_name.lower()]:
            headers.pop(name, None)

    def deserialize(self, response: Any, response_type: Any) -> Any:
        """Decode an answer.

        :param response: a ``RESTResponse``, or any object whose ``data`` is the body as text or UTF-8 bytes.
        :param response_type: a class, or a name: of a model, ``str``, ``int``, ``float``, ``bool``, ``object``,
            ``date``, ``datetime``, ``list[TYPE]`` or ``dict(str, TYPE)``.
        :return: the value; None for JSON null.
        :raises DecodeError: if the answer is not of that type. The exception contains the answer.
        :raises ValueError: for an unknown type.
        """
        read = self._types.reader(response_type)
        body = _body_of(response)
        try:
            return read_json(body, read)
        except ValueError as error:
            problem = str(error)
        raise unreadable(response, problem)

    def sanitize_for_serialization(self, obj: Any) -> Any:
        """Convert a value for JSON: models to dicts without Nones, dates to ISO 8601 strings.

        :raises TypeError: for a value that JSON cannot represent.
        """
        return sanitize(obj)

    def prepare_post_parameters(
        self, post_params: Iterable[tuple[str, Any]] | None = None, files: Mapping[str, Any] | None = None
    ) -> list[tuple[str, Any]]:
        """Return form fields, with each file as (name, content, media type).

        :param files: a path or a list of paths, by field name.
        :raises OSError: for a file that cannot be read.
        """
        fields = list(post_params or ())
        for name, paths in require_mapping("files", files).items():
            for path in map(partial(_path_of_file, name), paths if isinstance(paths, list) else [paths]):
                media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
                fields.append((name, (path.name, path.read_bytes(), media_type)))
        return fields

    def update_params_for_auth(
        self, headers: dict[str, str], querys: list[tuple[str, str]], auth_settings: Iterable[str]
    ) -> None:
        """Add authorization to a request's headers or query.

        :param auth_settings: the kinds of authorization; see :meth:`Configuration.auth_settings`.
        :raises InvalidArgument: if the access token is not set.
        """
        configuration = self.configuration
        for kind in auth_settings:
            if kind == "oauth2":
                if "Authorization" not in headers:
                    access_token = configuration.access_token
                    if not access_token:
                        raise InvalidArgument(
                            "access_token is not set: write Configuration(access_token=...) or set the environment "
                            "variable SQUARE_ACCESS_TOKEN"
                        )
                    headers["Authorization"] = Secret("Bearer " + access_token)
            elif (setting := configuration.auth_settings().get(kind)) and setting["value"]:
                headers.setdefault(setting["key"], setting["value"])

    def _prepare(
        self,
        resource_path: str,
        method: str,
        path_params: Mapping[str, Any] | None,
        query_params: Any,
        header_params: Mapping[str, str] | None,
        body: Any,
        post_params: Iterable[tuple[str, Any]] | None,
        files: Mapping[str, Any] | None,
        response_type: Any,
        auth_settings: Iterable[str] | None,
        *,
        timeout: float | tuple[float, float] | None,
        headers: Mapping[str, str] | None,
        data_only: bool,
        decoded: bool,
        repeatable: bool | None,
        deadline: float | None,
    ) -> PreparedCall:
        if not isinstance(resource_path, str) or not resource_path.startswith("/"):
            raise InvalidArgument(f"resource_path must be a str that begins with a slash, not {resource_path!r}")
        if response_type is not None:
            self._types.check(response_type)
        if timeout is not None:
            timeout = _as_invalid_argument(seconds_or_pair, "_request_timeout", timeout)
        if repeatable is None and method == "POST" and body is not None:
            repeatable = has_idempotency_key(body)
        path = fill_path(resource_path, require_mapping("path_params", path_params)) if path_params else resource_path
        settings, host, sent_headers, query = self._read_settings(query_params, header_params, headers, auth_settings)
        return PreparedCall(
            method,
            path,
            host + path,
            query,
            sent_headers,
            None if body is None else self.sanitize_for_serialization(body),
            self.prepare_post_parameters(post_params, files) if post_params or files else None,
            CallOptions(deadline, resource_path, timeout, repeatable, settings),
            response_type,
            decoded,
            data_only,
        )

    def _read_settings(
        self,
        query_params: Any,
        of_call: Mapping[str, str] | None,
        replacing: Mapping[str, str] | None,
        auth_settings: Iterable[str] | None,
    ) -> tuple[Configuration, str, dict[str, str], list[tuple[str, Any]]]:
        """Return the settings, host, headers and query of a request, read at one moment: threads may change them."""
        while True:
            configuration = self.configuration
            host = configuration.host
            headers = self._headers_for(configuration, of_call, replacing)
            query = _present_pairs(query_params) if query_params else []
            if auth_settings:
                self.update_params_for_auth(headers, query, auth_settings)
            if self.configuration is configuration and configuration.host is host:
                return configuration, host, headers, query

    def _headers_for(
        self, configuration: Configuration, of_call: Mapping[str, str] | None, replacing: Mapping[str, str] | None
    ) -> dict[str, str]:
        headers = {"Accept": _JSON, "Accept-Encoding": "identity", "Content-Type": _JSON}
        if configuration.square_version:
            headers["Square-Version"] = configuration.square_version
        if self.cookie:
            headers["Cookie"] = self.cookie
        layers: list[Mapping[str, str]] = [self.default_headers.copy()]
        if of_call or replacing:
            layers = [require_mapping("header_params", of_call), *layers, require_mapping("_headers", replacing)]
        for layer in layers:
            for name, value in layer.items():
                headers[_canonical(name)] = value
        if of_call or replacing:  # Default headers were checked when set; all headers are checked before sending.
            check_headers(headers)
        for name in _SECRET_HEADERS:
            if name in headers:
                headers[name] = conceal(headers[name])
        return headers

    def _result(self, call: PreparedCall, response: Any) -> Any:
        """Return the result of a call, given its answer."""
        data = self._decoded(call, response) if call.decoded and call.response_type is not None else response
        return data if call.data_only else ApiResponse(data, response.status, response.getheaders())

    def _decoded(self, call: PreparedCall, response: Any) -> Any:
        if call.method == "DELETE" and not _body_of(response):  # Accept an empty body as an empty object.
            response = RESTResponse(response.status, response.reason, response.getheaders(), b"{}")
        try:
            data = self.deserialize(response, call.response_type)
            require_result(response, data, call.response_type)
        except ApiException as error:
            attempts = getattr(response, "attempts", 1)
            error.about(call.method, call.path, attempts, outcome_unknown=call.method not in SAFE_METHODS)
            raise
        return data


class ApiClient(BaseClient):
    """Sends calls as requests, and returns their answers as models.

    One client serves any number of threads. Use it as a context manager, or call :meth:`close`, to close its
    connections at once. Otherwise they close when the client is garbage-collected.

    :param configuration: the settings; a new ``Configuration()`` if None.
    :param header_name: the name of a header to send with every request.
    :param header_value: its value.
    :param cookie: the ``Cookie`` header to send with every request.
    :param models: models of other APIs, for decoding their answers: a module of Swagger models, a mapping of names to
        models, or a list of these.
    """

    def _start(self) -> None:
        self.rest_client = RESTClientObject(self.configuration)
        self._thread_local = threading.local()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("_thread_local", "_workers")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _thread_local=threading.local())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that no call is using. A later call opens new ones."""
        self.rest_client.close()

    @property
    def last_response(self) -> RESTResponse:
        """The answer to this thread's last successful call.

        :raises AttributeError: if there was none.
        """
        try:
            return self._thread_local.last_response  # type: ignore[no-any-return]
        except AttributeError:
            raise AttributeError("there is no last_response: no call of this thread has succeeded") from None

    @last_response.setter
    def last_response(self, response: RESTResponse) -> None:
        self._thread_local.last_response = response

    def call_api(
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
        callback: Callable[[Any], object] | None = None,
        *,
        async_req: bool = False,
        _request_timeout: float | tuple[float, float] | None = None,
        _headers: Mapping[str, str] | None = None,
        _return_http_data_only: bool = True,
        _preload_content: bool = True,
        _repeatable: bool | None = None,
    ) -> Any:
        """Make a call: send a request, retry it if needed, and return the answer as a model.

        :param resource_path: the path, with ``{name}`` in place of each path parameter.
        :param method: the HTTP method.
        :param path_params: the path parameters by name.
        :param query_params: the query parameters, as a mapping or pairs; those that are None are left out.
        :param header_params: headers of this call; the client's default headers replace those of the same name.
        :param body: a model, dict, list or plain value to send as JSON.
        :param post_params: form fields, if there is no body.
        :param files: paths of files to send as form fields, by field name.
        :param response_type: the type to decode the answer as; see :meth:`deserialize`. None returns the answer itself.
        :param auth_settings: the kinds of authorization to send; see :meth:`Configuration.auth_settings`.
        :param callback: called with the result, in the background; the call returns its :class:`CallHandle` at once.
        :param async_req: True makes the call in the background and returns its :class:`CallHandle` at once.
        :param _request_timeout: seconds to wait, or a pair for connecting and reading, instead of
            ``Configuration.timeout``.
        :param _headers: headers of this call, which replace all others of the same name.
        :param _return_http_data_only: False returns an :class:`ApiResponse`: data, status and headers.
        :param _preload_content: False returns the :class:`RESTResponse`, not decoded.
        :param _repeatable: whether carrying the request out twice has the same effect as once. The default is True for
            GET, PUT and DELETE, and for a body with an ``idempotency_key``.
        :return: the model, unless an option above says otherwise.
        :raises ApiException: if the call does not succeed.
        :raises InvalidArgument: for values that cannot be sent; nothing is sent. It is an ``ApiException`` and a
            ``ValueError``.
        :raises TypeError: for arguments of a wrong type, and for a body with a value that JSON cannot represent;
            nothing is sent.
        """
        if _headers or header_params:
            _headers, header_params = conceal(_headers), conceal(header_params)  # Tracebacks show locals.
        in_background = async_req or callback is not None
        if callback is not None and not callable(callback):
            raise TypeError(f"callback must be a function, not {type(callback).__name__}")
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
            deadline=self._now() + self.configuration.deadline if in_background else None,
        )
        if not in_background:
            return self._make(call)
        if call.body is not None:
            encode_body(call.body)  # Refuse an invalid body here, not in the background.
        return self._get_workers().start(lambda: self._make(call), callback)

    def _now(self) -> float:
        return self.rest_client.monotonic() if isinstance(self.rest_client, RESTClientObject) else time.monotonic()

    def _make(self, call: PreparedCall) -> Any:
        before = call_options.set(call.options)
        try:
            response = self.request(
                call.method,
                call.url,
                query_params=call.query,
                headers=call.headers,
                post_params=call.fields,
                body=call.body,
            )
        finally:
            call_options.reset(before)
        self.last_response = response
        return self._result(call, response)

    def _get_workers(self) -> Any:
        from squareconnect.asynchronous import Workers

        workers = vars(self).get("_workers")
        if workers is None:
            workers = vars(self).setdefault("_workers", Workers(self.configuration.connection_pool_maxsize))
        return workers

    def request(
        self,
        method: str,
        url: str,
        query_params: Any = None,
        headers: Mapping[str, str] | None = None,
        post_params: Iterable[tuple[str, Any]] | None = None,
        body: Any = None,
    ) -> Any:
        """Send a request, using the method of :class:`RESTClientObject` that is named like its HTTP method.

        :raises InvalidArgument: for another HTTP method.
        """
        rest = self.rest_client
        if method in ("GET", "HEAD") and body is None:
            send = rest.GET if method == "GET" else rest.HEAD
            return send(url, query_params=query_params, headers=headers)
        if method == "DELETE":
            return rest.DELETE(url, query_params=query_params, headers=headers, body=body)
        if method in ("OPTIONS", "POST", "PUT", "PATCH"):
            send = getattr(rest, method)
            return send(url, query_params=query_params, headers=headers, post_params=post_params, body=body)
        return rest.request(method, url, query_params=query_params, headers=headers, body=body, post_params=post_params)


# -- Decisions: pure functions --------------------------------------------------------------------------------------


def fill_path(template: str, params: Mapping[str, Any]) -> str:
    """Insert path parameters into a path, each quoted as one segment (RFC 3986, 3.3).

    :raises InvalidArgument: for a parameter that is not an id, or that would lead to another path.
    """
    for name, value in params.items():
        template = template.replace(f"{{{name}}}", path_segment(name, value))
    return template


def path_segment(name: str, value: Any) -> str:
    """Return an id as one path segment.

    :param value: a str, UTF-8 bytes or a ``uuid.UUID``.
    :raises InvalidArgument: for any other type, and for an id that is blank, contains control characters, or has ``.``
        or ``..`` as a part between slashes.
    """
    segment = value if type(value) is str else _as_invalid_argument(text, name, value)
    if segment.isalnum() and segment.isascii():
        return segment
    parts = segment.replace("\\", "/").split("/")  # Some proxies undo the quoting of a slash.
    if not segment.strip() or "." in parts or ".." in parts or not segment.isprintable():
        raise InvalidArgument(f"{name} must be an id as Square gave it, not {segment!r}")
    return quote(segment, safe="")


def _as_invalid_argument(check: Callable[[str, Any], T], name: str, value: Any) -> T:
    try:
        return check(name, value)
    except ValueError as error:
        problem = str(error)
    raise InvalidArgument(problem)


def require_mapping(name: str, value: Any) -> Mapping[str, Any]:
    """Return a mapping unchanged, or an empty one for None.

    :raises TypeError: for any other value. The message names the parameter.
    """
    if value is None:
        return {}
    if not isinstance(value, (dict, Mapping)):
        kind = "str" if isinstance(value, str) else type(value).__name__  # "str" for its subclass Secret, too.
        raise TypeError(f"{name} must be a dict or another mapping, not {kind}")
    return value


def require_pairs(name: str, value: Any) -> list[tuple[Any, Any]]:
    """Return the items of a mapping, or pairs unchanged.

    :raises TypeError: for any other value. The message names the parameter.
    """
    try:
        return [(key, item) for key, item in (value.items() if isinstance(value, Mapping) else value)]
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a mapping, or a list of pairs of a name and a value") from None


def has_idempotency_key(body: Any) -> bool:
    """Return whether a body, either a dict or a model, has an ``idempotency_key``."""
    return bool(body.get("idempotency_key") if isinstance(body, dict) else getattr(body, "idempotency_key", None))


def require_result(response: Any, data: Any, response_type: Any) -> None:
    """Refuse a success answer without the required data.

    :raises ApiException: for one of our models that contains only errors. The exception has these errors.
    :raises DecodeError: for null, and for one of our models that lacks a required field.
    """
    if data is None:
        kind = getattr(response_type, "__name__", response_type)
        raise unreadable(response, f"the body should be a {kind} but is null")
    missing = missing_field(data)
    if missing is None and not getattr(data, "errors", None):
        return
    if holds_errors(data, only=missing is None):
        failure = ApiException(http_resp=response)
        failure.reason = "OK, but the answer contains errors"
        failure.errors = data.errors
        raise failure
    if missing is not None:
        raise unreadable(response, f"the body has no {missing}")


def holds_errors(data: Any, *, only: bool) -> bool:
    """Return whether one of our models contains errors.

    :param only: whether it must contain nothing else.
    """
    if not isinstance(data, Model) or not getattr(data, "errors", None):
        return False
    return not only or not any(value for name, value in data.__dict__.items() if name != "errors")


def unreadable(response: Any, problem: str) -> DecodeError:
    """Return the exception for an answer of an unexpected form. It contains the answer."""
    failure = DecodeError(http_resp=response if hasattr(response, "getheaders") else None)
    failure.reason = f"the answer does not have the expected form: {problem}"
    return failure


def _body_of(response: Any) -> bytes:
    """Return an answer's body. Programs' tests pass other objects with ``data`` instead of an answer."""
    if isinstance(response, RESTResponse):
        return response.content
    if not isinstance(response.data, (str, bytes)):
        raise ValueError(f"response.data must be a str or UTF-8 bytes, not {type(response.data).__name__}")
    return response.data.encode() if isinstance(response.data, str) else response.data


_SECRET_HEADERS = ("Authorization", "Cookie")


@lru_cache
def _canonical(name: Any) -> Any:
    """Return a header's name in the case in which it is sent. A name that is not a str is refused later."""
    return name.title() if isinstance(name, str) else name


def _path_of_file(name: str, path: Any) -> Path:
    if not isinstance(path, (str, PathLike)):
        raise TypeError(f"files: {name} must be the path of a file, or a list of such paths, not {type(path).__name__}")
    return Path(path)


def _present_pairs(query: Any) -> list[tuple[str, Any]]:
    pairs = require_pairs("query_params", query)
    return [(name, _query_value(value)) for name, value in pairs if value is not None]


def _query_value(value: Any) -> Any:
    """Return a query parameter as 2.x sends it: a list joined with commas, a date as ISO 8601, others unchanged."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return value.isoformat() if isinstance(value, date) else value
