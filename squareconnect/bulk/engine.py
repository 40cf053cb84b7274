"""Sending the rows of an import: which rows leave when, what is retried, and when to stop.

Two parties share the work:

* The *ledger* runs in its own thread and is the only one to touch the journal. It takes rows and marks them as sent.
  It commits this together with everything that came back meanwhile, and only then releases the rows.
* The *driver* makes the calls, in threads or tasks. Before each call it waits at the *gate*, which lets calls through
  one after another as the pace allows. After each call it reports the result.

The calling thread waits and reports progress. Python raises Ctrl-C in that thread, so it never interrupts the ledger
between an answer and the journal.
"""

from __future__ import annotations

import heapq
import itertools
import random
import threading
import time
from collections import deque
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from squareconnect._threads import start_thread
from squareconnect.bulk.errors import Stopped
from squareconnect.bulk.journal import Settled
from squareconnect.bulk.reports import Progress
from squareconnect.bulk.sending import refusal_of
from squareconnect.exceptions import ApiException, DecodeError
from squareconnect.models.error_code import ErrorCode
from squareconnect.transport.exchange import pause_before_retry, should_retry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from squareconnect.bulk.journal import Journal, Row
    from squareconnect.bulk.pace import Pace
    from squareconnect.bulk.sending import Answers, Driver

PATIENCE = 30.0
"""Seconds without any success after which an import stops."""
LONGEST_PAUSE = 600.0
"""The longest pause, in seconds, that a server may ask for. If it asks for more, an import stops."""
MOST_TRIES = 10
"""How often a row is tried in one run before it counts as unknown."""
MOST_MISREAD = 3
"""How often a row is tried if the answer has a success status, but not a body of Square's."""
STRANGE = 20
"""After this many such answers in a row, an import stops, because something other than Square is answering."""
_LONGEST_RETRY_PAUSE = 15.0
_AHEAD = 200
"""How many rows are taken from the journal in addition to those in flight, so that no call waits for the disk."""
_COMMIT_EVERY = 0.05
"""Minimum seconds between two commits: everything that arrives meanwhile shares one."""
_FAREWELL = 10.0
"""Seconds to wait for the answers to calls in flight when the import stops."""
_LOOK_UP_EVERY = 0.1
"""Seconds that the ledger waits for an answer before it checks whether it should stop."""
_TELL_EVERY = 0.1
"""Seconds between two progress reports."""
_RATE_OVER = 10.0
"""Seconds over which the reported rate is averaged."""


def seconds_asked(failure: ApiException) -> float | None:
    """Return the seconds that an answer's `Retry-After` asks to wait, or None."""
    asked = failure.headers.get("Retry-After") if failure.headers else None
    return pause_before_retry(1, asked, float("inf"), 0.0, time.time()) if asked else None


def inform(pace: Pace, left_at: float, failure: ApiException | None) -> None:
    """Tell the pace what became of a request.

    :param left_at: when it left, by `time.monotonic`.
    :param failure: how it failed; None if it did not.
    """
    asked = seconds_asked(failure) if failure else None
    if asked is not None or (failure and failure.status == 429):
        pace.limited(left_at, asked)
    elif failure is None or failure.status is not None:
        pace.succeeded()


def may_repeat(failure: ApiException) -> bool:
    """Return whether to retry a call after this failure: all calls for rows are safe to repeat."""
    return isinstance(failure, DecodeError) or should_retry(failure, repeatable=True)


_ABOUT_A_ROW = (200, 400, 402, 404, 409, 413, 422)
_ABOUT_ALL = (ErrorCode.INVALID_SQUARE_VERSION_FORMAT, ErrorCode.API_VERSION_INCOMPATIBLE)


def is_of_row(failure: ApiException) -> bool:
    """Return whether a failure concerns one row, because Square refused its content. Others would affect all rows."""
    about_all = failure.errors and failure.errors[0].code in _ABOUT_ALL
    return failure.status in _ABOUT_A_ROW and bool(failure.errors) and not about_all


def _pause_after(failure: ApiException, tries: int) -> float:
    """Return the seconds to wait before a row is tried again. After a 429, the pace alone decides."""
    asked = seconds_asked(failure)
    if asked is not None or failure.status == 429:
        return asked or 0.0
    pause = pause_before_retry(tries, None, 4 * _LONGEST_RETRY_PAUSE, random.random(), 0.0)  # noqa: S311
    return pause / 4


class _Held:
    """A row that was taken from the journal and is not settled yet."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.tries = 0
        self.perhaps_carried_out = row.sent_before
        self.in_flight = False


class _Waiting:
    """The rows that are ready for the gate: retries that are due come before new rows."""

    def __init__(self) -> None:
        self._new: deque[Row] = deque()
        self._due: list[tuple[float, int, Row]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._closed = False

    def add(self, rows: Sequence[Row]) -> None:
        with self._changed:
            self._new.extend(rows)
            self._changed.notify()

    def add_later(self, row: Row, due: float) -> None:
        with self._changed:
            heapq.heappush(self._due, (due, next(self._numbers), row))
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()

    def take(self, most: int) -> list[Row]:
        """Wait for rows, and return them; none once it is closed."""
        with self._changed:
            while not self._closed:
                rows: list[Row] = []
                while self._due and self._due[0][0] <= time.monotonic() and len(rows) < most:
                    rows.append(heapq.heappop(self._due)[2])
                while self._new and len(rows) < most:
                    rows.append(self._new.popleft())
                if rows:
                    return rows
                self._changed.wait(self._due[0][0] - time.monotonic() if self._due else None)
        return []


class Engine:
    """Sends the rows that remain in a journal.

    :param journal: the journal.
    :param driver: makes the calls.
    :param pace: decides when a request may leave.
    :param depth: the maximum number of rows in flight.
    :param batch: the maximum number of rows in one call.
    :param key_trust: seconds after its first use for which an idempotency key is trusted.
    :param progress: called with a `Progress` now and then.
    """

    def __init__(
        self,
        journal: Journal,
        driver: Driver,
        pace: Pace,
        *,
        depth: int,
        batch: int,
        key_trust: float,
        progress: Callable[[Progress], object],
    ) -> None:
        self._journal = journal
        self._driver = driver
        self._pace = pace
        self._batch = batch
        self._depth = 2 * depth + _AHEAD
        self._key_trust = key_trust
        self._meter = _Meter(journal, progress)
        self._held: dict[int, _Held] = {}
        self._waiting = _Waiting()
        self._gate = threading.Lock()
        self._results: SimpleQueue[tuple[Sequence[Row], Answers | BaseException]] = SimpleQueue()
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._hurried = False
        self._failure: BaseException | None = None
        self._failing_since: float | None = None
        self._misread = 0

    def run(self) -> None:
        """Send all rows.

        :raises Stopped: if the server is gone, or asks for a long pause.
        :raises ApiException: if it refuses all rows rather than one, most often because of the token.
        """
        ledger = threading.Thread(target=self._keep_ledger, name="square-import-ledger", daemon=True)
        try:
            self._driver.serve(self._following, self._finished)
            start_thread(ledger)
            while not self._ended.wait(_TELL_EVERY):
                self._meter.tell()
        except BaseException as reason:
            self.interrupt(reason)
            self._end(ledger)
            raise
        if self._failure is not None:
            raise self._failure
        self._meter.tell()

    def _end(self, ledger: threading.Thread) -> None:
        """Wait until the ledger is finished. A second interruption skips the wait for answers."""
        self._close()
        try:
            if ledger.ident is not None:
                ledger.join()
        except BaseException:
            self._hurried = True
            ledger.join()
            raise

    def interrupt(self, reason: BaseException) -> None:
        """Make `run` end with an exception. Called from another thread."""
        self._failure = self._failure or reason
        self._stopping.set()

    # -- The gate -----------------------------------------------------------------------------------------------------

    def _following(self) -> Sequence[Row]:
        """Wait until the next call may leave, and return its rows; none at the end. Called in any thread."""
        with self._gate:
            rows = self._kept_from_late(self._waiting.take(self._batch))
            while rows and not self._stopping.is_set() and (wait := self._pace.take()) > 0:
                self._stopping.wait(min(wait, 0.5))
            if self._stopping.is_set():
                return ()
            self._mark(rows, in_flight=True)
            return rows

    def _kept_from_late(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Return the rows whose key is still trusted. The others become unknown."""
        while late := [row for row in rows if self._held[row.number].perhaps_carried_out and self._is_late(row)]:
            self._results.put((late, [None] * len(late)))
            rows = [row for row in rows if row not in late] or self._waiting.take(self._batch)
        return rows

    def _is_late(self, row: Row) -> bool:
        """Return whether a row was first sent too long ago to trust its key, or the clock was changed since."""
        return row.customer_id is None and abs(self._journal.now() - row.sent_at) > self._key_trust

    def _mark(self, rows: Sequence[Row], *, in_flight: bool) -> None:
        for row in rows:
            self._held[row.number].in_flight = in_flight

    def _finished(self, rows: Sequence[Row], left_at: float, result: Answers | BaseException) -> None:
        """Inform the pace, and leave the rest to the ledger. The driver calls this in any thread."""
        inform(self._pace, left_at, result if isinstance(result, ApiException) else None)
        self._results.put((rows, result))

    def _close(self) -> None:
        self._stopping.set()
        self._waiting.close()

    # -- The ledger ---------------------------------------------------------------------------------------------------

    def _keep_ledger(self) -> None:
        """Settle all rows or, after a failure, at least those whose calls are in flight."""
        try:
            self._settle_all()
        except BaseException as reason:
            self.interrupt(reason)
        self._close()
        try:
            if self._failure is not None:
                with suppress(Exception):  # The first failure is the one to report.
                    self._say_farewell()
        finally:
            self._ended.set()

    def _settle_all(self) -> None:
        more, last = True, 0
        while (more or self._held) and self._failure is None:
            settled = self._settled(self._collect())
            room = self._depth - len(self._held)
            rows: list[Row] = []
            if settled or (more and room >= self._depth // 4):
                with self._journal.change():
                    self._journal.settle(settled)
                    if more:
                        rows = self._journal.claim(room, after=last)
                        more = len(rows) == room
                        last = rows[-1].number if rows else last
                self._held.update((row.number, _Held(row)) for row in rows)
                self._waiting.add(rows)
                self._meter.count(settled)

    def _collect(self) -> list[tuple[Sequence[Row], Answers | BaseException]]:
        """Return the results of calls, after a short wait in which several can arrive."""
        collected = []
        if self._held:
            self._stopping.wait(_COMMIT_EVERY)
            try:
                collected.append(self._results.get(timeout=_LOOK_UP_EVERY))
                while True:
                    collected.append(self._results.get_nowait())
            except Empty:
                pass
        return collected

    def _settled(self, collected: Sequence[tuple[Sequence[Row], Answers | BaseException]]) -> list[Settled]:
        settled: list[Settled] = []
        for rows, result in collected:
            self._mark(rows, in_flight=False)
            if isinstance(result, BaseException):
                settled += self._after_failure(rows, result)
                continue
            self._failing_since = None
            self._misread = 0
            for row, answer in zip(rows, result, strict=True):
                del self._held[row.number]
                if isinstance(answer, str):
                    settled.append(Settled(row.number, "done", answer))
                elif answer is None:
                    settled.append(Settled(row.number, "unknown"))
                else:
                    settled.append(Settled(row.number, "refused", refusal=answer))
        return settled

    def _after_failure(self, rows: Sequence[Row], failure: BaseException) -> list[Settled]:
        call = failure if isinstance(failure, ApiException) else None
        if call and not may_repeat(call) and is_of_row(call) and len(rows) == 1:
            del self._held[rows[0].number]
            return [Settled(rows[0].number, "refused", refusal=refusal_of(call.errors))]
        for row in rows:
            self._held[row.number].perhaps_carried_out |= call is None or call.outcome_unknown
        if call is None or not may_repeat(call):
            self.interrupt(failure)
            return []
        self._check_patience(call)
        return [settled for row in rows if (settled := self._again(row, call))]

    def _check_patience(self, failure: ApiException) -> None:
        asked = seconds_asked(failure) or 0.0
        self._misread += isinstance(failure, DecodeError)
        if self._misread >= STRANGE:
            self.interrupt(
                Stopped(
                    f"{self._misread} answers in a row were not Square's (status {failure.status}): check the host and "
                    "the proxy, and run the same again"
                )
            )
        elif asked > LONGEST_PAUSE:
            self.interrupt(Stopped(f"The server asks to wait for {asked:.0f} seconds: run the same again after that"))
        elif failure.status == 429:
            self._failing_since = None  # The server is up, and says what to do.
        elif self._failing_since is None:
            self._failing_since = time.monotonic()
        elif time.monotonic() - self._failing_since > PATIENCE:
            self.interrupt(
                Stopped(
                    f"Nothing has succeeded for {PATIENCE:.0f} seconds ({failure.status or failure.reason}): run the "
                    "same again when the server is back"
                )
            )

    def _again(self, row: Row, failure: ApiException) -> Settled | None:
        """Try a row again later, unless that is useless or harmful."""
        held = self._held[row.number]
        if failure.status != 429:
            held.tries += 1
        most = MOST_MISREAD if isinstance(failure, DecodeError) else MOST_TRIES
        if held.perhaps_carried_out and (held.tries >= most or self._is_late(row)):
            del self._held[row.number]
            return Settled(row.number, "unknown")
        self._waiting.add_later(row, time.monotonic() + _pause_after(failure, held.tries))
        return None

    def _say_farewell(self) -> None:
        """Wait a while for the calls in flight, and mark rows that were certainly not processed as never sent."""
        settled: list[Settled] = []
        deadline = time.monotonic() + _FAREWELL
        with self._gate:  # Every call that was let through has marked its rows by now.
            pass
        while any(held.in_flight for held in self._held.values()) and time.monotonic() < deadline and not self._hurried:
            with suppress(Empty):
                settled += self._settled([self._results.get(timeout=_LOOK_UP_EVERY)])
        never_sent = [number for number, held in self._held.items() if not (held.in_flight or held.perhaps_carried_out)]
        with self._journal.change():
            self._journal.settle(settled)
            self._journal.make_pending(never_sent)


class _Meter:
    """Counts rows, and reports the progress."""

    def __init__(self, journal: Journal, progress: Callable[[Progress], object]) -> None:
        self._progress = progress
        report = journal.report()
        self._total = journal.total()
        self._done = report.created + report.updated + report.skipped
        self._refused = report.refused
        self._marks: deque[tuple[float, int]] = deque([(time.monotonic(), self._done + self._refused)])

    def count(self, settled: Sequence[Settled]) -> None:
        for one in settled:
            self._done += one.state == "done"
            self._refused += one.state == "refused"

    def tell(self) -> None:
        """Report the progress."""
        now = time.monotonic()
        through = self._done + self._refused
        self._marks.append((now, through))
        while len(self._marks) > 2 and now - self._marks[0][0] > _RATE_OVER:
            self._marks.popleft()
        began, then = self._marks[0]
        rate = (through - then) / max(now - began, 0.001)
        left = (self._total - through) / rate if rate > 0 else None
        self._progress(Progress("sending", self._done, self._refused, self._total, rate, left))
