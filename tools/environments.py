"""Environments under ``.peers/`` with other packages, which this package is compared with.

``.peers/`` also holds links to ``benchmarks``, ``compatibility`` and ``reliability``. Code started there finds these,
but not the checkout's ``squareconnect``. To get newer packages, delete the folder.
"""

from __future__ import annotations

import fcntl
import subprocess
import sys
import venv
from contextlib import suppress
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
HOME = CHECKOUT / ".peers"

COMMON = ("urllib3", "certifi", "pyperf")
"""Packages that pip installs into every environment: what the benchmarks' floor needs, and what measures it."""

PACKAGES = {
    "ours": ("-r", "requirements.txt", "h11"),
    "fast": ("-r", "requirements.txt", "h11", "msgspec>=0.22"),
    "original": ("squareconnect==2.20190724.1",),
    "squareup": ("squareup",),
    "squareup-2025": ("squareup==41.0.0.20250319",),
    "squareup-2021": ("squareup==12.0.0.20210616",),
    "pydantic": ("pydantic",),
    "msgspec": ("msgspec",),
    "programs-original": ("squareconnect==2.20190724.1", "flask", "django", "graphene"),
    "programs-ours": ("-r", "requirements.txt", "flask", "django", "graphene"),
}
"""Further arguments for pip, by the name of the environment. Ours install what the SDK and its emulator need."""

USES_CHECKOUT = ("ours", "fast", "pydantic", "msgspec", "programs-ours")
"""The environments that import the checkout. Those of model libraries do because they convert the SDK's models."""


def python_of(name: str) -> Path:
    """Return the interpreter of an environment. Make the environment if it does not exist yet.

    :raises KeyError: for a name that ``PACKAGES`` does not have.
    :raises subprocess.CalledProcessError: if pip cannot install the packages.
    """
    packages = " ".join((*COMMON, *PACKAGES[name]))
    home = HOME / f"{name}-{sys.version_info.major}.{sys.version_info.minor}"
    HOME.mkdir(exist_ok=True)
    with (HOME / f"{home.name}.lock").open("w") as lock:  # Two gates may need it at the same time.
        fcntl.flock(lock, fcntl.LOCK_EX)
        made_with = home / "packages"
        if not made_with.exists() or made_with.read_text() != packages:
            _make(name, home, packages)
            made_with.write_text(packages)
    for linked in ("benchmarks", "compatibility", "reliability"):
        with suppress(FileExistsError):
            (HOME / linked).symlink_to(CHECKOUT / linked)
    return home / "bin" / "python"


def _make(name: str, home: Path, packages: str) -> None:
    venv.create(home, clear=True)
    pip = [sys.executable, "-m", "pip", "--python", str(home), "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", *packages.split()], check=True, cwd=CHECKOUT, stdout=sys.stderr)
    if name in USES_CHECKOUT:
        (next(home.glob("lib/python*/site-packages")) / "checkout.pth").write_text(f"{CHECKOUT}\n")
