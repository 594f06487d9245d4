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
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, Step, track
from swayrank._rng import Key, Rng, resolve_rng
from swayrank._validate import Integer, Interval, Optional, domains
from swayrank.engines import Engine, chunk_bounds, resolve_engine
from swayrank.errors import ConvergenceError, ParameterError
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.cascade import LANES, pack_rows, row_skips, rr_counts, rr_counts_lanes
from swayrank.kernels.random import RR
from swayrank.measures._measure import Measure
from swayrank.measures.propagation.models import Floats, IndependentCascade, as_model, row_probability
from swayrank.measures.registry import register

Counts = npt.NDArray[np.uint32]

FIRST_ROUND = 1024
_SETS_PER_CHUNK = 4096
_MOST_CHUNKS = 32
_INTERLEAVE_FROM = 1 << 18
"""Accounts from which on 16 sets in flight beat one at a time; below, the marks fit in the cache anyway."""
_INTERLEAVE_UPTO = 4096
"""Mean set size up to which they are kept in flight."""

_DEFAULT_REL_ERROR = 0.1


@register(
    name="spread",
    needs="graph",
    reads="against",
    exact=False,
    cost="O(sets * mean set size)",
    citation="Borgs et al., SODA 2014; Kempe, Kleinberg, Tardos, KDD 2003",
    takes=lambda data: isinstance(data, IndependentCascade),
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
    model: IndependentCascade | Graph,
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
    model : IndependentCascade or Graph
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
        hold jointly; ``std_error``; ``error_bound``: half the widest interval; ``params`` records the number of sets,
        their mean size, and which sampler ran.

    Raises
    ------
    ParameterError
        For a value outside its domain, or more than one of `n_samples`, `rel_error`, `half_width`.
    ConvergenceError
        If `max_samples` sets do not reach the target. A round is never cut short.

    Notes
    -----
    An RR set visits only the arcs that turn out live where a row's arcs have equal probabilities (weighted cascade,
    a constant), and every arc of the rows that it visits otherwise. O(sets * mean set size), and
    O(rounds * n) for the intervals; memory 4 bytes per account and thread, 40 per account besides, and 8 per arc where
    arcs have probabilities of their own. The number of sets for a relative error grows as n / spread, so it
    takes longest where even the best accounts reach few.

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
       1  ada      2.00984
       2  bob       2.0068
    >>> low, high = m.interval
    >>> low.round(3), high.round(3), list(g.ids)
    (array([1.995, 1.998, 1.   , 1.   ]), array([2.019, 2.022, 1.   , 1.   ]), ['bob', 'ada', 'cem', 'dan'])
    """
    model = as_model(model)
    target = _Target.of(n_samples, rel_error, half_width, top)
    key = resolve_rng(rng)
    graph = model.graph
    rounds = _schedule(n_samples, max_samples)
    tally = _Tally(_Sampler.of(model, key), resolve_engine(engine, threads))
    followed = np.asarray(graph.in_degree) > 0
    alpha = delta / (len(rounds) * max(1, int(followed.sum())))
    limits = None
    for number, n_sets in enumerate(rounds if graph.n_nodes else [], 1):
        with track(progress, f"estimating spread, round {number}", total=n_sets - tally.drawn) as step:
            tally.draw_until(n_sets, step)
        limits = _limits(tally.hits, n_sets, alpha, followed)
        if target.met(limits):
            break
    if limits is None:
        limits = _limits(tally.hits, 1, alpha, followed)  # of nobody
    elif not target.met(limits):
        raise ConvergenceError(target.missed(limits, tally.drawn))
    return Measure(
        name="spread",
        values=limits.value,
        ids=graph.ids,
        interval=(limits.low, limits.high),
        std_error=limits.std_error,
        error_bound=float(limits.half_width.max(initial=0.0)),
        params={
            **model.params,
            **target.asked,
            "delta": delta,
            "rng": key.record,
            "n_samples": tally.drawn,
            "rounds": rounds.index(tally.drawn) + 1 if tally.drawn else 0,
            "rounds_planned": len(rounds),
            "sampler": tally.sampler.name,
            "mean_set_size": tally.mean_size,
            "largest_set": tally.largest,
        },
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


def clopper_pearson(hits: npt.NDArray[np.int64], n_trials: int, alpha: float) -> tuple[Floats, Floats]:
    """Exact limits of a binomial proportion, alpha / 2 on each side.

    Parameters
    ----------
    hits : numpy.ndarray of int64
        Successes, each in [0, n_trials].
    n_trials : int
        Trials, at least 1.
    alpha : float
        Probability with which either limit may fail.

    Returns
    -------
    low, high : numpy.ndarray of float64

    Examples
    --------
    >>> low, high = clopper_pearson(np.array([0, 5]), 10, 0.05)
    >>> low.round(4), high.round(4)
    (array([0.    , 0.1871]), array([0.3085, 0.8129]))
    """
    from scipy.special import betainccinv, betaincinv

    distinct, where = np.unique(hits, return_inverse=True)  # few distinct counts, and the inverses are slow
    k = distinct.astype(np.float64)
    low, high = np.zeros(k.size), np.ones(k.size)
    some, short = k > 0, k < n_trials
    low[some] = betaincinv(k[some], n_trials - k[some] + 1, alpha / 2)
    high[short] = betainccinv(k[short] + 1, n_trials - k[short], alpha / 2)
    return low[where], high[where]


def _limits(hits: npt.NDArray[np.int64], n_trials: int, alpha: float, followed: npt.NDArray[np.bool_]) -> Limits:
    n = hits.size
    q = hits / n_trials
    low, high = clopper_pearson(hits, n_trials, alpha)
    high = np.where(followed, np.minimum(1 + n * high, n), 1.0)
    return Limits(np.minimum(1 + n * q, n), np.minimum(1 + n * low, high), high, n * np.sqrt(q * (1 - q) / n_trials))


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
        return float((limits.half_width[highest] / limits.value[highest]).max())

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


class _Sampler(NamedTuple):
    """What a task needs to make RR sets: pure data."""

    graph: Graph
    key: Key
    skip: Floats
    rows: npt.NDArray[np.uint64]  # empty: one set at a time
    probability: Floats

    @classmethod
    def of(cls, model: IndependentCascade, key: Key) -> _Sampler:
        graph = model.graph
        if model.rule == "per_arc":
            skip = row_skips(row_probability(graph.indptr, model.arc_probability))
        else:
            skip = row_skips(model.node_probability)
        return cls(graph, key, skip, np.empty(0, np.uint64), model.arc_probability)

    def interleaved(self) -> _Sampler:
        """The same sets, several at a time."""
        rows = np.empty(2 * self.graph.n_nodes + 1, np.uint64)
        pack_rows(self.graph.indptr, read_only(self.skip), rows)
        return self._replace(rows=rows)

    @property
    def name(self) -> str:
        draws = "draw per arc" if np.isnan(self.skip).any() else "geometric jumps"
        return f"{draws}, {f'{LANES} sets interleaved' if self.rows.size else 'one set at a time'}"


class _Tally:
    """Counts over all sets so far.

    The first 1024, the pilot, are made one at a time; their mean size decides about the rest. Interleaving hides cache
    misses where there are any, and is no use for huge sets, of which it would hold many in memory. Both ways make the
    same sets, so the choice changes no bit.
    """

    def __init__(self, sampler: _Sampler, runner: Engine) -> None:
        self.sampler, self._runner = sampler, runner
        self.hits = np.zeros(sampler.graph.n_nodes, np.int64)
        self.drawn = self.members = self.largest = 0

    @property
    def mean_size(self) -> float:
        return self.members / self.drawn if self.drawn else math.nan

    def draw_until(self, n_sets: int, step: Step) -> None:
        """Make sets until there are `n_sets`."""
        if self.drawn < FIRST_ROUND:
            self._draw(min(FIRST_ROUND, n_sets), step)
            many, small = self.sampler.graph.n_nodes >= _INTERLEAVE_FROM, self.mean_size <= _INTERLEAVE_UPTO
            if many and small and n_sets >= FIRST_ROUND:
                self.sampler = self.sampler.interleaved()
        self._draw(n_sets, step)

    def _draw(self, n_sets: int, step: Step) -> None:
        n_more = n_sets - self.drawn
        chunk = min(max(_SETS_PER_CHUNK, -(-n_more // _MOST_CHUNKS)), 2**31)  # a chunk's counts are 32 bits wide
        bounds = self.drawn + chunk_bounds(n_more, chunk)
        for counts, members, largest in self._runner.map(_count_chunk, self.sampler, bounds, step=step):
            self.hits += counts
            self.members, self.largest = self.members + members, max(self.largest, largest)
        self.drawn = n_sets


def _count_chunk(sampler: _Sampler, start: int, stop: int) -> tuple[Counts, int, int]:
    graph, key = sampler.graph, sampler.key
    hits = np.zeros(graph.n_nodes, np.uint32)
    probability = read_only(sampler.probability)
    items = (key.hi, key.lo, np.uint64(RR), np.uint64(start), np.uint64(stop), hits)
    if sampler.rows.size:
        members, largest = rr_counts_lanes(read_only(sampler.rows), graph.indices, probability, *items)
    else:
        members, largest = rr_counts(graph.indptr, graph.indices, read_only(sampler.skip), probability, *items)
    return hits, int(members), int(largest)
