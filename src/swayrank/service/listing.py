"""Accounts as people look for them: found by name, filtered, counted by facet, sorted, in pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank.errors import ParameterError
from swayrank.service.published import Published

Mask = npt.NDArray[np.bool_]
STATUSES = ("scored", "insufficient")
GROUPS_LISTED = 200  # of a facet, beside those asked for


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What to look for.

    Attributes
    ----------
    q : str
        Text that names hold, whatever its case and accents; those that begin with it come first where nothing else
        is asked for.
    sort : str
        "rank", "account", or any column of numbers.
    descending : bool or None
        None: what suits the column: ranks and names upward, everything else downward.
    role, tier, community : list of str
        Groups, any of which; empty: all.
    status : str or None
        "scored" or "insufficient".
    min_score, max_score : float or None
    """

    q: str = ""
    sort: str = "rank"
    descending: bool | None = None
    role: list[str] = field(default_factory=list)
    tier: list[str] = field(default_factory=list)
    community: list[str] = field(default_factory=list)
    status: str | None = None
    min_score: float | None = None
    max_score: float | None = None


@dataclass(frozen=True)
class Facets:
    """How many accounts each group would give under all other filters.

    Attributes
    ----------
    listed : dict of str to list
        Of each facet the `GROUPS_LISTED` largest groups, and those that are asked for, as `value` and `count`.
    more : dict of str to int
        Facets of which not all groups are listed: how many others would give any.
    """

    listed: dict[str, list[dict[str, Any]]]
    more: dict[str, int]


def find(result: Published, wanted: Wanted) -> tuple[npt.NDArray[np.integer[Any]], Facets]:
    """Positions of the accounts, sorted, and how many each facet's groups would give under all other filters.

    Raises
    ------
    ParameterError
        If there is no such column.
    """
    fits = result.names.matching(wanted.q) if wanted.q else None
    everyone = np.ones(len(result), np.bool_)
    base = everyone if fits is None else fits > 0
    base = base & _scores_within(result, wanted)
    chosen: dict[str, Mask] = {"status": _of_status(result, wanted.status)}
    for name in ("role", "tier", "community"):
        groups = getattr(wanted, name)
        facet = result.facets.get(name)
        if groups:
            chosen[name] = np.zeros(len(result), np.bool_) if facet is None else facet.among(groups)
    counted = {
        name: facet.counts(_all(base, chosen, but=name), GROUPS_LISTED, getattr(wanted, name))
        for name, facet in result.facets.items()
    }
    listed = {name: groups for name, (groups, _) in counted.items()}
    listed["status"] = _status_counts(result, _all(base, chosen, but="status"))
    facets = Facets(listed, {name: more for name, (_, more) in counted.items() if more})
    return _sorted(result, _all(base, chosen), wanted, fits), facets


def _scores_within(result: Published, wanted: Wanted) -> Mask:
    mask = np.ones(len(result), np.bool_)
    with np.errstate(invalid="ignore"):
        if wanted.min_score is not None:
            mask &= result.kept.score >= wanted.min_score
        if wanted.max_score is not None:
            mask &= result.kept.score <= wanted.max_score
    return mask


def _of_status(result: Published, status: str | None) -> Mask:
    scored = result.kept.rank > 0
    return {None: np.ones(len(result), np.bool_), "scored": scored, "insufficient": ~scored}[status]


def _status_counts(result: Published, mask: Mask) -> list[dict[str, Any]]:
    scored = int(np.count_nonzero(mask & (result.kept.rank > 0)))
    counts = {"scored": scored, "insufficient": int(np.count_nonzero(mask)) - scored}
    return [{"value": name, "count": count} for name, count in counts.items() if count]


def _all(base: Mask, chosen: dict[str, Mask], *, but: str | None = None) -> Mask:
    mask = base
    for name, one in chosen.items():
        if name != but:
            mask = mask & one
    return mask


def _sorted(
    result: Published, mask: Mask, wanted: Wanted, fits: npt.NDArray[np.int8] | None
) -> npt.NDArray[np.integer[Any]]:
    """Positions by the column, missing numbers last, ties by rank."""
    if wanted.sort == "rank" and not wanted.descending:  # positions are in the order of ranks
        at = np.flatnonzero(mask)
        return at if fits is None else at[np.argsort(-fits[at], kind="stable")]
    by_itself = wanted.sort == "account" or wanted.sort.startswith("rank")  # upward
    order = result.order(wanted.sort, upward=by_itself if wanted.descending is None else not wanted.descending)
    if order is None:
        raise ParameterError(f"sort must be one of {', '.join(result.sortable)}, got {wanted.sort!r}")
    return order[mask[order]]


def page_of(total: int, page: int, page_size: int) -> slice:
    """Which of `total` the page shows; pages count from 1."""
    start = (page - 1) * page_size
    return slice(start, min(start + page_size, total))
