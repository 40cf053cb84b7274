"""Support for programs written for squareconnect 2.x."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

_JSON = "application/json"


class ClientOf2x:
    """The methods of 2.x's client that this package does not use itself."""

    def select_header_accept(self, accepts: list[str]) -> str | None:
        """Return the ``Accept`` header for the media types that an endpoint can send: JSON if possible."""
        media_types = [each.lower() for each in accepts]
        return _JSON if _JSON in media_types else ", ".join(media_types) or None

    def select_header_content_type(self, content_types: list[str]) -> str:
        """Return the ``Content-Type`` header for the media types that an endpoint accepts: JSON if possible."""
        media_types = [each.lower() for each in content_types]
        return media_types[0] if media_types and _JSON not in media_types else _JSON

    def to_path_value(self, obj: Any) -> str:
        """Return a parameter as text for a path or query: a list is joined with commas."""
        return ",".join(map(str, obj)) if isinstance(obj, list) else str(obj)


# -- Models that 2.x pickled ----------------------------------------------------------------------------------------


def values_of(state: dict[str, Any]) -> dict[str, Any]:
    """Return the values in the state of a model that 2.x pickled: a private attribute for each field."""
    return {
        name.removeprefix("_"): value
        for name, value in state.items()
        if value is not None and name not in ("swagger_types", "attribute_map")
    }


# -- Names that 2.x has and this package lacks ----------------------------------------------------------------------

APIS = """
    ApplePayApi CatalogApi CheckoutApi EmployeesApi InventoryApi LaborApi LocationsApi MobileAuthorizationApi OAuthApi
    OrdersApi ReportingApi TransactionsApi V1EmployeesApi V1ItemsApi V1LocationsApi V1TransactionsApi
"""
"""The API classes of the last 2.x that this package lacks. The text is split only when a name is missing."""

MODELS = """
    AdditionalRecipient AdditionalRecipientReceivable AdditionalRecipientReceivableRefund BatchChangeInventoryRequest
    BatchChangeInventoryResponse BatchDeleteCatalogObjectsRequest BatchDeleteCatalogObjectsResponse
    BatchRetrieveCatalogObjectsRequest BatchRetrieveCatalogObjectsResponse BatchRetrieveInventoryChangesRequest
    BatchRetrieveInventoryChangesResponse BatchRetrieveInventoryCountsRequest BatchRetrieveInventoryCountsResponse
    BatchRetrieveOrdersRequest BatchRetrieveOrdersResponse BatchUpsertCatalogObjectsRequest
    BatchUpsertCatalogObjectsResponse BreakType BusinessHours BusinessHoursPeriod CaptureTransactionRequest
    CaptureTransactionResponse CatalogCategory CatalogDiscount CatalogDiscountType CatalogIdMapping CatalogImage
    CatalogInfoRequest CatalogInfoResponse CatalogInfoResponseLimits CatalogItem CatalogItemModifierListInfo
    CatalogItemOption CatalogItemOptionForItem CatalogItemOptionValue CatalogItemOptionValueForItemVariation
    CatalogItemProductType CatalogItemVariation CatalogMeasurementUnit CatalogModifier CatalogModifierList
    CatalogModifierListSelectionType CatalogModifierOverride CatalogObject CatalogObjectBatch CatalogObjectType
    CatalogPricingRule CatalogPricingType CatalogProductSet CatalogQuery CatalogQueryExact
    CatalogQueryItemVariationsForItemOptionValues CatalogQueryItemsForItemOptions CatalogQueryItemsForModifierList
    CatalogQueryItemsForTax CatalogQueryPrefix CatalogQueryRange CatalogQuerySortedAttribute CatalogQueryText
    CatalogTax CatalogTimePeriod CatalogV1Id ChargeRequest ChargeRequestAdditionalRecipient ChargeResponse Checkout
    Coordinates CreateBreakTypeRequest CreateBreakTypeResponse CreateCheckoutRequest CreateCheckoutResponse
    CreateMobileAuthorizationCodeRequest CreateMobileAuthorizationCodeResponse CreateOrderRequest
    CreateOrderRequestDiscount CreateOrderRequestLineItem CreateOrderRequestModifier CreateOrderRequestTax
    CreateOrderResponse CreateRefundRequest CreateRefundResponse CreateShiftRequest CreateShiftResponse Currency
    CustomerCreationSourceFilter CustomerFilter CustomerInclusionExclusion CustomerQuery CustomerSort DateRange
    DayOfWeek DeleteBreakTypeRequest DeleteBreakTypeResponse DeleteCatalogObjectRequest DeleteCatalogObjectResponse
    DeleteShiftRequest DeleteShiftResponse Device Employee EmployeeStatus EmployeeWage GetBreakTypeRequest
    GetBreakTypeResponse GetEmployeeWageRequest GetEmployeeWageResponse GetShiftRequest GetShiftResponse
    InventoryAdjustment InventoryAlertType InventoryChange InventoryChangeType InventoryCount InventoryPhysicalCount
    InventoryState InventoryTransfer ItemVariationLocationOverrides ListAdditionalRecipientReceivableRefundsRequest
    ListAdditionalRecipientReceivableRefundsResponse ListAdditionalRecipientReceivablesRequest
    ListAdditionalRecipientReceivablesResponse ListBreakTypesRequest ListBreakTypesResponse ListCatalogRequest
    ListCatalogResponse ListEmployeeWagesRequest ListEmployeeWagesResponse ListEmployeesRequest ListEmployeesResponse
    ListLocationsRequest ListLocationsResponse ListRefundsRequest ListRefundsResponse ListTransactionsRequest
    ListTransactionsResponse ListWorkweekConfigsRequest ListWorkweekConfigsResponse Location LocationCapability
    LocationStatus LocationType MeasurementUnit MeasurementUnitArea MeasurementUnitCustom MeasurementUnitGeneric
    MeasurementUnitLength MeasurementUnitVolume MeasurementUnitWeight ModelBreak Money ObtainTokenRequest
    ObtainTokenResponse Order OrderEntry OrderFulfillment OrderFulfillmentPickupDetails
    OrderFulfillmentPickupDetailsScheduleType OrderFulfillmentRecipient OrderFulfillmentState OrderFulfillmentType
    OrderLineItem OrderLineItemDiscount OrderLineItemDiscountScope OrderLineItemDiscountType OrderLineItemModifier
    OrderLineItemTax OrderLineItemTaxScope OrderLineItemTaxType OrderMoneyAmounts OrderQuantityUnit OrderReturn
    OrderReturnDiscount OrderReturnLineItem OrderReturnLineItemModifier OrderReturnServiceCharge OrderReturnTax
    OrderRoundingAdjustment OrderServiceCharge OrderServiceChargeCalculationPhase OrderSource OrderState Product
    Refund RefundStatus RegisterDomainRequest RegisterDomainResponse RegisterDomainResponseStatus RenewTokenRequest
    RenewTokenResponse RetrieveCatalogObjectRequest RetrieveCatalogObjectResponse RetrieveEmployeeRequest
    RetrieveEmployeeResponse RetrieveInventoryAdjustmentRequest RetrieveInventoryAdjustmentResponse
    RetrieveInventoryChangesRequest RetrieveInventoryChangesResponse RetrieveInventoryCountRequest
    RetrieveInventoryCountResponse RetrieveInventoryPhysicalCountRequest RetrieveInventoryPhysicalCountResponse
    RetrieveTransactionRequest RetrieveTransactionResponse RevokeTokenRequest RevokeTokenResponse
    SearchCatalogObjectsRequest SearchCatalogObjectsResponse SearchCustomersRequest SearchCustomersResponse
    SearchOrdersCustomerFilter SearchOrdersDateTimeFilter SearchOrdersFilter SearchOrdersFulfillmentFilter
    SearchOrdersQuery SearchOrdersRequest SearchOrdersResponse SearchOrdersSort SearchOrdersSortField
    SearchOrdersSourceFilter SearchOrdersStateFilter SearchShiftsRequest SearchShiftsResponse Shift ShiftFilter
    ShiftFilterStatus ShiftQuery ShiftSort ShiftSortField ShiftStatus ShiftWage ShiftWorkday ShiftWorkdayMatcher
    SourceApplication StandardUnitDescription StandardUnitDescriptionGroup TaxCalculationPhase TaxInclusionType Tender
    TenderCardDetails TenderCardDetailsEntryMethod TenderCardDetailsStatus TenderCashDetails TenderType TimeRange
    Transaction TransactionProduct UpdateBreakTypeRequest UpdateBreakTypeResponse UpdateItemModifierListsRequest
    UpdateItemModifierListsResponse UpdateItemTaxesRequest UpdateItemTaxesResponse UpdateShiftRequest
    UpdateShiftResponse UpdateWorkweekConfigRequest UpdateWorkweekConfigResponse UpsertCatalogObjectRequest
    UpsertCatalogObjectResponse V1AdjustInventoryRequest V1AdjustInventoryRequestAdjustmentType V1ApplyFeeRequest
    V1ApplyModifierListRequest V1BankAccount V1BankAccountType V1CashDrawerEvent V1CashDrawerEventEventType
    V1CashDrawerShift V1CashDrawerShiftEventType V1Category V1CreateCategoryRequest V1CreateDiscountRequest
    V1CreateEmployeeRoleRequest V1CreateFeeRequest V1CreateItemRequest V1CreateModifierListRequest
    V1CreateModifierOptionRequest V1CreatePageRequest V1CreateRefundRequest V1CreateRefundRequestType
    V1CreateVariationRequest V1DeleteCategoryRequest V1DeleteDiscountRequest V1DeleteFeeRequest V1DeleteItemRequest
    V1DeleteModifierListRequest V1DeleteModifierOptionRequest V1DeletePageCellRequest V1DeletePageRequest
    V1DeleteTimecardRequest V1DeleteTimecardResponse V1DeleteVariationRequest V1Discount V1DiscountColor
    V1DiscountDiscountType V1Employee V1EmployeeRole V1EmployeeRolePermissions V1EmployeeStatus V1Fee
    V1FeeAdjustmentType V1FeeCalculationPhase V1FeeInclusionType V1FeeType V1InventoryEntry V1Item V1ItemColor
    V1ItemImage V1ItemType V1ItemVisibility V1ListBankAccountsRequest V1ListBankAccountsResponse
    V1ListCashDrawerShiftsRequest V1ListCashDrawerShiftsResponse V1ListCategoriesRequest V1ListCategoriesResponse
    V1ListDiscountsRequest V1ListDiscountsResponse V1ListEmployeeRolesRequest V1ListEmployeeRolesResponse
    V1ListEmployeesRequest V1ListEmployeesRequestStatus V1ListEmployeesResponse V1ListFeesRequest V1ListFeesResponse
    V1ListInventoryRequest V1ListInventoryResponse V1ListItemsRequest V1ListItemsResponse V1ListLocationsRequest
    V1ListLocationsResponse V1ListModifierListsRequest V1ListModifierListsResponse V1ListOrdersRequest
    V1ListOrdersResponse V1ListPagesRequest V1ListPagesResponse V1ListPaymentsRequest V1ListPaymentsResponse
    V1ListRefundsRequest V1ListRefundsResponse V1ListSettlementsRequest V1ListSettlementsRequestStatus
    V1ListSettlementsResponse V1ListTimecardEventsRequest V1ListTimecardEventsResponse V1ListTimecardsRequest
    V1ListTimecardsResponse V1Merchant V1MerchantAccountType V1MerchantBusinessType V1MerchantLocationDetails
    V1ModifierList V1ModifierListSelectionType V1ModifierOption V1Money V1Order V1OrderHistoryEntry
    V1OrderHistoryEntryAction V1OrderState V1Page V1PageCell V1PageCellObjectType V1PageCellPlaceholderType V1Payment
    V1PaymentDiscount V1PaymentItemDetail V1PaymentItemization V1PaymentItemizationItemizationType V1PaymentModifier
    V1PaymentSurcharge V1PaymentSurchargeType V1PaymentTax V1PaymentTaxInclusionType V1PhoneNumber V1Refund
    V1RefundType V1RemoveFeeRequest V1RemoveModifierListRequest V1RetrieveBankAccountRequest V1RetrieveBusinessRequest
    V1RetrieveCashDrawerShiftRequest V1RetrieveEmployeeRequest V1RetrieveEmployeeRoleRequest V1RetrieveItemRequest
    V1RetrieveModifierListRequest V1RetrieveOrderRequest V1RetrievePaymentRequest V1RetrieveSettlementRequest
    V1RetrieveTimecardRequest V1Settlement V1SettlementEntry V1SettlementEntryType V1SettlementStatus V1Tender
    V1TenderCardBrand V1TenderEntryMethod V1TenderType V1Timecard V1TimecardEvent V1TimecardEventEventType
    V1UpdateCategoryRequest V1UpdateDiscountRequest V1UpdateEmployeeRequest V1UpdateEmployeeRoleRequest
    V1UpdateFeeRequest V1UpdateItemRequest V1UpdateModifierListRequest V1UpdateModifierListRequestSelectionType
    V1UpdateModifierOptionRequest V1UpdateOrderRequest V1UpdateOrderRequestAction V1UpdatePageCellRequest
    V1UpdatePageRequest V1UpdateTimecardRequest V1UpdateVariationRequest V1Variation V1VariationInventoryAlertType
    V1VariationPricingType VoidTransactionRequest VoidTransactionResponse WebhookEvents Weekday WorkweekConfig
"""
"""The models of the last 2.x that this package lacks."""


def explain_missing(module: str, name: str) -> str | None:
    """Return the explanation why a module lacks a name that 2.x has.

    :param module: the module's full name.
    :param name: the name of a class or of a module.
    :return: a sentence, or None if that module of 2.x does not have the name either.
    """
    if name not in _names_missing_in(module):
        return None
    return (
        f"{module} has no {name}, because this package has only the Customers API: install squareconnect "
        "2.20190724.1 next to it, as docs/Migration.md describes under 'Other APIs'"
    )


@cache
def _names_missing_in(module: str) -> set[str]:
    if module == "squareconnect":
        return {*APIS.split(), *MODELS.split()}
    classes = {"squareconnect.apis": APIS, "squareconnect.models": MODELS}.get(module, "").split()
    return {*classes, *map(module_of, classes)}


def module_of(name: str) -> str:
    """Return the name of a class's module in 2.x: ``v1_items_api`` for ``V1ItemsApi``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=O)(?=Auth)", "_", name).lower()


def attribute_error(module: str, name: str) -> AttributeError:
    """Return the exception for a name that a module of this package does not have."""
    return AttributeError(explain_missing(module, name) or f"module {module!r} has no attribute {name!r}")


def refuse_import(path: str) -> None:
    """Refuse to import a module or class of 2.x that this package lacks.

    :param path: its full name.
    :raises ImportError: if 2.x has it. The message says how to install it.
    """
    sentence = explain_missing(*path.rpartition(".")[::2])
    if sentence:
        raise ImportError(sentence, name=path)
