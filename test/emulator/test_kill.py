from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import urllib3

from squareconnect.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import JsonObject, Wire

CREATES = 1000
ANSWERS_BEFORE_THE_KILL = 400


def test_a_kill_during_a_thousand_creates_loses_no_answered_one(
    tmp_path: Path, connect: Callable[[Emulator], Wire]
) -> None:
    command = [sys.executable, "-m", "squareconnect", "emulator", "--database", str(tmp_path / "square.db")]
    answered: list[JsonObject] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        pool = urllib3.PoolManager(
            maxsize=8, retries=False, timeout=10, headers={"Authorization": "Bearer emulator-access-token"}
        )

        def create(number: int) -> None:
            try:
                answer = pool.request("POST", f"{url}/v2/customers", json={"given_name": f"Customer {number}"})
            except urllib3.exceptions.HTTPError:
                return
            assert answer.status == 200
            answered.append(answer.json()["customer"])
            if len(answered) == ANSWERS_BEFORE_THE_KILL:
                process.kill()

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(create, range(CREATES)))
        pool.clear()

    assert ANSWERS_BEFORE_THE_KILL <= len(answered) < CREATES
    with Emulator(database=tmp_path / "square.db") as square:
        stored = {customer["id"]: customer for page in connect(square).pages() for customer in page}
    assert all(stored[customer["id"]] == customer for customer in answered)
    assert len(stored) <= len(answered) + 8  # A request that was in progress may be stored or not.
