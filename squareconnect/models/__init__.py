"""The models of the Customers API, one class per file. Each is imported when it is first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from squareconnect.models.address import Address as Address
    from squareconnect.models.card import Card as Card
    from squareconnect.models.card_brand import CardBrand as CardBrand
    from squareconnect.models.country import Country as Country
    from squareconnect.models.create_customer_card_request import CreateCustomerCardRequest as CreateCustomerCardRequest
    from squareconnect.models.create_customer_card_response import (
        CreateCustomerCardResponse as CreateCustomerCardResponse,
    )
    from squareconnect.models.create_customer_request import CreateCustomerRequest as CreateCustomerRequest
    from squareconnect.models.create_customer_response import CreateCustomerResponse as CreateCustomerResponse
    from squareconnect.models.customer import Customer as Customer
    from squareconnect.models.customer_creation_source import CustomerCreationSource as CustomerCreationSource
    from squareconnect.models.customer_group_info import CustomerGroupInfo as CustomerGroupInfo
    from squareconnect.models.customer_preferences import CustomerPreferences as CustomerPreferences
    from squareconnect.models.customer_sort_field import CustomerSortField as CustomerSortField
    from squareconnect.models.delete_customer_card_request import DeleteCustomerCardRequest as DeleteCustomerCardRequest
    from squareconnect.models.delete_customer_card_response import (
        DeleteCustomerCardResponse as DeleteCustomerCardResponse,
    )
    from squareconnect.models.delete_customer_request import DeleteCustomerRequest as DeleteCustomerRequest
    from squareconnect.models.delete_customer_response import DeleteCustomerResponse as DeleteCustomerResponse
    from squareconnect.models.error import Error as Error
    from squareconnect.models.error_category import ErrorCategory as ErrorCategory
    from squareconnect.models.error_code import ErrorCode as ErrorCode
    from squareconnect.models.list_customers_request import ListCustomersRequest as ListCustomersRequest
    from squareconnect.models.list_customers_response import ListCustomersResponse as ListCustomersResponse
    from squareconnect.models.retrieve_customer_request import RetrieveCustomerRequest as RetrieveCustomerRequest
    from squareconnect.models.retrieve_customer_response import RetrieveCustomerResponse as RetrieveCustomerResponse
    from squareconnect.models.sort_order import SortOrder as SortOrder
    from squareconnect.models.update_customer_request import UpdateCustomerRequest as UpdateCustomerRequest
    from squareconnect.models.update_customer_response import UpdateCustomerResponse as UpdateCustomerResponse

__all__ = [
    "Address",
    "Card",
    "CardBrand",
    "Country",
    "CreateCustomerCardRequest",
    "CreateCustomerCardResponse",
    "CreateCustomerRequest",
    "CreateCustomerResponse",
    "Customer",
    "CustomerCreationSource",
    "CustomerGroupInfo",
    "CustomerPreferences",
    "CustomerSortField",
    "DeleteCustomerCardRequest",
    "DeleteCustomerCardResponse",
    "DeleteCustomerRequest",
    "DeleteCustomerResponse",
    "Error",
    "ErrorCategory",
    "ErrorCode",
    "ListCustomersRequest",
    "ListCustomersResponse",
    "RetrieveCustomerRequest",
    "RetrieveCustomerResponse",
    "SortOrder",
    "UpdateCustomerRequest",
    "UpdateCustomerResponse",
]

_MODULES = {
    name: "".join("_" + letter.lower() if letter.isupper() else letter for letter in name).removeprefix("_")
    for name in __all__
}


if not TYPE_CHECKING:  # A checker that saw this would accept every name.

    def __getattr__(name: str) -> Any:
        if name in _MODULES:
            model = globals()[name] = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
            return model
        if name in _MODULES.values():
            return import_module(f"{__name__}.{name}")
        raise import_module("squareconnect.legacy").attribute_error(__name__, name)


def __dir__() -> list[str]:
    return __all__
