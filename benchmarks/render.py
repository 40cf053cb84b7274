"""Write the measurements as a page, a picture and the README's table."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from benchmarks.server import PAGE_SIZE
from benchmarks.table import WORKLOADS, compared_with_pydantic, cost, figure, number, rows
from benchmarks.workloads import CALLS_A_THREAD, THREADS
from tools.environments import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DATA = CHECKOUT / "docs" / "performance.json"
PAGE = CHECKOUT / "docs" / "performance.md"
PICTURE = CHECKOUT / "docs" / "performance.svg"
README = CHECKOUT / "README.md"

PEERS = ("original", "squareup", "pydantic", "msgspec", "ours", "fast")
LABELS = {"original": "squareconnect 2.x", "ours": "squareconnect", "fast": "squareconnect[fast]"}
PACKAGES = {"original": "squareconnect", "squareup": "squareup", "pydantic": "pydantic", "msgspec": "msgspec"}


def write(results: dict[str, Any]) -> None:
    """Write the page, the picture, and the table in the README if the README has a place for it."""
    PAGE.write_text(page(results), encoding="utf-8")
    PICTURE.write_text(picture(_workloads(results)), encoding="utf-8")
    readme = README.read_text(encoding="utf-8")
    place = r"(?s)(<!-- performance -->\n).*(<!-- /performance -->)"
    README.write_text(re.sub(place, lambda found: found[1] + summary(results) + found[2], readme), encoding="utf-8")


def _workloads(results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {peer: measured["workloads"] for peer, measured in results["peers"].items()}


def table(lines: Iterable[Iterable[str]]) -> str:
    """Return rows of text as Markdown; the first row is the headings."""
    first, *rest = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([first, "|" + " --- |" * (first.count("|") - 1), *rest]) + "\n"


def summary(results: dict[str, Any]) -> str:
    """Return the table of the README."""
    workloads, shown = _workloads(results), ("original", "squareup", "ours")
    lines = [("work", *({**LABELS, "ours": "this package"}.get(peer, peer) for peer in shown))]
    for work in WORKLOADS:
        lines.append((work.does, *(figure(work, workloads[peer].get(work.name)) for peer in shown)))
    return table(lines)


def page(results: dict[str, Any]) -> str:
    """Return the page."""
    scale, machine = results["scale"], results["machine"]
    versions = ", ".join(f"{name} {results['peers'][peer]['versions'][name]}" for peer, name in PACKAGES.items())
    walked = scale["walk"]
    return f"""# Performance

This page compares the time that the SDK takes with three things: the same work written by hand with urllib3 and `json`
(the *floor*), `squareconnect` 2.x, and `squareup`. Decoding and memory are also compared with the same models in
pydantic and msgspec. `python -m benchmarks` measures everything in one go and writes this page;
[performance.json](performance.json) has the figures behind it.

## The workloads

A figure is a multiple of the floor, from the best of many runs; for the imports it is the milliseconds above the floor.
Each peer is measured in its own environment, in turn with the floor: once before the peer and once after it. The last
column shows how far these two floors were apart for ours. A smaller difference between figures means nothing.

{table(rows(_workloads(results), PEERS))}
![The workloads, as multiples of the floor](performance.svg)

Decoding, as a multiple of pydantic's time:

{table(compared_with_pydantic(_workloads(results)))}
On the full page, Python code cannot reach 1.2. `json.loads` alone takes about 0.8 of pydantic's time. Making the models
without checking plain values brings it to 1.03, and an empty loop over the page's 8,100 values to 1.15.

- The customers of the first page are typical: 40 % of the optional fields are missing, at random, in cards and
  addresses too, and one customer in four has no cards. Each has the key `version`, which no model knows, and most have
  `segment_ids` and `group_ids`. `json.loads` takes {_milliseconds(results, "decode")} ms.
- The customers of the full page each have an address, two cards with billing addresses, preferences and a group, with
  every field filled. `json.loads` takes {_milliseconds(results, "decode_full")} ms.
- `fast` is the SDK with its extra `fast`, which makes msgspec its parser. pydantic's models are strict and keep unknown
  keys, as the SDK's do; msgspec's drop them.
- `squareup` has no models of cards and groups: it keeps them as dicts.
- The memory of held customers is measured by `tracemalloc`, with 20,000 customers for ours and 2,000 for the others;
  the floor always holds the same number.
- The 16 threads retrieve a customer {THREADS * CALLS_A_THREAD} times; the figure is the time until all are done.

Machine: {machine.get("cpu_model_name", "unknown processor")}, {machine["cpu_count"]} cores, {machine["platform"]}.
{machine["python_implementation"].replace("cpython", "CPython")} {machine["python_version"].split()[0]}, urllib3 \
{results["peers"]["ours"]["versions"]["urllib3"]}, {versions}.
Measured on {machine["date"][:10]}.

## Where the time goes

{table(_inside(results["inside"]))}
callgrind counts the instructions, and a busy machine does not disturb it. The shares come from cProfile, which makes
Python functions look more expensive than C functions.

Most of a call is writing and reading HTTP, in the floor as well as in the SDK. On top of that, the SDK makes and checks
the path, the headers and the models, calls the methods of 2.x that programs replace, and holds each step to the
deadline. A page of customers is mostly JSON parsing. Only a parser that makes models without making dicts first, such
as msgspec's in C, is faster.

## Page size

{table(_by_page_size(scale["page_sizes"]))}
The cost of a customer is about the same for all page sizes up to 100, the most that Square sends. On larger pages both
costs rise, and ours rises more: Python's garbage collector has more objects to scan while they are made, and they no
longer fit into the processor's caches.

## Threads

Calls of `retrieve_customer` per second, and the share of a core that the client's process used:

{table(_by_threads(scale["threads"]))}
One process uses about one core, however many threads it has: Python runs one thread at a time, and a call is mostly
Python. Where the client's share is near 100 %, the client is the bottleneck; where it is well below, the server is.
Threads help while calls wait for the network; beyond that, use more processes. A client keeps 16 connections unless
`connection_pool_maxsize` says otherwise, and further threads wait for a free one.

## Many customers

`paginate` over {walked[-1]["customers"]:,} customers, {PAGE_SIZE} per page; the server makes its pages on the fly:

{table(_walk(walked))}
"""


def _milliseconds(results: dict[str, Any], work: str) -> str:
    return f"{results['peers']['ours']['workloads'][work]['floor']['best'] * 1000:.2f}"


def _inside(inside: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    yield ("workload", "instructions, floor", "instructions, ours", "times the floor", "share of the time")
    does = {work.name: work.does for work in WORKLOADS}
    for name, seen in inside.items():
        floor, ours = seen["floor_instructions"], seen["instructions"]
        shares = ", ".join(f"{origin} {share:.0%}" for origin, share in seen["profile"].items() if share >= 0.01)
        counts = (f"{floor / 1e6:.2f} M", f"{ours / 1e6:.2f} M", f"{ours / floor:.2f}") if floor else ("-", "-", "-")
        yield (does[name], *counts, shares)


def _by_page_size(sizes: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    yield ("customers per page", "`json.loads`, us per customer", "ours, us per customer", "times the floor")
    for size, measured in sizes.items():
        floor, ours = (measured[name]["best"] / int(size) * 1e6 for name in ("floor", "peer"))
        yield (f"{int(size):,}", f"{floor:.1f}", f"{ours:.1f}", f"{cost(WORKLOADS[0], measured):.2f}")


def _by_threads(threads: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    yield ("client and server", *(f"{count} thread{'s' * (count != '1')}" for count in next(iter(threads.values()))))
    for pair, counts in threads.items():
        cells = (f"{each['calls_a_second']:,.0f} ({each['share_of_a_core']:.0%})" for each in counts.values())
        yield (pair, *cells)


def _walk(points: list[dict[str, float]]) -> Iterator[tuple[str, ...]]:
    yield ("customers", "seconds", "us per customer", "peak memory of the process, MiB")
    for point in points:
        each = point["seconds"] / point["customers"] * 1e6
        yield (f"{point['customers']:,.0f}", f"{point['seconds']:.1f}", f"{each:.1f}", f"{point['mib']:.1f}")


# -- The picture ----------------------------------------------------------------------------------------------------

_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.work { font-weight: 600; }
.bar { fill: #9aa4b2; } .ours { fill: #2f6feb; }
.floor { stroke: #1f2328; } .aim { stroke: #cf222e; stroke-width: 2; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .bar { fill: #59636e; } .ours { fill: #539bf5; }
  .floor { stroke: #e6edf3; } .aim { stroke: #ff7b72; }
}
"""
_LEFT, _RIGHT, _LINE = 150, 660, 20
_LEAST, _MOST = 0.2, 200.0


def _across(ratio: float) -> float:
    """Return the x coordinate of a ratio on the logarithmic scale."""
    share = math.log(ratio / _LEAST) / math.log(_MOST / _LEAST)
    return _LEFT + (_RIGHT - _LEFT) * min(max(share, 0.0), 1.0)


def picture(workloads: dict[str, dict[str, Any]]) -> str:
    """Return an SVG of bars for the workloads measured as multiples of the floor, readable on light and dark pages."""
    parts: list[str] = []
    y = 30
    for work in WORKLOADS:
        if work.above:
            continue
        parts.append(f'<text class="work" x="10" y="{y}">{work.does.replace("`", "")}</text>')
        top = y + 6
        y = top
        for peer in PEERS:
            if work.name in workloads[peer]:
                ratio = cost(work, workloads[peer][work.name])
                kind = "bar ours" if peer == "ours" else "bar"
                width = f"{_across(ratio) - _LEFT:.1f}"
                parts += (
                    f'<text x="{_LEFT - 8}" y="{y + 14}" text-anchor="end">{LABELS.get(peer, peer)}</text>',
                    f'<rect class="{kind}" x="{_LEFT}" y="{y + 3}" width="{width}" height="14"/>',
                    f'<text x="{_RIGHT + 50}" y="{y + 14}" text-anchor="end">{number(ratio)}</text>',
                )
                y += _LINE
        for kind, at in (("floor", 1.0), ("aim", work.aim)):
            if at is not None:
                x = f"{_across(at):.1f}"
                parts.append(f'<line class="{kind}" x1="{x}" x2="{x}" y1="{top}" y2="{y}"/>')
        y += 30
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 730 {y + 10}" role="img" '
        f'aria-label="Times the floor, on a logarithmic scale; the red line is the aim">\n'
        f"<style>{_STYLE}</style>\n{body}\n"
        f'<text x="10" y="{y - 4}">Times the floor (the thin line), on a logarithmic scale. Red: the aim.</text>\n'
        "</svg>\n"
    )
