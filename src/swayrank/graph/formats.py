r"""``write_graph``: a graph with its names, columns and results in a file that other programs open.

========  ==================  ==========================  =================  ========================
format    suffixes            names                       arcs' columns      columns of accounts
========  ==================  ==========================  =================  ========================
GraphML   .graphml            any; node ids               all                all, typed
GEXF      .gexf               any; node ids and labels    all, "weight" own  all, typed
GML       .gml                any; labels                 all                all
Pajek     .net                one line each; labels       "weight" only      none
Matrix    .mtx                none: 1 .. n in order       "weight" only      none
Market
METIS     .graph .metis       none: 1 .. n in order       "weight": whole    whole numbers: vertex
                                                          and positive       weights
========  ==================  ==========================  =================  ========================

Each may end in ``.gz`` too. Files are written in blocks of lines and appear whole or not at all. Each edge of an
undirected graph is written once. What a format cannot hold is refused by name, never left out silently, save names in
the two matrix formats, which number the accounts by definition. A number that is NaN is written as no value at all.
"""

from __future__ import annotations

import contextlib
import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from swayrank._text import unguarded
from swayrank.errors import ParameterError, warn_caller
from swayrank.results import write_whole

if TYPE_CHECKING:
    import pyarrow as pa

    from swayrank.graph.graph import Graph

FORMATS = {
    ".graphml": "GraphML",
    ".gexf": "GEXF",
    ".gml": "GML",
    ".net": "Pajek",
    ".mtx": "Matrix Market",
    ".graph": "METIS",
    ".metis": "METIS",
}
"""Names of the formats by suffix; a reader or a writer takes ``.gz`` behind each."""
_ABSENT = 2**32 - 1
ACCOUNT_COLUMNS = ("account", "id", "node", "name")
"""Columns that hold the accounts of a table, the first that is there."""


def format_of(path: str | Path) -> str | None:
    """The format that a file's name says it has; None for any other.

    Examples
    --------
    >>> format_of("town.graphml"), format_of("karate.MTX.gz"), format_of("follows.csv.gz")
    ('GraphML', 'Matrix Market', None)
    """
    suffixes = [suffix.lower() for suffix in Path(path).suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    return FORMATS.get(suffixes[-1]) if suffixes else None


@dataclass(frozen=True)
class NodeColumn:
    """One attribute of the accounts: ``values[i]`` of account i, None where it has none.

    Attributes
    ----------
    name : str
        As the file shall name it.
    kind : {"long", "double", "boolean", "string"}
        Type of the values.
    values : pyarrow.Array, shape (n_nodes,)
        Nulls where there is none; NaN counts as none.
    """

    name: str
    kind: str
    values: pa.Array

    def block(self, start: int, stop: int) -> list[Any]:
        """The values of some accounts as Python objects."""
        listed: list[Any] = self.values.slice(start, stop - start).to_pylist()
        return listed


def write_graph(graph: Graph, path: str | Path, *, nodes: Any = None) -> Path:
    r"""Write a graph as GraphML, GEXF, GML, Pajek, Matrix Market or METIS.

    Parameters
    ----------
    graph : Graph
        What to write, with all its columns.
    path : str or Path
        Where to; the suffix tells the format: ``.graphml``, ``.gexf``, ``.gml``, ``.net``, ``.mtx``, ``.graph`` or
        ``.metis``, and a ``.gz`` behind it compresses.
    nodes : mapping of str to Measure, array or list, or data frame, optional
        Attributes of the accounts: measures (joined by account), or values of shape (n_nodes,) in the graph's order:
        numbers, truth values or text. Or a table with a column "account" (else "id", "node" or "name") and one column
        for each attribute; accounts that it lacks have no value.
        In GEXF, those called ``viz:x`` and ``viz:y``, ``viz:size`` and ``viz:color`` ("#rrggbb") are how Gephi draws
        the accounts.

    Returns
    -------
    path : Path
        The file.

    Raises
    ------
    ParameterError
        If no format has that suffix, or the format cannot hold a name, a column or an attribute.
    InputError
        If the file cannot be written.

    Notes
    -----
    O(n_nodes + n_edges), about 1-3 microseconds per line; memory is the attributes and one block of lines.

    Examples
    --------
    >>> import swayrank as sr, tempfile
    >>> g = sr.Graph.from_edges(["ada", "bob"], ["eve", "eve"])
    >>> path = write_graph(g, tempfile.mkdtemp() + "/follows.gml", nodes={"in_degree": sr.in_degree(g)})
    >>> print(path.read_text()[:56])
    graph [
    directed 1
    node [
    id 0
    label "ada"
    in_degree 0
    ]
    """
    from swayrank.graph import format_writers

    target = Path(path)
    name = format_of(target)
    if name is None:
        raise ParameterError(f"path must end in one of {', '.join(FORMATS)} (and .gz if wished), got {target.name!r}")
    columns = node_columns(graph, nodes)
    blocks = format_writers.WRITERS[name](graph, columns)
    with _opened(target) as file:
        for text in blocks:
            file.write(text.encode("utf-8"))
    return target


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[IO[bytes] | gzip.GzipFile]:
    with write_whole(path) as file:
        if path.suffix.lower() == ".gz":
            with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0) as packed:
                yield packed
        else:
            yield file


# -- attributes of accounts --------------------------------------------------------------------------------------------


def node_columns(graph: Graph, nodes: Any) -> list[NodeColumn]:
    """What `nodes` of :func:`write_graph` holds, one column each in the graph's order."""
    if nodes is None:
        return []
    if not isinstance(nodes, Mapping):
        nodes = _joined(graph, nodes)
    columns = [_column(graph, name, values) for name, values in nodes.items()]
    return columns


def _column(graph: Graph, name: Any, values: Any) -> NodeColumn:
    import pyarrow as pa

    if not isinstance(name, str) or not name:
        raise ParameterError(f"nodes must name each attribute by a string, got {name!r}")
    if hasattr(values, "ids") and hasattr(values, "values"):
        values = _of_measure(graph, values)
    try:
        array = pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, TypeError) as error:
        raise ParameterError(f"nodes[{name!r}] must hold numbers, truth values or text: {error}") from None
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    if len(array) != graph.n_nodes:
        raise ParameterError(
            f"nodes[{name!r}] must have one value for each of {graph.n_nodes:,} nodes, got {len(array):,}"
        )
    return NodeColumn(name, *_typed(name, array))


def _typed(name: str, array: pa.Array) -> tuple[str, pa.Array]:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.dictionary_decode()
        kind = array.type
    if pa.types.is_boolean(kind):
        return "boolean", array
    if pa.types.is_uint64(kind) and (pc.max(array).as_py() or 0) >= 2**63:
        return "double", array.cast(pa.float64(), safe=False)
    if pa.types.is_integer(kind):
        return "long", array.cast(pa.int64())
    if pa.types.is_floating(kind):
        array = array.cast(pa.float64())
        return "double", pc.if_else(pc.is_nan(array), None, array)
    if pa.types.is_null(kind):
        return "string", array.cast(pa.large_string())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_temporal(kind):
        return "string", array.cast(pa.large_string())
    raise ParameterError(f"nodes[{name!r}] must hold numbers, truth values or text, got {kind}")


def _of_measure(graph: Graph, measure: Any) -> npt.NDArray[Any]:
    """A measure's values by the graph's accounts; NaN where it has none."""
    if measure.ids is graph.ids or measure.ids == graph.ids:
        return np.asarray(measure.values)
    found = measure.ids.positions(graph.ids.to_arrow(), missing="sentinel")
    there = found != _ABSENT
    if graph.n_nodes and not there.any():
        raise ParameterError(f"nodes: {measure.name} is of other accounts: none of them is in the graph")
    values = np.full(graph.n_nodes, np.nan)
    values[there] = np.asarray(measure.values, np.float64)[found[there]]
    return values


def _joined(graph: Graph, table: Any) -> dict[str, pa.Array]:
    """The columns of a table by the graph's accounts; null where it has no row."""
    import narwhals as nw
    import pyarrow as pa

    if not isinstance(table, pa.Table):
        try:
            table = nw.from_native(table, eager_only=True).to_arrow()
        except TypeError:
            raise ParameterError(f"nodes must be a mapping or a data frame, got {type(table).__name__}") from None
    key = next((name for name in ACCOUNT_COLUMNS if name in table.column_names), None)
    if key is None:
        raise ParameterError(
            f"nodes must have a column named one of {', '.join(ACCOUNT_COLUMNS)}, got {table.column_names}"
        )
    rows = _rows_of(graph, table[key].combine_chunks())
    known = np.flatnonzero(rows != _ABSENT)
    if np.unique(rows[known]).size < known.size:
        raise ParameterError(f"nodes must have one row per account; column {key!r} repeats some")
    if not known.size and graph.n_nodes:
        raise ParameterError(f"nodes must speak of the graph's accounts; column {key!r} names none of them")
    if known.size < rows.size:
        others = rows.size - known.size
        text = f"{others:,} of {rows.size:,} rows of nodes name no account of the graph, and are left out"
        warn_caller(text)
    at = np.full(graph.n_nodes, -1, np.int64)
    at[rows[known]] = known
    take = pa.array(at, mask=at < 0)
    return {name: table[name].combine_chunks().take(take) for name in table.column_names if name != key}


def _rows_of(graph: Graph, accounts: pa.Array) -> npt.NDArray[np.uint32]:
    """Where each row's account stands. Names that were guarded for spreadsheets by an apostrophe are known too."""
    import pyarrow as pa

    rows = graph.ids.positions(accounts, missing="sentinel").copy()
    if pa.types.is_string(accounts.type) or pa.types.is_large_string(accounts.type):
        unknown = np.flatnonzero(rows == _ABSENT)
        texts = [accounts[int(i)].as_py() or "" for i in unknown]
        guarded = [k for k, text in enumerate(texts) if unguarded(text) != text]
        if guarded:
            found = graph.ids.positions([unguarded(texts[k]) for k in guarded], missing="sentinel")
            rows[unknown[guarded]] = found
    return rows
