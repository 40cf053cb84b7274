from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.bulk_server import Square, running
from squareconnect.bulk import ImportReport
from squareconnect.cli import main
from squareconnect.cli.failures import DONE, FAILED, NOT_AUTHORISED, ROWS_REFUSED
from squareconnect.cli.import_dask import REFUSED
from squareconnect.cli.importing import add_import
from test.dask.helpers import people, references, write_csv

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SQUARE_ACCESS_TOKEN", "t")
    monkeypatch.chdir(tmp_path)


def test_the_shell_imports_on_a_cluster(
    address: str, square: Square, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_csv(folder / "in" / "a.csv", [*people(0, 20), {"given_name": "", "reference_id": "r99"}])
    words = ["import", "--dask", address, str(folder / "in" / "*.csv"), "--host", square.host]
    assert main(words) == ROWS_REFUSED
    said = capsys.readouterr().err
    assert "Dashboard: http" in said
    assert "Rows: 20 created, 1 refused." in said
    assert "Journals and errors.csv: squareconnect.journals" in said
    assert main([*words, "--json"]) == ROWS_REFUSED
    assert json.loads(capsys.readouterr().out)["created"] == 20
    assert len(references(square)) == 20


def test_a_failure_is_explained_in_a_sentence(address: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Closed(Square):
        def answer(self, method: str, target: str, body: bytes) -> tuple[int, object]:
            return 401, {"errors": [{"category": "AUTHENTICATION_ERROR", "code": "UNAUTHORIZED"}]}

    write_csv(folder / "in" / "a.csv", people(0, 1))
    with running(Closed()) as closed:
        words = ["import", str(folder / "in" / "*.csv"), "--host", closed.host, "--dask"]
        assert main([*words, address]) == NOT_AUTHORISED
        assert main([*words, "nonsense://here"]) == FAILED
    assert "there is no scheduler at nonsense://here" in capsys.readouterr().err


PASSED_ON: dict[str, tuple[list[str], Any]] = {
    "match": (["--match", "reference_id"], "reference_id"),
    "on_match": (["--on-match", "update"], "update"),
    "rate": (["--rate", "7"], 7.0),
    "concurrency": (["--concurrency", "3"], 3),
    "key_trust": (["--key-trust", "60"], 60.0),
    "journal": (["--journal", "here"], "here"),
}
"""Import options that are the function's: how they are given, and what the function gets."""

USED = {"file", "dask", "json", "target", "host", "token_file", "ca_file", "allow_insecure_http", "run"}
"""What says which files, where and how to tell: other tests use it, and those of targets."""


def test_every_option_of_an_import_is_used_or_refused() -> None:
    parser = ArgumentParser()
    add_import(parser)
    options = set(vars(parser.parse_args(["a.csv", "--sandbox"])))
    assert options - USED == {*PASSED_ON, *REFUSED}


@pytest.mark.parametrize("name", PASSED_ON)
def test_an_option_reaches_the_import(name: str, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    got: dict[str, Any] = {}

    def remember(source: str, configuration: object, **options: Any) -> ImportReport:
        got.update(options)
        return ImportReport()

    monkeypatch.setattr("squareconnect.dask.import_customers", remember)
    words, value = PASSED_ON[name]
    assert main(["import", "a.csv", "--sandbox", "--dask", address, *words]) == DONE
    assert got[name] == value
