"""Run the unit tests of the last squareconnect 2.x against this package."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from squareconnect import models

CHECKOUT = Path(__file__).parent.parent
SDIST = "squareconnect==2.20190724.1"


def run_unit_tests() -> bool:
    """Download the tests of the models that this package has, run them, and print how many ran.

    :return: whether all passed.
    """
    with tempfile.TemporaryDirectory() as folder:
        fetch = ["pip", "download", "--quiet", "--no-binary", "squareconnect", "--no-deps", "--dest", folder, SDIST]
        subprocess.run([sys.executable, "-m", *fetch], check=True)
        modules = _unpack(next(Path(folder).glob("*.tar.gz")), Path(folder))
        done = subprocess.run(
            [sys.executable, "-m", "unittest", *modules],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            capture_output=True,
            text=True,
        )
    ran = re.search(r"Ran (\d+) tests?", done.stderr)
    count = int(ran[1]) if ran else 0
    passed = done.returncode == 0 and count >= len(modules) == len(models.__all__)
    print(f"{count:6} unit tests of 2.x run, {'all passed' if passed else 'NOT all passed'}")
    if not passed:
        print(done.stderr)
    return passed


def _unpack(sdist: Path, folder: Path) -> list[str]:
    """Unpack the tests of our models from an sdist, and return their modules."""
    wanted = {"test" + re.sub(r"(?=[A-Z])", "_", name).lower() for name in models.__all__}
    unpacked = []
    with tarfile.open(sdist) as files:
        for member in files.getmembers():
            path = Path(member.name)
            content = files.extractfile(member) if path.stem in wanted and path.parent.name == "test" else None
            if content:
                (folder / path.name).write_bytes(content.read())
                unpacked.append(path.stem)
    return unpacked
