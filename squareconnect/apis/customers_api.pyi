# Written by `python -m tools.stub`.
from collections.abc import Callable
from typing import Any, Literal, overload

from typing_extensions import Unpack

from squareconnect.api_client import ApiClient, ApiResponse
from squareconnect.apis._options import ForApiResponse, ForModel, ForRESTResponse
from squareconnect.asynchronous import CallHandle
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

class CustomersApi:
    api_client: ApiClient
    def __init__(self, api_client: ApiClient | None = None) -> None: ...
    @overload
    def create_customer(
        self,
        body: CreateCustomerRequest | dict[str, Any],
        *,
        async_req: Literal[False] = False,
        callback: None = None,
        **options: Unpack[ForModel],
    ) -> CreateCustomerResponse: ...
    @overload
    def create_customer(
        self,
        body: CreateCustomerRequest | dict[str, Any],
        *,
        async_req: Literal[False] = False,
        callback: None = None,
        **options: Unpack[ForApiResponse],
    ) -> ApiResponse[CreateCustomerResponse]: ...
    @overload
    def create_customer(
        self,
        body: CreateCustomerRequest | dict[str, Any],
        *,
        async_req: Literal[False] = False,
        callback: None = None,
        **options: Unpack[ForRESTResponse],
    ) -> RESTResponse: ...
    @overload
    def create_customer(
        self,
        body: CreateCustomerRequest | dict[str, Any],
        *,
        async_req: Literal[True],
        callback: Callable[[CreateCustomerResponse], object] | None = None,
        **options: Unpack[ForModel],
    ) -> CallHandle[CreateCustomerResponse]: ...
    @overload
    def create_customer(
        self,
        body: CreateCustomerRequest | dict[str, Any],
        *,
        async_req: Literal[True],
        callback: Callable[[ApiResponse[CreateCustomerResponse]], object] | None = None,
        **options: Unpack[ForApiResponse],
    ) -> CallHandle[ApiResponse[CreateCustomerResponse]]: ...
    @overload
    def create_customer(
        self,
        body: CreateCustomerRequest | dict[str, Any],
        *,
        async_req: Literal[True],
        callback: Callable[[RESTResponse], object] | None = None,
        **options: Unpack[ForRESTResponse],
    ) -> CallHandle[RESTResponse]: ...
    @overload
    def create_customer(
        self,
        body: CreateCustomerRequest | dict[str, Any],
        *,
        async_req: bool = False,
        callback: Callable[[CreateCustomerResponse], object],
        **options: Unpack[ForModel],
    ) -> CallHandle[CreateCustomerResponse]: ...
    @overload
    def create_customer_card(
        self,
        customer_id: str,
        body: CreateCustomerCardRequest | dict[str, Any],
        *,
        async_req: Literal[False] = False,
        callback: None = None,
        **options: Unpack[ForModel],
    ) -> CreateCustomerCardResponse: ...
    @overload
    def create_customer_card(
        self,
        customer_id: str,
        body: CreateCustomerCardRequest | dict[str, Any],
        *,
        async_req: Literal[False] = False,
        callback: None = None,
        **options: Unpack[ForApiResponse],
    ) -> ApiResponse[CreateCustomerCardResponse]: ...
    @overload
    def create_customer_card(
        self,
        customer_id: str,
        body: CreateCustomerCardRequest | dict[str, Any],
        *,
        async_req: Literal[False] = False,
        callback: None = None,
        **options: Unpack[ForRESTResponse],
    ) -> RESTResponse: ...
    @overload
    def create_customer_card(
        self,
        customer_id: str,
        body: CreateCustomerCardRequest | dict[str, Any],
        *,
        async_req: Literal[True],
        callback: Callable[[CreateCustomerCardResponse], object] | None = None,
        **options: Unpack[ForModel],
    ) -> CallHandle[CreateCustomerCardResponse]: ...
    @overload
    def create_customer_card(
        self,
        customer_id: str,
        body: CreateCustomerCardRequest | dict[str, Any],
        *,
        async_req: Literal[True],
        callback: Callable[[ApiResponse[CreateCustomerCardResponse]], object] | None = None,
        **options: Unpack[ForApiResponse],
    ) -> CallHandle[ApiResponse[CreateCustomerCardResponse]]: ...
    @overload
    def create_customer_card(
        self,
        customer_id: str,
        body: CreateCustomerCardRequest | dict[str, Any],
        *,
        async_req: Literal[True],
        callback: Callable[[RESTResponse], object] | None = None,
        **options: Unpack[ForRESTResponse],
    ) -> CallHandle[RESTResponse]: ...
    @overload
    def create_customer_card(
        self,
        customer_id: str,
        body: CreateCustomerCardRequest | dict[str, Any],
        *,
        async_req: bool = False,
        callback: Callable[[CreateCustomerCardResponse], object],
        **options: Unpack[ForModel],
    ) -> CallHandle[CreateCustomerCardResponse]: ...
    @overload
    def delete_customer(
        self, customer_id: str, *, async_req: Literal[False] = False, callback: None = None, **options: Unpack[ForModel]
    ) -> DeleteCustomerResponse: ...
    @overload
    def delete_customer(
        self,
        customer_id: str,
        *,
        async_req: Literal[False] = False,
        callback: None = None,
        **options: Unpack[ForApiResponse],
    ) -> ApiResponse[DeleteCustomerResponse]: ...
    @overload
    def delete_customer(
        self,
        customer_id: str,
        *,
        async_req: Literal[False] = False,
        callback: None = None,
        **options: Unpack[ForRESTResponse],
    ) -> RESTResponse: ...
    @overload
    def delete_customer(
        self,
        customer_id: str,
        *,
        async_req: Literal[True],
        callback: Callable[[DeleteCustomerResponse], object] | None = None,
        **options: Unpack[ForModel],
    ) -> CallHandle[DeleteCustomerResponse]: ...
    @overload
    def delete_customer(
        self,
        customer_id: str,
        *,
        async_req: Literal[True],
        callback: Callable[[ApiResponse[DeleteCustomerResponse]], object] | None = None,
        **options: Unpack[ForApiResponse],
    ) -> CallHandle[ApiResponse[DeleteCustomerResponse]]: ...
    @overload
    def delete_customer(
        self,
        customer_id: str,
        *,
        async_req: Literal[True],
        callback: Callable[[RESTResponse], object] | None = None,
        **options: Unpack[ForRESTResponse],
    ) -> CallHandle[RESTResponse]: ...
    @overload
    def delete_customer(
        self,
        customer_id: str,
        *,
        async_req: bool = False,
        callback: Callable[[DeleteCustomerResponse], object],
        **options: Unpack[ForModel],
    ) -> CallHandle[DeleteCustomerResponse]: ...
    @overload
    def delete_customer_card(
        self,
        customer_id: str,
        card_id: str,
        *,
        async_req: Literal[False] = False,
        callback: None = None,
        **options: Unpack[ForModel],
    ) -> DeleteCustomerCardResponse: ...
    @overload
    def delete_customer_card(
        self,
        customer_id: str,
        card_id: str,
        *,
        async_req: Literal[False] = False,
        callback: None = None,
        **options: Unpack[ForApiResponse],
    ) -> ApiResponse[DeleteCustomerCardResponse]: ...
    @overload
    def delete_customer_card(
        self,
        customer_id: str,
        card_id: str,
        *,
        async_req: Literal[False] = False,
        callback: None = None,
        **options: Unpack[ForRESTResponse],
    ) -> RESTResponse: ...
    @overload
    def delete_customer_card(
        self,
        customer_id: str,
        card_id: str,
        *,
        async_req: Literal[True],
        callback: Callable[[DeleteCustomerCardResponse], object] | None = None,
        **options: Unpack[ForModel],
    ) -> CallHandle[DeleteCustomerCardResponse]: ...
    @overload
    def delete_customer_card(
        self,
        customer_id: str,
        card_id: str,
        *,
        async_req: Literal[True],
        callback: Callable[[ApiResponse[DeleteCustomerCardResponse]], object] | None = None,
        **options: Unpack[ForApiResponse],
    ) -> CallHandle[ApiResponse[DeleteCustomerCardResponse]]: ...
    @overload
    def delete_customer_card(
        self,
        customer_id: str,
        card_id: str,
        *,
        async_req: Literal[True],
        callback: Callable[[RESTResponse], object] | None = None,
        **options: Unpack[ForRESTResponse],
    ) -> CallHandle[RESTResponse]: ...
    @overload
    def delete_customer_card(
        self,
        customer_id: str,
        card_id: str,
        *,
        async_req: bool = False,
        callback: Callable[[DeleteCustomerCardResponse], object],
        **options: Unpack[ForModel],
    ) -> CallHandle[DeleteCustomerCardResponse]: ...
    @overload
    def list_customers(
        self,
        *,
        cursor: str | None = None,
        sort_field: str | None = None,
        sort_order: str | None = None,
        async_req: Literal[False] = False,
        callback: None = None,
        **options: Unpack[ForModel],
    ) -> ListCustomersResponse: ...
    @overload
    def list_customers(
        self,
        *,
        cursor: str | None = None,
        sort_field: str | None = None,
        sort_order: str | None = None,
        async_req: Literal[False] = False,
        callback: None = None,
        **options: Unpack[ForApiResponse],
    ) -> ApiResponse[ListCustomersResponse]: ...
    @overload
    def list_customers(
        self,
        *,
        cursor: str | None = None,
        sort_field: str | None = None,
        sort_order: str | None = None,
        async_req: Literal[False] = False,
        callback: None = None,
        **options: Unpack[ForRESTResponse],
    ) -> RESTResponse: ...
    @overload
    def list_customers(
        self,
        *,
        cursor: str | None = None,
        sort_field: str | None = None,
        sort_order: str | None = None,
        async_req: Literal[True],
        callback: Callable[[ListCustomersResponse], object] | None = None,
        **options: Unpack[ForModel],
    ) -> CallHandle[ListCustomersResponse]: ...
    @overload
    def list_customers(
        self,
        *,
        cursor: str | None = None,
        sort_field: str | None = None,
        sort_order: str | None = None,
        async_req: Literal[True],
        callback: Callable[[ApiResponse[ListCustomersResponse]], object] | None = None,
        **options: Unpack[ForApiResponse],
    ) -> CallHandle[ApiResponse[ListCustomersResponse]]: ...
    @overload
    def list_customers(
        self,
        *,
        cursor: str | None = None,
        sort_field: str | None = None,
        sort_order: str | None = None,
        async_req: Literal[True],
        callback: Callable[[RESTResponse], object] | None = None,
        **options: Unpack[ForRESTResponse],
    ) -> CallHandle[RESTResponse]: ...
    @overload
    def list_customers(
        self,
        *,
        cursor: str | None = None,
        sort_field: str | None = None,
        sort_order: str | None = None,
        async_req: bool = False,
        callback: Callable[[ListCustomersResponse], object],
        **options: Unpack[ForModel],
    ) -> CallHandle[ListCustomersResponse]: ...
    @overload
    def retrieve_customer(
        self, customer_id: str, *, async_req: Literal[False] = False, callback: None = None, **options: Unpack[ForModel]
    ) -> RetrieveCustomerResponse: ...
    @overload
    def retrieve_customer(
        self,
        customer_id: str,
        *,
        async_req: Literal[False] = False,
        callback: None = None,
        **options: Unpack[ForApiResponse],
    ) -> ApiResponse[RetrieveCustomerResponse]: ...
    @overload
    def retrieve_customer(
        self,
        customer_id: str,
        *,
        async_req: Literal[False] = False,
        callback: None = None,
        **options: Unpack[ForRESTResponse],
    ) -> RESTResponse: ...
    @overload
    def retrieve_customer(
        self,
        customer_id: str,
        *,
        async_req: Literal[True],
        callback: Callable[[RetrieveCustomerResponse], object] | None = None,
        **options: Unpack[ForModel],
    ) -> CallHandle[RetrieveCustomerResponse]: ...
    @overload
    def retrieve_customer(
        self,
        customer_id: str,
        *,
        async_req: Literal[True],
        callback: Callable[[ApiResponse[RetrieveCustomerResponse]], object] | None = None,
        **options: Unpack[ForApiResponse],
    ) -> CallHandle[ApiResponse[RetrieveCustomerResponse]]: ...
    @overload
    def retrieve_customer(
        self,
        customer_id: str,
        *,
        async_req: Literal[True],
        callback: Callable[[RESTResponse], object] | None = None,
        **options: Unpack[ForRESTResponse],
    ) -> CallHandle[RESTResponse]: ...
    @overload
    def retrieve_customer(
        self,
        customer_id: str,
        *,
        async_req: bool = False,
        callback: Callable[[RetrieveCustomerResponse], object],
        **options: Unpack[ForModel],
    ) -> CallHandle[RetrieveCustomerResponse]: ...
    @overload
    def update_customer(
        self,
        customer_id: str,
        body: UpdateCustomerRequest | dict[str, Any],
        *,
        async_req: Literal[False] = False,
        callback: None = None,
        **options: Unpack[ForModel],
    ) -> UpdateCustomerResponse: ...
    @overload
    def update_customer(
        self,
        customer_id: str,
        body: UpdateCustomerRequest | dict[str, Any],
        *,
        async_req: Literal[False] = False,
        callback: None = None,
        **options: Unpack[ForApiResponse],
    ) -> ApiResponse[UpdateCustomerResponse]: ...
    @overload
    def update_customer(
        self,
        customer_id: str,
        body: UpdateCustomerRequest | dict[str, Any],
        *,
        async_req: Literal[False] = False,
        callback: None = None,
        **options: Unpack[ForRESTResponse],
    ) -> RESTResponse: ...
    @overload
    def update_customer(
        self,
        customer_id: str,
        body: UpdateCustomerRequest | dict[str, Any],
        *,
        async_req: Literal[True],
        callback: Callable[[UpdateCustomerResponse], object] | None = None,
        **options: Unpack[ForModel],
    ) -> CallHandle[UpdateCustomerResponse]: ...
    @overload
    def update_customer(
        self,
        customer_id: str,
        body: UpdateCustomerRequest | dict[str, Any],
        *,
        async_req: Literal[True],
        callback: Callable[[ApiResponse[UpdateCustomerResponse]], object] | None = None,
        **options: Unpack[ForApiResponse],
    ) -> CallHandle[ApiResponse[UpdateCustomerResponse]]: ...
    @overload
    def update_customer(
        self,
        customer_id: str,
        body: UpdateCustomerRequest | dict[str, Any],
        *,
        async_req: Literal[True],
        callback: Callable[[RESTResponse], object] | None = None,
        **options: Unpack[ForRESTResponse],
    ) -> CallHandle[RESTResponse]: ...
    @overload
    def update_customer(
        self,
        customer_id: str,
        body: UpdateCustomerRequest | dict[str, Any],
        *,
        async_req: bool = False,
        callback: Callable[[UpdateCustomerResponse], object],
        **options: Unpack[ForModel],
    ) -> CallHandle[UpdateCustomerResponse]: ...
