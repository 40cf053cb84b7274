"""The packages that the SDK is measured beside, each in an environment of its own under ``.peers/``.

``.peers/`` also holds links to this package, ``compatibility`` and ``reliability``, so that code started there (see
:func:`run`) finds them but not the ``squareconnect`` that stands beside them in the checkout. To get newer packages,
delete the folder.
"""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
import venv
from contextlib import suppress
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
HOME = CHECKOUT / ".peers"

COMMON = ("urllib3", "certifi", "pyperf")
"""What stands in every environment: what the floor is made of, and what measures it."""

PACKAGES = {
    "ours": ("-r", "requirements.txt", "h11"),
    "fast": ("-r", "requirements.txt", "h11", "msgspec>=0.22"),
    "original": ("squareconnect==2.20190724.1",),
    "squareup": ("squareup",),
    "squareup-2025": ("squareup==41.0.0.20250319",),
    "squareup-2021": ("squareup==12.0.0.20210616",),
    "pydantic": ("pydantic",),
    "msgspec": ("msgspec",),
}
"""What pip installs for each peer besides; for ours, what the SDK and its emulator need; ``fast`` is the extra."""

PROGRAMS = {
    "programs-original": ("squareconnect==2.20190724.1", "flask", "django", "graphene"),
    "programs-ours": ("-r", "requirements.txt", "flask", "django", "graphene"),
}
"""The same for environments that are not measured: ``compatibility`` runs programs in them."""

USES_CHECKOUT = ("ours", "fast", "pydantic", "msgspec", "programs-ours")
"""The peers that import the checkout: the SDK itself, and the model libraries, whose models are made from its own."""


def python_of(peer: str) -> Path:
    """Return the interpreter of a peer's environment, which is made when it is first asked for.

    :param peer: a name of ``PACKAGES`` or ``PROGRAMS``.
    :raises KeyError: for another name.
    :raises subprocess.CalledProcessError: if pip cannot install the packages.
    """
    packages = " ".join((*COMMON, *{**PACKAGES, **PROGRAMS}[peer]))
    home = HOME / f"{peer}-{sys.version_info.major}.{sys.version_info.minor}"
    HOME.mkdir(exist_ok=True)
    with (HOME / f"{home.name}.lock").open("w") as lock:  # Two gates may ask for it at the same time.
        fcntl.flock(lock, fcntl.LOCK_EX)
        made_with = home / "packages"
        if not made_with.exists() or made_with.read_text() != packages:
            _make(peer, home, packages)
            made_with.write_text(packages)
    for name in ("benchmarks", "compatibility", "reliability"):
        with suppress(FileExistsError):
            (HOME / name).symlink_to(CHECKOUT / name)
    return home / "bin" / "python"


def _make(peer: str, home: Path, packages: str) -> None:
    venv.create(home, clear=True)
    pip = [sys.executable, "-m", "pip", "--python", str(home), "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", *packages.split()], check=True, cwd=CHECKOUT, stdout=sys.stderr)
    if peer in USES_CHECKOUT:
        (next(home.glob("lib/python*/site-packages")) / "checkout.pth").write_text(f"{CHECKOUT}\n")


def run(peer: str, module: str, *arguments: str) -> Any:
    """Run a module of this package in a peer's environment and return what it prints as JSON.

    :raises subprocess.CalledProcessError: if it fails; what it printed as errors is on standard error.
    """
    command = [str(python_of(peer)), "-m", f"benchmarks.{module}", *arguments]
    return json.loads(subprocess.run(command, cwd=HOME, check=True, stdout=subprocess.PIPE).stdout)
