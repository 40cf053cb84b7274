"""``python -m squareconnect``: see `squareconnect.cli`."""

import sys

from squareconnect.cli import main

if __name__ == "__main__":
    sys.exit(main())
