"""One client, driven from outside: reads calls as lines of JSON, makes each, and prints what came of it as JSON.

It runs in a peer's own environment, and so imports nothing but that peer.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import sys
import traceback
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

TOKEN = "EAAA-CANARY-TOKEN"
NAME = {"given_name": "Ada"}


class Squareconnect:
    """The client of this package, or of the original: both are called ``squareconnect`` and take the same calls."""

    def __init__(self, host: str, *, ours: bool, token: str = TOKEN, debug: bool = False) -> None:
        from squareconnect import ApiClient, Configuration
        from squareconnect.apis.customers_api import CustomersApi

        configuration = Configuration()
        configuration.host, configuration.access_token = host, token
        if ours:
            configuration.timeout, configuration.deadline, configuration.max_retry_wait = 1.0, 4.0, 1.0
        configuration.debug = debug
        self.api: Any = CustomersApi(ApiClient(configuration))

    def call(self, name: str, *ids: str) -> Any:
        """Make a call, and give the id in its answer."""
        if name == "create":
            return self.api.create_customer(NAME).customer.id
        if name == "create_keyed":
            return self.api.create_customer({**NAME, "idempotency_key": "K1"}).customer.id
        if name == "create_card":
            return self.api.create_customer_card("C1", {"card_nonce": "N1"}).card.id
        if name == "retrieve":
            return self.api.retrieve_customer(*ids).customer.id
        if name == "update":
            return self.api.update_customer("C1", NAME).customer.id
        if name == "delete":
            return self.api.delete_customer(*ids).errors
        return self.api.delete_customer_card(*ids).errors


class Squareup:
    """The client of squareup."""

    def __init__(self, host: str, *, token: str = TOKEN, debug: bool = False) -> None:
        from square import Square  # type: ignore[import-not-found]  # pyright: ignore[reportMissingImports]

        self.customers = Square(token=token, base_url=host, timeout=1.0).customers
        if debug:
            logging.basicConfig(level=logging.DEBUG, stream=sys.stdout, force=True)

    def call(self, name: str, *ids: str) -> Any:
        """Make a call, and give the id in its answer."""
        if name == "create":
            return self.customers.create(**NAME).customer.id
        if name == "create_keyed":
            return self.customers.create(**NAME, idempotency_key="K1").customer.id
        if name == "create_card":
            return self.customers.cards.create("C1", card_nonce="N1").card.id
        if name == "retrieve":
            return self.customers.get(*ids).customer.id
        if name == "update":
            return self.customers.update("C1", **NAME).customer.id
        if name == "delete":
            return self.customers.delete(*ids).errors
        return self.customers.cards.delete(*ids).errors


def client_of(peer: str, host: str, **options: Any) -> Any:
    """Make a peer's client."""
    return Squareup(host, **options) if peer == "squareup" else Squareconnect(host, ours=peer == "ours", **options)


def representation(value: object) -> str:
    """Give what a tracker of errors would send home of a local variable."""
    try:
        return repr(value)
    except Exception:
        return ""


def attempt(peer: str, host: str, options: dict[str, Any], name: str, ids: list[str]) -> dict[str, Any]:
    """Make a client and one call, and say how it ended."""
    try:
        return {"id": client_of(peer, host, **options).call(name, *ids)}
    except Exception as error:
        if isinstance(error, AttributeError) and "NoneType" in str(error):
            return {"empty": True}
        frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename != __file__]
        shown = [representation(value) for frame in frames for value in frame.f_locals.values()]
        return {
            "error": type(error).__name__,
            "own": type(error).__module__.split(".")[0] in ("squareconnect", "square"),
            "refused": type(error) in (ValueError, TypeError),
            "unknown": bool(getattr(error, "outcome_unknown", False)),
            "leak": TOKEN in "".join(shown) + str(error),
        }


def in_threads(client: Any) -> dict[str, Any]:
    """Call from 16 threads at once; whether each got what it asked for."""
    with ThreadPoolExecutor(16) as threads:
        given = list(threads.map(lambda number: client.call("retrieve", f"T{number % 16}"), range(160)))
    return {"id": "C1" if given == [f"T{number % 16}" for number in range(160)] else "swapped"}


def after_fork(client: Any) -> dict[str, Any]:
    """Call, fork, and call in both processes; whether each got what it asked for."""
    client.call("retrieve", "BEFORE")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        child = os.fork()
    name = "PARENT" if child else "CHILD"
    with contextlib.suppress(Exception):
        right = all(client.call("retrieve", f"{name}{number}") == f"{name}{number}" for number in range(20))
        if not child:
            os._exit(0 if right else 1)
        return {"id": "C1" if os.waitpid(child, 0)[1] == 0 and right else "swapped"}
    if not child:
        os._exit(1)
    os.waitpid(child, 0)
    return {"id": "swapped"}


def main(peer: str) -> None:
    """Do what standard input says until it ends."""
    answers = sys.stdout
    for line in sys.stdin:
        order = json.loads(line)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            work = {"threads": in_threads, "fork": after_fork}.get(order["call"])
            if work:
                end = work(client_of(peer, order["host"]))
            else:
                end = attempt(peer, order["host"], order["options"], order["call"], order["ids"])
        end["leak"] = order["hunt"] and (end.get("leak", False) or TOKEN in printed.getvalue())
        print(json.dumps(end), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
