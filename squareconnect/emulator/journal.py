"""The journal: which requests arrived, and what became of them."""

from __future__ import annotations

import json
import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from squareconnect.emulator.faults import Fault


class Body:
    """The bytes of a body. Long bodies are compressed: ten thousand pages of a list would take 350 MB otherwise."""

    __slots__ = ("_is_packed", "_kept")

    def __init__(self, body: bytes = b"") -> None:
        self._is_packed = len(body) > _LONG_BODY
        self._kept = zlib.compress(body, 1) if self._is_packed else body

    def content(self, length: int | None = None) -> bytes:
        """Return the bytes, or only the first ones."""
        if self._is_packed:
            return zlib.decompressobj().decompress(self._kept, length or 0)
        return self._kept[:length]


@dataclass(eq=False)
class Entry:
    """A request to Square. It is added when the request arrives; the answer is added when it is known."""

    number: int
    """Its number, counted from 1 since the emulator was started or reset."""
    operation: str | None
    """The method of `CustomersApi` that makes such a request; None if there is none."""
    method: str
    path: str
    """The path as it was sent, with percent-encoding."""
    query: dict[str, str]
    headers: dict[str, str]
    """The headers by their names in lower case, without the token."""
    connection: int
    """The number of the connection: two requests with the same number came over the same one."""
    at: str
    """When it arrived by the emulator's clock, as RFC 3339."""
    status: int | None = None
    """The status of the answer; None before it is known, and if the request was neither carried out nor answered."""
    fault: Fault | None = None
    """The fault that the request met; None if there was none."""
    seconds: float | None = None
    """How long the answer took, in real time; None before it is known."""
    change: int = 0
    """Grows with each change to any entry: the entry that changed last has the highest number."""
    _body: Body = field(default_factory=Body, repr=False)
    _answer: Body = field(default_factory=Body, repr=False)

    @property
    def body(self) -> Any:
        """The request's body: JSON as Python objects, other text as it is, None if there was none."""
        return _parsed(self._body.content())

    @property
    def answer(self) -> Any:
        """The answer's body, in the same form.

        It is what the emulator answered. If a fault cut it off or reset the connection, the client did not see it all.
        """
        return _parsed(self._answer.content())

    def as_json(self, *, brief: bool = False) -> dict[str, Any]:
        """Return the entry as JSON.

        :param brief: whether to leave out `query`, `headers`, `body` and `answer`.
        """
        entry: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("number", "operation", "method", "path", "query", "headers", "body", "status", "answer")
            if not (brief and name in _LONG)
        }
        fault = None if self.fault is None else self.fault.as_json()
        return entry | {
            "fault": fault,
            "connection": self.connection,
            "at": self.at,
            "seconds": self.seconds,
            "change": self.change,
        }

    def excerpt(self, length: int) -> dict[str, Any]:
        """Return what a list shows of an entry in addition to its brief form: `query`, `code` and `text`.

        `code` is the error code of the answer, None if there was no error. `text` is the beginning of the request's
        body and of the answer.

        :param length: the maximum number of bytes of each in `text`.
        """
        text = b"\n".join((self._body.content(length), self._answer.content(length))).decode(errors="replace")
        return {"query": self.query, "code": self._code(), "text": text}

    def _code(self) -> str | None:
        try:
            code = self.answer["errors"][0]["code"] if (self.status or 0) >= 400 else None
        except (KeyError, TypeError, IndexError):  # A fault can answer with anything.
            return None
        return code if isinstance(code, str) else None


_LONG = ("query", "headers", "body", "answer")
_LONG_BODY = 1024


def _parsed(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode(errors="replace")


class Journal(Sequence[Entry]):
    """The newest requests, oldest first. Threads may share it.

    :param size: how many requests are kept.
    :raises ValueError: if that is less than 1.
    """

    def __init__(self, size: int = 10_000) -> None:
        if size < 1:
            raise ValueError(f"`journal` must be a number of requests of at least 1, not {size!r}.")
        self._size = size
        self._lock = threading.Lock()
        self._entries: dict[int, Entry] = {}
        self._by_change: dict[int, Entry] = {}
        self._count = 0
        self._changes = 0
        self._cleared = 0

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        return self._all()[index]

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._all())

    def __repr__(self) -> str:
        return f"<Journal of {len(self)} requests>"

    def of(self, operation: str) -> list[Entry]:
        """Return the requests of an operation, such as `create_customer`, oldest first."""
        return [entry for entry in self._all() if entry.operation == operation]

    def clear(self) -> None:
        """Delete all requests. The numbering continues."""
        with self._lock:
            self._entries.clear()
            self._by_change.clear()
            self._changes += 1
            self._cleared = self._changes

    def restart(self) -> None:
        """Delete all requests. The next one is number 1."""
        self.clear()
        self._count = 0

    @property
    def cleared(self) -> int:
        """The number of the change that last cleared the journal; 0 if none has."""
        return self._cleared

    @property
    def changes(self) -> int:
        """How many changes there have been: requests that arrived, answers that were added, and clearings."""
        return self._changes

    def get(self, number: int) -> Entry | None:
        """Return the request with a number, or None if it is not kept."""
        return self._entries.get(number)

    def changed_since(self, change: int, limit: int) -> list[Entry]:
        """Return the entries changed since a change, in the order of their last changes.

        :param limit: the maximum number of entries: those that changed first.
        """
        with self._lock:
            changed = []
            for number, entry in reversed(self._by_change.items()):
                if number <= change:
                    break
                changed.append(entry)
        return changed[: -limit - 1 : -1]

    def add(self, **known: Any) -> Entry:
        """Add a request that has arrived."""
        with self._lock:
            self._count += 1
            entry = self._entries[self._count] = Entry(self._count, **known)
            self._mark(entry)
            if len(self._entries) > self._size:
                oldest = self._entries.pop(next(iter(self._entries)))
                del self._by_change[oldest.change]
        return entry

    def complete(self, entry: Entry, **known: Any) -> None:
        """Add the facts that have become known to an entry."""
        with self._lock:
            for name, value in known.items():
                setattr(entry, name, value)
            if self._entries.get(entry.number) is entry:
                del self._by_change[entry.change]
                self._mark(entry)

    def _mark(self, entry: Entry) -> None:
        self._changes += 1
        entry.change = self._changes
        self._by_change[entry.change] = entry

    def _all(self) -> list[Entry]:
        with self._lock:
            return list(self._entries.values())
