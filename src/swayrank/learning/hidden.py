r"""When the graph is hidden: who has posts from whom, from nothing but who took up which post and when.

Influence u -> v is the arc (v, u), "v follows u", as in every graph here. Both methods look at each account v on its
own, and at its *candidates*: accounts that adopted before v in at least `min_cascades` posts. Delays are exponential,
with a rate per hour.

**netrate** (Gomez-Rodriguez, Balduzzi & Schoelkopf 2011). Every arc has a rate r of its own: having adopted, u passes a
post on to v after a time that is exponential with that rate, whoever comes first wins, and v not adopting until the end
of the time watched speaks against all of them. With a running over v's adoptions that have candidates before them,

.. math:: L_v(r) = \sum_a \log \sum_{u \prec a} r_u - \sum_u r_u W_u

where W counts the hours during which u had a post that v had not yet (until v adopted it, or until the time watched
ended). L is concave; EM climbs it, and stops where it is at most `tol` per adoption below its highest value: a true
bound, from the gradient (see the kernel). Adoptions that no candidate precedes came from outside.

**netinf** (Gomez-Rodriguez, Leskovec & Krause 2010). One rate for all; an adoption is worth what its best arc makes it
more likely than "from outside", and 0 without:

.. math::

    F(G) = \sum_v \sum_a \max\Big(0, \max_{u \prec a, \; u \to v \in G} \log\frac{1}{outside} - rate (t_a - t_u)\Big)

F is submodular. Greedy search takes the arc of the highest gain, `n_edges` times or until nothing gains: at least
63 % of the highest F for so many arcs. Gains of one follower's arcs do not touch another's, so that rows are searched
apart (with lazy evaluation) and merged by gain: the same arcs as one search over all, ties by the positions of v, then
u.

Adoptions whose time is unknown (see :mod:`swayrank.learning.adoptions`) have no delay: they make nobody a candidate,
and take their account out of the post's audience.

What neither can know: a common source outside that two accounts copy, one after the other, looks like an arc between
them. And without a chance of *never* passing a post on (NetRate has none), the rate of a weak arc and of a slow one are
the same thing: the longer the time watched, the lower the rates of both.

Cost: all pairs of adoptions of the same post are visited, sum of n (n - 1) / 2; above `max_pairs` that is refused.
Memory: about 60 bytes per adoption, 40 per candidate, and one follower's pairs at a time for each chunk at work.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, Step, track
from swayrank._validate import Integer, Interval, OneOf, Optional, domains
from swayrank.engines import Engine, balanced_bounds, resolve_engine
from swayrank.errors import ConvergenceError, ParameterError
from swayrank.events import Events
from swayrank.graph import Graph
from swayrank.ids import Ids, read_only
from swayrank.kernels.hidden import netinf_rows, netrate_rows, row_sizes
from swayrank.learning.adoptions import EARLIEST, SPREADING, Adoptions
from swayrank.measures._data import check_events

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]

US_PER_HOUR = 3_600_000_000
_CHUNKS = 64


@domains(
    method=OneOf("netrate", "netinf"),
    delay_model=OneOf("exponential"),
    n_edges=Optional(Integer(1)),
    min_cascades=Integer(1, 2**32 - 1),
    min_weight=Interval(0, math.inf, "[)"),
    horizon_hours=Optional(Interval(0, math.inf, "()")),
    rate_per_hour=Optional(Interval(0, math.inf, "()")),
    outside=Interval(0, 1, "()"),
    tol=Interval(0, 1, "()"),
    max_iter=Integer(1),
    max_pairs=Integer(1),
)
def infer_graph(
    events: Events,
    *,
    method: str = "netrate",
    delay_model: str = "exponential",
    n_edges: int | None = None,
    min_cascades: int = 2,
    min_weight: float = 0.5,
    horizon_hours: float | None = None,
    rate_per_hour: float | None = None,
    outside: float = 1e-6,
    tol: float = 1e-4,
    max_iter: int = 20_000,
    max_pairs: int = 2_000_000_000,
    ids: Ids | None = None,
    actions: Iterable[str] = SPREADING,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Graph:
    """Infer who has posts from whom where the graph of follows is not known.

    Parameters
    ----------
    events : Events
        A log with posts and times.
    method : {"netrate", "netinf"}, default="netrate"
        Rates of all arcs by convex maximum likelihood, or the `n_edges` arcs that explain most.
    delay_model : {"exponential"}, default="exponential"
        How long a post takes along an arc.
    n_edges : int or None, default=None
        The most arcs to keep: NetInf's first, NetRate's with the highest weights. None keeps all.
    min_cascades : int, default=2
        u is a candidate for v if it adopted before v in so many posts.
    min_weight : float, default=0.5
        Arcs that explain fewer adoptions than this are left out (but for NetInf's first `n_edges`).
    horizon_hours : float or None, default=None
        How long each post is watched from its first adoption on, at most until the last row of the log; later adoptions
        are not looked at. None watches all until that row.
    rate_per_hour : float or None, default=None
        NetInf's one rate. None takes 1 / the mean time since the adoption before.
    outside : float, default=1e-6
        NetInf: how likely an adoption from outside is, beside one along an arc without delay. Arcs explain no delay
        above log(1 / outside) / rate_per_hour.
    tol : float, default=1e-4
        NetRate: how far the log-likelihood may lie below its highest value, per adoption.
    max_iter : int, default=20_000
        NetRate: steps of EM at the most.
    max_pairs : int, default=2_000_000_000
        The most pairs of adoptions of the same post to look at.
    ids : Ids or None, default=None
        The accounts; None takes the log's.
    actions : iterable of str
        What counts as taking up a post.
    engine, threads, progress
        Where and on how many threads to run, and whether to tell. They change no bit of the result.

    Returns
    -------
    Graph
        An arc (v, u), "v follows u", for every influence u -> v that was found; all accounts are nodes. Columns: "rate"
        per hour; "weight", the number of v's adoptions that the arc explains (NetRate: the expected number; NetInf: of
        those whose best arc it is, and "rate" is their number by their delays); for NetInf "gain", by how much the arc
        raised F when it was taken.

    Raises
    ------
    ParameterError
        For a value outside its domain; a log without posts or times; where no account has a candidate; where there are
        more than `max_pairs` pairs.
    ConvergenceError
        If EM needs more than `max_iter` steps for some account.

    Notes
    -----
    Rows of followers are independent, and each is the same bits on any number of threads.

    References
    ----------
    Gomez-Rodriguez, Balduzzi & Schoelkopf (2011), "Uncovering the temporal dynamics of diffusion networks", ICML.
    Gomez-Rodriguez, Leskovec & Krause (2010), "Inferring networks of diffusion and influence", KDD.

    Examples
    --------
    Bob takes posts up an hour or so after ada, and cem after bob; dan has some of ada's, much later:

    >>> import swayrank as sr
    >>> from swayrank.learning.hidden import infer_graph
    >>> rows = [(who, f"p{k}", f"2026-01-{k:02}T{hour:02}:{7 * k % 60:02}") for k in range(1, 21)
    ...         for who, hour in (("ada", 8), ("bob", 9 + k % 2), ("cem", 11 + k % 3), *([("dan", 23)] * (k % 4 == 0)))]
    >>> log = {"actor": [row[0] for row in rows], "action": ["post"] * len(rows)}
    >>> ev = sr.Events.from_frame(log | {"post": [row[1] for row in rows], "time": [row[2] for row in rows]})
    >>> g = infer_graph(ev, method="netinf", n_edges=2)
    >>> [(g.ids[v], g.ids[u]) for v, u in zip(*g.edges())], g.column("weight")
    ([('bob', 'ada'), ('cem', 'bob')], array([20., 20.]))
    >>> infer_graph(ev, horizon_hours=24).columns
    ('rate', 'weight')
    """
    check_events("infer_graph", events)
    if method == "netrate" and rate_per_hour is not None:
        raise ParameterError("rate_per_hour goes with method 'netinf'; 'netrate' finds a rate for every arc")
    adoptions = Adoptions.of(events, ids, actions=actions)
    log = _watched(adoptions, events, horizon_hours)
    _check_pairs(log, max_pairs)
    runner = resolve_engine(engine, threads)
    with track(progress, "looking for candidates", len(adoptions.ids)) as step:
        task = _with_sizes(log, min_cascades, runner, step)
    with track(progress, f"inferring arcs by {method}", len(adoptions.ids)) as step:
        if method == "netinf":
            common = 1.0 / _mean_gap(log) if rate_per_hour is None else rate_per_hour
            found = _greedy(task, float(common), -math.log(outside), n_edges, runner, step)
        else:
            rows = _Rows(task, netrate_rows, (float(tol), np.int64(max_iter)), False)
            found = _run(rows, runner, step)
    if method == "netrate":
        _check_converged(found.excess, tol, max_iter)
    return _graph_of(found, adoptions.ids, task, n_edges, min_weight, with_gain=method == "netinf")


# -- what is watched ---------------------------------------------------------------------------------------------------


class _Log(NamedTuple):
    """Adoptions within the time watched, grouped by post and by account, as the kernels take them."""

    indptr: U64
    entry: U32
    post: U32
    starts: U64
    account: U32
    time: Ints
    end: Ints
    exposure: Ints


def _watched(adoptions: Adoptions, events: Events, horizon_hours: float | None) -> _Log:
    """The adoptions until each post's watch ends, and for how long each account had posts to pass on."""
    number = np.empty(adoptions.n_posts, np.uint32)  # posts in the order of their ids' hashes, not of the log's rows
    number[np.argsort(events.posts.hashes(), kind="stable")] = np.arange(adoptions.n_posts, dtype=np.uint32)
    post = number[adoptions.post]
    order = np.lexsort((adoptions.account, adoptions.time, post))
    account, time, post = adoptions.account[order], adoptions.time[order], post[order]
    dated = time != EARLIEST
    if not dated.any():
        raise ParameterError("events must hold adoptions by accounts among ids; none of its adopters is one of them")
    last = events.span[1] if events.span else 0
    first = np.full(adoptions.n_posts, np.int64(last))
    np.minimum.at(first, post[dated], time[dated])
    if horizon_hours is None:
        end = np.full(adoptions.n_posts, np.int64(last))
    else:
        end = first + np.minimum(last - first, round(min(horizon_hours * US_PER_HOUR, 2.0**62)))
    seen = ~dated | (time <= end[post])
    account, time, post, dated = account[seen], time[seen], post[seen], dated[seen]
    n = len(adoptions.ids)
    left = (end[post] - time)[dated]
    exposure = np.zeros(n, np.int64)
    np.add.at(exposure, account[dated], left)
    if left.astype(np.float64).sum() >= 2.0**63 and _overflows(account[dated], left, n):
        raise ParameterError("the log lasts too long for its number of posts; set horizon_hours to less")
    return _Log(
        indptr=read_only(_pointers(np.bincount(account, minlength=n))),
        entry=read_only(np.argsort(account, kind="stable").astype(np.uint32)),
        post=read_only(post),
        starts=read_only(_pointers(np.bincount(post, minlength=adoptions.n_posts))),
        account=read_only(account),
        time=read_only(time),
        end=read_only(end),
        exposure=read_only(exposure),
    )


def _overflows(account: U32, left: Ints, n: int) -> bool:
    return bool(np.bincount(account, left.astype(np.float64), minlength=n).max() >= 2.0**63)


def _pointers(sizes: npt.NDArray[Any]) -> U64:
    return np.concatenate(([0], np.cumsum(sizes))).astype(np.uint64)


def _check_pairs(log: _Log, max_pairs: int) -> None:
    sizes = np.diff(log.starts).astype(np.int64)
    pairs = int((sizes * (sizes - 1) // 2).sum())
    if pairs > max_pairs:
        raise ParameterError(
            f"the log holds {pairs:,} pairs of adoptions of the same post (its longest has {int(sizes.max()):,} "
            f"adoptions), more than max_pairs={max_pairs:,}; set horizon_hours, choose a part of the log with "
            "events.between(...), or raise max_pairs"
        )


def _mean_gap(log: _Log) -> float:
    """Mean hours since the adoption before, of the same post and at a known and different time."""
    same = (log.post[1:] == log.post[:-1]) & (log.time[:-1] != EARLIEST)
    gaps = (log.time[1:][same] - log.time[:-1][same]).astype(np.float64)
    return float(gaps[gaps > 0].mean()) / US_PER_HOUR


# -- rows of followers -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Task:
    """A log, and where each follower's candidates go."""

    log: _Log
    min_cascades: int
    offset: U64
    pairs: U64

    @property
    def work(self) -> U64:
        """Pairs before each row: what it takes goes by them."""
        return _pointers(self.pairs)

    def follower(self) -> U32:
        """The account that each candidate is one for."""
        rows: U32 = np.repeat(np.arange(self.pairs.size, dtype=np.uint32), np.diff(self.offset).astype(np.int64))
        return rows


class _Rows(NamedTuple):
    task: _Task
    kernel: Any
    options: tuple[Any, ...]
    gains: bool


class _Found(NamedTuple):
    """Candidates of a range of followers: source and figures of each; the excess of each follower."""

    source: U32
    rate: Floats
    credit: Floats
    gain: Floats
    excess: Floats


def _with_sizes(log: _Log, min_cascades: int, runner: Engine, step: Step) -> _Task:
    bounds = balanced_bounds(log.indptr, _CHUNKS)
    parts = [*runner.map(_sizes_of, (log, min_cascades), bounds, step=step)]
    candidates, pairs = (np.concatenate([part[k] for part in parts]) for k in (0, 1))
    if not candidates.any():
        raise ParameterError(
            f"no account adopted after another one in min_cascades={min_cascades} posts or more, so nothing tells who "
            "has posts from whom; lower min_cascades, or take a longer log"
        )
    return _Task(log, min_cascades, read_only(_pointers(candidates)), read_only(pairs))


def _sizes_of(inputs: tuple[_Log, int], start: int, stop: int) -> tuple[U64, U64]:
    log, min_cascades = inputs
    candidates, pairs = np.empty(stop - start, np.uint64), np.empty(stop - start, np.uint64)
    columns = [read_only(column) for column in log[:6]]  # pickled arrays can be written to: another signature
    row_sizes(np.uint64(start), np.uint64(stop), *columns, np.uint32(min_cascades), candidates, pairs)
    return candidates, pairs


def _rows_of(rows: _Rows, start: int, stop: int) -> _Found:
    task = rows.task
    n = int(task.offset[stop] - task.offset[start])
    options = (read_only(x) if isinstance(x, np.ndarray) else x for x in rows.options)
    source, rate, credit = np.zeros(n, np.uint32), np.zeros(n), np.zeros(n)
    gain, excess = np.zeros(n if rows.gains else 0), np.zeros(0 if rows.gains else stop - start)
    columns = [read_only(column) for column in task.log]
    places = (read_only(task.offset), read_only(task.pairs))
    head = (np.uint64(start), np.uint64(stop), *columns, np.uint32(task.min_cascades), *places, *options)
    rows.kernel(*head, source, rate, credit, gain if rows.gains else excess)
    return _Found(source, rate, credit, gain, excess)


def _run(rows: _Rows, runner: Engine, step: Step) -> _Found:
    parts = runner.map(_rows_of, rows, balanced_bounds(rows.task.work, _CHUNKS), step=step)
    return _Found(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _greedy(task: _Task, common: float, reach: float, n_edges: int | None, runner: Engine, step: Step) -> _Found:
    """All arcs that gain something; of `n_edges` the first, with what they explain when there are no others."""
    every = np.diff(task.offset)
    found = _run(_Rows(task, netinf_rows, (common, reach, read_only(every)), True), runner, step)
    if n_edges is None or np.count_nonzero(found.gain) <= n_edges:
        return found
    follower = task.follower()
    first = _heaviest(found.gain, follower, found.source, n_edges)
    limit = np.bincount(follower[first], minlength=every.size).astype(np.uint64)  # a row's gains fall as it goes on
    return _run(_Rows(task, netinf_rows, (common, reach, read_only(limit)), True), runner, _nothing)


def _heaviest(worth: Floats, follower: U32, source: U32, k: int) -> Ints:
    """Places of the k highest, ties by follower, then by source."""
    return np.lexsort((source, follower, -worth))[:k].astype(np.int64)


def _nothing(k: int) -> None:
    """Steps of a second pass are not counted again."""


def _check_converged(excess: Floats, tol: float, max_iter: int) -> None:
    if (late := excess > tol).any():
        raise ConvergenceError(
            f"EM did not come within tol={tol:g} per adoption of the maximum in max_iter={max_iter:,} steps for "
            f"{int(late.sum()):,} accounts (worst {excess.max():.3g}); raise max_iter, tol or min_cascades"
        )


def _graph_of(
    found: _Found, ids: Ids, task: _Task, n_edges: int | None, min_weight: float, *, with_gain: bool
) -> Graph:
    follower = task.follower()
    if with_gain and n_edges is not None:
        kept = np.flatnonzero(found.gain > 0)
    else:
        kept = np.flatnonzero((found.credit >= min_weight) & (found.credit > 0))
        if n_edges is not None:
            kept = np.sort(kept[_heaviest(found.credit[kept], follower[kept], found.source[kept], n_edges)])
    columns = {"rate": found.rate[kept], "weight": found.credit[kept]}
    columns |= {"gain": found.gain[kept]} if with_gain else {}
    return Graph.from_edges(follower[kept], found.source[kept], n_nodes=len(ids), ids=ids, columns=columns)
