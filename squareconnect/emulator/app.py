"""The Customers API as Square answers it: the routes, the seven handlers, and what all requests have in common."""

from __future__ import annotations

import hmac
import logging
import re
from base64 import b32encode
from contextlib import nullcontext
from datetime import date, datetime, timezone
from secrets import token_bytes
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Match, Route

from squareconnect.emulator.cards import CardRequest, nonce_missing, token_used
from squareconnect.emulator.commits import SharedCommits
from squareconnect.emulator.cursors import Listing, make_cursor, read_cursor
from squareconnect.emulator.refusals import RefusalError
from squareconnect.emulator.validation import IDENTIFYING_FIELDS, read_customer, read_json_object, read_text
from squareconnect.models.customer_creation_source import CustomerCreationSource
from squareconnect.models.customer_sort_field import CustomerSortField
from squareconnect.models.error_category import ErrorCategory
from squareconnect.models.error_code import ErrorCode
from squareconnect.models.sort_order import SortOrder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from squareconnect.emulator.store import Store

BODY_LIMIT = 1024 * 1024
"""The most bytes that a request's body may have."""

SQUARE_VERSION = "2019-06-12"
"""The version that answers a request without a `Square-Version` header."""

_PAGE_LIMIT = 100
_SAFE_ID = re.compile(r"(ccof:)?(?=[A-Z0-9]*[A-Z])[A-Z0-9]{1,32}")
_log = logging.getLogger("squareconnect.emulator")

Json = dict[str, Any]


def application(store: Store, access_token: str, now: Callable[[], datetime]) -> ASGIApp:
    """Make the ASGI application.

    :param store: where customers are kept.
    :param access_token: the token that is let in.
    :param now: gives the time, with a time zone.
    """
    api = _CustomersApi(store, now)
    gate = _Gate(store, access_token)
    starlette = Starlette(
        routes=[
            gate.route("GET", "/v2/customers", api.list_customers),
            gate.route("POST", "/v2/customers", api.create_customer),
            gate.route("GET", "/v2/customers/{customer_id}", api.retrieve_customer),
            gate.route("PUT", "/v2/customers/{customer_id}", api.update_customer),
            gate.route("DELETE", "/v2/customers/{customer_id}", api.delete_customer),
            gate.route("POST", "/v2/customers/{customer_id}/cards", api.create_customer_card),
            gate.route("POST", "/v2/customers//cards", api.create_card_for_nobody),
            gate.route("DELETE", "/v2/customers/{customer_id}/cards/{card_id}", api.delete_customer_card),
        ],
        exception_handlers={404: _on_unknown_path, 405: _on_wrong_method},
    )
    starlette.router.redirect_slashes = False

    async def with_raw_path(scope: Scope, receive: Receive, send: Send) -> None:
        # Routes are matched before percent-encoding is undone: an id with an encoded slash stays one id.
        await starlette({**scope, "path": scope["raw_path"].decode()}, receive, send)

    return with_raw_path


class _Call(NamedTuple):
    """A request that was let in."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Json


class _Gate:
    """What all requests go through: token, version, body, commit, answer."""

    def __init__(self, store: Store, access_token: str) -> None:
        self._access_token = access_token.encode()
        self._commits = SharedCommits(store)

    def route(self, method: str, path: str, handler: Callable[[_Call], Json]) -> Route:
        """Lead a method and path to a handler, whose changes are on disk before its result is answered."""

        async def endpoint(request: Request) -> JSONResponse:
            try:
                version = self._check_headers(request)
                body = read_json_object(await _body(request)) if method in ("POST", "PUT") else {}
                call = _Call(_path(request), request.query_params, body)
                with nullcontext() if method == "GET" else self._commits.change():
                    result = handler(call)
                await self._commits.on_disk()
            except RefusalError as refusal:
                return JSONResponse(refusal.body(), refusal.status)
            except Exception:
                _log.exception("The emulator failed.")
                return JSONResponse(_failure().body(), 500)
            return JSONResponse(result, headers={"Square-Version": version})

        return Route(path, endpoint, methods=[method])

    def _check_headers(self, request: Request) -> str:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise _unauthorized("The `Authorization` header must have the form `Bearer ACCESS_TOKEN`.")
        if not hmac.compare_digest(token.strip().encode("latin-1"), self._access_token):
            raise _unauthorized("This request could not be authorized.")
        version = request.headers.get("Square-Version", SQUARE_VERSION)
        if not _is_version(version):
            detail = "The `Square-Version` header must be a date of the form YYYY-MM-DD."
            raise RefusalError(400, ErrorCode.INVALID_SQUARE_VERSION_FORMAT, detail)
        return version


class _CustomersApi:
    """The seven calls. Each takes a call and gives the JSON that is answered, or raises RefusalError."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def list_customers(self, call: _Call) -> Json:
        listing = Listing(
            _choice(call.query, "sort_field", CustomerSortField.values, CustomerSortField.DEFAULT),
            _choice(call.query, "sort_order", SortOrder.values, SortOrder.ASC),
            _limit(call.query),
        )
        key, now, cursor = self._store.cursor_key, self._now(), call.query.get("cursor")
        page = self._store.page(listing, read_cursor(key, cursor, listing, now) if cursor else None)
        answer: Json = {}
        if page.customers:
            answer["customers"] = page.customers
        if page.end is not None:
            answer["cursor"] = make_cursor(key, listing, page.end, now)
        if call.query.get("count") == "true":
            answer["count"] = self._store.customer_count()
        return answer

    def create_customer(self, call: _Call) -> Json:
        given = _changed({}, read_customer(call.body))
        if not given.keys() & set(IDENTIFYING_FIELDS):
            names = ", ".join(f"`{name}`" for name in IDENTIFYING_FIELDS)
            raise RefusalError(400, ErrorCode.BAD_REQUEST, f"At least one of these must be given: {names}.")
        idempotency_key = read_text(call.body, "idempotency_key")
        if idempotency_key is not None:
            earlier = self._store.answered(idempotency_key)
            if earlier is not None:
                return {"customer": _same_answer(given, *earlier)}
        time = self._timestamp()
        customer = {
            "id": _new_id(),
            "created_at": time,
            "updated_at": time,
            **given,
            "preferences": {"email_unsubscribed": False},
            "creation_source": CustomerCreationSource.THIRD_PARTY,
        }
        self._store.add_customer(customer)
        if idempotency_key is not None:
            self._store.remember_answer(idempotency_key, given, customer)
        return {"customer": customer}

    def retrieve_customer(self, call: _Call) -> Json:
        return {"customer": self._customer(call)}

    def update_customer(self, call: _Call) -> Json:
        if not call.body:
            raise RefusalError(400, ErrorCode.BAD_REQUEST, "At least one field must be given.")
        fields = read_customer(call.body)
        return {"customer": self._replace(_changed(self._customer(call), fields))}

    def delete_customer(self, call: _Call) -> Json:
        if not self._store.remove_customer(call.path["customer_id"]):
            raise _not_found("Customer", call.path["customer_id"])
        return {}

    def create_customer_card(self, call: _Call) -> Json:
        request = CardRequest.read(call.body)
        customer = self._customer(call)
        cards: list[Json] = customer.get("cards", [])
        made_before = self._store.card_made_with(request.nonce, customer["id"])
        for card in cards:
            if card["id"] == made_before:
                return {"card": card}
        if not request.well_known and self._store.nonce_is_used(request.nonce):
            raise token_used()
        card = request.card(f"ccof:{_new_id()}", self._now().date())
        self._replace({**customer, "cards": [*cards, card]})
        self._store.remember_nonce(request.nonce, customer["id"], card["id"])
        return {"card": card}

    def create_card_for_nobody(self, call: _Call) -> Json:
        """Answer an empty customer id as Square does: by blaming the nonce."""
        raise nonce_missing()

    def delete_customer_card(self, call: _Call) -> Json:
        customer = self._customer(call)
        cards: list[Json] = customer.pop("cards", [])
        remaining = [card for card in cards if card["id"] != call.path["card_id"]]
        if len(remaining) == len(cards):
            raise _not_found("Card", call.path["card_id"])
        self._replace({**customer, "cards": remaining} if remaining else customer)
        return {}

    def _customer(self, call: _Call) -> Json:
        customer = self._store.customer(call.path["customer_id"])
        if customer is None:
            raise _not_found("Customer", call.path["customer_id"])
        return customer

    def _replace(self, customer: Json) -> Json:
        customer["updated_at"] = self._timestamp()
        self._store.replace_customer(customer)
        return customer

    def _timestamp(self) -> str:
        return self._now().astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _changed(customer: Json, fields: Json) -> Json:
    """Give a customer with fields set, and those that are None taken away. Of an address, just its given parts."""
    changed = {**customer, **fields}
    if changed.get("address") is not None:
        parts = {**customer.get("address", {}), **changed["address"]}
        changed["address"] = {part: text for part, text in parts.items() if text is not None} or None
    return {name: value for name, value in changed.items() if value is not None}


def _same_answer(given: Json, given_before: Json, answered_before: Json) -> Json:
    if given != given_before:
        detail = "The idempotency key can be used again with the same data only."
        raise RefusalError(400, ErrorCode.IDEMPOTENCY_KEY_REUSED, detail, "idempotency_key")
    return answered_before


def _new_id() -> str:
    """Give 26 upper-case letters and digits, at random: 130 bits, so that no two are the same."""
    return b32encode(token_bytes(20)).decode()[:26]


def _path(request: Request) -> dict[str, str]:
    return {name: unquote(value) for name, value in request.path_params.items()}


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            detail = f"The body must have at most {BODY_LIMIT} bytes."
            raise RefusalError(413, ErrorCode.REQUEST_ENTITY_TOO_LARGE, detail)
    return bytes(body)


def _is_version(text: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _choice(query: Mapping[str, str], name: str, choices: Sequence[str], default: str) -> str:
    value = query.get(name, default)
    if value not in choices:
        detail = f"`{name}` must be one of {', '.join(choices)}."
        raise RefusalError(400, ErrorCode.INVALID_ENUM_VALUE, detail, name)
    return value


def _limit(query: Mapping[str, str]) -> int:
    try:
        limit = int(query.get("limit", _PAGE_LIMIT))
    except ValueError:
        raise RefusalError(400, ErrorCode.EXPECTED_INTEGER, "`limit` must be an integer.", "limit") from None
    if limit < 1:
        raise RefusalError(400, ErrorCode.VALUE_TOO_LOW, "`limit` must be at least 1.", "limit")
    if limit > _PAGE_LIMIT:
        raise RefusalError(400, ErrorCode.VALUE_TOO_HIGH, f"`limit` must be at most {_PAGE_LIMIT}.", "limit")
    return limit


def _not_found(what: str, wanted_id: str) -> RefusalError:
    # An id is repeated only if it cannot be an e-mail address, a phone number or a token put there by mistake.
    named = f" with ID `{wanted_id}`" if _SAFE_ID.fullmatch(wanted_id) else ""
    return RefusalError(404, ErrorCode.NOT_FOUND, f"{what}{named} not found.")


def _unauthorized(detail: str) -> RefusalError:
    return RefusalError(401, ErrorCode.UNAUTHORIZED, detail, category=ErrorCategory.AUTHENTICATION_ERROR)


def _failure() -> RefusalError:
    detail = "The emulator failed. The logger squareconnect.emulator knows why."
    return RefusalError(500, ErrorCode.INTERNAL_SERVER_ERROR, detail, category=ErrorCategory.API_ERROR)


async def _on_unknown_path(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse(RefusalError(404, ErrorCode.NOT_FOUND, "There is no such path in this API.").body(), 404)


async def _on_wrong_method(request: Request, error: Exception) -> JSONResponse:
    # The framework's own Allow header knows only the first route of a path, and each method here has a route.
    routes = [route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE]
    headers = {"Allow": ", ".join(sorted({method for route in routes for method in route.methods}))}
    refused = RefusalError(405, ErrorCode.METHOD_NOT_ALLOWED, "The path does not know this method.")
    return JSONResponse(refused.body(), refused.status, headers)
