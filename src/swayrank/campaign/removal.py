"""Whom to silence so that a rumour spreads least.

An account that is silenced neither activates anybody nor is activated. In one random world, silencing v loses exactly
the accounts that v *dominates*: those to which every live path from the sources goes through v, v itself included. They
are v's subtree in the world's dominator tree, so that one tree says what each single removal would cut (Xie et al.
2023). Greedy: ::

    repeat: in each of `n_samples` worlds, build the dominator tree of what is still reached, and add up subtree sizes
            silence the account of the largest sum (the first in public order where sums tie)

The worlds stay the same from round to round. A heuristic: no bound. What a set of removals cuts is not submodular (two
accounts can each be worthless alone and cut everything together), so that greedy choice can be far from the best.

What is reported is estimated on other worlds, drawn independently of those of the choice, so it is not biased by it.

References
----------
Xie, Zhang, Wang, Lin & Zhang (2023), "Minimizing the influence of misinformation via vertex blocking", ICDE.
Lengauer & Tarjan (1979), "A fast algorithm for finding dominators in a flowgraph", ACM TOPLAS 1(1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, Step, track
from swayrank._rng import Key, Rng, resolve_rng
from swayrank._validate import Integer, Interval, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.dominators import removal_losses, removal_sizes
from swayrank.kernels.random import CASCADE
from swayrank.measures.propagation.accounts import Account, Accounts, resolve_accounts
from swayrank.measures.propagation.limits import Floats, mean_interval
from swayrank.measures.propagation.models import IndependentCascade, LinearThreshold, TriggeringModel, Walk, as_model
from swayrank.measures.propagation.sampler import NO_NODES, U32, bounds_of
from swayrank.tables import frame

CHOOSE, CHECK = CASCADE * 1000 + 31, CASCADE * 1000 + 32
"""Purposes of the random streams: worlds to choose in, worlds to report on."""

_LEAST_CHUNK = 16


@dataclass(frozen=True, eq=False, repr=False)
class Removal:
    """Accounts to silence, and the spread that is left after each. A heuristic: no bound.

    Attributes
    ----------
    accounts : tuple of int or str, length k
        In the order of the choice. Fewer than were asked for where nobody left cuts anything in the worlds drawn.
    spread_before : float
        Expected number of accounts that the rumour reaches, sources included.
    before_std_error : float
        Its standard error.
    before_interval : tuple of float
        Limits of `spread_before` at the level ``params["confidence"]``.
    spread_after : numpy.ndarray of float64, shape (k,)
        Entry i: expected spread once the first i + 1 accounts are silenced.
    std_error : numpy.ndarray of float64, shape (k,)
        Standard errors of `spread_after`.
    interval : numpy.ndarray of float64, shape (k, 2)
        Limits of `spread_after`, each at the level ``params["confidence"]``.
    cut : float
        By how much all removals together lower the spread.
    cut_interval : tuple of float
        Its limits: world by world, so narrower than the difference of the two intervals.
    baseline : tuple of int or str
        As many accounts that have most followers, of those that may be silenced.
    baseline_after : numpy.ndarray of float64
        What is left once the first i + 1 of those are silenced, in the same worlds.
    baseline_std_error : numpy.ndarray of float64
        Its standard errors.
    params : mapping of str to object
        The model, the sources, the randomness and the samples.

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["bob", "cem", "dan", "eve"], ["ada", "bob", "cem", "ada"])
    >>> found = select_removal(sr.IndependentCascade(g, prob=1.0), 1, sources="ada", n_samples=100, rng=7)
    >>> found.accounts, found.spread_before, found.spread_after, found.baseline
    (('bob',), 5.0, array([2.]), ('bob',))
    """

    accounts: tuple[Account, ...]
    spread_before: float
    before_std_error: float
    before_interval: tuple[float, float]
    spread_after: Floats
    std_error: Floats
    interval: Floats
    cut: float
    cut_interval: tuple[float, float]
    baseline: tuple[Account, ...]
    baseline_after: Floats
    baseline_std_error: Floats
    params: Mapping[str, object] = field(default_factory=dict)

    def to_frame(self, backend: str = "pandas") -> Any:
        """One row for each account, in the order of the choice.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default="pandas"
            Which library's table.

        Returns
        -------
        pandas.DataFrame, polars.DataFrame or pyarrow.Table
            Columns ``account``, ``spread_after``, ``std_error``, ``low``, ``high``.

        Examples
        --------
        >>> import swayrank as sr
        >>> g = sr.Graph.from_edges(["bob", "cem", "dan", "eve"], ["ada", "bob", "cem", "ada"])
        >>> ic = sr.IndependentCascade(g, prob=1.0)
        >>> select_removal(ic, 2, sources="ada", n_samples=100, rng=7).to_frame()[["account", "spread_after"]]
          account  spread_after
        0     bob           2.0
        1     eve           1.0
        """
        columns = {
            "account": list(self.accounts),
            "spread_after": self.spread_after,
            "std_error": self.std_error,
            "low": self.interval[:, 0],
            "high": self.interval[:, 1],
        }
        return frame(columns, backend)

    def __repr__(self) -> str:
        level = f"{100 * float(str(self.params.get('confidence', 0.95))):g} %"
        rows = [("silenced", "spread left", "interval")]
        for name, mean, (low, high) in zip(
            ("nobody", *(str(account) for account in self.accounts)),
            (self.spread_before, *self.spread_after),
            (self.before_interval, *self.interval),
            strict=True,
        ):
            rows.append((name, f"{mean:.6g}", f"{low:.6g} to {high:.6g}"))
        wide = [max(len(row[column]) for row in rows) for column in range(3)]
        lines = [f"{a:<{wide[0]}}  {b:>{wide[1]}}  {c:>{wide[2]}}" for a, b, c in rows]
        low, high = self.cut_interval
        lines.append(f"cut {self.cut:.6g} accounts ({level} interval {low:.6g} to {high:.6g}); heuristic: no bound")
        if self.baseline:
            theirs = self.spread_before - float(self.baseline_after[-1])
            lines.append(f"those of most followers instead: cut {theirs:.6g}")
        return "\n".join(lines)


@domains(n_samples=Integer(2, 2**31), confidence=Interval(0, 1, "()"), k=Integer(1))
def select_removal(
    model: TriggeringModel | Graph,
    k: int,
    *,
    sources: Accounts | None = None,
    n_samples: int = 1000,
    confidence: float = 0.95,
    never: Accounts = (),
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Removal:
    """Choose k accounts whose silence lowers the expected spread of a rumour most. A heuristic: no bound.

    Read against the arcs: an active account activates its followers.

    Parameters
    ----------
    model : IndependentCascade, LinearThreshold or Graph
        Without `max_steps`. A graph stands for ``IndependentCascade(graph)``.
    k : int
        How many to silence, at least 1.
    sources : id, iterable of ids, or None, default=None
        Where the rumour starts; they are never silenced. None: at one account drawn uniformly in each world; if that
        one is silenced, the rumour reaches nobody.
    n_samples : int, default=1000
        Worlds to choose in, and as many others to report on; at least 2.
    confidence : float, default=0.95
        Level of each interval.
    never : id or iterable of ids, default=()
        Accounts that may not be silenced.
    rng : int, numpy.random.Generator or None, default=None
        Randomness. None draws a key and records it.
    engine, threads, progress
        Where and on how many threads to run, and whether to tell. They change no bit of the result.

    Returns
    -------
    Removal

    Raises
    ------
    UnknownAccountError
        If a source, or an account of `never`, is no account of the graph.
    ParameterError
        If `model` is none of these or has `max_steps`, fewer than k accounts may be silenced, or a parameter lies
        outside its domain.

    Notes
    -----
    A round costs O(a log n) in each world, a being the arcs that are live there (Independent Cascade), or O(n log n)
    (Linear Threshold); the report O(live arcs) for all k prefixes together. Memory: 50 bytes per account, and 8 per
    live arc of one world, for each chunk of worlds at work.

    A limit of steps is refused because a removal can lengthen the way to an account without cutting it off, which the
    dominator tree does not see.

    References
    ----------
    Xie, Zhang, Wang, Lin & Zhang (2023), "Minimizing the influence of misinformation via vertex blocking", ICDE.

    Examples
    --------
    Ada starts; dan hears it from bob or cem, so that neither alone can keep it from dan and his followers, but dan can;
    pop has most followers, but the rumour does not come there:

    >>> import swayrank as sr
    >>> u = ["bob", "cem", "dan", "dan", "eve", "fay", "gus", "h1", "h2", "h3", "h4"]
    >>> v = ["ada", "ada", "bob", "cem", "dan", "dan", "dan", "pop", "pop", "pop", "pop"]
    >>> model = sr.IndependentCascade(sr.Graph.from_edges(u, v), prob=0.9)
    >>> select_removal(model, 2, sources="ada", n_samples=10_000, rng=7)       # exactly 6.36643, 2.8, 1.9
    silenced  spread left            interval
    nobody         6.3513  6.33005 to 6.37255
    dan            2.7971  2.78874 to 2.80546
    bob            1.8982  1.89227 to 1.90413
    cut 4.4531 accounts (95 % interval 4.43383 to 4.47237); heuristic: no bound
    those of most followers instead: cut 3.5542
    """
    model = as_model(model)
    walk, pick = _walk_of(model)
    graph, n = model.graph, model.graph.n_nodes
    starts = NO_NODES if sources is None else read_only(resolve_accounts(graph, sources, "sources").nodes)
    free = np.ones(n, np.bool_)
    free[starts] = False
    free[resolve_accounts(graph, never, "never", least=0).nodes] = False
    if np.count_nonzero(free) < k:
        raise ParameterError(f"k must be at most the {np.count_nonzero(free)} accounts that may be silenced, got {k}")
    key = resolve_rng(rng)
    runner = resolve_engine(engine, threads)
    task = _Task(walk, pick, starts, np.zeros(n, np.uint8), key, CHOOSE)
    nodes = np.empty(0, np.uint32)
    with track(progress, "choosing whom to silence", total=k * n_samples) as step:
        while nodes.size < k and (node := _best(task, free, n_samples, runner, step)) is not None:
            nodes = np.append(nodes, np.uint32(node))
            task.blocked[node] = 1
    degree = np.where(free, graph.in_degree.astype(np.int64), -1)
    popular = np.argsort(-degree, kind="stable")[: nodes.size].astype(np.uint32)
    reports = [_Report(walk, pick, starts, read_only(some), key, CHECK) for some in (nodes, popular)]
    with track(progress, "counting whom it still reaches", total=2 * n_samples) as step:
        sizes = [_sizes(report, n_samples, runner, step) for report in reports]
    who = "drawn in each world" if sources is None else [str(graph.ids[int(node)]) for node in starts]
    params = {**model.params, "sources": who, "n_samples": n_samples, "confidence": confidence, "rng": key.record}
    return _removal(graph, nodes, popular, sizes, confidence, starts.size, params)


def _walk_of(model: TriggeringModel) -> tuple[Walk, int]:
    """The rows from which worlds are drawn, and whether everybody chooses at most one account."""
    if not isinstance(model, IndependentCascade | LinearThreshold):
        raise ParameterError(f"select_removal knows no {type(model).__name__}")
    if model.max_steps is not None:
        raise ParameterError(
            f"model must have no limit of steps, got max_steps={model.max_steps}: a removal can lengthen ways without "
            "cutting them; use a model without max_steps"
        )
    return (model.backward(), 1) if isinstance(model, LinearThreshold) else (model.forward(), 0)


# -- worlds ------------------------------------------------------------------------------------------------------------


class _Task(NamedTuple):
    walk: Walk
    pick: int
    starts: U32
    blocked: npt.NDArray[np.uint8]
    key: Key
    purpose: int


class _Report(NamedTuple):
    walk: Walk
    pick: int
    starts: U32
    removed: U32
    key: Key
    purpose: int


def _arguments(task: _Task | _Report, some: npt.NDArray[Any], first: int) -> tuple[Any, ...]:
    walk, key = task.walk, task.key
    rows = (read_only(array) for array in (walk.rows, walk.indices, walk.probability, walk.shares))
    who = np.uint64(task.pick), read_only(task.starts), read_only(some)
    return *rows, *who, key.hi, key.lo, np.uint64(task.purpose), np.uint64(first)


def _losses_chunk(task: _Task, start: int, stop: int) -> npt.NDArray[np.int64]:
    losses = np.zeros(task.blocked.size, np.int64)
    removal_losses(*_arguments(task, task.blocked, start), np.empty(stop - start, np.uint32), losses)
    return losses


def _sizes_chunk(report: _Report, start: int, stop: int) -> U32:
    sizes = np.empty((stop - start, report.removed.size + 1), np.uint32)
    removal_sizes(*_arguments(report, report.removed, start), sizes)
    return sizes


def _best(task: _Task, free: npt.NDArray[np.bool_], n_samples: int, runner: Engine, step: Step) -> int | None:
    """The account whose removal loses most, or None where no removal loses anything."""
    frozen = task._replace(blocked=task.blocked.copy())
    losses = np.zeros(free.size, np.int64)
    for part in runner.map(_losses_chunk, frozen, bounds_of(0, n_samples, _LEAST_CHUNK), step=step):
        losses += part
    losses[~free | (task.blocked > 0)] = 0
    best = int(losses.argmax())
    return best if losses[best] else None


def _sizes(report: _Report, n_samples: int, runner: Engine, step: Step) -> npt.NDArray[np.int64]:
    """How many are reached in each world after each removal, none first; shape (n_samples, k + 1)."""
    parts = runner.map(_sizes_chunk, report, bounds_of(0, n_samples, _LEAST_CHUNK), step=step)
    return np.concatenate(list(parts)).astype(np.int64)


# -- what comes out ----------------------------------------------------------------------------------------------------


def _removal(
    graph: Graph,
    nodes: U32,
    popular: U32,
    sizes: list[npt.NDArray[np.int64]],
    confidence: float,
    least: int,
    params: dict[str, object],
) -> Removal:
    most = float(graph.n_nodes)
    before, *after = [mean_interval(column, confidence, least, most) for column in sizes[0].T]
    baseline = [mean_interval(column, confidence, least, most) for column in sizes[1].T[1:]]
    cut, _, cut_interval = mean_interval(sizes[0][:, 0] - sizes[0][:, -1], confidence, 0.0, most)
    return Removal(
        accounts=tuple(graph.ids[int(node)] for node in nodes),
        spread_before=before[0],
        before_std_error=before[1],
        before_interval=before[2],
        spread_after=np.array([mean for mean, _, _ in after]),
        std_error=np.array([error for _, error, _ in after]),
        interval=np.array([limits for _, _, limits in after]).reshape(-1, 2),
        cut=cut,
        cut_interval=cut_interval,
        baseline=tuple(graph.ids[int(node)] for node in popular),
        baseline_after=np.array([mean for mean, _, _ in baseline]),
        baseline_std_error=np.array([error for _, error, _ in baseline]),
        params=params,
    )
