r"""GraphML, GEXF, GML, Pajek, Matrix Market and METIS files -> edges by position, for ``read_graph``.

NetworkX parses the first three, SciPy Matrix Market; the other two are lines of numbers (:mod:`.number_formats`).

Which accounts: GraphML and GEXF name them by the nodes' ids, GML and Pajek by their labels where these are there and
differ (else by the numbers), the two matrix formats by 1 .. n. Ids are integers if all of them are integers in their
canonical spelling. The edge attribute "weight" becomes the column weight (1 where an edge lacks it, as in NetworkX),
other numbers become columns (NaN where lacking). Text on edges and all attributes of nodes are left out; the report
tells which. A file that says it is undirected gives an undirected graph.

XML with a DOCTYPE is refused before it is parsed: entities that swell to gigabytes or name other files need one.
"""

from __future__ import annotations

import gzip
import re
import shutil
import tempfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat

import numpy as np
import numpy.typing as npt

from swayrank._extras import absent
from swayrank._text import printable
from swayrank.errors import InputError, MissingDependencyError, ParameterError, warn_caller
from swayrank.ids import Ids
from swayrank.sources.memory import told_size

Array = npt.NDArray[Any]
_LARGE = 100_000_000
_UNPACKED = 8  # such files shrink by about this when packed
_PEAK = {"GraphML": 29, "GEXF": 26, "GML": 16, "Pajek": 16, "Matrix Market": 4, "METIS": 16}
"""Bytes of memory at the peak per byte of file, measured on graphs of 100,000 weighted arcs."""
_CANONICAL = re.compile(r"0|-?[1-9][0-9]{0,17}")
_LINE = re.compile(r"\bline:? (\d+)|\((\d+), \d+\)", re.IGNORECASE)


@dataclass
class Parsed:
    """Edges of a file by position.

    Attributes
    ----------
    u, v : numpy.ndarray of int64, shape (n_rows,)
        The ends.
    ids : Ids
        The accounts.
    columns : dict of str to numpy.ndarray, shape (n_rows,)
        Numbers on the edges.
    directed : bool
        What the file says.
    notes : list of str
        What was left out.
    """

    u: Array
    v: Array
    ids: Ids
    columns: dict[str, Array] = field(default_factory=dict)
    directed: bool = True
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Chosen:
    """Which attributes of edges become columns: `weight` (a name, None for "weight", False for none) and `columns`."""

    weight: str | bool | None = None
    columns: Mapping[str, str | int] = field(default_factory=dict)

    def check(self) -> None:
        """Attributes have names, not positions."""
        for wanted in (self.weight, *self.columns.values()):
            if isinstance(wanted, int) and not isinstance(wanted, bool):
                raise ParameterError(f"weight and columns must name attributes of edges in this format, got {wanted}")


def read_format(path: Path, name: str, chosen: Chosen) -> Parsed:
    """Read a file of the format called `name`.

    Raises
    ------
    InputError
        If the file is missing, damaged, or not of this format; with the line where the parser tells it.
    MissingDependencyError
        If NetworkX is needed and not installed.
    """
    chosen.check()
    if not path.is_file():
        raise InputError("there is no such file" if not path.exists() else "is not a regular file", file=str(path))
    _warn_if_large(path, name)
    try:
        with _opened(path) as file:
            if name in ("GraphML", "GEXF"):
                _refuse_doctype(file, path)
            return _PARSERS[name](file, path, chosen)
    except (InputError, ParameterError, MissingDependencyError, MemoryError):
        raise
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"is damaged or ends early: {error}", file=str(path)) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", file=str(path)) from None
    except Exception as error:  # parsers fail in any way on malformed files
        raise _told(error, path, name) from error


def _told(error: Exception, path: Path, name: str) -> InputError:
    told = f"{type(error).__name__}: {error}" if isinstance(error, KeyError | IndexError) else str(error)
    position = getattr(error, "position", None)
    found = _LINE.search(told)
    line = int(position[0]) if position else int(found[1] or found[2]) if found else None
    return InputError(
        f"is no sound {name} file: {printable(told or type(error).__name__, 300)}", file=str(path), line=line
    )


def _opened(path: Path) -> IO[bytes]:
    return gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb")  # type: ignore[return-value]


def _warn_if_large(path: Path, name: str) -> None:
    size = path.stat().st_size * (_UNPACKED if path.suffix.lower() == ".gz" else 1)
    peak, there = size * _PEAK[name], _available()
    if size < _LARGE and (there is None or peak <= there):
        return
    left = "" if there is None else f" of {told_size(there)} available"
    warn_caller(
        f"{path}: {told_size(size)} of {name} need about {told_size(peak)} of memory{left} while read; an edge "
        "list as CSV or Parquet needs a small part of that"
    )


def _available() -> int | None:
    """Bytes of memory that can still be had, where the system tells it."""
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return None
    found = re.search(r"MemAvailable:\s*(\d+) kB", text)
    return int(found[1]) * 1024 if found else None


def _refuse_doctype(file: IO[bytes], path: Path) -> None:
    """Look at what stands before the first element, and rewind."""
    parser = expat.ParserCreate()
    state = {"line": 0, "begun": False}

    def on_doctype(*_: object) -> None:
        state["line"] = parser.CurrentLineNumber
        raise StopIteration

    def on_element(*_: object) -> None:
        state["begun"] = True
        raise StopIteration

    parser.StartDoctypeDeclHandler, parser.StartElementHandler = on_doctype, on_element
    try:
        while block := file.read(1 << 14):
            parser.Parse(block, False)
        parser.Parse(b"", True)
    except StopIteration:
        pass
    except expat.ExpatError as error:
        raise InputError(
            f"is no sound XML: {expat.ErrorString(error.code)}", file=str(path), line=error.lineno
        ) from None
    if not state["begun"]:
        raise InputError(
            "has a DOCTYPE, which can hide text that swells or names other files; if you trust it, delete that line",
            file=str(path),
            line=int(state["line"]),
        )
    file.seek(0)


# -- what NetworkX parses ----------------------------------------------------------------------------------------------


def _networkx(name: str) -> Any:
    try:
        import networkx as nx
    except ModuleNotFoundError:
        raise absent(f"reading {name}", "networkx") from None
    return nx


def _graphml(file: IO[bytes], path: Path, chosen: Chosen) -> Parsed:
    graph = _networkx("GraphML").read_graphml(file)
    return _of_networkx(graph, [str(node) for node in graph], chosen, graph.graph.get("edge_default", {}))


def _gexf(file: IO[bytes], path: Path, chosen: Chosen) -> Parsed:
    graph = _networkx("GEXF").read_gexf(file)
    return _of_networkx(graph, [str(node) for node in graph], chosen, graph.graph.get("edge_default", {}))


def _gml(file: IO[bytes], path: Path, chosen: Chosen) -> Parsed:
    lines = (line.decode("utf-8-sig").rstrip("\r\n") for line in file)  # GML is ASCII, and many write UTF-8
    graph = _networkx("GML").parse_gml(lines, label="id")
    labels = [str(graph.nodes[node].get("label", "")) for node in graph]
    told = all("label" in graph.nodes[node] for node in graph) and len(set(labels)) == len(labels)
    parsed = _of_networkx(graph, labels if told else [str(node) for node in graph], chosen, {})
    if not told:
        parsed.notes.append("accounts are the nodes' ids, since labels lack or repeat")
    return parsed


def _of_networkx(graph: Any, names: list[str], chosen: Chosen, defaults: Mapping[str, Any]) -> Parsed:
    position = {node: i for i, node in enumerate(graph)}
    edges = list(graph.edges(data=True))
    u = np.fromiter((position[edge[0]] for edge in edges), np.int64, len(edges))
    v = np.fromiter((position[edge[1]] for edge in edges), np.int64, len(edges))
    attributes = dict.fromkeys(name for edge in edges for name in edge[2])
    given = {name: [edge[2].get(name, defaults.get(name)) for edge in edges] for name in attributes if name != "id"}
    left = sorted({str(name) for _, data in graph.nodes(data=True) for name in data} - {"label"})
    parsed = Parsed(u, v, ids_of(names), {}, graph.is_directed())
    parsed.columns = chosen_columns(given, chosen, parsed.notes)
    if left:
        parsed.notes.append(f"attributes of nodes are left out: {printable(', '.join(left), 200)}")
    return parsed


def chosen_columns(given: Mapping[str, list[Any]], chosen: Chosen, notes: list[str]) -> dict[str, Array]:
    """Of the edges' attributes those that are asked for, or by default weight and all that are numbers."""
    columns: dict[str, Array] = {}
    weight = "weight" if chosen.weight is None else chosen.weight
    wanted: dict[str, Any] = (
        {"weight": weight} if isinstance(weight, str) and (weight in given or chosen.weight) else {}
    )
    wanted |= chosen.columns
    for name, attribute in wanted.items():
        if attribute not in given:
            raise ParameterError(f"{name!r} must be one of the edges' attributes {sorted(given)}, got {attribute!r}")
        values = _numbers(given[attribute], 1.0 if name == "weight" else np.nan)
        if values is None:
            raise InputError(f"the edges' attribute {attribute!r} must hold numbers; weight=False leaves it out")
        columns[name] = values
    left = [name for name in given if name not in wanted.values() and name != "weight"]
    for attribute in left if not chosen.columns else []:
        values = None if attribute in ("source", "target") else _numbers(given[attribute], np.nan)
        if values is None:
            notes.append(f"the edges' attribute {printable(attribute, 60)!r} is left out: not all numbers")
        else:
            columns[attribute] = values
    return columns


def _numbers(values: list[Any], lacking: float) -> Array | None:
    if not all(value is None or isinstance(value, int | float) for value in values):
        return None
    if all(value is None for value in values):
        return np.full(len(values), lacking)
    array = np.array([lacking if value is None else value for value in values])
    return array if array.dtype.kind in "biuf" else None


def ids_of(names: list[str]) -> Ids:
    """Accounts: integers if all of the names are spelled as such."""
    if all(_CANONICAL.fullmatch(name) for name in names):
        return Ids.from_values(np.array([int(name) for name in names], np.int64))
    return Ids.from_values(names)


# -- matrices ----------------------------------------------------------------------------------------------------------


def _matrix_market(file: IO[bytes], path: Path, chosen: Chosen) -> Parsed:
    if path.suffix.lower() != ".gz":
        return _matrix(path, path, chosen)
    with tempfile.TemporaryDirectory() as folder:
        unpacked = Path(folder) / "matrix.mtx"
        with unpacked.open("wb") as plain:
            shutil.copyfileobj(file, plain)
        return _matrix(unpacked, path, chosen)


def _matrix(plain: Path, path: Path, chosen: Chosen) -> Parsed:
    """Read by name: SciPy's parser ends the process at some faults of a file that Python has opened."""
    from scipy import io, sparse

    rows, cols, n_entries, form, field_, symmetry = io.mminfo(str(plain))
    if rows != cols:
        raise InputError(
            f"must hold a square matrix, got {rows:,} x {cols:,} (two kinds of nodes)", file=str(path), line=1
        )
    if field_ == "complex":
        raise InputError("holds complex numbers", file=str(path), line=1)
    if rows > 64 * n_entries + (1 << 20):
        raise InputError(f"states {rows:,} rows, far more than it has entries", file=str(path), line=1)
    matrix = sparse.coo_array(io.mmread(str(plain)))
    u, v, values = matrix.coords[0].astype(np.int64), matrix.coords[1].astype(np.int64), matrix.data
    directed = symmetry != "symmetric"
    if not directed:  # each edge once
        kept = u >= v
        u, v, values = u[kept], v[kept], values[kept]
    parsed = Parsed(u, v, Ids.of_ints(np.arange(1, rows + 1)), {}, directed)
    given = {} if field_ == "pattern" and form == "coordinate" else {"weight": values.tolist()}
    parsed.columns = chosen_columns(given, chosen, parsed.notes)
    return parsed


def _pajek(file: IO[bytes], path: Path, chosen: Chosen) -> Parsed:
    from swayrank.sources.number_formats import parse_pajek

    return parse_pajek(_lines(file), path, chosen)


def _metis(file: IO[bytes], path: Path, chosen: Chosen) -> Parsed:
    from swayrank.sources.number_formats import parse_metis

    return parse_metis(_lines(file), path, chosen)


def _lines(file: IO[bytes]) -> Iterable[str]:
    return (line.decode("utf-8-sig" if k == 0 else "utf-8").rstrip("\r\n") for k, line in enumerate(file))


_PARSERS = {
    "GraphML": _graphml,
    "GEXF": _gexf,
    "GML": _gml,
    "Pajek": _pajek,
    "Matrix Market": _matrix_market,
    "METIS": _metis,
}
