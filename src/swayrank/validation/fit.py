"""Goodness of fit: how likely do probabilities make cascades that they never saw?

Whole posts are held out: those whose first adoption lies at or after the split. Probabilities are learned from the rows
before it, and each held-out post gets the log-likelihood of what its exposed accounts did (see
:mod:`swayrank.validation.calibration` for who is exposed, and with which risk)::

    log-likelihood = sum over those who adopted of log(risk) + sum over the others of log(1 - risk)

An outcome given less than `floor`, as an adoption where all arcs have probability 0, counts as `floor` and is counted:
one impossible thing that happens would else outweigh everything. Adoptions that nobody exposed are in no model's reach
and count for none.

*Baselines*, which learned probabilities have to beat:

====================  ==============================================================================================
``global_p``          one probability for all arcs: the most likely one, given what happened before the split
``network_mean``      successes over trials of all arcs before the split: what an arc without a history is worth
``weighted_cascade``  1 / number of accounts that the follower follows
====================  ==============================================================================================

Differences are paired: the same bootstrap over held-out posts weighs both models' log-likelihoods.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress
from swayrank._rng import Rng, resolve_rng
from swayrank._text import printable
from swayrank._validate import Integer, Interval, OneOf, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import ParameterError
from swayrank.events import Events, iso
from swayrank.graph import Graph
from swayrank.learning.adoptions import SPREADING
from swayrank.learning.probabilities import learn_probabilities
from swayrank.measures.propagation.models import Floats
from swayrank.tables import frame
from swayrank.validation.calibration import FLOOR
from swayrank.validation.exposures import (
    WHICH,
    Counts,
    Exposures,
    Judged,
    Learner,
    Split,
    count_trials,
    interval_of,
    judge,
    model_of,
    replicates,
)

BASELINES = ("global_p", "network_mean", "weighted_cascade")


@dataclass(frozen=True, eq=False, repr=False)
class Fit:
    """Log-likelihoods of held-out cascades, by source of the probabilities; the likeliest first.

    Attributes
    ----------
    names : tuple of str
        What was held against each other: learners, then :data:`BASELINES`, by falling log-likelihood.
    log_likelihood : numpy.ndarray of float64, shape (n_models,)
        Of all held-out outcomes, in nats.
    difference, low, high : numpy.ndarray of float64, shape (n_models,)
        Log-likelihood per exposed account, less that of the best baseline, and the limits of that difference.
    brier : numpy.ndarray of float64, shape (n_models,)
        Mean squared error of the risks.
    floored : numpy.ndarray of int64, shape (n_models,)
        Outcomes that counted as `floor`.
    impossible : numpy.ndarray of int64, shape (n_models,)
        Adoptions of exposed accounts whose risk was 0.
    per_post : mapping of str to numpy.ndarray of float64, shape (n_posts,)
        Each held-out post's log-likelihood.
    n_posts, n_exposed, n_adopted, unexplained : int
        Held-out posts, their exposed accounts, adoptions among those, and adoptions of others.
    reference : str
        The best baseline.
    confidence : float
        Level of the intervals.
    params : mapping of str to object
        What was asked for, for records; "global_p" and "network_mean" are the baselines' probabilities.
    """

    names: tuple[str, ...]
    log_likelihood: Floats
    difference: Floats
    low: Floats
    high: Floats
    brier: Floats
    floored: Counts
    impossible: Counts
    per_post: Mapping[str, Floats]
    n_posts: int
    n_exposed: int
    n_adopted: int
    unexplained: int
    reference: str
    confidence: float
    params: Mapping[str, object]

    @property
    def learned(self) -> tuple[str, ...]:
        """The names that are no baselines, the likeliest first."""
        return tuple(name for name in self.names if name not in BASELINES)

    def to_frame(self, backend: str = "pandas") -> Any:
        """One row a model, the likeliest first.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default "pandas"
            Which library.
        """
        columns = {
            "model": list(self.names),
            "log_likelihood": self.log_likelihood,
            "per_exposed": self.log_likelihood / max(self.n_exposed, 1),
            "per_post": self.log_likelihood / self.n_posts,
            "difference": self.difference,
            "low": self.low,
            "high": self.high,
            "brier": self.brier,
            "floored": self.floored,
            "impossible": self.impossible,
        }
        return frame(columns, backend)

    def told(self) -> list[str]:
        """What it says, in sentences."""
        return _told(self)

    def __repr__(self) -> str:
        level = f"{100 * self.confidence:g} % interval"
        against = f"against {self.reference}"
        lines = [f"{'model':<24} {'per exposed':>12} {'per post':>10} {against:>26}  {level:>24} {'floored':>8}"]
        for i, name in enumerate(self.names):
            limits = "" if name == self.reference else f"{self.low[i]:+.4g} to {self.high[i]:+.4g}"
            ll = self.log_likelihood[i]
            lines.append(
                f"{printable(name, 24):<24} {ll / max(self.n_exposed, 1):>12.5g} {ll / self.n_posts:>10.5g} "
                f"{self.difference[i]:>+26.4g}  {limits:>24} {self.floored[i]:>8,}"
            )
        return "\n".join([*lines, *self.told()])


@domains(
    confidence=Interval(0, 1, "()"),
    n_replicates=Integer(2, 100_000),
    floor=Interval(0, 0.5, "()"),
    exposures=OneOf(*WHICH),
)
def goodness_of_fit(
    graph: Graph,
    events: Events,
    *,
    split: Split = 0.8,
    learners: Mapping[str, str | float | npt.ArrayLike | Learner] | None = None,
    actions: Iterable[str] = SPREADING,
    exposures: Literal["ever", "before"] = "ever",
    confidence: float = 0.95,
    n_replicates: int = 1000,
    floor: float = FLOOR,
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Fit:
    """Tell how likely probabilities make held-out cascades, and whether they beat the baselines.

    Read against the arcs: who adopts exposes its followers.

    Parameters
    ----------
    graph : Graph
        Who follows whom.
    events : Events
        The log.
    split : float or time, default=0.8
        Posts that began at or after it are held out: a share of the posts in (0, 1), or an instant.
    learners : mapping, optional
        By name, a function of (graph, events) that gives a graph with a column "probability", which sees the rows
        before the split alone; or probabilities as :class:`IndependentCascade` takes them, which must not come from
        later rows: nothing here can tell. By default the graph's column "probability", else what EM learns.
    actions : iterable of str, default=("post", "repost", "quote")
        What counts as adopting.
    exposures : {"ever", "before"}, default "ever"
        Which exposures of those who adopted count; see :mod:`swayrank.validation.calibration`.
    confidence : float, default=0.95
        Level of the intervals.
    n_replicates : int, default=1000
        Replicates of the bootstrap over posts.
    floor : float, default=1e-6
        The least probability that an outcome counts with.
    rng : int, numpy.random.Generator or None, default=None
        Randomness of the bootstrap. None draws a key and records it.
    engine, threads, progress
        Where and on how many threads to run, and whether to tell. They change no bit of the result.

    Returns
    -------
    Fit

    Raises
    ------
    ParameterError
        If nothing was adopted, `split` leaves no posts on one side, nobody was exposed, a learner is named like a
        baseline, or a value lies outside its domain.

    Notes
    -----
    One pass over the adopters' followers for each model, besides what the learners cost. Memory: 40 bytes per account
    and chunk at work, 56 per held-out post and model, 8 per arc.

    References
    ----------
    Gneiting & Raftery (2007), "Strictly proper scoring rules, prediction, and estimation", JASA 102.

    Examples
    --------
    Ada's followers take up half of her posts; the graph's own column says so, `hopeful` says all:

    >>> import swayrank as sr
    >>> from swayrank.validation.fit import goodness_of_fit
    >>> g = sr.Graph.from_edges(["bob", "cem"], ["ada", "ada"], columns={"probability": [0.5, 0.5]})
    >>> rows = [(who, f"p{k}", 10 * k + (who != "ada")) for k in range(20) for who in ("ada", ("bob", "cem")[k % 2])]
    >>> log = {"actor": [r[0] for r in rows], "action": ["post", "repost"] * 20}
    >>> ev = sr.Events.from_frame({**log, "post": [r[1] for r in rows], "time": [r[2] for r in rows]})
    >>> fit = goodness_of_fit(g, ev, learners={"column": "probability", "hopeful": 0.9}, rng=7)
    >>> fit.names, fit.reference
    (('column', 'global_p', 'network_mean', 'hopeful', 'weighted_cascade'), 'global_p')
    >>> fit.difference.round(4).tolist()
    [0.0, 0.0, 0.0, -0.5108, -6.2146]
    """
    posts = Exposures.of("goodness_of_fit", graph, events, actions)
    instant, test = posts.held_out(split)
    known = events.before(instant)
    key, runner = resolve_rng(rng), resolve_engine(engine, threads)
    asked = _asked(graph, learners)
    before = Exposures.of("goodness_of_fit", graph, known, actions)
    trials = count_trials(before, exposures, runner, progress)
    constants: dict[str, Any] = {"global_p": trials.most_likely(), "network_mean": trials.mean}
    asked |= {**constants, "weighted_cascade": "weighted_cascade"}
    judged = {}
    for name, prob in asked.items():
        model = model_of("goodness_of_fit", graph, prob, known)
        judged[name] = judge(test, model, exposures, floor, runner, progress)
    first = next(iter(judged.values()))
    if not first.exposed.any():
        raise ParameterError(f"nobody was exposed to any of the {test.posts.size:,} posts after the split; move it")
    figures = np.stack([one.log_likelihood for one in judged.values()] + [first.exposed.astype(np.float64)], axis=1)
    draws = replicates(test.posts, figures, n_replicates, key, runner)
    params = {**constants, "split": iso(instant), "exposures": exposures, "floor": floor, "rng": key.record}
    return _fit(judged, draws, confidence, {**params, "n_replicates": n_replicates})


def _asked(graph: Graph, learners: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is held against the baselines."""
    if learners is None:
        if "probability" in graph.columns:
            return {"probability": "probability"}
        return {"em": functools.partial(learn_probabilities, method="em")}
    if not isinstance(learners, Mapping) or not learners:
        raise ParameterError(f"learners must be a mapping of names to learners or probabilities, got {learners!r}")
    if taken := [name for name in learners if name in BASELINES]:
        raise ParameterError(f"learners must not be called like a baseline, got {taken[0]!r}")
    return dict(learners)


def _fit(judged: Mapping[str, Judged], draws: Floats, confidence: float, params: Mapping[str, object]) -> Fit:
    """Figures and paired differences, the likeliest first."""
    names = list(judged)
    total = {name: float(one.log_likelihood.sum()) for name, one in judged.items()}
    reference = max(BASELINES, key=lambda name: total[name])
    order = sorted(names, key=lambda name: (-total[name], names.index(name)))
    first = judged[reference]
    n = int(first.exposed.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        paired = (draws[:, :-1] - draws[:, [names.index(reference)]]) / draws[:, [-1]]
    limits = {name: interval_of(paired[:, i], confidence) for i, name in enumerate(names)}
    return Fit(
        names=tuple(order),
        log_likelihood=np.array([total[name] for name in order]),
        difference=np.array([(total[name] - total[reference]) / n for name in order]),
        low=np.array([limits[name][0] for name in order]),
        high=np.array([limits[name][1] for name in order]),
        brier=np.array([float(judged[name].squared_error.sum()) / n for name in order]),
        floored=np.array([int(judged[name].floored.sum()) for name in order]),
        impossible=np.array([int(judged[name].cell_counts[0, 1]) for name in order]),
        per_post={name: judged[name].log_likelihood for name in order},
        n_posts=first.exposed.size,
        n_exposed=n,
        n_adopted=int(first.adopted.sum()),
        unexplained=int(first.unexplained.sum()),
        reference=reference,
        confidence=confidence,
        params=params,
    )


# -- in words ----------------------------------------------------------------------------------------------------------


def _told(fit: Fit) -> list[str]:
    lines = [
        f"{fit.n_posts:,} posts that began after {fit.params['split']}: {fit.n_exposed:,} exposed accounts, of which "
        f"{fit.n_adopted:,} adopted; {fit.unexplained:,} adoptions of others are not predicted"
    ]
    lines += [_verdict(fit, name) for name in fit.learned]
    for name, n, impossible in zip(fit.names, fit.floored.tolist(), fit.impossible.tolist(), strict=True):
        if n:
            zero = f" ({impossible:,} adoptions had been given the risk 0)" if impossible else ""
            lines.append(f"{printable(name, 60)}: {n:,} outcomes count as {fit.params['floor']:g}{zero}")
    return lines


def _verdict(fit: Fit, name: str) -> str:
    i = fit.names.index(name)
    low, high = fit.low[i], fit.high[i]
    better = f"{fit.difference[i]:+.4g} nats per exposed account, {low:+.4g} to {high:+.4g}"
    shown = printable(name, 60)
    if low > 0:
        return f"{shown} beats the best baseline, {fit.reference} ({better})"
    if high < 0:
        return f"{shown} loses to {fit.reference} ({better})"
    return f"{shown} cannot be told apart from {fit.reference} ({better})"
