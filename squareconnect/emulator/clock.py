"""The emulator's clock."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def utc_now() -> datetime:
    """Return the time of this machine."""
    return datetime.now(timezone.utc)


def read_time(time: str | datetime) -> datetime:
    """Return a time in UTC.

    :param time: an RFC 3339 date and time such as `2026-01-01T00:00:00Z`, or a `datetime` with a time zone.
    :raises ValueError: if it is neither.
    """
    if isinstance(time, str):
        try:
            time = datetime.fromisoformat(time.replace("Z", "+00:00"))
        except ValueError:
            raise ValueError(f"A clock needs a time such as 2026-01-01T00:00:00Z, not {time!r}.") from None
    if not isinstance(time, datetime) or time.tzinfo is None:
        raise ValueError(f"A clock needs a time with a time zone, such as 2026-01-01T00:00:00Z: {time!r} has none.")
    try:
        return time.astimezone(timezone.utc)
    except OverflowError:
        raise ValueError(f"A clock needs a time within the years 1 to 9999 in UTC, not {time!r}.") from None


def written(time: datetime, unit: str = "milliseconds") -> str:
    """Return a time in Square's format: RFC 3339, in UTC.

    :param unit: `milliseconds` or `seconds`.
    """
    return time.astimezone(timezone.utc).isoformat(timespec=unit).replace("+00:00", "Z")


class Clock:
    """A clock that follows real time, or stands still until it is advanced.

    :param start: the time at which it stands still, as text (RFC 3339) or a `datetime` with a time zone; None for a
        clock that follows `now`.
    :param now: returns the time that a clock without a start follows.
    :raises ValueError: if the start is not a time with a time zone.
    """

    def __init__(self, start: str | datetime | None = None, now: Callable[[], datetime] = utc_now) -> None:
        self._lock = threading.Lock()
        self._now = now
        self._standing: datetime | None = None
        self._ahead = timedelta()
        self.restart(start)

    @property
    def standing(self) -> bool:
        """Whether it stands still until it is advanced."""
        return self._standing is not None

    @property
    def ahead(self) -> timedelta:
        """How far it has been advanced."""
        return self._ahead

    def as_json(self) -> dict[str, Any]:
        """Return the time and whether the clock stands still."""
        return {"now": written(self.now()), "standing": self.standing}

    def now(self) -> datetime:
        """Return the time, with a time zone."""
        with self._lock:
            return (self._now() if self._standing is None else self._standing) + self._ahead

    def advance(self, seconds: float | timedelta) -> None:
        """Move the clock forward.

        :param seconds: by how much, at least 0; seconds, or a `timedelta`.
        :raises ValueError: if that is negative, not a number, or leads beyond the year 9999.
        """
        try:
            step = seconds if isinstance(seconds, timedelta) else timedelta(seconds=seconds)
            if step < timedelta():
                raise ValueError
            _ = self.now() + step
        except (TypeError, ValueError, OverflowError):
            raise ValueError(
                f"A clock can be advanced by 0 seconds or more, up to the year 9999: not by {seconds!r}."
            ) from None
        with self._lock:
            self._ahead += step

    def set(self, time: str | datetime) -> None:
        """Let the clock stand still at a time.

        :param time: an RFC 3339 date and time, or a `datetime` with a time zone.
        :raises ValueError: if it is not a time with a time zone.
        """
        self.restart(read_time(time))

    def restart(self, start: str | datetime | None) -> None:
        """Start again.

        :param start: the time at which it stands still; None to follow the time of this machine, or `now=`, again.
        :raises ValueError: if it is not a time with a time zone.
        """
        standing = None if start is None else read_time(start)
        with self._lock:
            self._standing, self._ahead = standing, timedelta()
