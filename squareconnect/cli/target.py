"""What a target is: a host, and the token that goes there."""

from __future__ import annotations

from typing import NamedTuple

EMULATOR = "emulator"


class Target(NamedTuple):
    """Where calls go."""

    name: str
    """``sandbox``, ``production``, ``emulator``, or the host's URL if it is none of Square's."""
    host: str
    access_token: str
    token_from: str
    """Where the token comes from, in words."""

    @property
    def title(self) -> str:
        """The target's name as a subject of sentences."""
        return {"sandbox": "Square's sandbox", "production": "Square's production", EMULATOR: "The emulator"}.get(
            self.name, self.host
        )
