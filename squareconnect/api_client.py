"""From a call to a request and from an answer to a model. Knows no endpoint and opens no socket."""

from __future__ import annotations

import mimetypes
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from squareconnect import __version__
from squareconnect.configuration import Configuration, Secret, conceal, seconds_or_pair, text
from squareconnect.exceptions import DecodeError
from squareconnect.models._model import Model
from squareconnect.rest import SAFE_METHODS, RESTClientObject, RESTResponse, check_header
from squareconnect.serialization import check_type, decode, encode, sanitize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from typing_extensions import Self

    from squareconnect.asynchronous import CallHandle

_JSON = "application/json"

T = TypeVar("T")


class ApiResponse(tuple[T, int, Mapping[str, str]]):
    """What a call gives with ``_return_http_data_only=False``: its three attributes, also as a tuple."""

    __slots__ = ()

    def __new__(cls, data: T, status: int, headers: Mapping[str, str]) -> Self:
        """Make one of its three attributes."""
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
        """The answer's headers, looked up without regard to case."""
        return self[2]


class ApiClient:
    """Makes requests of calls and models of answers.

    One client serves any number of threads. Use it as a context manager, or :meth:`close` it, to close its
    connections at once; else they close when it is collected.

    :param configuration: the settings; a new ``Configuration()`` if None.
    :param header_name: the name of a header to send with every request.
    :param header_value: its value.
    :param cookie: the ``Cookie`` header to send with every request.
    """

    def __init__(
        self,
        configuration: Configuration | None = None,
        header_name: str | None = None,
        header_value: str | None = None,
        cookie: str | None = None,
    ) -> None:
        if not isinstance(configuration, (Configuration, type(None))):
            kind = type(configuration).__name__
            raise TypeError(
                f"configuration must be a Configuration, not {kind}: give Configuration(host=...) for a host"
            )
        self.configuration = Configuration() if configuration is None else configuration
        self.rest_client = RESTClientObject(self.configuration)
        self.default_headers = {"User-Agent": f"Square-Connect-Python/{__version__}"}
        self.cookie = conceal(cookie)
        self._of_thread = threading.local()
        if header_name is not None:
            self.set_default_header(header_name, header_value or "")

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("_of_thread", "_workers")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _of_thread=threading.local())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that no call is using. A later call opens new ones."""
        self.rest_client.close()

    @property
    def user_agent(self) -> str:
        """The ``User-Agent`` header."""
        return next(value for name, value in self.default_headers.items() if name.lower() == "user-agent")

    @user_agent.setter
    def user_agent(self, value: str) -> None:
        self.set_default_header("User-Agent", value)

    @property
    def last_response(self) -> RESTResponse:
        """The answer to this thread's last successful call.

        :raises AttributeError: if there was none.
        """
        try:
            return self._of_thread.last_response  # type: ignore[no-any-return]
        except AttributeError:
            raise AttributeError("there is no last_response: no call of this thread has succeeded") from None

    def set_default_header(self, header_name: str, header_value: str) -> None:
        """Send a header with every request, in place of one of the same name that a call sets.

        :raises ValueError: for a name or value that cannot be in a header.
        """
        check_header(header_name, header_value)
        for name in [name for name in self.default_headers if name.lower() == header_name.lower()]:
            del self.default_headers[name]
        self.default_headers[header_name] = _masked(header_name, header_value)

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
        """Make a call: a request, its retries, and the answer as a model.

        :param resource_path: the path, with ``{name}`` where a path parameter goes.
        :param method: the HTTP method.
        :param path_params: the path parameters by name.
        :param query_params: the query parameters, as a mapping or pairs; those that are None are left out.
        :param header_params: headers of this call; the client's default headers replace those of the same name.
        :param body: what goes out as JSON: a model, dict, list or plain value.
        :param post_params: form fields, if there is no body.
        :param files: paths of files to send as form fields, by field name.
        :param response_type: what the answer is decoded as; see :meth:`deserialize`. None gives the answer itself.
        :param auth_settings: the kinds of authorization to send; see :meth:`Configuration.auth_settings`.
        :param callback: called with the result, in the background; the call gives its :class:`CallHandle` at once.
        :param async_req: True makes the call in the background and gives its :class:`CallHandle` at once.
        :param _request_timeout: seconds to wait, or a pair for connecting and reading, instead of
            ``Configuration.timeout``.
        :param _headers: headers of this call, which replace all others of the same name.
        :param _return_http_data_only: False gives an :class:`ApiResponse`: data, status and headers.
        :param _preload_content: False gives the :class:`RESTResponse`, not decoded.
        :param _repeatable: whether carrying the request out twice is the same as once. By default it is for GET, PUT
            and DELETE, and for a body with an ``idempotency_key``.
        :return: as the above say.
        :raises ApiException: if the call does not succeed.
        :raises ValueError: for arguments or settings that cannot be sent; nothing is sent then.
        :raises TypeError: for a body with a value that JSON cannot carry; nothing is sent then.
        """
        if not resource_path.startswith("/"):
            raise ValueError(f"resource_path must begin with a slash, not {resource_path!r}")
        path = fill_path(resource_path, path_params) if path_params else resource_path
        headers = self._headers_for(header_params, _headers)
        query = _present_pairs(query_params) if query_params else []
        if auth_settings:
            self.update_params_for_auth(headers, query, auth_settings)
        if _repeatable is None and method == "POST" and body is not None:
            _repeatable = has_idempotency_key(body)
        if response_type is not None:
            check_type(response_type)
        if _request_timeout is not None:
            seconds_or_pair("_request_timeout", _request_timeout)
        url = self.configuration.host + path
        content = None if body is None else encode(body)
        fields = self.prepare_post_parameters(post_params, files) if post_params or files else None

        def send() -> Any:
            response = self.rest_client.request(
                method, url, query, headers, content, fields, timeout=_request_timeout, repeatable=_repeatable
            )
            self._of_thread.last_response = response
            data: Any = response
            if _preload_content and response_type is not None:
                data = self._decoded(response, response_type, method, path)
            return data if _return_http_data_only else ApiResponse(data, response.status, response.headers)

        return self._in_background(send, callback) if async_req or callback is not None else send()

    def _in_background(self, send: Callable[[], T], callback: Callable[[T], object] | None) -> CallHandle[T]:
        from squareconnect.asynchronous import Workers

        workers = vars(self).get("_workers")
        if workers is None:
            workers = vars(self).setdefault("_workers", Workers(self.configuration.connection_pool_maxsize))
        return workers.start(send, callback)  # type: ignore[no-any-return]

    def _decoded(self, response: RESTResponse, response_type: Any, method: str, path: str) -> Any:
        if method == "DELETE" and not response.content:  # A success has nothing else to say.
            response = RESTResponse(response.status, response.reason, response.headers, b"{}", response.attempts)
        try:
            return decode_answer(response, response_type)
        except DecodeError as error:
            error.about(method, path, response.attempts, outcome_unknown=method not in SAFE_METHODS)
            raise

    def request(
        self,
        method: str,
        url: str,
        query_params: Any = None,
        headers: Mapping[str, str] | None = None,
        post_params: Iterable[tuple[str, Any]] | None = None,
        body: Any = None,
    ) -> RESTResponse:
        """Send a request as it is; see :meth:`RESTClientObject.request`."""
        return self.rest_client.request(method, url, query_params, headers, body, post_params)

    def deserialize(self, response: Any, response_type: Any) -> Any:
        """Decode an answer.

        :param response: a ``RESTResponse``, or anything with the body's text (or UTF-8 bytes) as ``data``.
        :param response_type: a class, or a name: a model's, ``str``, ``int``, ``float``, ``bool``, ``object``,
            ``date``, ``datetime``, ``list[TYPE]`` or ``dict(str, TYPE)``.
        :return: the value; None for JSON null.
        :raises DecodeError: if the answer is not of that type.
        :raises ValueError: for an unknown type.
        """
        if not isinstance(response, RESTResponse):
            response = RESTResponse(200, None, {}, text("response.data", response.data).encode())
        return decode_answer(response, response_type, complete=False)

    def sanitize_for_serialization(self, obj: Any) -> Any:
        """Give what goes out as JSON for a value: models as dicts without their Nones, dates as ISO 8601 texts.

        :raises TypeError: for a value that JSON cannot carry.
        """
        return sanitize(obj)

    def to_path_value(self, obj: Any) -> str:
        """Give a parameter as it stands in a path or query: a list with commas, everything else as its text."""
        return ",".join(map(str, obj)) if isinstance(obj, list) else str(obj)

    def prepare_post_parameters(
        self, post_params: Iterable[tuple[str, Any]] | None = None, files: Mapping[str, Any] | None = None
    ) -> list[tuple[str, Any]]:
        """Give form fields, with files read as (name, content, media type).

        :param files: a path or a list of paths, by field name.
        :raises OSError: for a file that cannot be read.
        """
        fields = list(post_params or ())
        for name, paths in (files or {}).items():
            for path in map(Path, paths if isinstance(paths, list) else [paths]):
                media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
                fields.append((name, (path.name, path.read_bytes(), media_type)))
        return fields

    def select_header_accept(self, accepts: list[str]) -> str | None:
        """Give the ``Accept`` header for the media types that an endpoint can answer with: JSON if it can."""
        media_types = [each.lower() for each in accepts]
        return _JSON if _JSON in media_types else ", ".join(media_types) or None

    def select_header_content_type(self, content_types: list[str]) -> str:
        """Give the ``Content-Type`` header for the media types that an endpoint takes: JSON if it does."""
        media_types = [each.lower() for each in content_types]
        return media_types[0] if media_types and _JSON not in media_types else _JSON

    def update_params_for_auth(
        self, headers: dict[str, str], querys: list[tuple[str, str]], auth_settings: Iterable[str]
    ) -> None:
        """Add authorization to a request's headers or query.

        :param auth_settings: the kinds; see :meth:`Configuration.auth_settings`.
        :raises ValueError: if the access token is not set.
        """
        configuration = self.configuration
        for kind in auth_settings:
            if kind == "oauth2":
                if "Authorization" not in headers:
                    if not configuration.access_token:
                        raise ValueError(
                            "access_token is not set: give Configuration(access_token=...) or set the environment "
                            "variable SQUARE_ACCESS_TOKEN"
                        )
                    headers["Authorization"] = Secret("Bearer " + configuration.access_token)
            elif (setting := configuration.auth_settings().get(kind)) and setting["value"]:
                headers.setdefault(setting["key"], setting["value"])

    def _headers_for(self, of_call: Mapping[str, str] | None, replacing: Mapping[str, str] | None) -> dict[str, str]:
        headers = {
            "Accept": _JSON,
            "Accept-Encoding": "identity",
            "Content-Type": _JSON,
        }
        if self.configuration.square_version:
            headers["Square-Version"] = self.configuration.square_version
        if self.cookie:
            headers["Cookie"] = conceal(self.cookie)
        for layer in (of_call, self.default_headers, replacing):
            if layer:
                for name, value in layer.items():
                    check_header(name, value)
                    headers[name.title()] = _masked(name, value)
        return headers


# -- What decides: pure functions -----------------------------------------------------------------------------------


def fill_path(template: str, params: Mapping[str, Any]) -> str:
    """Put path parameters into a path, each quoted as one segment (RFC 3986, 3.3).

    :raises ValueError: for a parameter that is no id, or that would lead to another path.
    """
    for name, value in params.items():
        template = template.replace(f"{{{name}}}", path_segment(name, value))
    return template


def path_segment(name: str, value: Any) -> str:
    """Give an id as one path segment.

    :raises ValueError: for what is no text, is empty or blank, has control characters, or has ``.`` or ``..`` as a
        part between slashes.
    """
    segment = value if type(value) is str else text(name, value)
    parts = segment.replace("\\", "/").split("/")  # Some proxies undo the quoting of a slash.
    if not segment.strip() or "." in parts or ".." in parts or not segment.isprintable():
        raise ValueError(f"{name} must be an id as Square gave it, not {segment!r}")
    return quote(segment, safe="")


def has_idempotency_key(body: Any) -> bool:
    """Whether a body has what makes repeating it harmless."""
    values = body.__dict__ if isinstance(body, Model) else body
    return isinstance(values, dict) and bool(values.get("idempotency_key"))


def decode_answer(response: RESTResponse, response_type: Any, *, complete: bool = True) -> Any:
    """Give an answer's body as a value of a type.

    :param complete: whether a model without what it always has is refused.
    :raises DecodeError: if it is not of that type; the exception has the answer.
    :raises ValueError: for an unknown type.
    """
    check_type(response_type)
    try:
        return decode(response.content, response_type, complete=complete)
    except ValueError as error:
        failure = DecodeError(http_resp=response)
        failure.reason = f"the answer is not what the call returns: {error}"
    raise failure


def _masked(name: str, value: str) -> str:
    """Keep a credential from being shown with its header's name."""
    return Secret(value) if name.title() in ("Authorization", "Cookie") else value


def _present_pairs(query: Any) -> list[tuple[str, Any]]:
    pairs = query.items() if hasattr(query, "items") else query
    return [(name, value) for name, value in pairs if value is not None]
