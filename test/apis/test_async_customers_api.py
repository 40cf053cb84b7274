from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

import pytest

from squareconnect import (
    ApiClient,
    ApiResponse,
    AsyncApiClient,
    AsyncCustomersApi,
    Configuration,
    CreateCustomerCardRequest,
    CustomersApi,
    NotFound,
)
from squareconnect.emulator import Emulator
from squareconnect.rest import RESTResponse

if TYPE_CHECKING:
    from collections.abc import Iterator

METHODS = [name for name, _ in inspect.getmembers(CustomersApi, inspect.isfunction) if not name.startswith("_")]


@pytest.fixture(scope="module")
def api() -> Iterator[AsyncCustomersApi]:
    with Emulator() as square, ApiClient(Configuration(host=square.url, access_token=square.access_token)) as client:
        yield AsyncCustomersApi(client)


def test_has_the_same_methods_as_coroutines_with_the_same_parameters() -> None:
    for name in METHODS:
        assert hasattr(AsyncCustomersApi, name), "write it into squareconnect/apis/async_customers_api.py as well"
        method = getattr(AsyncCustomersApi, name)
        assert inspect.iscoroutinefunction(method)
        assert inspect.signature(method) == inspect.signature(getattr(CustomersApi, name))


def test_makes_a_client_if_none_is_given() -> None:
    assert isinstance(AsyncCustomersApi().api_client, AsyncApiClient)


def test_the_seven_calls_reach_square_and_return_its_answers(api: AsyncCustomersApi) -> None:
    async def all_seven() -> None:
        made = (await api.create_customer({"given_name": "Ada"})).customer
        assert made is not None
        assert made.id is not None
        card = (await api.create_customer_card(made.id, CreateCustomerCardRequest("cnon:card-nonce-ok"))).card
        assert card is not None
        assert card.id is not None
        updated = (await api.update_customer(made.id, {"note": "Countess"})).customer
        assert updated is not None
        assert (await api.retrieve_customer(made.id)).customer == updated
        assert (await api.list_customers(sort_field="CREATED_AT", sort_order="DESC")).customers == [updated]
        assert (await api.delete_customer_card(made.id, card.id)).errors is None
        assert (await api.delete_customer(made.id)).errors is None
        assert (await api.list_customers()).customers is None

    asyncio.run(all_seven())


def test_options_change_what_a_coroutine_returns(api: AsyncCustomersApi) -> None:
    async def page_in(**options: Any) -> Any:
        return await api.list_customers(**options)

    assert isinstance(asyncio.run(page_in(_return_http_data_only=False)), ApiResponse)
    assert isinstance(asyncio.run(page_in(_preload_content=False)), RESTResponse)


def test_awaiting_raises_the_exception_of_the_call(api: AsyncCustomersApi) -> None:
    with pytest.raises(NotFound):
        asyncio.run(api.retrieve_customer("NOBODY"))


def test_an_unknown_option_is_refused(api: AsyncCustomersApi) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument '_header' to method list_customers"):
        asyncio.run(api.list_customers(_header={}))  # type: ignore[call-overload] # pyright: ignore
