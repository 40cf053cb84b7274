"""Import on a cluster of four processes while they are killed, and print the figures.

::

    python -m test.dask.proof [ROWS [RATE]]           one account, whose import's client is killed as well
    python -m test.dask.proof accounts [ROWS [RATE]]  two accounts; one answers many requests with 429
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import dask.config
from distributed import Client, LocalCluster

from benchmarks.bulk_server import Faults, Square, running
from squareconnect import Configuration
from squareconnect.dask import import_customers

if TYPE_CHECKING:
    from collections.abc import Iterator

FAULTS = Faults(busy_after=0.05, reset_before=0.03, reset_after=0.05, cut=0.05)
FILES = 16
WORKERS = 4


class Watched(Square):
    """A Square that records when each request arrived."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.times: list[float] = []

    def may_pass(self, now: float) -> bool:
        self.times.append(time.monotonic())
        return super().may_pass(now)


class Figures(NamedTuple):
    """The figures of a proof."""

    rows: int
    missing: int
    doubled: int
    report: dict[str, Any]
    requests: int
    kills: int
    seconds: float
    windows: dict[int, tuple[float, float]]
    """The lowest and the highest rate over this many seconds, from the first tenth of the run to the last."""
    longest_stall: float
    memory: list[float]
    """The highest memory of any worker, in MiB, in each quarter of the run."""


def prove(rows: int, rate: float, *, kill_every: float, restart_after: float, files: int = FILES) -> Figures:
    """Import rows while a worker is killed every few seconds, and the client once."""
    with ExitStack() as kept:
        folder = Path(kept.enter_context(tempfile.TemporaryDirectory()))
        _write(folder / "in", rows, files)
        square = Watched(faults=FAULTS)
        kept.enter_context(running(square))
        address = kept.enter_context(_process("cluster"))[1]
        killer = _Killer(address, kill_every)
        start = time.monotonic()
        order = json.dumps([address, {"": square.host}, str(folder), rate])
        with _process("import", order) as (first, _):
            time.sleep(restart_after)
            first.kill()
        with _process("import", order) as (second, answer):
            report = json.loads(answer or second.stdout.readline())
        seconds = time.monotonic() - start
        killer.end()
        counted = Counter(one["reference_id"] for one in square.customers.values())
        return Figures(
            rows,
            rows - len(counted),
            sum(counted.values()) - len(counted),
            report,
            square.requests,
            killer.kills,
            round(seconds, 1),
            {width: _extremes(square.times, width) for width in (5, 10)},
            round(_longest_stall(square.times), 2),
            killer.quarters(),
        )


class AccountFigures(NamedTuple):
    """The figures of one of two accounts."""

    rows: int
    missing: int
    doubled: int
    foreign: int
    """Rows of the other account that were created here."""
    requests: int
    limited: int
    """Requests that were answered with 429."""
    seconds: float
    """The seconds from the first request to the last."""


def prove_accounts(
    rows: int, rate: float, *, kill_every: float = math.inf, files: int = 8
) -> dict[str, AccountFigures]:
    """Import this many rows for each of two accounts while workers are killed.

    The first account's server accepts all requests. The second account's server accepts half of the rate, and answers
    429 above it.
    """
    with ExitStack() as kept:
        folder = Path(kept.enter_context(tempfile.TemporaryDirectory()))
        _write(folder / "in", 2 * rows, files, ("free", "limited"))
        squares = {"free": Watched(), "limited": Watched(rate=rate / 2, burst=rate / 20)}
        hosts = {name: kept.enter_context(running(square)).host for name, square in squares.items()}
        address = kept.enter_context(_process("cluster"))[1]
        killer = _Killer(address, kill_every)
        with _process("import", json.dumps([address, hosts, str(folder), rate])) as (process, _):
            process.stdout.readline()
        killer.end()
        return {name: _figures_of(name, square, rows) for name, square in squares.items()}


def _figures_of(name: str, square: Watched, rows: int) -> AccountFigures:
    counted = Counter(one["reference_id"] for one in square.customers.values())
    own = [reference for reference in counted if reference.startswith(name)]
    return AccountFigures(
        rows,
        rows - len(own),
        sum(counted.values()) - len(counted),
        len(counted) - len(own),
        square.requests,
        square.limited,
        round(square.times[-1] - square.times[0], 1),
    )


def _write(folder: Path, rows: int, files: int, accounts: tuple[str, ...] = ("",)) -> None:
    folder.mkdir()
    for file in range(files):
        names = [accounts[row % len(accounts)] for row in range(rows // files)]
        lines = [f"Ada,{name}{file}-{row},{name}" for row, name in enumerate(names)]
        (folder / f"{file:02}.csv").write_text("\n".join(["given_name,reference_id,account", *lines]) + "\n")


def _between(times: list[float]) -> list[float]:
    tenth = (times[-1] - times[0]) / 10
    return [at for at in times if times[0] + tenth <= at <= times[-1] - tenth]


def _extremes(times: list[float], width: int) -> tuple[float, float]:
    inner = _between(times)
    starts = [inner[0] + step * 0.5 for step in range(int((inner[-1] - inner[0] - width) / 0.5))]
    rates = [sum(start <= at < start + width for at in inner) / width for start in starts]
    return (round(min(rates), 1), round(max(rates), 1)) if rates else (0.0, 0.0)


def _longest_stall(times: list[float]) -> float:
    inner = _between(times)
    return max(after - before for before, after in pairwise(inner))


class _Killer:
    """Kills a worker every few seconds, and measures the memory of all workers."""

    def __init__(self, address: str, every: float) -> None:
        self.kills = 0
        self._address = address
        self._every = every
        self._over = threading.Event()
        self._memory: list[float] = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        self._thread.join()

    def quarters(self) -> list[float]:
        size = max(1, len(self._memory) // 4)
        return [round(max(self._memory[at : at + size])) for at in range(0, size * 4, size) if self._memory[at:]]

    def _run(self) -> None:
        client: Any = Client(self._address, set_as_default=False)
        with client:
            due = time.monotonic() + self._every
            pids: list[int] = []
            while not self._over.wait(0.5):
                workers = client.scheduler_info(n_workers=-1)["workers"].values()
                self._memory += [max((one["metrics"].get("memory", 0) for one in workers), default=0) / 2**20]
                if time.monotonic() >= due:
                    due += self._every
                    with suppress(Exception):  # The worker may have died before it reported its number.
                        there = client.run(os.getpid, on_error="ignore").values()
                        pids = [pid for pid in pids if pid in there] + [pid for pid in there if pid not in pids]
                        os.kill(pids.pop(0), signal.SIGKILL)  # The oldest.
                        self.kills += 1


@contextmanager
def _process(*words: str) -> Iterator[tuple[Any, str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "test.dask.proof", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().strip() if words[0] == "cluster" else ""
    finally:
        process.communicate()


def _cluster() -> None:
    dask.config.set({"distributed.deploy.lost-worker-timeout": "6s"})
    cluster: Any = LocalCluster(
        n_workers=WORKERS, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=50, host="127.0.0.1"
    )
    with cluster:
        print(cluster.scheduler_address, flush=True)
        over = threading.Event()

        def wait_for_end() -> None:
            sys.stdin.read()
            over.set()

        threading.Thread(target=wait_for_end).start()
        while not over.wait(1.0):
            cluster.scale(WORKERS)  # Dask's nannies give up on a worker that is killed while it starts.


def _import(address: str, hosts: dict[str, str], folder: str, rate: float) -> None:
    accounts = {name: Configuration(host=host, access_token=f"token-{name}") for name, host in hosts.items()}
    configuration = accounts.get("", accounts)
    with Client(address):
        report = import_customers(f"{folder}/in/*.csv", configuration, journal=f"{folder}/journals", rate=rate)
    print(json.dumps(report._asdict()), flush=True)


def main(words: list[str]) -> None:
    if words[:1] == ["cluster"]:
        _cluster()
    elif words[:1] == ["import"]:
        _import(*json.loads(words[1]))
    elif words[:1] == ["accounts"]:
        rows, rate = (int(words[1]) if words[1:] else 1000), (float(words[2]) if words[2:] else 50.0)
        accounts = prove_accounts(rows, rate, kill_every=5.0)
        print(json.dumps({name: figures._asdict() for name, figures in accounts.items()}, indent=2))
    else:
        rows, rate = (int(words[0]) if words else 20_000), (float(words[1]) if words[1:] else 200.0)
        figures = prove(rows, rate, kill_every=5.0, restart_after=rows / rate / 3)
        print(json.dumps(figures._asdict(), indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
