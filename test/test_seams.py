"""The methods that programs and tests written for 2.x replace: every call goes through each of them.

``call_api`` -> ``ApiClient.request`` -> ``RESTClientObject.GET``, ... -> ``RESTClientObject.request`` ->
``pool_manager.request``
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock
from unittest.mock import MagicMock, Mock

import pytest
import urllib3

from squareconnect import ApiClient, Configuration, CustomersApi, models
from squareconnect.exceptions import ConnectionFailed, NotFound, ServerError
from squareconnect.rest import RESTClientObject
from test.servers import FOUND, Server, answer, api_for, closed_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


class Case(NamedTuple):
    """A call, the request that it makes, and the answer to the request."""

    call: Callable[..., Any]
    method: str
    path: str
    query: dict[str, str]
    body: Any
    result: dict[str, Any]


ADA = models.CreateCustomerRequest(given_name="Ada", idempotency_key="I1")
CARD = {"card_nonce": "N1", "billing_address": models.Address(locality="Oslo")}
CARD_SENT = {"card_nonce": "N1", "billing_address": {"locality": "Oslo"}}
CASES = {
    "create_customer": Case(
        lambda api, **options: api.create_customer(ADA, **options),
        *("POST", "/v2/customers", {}, {"given_name": "Ada", "idempotency_key": "I1"}, FOUND),
    ),
    "create_customer_card": Case(
        lambda api, **options: api.create_customer_card("C1", CARD, **options),
        *("POST", "/v2/customers/C1/cards", {}, CARD_SENT, {"card": {"id": "K1"}}),
    ),
    "delete_customer": Case(
        lambda api, **options: api.delete_customer("C1", **options), "DELETE", "/v2/customers/C1", {}, None, {}
    ),
    "delete_customer_card": Case(
        lambda api, **options: api.delete_customer_card("C1", "K1", **options),
        *("DELETE", "/v2/customers/C1/cards/K1", {}, None, {}),
    ),
    "list_customers": Case(
        lambda api, **options: api.list_customers(sort_field="DEFAULT", **options),
        *("GET", "/v2/customers", {"sort_field": "DEFAULT"}, None, {"customers": [FOUND["customer"]]}),
    ),
    "retrieve_customer": Case(
        lambda api, **options: api.retrieve_customer("C1", **options), "GET", "/v2/customers/C1", {}, None, FOUND
    ),
    "update_customer": Case(
        lambda api, **options: api.update_customer("C1", models.UpdateCustomerRequest(given_name="Ada"), **options),
        *("PUT", "/v2/customers/C1", {}, {"given_name": "Ada"}, FOUND),
    ),
}
every_call = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


class StandIn:
    """The object that tests of programs return instead of an answer."""

    def __init__(self, data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.reason = "Stand-in"
        self.data = data
        self._headers = headers or {}

    def getheaders(self) -> Mapping[str, str]:
        """Return the headers."""
        return self._headers


def as_text(result: Any) -> Any:
    return StandIn(json.dumps(result))


def as_bytes(result: Any) -> Any:
    return StandIn(json.dumps(result).encode())


def without_status(result: Any) -> Any:
    return Mock(data=json.dumps(result))


above_the_pool = pytest.mark.parametrize("stand_in", [as_text, as_bytes, without_status])


@pytest.fixture
def api() -> CustomersApi:
    """An API whose host does not listen: every request that is sent fails."""
    return api_for(f"http://127.0.0.1:{closed_port()}", max_retries=0)


def id_of(response: Any) -> Any:
    """Return the id of the customer or card in a response."""
    kept = response.customer if hasattr(response, "customer") else response.card
    return kept.id


def check(response: Any, case: Case) -> None:
    """Check that a call returned the model of its case's answer."""
    if case.method == "DELETE":
        assert response.errors is None
    elif "customers" in case.result:
        assert [customer.id for customer in response.customers] == ["C1"]
    else:
        assert id_of(response) in ("C1", "K1")


# -- ApiClient ------------------------------------------------------------------------------------------------------


@every_call
def test_each_method_calls_a_replaced_call_api(api: CustomersApi, case: Case) -> None:
    with mock.patch.object(ApiClient, "call_api", return_value="replaced") as call_api:
        assert case.call(api) == "replaced"

    template = case.path.replace("C1", "{customer_id}").replace("K1", "{card_id}")
    assert call_api.call_args.args[:2] == (template, case.method)


@every_call
def test_a_subclass_may_wrap_call_api(case: Case) -> None:
    seen: list[str] = []

    class Wrapping(ApiClient):
        def call_api(self, resource_path: str, method: str, *args: Any, **kwargs: Any) -> Any:
            seen.append(method)
            return super().call_api(resource_path, method, *args, **kwargs)

    with Server(answer(200, case.result)) as server:
        check(case.call(CustomersApi(Wrapping(Configuration(host=server.host, access_token="T")))), case)
    assert seen == [case.method]


@above_the_pool
@every_call
def test_a_replaced_request_of_the_client_gets_the_parameters_of_2_x(
    api: CustomersApi, case: Case, stand_in: Callable[[Any], Any]
) -> None:
    seen: list[Any] = []

    def request(
        method: str, url: str, query_params: Any = None, headers: Any = None, post_params: Any = None, body: Any = None
    ) -> Any:
        seen.extend((method, url, dict(query_params or ()), headers["Authorization"], body))
        return stand_in(case.result)

    with mock.patch.object(api.api_client, "request", request):
        check(case.call(api), case)

    url = api.api_client.configuration.host + case.path
    assert seen == [case.method, url, case.query, "Bearer T0KEN", case.body]
    assert case.body is None or type(seen[-1]) is dict


# -- RESTClientObject -----------------------------------------------------------------------------------------------


@above_the_pool
@every_call
def test_a_replaced_method_of_the_rest_client_gets_the_sanitised_body(
    api: CustomersApi, case: Case, stand_in: Callable[[Any], Any]
) -> None:
    with mock.patch.object(RESTClientObject, case.method, return_value=stand_in(case.result)) as send:
        check(case.call(api), case)

    assert send.call_args.args == (api.api_client.configuration.host + case.path,)
    assert send.call_args.kwargs.get("body") == case.body
    assert set(send.call_args.kwargs) <= {"headers", "query_params", "post_params", "body"}


class Rest2x(RESTClientObject):
    """A subclass like those in programs: ``request`` has exactly these parameters.

    :param stand_in: the answer that it returns; None passes each request on.
    """

    def __init__(self, configuration: Configuration, stand_in: Any = None) -> None:
        super().__init__(configuration)
        self.stand_in = stand_in
        self.seen: list[tuple[Any, ...]] = []

    def request(
        self,
        method: str,
        url: str,
        query_params: Any = None,
        headers: Any = None,
        body: Any = None,
        post_params: Any = None,
    ) -> Any:
        self.seen.append((method, url, dict(query_params or ()), body))
        return self.stand_in or super().request(
            method, url, query_params=query_params, headers=headers, body=body, post_params=post_params
        )


@above_the_pool
@every_call
def test_a_subclass_with_the_parameters_of_2_x_may_return_its_own_answer(
    api: CustomersApi, case: Case, stand_in: Callable[[Any], Any]
) -> None:
    rest = api.api_client.rest_client = Rest2x(api.api_client.configuration, stand_in(case.result))
    check(case.call(api), case)

    assert rest.seen == [(case.method, api.api_client.configuration.host + case.path, case.query, case.body)]


@every_call
def test_a_subclass_with_the_parameters_of_2_x_sees_a_call_once_however_often_it_is_retried(case: Case) -> None:
    with Server(answer(429, {}), answer(200, case.result)) as server:
        api = api_for(server)
        rest = api.api_client.rest_client = Rest2x(api.api_client.configuration)
        rest.sleep = lambda seconds: None
        check(case.call(api), case)

        assert len(rest.seen) == 1
        assert [(each.method, each.target.partition("?")[0]) for each in server.requests] == [
            (case.method, case.path)
        ] * 2
        assert [json.loads(each.body) if each.body else None for each in server.requests] == [case.body] * 2


def test_options_reach_the_transport_despite_a_subclass_with_the_parameters_of_2_x() -> None:
    with Server(answer(500, {}), answer(), answer(500, {})) as server:
        client = api_for(server).api_client
        rest = client.rest_client = Rest2x(client.configuration)
        rest.sleep = lambda seconds: None
        assert client.call_api("/", "POST", body={}, _repeatable=True).status == 200
        with pytest.raises(ServerError):
            client.call_api("/", "GET", _repeatable=False)

        assert len(server.requests) == 3


# -- Stand-ins that are not decoded ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seam", ["client", "rest"])
def test_a_bare_mock_is_returned_if_nothing_is_decoded(api: CustomersApi, seam: str) -> None:
    client = api.api_client
    bare = Mock()
    with mock.patch.object(client if seam == "client" else client.rest_client, "request", return_value=bare):
        assert api.retrieve_customer("C1", _preload_content=False) is bare
        assert client.call_api("/v2/customers", "POST", body={}) is bare
        assert client.last_response is bare


def test_the_status_and_headers_of_a_stand_in_are_returned(api: CustomersApi) -> None:
    stand_in = StandIn(json.dumps(FOUND), 201, {"X-Trace": "T1"})
    with mock.patch.object(api.api_client.rest_client, "request", return_value=stand_in):
        data, status, headers = api.retrieve_customer("C1", _return_http_data_only=False)

    assert (id_of(data), status, headers) == ("C1", 201, {"X-Trace": "T1"})


def test_a_stand_in_without_a_body_is_refused_in_one_sentence(api: CustomersApi) -> None:
    with (
        mock.patch.object(api.api_client.rest_client, "request", return_value=Mock()),
        pytest.raises(ValueError, match=r"response\.data must be a str .*not Mock"),
    ):
        api.retrieve_customer("C1")


# -- The pool -------------------------------------------------------------------------------------------------------


class Streamed(StandIn):
    """A mock of an answer whose body can only be read in pieces."""

    def __init__(self, content: bytes) -> None:
        super().__init__(None)
        del self.data
        self._content = content

    def stream(self, amount: int = 65536, decode_content: bool = True) -> Iterator[bytes]:
        """Return the body in pieces."""
        return iter([self._content[:5], self._content[5:]])


def streamed(result: Any) -> Any:
    return Streamed(json.dumps(result).encode())


def mocked(result: Any) -> Any:
    return Mock(status=200, reason="OK", data=json.dumps(result).encode(), getheaders=dict)


def of_urllib3(result: Any) -> Any:
    return urllib3.HTTPResponse(json.dumps(result).encode(), status=200, preload_content=False)


def read_by_urllib3(result: Any) -> Any:
    return urllib3.HTTPResponse(json.dumps(result).encode(), status=200, preload_content=True)


at_the_pool = pytest.mark.parametrize("stand_in", [as_text, as_bytes, streamed, mocked, of_urllib3, read_by_urllib3])


def assigned(api: CustomersApi, request: Mock) -> Any:
    """Assign a pool manager."""
    api.api_client.rest_client.pool_manager = Mock(request=request)
    return mock.patch.dict({})


def replaced_on_the_manager(api: CustomersApi, request: Mock) -> Any:
    """Replace the method of the client's own pool manager."""
    return mock.patch.object(api.api_client.rest_client.pool_manager, "request", request)


def patched_on_the_class(api: CustomersApi, request: Mock) -> Any:
    """Patch the method of urllib3's class."""
    return mock.patch("urllib3.PoolManager.request", request)


def replaced_class(api: CustomersApi, request: Mock) -> Any:
    """Replace urllib3's class."""
    return mock.patch("urllib3.PoolManager", return_value=Mock(request=request))


WAYS = [assigned, replaced_on_the_manager, patched_on_the_class, replaced_class]
in_every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


@in_every_way
@every_call
def test_the_pool_gets_each_request_with_its_body_as_json(
    api: CustomersApi, case: Case, way: Callable[..., Any]
) -> None:
    request = Mock(return_value=as_text(case.result))
    with way(api, request):
        check(case.call(api), case)

    ((method, url), options) = request.call_args
    query = "?sort_field=DEFAULT" if case.query else ""
    assert (method, url) == (case.method, api.api_client.configuration.host + case.path + query)
    assert options["body"] is None if case.body is None else json.loads(options["body"]) == case.body
    assert options["headers"]["Authorization"] == "Bearer T0KEN"
    assert type(options["headers"]["Authorization"]) is str


@at_the_pool
@in_every_way
def test_the_pool_may_return_any_object_with_a_status_and_a_body(
    api: CustomersApi, way: Callable[..., Any], stand_in: Callable[[Any], Any]
) -> None:
    with way(api, Mock(return_value=stand_in(FOUND))):
        assert id_of(api.retrieve_customer("C1")) == "C1"


@in_every_way
def test_the_pool_is_called_once_for_each_try(way: Callable[..., Any]) -> None:
    api = api_for(f"http://127.0.0.1:{closed_port()}", max_retries=2)
    request = Mock(
        side_effect=[StandIn("{}", 503), urllib3.exceptions.ReadTimeoutError(Mock(), "", ""), as_text(FOUND)]
    )
    with way(api, request):
        assert api.retrieve_customer("C1").customer

    assert request.call_count == 3


@in_every_way
def test_a_refusal_by_a_stand_in_raises_what_square_says(api: CustomersApi, way: Callable[..., Any]) -> None:
    refusal = json.dumps({"errors": [{"category": "INVALID_REQUEST_ERROR", "code": "NOT_FOUND"}]})
    with way(api, Mock(return_value=StandIn(refusal, 404, {"X-Trace": "T1"}))), pytest.raises(NotFound) as caught:
        api.retrieve_customer("C1")

    assert caught.value.errors[0].code == "NOT_FOUND"
    assert (caught.value.headers or {})["X-Trace"] == "T1"


@in_every_way
def test_retries_wait_as_long_as_a_stand_in_asks(way: Callable[..., Any]) -> None:
    api = api_for(f"http://127.0.0.1:{closed_port()}")
    pauses: list[float] = []
    api.api_client.rest_client.sleep = pauses.append
    request = Mock(side_effect=[StandIn("{}", 429, {"retry-after": "7"}), as_text(FOUND)])
    with way(api, request):
        assert api.retrieve_customer("C1").customer

    assert pauses == [7]


def test_a_client_made_while_the_class_is_replaced_keeps_its_pool() -> None:
    with mock.patch("urllib3.PoolManager", return_value=Mock(request=Mock(return_value=as_text(FOUND)))):
        api = api_for(f"http://127.0.0.1:{closed_port()}")

    assert id_of(api.retrieve_customer("C1")) == "C1"


def test_a_subclass_of_the_pool_manager_makes_real_calls() -> None:
    seen: list[str] = []

    class Counting(urllib3.PoolManager):
        def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
            seen.append(method)
            return super().request(method, url, *args, **kwargs)

    with Server() as server, mock.patch("urllib3.PoolManager", Counting):
        assert api_for(server).retrieve_customer("C1").customer
    assert seen == ["GET"]


def test_a_pool_manager_of_the_program_makes_real_calls_and_can_be_removed() -> None:
    with Server(otherwise=answer(200, FOUND)) as server, urllib3.PoolManager() as manager:
        api = api_for(server)
        rest = api.api_client.rest_client
        rest.pool_manager = manager
        assert rest.pool_manager is manager
        assert api.retrieve_customer("C1").customer
        assert len(manager.pools) == 1
        del rest.pool_manager
        assert rest.pool_manager is not manager
        assert api.retrieve_customer("C1").customer
        assert server.connections == 2


@in_every_way
@pytest.mark.parametrize("kind", [Mock, MagicMock])
def test_a_bare_mock_from_the_pool_is_refused_in_one_sentence(
    api: CustomersApi, way: Callable[..., Any], kind: type[Mock]
) -> None:
    with way(api, kind()), pytest.raises(TypeError, match=r"^pool_manager\.request must return .* not (Magic)?Mock$"):
        api.retrieve_customer("C1")


@pytest.mark.parametrize("data", [None, 5, ["{}"], object()])
def test_an_answer_without_a_body_from_the_pool_is_refused(api: CustomersApi, data: Any) -> None:
    api.api_client.rest_client.pool_manager = Mock(request=Mock(return_value=StandIn(data)))
    with pytest.raises(TypeError, match=r"with data \(str or bytes\) or stream\(\), not StandIn"):
        api.retrieve_customer("C1")


def test_exceptions_of_a_programs_pool_manager_pass_through_except_failures_to_connect(
    api: CustomersApi,
) -> None:
    request = api.api_client.rest_client.pool_manager = Mock()
    request.request.side_effect = LookupError("of the program")
    with pytest.raises(LookupError, match="of the program"):
        api.retrieve_customer("C1")

    request.request.side_effect = urllib3.exceptions.NewConnectionError(Mock(), "refused")
    with pytest.raises(ConnectionFailed) as caught:
        api.create_customer(ADA)
    assert not caught.value.outcome_unknown

    request.request.side_effect = ConnectionResetError("reset")
    with pytest.raises(ConnectionFailed) as caught:
        api.create_customer(ADA)
    assert caught.value.outcome_unknown
