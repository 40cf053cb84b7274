"""Making a client, and the results of its calls."""

from __future__ import annotations

import json
import pickle
import threading
from typing import Any
from unittest.mock import create_autospec

import pytest

from squareconnect import (
    ApiClient,
    ApiResponse,
    AsyncCustomersApi,
    Configuration,
    Customer,
    CustomersApi,
    DeleteCustomerResponse,
    RetrieveCustomerResponse,
    __version__,
)
from squareconnect.exceptions import DecodeError
from squareconnect.rest import RESTResponse
from test.recording_rest import ADA, TOKEN, Rest, answer, client_with

# -- Making a client ------------------------------------------------------------------------------------------------


def test_a_client_makes_a_configuration_if_none_is_given() -> None:
    assert isinstance(ApiClient().configuration, Configuration)
    assert ApiClient().configuration is not ApiClient().configuration


def test_the_positional_order_is_that_of_2_x() -> None:
    configuration = Configuration()

    client = ApiClient(configuration, "X-Shop", "london", "a=b")

    assert client.configuration is configuration
    assert client.default_headers["X-Shop"] == "london"
    assert client.cookie == "a=b"


@pytest.mark.parametrize("host", ["https://connect.squareup.com", {"host": "x"}, 5])
def test_anything_other_than_a_configuration_is_refused_with_what_to_write(host: Any) -> None:
    with pytest.raises(TypeError) as caught:
        ApiClient(host)

    assert str(caught.value) == (
        f"configuration must be a Configuration, not {type(host).__name__}: write Configuration(host=...) for a host"
    )


@pytest.mark.parametrize("api", [CustomersApi, AsyncCustomersApi])
def test_a_configuration_in_place_of_a_client_is_refused_with_what_to_write(api: Any) -> None:
    with pytest.raises(TypeError, match=r"not a Configuration: write ApiClient\(configuration\)"):
        api(Configuration(access_token="t"))


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


# -- Results --------------------------------------------------------------------------------------------------------


def test_an_answer_is_returned_as_a_model_or_unchanged() -> None:
    client, _ = client_with(*[answer({"customer": ADA})] * 4)

    call = ("/v2/customers/C1", "GET")
    customer = RetrieveCustomerResponse(customer=Customer(**ADA))

    assert client.call_api(*call, response_type="RetrieveCustomerResponse") == customer
    assert client.call_api(*call, response_type=RetrieveCustomerResponse) == customer
    assert client.call_api(*call).data == json.dumps({"customer": ADA})
    assert isinstance(client.call_api(*call, response_type="Customer", _preload_content=False), RESTResponse)


def test_the_status_and_headers_are_returned_on_request() -> None:
    client, _ = client_with(answer({"customer": ADA}, 201), answer({}))

    whole = client.call_api("/x", "GET", response_type="RetrieveCustomerResponse", _return_http_data_only=False)
    assert isinstance(whole, ApiResponse)
    assert whole.data.customer == Customer(**ADA)
    assert (whole.status, whole.headers["Square-Version"]) == (201, "2019-06-12")

    whole = client.call_api("/x", "GET", response_type="Customer", _return_http_data_only=False, _preload_content=False)
    assert isinstance(whole.data, RESTResponse)


@pytest.mark.parametrize("status", [204, 205])
def test_only_the_answer_to_a_deletion_may_be_empty(status: int) -> None:
    client, _ = client_with(*[answer(b"", status)] * 3)

    assert client.call_api("/x", "DELETE", response_type="DeleteCustomerResponse") == DeleteCustomerResponse()
    with pytest.raises(DecodeError):
        client.call_api("/x", "GET", response_type="RetrieveCustomerResponse")
    with pytest.raises(DecodeError):
        client.call_api("/x", "GET", response_type="ListCustomersResponse")


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"null", b"{}", b'{"customer": "Ada"}', b"\xff"])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_an_answer_of_another_type_is_a_decode_error_with_the_answer(method: str, content: bytes) -> None:
    client, _ = client_with(answer(content))

    with pytest.raises(DecodeError) as caught:
        client.call_api("/v2/customers/{id}", method, {"id": "C 1"}, response_type="UpdateCustomerResponse")

    error = caught.value
    assert (error.status, error.raw_body) == (200, content)
    assert (error.method, error.path, error.attempts) == (method, "/v2/customers/C%201", 1)
    assert error.outcome_unknown is (method == "PUT")
    assert f"{method} /v2/customers/C%201 failed: (200) the answer does not have the expected form: " in str(error)
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


def test_an_answer_that_cannot_be_decoded_is_still_the_last_response() -> None:
    client, _ = client_with(answer(b"<html>"))

    with pytest.raises(DecodeError):
        client.call_api("/x", "GET", response_type="Customer")

    assert client.last_response.data == "<html>"


@pytest.mark.parametrize("response_type", ["Custommer", "list[Kard]", 5, bytes, ["Customer"]])
def test_an_unknown_type_of_answer_is_refused_before_anything_is_sent(response_type: object) -> None:
    client, rest = client_with()

    with pytest.raises(ValueError, match=r"response_type: .* is neither a model nor another type that can be decoded"):
        client.call_api("/x", "GET", response_type=response_type)
    assert rest.sent == []
    with pytest.raises(ValueError, match="response_type: "):
        client.deserialize(RESTResponse(200, "OK", {}, b"{}"), response_type)


def test_a_deletion_without_content_has_no_text() -> None:
    client, _ = client_with(answer(b"", 204))

    with pytest.raises(DecodeError):
        client.call_api("/x", "DELETE", response_type="str")


@pytest.mark.parametrize("option", [{"async_req": True}, {"callback": print}])
def test_an_impossible_time_out_is_refused_at_once_even_in_the_background(option: dict[str, Any]) -> None:
    client, rest = client_with()

    with pytest.raises(ValueError, match="_request_timeout must be a number of seconds"):
        client.call_api("/x", "GET", _request_timeout=-1, **option)
    assert rest.sent == []
