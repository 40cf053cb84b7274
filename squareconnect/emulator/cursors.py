"""Cursors: texts that record where the next page of a list starts."""

from __future__ import annotations

import hmac
import json
from base64 import b64decode, b64encode
from datetime import datetime, timedelta
from hashlib import shake_256
from typing import NamedTuple

from squareconnect.emulator.refusals import RefusalError
from squareconnect.models.error_code import ErrorCode

LIFETIME = timedelta(minutes=15)
"""How long a cursor is valid. Each page brings a new one."""

_SIGNATURE_BYTES = 16


class Listing(NamedTuple):
    """The parameters of a list. Its later pages must be requested with the same ones."""

    sort_field: str
    sort_order: str
    limit: int


class Position(NamedTuple):
    """The place of a customer in either order of a list."""

    name: str
    number: int


def make_cursor(key: bytes, listing: Listing, position: Position, now: datetime) -> str:
    """Make the cursor of the page after a position.

    :param key: the secret that signs cursors.
    :param listing: the parameters of the list.
    :param position: the place of the last customer that was returned.
    :param now: the time.
    """
    expires_at = now.timestamp() + LIFETIME.total_seconds()
    payload = json.dumps([listing, position, expires_at], separators=(",", ":")).encode()
    return _sign(key, payload)


def read_cursor(key: bytes, cursor: str, listing: Listing, now: datetime) -> Position:
    """Read the position out of a cursor.

    :raises RefusalError: if the cursor is not from this directory, belongs to another listing, or is too old.
    """
    try:
        signed = b64decode(cursor, validate=True)
    except ValueError:
        raise _invalid_cursor() from None
    payload = _hidden(key, signed[:_SIGNATURE_BYTES], signed[_SIGNATURE_BYTES:])
    # Compare the texts: checking only the signature would accept several base64 spellings of one cursor.
    if not hmac.compare_digest(cursor, _sign(key, payload)):
        raise _invalid_cursor()
    made_for, position, expires_at = json.loads(payload)
    if Listing(*made_for) != listing or now.timestamp() >= expires_at:
        raise _invalid_cursor()
    return Position(*position)


def _sign(key: bytes, payload: bytes) -> str:
    signature = hmac.digest(key, payload, "sha256")[:_SIGNATURE_BYTES]
    return b64encode(signature + _hidden(key, signature, payload)).decode()


def _hidden(key: bytes, signature: bytes, payload: bytes) -> bytes:
    """Scramble a payload, or unscramble it again, because it contains a name or an e-mail address."""
    stream = shake_256(key + signature).digest(len(payload))
    return bytes(one ^ other for one, other in zip(payload, stream, strict=True))


def _invalid_cursor() -> RefusalError:
    detail = "The cursor was not found. A cursor is valid for fifteen minutes, with the parameters it was made with."
    return RefusalError(400, ErrorCode.INVALID_CURSOR, detail, "cursor")
