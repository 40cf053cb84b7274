from __future__ import annotations

import re
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from squareconnect.emulator.chance import Chance


def drawn(chance: Chance) -> list[object]:
    return [
        chance.customer_id(),
        chance.card_id(),
        chance.gift_card_id(),
        chance.fraction(),
        chance.cursor_key().hex(),
    ]


@given(st.integers())
def test_the_same_seed_makes_the_same_values(seed: int) -> None:
    assert drawn(Chance(seed)) == drawn(Chance(seed))
    assert drawn(Chance(seed)) != drawn(Chance(seed + 1))


def test_without_a_seed_the_values_differ_each_time() -> None:
    assert drawn(Chance()) != drawn(Chance())


def test_another_process_makes_the_same_values() -> None:
    code = "from squareconnect.emulator.chance import Chance; print(Chance(1).customer_id())"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert shown.stdout.strip() == Chance(1).customer_id() == "EU6ZKDYR5PN6WTBNKTCXQA66W2"


def test_a_restored_state_continues_where_the_other_was() -> None:
    chance = Chance(1)
    drawn(chance)

    assert drawn(Chance.restored(chance.seed, chance.used)) == drawn(chance)


@given(st.integers())
def test_identifiers_have_the_same_form_as_squares(seed: int) -> None:
    chance = Chance(seed)

    assert re.fullmatch(r"[A-Z0-9]{26}", chance.customer_id())
    assert re.fullmatch(r"ccof:[A-Za-z0-9_-]{22}", chance.card_id())
    assert re.fullmatch(r"gftc:[0-9a-f]{32}", chance.gift_card_id())
    assert 0 <= chance.fraction() < 1
