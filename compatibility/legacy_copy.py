"""Install the last 2.x next to this package, under another name, with the command from docs/Migration.md."""

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
    """Return the words of the command in docs/Migration.md that installs 2.x next to this package."""
    (found,) = re.findall(r"^```sh\n(pip install .*)\n```$", MIGRATION.read_text(encoding="utf-8"), re.MULTILINE)
    return shlex.split(found)


def install_legacy_copy() -> Path:
    """Install 2.x next to this package, if it is not installed yet.

    :return: the folder where ``from legacy import squareconnect`` finds it.
    :raises subprocess.CalledProcessError: if pip cannot install it.
    """
    if not (HOME / "legacy").exists():
        HOME.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=HOME) as folder:  # Two environments may install it at the same time.
            pip = [sys.executable, "-m", *command(), "--quiet", "--disable-pip-version-check"]
            subprocess.run(pip, cwd=folder, check=True, stdout=sys.stderr)
            if not (HOME / "legacy").exists():
                (Path(folder) / "legacy").rename(HOME / "legacy")
    return HOME
