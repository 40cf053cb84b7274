"""What users see in their editors and type checkers."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import squareconnect
from tools.stub import APIS, main, path, stub
from tools.unstubbed import problems

SAMPLES = Path(__file__).parent / "typing_samples"
MYPY = [sys.executable, "-m", "mypy", "--strict"]
PYRIGHT = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable]


@pytest.mark.parametrize("checker", [MYPY, PYRIGHT], ids=["mypy", "pyright"])
@pytest.mark.parametrize("sample", ["right.py", "wrong.py"])
def test_a_type_checker_infers_the_exact_type_of_each_call_and_finds_each_mistake(
    checker: list[str], sample: str
) -> None:
    command = [*checker, str(SAMPLES / sample)]
    checked = subprocess.run(command, capture_output=True, text=True, cwd=SAMPLES.parent.parent)
    assert checked.returncode in (0, 1), checked.stderr
    assert f"{sample}:" not in checked.stdout, checked.stdout


@pytest.mark.parametrize("api", APIS, ids=lambda api: api.__name__)
def test_the_stubs_match_the_signatures(api: type) -> None:
    assert path(api).read_text() == stub(api), "run `python -m tools.stub`"


def test_a_stub_that_is_out_of_date_is_named_with_the_command_to_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("tools.stub.path", lambda api: tmp_path / f"{api.__name__}.pyi")

    assert main(["--check"]) == 1
    assert "CustomersApi.pyi is stale: run python -m tools.stub" in capsys.readouterr().err
    assert main([]) == 0
    assert main(["--check"]) == 0


def test_a_call_of_a_missing_method_is_found_in_the_code_that_a_stub_hides(tmp_path: Path) -> None:
    package, module = tmp_path / "squareconnect", Path("apis/customers_api.py")
    shutil.copytree(Path(squareconnect.__file__).parent, package)
    assert problems(module, package) == ""

    code = (package / module).read_text()
    (package / module).write_text(code.replace("self.api_client.call_api(", "self.api_client.cal_api(", 1))

    assert '"ApiClient" has no attribute "cal_api"' in problems(module, package)
