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

:func:`~swayrank.learning.casin.casin` follows credit further, down the trees.

Delays from accounts whose moment is unknown count from the post's first dated adoption; see
:mod:`swayrank.learning.lineage`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from swayrank._progress import Progress
from swayrank._validate import Integer, Interval, OneOf, Optional, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.events import Events
from swayrank.graph import Graph
from swayrank.ids import Ids, read_only
from swayrank.kernels.lineage import NOBODY
from swayrank.learning._text_table import ROWS_SHOWN, text_table
from swayrank.learning.adoptions import SPREADING, U32
from swayrank.learning.lineage import HALF_LIFE_HOURS, Counts, Floats, Lineage, Named
from swayrank.learning.shares import Latent, latent_credits, pairs_of, rate_of, shares_of, too_many
from swayrank.measures._measure import Measure, highest
from swayrank.tables import frame

Rule = Literal["split", "first", "last", "time_weighted"]
Fallback = Literal["root", "none"]

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
        order = highest(self.credit, ROWS_SHOWN)
        rows = [
            (str(self.ids[int(v)]), f"{self.credit[v]:.6g}", str(self.n_credited[v]), str(self.n_adoptions[v]))
            for v in order
        ]
        n = int(self.n_adoptions.sum())
        head = f"{n:,} adoptions by {self.params['by']}: {n - self.n_unattributed:,} credited"
        head += f" ({self.n_named:,} to whom the log names)" if self.n_named else ""
        head += f" ({self.n_fallback:,} to the root, for want of a followee)" if self.n_fallback else ""
        return text_table(head, ("account", "credit", "n_credited", "n_adoptions"), rows, len(self.ids))


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
            for a in highest(self.credit, ROWS_SHOWN)
        ]
        head = f"credit of {len(self):,} arcs by {self.params['by']}"
        return text_table(head, ("adopter", "source", "credit", "n_posts"), rows, len(self), words=2)


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
    half_life_hours : float, default=2.8315
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
    O(adoptions) without a graph, after sorting them; with one, the sum over adoptions of the fewer of followees and
    earlier adopters. Peak memory: 100 bytes per row of the log; with a graph 80 for each candidate besides.

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
        latent = Latent.of(lineage, sources, rate_of(by, half_life_hours), below=False)
        credit, credited = latent_credits(latent, lineage.bounds, runner, progress)
        unattributed = int(np.count_nonzero(first_moment))
    else:
        shares = shares_of(lineage, by, half_life_hours, sources, fallback, runner, progress)
        parent = shares.links.parent
        credit = np.bincount(parent, shares.share, lineage.n).astype(np.float64)  # no parents at all: integers
        credited = np.bincount(parent, minlength=lineage.n)
        n_fallback = shares.n_fallback
        unattributed = int(np.count_nonzero(shares.links.size == 0))
    account = lineage.cascades.account
    n = len(lineage.ids)
    return Attribution(
        lineage.ids,
        read_only(np.bincount(account, credit, n)),
        read_only(np.bincount(account, credited, n).astype(np.int64)),
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
    O(pairs * log(pairs)), on one thread without a graph; peak memory 60 bytes for each pair.

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
    runner = resolve_engine(engine, threads)
    sources = lineage.named(named)
    facts = _facts(lineage, by, half_life_hours, named, fallback)
    if graph is None and by in ("split", "time_weighted"):
        latent = Latent.of(lineage, sources, rate_of(by, half_life_hours), below=False)
        child, parent, share = pairs_of(latent, max_pairs)
    else:
        shares = shares_of(lineage, by, half_life_hours, sources, fallback, runner, progress)
        if shares.links.parent.size > max_pairs:
            raise too_many(shares.links.parent.size, max_pairs)
        child = np.repeat(np.arange(lineage.n, dtype=np.uint32), shares.links.size)
        parent, share = shares.links.parent, shares.share
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


def _facts(
    lineage: Lineage, by: str, half_life_hours: float, named: Named | None, fallback: str
) -> Mapping[str, object]:
    facts: dict[str, object] = {"by": by, "graph": lineage.graph is not None}
    facts["named"] = named or ("trust" if lineage.graph is None else "ignore")
    facts |= {"half_life_hours": float(half_life_hours)} if by == "time_weighted" else {}
    facts |= {"fallback": fallback} if lineage.graph is not None else {}
    return {**facts, **lineage.adoptions.left_out}
