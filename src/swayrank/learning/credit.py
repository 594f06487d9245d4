r"""Credit distribution: spread and seeds straight from the log, without probabilities and without simulation.

For each post, every adopter u owes its adoption to the followees v that adopted it strictly before. The direct credit
gamma(v, u) is ::

    "equal":  1 / number of such followees
    "time":   influence(u) / number of such followees * exp(-(t(u) - t(v)) / tau(v, u))

where tau(v, u) is the mean delay over all posts that both took up in this order, and influence(u) the share of u's
posts for which some such followee was at most tau before u. Credit is passed on: what a set S is owed of u's adoption
of post a is 1 where u is in S, else Gamma(S, u, a) = sum over v of gamma(v, u) Gamma(S, v, a). With A(u) the number of
posts that u adopted, the spread of S is ::

    sigma_cd(S) = sum over u of 1 / A(u) * sum over posts a of Gamma(S, u, a)

at most the number of accounts that adopted anything; an account that adopted nothing counts for 0, as a seed too. It
is monotone and submodular, and greedy seeds are within 1 - 1/e of the best.

How it is computed. Each post's adopters and their parents are a directed acyclic graph in the order of time. Spread is
one pass forward. The gain of x over S is the sum over x's posts of ::

    (1 - Gamma(S, x, a)) * value(x, a)
    value(i) = 1 / A(i) + sum over i's children j outside S of gamma(i, j) value(j)

(as in the paper), so one pass backward gives every account's gain at once, and a new seed changes only the posts
that it adopted. Nothing is truncated: the paper keeps the credits of all pairs, quadratic in a post's adopters, and
drops those below a threshold; here there are two numbers per adoption, and none needs to be dropped.

An unknown delay (of an account that the log only names as a target) is taken to be tau.

References
----------
Goyal, Bonchi, Lakshmanan: A data-based approach to social influence maximization. PVLDB 2011.
Leskovec, Krause, Guestrin, Faloutsos, VanBriesen, Glance: Cost-effective outbreak detection in networks. KDD 2007.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank._validate import Integer, OneOf, check, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import ParameterError
from swayrank.events import Events
from swayrank.graph import Graph
from swayrank.ids import Ids, read_only
from swayrank.kernels.credit import flow_back, flow_on, marginal_gains, time_shares
from swayrank.learning._text_table import text_table
from swayrank.learning.adoptions import EARLIEST, SPREADING, U32, U64, Cascades
from swayrank.learning.lineage import Floats, Lineage, Links
from swayrank.measures._measure import Measure
from swayrank.measures.propagation.accounts import Accounts, resolve_accounts
from swayrank.tables import frame

Credit = Literal["equal", "time"]


class Flow(NamedTuple):
    """Credit on the parents of all adoptions, as kernels take it.

    Attributes
    ----------
    indptr, account : numpy.ndarray
        Adoptions by post.
    links, parent : numpy.ndarray
        Their parents.
    share : numpy.ndarray of float64
        How much of each adoption is owed to each parent.
    own : numpy.ndarray of float64
        What each adoption counts for.
    """

    indptr: U64
    account: U32
    links: U64
    parent: U32
    share: Floats
    own: Floats

    @classmethod
    def of(cls, cascades: Cascades, links: Links, share: Floats, own: Floats) -> Flow:
        """Read-only, as every kernel wants them."""
        arrays = (cascades.indptr, cascades.account, links.indptr, links.parent, share, own)
        return cls(*(read_only(array) for array in arrays))


class _Past(NamedTuple):
    flow: Flow
    is_seed: npt.NDArray[np.bool_]


def values(flow: Flow, n_accounts: int, runner: Engine, bounds: npt.NDArray[np.int64]) -> Floats:
    """What every adoption is worth with all that it led to: its own, and its shares of what later ones are worth."""
    nobody = read_only(np.zeros(n_accounts, np.bool_))
    return np.concatenate([*runner.map(_values_of, _Past(flow, nobody), bounds)])


def _values_of(task: _Past, start: int, stop: int) -> Floats:
    first, last = task.flow.indptr[start], task.flow.indptr[stop]
    value = np.empty(int(last - first))
    posts = np.arange(start, stop, dtype=np.uint32)
    arrays = (posts, *task.flow, task.is_seed)  # what was pickled has come back writable
    flow_back(*(read_only(array) for array in arrays), np.uint64(first), value)
    return value


@dataclass(frozen=True, eq=False, repr=False)
class CreditSeeds:
    """Seeds chosen from a log by credit distribution; made by :meth:`CreditDistribution.select_seeds`.

    Attributes
    ----------
    seeds : numpy.ndarray of uint32, shape (k,)
        Positions in the order of choice.
    ids : Ids
        The accounts that positions mean.
    marginal_gains : numpy.ndarray of float64, shape (k,)
        What each added, in accounts; they never rise.
    n_evaluations : int
        How many gains were computed anew after the first round.
    """

    seeds: U32
    ids: Ids
    marginal_gains: Floats
    n_evaluations: int

    @property
    def spread(self) -> float:
        """The seeds' spread together, in accounts."""
        return float(self.marginal_gains.sum())

    @property
    def accounts(self) -> list[int | str]:
        """The seeds' ids in the order of choice."""
        return [self.ids[int(v)] for v in self.seeds]

    def to_frame(self, backend: str = "pandas") -> Any:
        """Columns ``rank``, ``account``, ``marginal_gain``, ``spread`` (of all so far); one row per seed."""
        columns = {
            "rank": np.arange(1, self.seeds.size + 1),
            "account": self.ids.to_arrow().take(self.seeds),
            "marginal_gain": self.marginal_gains,
            "spread": np.cumsum(self.marginal_gains),
        }
        return frame(columns, backend)

    def __repr__(self) -> str:
        so_far = np.cumsum(self.marginal_gains)
        rows = [
            (str(rank), str(account), f"{gain:.6g}", f"{total:.6g}")
            for rank, (account, gain, total) in enumerate(
                zip(self.accounts, self.marginal_gains, so_far, strict=True), 1
            )
        ]
        head = f"{self.seeds.size} seeds by credit distribution, spread {self.spread:.6g}"
        return text_table(head, ("rank", "account", "marginal_gain", "spread"), rows, len(rows), words=2)


class CreditDistribution:
    """The spread of sets of accounts as a log shows it: how much of all adoptions is owed to them.

    Influence is read against the arcs: an account is owed by its followers.

    Parameters
    ----------
    graph : Graph
        Who follows whom, before or during the log. Rows by other accounts are left out.
    events : Events
        A log with posts and times.
    credit : {"equal", "time"}, default="equal"
        How an adoption is owed to those before it; see the module.
    actions : iterable of str, default=("post", "repost", "quote")
        What counts as taking up a post.
    engine, threads, progress
        Where and on how many threads to find the parents, and whether to tell. They change no bit of the result.

    Attributes
    ----------
    n_adoptions, n_links : int
        Adoptions by accounts of the graph, and pairs of an adoption and one it may have come from.
    n_initiators : int
        Adoptions that no followee had made before: owed to nobody.

    Raises
    ------
    ParameterError
        If the log has no adoptions by accounts of the graph, or `credit` is neither.

    Notes
    -----
    O(sum over adoptions of the fewer of followees and earlier adopters) to prepare, O(links) for all single spreads.
    Direct credits that fade with time are computed on one thread. Memory: 100 bytes per row of the log while it is
    made, then 12 per link and 60 per adoption.

    References
    ----------
    Goyal, Bonchi & Lakshmanan (2011), "A data-based approach to social influence maximization", PVLDB 5(1).

    Examples
    --------
    Cem follows ada and bob, who follows ada. All three took up p, in this order; only bob and cem took up q:

    >>> import swayrank as sr
    >>> from swayrank.learning.credit import CreditDistribution
    >>> g = sr.Graph.from_edges(["bob", "cem", "cem"], ["ada", "ada", "bob"])
    >>> ev = sr.Events.from_frame({"actor": ["ada", "bob", "cem", "bob", "cem"], "post": list("pppqq"),
    ...                            "action": ["post", "repost", "repost", "post", "repost"],
    ...                            "time": [1, 2, 3, 1, 2]})
    >>> cd = CreditDistribution(g, ev)
    >>> cd.spreads()                 # ada: 1 + 1/2 for bob + (1/2 + 1/2) / 2 for cem
    credit_spread of 3 accounts
    rank  account  credit_spread
       1  ada                  2
       2  bob               1.75
       3  cem                  1
    >>> cd.select_seeds(2)
    2 seeds by credit distribution, spread 3
    rank  account  marginal_gain  spread
       1  ada                  2       2
       2  bob                  1       3
    >>> cd.spread(["ada", "bob"])
    3.0
    """

    @domains(credit=OneOf("equal", "time"))
    def __init__(
        self,
        graph: Graph,
        events: Events,
        *,
        credit: Credit = "equal",
        actions: Iterable[str] = SPREADING,
        engine: str | Engine = "local",
        threads: int | None = None,
        progress: Progress = None,
    ) -> None:
        if graph is None:
            raise ParameterError(
                "graph must say who follows whom, got None; without one use attribute(events) or casin(events)"
            )
        self._runner = resolve_engine(engine, threads)
        self._lineage = lineage = Lineage.of("CreditDistribution", events, graph, actions)
        self.graph, self.credit = graph, credit
        links = lineage.parents(self._runner, progress)
        count = lineage.adoptions.count
        own = 1.0 / count[lineage.cascades.account]
        share = _shares(lineage, links, credit)
        self._flow = Flow.of(lineage.cascades, links, share, own)
        self.n_adoptions, self.n_links = lineage.n, links.parent.size
        self.n_initiators = int(np.count_nonzero(links.size == 0))

    def __repr__(self) -> str:
        return (
            f"<CreditDistribution: {self.n_adoptions:,} adoptions of {self._lineage.adoptions.n_posts:,} posts, "
            f"{self.n_links:,} links, credit={self.credit!r}>"
        )

    def spread(self, seeds: Accounts) -> float:
        """How many accounts' adoptions are owed to the seeds, their own included.

        Parameters
        ----------
        seeds : id or iterable of ids
            Accounts of the graph.

        Raises
        ------
        UnknownAccountError
            If one is not in the graph.

        Notes
        -----
        O(links of the posts that the seeds adopted).
        """
        nodes = resolve_accounts(self.graph, seeds, "seeds").nodes
        is_seed = np.zeros(self.graph.n_nodes, np.bool_)
        is_seed[nodes] = True
        posts = np.unique(self._lineage.adoptions.post[is_seed[self._lineage.adoptions.account]])
        captured = np.zeros(self.n_adoptions)
        return float(flow_on(read_only(posts), *self._flow, read_only(is_seed), captured))

    def spreads(self) -> Measure:
        """The spread of every account alone: float64, 0 for those that adopted nothing.

        Notes
        -----
        O(links), by one pass backward through each post.
        """
        gains = self._gains(self._everybody(), self._values(), np.zeros(self.n_adoptions))
        spread = np.zeros(self.graph.n_nodes)
        spread[self._everybody()] = gains
        facts = {"credit": self.credit, "n_adoptions": self.n_adoptions, "n_links": self.n_links}
        return Measure("credit_spread", spread, self.graph.ids, facts | dict(self._lineage.adoptions.left_out))

    @domains(k=Integer(1))
    def select_seeds(self, k: int, *, progress: Progress = None) -> CreditSeeds:
        """Choose k seeds greedily, each by its exact gain over those before it; ties to the first in public order.

        Parameters
        ----------
        k : int
            How many; at most the number of accounts that adopted anything.
        progress
            Whether to tell.

        Raises
        ------
        ParameterError
            If fewer accounts adopted anything.

        Notes
        -----
        A gain that was computed for fewer seeds is an upper bound of the present one (CELF), so only the accounts on
        top are looked at again: O(posts of the account) each; a new seed costs the links of its posts, twice.
        """
        everybody = self._everybody()
        check("k", k, Integer(1, everybody.size))
        value, captured = self._values(), np.zeros(self.n_adoptions)
        gains = self._gains(everybody, value, captured)
        heap = [(-gain, int(v), 0) for gain, v in zip(gains.tolist(), everybody.tolist(), strict=True)]
        heapq.heapify(heap)
        is_seed = np.zeros(self.graph.n_nodes, np.bool_)
        seeds: list[int] = []
        found: list[float] = []
        n_evaluations = 0
        with track(progress, "choosing seeds", k) as step:
            while len(seeds) < k:
                gain, v, known_for = heapq.heappop(heap)
                if known_for < len(seeds):
                    n_evaluations += 1
                    gain = -float(self._gains(np.array([v], np.uint32), value, captured)[0])
                    heapq.heappush(heap, (gain, v, len(seeds)))
                    continue
                seeds.append(v)
                found.append(-gain)
                is_seed[v] = True
                self._follow(v, is_seed, value, captured)
                step(1)
        return CreditSeeds(read_only(np.array(seeds, np.uint32)), self.graph.ids, np.array(found), n_evaluations)

    def _everybody(self) -> U32:
        """The accounts that adopted anything."""
        return np.flatnonzero(self._lineage.adoptions.count).astype(np.uint32)

    def _values(self) -> Floats:
        return values(self._flow, self.graph.n_nodes, self._runner, self._lineage.bounds)

    def _gains(self, accounts: U32, value: Floats, captured: Floats) -> Floats:
        gains = np.empty(accounts.size)
        rows = (self._lineage.adoptions.indptr, self._lineage.place)
        marginal_gains(read_only(accounts), *(read_only(array) for array in rows), captured, value, gains)
        return gains

    def _follow(self, seed: int, is_seed: npt.NDArray[np.bool_], value: Floats, captured: Floats) -> None:
        """Bring values and captured credit of the seed's posts up to date."""
        adoptions = self._lineage.adoptions
        posts = read_only(adoptions.post[int(adoptions.indptr[seed]) : int(adoptions.indptr[seed + 1])])
        now = read_only(is_seed.view())
        flow_on(posts, *self._flow, now, captured)
        flow_back(posts, *self._flow, now, np.uint64(0), value)


def _shares(lineage: Lineage, links: Links, credit: Credit) -> Floats:
    """The direct credit on every link."""
    if credit == "equal":
        return 1.0 / np.repeat(links.size, links.size)
    share = np.empty(links.parent.size)
    adoptions, cascades, graph = lineage.adoptions, lineage.cascades, lineage.graph
    assert graph is not None
    by_account = (adoptions.indptr, lineage.place, cascades.account, cascades.time, *links)
    arrays = (*by_account, graph.indptr, graph.indices)
    time_shares(*(read_only(array) for array in arrays), np.int64(EARLIEST), share)
    return share
