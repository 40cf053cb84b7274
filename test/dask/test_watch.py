from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from squareconnect import ApiClient, Configuration, CustomersApi
from squareconnect.bulk import Stopped
from squareconnect.bulk.importing import read_rows
from squareconnect.bulk.journal import Journal, Row
from squareconnect.dask.watch import Watch
from test.dask.helpers import people

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Make a journal with three rows. The first two are being sent."""
    path = tmp_path / "a.journal"
    api = CustomersApi(ApiClient(Configuration(host="http://127.0.0.1:9", access_token="t")))
    read_rows(people(0, 3), api, journal=path)
    with Journal(path) as kept, kept.change():
        kept.claim(2)
    return path


class Sender:
    """Records what was sent, and whether it was sent alone.

    :param journal: the journal that is watched.
    """

    def __init__(self, journal: Path) -> None:
        self.alone_file = Path(f"{journal}.alone")
        self.sent: dict[int, bool] = {}

    def __call__(self, rows: Sequence[Row]) -> list[str]:
        self.sent[rows[0].number] = self.alone_file.exists()
        return ["C1"]


def send_all(journal: Path, watch: Watch) -> tuple[dict[int, bool], list[int]]:
    """Send three rows. Return whether each was sent alone, and which were set aside."""
    sender = Sender(journal)
    send = watch.guarded(sender)
    rows = [Row(number, {}, "key", None, 0.0, False) for number in (1, 2, 3)]
    return sender.sent, [row.number for row in rows if send([row]) == [None]]


def die(journal: Path, alone: int | None = None) -> None:
    """Let a worker die while it sends two rows, one of them perhaps alone."""
    Watch(journal).__enter__()
    if alone is not None:
        Path(f"{journal}.alone").write_text(str(alone))


def test_without_a_death_no_row_is_suspect(journal: Path) -> None:
    for _ in range(9):
        with Watch(journal) as watch:
            assert send_all(journal, watch) == ({1: False, 2: False, 3: False}, [])
    assert not Watch(journal).has_begun


def test_a_row_that_was_sent_at_three_deaths_is_sent_alone(journal: Path) -> None:
    for deaths in range(4):
        with Watch(journal) as watch:
            assert send_all(journal, watch)[0] == {1: deaths >= 3, 2: deaths >= 3, 3: False}
        for _ in range(deaths + 1):
            die(journal)


def test_only_a_row_at_which_the_worker_dies_twice_more_is_set_aside(journal: Path) -> None:
    for _ in range(3):
        die(journal)
    die(journal, alone=2)
    die(journal, alone=2)
    for _ in range(2):  # It stays set aside after a task has ended normally.
        with Watch(journal) as watch:
            assert send_all(journal, watch)[1] == [2]
    Watch(journal).forget()
    with Watch(journal) as watch:
        assert send_all(journal, watch)[1] == []


def test_a_full_disk_stops_the_import(journal: Path) -> None:
    Path(f"{journal}.begun.part").symlink_to("/dev/full")
    with pytest.raises(Stopped, match=r"begun\.part cannot be written: No space left on device; make room"):
        Watch(journal).__enter__()


def test_a_worker_that_dies_while_it_notes_the_row_makes_no_row_suspect(journal: Path) -> None:
    for _ in range(5):
        die(journal)
        Path(f"{journal}.alone").write_text("")
    with Watch(journal) as watch:
        assert send_all(journal, watch)[1] == []
