"""Graphs of other libraries -> columns of positions, and back. Only the library that a graph belongs to is imported."""

from __future__ import annotations

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from swayrank._extras import absent
from swayrank._validate import Integer, OneOf, Optional, check, domains
from swayrank.errors import ParameterError
from swayrank.graph.input import DIRECTIONS, SELF_LOOPS, Direction, SelfLoops
from swayrank.graph.parts import MAX_NODES, U32, U64, Array, GraphParts
from swayrank.tables import frame


@dataclass(frozen=True)
class Given:
    """Edges by position, ready for ``Graph.from_edges``."""

    u: Array
    v: Array
    n_nodes: int
    ids: Any = None
    columns: dict[str, Any] = field(default_factory=dict)
    directed: bool = True


class Exchange(ABC):
    """The conversions of :class:`~swayrank.graph.Graph`, which is the only one to build on it."""

    @property
    @abstractmethod
    def _whole(self) -> GraphParts:
        """All arrays, looked at."""

    @classmethod
    @abstractmethod
    def _of_given(cls, given: Given, direction: Direction, self_loops: SelfLoops) -> Self:
        """A graph of edges by position."""

    @abstractmethod
    def edges(self) -> tuple[U32, U32]:
        """All arcs; see :meth:`swayrank.graph.Graph.edges`."""

    @abstractmethod
    def column(self, name: str) -> Array:
        """A column; see :meth:`swayrank.graph.Graph.column`."""

    @abstractmethod
    def in_column(self, name: str) -> Array:
        """A column by in-arcs; see :meth:`swayrank.graph.Graph.in_column`."""

    @classmethod
    def from_networkx(
        cls,
        graph: Any,
        *,
        weight: str | None = None,
        columns: Iterable[str] = (),
        direction: Direction = "follows",
        self_loops: SelfLoops = "drop",
    ) -> Self:
        """Take a NetworkX graph over, its nodes in the order of ``graph.nodes``.

        Parameters
        ----------
        graph : networkx.Graph, DiGraph, MultiGraph or MultiDiGraph
            Its nodes are integers or strings. Undirected graphs give two arcs per edge; parallel edges are combined.
        weight : str, optional
            The edge attribute that becomes the column "weight"; 1 where an edge lacks it, as in NetworkX.
        columns : iterable of str, default ()
            Edge attributes that become columns; each edge must have them.
        direction : {"follows", "influences", "undirected"}, default "follows"
            What an arc of a directed graph means, see :meth:`from_edges`.
        self_loops : {"drop", "keep"}, default "drop"
            What to do with edges from a node to itself.

        Raises
        ------
        ParameterError
            If a node is neither integer nor string, or an edge lacks an attribute.

        Examples
        --------
        >>> from swayrank.graph import Graph
        >>> import networkx as nx
        >>> g = Graph.from_networkx(nx.DiGraph([("bob", "ada"), ("cem", "ada")]))
        >>> list(g.ids), g.in_degree
        (['bob', 'ada', 'cem'], array([0, 2, 0], dtype=uint32))
        """
        given = _of_networkx(graph, weight, tuple(columns))
        return cls._of_given(given, direction, self_loops)

    @classmethod
    def from_igraph(
        cls,
        graph: Any,
        *,
        weight: str | None = None,
        columns: Iterable[str] = (),
        direction: Direction = "follows",
        self_loops: SelfLoops = "drop",
    ) -> Self:
        """Take an igraph graph over, its vertices in their order, named by their attribute "name" if there is one.

        Parameters
        ----------
        graph : igraph.Graph
            Undirected graphs give two arcs per edge; parallel edges are combined.
        weight : str, optional
            The edge attribute that becomes the column "weight".
        columns : iterable of str, default ()
            Edge attributes that become columns.
        direction : {"follows", "influences", "undirected"}, default "follows"
            What an arc of a directed graph means, see :meth:`from_edges`.
        self_loops : {"drop", "keep"}, default "drop"
            What to do with edges from a vertex to itself.

        Raises
        ------
        ParameterError
            If there is no such attribute.

        Examples
        --------
        >>> from swayrank.graph import Graph
        >>> import igraph
        >>> g = Graph.from_igraph(igraph.Graph([(0, 1), (1, 2)], directed=False))
        >>> g
        <Graph: 3 nodes, 2 edges (4 arcs), undirected>
        """
        given = _of_igraph(graph, weight, tuple(columns))
        return cls._of_given(given, direction, self_loops)

    @classmethod
    @domains(values=Optional(OneOf("weight", "probability")), direction=DIRECTIONS, self_loops=SELF_LOOPS)
    def from_scipy(
        cls,
        adj: Any,
        *,
        direction: Direction = "follows",
        values: Literal["weight", "probability"] | None = "weight",
        ids: Any = None,
        self_loops: SelfLoops = "drop",
    ) -> Self:
        """Take a square matrix over: node i is row i and column i.

        Parameters
        ----------
        adj : scipy.sparse array or matrix, or numpy.ndarray, shape (n_nodes, n_nodes)
            Of a sparse matrix every stored entry is an arc, a stored zero too; of a dense one every non-zero entry.
        direction : {"follows", "influences", "undirected"}, default "follows"
            Whether ``adj[i, j]`` says that i follows j, that i influences j, or both (then each entry is an edge, so
            give one triangle; what stands on both sides is combined as duplicates are).
        values : {"weight", "probability"} or None, default "weight"
            The column that the entries become; None leaves them out.
        ids : Ids, sequence or array, shape (n_nodes,), optional
            Names of the nodes; by default 0, 1, ...
        self_loops : {"drop", "keep"}, default "drop"
            What to do with the diagonal.

        Raises
        ------
        ParameterError
            If the matrix is not square, or a value is NaN, infinite, or, as a probability, outside [0, 1].

        Examples
        --------
        >>> from swayrank.graph import Graph
        >>> g = Graph.from_scipy(np.array([[0, 2], [0, 0]]), direction="influences")
        >>> g.edges(), g.column("weight")                                    # 0 influences 1, so 1 follows 0
        ((array([1], dtype=uint32), array([0], dtype=uint32)), array([2.]))
        """
        given = _of_matrix(adj, values)
        return cls._of_given(replace(given, ids=ids), direction, self_loops)

    @classmethod
    @domains(values=Optional(OneOf("weight", "probability")), direction=DIRECTIONS, self_loops=SELF_LOOPS)
    def from_torch(
        cls,
        adj: Any,
        *,
        direction: Direction = "follows",
        values: Literal["weight", "probability"] | None = "weight",
        n_nodes: int | None = None,
        edge_values: Any = None,
        ids: Any = None,
        self_loops: SelfLoops = "drop",
    ) -> Self:
        """Take a PyTorch tensor over: an adjacency matrix, or the `edge_index` of PyTorch Geometric.

        Parameters
        ----------
        adj : torch.Tensor, shape (n_nodes, n_nodes), or of integers, shape (2, n_rows)
            A dense or sparse (COO, CSR) matrix as in :meth:`from_scipy`; or, with `n_nodes`, sources and targets.
        direction : {"follows", "influences", "undirected"}, default "follows"
            Whether ``adj[i, j]`` (or a column i, j) says that i follows j, that i influences j, or both.
        values : {"weight", "probability"} or None, default "weight"
            The column that the entries become; None leaves them out.
        n_nodes : int, optional
            Says that `adj` is an edge_index, over this many nodes.
        edge_values : torch.Tensor, shape (n_rows,), optional
            The value of each column of an edge_index.
        ids : Ids, sequence or array, shape (n_nodes,), optional
            Names of the nodes; by default 0, 1, ...
        self_loops : {"drop", "keep"}, default "drop"
            What to do with the diagonal.

        Raises
        ------
        ParameterError
            If the shape fits neither reading, or a value is out of its domain.

        Notes
        -----
        Tensors on a GPU are copied to the processor, and gradients are left behind. Values become float64.

        Examples
        --------
        >>> import torch                                                        # doctest: +SKIP
        >>> g = Graph.from_torch(torch.tensor([[0.0, 0.5], [0.0, 0.0]]), values="probability")   # doctest: +SKIP
        """
        if n_nodes is None:
            if edge_values is not None:
                raise ParameterError("edge_values belong to an edge_index: give n_nodes too")
            given = _of_tensor(adj, values)
        else:
            check("n_nodes", n_nodes, Integer(0, MAX_NODES))
            given = _of_edge_index(adj, int(n_nodes), values, edge_values)
        return cls._of_given(replace(given, ids=ids), direction, self_loops)

    def to_networkx(self) -> Any:
        """As a NetworkX DiGraph, or Graph if undirected, with the ids as nodes and the columns as edge attributes.

        Examples
        --------
        >>> from swayrank.graph import Graph
        >>> Graph.from_edges(["ada"], ["bob"], weight=[2]).to_networkx().edges["ada", "bob"]
        {'weight': 2.0}
        """
        u, v = self.edges()
        return _to_networkx(u, v, self._whole)

    @domains(direction=OneOf("follows", "influences"))
    def to_scipy(self, values: str | None = None, *, direction: str = "follows") -> Any:
        """As a SciPy sparse array.

        Parameters
        ----------
        values : str, optional
            The column that becomes the entries; 1.0 by default.
        direction : {"follows", "influences"}, default "follows"
            Whether entry [i, j] says that i follows j, or that i influences j.

        Returns
        -------
        matrix : scipy.sparse.csr_array, shape (n_nodes, n_nodes)

        Examples
        --------
        >>> from swayrank.graph import Graph
        >>> Graph.from_edges([0, 0], [1, 2], n_nodes=3).to_scipy(direction="influences").toarray()
        array([[0., 0., 0.],
               [1., 0., 0.],
               [1., 0., 0.]])
        """
        rows = self._whole.adjacency
        if direction == "follows":
            return _to_scipy(rows.indptr, rows.indices, None if values is None else self.column(values))
        return _to_scipy(rows.in_indptr, rows.in_indices, None if values is None else self.in_column(values))

    @domains(backend=OneOf("pandas", "polars", "pyarrow"))
    def to_frame(self, backend: str = "pandas") -> Any:
        """As a table with one row per arc: source follows target, and the columns.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default "pandas"
            The library of the table.

        Raises
        ------
        MissingDependencyError
            If that library is not installed.

        Examples
        --------
        >>> from swayrank.graph import Graph
        >>> Graph.from_edges(["ada"], ["bob"], weight=[2]).to_frame()
          source target  weight
        0    ada    bob     2.0
        """
        u, v = self.edges()
        return _to_frame(u, v, self._whole, backend)


# -- NetworkX and igraph -----------------------------------------------------------------------------------------------


def _of_networkx(graph: Any, weight: str | None, columns: tuple[str, ...]) -> Given:
    """Nodes in the order of ``graph.nodes``, edges in the order of ``graph.edges``."""
    nodes = list(graph.nodes)
    for node in nodes:
        if isinstance(node, bool) or not isinstance(node, int | str | np.integer):
            raise ParameterError(
                f"nodes must be integers or strings, got {node!r}; "
                "networkx.convert_node_labels_to_integers gives every node a number"
            )
    spelled = {str(node) for node in nodes}
    if len(spelled) < len(nodes):
        raise ParameterError("nodes must differ in their spelling: the number 7 and the string '7' are one account")
    position = {node: i for i, node in enumerate(nodes)}
    edges = list(graph.edges(data=True))
    u, v = (_positions((position[edge[end]] for edge in edges), len(edges)) for end in (0, 1))
    values = {} if weight is None else {"weight": [edge[2].get(weight, 1) for edge in edges]}
    for name in columns:
        lacking = next((edge for edge in edges if name not in edge[2]), None)
        if lacking is not None:
            raise ParameterError(f"the edge {lacking[:2]!r} has no attribute {name!r}")
        values[name] = [edge[2][name] for edge in edges]
    ids = None if nodes == list(range(len(nodes))) else nodes
    return Given(u, v, len(nodes), ids, values, graph.is_directed())


def _positions(numbers: Iterable[int], count: int) -> Array:
    return np.fromiter(numbers, np.int64, count)


def _of_igraph(graph: Any, weight: str | None, columns: tuple[str, ...]) -> Given:
    """Vertices and edges in their order."""
    n_edges = graph.ecount()
    ends = _positions(chain.from_iterable(graph.get_edgelist()), 2 * n_edges).reshape(-1, 2)
    names = graph.vs["name"] if "name" in graph.vs.attributes() else None
    wanted = ({} if weight is None else {"weight": weight}) | {name: name for name in columns}
    for name in wanted.values():
        if name not in graph.es.attributes():
            raise ParameterError(f"the edges have no attribute {name!r}, only {graph.es.attributes()!r}")
    values = {column: graph.es[name] for column, name in wanted.items()}
    return Given(ends[:, 0], ends[:, 1], graph.vcount(), names, values, graph.is_directed())


def _to_networkx(u: U32, v: U32, parts: GraphParts) -> Any:
    """A DiGraph or Graph; of the two arcs of an undirected edge, the one from the smaller position."""
    networkx = _need("networkx")
    ids, columns, directed = parts.ids, parts.columns, parts.directed
    graph = networkx.DiGraph() if directed else networkx.Graph()
    names = list(ids)
    graph.add_nodes_from(names)
    keep = slice(None) if directed else u <= v
    values = [column[keep].tolist() for column in columns.values()]
    ends = zip((names[i] for i in u[keep].tolist()), (names[i] for i in v[keep].tolist()), strict=True)
    if not values:
        graph.add_edges_from(ends)
        return graph
    graph.add_edges_from(
        (*edge, dict(zip(columns, row, strict=True))) for edge, row in zip(ends, zip(*values, strict=True), strict=True)
    )
    return graph


def _need(library: str) -> Any:
    if importlib.util.find_spec(library) is None:
        raise absent("this", library)
    return importlib.import_module(library)


# -- matrices and tensors ----------------------------------------------------------------------------------------------


def _of_matrix(adj: Any, values: str | None) -> Given:
    """A SciPy sparse array or matrix, or a dense one."""
    if hasattr(adj, "tocoo"):
        n = _side(adj.shape)
        stored = adj.tocoo()
        return _of_entries(stored.row, stored.col, stored.data, n, values)
    dense = np.asarray(adj)
    n = _side(dense.shape)
    if dense.dtype.kind not in "biuf":
        raise ParameterError(f"adj must hold numbers, got {dense.dtype}")
    rows, cols = np.nonzero(dense)
    return _of_entries(rows, cols, dense[rows, cols], n, values)


def _side(shape: tuple[int, ...]) -> int:
    if len(shape) != 2 or shape[0] != shape[1]:
        raise ParameterError(f"adj must be a square matrix, got shape {tuple(shape)}")
    return int(shape[0])


def _of_entries(rows: Array, cols: Array, entries: Array, n: int, values: str | None) -> Given:
    return Given(rows, cols, n, None, {} if values is None else {values: entries})


def _of_tensor(adj: Any, values: str | None) -> Given:
    """A dense or sparse square tensor."""
    shape = tuple(int(side) for side in getattr(adj, "shape", ()))
    if len(shape) == 2 and shape[0] == 2 and shape[1] != 2:
        raise ParameterError(f"a tensor of shape {shape} looks like an edge_index: give n_nodes")
    n = _side(shape)
    layout = str(getattr(adj, "layout", "torch.strided"))
    if layout == "torch.sparse_coo":
        # As stored: coalescing would add up what may have to be combined as probabilities.
        rows, cols = _numpy(adj._indices())
        return _of_entries(rows, cols, _numpy(adj._values()), n, values)
    if layout == "torch.sparse_csr":
        counts = np.diff(_numpy(adj.crow_indices()))
        return _of_entries(np.repeat(np.arange(n), counts), _numpy(adj.col_indices()), _numpy(adj.values()), n, values)
    if layout != "torch.strided":
        raise ParameterError(f"adj must be a dense, COO or CSR tensor, got {layout}: call adj.to_sparse_coo()")
    return _of_matrix(_numpy(adj), values)


def _of_edge_index(edge_index: Any, n_nodes: int, values: str | None, edge_values: Any) -> Given:
    """Sources and targets in the rows of a tensor of integers, as in PyTorch Geometric."""
    ends = _numpy(edge_index)
    if ends.ndim != 2 or ends.shape[0] != 2 or ends.dtype.kind not in "iu":
        raise ParameterError(
            f"with n_nodes, adj must be an edge_index: integers of shape (2, n_rows), got {ends.dtype} {ends.shape}; "
            "a matrix knows its number of nodes"
        )
    columns = {} if edge_values is None or values is None else {values: _numpy(edge_values).reshape(-1)}
    return Given(ends[0], ends[1], n_nodes, None, columns)


def _numpy(tensor: Any) -> Array:
    """A tensor of any device as an array; NumPy has no bfloat16, so floats narrower than 32 bits are widened."""
    if not hasattr(tensor, "detach"):
        raise ParameterError(f"adj must be a torch.Tensor, got {type(tensor).__name__}")
    tensor = tensor.detach().cpu()
    if tensor.is_floating_point() and tensor.element_size() < 4:
        tensor = tensor.double()
    array: Array = tensor.numpy()
    return array


def _to_scipy(indptr: U64, indices: U32, values: Array | None) -> Any:
    """Rows as a csr_array of signed indices, 32 bits where they suffice."""
    from scipy.sparse import csr_array

    n, index = indptr.size - 1, np.int32 if max(indptr.size, indices.size) < 2**31 else np.int64
    data = np.ones(indices.size) if values is None else values.copy()
    matrix = csr_array((data, indices.astype(index), indptr.astype(index)), shape=(n, n))
    matrix.has_sorted_indices = True
    return matrix


def component_labels(indptr: U64, indices: U32, connection: str) -> npt.NDArray[np.int32]:
    """The number of each node's component, weak or strong."""
    from scipy.sparse.csgraph import connected_components

    if indices.size >= 2**31:
        raise ParameterError("components of graphs with 2**31 arcs or more are beyond scipy.sparse.csgraph")
    labels: npt.NDArray[np.int32] = connected_components(
        _to_scipy(indptr, indices, None), directed=True, connection=connection
    )[1]
    return labels


# -- tables ------------------------------------------------------------------------------------------------------------


def _to_frame(u: U32, v: U32, parts: GraphParts, backend: str) -> Any:
    """A table of arcs: source, target, columns."""
    import pyarrow as pa

    names = parts.ids.to_arrow()
    return frame({"source": names.take(pa.array(u)), "target": names.take(pa.array(v)), **parts.columns}, backend)
