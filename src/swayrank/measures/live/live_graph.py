"""A graph that changes, and measures kept current on it: degrees, core numbers, PageRank and Katz.

A :class:`LiveGraph` takes follows and unfollows by account. What a change costs depends on the rows that it touches and
on how far its effect is felt, not on the size of the graph; answers equal those of a computation from scratch: degrees
and core numbers exactly, PageRank and Katz within a bound that is stated with them.

A measure begins to be kept when it is first asked for, which costs as much as computing it. From then on each update
also corrects what the measure rests on: core numbers at once, ranks in their residuals, so that the pushing is done
when the rank is next asked for and many changes are met by one. See :mod:`swayrank.measures.live.ranks` for the
formulas and bounds and :mod:`swayrank.kernels.live_cores` for core numbers.

Arcs count alike: a live graph leaves the columns of its graph behind, and says so. Not to be updated from two threads.

Sources: Zhang, Lofgren & Goel (2016), doi:10.1145/2939672.2939804; Ohsaka, Maehara & Kawarabayashi (2015),
doi:10.1145/2783258.2783278; Sarıyüce, Gedik, Jacques-Silva, Wu & Çatalyürek (2013), doi:10.14778/2536336.2536344.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._validate import Integer, Interval, Optional, domains
from swayrank.errors import ConvergenceError, ParameterError, warn_caller
from swayrank.graph import Graph
from swayrank.ids import ABSENT, Ids
from swayrank.measures._data import check_graph
from swayrank.measures._measure import Measure
from swayrank.measures.centrality.core import k_core
from swayrank.measures.live.accounts import Accounts
from swayrank.measures.live.cores import Cores, is_large
from swayrank.measures.live.passes import passed_over
from swayrank.measures.live.ranks import NoSolutionError, Ranks
from swayrank.measures.live.rows import Flags, Rows

U32 = npt.NDArray[np.uint32]

# The sum that a rank is divided by, and the division, round.
_ROUNDING = 2.0**-50
# Of the residuals that the tolerance allows: what stays after a settling, and what rounding may take.
_LEFT, _MOST_LEFT, _FOR_ROUNDING, _FLOOR = 0.5, 0.9, 0.25, 1 / 8
# Pushes over so many arcs, of all there are: from there on passes over the whole graph are the shorter way.
_PUSHED_SHARE = 1 / 8
_KATZ_PASSES = 30


@dataclass(frozen=True)
class Change:
    """What became of the rows of an update.

    Attributes
    ----------
    added, removed : int
        Arcs (edges, if the graph is undirected) that came and went.
    already_there, not_there : int
        Rows to add whose arc was there, and rows to remove whose arc was not.
    self_loops : int
        Rows to add that were dropped because both ends are the same account.
    new_accounts : int
        Accounts that were not there before.

    Examples
    --------
    >>> print(Change(added=2, removed=1, not_there=1, new_accounts=1))
    2 added, 1 removed, 1 not there, 1 new account
    """

    added: int = 0
    removed: int = 0
    already_there: int = 0
    not_there: int = 0
    self_loops: int = 0
    new_accounts: int = 0

    def __str__(self) -> str:
        told = [f"{self.added:,} added", f"{self.removed:,} removed"]
        told += [f"{self.already_there:,} already there"] if self.already_there else []
        told += [f"{self.not_there:,} not there"] if self.not_there else []
        told += [f"{self.self_loops:,} self-loop{'s' * (self.self_loops != 1)} dropped"] if self.self_loops else []
        n = self.new_accounts
        return ", ".join(told + ([f"{n:,} new account{'s' * (n != 1)}"] if n else []))


@dataclass(frozen=True)
class Effort:
    """What keeping the measures current has taken so far.

    Attributes
    ----------
    pushes : int
        Nodes whose residual was pushed, for PageRank and Katz.
    arcs : int
        Arcs over which that passed something on, the rows that changed among them.
    visits : int
        Nodes looked at for their core number.
    recomputed : int
        How often a measure was computed from scratch, or its residuals were.
    """

    pushes: int
    arcs: int
    visits: int
    recomputed: int


class LiveGraph:
    """A graph that takes follows and unfollows, with measures kept current. ``graph.update(...)`` makes one.

    Parameters
    ----------
    graph : Graph
        Where it begins; the graph itself stays as it is. Its columns are left behind.
    damping : float, default=0.85
        PageRank's damping, in [0, 1).
    alpha : float or None, default=None
        Katz's attenuation, greater than 0 and below the inverse of the adjacency's largest eigenvalue, now and after
        all updates. None chooses half of that limit, estimated when Katz is first asked for.
    tol : float, default=1e-6
        Bound on PageRank's L1 error, and on the relative error of each account's Katz centrality, in (0, 0.5]. See
        Notes for what a small one costs.
    threads : int or None, default=None
        How many threads passes over the whole graph take; None for all that the process may use. Changes no bit.

    Attributes
    ----------
    n_nodes, n_edges : int
        Nodes and stored arcs now.
    directed : bool
        Whether arcs go one way.
    last_change : Change
        What the last update did.

    Raises
    ------
    ParameterError
        For a parameter outside its domain, or data that is no graph.

    Notes
    -----
    An update costs a search in, and a shift of, the two rows of each arc, and, once ranks are kept, a pass over the
    out-rows that it changes. Reading a measure copies n values.

    A rank that is asked for is pushed until the bound holds. One account's follows hold about 1 / n of PageRank's
    mass: with a `tol` well above that most changes need no push at all, and now and then some pushes pay for many; with
    one far below it, each change is felt all over the graph, and the answer comes from passes over all of it, from a
    warm start. Pushes end where they have led over an eighth of the arcs, so an answer costs little more than those
    passes.

    Memory: 32 bytes per node, the rows that have changed (at least twice their length), and per node 25 for each rank
    and 17 for core numbers. The same updates and questions give the same bits.

    References
    ----------
    Zhang, Lofgren & Goel (2016), "Approximate personalized PageRank on dynamic graphs", doi:10.1145/2939672.2939804
    Sarıyüce et al. (2013), "Streaming algorithms for k-core decomposition", doi:10.14778/2536336.2536344

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["ada", "bob", "cem"], ["bob", "cem", "ada"])
    >>> live = g.update(added=[("dan", "ada")])
    >>> live.pagerank().top(2)
    rank  account  pagerank
       1  ada      0.332604
       2  bob      0.320214
    >>> print(live.update(added=[("dan", "bob"), ("eve", "bob")], removed=[("dan", "ada")]))
    2 added, 1 removed, 1 new account
    >>> live.pagerank().top(2)
    rank  account  pagerank
       1  bob      0.332167
       2  cem      0.312342
    >>> live.k_core().values
    array([2, 2, 2, 1, 1], dtype=uint32)
    """

    @domains(
        damping=Interval(0, 1, "[)"),
        alpha=Optional(Interval(0, math.inf, "()")),
        tol=Interval(0, 0.5, "(]"),
        threads=Optional(Integer(1)),
    )
    def __init__(
        self,
        graph: Graph,
        *,
        damping: float = 0.85,
        alpha: float | None = None,
        tol: float = 1e-6,
        threads: int | None = None,
    ) -> None:
        check_graph("LiveGraph", graph)
        if graph.columns:
            warn_caller(f"a live graph counts arcs alike: it leaves the columns {', '.join(graph.columns)} behind")
        self._rows = Rows(graph)
        self._accounts = Accounts(graph.ids)
        self.directed = graph.directed
        self.last_change = Change()
        self._damping, self._alpha, self._tol, self._threads = float(damping), alpha, float(tol), threads
        self._pagerank: Ranks | None = None
        self._katz: Ranks | None = None
        self._cores: Cores | None = None
        self._recomputed = 0

    @property
    def n_nodes(self) -> int:
        """How many accounts there are now."""
        return self._rows.n_nodes

    @property
    def n_edges(self) -> int:
        """How many arcs are stored now (an undirected edge is two)."""
        return self._rows.n_arcs

    @property
    def ids(self) -> Ids:
        """The accounts now: those of the graph, then the new ones as they came."""
        return self._accounts.ids()

    @property
    def effort(self) -> Effort:
        """What keeping the measures current has taken so far."""
        work = [ranks.work for ranks in (self._pagerank, self._katz) if ranks is not None]
        visits = 0 if self._cores is None else self._cores.visits
        return Effort(sum(w.pushes for w in work), sum(w.arcs for w in work), visits, self._recomputed)

    def __repr__(self) -> str:
        kind = "directed" if self.directed else "undirected"
        return f"<LiveGraph: {self.n_nodes:,} nodes, {self.n_edges:,} arcs, {kind}>"

    # -- change ------------------------------------------------------------------------------------------------------

    def update(self, added: Any = None, removed: Any = None) -> Change:
        """Take arcs out, then put arcs in.

        Parameters
        ----------
        added, removed : sequence of pairs, array of shape (k, 2), or table, optional
            Who follows whom: (follower, followed) by account, or a mapping or dataframe with the columns ``source``
            and ``target``. Accounts that follow or are followed for the first time join. An arc named in both is
            there afterwards.

        Returns
        -------
        Change
            How many arcs came and went, and which rows had nothing to do; that is no error.

        Raises
        ------
        ParameterError
            If rows are not pairs, an account is missing, or does not fit the ids that there are. Nothing has changed
            then.

        Examples
        --------
        >>> import swayrank as sr
        >>> live = sr.Graph.from_edges([0, 1], [1, 2]).update()
        >>> print(live.update(added=[(2, 0), (2, 0), (1, 1)], removed={"source": [0, 5], "target": [1, 1]}))
        1 added, 1 removed, 1 already there, 1 not there, 1 self-loop dropped
        """
        names_in, names_out = _ends("added", added), _ends("removed", removed)
        n_before = len(self._accounts)
        gone = self._arcs(names_out, add=False)
        come = self._arcs(names_in, add=True)
        loops = come[0] == come[1]
        unknown = (gone[0] == ABSENT) | (gone[1] == ABSENT)
        come, gone = (come[0][~loops], come[1][~loops]), (gone[0][~unknown], gone[1][~unknown])
        n_removed, n_added = self._apply(self._mirrored(*gone), self._mirrored(*come))
        self.last_change = Change(
            added=n_added,
            removed=n_removed,
            already_there=come[0].size - n_added,
            not_there=unknown.size - n_removed,
            self_loops=int(np.count_nonzero(loops)),
            new_accounts=len(self._accounts) - n_before,
        )
        return self.last_change

    def _arcs(self, names: tuple[Any, Any], *, add: bool) -> tuple[U32, U32]:
        """Positions, new accounts in the order of the rows."""
        n = len(names[0])
        woven = [name for pair in zip(*names, strict=True) for name in pair]
        both = self._accounts.positions(woven, add=add) if n else np.empty(0, np.uint32)
        return both[0::2].copy(), both[1::2].copy()

    def _mirrored(self, u: U32, v: U32) -> tuple[U32, U32]:
        """Both arcs of each edge, where the graph is undirected."""
        if self.directed:
            return u, v
        return np.stack([u, v], axis=1).ravel(), np.stack([v, u], axis=1).ravel()

    def _apply(self, gone: tuple[U32, U32], come: tuple[U32, U32]) -> tuple[int, int]:
        """Change the rows, and what rests on them; how many arcs or edges went and came."""
        self._rows.add_nodes(len(self._accounts))
        touched = np.unique(np.concatenate([gone[0], come[0]]))
        ranks = [kept for kept in (self._pagerank, self._katz) if kept is not None]
        for kept in ranks:
            kept.grow()
            kept.before(touched)
        went, came = self._change_rows(gone, come)
        for kept in ranks:
            kept.after(touched)
        if self._rows.is_loose:
            self.graph()
        each = 1 if self.directed else 2
        # The second arc of an edge that is a self-loop is gone with the first.
        return int(np.count_nonzero(went[::each])), int(np.count_nonzero(came[::each]))

    def _change_rows(self, gone: tuple[U32, U32], come: tuple[U32, U32]) -> tuple[Flags, Flags]:
        cores = self._cores
        if cores is None or is_large(gone[0].size + come[0].size, self.n_edges):
            went, came = self._rows.change(*gone, adding=False), self._rows.change(*come, adding=True)
            if cores is not None:
                self._cores = self._peeled(cores.visits)
            return went, came
        cores.grow()
        went, came = cores.remove(*gone), cores.add(*come)
        if cores.is_lost:
            self._cores = self._peeled(cores.visits)
        return went, came

    def _peeled(self, visits: int) -> Cores:
        self._recomputed += 1
        return Cores(self._rows, k_core(self.graph()).values, visits)

    # -- look --------------------------------------------------------------------------------------------------------

    def graph(self) -> Graph:
        """The graph as it is now, as an ordinary one. O(n + m) after a change; the live graph rests on it then.

        Examples
        --------
        >>> import swayrank as sr
        >>> sr.Graph.from_edges([0, 1], [1, 2]).update(added=[(2, 3)]).graph()
        <Graph: 4 nodes, 3 arcs, directed>
        """
        return self._rows.compact(self.ids)

    def out_degree(self) -> Measure:
        """How many accounts each follows: uint32, exact. O(n)."""
        return Measure("out_degree", self._rows.degree(0), self.ids)

    def in_degree(self) -> Measure:
        """How many followers each account has: uint32, exact. O(n)."""
        return Measure("in_degree", self._rows.degree(1), self.ids)

    def k_core(self) -> Measure:
        """Core numbers (neighbours either way), as :func:`swayrank.k_core` gives them: uint32, exact.

        Kept from the first call on. Updates of more than 1/1024 of the arcs (and more than 64), and those whose
        searches have looked at an eighth of them, peel the whole graph.
        """
        if self._cores is None:
            self._cores = self._peeled(0)
        return Measure("k_core", self._cores.values(), self.ids, {"variant": "neighbours"})

    def pagerank(self) -> Measure:
        """PageRank without weights or personalization, as :func:`swayrank.pagerank` gives it.

        Kept from the first call on.

        Returns
        -------
        Measure
            float64 masses that sum to 1, with `error_bound` (L1), at most `tol`.

        Raises
        ------
        ConvergenceError
            If rounding stands in the way of `tol`.
        """
        params = {"damping": self._damping, "tol": self._tol, "dangling": "uniform"}
        if self.n_nodes == 0:
            return Measure("pagerank", np.zeros(0), self.ids, params, error_bound=0.0)
        if self._pagerank is None:
            self._pagerank = self._first_pagerank()
        ranks = self._pagerank
        allowed = 0.5 * self._tol * (1 - self._damping) * float(ranks.values.sum())
        if ranks.mass > allowed:
            self._settle_pagerank(ranks, allowed)
        total = float(ranks.values.sum())
        mass = float(np.abs(ranks.residual).sum()) + ranks.rounding
        bound = 2 * mass / ((1 - self._damping) * total) + _ROUNDING
        if bound > self._tol:
            raise ConvergenceError(
                f"pagerank reached an L1 error bound of {bound:.3g}, not tol={self._tol:g}: raise tol"
            )
        return Measure("pagerank", ranks.values / total, self.ids, params, error_bound=bound)

    def katz(self) -> Measure:
        """Katz centrality: x = alpha A^T x + 1, the walks that end at an account, shorter ones counting more.

        Kept from the first call on.

        Returns
        -------
        Measure
            float64 values >= 1, with `error_bound`: no value is further off than so many times itself; at most `tol`.

        Raises
        ------
        ParameterError
            If alpha is not below the inverse of the adjacency's largest eigenvalue (any more).
        ConvergenceError
            If rounding stands in the way of `tol`.
        """
        if self._katz is None:
            self._katz = self._first_katz()
        ranks, alpha = self._katz, self._alpha
        if not ranks.is_settled:
            try:
                self._settle_katz(ranks)
            except NoSolutionError as error:
                self._katz = None
                raise self._no_katz() from error
        largest = (float(np.abs(ranks.residual).max()) if self.n_nodes else 0.0) + ranks.rounding
        bound = largest / (1 - largest) + _ROUNDING if largest < 1 else math.inf
        if bound > self._tol:
            raise ConvergenceError(
                f"katz reached a relative error bound of {bound:.3g}, not tol={self._tol:g}: raise tol"
            )
        params = {"alpha": alpha, "beta": 1.0, "tol": self._tol}
        return Measure("katz", ranks.values.copy(), self.ids, params, error_bound=bound)

    # -- begin and settle ----------------------------------------------------------------------------------------------

    def _settle_pagerank(self, ranks: Ranks, allowed: float) -> None:
        """Push well below what is allowed, so that a few more changes need no pushing; mind the rounding."""
        target = _LEFT * allowed
        if not ranks.settle(target, "pagerank", _PUSHED_SHARE * self.n_edges):
            self._recomputed += 1
            found = passed_over(self.graph(), ranks.values, self._damping, ranks.mass, target, self._threads)
            ranks.replace(found)
        elif ranks.rounding > _FOR_ROUNDING * allowed:
            self._recomputed += 1
            ranks.recompute()
        ranks.settle(_MOST_LEFT * allowed, "pagerank")

    def _first_pagerank(self) -> Ranks:
        graph, damping = self.graph(), self._damping
        self._recomputed += 1
        # y sums to (1 - d) n at least, and to n at most: what is allowed for it is this or more.
        least = 0.5 * self._tol * (1 - damping) ** 2 * graph.n_nodes
        ones = np.ones(graph.n_nodes)
        values = passed_over(graph, ones, damping, 2.0 * graph.n_nodes, _LEFT * least, self._threads)
        # With all residuals at the floor, their sum is a quarter of what is allowed.
        floor = _FLOOR * self._tol * (1 - damping) ** 2
        return Ranks(self._rows, constant=1 - damping, factor=damping, shared=True, floor=floor, values=values)

    def _settle_katz(self, ranks: Ranks) -> None:
        ranks.settle(0.0, "katz")
        if ranks.rounding > _FOR_ROUNDING * self._tol:
            self._recomputed += 1
            ranks.recompute()
            ranks.settle(0.0, "katz")

    def _first_katz(self) -> Ranks:
        self.graph()
        self._recomputed += 1
        if self._alpha is None:
            self._alpha = 0.5 / max(self._growth(), 1.0)
        values = np.ones(self.n_nodes)
        return Ranks(
            self._rows, constant=1.0, factor=float(self._alpha), shared=False, floor=0.5 * self._tol, values=values
        )

    def _growth(self) -> float:
        """About the largest eigenvalue: how much 30 steps along the arcs, or staying, multiply, less the staying."""
        ranks = Ranks(self._rows, constant=0.0, factor=1.0, shared=False, floor=math.inf, values=np.ones(self.n_nodes))
        growth = 1.0
        for _ in range(_KATZ_PASSES if self.n_nodes else 0):
            # The residual is A^T x - x.
            x = ranks.values
            x += ranks.residual + x
            growth = float(x.max())
            x /= growth
            ranks.recompute()
        return growth - 1.0

    def _no_katz(self) -> ParameterError:
        n = self._rows.n_nodes
        safe = max(1, min(int(self._rows.degree(0).max()), int(self._rows.degree(1).max()))) if n else 1
        return ParameterError(
            "alpha must be below 1 / the largest eigenvalue of the adjacency, got "
            f"{self._alpha}: Katz has no finite values for this graph; below {1 / safe:.3g} it always has"
        )


def _ends(name: str, rows: Any) -> tuple[Any, Any]:
    """Rows in any accepted form -> two lists of accounts of one length."""
    if rows is None:
        return [], []
    table = isinstance(rows, Mapping) or hasattr(rows, "columns") or hasattr(rows, "column_names")
    if isinstance(rows, str | bytes) or not (table or hasattr(rows, "__iter__")):
        raise ParameterError(f"{name} must be pairs of accounts, got {rows!r}")
    if table:
        try:
            columns = [rows["source"], rows["target"]]
        except (KeyError, LookupError) as error:
            raise ParameterError(f"{name} must have the columns 'source' and 'target', it lacks {error}") from None
        ends = [column.to_pylist() if hasattr(column, "to_pylist") else list(column) for column in columns]
        if len(ends[0]) != len(ends[1]):
            raise ParameterError(f"{name} must have columns of one length, got {len(ends[0])} and {len(ends[1])}")
        return ends[0], ends[1]
    pairs = rows.tolist() if isinstance(rows, np.ndarray) else list(rows)
    for number, pair in enumerate(pairs):
        if isinstance(pair, str | bytes) or not hasattr(pair, "__len__") or len(pair) != 2:
            raise ParameterError(f"{name} must be pairs (follower, followed), got {pair!r} at row {number}")
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]
