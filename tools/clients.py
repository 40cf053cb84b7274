"""Let clients that others wrote make their calls against the emulator, each in an environment of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks.peers import python_of
from squareconnect.emulator import Emulator

CLIENTS = Path(__file__).parent.parent / "test" / "clients"

if __name__ == "__main__":
    for peer in ("original", "squareup"):
        with Emulator() as square:
            program = CLIENTS / f"{peer}_client.py"
            subprocess.run([python_of(peer), program, square.url, square.access_token], check=True)
