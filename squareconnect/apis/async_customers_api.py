"""The Customers API for asyncio, one coroutine for each endpoint."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from squareconnect import models
from squareconnect.apis.customers_api import CustomersApi

if TYPE_CHECKING:
    from squareconnect.api_client import ApiClient
    from squareconnect.async_api_client import AsyncApiClient


class AsyncCustomersApi:
    """The seven calls of :class:`CustomersApi` as coroutines, with the same parameters, results and exceptions.

    An ``AsyncApiClient`` makes the calls on the event loop. A coroutine that is cancelled closes its connection at
    once.

    An ``ApiClient`` makes the calls on its threads. A coroutine that is cancelled ends at once, too, but its call
    continues if it had started.

    Both clients make at most ``Configuration.connection_pool_maxsize`` calls at a time; other calls wait. If a call is
    cancelled after it started, the request may have been carried out.

    :param api_client: the client that makes the calls. If None, a new ``AsyncApiClient()``, or a new ``ApiClient()``
        where ``h11`` is not installed.
    """

    def __init__(self, api_client: ApiClient | AsyncApiClient | None = None) -> None:
        self.api_client: Any = _new_client() if api_client is None else api_client
        client: Any = self.api_client  # Both kinds have call_api, the only method that is used here.
        self._api = CustomersApi(client)

    async def create_customer(
        self, body: models.CreateCustomerRequest | dict[str, Any], **options: Any
    ) -> models.CreateCustomerResponse:
        """Create a customer; see :meth:`CustomersApi.create_customer`."""
        return await self._api.create_customer(body, async_req=True, **options)

    async def create_customer_card(
        self, customer_id: str, body: models.CreateCustomerCardRequest | dict[str, Any], **options: Any
    ) -> models.CreateCustomerCardResponse:
        """Store a card on file for a customer; see :meth:`CustomersApi.create_customer_card`."""
        return await self._api.create_customer_card(customer_id, body, async_req=True, **options)

    async def delete_customer(self, customer_id: str, **options: Any) -> models.DeleteCustomerResponse:
        """Delete a customer; see :meth:`CustomersApi.delete_customer`."""
        return await self._api.delete_customer(customer_id, async_req=True, **options)

    async def delete_customer_card(
        self, customer_id: str, card_id: str, **options: Any
    ) -> models.DeleteCustomerCardResponse:
        """Remove a card on file from a customer; see :meth:`CustomersApi.delete_customer_card`."""
        return await self._api.delete_customer_card(customer_id, card_id, async_req=True, **options)

    async def list_customers(
        self,
        *,
        cursor: str | None = None,
        sort_field: str | None = None,
        sort_order: str | None = None,
        **options: Any,
    ) -> models.ListCustomersResponse:
        """List a page of customers; see :meth:`CustomersApi.list_customers`.

        :func:`squareconnect.paginate_async` lists them all.
        """
        return await self._api.list_customers(
            cursor=cursor, sort_field=sort_field, sort_order=sort_order, async_req=True, **options
        )

    async def retrieve_customer(self, customer_id: str, **options: Any) -> models.RetrieveCustomerResponse:
        """Get one customer; see :meth:`CustomersApi.retrieve_customer`."""
        return await self._api.retrieve_customer(customer_id, async_req=True, **options)

    async def update_customer(
        self, customer_id: str, body: models.UpdateCustomerRequest | dict[str, Any], **options: Any
    ) -> models.UpdateCustomerResponse:
        """Change fields of a customer; see :meth:`CustomersApi.update_customer`."""
        return await self._api.update_customer(customer_id, body, async_req=True, **options)


def _new_client() -> ApiClient | AsyncApiClient:
    from squareconnect.api_client import ApiClient
    from squareconnect.async_api_client import AsyncApiClient

    return AsyncApiClient() if find_spec("h11") else ApiClient()
