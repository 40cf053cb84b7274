"""Starting threads."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading


def start_thread(thread: threading.Thread) -> None:
    """Start a thread.

    :raises RuntimeError: if the interpreter cannot start another thread.
    """
    handled = sys.exc_info()[1]
    try:
        thread.start()
    except RuntimeError as error:
        # If a signal handler raises within start(), the thread runs, and "release unlocked lock" hides the interrupt.
        interruption = error.__context__
        if interruption is not None and interruption is not handled:
            raise interruption from None
        raise
