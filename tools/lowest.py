"""Install the lowest allowed version of each requirement of the package and its extras.

``python -m tools.lowest`` does so in the current environment, where the package must be installed. It leaves out the
extra `dask`, which ``python -m tools.lowest dask`` includes.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import requires


def lowest(requirement: str) -> str:
    """Return a requirement pinned to its lowest version: ``six==1.17.0`` for ``six>=1.17.0``."""
    return requirement.partition(";")[0].strip().replace(">=", "==")


if __name__ == "__main__":
    with_dask = "dask" in sys.argv
    floors = [lowest(each) for each in requires("squareconnect") or () if with_dask or 'extra == "dask"' not in each]
    subprocess.run([sys.executable, "-m", "pip", "install", *floors], check=True)
