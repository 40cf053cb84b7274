"""What users see in their editors and type checkers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools.stub import APIS, path, stub

SAMPLES = Path(__file__).parent / "typing_samples"
MYPY = [sys.executable, "-m", "mypy", "--strict"]
PYRIGHT = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable]


@pytest.mark.parametrize("checker", [MYPY, PYRIGHT], ids=["mypy", "pyright"])
@pytest.mark.parametrize("sample", ["right.py", "wrong.py"])
def test_a_checker_gives_each_call_its_exact_type_and_finds_each_mistake(checker: list[str], sample: str) -> None:
    command = [*checker, str(SAMPLES / sample)]
    checked = subprocess.run(command, capture_output=True, text=True, cwd=SAMPLES.parent.parent)
    assert checked.returncode in (0, 1), checked.stderr
    assert f"{sample}:" not in checked.stdout, checked.stdout


@pytest.mark.parametrize("api", APIS, ids=lambda api: api.__name__)
def test_the_stubs_are_those_of_the_signatures(api: type) -> None:
    assert path(api).read_text() == stub(api), "run `python -m tools.stub`"
