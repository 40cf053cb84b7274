"""Every field of every model, and every constant, compared with a list of Square's that is written out by hand."""

from __future__ import annotations

import importlib

import pytest

import squareconnect
from squareconnect import models

FIELDS = {
    "Address": """
        address_line_1 str, address_line_2 str, address_line_3 str, locality str, sublocality str, sublocality_2 str,
        sublocality_3 str, administrative_district_level_1 str, administrative_district_level_2 str,
        administrative_district_level_3 str, postal_code str, country str, first_name str, last_name str,
        organization str
    """,
    "Card": """
        id str, card_brand str, last_4 str, exp_month int, exp_year int, cardholder_name str, billing_address Address,
        fingerprint str
    """,
    "CreateCustomerCardRequest": """
        card_nonce str, billing_address Address, cardholder_name str, verification_token str
    """,
    "CreateCustomerCardResponse": "errors list[Error], card Card",
    "CreateCustomerRequest": """
        given_name str, family_name str, company_name str, nickname str, email_address str, address Address,
        phone_number str, reference_id str, note str, birthday str, idempotency_key str
    """,
    "CreateCustomerResponse": "errors list[Error], customer Customer",
    "Customer": """
        id str, created_at str, updated_at str, cards list[Card], given_name str, family_name str, nickname str,
        company_name str, email_address str, address Address, phone_number str, reference_id str, note str,
        preferences CustomerPreferences, groups list[CustomerGroupInfo], birthday str, creation_source str
    """,
    "CustomerGroupInfo": "id str, name str",
    "CustomerPreferences": "email_unsubscribed bool",
    "DeleteCustomerCardRequest": "",
    "DeleteCustomerCardResponse": "errors list[Error]",
    "DeleteCustomerRequest": "",
    "DeleteCustomerResponse": "errors list[Error]",
    "Error": "category str, code str, detail str, field str",
    "ListCustomersRequest": "cursor str, sort_field str, sort_order str",
    "ListCustomersResponse": "errors list[Error], customers list[Customer], cursor str",
    "RetrieveCustomerRequest": "",
    "RetrieveCustomerResponse": "errors list[Error], customer Customer",
    "UpdateCustomerRequest": """
        given_name str, family_name str, company_name str, nickname str, email_address str, address Address,
        phone_number str, reference_id str, note str, birthday str
    """,
    "UpdateCustomerResponse": "errors list[Error], customer Customer",
}

REQUIRED = {
    "CreateCustomerCardRequest": ["card_nonce"],
    "CreateCustomerCardResponse": ["card"],
    "CreateCustomerResponse": ["customer"],
    "Customer": ["id", "created_at", "updated_at"],
    "CustomerGroupInfo": ["id", "name"],
    "Error": ["category", "code"],
    "RetrieveCustomerResponse": ["customer"],
    "UpdateCustomerResponse": ["customer"],
}

CONSTANTS = {
    "CardBrand": """
        OTHER_BRAND VISA MASTERCARD AMERICAN_EXPRESS DISCOVER DISCOVER_DINERS JCB CHINA_UNIONPAY SQUARE_GIFT_CARD

        SQUARE_CAPITAL_CARD INTERAC EFTPOS FELICA EBT QUICPAY ID TRANSPORTATION_IC CARNET
    """,
    "Country": """
        ZZ
        AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
        CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ
        DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW
        GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ
        LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ
        NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW
        SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ
        TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
    """,
    "CustomerCreationSource": """
        OTHER APPOINTMENTS COUPON DELETION_RECOVERY DIRECTORY EGIFTING EMAIL_COLLECTION FEEDBACK IMPORT INVOICES
        LOYALTY MARKETING MERGE ONLINE_STORE INSTANT_PROFILE TERMINAL THIRD_PARTY THIRD_PARTY_IMPORT UNMERGE_RECOVERY
    """,
    "CustomerSortField": "DEFAULT CREATED_AT",
    "ErrorCategory": """
        API_ERROR AUTHENTICATION_ERROR INVALID_REQUEST_ERROR RATE_LIMIT_ERROR PAYMENT_METHOD_ERROR REFUND_ERROR

        MERCHANT_SUBSCRIPTION_ERROR EXTERNAL_VENDOR_ERROR
    """,
    "ErrorCode": """
        UNAUTHORIZED ACCESS_TOKEN_EXPIRED ACCESS_TOKEN_REVOKED FORBIDDEN INSUFFICIENT_SCOPES APPLICATION_DISABLED
        V1_APPLICATION V1_ACCESS_TOKEN CARD_PROCESSING_NOT_ENABLED
        BAD_REQUEST MISSING_REQUIRED_PARAMETER INCORRECT_TYPE INVALID_TIME INVALID_TIME_RANGE INVALID_VALUE
        INVALID_CURSOR UNKNOWN_QUERY_PARAMETER CONFLICTING_PARAMETERS EXPECTED_JSON_BODY INVALID_SORT_ORDER
        VALUE_REGEX_MISMATCH VALUE_TOO_SHORT VALUE_TOO_LONG VALUE_TOO_LOW VALUE_TOO_HIGH VALUE_EMPTY
        ARRAY_LENGTH_TOO_LONG ARRAY_LENGTH_TOO_SHORT ARRAY_EMPTY EXPECTED_BOOLEAN EXPECTED_INTEGER EXPECTED_FLOAT
        EXPECTED_STRING EXPECTED_OBJECT EXPECTED_ARRAY EXPECTED_MAP EXPECTED_BASE64_ENCODED_BYTE_ARRAY
        INVALID_ARRAY_VALUE INVALID_ENUM_VALUE INVALID_CONTENT_TYPE INVALID_FORM_VALUE ONE_INSTRUMENT_EXPECTED
        NO_FIELDS_SET DEPRECATED_FIELD_SET RETIRED_FIELD_SET
        CARD_EXPIRED INVALID_EXPIRATION INVALID_EXPIRATION_YEAR INVALID_EXPIRATION_DATE UNSUPPORTED_CARD_BRAND
        UNSUPPORTED_ENTRY_METHOD INVALID_ENCRYPTED_CARD INVALID_CARD DELAYED_TRANSACTION_EXPIRED
        DELAYED_TRANSACTION_CANCELED DELAYED_TRANSACTION_CAPTURED DELAYED_TRANSACTION_FAILED CARD_TOKEN_EXPIRED
        CARD_TOKEN_USED AMOUNT_TOO_HIGH UNSUPPORTED_INSTRUMENT_TYPE REFUND_AMOUNT_INVALID REFUND_ALREADY_PENDING
        PAYMENT_NOT_REFUNDABLE INVALID_CARD_DATA LOCATION_MISMATCH IDEMPOTENCY_KEY_REUSED UNEXPECTED_VALUE
        SANDBOX_NOT_SUPPORTED INVALID_EMAIL_ADDRESS INVALID_PHONE_NUMBER CHECKOUT_EXPIRED BAD_CERTIFICATE
        INVALID_SQUARE_VERSION_FORMAT API_VERSION_INCOMPATIBLE
        CARD_DECLINED VERIFY_CVV_FAILURE VERIFY_AVS_FAILURE CARD_DECLINED_CALL_ISSUER
        NOT_FOUND APPLE_PAYMENT_PROCESSING_CERTIFICATE_HASH_NOT_FOUND METHOD_NOT_ALLOWED NOT_ACCEPTABLE
        REQUEST_TIMEOUT CONFLICT REQUEST_ENTITY_TOO_LARGE UNSUPPORTED_MEDIA_TYPE RATE_LIMITED
        INTERNAL_SERVER_ERROR NOT_IMPLEMENTED SERVICE_UNAVAILABLE GATEWAY_TIMEOUT

        CLIENT_DISABLED CUSTOMER_NOT_FOUND CUSTOMER_MISSING_NAME CUSTOMER_MISSING_EMAIL UNKNOWN_BODY_PARAMETER
        INVALID_DATE INVALID_POSTAL_CODE CVV_FAILURE ADDRESS_VERIFICATION_FAILURE GENERIC_DECLINE PAN_FAILURE
        EXPIRATION_FAILURE BAD_EXPIRATION CARD_NOT_SUPPORTED CARD_MISMATCH CARD_DECLINED_VERIFICATION_REQUIRED
        SOURCE_USED SOURCE_EXPIRED UNSUPPORTED_SOURCE_TYPE UNSUPPORTED_COUNTRY MAP_KEY_LENGTH_TOO_SHORT
        MAP_KEY_LENGTH_TOO_LONG TOO_MANY_MAP_ENTRIES GONE UNPROCESSABLE_ENTITY BAD_GATEWAY TEMPORARY_ERROR
    """,
    "SortOrder": "DESC ASC",
}
"""The constants. Those after an empty line are newer than 2.x."""

IN_2_X = {
    "CardBrand": 9,
    "Country": 250,
    "CustomerCreationSource": 19,
    "CustomerSortField": 2,
    "ErrorCategory": 6,
    "ErrorCode": 92,
    "SortOrder": 2,
}


def test_the_models_are_these_and_no_others() -> None:
    assert sorted(models.__all__) == sorted(FIELDS | CONSTANTS), "change FIELDS in test/models/test_fields.py as well"


@pytest.mark.parametrize("name", FIELDS)
def test_a_model_has_these_fields_of_these_types_in_this_order(name: str) -> None:
    model = getattr(models, name)

    assert [f"{field} {kind}" for field, kind in model.swagger_types.items()] == [
        field.strip() for field in FIELDS[name].split(",") if field.strip()
    ], f"change FIELDS[{name!r}] in test/models/test_fields.py as well"


@pytest.mark.parametrize("name", FIELDS)
def test_fields_that_square_always_sends_or_requires_are_marked(name: str) -> None:
    fields = getattr(models, name)._fields.values()

    required = [field.name for field in fields if field.required]
    assert required == REQUIRED.get(name, []), f"change REQUIRED[{name!r}] in test/models/test_fields.py as well"


@pytest.mark.parametrize("name", CONSTANTS)
def test_an_enumeration_has_these_constants_in_this_order(name: str) -> None:
    enumeration = getattr(models, name)

    constants = CONSTANTS[name].split()
    assert list(enumeration.values) == constants, f"change CONSTANTS[{name!r}] in test/models/test_fields.py as well"
    assert all(getattr(enumeration, value) == value for value in enumeration.values)


@pytest.mark.parametrize(("name", "count"), IN_2_X.items())
def test_an_enumeration_has_all_constants_of_2_x(name: str, count: int) -> None:
    assert len(CONSTANTS[name].split("\n\n")[0].split()) == count


@pytest.mark.parametrize("name", CONSTANTS)
def test_an_enumeration_is_an_empty_model_as_in_2_x(name: str) -> None:
    enumeration = getattr(models, name)

    assert enumeration().to_dict() == enumeration.swagger_types == enumeration.attribute_map == {}


@pytest.mark.parametrize("name", models.__all__)
def test_a_model_and_each_of_its_fields_have_a_description(name: str) -> None:
    model = getattr(models, name)
    texts = [model.__doc__, *(field.description for field in model._fields.values())]

    assert all(text[0].isupper() and text.rstrip().endswith(".") for text in texts)


@pytest.mark.parametrize("name", models.__all__)
def test_a_model_can_be_imported_from_each_of_the_three_paths(name: str) -> None:
    module = "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)[1:]

    model = getattr(squareconnect, name)

    assert getattr(models, name) is model
    assert getattr(getattr(models, module), name) is model
    assert getattr(importlib.import_module(f"squareconnect.models.{module}"), name) is model
