"""The value that sends JSON ``null``."""

from __future__ import annotations

from typing import Any


class _Null:
    """The type of :data:`NULL`, which has one instance in a process."""

    def __repr__(self) -> str:
        return "squareconnect.NULL"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "NULL"


NULL: Any = _Null()
"""Set a field to this value to send JSON ``null``; a field that is None is left out of the request.

Square clears a field that is null from ``Square-Version`` 2022-09-21 on. In earlier versions an empty string clears.
"""
