"""The aims and the measurements, as rows of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Results = dict[str, dict[str, Any]]
"""The measurements, by peer and work."""


class Work(NamedTuple):
    """A row of the table."""

    name: str
    does: str
    floor: str
    aim: float | None
    """The most that it may take, in times the floor or in milliseconds above it; None for no aim."""
    above: bool = False
    """Whether the aim is milliseconds above the floor."""


WORKS = (
    Work("decode", "page of 100 customers, bytes to models", "`json.loads` of the same bytes", None),
    Work("decode_full", "the same, every field of each customer filled", "the same", None),
    Work("retrieve", "`retrieve_customer` over loopback", "`PoolManager.request` + `json.loads`, same headers", 1.1),
    Work("create", "`create_customer` from a model", "the same, with `json.dumps`", 1.1),
    Work("list", "`list_customers`, 100 a page", "as for `retrieve_customer`", None),
    Work("import", "`import squareconnect`", "a bare interpreter", 10.0, above=True),
    Work("first_client", "import and first client", "`import urllib3`", 15.0, above=True),
    Work("memory", "20,000 customers held", "what `json.loads` holds", 1.15),
    Work("threads", "16 threads, one client, a server that takes 5 ms", "raw urllib3, a pool of 16", 1.05),
)

AIMS_BESIDE_PYDANTIC = {"ours": 1.2, "fast": 1.0}
"""The most that decoding a page may take, as a multiple of pydantic's time."""


def beside_pydantic(results: Results) -> Iterator[tuple[str, ...]]:
    """Yield the table that compares decoding with pydantic: a row of headings, then a row for each work."""
    yield ("work", *(f"{peer}, aim {aim:g}, met" for peer, aim in AIMS_BESIDE_PYDANTIC.items()))
    for work in WORKS[:2]:
        cells = [work.does]
        for peer, aim in AIMS_BESIDE_PYDANTIC.items():
            ratio = cost(work, results[peer][work.name]) / cost(work, results["pydantic"][work.name])
            cells.append(f"{ratio:.2f}, {'yes' if round(ratio, 2) <= aim else 'no'}")
        yield tuple(cells)


def cost(work: Work, measured: Mapping[str, Any]) -> float:
    """Return a peer's cost in times the floor (the mean of before and after), or in milliseconds above it."""
    floors = [measured[name]["best"] for name in ("floor", "floor_after") if name in measured]
    floor = sum(floors) / len(floors)
    best = measured["peer"]["best"]
    return float((best - floor) * 1000 if work.above else best / floor)


def drift(measured: Mapping[str, Any]) -> float:
    """Return the relative difference between the floors before and after: what the machine's noise can hide."""
    after = measured.get("floor_after", measured["floor"])["best"]
    return float(abs(after / measured["floor"]["best"] - 1.0))


def meets(work: Work, measured: Mapping[str, Any]) -> str:
    """Return whether an aim is met as text: with the two decimals that are shown, and within 16 connections."""
    if work.aim is None:
        return "-"
    return "yes" if round(cost(work, measured), 2) <= work.aim and measured.get("connections", 0) <= 16 else "no"


def number(value: float) -> str:
    """Return a multiple of the floor as text."""
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def figure(work: Work, measured: Mapping[str, Any] | None) -> str:
    """Return the figure of one peer as text."""
    if measured is None:
        return "-"
    value = cost(work, measured)
    text = f"{value:+.1f} ms" if work.above else number(value)
    return text + (f", {measured['connections']} connections" if "connections" in measured else "")


def aim(work: Work) -> str:
    """Return an aim as text."""
    if work.aim is None:
        return "-"
    return f"+{work.aim:g} ms" if work.above else f"{work.aim:g}"


def rows(results: Results, peers: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the table: a row of headings, then a row for each work."""
    yield ("work", "floor", *peers, "aim", "met", "floor after / before")
    for work in WORKS:
        ours = results["ours"].get(work.name)
        if ours is None:
            continue
        figures = (figure(work, results[peer].get(work.name)) for peer in peers)
        yield (
            *(work.does, work.floor, *figures),
            *(aim(work), meets(work, ours), f"{drift(ours):.1%}"),
        )
