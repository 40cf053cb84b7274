"""Prove the figures that bulk work promises: ``python -m benchmarks.bulk PROOF...`` runs some proofs, by default all.

- ``throughput``: 16,000 rows as fast as 16 plain threads, at 20 ms per answer.
- ``limit``: a server that allows 50 requests a second, for a minute, with and without ``Retry-After``.
- ``memory``: a million rows imported, and a million customers exported.
- ``kills``: an import of 20,000 rows into a server with faults, killed 100 times.

Each prints a line of figures, and fails if a promise is broken. Together they take half an hour.
"""

from __future__ import annotations

import contextlib
import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.bulk_server import ALL_FAULTS, Faults, Square, running
from squareconnect import ApiClient, Configuration, CustomersApi
from squareconnect.bulk import import_customers, journal_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CHILD = """
import resource, sys
from squareconnect import ApiClient, Configuration, CustomersApi
from squareconnect.bulk import export_customers, import_customers, open_source
work, host, file, journal = sys.argv[1:]
api = CustomersApi(ApiClient(Configuration(host=host, access_token="T")))
if work == "import":
    report = import_customers(open_source(file), api, journal=journal)
    left = report.left or report.unknown
else:
    report = export_customers(api, file)
    left = 0
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, *report[:5])
sys.exit(75 if left else 0)
"""


def api_of(host: str) -> CustomersApi:
    """Return an API whose client calls a server."""
    return CustomersApi(ApiClient(Configuration(host=host, access_token="T")))  # noqa: S106 - it opens nothing


@contextlib.contextmanager
def serving(**options: Any) -> Iterator[str]:
    """Run the server in a separate process, and yield its host."""
    command = [sys.executable, "-m", "benchmarks.bulk_server", json.dumps(options)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def child(work: str, host: str, file: Path, journal: Path) -> subprocess.Popen[str]:
    """Start an import or export in a separate process."""
    command = [sys.executable, "-c", _CHILD, work, host, str(file), str(journal)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def write_rows(path: Path, count: int) -> Path:
    """Write a CSV file of ``count`` rows, and return its path."""
    with path.open("w") as file:
        file.write("given_name,family_name,email_address,note\n")
        file.writelines(f"Ada {number},Lovelace,ada{number}@example.com,A note on her\n" for number in range(count))
    return path


def rows_of(count: int) -> list[dict[str, Any]]:
    """Return ``count`` rows."""
    return [{"given_name": f"Ada {number}", "email_address": f"ada{number}@example.com"} for number in range(count)]


def plain_threads(api: CustomersApi, rows: list[dict[str, Any]]) -> None:
    """Create a customer from each row with 16 threads."""
    numbers = iter(range(len(rows)))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            api.create_customer({**rows[number], "idempotency_key": f"plain-{number}"})

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def timed(work: Callable[[], object], count: int) -> tuple[float, str]:
    """Do work on ``count`` rows. Return the seconds, and a text with the rate and the CPU time."""
    start, used = time.perf_counter(), time.process_time()
    work()
    seconds, used = time.perf_counter() - start, time.process_time() - used
    return seconds, f"{count / seconds:.0f}/s ({used / count * 1e6:.0f} us of CPU a row)"


def throughput(count: int = 16_000, rounds: int = 3) -> None:
    """Import at nine tenths of the speed of plain threads or faster: the median of some rounds."""
    rows = rows_of(count)
    ratios = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder, serving(delay=0.02) as host:
            plain, plainly = timed(lambda: plain_threads(api_of(host), rows), count)
            journal = f"{folder}/journal"
            seconds, imported = timed(lambda: import_customers(rows, api_of(host), journal=journal), count)  # noqa: B023
            assert journal_report(journal).created == count
        ratios.append(plain / seconds)
        print(f"throughput: plain {plainly}, import {imported}, ratio {ratios[-1]:.3f}", flush=True)
    assert statistics.median(ratios) >= 0.9


def limit(rate: int = 50, seconds: float = 60.0) -> None:
    """Use at least 95 % of a limit, with less than 2 % of the requests refused."""
    for retry_after in (None, 1):
        square = Square(delay=0.02, rate=rate, burst=rate, retry_after=retry_after)
        with tempfile.TemporaryDirectory() as folder, running(square):
            start = time.monotonic()

            def stop(progress: object, start: float = start) -> None:
                if time.monotonic() - start > seconds:
                    raise TimeoutError

            with contextlib.suppress(TimeoutError):
                import_customers(
                    rows_of(int(rate * seconds * 2)), api_of(square.host), journal=f"{folder}/journal", progress=stop
                )
            used = len(square.customers) / (rate * seconds)
            refused = square.limited / square.requests
        print(f"limit: Retry-After {retry_after}: {used:.1%} used, {refused:.2%} of {square.requests} refused")
        assert used >= 0.95
        assert refused < 0.02


def memory(count: int = 1_000_000) -> None:
    """Import and export within 80 and 60 MiB."""
    with tempfile.TemporaryDirectory() as folder, serving() as host:
        file = write_rows(Path(folder) / "rows.csv", count)
        for work, max_mib in (("import", 80), ("export", 60)):
            start = time.perf_counter()
            with child(work, host, file if work == "import" else Path(folder) / "out.jsonl", Path(folder) / "j") as one:
                said, _ = one.communicate()
            print(f"memory: {work} of {count} rows: {time.perf_counter() - start:.0f} s, MiB and counts {said.strip()}")
            assert one.returncode == 0
            assert int(said.split()[0]) <= max_mib


def kills(count: int = 20_000, kills: int = 100, faults: Faults = ALL_FAULTS) -> None:
    """Kill an import at random moments, and check that every row became exactly one customer."""
    chance = random.Random(1)
    killed = runs = 0
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, running(Square(delay=0.005, faults=faults)) as square:
        file = write_rows(Path(folder) / "rows.csv", count)
        while True:
            runs += 1
            with child("import", square.host, file, Path(folder) / "journal") as process:
                if killed < kills:
                    try:
                        process.wait(0.2 + chance.random() * 2)
                    except subprocess.TimeoutExpired:
                        process.kill()
                        killed += 1
                        continue
                said, _ = process.communicate()
            assert process.returncode in (0, 75), said
            if process.returncode == 0:
                break
    addresses = {customer["email_address"] for customer in square.customers.values()}
    seconds = time.perf_counter() - start
    print(
        f"kills: {count} rows, {killed} kills, {runs} runs, {square.requests} requests, {seconds:.0f} s: "
        f"{len(square.customers)} customers, {len(addresses)} different"
    )
    assert len(square.customers) == len(addresses) == count


PROOFS: dict[str, Callable[[], None]] = {"throughput": throughput, "limit": limit, "memory": memory, "kills": kills}

if __name__ == "__main__":
    for name in sys.argv[1:] or PROOFS:
        PROOFS[name]()
