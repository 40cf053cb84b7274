"""Repeatable randomness: identifiers and draws that are the same in every run with the same seed."""

from __future__ import annotations

from base64 import b32encode, urlsafe_b64encode
from hashlib import sha256
from secrets import token_hex


class Chance:
    """A source of identifiers, keys and draws.

    The n-th result depends only on the seed and on n, in every process and every version of Python.

    :param seed: a number; None for results that cannot be repeated.
    :raises ValueError: if it is something else.
    """

    def __init__(self, seed: int | None = None) -> None:
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
            raise ValueError(f"`seed` must be a whole number, or None for random identifiers, not {seed!r}.")
        self.seed = token_hex(16) if seed is None else str(seed)
        self.used = 0
        """How many results have been taken so far."""

    @classmethod
    def restored(cls, seed: str, used: int) -> Chance:
        """Return a source that continues where another one with the same seed was."""
        chance = cls()
        chance.seed, chance.used = str(seed), int(used)
        return chance

    def customer_id(self) -> str:
        """Return 26 upper-case letters and digits."""
        return b32encode(self._next()[:20]).decode()[:26]

    def card_id(self) -> str:
        """Return an identifier in the format of Square's cards."""
        return f"ccof:{urlsafe_b64encode(self._next()).decode()[:22]}"

    def gift_card_id(self) -> str:
        """Return an identifier in the format of Square's gift cards."""
        return f"gftc:{self._next().hex()[:32]}"

    def cursor_key(self) -> bytes:
        """Return the secret that signs cursors: 32 bytes, always the same."""
        return sha256(f"{self.seed}/cursors".encode()).digest()

    def fraction(self) -> float:
        """Return a number of at least 0 and below 1."""
        return int.from_bytes(self._next()[:6], "big") / 2**48

    def _next(self) -> bytes:
        self.used += 1
        return sha256(f"{self.seed}/{self.used}".encode()).digest()
