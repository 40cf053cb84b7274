"""Install what the tests of the page need and pip does not have: Debian's Chromium, and axe-core from npm."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tools.npm import npm_install

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

CHROMIUM = Path("/usr/bin/chromium")
AXE_VERSION = "4.14.1"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Options that let root start Chromium without a screen, and keep it from contacting anything but the page's server."""

_FOLDER = Path(__file__).parent.parent / ".tox" / "axe"
AXE = _FOLDER / "node_modules" / "axe-core" / "axe.min.js"


def launch(playwright: Playwright) -> Browser:
    """Start Chromium."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


def install() -> None:
    """Install what is missing.

    :raises subprocess.CalledProcessError: if that fails.
    """
    if not CHROMIUM.exists():
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        _run("apt-get", "update", "-qq", env=quiet)
        _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-inter", env=quiet)
    npm_install(_FOLDER, f"axe-core@{AXE_VERSION}")


def _run(*command: str, env: dict[str, str] | None = None) -> None:
    subprocess.run(command, check=True, env=env)


if __name__ == "__main__":
    install()
