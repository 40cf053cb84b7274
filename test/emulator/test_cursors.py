from __future__ import annotations

from base64 import b64decode
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squareconnect.emulator.cursors import LIFETIME, Listing, Position, make_cursor, read_cursor
from squareconnect.emulator.refusals import RefusalError

KEY = b"k" * 32
NOW = datetime(2019, 6, 12, tzinfo=timezone.utc)
LISTING = Listing("DEFAULT", "ASC", 100)
CURSOR = make_cursor(KEY, LISTING, Position("adalovelace", 7), NOW)

positions = st.builds(Position, st.text(st.characters(codec="utf-8")), st.integers(1, 2**63 - 1))


@given(positions)
def test_a_cursor_keeps_its_position(position: Position) -> None:
    assert read_cursor(KEY, make_cursor(KEY, LISTING, position, NOW), LISTING, NOW) == position


@given(st.text())
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(RefusalError):
        read_cursor(KEY, text, LISTING, NOW)


@given(st.integers(0, len(CURSOR) - 1), st.characters(codec="ascii"))
def test_one_changed_character_is_refused(index: int, character: str) -> None:
    changed = CURSOR[:index] + character + CURSOR[index + 1 :]
    if changed != CURSOR:
        with pytest.raises(RefusalError):
            read_cursor(KEY, changed, LISTING, NOW)


@given(st.integers(0, len(CURSOR) - 1))
def test_a_cut_off_cursor_is_refused(length: int) -> None:
    with pytest.raises(RefusalError):
        read_cursor(KEY, CURSOR[:length], LISTING, NOW)


def test_another_spelling_of_the_same_bytes_is_refused() -> None:
    cursor = make_cursor(KEY, LISTING, Position("a", 77), NOW)
    assert cursor.endswith("=")
    last = cursor.rstrip("=")[-1]
    spelling = cursor.replace(f"{last}=", f"{chr(ord(last) + 1)}=")
    assert b64decode(spelling) == b64decode(cursor)

    with pytest.raises(RefusalError):
        read_cursor(KEY, spelling, LISTING, NOW)


def test_a_cursor_signed_with_another_key_is_refused() -> None:
    with pytest.raises(RefusalError):
        read_cursor(b"o" * 32, CURSOR, LISTING, NOW)


@pytest.mark.parametrize(
    "listing", [Listing("CREATED_AT", "ASC", 100), Listing("DEFAULT", "DESC", 100), Listing("DEFAULT", "ASC", 99)]
)
def test_a_cursor_of_another_listing_is_refused(listing: Listing) -> None:
    with pytest.raises(RefusalError):
        read_cursor(KEY, CURSOR, listing, NOW)


def test_a_cursor_expires_after_fifteen_minutes() -> None:
    assert LIFETIME.total_seconds() == 15 * 60
    with pytest.raises(RefusalError):
        read_cursor(KEY, CURSOR, LISTING, NOW + LIFETIME)
