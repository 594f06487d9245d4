r"""Whose reactions they are: many people's or a few fans', passing or returning.

With :math:`c_e` the interactions of engager e with the account, and :math:`N = \sum_e c_e`:

- entropy :math:`H = -\sum_e \frac{c_e}{N} \ln \frac{c_e}{N}` (Shannon 1948), in nats: 0 for one engager, ln k for k
  who interact equally often;
- effective number of engagers :math:`e^H` (Jost 2006): as many equally active engagers have the same entropy;
- repeat-engager share: of those who interacted at all, the share who did twice or more (the repeat rate of Ehrenberg
  1988, with interactions for purchases).

``average="shrunk"`` draws the share towards that of the account's peers by as much as engagers are few, with an
interval: Beta-Binomial over engagers (:mod:`swayrank.measures.engagement.shrinkage`), peers by the followers that the
log tells, everybody where it tells none.

All actions count. Without any engager the entropy and the effective number are 0, and the share is NaN. The entropy is
summed in ascending order of the counts, so neither the order of rows nor the numbering of accounts changes a bit.

Sources: Shannon (1948), "A mathematical theory of communication", doi:10.1002/j.1538-7305.1948.tb01338.x;
Jost (2006), "Entropy and diversity", doi:10.1111/j.2006.0030-1299.14714.x; Ehrenberg (1988), "Repeat-buying: facts,
theory and applications".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from swayrank._validate import Interval, OneOf, domains
from swayrank.events import Events
from swayrank.measures._measure import Measure
from swayrank.measures.engagement.profile import account_profile
from swayrank.measures.engagement.rates import posts_from_events, tiers_of
from swayrank.measures.engagement.shrinkage import PostRates, shrink
from swayrank.measures.engagement.tiers import Cuts, Tiers
from swayrank.measures.registry import register

_SHANNON = "Shannon 1948, doi:10.1002/j.1538-7305.1948.tb01338.x"
_JOST = "Jost 2006, doi:10.1111/j.2006.0030-1299.14714.x"
_EHRENBERG = "Ehrenberg 1988, Repeat-buying: facts, theory and applications"


@register(name="engager_entropy", needs="events", reads="none", exact=True, cost="O(events)", citation=_SHANNON)
def engager_entropy(events: Events) -> Measure:
    """Measure how evenly the interactions with an account spread over those who interact: Shannon's entropy.

    Parameters
    ----------
    events : Events
        Who did what to whom.

    Returns
    -------
    Measure
        float64, nats, from 0 to the logarithm of the number of engagers; 0 where there are none.

    References
    ----------
    Shannon (1948), doi:10.1002/j.1538-7305.1948.tb01338.x

    Examples
    --------
    >>> import swayrank as sr
    >>> ev = sr.Events.from_frame({"actor": ["bob", "bob", "cem", "dan"], "target": ["ada"] * 4,
    ...                            "action": ["like"] * 4})
    >>> round(engager_entropy(ev).value("ada"), 6)  # 1/2, 1/4, 1/4: one and a half times ln 2
    1.039721
    """
    found = account_profile(events)
    left_out = {"self_interactions": found.self_interactions}
    return Measure("engager_entropy", found.column("engager_entropy"), events.accounts, left_out)


@register(name="effective_engagers", needs="events", reads="none", exact=True, cost="O(events)", citation=_JOST)
def effective_engagers(events: Events) -> Measure:
    """Count the engagers of an account as if all interacted equally often: the exponential of their entropy.

    Parameters
    ----------
    events : Events
        Who did what to whom.

    Returns
    -------
    Measure
        float64, from 1 to the number of engagers; 0 where there are none.

    References
    ----------
    Jost (2006), doi:10.1111/j.2006.0030-1299.14714.x

    Examples
    --------
    >>> import swayrank as sr
    >>> ev = sr.Events.from_frame({"actor": ["bob", "bob", "cem", "dan"], "target": ["ada"] * 4,
    ...                            "action": ["like"] * 4})
    >>> round(effective_engagers(ev).value("ada"), 6)
    2.828427
    """
    found = account_profile(events)
    left_out = {"self_interactions": found.self_interactions}
    return Measure("effective_engagers", found.effective_engagers, events.accounts, left_out)


@register(name="repeat_engager_share", needs="events", reads="none", exact=True, cost="O(events)", citation=_EHRENBERG)
@domains(average=OneOf("pooled", "shrunk"), confidence=Interval(0, 1, "()"))
def repeat_engager_share(
    events: Events,
    *,
    average: str = "pooled",
    tiers: Cuts | Tiers = "usual",
    kinds: Mapping[Any, str] | None = None,
    confidence: float = 0.95,
) -> Measure:
    """Tell which share of those who interacted with an account did so twice or more.

    Parameters
    ----------
    events : Events
        Who did what to whom.
    average : {"pooled", "shrunk"}, default="pooled"
        "pooled": the share itself. "shrunk": drawn towards the peers' where engagers are few, with an interval.
    tiers, kinds, confidence
        For "shrunk", as for :func:`engagement_rate`.

    Returns
    -------
    Measure
        float64 in [0, 1]; NaN where nobody interacted.

    Raises
    ------
    ParameterError
        For a parameter outside its domain.

    References
    ----------
    Ehrenberg (1988), "Repeat-buying: facts, theory and applications".

    Examples
    --------
    >>> import swayrank as sr
    >>> ev = sr.Events.from_frame({"actor": ["bob", "bob", "cem", "dan"], "target": ["ada"] * 4,
    ...                            "action": ["like"] * 4})
    >>> round(repeat_engager_share(ev).value("ada"), 6)  # bob, of three
    0.333333
    """
    found = account_profile(events)
    facts: dict[str, Any] = {"self_interactions": found.self_interactions}
    if average == "pooled":
        share = found.share("repeat_engagers", "distinct_engagers")
        plain = {"tiers": None, "kinds": None, "confidence": None}
        return Measure("repeat_engager_share", share, events.accounts, facts | plain)
    repeated, engagers = found.column("repeat_engagers"), found.column("distinct_engagers")
    some = np.flatnonzero(engagers)
    rows = PostRates.of(some, repeated[some], engagers[some], len(engagers))
    peers = tiers_of(posts_from_events(events), tiers, kinds)
    shrunk = shrink(rows, "beta_binomial", peers.tier, peers.names, confidence)
    priors = {tier: prior.recorded() for tier, prior in shrunk.priors.items()}
    facts |= {"model": "beta_binomial", "tiers": dict(peers.cuts), "priors": priors}
    interval = shrunk.low, shrunk.high
    return Measure("repeat_engager_share", shrunk.values, events.accounts, facts, interval=interval)
