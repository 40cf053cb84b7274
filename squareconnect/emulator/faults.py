"""Faults: what goes wrong on purpose, how often, and for which requests. Also the rate limit."""

from __future__ import annotations

import re
import sys
import threading
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from squareconnect.emulator.answers import refused
from squareconnect.emulator.refusals import RefusalError, code_of, status_of
from squareconnect.emulator.wire import Answer
from squareconnect.models.error_code import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from typing import TypeGuard

OPERATIONS = (
    "create_customer",
    "create_customer_card",
    "delete_customer",
    "delete_customer_card",
    "list_customers",
    "retrieve_customer",
    "update_customer",
)
"""The operations for which faults can be set: the methods of `CustomersApi`."""

ANY_OPERATION = "*"

_FRAMING = ("content-length", "transfer-encoding")
_HEADER_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)
_HEADER_TEXT = re.compile(r"[\x20-\x7e\xa0-\xff]*")


@dataclass(eq=False)
class Fault:
    """A failure on purpose. `Emulator.fail` creates it and documents each setting."""

    operation: str
    times: int | None = 1
    when: str = "before"
    status: int | None = None
    code: str | None = None
    delay: float = 0
    reset: bool = False
    truncate: int | None = None
    drip: float | None = None
    body: str | None = None
    headers: Mapping[str, str] | None = None
    probability: float = 1
    id: int = field(default=0, kw_only=True)
    """The number of this fault, from 1."""
    used: int = field(default=0, kw_only=True)
    """How many requests it has affected."""
    _owner: Faults | None = field(default=None, kw_only=True, repr=False)

    def __post_init__(self) -> None:
        for name, check in _CHECKS.items():
            if not check(value := getattr(self, name)):
                raise ValueError(f"`{name}` must be {_WANTED.get(name, 'a number')}, not {value!r}.")
        self._check_together()

    def _check_together(self) -> None:
        answered = [name for name in ("status", "code", "body", "headers", "drip") if getattr(self, name) is not None]
        if not answered and not self.reset and not self.delay and self.truncate is None:
            raise ValueError(
                "A fault must do something: give status, code, body, headers, delay, reset, truncate or drip."
            )
        if self.reset and self.truncate is None and answered:
            raise ValueError(
                f"`reset` sends nothing, so `{answered[0]}` has no effect: leave it out, or add `truncate`."
            )

    @property
    def replaces_answer(self) -> bool:
        """Whether another answer replaces the real one."""
        return self.status is not None or self.code is not None or self.body is not None

    @property
    def carries_out(self) -> bool:
        """Whether the request is still carried out."""
        return self.when == "after" or not (self.replaces_answer or (self.reset and self.truncate is None))

    def answer(self) -> Answer:
        """Return the answer that replaces the real one."""
        if self.body is not None:
            return Answer(
                self.status or 200, self.body.encode(errors="replace"), {"content-type": "text/html; charset=utf-8"}
            )
        status = self.status or status_of(self.code or "")
        code = self.code or code_of(status)
        return refused(RefusalError(status, code, "The emulator was told to fail."))

    def remove(self) -> None:
        """End this fault. Can be repeated."""
        if self._owner is not None:
            self._owner.remove(self.id)

    def as_json(self) -> dict[str, Any]:
        """Return the settings that differ from their defaults, with `id`, `operation`, `times` and `used`."""
        always = ("id", "operation", "times", "used")
        settings = {
            each.name: (getattr(self, each.name), each.default) for each in fields(self) if each.name != "_owner"
        }
        return {name: value for name, (value, default) in settings.items() if name in always or value != default}


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def _is_count(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_headers(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_header(name, text) for name, text in value.items())


def _is_header(name: Any, text: Any) -> bool:
    if not isinstance(name, str) or not isinstance(text, str) or name.lower() in _FRAMING:
        return False
    return bool(_HEADER_NAME.fullmatch(name) and _HEADER_TEXT.fullmatch(text))


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "operation": lambda value: value in (*OPERATIONS, ANY_OPERATION),
    "times": lambda value: value is None or _is_count(value, 1),
    "when": lambda value: value in ("before", "after"),
    "status": lambda value: value is None or (_is_count(value, 200) and value < 600),
    "code": lambda value: value is None or (isinstance(value, str) and bool(value)),
    "delay": lambda value: _is_number(value) and value >= 0,
    "reset": lambda value: isinstance(value, bool),
    "truncate": lambda value: value is None or _is_count(value, 0),
    "drip": lambda value: value is None or (_is_number(value) and value > 0),
    "body": lambda value: value is None or isinstance(value, str),
    "headers": lambda value: value is None or _is_headers(value),
    "probability": lambda value: _is_number(value) and 0 < value <= 1,
    "id": lambda value: _is_count(value, 0),
    "used": lambda value: _is_count(value, 0),
}
_WANTED = {
    "operation": f"one of {', '.join(OPERATIONS)}, or * for all of them",
    "times": "a whole number of at least 1, or None for always",
    "when": "before or after",
    "status": "an HTTP status from 200 to 599",
    "code": "a code of Square's errors",
    "delay": "seconds of at least 0",
    "reset": "True or False",
    "truncate": "a number of bytes of at least 0",
    "drip": "seconds of more than 0",
    "body": "text",
    "headers": f"a dict of names and printable texts, without {' and '.join(_FRAMING)}",
    "probability": "a number of more than 0 and at most 1",
}


class Faults:
    """The current faults, oldest first. Threads may share it.

    :param draw: returns a random number of at least 0 and below 1.
    """

    def __init__(self, draw: Callable[[], float]) -> None:
        self._lock = threading.Lock()
        self._draw = draw
        self._faults: dict[int, Fault] = {}
        self._count = 0

    def add(self, operation: str, **settings: Any) -> Fault:
        """Add a fault. `Emulator.fail` documents the settings.

        :raises ValueError: if a setting has an invalid value.
        :raises TypeError: if there is no such setting.
        """
        if unknown := settings.keys() - _WANTED.keys():
            raise TypeError(f"A fault has no setting `{min(unknown)}`, only {', '.join(_WANTED)}.")
        with self._lock:
            self._count += 1
            fault = Fault(operation, **settings, id=self._count, _owner=self)
            self._faults[fault.id] = fault
            return fault

    def remove(self, fault_id: int) -> bool:
        """Remove a fault and return whether it existed."""
        with self._lock:
            return self._faults.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Remove all faults. The next one is number 1 again."""
        with self._lock:
            self._faults.clear()
            self._count = 0

    def restore(self, faults: list[Fault]) -> None:
        """Replace all faults by others."""
        with self._lock:
            self._faults = {fault.id: fault for fault in faults}
            self._count = max(self._faults, default=0)
            for fault in faults:
                fault._owner = self

    def all(self) -> list[Fault]:
        """Return the faults that were not removed, including those that are used up."""
        with self._lock:
            return list(self._faults.values())

    def meet(self, operation: str) -> Fault | None:
        """Return the fault for a request, and count its use; None if there is none."""
        with self._lock:
            for fault in self._faults.values():
                if self._meets(fault, operation):
                    fault.used += 1
                    return fault
        return None

    def _meets(self, fault: Fault, operation: str) -> bool:
        return (
            fault.operation in (operation, ANY_OPERATION)
            and (fault.times is None or fault.used < fault.times)
            and (fault.probability == 1 or self._draw() < fault.probability)
        )


def check_listing_delay(seconds: object) -> None:
    """Refuse anything except a number of seconds of at least 0.

    :raises ValueError: if it is something else.
    """
    if not _is_number(seconds) or seconds < 0:
        raise ValueError(f"`listing_delay` must be seconds of at least 0, not {seconds!r}.")


class RateLimit:
    """A token bucket that fills up by the emulator's clock. A request takes a token, or is refused.

    :param rate: requests per second.
    :param burst: how many requests may come at once; None for the rate, but at least 1.
    :param retry_after: the value of `Retry-After`, in whole seconds; None to leave it out.
    :raises ValueError: if a setting has an invalid value.
    """

    def __init__(self, rate: float, burst: int | None = None, retry_after: int | None = None) -> None:
        if not _is_number(rate) or rate <= 0:
            raise ValueError(f"`rate` must be requests per second of more than 0, or None for no limit, not {rate!r}.")
        if burst is not None and not _is_count(burst, 1):
            raise ValueError(f"`burst` must be a whole number of at least 1, not {burst!r}.")
        if retry_after is not None and not _is_count(retry_after, 0):
            raise ValueError(f"`retry_after` must be whole seconds of at least 0, or None, not {retry_after!r}.")
        self.rate = rate
        self.burst = burst or max(1, int(rate))
        self.retry_after = retry_after
        self._tokens = float(self.burst)
        self._filled_at: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the three settings."""
        return {"rate": self.rate, "burst": self.burst, "retry_after": self.retry_after}

    def take(self, now: datetime) -> bool:
        """Take a token, and return whether there was one."""
        if self._filled_at is not None:
            passed = max(0.0, (now - self._filled_at).total_seconds())
            self._tokens = min(self.burst, self._tokens + passed * self.rate)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def refusal(self) -> RefusalError:
        """Return the refusal of a request that finds no token."""
        detail = "This request was rate limited. Please retry later."
        headers = {} if self.retry_after is None else {"retry-after": str(self.retry_after)}
        return RefusalError(429, ErrorCode.RATE_LIMITED, detail, headers=headers)
