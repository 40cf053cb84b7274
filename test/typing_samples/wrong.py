"""Mistakes, each with a comment that is itself an error unless the checker finds an error in its line."""

# mypy: warn-unused-ignores
# pyright: reportUnnecessaryTypeIgnoreComment=error
# ruff: noqa: B018, F401, I001

import squareconnect
from squareconnect import Custmer  # type: ignore
from squareconnect import (
    ApiException,
    AsyncCustomersApi,
    Configuration,
    CreateCustomerRequest,
    Customer,
    CustomersApi,
    RetrieveCustomerResponse,
    paginate,
)


def parameters(api: CustomersApi) -> None:
    api.retrieve_customer(5)  # type: ignore
    api.retrieve_customer(None)  # type: ignore
    api.retrieve_customer()  # type: ignore
    api.delete_customer_card("C")  # type: ignore
    api.create_customer(Customer(given_name="Ada"))  # type: ignore
    api.list_customers("cursor")  # type: ignore
    api.list_customers(sort_feild="CREATED_AT")  # type: ignore
    api.search_customers()  # type: ignore


def options(api: CustomersApi) -> None:
    api.retrieve_customer("C", _request_timout=5)  # type: ignore
    api.retrieve_customer("C", _request_timeout="5")  # type: ignore
    api.retrieve_customer("C", _headers={"X-Trace": 1})  # type: ignore
    api.retrieve_customer("C", _repeatable=True)  # type: ignore
    api.retrieve_customer("C", async_req="yes")  # type: ignore
    api.retrieve_customer("C", _preload_content=False).customer  # type: ignore
    api.retrieve_customer("C", _return_http_data_only=False).customer  # type: ignore
    api.retrieve_customer("C", async_req=True).customer  # type: ignore


def of_another_call(response: ApiException) -> None:
    pass


def callbacks(api: CustomersApi) -> None:
    api.retrieve_customer("C", callback=of_another_call)  # type: ignore
    api.retrieve_customer("C", callback="print")  # type: ignore


async def coroutines(api: AsyncCustomersApi) -> None:
    await api.retrieve_customer(5)  # type: ignore
    await api.retrieve_customer("C", async_req=True)  # type: ignore
    await api.retrieve_customer("C", callback=print)  # type: ignore
    (await api.retrieve_customer("C")).custmer  # type: ignore


def listing(api: CustomersApi) -> None:
    paginate(api.retrieve_customer)  # type: ignore
    paginate(api.list_customers, limit="5")  # type: ignore
    paginate(api.list_customers, limt=5)  # type: ignore
    paginate(api.list_customers, on_expired_cursor="ignore")  # type: ignore


def models(customer: Customer, response: RetrieveCustomerResponse) -> None:
    CreateCustomerRequest(givn_name="Ada")  # type: ignore
    CreateCustomerRequest(given_name=5)  # type: ignore
    customer.given_nam = "Ada"  # type: ignore
    customer.given_name.upper()  # type: ignore
    response.customer.given_name  # type: ignore


def settings() -> None:
    Configuration(access_tokn="token")  # type: ignore
    Configuration(environment="sandpit")  # type: ignore
    Configuration(max_retries="3")  # type: ignore


def names() -> None:
    squareconnect.Custmer  # type: ignore
    squareconnect.models.Custmer  # type: ignore
    squareconnect.Customer(given_nam="Ada")  # type: ignore
