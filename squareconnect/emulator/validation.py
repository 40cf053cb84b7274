"""The checks of request bodies, field by field, independent of the stored data.

Null and the empty text mean "not set" everywhere, and are returned as None.
"""

from __future__ import annotations

import json
import re
from datetime import date
from typing import TYPE_CHECKING, Any, NoReturn

from squareconnect.emulator.refusals import RefusalError
from squareconnect.models.country import Country
from squareconnect.models.error_code import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

IDENTIFYING_FIELDS = ("given_name", "family_name", "company_name", "email_address", "phone_number")
"""A new customer needs at least one of these fields."""

_TEXT_LIMITS = {
    "given_name": 300,
    "family_name": 300,
    "nickname": 100,
    "company_name": 500,
    "email_address": 254,
    "phone_number": None,
    "reference_id": 100,
    "note": None,
    "birthday": None,
}
_ADDRESS_FIELDS = (
    "address_line_1",
    "address_line_2",
    "address_line_3",
    "locality",
    "sublocality",
    "sublocality_2",
    "sublocality_3",
    "administrative_district_level_1",
    "administrative_district_level_2",
    "administrative_district_level_3",
    "postal_code",
    "country",
    "first_name",
    "last_name",
    "organization",
)
_RECIPIENT = ("first_name", "last_name")
"""The parts that Square does not store in a customer's address, because the customer has names."""

_CUSTOMER_ORDER = (
    "id",
    "created_at",
    "updated_at",
    "cards",
    "given_name",
    "family_name",
    "nickname",
    "company_name",
    "email_address",
    "address",
    "phone_number",
    "birthday",
    "reference_id",
    "note",
    "preferences",
    "groups",
    "creation_source",
    "version",
)

_CARDHOLDER_NAME_LIMIT = 96

_SURROGATE = re.compile("[\ud800-\udfff]")
_EMAIL_ADDRESS = re.compile(r"[^\s@]+@[^\s@.]+(\.[^\s@.]+)+")
_PHONE_NUMBER = re.compile(r"\+?[ ().-]*([0-9][ ().-]*){9,16}")
_BIRTHDAY = re.compile(
    r"(?:(?P<year>[0-9]{4})-)?(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"(?P<time>T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2}))?"
)


def read_json_object(body: bytes) -> dict[str, Any]:
    """Decode a request's body.

    :raises RefusalError: if it is not JSON, or not a JSON object.
    """
    return as_object(read_json(body))


def read_json(body: bytes) -> Any:
    """Decode any JSON. A value that is too deeply nested for Python, or is not Unicode, becomes None.

    :raises RefusalError: if it is not JSON.
    """
    try:
        return json.loads(body.decode(), parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise RefusalError(400, ErrorCode.BAD_REQUEST, _json_mistake(error)) from None
    except (ValueError, RecursionError):
        return None


def as_object(value: Any) -> dict[str, Any]:
    """Return a decoded body.

    :raises RefusalError: if it is not an object.
    """
    if not isinstance(value, dict):
        raise RefusalError(400, ErrorCode.EXPECTED_JSON_BODY, "The body must be a JSON object.")
    return value


def read_text(body: Mapping[str, Any], name: str, limit: int | None = None, parent: str = "") -> str | None:
    """Read one text of an object.

    :param body: the object.
    :param name: the text's key.
    :param limit: the maximum number of characters; None for any number.
    :param parent: the path of the object with a dot at its end, or nothing for the body itself.
    :raises RefusalError: if the value is neither text nor null, too long, or not Unicode.
    """
    value, path = body.get(name), parent + name
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise RefusalError(400, ErrorCode.EXPECTED_STRING, "Expected a string value.", path)
    if limit is not None and len(value) > limit:
        raise RefusalError(400, ErrorCode.VALUE_TOO_LONG, f"`{path}` must have at most {limit} characters.", path)
    if _SURROGATE.search(value):
        raise RefusalError(400, ErrorCode.INVALID_VALUE, f"`{path}` contains half of a surrogate pair.", path)
    return value


def read_customer(body: Mapping[str, Any]) -> dict[str, Any]:
    """Read the fields of a customer that a request sets or clears. Other keys are ignored.

    :param body: the body of a create or update request.
    :returns: the checked values by name, None for fields to clear. An address is a dict of the same kind.
    :raises RefusalError: if a value does not have its field's type, length or format.
    """
    fields: dict[str, Any] = {
        name: read_text(body, name, limit) for name, limit in _TEXT_LIMITS.items() if name in body
    }
    for name, check in _FORMS.items():
        if fields.get(name) is not None:
            fields[name] = check(fields[name])
    if "address" in body:
        address = read_address(body, "address")
        fields["address"] = address and {part: text for part, text in address.items() if part not in _RECIPIENT}
    return fields


def identifies(customer: Mapping[str, Any]) -> bool:
    """Return whether a customer has an identifying field, which a new customer needs."""
    return any(name in customer for name in IDENTIFYING_FIELDS)


def nobody() -> RefusalError:
    """Return the refusal of a new customer without an identifying field."""
    *names, last = (f"`{name}`" for name in IDENTIFYING_FIELDS)
    detail = f"At least one of {', '.join(names)}, or {last} is required for a customer."
    return RefusalError(400, ErrorCode.BAD_REQUEST, detail)


def read_address(body: Mapping[str, Any], name: str) -> dict[str, str | None] | None:
    """Read an address that a request sets or clears: in parts, or as a whole with null or the empty text.

    :param body: the object that contains it.
    :param name: its key there.
    :raises RefusalError: if it is not an object, one of its parts is not text, or its country is unknown.
    """
    address = body.get(name)
    if address is None or address == "":
        return None
    if not isinstance(address, dict):
        raise RefusalError(400, ErrorCode.EXPECTED_OBJECT, f"`{name}` must be an object.", name)
    parts = {part: read_text(address, part, parent=f"{name}.") for part in _ADDRESS_FIELDS if part in address}
    if parts.get("country") not in (None, *Country.values):
        path = f"{name}.country"
        raise RefusalError(400, ErrorCode.INVALID_ENUM_VALUE, f"`{path}` must be a code of ISO 3166-1 alpha-2.", path)
    return parts


def read_cardholder_name(body: Mapping[str, Any]) -> str | None:
    """Read the name on a card.

    :raises RefusalError: if it is not text or has more than 96 characters.
    """
    return read_text(body, "cardholder_name", _CARDHOLDER_NAME_LIMIT)


def read_version(value: object) -> int:
    """Read the version of a customer that a change is based on.

    :raises RefusalError: if it is not an integer.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise RefusalError(400, ErrorCode.EXPECTED_INTEGER, "Expected an integer value.", "version")
    return value


def in_order(customer: dict[str, Any]) -> dict[str, Any]:
    """Return a customer with the fields in Square's order."""
    known = {name: customer[name] for name in _CUSTOMER_ORDER if name in customer}
    return {**known, **customer}


def _json_mistake(error: json.JSONDecodeError) -> str:
    """Return Square's message about a body that is not JSON."""
    if error.pos >= len(error.doc) or error.msg.startswith("Unterminated"):
        return f"unexpected end of JSON input (line {error.lineno}, character {error.colno})"
    place = next(place for start, place in _JSON_PLACES.items() if error.msg.startswith(start))
    character = error.doc[error.pos]
    return f"invalid character '{character}' {place} (line {error.lineno}, character {error.colno})"


_JSON_PLACES = {
    "Expecting value": "looking for beginning of value",
    "Expecting property name": "looking for beginning of object key string",
    "Expecting ':'": "after object key",
    "Expecting ','": "after object key:value pair",
    "Extra data": "after top-level value",
    "Invalid": "in string literal",
    "": "looking for beginning of value",
}


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _email_address(value: str) -> str:
    if not _EMAIL_ADDRESS.fullmatch(value):
        detail = "Expected email_address to be a valid email address"
        raise RefusalError(400, ErrorCode.INVALID_EMAIL_ADDRESS, detail, "email_address")
    return value


def _phone_number(value: str) -> str:
    if not _PHONE_NUMBER.fullmatch(value):
        detail = "Expected phone_number to be a valid phone number"
        raise RefusalError(400, ErrorCode.INVALID_PHONE_NUMBER, detail, "phone_number")
    return value


def _birthday(value: str) -> str:
    match = _BIRTHDAY.fullmatch(value)
    if match is None or (match["year"] is None and match["time"] is not None):
        raise _invalid_birthday()
    year = match["year"] or _UNKNOWN_YEAR
    try:
        date(_LEAP_YEAR if year == _UNKNOWN_YEAR else int(year), int(match["month"]), int(match["day"]))
    except ValueError:
        raise _invalid_birthday() from None
    return value if match["year"] else f"{_UNKNOWN_YEAR}-{value}"


def _invalid_birthday() -> RefusalError:
    detail = "`birthday` must be a date as YYYY-MM-DD or MM-DD, or an RFC 3339 date and time."
    return RefusalError(400, ErrorCode.INVALID_TIME, detail, "birthday")


_UNKNOWN_YEAR = "0000"
_LEAP_YEAR = 2000

_FORMS: dict[str, Callable[[str], str]] = {
    "email_address": _email_address,
    "phone_number": _phone_number,
    "birthday": _birthday,
}
