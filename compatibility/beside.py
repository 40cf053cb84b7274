"""The last 2.x, installed beside this package under a name of its own, by the command that docs/Migration.md gives."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.environments import CHECKOUT, HOME

MIGRATION = CHECKOUT / "docs" / "Migration.md"


def command() -> list[str]:
    """Return the words of the one command in docs/Migration.md that installs 2.x beside this package."""
    (found,) = re.findall(r"^```sh\n(pip install .*)\n```$", MIGRATION.read_text(encoding="utf-8"), re.MULTILINE)
    return shlex.split(found)


def install_beside() -> Path:
    """Install 2.x beside this package, if it is not there yet.

    :return: the folder from which ``from legacy import squareconnect`` imports it.
    :raises subprocess.CalledProcessError: if pip cannot install it.
    """
    if not (HOME / "legacy").exists():
        HOME.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=HOME) as folder:  # Two environments may come here at once.
            pip = [sys.executable, "-m", *command(), "--quiet", "--disable-pip-version-check"]
            subprocess.run(pip, cwd=folder, check=True, stdout=sys.stderr)
            if not (HOME / "legacy").exists():
                (Path(folder) / "legacy").rename(HOME / "legacy")
    return HOME
