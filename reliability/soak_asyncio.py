"""Cancel thousands of faulty calls on asyncio at any moment: each gets its own answer, and the pool loses no place.

``python -m reliability.soak_asyncio [SEED]`` makes them on each event loop, plain and over TLS, within a minute.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import trustme
import uvloop

from squareconnect import ApiException, AsyncApiClient, AsyncCustomersApi, Configuration
from test.servers import CUSTOMER, Request, Server, Wire, message

PLACES = 20
TASKS = 60
CALLS_A_TASK = 40
STRANGER = message(200, {"customer": {**CUSTOMER, "id": "STRANGER"}})


class Soak:
    """One run: a server that plays faults, and the calls.

    :param seed: the seed of the faults and cancellations.
    """

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.outcomes: Counter[str] = Counter()

    def answer(self, wire: Wire, request: Request) -> None:
        """Answer correctly, or play a fault."""
        whole = message(200, {"customer": {**CUSTOMER, "id": request.target.rpartition("/")[2]}})
        head, body = whole[:-20], whole[-20:]
        fault = self._chance.choice(["none"] * 6 + ["surplus", "later", "cut", "reset", "503", "close", "slow"])
        if fault == "reset":
            wire.reset()
            return
        if fault == "503":
            wire.send(message(503, {}))
            return
        wire.send(head)
        if fault in ("later", "slow"):
            wire.server.ended.wait(0.01)
        if fault != "cut":
            wire.send(body + (STRANGER if fault in ("surplus", "later") else b""))
        if fault in ("cut", "close"):
            wire.close()

    async def run(self, tls: ssl.SSLContext | None, authorities: str) -> None:
        """Make the calls, and check that no task and no place in the pool is lost."""
        with Server(otherwise=self.answer, tls=tls) as server:
            settings = Configuration(
                host=server.host,
                access_token="T0KEN",
                connection_pool_maxsize=PLACES,
                ssl_ca_cert=authorities,
                max_retry_wait=0.01,
            )
            async with AsyncApiClient(settings) as client:
                api = AsyncCustomersApi(client)
                await asyncio.gather(*(self._calls(api, task) for task in range(TASKS)))
                server.otherwise = lambda wire, request: wire.send(message(200, {"customer": CUSTOMER}))
                await asyncio.wait_for(asyncio.gather(*(api.retrieve_customer("C1") for _ in range(2 * PLACES))), 20)
            assert asyncio.all_tasks() == {asyncio.current_task()}

    async def _calls(self, api: AsyncCustomersApi, task: int) -> None:
        for number in range(CALLS_A_TASK):
            self.outcomes[await self._call(api, f"C{task}.{number}")] += 1

    async def _call(self, api: AsyncCustomersApi, customer_id: str) -> str:
        call = asyncio.ensure_future(api.retrieve_customer(customer_id))
        patience = self._chance.choice([0.002, 0.02, None, None, None])
        await asyncio.wait((call,), timeout=patience)
        if not call.done():
            call.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            try:
                customer: Any = (await call).customer
            except ApiException as error:
                return type(error).__name__
            assert customer.id == customer_id, f"{customer_id} was answered with {customer.id}"
            return "answered"
        return "cancelled"


def main(seed: int) -> None:
    """Run on each event loop, plain and over TLS."""
    authority = trustme.CA()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ca.pem"
        authority.cert_pem.write_to_path(path)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(tls)
        runs: list[Any] = [asyncio.run, uvloop.run]
        for run in runs:
            for context in (None, tls):
                soak = Soak(seed)
                run(soak.run(context, str(path)))
                print(run.__module__, "over TLS" if context else "plain", dict(soak.outcomes))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
