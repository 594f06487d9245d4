"""A history and a change of score as text for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from swayrank._text import printable
from swayrank.scoring.table import cell, span
from swayrank.scoring.telling import figure

if TYPE_CHECKING:
    from swayrank.scoring.between_runs import Change, PartChange, Side
    from swayrank.scoring.history import History, HistoryRow, RunFacts

_MOST_ROWS = 60
_BEYOND = {(True, True): "both", (True, False): "earlier", (False, True): "now"}


def times(runs: Sequence[RunFacts | HistoryRow]) -> list[str]:
    """When each run's data is seen from: the day, or to the second where days repeat."""
    found = {run.time[:10] for run in runs}
    whole = len(found) < len({run.time for run in runs})
    return [run.time[:19].replace("T", " ") if whole else run.time[:10] for run in runs]


def account_cells(rows: Sequence[HistoryRow], *, scales: bool) -> tuple[list[str], list[list[str]]]:
    """Headings and cells for the rows of one account; its scale only where scales differ."""
    parts = list(dict.fromkeys(name for row in rows for name in row.parts))
    headings = ["data until", "rank", "between", "score", "from-to", *parts, *(["scale"] if scales else [])]
    cells = []
    for row, when in zip(rows, times(rows), strict=True):
        ranks = [cell(row.rank, ",d"), span(row.rank_low, row.rank_high, ",d")]
        scores = [cell(row.score, ".1f"), span(row.score_low, row.score_high)]
        if row.status != "scored":
            ranks, scores = ["-", "-"], ["-", row.status]
        by_part = [cell(row.parts.get(name), ".1f") for name in parts]
        cells.append([when, *ranks, *scores, *by_part, *([row.scale] if scales else [])])
    return headings, cells


def run_cells(runs: Sequence[RunFacts]) -> tuple[list[str], list[list[str]]]:
    """Headings and cells for the runs themselves."""
    headings = ["data until", "accounts", "scored", "scale", "reference", "run"]
    return headings, [
        [when, f"{run.n_accounts:,}", f"{run.n_scored:,}", run.scale, run.reference, run.id]
        for run, when in zip(runs, times(runs), strict=True)
    ]


def _table(headings: list[str], cells: list[list[str]]) -> list[str]:
    wide = [max(len(row[i]) for row in (headings, *cells)) for i in range(len(headings))]
    return [
        "  ".join(f"{c:<{w}}" if i == 0 else f"{c:>{w}}" for i, (c, w) in enumerate(zip(row, wide, strict=True)))
        for row in (headings, *cells)
    ]


def history_text(past: History) -> str:
    """The runs, or for each account asked for its rows."""
    if past.accounts is None:
        return "\n".join([*_table(*run_cells(past.runs[-_MOST_ROWS:])), *(f"note: {note}" for note in past.notes())])
    scales = len({run.scale for run in past.runs}) > 1
    lines = []
    for account in past.accounts:
        mine = [row for row in past.rows if row.account == account]
        lines += [printable(account), *_table(*account_cells(mine[-_MOST_ROWS:], scales=scales)), ""]
    return "\n".join([*lines[:-1], *(f"note: {note}" for note in past.notes())])


# -- a change ----------------------------------------------------------------------------------------------------------


def change_text(change: Change) -> str:
    """A sentence, whether it is more than chance, and a line for each part."""
    name, one, two = printable(change.account), change.earlier, change.later
    if change.difference is None:
        return f"{name}: no change to explain; {_standing(one)} earlier{_at(one)}, {_standing(two)} later{_at(two)}"
    lines = [
        f"{name}: {one.score:.1f} -> {two.score:.1f}, {change.difference:+.1f} points{_days(one, two)}; "
        f"rank {one.rank:,} of {one.n_scored:,} -> {two.rank:,} of {two.n_scored:,}",
        f"  {_sure(change)}",
    ]
    still = [part.part for part in change.parts if not part.terms]
    for part in change.parts:
        lines += _part_lines(part) if part.terms else []
    lines += [f"  unchanged: {', '.join(still)}"] if still else []
    moved = [f"{what} {a:,} -> {b:,}" for what, (a, b) in change.counts.items() if a != b]
    if moved:
        lines.append("  behind it: " + ", ".join(moved))
    if _faded(change):
        lines.append("  more reactions are worth less: older ones faded by more than new ones added")
    return "\n".join(lines)


def _faded(change: Change) -> bool:
    """Whether resonance fell although nothing left the log and something came."""
    reactions = change.counts.get("reactions", (0, 0))
    felt = [(part.earlier_raw or 0.0, part.later_raw or 0.0) for part in change.parts if part.part == "resonance"]
    return reactions[1] > reactions[0] and any(later < earlier for earlier, later in felt)


def _standing(side: Side) -> str:
    if side.status == "absent":
        return "the account is not in the data"
    return f"{side.score:.1f}" if side.score is not None else "too little data for a score"


def _at(side: Side) -> str:
    return f" ({side.time[:10]})" if side.time else ""


def _days(one: Side, two: Side) -> str:
    if not one.time or not two.time:
        return ""
    return f" from {one.time[:10]} to {two.time[:10]}" if one.time[:10] != two.time[:10] else ""


def _sure(change: Change) -> str:
    if change.low is None or change.high is None or change.confidence is None:
        return "how sure that is cannot be told: a run has no intervals"
    if not any(part.terms for part in change.parts):
        return "nothing that the score counts has changed"
    between = f"{change.low:+.1f} to {change.high:+.1f} at {change.confidence:.0%}, as for independent estimates"
    if change.withheld:
        return f"whether that is more than chance cannot be told: {change.withheld}"
    if change.more_than_chance:
        alarms = f"of accounts whose habits stay, {figure(100 * (1 - change.confidence))} in 100 look so"
        return f"more than chance explains ({between}; {alarms})"
    return f"no more than chance may explain ({between})"


def _part_lines(part: PartChange) -> list[str]:
    scaled = f"{cell(part.earlier, '.1f')} -> {cell(part.later, '.1f')}"
    raw = ""
    if part.earlier_raw is not None and part.later_raw is not None:
        raw = f" ({figure(part.earlier_raw)} -> {figure(part.later_raw)} {part.unit})"
    capped = f", {_BEYOND[part.beyond]} beyond the scale of the reference, cut off at 100" if any(part.beyond) else ""
    lines = [f"  {part.part} {part.points:+.1f}: {scaled}{raw}{capped}"]
    plain = len(part.terms) < 2 and all(term.what == "its figure" for term in part.terms)
    return lines if plain else [*lines, *(f"    {term.points:+.1f}: {term.what}" for term in part.terms)]
