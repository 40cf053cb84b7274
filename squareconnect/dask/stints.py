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
"""The maximum number of seconds that a task works. Some tasks stop at three quarters of it, to spread the ends."""


class StintOver(Stopped):
    """The time of a task is over, and the next task continues."""


def until_over() -> Callable[[Progress], None]:
    """Return a `progress` function that ends an import or export when the time of a stint is over.

    :raises StintOver: when that time is over; it does not leave the task.
    """
    ends_at = time.monotonic() + STINT * random.uniform(0.75, 1.0)  # noqa: S311

    def tell(progress: Progress) -> None:
        if time.monotonic() > ends_at:
            raise StintOver("The time of this task is over")

    return tell
