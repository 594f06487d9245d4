"""Reach: do cascades grow as large as a model says of those who start them?

Of each held-out post, the first adopters are taken as seeds, and the model's cascades from them are held against the
number of accounts of the graph that adopted the post in the end, the seeds among them. What a log holds beyond a
model's cascades (accounts that came to the post by other ways) is part of the truth, and makes predictions look low.

Each distinct seed set has worlds of its own, so that errors of the simulation do not go the same way everywhere. The
predicted range of a cascade's size holds at least the share `confidence` of its simulated sizes, cut at whole numbers:
of right predictions, at least that share of real sizes lies in it.

Intervals of ratios and of bins are percentiles of a Poisson bootstrap over posts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank._render import render
from swayrank._rng import Key, Rng, resolve_rng
from swayrank._validate import Integer, Interval, domains
from swayrank.engines import Engine, chunk_bounds, resolve_engine
from swayrank.events import Events, iso
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.random import REACHED
from swayrank.learning.adoptions import SPREADING
from swayrank.measures.propagation.models import Floats, Walk
from swayrank.measures.propagation.sampler import Sampler, calls
from swayrank.scoring.metrics import spearman
from swayrank.tables import frame
from swayrank.validation.exposures import (
    U32,
    Counts,
    Exposures,
    Learner,
    Split,
    interval_of,
    model_of,
    replicates,
)

_SETS_PER_CHUNK = 64
_LEAST_RUNS = 100
_MEMBERS_PER_SET = 2**16


@dataclass(frozen=True, eq=False, repr=False)
class ReachCalibration:
    """Predicted against real sizes of held-out cascades, in accounts, seeds among them.

    Attributes
    ----------
    post : numpy.ndarray of uint32, shape (n_posts,)
        Positions in the log's posts.
    predicted, std_error : numpy.ndarray of float64, shape (n_posts,)
        Mean size of the simulated cascades from the post's first adopters, and its standard error.
    lowest, highest : numpy.ndarray of int64, shape (n_posts,)
        The range of sizes that is predicted.
    real : numpy.ndarray of int64, shape (n_posts,)
        Accounts of the graph that adopted the post.
    seeds : numpy.ndarray of int64, shape (n_posts,)
        How many of them were taken as seeds.
    bins : mapping of str to numpy.ndarray, shape (n_bins,)
        Posts in bins of equal numbers by predicted size: "predicted" and "real" means, "low" and "high" limits of the
        latter, and "posts".
    ratio : float
        Predicted accounts over real ones, all posts together.
    ratio_interval : tuple of float
        Its limits.
    rank_correlation : float
        Spearman's, of predicted and real sizes; NaN where either are all alike.
    rank_interval : tuple of float
        Its limits, by Fisher's transformation (Bonett & Wright 2000); outcomes of posts count as independent.
    within : float
        Share of the real sizes that lie in the predicted range.
    confidence : float
        Level of the ranges and intervals.
    params : mapping of str to object
        What was asked for, for records.
    """

    post: U32
    predicted: Floats
    std_error: Floats
    lowest: Counts
    highest: Counts
    real: Counts
    seeds: Counts
    bins: Mapping[str, Floats]
    ratio: float
    ratio_interval: tuple[float, float]
    rank_correlation: float
    rank_interval: tuple[float, float]
    within: float
    confidence: float
    params: Mapping[str, object]

    def to_frame(self, backend: str = "pandas") -> Any:
        """One row a post.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default "pandas"
            Which library.
        """
        names = ("post", "seeds", "predicted", "std_error", "lowest", "highest", "real")
        return frame({name: getattr(self, name) for name in names}, backend)

    def plot(self, **options: Any) -> Any:
        """Predicted against real sizes, bin by bin, with intervals and the diagonal.

        Parameters
        ----------
        **options
            ``theme`` : "light" (default) or "dark".

        Returns
        -------
        plotly.graph_objects.Figure
        """
        return render(self, "plot", **options)

    def told(self) -> list[str]:
        """What it says, in sentences."""
        return _told(self)

    def __repr__(self) -> str:
        level = f"{100 * self.confidence:g} % interval"
        lines = [f"{'predicted':>10}  {'real':>10}  {level:>24}  {'posts':>8}"]
        for p, y, low, high, n in zip(*self.bins.values(), strict=True):
            lines.append(f"{p:>10.4g}  {y:>10.4g}  {f'{low:.4g} to {high:.4g}':>24}  {int(n):>8,}")
        return "\n".join([*lines, *self.told()])


@domains(
    n_seeds=Integer(1),
    n_runs=Integer(2, 2**24),
    n_bins=Integer(1, 1000),
    n_replicates=Integer(2, 100_000),
    confidence=Interval(0, 1, "()"),
)
def calibrate_reach(
    graph: Graph,
    events: Events,
    *,
    prob: str | float | npt.ArrayLike | Learner | None = None,
    split: Split | None = 0.8,
    n_seeds: int = 1,
    n_runs: int = 1000,
    actions: Iterable[str] = SPREADING,
    n_bins: int = 10,
    confidence: float = 0.95,
    n_replicates: int = 1000,
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> ReachCalibration:
    """Hold the reach that a model predicts for those who start cascades against how large these became.

    Read against the arcs: who adopts activates its followers.

    Parameters
    ----------
    graph : Graph
        Who follows whom.
    events : Events
        The log.
    prob : str, float, array, callable or None, default=None
        Probabilities as :class:`IndependentCascade` takes them, or a function of (graph, events) that learns them,
        which is given the rows before `split` alone.
    split : float, time or None, default=0.8
        Judge only posts that began after: a share of the posts in (0, 1), or an instant; None: all posts.
    n_seeds : int, default=1
        How many of a post's first adopters are its seeds; all that adopted at the first instant always are. Posts with
        fewer adopters are left out. Chances that had failed before the last of several seeds adopted are given anew, so
        predictions from several come out somewhat high.
    n_runs : int, default=1000
        Cascades simulated for each distinct set of seeds; fewer, but 100, where cascades are so large that these would
        activate more than 65,536 accounts.
    actions : iterable of str, default=("post", "repost", "quote")
        What counts as adopting.
    n_bins : int, default=10
        How many bins at the most.
    confidence : float, default=0.95
        Level of the predicted ranges and of the intervals.
    n_replicates : int, default=1000
        Replicates of the bootstrap over posts.
    rng : int, numpy.random.Generator or None, default=None
        Randomness of the cascades and the bootstrap. None draws a key and records it.
    engine, threads, progress
        Where and on how many threads to run, and whether to tell. They change no bit of the result.

    Returns
    -------
    ReachCalibration

    Raises
    ------
    ParameterError
        If nobody in the graph adopted anything, `split` leaves no posts, or a value lies outside its domain.

    Notes
    -----
    O(distinct seed sets * n_runs * mean cascade size), the last two bounded as said. Memory: 12 bytes per arc, and 4
    per account where cascades are large.

    References
    ----------
    Bonett & Wright (2000), "Sample size requirements for estimating Pearson, Kendall and Spearman correlations",
    Psychometrika 65.

    Examples
    --------
    Ada's three followers take up half of what she publishes:

    >>> import swayrank as sr
    >>> from swayrank.validation.reach import calibrate_reach
    >>> g = sr.Graph.from_edges(["bob", "cem", "dan"], ["ada", "ada", "ada"])
    >>> who = [w for k in range(8) for w in ["ada", *["bob", "cem", "dan"][: k % 4]]]
    >>> post = [f"p{k}" for k in range(8) for _ in range(1 + k % 4)]
    >>> log = {"actor": who, "action": ["repost"] * len(who), "post": post, "time": list(range(len(who)))}
    >>> found = calibrate_reach(g, sr.Events.from_frame(log), prob=0.5, split=None, rng=7)
    >>> found.real.tolist(), found.predicted.round(1)[0].item(), found.within
    ([1, 2, 3, 4, 1, 2, 3, 4], 2.5, 1.0)
    """
    posts = Exposures.of("calibrate_reach", graph, events, actions)
    known, instant = None, None
    if split is not None:
        instant, posts = posts.held_out(split)
        known = events.before(instant)
    model = model_of("calibrate_reach", graph, prob, known)
    key, runner = resolve_rng(rng), resolve_engine(engine, threads)
    starts = _starts(posts, n_seeds)
    chosen = posts.sizes >= n_seeds
    starts, real, numbers = starts.of(chosen), posts.sizes[chosen], posts.posts[chosen]
    work = _Task(model.forward(), key, starts.distinct, n_runs, confidence)
    with track(progress, "cascades from first adopters", len(starts.distinct)) as step:
        parts = list(runner.map(_sizes_chunk, work, chunk_bounds(len(starts.distinct), _SETS_PER_CHUNK), step=step))
    by_set = np.concatenate([np.zeros((0, 4)), *parts])
    predicted, std_error, lowest, highest = by_set[starts.which].T
    bins = _binned(numbers, predicted, real, n_bins, confidence, n_replicates, key, runner)
    figures = np.stack([predicted, real.astype(np.float64)], axis=1)
    draws = replicates(read_only(numbers), figures, n_replicates, key, runner)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = draws[:, 0] / draws[:, 1]
    rank = spearman(predicted, real.astype(np.float64)) if real.size > 1 else math.nan
    return ReachCalibration(
        post=read_only(numbers),
        predicted=predicted,
        std_error=std_error,
        lowest=lowest.astype(np.int64),
        highest=highest.astype(np.int64),
        real=real,
        seeds=starts.sizes,
        bins=bins,
        ratio=float(predicted.sum()) / max(int(real.sum()), 1),
        ratio_interval=interval_of(ratios, confidence),
        rank_correlation=rank,
        rank_interval=_rank_interval(rank, real.size, confidence),
        within=float(np.mean((real >= lowest) & (real <= highest))) if real.size else math.nan,
        confidence=confidence,
        params={
            "prob": "learned before the split" if callable(prob) else model.params["prob"],
            "split": None if instant is None else iso(instant),
            "n_seeds": n_seeds,
            "n_runs": n_runs,
            "left_out": int(np.count_nonzero(~chosen)),
            "rng": key.record,
            "n_replicates": n_replicates,
        },
    )


class _Starts(NamedTuple):
    """Seeds of every post: the distinct sets of them, which one each post has, and how many seeds that are."""

    distinct: list[U32]
    which: Counts
    sizes: Counts

    def of(self, chosen: npt.NDArray[np.bool_]) -> _Starts:
        """Those of some posts; only the sets that they have."""
        kept, which = np.unique(self.which[chosen], return_inverse=True)
        return _Starts([self.distinct[i] for i in kept], which.astype(np.int64), self.sizes[chosen])


def _starts(posts: Exposures, n_seeds: int) -> _Starts:
    """The first `n_seeds` adopters of each post, and all that adopted at the first instant."""
    indptr, account, time = posts.adoptions.by_post
    sets: dict[bytes, int] = {}
    which, sizes = np.empty(posts.posts.size, np.int64), np.empty(posts.posts.size, np.int64)
    begins, ends = (indptr[posts.posts + k].astype(np.int64).tolist() for k in (0, 1))
    for i, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        at_once = int(np.searchsorted(time[begin:end], time[begin], side="right"))
        sizes[i] = min(max(n_seeds, at_once), end - begin)
        seeds = np.sort(account[begin : begin + int(sizes[i])])
        which[i] = sets.setdefault(seeds.tobytes(), len(sets))
    return _Starts([read_only(np.frombuffer(one, np.uint32).copy()) for one in sets], which, sizes)


class _Task(NamedTuple):
    """What a chunk of seed sets needs: pure data."""

    walk: Walk
    key: Key
    distinct: list[U32]
    n_runs: int
    confidence: float


def _sizes_chunk(work: _Task, start: int, stop: int) -> Floats:
    """Mean, its standard error, and the range of the cascades' sizes of each seed set."""
    found = np.empty((stop - start, 4))
    for number in range(start, stop):
        sampler = Sampler(work.walk, work.key, REACHED, starts=work.distinct[number]).with_pilot()
        affordable = int(_MEMBERS_PER_SET / max(sampler.mean_size, 1.0))
        n_runs = min(work.n_runs, max(_LEAST_RUNS, affordable))
        first = number * work.n_runs
        pieces = [sampler.items(i, n, keep=False).sizes for i, n in calls(first, first + n_runs)]
        sizes = np.sort(np.concatenate(pieces)).astype(np.float64)
        out = math.floor((1 - work.confidence) / 2 * n_runs)
        found[number - start] = sizes.mean(), sizes.std(ddof=1) / n_runs**0.5, sizes[out], sizes[-1 - out]
    return found


def _binned(
    posts: U32,
    predicted: Floats,
    real: Counts,
    n_bins: int,
    confidence: float,
    n_replicates: int,
    key: Key,
    runner: Engine,
) -> dict[str, Floats]:
    """Means of predicted and real sizes over bins of equal numbers of posts; equal predictions stay together."""
    _, tie = np.unique(predicted, return_inverse=True)
    below = np.concatenate(([0], np.cumsum(np.bincount(tie))))
    middle = (below[tie] + below[tie + 1] - 1) / 2
    wanted = (middle / max(predicted.size, 1) * n_bins).astype(np.int64)
    kept, bin_of = np.unique(wanted, return_inverse=True)
    one = np.zeros((predicted.size, kept.size))
    one[np.arange(predicted.size), bin_of] = 1.0
    draws = replicates(read_only(posts), np.hstack([one, one * real[:, np.newaxis]]), n_replicates, key, runner)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = draws[:, kept.size :] / draws[:, : kept.size]
    limits = [interval_of(means[:, j], confidence) for j in range(kept.size)]
    n = one.sum(axis=0)
    return {
        "predicted": np.bincount(bin_of, predicted, kept.size) / n,
        "real": np.bincount(bin_of, real, kept.size) / n,
        "low": np.array([low for low, _ in limits]),
        "high": np.array([high for _, high in limits]),
        "posts": n,
    }


def _rank_interval(rank: float, n: int, confidence: float) -> tuple[float, float]:
    from scipy.special import ndtri

    if math.isnan(rank) or n < 4 or abs(rank) >= 1:
        return math.nan, math.nan
    half = float(ndtri((1 + confidence) / 2)) * math.sqrt((1 + rank * rank / 2) / (n - 3))
    return math.tanh(math.atanh(rank) - half), math.tanh(math.atanh(rank) + half)


# -- in words ----------------------------------------------------------------------------------------------------------


def _told(found: ReachCalibration) -> list[str]:
    low, high = found.ratio_interval
    n, level = found.real.size, f"{100 * found.confidence:g} %"
    seeds = "first adopter" if found.params["n_seeds"] == 1 else f"first {found.params['n_seeds']} adopters"
    since = "" if found.params["split"] is None else f" that began after {found.params['split']}"
    lines = [
        f"{n:,} posts{since}, from their {seeds}: {float(found.predicted.sum()):,.1f} accounts predicted, "
        f"{int(found.real.sum()):,} reached"
    ]
    verdict = "that is too much" if low > 1 else "that is too little" if high < 1 else "that is what happens"
    if math.isnan(low):
        verdict = "too few posts to say more"
    lines.append(
        f"in all it predicts {found.ratio:.2f} times the real reach ({level} interval {low:.2f} to {high:.2f}): "
        f"{verdict}"
    )
    if not math.isnan(found.rank_correlation):
        below, above = found.rank_interval
        order = "it tells who reaches more" if below > 0 else "the wrong way round" if above < 0 else "no order shown"
        lines.append(f"rank correlation {found.rank_correlation:.2f} ({below:.2f} to {above:.2f}): {order}")
    if n:
        enough = "as it should be" if found.within >= found.confidence - 0.02 else "fewer than it should be"
        lines.append(f"{100 * found.within:.1f} % of the real sizes lie within the predicted {level} range, {enough}")
    if found.params["n_seeds"] != 1:
        lines.append(
            "chances that had failed before the last seed adopted are given anew, so predictions come out high"
        )
    if found.params["left_out"]:
        lines.append(f"{found.params['left_out']:,} posts had fewer adopters and are left out")
    return lines
