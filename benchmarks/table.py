"""The aims and the measurements, as rows of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Results = dict[str, dict[str, Any]]
"""The measurements, by peer and workload."""


class Workload(NamedTuple):
    """A row of the table."""

    name: str
    does: str
    floor: str
    aim: float | None
    """The maximum cost, as a multiple of the floor or in milliseconds above it; None for no aim."""
    above: bool = False
    """Whether the aim is milliseconds above the floor."""


WORKLOADS = (
    Workload("decode", "page of 100 customers, bytes to models", "`json.loads` of the same bytes", None),
    Workload("decode_full", "the same, every field of each customer filled", "the same", None),
    Workload(
        "retrieve", "`retrieve_customer` over loopback", "`PoolManager.request` + `json.loads`, same headers", 1.1
    ),
    Workload("create", "`create_customer` from a model", "the same, with `json.dumps`", 1.1),
    Workload("list", "`list_customers`, 100 a page", "as for `retrieve_customer`", None),
    Workload("import", "`import squareconnect`", "a bare interpreter", 10.0, above=True),
    Workload("first_client", "import and first client", "`import urllib3`", 15.0, above=True),
    Workload("memory", "20,000 customers held", "what `json.loads` holds", 1.15),
    Workload("threads", "16 threads, one client, a server that takes 5 ms", "raw urllib3, a pool of 16", 1.05),
)

PYDANTIC_AIMS = {"ours": 1.2, "fast": 1.0}
"""The maximum time to decode a page, as a multiple of pydantic's time."""


def compared_with_pydantic(results: Results) -> Iterator[tuple[str, ...]]:
    """Yield the table that compares decoding with pydantic: a row of headings, then a row for each workload."""
    yield ("workload", *(f"{peer}, aim {aim:g}, met" for peer, aim in PYDANTIC_AIMS.items()))
    for work in WORKLOADS[:2]:
        cells = [work.does]
        for peer, aim in PYDANTIC_AIMS.items():
            ratio = cost(work, results[peer][work.name]) / cost(work, results["pydantic"][work.name])
            cells.append(f"{ratio:.2f}, {'yes' if round(ratio, 2) <= aim else 'no'}")
        yield tuple(cells)


def cost(work: Workload, measured: Mapping[str, Any]) -> float:
    """Return a peer's cost, as a multiple of the mean floor or in milliseconds above it."""
    floors = [measured[name]["best"] for name in ("floor", "floor_after") if name in measured]
    floor = sum(floors) / len(floors)
    best = measured["peer"]["best"]
    return float((best - floor) * 1000 if work.above else best / floor)


def drift(measured: Mapping[str, Any]) -> float:
    """Return the relative difference between the floors before and after: what the machine's noise can hide."""
    after = measured.get("floor_after", measured["floor"])["best"]
    return float(abs(after / measured["floor"]["best"] - 1.0))


def meets(work: Workload, measured: Mapping[str, Any]) -> str:
    """Return whether an aim is met as text: with the two decimals that are shown, and within 16 connections."""
    if work.aim is None:
        return "-"
    return "yes" if round(cost(work, measured), 2) <= work.aim and measured.get("connections", 0) <= 16 else "no"


def number(value: float) -> str:
    """Return a multiple of the floor as text."""
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def figure(work: Workload, measured: Mapping[str, Any] | None) -> str:
    """Return the figure of one peer as text."""
    if measured is None:
        return "-"
    value = cost(work, measured)
    text = f"{value:+.1f} ms" if work.above else number(value)
    return text + (f", {measured['connections']} connections" if "connections" in measured else "")


def aim(work: Workload) -> str:
    """Return an aim as text."""
    if work.aim is None:
        return "-"
    return f"+{work.aim:g} ms" if work.above else f"{work.aim:g}"


def rows(results: Results, peers: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the table: a row of headings, then a row for each workload."""
    yield ("workload", "floor", *peers, "aim", "met", "floor after / before")
    for work in WORKLOADS:
        ours = results["ours"].get(work.name)
        if ours is None:
            continue
        figures = (figure(work, results[peer].get(work.name)) for peer in peers)
        yield (
            *(work.does, work.floor, *figures),
            *(aim(work), meets(work, ours), f"{drift(ours):.1%}"),
        )
