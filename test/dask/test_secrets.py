from __future__ import annotations

import pickle
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from urllib.request import urlopen

import cloudpickle
import dask.bag
import pytest

from benchmarks.bulk_server import Square, running
from squareconnect import ApiException, Configuration
from squareconnect.dask import import_customers
from test.dask.helpers import people, processes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from distributed import Client
    from typing_extensions import Self

TOKEN = "a-very-secret-token"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with processes(2) as client:
        yield client


def tasks(dask_scheduler: Any) -> list[tuple[str, bytes]]:
    """Return all tasks as they are sent to workers; runs in the scheduler's process."""
    return [(str(key), cloudpickle.dumps(task.run_spec)) for key, task in dask_scheduler.tasks.items()]


class SecretSearch:
    """Collects everything that a cluster shows during and after an import.

    :param client: the cluster's client.
    """

    def __init__(self, client: Client) -> None:
        self.client: Any = client
        self.graphs: list[tuple[str, bytes]] = []
        self.pages: dict[str, bytes] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def everything(self) -> bytes:
        client = self.client
        logs = [client.get_scheduler_logs(), client.get_worker_logs(), client.get_worker_logs(nanny=True)]
        return repr([self.graphs, self.pages, logs, client.get_events(), client.story()]).encode()

    def _run(self) -> None:
        while not self._over.wait(0.05):
            self.graphs += self.client.run_on_scheduler(tasks)
            workers = self.client.scheduler_info(n_workers=-1)["workers"]
            self._read(
                "sitemap.json", "json/counts.json", "json/index.html", "info/main/workers.html", "info/logs.html"
            )
            for kind, names in (
                ("worker", workers),
                ("logs", workers),
                ("call-stacks", workers),
                ("task", dict(self.graphs[-2:])),
                ("call-stack", dict(self.graphs[-2:])),
            ):
                self._read(*(f"info/{kind}/{quote(name, safe='')}.html" for name in names))

    def _read(self, *paths: str) -> None:
        root = self.client.dashboard_link.removesuffix("/status")
        for path in paths:
            with suppress(OSError), urlopen(f"{root}/{path.lstrip('/')}", timeout=5) as answer:  # noqa: S310
                self.pages[path] = self.pages.get(path, b"") + answer.read()


def import_some(folder: Path, square: Square) -> None:
    bag = dask.bag.from_sequence(people(0, 80), npartitions=2)
    settings = Configuration(host=square.host, access_token=TOKEN)
    import_customers(bag, settings, journal=folder / "journal", rate=40)


def test_no_graph_key_log_event_or_page_of_the_dashboard_has_the_token(client: Client, folder: Path) -> None:
    with running(Square()) as square, SecretSearch(client) as search:
        import_some(folder, square)
    assert any("send_chunk" in key for key, _ in search.graphs)
    assert any("send_chunk" in page.decode() for path, page in search.pages.items() if path.startswith("info/task/"))
    assert TOKEN.encode() not in search.everything()
    assert all(TOKEN.encode() not in path.read_bytes() for path in (folder / "journal").iterdir() if path.is_file())


def test_a_failure_does_not_show_it_either(client: Client, folder: Path) -> None:
    class Closed(Square):
        def answer(self, method: str, target: str, body: bytes) -> tuple[int, object]:
            return 401, {"errors": [{"category": "AUTHENTICATION_ERROR", "code": "UNAUTHORIZED"}]}

    with running(Closed()) as square, SecretSearch(client) as search, pytest.raises(ApiException) as caught:
        import_some(folder, square)
    assert TOKEN.encode() not in search.everything() + pickle.dumps(caught.value)


def test_the_search_would_find_it_in_a_graph(client: Client, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("squareconnect.dask.accounts.digest", lambda text: text)  # The hash that tasks contain.
    with running(Square()) as square, SecretSearch(client) as search:
        import_some(folder, square)
    assert TOKEN.encode() in search.everything()


def test_the_search_would_find_it_in_a_log(client: Client) -> None:
    def log(dask_worker: Any) -> None:
        import logging

        logging.getLogger("distributed.worker").warning("It is %s", TOKEN)

    client.run(log)
    assert TOKEN.encode() in SecretSearch(client).everything()


def test_a_worker_forgets_it_when_the_import_ends(client: Client, folder: Path) -> None:
    def plugins(dask_worker: Any) -> list[str]:
        return [name for name in dask_worker.plugins if name.startswith("squareconnect")]

    with running(Square()) as square:
        import_some(folder, square)
    remembered: Any = client.run(plugins)
    assert list(remembered.values()) == [[], []]
