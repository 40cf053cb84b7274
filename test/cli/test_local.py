"""The commands emulator and demo as programs; test/emulator and test_demonstration test the details."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import urllib3

from test.cli.program import LONGEST, command, environment, run

if TYPE_CHECKING:
    from pathlib import Path


def test_the_emulator_serves_until_a_signal_and_leaves_its_data(tmp_path: Path) -> None:
    words = command("emulator", "--database", str(tmp_path / "square.db"), "--access-token", "my-token")
    with subprocess.Popen(
        words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Square emulator listening on http://127.0.0.1:")
        url = line.split()[-1]
        with urllib3.PoolManager() as pool:
            headers = {"Authorization": "Bearer my-token"}
            pool.request("POST", f"{url}/v2/customers", headers=headers, json={"given_name": "Ada"})
        assert (
            run("list", "--host", url, "--fields", "given_name", env={"SQUARE_ACCESS_TOKEN": "my-token"}).out == "Ada\n"
        )
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=LONGEST) == ("", "")

    assert process.returncode == 0
    with closing(sqlite3.connect(tmp_path / "square.db")) as reader:
        assert reader.execute("SELECT count(*) FROM customers").fetchone() == (1,)


@pytest.mark.parametrize("words", [("demo",), ("list", "--emulator")])
def test_a_missing_extra_is_named(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "h11.py").write_text("raise ModuleNotFoundError('h11')")
    done = run(*words, env={"PYTHONPATH": str(tmp_path)})
    assert done.code == 1
    assert "pip install '.[emulator]'" in done.err
    assert "Traceback" not in done.err


def test_the_demo_needs_no_target_and_no_token() -> None:
    done = run("demo")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[-1].startswith("8 calls in ")
    assert "\x1b" not in done.out
