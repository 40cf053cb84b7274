"""docs/Emulator.md: every example runs exactly as written."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from squareconnect.emulator import Emulator
from squareconnect.emulator.faults import Fault
from squareconnect.emulator.journal import Entry
from squareconnect.emulator.openapi import CONTROL

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE = Path(__file__).parents[2] / "docs" / "Emulator.md"
TEXT = PAGE.read_text(encoding="utf-8")


def blocks_of(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


def environment(square: Emulator) -> Mapping[str, str]:
    return {**os.environ, "SQUARE_URL": square.url, "SQUARE_ACCESS_TOKEN": square.access_token}


def ran(command: list[str], **options: object) -> str:
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, **options)  # type: ignore[call-overload]
    assert shown.returncode == 0, shown.stdout + shown.stderr
    output: str = shown.stdout
    return output


PROGRAMS = [block for block in blocks_of("python") if "def test_" not in block]
TESTS = [block for block in blocks_of("python") if "def test_" in block]


@pytest.mark.parametrize("example", PROGRAMS, ids=range(len(PROGRAMS)))
def test_the_programs_run(example: str) -> None:
    exec(compile(example, str(PAGE), "exec"), {})


def test_the_tests_pass(tmp_path: Path) -> None:
    for number, block in enumerate(TESTS):
        (tmp_path / f"test_{number}.py").write_text(block)

    assert len(TESTS) == 2
    command = [sys.executable, "-m", "pytest", "-q", "-p", "squareconnect.pytest_plugin", "--strict-markers"]
    output = ran(command, cwd=tmp_path, env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
    assert "3 passed" in output


def test_the_commands_of_curl_work(square: Emulator) -> None:
    (example,) = blocks_of("sh")
    output = ran(["bash", "-euo", "pipefail", "-c", example], env=environment(square))

    assert '"code":"SERVICE_UNAVAILABLE"' in output
    assert '"status":503\n' in output
    assert len(square.requests) == 0


def test_the_program_for_node_works(square: Emulator, tmp_path: Path) -> None:
    (example,) = blocks_of("js")
    program = tmp_path / "example.mjs"
    program.write_text(example)

    assert ran(["node", str(program)], env=environment(square)).strip() == "ECONNRESET Ada [ 200, 200 ]"


def test_every_parameter_of_the_emulator_is_documented() -> None:
    table = TEXT.split("| Parameter | Meaning |")[1].split("\n\n")[0]
    for name in inspect.signature(Emulator).parameters:
        assert f"`{name}`" in table, name


def test_every_setting_of_a_fault_is_documented() -> None:
    table = TEXT.split("### Faults")[1].split("### Time")[0]
    for name in inspect.signature(Emulator.fail).parameters.keys() - {"self"}:
        assert f"`{name}`" in table, name
    assert Fault("*", status=500).as_json()["times"] == 1


def test_every_attribute_of_an_entry_is_documented() -> None:
    table = TEXT.split("### The journal")[1].split("### Reset, snapshots and merges")[0]
    entry = Entry(1, None, "GET", "/", {}, {}, 1, "").as_json()
    for name in entry.keys() - {"change"}:
        assert f"`{name}`" in table, name


def test_every_path_of_the_control_interface_is_documented() -> None:
    table = TEXT.split("## From any language")[1].split("With curl:")[0]
    for method, path in CONTROL:
        shown = path.replace("faults/{number}", "faults/{id}")
        assert f"`{method} {shown}`" in table
