"""urllib3-future instead of urllib3, as niquests installs it."""

from __future__ import annotations

import os
import subprocess
import venv
from pathlib import Path

import pytest

import squareconnect
from test.servers import Server, answer

ROOT = Path(squareconnect.__file__).parent.parent
NEEDED = ["six", "certifi", "python-dateutil", "typing_extensions"]


class Environment:
    """A virtual environment with niquests."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=True)
        self._python = str(folder / "bin" / "python")
        self.pip("install", "niquests", *NEEDED)

    def pip(self, *arguments: str) -> None:
        """Run pip as the error message says."""
        command = [self._python, "-m", "pip", "-q", "--disable-pip-version-check", *arguments]
        environment = {**os.environ, "URLLIB3_NO_OVERRIDE": "1"} if "--no-binary" in arguments else None
        subprocess.run(command, check=True, timeout=300, env=environment, capture_output=True)

    def run(self, program: str) -> subprocess.CompletedProcess[str]:
        """Run a program."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            [self._python, "-c", program], env=environment, capture_output=True, text=True, timeout=60, check=False
        )


@pytest.fixture(scope="module")
def niquests(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment where niquests has replaced urllib3 with urllib3-future."""
    return Environment(tmp_path_factory.mktemp("niquests"))


def test_the_sdk_says_what_is_wrong_and_its_remedy_works(niquests: Environment) -> None:
    for imported in ("squareconnect.ApiClient", "squareconnect.CustomersApi", "squareconnect.rest.RESTClientObject"):
        refused = niquests.run(f"import squareconnect; {imported}")
        last = refused.stderr.splitlines()[-1]
        assert last.startswith("ImportError: urllib3-future is installed in place of urllib3 (niquests does that)")
        assert "pip uninstall -y urllib3-future urllib3; URLLIB3_NO_OVERRIDE=1 pip install --no-binary" in last
    assert niquests.run("import squareconnect.models; squareconnect.models.Customer(id='C1')").returncode == 0

    niquests.pip("uninstall", "-y", "urllib3-future", "urllib3")
    niquests.pip("install", "--no-binary", "urllib3-future", "urllib3-future", "urllib3>=2.8,<3")
    with Server(otherwise=answer()) as server:
        both = niquests.run(
            "import niquests; from squareconnect import *; "
            f"api = CustomersApi(ApiClient(Configuration(host={server.host!r}, access_token='T'))); "
            f"print(api.retrieve_customer('C1').customer.id, niquests.get({server.host!r}).status_code)"
        )
    assert both.stdout == "C1 200\n", both.stderr
