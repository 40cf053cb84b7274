"""The customers to seed an emulator with: a number of them, dicts, or a file."""

from __future__ import annotations

import csv
import io
import json
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from squareconnect.emulator.clock import read_time
from squareconnect.emulator.refusals import RefusalError
from squareconnect.emulator.validation import read_customer, read_text
from squareconnect.models.customer import Customer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import TypeAlias

Seed: TypeAlias = "int | Iterable[Mapping[str, Any]] | str | PathLike[str]"
"""A number of customers up to a million, customers as dicts, or the path of a .json, .jsonl or .csv file."""

_MOST = 1_000_000
_GIVEN_NAMES = ("Ada", "Alan", "Barbara", "Edsger", "Frances", "Grace", "John", "Katherine", "Margaret", "Tim")
_FAMILY_NAMES = ("Adams", "Baker", "Clark", "Diaz", "Evans", "Fischer", "Garcia", "Hughes", "Ito", "Jones", "Kim")

DASHBOARD_COLUMNS: dict[str, str | None] = {
    "Reference ID": "reference_id",
    "First Name": "given_name",
    "Last Name": "family_name",
    "Email Address": "email_address",
    "Phone Number": "phone_number",
    "Nickname": "nickname",
    "Company Name": "company_name",
    "Street Address 1": "address.address_line_1",
    "Street Address 2": "address.address_line_2",
    "City": "address.locality",
    "State": "address.administrative_district_level_1",
    "Postal Code": "address.postal_code",
    "Birthday": "birthday",
    "Memo": "note",
    "Square Customer ID": "id",
    "Creation Source": "creation_source",
    "First Visit": None,
    "Last Visit": None,
    "Transaction Count": None,
    "Lifetime Spend": None,
    "Email Subscription Status": None,
    "Instant Profile": None,
    "Blocked from online booking": None,
}
"""The columns of the file that Square's Dashboard exports, in order, each with its field; None for no field."""

LAST_NAME = "Surname"
"""The names that some countries' exports use for the column ``Last Name``."""

_FIELDS = {name: field for name, field in DASHBOARD_COLUMNS.items() if field} | {LAST_NAME: "family_name"}
_SUBSCRIPTION = "Email Subscription Status"
_LISTS = ("cards", "groups")


def read_seed(seed: Seed) -> Iterator[dict[str, Any]]:
    """Read the customers of a seed one by one, in the form in which the store keeps them.

    :raises ValueError: if one of them is not a valid customer, or the seed is of another kind.
    :raises OSError: if a file cannot be read.
    """
    for number, customer in enumerate(_customers(seed), 1):
        try:
            yield _checked(customer)
        except RefusalError as refusal:
            field = f" ({refusal.field})" if refusal.field else ""
            raise ValueError(f"Customer {number} of the seed is not valid{field}: {refusal.detail}") from None
        except (TypeError, ValueError) as error:
            raise ValueError(f"Customer {number} of the seed is not valid: {error}") from None


def _customers(seed: Seed) -> Iterable[Any]:
    if isinstance(seed, int) and not isinstance(seed, bool) and 0 <= seed <= _MOST:
        return map(_made_up, range(seed))
    if isinstance(seed, str | PathLike):
        return _read_file(Path(seed))
    if isinstance(seed, list | tuple):
        return seed
    raise ValueError(
        f"A seed is a number of customers up to {_MOST}, a list of dicts, or the path of a .json, .jsonl or .csv file."
    )


def _made_up(number: int) -> dict[str, Any]:
    given_name = _GIVEN_NAMES[number % len(_GIVEN_NAMES)]
    family_name = _FAMILY_NAMES[number // len(_GIVEN_NAMES) % len(_FAMILY_NAMES)]
    return {
        "given_name": given_name,
        "family_name": family_name,
        "email_address": f"{given_name}.{family_name}.{number + 1}@example.com".lower(),
        "phone_number": f"+1212555{number % 10_000:04}",
        "reference_id": f"seed-{number + 1}",
    }


def _read_file(path: Path) -> Iterable[Any]:
    readers: dict[str, Callable[[str], Iterable[Any]]] = {
        ".json": _read_json,
        ".jsonl": _read_lines,
        ".csv": _read_csv,
    }
    if path.suffix.lower() not in readers:
        raise ValueError(f"A seed file must end in .json, .jsonl or .csv: {path} does not.")
    try:
        return readers[path.suffix.lower()](path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError, csv.Error) as error:
        raise ValueError(f"The seed file {path} cannot be read: {error}") from None


def _read_json(text: str) -> Iterable[Any]:
    value = json.loads(text)
    customers = value.get("customers") if isinstance(value, dict) else value
    if not isinstance(customers, list):
        raise ValueError('it must hold a list of customers, or {"customers": [...]}.')
    return customers


def _read_lines(text: str) -> Iterable[Any]:
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def _read_csv(text: str) -> Iterable[Any]:
    return [_from_row(row) for row in csv.DictReader(io.StringIO(text, newline=""), restval="", strict=True)]


def _from_row(row: Mapping[str, str]) -> dict[str, Any]:
    """Return the customer in a row, by the column names of Square's export or the names of the fields.

    Other columns are ignored.
    """
    customer: dict[str, Any] = {}
    for column, text in row.items():
        name = _FIELDS.get(column, column)
        value = text.lstrip("'") if name == "phone_number" else text
        if name and value:
            parent, _, part = name.rpartition(".")
            (customer.setdefault(parent, {}) if parent else customer)[part] = value
    if row.get(_SUBSCRIPTION):
        customer["preferences"] = {"email_unsubscribed": row[_SUBSCRIPTION].casefold() == "unsubscribed"}
    return customer


def _checked(customer: Any) -> dict[str, Any]:
    if not isinstance(customer, dict):
        raise ValueError("it must be an object with the fields of a customer.")
    checked = {name: value for name, value in read_customer(customer).items() if value is not None}
    for name in ("id", "creation_source"):
        if text := read_text(customer, name):
            checked[name] = text
    for name in ("created_at", "updated_at"):
        if text := read_text(customer, name):
            read_time(text)
            checked[name] = text
    checked |= _kept(customer)
    if customer and not checked and not customer.keys() & Customer.swagger_types.keys():
        raise ValueError(f"none of its names is a field of a customer: {', '.join(map(repr, list(customer)[:5]))}.")
    address = {part: text for part, text in (checked.pop("address", None) or {}).items() if text is not None}
    return {**checked, "address": address} if address else checked


def _kept(customer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that a client cannot set: the cards and groups, each with an id, and the preferences."""
    kept = {name: customer[name] for name in (*_LISTS, "preferences") if customer.get(name)}
    for name in _LISTS:
        members = kept.get(name, [])
        if not isinstance(members, list) or not all(isinstance(each, dict) for each in members):
            raise ValueError(f"`{name}` must be a list of objects.")
        for each in members:
            read_text(each, "last_4", parent=f"{name}.")
            if read_text(each, "id", parent=f"{name}.") is None:
                raise ValueError(f"each of `{name}` needs an `id`.")
    if not isinstance(kept.get("preferences", {}), dict):
        raise ValueError("`preferences` must be an object.")
    return kept
