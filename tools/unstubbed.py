"""Check the types in the code of the API classes, which their stubs hide from mypy.

``python -m tools.unstubbed`` checks each class in a copy of the package without its stub. The other classes keep their
stubs, because these say what their methods return.
"""

from __future__ import annotations

import inspect
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.stub import APIS

CHECKOUT = Path(__file__).parent.parent


def problems(path: Path, package: Path) -> str:
    """Return the problems that mypy finds in a module, as text; empty if there are none.

    :param path: the module, relative to the folder of the package.
    :param package: the package's folder.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / package.name
        shutil.copytree(package, copy)
        (copy / path).with_suffix(".pyi").unlink()
        shutil.copy(CHECKOUT / "pyproject.toml", folder)
        # A call returns Any, because its type depends on the options; the overloads in the stub state it.
        options = ["--no-warn-return-any", "--follow-imports=silent", f"--cache-dir={CHECKOUT}/.mypy_cache/unstubbed"]
        mypy = [sys.executable, "-m", "mypy", *options, str(copy / path)]
        done = subprocess.run(mypy, cwd=folder, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def main() -> int:
    """Check all classes, print the problems, and return the exit status."""
    package = CHECKOUT / "squareconnect"
    found = [problems(Path(inspect.getfile(api)).relative_to(package), package) for api in APIS]
    print("".join(found) or f"Success: no issues found without the stubs of {len(APIS)} API classes")
    return 1 if any(found) else 0


if __name__ == "__main__":
    sys.exit(main())
