"""The emulator as a command."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import urllib3

from squareconnect.emulator import Emulator
from squareconnect.emulator.command import add_options, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_options(parser)
    return parser.parse_args(arguments)


@pytest.fixture
def _signal_handlers() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM)
    kept = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, kept, strict=True):
        signal.signal(number, handler)


@pytest.fixture
def free_port() -> str:
    with Emulator() as square:
        return square.url.rpartition(":")[2]


@contextmanager
def used(port: str, use: Callable[[str], None]) -> Iterator[None]:
    """Use the emulator at a port from another thread as soon as it serves, then interrupt it."""

    def use_and_stop() -> None:
        try:
            with urllib3.PoolManager(retries=urllib3.Retry(connect=30, backoff_factor=0.01)) as pool:
                pool.request("GET", f"http://127.0.0.1:{port}/_emulator/health")
            use(f"http://127.0.0.1:{port}")
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    user = threading.Thread(target=use_and_stop)
    user.start()
    yield
    user.join()


@pytest.mark.usefixtures("_signal_handlers")
def test_its_options_set_how_the_emulator_starts(
    free_port: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seed_file = tmp_path / "customers.jsonl"
    seed_file.write_text('{"id": "ADA", "given_name": "Ada"}\n{"given_name": "Grace"}\n')
    answers = []

    def use(url: str) -> None:
        headers = {"Authorization": "Bearer my-own", "Connection": "close"}
        answers.append(urllib3.request("GET", f"{url}/v2/customers?limit=1&count=true", headers=headers).json())
        answers.append(urllib3.request("GET", f"{url}/", headers=headers).status)
        urllib3.request("POST", f"{url}/_emulator/reset", headers=headers)
        answers.append(urllib3.request("GET", f"{url}/_emulator/health", headers=headers).json())

    options = [
        "--seed",
        "1",
        "--clock",
        "2026-01-01T00:00:00Z",
        "--seed-file",
        str(seed_file),
        "--verbose",
        "--no-page",
    ]
    level = logging.getLogger("squareconnect.emulator").level
    with used(free_port, use):
        assert run(parsed("--port", free_port, "--access-token", "my-own", "--verbose", "--no-page", *options)) == 0

    listed, page, health = answers
    assert listed["customers"][0]["id"] == "ADA"
    assert listed["customers"][0]["created_at"] == "2026-01-01T00:00:00.000Z"
    assert listed["count"] == 2
    assert page == 404
    assert health["customers"] == 2
    first, second, third = capsys.readouterr().out.splitlines()
    assert first == f"Square emulator listening on http://127.0.0.1:{free_port}"
    assert second.startswith("GET /v2/customers -> 200 in ")
    assert third.startswith("GET / -> 404 in ")
    assert logging.getLogger("squareconnect.emulator").level == level


@pytest.mark.usefixtures("_signal_handlers")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--host", "192.0.2.1"],
            "Other machines can reach 192.0.2.1: give an access token of your own, --access-token.",
        ),
        (["--host", "192.0.2.1", "--access-token", ""], "`access_token` must be printable ASCII"),
        (["--clock", "noon"], "A clock needs a time such as 2026-01-01T00:00:00Z, not 'noon'."),
        (["--seed-file", "missing.json"], "Cannot read missing.json: No such file or directory"),
        (["--seed-file", "setup.py"], "A seed file must end in .json, .jsonl or .csv: setup.py does not."),
        (["--keyfile", "key.pem"], "A key needs its certificate: give certfile=... too."),
        (["--certfile", "missing.pem"], "The certificate in missing.pem cannot be used: [Errno 2] No such file"),
        (["--host", "127.0.0.1.invalid", "--access-token", "a"], "Cannot listen on port 0 of 127.0.0.1.invalid: "),
        (["--database", "missing/square.db"], "Cannot use the database missing/square.db: unable to open"),
    ],
)
def test_an_impossible_option_is_explained_in_one_line(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(parsed(*options)) == (1 if message.startswith("Cannot listen") else 2)

    output, error = capsys.readouterr()
    assert output == ""
    assert error.startswith(message)
    assert error.count("\n") == 1


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in [name for name in sys.modules if name.startswith("squareconnect.emulator.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "h11", None)

    assert run(parsed()) == 1
    output, error = capsys.readouterr()
    assert output == ""
    assert "pip install '.[emulator]'" in error


@pytest.mark.parametrize("options", [["--port", "65536"], ["--port", "x"], ["--seed", "x"], ["more"]])
def test_arguments_that_make_no_sense_are_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        parsed(*options)

    assert stopped.value.code == 2
    told = capsys.readouterr().err
    assert "usage: " in told
    assert "_port" not in told


def test_parsing_its_options_needs_none_of_its_libraries() -> None:
    code = (
        "import argparse, sys; before = set(sys.modules); import squareconnect.emulator.command; "
        "print({'h11', 'sqlite3', 'asyncio'} & (sys.modules.keys() - before))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert shown.stdout.strip() == "set()"


def test_another_address_can_be_served_with_a_chosen_token(free_port: str) -> None:
    command = [sys.executable, "-m", "squareconnect", "emulator", "--port", free_port]
    options = ["--host", "0.0.0.0", "--access-token", "my-own"]  # noqa: S104
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip().endswith(f"http://0.0.0.0:{free_port}")
        for token, status in (("wrong", 401), ("my-own", 200)):
            with urllib3.PoolManager() as pool:
                headers = {"Authorization": f"Bearer {token}"}
                url = f"http://127.0.0.1:{free_port}/_emulator/health"
                assert pool.request("GET", url, headers=headers).status == status
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
