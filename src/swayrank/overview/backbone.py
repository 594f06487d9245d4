"""What a map of a graph shows: which accounts, which arcs among them, where, in which colour, and how large.

Large graphs are shown by their *backbone*: the accounts that rank highest (by score where scores are given, then by
followers) and those around them that connect (:mod:`swayrank.overview.choice`), and among them the arcs that say most.
An arc's strength is its share of its follower's attention: its
weight among all that the follower follows, or one part of as many as it follows. Each account's strongest arc comes
first, then each one's second, and so on, so that nobody stands alone for want of room; among equals, the followed who
ranks higher comes first.

Communities are those of the whole graph (LPAm). The largest of the graph that are on the map have a colour each, then
those with most accounts shown, in the order of their sizes in the graph; all others are grey. Places come from all arcs
among the shown accounts, drawn or not (:mod:`swayrank.overview.layout`).

Cost: O(accounts + arcs of those shown) to choose, then that of the layout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress
from swayrank._rng import Rng
from swayrank._validate import Integer, Optional, domains
from swayrank.engines import Engine
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.ids import Ids
from swayrank.measures._data import check_graph
from swayrank.measures.community.detect import Communities, communities
from swayrank.overview.choice import N_LARGEST, accounts_to_show, in_pieces
from swayrank.overview.layout import layout
from swayrank.overview.ties import EDGES, FOLLOWS, graph_ties, ties_of
from swayrank.tables import frame

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MAX_NODES, MAX_ARCS, MAX_ARCS_OF_MANY, _MANY = 2000, 6000, 3000, 5000
N_COLOURS = N_LARGEST
"""How many communities have a colour: the palette of :mod:`swayrank.report.canvas` has so many."""
REST = -1
_SEEN = 100  # one of so many accounts shown is enough for a community to be seen


@dataclass(frozen=True, eq=False, repr=False)
class Backbone:
    """A map before it is drawn: the accounts shown, the highest first.

    Attributes
    ----------
    accounts : list of int or str
        Their ids.
    nodes : numpy.ndarray of int64, shape (k,)
        Their positions in the graph.
    places : numpy.ndarray of float32, shape (k, 2)
        Where they stand.
    sized_by : {"score", "followers"}
        What `size` is.
    size : numpy.ndarray of float64, shape (k,)
        A score in [0, 100] (NaN for accounts without one), or a number of followers.
    followers : numpy.ndarray of int64, shape (k,)
        In the whole graph.
    community : numpy.ndarray of int64, shape (k,)
        In the whole graph, numbered by size; -1 for accounts without arcs.
    colour : numpy.ndarray of int64, shape (k,)
        Place in the palette; -1 for the rest.
    coloured : tuple of int
        The community of each colour.
    arcs : numpy.ndarray of int64, shape (m, 2)
        Follower and followed of each arc drawn, as places in `accounts`; the strongest first.
    n_arcs_among : int
        Arcs among the accounts shown, drawn or not.
    n_nodes, n_edges, n_communities : int
        Of the whole graph.
    details : mapping of str to numpy.ndarray of float64, shape (k,)
        Each part of the score, in [0, 100].
    arcs_are : {"follows", "reactions", "edges"}
        What an arc says: who follows whom, who reacted to whom, or, of undirected graphs, who is connected with whom;
        an edge is one arc then, and followers are neighbours.
    n_highest : int or None
        How many of the first are the highest of all, nobody between them left out; None where all shown are.
    """

    accounts: list[Any]
    nodes: Ints
    places: npt.NDArray[np.float32]
    sized_by: str
    size: Floats
    followers: Ints
    community: Ints
    colour: Ints
    coloured: tuple[int, ...]
    arcs: Ints
    n_arcs_among: int
    n_nodes: int
    n_edges: int
    n_communities: int
    details: Mapping[str, Floats]
    arcs_are: str = FOLLOWS
    n_highest: int | None = None

    def __len__(self) -> int:
        return len(self.accounts)

    @property
    def title(self) -> str:
        """What is shown."""
        what = ties_of(self.arcs_are).title
        if len(self) == self.n_nodes:
            return f"{what}: {self.n_nodes:,} account{'' if self.n_nodes == 1 else 's'}"
        which = "the highest scores" if self.sized_by == "score" else f"the most {ties_of(self.arcs_are).most}"
        which += " and those around them" if self.n_highest is not None and self.n_highest < len(self) else ""
        return f"{what}: {which}, {len(self):,} of {self.n_nodes:,} accounts"

    @property
    def caption(self) -> str:
        """Of which arcs, and what size and colour mean."""
        return self.caption_for()

    def caption_for(self, area: str | None = None, colours: str | None = None) -> str:
        """The same of a map whose dots show something else by their area, or by their colour."""
        drawn, among = len(self.arcs), self.n_arcs_among
        name = ties_of(self.arcs_are).arcs
        arcs = f"all {among:,} {name}"
        if drawn < among:
            arcs = f"{drawn:,} of {among:,} {name} (each account's strongest first)"
        shown = np.unique(self.colour[self.colour != REST]).size
        known = f"{shown} of {self.n_communities:,} communities" if shown < self.n_communities else "communities"
        return f"{arcs} among them; area of a dot: {area or self._what}; colours: {colours or known}"

    @property
    def _what(self) -> str:
        if self.sized_by != "score":
            return f"number of {self.around}"
        ends = self.score_range
        return "score" if ends is None else f"score, from {ends[0]:.0f} to {ends[1]:.0f}"

    @property
    def around(self) -> str:
        """What those are called whom `followers` counts."""
        return ties_of(self.arcs_are).many

    @property
    def score_range(self) -> tuple[float, float] | None:
        """The lowest and the highest score on the map, which the smallest and the largest dot stand for."""
        known = self.size[~np.isnan(self.size)]
        return (float(known.min()), float(known.max())) if self.sized_by == "score" and known.size else None

    def to_frame(self, backend: str = "pandas") -> Any:
        """The table behind the map: ``account``, ``x``, ``y``, score, followers, ``community``, and every part.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default "pandas"
            Which library's table.
        """
        columns: dict[str, Any] = {
            "account": Ids.from_values(self.accounts).to_arrow(),
            "x": self.places[:, 0],
            "y": self.places[:, 1],
        }
        columns |= {"score": self.size} if self.sized_by == "score" else {}
        columns |= {
            "neighbours" if self.arcs_are == EDGES else "followers": self.followers,
            "community": self.community,
            **self.details,
        }
        return frame(columns, backend)

    def __repr__(self) -> str:
        return f"{self.title}\n{self.caption}"


@domains(max_nodes=Integer(1, 100_000), max_arcs=Optional(Integer(0, 1_000_000)))
def backbone(
    graph: Graph,
    *,
    score: Floats | None = None,
    parts: Mapping[str, Floats] | None = None,
    found: Communities | None = None,
    arcs_are: str | None = None,
    max_nodes: int = MAX_NODES,
    max_arcs: int | None = None,
    rng: Rng = 7,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Backbone:
    """Choose what a map shows, and lay it out.

    Parameters
    ----------
    graph : Graph
        The whole graph; :func:`swayrank.scoring.pictures.map_of` takes scores.
    score : numpy.ndarray of float64, shape (n_nodes,), optional
        What accounts are ranked and sized by, NaN where unknown; by followers without it.
    parts : mapping of str to numpy.ndarray of float64, shape (n_nodes,), optional
        What else is told of each account.
    found : Communities, optional
        Those of the graph, if they are known already.
    arcs_are : {"follows", "reactions", "edges"}, optional
        What the arcs say: by default "follows", of undirected graphs "edges".
    max_nodes : int, default 2000
        How many accounts at most, in [1, 100000].
    max_arcs : int, optional
        How many arcs are drawn at most, in [0, 1000000]; 6,000 unless you say otherwise, of more than 5,000 accounts
        3,000, so that the map moves smoothly.
    rng, engine, threads, progress
        As :func:`swayrank.overview.layout.layout` takes them.

    Returns
    -------
    Backbone

    Raises
    ------
    ParameterError
        If `graph` is no Graph, an array is not of its accounts, or a value is outside its domain.

    Examples
    --------
    >>> import swayrank as sr
    >>> shown = backbone(sr.generate("town", n=1000, rng=7).graph, max_nodes=100, max_arcs=300)
    >>> shown.title
    'Who follows whom: the most followed, 100 of 1,000 accounts'
    >>> shown.caption.split("; ")
    ["300 of 743 arcs (each account's strongest first) among them", 'area of a dot: number of followers', 'colours: \
7 of 8 communities']
    >>> shown.to_frame().loc[0, "account"], shown.followers[0]
    ('fitajo', np.int64(296))
    """
    check_graph("backbone", graph)
    for name, values in {"score": score, **(parts or {})}.items():
        if values is not None and len(values) != graph.n_nodes:
            raise ParameterError(f"{name} must have {graph.n_nodes:,} values, one per account, got {len(values):,}")
    followers = graph.in_degree.astype(np.int64)
    value = followers.astype(np.float64) if score is None else score
    found = communities(graph, method="label_propagation") if found is None else found
    order = np.lexsort((-followers, -np.nan_to_num(value, nan=-1.0)))
    nodes, n_highest = accounts_to_show(graph, order, found.of, max_nodes)
    within, strength = _among(graph, nodes)
    community = found.of[nodes]
    max_arcs = (MAX_ARCS if nodes.size <= _MANY else MAX_ARCS_OF_MANY) if max_arcs is None else max_arcs
    colour, coloured = colours(community)
    arcs_are = arcs_are or graph_ties(graph) or FOLLOWS
    drawn = within[_strongest(within, strength)]
    if arcs_are == EDGES:
        drawn = _once(drawn)
    accounts = [graph.ids[int(i)] for i in nodes]
    small = Graph.from_edges(within[:, 0], within[:, 1], ids=accounts)
    return Backbone(
        accounts=accounts,
        nodes=nodes,
        places=layout(small, rng=rng, engine=engine, threads=threads, progress=progress),
        sized_by="followers" if score is None else "score",
        size=value[nodes],
        followers=followers[nodes],
        community=community,
        colour=colour,
        coloured=coloured,
        arcs=drawn[:max_arcs],
        n_arcs_among=len(drawn),
        n_nodes=graph.n_nodes,
        n_edges=graph.n_edges,
        n_communities=len(found),
        details={name: part[nodes] for name, part in (parts or {}).items()},
        arcs_are=arcs_are,
        n_highest=n_highest,
    )


def first_of(shown: Backbone, max_nodes: int, max_arcs: int | None) -> Backbone:
    """A smaller map of a map: who is on it is chosen as from a graph, of the accounts and arcs that the map draws.

    The highest and those around them that connect (:mod:`swayrank.overview.choice`) stay where they are, and of the
    arcs among them that the map draws the strongest. Colours stay those of the same communities.
    """
    max_arcs = len(shown.arcs) if max_arcs is None else max_arcs
    if max_nodes >= len(shown):
        return shown if max_arcs >= len(shown.arcs) else replace(shown, arcs=shown.arcs[:max_arcs])
    drawn = Graph.from_edges(shown.arcs[:, 0], shown.arcs[:, 1], n_nodes=len(shown))
    kept, n_highest = accounts_to_show(drawn, np.arange(len(shown)), shown.community, max_nodes)
    place = np.full(len(shown), REST)
    place[kept] = np.arange(kept.size)
    arcs = place[shown.arcs]
    inside = arcs[(arcs != REST).all(axis=1)]
    per_account = ("nodes", "places", "size", "followers", "community", "colour")
    return replace(
        shown,
        accounts=[shown.accounts[i] for i in kept],
        **{name: getattr(shown, name)[kept] for name in per_account},
        arcs=inside[:max_arcs],
        n_arcs_among=len(inside),
        n_highest=min(n_highest, len(shown) if shown.n_highest is None else shown.n_highest),
        details={name: part[kept] for name, part in shown.details.items()},
    )


def _among(graph: Graph, nodes: Ints) -> tuple[Ints, Floats]:
    """The arcs among `nodes`, as places in it, and the share of attention that each is; some followers at a time."""
    place = np.full(graph.n_nodes, REST)
    place[nodes] = np.arange(nodes.size)
    sizes = graph.out_degree[nodes].astype(np.int64)
    found = [_among_some(graph, nodes, some, place) for some in in_pieces(np.arange(nodes.size), sizes, graph.n_nodes)]
    return np.concatenate([arcs for arcs, _ in found]), np.concatenate([share for _, share in found])


def _among_some(graph: Graph, nodes: Ints, some: Ints, place: Ints) -> tuple[Ints, Floats]:
    """The same, of the followers at `some` places."""
    size = graph.out_degree[nodes[some]].astype(np.int64)
    row = np.repeat(np.arange(some.size), size)
    arcs = np.repeat(graph.indptr[nodes[some]].astype(np.int64) - np.cumsum(size) + size, size) + np.arange(row.size)
    v = place[graph.indices[arcs]]
    weight = np.abs(graph.column("weight")[arcs]) if "weight" in graph.columns else np.ones(arcs.size)
    given = np.bincount(row, weight, some.size)[row]
    inside = np.flatnonzero((v != REST) & (some[row] != v))
    share = np.divide(weight[inside], given[inside], out=np.zeros(inside.size), where=given[inside] > 0)
    return np.stack((some[row[inside]], v[inside]), axis=1), share


def _strongest(arcs: Ints, strength: Floats) -> Ints:
    """Every follower's strongest arc, then everybody's second, ..., the strongest first within each turn."""
    by_row = np.lexsort((arcs[:, 1], -strength, arcs[:, 0]))
    rows = arcs[by_row, 0]
    turn = np.empty(rows.size, np.int64)
    turn[by_row] = np.arange(rows.size) - np.searchsorted(rows, rows)
    order: Ints = np.lexsort((arcs[:, 0], arcs[:, 1], -strength, turn))
    return order


def _once(arcs: Ints) -> Ints:
    """Of two arcs between the same accounts, the first."""
    _, first = np.unique(np.sort(arcs, axis=1), axis=0, return_index=True)
    found: Ints = arcs[np.sort(first)]
    return found


def colours(community: Ints) -> tuple[Ints, tuple[int, ...]]:
    """The place in the palette of every account, and the community of each colour, the largest of the graph first.

    Communities are numbered by size. The largest of the graph come before others if they are seen: if a hundredth of
    the accounts shown are theirs. Then come those with most accounts shown.
    """
    names, count = np.unique(community[community != REST], return_counts=True)
    seen = (names < N_COLOURS) & (count * _SEEN >= community.size)
    most = np.sort(names[np.lexsort((names, -count, ~seen))][:N_COLOURS])
    colour = np.full(community.size, REST)
    for place, name in enumerate(most):
        colour[community == name] = place
    return colour, tuple(most.tolist())
