"""Expected spread of every account at once, from reverse-reachable (RR) sets that are counted and never stored.

Definition: spread(v) = expected number of accounts that are active in the end when v alone is the seed, v included.

Estimator. Draw an account w uniformly among all n and its RR set, the accounts that reach w over live arcs. For v, let
H count the sets that hold v and whose root is another account. One set does so with probability

    q(v) = 1/n * sum over w != v of P[v activates w] = (spread(v) - 1) / n,

so H is Binomial(N, q(v)) exactly and 1 + n H / N is unbiased: the account's own 1 is added, not sampled. Where it comes
out above n, n is the estimate. (A set whose root is v is a miss for v; to draw v's roots among the n - 1 others, each
account would need sets of its own.)

Interval. Clopper-Pearson limits for H, exact at every N, at the level delta / (rounds * number of accounts that have
followers): by the union bound all accounts' intervals hold together with probability at least 1 - delta, whenever the
sampling stops. Zero hits leave an upper limit above 1. An account without followers has spread 1 for certain.

Schedule. Samples double from 1024 on: after a round all limits are computed, and the first round that meets the target
is the last. The number of rounds is fixed by `max_samples` beforehand, so the schedule depends on the parameters only.

References
----------
Borgs, Brautbar, Chayes, Lucier: Maximizing social influence in nearly optimal time. SODA 2014.
Clopper, Pearson: The use of confidence or fiducial limits illustrated in the case of the binomial. Biometrika 1934.
Guo, Wang, Wei, Chen: Influence maximization revisited: efficient reverse reachable set generation with bound tightened.
SIGMOD 2020 (geometric jumps).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, Step, track
from swayrank._rng import Rng, resolve_rng
from swayrank._validate import Integer, Interval, Optional, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import ConvergenceError, ParameterError
from swayrank.graph import Graph
from swayrank.kernels.cover import count_members
from swayrank.kernels.random import RR
from swayrank.measures._measure import Measure
from swayrank.measures.propagation.accounts import Accounts, resolve_accounts
from swayrank.measures.propagation.limits import clopper_pearson
from swayrank.measures.propagation.models import Floats, TriggeringModel, as_model
from swayrank.measures.propagation.sampler import Sampler, bit_set, bounds_of, calls
from swayrank.measures.registry import register

Counts = npt.NDArray[np.uint32]

FIRST_ROUND = 1024
_MOST_AT_ONCE = 2**31 - 1
_SETS_PER_CHUNK = 4096
_DEFAULT_REL_ERROR = 0.1


@register(
    name="spread",
    needs="graph",
    reads="against",
    exact=False,
    cost="O(sets * mean set size)",
    citation="Borgs et al., SODA 2014; Kempe, Kleinberg, Tardos, KDD 2003",
    takes=lambda data: isinstance(data, TriggeringModel),
)
@domains(
    n_samples=Optional(Integer(1, 2**40)),
    rel_error=Optional(Interval(0, 1, "()")),
    half_width=Optional(Interval(0, math.inf, "()")),
    top=Integer(1),
    delta=Interval(0, 1, "()"),
    max_samples=Integer(FIRST_ROUND, 2**40),
)
def spread(
    model: TriggeringModel | Graph,
    *,
    n_samples: int | None = None,
    rel_error: float | None = None,
    half_width: float | None = None,
    top: int = 100,
    delta: float = 0.05,
    max_samples: int = 2**28,
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Estimate how many accounts each account activates on its own, itself included, with joint intervals.

    Read against the arcs: an account activates its followers, and they theirs.

    Parameters
    ----------
    model : IndependentCascade, LinearThreshold or Graph
        A graph stands for ``IndependentCascade(graph)``.
    n_samples : int or None, default=None
        Draw exactly so many RR sets.
    rel_error : float or None, default=None
        Draw until, for each of the `top` accounts of highest estimated spread, half the width of its interval is at
        most `rel_error` times its estimate. The default when nothing else is asked for, at 0.1.
    half_width : float or None, default=None
        Draw until half the width of every account's interval is at most so many accounts.
    top : int, default=100
        How many accounts `rel_error` is about.
    delta : float, default=0.05
        All intervals hold at the same time with probability at least 1 - delta.
    max_samples : int, default=2**28
        Give up beyond so many RR sets.
    rng : int, numpy.random.Generator or None, default=None
        Randomness. None draws a key and records it.
    engine, threads, progress
        Where and on how many threads to run, and whether to tell. They change no bit of the result.

    Returns
    -------
    Measure
        ``values`` (float64): estimates of the expected spread, in accounts, each in [1, n]; ``interval``: limits that
        hold jointly; ``std_error``; ``error_bound``: half the widest interval; ``params`` records the number of sets
        and their mean size.

    Raises
    ------
    ParameterError
        For a value outside its domain, or more than one of `n_samples`, `rel_error`, `half_width`.
    ConvergenceError
        If `max_samples` sets do not reach the target. A round is never cut short.

    Notes
    -----
    An RR set visits only the arcs that turn out live where a row's arcs have equal probabilities (weighted cascade,
    a constant), and one or two for each of them otherwise. O(sets * mean set size), and O(rounds * n) for the
    intervals; memory 4 bytes per account and chunk at work, 40 per account besides, and 12 per arc where arcs have
    probabilities of their own. The number of sets for a relative error grows as n / spread, so it takes longest where
    even the best accounts reach few.

    References
    ----------
    Borgs, Brautbar, Chayes & Lucier (2014), "Maximizing social influence in nearly optimal time", SODA: RR sets.
    Clopper & Pearson (1934), doi:10.1093/biomet/26.4.404: the limits.
    Guo, Wang, Wei & Chen (2020), "Influence maximization revisited", SIGMOD: geometric jumps.

    Examples
    --------
    Bob is followed by two accounts that follow nobody else, and follows ada:

    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["bob", "cem", "dan"], ["ada", "bob", "bob"])
    >>> m = sr.spread(sr.IndependentCascade(g, prob=0.5), n_samples=100_000, rng=7)
    >>> m.top(2)              # exactly 1 + 0.5 + 2 * 0.5**2 = 2, and 1 + 2 * 0.5 = 2
    rank  account   spread
       1  ada      2.00728
       2  bob      2.00512
    >>> low, high = m.interval
    >>> low.round(3), high.round(3), list(g.ids)
    (array([1.993, 1.995, 1.   , 1.   ]), array([2.017, 2.02 , 1.   , 1.   ]), ['bob', 'ada', 'cem', 'dan'])
    """
    model = as_model(model)
    key = resolve_rng(rng)
    followed = np.asarray(model.graph.in_degree) > 0
    estimate = _Estimate(model, Sampler(model.backward(), key, RR), followed, own=True)
    target = _Target.of(n_samples, rel_error, half_width, top)
    return estimate.until(target, _schedule(n_samples, max_samples), delta, resolve_engine(engine, threads), progress)


@domains(
    n_samples=Optional(Integer(1, 2**40)),
    rel_error=Optional(Interval(0, 1, "()")),
    half_width=Optional(Interval(0, math.inf, "()")),
    top=Integer(1),
    delta=Interval(0, 1, "()"),
    max_samples=Integer(FIRST_ROUND, 2**40),
)
def spread_conditional(
    model: TriggeringModel | Graph,
    given: Accounts,
    *,
    n_samples: int | None = None,
    rel_error: float | None = None,
    half_width: float | None = None,
    top: int = 10,
    delta: float = 0.05,
    max_samples: int = 2**28,
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Estimate how many accounts each account adds to what given seeds activate, with joint intervals.

    Read against the arcs: an account activates its followers, and they theirs.

    Parameters
    ----------
    model : IndependentCascade, LinearThreshold or Graph
        A graph stands for ``IndependentCascade(graph)``.
    given : id or iterable of ids
        The seeds that are there already. They add nothing themselves.
    n_samples, rel_error, half_width, top, delta, max_samples, rng, engine, threads, progress
        As :func:`spread` takes them; `top` is 10 by default, since few accounts add much.

    Returns
    -------
    Measure
        ``values`` (float64): spread(given and v) - spread(given), in accounts, in [0, n]; intervals as for `spread`.

    Raises
    ------
    ParameterError, ConvergenceError
        As :func:`spread`.
    UnknownAccountError
        If `given` names no account of the graph.

    Notes
    -----
    An RR set that meets a given seed ends there and counts for nobody; of the others, all members count, the root too
    (whether the seeds reach an account is random, so its own 1 is sampled here). Costs as `spread`, less what ends
    early.

    References
    ----------
    Kempe, Kleinberg & Tardos (2003), "Maximizing the spread of influence through a social network", KDD.
    Borgs, Brautbar, Chayes & Lucier (2014), "Maximizing social influence in nearly optimal time", SODA.

    Examples
    --------
    Bob follows ada and cem; what cem adds to ada is itself, and bob where ada failed:

    >>> import swayrank as sr
    >>> model = sr.IndependentCascade(sr.Graph.from_edges(["bob", "bob"], ["ada", "cem"]), prob=0.5)
    >>> m = sr.spread_conditional(model, "ada", n_samples=100_000, rng=7)        # exactly 1.25
    >>> m.top(1), m.value("ada")
    (rank  account  spread_conditional
       1  cem                  1.2477, 0.0)
    """
    model = as_model(model)
    seeds = resolve_accounts(model.graph, given, "given")
    key = resolve_rng(rng)
    open_to = np.ones(model.graph.n_nodes, bool)
    open_to[seeds.nodes] = False
    sampler = Sampler(model.backward(), key, RR, stops=bit_set(seeds.nodes, model.graph.n_nodes))
    estimate = _Estimate(model, sampler, open_to, own=False)
    target = _Target.of(n_samples, rel_error, half_width, top)
    measured = estimate.until(
        target, _schedule(n_samples, max_samples), delta, resolve_engine(engine, threads), progress
    )
    return replace(
        measured, name="spread_conditional", params={**measured.params, "given": [str(i) for i in seeds.ids]}
    )


# -- limits ------------------------------------------------------------------------------------------------------------


class Limits(NamedTuple):
    """Estimates, exact limits and standard errors, each of shape (n,)."""

    value: Floats
    low: Floats
    high: Floats
    std_error: Floats

    @property
    def half_width(self) -> Floats:
        """Half the width of each interval."""
        return (self.high - self.low) / 2


def _limits(
    hits: npt.NDArray[np.int64], n_trials: int, alpha: float, counted: npt.NDArray[np.bool_], *, own: bool
) -> Limits:
    """Limits of the spread; with `own`, each account's own 1 is added, else all was sampled."""
    n, one = hits.size, float(own)
    q = hits / n_trials
    low, high = clopper_pearson(hits, n_trials, alpha)
    high = np.where(counted, np.minimum(one + n * high, n), one)
    low = np.where(counted, np.minimum(one + n * low, high), one)
    value = np.where(counted, np.minimum(one + n * q, n), one)
    return Limits(value, low, high, n * np.sqrt(q * (1 - q) / n_trials))


# -- when to stop ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Target:
    """What the intervals have to reach."""

    rel_error: float | None
    half_width: float | None
    top: int

    @classmethod
    def of(cls, n_samples: int | None, rel_error: float | None, half_width: float | None, top: int) -> _Target:
        asked = {"n_samples": n_samples, "rel_error": rel_error, "half_width": half_width}
        given = [f"{name}={value}" for name, value in asked.items() if value is not None]
        if len(given) > 1:
            raise ParameterError(f"give one of n_samples, rel_error, half_width, got {' and '.join(given)}")
        return cls(rel_error if given else _DEFAULT_REL_ERROR, half_width, top)

    @property
    def asked(self) -> dict[str, object]:
        return {"rel_error": self.rel_error, "half_width": self.half_width, "top": self.top}

    def shortfall(self, limits: Limits) -> float:
        """The largest half-width, or half-width relative to the estimate among the top, that the target is about."""
        if self.half_width is not None:
            return float(limits.half_width.max())
        k = min(self.top, limits.value.size)
        highest = np.argpartition(-limits.value, k - 1)[:k]
        highest = highest[limits.half_width[highest] > 0]  # what is known exactly is off by nothing, even where it is 0
        with np.errstate(divide="ignore"):
            return float((limits.half_width[highest] / limits.value[highest]).max(initial=0.0))

    def met(self, limits: Limits) -> bool:
        bound = self.half_width if self.half_width is not None else self.rel_error
        return bound is None or self.shortfall(limits) <= bound

    def missed(self, limits: Limits, drawn: int) -> str:
        reached = f"{self.shortfall(limits):.3g} after {drawn:,} RR sets"
        if self.half_width is not None:
            return f"half_width={self.half_width:g} was not reached: {reached}; raise half_width or max_samples"
        return (
            f"rel_error={self.rel_error:g} was not reached for the top {self.top}: {reached}; raise rel_error or "
            "max_samples, lower top, or fix n_samples and take the interval as it comes"
        )


def _schedule(n_samples: int | None, max_samples: int) -> list[int]:
    """Sizes of all samples after each round."""
    if n_samples is not None:
        return [n_samples]
    doublings = (max_samples // FIRST_ROUND).bit_length()
    return [FIRST_ROUND << r for r in range(doublings)]


# -- sampling ----------------------------------------------------------------------------------------------------------


class _Counted(NamedTuple):
    """Of a chunk of sets: how many hold each account, all members, and the largest set."""

    hits: Counts
    members: int
    largest: int


class _Task(NamedTuple):
    sampler: Sampler
    own: bool


class _Estimate:
    """Counts over all sets so far, and the rounds in which they grow."""

    def __init__(self, model: TriggeringModel, sampler: Sampler, counted: npt.NDArray[np.bool_], *, own: bool) -> None:
        self._model, self._sampler, self._counted, self._own = model, sampler, counted, own
        self._hits = np.zeros(counted.size, np.int64)
        self._drawn = self._members = self._largest = 0

    def until(self, target: _Target, rounds: list[int], delta: float, runner: Engine, progress: Progress) -> Measure:
        """Double the sample until the target is met."""
        n = self._counted.size
        alpha = delta / (len(rounds) * max(1, int(self._counted.sum())))
        limits = None
        if n:
            self._sampler = self._sampler.with_pilot()
        for number, n_sets in enumerate(rounds if n else [], 1):
            with track(progress, f"estimating spread, round {number}", total=n_sets - self._drawn) as step:
                self._draw_until(n_sets, runner, step)
            limits = _limits(self._hits, n_sets, alpha, self._counted, own=self._own)
            if target.met(limits):
                break
        if limits is None:
            limits = _limits(self._hits, 1, alpha, self._counted, own=self._own)  # of nobody
        elif not target.met(limits):
            raise ConvergenceError(target.missed(limits, self._drawn))
        return self._measure(limits, target, rounds, delta)

    def _draw_until(self, n_sets: int, runner: Engine, step: Step) -> None:
        chunk = min(-(-max(n_sets - self._drawn, 1) // 32), _MOST_AT_ONCE)  # a chunk's counts are 32 bits wide
        bounds = bounds_of(self._drawn, n_sets - self._drawn, max(_SETS_PER_CHUNK, chunk))
        for counted in runner.map(_count_chunk, _Task(self._sampler, self._own), bounds, step=step):
            self._hits += counted.hits
            self._members += counted.members
            self._largest = max(self._largest, counted.largest)
        self._drawn = n_sets

    def _measure(self, limits: Limits, target: _Target, rounds: list[int], delta: float) -> Measure:
        drawn = self._drawn
        return Measure(
            name="spread",
            values=limits.value,
            ids=self._model.graph.ids,
            interval=(limits.low, limits.high),
            std_error=limits.std_error,
            error_bound=float(limits.half_width.max(initial=0.0)),
            params={
                **self._model.params,
                **target.asked,
                "delta": delta,
                "rng": self._sampler.key.record,
                "n_samples": drawn,
                "rounds": rounds.index(drawn) + 1 if drawn else 0,
                "rounds_planned": len(rounds),
                "mean_set_size": self._members / drawn if drawn else math.nan,
                "largest_set": self._largest,
            },
        )


def _count_chunk(task: _Task, start: int, stop: int) -> _Counted:
    sampler = task.sampler
    hits = np.zeros(sampler.walk.n_nodes, np.uint32)
    members = largest = 0
    for first, n_items in calls(start, stop):
        sets = sampler.items(first, n_items)
        count_members(sets.members, sets.sizes, np.uint64(task.own), hits)
        members, largest = members + sets.visited, max(largest, int(sets.sizes.max(initial=0)))
    return _Counted(hits, members, largest)
