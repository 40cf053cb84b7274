"""The seven calls of the Customers API as Square answers them, without the HTTP around them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from squareconnect.emulator.cards import CardRequest, nonce_missing, token_used
from squareconnect.emulator.clock import written
from squareconnect.emulator.cursors import Listing, make_cursor, read_cursor
from squareconnect.emulator.refusals import RefusalError
from squareconnect.emulator.validation import (
    identifies,
    in_order,
    nobody,
    read_customer,
    read_text,
    read_version,
)
from squareconnect.models.customer_sort_field import CustomerSortField
from squareconnect.models.error_code import ErrorCode
from squareconnect.models.sort_order import SortOrder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from squareconnect.emulator.state import State
    from squareconnect.emulator.store import Store

Json = dict[str, Any]

VERSIONS_SINCE = "2021-04-21"
"""The first `Square-Version` in which customers have a `version`."""

PLAIN_BIRTHDAYS_SINCE = "2022-10-19"
"""The first `Square-Version` in which a birthday is a date without a time."""

_PAGE_LIMIT = 100
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_SAFE_ID = re.compile(r"(?=[A-Z0-9]*[A-Z])[A-Z0-9]{1,32}|(ccof:|gftc:)[A-Za-z0-9_-]{1,64}")


class Call(NamedTuple):
    """A request that was accepted."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Json
    square_version: str


class CustomersApi:
    """The seven calls. Each takes a call and returns the JSON of the answer, or raises RefusalError.

    :param state: the emulator's state.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    @property
    def _store(self) -> Store:
        return self._state.store

    def list_customers(self, call: Call) -> Json:
        """Return a page of customers."""
        listing = Listing(
            _choice(call.query, "sort_field", CustomerSortField.values, CustomerSortField.DEFAULT),
            _choice(call.query, "sort_order", SortOrder.values, SortOrder.ASC),
            _limit(call.query),
        )
        key, now, cursor = self._store.cursor_key, self._state.clock.now(), call.query.get("cursor")
        made_by = now.timestamp() - self._state.listing_delay
        page = self._store.page(listing, read_cursor(key, cursor, listing, now) if cursor else None, made_by)
        answer: Json = {}
        if page.customers:
            answer["customers"] = [_seen(customer, call) for customer in page.customers]
        if page.end is not None:
            answer["cursor"] = make_cursor(key, listing, page.end, now)
        if call.query.get("count") == "true":
            answer["count"] = self._store.listed_count(made_by)
        return answer

    def create_customer(self, call: Call) -> Json:
        """Store a new customer."""
        given = _changed({}, read_customer(call.body))
        if not identifies(given):
            raise nobody()
        idempotency_key = read_text(call.body, "idempotency_key")
        if idempotency_key is not None:
            earlier = self._store.answered(idempotency_key)
            if earlier is not None:
                return {"customer": _seen(_same_answer(given, *earlier), call)}
        customer = self._state.new_customer(given)
        self._store.add_customer(customer, self._state.clock.now().timestamp())
        if idempotency_key is not None:
            self._store.remember_answer(idempotency_key, given, customer)
        return {"customer": _seen(customer, call)}

    def retrieve_customer(self, call: Call) -> Json:
        """Return a customer. If the requested one was merged into another, return that one."""
        return {"customer": _seen(self._customer(self._store.merged_into(call.path["customer_id"])), call)}

    def update_customer(self, call: Call) -> Json:
        """Change a customer's fields."""
        if not call.body:
            raise RefusalError(400, ErrorCode.BAD_REQUEST, "At least one field must be set to update a customer.")
        fields = read_customer(call.body)
        customer = self._customer(self._store.merged_into(call.path["customer_id"]))
        if "version" in call.body:
            _check_version(customer, call, read_version(call.body["version"]))
        changed = _changed(customer, fields)
        changed["updated_at"] = written(self._state.clock.now(), "seconds")
        changed["version"] = customer.get("version", 0) + 1
        self._store.replace_customer(changed)
        return {"customer": _seen(changed, call)}

    def delete_customer(self, call: Call) -> Json:
        """Delete a customer."""
        customer = self._customer(call.path["customer_id"])
        if "version" in call.query:
            _check_version(customer, call, _integer(call.query["version"], "version"))
        self._store.remove_customer(customer["id"])
        return {}

    def create_customer_card(self, call: Call) -> Json:
        """Store a card on file. The customer's `updated_at` and `version` stay as they are."""
        request = CardRequest.read(call.body)
        customer = self._customer(call.path["customer_id"])
        cards: list[Json] = customer.get("cards", [])
        made_before = self._store.card_made_with(request.nonce, customer["id"])
        for card in cards:
            if card["id"] == made_before:
                return {"card": card}
        if not request.well_known and self._store.nonce_is_used(request.nonce):
            raise token_used()
        now = self._state.clock.now()
        card = request.card(self._state.chance, now.date())
        self._store.replace_customer(in_order({**customer, "cards": [*cards, card]}))
        self._store.remember_nonce(request.nonce, customer["id"], card["id"])
        return {"card": card}

    def create_card_for_nobody(self, call: Call) -> Json:
        """Refuse an empty customer id as Square does: with an error about the nonce."""
        raise nonce_missing()

    def delete_customer_card(self, call: Call) -> Json:
        """Remove a card on file."""
        customer = self._customer(call.path["customer_id"])
        cards: list[Json] = customer.pop("cards", [])
        remaining = [card for card in cards if card["id"] != call.path["card_id"]]
        if len(remaining) == len(cards):
            raise _not_found("Card", call.path["card_id"])
        self._store.replace_customer(in_order({**customer, "cards": remaining} if remaining else customer))
        return {}

    def _customer(self, customer_id: str) -> Json:
        customer = self._store.customer(customer_id)
        if customer is None:
            raise _not_found("Customer", customer_id)
        return customer


def _changed(customer: Json, fields: Json) -> Json:
    """Return a customer with fields set, and fields that are None removed. An address keeps its other parts."""
    changed = {**customer, **fields}
    if changed.get("address") is not None:
        parts = {**customer.get("address", {}), **changed["address"]}
        changed["address"] = {part: text for part, text in parts.items() if text is not None} or None
    return in_order({name: value for name, value in changed.items() if value is not None})


def _seen(customer: Json, call: Call) -> Json:
    """Return a customer as a version of the API shows it."""
    seen = dict(customer)
    if call.square_version < VERSIONS_SINCE:
        seen.pop("version", None)
    if call.square_version >= PLAIN_BIRTHDAYS_SINCE and "birthday" in seen:
        seen["birthday"] = seen["birthday"][: len("YYYY-MM-DD")]
    return seen


def _check_version(customer: Json, call: Call, version: int) -> None:
    if call.square_version >= VERSIONS_SINCE and version != customer.get("version", 0):
        detail = "The customer has changed: `version` is not the current one."
        raise RefusalError(409, ErrorCode.CONFLICT, detail)


def _same_answer(given: Json, given_before: Json, answered_before: Json) -> Json:
    if given != given_before:
        detail = "The idempotency key can only be retried with the same request data."
        raise RefusalError(400, ErrorCode.IDEMPOTENCY_KEY_REUSED, detail, "idempotency_key")
    return answered_before


def _choice(query: Mapping[str, str], name: str, choices: Sequence[str], default: str) -> str:
    value = query.get(name, default)
    if value not in choices:
        detail = f"`{name}` must be one of {', '.join(choices)}."
        raise RefusalError(400, ErrorCode.INVALID_ENUM_VALUE, detail, name)
    return value


def _limit(query: Mapping[str, str]) -> int:
    limit = _integer(query.get("limit", str(_PAGE_LIMIT)), "limit")
    if limit < 1:
        raise RefusalError(400, ErrorCode.VALUE_TOO_LOW, "`limit` must be at least 1.", "limit")
    if limit > _PAGE_LIMIT:
        raise RefusalError(400, ErrorCode.VALUE_TOO_HIGH, f"`limit` must be at most {_PAGE_LIMIT}.", "limit")
    return limit


def _integer(text: str, name: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise RefusalError(400, ErrorCode.EXPECTED_INTEGER, f"`{name}` must be an integer.", name)
    return int(text)


def _not_found(what: str, wanted_id: str) -> RefusalError:
    # An id is repeated only if it cannot be an e-mail address, a phone number or a token put there by mistake.
    named = f" with ID `{wanted_id}`" if _SAFE_ID.fullmatch(wanted_id) else ""
    return RefusalError(404, ErrorCode.NOT_FOUND, f"{what}{named} not found.")
