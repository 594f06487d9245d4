"""Rival campaigns: several messages spread at once, and an account that takes one of them is lost to the others.

Competitive Independent Cascade, in the variant where all campaigns spread over the same arcs with the same
probabilities. The seeds of all campaigns are active at step 0. An account that became active at step t gets its one
chance at each of its followers at step t + 1, and a follower that is inactive takes the campaign of whoever activates
it. Several arcs may arrive at the same step:

- tie="random": one of these arcs decides, all equally likely, so that two arcs of one campaign beat one of another in
  two cases of three (the wave propagation model of Carnes et al. 2007);
- tie="first": the campaign decides that is named first.

Who is reached at all does not depend on the campaigns: it is whom all seeds together would reach, and the campaigns
divide it. Live arcs are drawn once in each run, for all campaigns, and from the same streams whatever the seeds, so
that two calls with the same model and `rng` differ by their seeds and not by luck.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank._rng import Key, Rng, resolve_rng
from swayrank._text import printable
from swayrank._validate import Integer, Interval, OneOf, domains
from swayrank.engines import Engine, chunk_bounds, resolve_engine
from swayrank.errors import ParameterError, warn_caller
from swayrank.graph import Graph
from swayrank.ids import Ids, read_only
from swayrank.kernels.epidemic import reachable
from swayrank.kernels.rivalry import rival_runs
from swayrank.kernels.skips import row_skips
from swayrank.measures.propagation.limits import mean_interval
from swayrank.measures.propagation.models import NO_LIMIT, IndependentCascade, row_probability
from swayrank.measures.propagation.outcomes import Difference
from swayrank.tables import frame

Account = int | str
Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Nodes = npt.NDArray[np.uint32]
Tie = Literal["random", "first"]

_FEWEST, _MOST = 2, 8
_RUNS_PER_CHUNK = 256
_MOST_CHUNKS = 32


@dataclass(frozen=True, eq=False, repr=False)
class RivalCascades:
    """What many runs of rival campaigns came to; mappings are in the order in which the campaigns were named.

    Attributes
    ----------
    seeds : dict of str to tuple of int or str
        Each campaign's accounts at the start, each once.
    n_runs : int
        Number of runs.
    mean : dict of str to float
        Mean number of accounts that a campaign has in the end, its seeds included.
    std_error : dict of str to float
        Standard error of the mean.
    interval : dict of str to tuple of float
        Limits of the mean at the level ``params["confidence"]``, each campaign for itself.
    share : dict of str to float
        Mean over the runs of the campaign's share of all accounts that are active in the end; the sum is 1.
    activation_prob : dict of str to numpy.ndarray of float64, shape (n_nodes,)
        Share of the runs in which an account ended up with the campaign; ``activation_prob[c][i]`` belongs to
        ``ids[i]``.
    sizes : dict of str to numpy.ndarray of int64, shape (n_runs,)
        The number of accounts that a campaign has in the end, run by run.
    ids : Ids
        The accounts.
    params : mapping of str to object
        The model, the randomness, and everything else that the numbers depend on.

    Examples
    --------
    Cem follows ada, dan follows both rivals:

    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["cem", "dan", "dan"], ["ada", "ada", "bob"])
    >>> r = simulate_rivals(sr.IndependentCascade(g, prob=0.5), {"tea": "ada", "coffee": "bob"}, n_runs=10_000, rng=7)
    >>> r                                        # exactly 1.875 and 1.375
    2 campaigns, 10000 runs, ties random (95 % intervals)
    campaign  seeds    mean    low    high   share
    tea           1  1.8887  1.875  1.9024  0.5707
    coffee        1  1.3675  1.358   1.377  0.4293
    >>> {name: p.tolist() for name, p in r.activation_prob.items()}, list(r.ids)
    ({'tea': [0.5056, 1.0, 0.3831, 0.0], 'coffee': [0.0, 0.0, 0.3675, 1.0]}, ['cem', 'ada', 'dan', 'bob'])
    """

    seeds: Mapping[str, tuple[Account, ...]]
    n_runs: int
    mean: Mapping[str, float]
    std_error: Mapping[str, float]
    interval: Mapping[str, tuple[float, float]]
    share: Mapping[str, float]
    activation_prob: Mapping[str, Floats]
    sizes: Mapping[str, Counts]
    ids: Ids
    params: Mapping[str, object] = field(default_factory=dict)
    _range: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def difference(self, a: str, b: str) -> Difference:
        """How many accounts more campaign `a` has than campaign `b`: mean and interval of the differences run by run.

        Parameters
        ----------
        a, b : str
            Names of campaigns.

        Returns
        -------
        Difference
            At the level ``params["confidence"]``.

        Raises
        ------
        ParameterError
            If there is no such campaign.

        Examples
        --------
        >>> import swayrank as sr
        >>> g = sr.Graph.from_edges(["cem", "dan", "dan"], ["ada", "ada", "bob"])
        >>> model = sr.IndependentCascade(g, prob=0.5)
        >>> r = simulate_rivals(model, {"tea": "ada", "coffee": "bob"}, n_runs=10_000, rng=7)
        >>> r.difference("tea", "coffee").mean           # exactly 0.5
        0.5212
        """
        for name in (a, b):
            if name not in self.sizes:
                known = ", ".join(map(repr, self.sizes))
                raise ParameterError(f"campaign must be one of {known}, got {name!r}")
        gap = self.sizes[a] - self.sizes[b]
        low, high = self._range[a][0] - self._range[b][1], self._range[a][1] - self._range[b][0]
        if a == b:
            low = high = 0.0
        return Difference(*mean_interval(gap, float(str(self.params["confidence"])), low, high))

    def to_frame(self, backend: str = "pandas") -> Any:
        """The campaigns as a table.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default="pandas"
            Which library's table.

        Returns
        -------
        pandas.DataFrame, polars.DataFrame or pyarrow.Table
            One row for each campaign; columns ``campaign``, ``seeds`` (how many), ``mean``, ``std_error``, ``low`` and
            ``high`` (the interval), ``share``.

        Examples
        --------
        >>> import swayrank as sr
        >>> g = sr.Graph.from_edges(["cem"], ["ada"], n_nodes=3, ids=["ada", "bob", "cem"])
        >>> r = simulate_rivals(sr.IndependentCascade(g, prob=1.0), {"tea": "ada", "coffee": "bob"}, n_runs=10, rng=7)
        >>> r.to_frame()[["campaign", "seeds", "mean"]]
          campaign  seeds  mean
        0      tea      1   2.0
        1   coffee      1   1.0
        """
        names = list(self.mean)
        columns = {
            "campaign": names,
            "seeds": [len(self.seeds[name]) for name in names],
            "mean": list(self.mean.values()),
            "std_error": list(self.std_error.values()),
            "low": [self.interval[name][0] for name in names],
            "high": [self.interval[name][1] for name in names],
            "share": list(self.share.values()),
        }
        return frame(columns, backend)

    def __repr__(self) -> str:
        level = f"{100 * float(str(self.params.get('confidence', 0.95))):g} %"
        rows: list[tuple[str, ...]] = [("campaign", "seeds", "mean", "low", "high", "share")]
        for name in self.mean:
            low, high = self.interval[name]
            figures = (f"{x:.5g}" for x in (self.mean[name], low, high))
            rows.append((printable(name, 30), str(len(self.seeds[name])), *figures, f"{self.share[name]:.4f}"))
        width = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = [
            "  ".join([row[0].ljust(width[0])] + [cell.rjust(w) for cell, w in zip(row[1:], width[1:], strict=True)])
            for row in rows
        ]
        head = f"{len(self.mean)} campaigns, {self.n_runs} runs, ties {self.params.get('tie', 'random')}"
        return "\n".join([f"{head} ({level} intervals)", *lines])


@domains(tie=OneOf("random", "first"), n_runs=Integer(2, 2**31), confidence=Interval(0, 1, "()"))
def simulate_rivals(
    model: IndependentCascade | Graph,
    seeds: Mapping[str, Account | Iterable[Account]],
    *,
    tie: Tie = "random",
    n_runs: int = 10_000,
    confidence: float = 0.95,
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> RivalCascades:
    """Run campaigns against each other: whoever reaches an account first has it.

    Read against the arcs: an active account activates its followers, for its own campaign.

    Parameters
    ----------
    model : IndependentCascade or Graph
        A graph stands for ``IndependentCascade(graph)``.
    seeds : mapping of str to id or iterable of ids
        Two to eight campaigns by name, each with the accounts that are active for it from the start. A seed given twice
        to one campaign counts once, with a warning.
    tie : {"random", "first"}, default="random"
        What happens where several arcs activate an account at the same step: one of these arcs decides, all equally
        likely, or the campaign that is named first.
    n_runs : int, default=10_000
        Number of runs, at least 2.
    confidence : float, default=0.95
        Level of the intervals, of each campaign for itself.
    rng : int, numpy.random.Generator or None, default=None
        Randomness. None draws a key and records it.
    engine, threads, progress
        Where and on how many threads to run, and whether to tell. They change no bit of the result.

    Returns
    -------
    RivalCascades

    Raises
    ------
    UnknownAccountError
        If a seed is no account of the graph.
    ParameterError
        If there are fewer than two campaigns or more than eight, one has no seeds, an account is a seed of two, `model`
        is neither an Independent Cascade nor a graph, or a parameter lies outside its domain.

    Notes
    -----
    O(n_runs * (arcs of the accounts activated in a run)), with geometric jumps over the followers where they share one
    probability; memory 13 bytes per account and 4 per account and campaign for each chunk of runs at work, 8 per arc
    for the probabilities, and 8 per run and campaign for the sizes.

    Intervals are Student's t on the sizes run by run. Where all runs agree, the limits follow from what n_runs agreeing
    runs allow: another size has a probability of at most 1 - (1 - confidence)**(1 / n_runs), and lies between the
    number of the campaign's seeds and the number of accounts that it can reach past the others' seeds.

    The model's `max_steps` and `sharing` hold for all campaigns; an account shares or not whichever it belongs to.

    References
    ----------
    Carnes, Nagarajan, Wild & van Zuylen (2007), "Maximizing influence in a competitive social network: a follower's
    perspective", ICEC: the wave propagation model.
    Bharathi, Kempe & Salek (2007), "Competitive influence maximization in social networks", WINE.

    Examples
    --------
    Both rivals are followed by dan, ada also by cem, whom eve follows:

    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["cem", "dan", "dan", "eve"], ["ada", "ada", "bob", "cem"])
    >>> model = sr.IndependentCascade(g, prob=1.0)
    >>> simulate_rivals(model, {"tea": ["ada"], "coffee": ["bob"]}, n_runs=1000, rng=7).mean       # 3.5 and 1.5
    {'tea': 3.506, 'coffee': 1.494}
    >>> simulate_rivals(model, {"tea": ["ada"], "coffee": ["bob"]}, tie="first", n_runs=1000, rng=7).mean
    {'tea': 4.0, 'coffee': 1.0}
    """
    model = _as_cascade(model)
    names, chosen, nodes, repeated = _resolve_campaigns(model.graph, seeds)
    key = resolve_rng(rng)
    task = _Task.of(model, nodes, tie, key)
    sizes = np.empty((n_runs, len(names)), np.int64)
    active = np.zeros((len(names), model.graph.n_nodes), np.int64)
    bounds = chunk_bounds(n_runs, max(_RUNS_PER_CHUNK, -(-n_runs // _MOST_CHUNKS)))
    done = 0
    with track(progress, "rival cascades", total=n_runs) as step:
        runner = resolve_engine(engine, threads)
        for chunk, activations in runner.map(_run_chunk, task, bounds, step=step):
            sizes[done : done + len(chunk)] = chunk
            done += len(chunk)
            active += activations
    ranges = {name: task.limits(c) for c, name in enumerate(names)}
    by_name = {name: _column(sizes, c) for c, name in enumerate(names)}
    estimates = {name: mean_interval(by_name[name], confidence, *ranges[name]) for name in names}
    shares = (sizes / sizes.sum(axis=1, keepdims=True)).mean(axis=0)
    return RivalCascades(
        seeds=dict(zip(names, chosen, strict=True)),
        n_runs=n_runs,
        mean={name: mean for name, (mean, _, _) in estimates.items()},
        std_error={name: error for name, (_, error, _) in estimates.items()},
        interval={name: limits for name, (_, _, limits) in estimates.items()},
        share=dict(zip(names, shares.tolist(), strict=True)),
        activation_prob={name: read_only(active[c] / n_runs) for c, name in enumerate(names)},
        sizes=by_name,
        ids=model.graph.ids,
        params={
            **model.params,
            "tie": tie,
            "n_runs": n_runs,
            "confidence": confidence,
            "rng": key.record,
            "repeated_seeds": repeated,
        },
        _range=ranges,
    )


class _Task(NamedTuple):
    """What a chunk of runs needs: pure data."""

    graph: Graph
    key: Key
    nodes: Nodes  # the seeds of all campaigns
    campaigns: npt.NDArray[np.uint8]  # the campaign of each
    n_campaigns: int
    first_wins: int
    max_steps: int
    skip: Floats
    probability: Floats  # in-arc order
    shares: Floats

    @classmethod
    def of(cls, model: IndependentCascade, nodes: list[Nodes], tie: Tie, key: Key) -> _Task:
        graph = model.graph
        probability = np.ascontiguousarray(model.probabilities()[graph.in_arcs])
        campaigns = np.repeat(np.arange(len(nodes), dtype=np.uint8), [one.size for one in nodes])
        return cls(
            graph=graph,
            key=key,
            nodes=np.concatenate(nodes),
            campaigns=campaigns,
            n_campaigns=len(nodes),
            first_wins=int(tie == "first"),
            max_steps=NO_LIMIT if model.max_steps is None else int(model.max_steps),
            skip=row_skips(row_probability(graph.in_indptr, probability)),
            probability=probability,
            shares=model.shares,
        )

    def limits(self, campaign: int) -> tuple[float, float]:
        """The least and the largest number of accounts that a campaign can have."""
        own = self.campaigns == campaign
        arcs = self.graph.in_indptr, self.graph.in_indices, read_only(self.probability)
        most = reachable(*arcs, read_only(self.nodes[own]), read_only(self.nodes[~own]))
        return float(own.sum()), float(most)


def _run_chunk(task: _Task, start: int, stop: int) -> tuple[Counts, npt.NDArray[np.uint32]]:
    sizes = np.empty((stop - start, task.n_campaigns), np.int64)
    activations = np.zeros((task.n_campaigns, task.graph.n_nodes), np.uint32)
    rows = (task.graph.in_indptr, task.graph.in_indices, *map(read_only, (task.skip, task.probability, task.shares)))
    seeds = read_only(task.nodes), read_only(task.campaigns)
    rules = np.uint64(task.first_wins), np.uint64(task.max_steps)
    rival_runs(*rows, *seeds, *rules, task.key.hi, task.key.lo, np.uint64(start), sizes, activations)
    return sizes, activations


def _as_cascade(model: object) -> IndependentCascade:
    if isinstance(model, Graph):
        return IndependentCascade(model)
    if isinstance(model, IndependentCascade):
        return model
    raise ParameterError(f"model must be an IndependentCascade or a Graph, got {type(model).__name__}")


def _resolve_campaigns(
    graph: Graph, seeds: Mapping[str, Account | Iterable[Account]]
) -> tuple[list[str], list[tuple[Account, ...]], list[Nodes], int]:
    """Names, ids and positions of the campaigns' seeds, and how many seeds were repeats."""
    if not isinstance(seeds, Mapping) or not all(isinstance(name, str) for name in seeds):
        raise ParameterError(f'seeds must map names of campaigns to accounts, as in {{"a": ["ada"]}}, got {seeds!r}')
    if not _FEWEST <= len(seeds) <= _MOST:
        cure = "; use simulate(...) for one" if len(seeds) == 1 else ""
        raise ParameterError(f"seeds must name {_FEWEST} to {_MOST} campaigns, got {len(seeds)}{cure}")
    nodes, taken, n_given = [], dict[int, str](), 0
    for name, accounts in seeds.items():
        if not isinstance(accounts, str | int | np.integer | Iterable):
            raise ParameterError(f"seeds of campaign {name!r} must be an id or ids of accounts, got {accounts!r}")
        given: list[Any] = [accounts] if isinstance(accounts, str | int | np.integer) else list(accounts)
        if not given:
            raise ParameterError(f"seeds of campaign {name!r} must be at least one account, got none")
        own = dict.fromkeys(graph.ids.position(account) for account in given)
        for node in own:
            if node in taken:
                raise ParameterError(
                    f"an account can be a seed of one campaign only: {graph.ids[node]!r} is one of {taken[node]!r} "
                    f"and of {name!r}"
                )
        taken.update(dict.fromkeys(own, name))
        nodes.append(np.fromiter(own, np.uint32, len(own)))
        n_given += len(given)
    repeated = n_given - len(taken)
    if repeated:
        warn_caller(f"{repeated} of {n_given} seeds were given more than once and count once")
    chosen = [tuple(graph.ids[int(node)] for node in own) for own in nodes]
    return list(seeds), chosen, nodes, repeated


def _column(sizes: Counts, campaign: int) -> Counts:
    return read_only(np.ascontiguousarray(sizes[:, campaign]))
