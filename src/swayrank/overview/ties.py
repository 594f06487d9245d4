"""What the arcs of a graph say, and the words that people read for it: one place for all who speak of a graph.

An arc says that one account follows another (``follows``), that it reacted to it (``reactions``, where there is only a
log), or, of a graph without directions, that the two are connected (``edges``): then nobody follows anybody, an edge is
told once, and those whom ``followers`` counts in files and answers are neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from swayrank.graph import Graph

FOLLOWS, REACTIONS, EDGES = "follows", "reactions", "edges"


@dataclass(frozen=True)
class Ties:
    """Words for one kind of arcs.

    Attributes
    ----------
    title : str
        What a map of them shows.
    arcs : str
        What they are called.
    one, many : str
        Whoever gives an account attention by them.
    most : str
        What an account is that has many of them.
    together : str
        What those do who stand together on a map.
    """

    title: str
    arcs: str
    one: str
    many: str
    most: str
    together: str


_TIES = {
    FOLLOWS: Ties(
        "Who follows whom", "arcs", "follower", "followers", "followed", "follow each other",
    ),
    REACTIONS: Ties(
        "Who reacts to whom", "arcs", "account that reacts", "accounts that react", "reacted to",
        "react to each other",
    ),
    EDGES: Ties(
        "Who is connected with whom", "edges", "neighbour", "neighbours", "connected", "are connected",
    ),
}  # fmt: skip


def graph_ties(graph: Graph | None) -> str | None:
    """What the arcs of a graph that somebody gave are; None without one."""
    return None if graph is None else FOLLOWS if graph.directed else EDGES


def ties_of(kind: str | None) -> Ties:
    """The words for a kind of arcs; those for follows where it is not known.

    >>> ties_of("edges").many, ties_of(None).many
    ('neighbours', 'followers')
    """
    return _TIES.get(kind or FOLLOWS, _TIES[FOLLOWS])


def follower_word(kind: str | None) -> str:
    """What one of those is called whom a number of followers counts: nobody follows where there are no directions.

    >>> follower_word("edges"), follower_word("reactions")
    ('neighbour', 'follower')
    """
    return ties_of(EDGES if kind == EDGES else FOLLOWS).one


_OF_EDGES = {
    "follows and stated followers": "edges and stated numbers of neighbours",
    "accounts that the follower follows": "the neighbour's own neighbours",
    "every follow once": "every edge once",
    "the graph's follows": "the graph's edges",
    "its reactions and follows": "its reactions and edges",
    "those that it follows": "those that it is connected with",
    "who follows it": "who is connected with it",
    "followers": "neighbours",
    "follower": "neighbour",
    "followed by": "connected with",
    "followed from": "connected with",
    "that they follow": "that they are connected with",
    "the number they follow": "the number they are connected with",
}


def told_of(kind: str | None, text: str) -> str:
    """A sentence of ours about follows, as it is told of arcs of a kind; no names of others may be in it.

    >>> told_of("edges", "followed by many")
    'connected with many'
    """
    if kind == EDGES:
        for of_follows, of_edges in _OF_EDGES.items():
            text = text.replace(of_follows, of_edges)
    return text
