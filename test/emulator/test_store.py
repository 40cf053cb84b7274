from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squareconnect.emulator.cursors import Listing
from squareconnect.emulator.store import Store

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_keeps_everything(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "square.db")) as store:
        key = store.cursor_key
        store.begin()
        store.add_customer({"id": "A", "note": "🧮"})
        store.remember_nonce("cnon:a", "A", "ccof:a")
        store.remember_answer("key", {"a": 1}, {"id": "A"})
        store.commit()

    with closing(Store(tmp_path / "square.db")) as store:
        assert store.cursor_key == key
        assert store.customer("A") == {"id": "A", "note": "🧮"}
        assert store.card_made_with("cnon:a", "A") == "ccof:a"
        assert store.nonce_is_used("cnon:a")
        assert store.answered("key") == ({"a": 1}, {"id": "A"})


def test_an_unknown_id_is_none(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "square.db")) as store:
        assert store.customer("A") is None
        assert store.card_made_with("cnon:a", "A") is None
        assert not store.nonce_is_used("cnon:a")
        assert store.answered("key") is None


def test_a_store_in_memory_is_not_shared() -> None:
    with closing(Store()) as one, closing(Store()) as other:
        one.begin()
        one.add_customer({"id": "A"})
        one.commit()

        assert other.customer_count() == 0
        assert one.cursor_key != other.cursor_key


def test_uncommitted_changes_are_lost(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "square.db")) as store:
        store.begin()
        store.add_customer({"id": "A"})

    with closing(Store(tmp_path / "square.db")) as store:
        assert store.customer_count() == 0


def test_a_failing_commit_raises() -> None:
    with closing(Store()) as store, pytest.raises(sqlite3.OperationalError):
        store.commit()


def test_a_file_is_written_to_the_disk_at_every_commit(tmp_path: Path) -> None:
    path = tmp_path / "square.db"
    with closing(Store(path)) as store, closing(sqlite3.connect(path)) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert store._connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_file_that_is_not_a_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("These are notes, not a database.\n" * 100)

    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        Store(path)
    assert path.read_text().startswith("These are notes")


def test_a_database_of_another_program_is_refused_and_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE customers (a)")
    before = path.read_bytes()

    with pytest.raises(sqlite3.DatabaseError, match="another program"):
        Store(path)
    assert path.read_bytes() == before


def test_a_file_of_the_first_version_is_upgraded(tmp_path: Path) -> None:
    path = tmp_path / "square.db"
    with closing(Store(path)) as store:
        store.begin()
        store.add_customer({"id": "A", "given_name": "Ada"})
        store.commit()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("DROP INDEX customers_by_name")
        other.execute("CREATE INDEX customers_by_name ON customers (name, number)")
        other.execute("ALTER TABLE customers DROP COLUMN made_at")
        other.execute("ALTER TABLE customers DROP COLUMN texts")
        other.execute("DROP TABLE merges")
        other.execute("PRAGMA user_version = 0")

    with closing(Store(path)) as store:
        assert store.customer("A") == {"id": "A", "given_name": "Ada"}
        assert store.merged_into("A") == "A"
        assert store.found("ADA", 0, 1) == ([{"id": "A", "given_name": "Ada"}], 1)
        assert len(store.page(Listing("DEFAULT", "ASC", 100), None).customers) == 1


@pytest.mark.parametrize("search", ["ada", 'A"da', "100%", "a_b", "\\", "1 Main", "5858"])
def test_a_customer_is_found_by_the_current_values_of_its_fields_and_not_by_their_names(search: str) -> None:
    ada = {"id": "A", "given_name": 'A"da Ada', "note": "100% a_b \\", "address": {"address_line_1": "1 Main"}}
    with closing(Store()) as store, closing(Store()) as other:
        store.begin()
        store.add_customer({"id": "A", "given_name": "Grace"})
        store.replace_customer({**ada, "cards": [{"last_4": "5858"}]})
        store.add_customer({"id": "B", "given_name": "Edsger", "note": "100 axb"})
        store.commit()
        other.load(store.dump())
        for each in (store, other):
            customers, total = each.found(search, 0, 10)
            assert ([customer["id"] for customer in customers], total) == (["A"], 1)
            assert each.found("given_name", 0, 10) == ([], 0)
            assert each.found("grace", 0, 10) == ([], 0)


def test_a_cursor_key_that_another_process_has_made_meanwhile_is_kept() -> None:
    with closing(Store(cursor_key=b"a" * 32)) as store:
        store._make(b"b" * 32)

        assert store.cursor_key == b"a" * 32


def test_stores_that_open_a_new_file_at_once_share_its_cursor_key(tmp_path: Path) -> None:
    path = tmp_path / "square.db"
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(lambda _: Store(path), range(8)))

    assert len({store.cursor_key for store in stores}) == 1
    for store in stores:
        store.close()


def test_customers_are_counted_whoever_adds_them(tmp_path: Path) -> None:
    path = tmp_path / "square.db"
    with closing(Store(path)) as store, closing(Store(path)) as other:
        for number in range(3):
            for each in (store, other):
                each.begin()
                each.add_customer({"id": f"{number} of {id(each)}"})
                each.commit()
                assert store.customer_count() == other.customer_count()
        assert store.customer_count() == 6


@given(
    names=st.lists(st.text("abAB0🧮", min_size=1, max_size=3), max_size=12),
    sort_field=st.sampled_from(["DEFAULT", "CREATED_AT"]),
    sort_order=st.sampled_from(["ASC", "DESC"]),
    limit=st.integers(1, 5),
)
def test_pages_have_every_customer_once_and_in_order(
    names: list[str], sort_field: str, sort_order: str, limit: int
) -> None:
    listing = Listing(sort_field, sort_order, limit)
    with closing(Store()) as store:
        store.begin()
        for number, name in enumerate(names):
            store.add_customer({"id": str(number), "given_name": name})
        store.commit()
        page = store.page(listing, None)
        listed = page.customers
        while page.end is not None:
            assert len(page.customers) == limit
            page = store.page(listing, page.end)
            listed += page.customers

    def place(number: int) -> tuple[str, int]:
        return (names[number].casefold() if sort_field == "DEFAULT" else "", number)

    expected = sorted(range(len(names)), key=place, reverse=sort_order == "DESC")
    assert [int(customer["id"]) for customer in listed] == expected


@pytest.mark.parametrize("sort_field", ["DEFAULT", "CREATED_AT"])
@pytest.mark.parametrize("sort_order", ["ASC", "DESC"])
def test_pages_are_found_by_an_index_and_not_sorted(sort_field: str, sort_order: str) -> None:
    statements: list[str] = []
    with closing(Store()) as store:
        store._connection.set_trace_callback(statements.append)
        store.page(Listing(sort_field, sort_order, 100), None)
        store._connection.set_trace_callback(None)
        plan = [row[3] for row in store._connection.execute(f"EXPLAIN QUERY PLAN {statements[0]}")]

    assert len(plan) == 1
    assert plan[0].startswith("SEARCH customers USING")
