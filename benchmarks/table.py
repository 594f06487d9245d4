"""The table of kept results, as ratios: written into README.md from the JSON files, so that it cannot go stale."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.harness import OURS

README = Path(__file__).with_name("README.md")
_BEGIN, _END = "<!-- figures: python -m benchmarks --table --write -->\n", "<!-- end of figures -->\n"
_ORDER = (
    "load",
    "build",
    "build100m",
    "open",
    "pagerank",
    "walks",
    "betweenness",
    "closeness",
    "approximate",
    "communities",
    "incremental",
    "growth",
    "seeds",
    "seeds100m",
    "cascades",
    "every_account",
    "scaling",
    "engagement",
    "engagement100m",
    "intervals",
    "recovery",
    "backtests",
    "service_load",
    "service_ingest",
    "service_whatif",
    "service_faults",
    "service_memory",
    "map_frames",
    "end_to_end",
)


def render(folder: Path) -> str:
    """All results of a folder as Markdown."""
    results = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")}
    lines: list[str] = []
    for name in sorted(results, key=lambda name: (_ORDER.index(name) if name in _ORDER else 99, name)):
        lines += _section(results[name])
    return "\n".join(lines) + "\n"


def write(text: str) -> None:
    """Put the table between the marks of README.md."""
    before, _, rest = README.read_text(encoding="utf-8").partition(_BEGIN)
    _, _, after = rest.partition(_END)
    README.write_text(before + _BEGIN + text + _END + after, encoding="utf-8")


def written() -> str:
    """The table that README.md holds."""
    text = README.read_text(encoding="utf-8")
    return text.partition(_BEGIN)[2].partition(_END)[0]


def _section(result: dict[str, Any]) -> Iterator[str]:
    yield f"### {result['benchmark']}"
    yield ""
    yield f"{result['machine']['text']}; {', '.join(f'{k} {v}' for k, v in result['versions'].items())}."
    yield ""
    if result["bars"]:
        yield "| bar | wanted | found | |"
        yield "|---|---:|---:|---|"
        for bar in result["bars"]:
            relation = "≤" if bar["at_most"] else "≥"
            met = "met" if bar["met"] else "**missed**"
            yield f"| {bar['text']} | {relation} {bar['limit']:g} | {bar['value']:.3g} | {met} |"
        yield ""
    for table in result.get("tables", ()):
        yield f"{table['title']}:"
        yield ""
        yield f"| {' | '.join(table['head'])} |"
        yield f"|---|{'---:|' * (len(table['head']) - 1)}"
        yield from (f"| {' | '.join(row)} |" for row in table["rows"])
        yield ""
    if not result["cases"]:
        return
    yield "| input | tool | time | peak memory | runs |"
    yield "|---|---|---:|---:|---:|"
    for case, figures in result["cases"].items():
        rows = figures["contenders"]
        for tool, row in rows.items():
            peak = _ratio(row.get("peak_bytes"), rows[OURS].get("peak_bytes"))
            name = f"{tool} ({row['note']})" if "note" in row else tool
            yield f"| {case} | {name} | {row['ratio']:.2f} | {peak} | {len(row['repeats_s'])} |"
    yield ""


def _ratio(value: float | None, ours: float | None) -> str:
    return "" if value is None or not ours or ours <= 0 else f"{value / ours:.2f}"
