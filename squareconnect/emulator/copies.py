"""Copies of a request in the journal, to send it again: a curl command, and a Python program.

The token is not part of a copy: it is read from the environment variable `SQUARE_ACCESS_TOKEN`.
"""

from __future__ import annotations

import json
from pprint import pformat
from shlex import quote
from textwrap import indent
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlencode

if TYPE_CHECKING:
    from squareconnect.emulator.journal import Entry

_ADDED_BY_CLIENTS = frozenset(
    {"accept", "accept-encoding", "authorization", "connection", "content-length", "expect", "host"}
    | {"transfer-encoding", "user-agent"}
)
_WITH_BODY = frozenset({"create_customer", "create_customer_card", "update_customer"})
_KEYWORDS = frozenset({"cursor", "sort_field", "sort_order"})

_SDK_PROGRAM = """\
import os

from squareconnect import ApiClient, Configuration, CustomersApi

configuration = Configuration(
    host={url!r},
    access_token=os.environ["SQUARE_ACCESS_TOKEN"],
    square_version={version!r},
)
api = CustomersApi(ApiClient(configuration))
print(api.{operation}({arguments}))
"""
_PLAIN_PROGRAM = """\
import os

import urllib3

answer = urllib3.request(
    {method!r},
    {url!r},
    headers={{
{headers}
    }},
    body={body!r},
)
print(answer.status, answer.data.decode())
"""


def as_curl(entry: Entry, url: str) -> str:
    """Return a curl command that sends a request again, for a POSIX shell.

    :param entry: the request.
    :param url: the emulator's base URL.
    """
    # curl would read brackets in a URL as patterns, and fold `/../` in its path.
    flags = "--head" if entry.method == "HEAD" else f"--globoff --path-as-is --request {quote(entry.method)}"
    parts = [f"curl {flags} {quote(_address(entry, url))}"]
    if "authorization" in entry.headers:
        parts.append('--header "Authorization: Bearer $SQUARE_ACCESS_TOKEN"')
    parts += [f"--header {quote(f'{name}: {text}')}" for name, text in _own_headers(entry).items()]
    if entry.body is not None:
        parts.append(f"--data-raw {quote(_body(entry))}")
    return " \\\n  ".join(parts) + "\n"


def as_python(entry: Entry, url: str) -> str:
    """Return a Python program that sends a request again.

    It makes the call with this package if possible, and with urllib3 otherwise.

    :param entry: the request.
    :param url: the emulator's base URL.
    """
    return _sdk_program(entry, url) if _sdk_can_send(entry) else _plain_program(entry, url)


def _sdk_can_send(entry: Entry) -> bool:
    return (
        entry.operation is not None
        and "authorization" in entry.headers
        and entry.query.keys() <= (_KEYWORDS if entry.operation == "list_customers" else frozenset())
        and not {"", ".", ".."} & set(_ids(entry))
        and isinstance(entry.body, dict if entry.operation in _WITH_BODY else type(None))
    )


def _sdk_program(entry: Entry, url: str) -> str:
    arguments = [repr(each) for each in _ids(entry)]
    if entry.body is not None:
        arguments.append(pformat(entry.body, sort_dicts=False, width=100))
    arguments += [f"{name}={value!r}" for name, value in entry.query.items()]
    return _SDK_PROGRAM.format(
        url=url,
        version=entry.headers.get("square-version"),
        operation=entry.operation,
        arguments=", ".join(arguments),
    )


def _plain_program(entry: Entry, url: str) -> str:
    headers = [f"{name!r}: {text!r}," for name, text in _own_headers(entry).items()]
    if "authorization" in entry.headers:
        headers.insert(0, '"authorization": "Bearer " + os.environ["SQUARE_ACCESS_TOKEN"],')
    return _PLAIN_PROGRAM.format(
        method=entry.method,
        url=_address(entry, url),
        headers=indent("\n".join(headers), " " * 8),
        body=None if entry.body is None else _body(entry).encode(),
    )


def _address(entry: Entry, url: str) -> str:
    return url + entry.path + (f"?{urlencode(entry.query)}" if entry.query else "")


def _own_headers(entry: Entry) -> dict[str, str]:
    return {name: text for name, text in entry.headers.items() if name not in _ADDED_BY_CLIENTS}


def _ids(entry: Entry) -> list[str]:
    """Return the ids in a path: of the customer, and of the card."""
    return [unquote(part) for part in entry.path.split("/")[3::2]]


def _body(entry: Entry) -> str:
    return entry.body if isinstance(entry.body, str) else json.dumps(entry.body, ensure_ascii=False)
