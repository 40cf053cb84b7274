"""What a target is: a host, and the token that goes there."""

from __future__ import annotations

from typing import NamedTuple

EMULATOR = "emulator"


class Target(NamedTuple):
    """The target of calls."""

    name: str
    """``sandbox``, ``production``, ``emulator``, or the URL of another host."""
    host: str
    access_token: str
    token_from: str
    """The source of the token, in words."""

    @property
    def title(self) -> str:
        """The target's name as the subject of a sentence."""
        return {"sandbox": "Square's sandbox", "production": "Square's production", EMULATOR: "The emulator"}.get(
            self.name, self.host
        )
