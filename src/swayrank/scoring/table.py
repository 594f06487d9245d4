"""Scores as rows: columns for people that fit a terminal, objects for machines."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from swayrank._text import printable
from swayrank.ids import Ids
from swayrank.scoring.intervals import Intervals
from swayrank.scoring.scale import Reference

Floats = npt.NDArray[np.float64]
_GAP = 2
_BEYOND = ">100"


class Ranked(Protocol):
    """What a row needs: of a run just made or of a kept one."""

    @property
    def ids(self) -> Ids:
        """The accounts."""

    @property
    def score(self) -> Floats:
        """0-100, NaN without a score."""

    @property
    def rank(self) -> npt.NDArray[np.uint32]:
        """1 is the highest, 0 without a score."""

    @property
    def raw(self) -> Mapping[str, Floats]:
        """The figures, NaN where missing."""

    @property
    def reference(self) -> Reference:
        """The scale."""

    @property
    def parts(self) -> Mapping[str, Floats]:
        """0-100, NaN where missing."""

    @property
    def contributions(self) -> Mapping[str, Floats]:
        """What each part adds to the score."""

    @property
    def roles(self) -> npt.NDArray[np.object_] | None:
        """The role of every account, None without a score or where unknown; None where the run does not tell."""

    @property
    def intervals(self) -> Intervals | None:
        """How sure it all is."""


def span(low: float | None, high: float | None, form: str = ".1f") -> str:
    """An interval for people.

    >>> span(3, 9, "d"), span(4, 4, "d"), span(None, None), span(-0.0, 46.04)
    ('3-9', '4', '-', '0.0-46.0')
    """
    if low is None or high is None:
        return "-"
    ends = tuple(re.sub(r"^-(0(?:\.0*)?)$", r"\1", format(value, form)) for value in (low, high))
    return ends[0] if ends[0] == ends[1] else "-".join(ends)


def cell(value: float | None, form: str) -> str:
    """A number for people, "-" where there is none.

    >>> cell(1234, ",d"), cell(float("nan"), ".1f")
    ('1,234', '-')
    """
    return "-" if value is None or math.isnan(value) else format(value, form)


def beyond_scale(scores: Ranked, i: int) -> list[str]:
    """The parts of which an account has more than the highest figure of the reference; all of these are 100."""
    knots = scores.reference.knots
    return [name for name, values in scores.raw.items() if values[i] > knots[name].top]


def beyond_note(scores: Ranked, positions: Iterable[int]) -> str | None:
    """What ">100" in a table means; None where no account of these lies beyond the scale."""
    parts = list(dict.fromkeys(name for i in positions for name in beyond_scale(scores, int(i))))
    if not parts:
        return None
    return (
        f">100: beyond the scale of the reference ({', '.join(parts)}); it counts as 100, intervals are cut off there, "
        "and such accounts cannot be told apart by that part: a new reference can"
    )


def score_table(scores: Ranked, positions: Iterable[int], room: int = 240) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of some accounts' scores; what there is no room for is left out, the last columns first.

    Parameters
    ----------
    scores : Scores or KeptScores
    positions : iterable of int
        Which accounts.
    room : int, default 240
        How many characters wide the table may be.
    """
    columns: dict[str, list[str]] = {}
    at = [int(i) for i in positions]
    sure = scores.intervals
    columns["rank"] = [cell(int(scores.rank[i]) or None, ",d") for i in at]
    if sure is not None:
        columns["between"] = [span(int(sure.rank[0][i]), int(sure.rank[1][i]), ",d") for i in at]
    columns["account"] = [printable(str(scores.ids[i])) for i in at]
    columns["score"] = [cell(scores.score[i], ".1f") for i in at]
    if sure is not None:
        columns["from-to"] = [span(sure.score[0][i], sure.score[1][i]) for i in at]
    over = {i: beyond_scale(scores, i) for i in at}
    for name, values in scores.parts.items():
        columns[name] = [_BEYOND if name in over[i] else cell(values[i], ".1f") for i in at]
    if scores.roles is not None:
        columns["role"] = [str(scores.roles[i] or ("unknown" if scores.rank[i] else "-")) for i in at]
    names = _that_fit(columns, room)
    return names, [[columns[name][k] for name in names] for k in range(len(at))]


def _that_fit(columns: Mapping[str, Sequence[str]], room: int) -> list[str]:
    """The first columns, as many as there is room for; rank, account and score always."""
    wide = {name: max(map(len, (name, *cells))) + _GAP for name, cells in columns.items()}
    names = list(columns)
    while sum(wide[name] for name in names) - _GAP > room and names[-1] != "score":
        names.pop()
    return names


def score_row(scores: Ranked, i: int) -> dict[str, Any]:
    """One account for machines, with its intervals where there are any; None where a figure is missing."""
    sure = scores.intervals
    told: dict[str, Any] = {
        "rank": int(scores.rank[i]) or None,
        "account": str(scores.ids[i]),
        "score": _number(scores.score[i]),
        "parts": {name: _number(values[i]) for name, values in scores.parts.items()},
        "contributions": {n: float(v[i]) for n, v in scores.contributions.items() if not np.isnan(v[i])},
        "beyond_scale": beyond_scale(scores, i),
    }
    if sure is not None:
        told |= {
            "rank_between": [int(end[i]) or None for end in sure.rank],
            "score_between": [_number(end[i]) for end in sure.score],
            "parts_between": {name: [_number(end[i]) for end in ends] for name, ends in sure.parts.items()},
        }
    return told if scores.roles is None else told | {"role": scores.roles[i]}


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def intervals_told(sure: Intervals | None) -> str:
    """What intervals are made of, in one line for people."""
    if sure is None:
        return "there are no intervals (--replicates 0)"
    moving = [f"{name} ({words})" for name, words in sure.varies.items() if not words.startswith("none")]
    still = [name for name, words in sure.varies.items() if words.startswith("none")]
    lines = [f"intervals hold {sure.confidence:.0%} of {sure.n_replicates:,} replicates"]
    lines += [f"what varies: {', '.join(moving)}"] if moving else []
    lines += [f"counted in full, so that chance changes nothing: {', '.join(still)}"] if still else []
    return "; ".join(lines)


def intervals_facts(sure: Intervals | None) -> dict[str, Any] | None:
    """The same for a manifest or JSON."""
    if sure is None:
        return None
    return {"confidence": sure.confidence, "n_replicates": sure.n_replicates, "varies": dict(sure.varies)}
