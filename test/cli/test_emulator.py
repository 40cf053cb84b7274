from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import urllib3

from squareconnect.cli import main
from squareconnect.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def _signal_handlers() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM)
    kept = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, kept, strict=True):
        signal.signal(number, handler)


@pytest.fixture
def free_port() -> int:
    with Emulator() as square:
        return int(square.url.rpartition(":")[2])


def get(url: str, access_token: str) -> int:
    with urllib3.PoolManager(retries=urllib3.Retry(connect=20, backoff_factor=0.01)) as pool:
        return pool.request("GET", f"{url}/v2/customers", headers={"Authorization": f"Bearer {access_token}"}).status


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.usefixtures("_signal_handlers")
def test_the_emulator_serves_until_a_signal(
    number: signal.Signals, free_port: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"http://127.0.0.1:{free_port}"
    statuses: list[int] = []

    def use_and_stop() -> None:
        try:
            statuses.append(get(url, "my-token"))
        finally:
            os.kill(os.getpid(), number)

    user = threading.Thread(target=use_and_stop)
    user.start()
    arguments = ["--port", str(free_port), "--database", str(tmp_path / "square.db"), "--access-token", "my-token"]
    status = main(["emulator", *arguments])
    user.join()

    assert status == 0
    assert statuses == [200]
    assert capsys.readouterr() == (f"Square emulator listening on {url}\n", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_emulator_as_a_program_ends_well_and_leaves_its_data(number: signal.Signals, tmp_path: Path) -> None:
    database = tmp_path / "square.db"
    command = [sys.executable, "-W", "error", "-m", "squareconnect", "emulator", "--database", str(database)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Square emulator listening on http://127.0.0.1:")
        with urllib3.PoolManager() as pool:
            headers = {"Authorization": "Bearer emulator-access-token"}
            pool.request("POST", f"{line.split()[-1]}/v2/customers", headers=headers, json={"given_name": "Ada"})
        process.send_signal(number)
        assert process.communicate(timeout=10) == ("", "")

    assert process.returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["square.db"]
    with closing(sqlite3.connect(database)) as reader:
        assert reader.execute("SELECT count(*) FROM customers").fetchone() == (1,)


@pytest.mark.usefixtures("_signal_handlers")
def test_a_taken_port_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with Emulator() as square:
        port = square.url.rpartition(":")[2]
        assert main(["emulator", "--port", port]) == 1

    assert capsys.readouterr() == ("", f"squareconnect: cannot listen on port {port}: Address already in use.\n")


@pytest.mark.usefixtures("_signal_handlers")
def test_a_file_that_is_no_database_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("These are notes.\n" * 100)

    assert main(["emulator", "--database", str(path)]) == 1
    assert capsys.readouterr() == ("", f"squareconnect: cannot use the database {path}: file is not a database.\n")


@pytest.mark.parametrize("command", ["emulator", "demo"])
@pytest.mark.parametrize("module", ["starlette.applications", "uvicorn"])
def test_a_missing_extra_is_told(
    command: str, module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("squareconnect.emulator")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)

    assert main([command]) == 1
    output, error = capsys.readouterr()
    assert output == ""
    assert "pip install '.[emulator]'" in error
    assert "pip install squareconnect" not in error
