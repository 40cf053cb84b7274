"""The examples in docs/Bulk.md work."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from squareconnect import bulk
from squareconnect.bulk.planning import RATES
from squareconnect.configuration import HOSTS
from squareconnect.emulator import Emulator

if TYPE_CHECKING:
    import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "Bulk.md").read_text()


def test_every_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "people.csv").write_text("First Name,E-mail\nAda,ada@example.com\nBob,bob\n")
    monkeypatch.chdir(tmp_path)
    with Emulator() as square:
        monkeypatch.setenv("SQUARE_ACCESS_TOKEN", square.access_token)
        monkeypatch.setitem(HOSTS, "sandbox", square.url)
        names: dict[str, Any] = {}
        for example in re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE):
            exec(example, names)
    assert names["report"].created == 1
    assert "Bob,bob,3,INVALID_EMAIL_ADDRESS" in (tmp_path / "errors.csv").read_text()
    assert len((tmp_path / "everyone.jsonl").read_text().splitlines()) == 3


def test_the_arithmetic_is_right() -> None:
    for rows, times in re.findall(r"^\| ([\d,]+) \| (.+ s|.+ min) \|$", PAGE, re.MULTILINE):
        for rate, time in zip(RATES, times.split(" | "), strict=True):
            units = {"h": 3600, "min": 60, "s": 1}
            parts = [(int(number), unit) for number, unit in re.findall(r"(\d+) (h|min|s)", time)]
            seconds = int(rows.replace(",", "")) / rate
            assert abs(sum(number * units[unit] for number, unit in parts) - seconds) <= units[parts[-1][1]] / 2


def test_every_public_name_can_be_imported() -> None:
    for name in re.findall(r"`(\w+)` is raised|`(journal_\w+)`", PAGE):
        assert hasattr(bulk, "".join(name))
