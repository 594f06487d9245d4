r"""The writers behind :func:`swayrank.graph.formats.write_graph`: a graph -> blocks of text, one writer per format.

Names come from strangers. XML has no way to write most control characters, so these are refused there; everything else
is escaped: in XML as entities and character references, in GML as HTML entities (its files are ASCII), in Pajek with a
backslash before quotes and backslashes, and names of several lines refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr as _quoteattr

import numpy as np
import numpy.typing as npt

from swayrank._text import printable
from swayrank.errors import ParameterError
from swayrank.graph.parts import sources

if TYPE_CHECKING:
    from swayrank.graph.formats import NodeColumn
    from swayrank.graph.graph import Graph

Array = npt.NDArray[Any]
Blocks = Iterator[str]
_LINES = 1 << 15
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_GML_KEY = re.compile(r"[A-Za-z][0-9A-Za-z_]*")
_GML_TAKEN = {"id", "label", "source", "target"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_LOOKS = {"viz:x", "viz:y", "viz:size", "viz:color"}  # attributes of nodes that say how GEXF shall draw them
_KINDS = {"b": "boolean", "i": "long", "u": "long", "f": "double"}


# -- what the writers share --------------------------------------------------------------------------------------------


def _names(graph: Graph, start: int, stop: int) -> list[str]:
    return [str(name) for name in graph.ids.to_arrow().slice(start, stop - start).to_pylist()]


def _node_blocks(graph: Graph, columns: Sequence[NodeColumn]) -> Iterator[tuple[int, list[str], list[list[Any]]]]:
    """First number, names and attribute values of some accounts at a time."""
    for start in range(0, graph.n_nodes, _LINES):
        stop = min(start + _LINES, graph.n_nodes)
        yield start, _names(graph, start, stop), [column.block(start, stop) for column in columns]


def _arc_blocks(graph: Graph, names: Sequence[str]) -> Iterator[tuple[list[int], list[int], list[list[Any]]]]:
    """Tails, heads and columns of some arcs at a time; each edge of an undirected graph once."""
    row = np.arange(graph.n_nodes + 1, dtype=np.int64)
    indptr = np.asarray(graph.indptr)
    first = 0
    while first < graph.n_nodes:
        last = int(np.searchsorted(indptr, indptr[first] + np.uint64(_LINES), side="right")) - 1
        last = min(max(last, first + 1), graph.n_nodes)
        lo, hi = int(indptr[first]), int(indptr[last])
        u = np.repeat(row[first:last], np.diff(indptr[first : last + 1]).astype(np.int64))
        v = np.asarray(graph.indices[lo:hi])
        kept = np.arange(lo, hi) if graph.directed else lo + np.flatnonzero(u <= v)
        u, v = u[kept - lo], v[kept - lo]
        if kept.size:
            yield u.tolist(), v.tolist(), [graph.column(name)[kept].tolist() for name in names]
        first = last


def _kind_of(graph: Graph, name: str) -> str:
    return _KINDS[graph.column(name).dtype.kind]


def _weight_only(graph: Graph, name: str) -> list[str]:
    others = [column for column in graph.columns if column != "weight"]
    if others:
        raise ParameterError(
            f"{name} holds no column of arcs but weight, and the graph has {others}; GraphML holds them"
        )
    return ["weight"] if "weight" in graph.columns else []


def _no_nodes(columns: Sequence[NodeColumn], name: str) -> None:
    if columns:
        raise ParameterError(f"nodes must be None: {name} holds no attributes of accounts; .graphml, .gexf and .gml do")


def _number(value: Any) -> str:
    """A number as XML Schema spells it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return "INF" if value > 0 else "-INF"
    return repr(value)


def _absent(value: Any) -> bool:
    return value is None or value != value  # noqa: PLR0124  NaN is no number


# -- XML ---------------------------------------------------------------------------------------------------------------


def _attribute(text: str) -> str:
    """Text in quotes for an XML attribute."""
    wrong = _NOT_XML.search(text)
    if wrong:
        raise ParameterError(
            f"XML cannot hold the character U+{ord(wrong[0]):04X} of {printable(text)!r}; write .gml, or rename it"
        )
    return _quoteattr(text, {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def _content(text: str) -> str:
    """Text between XML tags; the quotes of an attribute are fair there too."""
    return _attribute(text)[1:-1].replace('"', "&quot;") if text else ""


def _xml_value(value: Any) -> str:
    return _content(value) if isinstance(value, str) else _number(value)


def _graphml(graph: Graph, columns: Sequence[NodeColumn]) -> Blocks:
    names = list(graph.columns)
    labelled = any(column.name == "label" for column in columns)
    keys = "" if labelled else '<key id="label" for="node" attr.name="label" attr.type="string"/>\n'
    for prefix, what, kinds in (
        ("n", "node", [(column.name, column.kind) for column in columns]),
        ("e", "edge", [(name, _kind_of(graph, name)) for name in names]),
    ):
        for k, (name, kind) in enumerate(kinds):
            keys += f'<key id="{prefix}{k}" for="{what}" attr.name={_attribute(name)} attr.type="{kind}"/>\n'
    way = "directed" if graph.directed else "undirected"
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
        f'{keys}<graph edgedefault="{way}">\n'
    )
    for _, accounts, values in _node_blocks(graph, columns):
        lines = []
        for i, account in enumerate(accounts):
            cells = "" if labelled else f'<data key="label">{_content(account)}</data>'
            for k, column in enumerate(values):
                if not _absent(column[i]):
                    cells += f'<data key="n{k}">{_xml_value(column[i])}</data>'
            lines.append(f"<node id={_attribute(account)}>{cells}</node>\n")
        yield "".join(lines)
    spelled = _Spelled(graph, _attribute)
    for u, v, values in _arc_blocks(graph, names):
        tails, heads = spelled(u), spelled(v)
        lines = []
        for i, (tail, head) in enumerate(zip(tails, heads, strict=True)):
            cells = "".join(
                f'<data key="e{k}">{_number(column[i])}</data>'
                for k, column in enumerate(values)
                if not _absent(column[i])
            )
            lines.append(f"<edge source={tail} target={head}>{cells}</edge>\n")
        yield "".join(lines)
    yield "</graph>\n</graphml>\n"


class _Spelled:
    """Names of nodes as a format spells them, for a block of arcs' ends."""

    def __init__(self, graph: Graph, spell: Callable[[str], str]) -> None:
        self._names = graph.ids.to_arrow()
        self._spell = spell

    def __call__(self, nodes: list[int]) -> list[str]:
        wanted, where = np.unique(np.array(nodes, np.int64), return_inverse=True)
        texts = [self._spell(str(name)) for name in self._names.take(wanted).to_pylist()]
        return [texts[k] for k in where.tolist()]


def _gexf(graph: Graph, columns: Sequence[NodeColumn]) -> Blocks:
    others = [name for name in graph.columns if name != "weight"]
    names = [*others, *(["weight"] if "weight" in graph.columns else [])]
    declared = ""
    looks = {column.name: k for k, column in enumerate(columns) if column.name in _LOOKS}
    plain = [k for k, column in enumerate(columns) if column.name not in _LOOKS]
    for what, kinds in (
        ("node", [(columns[k].name, columns[k].kind) for k in plain]),
        ("edge", [(name, _kind_of(graph, name)) for name in others]),
    ):
        if kinds:
            inside = "".join(
                f'<attribute id="{k}" title={_attribute(name)} type="{kind}"/>\n'
                for k, (name, kind) in enumerate(kinds)
            )
            declared += f'<attributes class="{what}" mode="static">\n{inside}</attributes>\n'
    way = "directed" if graph.directed else "undirected"
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n<gexf xmlns="http://www.gexf.net/1.2draft" '
        'xmlns:viz="http://www.gexf.net/1.2draft/viz" version="1.2">\n'
        f'<graph mode="static" defaultedgetype="{way}">\n{declared}<nodes>\n'
    )
    for _, accounts, values in _node_blocks(graph, columns):
        lines = []
        for i, account in enumerate(accounts):
            name = _attribute(account)
            told = _attvalues([values[k][i] for k in plain]) + _looks({key: values[k][i] for key, k in looks.items()})
            lines.append(f"<node id={name} label={name}>{told}</node>\n")
        yield "".join(lines)
    yield "</nodes>\n<edges>\n"
    spelled, number = _Spelled(graph, _attribute), 0
    for u, v, values in _arc_blocks(graph, names):
        lines = []
        for i, (tail, head) in enumerate(zip(spelled(u), spelled(v), strict=True)):
            weight = f' weight="{_number(values[-1][i])}"' if len(names) > len(others) else ""
            cells = _attvalues([column[i] for column in values[: len(others)]])
            lines.append(f'<edge id="{number + i}" source={tail} target={head}{weight}>{cells}</edge>\n')
        number += len(u)
        yield "".join(lines)
    yield "</edges>\n</graph>\n</gexf>\n"


def _looks(given: dict[str, Any]) -> str:
    """A node's colour, place and size as Gephi reads them; what is absent is left out."""
    known = {key: value for key, value in given.items() if not _absent(value)}
    told = ""
    if re.fullmatch("#[0-9a-fA-F]{6}", str(known.get("viz:color", ""))):
        red, green, blue = bytes.fromhex(str(known["viz:color"])[1:])
        told += f'<viz:color r="{red}" g="{green}" b="{blue}"/>'
    if {"viz:x", "viz:y"} <= known.keys():
        told += f'<viz:position x="{_number(known["viz:x"])}" y="{_number(known["viz:y"])}" z="0"/>'
    if "viz:size" in known:
        told += f'<viz:size value="{_number(known["viz:size"])}"/>'
    return told


def _attvalues(row: list[Any]) -> str:
    cells = "".join(
        f'<attvalue for="{k}" value="{_xml_value(value)}"/>' for k, value in enumerate(row) if not _absent(value)
    )
    return f"<attvalues>{cells}</attvalues>" if cells else ""


# -- GML ---------------------------------------------------------------------------------------------------------------


def _gml_text(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace('"', "&quot;")
    if not escaped.isascii() or _CONTROL.search(escaped):
        escaped = "".join(c if " " <= c <= "~" else f"&#{ord(c)};" for c in escaped)
    return f'"{escaped}"'


def _gml_value(value: Any) -> str:
    if isinstance(value, str):
        return _gml_text(value)
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise ParameterError(f"GML cannot hold the number {value}; GraphML can")
    text = repr(value)
    mantissa, e, exponent = text.partition("e")  # GML wants a point in every real number
    return f"{mantissa}.0E{exponent}" if e and "." not in mantissa else text


def _gml(graph: Graph, columns: Sequence[NodeColumn]) -> Blocks:
    for what, given in (("nodes", [column.name for column in columns]), ("columns", list(graph.columns))):
        for name in given:
            if not _GML_KEY.fullmatch(name) or name in _GML_TAKEN:
                raise ParameterError(
                    f"{what} must be named by letters, digits and _ other than {', '.join(sorted(_GML_TAKEN))} in GML, "
                    f"got {name!r}"
                )
    yield f"graph [\ndirected {int(graph.directed)}\n"
    for start, accounts, values in _node_blocks(graph, columns):
        lines = []
        for i, account in enumerate(accounts):
            cells = _gml_cells([column.name for column in columns], [column[i] for column in values])
            lines.append(f"node [\nid {start + i}\nlabel {_gml_text(account)}\n{cells}]\n")
        yield "".join(lines)
    for u, v, values in _arc_blocks(graph, list(graph.columns)):
        lines = []
        for i, (tail, head) in enumerate(zip(u, v, strict=True)):
            cells = _gml_cells(list(graph.columns), [column[i] for column in values])
            lines.append(f"edge [\nsource {tail}\ntarget {head}\n{cells}]\n")
        yield "".join(lines)
    yield "]\n"


def _gml_cells(names: Sequence[str], row: Sequence[Any]) -> str:
    return "".join(
        f"{name} {_gml_value(value)}\n" for name, value in zip(names, row, strict=True) if not _absent(value)
    )


# -- formats of numbers ------------------------------------------------------------------------------------------------


def _pajek_text(text: str) -> str:
    if _CONTROL.search(text):
        raise ParameterError(
            f"Pajek cannot hold the control character of {printable(text)!r}; write .gml, or rename it"
        )
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _pajek(graph: Graph, columns: Sequence[NodeColumn]) -> Blocks:
    _no_nodes(columns, "Pajek")
    names = _weight_only(graph, "Pajek")
    yield f"*Vertices {graph.n_nodes}\n"
    for start, accounts, _ in _node_blocks(graph, ()):
        yield "".join(f"{start + i} {_pajek_text(account)}\n" for i, account in enumerate(accounts, 1))
    yield "*Arcs\n" if graph.directed else "*Edges\n"
    yield from _pairs_of(graph, names)


def _pairs_of(graph: Graph, names: list[str], lower: bool = False) -> Blocks:
    """Lines of tail, head (from 1), and weight; `lower`: of each edge the larger end first."""
    for u, v, values in _arc_blocks(graph, names):
        u, v = (v, u) if lower else (u, v)
        if values:
            rows = zip(u, v, values[0], strict=True)
            yield "".join(f"{tail + 1} {head + 1} {weight!r}\n" for tail, head, weight in rows)
        else:
            yield "".join(f"{tail + 1} {head + 1}\n" for tail, head in zip(u, v, strict=True))


def _matrix_market(graph: Graph, columns: Sequence[NodeColumn]) -> Blocks:
    _no_nodes(columns, "Matrix Market")
    names = _weight_only(graph, "Matrix Market")
    kind, shape = "real" if names else "pattern", "general" if graph.directed else "symmetric"
    n_lines = graph.n_edges if graph.directed else _n_undirected(graph)
    yield f"%%MatrixMarket matrix coordinate {kind} {shape}\n{graph.n_nodes} {graph.n_nodes} {n_lines}\n"
    yield from _pairs_of(graph, names, lower=not graph.directed)


def _n_loops(graph: Graph) -> int:
    return int(np.count_nonzero(sources(graph.indptr) == graph.indices))


def _n_undirected(graph: Graph) -> int:
    loops = _n_loops(graph)
    return (graph.n_edges - loops) // 2 + loops


def _metis(graph: Graph, columns: Sequence[NodeColumn]) -> Blocks:
    names = _weight_only(graph, "METIS")
    if graph.directed:
        raise ParameterError("graph must be undirected for METIS, which knows no direction")
    if _n_loops(graph):
        raise ParameterError("graph must have no self-loops for METIS")
    weights = graph.column("weight") if names else np.empty(0)
    if names and not bool(((weights > 0) & (weights == np.floor(weights)) & (weights < 2**53)).all()):
        raise ParameterError("METIS wants weights of arcs that are whole and positive; round them, or write .mtx")
    sizes = [_vertex_weights(column) for column in columns]
    form = f" 0{int(bool(sizes))}{int(bool(names))}" if sizes or names else ""
    yield f"{graph.n_nodes} {graph.n_edges // 2}{form}{f' {len(sizes)}' if len(sizes) > 1 else ''}\n"
    indptr = np.asarray(graph.indptr).astype(np.int64)
    for start in range(0, graph.n_nodes, 1024):
        stop = min(start + 1024, graph.n_nodes)
        lo, hi = int(indptr[start]), int(indptr[stop])
        cells: Array = graph.indices[lo:hi].astype(np.int64) + 1
        if names:
            cells = np.stack([cells, weights[lo:hi].astype(np.int64)], axis=1).reshape(-1)
        texts = [str(cell) for cell in cells.tolist()]
        ends = ((indptr[start : stop + 1] - lo) * (2 if names else 1)).tolist()
        heads = [[str(size[i]) for size in sizes] for i in range(start, stop)]
        yield "".join(" ".join([*heads[i], *texts[ends[i] : ends[i + 1]]]) + "\n" for i in range(stop - start))


def _vertex_weights(column: NodeColumn) -> list[int]:
    values = column.values.to_pylist()
    for value in values:
        if column.kind not in ("long", "double") or _odd(value):
            raise ParameterError(
                f"METIS wants vertex weights that are whole and >= 0, got {value!r} in {column.name!r}"
            )
    return [int(value) for value in values]


def _odd(value: Any) -> bool:
    return value is None or value < 0 or value != int(value)


WRITERS: dict[str, Callable[[Graph, Sequence[NodeColumn]], Blocks]] = {
    "GraphML": _graphml,
    "GEXF": _gexf,
    "GML": _gml,
    "Pajek": _pajek,
    "Matrix Market": _matrix_market,
    "METIS": _metis,
}
