from __future__ import annotations

import copy
import json
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from squareconnect import ApiClient, ApiResponse, CallHandle, Configuration, Customer, CustomersApi, Timeout
from squareconnect.models import RetrieveCustomerResponse
from squareconnect.rest import RESTResponse
from test.servers import CUSTOMER, FOUND, Server, answer, stall

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(otherwise=answer(200, FOUND, {"X-Request-Id": "R1"})) as server:
        yield server


@pytest.fixture
def api(server: Server) -> Iterator[CustomersApi]:
    with ApiClient(Configuration(host=server.host, access_token="token", max_retries=0)) as client:
        yield CustomersApi(client)


def test_without_options_a_call_returns_the_model(api: CustomersApi) -> None:
    response = api.retrieve_customer("C1")
    assert type(response) is RetrieveCustomerResponse
    assert response.customer is not None
    assert CUSTOMER.items() <= response.customer.to_dict().items()


def test_return_http_data_only_false_returns_data_status_and_headers(api: CustomersApi) -> None:
    response = api.retrieve_customer("C1", _return_http_data_only=False)
    assert type(response) is ApiResponse
    assert response.data == api.retrieve_customer("C1")
    assert response.status == 200
    assert response.headers["x-request-id"] == "R1"
    data, status, headers = response
    assert (data, status, headers) == (response.data, response.status, response.headers)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda response: pickle.loads(pickle.dumps(response))])
def test_an_api_response_can_be_copied_and_pickled(copied: Any) -> None:
    response = ApiResponse(RetrieveCustomerResponse(customer=Customer(id="C1")), 200, {"X-Request-Id": "R1"})
    again = copied(response)
    assert type(again) is ApiResponse
    assert again == response


def test_preload_content_false_returns_the_unread_answer(api: CustomersApi) -> None:
    response = api.retrieve_customer("C1", _preload_content=False)
    assert type(response) is RESTResponse
    assert (response.status, response.getheader("X-Request-Id")) == (200, "R1")
    assert json.loads(response.data) == FOUND


def test_preload_content_false_does_not_decode(server: Server, api: CustomersApi) -> None:
    server.steps.append(answer(200, b"no JSON"))
    assert api.retrieve_customer("C1", _preload_content=False).content == b"no JSON"


def test_request_timeout_replaces_the_time_out_of_the_configuration(server: Server, api: CustomersApi) -> None:
    server.steps += [stall, stall]
    for timeout in (0.05, (5, 0.05)):
        with pytest.raises(Timeout):
            api.retrieve_customer("C1", _request_timeout=timeout)
    assert api.retrieve_customer("C1", _request_timeout=None).customer


@pytest.mark.parametrize("timeout", [0, -1, "1", (1,), (1, 0), True])
def test_a_request_timeout_that_is_none_is_refused(server: Server, api: CustomersApi, timeout: Any) -> None:
    with pytest.raises(ValueError, match="_request_timeout"):
        api.retrieve_customer("C1", _request_timeout=timeout)
    assert server.requests == []


def test_headers_replace_all_others_of_the_same_name(server: Server, api: CustomersApi) -> None:
    api.api_client.set_default_header("X-Trace", "default")
    headers = {"x-trace": "of the call", "square-version": "2018-12-05", "authorization": "Bearer another"}
    api.retrieve_customer("C1", _headers=headers)
    assert headers.items() <= server.requests[0].headers.items()
    api.retrieve_customer("C1")
    sent = server.requests[1].headers
    assert (sent["x-trace"], sent["square-version"], sent["authorization"]) == ("default", "2019-06-12", "Bearer token")


@pytest.mark.parametrize("options", [{}, {"_return_http_data_only": False}, {"_preload_content": False}])
def test_a_call_in_the_background_returns_the_same_as_in_the_foreground(
    api: CustomersApi, options: dict[str, Any]
) -> None:
    directly = api.retrieve_customer("C1", **options)
    handle: CallHandle[Any] = api.retrieve_customer("C1", async_req=True, **options)
    called_back: list[Any] = []
    called: CallHandle[Any] = api.retrieve_customer("C1", callback=called_back.append, **options)
    for result in (handle.get(5), called.get(5), *called_back):
        assert type(result) is type(directly)
    assert called_back == [called.get()]


@pytest.mark.parametrize(
    ("misspelt", "right"),
    [
        ("_request_timout", "_request_timeout"),
        ("request_timeout", "_request_timeout"),
        ("_header", "_headers"),
        ("_preload_contents", "_preload_content"),
        ("_return_http_data", "_return_http_data_only"),
        ("async", "async_req"),
        ("callbak", "callback"),
        ("sortfield", "sort_field"),
    ],
)
def test_an_unknown_option_is_refused_with_the_message_of_2_x_and_a_suggestion(
    server: Server, api: CustomersApi, misspelt: str, right: str
) -> None:
    options: dict[str, Any] = {misspelt: None}
    with pytest.raises(TypeError) as caught:
        api.list_customers(**options)
    words = f"Got an unexpected keyword argument '{misspelt}' to method list_customers. Did you mean '{right}'?"
    assert str(caught.value) == words
    assert server.requests == []


def test_an_unknown_option_unlike_any_other_is_refused_without_a_suggestion(api: CustomersApi) -> None:
    with pytest.raises(TypeError, match=r"^Got an unexpected keyword argument 'zzz' to method retrieve_customer$"):
        api.retrieve_customer("C1", zzz=1)  # type: ignore[call-overload] # pyright: ignore
