"""Evaluate Python expressions with the installed ``squareconnect``, and report their outcomes.

``python -m compatibility.worker CLIENT`` runs in both environments. It reads a JSON string from each line of standard
input, and writes a JSON object per line to standard output. Expressions can use the names of this module;
:func:`answer` connects them with a server in this process. CLIENT is the client that the API classes of 2.x get:
``original``, or this package's ``threads`` or ``asyncio``. With the latter two, the API classes come from the copy of
2.x that is installed next to this package.
"""

from __future__ import annotations

import asyncio
import base64
import importlib
import inspect
import json
import pickle
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import squareconnect
from compatibility.later import leave_out
from compatibility.methods import LINK, VARIANTS, Method, methods_of
from squareconnect.rest import ApiException, RESTResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from squareconnect import ApiClient, CustomersApi

CLIENT = sys.argv[1]
square2: Any = importlib.import_module("squareconnect" if CLIENT == "original" else "legacy.squareconnect")
"""The package with the API classes of 2.x."""

HEADERS = ("Accept", "Accept-Encoding", "Authorization", "Content-Type", "Cookie", "Square-Version", "X-Shop")
"""The headers that are compared, in addition to User-Agent."""


# -- The server -----------------------------------------------------------------------------------------------------


class Server(ThreadingHTTPServer):
    """Sends a given answer, and keeps the requests that arrive."""

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
        server.requests.append([self.command, self.path, headers, self._body(sent.decode(), headers)])
        has_body = server.status not in (204, 304)
        body = server.body if has_body and self.command != "HEAD" else b""
        self.send_response(server.status)
        for name, value in server.headers.items():
            self.send_header(name, value)
        if has_body:
            self.send_header("Content-Length", str(len(server.body)))
        self.end_headers()
        self.wfile.write(body)

    def _body(self, sent: str, headers: dict[str, str]) -> Any:
        """Return a body as JSON, or that of a form as its text, in which the random boundary is replaced."""
        kind, _, boundary = headers.get("Content-Type", "").partition("; boundary=")
        if boundary:
            headers["Content-Type"] = kind
        if kind.endswith(("form-data", "urlencoded")):
            return sent.replace(boundary, "BOUNDARY") if boundary else sent
        return json.loads(sent) if sent else None

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = _answer  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Log nothing."""


# -- What expressions can use ---------------------------------------------------------------------------------------


def configuration() -> squareconnect.Configuration:
    """Return settings with a token and the server as the host, and without retries, as in most calls of 2.x."""
    made = squareconnect.Configuration()
    made.host = f"http://127.0.0.1:{server.server_port}"
    made.access_token = "TOKEN"
    if hasattr(made, "max_retries"):
        made.max_retries = 0
    return made


def client() -> ApiClient:
    """Return a client that calls the server."""
    return squareconnect.ApiClient(configuration())


def headers(**more: str) -> dict[str, str]:
    """Return the headers that the API's methods add to those of the client, and ``more``."""
    return {"Accept": "application/json", "Content-Type": "application/json", "Square-Version": "2019-06-12", **more}


def form(kind: str) -> dict[str, str]:
    """Return these headers for a form of one of the two kinds."""
    return {**headers(), "Content-Type": f"{'multipart' if kind == 'form-data' else 'application'}/{kind}"}


def answer(body: Any = None, status: int = 200, headers: dict[str, str] | None = None) -> CustomersApi:
    """Set the server's answer, and return the API that calls it. A body that is not str or bytes is sent as JSON."""
    if not isinstance(body, (str, bytes)):
        body = json.dumps({} if body is None else body)
    server.body = body if isinstance(body, bytes) else body.encode()
    server.status, server.headers = status, headers or {}
    return api


def of(text: str) -> SimpleNamespace:
    """Return an object that looks like an answer with this text as its body."""
    return SimpleNamespace(data=text)


def result_of(call: Callable[[Callable[[Any], None]], Any]) -> list[Any]:
    """Make a call with a callback. Return the results that the callback got."""
    results: list[Any] = []
    call(results.append).join()
    return results


def change(thing: Any, **values: Any) -> Any:
    """Set some attributes of an object, and return it."""
    for name, value in values.items():
        setattr(thing, name, value)
    return thing


def call(api_name: str, method_name: str, how: str) -> Any:
    """Call a method of one of 2.x's API classes in one of the ways that ``VARIANTS`` lists.

    :return: the result, and the token of the next page if there is one.
    """
    variant = VARIANTS[how]
    method = Method(getattr(getattr(square2, api_name), method_name))
    body, status = method.answer(square2.models, variant), 404 if variant.answer == "refusal" else 200
    answer(body, status, {"Link": LINK} if isinstance(body, list) else {})
    arguments = method.arguments(square2.models, variant)
    settings = change(configuration(), api_key={"Authorization": "KEY"}, api_key_prefix={"Authorization": "Client"})
    if CLIENT == "asyncio":
        return asyncio.run(awaited(api_name, method_name, settings, arguments))
    more = {} if CLIENT == "original" else {"models": square2.models}
    made = squareconnect.ApiClient(settings, **more)
    function = getattr(getattr(square2, api_name)(made), method_name)
    if variant.with_callback:
        return result_of(lambda callback: function(**arguments, callback=callback))
    return [function(**arguments), made.last_response.getbatch_token()]


async def awaited(api_name: str, method_name: str, settings: squareconnect.Configuration, arguments: Any) -> Any:
    """Await a method of one of 2.x's API classes on an asyncio client, and return the same as :func:`call`."""
    async with squareconnect.AsyncApiClient(settings, models=square2.models) as made:
        result = await getattr(getattr(square2, api_name)(made), method_name)(**arguments)
        return [result, made.last_response.getbatch_token()]


def methods() -> list[list[str]]:
    """Return the names of 2.x's API classes, each paired with each of its methods."""
    apis = sorted(name for name in dir(square2.apis) if name.endswith("Api"))
    return [[api_name, name] for api_name in apis for name in methods_of(getattr(square2, api_name))]


def pickled() -> list[str]:
    """Return pickles of models, with each protocol, as base64 strings."""
    made = [eval(source) for source in PICKLED]
    return [
        base64.b64encode(pickle.dumps(each, protocol)).decode()
        for each in made
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    ]


def unpickled(text: str) -> Any:
    """Return the model in a string that :func:`pickled` made."""
    return pickle.loads(base64.b64decode(text))


PICKLED = (
    "squareconnect.Customer(id='C1', cards=[squareconnect.Card(id='c', exp_month=12)], groups=[])",
    "squareconnect.CreateCustomerRequest(given_name='Zoë', address=squareconnect.Address(locality='Köln'))",
    "squareconnect.ListCustomersResponse([squareconnect.Customer()], [squareconnect.Error(code='NOT_FOUND')], 'x')",
    "squareconnect.CardBrand()",
)


def walk() -> list[str]:
    """Return an expression for each public name of the Customers API, starting from ``CustomersApi``."""
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
    """Return an expression for a class, and an expression for each public member of an instance."""
    return [path, *(f"{made}.{name}" for name in dir(thing) if name[0] != "_")]


# -- Outcomes -------------------------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """Return a value as JSON. Values that mean the same in both packages have the same JSON."""
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
    """Return the name, kind and default of each parameter of a function or class."""
    try:
        signature = inspect.signature(function)
    except ValueError:
        return []
    return [
        [each.name, each.kind.name, None if each.default is each.empty else repr(each.default)]
        for each in signature.parameters.values()
    ]


def evaluate(expression: str) -> dict[str, Any]:
    """Return the outcome of an expression: its value or exception, and the requests that it made."""
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
    """Return the classes of an exception, the most specific first, and its message."""
    kinds = [kind.__name__ for kind in type(error).__mro__ if issubclass(kind, Exception)]
    return {"raises": kinds, "message": str(error)}


leave_out(squareconnect.models)
server = Server()
threading.Thread(target=server.serve_forever, daemon=True).start()
api = squareconnect.CustomersApi(client())

if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(evaluate(json.loads(line))), flush=True)
