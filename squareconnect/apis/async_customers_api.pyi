# Written by `python -m tools.stub`.
from typing import Any, overload

from typing_extensions import Unpack

from squareconnect.api_client import ApiClient, ApiResponse
from squareconnect.apis._options import ForApiResponse, ForModel, ForRESTResponse
from squareconnect.async_api_client import AsyncApiClient
from squareconnect.models import (
    CreateCustomerCardRequest,
    CreateCustomerCardResponse,
    CreateCustomerRequest,
    CreateCustomerResponse,
    DeleteCustomerCardResponse,
    DeleteCustomerResponse,
    ListCustomersResponse,
    RetrieveCustomerResponse,
    UpdateCustomerRequest,
    UpdateCustomerResponse,
)
from squareconnect.rest import RESTResponse

class AsyncCustomersApi:
    api_client: ApiClient | AsyncApiClient
    def __init__(self, api_client: ApiClient | AsyncApiClient | None = None) -> None: ...
    @overload
    async def create_customer(
        self, body: CreateCustomerRequest | dict[str, Any], **options: Unpack[ForModel]
    ) -> CreateCustomerResponse: ...
    @overload
    async def create_customer(
        self, body: CreateCustomerRequest | dict[str, Any], **options: Unpack[ForApiResponse]
    ) -> ApiResponse[CreateCustomerResponse]: ...
    @overload
    async def create_customer(
        self, body: CreateCustomerRequest | dict[str, Any], **options: Unpack[ForRESTResponse]
    ) -> RESTResponse: ...
    @overload
    async def create_customer_card(
        self, customer_id: str, body: CreateCustomerCardRequest | dict[str, Any], **options: Unpack[ForModel]
    ) -> CreateCustomerCardResponse: ...
    @overload
    async def create_customer_card(
        self, customer_id: str, body: CreateCustomerCardRequest | dict[str, Any], **options: Unpack[ForApiResponse]
    ) -> ApiResponse[CreateCustomerCardResponse]: ...
    @overload
    async def create_customer_card(
        self, customer_id: str, body: CreateCustomerCardRequest | dict[str, Any], **options: Unpack[ForRESTResponse]
    ) -> RESTResponse: ...
    @overload
    async def delete_customer(self, customer_id: str, **options: Unpack[ForModel]) -> DeleteCustomerResponse: ...
    @overload
    async def delete_customer(
        self, customer_id: str, **options: Unpack[ForApiResponse]
    ) -> ApiResponse[DeleteCustomerResponse]: ...
    @overload
    async def delete_customer(self, customer_id: str, **options: Unpack[ForRESTResponse]) -> RESTResponse: ...
    @overload
    async def delete_customer_card(
        self, customer_id: str, card_id: str, **options: Unpack[ForModel]
    ) -> DeleteCustomerCardResponse: ...
    @overload
    async def delete_customer_card(
        self, customer_id: str, card_id: str, **options: Unpack[ForApiResponse]
    ) -> ApiResponse[DeleteCustomerCardResponse]: ...
    @overload
    async def delete_customer_card(
        self, customer_id: str, card_id: str, **options: Unpack[ForRESTResponse]
    ) -> RESTResponse: ...
    @overload
    async def list_customers(
        self,
        *,
        cursor: str | None = None,
        sort_field: str | None = None,
        sort_order: str | None = None,
        **options: Unpack[ForModel],
    ) -> ListCustomersResponse: ...
    @overload
    async def list_customers(
        self,
        *,
        cursor: str | None = None,
        sort_field: str | None = None,
        sort_order: str | None = None,
        **options: Unpack[ForApiResponse],
    ) -> ApiResponse[ListCustomersResponse]: ...
    @overload
    async def list_customers(
        self,
        *,
        cursor: str | None = None,
        sort_field: str | None = None,
        sort_order: str | None = None,
        **options: Unpack[ForRESTResponse],
    ) -> RESTResponse: ...
    @overload
    async def retrieve_customer(self, customer_id: str, **options: Unpack[ForModel]) -> RetrieveCustomerResponse: ...
    @overload
    async def retrieve_customer(
        self, customer_id: str, **options: Unpack[ForApiResponse]
    ) -> ApiResponse[RetrieveCustomerResponse]: ...
    @overload
    async def retrieve_customer(self, customer_id: str, **options: Unpack[ForRESTResponse]) -> RESTResponse: ...
    @overload
    async def update_customer(
        self, customer_id: str, body: UpdateCustomerRequest | dict[str, Any], **options: Unpack[ForModel]
    ) -> UpdateCustomerResponse: ...
    @overload
    async def update_customer(
        self, customer_id: str, body: UpdateCustomerRequest | dict[str, Any], **options: Unpack[ForApiResponse]
    ) -> ApiResponse[UpdateCustomerResponse]: ...
    @overload
    async def update_customer(
        self, customer_id: str, body: UpdateCustomerRequest | dict[str, Any], **options: Unpack[ForRESTResponse]
    ) -> RESTResponse: ...
