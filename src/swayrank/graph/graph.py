"""The graph of who follows whom: immutable, sorted both ways, with ids and columns, in memory or mapped from disk.

An arc (u, v) means *u follows v*: attention goes from u to v, influence flows from v to u. Out-rows hold whom an
account follows, in-rows its followers. Nodes are numbered in the order of the input: by position where positions are
given, else by first appearance; ``g.ids[i]`` is the account of node i.

Memory: 8 bytes per arc, 24 per node, the ids, and the columns; columns in the order of the in-arcs, and private orders
by degree, are made when first asked for and kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank._render import render
from swayrank._validate import Integer, OneOf, Optional, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import FolderError, ParameterError
from swayrank.graph import build, folder
from swayrank.graph.exchange import Exchange, Given, component_labels
from swayrank.graph.input import DIRECTIONS, SELF_LOOPS, Direction, SelfLoops, columns_of, ends_of
from swayrank.graph.order import Relabelled
from swayrank.graph.parts import MAX_NODES, U32, U64, Adjacency, Array, GraphParts, GraphReport, read_only, sources
from swayrank.graph.unread import Unread
from swayrank.ids import Ids

if TYPE_CHECKING:
    from swayrank.measures.live import LiveGraph


class Graph(Exchange):
    """Who follows whom. Make one with :meth:`from_edges`, another ``from_*``, :meth:`open` or `swayrank.read_graph`.

    Attributes
    ----------
    n_nodes, n_edges : int
        Nodes, and stored arcs (an undirected edge is two).
    directed : bool
        False if the arcs were given as undirected edges.
    ids : Ids
        The account of each node.
    indptr, indices : numpy.ndarray of uint64, shape (n_nodes + 1,), and uint32, shape (n_edges,)
        Node u follows ``indices[indptr[u]:indptr[u + 1]]``, in ascending order.
    in_indptr, in_indices : numpy.ndarray
        The same for its followers.
    columns : tuple of str
        Names of the values on the arcs.
    report : GraphReport
        What was dropped and merged on the way in.
    path : Path or None
        The folder that the graph was opened from or saved to last.

    Notes
    -----
    All arrays are read-only; nothing changes a graph once it is made. Graphs pickle as folder and fingerprint where
    they are saved, else with all their arrays.

    Examples
    --------
    >>> g = Graph.from_edges(["ada", "bob", "cem", "ada"], ["bob", "cem", "ada", "cem"])
    >>> g
    <Graph: 3 nodes, 4 arcs, directed>
    >>> [g.ids[v] for v in g.in_indices[g.in_indptr[2]:g.in_indptr[3]]]      # who follows cem
    ['ada', 'bob']
    """

    n_nodes: int
    n_edges: int
    directed: bool
    columns: tuple[str, ...]
    report: GraphReport
    path: Path | None
    _parts: GraphParts
    _unread: Unread | None
    _kept: dict[Any, Any]

    def __init__(self, parts: GraphParts, unread: Unread | None = None) -> None:
        """Take finished parts as they are; with `unread`, their arrays are looked at when they are first asked for."""
        rows = {name: read_only(array) for name, array in vars(parts.adjacency).items()}
        columns = {name: read_only(array) for name, array in parts.columns.items()}
        facts: dict[str, Any] = {
            "_parts": replace(parts, adjacency=Adjacency(**rows), columns=columns),
            "_unread": unread,
            "_kept": {},
            "n_nodes": parts.adjacency.indptr.size - 1,
            "n_edges": parts.adjacency.indices.size,
            "directed": parts.directed,
            "columns": tuple(columns),
            "report": parts.report,
            "path": None,
        }
        self.__dict__.update(facts)  # past __setattr__

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"a graph does not change: cannot set {name!r}")

    # Arrays that come from a file are looked at before anybody gets them; all that is private goes through `_whole`.

    @cached_property
    def ids(self) -> Ids:
        """The account of each node."""
        return self._looked_at("ids").ids

    @cached_property
    def indptr(self) -> U64:
        """Out-row pointers: uint64, shape (n_nodes + 1,)."""
        return self._looked_at("indptr").adjacency.indptr

    @cached_property
    def indices(self) -> U32:
        """Whom each node follows, ascending in each row: uint32, shape (n_edges,)."""
        return self._looked_at("indices").adjacency.indices

    @cached_property
    def in_indptr(self) -> U64:
        """In-row pointers: uint64, shape (n_nodes + 1,)."""
        return self._looked_at("in_indptr").adjacency.in_indptr

    @cached_property
    def in_indices(self) -> U32:
        """The followers of each node, ascending in each row: uint32, shape (n_edges,)."""
        return self._looked_at("in_indices").adjacency.in_indices

    def _looked_at(self, name: str) -> GraphParts:
        if self._unread is not None:
            self._unread.check(name)
        return self._parts

    @property
    def _whole(self) -> GraphParts:
        """All parts, each looked at."""
        if self._unread is not None:
            self._unread.check_all()
        return self._parts

    # -- make --------------------------------------------------------------------------------------------------------

    @classmethod
    @domains(n_nodes=Optional(Integer(0, MAX_NODES)), direction=DIRECTIONS, self_loops=SELF_LOOPS)
    def from_edges(
        cls,
        u: Any,
        v: Any,
        *,
        n_nodes: int | None = None,
        weight: Any = None,
        ids: Any = None,
        direction: Direction = "follows",
        columns: Mapping[str, Any] | None = None,
        self_loops: SelfLoops = "drop",
        engine: str | Engine = "local",
        threads: int | None = None,
        progress: Progress = None,
    ) -> Graph:
        """Make a graph from two columns of accounts.

        Parameters
        ----------
        u, v : sequence or array of int or str, shape (n_rows,)
            The ends of each row: lists, NumPy or Arrow arrays, pandas or polars series. Integers are *positions* (node
            numbers) if `n_nodes` or `ids` is given, else they are account ids, like strings.
        n_nodes : int, optional
            Number of nodes, in [0, 2**32 - 2]; positions are below it, and nodes without arcs count.
        weight : sequence or array of float, shape (n_rows,), optional
            Short for ``columns={"weight": weight}``.
        ids : Ids, sequence or array, shape (n_nodes,), optional
            Names of the nodes, in their order; strings in `u` and `v` are looked up there. By default the nodes are
            the accounts that occur, in the order of first appearance, row by row; integers that fill 0, 1, ...
            without a gap keep their own order, so that node i is account i.
        direction : {"follows", "influences", "undirected"}, default "follows"
            Whether u follows v, u influences v (stored as v follows u), or both are the same to each other (two
            arcs).
        columns : mapping of str to sequence or array, shape (n_rows,), optional
            Numbers on the rows. Where rows repeat an arc, "weight" (kept as float64) is summed, "probability" (float64)
            is combined as 1 - prod(1 - p), "time" keeps the smallest, and any other column the first row's value.
            Dates become int64 microseconds since 1970 UTC.
        self_loops : {"drop", "keep"}, default "drop"
            What to do with rows whose ends are the same.
        engine : str or Engine, default "local"
            Where to work.
        threads : int, optional
            How many threads; by default all that the process may use.
        progress : bool or callable, optional
            True for a bar on stderr, or ``progress(label, done, total)``.

        Returns
        -------
        graph : Graph
            Its `report` counts what was dropped and merged.

        Raises
        ------
        ParameterError
            If lengths differ, a position is out of range, an id is negative, missing or a float, a weight is NaN or
            infinite, or a probability lies outside [0, 1].
        UnknownAccountError
            If a string is not among `ids`.

        Notes
        -----
        For the same order of nodes, the order of the rows changes no bit of the result (sums are taken over sorted
        values), save for columns that keep the first row's value. O(rows). Peak memory above the input is about 18
        bytes per arc, 33 with a column.

        Examples
        --------
        >>> g = Graph.from_edges([0, 0, 2, 0], [1, 3, 1, 1], n_nodes=5, weight=[1.0, 2.0, 3.0, 0.5])
        >>> g.n_nodes, g.n_edges, g.report.duplicates
        (5, 3, 1)
        >>> g.edges()
        (array([0, 0, 2], dtype=uint32), array([1, 3, 1], dtype=uint32))
        >>> g.column("weight")
        array([1.5, 2. , 3. ])
        """
        values = columns_of(weight, columns)
        ends = ends_of(u, v, n_nodes, ids)
        for name, column in values.items():
            if column.size != ends.u.size:
                raise ParameterError(f"column {name!r} has {column.size:,} values for {ends.u.size:,} rows")
        given: dict[str, Any] = {"u": ends.u, "v": ends.v, "names": ("u", "v")}
        if direction == "influences":
            given = {"u": ends.v, "v": ends.u, "names": ("v", "u")}
        mirrored, drop = direction == "undirected", self_loops == "drop"
        edges = build.Edges(n_nodes=len(ends.ids), mirrored=mirrored, drop_loops=drop, columns=values, **given)
        with track(progress, "building the graph", 6 * edges.n_arcs) as step:
            built = build.build(edges, resolve_engine(engine, threads), step)
        dropped = built.self_loops + built.duplicates
        report = GraphReport(ends.u.size, ends.u.size - dropped, built.self_loops, built.duplicates)
        return cls(GraphParts(built.adjacency, ends.ids, not mirrored, built.columns, report))

    @classmethod
    def _of_given(cls, given: Given, direction: Direction, self_loops: SelfLoops) -> Graph:
        return cls.from_edges(
            given.u,
            given.v,
            n_nodes=given.n_nodes,
            ids=given.ids,
            columns=given.columns,
            direction=direction if given.directed else "undirected",
            self_loops=self_loops,
        )

    def with_report(self, report: GraphReport) -> Graph:
        """The same graph with another account of its input, for readers that rejected rows before this class saw them.

        Examples
        --------
        >>> g = Graph.from_edges([0], [1])
        >>> print(g.with_report(replace(g.report, rows=2, rejected=1)).report)
        2 rows: 1 kept, 1 rejected
        """
        return Graph(replace(self._parts, report=report), self._unread)

    # -- look --------------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        arcs = f"{self.n_edges:,} arc{'s' * (self.n_edges != 1)}"
        if not self.directed:
            n = self._whole.n_rows
            arcs = f"{n:,} edge{'s' * (n != 1)} ({arcs})"
        names = f", columns: {', '.join(self.columns)}" if self.columns else ""
        nodes = f"{self.n_nodes:,} node{'s' * (self.n_nodes != 1)}"
        return f"<Graph: {nodes}, {arcs}, {'directed' if self.directed else 'undirected'}{names}>"

    def plot(self, **options: Any) -> Any:
        """The map: who follows whom, communities in colours, the most followed accounts named.

        Parameters
        ----------
        **options
            ``max_nodes`` : accounts at most, 2000 by default; ``max_arcs``, ``n_labels``, ``theme`` and all else that
            :func:`swayrank.report.network_map.network_map` takes.

        Returns
        -------
        plotly.graph_objects.Figure

        Raises
        ------
        MissingDependencyError
            If plotly is not installed.
        """
        return render(self, "plot", **options)

    def _repr_html_(self) -> str:
        html: str = render(self, "html")
        return html

    def edges(self) -> tuple[U32, U32]:
        """All arcs (u, v): u follows v; sorted by u, then v. For undirected graphs both ways.

        Returns
        -------
        u, v : numpy.ndarray of uint32, shape (n_edges,)
            Node positions.
        """
        return read_only(sources(self.indptr)), self.indices

    @cached_property
    def out_degree(self) -> U32:
        """How many accounts each follows: uint32, shape (n_nodes,)."""
        return read_only(np.diff(self.indptr).astype(np.uint32))

    @cached_property
    def in_degree(self) -> U32:
        """How many followers each account has: uint32, shape (n_nodes,)."""
        return read_only(np.diff(self.in_indptr).astype(np.uint32))

    def column(self, name: str) -> Array:
        """The values of a column in the order of the arcs (``indices``): shape (n_edges,).

        Raises
        ------
        ParameterError
            If there is no such column.
        """
        columns = self._parts.columns
        if name not in columns:
            known = f"its columns are {', '.join(map(repr, self.columns))}" if self.columns else "it has none"
            raise ParameterError(f"the graph has no column {name!r}: {known}")
        return columns[name]

    @property
    def in_arcs(self) -> npt.NDArray[np.integer[Any]]:
        """For each in-arc (``in_indices``) its position among the arcs (``indices``); made once, then kept.

        Returns
        -------
        in_arcs : numpy.ndarray of uint32 (uint64 from 2**32 arcs on), shape (n_edges,)

        Examples
        --------
        >>> g = Graph.from_edges([0, 0, 1], [1, 2, 2])
        >>> g.in_indices, g.in_arcs
        (array([0, 0, 1], dtype=uint32), array([0, 1, 2], dtype=uint32))
        """
        if "in_arcs" not in self._kept:
            self._kept["in_arcs"] = build.transposed_arcs(self.indptr, self.indices, resolve_engine())
        arcs: npt.NDArray[np.integer[Any]] = self._kept["in_arcs"]
        return arcs

    def in_column(self, name: str) -> Array:
        """The values of a column in the order of the in-arcs (``in_indices``); made once, then kept.

        Raises
        ------
        ParameterError
            If there is no such column.
        """
        column = self.column(name)
        if ("in_column", name) not in self._kept:
            self._kept["in_column", name] = read_only(column[self.in_arcs])
        in_column: Array = self._kept["in_column", name]
        return in_column

    def position(self, account: int | str) -> int:
        """The node number of an account.

        Raises
        ------
        UnknownAccountError
            If there is none; the message names ids that look alike.

        Examples
        --------
        >>> Graph.from_edges(["ada"], ["bob"]).position("bob")
        1
        """
        return self.ids.position(account)

    @domains(by=OneOf("degree", "in_degree", "out_degree"))
    def relabelled(self, by: str = "degree") -> Relabelled:
        """The same graph under private node numbers, hubs first; made once for each order, then kept.

        Parameters
        ----------
        by : {"degree", "in_degree", "out_degree"}, default "degree"
            What descends; nodes that tie keep their public order.

        Returns
        -------
        relabelled : Relabelled
            Rows for kernels that gather from per-node arrays: what hubs need lies together, and stays in the cache.

        Examples
        --------
        >>> r = Graph.from_edges([0, 1, 2, 2], [3, 3, 3, 0], n_nodes=4).relabelled("in_degree")
        >>> r.order, r.in_indices
        (array([3, 0, 1, 2], dtype=uint32), array([1, 2, 3, 3], dtype=uint32))
        >>> r.to_public(np.array([9, 8, 7, 6]))                                 # node 3 is number 0 in there
        array([8, 7, 6, 9])
        """
        if by not in self._kept:
            self._kept[by] = Relabelled(self._whole, lambda: self.in_arcs, by)
        relabelled: Relabelled = self._kept[by]
        return relabelled

    # -- parts -------------------------------------------------------------------------------------------------------

    def subgraph(self, ids: Any) -> Graph:
        """The arcs among some accounts, and these accounts, in the order of this graph.

        Parameters
        ----------
        ids : sequence, set or array of int or str
            The accounts; naming one twice changes nothing.

        Raises
        ------
        UnknownAccountError
            If one of them is not here.

        Examples
        --------
        >>> g = Graph.from_edges(["ada", "bob", "cem"], ["bob", "cem", "ada"]).subgraph({"cem", "bob"})
        >>> list(g.ids), g.n_edges
        (['bob', 'cem'], 1)
        """
        wanted = list(ids) if isinstance(ids, set | frozenset) else ids
        keep = np.zeros(self.n_nodes, np.bool_)
        keep[self.ids.positions(wanted)] = True
        return self._part(keep)

    @domains(connection=OneOf("weak", "strong"))
    def largest_component(self, connection: str = "weak") -> Graph:
        """The largest connected part; of equal ones, the one that holds the first node.

        Parameters
        ----------
        connection : {"weak", "strong"}, default "weak"
            Whether arcs count in both directions, or all must reach each other along the arcs.

        Notes
        -----
        By ``scipy.sparse.csgraph.connected_components``; O(arcs + nodes).

        Examples
        --------
        >>> g = Graph.from_edges([0, 1, 2, 2], [1, 2, 1, 3], n_nodes=6)
        >>> list(g.largest_component().ids), list(g.largest_component("strong").ids)
        ([0, 1, 2, 3], [1, 2])
        """
        if self.n_nodes == 0:
            return self
        labels = component_labels(self.indptr, self.indices, connection)
        sizes = np.bincount(labels)
        first = np.full(sizes.size, self.n_nodes)
        np.minimum.at(first, labels, np.arange(self.n_nodes))
        largest = np.lexsort((first, -sizes))[0]
        return self._part(labels == largest)

    def min_weight(self, threshold: float, *, column: str = "weight") -> Graph:
        """The arcs whose weight is at least `threshold`; all nodes stay.

        Parameters
        ----------
        threshold : float
            The smallest value to keep.
        column : str, default "weight"
            Which column to look at.

        Raises
        ------
        ParameterError
            If there is no such column.

        Examples
        --------
        >>> g = Graph.from_edges([0, 0], [1, 2], weight=[1.0, 5.0])
        >>> g.min_weight(2).edges()
        (array([0], dtype=uint32), array([2], dtype=uint32))
        """
        if not isinstance(threshold, int | float | np.number) or isinstance(threshold, bool) or np.isnan(threshold):
            raise ParameterError(f"threshold must be a number, got {threshold!r}")
        return self._part(None, self.column(column) >= threshold)

    def with_columns(self, columns: Mapping[str, Any]) -> Graph:
        """The same graph with further columns, or with others in their place.

        Parameters
        ----------
        columns : mapping of str to array, shape (n_edges,)
            Numbers in the order of :meth:`edges`.

        Raises
        ------
        ParameterError
            If a length differs.

        Examples
        --------
        >>> g = Graph.from_edges([0, 0], [1, 2]).with_columns({"probability": [0.5, 0.1]})
        >>> g.columns
        ('probability',)
        """
        fresh = columns_of(None, columns)
        for name, values in fresh.items():
            if values.size != self.n_edges:
                raise ParameterError(
                    f"column {name!r} must have {self.n_edges:,} values like edges(), got {values.size:,}"
                )
        return Graph(replace(self._whole, columns={**self._whole.columns, **fresh}))

    def without_columns(self, names: Iterable[str]) -> Graph:
        """The same graph without some of its columns; names that it does not have are none.

        Parameters
        ----------
        names : iterable of str
            Which ones.

        Examples
        --------
        >>> g = Graph.from_edges([0, 0], [1, 2], columns={"time": [5, 6], "probability": [0.5, 0.1]})
        >>> g.without_columns(["probability"]).columns
        ('time',)
        """
        gone = {names} if isinstance(names, str) else set(names)
        kept = {name: values for name, values in self._whole.columns.items() if name not in gone}
        return Graph(replace(self._whole, columns=kept))

    def before(self, time: int) -> Graph:
        """The arcs whose time is earlier; nodes that have none then are left out.

        Parameters
        ----------
        time : int
            In the unit of the column "time": microseconds since 1970 UTC where the times were read as dates.

        Raises
        ------
        ParameterError
            If there is no column "time".

        Examples
        --------
        >>> g = Graph.from_edges(["a", "b"], ["b", "c"], columns={"time": [10, 20]})
        >>> list(g.before(20).ids)
        ['a', 'b']
        """
        early = self.column("time") < time
        u, v = self.edges()
        there = np.zeros(self.n_nodes, np.bool_)
        there[u[early]] = there[v[early]] = True
        return self._part(there, early)

    def _part(self, nodes: npt.NDArray[np.bool_] | None, arcs: npt.NDArray[np.bool_] | None = None) -> Graph:
        """Some nodes and the arcs among them, some arcs, or both. Orders stay, so sorted rows stay sorted."""
        u, v = self.edges()
        if nodes is not None:
            among = nodes[u] & nodes[v]
            arcs = among if arcs is None else among & arcs
        assert arcs is not None
        u, v, n_nodes, ids = u[arcs], v[arcs], self.n_nodes, self.ids
        if nodes is not None and not nodes.all():
            numbers = (np.cumsum(nodes) - 1).astype(np.uint32)
            u, v, n_nodes = numbers[u], numbers[v], int(nodes.sum())
            ids = Ids.from_values(self.ids[nodes])
        indptr = np.zeros(n_nodes + 1, np.uint64)
        np.cumsum(np.bincount(u, minlength=n_nodes), out=indptr[1:])
        adjacency = Adjacency(indptr, v, *build.transpose(indptr, v, resolve_engine()))
        columns = {name: column[arcs] for name, column in self._parts.columns.items()}
        parts = GraphParts(adjacency, ids, self.directed, columns)
        return Graph(replace(parts, report=GraphReport(parts.n_rows, parts.n_rows)))

    # -- change ------------------------------------------------------------------------------------------------------

    def update(self, added: Any = None, removed: Any = None, **settings: Any) -> LiveGraph:
        """A live graph that begins here: it takes follows and unfollows, and keeps measures current on them.

        This graph stays as it is; update the live one from then on.

        Parameters
        ----------
        added, removed : sequence of pairs, array of shape (k, 2), or table, optional
            Who follows whom: (follower, followed) by account, or a mapping or dataframe with the columns ``source``
            and ``target``. Removals come first; new accounts join.
        **settings
            `damping`, `alpha` and `tol` of :class:`swayrank.LiveGraph`.

        Returns
        -------
        LiveGraph
            With :meth:`~swayrank.LiveGraph.pagerank`, `katz`, `k_core`, `in_degree` and `out_degree`; its `update`
            takes more changes, and its `graph()` is an ordinary graph again.

        Examples
        --------
        >>> live = Graph.from_edges(["ada", "bob"], ["bob", "cem"]).update([("dan", "bob")], [("ada", "bob")])
        >>> live.in_degree().value("bob"), live.graph()
        (1, <Graph: 4 nodes, 2 arcs, directed>)
        """
        # The one import against the flow, so that graphs can be updated where they are at hand: decision 0012.
        from swayrank.measures.live import LiveGraph

        live = LiveGraph(self, **settings)
        live.update(added, removed)
        return live

    # -- keep --------------------------------------------------------------------------------------------------------

    @cached_property
    def fingerprint(self) -> str:
        """Hash of nodes, arcs, columns and ids: 32 hex digits, the same in memory and on disk. O(bytes) once."""
        return folder.fingerprint_of(self._whole)

    @domains(partitions=Integer(1, 1 << 16))
    def save(self, path: str | Path, partitions: int = 1) -> Path:
        """Write the graph to a folder, or replace the graph there; the old one stays whole until the last moment.

        Parameters
        ----------
        path : str or Path
            The folder; it is made if absent. It must be empty or hold a graph.
        partitions : int, default 1
            How many ranges of rows get a hash of their own, at most.

        Returns
        -------
        path : Path
            The folder, absolute. From now on the graph pickles as this path and its fingerprint.

        Raises
        ------
        NotAGraphError
            If the folder holds something else.
        FolderError
            If the folder cannot be written, or the disk is full.

        Examples
        --------
        >>> import tempfile
        >>> g = Graph.from_edges(["ada", "bob"], ["bob", "cem"])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Graph.open(g.save(folder)).fingerprint == g.fingerprint
        True
        """
        place = Path(path).absolute()
        fingerprint = folder.save_graph(place, self._whole, partitions)
        self.__dict__.update(path=place, fingerprint=fingerprint)
        return place

    @classmethod
    def open(cls, path: str | Path, verify: bool = False) -> Graph:
        """Map a saved graph into memory, in milliseconds at any size.

        Parameters
        ----------
        path : str or Path
            The folder.
        verify : bool, default False
            Also read every byte and compare the hashes.

        Raises
        ------
        NotAGraphError
            If there is no such folder, or it holds no graph.
        DamagedGraphError
            If a file is missing, short or long, or, with `verify`, altered.
        VersionError
            If a newer swayrank wrote it.

        Notes
        -----
        Files are mapped, not read. What a kernel would trust (rows, and the index of the ids) is looked at once, when
        it is first used: 2-4 ns per arc; DamagedGraphError may come there, too.
        """
        place = Path(path).absolute()
        parts, fingerprint = folder.open_graph(place, verify=verify)
        graph = cls(parts, Unread(parts.adjacency, parts.ids, place))
        graph.__dict__.update(path=place, fingerprint=fingerprint)
        return graph

    def __reduce__(self) -> tuple[Any, ...]:
        if self.path is not None and self._still_there():
            return _reopen, (str(self.path), self.fingerprint)
        return Graph, (self._whole,)

    def _still_there(self) -> bool:
        """Whether the folder still holds this very graph."""
        assert self.path is not None
        try:
            return bool(folder.read_index(self.path)["fingerprint"] == self.fingerprint)
        except (FolderError, KeyError, OSError):
            return False

    def __copy__(self) -> Graph:
        return self

    def __deepcopy__(self, memo: Any) -> Graph:
        return self


def _reopen(path: str, fingerprint: str) -> Graph:
    """Unpickle by path; refuses another graph that was saved there since."""
    graph = Graph.open(path)
    if graph.fingerprint != fingerprint:
        raise FolderError(f"{path} holds another graph by now: fingerprint {graph.fingerprint}, not {fingerprint}")
    return graph
