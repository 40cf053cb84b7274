"""Directories that the workers and the client share, and the names of the files in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from squareconnect.bulk.errors import InputError
from squareconnect.dask.accounts import digest

if TYPE_CHECKING:
    import os


def made_folder(path: str | os.PathLike[str]) -> Path:
    """Return a directory's path, and create the directory if it is missing.

    :raises InputError: if that is not possible.
    """
    folder = Path(path).absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} must be a directory that can be created: {error.strerror}; name another") from None
    return folder


def file_name(name: str) -> str:
    """Return a readable file name that is different for different names."""
    return f"{re.sub(r'[^A-Za-z0-9_-]+', '-', name)[:40]}-{digest(name)[:8]}"
