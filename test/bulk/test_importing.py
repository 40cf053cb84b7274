from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.bulk_server import ALL_FAULTS, Faults, Square, running
from squareconnect import ApiClient, AsyncApiClient, CreateCustomerRequest
from squareconnect.bulk import (
    ImportReport,
    InputError,
    JournalError,
    Progress,
    Refusal,
    Row,
    Stopped,
    import_customers,
    journal_errors,
    journal_report,
    journal_results,
    open_source,
)
from squareconnect.bulk.journal import Journal, Settled
from squareconnect.bulk.sending import Tasks
from squareconnect.emulator import Emulator
from squareconnect.exceptions import ApiException, ServerError, Unauthorized
from test.bulk.helpers import api_of, async_api_of, people, write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def names(square: Square) -> Counter[str]:
    """Count the customers by name."""
    return Counter(customer["given_name"] for customer in square.customers.values())


def test_every_row_creates_one_customer_and_a_second_run_sends_nothing(square: Square, journal: Path) -> None:
    rows = [*people(150), {"note": "nobody"}, {"given_name": "x", "email_address": "no"}]
    report = import_customers(rows, api_of(square.host), journal=journal)
    assert report[:5] == (150, 0, 0, 2, 0)
    assert [(error.row, error.code, error.field) for error in report.errors] == [
        (151, "BAD_REQUEST", None),
        (152, "INVALID_EMAIL_ADDRESS", "email_address"),
    ]
    requests = square.requests
    assert import_customers(rows, api_of(square.host), journal=str(journal)) == report
    assert square.requests == requests
    assert set(names(square).values()) == {1}
    assert journal_report(journal) == report
    assert list(journal_errors(journal)) == list(report.errors)
    results = list(journal_results(journal))
    assert results[0][:3] == (1, "done", "created")
    assert {result.customer_id for result in results[:150]} == set(square.customers)
    assert results[150] == (151, "refused", None, None)


@pytest.mark.parametrize("kind", [ApiClient, AsyncApiClient])
def test_tasks_import_the_same_as_threads(
    square: Square, journal: Path, kind: type[ApiClient | AsyncApiClient]
) -> None:
    seen: list[Progress] = []

    async def work() -> ImportReport:
        return await import_customers(
            people(150), async_api_of(square.host, kind), journal=journal, progress=seen.append, concurrency=8
        )

    assert asyncio.run(work()).created == 150
    assert set(names(square).values()) == {1}
    assert seen[-1][:4] == ("sending", 150, 0, 150)


def test_the_emulator_accepts_what_is_sent(journal: Path) -> None:
    row = CreateCustomerRequest(given_name="Ada", birthday="12/10/1815", phone_number="'+1 212 555 4240")
    with Emulator() as emulator:
        api = api_of(emulator.url)
        api.api_client.configuration.access_token = emulator.access_token
        assert import_customers([row], api, journal=journal).created == 1
        made = api.list_customers().customers
    assert made is not None
    assert (made[0].birthday, made[0].phone_number) == ("1815-12-10", "+1 212 555 4240")


def test_faults_lose_no_customer_and_duplicate_none(square: Square, journal: Path) -> None:
    square.faults = ALL_FAULTS._replace(limited=0.01)
    report = import_customers(people(120), api_of(square.host), journal=journal)
    assert report.created == 120
    assert len(square.customers) == 120
    assert set(names(square).values()) == {1}


def test_progress_is_reported(square: Square, journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("squareconnect.bulk.engine._RATE_OVER", 0.2)
    seen: list[Progress] = []
    square.delay = 0.01
    import_customers(people(400), api_of(square.host), journal=journal, rate=800, progress=seen.append)
    assert seen[0] == Progress("reading", 400)
    assert {progress.phase for progress in seen[1:]} == {"sending"}
    assert any(progress.seconds_left is not None and progress.rate > 0 for progress in seen)
    assert seen[-1][:4] == ("sending", 400, 0, 400)


def test_a_refused_row_is_reported_with_the_servers_words(
    square: Square, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = {"category": "INVALID_REQUEST_ERROR", "code": "INVALID_PHONE_NUMBER", "field": "phone_number"}
    bare = {"category": "INVALID_REQUEST_ERROR", "code": "CONFLICT", "detail": "No."}

    def refuse(method: str, target: str, body: bytes) -> Any:
        return (400, {"errors": [error]}) if b"Ada 0" in body else (200, {"errors": [bare]})

    monkeypatch.setattr(square, "answer", refuse)
    report = import_customers(people(2), api_of(square.host), journal=journal)
    assert report.errors == (
        (1, "INVALID_PHONE_NUMBER", "phone_number", "INVALID_REQUEST_ERROR/INVALID_PHONE_NUMBER"),
        (2, "CONFLICT", None, "No."),
    )


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (400, {"errors": [{"category": "INVALID_REQUEST_ERROR", "code": "INVALID_SQUARE_VERSION_FORMAT"}]}),
        (404, {"message": "There is no such page."}),
        (403, {"errors": [{"category": "AUTHENTICATION_ERROR", "code": "FORBIDDEN"}]}),
        (302, {}),
    ],
)
def test_a_refusal_that_is_not_about_a_row_stops_the_import_and_refuses_no_row(
    square: Square, journal: Path, monkeypatch: pytest.MonkeyPatch, status: int, answer: Any
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(square, "answer", lambda *request: (status, answer))
        with pytest.raises(ApiException) as raised:
            import_customers(people(50), api_of(square.host), journal=journal)
    assert raised.value.status == status
    assert journal_report(journal)[:7] == (0, 0, 0, 0, 0, (), 50)
    assert import_customers(people(50), api_of(square.host), journal=journal).created == 50


@pytest.mark.parametrize(
    "answer", [{}, {"message": "Welcome to this hotel's network"}, [], {"customer": {"given_name": "Ada"}}]
)
def test_a_row_whose_answers_are_not_squares_is_unknown_within_seconds(
    square: Square, journal: Path, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(square, "answer", lambda *request: (200, answer))
        start = time.monotonic()
        report = import_customers(people(2), api_of(square.host), journal=journal)
        assert time.monotonic() - start < 20
    assert (report.created, report.unknown, report.left) == (0, 2, 0)
    assert square.requests == 6
    assert import_customers(people(2), api_of(square.host), journal=journal).created == 2


def test_a_server_that_is_not_square_stops_the_import(
    square: Square, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(square, "answer", lambda *request: (200, {"message": "Welcome"}))
        with pytest.raises(Stopped, match=r"answers in a row were not Square's \(status 200\): check the host"):
            import_customers(people(200), api_of(square.host), journal=journal)
    assert square.requests < 100
    assert import_customers(people(200), api_of(square.host), journal=journal).created == 200


def test_tasks_report_a_loop_that_is_closed() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    row = Row(1, {}, "key", None, 0.0, False)
    calls = iter([[row], []])
    reported: list[Any] = []
    has_reported = threading.Event()

    def report(*result: Any) -> None:
        reported.append(result)
        has_reported.set()

    async def send(rows: Any) -> Any:
        return []

    tasks = Tasks(async_api_of("http://127.0.0.1:1"), send, 1, loop)
    tasks.serve(lambda: next(calls), report)
    assert has_reported.wait(5)
    assert isinstance(reported[0][2], RuntimeError)
    tasks.close()


def test_a_rejected_token_stops_the_import_at_once_and_no_row_is_lost(journal: Path) -> None:
    with Emulator() as emulator:
        api = api_of(emulator.url)
        with pytest.raises(Unauthorized):
            import_customers(people(200), api, journal=journal)
        assert journal_report(journal)[:7] == (0, 0, 0, 0, 0, (), 200)
        api.api_client.configuration.access_token = emulator.access_token
        assert import_customers(people(200), api, journal=journal).created == 200


def test_an_unreachable_server_stops_the_import_and_leaves_the_rows(
    journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("squareconnect.bulk.engine.PATIENCE", 0.5)
    with running(Square()) as square:
        host = square.host
    with pytest.raises(Stopped, match=r"Nothing has succeeded for .*: run the same again") as raised:
        import_customers(people(20), api_of(host), journal=journal)
    assert raised.value.report is not None
    assert raised.value.report.left == 20


def test_a_row_that_is_never_answered_is_unknown_and_the_next_run_resolves_it(square: Square, journal: Path) -> None:
    def send(rows: Sequence[Row]) -> list[str | Refusal]:
        if rows[0].body["given_name"] == "Ada 3":
            square.answer("POST", "/v2/customers", b'{"given_name": "Ada 3", "idempotency_key": "%s"}' % key(rows))
            failure = ServerError(503, "Busy")
            failure.outcome_unknown = True
            raise failure
        return [f"made {rows[0].number}"]

    def key(rows: Sequence[Row]) -> bytes:
        keys.add(rows[0].key)
        return rows[0].key.encode()

    keys: set[str] = set()
    report = import_customers(people(5), api_of(square.host), journal=journal, send=send, key_trust=0.5)
    assert report[:5] == (4, 0, 0, 0, 1)
    assert report.left == 0
    assert len(keys) == 1
    assert import_customers(people(5), api_of(square.host), journal=journal).created == 5
    assert names(square) == {"Ada 3": 1}


def test_a_bulk_endpoint_can_replace_the_sender(square: Square, journal: Path) -> None:
    sizes = []

    def send(rows: Sequence[Row]) -> list[str | Refusal]:
        sizes.append(len(rows))
        return [Refusal("CONFLICT", None, "no") if row.number == 7 else f"made {row.number}" for row in rows]

    report = import_customers(
        people(250), api_of(square.host), journal=journal, send=send, batch=100, concurrency=2, rate=1000
    )
    assert report[:5] == (249, 0, 0, 1, 0)
    assert sum(sizes) == 250
    assert max(sizes) == 100


def test_another_exception_of_a_sender_ends_the_import(square: Square, journal: Path) -> None:
    def send(rows: Sequence[Row]) -> list[str | Refusal]:
        raise KeyError("a fault of its own")

    with pytest.raises(KeyError, match="a fault of its own"):
        import_customers(people(3), api_of(square.host), journal=journal, send=send)
    assert import_customers(people(3), api_of(square.host), journal=journal).created == 3


def test_a_server_that_asks_for_hours_stops_the_import(journal: Path) -> None:
    with running(Square(rate=1, burst=1, retry_after=86400)) as square:
        with pytest.raises(Stopped, match="The server asks to wait for 86400 seconds"):
            import_customers(people(5), api_of(square.host), journal=journal)
        square.rate = None
        assert import_customers(people(5), api_of(square.host), journal=journal).created == 5


def test_a_journal_is_refused_for_another_input_or_other_options(square: Square, journal: Path, tmp_path: Path) -> None:
    file = write(tmp_path / "p.csv", "given_name\nAda\n")
    import_customers(open_source(file), api_of(square.host), journal=journal)
    write(file, "given_name\nBob\n")
    with pytest.raises(JournalError, match="belongs to another input"):
        import_customers(open_source(file), api_of(square.host), journal=journal)
    import_customers(people(2), api_of(square.host), journal=tmp_path / "other")
    with pytest.raises(JournalError, match="belongs to another input"):
        import_customers(people(3), api_of(square.host), journal=tmp_path / "other")
    with pytest.raises(JournalError, match=r"was started with host 127\.0\.0\.1, not https://connect\.squareup\.com"):
        import_customers(people(2), api_of("https://connect.squareup.com"), journal=tmp_path / "other")
    with pytest.raises(JournalError, match="was started with match none, not reference_id"):
        import_customers(people(2), api_of(square.host), journal=tmp_path / "other", match="reference_id")
    assert square.requests == 3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rate": 0}, "rate must be a number"),
        ({"concurrency": 0}, "concurrency must be a whole number from 1 to 1000, not 0"),
        ({"batch": 1.5}, "batch must be"),
        ({"key_trust": -1}, "key_trust must be"),
        ({"match": "note"}, "match must be one of reference_id"),
        ({"on_match": "die"}, "on_match must be skip, update or fail, not 'die'"),
        ({"on_match": "update"}, "on_match=update needs match: without it, each row creates a customer"),
        ({"on_match": "fail", "match": "none"}, "on_match=fail needs match"),
    ],
)
def test_options_that_cannot_be_used_are_refused(journal: Path, options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        import_customers([], api_of("http://127.0.0.1:1"), journal=journal, **options)
    assert not journal.exists()


def test_anything_other_than_an_api_is_refused(journal: Path) -> None:
    with pytest.raises(TypeError, match="api must be a CustomersApi or an AsyncCustomersApi, not str"):
        import_customers([], "api", journal=journal)  # type: ignore[call-overload]


def test_a_cancelled_import_stops_cleanly(square: Square, journal: Path) -> None:
    square.delay = 0.05

    async def work() -> None:
        task = asyncio.ensure_future(import_customers(people(250), async_api_of(square.host), journal=journal))
        while len(square.customers) < 50:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(work())
    report = journal_report(journal)
    assert report.created == len(square.customers)
    assert report.created + report.left == 250
    with sqlite3.connect(journal) as connection:
        assert connection.execute("SELECT count(*) FROM outcomes WHERE state = 'sent'").fetchone() == (0,)
    connection.close()


def test_tasks_whose_event_loop_has_ended_leave_their_rows(square: Square, journal: Path) -> None:
    square.delay = 0.02

    async def work() -> None:
        asyncio.ensure_future(import_customers(people(200), async_api_of(square.host), journal=journal))  # noqa: RUF006
        while len(square.customers) < 20:
            await asyncio.sleep(0.01)

    asyncio.run(work())
    square.delay = 0.0
    assert import_customers(people(200), api_of(square.host), journal=journal).created == 200
    assert set(names(square).values()) == {1}


def test_an_interrupt_stops_cleanly_and_the_same_call_continues(square: Square, journal: Path) -> None:
    square.delay = 0.05

    def interrupt() -> None:
        while len(square.customers) < 50:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        import_customers(people(250), api_of(square.host), journal=journal)
    thread.join()
    assert journal_report(journal).created == len(square.customers)
    square.delay = 0.0
    assert import_customers(people(250), api_of(square.host), journal=journal).created == 250
    assert set(names(square).values()) == {1}


def test_an_interrupt_while_the_journal_is_written_loses_no_answer(
    square: Square, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle = Journal.settle
    kills = iter([os.kill])

    def settle_interrupted(self: Journal, settled: Sequence[Settled]) -> None:
        for kill in kills if settled else ():
            kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
        settle(self, settled)

    monkeypatch.setattr(Journal, "settle", settle_interrupted)
    with pytest.raises(KeyboardInterrupt):
        import_customers(people(100), api_of(square.host), journal=journal)
    assert 0 < journal_report(journal).created == len(square.customers) < 100
    assert {result.state for result in journal_results(journal)} == {"done", "pending"}


def test_a_second_interrupt_does_not_wait_for_answers(journal: Path) -> None:
    first = iter([os.kill])
    answered = threading.Event()

    def send(rows: Sequence[Row]) -> list[str | Refusal]:
        for kill in first:
            kill(os.getpid(), signal.SIGINT)
        answered.wait(20)
        return ["made"]

    def interrupt_again() -> None:
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt_again)
    thread.start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        import_customers(people(5), api_of("http://127.0.0.1:1"), journal=journal, send=send)
    assert time.monotonic() - start < 15
    answered.set()
    thread.join()
    assert journal_report(journal).left == 5


CHILD = """
import sys
from squareconnect.bulk import import_customers, open_source
from test.bulk.helpers import api_of
host, file, journal = sys.argv[1:]
report = import_customers(open_source(file), api_of(host), journal=journal)
sys.exit(75 if report.left or report.unknown else 0)
"""


def test_an_import_that_is_killed_repeatedly_creates_every_customer_once(tmp_path: Path) -> None:
    file = write(tmp_path / "p.csv", "given_name\n" + "".join(f"Ada {number}\n" for number in range(250)))
    faults = Faults(0.03, 0.02, 0.03, 0.002, 0.03)
    with running(Square(faults=faults)) as square:
        command = [sys.executable, "-c", CHILD, square.host, str(file), str(tmp_path / "journal")]
        unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
        for kill in range(4):
            with subprocess.Popen(command, env=unmeasured) as process:
                before = len(square.customers)
                while process.poll() is None and len(square.customers) < before + 20 + 7 * kill:
                    time.sleep(0.005)
                process.kill()
        ended = [75]
        while ended[-1] == 75 and len(ended) < 4:
            ended.append(subprocess.run(command, check=False, timeout=60).returncode)
        assert ended[-1] == 0
    assert len(square.customers) == 250
    assert set(names(square).values()) == {1}


def test_bulk_work_needs_no_extra() -> None:
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['h11', 'msgspec', 'rich', 'shtab', 'dask', 'distributed'])); "
        "import squareconnect.bulk as bulk; "
        "print(bulk.import_customers.__name__)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout == b"import_customers\n"
