"""What the files that bulk work writes have in common."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from squareconnect.bulk.mapping import Body


def unfinished(path: str | os.PathLike[str]) -> Path:
    """Return the path of a file until it is complete and gets its name: `NAME.part`."""
    return Path(f"{os.fspath(path)}.part")


def json_line(value: Body, encoding: str = "utf-8") -> bytes:
    """Return an object as a line of JSON: in pure ASCII if the encoding lacks one of its characters."""
    try:
        return f"{json.dumps(value, ensure_ascii=False)}\n".encode(encoding)
    except UnicodeEncodeError:
        return f"{json.dumps(value)}\n".encode(encoding)
