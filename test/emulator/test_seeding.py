from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from squareconnect.emulator.seeding import read_seed

if TYPE_CHECKING:
    from pathlib import Path

    from squareconnect.emulator import Emulator

EXPORT = """\
Reference ID,First Name,Last Name,Email Address,Phone Number,Nickname,Company Name,Street Address 1,Street Address 2,\
City,State,Postal Code,Birthday,Memo,Square Customer ID,Creation Source,First Visit,Email Subscription Status,My Field
r-1,Ada,Lovelace,ada@example.com,'+12125550001,Countess,Engines,12 St James's Sq,,London,LND,SW1Y,1815-12-10,"a, b",\
ID1,DIRECTORY,2020,Unsubscribed,x
,,,grace@example.com,,,,,,,,,,,ID2,,,Subscribed,
"""


def read(seed: Any) -> list[dict[str, Any]]:
    return list(read_seed(seed))


def test_a_number_makes_that_many_customers_with_different_addresses() -> None:
    customers = read(250)

    assert len({customer["email_address"] for customer in customers}) == 250
    assert customers == read(250)
    assert customers[0] == {
        "given_name": "Ada",
        "family_name": "Adams",
        "email_address": "ada.adams.1@example.com",
        "phone_number": "+12125550000",
        "reference_id": "seed-1",
    }


def test_dicts_may_have_fields_that_only_square_can_set() -> None:
    given = {
        "id": "ADA",
        "created_at": "2020-01-01T00:00:00.000Z",
        "updated_at": "2020-01-01T00:00:00Z",
        "given_name": "Ada",
        "note": "",
        "address": {"locality": "London", "country": ""},
        "preferences": {"email_unsubscribed": True},
        "groups": [{"id": "G", "name": "Friends"}],
        "cards": [{"id": "ccof:1"}],
        "creation_source": "IMPORT",
        "unknown": 1,
    }
    (customer,) = read([given])

    kept = {name: value for name, value in given.items() if name not in ("note", "unknown")}
    assert customer == kept | {"address": {"locality": "London"}}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '[{"given_name": "Ada"}, {"given_name": "Grace"}]'),
        ("a.json", '{"customers": [{"given_name": "Ada"}, {"given_name": "Grace"}]}'),
        ("a.JSONL", '{"given_name": "Ada"}\r\n\n{"given_name": "Grace"}'),
        ("a.csv", "given_name,other\r\nAda,1\r\nGrace,2\r\n"),
        ("a.csv", "\ufeffFirst Name\nAda\nGrace"),
    ],
)
@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_files_are_read(tmp_path: Path, name: str, text: str, kind: Any) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8", newline="")

    assert read(kind(path)) == [{"given_name": "Ada"}, {"given_name": "Grace"}]


def test_the_export_of_the_dashboard_is_read(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(EXPORT, encoding="utf-8")
    ada, grace = read(path)

    assert ada == {
        "id": "ID1",
        "given_name": "Ada",
        "family_name": "Lovelace",
        "nickname": "Countess",
        "company_name": "Engines",
        "email_address": "ada@example.com",
        "phone_number": "+12125550001",
        "reference_id": "r-1",
        "note": "a, b",
        "birthday": "1815-12-10",
        "address": {
            "address_line_1": "12 St James's Sq",
            "locality": "London",
            "administrative_district_level_1": "LND",
            "postal_code": "SW1Y",
        },
        "creation_source": "DIRECTORY",
        "preferences": {"email_unsubscribed": True},
    }
    assert grace == {
        "id": "ID2",
        "email_address": "grace@example.com",
        "preferences": {"email_unsubscribed": False},
    }


def test_fields_of_an_address_are_columns_with_a_dot(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("given_name,address.locality,address.country\nAda,London,GB\n")

    assert read(path) == [{"given_name": "Ada", "address": {"locality": "London", "country": "GB"}}]


@pytest.mark.parametrize("seed", [-1, 1_000_001, True, 1.5, None, {"given_name": "Ada"}])
def test_another_kind_of_seed_is_refused(seed: Any) -> None:
    with pytest.raises(ValueError, match="A seed is a number of customers"):
        read(seed)


@pytest.mark.parametrize(
    ("customer", "message"),
    [
        ({"email_address": "bad"}, r"Customer 2 .*\(email_address\): Expected email_address"),
        ({"created_at": "noon"}, "Customer 2 .*such as 2026"),
        ("Ada", "Customer 2 .*must be an object"),
        ({"id": 5}, "Customer 2"),
        ({"cards": 5}, "Customer 2 .*`cards` must be a list of objects"),
        ({"groups": ["VIP"]}, "Customer 2 .*`groups` must be a list of objects"),
        ({"cards": [{"last_4": "5858"}]}, "Customer 2 .*each of `cards` needs an `id`"),
        ({"cards": [{"id": "ccof:1", "last_4": 5858}]}, r"Customer 2 .*\(cards.last_4\): Expected a string"),
        ({"preferences": "none"}, "Customer 2 .*`preferences` must be an object"),
        ({"first": "Ada", "last": "L"}, "Customer 2 .*none of its names is a field of a customer: 'first', 'last'"),
    ],
)
def test_an_invalid_customer_is_named(customer: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read([{"given_name": "Ada"}, customer])


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.txt", "", "must end in .json, .jsonl or .csv"),
        ("a.json", "{", "cannot be read"),
        ("a.json", '{"a": 1}', "must hold a list"),
        ("a.jsonl", "{", "cannot be read"),
        ("a.json", "[" * 100_000, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as refused:
        read(path)
    assert str(path) in str(refused.value)


def test_a_csv_file_with_broken_quotes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('given_name\n"Ada\n')
    with pytest.raises(ValueError, match="cannot be read"):
        read(path)


def test_a_missing_file_is_an_os_error(square: Emulator, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        square.seed(tmp_path / "missing.json")


def test_seeded_customers_are_stored_and_their_ids_returned(square: Emulator) -> None:
    ids = square.seed(3)
    assert square.seed([{"id": "ADA", "given_name": "Ada"}]) == ["ADA"]
    rows = square.snapshot()["tables"]["customers"]

    assert [row[1] for row in rows] == [*ids, "ADA"]
    assert json.loads(rows[3][3])["created_at"] == "2026-01-01T00:00:00.000Z"


def test_all_customers_of_a_seed_are_added_or_none(square: Emulator) -> None:
    square.seed([{"id": "ADA", "given_name": "Ada"}])
    for bad in ({"id": "ADA", "given_name": "Eve"}, {"email_address": "bad"}):
        with pytest.raises(ValueError, match="Customer 2 of the seed"):
            square.seed([{"given_name": "Grace"}, bad])

    assert [row[1] for row in square.snapshot()["tables"]["customers"]] == ["ADA"]
