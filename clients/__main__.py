"""Let clients that others wrote make their calls against the emulator, each in an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from squareconnect.emulator import Emulator
from tools.environments import HOME, python_of

CLIENTS = Path(__file__).parent
PYTHON_CLIENTS = {
    "original": "original_client.py",
    "squareup": "squareup_client.py",
    "squareup-2025": "squareup_dict_client.py",
    "squareup-2021": "squareup_dict_client.py",
}
"""The program for each environment of Python."""

NODE_CLIENTS = {"square-connect@6.20201216.0": "square_connect_client.cjs", "square@46.0.0": "square_client.cjs"}
"""The program for each package of npm."""

CHECKS = "not_a_server_error,content_type_conformance,response_schema_conformance"
EXAMPLES = 30


def main() -> None:
    """Run all of them, and stop at the first that fails."""
    for peer, program in PYTHON_CLIENTS.items():
        run(str(python_of(peer)), str(CLIENTS / program))
    modules = node_modules()
    for program in NODE_CLIENTS.values():
        run("node", str(CLIENTS / program), NODE_PATH=str(modules))
    subprocess.run([sys.executable, CLIENTS / "faults_client.py"], check=True)
    check_against_square_s_description()


def run(*command: str, **variables: str) -> None:
    """Run a program against an emulator of its own.

    :raises subprocess.CalledProcessError: if it fails.
    """
    with Emulator() as square:
        subprocess.run([*command, square.url, square.access_token], check=True, env={**os.environ, **variables})


def node_modules() -> Path:
    """Install the packages of npm, and return the folder that they are in."""
    home = HOME / "node"
    home.mkdir(parents=True, exist_ok=True)
    install = ["npm", "install", "--prefix", str(home), "--silent", "--no-audit", "--no-fund", *NODE_CLIENTS]
    subprocess.run(install, check=True)
    return home / "node_modules"


def check_against_square_s_description() -> None:
    """Send what schemathesis makes of Square's OpenAPI, and hold the answers against it."""
    schemathesis = str(Path(sys.executable).with_name("schemathesis"))
    with Emulator(seed=1, clock="2026-01-01T00:00:00Z", customers=20) as square:
        headers = ["-H", f"Authorization: Bearer {square.access_token}", "-H", "Square-Version: 2025-08-20"]
        limits = ["--max-examples", str(EXAMPLES), "--seed", "1", "--generation-deterministic", "--checks", CHECKS]
        description = str(CLIENTS / "square_openapi.json")
        subprocess.run([schemathesis, "run", description, "--url", square.url, *headers, *limits], check=True)


if __name__ == "__main__":
    main()
