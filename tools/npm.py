"""Install npm packages."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def npm_install(folder: Path, *packages: str) -> Path:
    """Install packages, unless exactly these are installed already, and return the folder ``node_modules``.

    :param folder: where to install them; it is made if it is missing.
    :param packages: names with versions, as ``npm install`` takes them.
    :raises subprocess.CalledProcessError: if that fails.
    """
    made_with = folder / "packages"
    if not made_with.exists() or made_with.read_text() != " ".join(packages):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text("{}")  # Without it, npm would install into a parent folder that has one.
        # With --prefix, npm would not read the settings of this machine, such as its certificate authority.
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", *packages]
        subprocess.run(command, check=True, cwd=folder)
        made_with.write_text(" ".join(packages))
    return folder / "node_modules"
