"""The description of the emulator as OpenAPI 3.1: the control interface, and the seven operations of Square's API."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from squareconnect import __version__, models
from squareconnect.emulator.faults import ANY_OPERATION, OPERATIONS

Schema = dict[str, Any]


def _of(kind: str, **more: Any) -> Schema:
    return {"type": kind, **more}


def _object(**properties: Schema) -> Schema:
    return _of("object", properties=properties)


def _list_of(items: Schema) -> Schema:
    return _of("array", items=items)


def _model(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_INTEGER = _of("integer")
_SECONDS = _of("number", minimum=0)
_TEXT = _of("string")
_TIME = _of("string", format="date-time")
_FLAG = _of("boolean")
_NOTHING = _object()
_CLOCK = _object(now=_TIME, standing=_FLAG)
_BUCKET = {"burst": _of("integer", minimum=1), "retry_after": {"type": ["integer", "null"], "minimum": 0}}
_RATE_LIMIT = {
    "type": ["object", "null"],
    "properties": {"rate": _of("number", exclusiveMinimum=0), **_BUCKET},
}
_CUSTOMERS = _list_of(_model("Customer"))
_FAULT = {
    **_object(
        operation=_of("string", enum=[*OPERATIONS, ANY_OPERATION]),
        times={"type": ["integer", "null"], "minimum": 1, "default": 1},
        when=_of("string", enum=["before", "after"], default="before"),
        status=_of("integer", minimum=200, maximum=599),
        code=_TEXT,
        delay=_SECONDS,
        reset=_FLAG,
        truncate=_of("integer", minimum=0),
        drip=_of("number", exclusiveMinimum=0),
        body=_TEXT,
        headers=_of("object", additionalProperties=_TEXT),
        probability=_of("number", exclusiveMinimum=0, maximum=1, default=1),
    ),
    "required": ["operation"],
}
_FAULT_USED = {**_FAULT, "properties": {**_FAULT["properties"], "id": _INTEGER, "used": _INTEGER}}
_STATE = {
    "customers": _INTEGER,
    "requests": _INTEGER,
    "clock": _CLOCK,
    "rate_limit": _RATE_LIMIT,
    "listing_delay": _SECONDS,
    "faults": _list_of(_FAULT_USED),
}
_ENTRY = _object(
    number=_INTEGER,
    operation={"type": ["string", "null"]},
    method=_TEXT,
    path=_TEXT,
    query=_of("object", additionalProperties=_TEXT),
    headers=_of("object", additionalProperties=_TEXT),
    body={},
    status={"type": ["integer", "null"]},
    answer={},
    fault={"oneOf": [_FAULT_USED, _of("null")]},
    connection=_INTEGER,
    at=_TIME,
    seconds={"type": ["number", "null"]},
    change=_INTEGER,
)


class Described(NamedTuple):
    """The documentation of a method on a path of the control interface."""

    summary: str
    answer: Schema
    body: Schema | None = None
    query: dict[str, Schema] | None = None


CONTROL = {
    ("GET", "health"): Described(
        "Return whether the emulator is running, and its state.", _object(status=_TEXT, version=_TEXT, **_STATE)
    ),
    ("POST", "reset"): Described(
        "Restore everything to its state at the start.",
        _NOTHING,
        _object(seed={"type": ["integer", "null"]}, clock={"type": ["string", "null"], "format": "date-time"}),
    ),
    ("POST", "seed"): Described(
        "Add customers.",
        _object(ids=_list_of(_TEXT)),
        {"oneOf": [_object(customers={"oneOf": [_INTEGER, _CUSTOMERS]}), _CUSTOMERS]},
    ),
    ("GET", "faults"): Described("Return the faults.", _object(faults=_list_of(_FAULT_USED))),
    ("POST", "faults"): Described("Make requests fail.", _FAULT_USED, _FAULT),
    ("DELETE", "faults"): Described("Remove all faults.", _NOTHING),
    ("DELETE", "faults/{number}"): Described("Remove a fault.", _NOTHING),
    ("GET", "clock"): Described("Return the emulator's time.", _CLOCK),
    ("POST", "clock"): Described("Advance the clock, or set it.", _CLOCK, _object(advance=_SECONDS, set=_TIME)),
    ("POST", "rate-limit"): Described(
        "Limit the requests per second; a rate of null removes the limit.",
        _object(rate_limit=_RATE_LIMIT),
        _object(rate={"type": ["number", "null"], "exclusiveMinimum": 0}, **_BUCKET),
    ),
    ("POST", "listing-delay"): Described(
        "Set how long a new customer is missing from lists.", _object(listing_delay=_SECONDS), _object(seconds=_SECONDS)
    ),
    ("POST", "merge"): Described("Merge two customers into one.", _NOTHING, _object(old_id=_TEXT, new_id=_TEXT)),
    ("GET", "requests"): Described(
        "Return requests to Square, oldest first.",
        _object(requests=_list_of(_ENTRY), changes=_INTEGER, cleared=_INTEGER),
        query={"operation": _TEXT, "since": _INTEGER, "limit": _INTEGER, "brief": _FLAG, "excerpt": _INTEGER},
    ),
    ("GET", "requests/{number}"): Described(
        "Return a request to Square; with the emulator's `url`, also as a curl command and a Python program.",
        _ENTRY,
        query={"url": _TEXT},
    ),
    ("DELETE", "requests"): Described("Delete all requests.", _NOTHING),
    ("GET", "snapshot"): Described("Return everything but the journal.", _of("object")),
    ("PUT", "snapshot"): Described("Restore a snapshot.", _NOTHING, _of("object")),
    ("GET", "customers"): Described(
        "Return customers with a text in one of their fields, newest first.",
        _object(customers=_CUSTOMERS, total=_INTEGER),
        query={"search": _TEXT, "offset": _INTEGER, "limit": _INTEGER},
    ),
    ("GET", "events"): Described(
        "Stream changes as server-sent events: `requests`, `cleared` and `state`.", _TEXT, query={"since": _INTEGER}
    ),
    ("GET", "openapi.json"): Described("Return this description.", _of("object")),
}

_SEVEN = {
    "list_customers": ("GET", "/v2/customers"),
    "create_customer": ("POST", "/v2/customers"),
    "retrieve_customer": ("GET", "/v2/customers/{customer_id}"),
    "update_customer": ("PUT", "/v2/customers/{customer_id}"),
    "delete_customer": ("DELETE", "/v2/customers/{customer_id}"),
    "create_customer_card": ("POST", "/v2/customers/{customer_id}/cards"),
    "delete_customer_card": ("DELETE", "/v2/customers/{customer_id}/cards/{card_id}"),
}
_LIST_QUERY = {
    "cursor": _TEXT,
    "limit": _of("integer", minimum=1, maximum=100),
    "sort_field": _of("string", enum=["DEFAULT", "CREATED_AT"]),
    "sort_order": _of("string", enum=["ASC", "DESC"]),
    "count": _FLAG,
}


def description() -> dict[str, Any]:
    """Return the description."""
    paths: dict[str, dict[str, Any]] = {}
    for operation, (method, path) in _SEVEN.items():
        paths.setdefault(path, {})[method.lower()] = _square_operation(operation, method, path)
    for (method, name), described in CONTROL.items():
        path = f"/_emulator/{name}"
        paths.setdefault(path, {})[method.lower()] = _control_operation(method, name, path, described)
    return {
        "openapi": "3.1.0",
        "info": {"title": "A local Square", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": {name: _schema(getattr(models, name)) for name in models.__all__},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _square_operation(operation: str, method: str, path: str) -> dict[str, Any]:
    name = "".join(word.capitalize() for word in operation.split("_"))
    body = _model(f"{name}Request") if method in ("POST", "PUT") else None
    query = _LIST_QUERY if operation == "list_customers" else None
    summary = f"{operation.replace('_', ' ').capitalize()}, as Square does."
    described = Described(summary, _model(f"{name}Response"), body, query)
    return {"tags": ["Square"], "security": [{"token": []}], **_operation(operation, path, described)}


def _control_operation(method: str, name: str, path: str, described: Described) -> dict[str, Any]:
    operation = re.sub(r"\W+", "_", f"{method.lower()}_{name}").strip("_")
    return {"tags": ["Emulator"], "security": [{}, {"token": []}], **_operation(operation, path, described)}


def _operation(operation: str, path: str, described: Described) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": _INTEGER if name == "number" else _TEXT}
        for name in re.findall(r"{(\w+)}", path)
    ]
    parameters += [{"name": name, "in": "query", "schema": schema} for name, schema in (described.query or {}).items()]
    content_type = "text/event-stream" if path.endswith("/events") else "application/json"
    refusal = {"content": {"application/json": {"schema": _object(errors=_list_of(_model("Error")))}}}
    answers = {
        "200": {"description": "Done.", "content": {content_type: {"schema": described.answer}}},
        "default": {"description": "Refused, in Square's error shape.", **refusal},
    }
    body = {"requestBody": {"content": {"application/json": {"schema": described.body}}}} if described.body else {}
    shown = {"operationId": operation, "summary": described.summary, "parameters": parameters}
    return {**shown, **body, "responses": answers}


_TYPES = {"str": _TEXT, "int": _INTEGER, "bool": _FLAG}


def _schema(model: Any) -> Schema:
    types: dict[str, str] = getattr(model, "swagger_types", {})
    if not types:
        values = list(getattr(model, "values", ()))
        return _of("string", examples=values) if values else _NOTHING
    return _object(**{name: _schema_of(swagger_type) for name, swagger_type in types.items()})


def _schema_of(swagger_type: str) -> Schema:
    if swagger_type.startswith("list["):
        return _list_of(_schema_of(swagger_type[len("list[") : -1]))
    return _TYPES.get(swagger_type) or _model(swagger_type)
