"""One client, driven from outside: read calls as lines of JSON, make each, and print its outcome as JSON.

The program runs in a peer's own environment, and therefore imports nothing but that peer.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import os
import random
import signal
import sys
import traceback
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

TOKEN = "EAAA-CANARY-TOKEN"
NAME = {"given_name": "Ada"}


class Squareconnect:
    """The client of this package, or of the original: both are called ``squareconnect`` and take the same calls."""

    def __init__(
        self, host: str, *, ours: bool, token: str = TOKEN, debug: bool = False, authority: str | None = None
    ) -> None:
        self.api = self.api_of(configuration_of(host, ours, token, debug, authority))

    def api_of(self, configuration: Any) -> Any:
        """Return the API with a client of these settings."""
        from squareconnect import ApiClient
        from squareconnect.apis.customers_api import CustomersApi

        return CustomersApi(ApiClient(configuration))

    def call(self, name: str, *ids: str) -> Any:
        """Make a call, and return the id in its answer."""
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


def configuration_of(host: str, ours: bool, token: str, debug: bool, authority: str | None) -> Any:
    """Return the settings of a client."""
    from squareconnect import Configuration

    configuration = Configuration()
    configuration.host, configuration.access_token, configuration.ssl_ca_cert = host, token, authority
    if ours:
        configuration.timeout, configuration.deadline, configuration.max_retry_wait = 1.0, 4.0, 1.0
    configuration.debug = debug
    return configuration


class OnAsyncio(Squareconnect):
    """The asyncio client of this package. Its ``api`` is itself; the methods run a call to its end."""

    def api_of(self, configuration: Any) -> Any:
        """Return this object, whose methods run the coroutines of the asynchronous API."""
        from squareconnect import (  # type: ignore[attr-defined,unused-ignore]
            AsyncApiClient,
            AsyncCustomersApi,
        )

        self.loop = asyncio.new_event_loop()
        self.asynchronous = AsyncCustomersApi(AsyncApiClient(configuration))
        return self

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: self.loop.run_until_complete(getattr(self.asynchronous, name)(*arguments))


class Squareup:
    """The client of squareup."""

    def __init__(self, host: str, *, token: str = TOKEN, debug: bool = False, authority: str | None = None) -> None:
        import httpx  # type: ignore[import-not-found,unused-ignore]  # pyright: ignore[reportMissingImports]
        from square import Square  # type: ignore[import-not-found]  # pyright: ignore[reportMissingImports]

        trusting = {"httpx_client": httpx.Client(verify=authority, timeout=1.0)} if authority else {}
        self.customers = Square(token=token, base_url=host, timeout=1.0, **trusting).customers
        if debug:
            logging.basicConfig(level=logging.DEBUG, stream=sys.stdout, force=True)

    def call(self, name: str, *ids: str) -> Any:
        """Make a call, and return the id in its answer."""
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
    if peer == "squareup":
        return Squareup(host, **options)
    return (OnAsyncio if peer == "ours-asyncio" else Squareconnect)(host, ours=peer != "original", **options)


def representation(value: object) -> str:
    """Return the text that an error tracker would send for a local variable."""
    try:
        return repr(value)
    except Exception:
        return ""


def calls_of(client: Any, name: str, ids: list[str]) -> Any:
    """Make one call, or two, and return the id in the last answer."""
    if not name.startswith("retrieve_"):
        return client.call(name, *ids)
    client.call("retrieve", "C1")
    signal.sigtimedwait([], 0.1)  # Bytes after the first answer have time to arrive.
    if name == "retrieve_twice":
        return "C1" if client.call("retrieve", "C2") == "C2" else "swapped"
    return client.call(name.removeprefix("retrieve_and_"), *(["C1"] if name.endswith("delete") else []))


def attempt(peer: str, host: str, options: dict[str, Any], name: str, ids: list[str]) -> dict[str, Any]:
    """Make a client and one call, and return how it ended."""
    try:
        return {"id": calls_of(client_of(peer, host, **options), name, ids)}
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
    """Call from 16 threads, or 16 tasks, at once. Return whether each got what it asked for."""
    wanted = [f"T{number % 16}" for number in range(160)]
    if isinstance(client, OnAsyncio):
        given = client.loop.run_until_complete(in_tasks(client.asynchronous, wanted))
    else:
        with ThreadPoolExecutor(16) as threads:
            given = list(threads.map(lambda name: client.call("retrieve", name), wanted))
    return {"id": "C1" if given == wanted else "swapped"}


async def in_tasks(api: Any, wanted: list[str]) -> list[str]:
    """Call from 16 tasks, and return the ids in the answers."""
    turns = asyncio.Semaphore(16)

    async def one(name: str) -> str:
        async with turns:
            customer: str = (await api.retrieve_customer(name)).customer.id
            return customer

    return await asyncio.gather(*map(one, wanted))


def after_fork(client: Any) -> dict[str, Any]:
    """Call, fork, and call in both processes. Return whether each call got what it asked for."""
    client.call("retrieve", "BEFORE")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        child = os.fork()
    name = "PARENT" if child else "CHILD"
    if not child and isinstance(client, OnAsyncio):
        client.loop = asyncio.new_event_loop()
    with contextlib.suppress(Exception):
        right = all(client.call("retrieve", f"{name}{number}") == f"{name}{number}" for number in range(20))
        if not child:
            os._exit(0 if right else 1)
        return {"id": "C1" if os.waitpid(child, 0)[1] == 0 and right else "swapped"}
    if not child:
        os._exit(1)
    os.waitpid(child, 0)
    return {"id": "swapped"}


class InterruptError(BaseException):
    """The exception that the signal handler raises."""


def interrupted(client: Any) -> dict[str, Any]:
    """Interrupt 200 calls in the way of each kind of program. Return whether all others got what they asked for."""
    client.call("retrieve", "W")
    if isinstance(client, OnAsyncio):
        right = client.loop.run_until_complete(cancelling(client.asynchronous))
    else:
        right = interrupting(client)
    return in_threads(client) if right else {"id": "swapped"}


async def cancelling(api: Any) -> bool:
    """Cancel tasks, as an event loop does on a signal. Return whether all other calls got their answers."""
    chance, cancelled, right = random.Random(1), 0, True
    while cancelled < 200:
        task = asyncio.ensure_future(api.retrieve_customer(f"I{cancelled}"))
        asyncio.get_running_loop().call_later(chance.uniform(0.000_05, 0.004), task.cancel)
        try:
            right = right and (await task).customer.id == f"I{cancelled}"
        except asyncio.CancelledError:
            cancelled += 1
    return right


def interrupting(client: Any) -> bool:
    """Let a signal handler raise. Return whether all other calls got their answers."""

    def interrupt(number: int, frame: object) -> None:
        raise InterruptError

    signal.signal(signal.SIGALRM, interrupt)
    sys.unraisablehook = lambda unraisable: None
    chance = random.Random(1)
    interrupts, right = 0, True
    while interrupts < 200:
        try:
            try:
                signal.setitimer(signal.ITIMER_REAL, chance.uniform(0.000_05, 0.004))
                got = client.call("retrieve", f"I{interrupts}")
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except (InterruptError, SystemError):  # CPython 3.11 turns an interrupt in a constructor into a SystemError.
            interrupts += 1
        else:
            right = right and got == f"I{interrupts}"
    return right


WORKS = {"threads": in_threads, "fork": after_fork, "interrupted": interrupted}


def main(peer: str) -> None:
    """Read commands from standard input until it ends, and carry them out."""
    answers = sys.stdout
    for line in sys.stdin:
        order = json.loads(line)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            if work := WORKS.get(order["call"]):
                try:
                    end = work(client_of(peer, order["host"], **order["options"]))
                except Exception as error:
                    end = {"error": type(error).__name__, "own": False, "refused": False}
            else:
                end = attempt(peer, order["host"], order["options"], order["call"], order["ids"])
        end["leak"] = order["hunt"] and (end.get("leak", False) or TOKEN in printed.getvalue())
        print(json.dumps(end), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
