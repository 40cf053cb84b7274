"""Play every kind of fault to four HTTP clients, and check that each client sees that fault.

This package, urllib3, aiohttp, httpx2 and the program curl must be installed::

    python faults_client.py
"""

from __future__ import annotations

import asyncio
import importlib
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import urllib3

from squareconnect.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable

aiohttp: Any = importlib.import_module("aiohttp")
httpx2: Any = importlib.import_module("httpx2")

Seen = tuple[int, bytes] | str
"""Status and body, or what the client reported: `reset`, `cut` or `timeout`."""

TIMEOUT = 3.0
"""How long a client waits for a byte, in seconds: long enough for a busy machine."""


def with_urllib3(url: str, headers: dict[str, str]) -> Seen:
    try:
        answer = urllib3.request("GET", url, headers=headers, retries=False, timeout=TIMEOUT)
    except urllib3.exceptions.TimeoutError:
        return "timeout"
    except urllib3.exceptions.ProtocolError as error:
        return "cut" if "IncompleteRead" in repr(error) else "reset"
    return answer.status, answer.data


async def _with_aiohttp(url: str, headers: dict[str, str]) -> Seen:
    limit = aiohttp.ClientTimeout(sock_read=TIMEOUT)
    try:
        async with aiohttp.ClientSession(timeout=limit) as session, session.get(url, headers=headers) as answer:
            return answer.status, await answer.read()
    except asyncio.TimeoutError:
        return "timeout"
    except aiohttp.ClientPayloadError:
        return "cut"
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
        return "reset"


def with_aiohttp(url: str, headers: dict[str, str]) -> Seen:
    return asyncio.run(_with_aiohttp(url, headers))


def with_httpx2(url: str, headers: dict[str, str]) -> Seen:
    try:
        answer = httpx2.get(url, headers=headers, timeout=TIMEOUT)
    except httpx2.TimeoutException:
        return "timeout"
    except httpx2.RemoteProtocolError:
        return "cut"
    except httpx2.ReadError:
        return "reset"
    return answer.status_code, answer.content


def with_curl(url: str, headers: dict[str, str]) -> Seen:
    options = [option for name, text in headers.items() for option in ("-H", f"{name}: {text}")]
    # curl's time-out limits the whole request, and a dripping answer must take longer than the time-out of one read.
    command = ["curl", "-sS", "-m", str(2 * TIMEOUT), "-w", "%{stderr}%{http_code}", *options, url]
    shown = subprocess.run(command, capture_output=True, check=False)
    problems = {18: "cut", 28: "timeout", 52: "reset", 56: "reset"}
    if shown.returncode:
        return problems[shown.returncode]
    return int(shown.stderr), shown.stdout


CLIENTS: dict[str, Callable[[str, dict[str, str]], Seen]] = {
    "urllib3": with_urllib3,
    "aiohttp": with_aiohttp,
    "httpx2": with_httpx2,
    "curl": with_curl,
}
REAL = (200, b"{}")
FAULTS: list[tuple[dict[str, Any], Callable[[Seen], bool]]] = [
    ({"status": 503}, lambda seen: seen[0] == 503 and b"SERVICE_UNAVAILABLE" in bytes(seen[1])),  # type: ignore[arg-type]
    ({"code": "RATE_LIMITED"}, lambda seen: seen[0] == 429),
    ({"status": 502, "body": "<p>Bad</p>"}, lambda seen: seen == (502, b"<p>Bad</p>")),
    ({"headers": {"X-Trace": "1"}}, lambda seen: seen == REAL),
    ({"reset": True}, lambda seen: seen == "reset"),
    ({"reset": True, "when": "after"}, lambda seen: seen == "reset"),
    ({"truncate": 1}, lambda seen: seen == "cut"),
    ({"body": "x" * 100, "truncate": 40}, lambda seen: seen == "cut"),
    ({"body": "x" * 100, "truncate": 40, "reset": True}, lambda seen: seen in ("cut", "reset")),
    ({"body": "12345", "drip": 0.25}, lambda seen: seen == (200, b"12345")),
    ({"delay": 0.1}, lambda seen: seen == REAL),
    ({"delay": 60}, lambda seen: seen == "timeout"),
    ({"delay": 60, "when": "after", "status": 500}, lambda seen: seen == "timeout"),
]


def main() -> None:
    with ThreadPoolExecutor(len(CLIENTS)) as pool:
        for shown in pool.map(meet_all, CLIENTS):
            print(shown, end="")


def meet_all(name: str) -> str:
    """Play every fault to a client, on its own emulator, and return a line of report for each."""
    shown = ""
    with Emulator(seed=1, clock="2026-01-01T00:00:00Z") as square:
        headers = {"Authorization": f"Bearer {square.access_token}"}
        for settings, expected in FAULTS:
            square.reset()
            fault = square.fail("list_customers", times=None, **settings)  # aiohttp repeats a GET by itself.
            started = time.monotonic()
            seen = CLIENTS[name](f"{square.url}/v2/customers", headers)
            if not expected(seen) or any(entry.fault is not fault for entry in square.requests):
                raise AssertionError(f"{name} met {settings} and saw {seen!r}; the journal has {square.requests[:]}")
            shown += f"{name:<8} {settings!s:<65} {str(seen)[:30]:<32} {time.monotonic() - started:.2f} s\n"
    return shown


if __name__ == "__main__":
    main()
