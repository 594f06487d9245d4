"""Seeds where probabilities are only known between a lower and an upper value: LUGreedy.

Choose seeds once as if every probability were the lower one, once as if it were the upper one, and take those that
spread further under the lower ones (Chen, Lin, Tan, Zhao & Zhou 2016). Whatever the true probabilities are, spread
grows with them, so that ::

    alpha = (spread of the choice under the lower ones) / (optimum under the upper ones)

is a share of the true optimum that the choice reaches for certain. `alpha` is reported with a lower bound above and an
upper bound below the line. It is small where the two are far apart.

References
----------
Chen, Lin, Tan, Zhao & Zhou (2016), "Robust influence maximization", KDD.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank._rng import Rng, resolve_rng
from swayrank._validate import Integer, Interval, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import ParameterError
from swayrank.kernels.random import RR
from swayrank.measures.propagation.limits import lower_limit
from swayrank.measures.propagation.models import TriggeringModel
from swayrank.measures.propagation.outcomes import Spreads
from swayrank.measures.propagation.sampler import U32, Sampler, bit_set, count_met
from swayrank.measures.propagation.simulate import simulate

ROBUST = RR * 1000 + 41
"""Purpose of the random streams of the RR sets that bound the choice's spread."""

_SETS = 2**17


class Selected(Protocol):
    """What a selection has to say: its seeds, and bounds."""

    @property
    def nodes(self) -> U32:
        """Positions of the seeds."""

    @property
    def lower_bound(self) -> float:
        """The seeds' expected spread is at least this."""

    @property
    def upper_bound(self) -> float | None:
        """No choice spreads further than this."""


@dataclass(frozen=True, eq=False)
class RobustSeeds:
    """Seeds for probabilities between two limits.

    Attributes
    ----------
    nodes : numpy.ndarray of uint32, shape (k,)
        The choice.
    chosen : {"low", "high"}
        Whether it was selected under the lower or the upper probabilities.
    spreads : Spreads
        Both candidates, "low" and "high", simulated in the same worlds under the lower probabilities.
    lower_bound : float
        The choice's spread is at least this, whatever the probabilities are.
    upper_bound : float
        No choice spreads further, whatever they are.
    alpha : float
        `lower_bound` / `upper_bound`: the share of the optimum that is reached whatever the probabilities are.
    """

    nodes: U32
    chosen: str
    spreads: Spreads
    lower_bound: float
    upper_bound: float
    alpha: float


@domains(k=Integer(1), n_runs=Integer(2, 2**31), delta=Interval(0, 1, "()"))
def robust_seeds(
    low_model: TriggeringModel,
    high_model: TriggeringModel,
    k: int,
    select: Callable[[TriggeringModel], Selected],
    *,
    n_runs: int = 10_000,
    delta: float = 0.01,
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> RobustSeeds:
    """Choose seeds under the lower and under the upper probabilities, and take the better under the lower ones.

    Parameters
    ----------
    low_model, high_model : IndependentCascade or LinearThreshold
        The same kind of model of the same graph; no probability of the first exceeds that of the second.
    k : int
        The most seeds that a selection may have.
    select : callable
        ``select(model)`` gives seeds with bounds, as ``select_seeds`` does; it has to bound the optimum.
    n_runs : int, default=10_000
        Runs in which the two candidates are compared.
    delta : float, default=0.01
        Probability with which the bound that is computed here may fail, beside those of `select`. It is used only where
        the choice was selected under the upper probabilities.
    rng : int, numpy.random.Generator, Key or None, default=None
        Randomness of the comparison. None draws a key.
    engine, threads, progress
        Where and on how many threads to run, and whether to tell. They change no bit of the result.

    Returns
    -------
    RobustSeeds

    Raises
    ------
    ParameterError
        If the models do not go together, an arc's lower probability is above its upper one, or `select` gives too many
        seeds or no upper bound.

    Notes
    -----
    The lower bound is that of `select` under the lower probabilities, or, for seeds selected under the upper ones, the
    exact limit from 2**17 RR sets.

    References
    ----------
    Chen, Lin, Tan, Zhao & Zhou (2016), "Robust influence maximization", KDD.

    Examples
    --------
    Ada's followers are known well, fay's hardly:

    >>> import numpy as np, swayrank as sr
    >>> g = sr.Graph.from_edges(["bob", "cem", "dan", "eve", "gus"], ["ada", "ada", "fay", "fay", "fay"])
    >>> low = sr.IndependentCascade(g, prob=[0.5, 0.5, 0.1, 0.1, 0.1])
    >>> high = sr.IndependentCascade(g, prob=[0.6, 0.6, 0.9, 0.9, 0.9])
    >>> found = robust_seeds(low, high, 1, lambda model: sr.select_seeds(model, k=1, rng=7), rng=7)
    >>> g.ids[int(found.nodes[0])], found.chosen, [round(one.mean, 1) for one in found.spreads.values()]
    ('ada', 'low', [2.0, 1.3])
    """
    _check_pair(low_model, high_model)
    key, runner = resolve_rng(rng), resolve_engine(engine, threads)
    low, high = select(low_model), select(high_model)
    for name, found in (("lower", low), ("upper", high)):
        if not 0 < found.nodes.size <= k:
            raise ParameterError(
                f"select must give 1 to {k} seeds, got {found.nodes.size} under the {name} probabilities"
            )
    if high.upper_bound is None:
        raise ParameterError("select must bound the optimum, got no upper_bound: use method='opim'")
    ids = low_model.graph.ids
    named = {name: [ids[int(node)] for node in found.nodes] for name, found in (("low", low), ("high", high))}
    spreads: Spreads = simulate(low_model, named, n_runs=n_runs, rng=key, engine=runner, progress=progress)
    chosen = "low" if spreads["low"].mean >= spreads["high"].mean else "high"
    nodes = np.asarray((low if chosen == "low" else high).nodes, np.uint32)
    if chosen == "low":
        bound = float(low.lower_bound)
    else:
        stops = bit_set(nodes, low_model.graph.n_nodes)
        sampler = Sampler(low_model.backward(), key, ROBUST, stops=stops).with_pilot()
        with track(progress, "bounding the spread", total=_SETS) as step:
            met = count_met(sampler, 0, _SETS, runner, step)[0]
        bound = max(float(nodes.size), low_model.graph.n_nodes * lower_limit(met, _SETS, delta))
    most = max(float(high.upper_bound), bound)
    return RobustSeeds(nodes, chosen, spreads, bound, most, bound / most)


def _check_pair(low: TriggeringModel, high: TriggeringModel) -> None:
    """Refuse models of which the first does not lie below the second everywhere."""
    for name, model in (("low_model", low), ("high_model", high)):
        if not isinstance(model, TriggeringModel):
            raise ParameterError(
                f"{name} must be an IndependentCascade or a LinearThreshold, got {type(model).__name__}"
            )
    if type(low) is not type(high):
        raise ParameterError(
            f"low_model and high_model must be of one kind, got {type(low).__name__} and {type(high).__name__}"
        )
    graph = low.graph
    same = graph is high.graph or (
        graph.n_nodes == high.graph.n_nodes
        and np.array_equal(graph.indptr, high.graph.indptr)
        and np.array_equal(graph.indices, high.graph.indices)
        and graph.ids == high.graph.ids
    )
    if not same:
        raise ParameterError("low_model and high_model must be of the same graph")
    if low.max_steps != high.max_steps:
        raise ParameterError(
            f"low_model and high_model must have the same max_steps, got {low.max_steps} and {high.max_steps}"
        )
    p, q = low.probabilities(), high.probabilities()
    wrong = np.flatnonzero(p > q)
    if wrong.size:
        j = int(wrong[0])
        u = int(np.searchsorted(graph.indptr, np.uint64(j), side="right")) - 1
        v = int(graph.indices[j])
        count = f"{wrong.size} arc{'s' if wrong.size > 1 else ''} in all"
        raise ParameterError(
            f"low_model must not exceed high_model, got {p[j]:g} > {q[j]:g} for the arc {graph.ids[u]!r} -> "
            f"{graph.ids[v]!r} ({count})"
        )
    shares = [_shares(model) for model in (low, high)]
    silent = np.flatnonzero(shares[0] > shares[1])
    if silent.size:
        v = int(silent[0])
        raise ParameterError(
            f"sharing of low_model must not exceed that of high_model, got {shares[0][v]:g} > {shares[1][v]:g} for "
            f"{graph.ids[v]!r}"
        )


def _shares(model: TriggeringModel) -> npt.NDArray[np.float64]:
    return model.shares if model.shares.size else np.ones(model.graph.n_nodes)
