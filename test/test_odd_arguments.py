"""Wrong arguments and answers: the message is one clear sentence, and nothing is sent or shown."""

from __future__ import annotations

import gzip
import json
import os
import sys
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from squareconnect import ApiClient, Configuration, CustomersApi
from squareconnect.exceptions import ApiException, DecodeError
from test.servers import FOUND, Server, answer, api_for

if TYPE_CHECKING:
    from collections.abc import Callable

# -- Arguments ------------------------------------------------------------------------------------------------------

_NO_MAPPING = "must be a dict or another mapping, not"
ODD: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "headers in a list": ({"_headers": [("X", "y")]}, TypeError, f"_headers {_NO_MAPPING} list"),
    "headers in a text": ({"_headers": "X: y"}, TypeError, f"_headers {_NO_MAPPING} str"),
    "headers in bytes": ({"_headers": b"X: y"}, TypeError, f"_headers {_NO_MAPPING} str"),
    "a number of headers": ({"_headers": 5}, TypeError, f"_headers {_NO_MAPPING} int"),
    "headers of 2.x in a list": ({"header_params": ["X"]}, TypeError, f"header_params {_NO_MAPPING} list"),
    "no path": ({"resource_path": None}, ValueError, "resource_path must be a str that begins with a slash, not None"),
    "a path in bytes": ({"resource_path": b"/x"}, ValueError, "resource_path must be a str that begins with a slash"),
    "a list of ids": ({"path_params": ["C1"]}, TypeError, f"path_params {_NO_MAPPING} list"),
    "an id by itself": ({"path_params": "C1"}, TypeError, f"path_params {_NO_MAPPING} str"),
    "a number of files": ({"method": "POST", "files": 5}, TypeError, f"files {_NO_MAPPING} int"),
    "a list of files": ({"method": "POST", "files": ["x"]}, TypeError, f"files {_NO_MAPPING} list"),
    "a file that is none": ({"method": "POST", "files": {"image": 5}}, TypeError, "files: image must be the path of a"),
    "no method": ({"method": None}, ValueError, "method must be one of DELETE, GET"),
    "a number as query": ({"query_params": 5}, TypeError, "query_params must be a mapping, or a list of pairs"),
    "a text as query": ({"query_params": "a=b"}, TypeError, "query_params must be a mapping, or a list of pairs"),
    "a list of numbers as query": ({"query_params": [1]}, TypeError, "query_params must be a mapping, or a list of"),
    "a number as callback": ({"callback": 5}, TypeError, "callback must be a function, not int"),
    "a length of one's own": ({"_headers": {"Content-Length": "5"}}, ValueError, "header Content-Length must be left"),
    "a framing of one's own": (
        {"header_params": {"transfer-encoding": "chunked"}},
        *(ValueError, "header Transfer-Encoding must be left out: the client sets it to match the body"),
    ),
}


@pytest.mark.parametrize(("arguments", "error", "words"), ODD.values(), ids=ODD)
def test_a_wrong_argument_is_named_before_anything_is_sent(
    arguments: dict[str, Any], error: type[Exception], words: str
) -> None:
    with Server() as server:
        client = api_for(server).api_client
        with pytest.raises(error) as caught:
            client.call_api(**{"resource_path": "/x", "method": "GET", **arguments})

        assert words in str(caught.value)
        assert server.connections == 0


def test_content_length_is_refused_as_a_default_header_too() -> None:
    with pytest.raises(ValueError, match="header content-length must be left out"):
        ApiClient(Configuration()).set_default_header("content-length", "5")
    with pytest.raises(ValueError, match="header Transfer-Encoding must be left out"):
        ApiClient(Configuration(), "Transfer-Encoding", "chunked")


@pytest.mark.parametrize("query", [{"a": "1", "b": None}, [("a", "1"), ("b", None)], iter([("a", "1")])])
def test_a_query_is_a_mapping_or_pairs_and_leaves_out_none(query: Any) -> None:
    with Server() as server:
        api_for(server).api_client.call_api("/x", "GET", query_params=query)

        assert server.requests[0].target == "/x?a=1"


# -- Answers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [sys.maxsize, sys.maxsize * 4])
@pytest.mark.parametrize("encoding", ["gzip", None])
def test_the_limit_of_an_answer_may_be_any_large_number(size: int, encoding: str | None) -> None:
    content = json.dumps(FOUND).encode()
    packed = answer(200, gzip.compress(content) if encoding else content, {"Content-Encoding": encoding})
    with Server(packed) as server:
        assert api_for(server, max_response_size=size).retrieve_customer("C1").customer


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"customers": [None]}, "customers[0] should be a Customer but is null"),
        ({"customers": [FOUND["customer"], None]}, "customers[1] should be a Customer but is null"),
        ({"customers": [5]}, "customers[0] should be a Customer but is a number"),
        ({"customers": {}}, "customers should be an array but is an object"),
    ],
    ids=str,
)
def test_a_list_with_an_item_of_another_type_is_a_decode_error(body: Any, words: str) -> None:
    with Server(answer(200, body)) as server, pytest.raises(DecodeError) as caught:
        api_for(server).list_customers()

    assert words in str(caught.value)
    assert caught.value.status == 200


# -- What is private ------------------------------------------------------------------------------------------------

SECRET = "EAAA-CANARY-9"


def shown(error: BaseException) -> str:
    """Return what an error tracker sends: the traceback with the locals of all frames except the test's."""
    whole = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames = [frame for frame in whole.stack if frame.filename != __file__]
    assert frames
    return "".join([*traceback.format_exception_only(error), *(str(frame.locals) for frame in frames)])


def client(**settings: Any) -> Any:
    return CustomersApi(ApiClient(Configuration(access_token="T", host="http://127.0.0.1:9", **settings)))


unchecked: Any = ApiClient
REFUSED: dict[str, Callable[[], object]] = {
    "a header with a line break": lambda: client().retrieve_customer("C1", _headers={"Authorization": SECRET + "\n"}),
    "a header in a list": lambda: client().retrieve_customer("C1", _headers={"Authorization": [SECRET]}),
    "a header in a tuple": lambda: client().retrieve_customer("C1", _headers={"Authorization": (SECRET,)}),
    "a header in a dict": lambda: client().retrieve_customer("C1", _headers={"Authorization": {"Bearer": SECRET}}),
    "headers in a text": lambda: client().retrieve_customer("C1", _headers=f"Authorization: {SECRET}"),
    "headers in bytes": lambda: client().retrieve_customer("C1", _headers=f"Authorization: {SECRET}".encode()),
    "headers in pairs": lambda: client().retrieve_customer("C1", _headers=[("Authorization", SECRET)]),
    "a header that has no name": lambda: client().retrieve_customer("C1", _headers={"X Y": SECRET}),
    "a header of the call": lambda: client().api_client.call_api("/", "GET", header_params={"X": [SECRET]}),
    "a default header with a line break": lambda: unchecked().set_default_header("Authorization", SECRET + "\n"),
    "a default header in a list": lambda: unchecked().set_default_header("Authorization", [SECRET]),
    "a default header that has no name": lambda: unchecked().set_default_header("X Y", SECRET),
    "a header of the client": lambda: unchecked(Configuration(), "Authorization", SECRET + "\n"),
    "a header of the client in a list": lambda: unchecked(Configuration(), "X", [SECRET]),
    "another header than the cookie": lambda: unchecked(Configuration(), "X Y", "z", cookie=SECRET),
    "another configuration": lambda: unchecked("https://square.example", "Authorization", SECRET),
    "a cookie with a line break": lambda: CustomersApi(
        ApiClient(Configuration(access_token="T"), cookie=SECRET + "\n")
    ).retrieve_customer("C1"),
    "a host with a user": lambda: Configuration(host=f"https://{SECRET}@square.example"),
    "a host with a password": lambda: Configuration(host=f"https://u:{SECRET}@square.example"),
    "a host with a query": lambda: Configuration(host=f"https://square.example?access_token={SECRET}"),
    "a host with a fragment": lambda: Configuration(host=f"https://square.example#{SECRET}"),
    "a host that is the token": lambda: Configuration(host=SECRET),
    "a host with an odd port": lambda: Configuration(host=f"https://square.example:{SECRET}"),
    "a host with half an address": lambda: Configuration(host=f"https://[{SECRET}"),
    "a host that is assigned": lambda: setattr(Configuration(), "host", f"https://{SECRET}@square.example"),
}


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED)
def test_a_refused_value_is_not_shown(refused: Callable[[], object]) -> None:
    with pytest.raises((ValueError, TypeError)) as caught:
        refused()

    assert SECRET not in shown(caught.value)


PROXIES = [
    "http://user:{}@[::::]:80",
    "http://user:{}@[::1",
    "user:{}@[::::]:80",
    "http://user:{}@h:99999",
    "http://u:{}@",
]


def retrieve_by(proxy: str | None) -> None:
    configuration = Configuration(access_token="T", host="https://square.example", proxy=proxy)
    CustomersApi(ApiClient(configuration)).retrieve_customer("C1")


@pytest.mark.parametrize("proxy", PROXIES)
@pytest.mark.parametrize("given", ["as a setting", "by the environment"])
def test_the_password_of_an_impossible_proxy_is_not_shown(
    proxy: str, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = proxy.format(SECRET)
    if given == "by the environment":
        monkeypatch.setitem(os.environ, "HTTPS_PROXY", proxy)
    with pytest.raises(ValueError, match="must be the URL of an HTTP proxy") as caught:
        retrieve_by(proxy if given == "as a setting" else None)

    assert SECRET not in shown(caught.value)


@pytest.mark.parametrize("phone", ["+15555550142", "+1 (555) 555-0142", "5555550142"])
def test_a_phone_number_instead_of_an_id_is_masked_in_messages_and_in_the_log(
    phone: str, caplog: pytest.LogCaptureFixture
) -> None:
    with Server(answer(503, {}), answer(404, {})) as server, caplog.at_level("DEBUG", "squareconnect"):
        api = api_for(server)
        with pytest.raises(ApiException) as caught:
            api.retrieve_customer(phone)

        assert "0142" in server.requests[0].target
    ours = [record.getMessage() for record in caplog.records if record.name == "squareconnect"]
    assert len(ours) >= 2
    assert "0142" not in str(caught.value) + repr(caught.value) + "".join(ours)
    assert "/v2/customers/***" in str(caught.value)
