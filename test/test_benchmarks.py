from __future__ import annotations

import json
import subprocess
import sys
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks import bulk, clients, counts, data, inside, render, scale, table, tasks, workloads
from benchmarks.bulk_server import Faults
from benchmarks.workloads import Effort, race
from squareconnect.serialization import decode
from tools import environments

DECODE = next(work for work in table.WORKLOADS if work.name == "decode")
RETRIEVE = next(work for work in table.WORKLOADS if work.name == "retrieve")
IMPORT = next(work for work in table.WORKLOADS if work.name == "import")
THREADS = next(work for work in table.WORKLOADS if work.name == "threads")

TINY = Effort(seconds=0.0, customers_held=200, customers_listed=1_000, rounds_of_threads=1, interpreters=1)


def measured(peer: float, *floors: float, **more: Any) -> dict[str, Any]:
    names = ("floor", "floor_after")
    return {
        "peer": {"best": peer},
        **{name: {"best": floor} for name, floor in zip(names, floors, strict=False)},
        **more,
    }


def test_the_floor_is_the_mean_of_the_runs_before_and_after() -> None:
    assert table.cost(DECODE, measured(3.0, 1.0, 2.0)) == 2.0
    assert table.drift(measured(3.0, 1.0, 2.0)) == 1.0


def test_the_cost_of_an_import_is_in_milliseconds_above_the_floor() -> None:
    assert table.cost(IMPORT, measured(0.030, 0.020, 0.020)) == pytest.approx(10.0)
    assert table.figure(IMPORT, measured(0.030, 0.020, 0.020)) == "+10.0 ms"


@pytest.mark.parametrize(("peer", "met"), [(1.1, "yes"), (1.104, "yes"), (1.11, "no")])
def test_an_aim_is_compared_with_the_two_decimals_that_are_shown(peer: float, met: str) -> None:
    assert table.meets(RETRIEVE, measured(peer, 1.0)) == met


def test_more_connections_than_sixteen_miss_the_aim() -> None:
    assert table.meets(THREADS, measured(1.0, 1.0, connections=16)) == "yes"
    assert table.meets(THREADS, measured(1.0, 1.0, connections=17)) == "no"


def test_a_peer_without_a_workload_has_no_figure_for_it() -> None:
    headings, row = table.rows({"ours": {"decode": measured(1.4, 1.0)}, "pydantic": {}}, ("pydantic", "ours"))
    cells = dict(zip(headings, row, strict=True))
    assert (cells["pydantic"], cells["ours"], cells["met"]) == ("-", "1.40", "-")


def test_decoding_is_compared_with_pydantic_with_and_without_the_extra() -> None:
    both = {"decode": measured(1.4, 1.0), "decode_full": measured(2.0, 1.0)}
    fast = {"decode": measured(1.0, 1.0), "decode_full": measured(1.2, 1.0)}
    peers = {"ours": both, "fast": fast, "pydantic": {"decode": measured(2.8, 2.0), "decode_full": measured(1.2, 1.0)}}
    _, usual, full = table.compared_with_pydantic(peers)
    assert usual[1:] == ("1.00, yes", "0.71, yes")
    assert full[1:] == ("1.67, no", "1.00, yes")


def test_every_contestant_runs_in_turn() -> None:
    turns: list[str] = []
    times = race({"a": lambda: turns.append("a"), "b": lambda: turns.append("b")}, seconds=0.0)
    assert len(times["a"]) == len(times["b"]) == 3
    first, *rounds = (name for name, before in zip(turns, [None, *turns], strict=False) if name != before)
    assert "".join([first, *rounds]) == "ab" * 4


def test_figures_that_grow_by_more_than_the_tolerance_are_named() -> None:
    before = {"decode": {"times the floor": 1.0, "peak KiB": 10.0}}
    assert counts.grown({"decode": {"times the floor": 1.1, "peak KiB": 5.0}}, before, 1.1) == []
    assert counts.grown({"decode": {"times the floor": 1.2, "peak KiB": 10.0}}, before, 1.1) == [
        "decode: 1.2 times the floor, was 1.0"
    ]


def test_the_baseline_has_every_workload_for_each_python() -> None:
    for baseline in json.loads(counts.BASELINE.read_text()).values():
        assert set(baseline) == set(counts.WORKLOADS)


def test_the_peak_memory_is_measured() -> None:
    assert counts.peak(lambda: bytearray(50 * 1024)) >= 50


def test_the_picture_is_an_svg_with_a_bar_for_each_peer() -> None:
    results: dict[str, dict[str, Any]] = {peer: {} for peer in render.PEERS}
    results |= {"ours": {"decode": measured(1.4, 1.0)}, "msgspec": {"decode": measured(0.3, 1.0)}}
    svg = ElementTree.fromstring(render.picture(results))
    assert len(svg.findall("{http://www.w3.org/2000/svg}rect")) == 2


@pytest.mark.parametrize("full", [False, True])
def test_a_page_has_as_many_customers_as_asked_for(full: bool) -> None:
    page = decode(data.page(7, full=full, cursor="next"), "ListCustomersResponse")
    assert len(page.customers) == 7
    assert page.cursor == "next"


def test_a_full_customer_has_every_field() -> None:
    page = decode(data.page(1, full=True), "ListCustomersResponse")
    customer = page.customers[0]
    for model in (customer, customer.address, *customer.cards, *customer.groups, customer.preferences):
        assert set(model.__dict__) == set(model.swagger_types), "change benchmarks/data.py as well"
    assert json.loads(data.page(1, full=True)) == {"customers": [data.customer(0)]}


def test_a_usual_page_lacks_two_in_five_optional_fields_and_has_unknown_keys() -> None:
    customers = json.loads(data.page(1_000))["customers"]
    optional = [name for name in data.customer(0) if name not in ("id", "created_at", "updated_at", "cards")]
    there = sum(name in each for each in customers for name in optional)
    assert there / (len(customers) * len(optional)) == pytest.approx(0.6, abs=0.02)
    assert all({"id", "created_at", "updated_at", "version"} <= each.keys() for each in customers)
    assert 200 < sum("cards" not in each for each in customers) < 700
    assert 500 < sum("segment_ids" in each for each in customers) < 700
    assert data.page(3) == data.page(3)


class TestEachBenchmarkRunsAtASmallSize:
    def test_python_m_benchmarks_shows_its_usage(self) -> None:
        said = subprocess.run(
            [sys.executable, "-m", "benchmarks", "--help"], capture_output=True, text=True, check=True
        )
        assert "python -m benchmarks --quick" in said.stdout

    def test_the_peers_have_environments(self) -> None:
        assert clients.CLIENTS.keys() <= environments.PACKAGES.keys()
        assert set(render.PEERS) == clients.CLIENTS.keys()

    def test_the_workloads(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(workloads, "WARM_UP", 0.0)
        monkeypatch.setattr("gc.collect", int)  # A collection takes long with all the objects that the tests hold.
        measured = workloads.measure("ours", TINY, ("decode", "calls", "memory"))
        headings, *rows = table.rows({"ours": measured}, ("ours",))
        assert len(rows) == len(measured) == 6
        assert all(len(row) == len(headings) for row in rows)

    def test_the_growth(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(workloads, "WARM_UP", 0.0)
        monkeypatch.setattr(scale, "PAGE_SIZES", (1, 10))
        monkeypatch.setattr(scale, "THREADS", (1, 2))
        monkeypatch.setattr("gc.collect", int)
        assert [point["customers"] for point in scale.walk(1_000)] == list(range(100, 1_001, 100))
        assert scale.by_page_size(TINY).keys() == {"1", "10"}
        assert all(rates["2"]["calls_a_second"] > 0 for rates in scale.throughput(TINY).values())

    def test_the_profile(self) -> None:
        assert "squareconnect" in inside.profile(inside.workload_of(clients.Ours("http://127.0.0.1"), "decode"), 1)

    def test_the_tasks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tasks, "CALLS", 50)
        monkeypatch.setattr(tasks, "ROUNDS", 1)
        assert tasks.measure(0.0).keys() == {"threads", *tasks.event_loops()}

    def test_the_proof_of_bulk_work(self, capsys: pytest.CaptureFixture[str]) -> None:
        bulk.kills(count=50, kills=1, faults=Faults())
        assert "1 kills" in capsys.readouterr().out
