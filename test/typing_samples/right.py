"""Each call, with the exact type that type checkers infer for it."""

from collections.abc import Mapping

from typing_extensions import assert_type

from squareconnect import (
    ApiException,
    ApiResponse,
    AsyncCustomersApi,
    CallHandle,
    Card,
    CreateCustomerCardRequest,
    CreateCustomerRequest,
    Customer,
    CustomersApi,
    NotFound,
    UpdateCustomerRequest,
    paginate,
    paginate_async,
)
from squareconnect.models import (
    CreateCustomerCardResponse,
    CreateCustomerResponse,
    DeleteCustomerCardResponse,
    DeleteCustomerResponse,
    Error,
    ListCustomersResponse,
    RetrieveCustomerResponse,
    UpdateCustomerResponse,
)
from squareconnect.rest import RESTResponse


def each_method(api: CustomersApi) -> None:
    assert_type(api.create_customer(CreateCustomerRequest(given_name="Ada")), CreateCustomerResponse)
    assert_type(api.create_customer({"given_name": "Ada"}), CreateCustomerResponse)
    assert_type(api.create_customer_card("C", CreateCustomerCardRequest("nonce")), CreateCustomerCardResponse)
    assert_type(api.delete_customer("C"), DeleteCustomerResponse)
    assert_type(api.delete_customer_card("C", "ccof:1"), DeleteCustomerCardResponse)
    assert_type(api.list_customers(), ListCustomersResponse)
    assert_type(api.list_customers(cursor="next", sort_field="CREATED_AT", sort_order=None), ListCustomersResponse)
    assert_type(api.retrieve_customer("C"), RetrieveCustomerResponse)
    assert_type(api.update_customer("C", UpdateCustomerRequest(note="")), UpdateCustomerResponse)
    assert_type(api.update_customer(customer_id="C", body={"note": None}), UpdateCustomerResponse)


def each_option(api: CustomersApi) -> None:
    assert_type(api.retrieve_customer("C", _request_timeout=5), RetrieveCustomerResponse)
    assert_type(api.retrieve_customer("C", _request_timeout=(0.5, 5.0), _headers={}), RetrieveCustomerResponse)
    assert_type(api.retrieve_customer("C", _preload_content=False), RESTResponse)
    response = api.retrieve_customer("C", _return_http_data_only=False)
    assert_type(response, ApiResponse[RetrieveCustomerResponse])
    assert_type(response.data, RetrieveCustomerResponse)
    assert_type(response.status, int)
    data, _, headers = response
    assert_type(data, RetrieveCustomerResponse)
    assert_type(headers, Mapping[str, str])


def in_the_background(api: CustomersApi) -> None:
    handle = api.retrieve_customer("C", async_req=True)
    assert_type(handle, CallHandle[RetrieveCustomerResponse])
    assert_type(handle.get(5), RetrieveCustomerResponse)
    assert_type(handle.result(), RetrieveCustomerResponse)
    assert_type(handle.done(), bool)
    assert_type(
        api.list_customers(async_req=True, _return_http_data_only=False), CallHandle[ApiResponse[ListCustomersResponse]]
    )
    assert_type(api.list_customers(async_req=True, _preload_content=False), CallHandle[RESTResponse])


def called_back(response: RetrieveCustomerResponse) -> None:
    pass


def called_back_with_the_answer(response: RESTResponse) -> None:
    pass


def callbacks(api: CustomersApi) -> None:
    assert_type(api.retrieve_customer("C", callback=called_back), CallHandle[RetrieveCustomerResponse])
    assert_type(api.retrieve_customer("C", callback=print), CallHandle[RetrieveCustomerResponse])
    assert_type(
        api.retrieve_customer("C", async_req=True, callback=called_back_with_the_answer, _preload_content=False),
        CallHandle[RESTResponse],
    )
    assert_type(api.retrieve_customer("C", callback=None), RetrieveCustomerResponse)


async def coroutines(api: AsyncCustomersApi, sync_api: CustomersApi) -> None:
    assert_type(await api.create_customer({"given_name": "Ada"}), CreateCustomerResponse)
    assert_type(await api.retrieve_customer("C", _return_http_data_only=False), ApiResponse[RetrieveCustomerResponse])
    assert_type(await api.delete_customer("C", _preload_content=False), RESTResponse)
    assert_type(await sync_api.retrieve_customer("C", async_req=True), RetrieveCustomerResponse)
    async for customer in paginate_async(api.list_customers, limit=5):
        assert_type(customer, Customer)
    async for page in paginate_async(api.list_customers).pages():
        assert_type(page, ListCustomersResponse)


def listing(api: CustomersApi) -> None:
    customers = paginate(api.list_customers, limit=5, progress=print, on_expired_cursor="restart", sort_order="DESC")
    for customer in customers:
        assert_type(customer, Customer)
    for page in customers.pages():
        assert_type(page, ListCustomersResponse)
    assert_type(customers.cursor, str | None)


def models(customer: Customer) -> None:
    assert_type(customer.given_name, str | None)
    assert_type(customer.cards, list[Card] | None)


def exceptions(api: CustomersApi) -> None:
    try:
        api.retrieve_customer("C")
    except NotFound as error:
        assert_type(error.status, int | None)
        assert_type(error.errors, list[Error])
    except ApiException as error:
        assert_type(error.field, str | None)
        assert_type(error.outcome_unknown, bool)
