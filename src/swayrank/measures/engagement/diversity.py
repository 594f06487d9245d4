r"""Whose reactions they are: many people's or a few fans', passing or returning.

With :math:`c_e` the interactions of engager e with the account, and :math:`N = \sum_e c_e`:

- entropy :math:`H = -\sum_e \frac{c_e}{N} \ln \frac{c_e}{N}` (Shannon 1948), in nats: 0 for one engager, ln k for k
  who interact equally often;
- effective number of engagers :math:`e^H` (Jost 2006): as many equally active engagers have the same entropy;
- repeat-engager share: of those who interacted at all, the share who did twice or more (the repeat rate of Ehrenberg
  1988, with interactions for purchases).

All actions count. Without any engager the entropy and the effective number are 0, and the share is NaN. The entropy is
summed in ascending order of the counts, so neither the order of rows nor the numbering of accounts changes a bit.

Sources: Shannon (1948), "A mathematical theory of communication", doi:10.1002/j.1538-7305.1948.tb01338.x;
Jost (2006), "Entropy and diversity", doi:10.1111/j.2006.0030-1299.14714.x; Ehrenberg (1988), "Repeat-buying: facts,
theory and applications".
"""

from __future__ import annotations

from swayrank.events import Events
from swayrank.measures._measure import Measure
from swayrank.measures.engagement.profile import account_profile
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
def repeat_engager_share(events: Events) -> Measure:
    """Tell which share of those who interacted with an account did so twice or more.

    Parameters
    ----------
    events : Events
        Who did what to whom.

    Returns
    -------
    Measure
        float64 in [0, 1]; NaN where nobody interacted.

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
    share = found.share("repeat_engagers", "distinct_engagers")
    return Measure("repeat_engager_share", share, events.accounts, {"self_interactions": found.self_interactions})
