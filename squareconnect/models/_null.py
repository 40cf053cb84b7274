"""The value that sends JSON ``null``."""

from __future__ import annotations

from typing import Any


class _Null:
    """The type of :data:`NULL`, its only instance."""

    def __repr__(self) -> str:
        return "squareconnect.NULL"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "NULL"


NULL: Any = _Null()
"""Set a field to this value to send JSON ``null``. A field that is None is left out of the request.

From ``Square-Version`` 2022-09-21 on, null clears a field. In earlier versions, an empty string does.
"""
