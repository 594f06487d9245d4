"""The placebo: how much of what looks like influence would an order that says nothing show as well?

Whoever adopts after an account that it follows may have been influenced, or alike (homophily), or simply active at
that time. Influence needs an order, likeness does not. So times are shuffled and everything is counted again; what
remains is no influence (the shuffle test of Anagnostopoulos, Kumar & Mahdian 2008; La Fond & Neville 2010).

``within_posts``: who adopted a post stays, and when; which of them did when is random. What remains is homophily: alike
accounts adopt the same posts. ``within_accounts``: each account's times are permuted over the posts that it adopted;
what remains is activity, the hours that accounts keep. That takes posts apart in time: where posts are topical for days
only, the excess over it holds the topic, too.

*Who was first stays first* (``first="stays"``): an author comes before whoever passes the post on, by the nature of the
thing, which would count as influence everywhere. An adoption at a time that nobody knows always stays. With
``"shuffled"`` the first one of each post is an adopter like others: right only where anybody could have been first, as
with hashtags or products. Either way the placebo is exact if order says nothing, given who was first; what the held
adoptions' arcs show cannot be told from likeness by any order, and is counted.

*Statistics*, all over arcs on which both adopted: ``successes``, arcs u -> v on which v adopted after u; ``exposed``,
adoptions after at least one followee's; ``success_share``, successes over trials (arcs from an adopter to a follower
who had not adopted by then); and given probabilities ``log_likelihood``, of the adoptions under Independent Cascade,
one that nobody exposed counting as `floor`.

References
----------
Anagnostopoulos, Kumar & Mahdian (2008), "Influence and correlation in social networks", KDD.
La Fond & Neville (2010), "Randomization tests for distinguishing social influence and homophily effects", WWW.
Phipson & Smyth (2010), "Permutation p-values should never be zero": (1 + number at least as high) / (1 + shuffles).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, Step, track
from swayrank._rng import Key, Rng, resolve_rng
from swayrank._validate import Integer, Interval, OneOf, domains
from swayrank.engines import Bounds, Engine, balanced_bounds, resolve_engine
from swayrank.errors import ParameterError
from swayrank.events import Events
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.placebo import count_orders, shuffle_accounts
from swayrank.learning.adoptions import EARLIEST, SPREADING, Cascades
from swayrank.measures.propagation.models import Floats, IndependentCascade
from swayrank.tables import frame
from swayrank.validation.calibration import FLOOR
from swayrank.validation.exposures import Chances, Counts, Exposures, interval_of

Times = npt.NDArray[np.int64]
STATISTICS = ("successes", "exposed", "success_share", "log_likelihood")
SHUFFLES = ("within_posts", "within_accounts")
_TIMES_AT_ONCE = 2**25
_ADOPTIONS_PER_CHUNK = 2**16


@dataclass(frozen=True, eq=False, repr=False)
class Placebo:
    """What was counted, and what shuffled times give.

    Attributes
    ----------
    statistic : str
        What the sentences and the p-value are about, one of :data:`STATISTICS`.
    shuffle : {"within_posts", "within_accounts"}
        What was shuffled.
    observed : mapping of str to float
        Each statistic as the log has it.
    shuffled : mapping of str to numpy.ndarray of float64, shape (n_shuffles,)
        Each statistic under shuffled times.
    n_arcs : int
        Arcs on which both adopted the same post, over all posts.
    n_held : int
        Those of them in which either end's time stays, so that the shuffle cannot turn them.
    n_ties : int
        Those of them on which both adopted at once: successes of nobody.
    n_adoptions, n_posts : int
        Adoptions by accounts of the graph, and their posts.
    confidence : float
        Level of the placebo's range.
    params : mapping of str to object
        What was asked for, for records.
    """

    statistic: str
    shuffle: str
    observed: Mapping[str, float]
    shuffled: Mapping[str, Floats]
    n_arcs: int
    n_held: int
    n_ties: int
    n_adoptions: int
    n_posts: int
    confidence: float
    params: Mapping[str, object]

    @property
    def mean(self) -> float:
        """Mean of the statistic under shuffled times."""
        return float(self.shuffled[self.statistic].mean())

    @property
    def interval(self) -> tuple[float, float]:
        """Percentiles of the statistic under shuffled times, at the level `confidence`."""
        return interval_of(self.shuffled[self.statistic], self.confidence)

    @property
    def ratio(self) -> float:
        """Observed over mean; NaN where both are 0, and of log-likelihoods, which are negative."""
        return _ratio(self.statistic, self.observed[self.statistic], self.mean)

    @property
    def p_value(self) -> float:
        """How often shuffled times give at least as much: (1 + times) / (1 + shuffles)."""
        return self.p_value_of(self.statistic)

    def p_value_of(self, statistic: str) -> float:
        """The same of any of :data:`STATISTICS`."""
        draws = self.shuffled[statistic]
        return (1 + int(np.count_nonzero(draws >= self.observed[statistic]))) / (1 + draws.size)

    def to_frame(self, backend: str = "pandas") -> Any:
        """One row a statistic.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default "pandas"
            Which library.
        """
        names = list(self.observed)
        limits = [interval_of(self.shuffled[name], self.confidence) for name in names]
        means = [float(self.shuffled[name].mean()) for name in names]
        columns = {
            "statistic": names,
            "observed": [self.observed[name] for name in names],
            "placebo_mean": means,
            "low": [low for low, _ in limits],
            "high": [high for _, high in limits],
            "ratio": [_ratio(name, self.observed[name], mean) for name, mean in zip(names, means, strict=True)],
            "p_value": [self.p_value_of(name) for name in names],
        }
        return frame(columns, backend)

    def told(self) -> list[str]:
        """What it says, in sentences."""
        return _told(self)

    def __repr__(self) -> str:
        lines = [f"{'statistic':<15} {'observed':>12} {'placebo':>12} {'range':>26} {'ratio':>8} {'p':>8}"]
        for row in self.to_frame("pyarrow").to_pylist():
            limits = f"{row['low']:,.6g} to {row['high']:,.6g}"
            ratio = "" if math.isnan(row["ratio"]) else f"{row['ratio']:.4g}"
            lines.append(
                f"{row['statistic']:<15} {row['observed']:>12,.6g} {row['placebo_mean']:>12,.6g} {limits:>26} "
                f"{ratio:>8} {row['p_value']:>8.3g}"
            )
        return "\n".join([*lines, *self.told()])


def _ratio(statistic: str, observed: float, mean: float) -> float:
    if statistic == "log_likelihood" or observed == mean == 0:
        return math.nan
    return observed / mean if mean else math.inf


@domains(
    shuffle=OneOf(*SHUFFLES),
    statistic=OneOf(*STATISTICS),
    first=OneOf("stays", "shuffled"),
    n_shuffles=Integer(1, 100_000),
    confidence=Interval(0, 1, "()"),
    floor=Interval(0, 0.5, "()"),
)
def placebo(
    graph: Graph,
    events: Events,
    *,
    shuffle: Literal["within_posts", "within_accounts"] = "within_posts",
    statistic: Literal["successes", "exposed", "success_share", "log_likelihood"] = "successes",
    first: Literal["stays", "shuffled"] = "stays",
    n_shuffles: int = 99,
    prob: str | float | npt.ArrayLike | None = None,
    actions: Iterable[str] = SPREADING,
    confidence: float = 0.95,
    floor: float = FLOOR,
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Placebo:
    """Count what looks like influence, and how much of it shuffled times show as well.

    Read against the arcs: who adopts may influence its followers.

    Parameters
    ----------
    graph : Graph
        Who follows whom.
    events : Events
        The log.
    shuffle : {"within_posts", "within_accounts"}, default "within_posts"
        Among whom times are shuffled: a post's adopters, or an account's posts.
    statistic : {"successes", "exposed", "success_share", "log_likelihood"}, default "successes"
        What the sentences are about; all are counted, the last one if `prob` is given.
    first : {"stays", "shuffled"}, default "stays"
        Whether the first adopters of each post keep their times.
    n_shuffles : int, default=99
        How many; the least p-value there can be is 1 / (1 + n_shuffles).
    prob : str, float, array or None, default=None
        Probabilities for the log-likelihood, as :class:`IndependentCascade` takes them.
    actions : iterable of str, default=("post", "repost", "quote")
        What counts as adopting.
    confidence : float, default=0.95
        Level of the placebo's range.
    floor : float, default=1e-6
        What an adoption that nobody exposed counts as in the log-likelihood.
    rng : int, numpy.random.Generator or None, default=None
        Randomness. None draws a key and records it.
    engine, threads, progress
        Where and on how many threads to run, and whether to tell. They change no bit of the result.

    Returns
    -------
    Placebo

    Raises
    ------
    ParameterError
        If nobody in the graph adopted anything, the log-likelihood is asked for without `prob`, or a value lies outside
        its domain.

    Notes
    -----
    One pass over whom the adopters follow, and O(arcs among adopters) for each shuffle; within accounts, one such pass
    for every few shuffles. Memory: 4 bytes per account and chunk at work; 8 per adoption for each of the shuffles
    within accounts that are done at once.

    Examples
    --------
    Bob takes up all that ada publishes and cem all that bob takes up, always in this order:

    >>> import swayrank as sr
    >>> from swayrank.validation.placebo import placebo
    >>> g = sr.Graph.from_edges(["bob", "cem"], ["ada", "bob"])
    >>> log = {"actor": ["ada", "bob", "cem"] * 20, "action": ["post", "repost", "repost"] * 20}
    >>> log |= {"post": [f"p{k // 3}" for k in range(60)], "time": list(range(60))}
    >>> found = placebo(g, sr.Events.from_frame(log), rng=7)
    >>> found.observed["successes"], round(found.mean, 1), found.p_value
    (40.0, 29.8, 0.01)
    """
    if statistic == "log_likelihood" and prob is None:
        raise ParameterError("statistic must not be 'log_likelihood' without prob=, such as 'probability'")
    posts = Exposures.of("placebo", graph, events, actions)
    key, runner = resolve_rng(rng), resolve_engine(engine, threads)
    model = IndependentCascade(graph, prob=0.0 if prob is None else prob)
    work = _Task(
        posts.posts, posts.adoptions.by_post, graph, Chances.of(model, by_followed=False), floor, key, n_shuffles
    )
    held = _held(work.cascades, keep_first=first == "stays")
    bounds = posts.bounds(graph.out_degree)
    with track(progress, "shuffling times", posts.posts.size if shuffle == "within_posts" else n_shuffles) as step:
        if shuffle == "within_posts":
            observed = work.cascades.time[np.newaxis]
            tally = _count(work._replace(held=held, times=observed), bounds, runner, step)
        else:
            tally = _within_accounts(work._replace(held=held), bounds, runner, step)
    exposing = int(graph.in_degree[work.cascades.account].astype(np.int64).sum()) - tally.n_loops
    figures = _figures(tally, exposing, with_likelihood=prob is not None)
    return Placebo(
        statistic=statistic,
        shuffle=shuffle,
        observed={name: float(values[0]) for name, values in figures.items()},
        shuffled={name: values[1:] for name, values in figures.items()},
        n_arcs=tally.n_arcs,
        n_held=tally.n_held,
        n_ties=tally.n_ties,
        n_adoptions=posts.n,
        n_posts=posts.posts.size,
        confidence=confidence,
        params={
            "first": first,
            "n_shuffles": n_shuffles,
            "prob": None if prob is None else model.params["prob"],
            "floor": floor,
            "rng": key.record,
        },
    )


def _held(cascades: Cascades, *, keep_first: bool) -> npt.NDArray[np.uint8]:
    """Which adoptions keep their times: unknown ones and, if wanted, the first of each post."""
    starts, _, time = cascades
    held = time == EARLIEST
    if keep_first:
        sizes = np.diff(starts).astype(np.int64)
        some = sizes > 0
        held |= time == np.repeat(time[starts[:-1][some].astype(np.int64)], sizes[some])
    return read_only(held.astype(np.uint8))


def _figures(tally: _Tally, exposing: int, *, with_likelihood: bool) -> dict[str, Floats]:
    """Each statistic, as observed and under every shuffle."""
    exposed, successes = tally.counts.T.astype(np.float64)
    trials = exposing - tally.n_arcs + successes
    with np.errstate(invalid="ignore"):
        share = np.where(trials > 0, successes / np.maximum(trials, 1), 0.0)
    figures = {"successes": successes, "exposed": exposed, "success_share": share}
    return {**figures, "log_likelihood": tally.likelihood} if with_likelihood else figures


# -- counting ----------------------------------------------------------------------------------------------------------


class _Tally(NamedTuple):
    """Per order: exposed adoptions and successes, and the log-likelihood; arcs among adopters of the same post."""

    counts: Counts
    likelihood: Floats
    n_arcs: int
    n_held: int
    n_ties: int
    n_loops: int


class _Task(NamedTuple):
    """What a chunk of posts needs: pure data. `times` are orders to count, `n_shuffles` further ones within posts."""

    posts: npt.NDArray[np.uint32]
    cascades: Cascades
    graph: Graph
    chances: Chances
    floor: float
    key: Key
    n_shuffles: int
    held: npt.NDArray[np.uint8] = read_only(np.empty(0, np.uint8))
    times: Times = read_only(np.empty((0, 0), np.int64))

    @property
    def n_orders(self) -> int:
        """How many orders are counted."""
        return len(self.times) + self.n_shuffles


def _count(work: _Task, bounds: Bounds, runner: Engine, step: Step | None) -> _Tally:
    total = _Tally(np.zeros((work.n_orders, 2), np.int64), np.zeros(work.n_orders), 0, 0, 0, 0)
    for part in runner.map(_count_chunk, work, bounds, step=step):
        total = _Tally(*(a + b for a, b in zip(total, part, strict=True)))
    return total


def _count_chunk(work: _Task, start: int, stop: int) -> _Tally:
    graph = work.graph
    counts, likelihood = np.zeros((work.n_orders, 2), np.int64), np.zeros(work.n_orders)
    arrays = (work.posts[start:stop], work.cascades.indptr, work.cascades.account, work.held, work.times)
    rows = (graph.indptr, graph.indices, *work.chances)
    given = (read_only(array) for array in (*arrays, *rows))
    found = count_orders(work.key.hi, work.key.lo, *given, work.floor, counts, likelihood)
    return _Tally(counts, likelihood, *(int(x) for x in found))


def _within_accounts(work: _Task, bounds: Bounds, runner: Engine, step: Step | None) -> _Tally:
    """The observed order, then shuffles of each account's times, as many at once as fit."""
    cascades, n_shuffles = work.cascades, work.n_shuffles
    order = np.argsort(cascades.account, kind="stable")
    own = _ByAccount(cascades, work.graph.n_nodes, order, work.held[order], work.key)
    observed = _count(work._replace(times=cascades.time[np.newaxis], n_shuffles=0), bounds, runner, None)
    parts = [observed]
    at_once = max(1, _TIMES_AT_ONCE // max(1, cascades.time.size))
    for begin in range(0, n_shuffles, at_once):
        numbers = range(begin, min(begin + at_once, n_shuffles))
        times = own.shuffled(numbers, runner)
        parts.append(_count(work._replace(times=times, n_shuffles=0), bounds, runner, None))
        if step is not None:
            step(len(numbers))
    counts = np.concatenate([part.counts for part in parts])
    return observed._replace(counts=counts, likelihood=np.concatenate([part.likelihood for part in parts]))


class _ByAccount:
    """Adoptions grouped by account, and their times shuffled there."""

    def __init__(self, cascades: Cascades, n_nodes: int, order: Counts, held: npt.NDArray[np.uint8], key: Key) -> None:
        sizes = np.bincount(cascades.account, minlength=n_nodes)
        self.indptr = read_only(np.concatenate(([0], np.cumsum(sizes))).astype(np.uint64))
        self.order, self.held, self.key = order, read_only(held), key
        self.time = read_only(cascades.time[order])
        accounts = balanced_bounds(self.indptr, -(-self.time.size // _ADOPTIONS_PER_CHUNK))
        self.bounds = np.unique(self.indptr[accounts].astype(np.int64))

    def shuffled(self, numbers: range, runner: Engine) -> Times:
        """Every adoption's time under each of some shuffles, in the order of posts: shape (len(numbers), n)."""
        times = np.empty((len(numbers), self.time.size), np.int64)
        work = self.indptr, self.held, self.time, self.key, numbers
        done = 0
        for mixed in runner.map(_shuffle_chunk, work, self.bounds):
            times[:, self.order[done : done + mixed.shape[1]]] = mixed
            done += mixed.shape[1]
        return times


def _shuffle_chunk(work: tuple[Any, ...], start: int, stop: int) -> Times:
    indptr, held, time, key, numbers = work
    low, high = np.searchsorted(indptr, [start, stop])
    accounts, rows = read_only(np.arange(low, high, dtype=np.uint32)), read_only(held[start:stop])
    mixed = np.repeat(time[np.newaxis, start:stop], len(numbers), axis=0)
    for number, times in zip(numbers, mixed, strict=True):
        shuffle_accounts(key.hi, key.lo, np.uint64(number), accounts, read_only(indptr), rows, times)
    return mixed


# -- in words ----------------------------------------------------------------------------------------------------------

_WHAT = {
    "successes": "arcs on which the follower adopted after the followed",
    "exposed": "adoptions after a followee's",
    "success_share": "share of trials that succeeded",
    "log_likelihood": "log-likelihood of the adoptions",
}
_SHUFFLED = {
    "within_posts": "the order of each post's adopters is random",
    "within_accounts": "each account's times are dealt anew to its posts",
}


def _told(found: Placebo) -> list[str]:
    observed, mean, (low, high) = found.observed[found.statistic], found.mean, found.interval
    n_shuffles = found.shuffled[found.statistic].size
    what, when = _WHAT[found.statistic], _SHUFFLED[found.shuffle]
    lines = [
        f"{what}: {observed:,.6g} observed, {mean:,.6g} ({low:,.6g} to {high:,.6g}) where {when}; "
        f"{n_shuffles:,} shuffles, p = {found.p_value:.2g}"
    ]
    free = found.n_arcs - found.n_held
    if found.statistic in ("successes", "exposed") and observed:
        lines.append(_share_in_words(found, observed, mean, when))
    lines.append(_verdict(found, free))
    if found.n_held:
        share = 100 * found.n_held / max(found.n_arcs, 1)
        lines.append(
            f"{found.n_held:,} of {found.n_arcs:,} arcs among adopters ({share:.0f} %) touch an adoption whose time "
            "stays (the first of its post, or at an unknown moment): order cannot tell influence from likeness there"
        )
    if found.n_ties:
        lines.append(f"on {found.n_ties:,} arcs both adopted at the same instant, which counts for nobody")
    return lines


def _share_in_words(found: Placebo, observed: float, mean: float, when: str) -> str:
    """How much at the most is influence: half of what it makes on free arcs is there in a random order, too."""
    counted = "successes counted on arcs" if found.statistic == "successes" else "adoptions after a followee's"
    as_well = 100 * mean / observed
    if as_well >= 100:
        return f"of the {counted}, as many appear when {when}: nothing is left that order would show as influence"
    rest = 100 - as_well
    told = f"of the {counted}, {as_well:.0f} % appear as well when {when}; the other {rest:.0f} % need the order"
    if found.statistic != "successes" or found.shuffle != "within_posts":
        return told
    most = min(100.0, 2 * rest)
    besides = ", besides those that touch a time that stays" if found.n_held else ""
    return f"{told}: as a random order leaves half of what influence makes, at most about {most:.0f} % are it{besides}"


def _verdict(found: Placebo, free: int) -> str:
    if found.shuffle == "within_posts" and not free:
        return "no arc joins two adopters whose times could be shuffled: order can tell nothing here"
    least = 1 / (1 + found.shuffled[found.statistic].size)
    if found.p_value <= 1 - found.confidence:
        return (
            "more than shuffled times show: not likeness alone"
            if found.shuffle == "within_posts"
            else ("more than shuffled times show: not activity alone (topics that pass would show so, too)")
        )
    if least > 1 - found.confidence:
        return f"so few shuffles cannot tell: the least p-value there can be is {least:.2g}; raise n_shuffles"
    return "no more than shuffled times show: no evidence of influence in the order of adoptions"
