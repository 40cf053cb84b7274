"""The option --dask where Dask is not installed; test/dask uses it with a cluster."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from squareconnect.cli import main
from squareconnect.cli.failures import FAILED

if TYPE_CHECKING:
    import pytest


def test_without_dask_a_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["import", "--dask", "tcp://127.0.0.1:1", "people/*.csv", "--sandbox"]) == FAILED
    assert "pip install 'squareconnect[dask]'" in capsys.readouterr().err
