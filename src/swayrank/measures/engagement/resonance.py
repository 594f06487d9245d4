r"""Resonance: how widely and how strongly people react, where a loyal fan (or bot) cannot make a crowd.

Definition: with E_uv the time-decayed, weighted engagement of account u with account v, c_uv how many of v's posts u
reacted to, and N_v how many posts v has,

.. math:: R_v = \sum_{u \ne v} \left((1 + E_{uv})^{3/4} - 1\right) \left(1 - \frac{c_{uv}}{N_v + 1}\right)^2

A plain sum counts the hundredth reaction of one account as much as the first of another; a count of distinct engagers
ignores how much anyone does. The power lies between, as concave aggregation does for co-occurring evidence elsewhere
(term counts in text retrieval: Buckley, Salton & Allan 1992, "Automatic retrieval with locality information using
SMART"); a logarithm was tried and is too flat: what comes next follows volume more (docs/decisions/0015).

The second factor is the engager's *selectivity*: whoever reacts to everything that v posts says little about how far
v's posts carry, as followers of a farm of bots and friends do; whoever picks one post of many was reached by that post.
Reactions that name no post, and rows that stand in posts of others (mentions), leave the factor as it is.

Sums within a pair are taken over sorted rows, and pairs are added from the smallest to the largest. So any order of
rows, any numbering of accounts and any number of threads give the same bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from swayrank._validate import domains
from swayrank.engines import Engine, resolve_engine
from swayrank.events import Events
from swayrank.measures._measure import Measure
from swayrank.measures.engagement.decay import HALF_LIFE
from swayrank.measures.engagement.reactions import Gains, Reactions, group_reactions
from swayrank.measures.registry import register


@register(
    name="resonance",
    needs="events",
    reads="none",
    exact=True,
    cost="O(events log events)",
    citation="swayrank; decay after Cormode et al. 2009, doi:10.1109/ICDE.2009.65",
)
@domains(half_life_days=HALF_LIFE)
def resonance(
    events: Events,
    *,
    half_life_days: float | str = 7.0,
    weights: Mapping[str, float] | None = None,
    now: Any = None,
    engine: str | Engine = "local",
    threads: int | None = None,
) -> Measure:
    """Sum (1 + decayed engagement)^0.75 - 1 over the accounts that reacted to each account, the selective ones most.

    Parameters
    ----------
    events : Events
        Who did what to whom and when.
    half_life_days : float or str, default=7.0
        Days after which an event counts half, in [1e-6, 1e6], or a name: as :func:`~swayrank.decayed_engagement`.
    weights : mapping of str to float or None, default=None
        What an action counts; as :func:`~swayrank.decayed_engagement`.
    now : str, datetime, int or None, default=None
        The moment that decay is counted to; as :func:`~swayrank.decayed_engagement`.
    engine, threads
        Where and on how many threads to run. They change no bit of the result.

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
    O(events) to group them, then O(k log k) for the k reactions of each account; memory about 45 bytes per event. The
    logarithm is natural; a pair whose engagement is small counts about as much as it is.

    References
    ----------
    Cormode, Shkapenyuk, Srivastava & Xu (2009), doi:10.1109/ICDE.2009.65: the decay.
    Buckley, Salton & Allan (1992), "Automatic retrieval with locality information using SMART": the logarithm.

    Examples
    --------
    Three likes by one account against one like each by three:

    >>> import swayrank as sr
    >>> ev = sr.Events.from_frame({"actor": ["bob", "bob", "bob", "bob", "cem", "dan"],
    ...                            "target": ["ada", "ada", "ada", "eve", "eve", "eve"],
    ...                            "action": ["like"] * 6, "time": ["2012-07-01"] * 6})
    >>> m = sr.resonance(ev)
    >>> round(m.value("ada"), 3), round(m.value("eve"), 3)
    (1.828, 2.045)
    """
    reactions = group_reactions(events, half_life_days=half_life_days, weights=weights, now=now)
    return resonance_of(events, reactions, resolve_engine(engine, threads))[0]


def resonance_of(events: Events, reactions: Reactions, runner: Engine) -> tuple[Measure, Gains]:
    """Resonance of grouped reactions, and what each cluster of them adds to it."""
    values, engagers, gains = reactions.by_engager(runner)
    most = float(reactions.values.max(initial=0.0)) * max(1, int(engagers.max(initial=0)))
    params = {"pairs": int(engagers.sum()), **reactions.left_out}
    bound = 2.0**-44 * (most + float(values.max(initial=0.0)))
    return Measure("resonance", values, events.accounts, params, error_bound=bound), gains
