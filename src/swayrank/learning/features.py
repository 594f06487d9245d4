"""What a log tells of each arc before a moment: the pair features that probabilities are predicted from.

One row per arc (v, u), v follows u, in the order of ``graph.edges()``. From dated rows *strictly before* `until`:

========================  ==============================================================================================
``likes`` ... ``mentions``  how often v liked, reposted, quoted, replied to and mentioned u
``likes_decayed`` ...       the same, each worth ``2 ** -(days ago / half_life_days)``
``days_since``              days since the last of them; NaN where there is none
``back_...``                all of these for u toward v: is the engagement returned?
``follows_back``            1 where u follows v
``common_followees``        accounts that both follow; NaN where both follow more than `max_followees`
``share``                   of all that v did to anybody, the share that went to u; 0 where v did nothing
``trials``, ``successes``   posts that u took up and v had not, and those of them that v took up later
``follower_...``            of v: ``posts`` published, reactions ``given`` and ``received``, each also ``_decayed``;
                            ``followees``, ``followers``
``followee_...``            the same of u
========================  ==============================================================================================

Degrees, ``follows_back`` and ``common_followees`` come from the graph as it is given, all else from the log. Where arcs
have times, cut the graph with :meth:`Graph.before` first: follows that came later are the one thing that this module
cannot keep out.

A *trial* of u on v is a post that u adopted and that v had not adopted before or at the same instant; a *success* one
that v adopted afterwards (:mod:`swayrank.learning.adoptions`). A trial begins when u adopts; where that moment is
unknown, with the first known adoption of the post. :func:`arc_trials` counts those that begin from a moment on.

References
----------
Kamath, Sharma, Wang, Yin: RealGraph: user interaction prediction at Twitter. User Engagement Optimization Workshop at
KDD 2014: which features; counts there are means over days, here sums with a half-life.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, Step, track
from swayrank._validate import Integer, Interval, domains
from swayrank.engines import Engine, chunk_bounds, resolve_engine
from swayrank.errors import ParameterError
from swayrank.events import NO_ACCOUNT, NO_POST, Events, as_us, iso
from swayrank.events.columns import NO_TIME
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.pair_features import engagement_of_arcs, trials_of_arcs
from swayrank.learning.adoptions import EARLIEST, SPREADING, Adoptions
from swayrank.measures._data import check_events, check_graph
from swayrank.tables import frame

U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
Times = npt.NDArray[np.int64]
Float32s = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Moment = str | dt.datetime | dt.date | int

ACTIONS = ("like", "repost", "quote", "reply", "mention")
"""What one account does to another, in the order of the columns."""
SUMS = ("likes", "reposts", "quotes", "replies", "mentions")
_TOWARD = (*SUMS, *(f"{name}_decayed" for name in SUMS), "days_since")
ARC_COLUMNS = (*_TOWARD, *(f"back_{name}" for name in _TOWARD), "follows_back", "common_followees", "share")
_ACTS = ("posts", "given", "received")
ACCOUNT_COLUMNS = (*_ACTS, *(f"{name}_decayed" for name in _ACTS), "followees", "followers")
COLUMNS = (
    *ARC_COLUMNS,
    "trials",
    "successes",
    *(f"{end}_{name}" for end in ("follower", "followee") for name in ACCOUNT_COLUMNS),
)
"""All columns of :class:`PairFeatures`."""

DAY = 86_400_000_000
_ARCS_PER_CHUNK = 1 << 15
_ALWAYS = np.iinfo(np.int64).min


class Trials(NamedTuple):
    """Posts tried on each arc, in the order of ``graph.edges()``.

    Attributes
    ----------
    trials, successes : numpy.ndarray of uint32, shape (n_edges,)
    """

    trials: U32
    successes: U32


@dataclass(frozen=True, eq=False)
class PairFeatures:
    """Features of every arc; made by :func:`pair_features`.

    Attributes
    ----------
    graph : Graph
        Whose arcs these are.
    of_arcs : numpy.ndarray of float32, shape (n_edges, len(ARC_COLUMNS))
        What differs from arc to arc.
    of_accounts : mapping of str to numpy.ndarray, shape (n_nodes,)
        What the arcs of an account share, by the names of `ACCOUNT_COLUMNS`.
    counts : Trials or None
        None where no row before `until` spreads a post.
    until, since : int
        From the first row used to just after the last one that could be used: microseconds since 1970 UTC.
    half_life_days : float
        Of the decayed columns.
    left_out : mapping of str to int
        ``undated`` reactions, and reactions by or toward accounts that are not in the graph (``unknown_account``).
    """

    graph: Graph
    of_arcs: Float32s
    of_accounts: Mapping[str, Floats]
    counts: Trials | None
    until: int
    since: int
    half_life_days: float
    left_out: Mapping[str, int]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return COLUMNS if self.counts is not None else tuple(n for n in COLUMNS if n not in Trials._fields)

    def column(self, name: str) -> npt.NDArray[Any]:
        """One value per arc: shape (n_edges,), in the order of ``graph.edges()``.

        Raises
        ------
        ParameterError
            If there is no such column.
        """
        if name in ARC_COLUMNS:
            return self.of_arcs[:, ARC_COLUMNS.index(name)]
        if name not in self.names:
            raise ParameterError(f"name must be a column among {', '.join(self.names)}, got {name!r}")
        if name in Trials._fields:
            counted: U32 = getattr(self.counts, name)
            return counted
        end, _, of = name.partition("_")
        values = self.of_accounts[of]
        return values[self.graph.edges()[end == "followee"]]

    def to_frame(self, backend: str = "pandas") -> Any:
        """Follower, followee and all columns, a row per arc.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default "pandas"
            Which library's table.
        """
        ids = self.graph.ids.to_arrow()
        ends = {name: ids.take(end) for name, end in zip(("follower", "followee"), self.graph.edges(), strict=True)}
        return frame({**ends, **{name: np.ascontiguousarray(self.column(name)) for name in self.names}}, backend)

    def __repr__(self) -> str:
        return (
            f"<PairFeatures: {self.graph.n_edges:,} arcs, {len(self.names)} columns, {iso(self.since)} to "
            f"{iso(self.until)}, half-life {self.half_life_days:g} days>"
        )


@domains(half_life_days=Interval(0, math.inf, "()"), max_followees=Integer(1, 2**32))
def pair_features(
    graph: Graph,
    events: Events,
    *,
    until: Moment | None = None,
    half_life_days: float = 30.0,
    max_followees: int = 4096,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> PairFeatures:
    """What the log tells of each arc before a moment: engagement both ways, neighbours, activity, posts tried.

    Parameters
    ----------
    graph : Graph
        Who follows whom; joined with the log by account ids.
    events : Events
        The log. Each row counts 1.
    until : str, datetime, date or int, optional
        Rows at this moment or later are not looked at, as if they were not there; by default all dated rows count.
    half_life_days : float, default 30.0
        Days after which a row counts half in the decayed columns, positive.
    max_followees : int, default 4096
        ``common_followees`` is NaN where both ends follow more.
    engine, threads, progress
        Where and on how many threads to run, and whether to tell. They change no bit of the result.

    Returns
    -------
    PairFeatures

    Raises
    ------
    ParameterError
        If no row before `until` has a time, or none of its accounts is in the graph.

    Notes
    -----
    O(rows log rows) to group the log; per arc O(log) to find its pairs, and O(short * log(long / short)) to intersect
    two rows of the graph, and two lists of adoptions. Memory: 108 bytes per arc (25 columns of float32 and two counts),
    64 per account, about 100 per reaction while they are grouped.

    References
    ----------
    Kamath, Sharma, Wang & Yin (2014), "RealGraph: user interaction prediction at Twitter".

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["bob", "cem", "ada"], ["ada", "ada", "bob"])
    >>> ev = sr.Events.from_frame({"actor": ["ada", "bob", "bob"], "action": ["post", "like", "repost"],
    ...                            "target": [None, "ada", "ada"], "post": ["p", "p", "p"],
    ...                            "time": ["2026-01-01", "2026-01-02", "2026-01-03"]})
    >>> found = pair_features(g, ev, until="2026-01-04", half_life_days=1)
    >>> [g.ids[v] for v in g.edges()[0]], found.column("likes"), found.column("likes_decayed")
    (['bob', 'ada', 'cem'], array([1., 0., 0.], dtype=float32), array([0.25, 0.  , 0.  ], dtype=float32))
    >>> found.column("days_since"), found.column("follows_back"), found.column("share")
    (array([ 1., nan, nan], dtype=float32), array([1., 1., 0.], dtype=float32), array([1., 0., 0.], dtype=float32))
    >>> found.column("trials"), found.column("successes"), found.column("followee_received")
    (array([1, 0, 1], dtype=uint32), array([1, 0, 0], dtype=uint32), array([2., 0., 2.]))
    """
    check_graph("pair_features", graph)
    check_events("pair_features", events)
    runner = resolve_engine(engine, threads)
    place = _places(graph, events)
    dated = events.time != NO_TIME
    last = _ALWAYS if not dated.any() else int(events.time[dated].max()) + 1
    end = last if until is None else as_us(until)
    used = dated & (events.time < end)
    if not used.any():
        when = "" if until is None else f" before {iso(end)}"
        raise ParameterError(
            f"events must have rows with a time{when}: of {events.n_events:,} rows none has; give a later until"
        )
    log = _Log.of(events, place, used, _Decay(end, half_life_days * DAY), graph.n_nodes)
    pairs = log.pairs(graph.n_nodes)
    how = (np.int64(end), float(DAY), np.uint64(max_followees))
    inputs = _Rows(graph, "engagement", (*pairs, log.of_accounts["given"], *how), len(ARC_COLUMNS), "float32")
    values = np.empty((graph.n_edges, len(ARC_COLUMNS)), np.float32)
    with track(progress, "describing the arcs", graph.n_edges) as step:
        _fill(values, inputs, runner, step)
    degrees = {"followees": graph.out_degree.astype(float), "followers": graph.in_degree.astype(float)}
    return PairFeatures(
        graph=graph,
        of_arcs=read_only(values),
        of_accounts={name: read_only(of) for name, of in {**log.of_accounts, **degrees}.items()},
        counts=_trials_before(graph, events, end, runner),
        until=end,
        since=int(events.time[used].min()),
        half_life_days=float(half_life_days),
        left_out={"undated": log.n_undated, "unknown_account": log.n_unknown},
    )


def arc_trials(
    graph: Graph,
    adoptions: Adoptions,
    *,
    since: Moment | None = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Trials:
    """Count how many posts were tried on each arc, and how many of them went over.

    Parameters
    ----------
    graph : Graph
        Who follows whom.
    adoptions : Adoptions
        Of the graph's accounts (``Adoptions.of(events, graph.ids)``).
    since : str, datetime, date or int, optional
        Only trials that begin at this moment or later; by default all.
    engine, threads, progress
        Where and on how many threads to run, and whether to tell. They change no bit of the result.

    Returns
    -------
    Trials

    Raises
    ------
    ParameterError
        If the adoptions are not of the graph's accounts.

    Notes
    -----
    O(short * log(long / short)) per arc, in the lengths of the two accounts' adoptions.

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["bob", "cem"], ["ada", "ada"])
    >>> ev = sr.Events.from_frame({"actor": ["ada", "bob"], "action": ["post", "repost"], "target": [None, "ada"],
    ...     "post": ["p", "p"], "time": ["2026-01-01", "2026-01-02"]})
    >>> arc_trials(g, Adoptions.of(ev, g.ids))
    Trials(trials=array([1, 1], dtype=uint32), successes=array([1, 0], dtype=uint32))
    """
    if len(adoptions.ids) != graph.n_nodes or adoptions.ids != graph.ids:
        raise ParameterError(
            "adoptions must be of the graph's accounts, got others; use Adoptions.of(events, graph.ids)"
        )
    start = _ALWAYS if since is None else as_us(since)
    begin = _begins(adoptions)
    eligible = np.bincount(adoptions.account[begin >= start], minlength=graph.n_nodes).astype(np.uint32)
    lists = (adoptions.indptr, adoptions.post, adoptions.time, read_only(begin), np.int64(start), read_only(eligible))
    counts = np.empty((graph.n_edges, 2), np.uint32)
    with track(progress, "counting posts tried", graph.n_edges) as step:
        _fill(counts, _Rows(graph, "trials", lists, 2, "uint32"), resolve_engine(engine, threads), step)
    return Trials(read_only(counts[:, 0].copy()), read_only(counts[:, 1].copy()))


def _begins(adoptions: Adoptions) -> Times:
    """When each adoption's trials begin: at its time, or at the first known one of its post."""
    unknown = adoptions.time == EARLIEST
    first = np.full(adoptions.n_posts, np.iinfo(np.int64).max)
    np.minimum.at(first, adoptions.post[~unknown], adoptions.time[~unknown])
    begin: Times = np.where(unknown, first[adoptions.post], adoptions.time)
    return begin


def _trials_before(graph: Graph, events: Events, until: int, runner: Engine) -> Trials | None:
    """Trials as they were known at `until`; None where nothing was spread by then."""
    early = events.before(until)
    spreads = np.isin(early.action, [events.actions.index(name) for name in SPREADING])
    if not (spreads & (early.post != NO_POST)).any():
        return None
    return arc_trials(graph, Adoptions.of(early, graph.ids), engine=runner)


# -- the log -----------------------------------------------------------------------------------------------------------


class _Decay(NamedTuple):
    """What a row is worth at `now`: times and half-life in microseconds."""

    now: int
    half_life: float

    def worth(self, time: Times) -> Floats:
        worth: Floats = np.exp2(-(self.now - time) / self.half_life)
        return worth


class _Pairs(NamedTuple):
    """Who acted toward whom: rows of actors, ascending by target."""

    indptr: U64
    target: U32
    sums: Float32s
    time: Times


@dataclass(frozen=True)
class _Log:
    """The reactions between accounts of the graph, and what each account did and received in all."""

    actor: U32
    target: U32
    kind: npt.NDArray[np.uint8]
    time: Times
    decay: _Decay
    of_accounts: dict[str, Floats]
    n_undated: int
    n_unknown: int

    @classmethod
    def of(cls, events: Events, place: U32, used: npt.NDArray[np.bool_], decay: _Decay, n: int) -> _Log:
        kinds = np.full(256, 255, np.uint8)
        kinds[[events.actions.index(name) for name in ACTIONS]] = np.arange(len(ACTIONS))
        kind = kinds[events.action]
        aimed = (kind < 255) & (events.target != NO_ACCOUNT) & (events.target != events.actor)
        rows = np.flatnonzero(aimed & used)
        actor, target = place[events.actor[rows]], place[events.target[rows]]
        posted = np.flatnonzero(used & (events.action == events.actions.index("post")))
        known = (actor != NO_ACCOUNT) & (target != NO_ACCOUNT)
        acts = ((place[events.actor[posted]], posted), (actor, rows), (target, rows))
        of_accounts = {}
        for name, (accounts, of) in zip(_ACTS, acts, strict=True):
            of_accounts[name], of_accounts[f"{name}_decayed"] = _sums(accounts, events.time[of], decay, n)
        n_undated = int(np.count_nonzero(aimed & (events.time == NO_TIME)))
        kept = rows[known]
        n_unknown = rows.size - kept.size
        return cls(actor[known], target[known], kind[kept], events.time[kept], decay, of_accounts, n_undated, n_unknown)

    def pairs(self, n: int) -> _Pairs:
        """Sums of each pair, added up in the order of action and time whatever the order of rows."""
        key = self.actor.astype(np.uint64) << np.uint64(32) | self.target
        order = np.lexsort((self.time, self.kind, key))
        key, time = key[order], self.time[order]
        first = np.flatnonzero(np.append(np.ones(min(1, key.size), np.bool_), key[1:] != key[:-1]))
        pair = np.repeat(np.arange(first.size), np.diff(np.append(first, key.size)))
        cell = pair * len(ACTIONS) + self.kind[order]
        n_cells = first.size * len(ACTIONS)
        sums = np.empty((first.size, 2 * len(ACTIONS)), np.float32)
        sums[:, : len(ACTIONS)] = np.bincount(cell, minlength=n_cells).reshape(-1, len(ACTIONS))
        sums[:, len(ACTIONS) :] = np.bincount(cell, self.decay.worth(time), n_cells).reshape(-1, len(ACTIONS))
        sizes = np.bincount(key[first] >> np.uint64(32), minlength=n)
        return _Pairs(
            read_only(np.concatenate(([0], np.cumsum(sizes))).astype(np.uint64)),
            read_only((key[first] & np.uint64(2**32 - 1)).astype(np.uint32)),
            read_only(sums),
            read_only(np.maximum.reduceat(time, first) if first.size else np.empty(0, np.int64)),
        )


def _sums(accounts: U32, time: Times, decay: _Decay, n: int) -> tuple[Floats, Floats]:
    """How many rows each account has, and what they are worth, added up in the order of time."""
    order = np.argsort(time, kind="stable")
    order = order[accounts[order] != NO_ACCOUNT]
    counts = np.bincount(accounts[order], minlength=n).astype(np.float64)
    return counts, np.bincount(accounts[order], decay.worth(time[order]), n).astype(np.float64)


def _places(graph: Graph, events: Events) -> U32:
    """Where each of the log's accounts stands in the graph."""
    place = graph.ids.positions(events.accounts.to_arrow(), missing="sentinel")
    if place.size and (place == NO_ACCOUNT).all():
        raise ParameterError(
            f"events must be by accounts of the graph: none of the log's {place.size:,} (such as "
            f"{str(events.accounts[0])!r}) is among its {graph.n_nodes:,}; check the ids"
        )
    return place


# -- the arcs ----------------------------------------------------------------------------------------------------------


_KERNELS: dict[str, Callable[..., None]] = {"engagement": engagement_of_arcs, "trials": trials_of_arcs}


class _Rows(NamedTuple):
    """A kernel over ranges of arcs, and what it reads besides them."""

    graph: Graph
    kernel: str
    what: tuple[Any, ...]
    width: int
    dtype: str


def _chunk(rows: _Rows, start: int, stop: int) -> npt.NDArray[Any]:
    out = np.empty((stop - start, rows.width), rows.dtype)
    first = int(np.searchsorted(rows.graph.indptr, np.uint64(start), side="right")) - 1
    ends = np.uint64(start), np.uint64(stop), np.uint64(first)
    _KERNELS[rows.kernel](*ends, rows.graph.indptr, rows.graph.indices, *rows.what, out)
    return out


def _fill(out: npt.NDArray[Any], rows: _Rows, runner: Engine, step: Step) -> None:
    bounds = chunk_bounds(rows.graph.n_edges, _ARCS_PER_CHUNK)
    made: Iterator[npt.NDArray[Any]] = runner.map(_chunk, rows, bounds, step=step)
    for start, chunk in zip(bounds[:-1].tolist(), made, strict=True):
        out[start : start + len(chunk)] = chunk
