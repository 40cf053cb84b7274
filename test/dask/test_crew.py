from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import CancelledError
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from distributed import Client, KilledWorker, LocalCluster

from squareconnect import Configuration
from squareconnect.bulk import InputError, JournalInUse, Stopped
from squareconnect.dask import crew
from squareconnect.dask.accounts import Accounts
from squareconnect.dask.crew import Crew, prepared
from squareconnect.dask.orders import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ACCOUNTS = Accounts(Configuration(host="http://127.0.0.1:9", access_token="t"))
FAILURES = {"cancelled": CancelledError("k"), "lost": ConnectionError("closed"), "odd": ValueError("odd")}

# The workers are in this process, so that tasks and tests share these objects.
TRIES: Counter[str] = Counter()
QUICK_ONES_ARE_THROUGH = threading.Event()


class Rows:
    """Rows that compare as a Delayed does: the result of a comparison is never false."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return True


class Work(NamedTuple):
    account: str
    title: str
    rows: Rows = Rows()


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    TRIES.clear()
    QUICK_ONES_ARE_THROUGH.clear()


@pytest.fixture
def empty() -> Iterator[Client]:
    """Run a cluster without workers."""
    options: dict[str, Any] = {"processes": False, "protocol": "tcp://", "host": "127.0.0.1"}
    cluster: Any = LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0", **options)
    with cluster, Client(cluster) as client:
        yield client


def in_stints(work: Work) -> Outcome:
    TRIES[work.title] += 1
    return Outcome(TRIES[work.title], more=TRIES[work.title] < 3)


def busy_at_first(work: Work) -> Outcome:
    TRIES[work.title] += 1
    busy = work.title[0] == "b" and TRIES[work.title] < 3
    return Outcome(failure=JournalInUse("in use")) if busy else Outcome("done")


def slow_or_quick(work: Work) -> Outcome:
    if work.account == "slow":
        QUICK_ONES_ARE_THROUGH.wait(60)
    return Outcome("done")


def failing(work: Work) -> Outcome:
    if work.title in FAILURES:
        raise FAILURES[work.title]
    time.sleep(0.05)
    return Outcome("done")


def once_slow(work: Work) -> Outcome:
    TRIES[work.title] += 1
    time.sleep(2.0 if TRIES[work.title] == 1 else 0.0)
    return Outcome("done")


def killing(work: Work) -> Outcome:
    TRIES[work.title] += 1
    raise KilledWorker("key", SimpleNamespace(address="tcp://127.0.0.1:9"), 3)  # type: ignore[arg-type]


def crew_of(client: Client, task: Callable[[Work], Outcome], reported: list[str], **options: Any) -> Crew[Work]:
    return Crew(client, lambda work: (task, work), lambda work, it: reported.append(f"{work.title} {it}"), **options)


def test_work_continues_until_it_is_done(client: Client) -> None:
    reported: list[str] = []
    crew_of(client, in_stints, reported).do([Work("a", "one"), Work("a", "two")])
    assert sorted(reported) == ["one 1", "one 2", "one 3", "two 1", "two 2", "two 3"]


def test_work_whose_journal_is_in_use_is_done_after_all_other_work(client: Client) -> None:
    reported: list[str] = []
    crew_of(client, busy_at_first, reported).do([Work("a", title) for title in ("b1", "b2", "c", "d", "e", "f")])
    assert sorted(reported) == ["b1 done", "b2 done", "c done", "d done", "e done", "f done"]
    assert {one[0] for one in reported[-2:]} == {"b"}


def test_the_work_of_an_account_can_be_done_in_order(client: Client) -> None:
    reported: list[str] = []
    works = [Work("a", f"a{number}") for number in range(3)] + [Work("b", "b0")]
    crew_of(client, in_stints, reported, in_order=True).do(works)
    assert [one for one in reported if one[0] == "a"] == [
        f"a{work} {stint}" for work in range(3) for stint in (1, 2, 3)
    ]


def test_an_account_whose_work_takes_long_leaves_threads_to_the_others(client: Client) -> None:
    done: Counter[str] = Counter()

    def reported(work: Work, result: str) -> None:
        done[work.account] += 1
        if work.account == "quick" and done["quick"] == 20:
            assert not done["slow"]
            QUICK_ONES_ARE_THROUGH.set()

    works = [Work(account, f"{number}") for account in ("slow", "quick") for number in range(20)]
    Crew(client, lambda work: (slow_or_quick, work), reported).do(works)
    assert done == {"slow": 20, "quick": 20}


@pytest.mark.parametrize(
    ("title", "kind", "said"),
    [
        ("cancelled", Stopped, "has lost a task"),
        ("lost", Stopped, r"has lost a task \(closed\)"),
        ("odd", ValueError, "odd"),
    ],
)
def test_a_failure_is_raised_after_the_other_accounts_are_done(
    client: Client, title: str, kind: type[Exception], said: str
) -> None:
    reported: list[str] = []
    works = [Work("a", title), Work("b", "one"), *(Work("a", "left") for _ in range(100)), Work("b", "two")]
    with pytest.raises(kind, match=said):
        crew_of(client, failing, reported).do(works)
    assert {"one done", "two done"} <= set(reported)
    assert reported.count("left done") < 100


def test_work_whose_workers_keep_dying_stops_after_a_while(client: Client) -> None:
    with pytest.raises(Stopped, match="The workers that work on a part die again and again"):
        crew_of(client, killing, [], most_kills=2).do([Work("a", "a part")])
    assert TRIES["a part"] == 3


def test_a_cluster_without_workers_stops_the_work(empty: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "WORKERS_WITHIN", 0.2)
    with pytest.raises(Stopped, match="The cluster has no worker"), prepared(empty, ACCOUNTS):
        pass
    plugins: Any = empty.run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.worker_plugins))
    assert f"squareconnect-{ACCOUNTS.run}" not in plugins  # No worker that starts later gets the accounts.
    with pytest.raises(Stopped, match="The cluster has lost all its workers"):
        crew_of(empty, in_stints, []).do([Work("a", "a part")])


class ClientThatReportsADeath:
    """A client that reports the death of one of its workers.

    :param client: a real client.
    :param looks: how often it still reports all workers.
    """

    def __init__(self, client: Client, looks: int) -> None:
        self.client = client
        self.looks = looks

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def nthreads(self) -> dict[str, int]:
        threads: Any = self.client.nthreads()
        self.looks -= 1
        return dict(threads) if self.looks >= 0 else dict(list(threads.items())[:1])


def test_the_work_of_a_worker_that_has_died_is_done_by_another(client: Client) -> None:
    reported: list[str] = []
    outlived: Any = ClientThatReportsADeath(client, 1)
    crew_of(outlived, once_slow, reported).do([Work("a", f"{number}") for number in range(4)])
    assert sorted(reported) == ["0 done", "1 done", "2 done", "3 done"]
    assert sum(TRIES.values()) == 6


class ClientOfARestartedScheduler(ClientThatReportsADeath):
    """A client whose scheduler was restarted, and has lost all tasks."""

    def compute(self, task: Any, **options: Any) -> Any:
        future = self.client.compute(task, **options)
        self.client.cancel([future])
        return future


class ClientOfALostScheduler(ClientThatReportsADeath):
    """A client whose scheduler is gone after some looks at its workers."""

    def nthreads(self) -> dict[str, int]:
        if self.looks == 0:
            raise OSError("The connection is gone")
        return super().nthreads()


@pytest.mark.parametrize("kind", [ClientOfARestartedScheduler, ClientOfALostScheduler])
def test_a_scheduler_that_is_gone_stops_the_work(client: Client, kind: type[ClientThatReportsADeath]) -> None:
    gone: Any = kind(client, 1)
    with pytest.raises(Stopped, match="The cluster has lost its scheduler: look at its log, and run the same again"):
        crew_of(gone, once_slow, []).do([Work("a", "a part")])


def test_work_of_a_failed_account_is_left(client: Client) -> None:
    done: list[str] = []

    def reported(work: Work, result: str) -> None:
        done.append(work.title)
        ours.add(Work("a", "more"))

    ours: Crew[Work] = Crew(client, lambda work: (failing, work), reported)
    with pytest.raises(ValueError, match="odd"):
        ours.do([Work("a", "odd"), Work("b", "one")])
    assert "one" in done


class ClientThatLosesWorkers:
    """A client whose workers die while a plugin is registered.

    :param losses: how often they die.
    """

    def __init__(self, losses: int) -> None:
        self.losses = losses
        self.registered: list[str] = []

    def register_plugin(self, plugin: Any, name: str) -> None:
        if self.losses:
            self.losses -= 1
            raise OSError("The connection is gone")
        self.registered.append(name)

    def wait_for_workers(self, count: int, timeout: float) -> None:
        pass

    def unregister_worker_plugin(self, name: str) -> None:
        self.registered.remove(name)


def test_a_plugin_is_registered_until_all_workers_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "AGAIN_AFTER", 0.0)
    client = ClientThatLosesWorkers(3)
    with prepared(client, ACCOUNTS):  # type: ignore[arg-type]
        assert client.registered == [f"squareconnect-{ACCOUNTS.run}", "squareconnect-till"]
    assert client.registered == ["squareconnect-till"]
    with pytest.raises(Stopped, match="loses its workers"), prepared(ClientThatLosesWorkers(99), ACCOUNTS):  # type: ignore[arg-type]
        pass


def test_a_client_is_needed() -> None:
    with pytest.raises(InputError, match="no current distributed"), prepared(None, ACCOUNTS):
        pass
