r"""Attribution: who had each post from whom, read off the log, and what each account's adoptions led to.

A log says who took up a post and when, not from whom (or names the author, whoever passed it on). Each adoption's
credit of 1 is dealt among those who may have handed it on, its *candidates*: who adopted the post strictly before, and
with a graph is followed by the adopter. Rules:

    "split"          equally
    "first"          all to the earliest candidate (first touch)
    "last"           all to the latest (last touch)
    "time_weighted"  in proportion to 2 ** (-delay / half-life), the delay from candidate to adoption

Known credit: where the log's row names an account that had the post before (the target of a repost), and that is
trusted, it gets all. Adoptions of a post's first moment have no candidate and give no credit.

:func:`casin` follows credit further: the influence of an adoption is the expected number of adoptions in the subtree
under it, itself included, over all trees in which each adoption draws its parent by these odds, independently. With
p[i, j] the probability that j's parent is i, ``m[i, i] = 1`` and ``m[i, j] = sum over k of m[i, k] p[k, j]`` is the
chance that j lies under i, and ``influence(i) = sum over j of m[i, j]``. Read backwards that is ::

    influence(i) = 1 + sum over later j of p[i, j] * influence(j)

one pass from the last adoption to the first, instead of a matrix. Without a graph the candidates are all earlier
adopters, and as the odds fade exponentially, sums carried from moment to moment take the place of pairs: O(adoptions).

Delays from accounts whose moment is unknown count from the post's first dated adoption; see
:mod:`swayrank.learning.lineage`.

References
----------
Rizoiu, Graham, Zhang, Zhang, Ackland, Xie: #DebateNight: the role and influence of socialbots on Twitter during the 1st
2016 U.S. presidential debate. ICWSM 2018 (casIn).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress
from swayrank._validate import Integer, Interval, OneOf, Optional, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import ParameterError
from swayrank.events import Events
from swayrank.graph import Graph
from swayrank.ids import Ids, read_only
from swayrank.kernels.lineage import NOBODY, earlier_pairs, latent_credit
from swayrank.learning.adoptions import SPREADING, U32, Cascades
from swayrank.learning.credit import Flow, values
from swayrank.learning.lineage import HALF_LIFE_HOURS, Floats, Lineage, Links, Named
from swayrank.measures._measure import Measure, highest
from swayrank.tables import frame

Rule = Literal["split", "first", "last", "time_weighted"]
Fallback = Literal["root", "none"]
Weigh = Literal["equal", "followers"]
Counts = npt.NDArray[np.int64]

_MICROSECONDS_PER_HOUR = 3.6e9
_ROWS_SHOWN = 10
_RULE = OneOf("split", "first", "last", "time_weighted")
_HOURS = Interval(0, math.inf, "()")
_NAMED = Optional(OneOf("trust", "ignore"))
_FALLBACK = OneOf("root", "none")


# -- answers -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class Attribution:
    """What the adoptions of others owe to each account; made by :func:`attribute`.

    Attributes
    ----------
    ids : Ids
        The accounts.
    credit : numpy.ndarray of float64, shape (n,)
        The sum of each account's shares in adoptions by others.
    n_credited : numpy.ndarray of int64, shape (n,)
        How many adoptions gave it a share.
    n_adoptions : numpy.ndarray of int64, shape (n,)
        How many posts it adopted itself.
    n_named, n_fallback, n_unattributed : int
        Adoptions whose row named the source; that had no candidate among their followees and fell back on the post's
        root; and that gave no credit, for nobody was before.
    params : mapping of str to object
        What the numbers depend on, and which rows were left out.
    """

    ids: Ids
    credit: Floats
    n_credited: Counts
    n_adoptions: Counts
    n_named: int
    n_fallback: int
    n_unattributed: int
    params: Mapping[str, object]

    @property
    def measure(self) -> Measure:
        """The credit as a measure."""
        return Measure("credit", self.credit, self.ids, self.params)

    def to_frame(self, backend: str = "pandas") -> Any:
        """Columns ``account``, ``credit``, ``n_credited``, ``n_adoptions``; one row per account in public order."""
        columns = {
            "account": self.ids.to_arrow(),
            "credit": self.credit,
            "n_credited": self.n_credited,
            "n_adoptions": self.n_adoptions,
        }
        return frame(columns, backend)

    def __repr__(self) -> str:
        order = highest(self.credit, _ROWS_SHOWN)
        rows = [
            (str(self.ids[int(v)]), f"{self.credit[v]:.6g}", str(self.n_credited[v]), str(self.n_adoptions[v]))
            for v in order
        ]
        n = int(self.n_adoptions.sum())
        head = f"{n:,} adoptions by {self.params['by']}: {n - self.n_unattributed:,} credited"
        head += f" ({self.n_named:,} to whom the log names)" if self.n_named else ""
        head += f" ({self.n_fallback:,} to the root, for want of a followee)" if self.n_fallback else ""
        return _table(head, ("account", "credit", "n_credited", "n_adoptions"), rows, len(self.ids), 1)


@dataclass(frozen=True, eq=False, repr=False)
class CreditArcs:
    """Who owes adoptions to whom; made by :func:`attribute_arcs`. Sorted by adopter, then source.

    Attributes
    ----------
    ids : Ids
        The accounts that positions mean.
    adopter, source : numpy.ndarray of uint32, shape (n_arcs,)
        Who took up posts, from whom.
    credit : numpy.ndarray of float64, shape (n_arcs,)
        The sum of the source's shares in the adopter's adoptions.
    n_posts : numpy.ndarray of int64, shape (n_arcs,)
        Over how many posts.
    params : mapping of str to object
        What the numbers depend on, and which rows were left out.
    """

    ids: Ids
    adopter: U32
    source: U32
    credit: Floats
    n_posts: Counts
    params: Mapping[str, object]

    def __len__(self) -> int:
        return self.adopter.size

    def to_frame(self, backend: str = "pandas") -> Any:
        """Columns ``adopter``, ``source``, ``credit``, ``n_posts``; one row per pair."""
        names = self.ids.to_arrow()
        columns = {
            "adopter": names.take(self.adopter),
            "source": names.take(self.source),
            "credit": self.credit,
            "n_posts": self.n_posts,
        }
        return frame(columns, backend)

    def __repr__(self) -> str:
        rows = [
            (
                str(self.ids[int(self.adopter[a])]),
                str(self.ids[int(self.source[a])]),
                f"{self.credit[a]:.6g}",
                str(self.n_posts[a]),
            )
            for a in highest(self.credit, _ROWS_SHOWN)
        ]
        head = f"credit of {len(self):,} arcs by {self.params['by']}"
        return _table(head, ("adopter", "source", "credit", "n_posts"), rows, len(self), 2)


def _table(head: str, names: tuple[str, ...], rows: list[tuple[str, ...]], n: int, n_words: int) -> str:
    """A title and the rows shown, words to the left and numbers to the right."""
    cells = [names, *rows]
    wide = [max(len(row[column]) for row in cells) for column in range(len(names))]
    lines = [
        "  ".join(f"{cell:<{w}}" if k < n_words else f"{cell:>{w}}" for k, (cell, w) in enumerate(zip(row, wide)))
        for row in cells
    ]
    more = [f"... and {n - _ROWS_SHOWN:,} more"] if n > _ROWS_SHOWN else []
    return "\n".join([head, *lines, *more])


# -- functions ---------------------------------------------------------------------------------------------------------


@domains(by=_RULE, half_life_hours=_HOURS, named=_NAMED, fallback=_FALLBACK)
def attribute(
    events: Events,
    *,
    graph: Graph | None = None,
    by: Rule = "split",
    half_life_hours: float = HALF_LIFE_HOURS,
    named: Named | None = None,
    fallback: Fallback = "root",
    actions: Iterable[str] = SPREADING,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Attribution:
    """Deal the credit for every adoption among those that it may have come from, and add it up by account.

    Parameters
    ----------
    events : Events
        A log with posts and times.
    graph : Graph or None, default=None
        Who follows whom: then only followees are candidates, and rows by others than its accounts are left out.
        Without one, all earlier adopters of the post are.
    by : {"split", "first", "last", "time_weighted"}, default="split"
        How credit is dealt; see the module. Where several tie for the earliest or latest, the first in public order.
    half_life_hours : float, default=2.83
        For "time_weighted": the delay at which a candidate's odds have halved.
    named : {"trust", "ignore"} or None, default=None
        Whether an account that the row names, and that had the post before, gets all the credit. None trusts without
        a graph and ignores with one: platforms tend to name the author, whoever passed it on.
    fallback : {"root", "none"}, default="root"
        With a graph: who gets the credit where no followee was before: the post's first adopter (it may have come by
        a search or a page of trends), or nobody.
    actions : iterable of str, default=("post", "repost", "quote")
        What counts as taking up a post.
    engine, threads, progress
        Where and on how many threads to run, and whether to tell. They change no bit of the result.

    Returns
    -------
    Attribution

    Raises
    ------
    ParameterError
        For a value outside its domain, or a log without posts and times, or without accounts of the graph.

    Notes
    -----
    O(adoptions) without a graph; with one, the sum over adoptions of the fewer of followees and earlier adopters, and
    24 bytes for each candidate. About 150 bytes per adoption.

    Examples
    --------
    Ada publishes, bob passes it on, then cem does:

    >>> import swayrank as sr
    >>> from swayrank.learning.attribution import attribute
    >>> ev = sr.Events.from_frame({"actor": ["ada", "bob", "cem"], "action": ["post", "repost", "repost"],
    ...                            "post": ["p", "p", "p"], "time": ["2026-01-01", "2026-01-02", "2026-01-03"]})
    >>> attribute(ev)
    3 adoptions by split: 2 credited
    account  credit  n_credited  n_adoptions
    ada         1.5           2            1
    bob         0.5           1            1
    cem           0           0            1
    >>> attribute(ev, by="last").credit, attribute(ev, by="first").credit
    (array([1., 1., 0.]), array([2., 0., 0.]))
    >>> attribute(ev, by="time_weighted", half_life_hours=24).credit.round(3)       # odds for cem's: 1/4 and 1/2
    array([1.333, 0.667, 0.   ])
    """
    lineage = Lineage.of("attribute", events, graph, actions)
    runner = resolve_engine(engine, threads)
    sources = lineage.named(named)
    facts = _facts(lineage, by, half_life_hours, named, fallback)
    first_moment = lineage.instant == lineage.start
    n_fallback = 0
    if graph is None and by in ("split", "time_weighted"):
        latent = _Latent.of(lineage, sources, _rate(by, half_life_hours), below=False)
        credit, credited = (np.concatenate(x) for x in zip(*runner.map(_credit_of, latent, lineage.bounds), strict=True))
        unattributed = int(np.count_nonzero(first_moment))
    else:
        shares = _shares(lineage, by, half_life_hours, sources, fallback, runner, progress)
        credit = np.bincount(shares.parent, shares.share, lineage.n)
        credited = np.bincount(shares.parent, minlength=lineage.n)
        n_fallback = shares.n_fallback
        unattributed = int(np.count_nonzero(shares.size == 0))
    account = lineage.cascades.account
    n = len(lineage.ids)
    n_credited = np.zeros(n, np.int64)
    np.add.at(n_credited, account, credited)
    return Attribution(
        lineage.ids,
        read_only(np.bincount(account, credit, n)),
        read_only(n_credited),
        lineage.adoptions.count,
        int(np.count_nonzero(sources != NOBODY)),
        n_fallback,
        unattributed,
        facts,
    )


@domains(by=_RULE, half_life_hours=_HOURS, named=_NAMED, fallback=_FALLBACK, max_pairs=Integer(1))
def attribute_arcs(
    events: Events,
    *,
    graph: Graph | None = None,
    by: Rule = "split",
    half_life_hours: float = HALF_LIFE_HOURS,
    named: Named | None = None,
    fallback: Fallback = "root",
    actions: Iterable[str] = SPREADING,
    max_pairs: int = 50_000_000,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> CreditArcs:
    """The credit of :func:`attribute`, by who owes it to whom.

    Parameters
    ----------
    events, graph, by, half_life_hours, named, fallback, actions, engine, threads, progress
        As :func:`attribute` takes them.
    max_pairs : int, default=50_000_000
        Give up beyond so many pairs of an adoption and a candidate. Without a graph, "split" and "time_weighted" deal
        among all earlier adopters: a post that n accounts took up has n * (n - 1) / 2 pairs.

    Returns
    -------
    CreditArcs

    Raises
    ------
    ParameterError
        As :func:`attribute`, or if there are more pairs than `max_pairs`.

    Notes
    -----
    O(pairs * log(pairs)); 60 bytes for each pair.

    Examples
    --------
    >>> import swayrank as sr
    >>> from swayrank.learning.attribution import attribute_arcs
    >>> ev = sr.Events.from_frame({"actor": ["ada", "bob", "cem"], "action": ["post", "repost", "repost"],
    ...                            "post": ["p", "p", "p"], "time": ["2026-01-01", "2026-01-02", "2026-01-03"]})
    >>> attribute_arcs(ev)
    credit of 3 arcs by split
    adopter  source  credit  n_posts
    bob      ada          1        1
    cem      ada        0.5        1
    cem      bob        0.5        1
    """
    lineage = Lineage.of("attribute_arcs", events, graph, actions)
    sources = lineage.named(named)
    facts = _facts(lineage, by, half_life_hours, named, fallback)
    if graph is None and by in ("split", "time_weighted"):
        latent = _Latent.of(lineage, sources, _rate(by, half_life_hours), below=False)
        child, parent, share = _pairs(latent, max_pairs)
    else:
        shares = _shares(lineage, by, half_life_hours, sources, fallback, resolve_engine(engine, threads), progress)
        if shares.parent.size > max_pairs:
            raise _too_many(shares.parent.size, max_pairs)
        child = np.repeat(np.arange(lineage.n, dtype=np.uint32), shares.size)
        parent, share = shares.parent, shares.share
    account = lineage.cascades.account
    keys = account[child].astype(np.uint64) << np.uint64(32) | account[parent].astype(np.uint64)
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    opens = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: keys.size])
    credit = np.add.reduceat(share[order], opens) if opens.size else np.zeros(0)
    return CreditArcs(
        lineage.ids,
        read_only((keys[opens] >> np.uint64(32)).astype(np.uint32)),
        read_only(keys[opens].astype(np.uint32)),
        read_only(credit),
        read_only(np.diff(np.append(opens, keys.size))),
        facts,
    )


@domains(by=OneOf("mean", "sum"), half_life_hours=_HOURS, weigh=OneOf("equal", "followers"), fallback=_FALLBACK)
def casin(
    events: Events,
    *,
    graph: Graph | None = None,
    by: Literal["mean", "sum"] = "mean",
    half_life_hours: float = HALF_LIFE_HOURS,
    weigh: Weigh = "equal",
    fallback: Fallback = "root",
    actions: Iterable[str] = SPREADING,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """casIn: the expected size of the subtree under each account's adoptions, over all trees the log allows.

    Parameters
    ----------
    events : Events
        A log with posts and times. Whom rows name is not looked at: the trees are latent.
    graph : Graph or None, default=None
        Then only followees are candidates; the paper has none.
    by : {"mean", "sum"}, default="mean"
        Over the account's adoptions. The paper takes the mean; the sum also rewards adopting much.
    half_life_hours : float, default=2.83
        The delay at which a candidate's odds have halved: 0.000068 per second, as casIn's authors set it.
    weigh : {"equal", "followers"}, default="equal"
        What odds are proportional to besides: nothing; or, as in the paper, the followers that the candidate has: the
        log's "followers_at_time" of the adoption, or without that column the graph's. Unknown ones and 0 count as 1.
    fallback : {"root", "none"}, default="root"
        With a graph: the parent of an adoption that no followee had made before.
    actions, engine, threads, progress
        As :func:`attribute` takes them.

    Returns
    -------
    Measure
        ``values`` (float64), at least 1 for an account that adopted anything, since each adoption counts itself. NaN
        ("mean") or 0 ("sum") for others.

    Raises
    ------
    ParameterError
        As :func:`attribute`; or if followers are asked for, and neither the log nor a graph says how many.

    Notes
    -----
    O(adoptions) without a graph, where the paper's recursion takes the square of each post's adopters; candidates are
    strictly earlier, where the paper takes rows of one second in the order of the file. Equal up to rounding.

    References
    ----------
    Rizoiu et al. (2018), "#DebateNight: the role and influence of socialbots on Twitter during the 1st 2016 U.S.
    presidential debate", ICWSM.

    Examples
    --------
    Cem's parent is ada or bob, with odds of 1/4 and 1/2, so 1/3 and 2/3; under ada lie all three in any case:

    >>> import swayrank as sr
    >>> from swayrank.learning.attribution import casin
    >>> ev = sr.Events.from_frame({"actor": ["ada", "bob", "cem"], "action": ["post", "repost", "repost"],
    ...                            "post": ["p", "p", "p"], "time": ["2026-01-01", "2026-01-02", "2026-01-03"]})
    >>> casin(ev, half_life_hours=24)
    casin of 3 accounts
    rank  account    casin
       1  ada            3
       2  bob      1.66667
       3  cem            1
    """
    lineage = Lineage.of("casin", events, graph, actions)
    runner = resolve_engine(engine, threads)
    weight = _weights(lineage, weigh)
    rate = _rate("time_weighted", half_life_hours)
    if graph is None:
        latent = _Latent.of(lineage, lineage.named("ignore"), rate, below=True, weight=weight)
        influence = 1.0 + np.concatenate([credit for credit, _ in runner.map(_credit_of, latent, lineage.bounds)])
    else:
        nobody = lineage.named("ignore")
        shares = _shares(
            lineage, "time_weighted", half_life_hours, nobody, fallback, runner, progress, weight=weight
        )
        flow = Flow.of(lineage.cascades, Links(shares.indptr, shares.parent), shares.share, np.ones(lineage.n))
        influence = values(flow, graph.n_nodes, runner, lineage.bounds)
    total = np.bincount(lineage.cascades.account, influence, len(lineage.ids))
    if by == "mean":
        count = lineage.adoptions.count
        total = np.divide(total, count, out=np.full(total.size, np.nan), where=count > 0)
    facts = {"by": by, "half_life_hours": float(half_life_hours), "weigh": weigh, "graph": graph is not None}
    facts |= {"fallback": fallback} if graph is not None else {}
    return Measure("casin", total, lineage.ids, {**facts, **lineage.adoptions.left_out})


# -- without a graph: everybody before is a candidate ------------------------------------------------------------------


class _Latent(NamedTuple):
    """What the kernels over all earlier adopters take."""

    cascades: Cascades
    moment: Counts
    weight: Floats
    named: U32
    rate: float
    below: bool

    @classmethod
    def of(cls, lineage: Lineage, named: U32, rate: float, *, below: bool, weight: Floats | None = None) -> _Latent:
        own = np.ones(lineage.n) if weight is None else weight
        return cls(lineage.cascades, lineage.moment, read_only(own), read_only(named), rate, below)

    @property
    def arrays(self) -> tuple[npt.NDArray[Any], ...]:
        parts = (self.cascades.indptr, self.cascades.time, self.moment, self.weight, self.named)
        return tuple(read_only(array) for array in parts)


def _credit_of(task: _Latent, start: int, stop: int) -> tuple[Floats, Counts]:
    n = int(task.cascades.indptr[stop] - task.cascades.indptr[start])
    credit, credited = np.zeros(n), np.zeros(n, np.int64)
    latent_credit(np.uint64(start), np.uint64(stop), *task.arrays, task.rate, task.below, credit, credited)
    return credit, credited


def _pairs(latent: _Latent, max_pairs: int) -> tuple[U32, U32, Floats]:
    head = (np.uint64(0), np.uint64(latent.cascades.indptr.size - 1), *latent.arrays, latent.rate)
    n = int(earlier_pairs(*head, np.empty(0, np.uint32), np.empty(0, np.uint32), np.empty(0)))
    if n > max_pairs:
        raise _too_many(n, max_pairs)
    child, parent, share = np.empty(n, np.uint32), np.empty(n, np.uint32), np.empty(n)
    if n:
        earlier_pairs(*head, child, parent, share)
    return child, parent, share


def _too_many(n: int, max_pairs: int) -> ParameterError:
    return ParameterError(
        f"max_pairs must be at least {n:,}, the pairs of an adoption and a candidate, got {max_pairs:,}; raise it "
        "(60 bytes each), give a graph, or use by='first' or by='last', which have one pair for each adoption"
    )


# -- with a graph, or one parent each: shares on links -----------------------------------------------------------------


class _Shares(NamedTuple):
    """Parents of adoptions as :class:`Links` has them, with their shares, and how many fell back on the root."""

    indptr: npt.NDArray[np.uint64]
    parent: U32
    share: Floats
    n_fallback: int

    @property
    def size(self) -> Counts:
        return np.diff(self.indptr).astype(np.int64)


def _shares(
    lineage: Lineage,
    by: str,
    half_life_hours: float,
    named: U32,
    fallback: str,
    runner: Engine,
    progress: Progress,
    *,
    weight: Floats | None = None,
) -> _Shares:
    """Every adoption's candidates and their shares, by a rule; named ones first, then the rule, then the root."""
    only = lineage.earliest() if by == "first" else lineage.latest()
    links, share = Links(np.zeros(lineage.n + 1, np.uint64), np.empty(0, np.uint32)), np.empty(0)
    n_fallback = 0
    if lineage.graph is not None:
        links = lineage.parents(runner, progress)
        roots = lineage.earliest() if fallback == "root" else np.full(lineage.n, NOBODY)
        only = roots
        if by in ("first", "last"):
            only = np.where(links.size > 0, lineage.one_of(links, by), roots)
        lost = (links.size == 0) & (named == NOBODY) & (roots != NOBODY)
        n_fallback = int(np.count_nonzero(lost))
    one = np.where(named != NOBODY, named, only)
    if lineage.graph is None or by in ("first", "last"):
        indptr = np.concatenate(([0], np.cumsum(one != NOBODY))).astype(np.uint64)
        parent = one[one != NOBODY]
        return _Shares(indptr, parent, np.ones(parent.size), n_fallback)
    share = _dealt(lineage, links, _rate(by, half_life_hours), weight)
    alone = (named != NOBODY) | (links.size == 0)
    sizes = np.where(alone, one != NOBODY, links.size)
    indptr = np.concatenate(([0], np.cumsum(sizes))).astype(np.uint64)
    parent, dealt = np.empty(int(indptr[-1]), np.uint32), np.ones(int(indptr[-1]))
    many = np.repeat(~alone, sizes)
    kept = np.repeat(~alone, links.size)
    parent[many], dealt[many] = links.parent[kept], share[kept]
    parent[~many] = one[alone & (one != NOBODY)]
    return _Shares(indptr, parent, dealt, n_fallback)


def _dealt(lineage: Lineage, links: Links, rate: float, weight: Floats | None) -> Floats:
    """Each link's share in its adoption: weight * exp(-rate * delay), in parts of the sum."""
    some = np.flatnonzero(links.size)
    if not some.size:
        return np.empty(0)
    starts, stops = links.indptr[some].astype(np.int64), links.indptr[some + 1].astype(np.int64)
    moment = lineage.moment[links.parent]
    delay = np.repeat(moment[stops - 1], links.size[some]) - moment  # from the latest, so that not all can vanish
    odds = np.exp(-rate * delay)
    if weight is not None:
        odds *= weight[links.parent]
    total = np.add.reduceat(odds, starts)
    return odds / np.repeat(total, links.size[some])


def _rate(by: str, half_life_hours: float) -> float:
    """Decay per microsecond."""
    return math.log(2.0) / (half_life_hours * _MICROSECONDS_PER_HOUR) if by == "time_weighted" else 0.0


def _weights(lineage: Lineage, weigh: str) -> Floats | None:
    """What each adoption's odds are proportional to; None for 1 everywhere."""
    if weigh == "equal":
        return None
    logged = lineage.events.extra.get("followers_at_time")
    if logged is not None:
        followers = np.append(np.asarray(logged, np.float64), np.nan)[lineage.row]
    elif lineage.graph is not None:
        followers = lineage.graph.in_degree[lineage.cascades.account].astype(np.float64)
    else:
        raise ParameterError(
            "weigh='followers' must be with a log that has followers_at_time, or with a graph, got neither; "
            "use weigh='equal'"
        )
    return np.maximum(np.nan_to_num(followers, nan=1.0), 1.0)


def _facts(
    lineage: Lineage, by: str, half_life_hours: float, named: Named | None, fallback: str
) -> Mapping[str, object]:
    facts: dict[str, object] = {"by": by, "graph": lineage.graph is not None}
    facts["named"] = named or ("trust" if lineage.graph is None else "ignore")
    facts |= {"half_life_hours": float(half_life_hours)} if by == "time_weighted" else {}
    facts |= {"fallback": fallback} if lineage.graph is not None else {}
    return {**facts, **lineage.adoptions.left_out}
