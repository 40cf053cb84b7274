"""The demonstration: every call once, with its HTTP request and answer."""

from __future__ import annotations

import json
import os
import time
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from squareconnect.api_client import ApiClient
from squareconnect.apis.customers_api import CustomersApi
from squareconnect.cli.output import as_json
from squareconnect.exceptions import ApiException
from squareconnect.models import Address, CreateCustomerCardRequest, CreateCustomerRequest, UpdateCustomerRequest
from squareconnect.models._model import Model
from squareconnect.rest import RESTClientObject, RESTResponse
from squareconnect.serialization import encode

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from squareconnect.cli.fields import JsonObject
    from squareconnect.configuration import Configuration

_CUSTOMERS_SHOWN = 3
_WIDTH = 100

_BOLD, _GREEN, _RED, _DIM = "1", "32", "31", "2"


def run(configuration: Configuration, printer: Printer) -> None:
    """Make all seven calls and a refused one, and print each: the call, the request and the answer.

    It deletes what it creates, even if a call fails.

    :param configuration: the host to call and its token.
    :param printer: prints the calls.
    :raises ApiException: if a call fails unexpectedly.
    """
    started = time.perf_counter()
    with ApiClient(configuration) as client:
        client.rest_client = _PrintingRESTClient(configuration, printer)
        make_all_calls(CustomersApi(client), printer)
    printer.summary(time.perf_counter() - started)


def make_all_calls(customers: CustomersApi, printer: Printer) -> None:
    """Make all seven calls and a refused one. The customer is deleted whatever happens to the calls before.

    :param customers: the API to call.
    :param printer: is called with each call before it is made.
    :raises ApiException: if a call fails unexpectedly.
    """

    def call(method: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        printer.call(method.__name__, arguments, options)
        return method(*arguments, **options)

    request = CreateCustomerRequest(
        idempotency_key=str(uuid.uuid4()),
        given_name="Ada",
        family_name="Lovelace",
        email_address="ada@example.com",
        address=Address(locality="London", country="GB"),
    )
    customer_id = call(customers.create_customer, request).customer.id
    try:
        call(customers.retrieve_customer, customer_id)
        changes = UpdateCustomerRequest(email_address="", note="Wrote the first program")
        call(customers.update_customer, customer_id, changes)
        card_request = CreateCustomerCardRequest(card_nonce="cnon:card-nonce-ok", cardholder_name="Ada Lovelace")
        card_id = call(customers.create_customer_card, customer_id, card_request).card.id
        try:
            declined = CreateCustomerCardRequest(card_nonce="cnon:card-nonce-declined")
            call(customers.create_customer_card, customer_id, declined)
        except ApiException as error:
            if not error.errors:
                raise
        call(customers.list_customers, sort_field="CREATED_AT", sort_order="DESC")
        call(customers.delete_customer_card, customer_id, card_id)
    finally:
        call(customers.delete_customer, customer_id)


class Printer:
    """Prints calls in readable form.

    :param output: where to print; in colour if it is a terminal and `NO_COLOR` is not set.
    """

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._colour = output.isatty() and not os.environ.get("NO_COLOR")
        self._calls = 0
        self._refused = 0

    def call(self, method: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
        """Print a call as it is written in a program."""
        self._calls += 1
        shown = [_as_code(value) for value in arguments]
        shown += [f"{name}={_as_code(value)}" for name, value in options.items()]
        self._line(self._painted(_BOLD, f"{self._calls}. {method}({', '.join(shown)})"))

    def request(self, method: str, target: str, square_version: str | None, body: bytes | None) -> None:
        """Print the request. Of the token, show only that there is one."""
        self._line(f"   --> {method} {target}")
        version = f"    Square-Version: {square_version}" if square_version else ""
        self._line(self._painted(_DIM, f"       Authorization: Bearer ***{version}"))
        if body is not None:
            self._json(body)

    def answer(self, status: int, reason: str | None, seconds: float, body: bytes) -> None:
        """Print the answer."""
        refused = status >= 400
        self._refused += refused
        line = f"   <-- {status} {reason or ''} ({seconds * 1000:.0f} ms)"
        self._line(self._painted(_RED if refused else _GREEN, line))
        self._json(body)
        self._line("")

    def summary(self, seconds: float) -> None:
        """Print the summary at the end."""
        answered = self._calls - self._refused
        line = f"{self._calls} calls in {seconds:.2f} s: {answered} answered, {self._refused} refused. Nothing is left."
        self._line(self._painted(_BOLD, line))

    def _json(self, body: bytes) -> None:
        try:
            text = _pretty(_shortened(json.loads(body)))
        except ValueError:
            text = ascii(body)
        for line in text.splitlines():
            self._line(f"       {line}")

    def _painted(self, style: str, text: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self._colour else text

    def _line(self, text: str) -> None:
        print(text, file=self._output)


class JsonPrinter(Printer):
    """Prints each call as one JSON object: its method, the request and the answer."""

    def call(self, method: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
        """Start an object."""
        self._object: JsonObject = {"method": method}

    def request(self, method: str, target: str, square_version: str | None, body: bytes | None) -> None:
        """Store the request."""
        self._object["request"] = f"{method} {target}"
        if body is not None:
            self._object["body"] = json.loads(body)

    def answer(self, status: int, reason: str | None, seconds: float, body: bytes) -> None:
        """Print the object, completed by the answer."""
        try:
            answer = _shortened(json.loads(body))
        except ValueError:
            answer = ascii(body)
        self._line(as_json({**self._object, "status": status, "answer": answer}))

    def summary(self, seconds: float) -> None:
        """Print no summary."""


class _PrintingRESTClient(RESTClientObject):
    """Prints each request and its answer."""

    def __init__(self, configuration: Configuration, printer: Printer) -> None:
        super().__init__(configuration)
        self._printer = printer

    def request(
        self,
        method: str,
        url: str,
        query_params: Any = None,
        headers: Any = None,
        body: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> RESTResponse:
        target = urlsplit(url).path + (f"?{urlencode(query_params)}" if query_params else "")
        self._printer.request(
            method, target, (headers or {}).get("Square-Version"), None if body is None else encode(body)
        )
        started = time.perf_counter()
        try:
            response = super().request(method, url, query_params, headers, body, *args, **kwargs)
        except ApiException as error:
            if error.status is not None:
                self._printer.answer(error.status, error.reason, time.perf_counter() - started, error.raw_body or b"")
            raise
        self._printer.answer(response.status, response.reason, time.perf_counter() - started, response.content)
        return response


def _as_code(value: Any) -> str:
    if isinstance(value, Model):
        fields = [(name, getattr(value, name)) for name in value.swagger_types]
        given = ", ".join(f"{name}={_as_code(field)}" for name, field in fields if field is not None)
        return f"{type(value).__name__}({given})"
    return repr(value)


def _pretty(value: Any, indent: str = "") -> str:
    """Return JSON text with each object and list on one line, or with one line per item where that is too long."""
    text = json.dumps(value)
    if len(indent) + len(text) <= _WIDTH or not isinstance(value, (dict, list)):
        return text
    inner = indent + "  "
    if isinstance(value, dict):
        items = [f"{inner}{json.dumps(key)}: {_pretty(item, inner)}" for key, item in value.items()]
    else:
        items = [inner + _pretty(item, inner) for item in value]
    return "\n".join([text[0], ",\n".join(items), indent + text[-1]])


def _shortened(answer: Any) -> Any:
    """Return an answer without most of a long list of customers: a real directory has many."""
    if isinstance(answer, dict) and isinstance(answer.get("customers"), list):
        customers = answer["customers"]
        more = len(customers) - _CUSTOMERS_SHOWN
        if more > 0:
            return {**answer, "customers": [*customers[:_CUSTOMERS_SHOWN], f"... and {more} more"]}
    return answer
