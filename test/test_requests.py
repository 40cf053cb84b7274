"""The requests that a client sends: bodies, headers, authorization and paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squareconnect import (
    NULL,
    Address,
    ApiClient,
    Configuration,
    CreateCustomerRequest,
    Customer,
    CustomersApi,
    __version__,
)
from squareconnect.api_client import fill_path, path_segment
from test.recording_rest import TOKEN, answer, client_with

if TYPE_CHECKING:
    from pathlib import Path

# -- What is sent ---------------------------------------------------------------------------------------------------


def test_a_call_becomes_one_request() -> None:
    client, rest = client_with()

    client.call_api(
        "/v2/customers/{customer_id}/cards",
        "POST",
        {"customer_id": "C1"},
        {"dry": "yes"},
        {"X-Shop": "london"},
        {"card_nonce": "n"},
        auth_settings=["oauth2"],
        _request_timeout=(1.0, 2.0),
    )

    (sent,) = rest.sent
    assert (sent.method, sent.url) == ("POST", "https://connect.squareup.com/v2/customers/C1/cards")
    assert list(sent.query) == [("dry", "yes")]
    assert sent.body == {"card_nonce": "n"}
    assert sent.timeout == (1.0, 2.0)
    assert sent.headers == {
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Authorization": f"Bearer {TOKEN}",
        "Content-Type": "application/json",
        "Square-Version": "2019-06-12",
        "User-Agent": f"Square-Connect-Python/{__version__}",
        "X-Shop": "london",
    }


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])
def test_every_method_of_2_x_can_be_sent(method: str) -> None:
    client, rest = client_with()

    client.call_api("/v2/customers", method)

    assert rest.last.method == method


@pytest.mark.parametrize("method", ["get", "TRACE", "", None])
def test_any_other_method_is_refused_before_anything_is_sent(method: Any) -> None:
    client = ApiClient()

    with pytest.raises(ValueError, match="method must be one of DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, not"):
        client.call_api("/v2/customers", method)


def test_host_and_token_are_read_at_each_call() -> None:
    client, rest = client_with()

    client.configuration.host = "https://connect.squareupsandbox.com/"
    client.configuration.access_token = "other"
    client.call_api("/v2/customers", "GET", auth_settings=["oauth2"])

    assert rest.last.url == "https://connect.squareupsandbox.com/v2/customers"
    assert rest.last.headers["Authorization"] == "Bearer other"


def test_query_parameters_are_left_out_if_none_but_not_if_empty() -> None:
    client, rest = client_with()

    client.call_api("/v2/customers", "GET", query_params={"cursor": "", "sort_field": None})
    assert list(rest.last.query) == [("cursor", "")]
    client.call_api("/v2/customers", "GET", query_params=[("a", 1), ("a", 2), ("b", None)])
    assert list(rest.last.query) == [("a", 1), ("a", 2)]


@pytest.mark.parametrize(
    ("body", "content"),
    [
        (None, None),
        ({}, {}),
        ("", ""),
        ([], []),
        (CreateCustomerRequest(), {}),
        (CreateCustomerRequest(given_name="Ada", note=NULL), {"given_name": "Ada", "note": None}),
        ({"address": Address(locality="London"), "note": None}, {"address": {"locality": "London"}, "note": None}),
        ("text", "text"),
    ],
)
def test_a_body_is_passed_on_as_plain_values_even_if_it_is_empty(body: Any, content: Any) -> None:
    client, rest = client_with()

    client.call_api("/v2/customers", "POST", body=body)

    assert rest.last.body == content


def test_a_body_with_a_value_that_json_lacks_is_not_sent() -> None:
    client, rest = client_with()

    with pytest.raises(TypeError, match="body contains a bytes"):
        client.call_api("/v2/customers", "POST", body={"note": b"x"})
    assert rest.sent == []


@pytest.mark.parametrize(
    ("body", "repeatable"),
    [
        (CreateCustomerRequest(given_name="Ada", idempotency_key="k"), True),
        ({"idempotency_key": "k"}, True),
        (CreateCustomerRequest(given_name="Ada"), False),
        (CreateCustomerRequest(idempotency_key=""), False),
        ({"idempotency_key": None}, False),
        (["idempotency_key"], False),
    ],
)
def test_a_post_can_be_repeated_if_its_body_has_an_idempotency_key(body: Any, repeatable: bool) -> None:
    client, rest = client_with()

    client.call_api("/v2/customers", "POST", body=body)

    assert rest.last.repeatable is repeatable


def test_the_caller_can_say_whether_a_call_can_be_repeated() -> None:
    client, rest = client_with()

    client.call_api("/v2/customers", "POST", body={}, _repeatable=True)

    assert rest.last.repeatable is True


def test_form_fields_and_files_are_sent_if_there_is_no_body(tmp_path: Path) -> None:
    client, rest = client_with()
    (tmp_path / "photo.png").write_bytes(b"\x89PNG")

    client.call_api("/x", "POST", post_params=[("a", "1")], files={"photo": str(tmp_path / "photo.png")})

    assert rest.last.post_params == [("a", "1"), ("photo", ("photo.png", b"\x89PNG", "image/png"))]
    assert rest.last.body is None


def test_request_sends_its_arguments() -> None:
    client, rest = client_with(answer({"a": 1}))

    response = client.request("PUT", "https://host/x", [("q", "1")], {"X": "y"}, [("f", "1")], {"b": 1})

    assert response.data == '{"a": 1}'
    assert (rest.last.method, rest.last.url, rest.last.query) == ("PUT", "https://host/x", [("q", "1")])
    assert (rest.last.headers, rest.last.post_params, rest.last.body) == ({"X": "y"}, [("f", "1")], {"b": 1})


# -- Headers --------------------------------------------------------------------------------------------------------


def test_the_clients_headers_replace_the_calls_and_the_option_headers_replaces_both() -> None:
    client, rest = client_with()
    client.set_default_header("X-Shop", "of client")
    client.set_default_header("square-version", "2019-01-01")

    client.call_api("/x", "GET", header_params={"x-shop": "of call", "X-Call": "of call"})
    assert (rest.last.headers["X-Shop"], rest.last.headers["X-Call"]) == ("of client", "of call")
    assert rest.last.headers["Square-Version"] == "2019-01-01"

    client.call_api("/x", "GET", header_params={"X-Shop": "of call"}, _headers={"X-SHOP": "of option"})
    assert rest.last.headers["X-Shop"] == "of option"
    assert client.default_headers["X-Shop"] == "of client"


def test_a_header_is_sent_once_in_any_spelling_of_its_name() -> None:
    client, rest = client_with()

    client.call_api("/x", "GET", header_params={"content-type": "a/b", "CONTENT-TYPE": "c/d"})

    assert [name.lower() for name in rest.last.headers].count("content-type") == 1
    assert rest.last.headers["Content-Type"] == "c/d"


def test_the_dict_of_headers_is_not_changed() -> None:
    client, _ = client_with()
    of_call: dict[str, str] = {}

    client.call_api("/x", "GET", header_params=of_call, _headers=of_call, auth_settings=["oauth2"])

    assert of_call == {}
    assert list(client.default_headers) == ["User-Agent"]


def test_square_version_is_not_sent_if_it_is_not_set() -> None:
    client, rest = client_with(square_version=None)

    client.call_api("/x", "GET")

    assert "Square-Version" not in rest.last.headers


def test_a_cookie_is_sent_with_every_request() -> None:
    client, rest = client_with()
    client.cookie = "a=b"

    client.call_api("/x", "GET")

    assert rest.last.headers["Cookie"] == "a=b"


def test_the_authorization_header_of_a_call_takes_precedence_over_the_token() -> None:
    client, rest = client_with()

    client.call_api("/x", "GET", auth_settings=["oauth2"], _headers={"authorization": "Bearer of-call"})

    assert rest.last.headers["Authorization"] == "Bearer of-call"


def test_no_repr_of_the_headers_shows_the_token_or_the_cookie() -> None:
    client, rest = client_with()
    client.cookie = "session=secret-cookie"

    client.call_api("/x", "GET", auth_settings=["oauth2"])
    assert TOKEN not in repr(rest.last.headers)
    assert "secret-cookie" not in repr(rest.last.headers)

    client.call_api("/x", "GET", _headers={"Authorization": "Bearer secret-of-call"})
    assert "secret-of-call" not in repr(rest.last.headers)


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb", "ä", 5])
def test_an_impossible_name_of_a_header_is_refused(name: Any) -> None:
    client, rest = client_with()

    with pytest.raises(ValueError, match="is not a valid header name"):
        client.set_default_header(name, "x")
    with pytest.raises(ValueError, match="is not a valid header name"):
        client.call_api("/x", "GET", _headers={name: "x"})
    assert rest.sent == []


@pytest.mark.parametrize("value", ["secret\r\nX-Other: 1", "secret\0", "secret \u20ac", None])
def test_an_impossible_value_of_a_header_is_refused_and_not_shown(value: Any) -> None:
    client, rest = client_with()

    with pytest.raises(ValueError, match="header X-Shop must be a str in Latin-1 without line breaks") as caught:
        client.set_default_header("X-Shop", value)
    assert "secret" not in str(caught.value)
    with pytest.raises(ValueError, match="header X-Shop"):
        client.call_api("/x", "GET", header_params={"X-Shop": value})
    assert rest.sent == []


def test_a_header_can_be_latin_1() -> None:
    client, rest = client_with()

    client.call_api("/x", "GET", _headers={"X-Name": "Zoë"})

    assert rest.last.headers["X-Name"] == "Zoë"


def test_default_headers_ignore_the_case_of_names() -> None:
    client, rest = client_with()
    client.set_default_header("user-agent", "mine")
    assert client.user_agent == "mine"

    client.user_agent = "other"
    client.call_api("/x", "GET")

    assert client.user_agent == rest.last.headers["User-Agent"] == "other"


# -- Authorization --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["", None])
def test_without_a_token_nothing_is_sent_and_the_message_says_what_to_set(token: Any) -> None:
    client, rest = client_with()
    client.configuration.access_token = token

    with pytest.raises(ValueError, match=r"access_token is not set: write Configuration\(access_token=\.\.\.\)"):
        client.call_api("/v2/customers", "GET", auth_settings=["oauth2"])
    assert rest.sent == []


def test_a_call_without_authorization_needs_no_token() -> None:
    client, rest = client_with(access_token="")

    client.call_api("/x", "GET")

    assert "Authorization" not in rest.last.headers


@pytest.mark.parametrize("host", ["http://example.com", "HTTP://example.com", "http://127.0.0.1.example.com"])
def test_the_token_is_not_sent_over_plain_http_to_another_machine(host: str) -> None:
    client = ApiClient(Configuration(host=host, access_token=TOKEN))

    with pytest.raises(ValueError, match="would go over plain HTTP"):
        client.call_api("/x", "GET", auth_settings=["oauth2"])


@pytest.mark.parametrize("host", ["http://localhost:8080", "http://127.0.0.1", "http://[::1]:1"])
def test_the_token_is_sent_over_plain_http_to_this_machine(host: str) -> None:
    client, rest = client_with(host=host)

    client.call_api("/x", "GET", auth_settings=["oauth2"])

    assert rest.last.url == host + "/x"


def test_the_client_secret_is_sent_for_calls_that_need_it() -> None:
    client, rest = client_with()
    client.call_api("/x", "POST", auth_settings=["oauth2ClientSecret"])
    assert "Authorization" not in rest.last.headers

    client.configuration.api_key["Authorization"] = "s3cret"
    client.configuration.api_key_prefix["Authorization"] = "Client"
    client.call_api("/x", "POST", auth_settings=["oauth2ClientSecret", "unheard-of"])

    assert rest.last.headers["Authorization"] == "Client s3cret"


# -- Paths ----------------------------------------------------------------------------------------------------------


ids = (
    st.text() | st.text("./%?#:;=&\\ \t\0aZ\u00e9") | st.sampled_from(["..", ".", "/", "../..", "%2e%2e", "A/cards/B"])
)


@given(ids, ids)
def test_a_path_has_five_segments_with_any_ids_or_is_refused(customer_id: str, card_id: str) -> None:
    template = "/v2/customers/{customer_id}/cards/{card_id}"
    try:
        path = fill_path(template, {"customer_id": customer_id, "card_id": card_id})
    except ValueError as error:
        assert "must be an id as Square gave it" in str(error)  # noqa: PT017
    else:
        empty, version, customers, first, cards, second = path.split("/")
        assert (empty, version, customers, cards) == ("", "v2", "customers", "cards")
        assert (unquote(first), unquote(second)) == (customer_id, card_id)
        assert not {first, second} & {"", ".", ".."}
        assert path.isascii()
        assert path.isprintable()
        assert not set(path) & set("?#\\ ")


@pytest.mark.parametrize(
    ("customer_id", "card_id"),
    [
        ("A", ".."),
        ("A", "."),
        ("A", ""),
        ("A", " "),
        ("", "C"),
        ("..", "C"),
        ("A", "\t"),
        ("A", "C\n"),
        ("A", "C\0"),
        ("A", "../../VICTIM"),
        ("A", "x/./y"),
        ("A", "..\\..\\VICTIM"),
        ("../A", "C"),
    ],
)
def test_deleting_a_card_never_becomes_deleting_a_customer(customer_id: str, card_id: str) -> None:
    client, rest = client_with()

    with pytest.raises(ValueError, match=r"(customer_id|card_id) must be an id as Square gave it"):
        CustomersApi(client).delete_customer_card(customer_id, card_id)
    assert rest.sent == []


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        ("ccof:abc", "ccof%3Aabc"),
        ("A/cards/C1", "A%2Fcards%2FC1"),
        ("%2e%2e", "%252e%252e"),
        ("a?x=1#y", "a%3Fx%3D1%23y"),
        ("é", "%C3%A9"),
        (b"C1", "C1"),
        ("{card_id}", "%7Bcard_id%7D"),
        ("...", "..."),
    ],
)
def test_an_id_is_quoted_as_one_segment(value: Any, segment: str) -> None:
    assert path_segment("customer_id", value) == segment


@pytest.mark.parametrize("value", [5, None, ["C1"], Customer(id="C1"), b"\xff"])
def test_an_id_that_is_not_text_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="customer_id must be a str"):
        path_segment("customer_id", value)
