"""Install the lowest version that the package allows of each thing it needs, the extras' too, but for `dask`.

``python -m tools.lowest`` does so in the environment that it runs in, where the package must be installed.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import requires


def lowest(requirement: str) -> str:
    """Return a requirement as the one version that it begins with: ``six==1.17.0`` for ``six>=1.17.0``."""
    return requirement.partition(";")[0].strip().replace(">=", "==")


if __name__ == "__main__":
    # The extra `dask` has an environment of its own.
    floors = [lowest(each) for each in requires("squareconnect") or () if 'extra == "dask"' not in each]
    subprocess.run([sys.executable, "-m", "pip", "install", *floors], check=True)
