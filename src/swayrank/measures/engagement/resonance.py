r"""Resonance: how widely and how strongly people react, where one loyal fan (or bot) cannot make a crowd.

Definition: with E_uv the time-decayed, weighted engagement of account u with account v
(:mod:`swayrank.measures.engagement.decay`, restricted to u),

.. math:: R_v = \sum_{u \ne v} \log(1 + E_{uv})

A plain sum counts the hundredth reaction of one account as much as the first of another; a count of distinct engagers
ignores how much anyone does. The logarithm lies between: ten people's first like counts for more than one person's
tenth. This is the concave aggregation by which co-occurring evidence is usually dampened (as term counts are in text
retrieval: Buckley, Salton & Allan 1992, "Automatic retrieval with locality information using SMART").

Sums within a pair are exact integers; the pairs of an account are added from the smallest to the largest. So any order
of rows, any numbering of accounts and any number of threads give the same bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._validate import Interval, domains
from swayrank.events import NO_ACCOUNT, Events
from swayrank.ids import Ids, read_only
from swayrank.measures._measure import Measure
from swayrank.measures.engagement.decay import decayed_engagement
from swayrank.measures.registry import register

_ACTOR_BITS, _ACTOR_MASK = np.uint64(32), np.uint64(2**32 - 1)


@register(
    name="resonance",
    needs="events",
    reads="none",
    exact=True,
    cost="O(events log events)",
    citation="swayrank; decay after Cormode et al. 2009, doi:10.1109/ICDE.2009.65",
)
@domains(half_life_days=Interval(1e-6, 1e6))
def resonance(
    events: Events,
    *,
    half_life_days: float = 7.0,
    weights: Mapping[str, float] | None = None,
    now: Any = None,
) -> Measure:
    """Sum log(1 + decayed engagement) over the accounts that reacted to each account.

    Parameters
    ----------
    events : Events
        Who did what to whom and when.
    half_life_days : float, default=7.0
        Days after which an event counts half, in [1e-6, 1e6].
    weights : mapping of str to float or None, default=None
        What an action counts; as :func:`~swayrank.decayed_engagement`.
    now : str, datetime, int or None, default=None
        The moment that decay is counted to; as :func:`~swayrank.decayed_engagement`.

    Returns
    -------
    Measure
        float64 sums >= 0, one per account of ``events.accounts``; `params` also holds ``pairs``, the number of
        (engager, account) pairs, and the numbers of events left out.

    Raises
    ------
    ParameterError
        As :func:`~swayrank.decayed_engagement`.

    Notes
    -----
    O(events log events) for bringing the events of each pair together, then O(pairs log pairs); memory about 40 bytes
    per event and 100 per pair. The logarithm is natural; a pair whose engagement is small counts about as much as it
    is.

    References
    ----------
    Cormode, Shkapenyuk, Srivastava & Xu (2009), doi:10.1109/ICDE.2009.65: the decay.
    Buckley, Salton & Allan (1992), "Automatic retrieval with locality information using SMART": the logarithm.

    Examples
    --------
    Three likes by one account against one like each by two:

    >>> import swayrank as sr
    >>> ev = sr.Events.from_frame({"actor": ["bob", "bob", "bob", "bob", "cem"],
    ...                            "target": ["ada", "ada", "ada", "eve", "eve"],
    ...                            "action": ["like"] * 5, "time": ["2012-07-01"] * 5})
    >>> m = sr.resonance(ev)
    >>> round(m.value("ada"), 3), round(m.value("eve"), 3)
    (1.386, 1.386)
    """
    pairs = pair_engagement(events, half_life_days=half_life_days, weights=weights, now=now)
    n_accounts = len(events.accounts)
    order = np.lexsort((pairs.engagement, pairs.target))  # so that renumbered accounts give the same bits
    values = np.bincount(pairs.target[order], weights=np.log1p(pairs.engagement[order]), minlength=n_accounts)
    most = int(np.bincount(pairs.target, minlength=1).max(initial=0))
    # log(1 + x) moves by less than x does, so each pair errs by no more than its decayed sum.
    bound = pairs.error_bound * most + float(values.max(initial=0.0)) * 2.0**-44
    params = {**pairs.params, "pairs": pairs.target.size}
    return Measure("resonance", values, events.accounts, params, error_bound=bound)


@dataclass(frozen=True, eq=False)
class PairEngagement:
    """Decayed engagement of each account with each other one, where there was any.

    Attributes
    ----------
    actor, target : numpy.ndarray of uint32, shape (n_pairs,)
        Positions in the log's accounts; ascending by target, then by actor.
    engagement : numpy.ndarray of float64, shape (n_pairs,)
        Weighted and decayed, >= 0.
    error_bound : float
        Of each.
    params : dict
        As :func:`~swayrank.decayed_engagement` records them.
    """

    actor: npt.NDArray[np.uint32]
    target: npt.NDArray[np.uint32]
    engagement: npt.NDArray[np.float64]
    error_bound: float
    params: dict[str, object]


def pair_engagement(
    events: Events,
    *,
    half_life_days: float = 7.0,
    weights: Mapping[str, float] | None = None,
    now: Any = None,
) -> PairEngagement:
    """Who engages with whom, and how much: the parameters are those of :func:`resonance`."""
    others = (events.target != NO_ACCOUNT) & (events.target != events.actor)
    keys = events.target[others].astype(np.uint64) << _ACTOR_BITS | events.actor[others]
    pairs, pair_of_row = np.unique(keys, return_inverse=True)
    target = np.full(events.n_events, NO_ACCOUNT, np.uint32)
    target[others] = pair_of_row
    nobody = read_only(np.full(events.n_events, NO_ACCOUNT, np.uint32))
    by_pair = replace(events, actor=nobody, target=read_only(target), accounts=Ids.of_range(pairs.size))
    decayed = decayed_engagement(by_pair, half_life_days=half_life_days, weights=weights, now=now)
    own = int(np.count_nonzero((events.target == events.actor) & (events.target != NO_ACCOUNT)))
    return PairEngagement(
        actor=(pairs & _ACTOR_MASK).astype(np.uint32),
        target=(pairs >> _ACTOR_BITS).astype(np.uint32),
        engagement=decayed.values,
        error_bound=decayed.error_bound or 0.0,
        params={**decayed.params, "self_interactions": own},
    )
