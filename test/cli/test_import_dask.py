"""The option --dask without Dask installed; test/dask uses the option with a cluster."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from squareconnect.cli import main
from squareconnect.cli.failures import FAILED, USAGE

if TYPE_CHECKING:
    from pathlib import Path

WORDS = ["import", "--dask", "tcp://127.0.0.1:1"]


def test_without_dask_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main([*WORDS, "people/*.csv", "--sandbox"]) == FAILED
    assert "pip install 'squareconnect[dask]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["--format", "csv"],
        ["--delimiter", ";"],
        ["--encoding", "cp1252"],
        ["--map", "E-mail=email_address"],
        ["--set", "note=Imported"],
        ["--dry-run"],
        ["--errors", "errors.csv"],
        ["--emulator"],
    ],
    ids=lambda words: words[0],
)
def test_an_option_that_cannot_be_used_on_a_cluster_is_refused(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    target = [] if words == ["--emulator"] else ["--sandbox"]
    assert main([*WORDS, "people/*.csv", *words, *target]) == USAGE
    assert f"{words[0]} cannot be used with --dask: " in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_stdin_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*WORDS, "-", "--sandbox"]) == USAGE
    assert "stdin cannot be read with --dask" in capsys.readouterr().err
