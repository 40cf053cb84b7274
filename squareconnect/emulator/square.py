"""Square's API over HTTP: token, version, faults and rate limit around the seven calls."""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
import sqlite3
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from squareconnect.emulator.answers import database_unusable, failure, json_answer, refused
from squareconnect.emulator.api import Call, CustomersApi
from squareconnect.emulator.clock import written
from squareconnect.emulator.guard import token_of
from squareconnect.emulator.journal import Body
from squareconnect.emulator.operations import fixed_operation, operation_of
from squareconnect.emulator.refusals import RefusalError
from squareconnect.emulator.validation import read_json_object
from squareconnect.emulator.wire import NO_STATUS, Answer, current_task, real_seconds
from squareconnect.models.error_code import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from squareconnect.emulator.faults import Fault
    from squareconnect.emulator.guard import Guard
    from squareconnect.emulator.journal import Entry
    from squareconnect.emulator.state import State
    from squareconnect.emulator.wire import Request

BODY_LIMIT = 1024 * 1024
"""The maximum number of bytes in the body of a request to Square."""

SQUARE_VERSION = "2019-06-12"
"""The version used for a request without a `Square-Version` header."""

_log = logging.getLogger("squareconnect.emulator")

Json = dict[str, Any]


class _Route(NamedTuple):
    operation: str
    method: str
    path: re.Pattern[str]
    handler: Callable[[Call], Json]


class _Found(NamedTuple):
    route: _Route
    path: dict[str, str]
    """The parameters in the path, without percent-encoding."""


class SquareApi:
    """Square's API: every request is recorded, and is subject to the rate limit and the faults."""

    def __init__(self, state: State, access_token: str) -> None:
        self._state = state
        self._access_token = access_token.encode()
        api = CustomersApi(state)
        self._routes = [
            _route("list_customers", "GET", "/v2/customers", api.list_customers),
            _route("create_customer", "POST", "/v2/customers", api.create_customer),
            _route("retrieve_customer", "GET", "/v2/customers/{customer_id}", api.retrieve_customer),
            _route("update_customer", "PUT", "/v2/customers/{customer_id}", api.update_customer),
            _route("delete_customer", "DELETE", "/v2/customers/{customer_id}", api.delete_customer),
            _route("create_customer_card", "POST", "/v2/customers/{customer_id}/cards", api.create_customer_card),
            _route("create_customer_card", "POST", "/v2/customers//cards", api.create_card_for_nobody),
            _route(
                "delete_customer_card",
                "DELETE",
                "/v2/customers/{customer_id}/cards/{card_id}",
                api.delete_customer_card,
            ),
        ]

    async def answer(self, request: Request, guard: Guard) -> Answer:
        """Answer a request as Square does, unless a fault applies."""
        task, arrived = current_task(), real_seconds()
        found = self._find(request)
        entry = self._write_down(request, found)
        self._state.in_flight.add(task)
        try:
            answer = await self._guarded_answer(request, guard, found, entry)
        finally:
            self._state.in_flight.discard(task)
        self._complete(entry, answer, arrived)
        return answer

    async def answer_unseen(self, request: Request) -> Answer:
        """Answer a request of the page: without the journal, the rate limit, the faults and a token."""
        return await self._real_answer(request, self._find(request), trusted=True)

    async def _guarded_answer(self, request: Request, guard: Guard, found: _Found | None, entry: Entry) -> Answer:
        try:
            guard.check_square(request)
            self._check_rate()
        except RefusalError as refusal:
            return refused(refusal)
        fault = self._state.faults.meet(found.route.operation if found else "")
        if fault is None:
            return await self._real_answer(request, found)
        self._state.journal.complete(entry, fault=fault)
        return await self._answer_with(fault, request, found)

    async def _answer_with(self, fault: Fault, request: Request, found: _Found | None) -> Answer:
        if fault.when == "before":
            await asyncio.sleep(fault.delay)
        answer = await self._real_answer(request, found) if fault.carries_out else Answer(NO_STATUS)
        if fault.when == "after":
            await asyncio.sleep(fault.delay)
        if fault.replaces_answer:
            answer = fault.answer()
        answer.headers = {**answer.headers, **{name.lower(): text for name, text in (fault.headers or {}).items()}}
        answer.truncate, answer.drip, answer.reset = fault.truncate, fault.drip, fault.reset
        return answer

    def _complete(self, entry: Entry, answer: Answer, arrived: float) -> None:
        def complete() -> None:
            seconds = real_seconds() - arrived
            self._state.journal.complete(entry, seconds=round(seconds, 6))
            status = entry.status or "no answer"
            _log.info("%s %s -> %s in %.1f ms", entry.method, entry.path, status, seconds * 1000)

        if answer.status != NO_STATUS:
            self._state.journal.complete(entry, status=answer.status, _answer=Body(answer.body))
        if answer.drip:
            answer.on_sent = complete
        else:
            complete()

    async def _real_answer(self, request: Request, found: _Found | None, *, trusted: bool = False) -> Answer:
        version = None
        try:
            if request.method == "HEAD":
                raise self._unknown(request)
            if not trusted:
                self._check_token(request)
            version = _version(request)
            return json_answer(200, await self._carry_out(request, found, version), version)
        except RefusalError as refusal:
            return refused(refusal, version)
        except Exception:
            _log.exception("The emulator failed.")
            return refused(failure(), version)

    async def _carry_out(self, request: Request, found: _Found | None, version: str) -> Json:
        if found is None:
            raise self._unknown(request)
        if request.body is None:
            detail = f"The body must have at most {BODY_LIMIT} bytes."
            raise RefusalError(413, ErrorCode.REQUEST_ENTITY_TOO_LARGE, detail)
        body = read_json_object(request.body) if request.method in ("POST", "PUT") else {}
        call = Call(found.path, request.query, body, version)
        if request.method == "GET":
            result = found.route.handler(call)
            await self._state.commits.on_disk()
            return result
        try:
            async with self._state.commits.change():
                return found.route.handler(call)
        except sqlite3.OperationalError as error:
            raise database_unusable(error) from error

    def _find(self, request: Request) -> _Found | None:
        if fixed_operation(request.method, request.path):  # Square has fixed paths in the place of a customer's id.
            return None
        return next((found for found in self._fitting(request.path) if found.route.method == request.method), None)

    def _fitting(self, path: str) -> Iterator[_Found]:
        for route in self._routes:
            if match := route.path.fullmatch(path):
                yield _Found(route, {name: unquote(value) for name, value in match.groupdict().items()})

    def _unknown(self, request: Request) -> RefusalError:
        operation = operation_of(request.method, request.path)
        if operation is not None:
            detail = f"The emulator does not support {operation}."
            return RefusalError(501, ErrorCode.NOT_IMPLEMENTED, detail)
        allowed = sorted({found.route.method for found in self._fitting(request.path)})
        if allowed or request.method == "HEAD":
            detail = "The path does not support this method."
            return RefusalError(405, ErrorCode.METHOD_NOT_ALLOWED, detail, headers={"allow": ", ".join(allowed)})
        return RefusalError(404, ErrorCode.NOT_FOUND, "There is no such path in this API.")

    def _write_down(self, request: Request, found: _Found | None) -> Entry:
        return self._state.journal.add(
            operation=found.route.operation if found else None,
            method=request.method,
            path=request.path,
            query=request.query,
            headers=_without_token(request.headers),
            connection=request.connection,
            at=written(self._state.clock.now()),
            _body=Body(request.body or b""),
        )

    def _check_rate(self) -> None:
        limit = self._state.rate_limit
        if limit is not None and not limit.take(self._state.clock.now()):
            raise limit.refusal()

    def _check_token(self, request: Request) -> None:
        token = token_of(request)
        if not token:
            detail = "The `Authorization` header must have the form `Bearer ACCESS_TOKEN`."
            raise RefusalError(401, ErrorCode.UNAUTHORIZED, detail)
        if not hmac.compare_digest(token, self._access_token):
            raise RefusalError(401, ErrorCode.UNAUTHORIZED, "This request could not be authorized.")


def _route(operation: str, method: str, path: str, handler: Callable[[Call], Json]) -> _Route:
    # A path is matched before percent-encoding is undone: an id with an encoded slash stays one id.
    return _Route(operation, method, re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path)), handler)


def _without_token(headers: dict[str, str]) -> dict[str, str]:
    if "authorization" not in headers:
        return headers
    scheme, space, _ = headers["authorization"].partition(" ")
    return {**headers, "authorization": f"{scheme} ***" if space else "***"}


def _version(request: Request) -> str:
    version = request.headers.get("square-version", SQUARE_VERSION)
    if not _is_version(version):
        detail = "The `Square-Version` header must be a date of the form YYYY-MM-DD."
        raise RefusalError(400, ErrorCode.INVALID_SQUARE_VERSION_FORMAT, detail)
    return version


def _is_version(text: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
