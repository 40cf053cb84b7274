from __future__ import annotations

import json
import pickle
import threading
from datetime import date, datetime, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import create_autospec
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squareconnect import (
    NULL,
    Address,
    ApiClient,
    ApiResponse,
    Card,
    Configuration,
    CreateCustomerRequest,
    Customer,
    CustomersApi,
    DeleteCustomerResponse,
    ListCustomersResponse,
    RetrieveCustomerResponse,
    __version__,
)
from squareconnect.api_client import fill_path, path_segment
from squareconnect.exceptions import DecodeError
from squareconnect.rest import RESTClientObject, RESTResponse
from squareconnect.transport import call_options

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "sq0atp-made-up"
ADA: dict[str, Any] = {
    "id": "C1",
    "created_at": "2019-06-12T10:00:00Z",
    "updated_at": "2019-06-12T10:00:00Z",
    "given_name": "Ada",
}


class Rest(RESTClientObject):
    """Overrides what a program's own client of 2.x overrides: keeps what it is asked to send, and has its answers."""

    def __init__(self, *answers: RESTResponse) -> None:
        self.answers = list(answers)
        self.sent: list[SimpleNamespace] = []
        self.closed = 0

    def request(
        self,
        method: str,
        url: str,
        query_params: Any = None,
        headers: Any = None,
        body: Any = None,
        post_params: Any = None,
    ) -> RESTResponse:
        options = call_options.get()
        self.sent.append(
            SimpleNamespace(
                method=method,
                url=url,
                query=query_params,
                headers=headers,
                body=body,
                post_params=post_params,
                timeout=options and options.timeout,
                repeatable=options and options.repeatable,
            )
        )
        return self.answers.pop(0) if self.answers else answer({})

    def close(self) -> None:
        self.closed += 1

    @property
    def last(self) -> SimpleNamespace:
        return self.sent[-1]


def answer(value: Any, status: int = 200) -> RESTResponse:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return RESTResponse(status, "OK", {"Square-Version": "2019-06-12"}, content)


def client_with(*answers: RESTResponse, **settings: Any) -> tuple[ApiClient, Rest]:
    client = ApiClient(Configuration(**{"access_token": TOKEN, **settings}))
    rest = Rest(*answers)
    client.rest_client = rest
    return client, rest


# -- Making a client ------------------------------------------------------------------------------------------------


def test_a_client_makes_its_own_configuration_if_it_is_given_none() -> None:
    assert isinstance(ApiClient().configuration, Configuration)
    assert ApiClient().configuration is not ApiClient().configuration


def test_the_positional_order_is_that_of_2_x() -> None:
    configuration = Configuration()

    client = ApiClient(configuration, "X-Shop", "london", "a=b")

    assert client.configuration is configuration
    assert client.default_headers["X-Shop"] == "london"
    assert client.cookie == "a=b"


@pytest.mark.parametrize("host", ["https://connect.squareup.com", {"host": "x"}, 5])
def test_what_is_no_configuration_is_refused_with_what_to_write(host: Any) -> None:
    with pytest.raises(TypeError) as caught:
        ApiClient(host)

    assert str(caught.value) == (
        f"configuration must be a Configuration, not {type(host).__name__}: write Configuration(host=...) for a host"
    )


def test_the_user_agent_is_the_name_and_version_and_can_be_changed() -> None:
    client, rest = client_with()
    assert client.user_agent == f"Square-Connect-Python/{__version__}"

    client.user_agent = "Shop/1.0"
    client.call_api("/v2/customers", "GET")

    assert client.user_agent == client.default_headers["User-Agent"] == rest.last.headers["User-Agent"] == "Shop/1.0"


def test_a_client_is_a_context_manager_that_closes_its_connections() -> None:
    client, rest = client_with()

    with client as same:
        assert same is client
        assert rest.closed == 0
    assert rest.closed == 1
    client.close()
    assert rest.closed == 2


def test_a_client_can_be_pickled_with_its_headers_and_settings() -> None:
    client = ApiClient(Configuration(access_token=TOKEN), "X-Shop", "london", "a=b")

    twin = pickle.loads(pickle.dumps(client))
    twin.rest_client = Rest()
    twin.call_api("/v2/customers", "GET", auth_settings=["oauth2"])

    assert twin.rest_client.last.headers["Authorization"] == f"Bearer {TOKEN}"
    assert twin.rest_client.last.headers["X-Shop"] == "london"


def test_a_test_double_can_be_made_of_the_class() -> None:
    client = create_autospec(ApiClient, instance=True)
    client.call_api.return_value = RetrieveCustomerResponse(customer=Customer(id="C1"))

    response = CustomersApi(client).retrieve_customer("C1")

    assert response.customer == Customer(id="C1")
    assert client.call_api.call_args.args == ("/v2/customers/{customer_id}", "GET", {"customer_id": "C1"})
    with pytest.raises(TypeError):
        client.call_api()


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


def test_query_parameters_that_are_none_are_left_out_and_empty_ones_are_not() -> None:
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
def test_a_body_is_handed_on_as_plain_values_even_if_it_is_empty(body: Any, content: Any) -> None:
    client, rest = client_with()

    client.call_api("/v2/customers", "POST", body=body)

    assert rest.last.body == content


def test_a_body_that_json_cannot_carry_is_not_sent() -> None:
    client, rest = client_with()

    with pytest.raises(TypeError, match="body holds a bytes"):
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


def test_form_fields_and_files_are_sent_where_there_is_no_body(tmp_path: Path) -> None:
    client, rest = client_with()
    (tmp_path / "photo.png").write_bytes(b"\x89PNG")

    client.call_api("/x", "POST", post_params=[("a", "1")], files={"photo": str(tmp_path / "photo.png")})

    assert rest.last.post_params == [("a", "1"), ("photo", ("photo.png", b"\x89PNG", "image/png"))]
    assert rest.last.body is None


def test_request_sends_what_it_is_given() -> None:
    client, rest = client_with(answer({"a": 1}))

    response = client.request("PUT", "https://host/x", [("q", "1")], {"X": "y"}, [("f", "1")], {"b": 1})

    assert response.data == '{"a": 1}'
    assert (rest.last.method, rest.last.url, rest.last.query) == ("PUT", "https://host/x", [("q", "1")])
    assert (rest.last.headers, rest.last.post_params, rest.last.body) == ({"X": "y"}, [("f", "1")], {"b": 1})


# -- Headers --------------------------------------------------------------------------------------------------------


def test_the_clients_headers_replace_the_calls_and_those_of_the_option_replace_all() -> None:
    client, rest = client_with()
    client.set_default_header("X-Shop", "of client")
    client.set_default_header("square-version", "2019-01-01")

    client.call_api("/x", "GET", header_params={"x-shop": "of call", "X-Call": "of call"})
    assert (rest.last.headers["X-Shop"], rest.last.headers["X-Call"]) == ("of client", "of call")
    assert rest.last.headers["Square-Version"] == "2019-01-01"

    client.call_api("/x", "GET", header_params={"X-Shop": "of call"}, _headers={"X-SHOP": "of option"})
    assert rest.last.headers["X-Shop"] == "of option"
    assert client.default_headers["X-Shop"] == "of client"


def test_a_header_is_sent_once_however_its_name_is_written() -> None:
    client, rest = client_with()

    client.call_api("/x", "GET", header_params={"content-type": "a/b", "CONTENT-TYPE": "c/d"})

    assert [name.lower() for name in rest.last.headers].count("content-type") == 1
    assert rest.last.headers["Content-Type"] == "c/d"


def test_the_headers_of_a_call_are_left_as_they_are() -> None:
    client, _ = client_with()
    of_call: dict[str, str] = {}

    client.call_api("/x", "GET", header_params=of_call, _headers=of_call, auth_settings=["oauth2"])

    assert of_call == {}
    assert list(client.default_headers) == ["User-Agent"]


def test_no_square_version_is_sent_if_there_is_none() -> None:
    client, rest = client_with(square_version=None)

    client.call_api("/x", "GET")

    assert "Square-Version" not in rest.last.headers


def test_a_cookie_is_sent_with_every_request() -> None:
    client, rest = client_with()
    client.cookie = "a=b"

    client.call_api("/x", "GET")

    assert rest.last.headers["Cookie"] == "a=b"


def test_the_authorization_of_a_call_goes_before_the_token() -> None:
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
def test_what_cannot_be_the_name_of_a_header_is_refused(name: Any) -> None:
    client, rest = client_with()

    with pytest.raises(ValueError, match="cannot be the name of a header"):
        client.set_default_header(name, "x")
    with pytest.raises(ValueError, match="cannot be the name of a header"):
        client.call_api("/x", "GET", _headers={name: "x"})
    assert rest.sent == []


@pytest.mark.parametrize("value", ["secret\r\nX-Other: 1", "secret\0", "secret \u20ac", None])
def test_what_cannot_be_the_value_of_a_header_is_refused_without_showing_it(value: Any) -> None:
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
def test_the_token_does_not_go_over_plain_http_to_another_machine(host: str) -> None:
    client = ApiClient(Configuration(host=host, access_token=TOKEN))

    with pytest.raises(ValueError, match="would go over plain HTTP"):
        client.call_api("/x", "GET", auth_settings=["oauth2"])


@pytest.mark.parametrize("host", ["http://localhost:8080", "http://127.0.0.1", "http://[::1]:1"])
def test_the_token_goes_over_plain_http_to_this_machine(host: str) -> None:
    client, rest = client_with(host=host)

    client.call_api("/x", "GET", auth_settings=["oauth2"])

    assert rest.last.url == host + "/x"


def test_the_client_secret_is_sent_where_it_is_asked_for() -> None:
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
def test_whatever_the_ids_a_path_has_its_five_segments_or_is_refused(customer_id: str, card_id: str) -> None:
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
def test_what_is_no_text_is_no_id(value: Any) -> None:
    with pytest.raises(ValueError, match="customer_id must be a str"):
        path_segment("customer_id", value)


# -- What comes back ------------------------------------------------------------------------------------------------


def test_an_answer_comes_back_as_a_model_or_as_it_is() -> None:
    client, _ = client_with(*[answer({"customer": ADA})] * 4)

    call = ("/v2/customers/C1", "GET")
    customer = RetrieveCustomerResponse(customer=Customer(**ADA))

    assert client.call_api(*call, response_type="RetrieveCustomerResponse") == customer
    assert client.call_api(*call, response_type=RetrieveCustomerResponse) == customer
    assert client.call_api(*call).data == json.dumps({"customer": ADA})
    assert isinstance(client.call_api(*call, response_type="Customer", _preload_content=False), RESTResponse)


def test_the_status_and_headers_come_along_if_asked_for() -> None:
    client, _ = client_with(answer({"customer": ADA}, 201), answer({}))

    whole = client.call_api("/x", "GET", response_type="RetrieveCustomerResponse", _return_http_data_only=False)
    assert isinstance(whole, ApiResponse)
    assert whole.data.customer == Customer(**ADA)
    assert (whole.status, whole.headers["Square-Version"]) == (201, "2019-06-12")

    whole = client.call_api("/x", "GET", response_type="Customer", _return_http_data_only=False, _preload_content=False)
    assert isinstance(whole.data, RESTResponse)


@pytest.mark.parametrize("status", [204, 205])
def test_only_a_deletion_needs_no_content_in_its_answer(status: int) -> None:
    client, _ = client_with(*[answer(b"", status)] * 3)

    assert client.call_api("/x", "DELETE", response_type="DeleteCustomerResponse") == DeleteCustomerResponse()
    with pytest.raises(DecodeError):
        client.call_api("/x", "GET", response_type="RetrieveCustomerResponse")
    with pytest.raises(DecodeError):
        client.call_api("/x", "GET", response_type="ListCustomersResponse")


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"null", b"{}", b'{"customer": "Ada"}', b"\xff"])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_an_answer_of_another_kind_is_a_decode_error_with_the_answer(method: str, content: bytes) -> None:
    client, _ = client_with(answer(content))

    with pytest.raises(DecodeError) as caught:
        client.call_api("/v2/customers/{id}", method, {"id": "C 1"}, response_type="UpdateCustomerResponse")

    error = caught.value
    assert (error.status, error.raw_body) == (200, content)
    assert (error.method, error.path, error.attempts) == (method, "/v2/customers/C%201", 1)
    assert error.outcome_unknown is (method == "PUT")
    assert f"{method} /v2/customers/C%201 failed: (200) the answer is not what the call returns: " in str(error)
    assert error.__cause__ is error.__context__ is None


def test_the_last_response_is_that_of_this_thread() -> None:
    client, _ = client_with(answer({"n": 1}), answer({"n": 2}))
    seen: list[str] = []

    def call_elsewhere() -> None:
        assert not hasattr(client, "last_response")
        client.call_api("/x", "GET")
        seen.append(client.last_response.data)

    client.call_api("/x", "GET")
    thread = threading.Thread(target=call_elsewhere)
    thread.start()
    thread.join()

    assert seen == ['{"n": 2}']
    assert client.last_response.data == '{"n": 1}'


def test_there_is_no_last_response_before_the_first() -> None:
    client, _ = client_with()

    with pytest.raises(AttributeError, match="last_response"):
        _ = client.last_response


def test_an_answer_that_cannot_be_decoded_is_the_last_response_all_the_same() -> None:
    client, _ = client_with(answer(b"<html>"))

    with pytest.raises(DecodeError):
        client.call_api("/x", "GET", response_type="Customer")

    assert client.last_response.data == "<html>"


# -- Helpers of 2.x -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "response_type", "value"),
    [
        ('{"id": "c1"}', "Card", Card(id="c1")),
        ('{"id": "c1"}', Card, Card(id="c1")),
        (b'[{"given_name": "Zo\xc3\xab"}]', "list[Customer]", [Customer(given_name="Zoë")]),
        ('{"a": 1}', "dict(str, int)", {"a": 1}),
        ('"1815-12-10"', "date", date(1815, 12, 10)),
        ('"2019-06-12T10:00:00Z"', "datetime", datetime(2019, 6, 12, 10, tzinfo=timezone.utc)),
        ('"a"', "str", "a"),
        ("1", "float", 1.0),
        ("false", "bool", False),
        ("[1]", "object", [1]),
        ("null", "Customer", None),
        ("{}", "RetrieveCustomerResponse", RetrieveCustomerResponse()),
        ('{"customers": []}', "ListCustomersResponse", ListCustomersResponse(customers=[])),
    ],
)
def test_deserialize_takes_all_type_names_and_anything_with_data(data: Any, response_type: Any, value: Any) -> None:
    assert ApiClient().deserialize(SimpleNamespace(data=data), response_type) == value
    content = data if isinstance(data, bytes) else data.encode()
    assert ApiClient().deserialize(answer(content), response_type) == value


def test_deserialize_refuses_what_is_of_another_type() -> None:
    with pytest.raises(DecodeError) as caught:
        ApiClient().deserialize(SimpleNamespace(data='{"exp_month": "x"}'), "Card")

    assert caught.value.reason is not None
    assert caught.value.reason.endswith("exp_month should be of type int but is a string")
    with pytest.raises(ValueError, match=r"response\.data must be a str"):
        ApiClient().deserialize(SimpleNamespace(data=5), "Card")


def test_sanitize_for_serialization_gives_plain_values() -> None:
    card = Card(id="c1", billing_address=Address(country="GB"))

    assert ApiClient().sanitize_for_serialization({"cards": [card], "on": date(2019, 6, 12), "none": None}) == {
        "cards": [{"id": "c1", "billing_address": {"country": "GB"}}],
        "on": "2019-06-12",
        "none": None,
    }
    with pytest.raises(TypeError, match="body holds a bytes"):
        ApiClient().sanitize_for_serialization(b"x")


@pytest.mark.parametrize(("value", "as_text"), [("a b", "a b"), (5, "5"), (["a", "b"], "a,b"), ([1, 2], "1,2")])
def test_to_path_value_gives_text(value: Any, as_text: str) -> None:
    assert ApiClient().to_path_value(value) == as_text


def test_post_parameters_are_those_given_and_the_files_read(tmp_path: Path) -> None:
    given = [("a", "1")]
    (tmp_path / "one.txt").write_bytes(b"1")
    (tmp_path / "two").write_bytes(b"2")
    paths = [str(tmp_path / "one.txt"), str(tmp_path / "two")]

    fields = ApiClient().prepare_post_parameters(given, {"f": paths, "none": []})

    assert fields == [
        ("a", "1"),
        ("f", ("one.txt", b"1", "text/plain")),
        ("f", ("two", b"2", "application/octet-stream")),
    ]
    assert given == [("a", "1")]
    assert ApiClient().prepare_post_parameters() == []


def test_a_file_that_cannot_be_read_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing"):
        ApiClient().prepare_post_parameters(files={"f": str(tmp_path / "missing")})


@pytest.mark.parametrize(
    ("media_types", "accept", "content_type"),
    [
        ([], None, "application/json"),
        (["text/html", "Application/JSON"], "application/json", "application/json"),
        (["text/html", "Text/Plain"], "text/html, text/plain", "text/html"),
    ],
)
def test_json_is_selected_where_it_can_be(media_types: list[str], accept: str | None, content_type: str) -> None:
    assert ApiClient().select_header_accept(media_types) == accept
    assert ApiClient().select_header_content_type(media_types) == content_type


@pytest.mark.parametrize("response_type", ["Custommer", "list[Kard]", 5, bytes, ["Customer"]])
def test_an_unknown_type_of_answer_is_refused_before_anything_is_sent(response_type: object) -> None:
    client, rest = client_with()

    with pytest.raises(ValueError, match=r"response_type: .* is neither a model nor another type that can be decoded"):
        client.call_api("/x", "GET", response_type=response_type)
    assert rest.sent == []
    with pytest.raises(ValueError, match="response_type: "):
        client.deserialize(RESTResponse(200, "OK", {}, b"{}"), response_type)


def test_a_header_has_one_name_however_it_is_spelt() -> None:
    client, rest = client_with()
    client.set_default_header("user-agent", "mine")
    assert client.user_agent == "mine"

    client.user_agent = "other"
    client.call_api("/x", "GET")

    assert client.user_agent == rest.last.headers["User-Agent"] == "other"


def test_a_deletion_without_content_has_no_text() -> None:
    client, _ = client_with(answer(b"", 204))

    with pytest.raises(DecodeError):
        client.call_api("/x", "DELETE", response_type="str")


@pytest.mark.parametrize("option", [{"async_req": True}, {"callback": print}])
def test_a_time_out_that_cannot_be_is_refused_at_once_in_the_background_too(option: dict[str, Any]) -> None:
    client, rest = client_with()

    with pytest.raises(ValueError, match="_request_timeout must be a number of seconds"):
        client.call_api("/x", "GET", _request_timeout=-1, **option)
    assert rest.sent == []
