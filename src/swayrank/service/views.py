"""Questions about a published result that need no data behind it: other weights, two accounts, the top of groups."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank.errors import ParameterError
from swayrank.scoring.metrics import spearman
from swayrank.scoring.sensitivity import weighed
from swayrank.service.problems import Problem
from swayrank.service.published import Published

Floats = npt.NDArray[np.float64]
_MOST_GROUPS = 50


def tops(result: Published, by: str, k: int) -> dict[str, Any]:
    """The `k` highest accounts of each group, the largest groups first."""
    facet = result.facets.get(by)
    if facet is None:
        raise Problem(404, "not-kept", f"this run does not keep the {by} of accounts; score the data again")
    scored = result.kept.rank > 0
    groups = []
    for code, group in enumerate(facet.groups[:_MOST_GROUPS]):
        members = facet.codes == code
        at = np.flatnonzero(members & scored)[:k]  # positions are in the order of ranks
        rows = [result.row(int(i)) for i in at]
        groups.append({"group": group, "size": int(np.count_nonzero(members)), "items": rows})
    return {"by": by, "groups": groups}


# -- other weights -----------------------------------------------------------------------------------------------------


def reweighted(result: Published, weights: Mapping[str, float], k: int) -> dict[str, Any]:
    """The top under other weights, and how it differs.

    A score is the weighted mean of an account's parts, over those that it has, as in the run itself.
    """
    kept = result.kept
    used = _normalised(weights, list(kept.parts))
    score = weighed(kept, used)
    order = np.argsort(-score, kind="stable")  # NaN last, ties by the rank they had
    order = order[: np.count_nonzero(~np.isnan(score))]
    top, before = order[:k], np.arange(min(k, kept.n_scored))
    items = [
        {"account": str(kept.ids[int(i)]), "rank": place + 1, "score": float(score[i]),
         "rank_was": int(kept.rank[i]), "score_was": float(kept.score[i])}
        for place, i in enumerate(top)
    ]  # fmt: skip
    entered = [str(kept.ids[int(i)]) for i in top[~np.isin(top, before)]]
    left = [str(kept.ids[int(i)]) for i in before[~np.isin(before, top)]]
    told = {"weights": used, "items": items, "entered": entered, "left": left, "shared": len(top) - len(entered)}
    alike = spearman(score, kept.score, orders=(order, np.sort(order)))  # positions are in the order of kept.score
    return {**told, "spearman": None if math.isnan(alike) else alike}


def _normalised(weights: Mapping[str, float], parts: list[str]) -> dict[str, float]:
    for name, value in weights.items():
        if name not in parts:
            raise ParameterError(f"weights are for the parts {', '.join(parts)}, got {name!r}")
        if not (math.isfinite(value) and 0 <= value <= 1e9):
            raise ParameterError(f"{name} must be a number in [0, 1e9], got {value}")
    total = sum(weights.values())
    if not total > 0:
        raise ParameterError(f"at least one of the weights {', '.join(parts)} must be above 0")
    return {name: weights.get(name, 0.0) / total for name in parts}


# -- two accounts ------------------------------------------------------------------------------------------------------


def compared(result: Published, a: str, b: str, prepared: Any = None) -> dict[str, Any]:
    """Two accounts, the parts that make the difference, and in words whether it is clear."""
    first, second = (result.whole_row(result.names.position(name)) for name in (a, b))
    differences = [_difference(result, first, second, name) for name in result.kept.weights]
    gap = None if first["score"] is None or second["score"] is None else first["score"] - second["score"]
    shared = None if prepared is None else prepared.shared_audience(a, b)
    told = {"a": first, "b": second, "differences": differences, "difference": gap}
    return {**told, "verdict": _verdict(first, second), "shared_audience": shared}


def _difference(result: Published, a: Mapping[str, Any], b: Mapping[str, Any], name: str) -> dict[str, Any]:
    ours, theirs = a["parts"][name], b["parts"][name]
    both = ours["contribution"] is not None and theirs["contribution"] is not None
    told = {"part": name, "a": ours["scaled"], "b": theirs["scaled"], "weight": result.kept.weights[name]}
    return {**told, "adds": ours["contribution"] - theirs["contribution"] if both else None}


def _verdict(a: Mapping[str, Any], b: Mapping[str, Any]) -> str:
    if a["score"] is None or b["score"] is None:
        return "One of them has too little data for a score, so they cannot be compared."
    high, low = (a, b) if a["score"] >= b["score"] else (b, a)
    gap = f"{high['account']} is {high['score'] - low['score']:.1f} points ahead"
    if high["score_low"] is None or low["score_high"] is None:
        return f"{gap}; the run drew no intervals, so how firm that is cannot be told."
    if high["score_low"] > low["score_high"]:
        return f"{gap}, and that is clear: their intervals do not meet."
    return f"{gap}, within chance: their intervals overlap."
