"""Programs that make calls in the background, and end or fork while these run."""

from __future__ import annotations

import subprocess
import sys

from squareconnect.emulator import Emulator

PATIENCE = 20
"""Seconds after which a test that waits for something fails."""


SCRIPT_HEAD = """
import os, socket, sys, threading, time
from squareconnect import ApiClient, Configuration, CustomersApi
from squareconnect.asynchronous import Workers

def api(host, **settings):
    return CustomersApi(ApiClient(Configuration(host=host, access_token="emulator-access-token", **settings)))

silent = socket.create_server(("127.0.0.1", 0))
silent_host = "http://127.0.0.1:%d" % silent.getsockname()[1]
"""


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", SCRIPT_HEAD + script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)


def test_a_hanging_call_does_not_stop_the_interpreter_from_exiting() -> None:
    ended = run("""
handle = api(silent_host).list_customers(async_req=True)
while not handle.running():
    time.sleep(0.01)
print("end")
""")
    assert (ended.stdout, ended.stderr) == ("end\n", "")


def test_an_ending_program_waits_for_its_callbacks() -> None:
    with Emulator() as square:
        ended = run("""
for _ in range(3):
    api(sys.argv[1]).list_customers(callback=lambda page: sys.stdout.write("called\\n"))
""", square.url)  # fmt: skip
    assert (ended.stdout, ended.stderr) == ("called\n" * 3, "")


def test_an_ending_program_waits_for_the_calls_that_its_callbacks_make() -> None:
    with Emulator() as square:
        ended = run("""
customers = api(sys.argv[1])
pages = []

def next_page(page):
    pages.append(page)
    sys.stdout.write(f"page {len(pages)}\\n")
    if len(pages) < 5:
        customers.list_customers(callback=next_page)

customers.list_customers(callback=next_page)
""", square.url)  # fmt: skip
    assert (ended.stdout, ended.stderr) == ("page 1\npage 2\npage 3\npage 4\npage 5\n", "")


def test_an_ending_program_waits_for_a_hanging_callback_until_its_deadline() -> None:
    ended = run("api(silent_host, deadline=0.2).list_customers(callback=print)")
    assert "Exception in thread squareconnect" in ended.stderr
    assert "squareconnect.exceptions.Timeout: GET /v2/customers failed" in ended.stderr


def test_a_forked_child_makes_its_own_calls_but_not_its_parents_calls() -> None:
    ended = run("""
workers = Workers(1)
go_on = threading.Event()
started = threading.Event()
made_in = []

def blocked():
    started.set()
    go_on.wait()

workers.start(blocked, print)
waiting = workers.start(lambda: print("the waiting call was made in", "child" if child == 0 else "parent"))
started.wait()
child = os.fork()
if child == 0:
    print("the child's own call:", workers.start(lambda: "made").get(5), flush=True)
    sys.exit()
print("the child's status:", os.waitpid(child, 0)[1], flush=True)
go_on.set()
waiting.join(5)
""")
    assert ended.stdout.splitlines() == [
        "the child's own call: made",
        "the child's status: 0",
        "None",
        "the waiting call was made in parent",
    ]
    assert ended.stderr == ""


def test_a_client_starts_no_thread_before_its_first_call_in_the_background() -> None:
    ended = run("""
customers = api(silent_host)
print("asyncio" in sys.modules, threading.active_count())
""")
    assert ended.stdout == "False 1\n"
