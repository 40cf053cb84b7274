"""Stints: a task works for a while and leaves the rest to the next one, so that accounts and workers take turns."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from squareconnect.bulk.errors import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable

    from squareconnect.bulk.reports import Progress

STINT = 30.0
"""Seconds that a task works, at most. Some work for three quarters of that, so that not all end at the same time."""


class StintOver(Stopped):
    """It is the next task's turn."""


def until_over() -> Callable[[Progress], None]:
    """Return what ends an import or export, as its `progress`, when the time of a stint is over.

    :raises StintOver: then; it does not leave the task.
    """
    ends_at = time.monotonic() + STINT * random.uniform(0.75, 1.0)  # noqa: S311

    def tell(progress: Progress) -> None:
        if time.monotonic() > ends_at:
            raise StintOver("The time of this task is over")

    return tell
