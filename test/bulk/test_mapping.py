from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squareconnect.bulk.errors import InputError
from squareconnect.bulk.mapping import (
    ERROR_COLUMNS,
    FIELDS,
    Columns,
    birthday,
    check_body,
    check_options,
    identifies,
    make_body,
    map_columns,
)
from squareconnect.bulk.reports import Refusal
from squareconnect.emulator.seeding import DASHBOARD_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping


def test_squares_own_23_columns_are_mapped_automatically_in_any_case_and_order() -> None:
    columns = map_columns(reversed([name.upper() for name in DASHBOARD_COLUMNS]), {})
    assert len(DASHBOARD_COLUMNS) == 23
    assert columns.fields["EMAIL ADDRESS"] == "email_address"
    assert columns.fields["STATE"] == "address.administrative_district_level_1"
    assert len(columns.fields) == 14
    assert "LIFETIME SPEND" in columns.unused


def test_the_apis_names_are_mapped_automatically() -> None:
    assert map_columns(FIELDS, {}) == Columns({name: name for name in FIELDS}, ())


def test_surname_is_the_family_name_and_the_columns_of_error_files_are_ignored() -> None:
    assert map_columns(["Surname", *ERROR_COLUMNS, ""], {}) == Columns({"Surname": "family_name"}, ())


def test_a_mapping_replaces_the_automatic_column_of_its_field() -> None:
    columns = map_columns(["E-mail", "Email Address"], {"E-mail": "email_address"})
    assert columns == Columns({"E-mail": "email_address"}, ("Email Address",))


def test_a_constant_replaces_a_column() -> None:
    assert map_columns(["Memo", "First Name"], {}, ["note"]).unused == ("Memo",)


@pytest.mark.parametrize(
    ("names", "columns", "said"),
    [
        (["Last Name", "Surname"], {}, "The columns 'Last Name' and 'Surname' both set family_name"),
        (["a", "b"], {"a": "note", "b": "note"}, "--map 'a=note'"),
        (["E-mail"], {"Email": "email_address"}, "there is no column 'Email'. Did you mean 'E-mail'?"),
        (["E-mail"], {"zzz": "email_address"}, "there is no column 'zzz'."),
    ],
)
def test_columns_that_cannot_be_mapped_are_named(names: list[str], columns: dict[str, str], said: str) -> None:
    with pytest.raises(InputError) as raised:
        map_columns(names, columns)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("columns", "constants", "said"),
    [
        ({"E-mail": "email"}, {}, "--map: 'email' is not a field that an import can set"),
        ({}, {"notte": "x"}, "--set: 'notte' is not a field that an import can set. Did you mean 'note'?"),
        ({"Memo": "note"}, {"note": "x"}, "--map and --set both set note: leave one of them out"),
    ],
)
def test_options_for_fields_that_cannot_be_used_are_refused(
    columns: Mapping[str, str], constants: Mapping[str, str], said: str
) -> None:
    with pytest.raises(InputError) as raised:
        check_options(columns, constants)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12-10", "0000-12-10"),
        ("1/2", "0000-01-02"),
        ("1815-12-10", "1815-12-10"),
        ("1815/2/1", "1815-02-01"),
        ("12-10-1815", "1815-12-10"),
        ("12/10/85", "1985-12-10"),
        ("11/24/26", "2026-11-24"),
        ("11/25/26", "1926-11-25"),
        ("0000-12-10", "0000-12-10"),
        ("1815-12-10T00:00:00-00:00", "1815-12-10T00:00:00-00:00"),
        ("yesterday", "yesterday"),
    ],
)
def test_a_birthday_is_read_in_every_format_of_squares_files(text: str, expected: str) -> None:
    assert birthday(text, date(2026, 11, 24)) == expected


def test_a_year_of_two_digits_is_never_in_the_future() -> None:
    assert birthday("01/01/00") == "2000-01-01"


def test_fields_with_a_format_are_cleaned_and_others_are_unchanged() -> None:
    values: list[tuple[str, Any]] = [
        ("phone_number", " '+1 212 555 4240 "),
        ("email_address", " ada@example.com "),
        ("birthday", " 12/10/1815 "),
        ("address.country", " GB "),
        ("address.locality", " London "),
        ("note", " a note "),
        ("nickname", ""),
        ("company_name", None),
        ("reference_id", 5),
    ]
    assert make_body(values) == {
        "phone_number": "+1 212 555 4240",
        "email_address": "ada@example.com",
        "birthday": "1815-12-10",
        "address": {"country": "GB", "locality": " London "},
        "note": " a note ",
        "reference_id": 5,
    }


def test_a_body_is_checked_by_the_rules_for_requests() -> None:
    refusal = check_body({"address": {"country": "XX"}})
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.field) == ("INVALID_ENUM_VALUE", "address.country")
    sent = check_body({"given_name": "Ada", "address": {"locality": "London", "postal_code": None}, "x": 1})
    assert sent == {"given_name": "Ada", "address": {"locality": "London"}}
    assert check_body({"note": "x", "address": {"first_name": "Ada"}}) == {"note": "x"}


def test_only_five_fields_identify_a_customer() -> None:
    assert identifies({"phone_number": "+12125554240"})
    assert not identifies({"reference_id": "x", "note": "y", "nickname": "z"})


@given(st.dates())
def test_every_date_is_read_from_each_of_its_formats(day: date) -> None:
    for form in (f"{day:%m}-{day:%d}-{day.year:04}", f"{day.month}/{day.day}/{day.year:04}", day.isoformat()):
        assert birthday(form) == day.isoformat()
