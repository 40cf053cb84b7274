"""Evaluates Python expressions with whichever ``squareconnect`` it finds, and tells what comes of them.

It runs as a program, in both environments: one JSON text a line from standard input, one a line to standard output.
Expressions can use the names of this module; :func:`answer` makes them talk to a server that it runs.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import squareconnect
from squareconnect.rest import ApiException, RESTResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from squareconnect import ApiClient, CustomersApi

HEADERS = ("Accept", "Accept-Encoding", "Authorization", "Content-Type", "Cookie", "Square-Version", "X-Shop")
"""The headers that are compared, besides User-Agent."""


# -- The server -----------------------------------------------------------------------------------------------------


class Server(ThreadingHTTPServer):
    """Gives the answer it was told to, and keeps the requests that came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[Any] = []
        self.status, self.body = 200, b"{}"
        self.headers: dict[str, str] = {}


class Handler(BaseHTTPRequestHandler):
    """Serves one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _answer(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name: self.headers[name] for name in HEADERS if name in self.headers}
        headers["User-Agent"] = re.sub(r"/.*", "/VERSION", self.headers["User-Agent"])
        server.requests.append([self.command, self.path, headers, json.loads(sent) if sent else None])
        has_body = server.status not in (204, 304)
        body = server.body if has_body and self.command != "HEAD" else b""
        self.send_response(server.status)
        for name, value in server.headers.items():
            self.send_header(name, value)
        if has_body:
            self.send_header("Content-Length", str(len(server.body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = _answer  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Keep silent."""


# -- What expressions can use ---------------------------------------------------------------------------------------


def client() -> ApiClient:
    """Give a client with a token and the server as its host; this package's tries once only, as 2.x mostly did."""
    configuration = squareconnect.Configuration()
    configuration.host = f"http://127.0.0.1:{server.server_port}"
    configuration.access_token = "TOKEN"
    if hasattr(configuration, "max_retries"):
        configuration.max_retries = 0
    return squareconnect.ApiClient(configuration)


def headers(**more: str) -> dict[str, str]:
    """Give the headers that the API's methods send besides those of the client, and more."""
    return {"Accept": "application/json", "Content-Type": "application/json", "Square-Version": "2019-06-12", **more}


def answer(body: Any = None, status: int = 200, headers: dict[str, str] | None = None) -> CustomersApi:
    """Let the server answer with this, and give the API that asks it. A body that is no text is sent as JSON."""
    if not isinstance(body, (str, bytes)):
        body = json.dumps({} if body is None else body)
    server.body = body if isinstance(body, bytes) else body.encode()
    server.status, server.headers = status, headers or {}
    return api


def of(text: str) -> SimpleNamespace:
    """Give what looks like an answer with this text as its body."""
    return SimpleNamespace(data=text)


def result_of(call: Callable[[Callable[[Any], None]], Any]) -> list[Any]:
    """Make a call with a callback. Give what the callback got."""
    results: list[Any] = []
    call(results.append).join()
    return results


def change(thing: Any, **values: Any) -> Any:
    """Give a thing after setting some of its attributes."""
    for name, value in values.items():
        setattr(thing, name, value)
    return thing


def walk() -> list[str]:
    """Give an expression for each public name of the Customers API, found from ``CustomersApi`` on."""
    models = squareconnect.models
    known = {name.lower(): name for name in dir(models) if isinstance(getattr(models, name), type)}
    found: set[str] = set()
    names: set[str] = set()
    for method in (name for name in dir(squareconnect.CustomersApi) if name[0] != "_"):
        stem = "".join(part.title() for part in method.split("_"))
        names |= {stem + "Request", stem + "Response"}
    while names:
        name = names.pop()
        if name in found:
            continue
        found.add(name)
        model = getattr(models, name)
        names |= {word for kind in model().swagger_types.values() for word in re.findall(r"\w+", kind)} & {
            *known.values()
        }
        texts = " ".join(getattr(model, field).__doc__ for field in model().swagger_types)
        names |= {known[word] for word in re.findall(r"#type-(\w+)", texts) if word in known}
    expressions = [
        "squareconnect.api_client",
        "squareconnect.apis",
        "squareconnect.configuration",
        "squareconnect.models",
        "squareconnect.rest",
        "squareconnect.apis.customers_api",
        "squareconnect.apis.CustomersApi",
        "squareconnect.api_client.ApiClient",
        "squareconnect.configuration.Configuration",
    ]
    for name in sorted(found):
        snake = "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)[1:]
        expressions += [f"squareconnect.models.{name}", f"squareconnect.models.{snake}.{name}"]
        expressions += members(f"squareconnect.{name}", f"squareconnect.{name}()", getattr(models, name)())
    for path, made in (
        ("squareconnect.Configuration", "squareconnect.Configuration()"),
        ("squareconnect.ApiClient", "squareconnect.ApiClient()"),
        ("squareconnect.CustomersApi", "squareconnect.CustomersApi()"),
        ("squareconnect.rest.ApiException", "squareconnect.rest.ApiException(404, 'Not Found')"),
        ("squareconnect.rest.RESTClientObject", "squareconnect.rest.RESTClientObject(squareconnect.Configuration())"),
        ("squareconnect.rest.RESTResponse", "RESTResponse"),
        ("squareconnect.apis.customers_api.CustomersApi", "squareconnect.apis.customers_api.CustomersApi()"),
    ):
        expressions += members(path, made, eval(made))
    return expressions


def members(path: str, made: str, thing: Any) -> list[str]:
    """Give an expression for a class and one for each public member of an instance."""
    return [path, *(f"{made}.{name}" for name in dir(thing) if name[0] != "_")]


# -- What comes of them ---------------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """Give a value as JSON, the same for what means the same in both packages."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [plain(item) for item in value]}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if hasattr(value, "swagger_types") and not isinstance(value, type):
        return {"model": type(value).__name__, "fields": plain(value.to_dict())}
    if isinstance(value, ModuleType):
        return {"module": value.__name__}
    if isinstance(value, RESTResponse):
        return {"status": value.status, "reason": value.reason, "data": value.data}
    if callable(value):
        return {"name": value.__name__, "parameters": parameters(value)}
    return {"a": type(value).__name__}


def parameters(function: Callable[..., Any]) -> list[list[str | None]]:
    """Give the parameters of a function or class: name, kind and default of each."""
    try:
        signature = inspect.signature(function)
    except ValueError:
        return []
    return [
        [each.name, each.kind.name, None if each.default is each.empty else repr(each.default)]
        for each in signature.parameters.values()
    ]


def evaluate(expression: str) -> dict[str, Any]:
    """Give what comes of an expression: its value or exception, and the requests that it made."""
    server.requests.clear()
    try:
        outcome = {"value": plain(eval(expression))}
    except ApiException as error:
        outcome = raised(error)
        outcome.update(status=error.status, reason=error.reason, body=error.body, headers=bool(error.headers))
    except Exception as error:
        outcome = raised(error)
    return {**outcome, "requests": list(server.requests)}


def raised(error: Exception) -> dict[str, Any]:
    """Give an exception's classes, the nearest first, and its message."""
    kinds = [kind.__name__ for kind in type(error).__mro__ if issubclass(kind, Exception)]
    return {"raises": kinds, "message": str(error)}


server = Server()
threading.Thread(target=server.serve_forever, daemon=True).start()
api = squareconnect.CustomersApi(client())

if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(evaluate(json.loads(line))), flush=True)
