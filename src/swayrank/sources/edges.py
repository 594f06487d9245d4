"""``read_graph``: a graph from edge lists: text as everybody writes it, Parquet, Arrow, data frames.

What a file looks like is recognised (:mod:`swayrank.sources.edge_dialect`, :mod:`swayrank.sources.edge_columns`), told
in ``graph.report`` and can be named. Text runs through :mod:`swayrank.sources.edge_text` in chunks, on any engine;
tables through Arrow, batch by batch.

Ids are integers if every id of every file is an integer in its canonical spelling; one id like "007", "x" or "7.0"
makes all of them strings. Nodes are numbered by first appearance, row by row, source before target, save in two cases:
ids that fill 0 .. n-1 without a gap keep their order, and where a file states how many nodes it has and its ids fit
0 .. n-1 or 1 .. n, these are the nodes, isolated ones included.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, Step, track
from swayrank._text import printable
from swayrank._validate import Interval, OneOf, Optional, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import InputError, ParameterError
from swayrank.graph import Graph
from swayrank.graph.formats import format_of
from swayrank.graph.parts import GraphReport
from swayrank.ids import ABSENT, MAX_IDS, Ids, Interner
from swayrank.sources import edge_text
from swayrank.sources.edge_columns import Roles, Wanted
from swayrank.sources.edge_dialect import SAMPLE_BYTES, Dialect, Sizes, recognise
from swayrank.sources.edge_shapes import Shaped, read_shaped
from swayrank.sources.edge_tables import TableFile, is_table_file, matrix_of_pandas, table_of_frame
from swayrank.sources.formats import Chosen, read_format
from swayrank.sources.rejects import MISSING_FIELD, Rejects

Array = npt.NDArray[Any]
U32 = npt.NDArray[np.uint32]
_NOBODY = ("nan", "NaN", "NULL", "null", "None", "N/A", "n/a", "\\N", "<NA>")
_BLOCK = 1 << 20
_MANY_REJECTS = 10_000
_FEW_EDGES = 100


# -- what is told ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file: ``lines == rows + rejected + comments + blanks + headers``.

    Attributes
    ----------
    file : str
        Path, or "data frame".
    recognised : str
        What it was taken for, in words.
    facts : dict
        The same as plain values: format, delimiter, header, source, target, columns, notes ...
    lines : int
        Physical lines, or records of a table.
    rows, rejected, comments, blanks, headers : int
        What they were; a first line that states sizes counts as a header.
    """

    file: str
    recognised: str
    facts: dict[str, Any]
    lines: int
    rows: int
    rejected: int
    comments: int = 0
    blanks: int = 0
    headers: int = 0


class ReadReport(GraphReport):
    """A :class:`GraphReport` that also knows the files: what they were taken for, line counts, rejected rows.

    Attributes
    ----------
    files : tuple of FileReport
        One for each input, in order.
    rejects : Rejects
        Every rejected row with file, line, column, value and reason.
    recognised : str
        What the inputs were taken for, one line each.
    notes : tuple of str
        What may be otherwise than it was read: a guessed encoding, a first row that may be a header, accounts whose
        names mostly mean that there is nobody ...; ``str(report)`` ends with them.
    """

    files: tuple[FileReport, ...]
    rejects: Rejects

    notes: tuple[str, ...]

    def __init__(
        self, base: GraphReport, files: Iterable[FileReport], rejects: Rejects, notes: Iterable[str] = ()
    ) -> None:
        super().__init__(base.rows + len(rejects), base.kept, base.self_loops, base.duplicates, len(rejects))
        object.__setattr__(self, "files", tuple(files))
        object.__setattr__(self, "rejects", rejects)
        object.__setattr__(self, "notes", tuple(notes))

    @property
    def recognised(self) -> str:
        """What the inputs were taken for, one line each."""
        return "\n".join(f"{one.file}: {one.recognised}" for one in self.files)

    def __str__(self) -> str:
        return "\n".join([super().__str__(), self.recognised, *self.notes])


# -- what is gathered --------------------------------------------------------------------------------------------------


class _Growing:
    """An array that rows are appended to; the first guess of its length is usually the last."""

    def __init__(self, dtype: npt.DTypeLike) -> None:
        self._array: Array = np.empty(0, dtype)
        self.size = 0

    def append(self, values: Array, expected: int) -> None:
        stop = self.size + len(values)
        if self._array.dtype != values.dtype and self._array.dtype == np.int64:  # a first fraction among integers
            self._array = self._array.astype(np.float64)
        if stop > len(self._array):
            larger = np.empty(max(stop, expected, stop + stop // 4 if self.size else 0), self._array.dtype)
            larger[: self.size] = self._array[: self.size]
            self._array = larger
        self._array[self.size : stop] = values
        self.size = stop

    def array(self) -> Array:
        return self._array[: self.size]


@dataclass
class _Gathered:
    """Ends and values of all inputs so far.

    Integer ids below 2**32 - 1 wait as they are, in 4 bytes each: once all are known they may turn out to need no
    numbering at all. The first other id has them numbered, and whatever follows.
    """

    u: _Growing = field(default_factory=lambda: _Growing(np.uint32))
    v: _Growing = field(default_factory=lambda: _Growing(np.uint32))
    columns: dict[str, _Growing] = field(default_factory=dict)
    interner: Interner | None = None
    low: int = MAX_IDS
    high: int = -1

    def add(self, ends: Any, columns: Mapping[str, Array], expected: int = 0) -> None:
        """Append rows; `ends` has u, v, names as :class:`edge_text.Chunk` does. `expected`: rows in all, about."""
        if ends.names is None and self.interner is None and len(ends.u):
            low, high = _span(ends.u, ends.v)
            if 0 <= low and high < MAX_IDS:
                self.low, self.high = min(self.low, low), max(self.high, high)
                self._append(
                    ends.u.astype(np.uint32, copy=False), ends.v.astype(np.uint32, copy=False), columns, expected
                )
                return
        if len(ends.u):
            self._append(*edge_text.codes_in(self.number(), ends), columns, expected)

    def _append(self, u: U32, v: U32, columns: Mapping[str, Array], expected: int) -> None:
        self.u.append(u, expected)
        self.v.append(v, expected)
        for name, values in columns.items():
            self.columns.setdefault(name, _Growing(values.dtype)).append(values, expected)

    def number(self) -> Interner:
        """Give the waiting ids their numbers, in place."""
        if self.interner is None:
            self.interner = Interner()
            self.interner.encode_in_place(self.u.array(), self.v.array())
        return self.interner

    def finish(self, sizes: Iterable[Sizes]) -> Ids:
        """The ids of the nodes; afterwards u and v hold positions."""
        if self.interner is not None:
            return self.interner.ids()
        u, v = self.u.array(), self.v.array()
        for stated in sizes:
            n = stated.n_nodes
            if self.high < n <= 64 * len(u) + _BLOCK:
                return Ids.of_range(n)
            if self.high == n and self.low >= 1 and n <= 64 * len(u) + _BLOCK:
                u -= np.uint32(1)
                v -= np.uint32(1)
                return Ids.of_ints(np.arange(1, n + 1))
        if self.low == 0 and self.high < 2 * len(u) and self._is_gapless(u, v):
            return Ids.of_range(self.high + 1)
        return self.number().ids()

    def _is_gapless(self, u: Array, v: Array) -> bool:
        seen = np.zeros(self.high + 1, np.bool_)
        seen[u] = True
        seen[v] = True
        return bool(seen.all())


def _span(u: Array, v: Array) -> tuple[int, int]:
    return min(int(u.min()), int(v.min())), max(int(u.max()), int(v.max()))


# -- reading -----------------------------------------------------------------------------------------------------------


class _CountLineIsEdge(Exception):  # noqa: N818
    """What was taken for a statement of sizes is an edge: the ids do not fit it."""


@dataclass
class _Reader:
    """One call of :func:`read_graph`."""

    wanted: Wanted
    encoding: str | None
    engine: Engine
    max_rejects: float
    single: bool
    gathered: _Gathered = field(default_factory=_Gathered)
    rejects: Rejects = field(default_factory=Rejects)
    files: list[FileReport] = field(default_factory=list)
    sizes: list[Sizes] = field(default_factory=list)
    value_names: list[str] | None = None
    notes: list[str] = field(default_factory=list)

    def read_text(self, path: Path, progress: Progress, first_is_edge: bool) -> None:
        text = edge_text.load_text(path, self.encoding, self.wanted.delimiter)
        head = text.head(SAMPLE_BYTES)
        whole = len(head) == len(text.data)
        n_lines = text.n_lines()
        shaped = read_shaped(text.data, SAMPLE_BYTES, self.wanted, str(path))  # type: ignore[arg-type]
        if shaped is not None:
            self.take_shaped(shaped, str(path))
            return
        dialect = recognise(head, whole, n_lines, self.wanted, str(path), first_is_edge)
        if dialect.doubt:
            self.notes.append(f"{path.name}: {dialect.doubt}")
        task = edge_text.ChunkTask.of(text.data, dialect)
        size = edge_text.CHUNK_BYTES if dialect.integers else edge_text.CHUNK_BYTES_NAMES
        bounds = edge_text.line_bounds(text.data, dialect.body, size)
        lines, comments, blanks = dialect.body_line, dialect.comments, dialect.blanks
        before, rows_before, word = len(self.rejects), self.gathered.u.size, None
        names = self._value_names(dialect.roles, str(path))
        with track(progress, f"reading {path.name}", len(text.data)) as step:
            for k, chunk in enumerate(self.engine.map(edge_text.read_chunk, task, bounds, step=step)):
                done = self.gathered.u.size - rows_before + len(chunk.u)
                share = (int(bounds[k + 1]) - dialect.body) / max(1, int(bounds[-1]) - dialect.body)
                self.gathered.add(
                    chunk, dict(zip(names, chunk.columns, strict=True)), rows_before + int(done / share) + 64
                )
                for line, role, value, reason in chunk.rejects:
                    self.rejects.add(str(path), lines + line + 1, dialect.column_name(role), value, reason)
                if self.single and len(self.rejects) > _MANY_REJECTS:  # a hopeless file ends here
                    self.rejects.check(n_lines - len(self.rejects), self.max_rejects, complete=False)
                if word is None and chunk.word is not None:
                    word = (lines + chunk.word[0] + 1, chunk.word[1])
                lines, comments, blanks = lines + chunk.n_lines, comments + chunk.comments, blanks + chunk.blanks
        rows, rejected = self.gathered.u.size - rows_before, len(self.rejects) - before
        stated = self._judge_sizes(dialect, rows_before, rows + rejected)
        self._tell_text(path, text, dialect, word, stated, (lines, rows, rejected, comments, blanks))

    def take_shaped(self, shaped: Shaped, file: str) -> None:
        """Take the arcs of a matrix or of lists."""
        u, v, weights = shaped.u, shaped.v, shaped.weights
        if self.wanted.direction == "undirected" and weights is not None:  # each edge of a symmetric matrix once
            both = {(a, b): w for a, b, w in zip(u.tolist(), v.tolist(), weights.tolist(), strict=True)}
            if all(both.get((b, a)) == w for (a, b), w in both.items()):
                u, v, weights = u[shaped.u <= shaped.v], v[shaped.u <= shaped.v], weights[shaped.u <= shaped.v]
        values = {"weight": weights} if weights is not None and self.wanted.weight is not False else {}
        self._value_names(Roles(0, 1, tuple((name, 2, "number") for name in values)), file)
        self.gathered.number().encode(shaped.accounts)
        ends = edge_text.Chunk(u, v, shaped.accounts, list(values.values()), len(u), 0, 0, [], None)
        self.gathered.add(ends, values)
        for line, value in shaped.rejects:
            self.rejects.add(file, line, "", value, MISSING_FIELD)
        ids = "names" if shaped.accounts.kind == "string" else "integers"
        told = [shaped.told, *_direction_told(self.wanted.direction, ()), f"ids are {ids}"]
        facts = {"format": shaped.kind, "columns": {name: name for name in values}, "notes": [], "ids": ids}
        n = len(shaped.rejects)
        self.files.append(FileReport(file, "; ".join(told), facts, len(u) + n, len(u), n))

    def _value_names(self, roles: Roles, file: str) -> list[str]:
        """Names of the values that the file has; all files must have the same."""
        names = [name for name, _, _ in roles.values]
        known = self.value_names
        if known is not None and set(names) != set(known):
            raise InputError(
                f"has {_told(names)}, but {self.files[0].file} has {_told(known)}, and the files of one graph must "
                "have the same. Is one of them a log of events? Then say so: events:FILE with swayrank check, "
                "--events FILE with swayrank score. In Python, name what to keep with weight= and columns=, or pass "
                "weight=False",
                file=file,
            )
        self.value_names = names
        return names

    def _judge_sizes(self, dialect: Dialect, first_row: int, n_rows: int) -> list[Sizes]:
        """The sizes that the file states, if its rows from `first_row` on do not speak against them."""
        if dialect.count_line and dialect.sizes[0].like_an_edge and not self._fit(dialect.sizes[0], first_row):
            raise _CountLineIsEdge
        good = [stated for stated in dialect.sizes if stated.sure or stated.n_edges in (n_rows, 2 * n_rows)]
        self.sizes += good
        return good

    def _fit(self, stated: Sizes, first_row: int) -> bool:
        """Whether the ids from row `first_row` on can be those of a file that says to have so many nodes."""
        u, v = self.gathered.u.array()[first_row:], self.gathered.v.array()[first_row:]
        if self.gathered.interner is not None or u.size == 0:  # names, or ids that are negative or huge
            return False
        low, high = _span(u, v)
        if high > stated.n_nodes or (high == stated.n_nodes and low == 0):
            return False
        tiny = u.size < _FEW_EDGES and not stated.narrow
        return not tiny or stated.n_nodes <= 2 * np.unique(np.concatenate([u, v])).size

    def _tell_text(
        self,
        path: Path,
        text: edge_text.Text,
        dialect: Dialect,
        word: tuple[int, str] | None,
        sizes: list[Sizes],
        counts: tuple[int, ...],
    ) -> None:
        lines, rows, rejected, comments, blanks = counts
        facts = dialect.facts() | {"compression": text.compression, "encoding": text.encoding}
        facts["ids"] = "integers" if word is None else "names"
        told = [f"text{f' ({text.compression})' if text.compression else ''}", dialect.describe()]
        if text.why and text.why != "as told":
            told.insert(1, f"{text.encoding} ({text.why})")
        if text.encoding == "cp1252" and text.why and self.encoding is None:
            self.notes.append(
                f"{path.name}: read as cp1252, as older Excel writes ({text.why}); save it as UTF-8 if names look odd"
            )
        told += _direction_told(self.wanted.direction, dialect.notes)
        seen = "" if word is None else f" (line {word[0]} has {printable(word[1], 60)!r})"
        told.append(f"ids are {facts['ids']}{seen}")
        for stated in sizes[:1]:
            facts["stated"] = {"n_nodes": stated.n_nodes, "n_edges": stated.n_edges}
            edges = "" if stated.n_edges is None else f" and {stated.n_edges:,} edges"
            told.append(f"{stated.where} states {stated.n_nodes:,} nodes{edges}")
        headers = lines - rows - rejected - comments - blanks
        report = FileReport(str(path), "; ".join(told), facts, lines, rows, rejected, comments, blanks, headers)
        self.files.append(report)

    def read_table(self, table: TableFile, step: Step) -> None:
        names = self._value_names(table.roles, table.name)
        before, rows_before, ids = len(self.rejects), self.gathered.u.size, "integers"
        for chunk in table.chunks(self.rejects):
            ids = ids if chunk.names is None else "names"
            self.gathered.add(chunk, dict(zip(names, chunk.columns, strict=True)), rows_before + table.n_rows)
            step(chunk.n_lines)
        rows, rejected = self.gathered.u.size - rows_before, len(self.rejects) - before
        told = [table.describe(), *_direction_told(self.wanted.direction, table.notes), f"ids are {ids}"]
        facts = table.facts() | {"ids": ids}
        self.files.append(FileReport(table.name, "; ".join(told), facts, rows + rejected, rows, rejected))


def _direction_told(direction: str, notes: Iterable[str]) -> list[str]:
    """What an edge means, unless names that speak of followers have said it."""
    if direction == "undirected":
        return ["undirected"]
    return [] if any("' follows '" in note for note in notes) else [f"source {direction} target"]


@domains(
    direction=OneOf("follows", "influences", "undirected"),
    self_loops=OneOf("drop", "keep"),
    max_rejects=Interval(0, 1),
    header=Optional(OneOf(True, False)),
)
def read_graph(
    data: Any,
    *,
    source: str | int | None = None,
    target: str | int | None = None,
    weight: str | int | Literal[False] | None = None,
    columns: Iterable[str | int] | Mapping[str, str | int] | None = None,
    direction: Literal["follows", "influences", "undirected"] = "follows",
    delimiter: str | None = None,
    header: bool | None = None,
    comment: str | None = None,
    self_loops: Literal["drop", "keep"] = "drop",
    max_rejects: float = 0.05,
    encoding: str | None = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Graph:
    r"""Read a graph from edge lists.

    Parameters
    ----------
    data : path, data frame, or list of paths
        Text with one edge per line (CSV, TSV, blanks between the columns; comments; ``.gz .zst .bz2 .xz``), Parquet,
        Arrow or Feather files; a pandas, polars or Arrow table, or any other frame that narwhals knows. The files of a
        list make one graph. Or one file of a graph format, known by its suffix: GraphML (``.graphml``), GEXF, GML,
        Pajek (``.net``), Matrix Market (``.mtx``), METIS (``.graph``, ``.metis``), each also with ``.gz``; here
        `weight` and `columns` name attributes of edges, by default "weight" and all that are numbers, and a file
        that says it is undirected gives an undirected graph. See :mod:`swayrank.sources.formats`. Adjacency matrices
        with names (text, or a pandas frame whose index and columns are the same accounts) and lists such as
        ``ana: bob, cem`` are recognised too, see :mod:`swayrank.sources.edge_shapes`.
    source, target : str or int, optional
        The columns of the two ends, by name or position (from 0). By default as their names tell (source and target,
        from and to, follower and followed ...), else the first two.
    weight : str, int or False, optional
        The column of the weights, which becomes the column "weight" of the graph. By default one that is named so, or
        without a header a third column of numbers; False for none.
    columns : list of str or int, or mapping of str to str or int, optional
        Further columns of numbers or times to keep; a mapping renames them: ``{"time": "created_at"}``. Times in words
        (ISO 8601) become int64 microseconds since 1970 UTC.
    direction : {"follows", "influences", "undirected"}, default "follows"
        Whether the source follows the target, influences it (the arcs are stored the other way round), or neither.
        Where a header names follower and followed, these say which column is which.
    delimiter : str, optional
        One character; " " for runs of blanks. By default recognised.
    header : bool, optional
        Whether the first line that is no comment holds names. By default recognised, see the notes.
    comment : str, optional
        What comment lines begin with; "" for none. By default ``#``, ``%`` and ``//``; where ids are names, those of
        them that stand before the first edge.
    self_loops : {"drop", "keep"}, default "drop"
        What to do with edges from an account to itself.
    max_rejects : float, default 0.05
        The share of rows, in [0, 1], that may be unreadable.
    encoding : str, optional
        Python's name of the encoding of text. By default what a byte-order mark says, else UTF-8, or, where more of
        what is beyond ASCII is none, cp1252 (as older Excel writes), which a note then tells.
    engine : str or Engine, default "local"
        Where to work.
    threads : int, optional
        How many threads; by default all that the process may use.
    progress : bool or callable, optional
        See the guide.

    Returns
    -------
    graph : Graph
        Its ``report`` (:class:`ReadReport`) tells what each file was taken for (``recognised``), counts lines, rows,
        self-loops, duplicates and rejected rows, and lists these with file, line, column, value and reason
        (``rejects``).

    Raises
    ------
    InputError
        If a file is missing, empty, binary, damaged, a pipe or of another format, has no edges, or does not tell which
        columns are the ends.
    TooManyRejectsError
        If more than `max_rejects` of the rows cannot be read.
    ParameterError
        If a named column is not there (the message lists those that are), or a parameter is outside its domain.

    Notes
    -----
    Ids stay integers if all of them are integers in their canonical spelling, else all are strings: "007" and "7" are
    two accounts. Nodes are numbered by first appearance, row by row; ids that fill 0 .. n-1 without a gap keep their
    order; and where a single file states its number of nodes n (a first line ``n m`` or ``n,m,d,name``, or a comment)
    and all ids lie in 0 .. n-1 or 1 .. n, these are the nodes in this order, isolated ones included. A first line
    ``n m`` is told from an edge by m lines that follow (or lines that are all wider) and ids that fit n; in a file of
    less than 100 edges, also by at least every second node having one. Negative whole numbers are ids like others.

    A first line of words is a header if they name both ends or fields of a log of events, or stand above numbers;
    doubtful words ("u", "user1") only if nothing below is of their kind. Whatever had to be guessed is told in
    ``str(graph.report)``. Of a log of events only actor and target can be ends: which ones must be named if in doubt.

    A quoted cell ends on its line: a stray quote costs one line. A row without a weight, or with one that is not a
    finite number, is rejected; so is one whose id a spreadsheet has shortened (``9.27159E+17``). Numbers are rounded
    correctly, and may have decimal commas. Weights of repeated edges are added up; other columns
    combine as in :meth:`Graph.from_edges`.

    Cost: O(bytes). About 25 M lines/s with integer ids and 5 M with names on two threads; memory is the text (mapped
    if it is not compressed), 8 bytes per row, 8 per column and row, and the ids, before the graph is built.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "follows.csv"
    >>> _ = path.write_text("followed,follower,weight\nada,bob,2\nada,cem,1\nbob,cem,x\nbob,cem,4\n")
    >>> g = read_graph(path, max_rejects=0.5)
    >>> g.edges(), list(g.ids), g.column("weight")
    ((array([0, 2, 2], dtype=uint32), array([1, 0, 1], dtype=uint32)), ['bob', 'ada', 'cem'], array([2., 4., 1.]))
    >>> print(g.report.rejects[0].line, g.report.rejects[0].column, g.report.rejects[0].reason)
    4 weight not a number
    >>> print(g.report)                                    # doctest: +NORMALIZE_WHITESPACE, +ELLIPSIS
    4 rows: 3 kept, 1 rejected
    /...follows.csv: text; separated by commas; header followed, follower, weight; source is 'follower',
    target is 'followed', weight is 'weight'; 'follower' follows 'followed'; ids are names (line 2 has 'bob')
    """
    wanted = Wanted(source, target, _weight(weight), _columns(columns), direction, delimiter, comment, header)
    _check_strings(delimiter, comment)
    where = resolve_engine(engine, threads)
    edges: frozenset[int] = frozenset()
    inputs = _inputs(data)
    if formats := [one for one in inputs if isinstance(one, Path) and format_of(one)]:
        if len(inputs) > 1:
            raise ParameterError(
                f"data must be edge lists, or one file of a graph format alone, got {formats[0].name!r}"
            )
        _refuse_columns_of_text(wanted, format_of(formats[0]) or "")
        return _formatted(formats[0], wanted, self_loops, where, progress)
    while True:
        reader = _Reader(wanted, encoding, where, max_rejects, len(inputs) == 1)
        for k, one in enumerate(inputs):
            try:
                _read_one(reader, one, progress, k in edges)
            except _CountLineIsEdge:
                edges |= {k}
                break
        else:
            break
    reader.rejects.check(reader.gathered.u.size, max_rejects)
    return _built(reader, direction, self_loops, where, progress)


def _read_one(reader: _Reader, one: Any, progress: Progress, first_is_edge: bool) -> None:
    if isinstance(one, Path) and not is_table_file(one):
        reader.read_text(one, progress, first_is_edge)
        return
    matrix = None if isinstance(one, Path) else matrix_of_pandas(one)
    if matrix is not None:
        reader.take_shaped(matrix, "data frame")
        return
    table = TableFile.open(one, reader.wanted) if isinstance(one, Path) else table_of_frame(one, reader.wanted)
    with track(progress, f"reading {table.name}", table.n_rows) as step:
        reader.read_table(table, step)


def _built(reader: _Reader, direction: Any, self_loops: Any, engine: Engine, progress: Progress) -> Graph:
    gathered = reader.gathered
    if gathered.u.size == 0:
        raise _no_edges(reader)
    ids = gathered.finish(reader.sizes if reader.single else [])
    graph = Graph.from_edges(
        gathered.u.array(),
        gathered.v.array(),
        n_nodes=len(ids),
        ids=ids,
        columns={name: values.array() for name, values in gathered.columns.items()},
        direction=direction,
        self_loops=self_loops,
        engine=engine,
        progress=progress,
    )
    return graph.with_report(
        ReadReport(graph.report, reader.files, reader.rejects, [*reader.notes, *nobody_notes(graph)])
    )


def _no_edges(reader: _Reader) -> InputError:
    """The error that no row is left, with the first of those that were rejected."""
    rejects = reader.rejects
    if not len(rejects):
        return InputError("holds no edges", file=reader.files[0].file)
    first = rejects[0]
    many = "its only row was" if len(rejects) == 1 else f"all {len(rejects):,} rows were"
    return InputError(
        f"holds no edges: {many} rejected {rejects.told()}. Repair the rows, or name the columns of the two ends",
        file=first.file,
        line=first.line,
        column=printable(first.column, 80) or None,
        value=first.value,
    )


def nobody_notes(graph: Graph) -> list[str]:
    """A note for each account whose name means nobody in a log, as NULL does."""
    if graph.ids.kind != "string":
        return []
    at = graph.ids.positions(_NOBODY, missing="sentinel").tolist()
    notes = []
    for word, node in zip(_NOBODY, at, strict=True):
        if node != ABSENT:
            arcs = int(graph.out_degree[node]) + (int(graph.in_degree[node]) if graph.directed else 0)
            notes.append(
                f"{word!r} is an account with {arcs:,} arc{'' if arcs == 1 else 's'}: in logs this word means nobody; "
                "take such rows out unless somebody is called that"
            )
    return notes


def _formatted(path: Path, wanted: Wanted, self_loops: Any, engine: Engine, progress: Progress) -> Graph:
    """A graph from a file of a graph format."""
    name = format_of(path) or ""
    parsed = read_format(path, name, Chosen(wanted.weight, wanted.columns))  # type: ignore[arg-type]
    direction: Any = wanted.direction if parsed.directed else "undirected"
    graph = Graph.from_edges(
        parsed.u,
        parsed.v,
        n_nodes=len(parsed.ids),
        ids=parsed.ids,
        columns=parsed.columns,
        direction=direction,
        self_loops=self_loops,
        engine=engine,
        progress=progress,
    )
    told = [name, *_direction_told(direction, ()), f"columns {', '.join(parsed.columns) or 'none'}", *parsed.notes]
    facts = {"format": name, "directed": parsed.directed, "columns": list(parsed.columns), "notes": parsed.notes}
    report = FileReport(str(path), "; ".join(told), facts, parsed.u.size, parsed.u.size, 0)
    return graph.with_report(ReadReport(graph.report, [report], Rejects()))


# -- parameters --------------------------------------------------------------------------------------------------------


def _inputs(data: Any) -> list[Any]:
    if isinstance(data, str | os.PathLike):
        return [Path(data)]
    if isinstance(data, list | tuple):
        if not data:
            raise ParameterError("data must name at least one file, got an empty list")
        return [Path(one) if isinstance(one, str | os.PathLike) else one for one in data]
    return [data]


def _refuse_columns_of_text(wanted: Wanted, name: str) -> None:
    """Where the ends are is for tables to ask; a format knows."""
    given = {word: getattr(wanted, word) for word in ("source", "target", "delimiter", "comment", "header")}
    if said := [word for word, value in given.items() if value is not None]:
        raise ParameterError(f"{said[0]} is for tables: a {name} file knows its edges; give weight= or columns=")


def _told(names: Iterable[str]) -> str:
    """Names of values beside the two ends, in words."""
    listed = ", ".join(printable(repr(name), 60) for name in sorted(names))
    return f"the columns {listed} beside the two ends" if listed else "no column beside the two ends"


def _weight(weight: Any) -> Any:
    if weight is True:
        raise ParameterError("weight must be a column by name or position, or False, got True")
    return weight


def _columns(columns: Any) -> dict[str, str | int]:
    if columns is None:
        return {}
    if isinstance(columns, Mapping):
        return dict(columns)
    if isinstance(columns, str | int):
        raise ParameterError(f"columns must be a list or a mapping, got {columns!r}; write [{columns!r}]")
    return {name if isinstance(name, str) else f"column_{name}": name for name in columns}


def _check_strings(delimiter: str | None, comment: str | None) -> None:
    if delimiter is not None and (len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n'):
        raise ParameterError(f"delimiter must be one ASCII character other than a quote, got {delimiter!r}")
    if comment is not None and ("\n" in comment or comment != comment.strip()):
        raise ParameterError(f"comment must be a prefix without blanks, or '' for none, got {comment!r}")
