"""The control interface: everything that the Python interface can do, over HTTP, under ``/_emulator/``."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from typing import TYPE_CHECKING, Any, NamedTuple

from squareconnect import __version__
from squareconnect.emulator.answers import database_unusable, json_answer, json_body
from squareconnect.emulator.copies import as_curl, as_python
from squareconnect.emulator.refusals import RefusalError
from squareconnect.emulator.validation import as_object, read_json
from squareconnect.emulator.wire import Answer
from squareconnect.models.error_code import ErrorCode

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator

    from squareconnect.emulator.state import State
    from squareconnect.emulator.wire import Request

PREFIX = "/_emulator"

_EVENT_SECONDS = 0.1
_EVENT_ENTRIES = 500
_QUIET_SECONDS = 15
_CUSTOMERS_LIMIT = 1000
_ENTRIES_AT_ONCE = 100

Json = dict[str, Any]


class _Ask(NamedTuple):
    """A request to the control interface."""

    number: int
    """The number in its path; 0 if there is none."""
    query: dict[str, str]
    body: Json


class _Route(NamedTuple):
    method: str
    path: str
    handler: Callable[[_Ask], Awaitable[Any]]


class Control:
    """Answers requests to the control interface.

    :param state: the emulator's state.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._routes = [
            _Route("GET", "health", self._health),
            _Route("POST", "reset", self._reset),
            _Route("POST", "seed", self._seed),
            _Route("GET", "faults", self._faults),
            _Route("POST", "faults", self._fail),
            _Route("DELETE", "faults", self._remove_faults),
            _Route("DELETE", "faults/{number}", self._remove_fault),
            _Route("GET", "clock", self._clock),
            _Route("POST", "clock", self._set_clock),
            _Route("POST", "rate-limit", self._rate_limit),
            _Route("POST", "listing-delay", self._listing_delay),
            _Route("POST", "merge", self._merge),
            _Route("GET", "requests", self._requests),
            _Route("GET", "requests/{number}", self._request),
            _Route("DELETE", "requests", self._clear_requests),
            _Route("GET", "snapshot", self._snapshot),
            _Route("PUT", "snapshot", self._restore),
            _Route("GET", "customers", self._customers),
            _Route("GET", "openapi.json", self._openapi),
        ]

    async def answer(self, request: Request) -> Answer:
        """Answer a request.

        :raises RefusalError: if the request cannot be carried out.
        """
        name = request.path.removeprefix(f"{PREFIX}/")
        if (request.method, name) == ("GET", "events"):
            return self._events(request)
        path, number = re.sub(r"/[0-9]{1,15}$", "/{number}", name), name.rpartition("/")[2]
        fitting = [route for route in self._routes if route.path == path]
        if not fitting:
            raise RefusalError(404, ErrorCode.NOT_FOUND, "The emulator's control interface does not have this path.")
        for route in fitting:
            if route.method == request.method:
                ask = _Ask(int(number) if path != name else 0, request.query, _body(request))
                return await self._carry_out(route, ask)
        methods = ", ".join(route.method for route in fitting)
        raise RefusalError(405, ErrorCode.METHOD_NOT_ALLOWED, f"This path of the control interface supports {methods}.")

    async def _carry_out(self, route: _Route, ask: _Ask) -> Answer:
        try:
            result = await route.handler(ask)
            return result if isinstance(result, Answer) else json_answer(200, result)
        except sqlite3.OperationalError as error:
            raise database_unusable(error) from error
        except (TypeError, ValueError, OSError) as error:
            raise RefusalError(400, ErrorCode.BAD_REQUEST, str(error)) from error

    async def _health(self, ask: _Ask) -> Json:
        return {"status": "ok", "version": __version__, **self._state.summary()}

    async def _reset(self, ask: _Ask) -> Json:
        await self._state.reset(**_only(ask.body, "seed", "clock"))
        return {}

    async def _seed(self, ask: _Ask) -> Json:
        customers = _only(ask.body, "customers").get("customers")
        if not isinstance(customers, int | list):
            raise ValueError("`customers` must be a number of customers, or a list of them.")
        return {"ids": await self._state.seed(customers)}

    async def _faults(self, ask: _Ask) -> Json:
        return {"faults": [fault.as_json() for fault in self._state.faults.all()]}

    async def _fail(self, ask: _Ask) -> Json:
        return self._state.faults.add(**{"operation": None, **ask.body}).as_json()

    async def _remove_faults(self, ask: _Ask) -> Json:
        self._state.faults.clear()
        return {}

    async def _remove_fault(self, ask: _Ask) -> Json:
        if not self._state.faults.remove(ask.number):
            raise RefusalError(404, ErrorCode.NOT_FOUND, f"There is no fault {ask.number}.")
        return {}

    async def _clock(self, ask: _Ask) -> Json:
        return self._state.clock.as_json()

    async def _set_clock(self, ask: _Ask) -> Json:
        change = _only(ask.body, "advance", "set")
        if len(change) != 1:
            raise ValueError("Either `advance` or `set` must be given.")
        if "set" in change:
            self._state.clock.set(change["set"])
        else:
            self._state.clock.advance(change["advance"])
        return self._state.clock.as_json()

    async def _rate_limit(self, ask: _Ask) -> Json:
        self._state.set_rate_limit(**{"rate": None, **_only(ask.body, "rate", "burst", "retry_after")})
        return {"rate_limit": self._state.rate_limit and self._state.rate_limit.as_json()}

    async def _listing_delay(self, ask: _Ask) -> Json:
        self._state.set_listing_delay(_only(ask.body, "seconds").get("seconds"))
        return {"listing_delay": self._state.listing_delay}

    async def _merge(self, ask: _Ask) -> Json:
        ids = _only(ask.body, "old_id", "new_id")
        await self._state.merge(ids.get("old_id"), ids.get("new_id"))
        return {}

    async def _requests(self, ask: _Ask) -> Json | Answer:
        journal, query = self._state.journal, ask.query
        entries = journal.changed_since(_number(query, "since"), _number(query, "limit", 10**9))
        if "since" not in query:
            entries.sort(key=lambda entry: entry.number)
        wanted = [entry for entry in entries if query.get("operation") in (None, entry.operation)]
        brief, length = query.get("brief") == "true", _number(query, "excerpt")
        requests = (entry.as_json(brief=brief) | (entry.excerpt(length) if length else {}) for entry in wanted)
        rest = {"cleared": journal.cleared, "changes": journal.changes}
        if brief or len(wanted) <= _ENTRIES_AT_ONCE:
            return {"requests": list(requests), **rest}
        return Answer(200, headers={"content-type": "application/json"}, stream=_streamed(requests, rest))

    async def _request(self, ask: _Ask) -> Json:
        entry = self._state.journal.get(ask.number)
        if entry is None:
            raise RefusalError(404, ErrorCode.NOT_FOUND, f"The journal has no request {ask.number}.")
        url = ask.query.get("url")
        return entry.as_json() | ({"curl": as_curl(entry, url), "python": as_python(entry, url)} if url else {})

    async def _clear_requests(self, ask: _Ask) -> Json:
        self._state.journal.clear()
        return {}

    async def _snapshot(self, ask: _Ask) -> Json:
        await self._state.commits.on_disk()
        return self._state.snapshot()

    async def _restore(self, ask: _Ask) -> Json:
        await self._state.restore(ask.body)
        return {}

    async def _customers(self, ask: _Ask) -> Json:
        limit = min(_number(ask.query, "limit", 50), _CUSTOMERS_LIMIT)
        customers, total = self._state.store.found(ask.query.get("search", ""), _number(ask.query, "offset"), limit)
        return {"customers": customers, "total": total}

    async def _openapi(self, ask: _Ask) -> Json:
        from squareconnect.emulator.openapi import description

        return description()

    def _events(self, request: Request) -> Answer:
        since = request.headers.get("last-event-id") or request.query.get("since") or str(self._state.journal.changes)
        headers = {"content-type": "text/event-stream", "cache-control": "no-store"}
        return Answer(200, headers=headers, stream=self._all_events(_number({"since": since}, "since")))

    async def _all_events(self, since: int) -> AsyncGenerator[bytes]:
        journal, quiet = self._state.journal, 0.0
        if since > journal.changes:  # The number is from another emulator that served here before.
            since = 0
        told, cleared = None, min(since, journal.cleared)
        while True:
            pieces = []
            if journal.cleared != cleared:
                cleared = journal.cleared
                pieces.append(_event("cleared", {"cleared": cleared}, cleared))
            if entries := journal.changed_since(since, _EVENT_ENTRIES):
                since = entries[-1].change
                pieces.append(_event("requests", {"requests": [e.as_json(brief=True) for e in entries]}, since))
            summary, clock = self._state.summary(), self._state.clock
            # A running clock is not a change.
            if (news := summary | {"clock": summary["clock"] if clock.standing else clock.ahead}) != told:
                told = news
                pieces.append(_event("state", summary))
            if not pieces and quiet >= _QUIET_SECONDS:
                pieces.append(b":\n\n")
            quiet = 0.0 if pieces else quiet + _EVENT_SECONDS
            yield b"".join(pieces)
            if len(entries) < _EVENT_ENTRIES:
                await asyncio.sleep(_EVENT_SECONDS)


def _event(name: str, data: Json, change: int | None = None) -> bytes:
    number = "" if change is None else f"id: {change}\n"
    return f"event: {name}\n{number}data: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


async def _streamed(requests: Iterator[Json], rest: Json) -> AsyncGenerator[bytes]:
    """Yield the JSON of many requests one by one, so that others are answered meanwhile: it can take up 350 MB."""
    before = b'{"requests":['
    for request in requests:
        yield before + json_body(request)
        before = b","
        await asyncio.sleep(0)
    yield b"]," + json_body(rest).removeprefix(b"{")


def _body(request: Request) -> Json:
    if request.method not in ("POST", "PUT") or request.body == b"":
        return {}
    if request.body is None:
        raise RefusalError(413, ErrorCode.REQUEST_ENTITY_TOO_LARGE, "The body is too long.")
    value = read_json(request.body)
    return as_object({"customers": value} if isinstance(value, list) else value)  # A list stands for its customers.


def _only(body: Json, *names: str) -> Json:
    if unknown := body.keys() - set(names):
        raise ValueError(f"`{min(unknown)}` is not known here, only {', '.join(f'`{name}`' for name in names)}.")
    return body


def _number(query: dict[str, str], name: str, default: int = 0) -> int:
    text = query.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise RefusalError(400, ErrorCode.EXPECTED_INTEGER, f"`{name}` must be a whole number of at least 0.", name)
    return int(text)
