"""Install the lowest allowed version of each requirement of the package and its extras, except `dask`.

``python -m tools.lowest`` does so in the current environment, where the package must be installed.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import requires


def lowest(requirement: str) -> str:
    """Return a requirement pinned to its lowest version: ``six==1.17.0`` for ``six>=1.17.0``."""
    return requirement.partition(";")[0].strip().replace(">=", "==")


if __name__ == "__main__":
    # The extra `dask` has its own environment.
    floors = [lowest(each) for each in requires("squareconnect") or () if 'extra == "dask"' not in each]
    subprocess.run([sys.executable, "-m", "pip", "install", *floors], check=True)
