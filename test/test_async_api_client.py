"""The client for asyncio, except its connections."""

from __future__ import annotations

import asyncio
import contextvars
import copy
import inspect
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from squareconnect import (
    ApiClient,
    ApiResponse,
    AsyncApiClient,
    AsyncCustomersApi,
    Configuration,
    CustomersApi,
    paginate_async,
)
from squareconnect.emulator import Emulator
from squareconnect.exceptions import ApiException, DecodeError, InvalidArgument
from squareconnect.rest import RESTResponse
from test.servers import CUSTOMER, FOUND, Server, answer, commit

if TYPE_CHECKING:
    from collections.abc import Coroutine


def client_of(server: Server, **settings: Any) -> AsyncApiClient:
    return AsyncApiClient(Configuration(host=server.host, access_token="T0KEN", **settings))


async def retrieve(client: AsyncApiClient, **options: Any) -> Any:
    """Retrieve a customer and close the client."""
    async with client:
        return await AsyncCustomersApi(client).retrieve_customer("C1", **options)


def parameters_of(method: Any) -> list[Any]:
    return [(each.name, each.kind, each.default) for each in inspect.signature(method).parameters.values()]


def test_has_the_same_parameters_as_the_synchronous_client() -> None:
    assert inspect.iscoroutinefunction(AsyncApiClient.call_api)
    assert inspect.iscoroutinefunction(AsyncApiClient.request)
    assert parameters_of(AsyncApiClient) == parameters_of(ApiClient)
    assert parameters_of(AsyncApiClient.request) == parameters_of(ApiClient.request)
    assert parameters_of(AsyncApiClient.call_api) == parameters_of(ApiClient.call_api)


def test_sends_what_the_synchronous_client_sends() -> None:
    def settings(client: Any) -> Any:
        client.user_agent = "Shop/1"
        client.set_default_header("X-Shop", "7")
        return client

    configuration: Any = {"access_token": "T0KEN", "square_version": "2018-01-01"}
    with Server() as server:
        ours = settings(AsyncApiClient(Configuration(host=server.host, **configuration), cookie="a=b"))
        asyncio.run(retrieve(ours, _headers={"X-Call": "1"}))
        with settings(ApiClient(Configuration(host=server.host, **configuration), cookie="a=b")) as others:
            CustomersApi(others).retrieve_customer("C1", _headers={"X-Call": "1"})

        assert server.requests[0][:4] == server.requests[1][:4]
    assert server.requests[0].headers["user-agent"] == "Shop/1"


def test_options_change_what_a_call_returns() -> None:
    with Server() as server:
        assert isinstance(asyncio.run(retrieve(client_of(server), _return_http_data_only=False)), ApiResponse)
        assert isinstance(asyncio.run(retrieve(client_of(server), _preload_content=False)), RESTResponse)


def test_an_answer_without_a_customer_is_a_decode_error() -> None:
    with Server(answer(200, b"{}")) as server, pytest.raises(DecodeError):
        asyncio.run(retrieve(client_of(server)))


def test_an_answer_that_holds_only_errors_is_an_exception() -> None:
    async def main() -> None:
        async with client_of(server) as client:
            await AsyncCustomersApi(client).create_customer({})

    body = {"errors": [{"category": "API_ERROR", "code": "INTERNAL_SERVER_ERROR"}]}
    with Server(commit(answer(200, body))) as server, pytest.raises(ApiException) as caught:
        asyncio.run(main())

    assert caught.value.errors[0].code == "INTERNAL_SERVER_ERROR"
    assert caught.value.outcome_unknown


def test_bad_arguments_are_refused_before_anything_is_sent() -> None:
    async def main() -> None:
        async with client_of(server) as client:
            with pytest.raises(TypeError, match="callback cannot be used with an AsyncApiClient: await the call"):
                await client.call_api("/v2/x", "GET", callback=print)  # type: ignore[arg-type]
            with pytest.raises(InvalidArgument, match="_request_timeout"):
                await AsyncCustomersApi(client).retrieve_customer("C1", _request_timeout=-1)
            with pytest.raises(InvalidArgument, match="customer_id"):
                await AsyncCustomersApi(client).retrieve_customer("..")
            with pytest.raises(InvalidArgument, match="method must be one of"):
                await client.call_api("/v2/x", "BREW")
            client.configuration.host = "http://square.example"
            with pytest.raises(InvalidArgument, match="plain HTTP"):
                await AsyncCustomersApi(client).retrieve_customer("C1")
            client.configuration.access_token = ""
            with pytest.raises(InvalidArgument, match="access_token is not set"):
                await AsyncCustomersApi(client).retrieve_customer("C1")

    with Server() as server:
        asyncio.run(main())
        assert server.connections == 0


def test_an_api_class_made_for_the_synchronous_client_returns_an_awaitable() -> None:
    async def main() -> None:
        async with client_of(server) as client:
            call = CustomersApi(client).retrieve_customer("C1")  # type: ignore[arg-type]
            assert (await call).customer.id == "C1"  # type: ignore[misc]

    with Server() as server:
        asyncio.run(main())


def test_a_subclass_may_replace_request() -> None:
    class Recorded(AsyncApiClient):
        async def request(self, method: str, url: str, *args: Any, **options: Any) -> Any:
            recorded.append((method, url, options["body"]))
            return RESTResponse(200, "OK", {}, b'{"customer": {"id": "C9", "created_at": "", "updated_at": ""}}')

    recorded: list[Any] = []
    api = AsyncCustomersApi(Recorded(Configuration(host="http://localhost:1", access_token="T0KEN")))
    found = asyncio.run(api.update_customer("C9", {"note": "n"}))

    assert found.customer is not None
    assert found.customer.id == "C9"
    assert recorded == [("PUT", "http://localhost:1/v2/customers/C9", {"note": "n"})]


def test_each_task_has_its_own_last_response() -> None:
    async def look(client: AsyncApiClient, customer_id: str) -> None:
        with pytest.raises(AttributeError, match="no call of this task has succeeded"):
            _ = client.last_response
        await client.call_api(f"/v2/customers/{customer_id}", "GET")
        await asyncio.sleep(0.01)
        assert client.last_response.headers["X-Target"] == f"/v2/customers/{customer_id}"

    async def main() -> None:
        async with client_of(server) as client:
            await asyncio.gather(*(look(client, f"C{number}") for number in range(5)))

    def echo(wire: Any, request: Any) -> None:
        answer(200, FOUND, {"X-Target": request.target})(wire, request)

    with Server(otherwise=echo) as server:
        asyncio.run(main())


def test_there_is_no_last_response_outside_of_a_task() -> None:
    with pytest.raises(AttributeError, match="there is no last_response"):
        _ = AsyncApiClient().last_response


def run_outside_of_a_task(coroutine: Coroutine[Any, Any, Any]) -> None:
    with pytest.raises(StopIteration):
        coroutine.send(None)


def test_a_call_outside_of_a_task_succeeds() -> None:
    class Immediate(AsyncApiClient):
        async def request(self, *args: Any, **options: Any) -> Any:
            return RESTResponse(200, "OK", {}, b"{}")

    run_outside_of_a_task(Immediate().call_api("/v2/x", "GET"))


def test_a_hook_runs_in_the_context_of_its_call() -> None:
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name")
    seen: list[Any] = []

    async def call(client: AsyncApiClient, mine: str) -> None:
        name.set(mine)
        await AsyncCustomersApi(client).retrieve_customer(mine)

    async def main() -> None:
        async with client_of(server) as client:
            configuration: Any = client.configuration
            configuration.__dict__["on_try"] = lambda report: seen.append((name.get(), report.status, report.attempt))
            await asyncio.gather(call(client, "A"), call(client, "B"))

    with Server() as server:
        asyncio.run(main())

    assert sorted(seen) == [("A", 200, 1), ("B", 200, 1)]


def test_a_client_can_be_copied_and_pickled() -> None:
    client = AsyncApiClient(Configuration(access_token="T0KEN"), "X-Shop", "7", cookie="a=b")
    for twin in (copy.deepcopy(client), pickle.loads(pickle.dumps(client))):
        assert twin.default_headers == client.default_headers
        assert twin.configuration.access_token == "T0KEN"
        assert twin.connections is not client.connections
    assert "T0KEN" not in repr(vars(client))


def test_pages_can_be_listed_with_either_client() -> None:
    async def main() -> None:
        settings = Configuration(host=square.url, access_token=square.access_token)
        async with AsyncApiClient(settings) as ours:
            with ApiClient(settings) as others:
                for _ in range(3):
                    await AsyncCustomersApi(ours).create_customer({"given_name": "Ada"})
                for client in (ours, others):
                    api = AsyncCustomersApi(client)
                    assert len([customer async for customer in paginate_async(api.list_customers)]) == 3

    with Emulator() as square:
        asyncio.run(main())


WITHOUT_H11 = """
import sys
sys.modules["h11"] = None
import squareconnect
api = squareconnect.AsyncCustomersApi()
assert type(api.api_client) is squareconnect.ApiClient, api.api_client
try:
    squareconnect.AsyncApiClient()
except ImportError as error:
    assert error.name == "h11"
    print(error)
"""


def test_without_h11_the_error_says_what_to_install() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_H11], check=True, capture_output=True, text=True)

    assert done.stdout == "AsyncApiClient needs h11: pip install 'squareconnect[async]'\n"


def test_another_missing_module_is_named_in_the_error() -> None:
    code = "import sys; sys.modules['squareconnect.transport.aio_dial'] = None\n"
    code += "import squareconnect; squareconnect.AsyncApiClient()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert "ModuleNotFoundError: import of squareconnect.transport.aio_dial halted" in done.stderr


def test_importing_the_package_does_not_import_the_client() -> None:
    code = "import sys, squareconnect; squareconnect.ApiClient; print('h11' in sys.modules, 'asyncio' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert done.stdout == "False False\n"


def test_customers_arrive_complete() -> None:
    with Server() as server:
        assert asyncio.run(retrieve(client_of(server))).customer.id == CUSTOMER["id"]
