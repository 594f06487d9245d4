r"""Calibration: of those told to adopt with probability 0.1, does a tenth?

An account v is exposed to a post by each followee u that adopted it strictly before v. Independent Cascade predicts
that it adopts with the risk ``1 - prod(1 - p(u, v))`` over its exposures; the outcome is whether it adopted. Exposed
accounts are put into bins of risk, and each bin's mean risk is held against the share that adopted.

*Which exposures.* Were only those before an adoption taken (``exposures="before"``: what could be known then), risks
would depend on the outcome, since whoever adopts early is caught with few exposures and whoever never does with all:
the true probabilities of a cascade look wrong then. With ``"ever"`` followees who adopted after v count for v as they
would had it not adopted, but for those whom v alone may have won. In a cascade without cycles that is exact, however
long the delays.

*Bins* hold about equal sums of risks, that is, equal numbers of expected adoptions: adoptions are rare, so bins of
equal counts would leave all but the last one empty of them, while these are all read equally well. What was given the
risk 0 is a bin of its own. Edges are cut from 16 cells per octave of risk, so that no list of risks is ever held.

*Intervals.* Outcomes of one post depend on each other, so posts are what is drawn again: a Poisson bootstrap over posts
gives the variance of a bin's rate, and that divided by the binomial variance is its design effect d. The interval is
the exact (Clopper & Pearson) one of a sample of ``n / d`` times ``(t(n - 1) / t(posts - 1))**2``, and no larger than n;
it has a width where nobody adopted, too (Korn & Graubard 1998). A bin whose design effect cannot be told, since nobody
or everybody in it adopted, takes that of all exposed together; a bin fed by one post alone says nothing: [0, 1].

An adoption by an account that nobody exposed is not predicted and counts as unexplained: the first one of each post,
and all that came by other ways.

References
----------
Korn & Graubard (1998), "Confidence intervals for proportions with small expected number of positive counts estimated
from survey data", Survey Methodology 24.
Chamandy, Muralidharan, Najmi & Naidu (2012), "Estimating uncertainty for massive data streams": the Poisson bootstrap.
Cox (1958), "Two further applications of a model for binary regression", Biometrika 45: intercept and slope.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank._render import render
from swayrank._rng import Key, Rng, resolve_rng
from swayrank._validate import Integer, Interval, OneOf, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import ParameterError
from swayrank.events import Events, iso
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.exposure import N_CELLS, sort_posts_into_bins
from swayrank.learning.adoptions import SPREADING
from swayrank.measures.propagation.models import Floats
from swayrank.tables import frame
from swayrank.validation.exposures import (
    WHICH,
    Counts,
    Exposures,
    Judged,
    Learner,
    Split,
    Task,
    interval_of,
    judge,
    model_of,
    reweighed,
    task_of,
)

FLOOR = 1e-6
"""Outcomes to which less is given count as this probability in log-likelihoods, and are counted."""
_STEPS = 100


@dataclass(frozen=True, eq=False, repr=False)
class Calibration:
    """Predicted against observed adoption, by bins of risk.

    Attributes
    ----------
    predicted, observed : numpy.ndarray of float64, shape (n_bins,)
        Mean risk, and the share that adopted.
    low, high : numpy.ndarray of float64, shape (n_bins,)
        Limits of the share.
    exposed, adopted, n_posts : numpy.ndarray of int64, shape (n_bins,)
        Exposed accounts, adoptions among them, and the posts that they belong to.
    design_effect : numpy.ndarray of float64, shape (n_bins,)
        Variance of the share over what it would be were all outcomes independent.
    ratio : float
        Expected adoptions over observed ones, all bins together.
    ratio_interval : tuple of float
        Its limits.
    calibration_error : float
        Mean of ``|observed - predicted|`` over the exposed, bin by bin (expected calibration error).
    brier : float
        Mean squared error of the risks.
    brier_of_mean : float
        The same had everybody been given the share that adopted.
    log_likelihood : float
        Of the outcomes, in nats.
    intercept, slope : float
        Of the logistic regression of the outcomes on the risks' logits, 0 and 1 where risks are right; a slope below 1
        says that high risks are too high and low ones too low. NaN where it does not exist.
    unexplained : int
        Adoptions by accounts that nobody exposed.
    floored : int
        Outcomes that counted as `floor` in the log-likelihood.
    confidence : float
        Level of the intervals.
    params : mapping of str to object
        What was asked for, for records.
    """

    predicted: Floats
    observed: Floats
    low: Floats
    high: Floats
    exposed: Counts
    adopted: Counts
    n_posts: Counts
    design_effect: Floats
    ratio: float
    ratio_interval: tuple[float, float]
    calibration_error: float
    brier: float
    brier_of_mean: float
    log_likelihood: float
    intercept: float
    slope: float
    unexplained: int
    floored: int
    confidence: float
    params: Mapping[str, object]

    def to_frame(self, backend: str = "pandas") -> Any:
        """The bins as a table of another library, the lowest risk first.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default "pandas"
            Which library.
        """
        names = ("predicted", "observed", "low", "high", "exposed", "adopted", "n_posts", "design_effect")
        return frame({name: getattr(self, name) for name in names}, backend)

    def plot(self, **options: Any) -> Any:
        """The calibration curve with intervals and the diagonal.

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
        lines = [f"{'predicted':>10}  {'observed':>10}  {level:>24}  {'exposed':>11}  {'adopted':>9}  {'posts':>8}"]
        rows = zip(self.predicted, self.observed, self.low, self.high, self.exposed, self.adopted, self.n_posts)  # noqa: B905
        lines += [
            f"{p:>10.4g}  {y:>10.4g}  {f'{low:.4g} to {high:.4g}':>24}  {n:>11,}  {k:>9,}  {m:>8,}"
            for p, y, low, high, n, k, m in rows
        ]
        return "\n".join([*lines, *self.told()])


@domains(
    n_bins=Integer(1, 1000),
    confidence=Interval(0, 1, "()"),
    n_replicates=Integer(2, 100_000),
    floor=Interval(0, 0.5, "()"),
    exposures=OneOf(*WHICH),
)
def calibrate(
    graph: Graph,
    events: Events,
    *,
    prob: str | float | npt.ArrayLike | Learner | None = None,
    split: Split | None = None,
    actions: Iterable[str] = SPREADING,
    exposures: Literal["ever", "before"] = "ever",
    n_bins: int = 10,
    confidence: float = 0.95,
    n_replicates: int = 1000,
    floor: float = FLOOR,
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Calibration:
    """Hold the probabilities on a graph's arcs against who adopted what.

    Read against the arcs: who adopts exposes its followers.

    Parameters
    ----------
    graph : Graph
        Who follows whom.
    events : Events
        The log.
    prob : str, float, array, callable or None, default=None
        Probabilities as :class:`IndependentCascade` takes them: the name of a column, ``"weighted_cascade"``, a number,
        an array of shape (n_edges,); None is the column ``"probability"``, else ``"weighted_cascade"``. Or a function
        of (graph, events) that learns them, which is given the rows before `split` alone.
    split : float, time or None, default=None
        Judge only posts that began after: a share of the posts in (0, 1), or an instant. Probabilities that were
        learned from the same posts look better than they are.
    actions : iterable of str, default=("post", "repost", "quote")
        What counts as adopting.
    exposures : {"ever", "before"}, default "ever"
        Which exposures of those who adopted count: see above.
    n_bins : int, default=10
        How many bins at the most; risks that are all alike cannot be told apart.
    confidence : float, default=0.95
        Level of the intervals.
    n_replicates : int, default=1000
        Replicates of the bootstrap over posts.
    floor : float, default=1e-6
        The least probability that an outcome counts with in the log-likelihood.
    rng : int, numpy.random.Generator or None, default=None
        Randomness of the bootstrap. None draws a key and records it.
    engine, threads, progress
        Where and on how many threads to run, and whether to tell. They change no bit of the result.

    Returns
    -------
    Calibration

    Raises
    ------
    ParameterError
        If nobody in the graph adopted anything, nobody was exposed, `split` leaves no posts, or a value lies outside
        its domain.

    Notes
    -----
    Two passes over the adopters' followers, O(sum of their numbers), and O(posts * n_replicates * n_bins) for the
    bootstrap. Memory: 28 bytes per account and chunk at work, 56 per post, 8 per arc for probabilities by arc.

    Examples
    --------
    >>> import swayrank as sr
    >>> from swayrank.validation.calibration import calibrate
    >>> g = sr.Graph.from_edges(["bob", "cem", "dan"], ["ada", "ada", "ada"])
    >>> log = {"actor": ["ada", "bob"] * 4, "action": ["post", "repost"] * 4, "post": list("ppqqrrss")}
    >>> log["time"] = [f"2026-01-0{1 + k}" for k in range(8)]
    >>> c = calibrate(g, sr.Events.from_frame(log), prob=0.5, rng=7)
    >>> c.exposed.tolist(), c.adopted.tolist(), round(c.ratio, 4), c.unexplained
    ([12], [4], 1.5, 4)
    """
    posts = Exposures.of("calibrate", graph, events, actions)
    known, instant = None, None
    if split is not None:
        instant, posts = posts.held_out(split)
        known = events.before(instant)
    model = model_of("calibrate", graph, prob, known)
    key, runner = resolve_rng(rng), resolve_engine(engine, threads)
    judged = judge(posts, model, exposures, floor, runner, progress)
    if not judged.exposed.any():
        raise ParameterError(
            f"events must have adopters with followers in the graph; the {posts.n:,} adoptions exposed nobody"
        )
    bin_of_cell = bins_of_cells(judged, n_bins)
    work = _BinTask(task_of(posts, model, exposures), bin_of_cell, n_replicates, key)
    draws, n_posts = _bootstrap(work, posts, runner, progress)
    params = {
        "prob": "learned before the split" if callable(prob) else model.params["prob"],
        "split": None if instant is None else iso(instant),
        "posts": posts.posts.size,
        "exposures": exposures,
        "rng": key.record,
        "n_replicates": n_replicates,
        "floor": floor,
    }
    return _calibration(judged, bin_of_cell, draws, n_posts, confidence, params)


def bins_of_cells(judged: Judged, n_bins: int) -> npt.NDArray[np.uint16]:
    """The bin of each cell: about equal sums of risks in each; cell 0 by itself where anybody is in it."""
    n, risks = judged.cell_counts[:, 0], judged.cell_risks
    total = float(risks.sum())
    middle = np.cumsum(risks) - risks / 2
    wanted = np.zeros(N_CELLS, np.int64)
    if total > 0:
        wanted = np.minimum((middle / total * n_bins).astype(np.int64), n_bins - 1)
    wanted[1:] += 1
    wanted[0] = 0
    return read_only(_renumbered(wanted, n > 0))


def _renumbered(wanted: Counts, used: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint16]:
    """Numbers without gaps; cells that nobody is in go with the bin before them."""
    kept = np.unique(wanted[used])
    return np.maximum(np.searchsorted(kept, wanted, side="right") - 1, 0).astype(np.uint16)


class _BinTask:
    """What the second pass needs: pure data."""

    def __init__(self, task: Task, bin_of_cell: npt.NDArray[np.uint16], n_replicates: int, key: Key) -> None:
        self.task, self.bin_of_cell, self.n_replicates, self.key = task, bin_of_cell, n_replicates, key
        self.n_bins = int(bin_of_cell.max()) + 1


def _bootstrap(work: _BinTask, exposures: Exposures, runner: Engine, progress: Progress) -> tuple[Floats, Counts]:
    """Exposed, adopted and risks of each bin in every replicate, shape (n_replicates, n_bins, 3); posts of each bin."""
    sums, n_posts = np.zeros((work.n_replicates, 3 * work.n_bins)), np.zeros(work.n_bins + 1, np.int64)
    bounds = exposures.bounds(exposures.graph.in_degree)
    with track(progress, "drawing posts again", exposures.posts.size) as step:
        for part, fed in runner.map(_bins_chunk, work, bounds, step=step):
            sums += part
            n_posts += fed
    return sums.reshape(work.n_replicates, work.n_bins, 3), n_posts


def _bins_chunk(work: _BinTask, start: int, stop: int) -> tuple[Floats, Counts]:
    rows = np.zeros((stop - start, 3 * work.n_bins))
    sort_posts_into_bins(*work.task.arrays(start, stop), read_only(work.bin_of_cell), rows)
    fed = rows[:, ::3] > 0
    n_posts = np.append(fed.sum(axis=0), fed.any(axis=1).sum())
    return reweighed(work.task.posts[start:stop], rows, work.n_replicates, work.key), n_posts


def _calibration(
    judged: Judged,
    bin_of_cell: npt.NDArray[np.uint16],
    draws: Floats,
    n_posts: Counts,
    confidence: float,
    params: Mapping[str, object],
) -> Calibration:
    """Figures and limits from the sums."""
    n_bins = draws.shape[1]
    n = np.bincount(bin_of_cell, judged.cell_counts[:, 0], n_bins).astype(np.int64)
    k = np.bincount(bin_of_cell, judged.cell_counts[:, 1], n_bins).astype(np.int64)
    risks = np.bincount(bin_of_cell, judged.cell_risks, n_bins)
    predicted, observed = risks / n, k / n
    whole = _design_effect(draws[:, :, :2].sum(axis=1), int(n.sum()), int(k.sum()))
    effect = np.array([_design_effect(draws[:, j, :2], n[j], k[j]) for j in range(n_bins)])
    effect = np.where(np.isnan(effect), 1.0 if math.isnan(whole) else whole, effect)
    limits = [rate_interval(k[j], n[j], effect[j], n_posts[j], confidence) for j in range(n_bins)]
    everything = draws.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = everything[:, 2] / everything[:, 1]
    total, hits = int(n.sum()), int(k.sum())
    intercept, slope = recalibration(judged)
    return Calibration(
        predicted=predicted,
        observed=observed,
        low=np.array([low for low, _ in limits]),
        high=np.array([high for _, high in limits]),
        exposed=n,
        adopted=k,
        n_posts=n_posts[:-1],
        design_effect=effect,
        ratio=float(risks.sum()) / hits if hits else math.inf,
        ratio_interval=interval_of(ratios, confidence) if hits and n_posts[-1] > 1 else (math.nan, math.nan),
        calibration_error=float((np.abs(observed - predicted) * n).sum()) / total,
        brier=float(judged.squared_error.sum()) / total,
        brier_of_mean=hits / total * (1 - hits / total),
        log_likelihood=float(judged.log_likelihood.sum()),
        intercept=intercept,
        slope=slope,
        unexplained=int(judged.unexplained.sum()),
        floored=int(judged.floored.sum()),
        confidence=confidence,
        params=params,
    )


def _design_effect(draws: Floats, n: int, k: int) -> float:
    """Variance of a rate over replicates, by the binomial one; NaN where nobody or everybody adopted."""
    if not 0 < k < n:
        return math.nan
    fed = draws[:, 0] > 0
    rates = draws[fed, 1] / draws[fed, 0]
    return float(rates.var()) / (k / n * (1 - k / n) / n)


def rate_interval(hits: int, n: int, design_effect: float, n_posts: int, confidence: float) -> tuple[float, float]:
    """Limits of a rate whose outcomes hang together by posts.

    Examples
    --------
    Outcomes that are as good as independent, and ones of which each counts for a tenth:

    >>> [round(x, 4) for x in rate_interval(5, 100, 1.0, 100, 0.95)]
    [0.0164, 0.1128]
    >>> [round(x, 4) for x in rate_interval(5, 100, 10.0, 100, 0.95)]
    [0.0, 0.3813]
    """
    from scipy.special import betaincinv, stdtrit

    if n_posts < 2:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    few = float(stdtrit(max(n - 1, 1), 1 - tail) / stdtrit(n_posts - 1, 1 - tail)) ** 2
    size = min(n, n / max(design_effect, 1e-12) * few)
    k = hits / n * size
    low = float(betaincinv(k, size - k + 1, tail)) if hits else 0.0
    high = float(betaincinv(k + 1, size - k, 1 - tail)) if hits < n else 1.0
    return low, high


def recalibration(judged: Judged) -> tuple[float, float]:
    """Intercept and slope of the logistic regression of outcomes on logits of the risks, cell by cell.

    Newton's method on the cells' mean risks; NaN where the risks are all alike, nobody or everybody adopted, or the
    regression has no finite answer.
    """
    n, k = judged.cell_counts[1:-1].T
    used = n > 0
    n, k = n[used].astype(np.float64), k[used].astype(np.float64)
    risk = judged.cell_risks[1:-1][used] / n
    inside = (risk > 0) & (risk < 1)
    n, k, x = n[inside], k[inside], np.log(risk[inside]) - np.log1p(-risk[inside])
    if x.size < 2 or not 0 < k.sum() < n.sum():
        return math.nan, math.nan
    a, b = math.log(k.sum() / (n - k).sum()), 0.0
    for _ in range(_STEPS):
        p = 0.5 + 0.5 * np.tanh((a + b * x) / 2)
        w = n * p * (1 - p)
        gradient = np.array([(k - n * p).sum(), ((k - n * p) * x).sum()])
        s0, s1, s2 = w.sum(), (w * x).sum(), (w * x * x).sum()
        determinant = s0 * s2 - s1 * s1
        if not determinant > 1e-12 * s0 * s2:
            return math.nan, math.nan
        step_a = (s2 * gradient[0] - s1 * gradient[1]) / determinant
        step_b = (s0 * gradient[1] - s1 * gradient[0]) / determinant
        shorter = min(1.0, 2.0 / max(abs(step_a), abs(step_b), 1e-300))  # Newton alone may overshoot for ever
        a, b = a + shorter * step_a, b + shorter * step_b
        if abs(step_a) + abs(step_b) < 1e-10 * (1 + abs(a) + abs(b)):
            return float(a), float(b)
    return math.nan, math.nan


# -- in words ----------------------------------------------------------------------------------------------------------


def _told(c: Calibration) -> list[str]:
    low, high = c.ratio_interval
    exposed, adopted = int(c.exposed.sum()), int(c.adopted.sum())
    lines = [
        f"{exposed:,} exposed accounts in {c.params['posts']:,} posts: {float(c.predicted @ c.exposed):,.1f} adoptions "
        f"predicted, {adopted:,} observed; {c.unexplained:,} more by accounts that nobody exposed are not predicted"
    ]
    if not adopted:
        lines.append("nobody exposed adopted, so nothing can be said of how large probabilities should be")
        return lines
    if math.isnan(low):
        verdict = "too few posts to say more"
    elif low <= 1 <= high:
        verdict = "that is what happens, as far as these posts can tell"
    else:
        verdict = "that is too much" if c.ratio > 1 else "that is too little"
    level = f"{100 * c.confidence:g} % interval {low:.2f} to {high:.2f}"
    lines.append(f"in all it predicts {c.ratio:.2f} times what happens ({level}): {verdict}")
    lines += _worst(c)
    if math.isfinite(c.slope):
        lines.append(f"slope {c.slope:.2f} {_slope_in_words(c.slope)}; intercept {c.intercept:.2f}")
    lines.append(
        f"calibration error {c.calibration_error:.2g}, Brier {c.brier:.4g} (everybody alike: {c.brier_of_mean:.4g}), "
        f"log-likelihood {c.log_likelihood / exposed:.4g} per exposed account"
        + (f", {c.floored:,} outcomes at the floor" if c.floored else "")
    )
    return lines


def _slope_in_words(slope: float) -> str:
    if 0.8 <= slope <= 1.25:
        return "(1 is right)"
    return (
        "(1 is right: high risks are too high and low ones too low)"
        if slope < 1
        else ("(1 is right: high risks are too low and low ones too high)")
    )


def _times(factor: float) -> str:
    """A factor to about two digits, without an exponent."""
    return f"{factor:,.0f}" if factor >= 9.95 else f"{factor:.2g}"


def _worst(c: Calibration) -> list[str]:
    """The bin whose prediction is farthest outside its interval, as a factor."""
    outside = (c.predicted < c.low) | (c.predicted > c.high)
    if not outside.any():
        return ["every bin's prediction lies within its interval"]
    n = f"{int(outside.sum())} of {outside.size} bins lie outside their interval"
    never = (c.predicted == 0) & (c.adopted > 0)
    said = [f"{int(c.adopted[never].sum()):,} adoptions came where the risk was given as 0"] if never.any() else []
    with np.errstate(divide="ignore", invalid="ignore"):
        off = np.abs(np.log(c.predicted / np.where(c.observed > 0, c.observed, c.high)))
    factor = np.where(outside & (c.predicted > 0), off, -1.0)
    j = int(np.argmax(factor))
    if factor[j] >= 0:
        times = c.predicted[j] / (c.observed[j] if c.observed[j] > 0 else c.high[j])
        least = "at least " if c.observed[j] == 0 else ""
        said.append(f"where it says {c.predicted[j]:.3g}, it predicts {least}{_times(times)} times what happens")
    return [f"{n}: {'; '.join(said)}"]
