"""The emulator in a process that has no file descriptor left for another connection."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import os, resource, socket, time
from squareconnect.emulator import Emulator

resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))
square = Emulator()
square.start()
address = "127.0.0.1", int(square.url.rpartition(":")[2])
taken = []
try:
    while True:
        taken.append(os.open(os.devnull, os.O_RDONLY))
except OSError:
    os.close(taken.pop())
client = socket.create_connection(address, timeout=60)
started, used = time.monotonic(), time.process_time()
time.sleep(1)
share = (time.process_time() - used) / (time.monotonic() - started)
if {answered}:
    for each in taken:
        os.close(each)
    client.sendall(b"GET /v2/customers HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
    assert client.recv(1000).startswith(b"HTTP/1.1 401")
square.stop()
print(share)
"""


def share_of_the_processor(*, answered: bool) -> float:
    command = [sys.executable, "-c", PROGRAM.format(answered=answered)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout)


def test_a_connection_without_a_descriptor_waits_without_load_and_is_served_when_one_is_free() -> None:
    assert share_of_the_processor(answered=True) < 0.1


def test_the_emulator_stops_while_a_connection_waits_for_a_descriptor() -> None:
    assert share_of_the_processor(answered=False) < 0.1
