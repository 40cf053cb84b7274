"""From columns to request bodies: which column sets which field, and how values are converted."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from squareconnect._text import did_you_mean
from squareconnect.bulk.errors import InputError
from squareconnect.bulk.reports import Refusal
from squareconnect.emulator.refusals import RefusalError
from squareconnect.emulator.seeding import DASHBOARD_COLUMNS, LAST_NAME
from squareconnect.emulator.validation import identifies as identifies
from squareconnect.emulator.validation import nobody, read_customer
from squareconnect.models import Address, UpdateCustomerRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Body = dict[str, Any]

FIELDS = (
    *(name for name in UpdateCustomerRequest.swagger_types if name != "address"),
    *(f"address.{name}" for name in Address.swagger_types),
)
"""The fields that a row can set, by the API's names; those of the address start with `address.`."""

MATCHES = ("reference_id", "email_address", "phone_number")
"""The fields by which an existing customer can be matched to a row."""

ERROR_COLUMNS = ("_row", "_code", "_field", "_detail")
"""The columns that a file of refused rows has after the columns of the input."""

KNOWN_COLUMNS = {
    **{name.casefold(): field for name, field in DASHBOARD_COLUMNS.items() if field in FIELDS},
    LAST_NAME.casefold(): "family_name",
    **{field: field for field in FIELDS},
}
"""The fields that columns set without a mapping, by the columns' names in lower case."""


class Columns(NamedTuple):
    """Which columns of an input set which fields."""

    fields: dict[str, str]
    """The field that each column sets, by the column's name."""
    unused: tuple[str, ...]
    """The columns that set no field."""


def check_options(columns: Mapping[str, str], constants: Mapping[str, str]) -> None:
    """Raise `InputError` for names that are not fields, or that occur in both.

    :param columns: fields by the names of the columns that set them.
    :param constants: values by the fields that they are for.
    :raises InputError: naming the wrong field and the nearest right one.
    """
    for name in constants:
        if name in columns.values():
            raise InputError(f"--map and --set both set {name}: leave one of them out")
    for option, names in (("map", columns.values()), ("set", constants)):
        for name in names:
            if name not in FIELDS:
                raise InputError(
                    f"--{option}: '{name}' is not a field that an import can set{did_you_mean(name, FIELDS) or '.'} "
                    f"The fields are {', '.join(FIELDS[:10])}, and the address's, such as address.postal_code"
                )


def map_columns(names: Iterable[str], columns: Mapping[str, str], constants: Iterable[str] = ()) -> Columns:
    """Find out which column sets which field: first by `columns`, then by the names of the other columns.

    :param names: the names of all columns: the API's, or those of Square's own export in any case.
    :param columns: fields by the names of the columns that set them.
    :param constants: fields that no column may set, because they have a value for all rows.
    :raises InputError: if two columns set the same field, or `columns` names a column that does not exist.
    """
    names = [name for name in names if name not in ERROR_COLUMNS]
    for name in columns:
        if name not in names:
            raise InputError(f"--map: there is no column '{name}'{did_you_mean(name, names) or '.'}")
    fields: dict[str, str] = {}
    taken = {*constants, *columns.values()}
    for name in names:
        field = columns.get(name) or KNOWN_COLUMNS.get(name.strip().casefold())
        if field is None or (field in taken and name not in columns):
            continue
        if field in fields.values():
            other = next(column for column, one in fields.items() if one == field)
            raise InputError(
                f"The columns '{other}' and '{name}' both set {field}: rename one of them, or choose with "
                f"--map '{other}={field}'"
            )
        fields[name] = field
    return Columns(fields, tuple(name for name in names if name not in fields and name))


def make_body(values: Iterable[tuple[str, Any]]) -> Body:
    """Make a body of fields and their values. None and empty texts are left out."""
    body: Body = {}
    for field, value in values:
        if isinstance(value, str) and field in _CLEANERS:
            value = _CLEANERS[field](value)
        if value is None or value == "":
            continue
        first, _, rest = field.partition(".")
        if not rest:
            body[first] = value
        elif isinstance(whole := body.setdefault(first, {}), dict):  # The rules refuse what is not an object.
            whole[rest] = value
    return body


def check_body(body: Body) -> Body | Refusal:
    """Apply the rules for every request to a body.

    :return: the body as it is sent, or why it is refused.
    """
    try:
        checked = read_customer(body)
    except RefusalError as error:
        return _as_refusal(error)
    if checked.get("address"):
        checked["address"] = {part: text for part, text in checked["address"].items() if text is not None}
    return {name: value for name, value in checked.items() if value}


def _as_refusal(error: RefusalError) -> Refusal:
    return Refusal(error.code, error.field, error.detail)


NOBODY = _as_refusal(nobody())
"""Why a row is refused that would create a customer without any identifying field."""


_YEAR_FIRST = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})", re.ASCII)
_MONTH_FIRST = re.compile(r"(\d{1,2})[-/](\d{1,2})(?:[-/](\d{4}|\d{2}))?", re.ASCII)


def birthday(text: str, today: date | None = None) -> str:
    """Return a birthday as `YYYY-MM-DD`, or `0000-MM-DD` if its year is not known.

    :param text: MM-DD, YYYY-MM-DD, MM-DD-YYYY or MM-DD-YY, also with slashes. Anything else is returned as it is, for
        the rules to check.
    :param today: a year of two digits is not after this day; the current day if None.
    """
    if match := _YEAR_FIRST.fullmatch(text):
        year, month, day = match.groups()
    elif match := _MONTH_FIRST.fullmatch(text):
        month, day, year = match.groups(default="0000")
    else:
        return text
    if len(year) == 2:
        year = _in_the_past(int(year), int(month), int(day), today or date.today())
    return f"{year}-{int(month):02}-{int(day):02}"


def _in_the_past(year: int, month: int, day: int, today: date) -> str:
    century = today.year // 100 * 100
    return str(century + year if (century + year, month, day) <= today.timetuple()[:3] else century - 100 + year)


_CLEANERS: dict[str, Callable[[str], str]] = {
    "phone_number": lambda text: text.strip().lstrip("'").strip(),
    "email_address": str.strip,
    "birthday": lambda text: birthday(text.strip()),
    "address.country": str.strip,
}
"""How to convert the texts of fields that have a fixed format. All other texts stay as they are."""


def match_value(body: Body, field: str) -> str | None:
    """Return a value to compare customers by in a field, or None if this customer has none, or the field is `"none"`.

    E-mail addresses are compared without regard to case, phone numbers by their digits.
    """
    text: str | None = body.get(field)
    if text is None:
        return None
    if field == "phone_number":
        return digits_in(text) or None
    return text.strip().casefold() if field == "email_address" else text


def digits_in(text: str) -> str:
    """Return only the digits of a phone number."""
    return re.sub(r"\D", "", text, flags=re.ASCII)
