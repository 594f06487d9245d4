"""Who may be chosen for a plan and at what price, and whether anybody is left: known before samples are drawn.

Arrays are by position in the served run. A job that would choose nobody is refused when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from swayrank._text import printable
from swayrank.campaign.wishes import check_affordable
from swayrank.errors import ParameterError
from swayrank.service.published import NOT_KEPT

if TYPE_CHECKING:
    from swayrank.service.jobs.parameters import Costs, Quota, SeedsParameters
    from swayrank.service.published import Published

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]


def prices(costs: Costs, result: Published) -> Floats:
    """What every account asks for; infinity where it cannot be had.

    Raises
    ------
    ParameterError
        If prices rest on followers, which the run does not keep.
    """
    n = len(result)
    each = np.full(n, np.inf)
    if costs.default is not None or costs.per_follower is not None:
        followers = result.evidence.get("followers")
        if costs.per_follower and followers is None:
            raise ParameterError("costs.per_follower needs followers, which this run does not keep")
        each = np.full(n, costs.default or 0.0)
        if costs.per_follower and followers is not None:
            each += np.where(followers == NOT_KEPT, np.inf, costs.per_follower * followers.astype(np.float64))
    if costs.accounts:
        each[_places(result, list(costs.accounts))] = list(costs.accounts.values())
    return each


def barred(asked: SeedsParameters, result: Published, each: Floats | None) -> Mask:
    """Who must not be chosen: those in `never`, those outside `only`, those without a price."""
    out = np.zeros(len(result), np.bool_) if each is None else ~np.isfinite(each)
    out[_places(result, asked.never)] = True
    for by, wanted in asked.only.model_dump().items() if asked.only else ():
        if wanted:
            out |= ~result.facets[by].among(wanted)
    return out


def check_somebody(asked: SeedsParameters, result: Published) -> None:
    """Raise where accounts that must be seeds cannot all be had, or where nobody could be chosen.

    Parameters
    ----------
    asked : SeedsParameters
        Whose accounts and groups the run has.
    result : Published

    Raises
    ------
    ParameterError
        If accounts in `must` have no price, cost too much or are more than a quota allows; if `never`, `only` and
        `costs` leave nobody; if the budget is below every price; or if a quota leaves no room, or asks for more
        accounts of a group than may be chosen.
    """
    each = None if asked.costs is None else prices(asked.costs, result)
    must = list(dict.fromkeys(asked.must))
    taken = _places(result, must)
    if each is not None:
        _check_must_priced(must, each[taken], asked.budget)
    free = ~barred(asked, result, each)
    free[taken] = False
    if not must and not free.any():
        raise ParameterError("nobody may be chosen: never, only and costs leave no account")
    if each is not None and asked.budget is not None and not must:
        check_affordable(result.kept.ids, asked.budget, np.where(free, each, np.inf))
    if asked.quota is not None:
        _check_quota(asked.quota, result, taken, free)


def _check_must_priced(must: list[str], costs: Floats, budget: float | None) -> None:
    for name, cost in zip(must, costs.tolist(), strict=True):
        if not np.isfinite(cost):
            raise ParameterError(f"costs must name every account in must: {printable(name)!r} has none")
    if budget is not None and (total := float(costs.sum())) > budget:
        raise ParameterError(f"budget must be at least {total:.12g}, what the accounts in must cost, got {budget:.12g}")


def _check_quota(quota: Quota, result: Published, taken: Places, free: Mask) -> None:
    """Raise where a quota and those who must be chosen, or may be, do not go together."""
    facet = result.facets[quota.by]
    codes = {str(group): code for code, group in enumerate(facet.groups)}
    given = np.bincount(facet.codes[taken] + 1, minlength=len(codes) + 1)[1:]
    there = np.bincount(facet.codes[free] + 1, minlength=len(codes) + 1)
    for group, most in (quota.at_most or {}).items():
        if given[codes[group]] > most:
            raise ParameterError(
                f"quota.at_most allows {most} of {printable(group)!r}, and must names {given[codes[group]]} of them"
            )
    for group, least in (quota.at_least or {}).items():
        if least > given[codes[group]] + there[codes[group] + 1]:
            raise ParameterError(
                f"quota.at_least asks for {least} of {printable(group)!r}, and "
                f"{given[codes[group]] + there[codes[group] + 1]} may be chosen"
            )
    shut = [codes[group] + 1 for group, most in (quota.at_most or {}).items() if not most]
    if not taken.size and not np.delete(there, shut).any():
        raise ParameterError(
            "quota.at_most must allow at least one account: all that may be chosen are in groups of which it allows 0"
        )


def _places(result: Published, names: list[str]) -> Places:
    return np.fromiter(map(result.names.position, names), np.int64, len(names))
