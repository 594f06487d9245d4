"""The mapping: one TOML file that says which files of a data set hold what, and which column means which field.

The reference, with every key, is ``docs/mapping.md``. A mapping has ``[[events]]`` and ``[[posts]]`` blocks and at
most one ``[graph]``. Each block names files, and for each field a column or a constant; ``[[events.emit]]`` makes
several events out of one row, each ``when`` its conditions hold. Unknown keys are errors that say which there are.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from swayrank.errors import InputError, ParameterError
from swayrank.events.posts import COUNTS
from swayrank.sources.dialects import TableOptions
from swayrank.sources.times import TimeOptions

EVENT_FIELDS = ("actor", "action", "target", "post", "time", "weight", "topic", "platform", "followers_at_time")
"""The fields of an event."""
POST_FIELDS = ("account", "post", "time", *COUNTS, "topic", "platform")
"""The fields of a post."""
_FIELD_KEYS = ("column", "const", "before", "ids", "timezone", "day_first", "unit", "format", "decimal")
_FILE_KEYS = ("file", "name", "use", "names", "delimiter", "header", "encoding", "quote")
_VALUE_KEYS = ("timezone", "day_first", "time_unit", "time_format", "decimal", "ids", "skip", "when", "unless")
_EMIT_KEYS = ("timezone", "day_first", "time_unit", "time_format", "decimal", "when", "unless")
_IDS_KEYS = ("file", "from", "to", "otherwise")
_GRAPH_KEYS = (
    "file",
    "source",
    "target",
    "weight",
    "columns",
    "direction",
    "delimiter",
    "header",
    "comment",
    "self_loops",
    "encoding",
    "max_rejects",
)
_OTHERWISE = ("keep", "skip", "reject")


@dataclass(frozen=True, slots=True)
class Field:
    """Where the value of a field comes from.

    Attributes
    ----------
    column : str
        Name of the column; "" for a constant.
    const : str or None
        The constant.
    before : str
        Use only the text before the first occurrence of this one.
    translate : bool
        Whether the block's `ids` apply.
    timezone : str
        Of times without a zone.
    times : TimeOptions
        How times are written.
    decimal : str
        The decimal sign.
    """

    column: str = ""
    const: str | None = None
    before: str = ""
    translate: bool = True
    timezone: str = "UTC"
    times: TimeOptions = field(default_factory=TimeOptions)
    decimal: str = "."

    def describe(self) -> str:
        """The source in a few words."""
        if self.const is not None:
            return repr(self.const)
        return f"{self.column} before {self.before!r}" if self.before else self.column


@dataclass(frozen=True, slots=True)
class Condition:
    """A column has one of the values (or none of them, if not `wanted`); cells are compared without spaces around."""

    column: str
    values: tuple[str, ...]
    wanted: bool = True


@dataclass(frozen=True, slots=True)
class Emit:
    """One row that a record gives where all conditions hold."""

    fields: dict[str, Field]
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class IdTable:
    """Translation of account ids through the columns `source` and `target` of a file."""

    path: Path
    source: str
    target: str
    otherwise: str = "keep"


@dataclass(frozen=True, slots=True)
class Block:
    """Files that are read alike.

    Attributes
    ----------
    kind : str
        "events" or "posts".
    name : str
        What the block is called.
    files : tuple of Path
        The files, sorted by name within each pattern.
    emits : tuple of Emit
        The rows that a record can give.
    actions : dict of str to str
        Codes of actions.
    skip : tuple of Condition
        A record that meets any of them is left out.
    ids : IdTable or None
        Translation of account ids.
    options : TableOptions
        How the files are laid out.
    use : bool
        Whether the block is read without being asked for by name.
    """

    kind: str
    name: str
    files: tuple[Path, ...]
    emits: tuple[Emit, ...]
    actions: dict[str, str] = field(default_factory=dict)
    skip: tuple[Condition, ...] = ()
    ids: IdTable | None = None
    options: TableOptions = field(default_factory=TableOptions)
    use: bool = True

    def columns(self) -> tuple[str, ...]:
        """Every column that the block needs."""
        names = [c.column for c in self.skip]
        for emit in self.emits:
            names += [c.column for c in emit.conditions] + [f.column for f in emit.fields.values() if f.column]
        return tuple(dict.fromkeys(names))


@dataclass(frozen=True, slots=True)
class Mapping:
    """A data set, described.

    Attributes
    ----------
    path : Path or None
        The TOML file.
    graph : dict or None
        The arguments of `swayrank.read_graph`: ``data`` (a path or a list of them), ``source``, ``target`` and others.
    events, posts : tuple of Block
        What holds events, and what holds posts.
    """

    path: Path | None
    graph: dict[str, Any] | None
    events: tuple[Block, ...]
    posts: tuple[Block, ...]

    def blocks(self, kind: str, names: Iterable[str] | None = None) -> tuple[Block, ...]:
        """The blocks of a kind: those that are in use, or those with the given names.

        Raises
        ------
        ParameterError
            If no block has a name.
        """
        there = self.events if kind == "events" else self.posts
        if names is None:
            return tuple(block for block in there if block.use)
        known = {block.name: block for block in there}
        for name in names:
            if name not in known:
                raise ParameterError(f"blocks must be among {_listed(known)}, got {name!r}")
        return tuple(known[name] for name in names)


def load_mapping(source: str | Path | Dict[str, Any], *, base: str | Path | None = None) -> Mapping:
    r"""Read a mapping.

    Parameters
    ----------
    source : str, Path or mapping
        A TOML file, or its contents.
    base : str or Path, optional
        Folder that file names are relative to; by default the folder of the TOML file.

    Returns
    -------
    mapping : Mapping
        Checked: unknown keys and files that are not there are errors. Columns are checked when the files are read.

    Raises
    ------
    InputError
        If the file is no TOML, or describes what is not there.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (pathlib.Path(folder) / "log.csv").write_text("who,what\nada,like\n")
    ...     block = {"file": "log.csv", "actor": "who", "action": "what"}
    ...     load_mapping({"events": [block]}, base=folder).events[0].columns()
    ('who', 'what')
    """
    path = None if isinstance(source, Dict) else Path(source)
    where = "mapping" if path is None else str(path)
    content = dict(source) if isinstance(source, Dict) else _toml(Path(source))
    folder = Path(base) if base is not None else (path.parent if path is not None else Path())
    if not folder.is_dir():
        raise InputError("is not a folder, but the mapping's files should be there", file=str(folder))
    _known_keys(content, ("events", "posts", "graph"), where)
    reader = _Reader(where, folder)
    events = tuple(reader.block("events", k, raw) for k, raw in enumerate(_tables(content, "events", where)))
    posts = tuple(reader.block("posts", k, raw) for k, raw in enumerate(_tables(content, "posts", where)))
    graph = reader.graph(content["graph"]) if "graph" in content else None
    return Mapping(path, graph, events, posts)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", file=str(path)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"is not TOML: {error}", file=str(path)) from error


def _tables(content: Dict[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    tables = content.get(key, [])
    if isinstance(tables, Dict):
        tables = [tables]
    if not isinstance(tables, list) or not all(isinstance(table, Dict) for table in tables):
        raise InputError(f"{key} must be [[{key}]] tables", file=where)
    return tables


def suggestion(name: str, known: Iterable[str]) -> str:
    """The words "; did you mean 'x'?" where something known is close, and nothing otherwise."""
    names = {other.casefold(): other for other in known}
    close = difflib.get_close_matches(name.casefold(), names, n=1, cutoff=0.6)
    return f"; did you mean {names[close[0]]!r}?" if close else ""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _known_keys(table: Dict[str, Any], known: Iterable[str], where: str, what: str = "the mapping") -> None:
    known = tuple(known)
    for key in table:
        if key not in known:
            raise InputError(f"{what} has no key {key!r}{suggestion(key, known)} Known: {_listed(known)}", file=where)


class _Reader:
    """Turns tables of TOML into blocks; knows where it is for the sake of errors."""

    def __init__(self, where: str, folder: Path) -> None:
        self._where, self._folder = where, folder

    def _wrong(self, message: str) -> InputError:
        return InputError(message, file=self._where)

    def block(self, kind: str, position: int, raw: Dict[str, Any]) -> Block:
        what = f"[[{kind}]] block {position + 1}"
        fields = EVENT_FIELDS if kind == "events" else POST_FIELDS
        own = ("emit", "actions") if kind == "events" else ()
        _known_keys(raw, (*_FILE_KEYS, *_VALUE_KEYS, *own, *fields), self._where, what)
        files = self.files(raw["file"], what) if "file" in raw else ()
        shared = self._conditions(raw, what)
        emits = []
        for part in _tables(raw, "emit", self._where) if "emit" in raw else [{}]:
            _known_keys(part, (*fields, *_EMIT_KEYS), self._where, f"an emit of {what}")
            values = {**raw, **part}
            given = {name: self._field(values[name], values, f"{name} of {what}") for name in fields if name in values}
            emits.append(Emit(given, shared + self._conditions(part, what)))
        self._complete(kind, emits, what)
        options = TableOptions(
            delimiter=raw.get("delimiter"),
            header=raw.get("header"),
            names=tuple(raw.get("names", ())),
            encoding=raw.get("encoding"),
            quote=raw.get("quote", '"'),
        )
        return Block(
            kind,
            str(raw.get("name", files[0].name if files else f"{kind} {position + 1}")),
            files,
            tuple(emits),
            {str(code): str(action) for code, action in dict(raw.get("actions", {})).items()},
            tuple(Condition(c, v) for c, v in self._values(raw.get("skip", {}), what)),
            self._ids(raw["ids"], what) if raw.get("ids") else None,
            options,
            bool(raw.get("use", True)),
        )

    def _complete(self, kind: str, emits: list[Emit], what: str) -> None:
        needed = ("actor", "action") if kind == "events" else ("account",)
        for emit in emits:
            if lacking := [name for name in needed if name not in emit.fields]:
                raise self._wrong(f"{what} does not say where {lacking[0]} comes from: a column or {{const = ...}}")

    def files(self, patterns: Any, what: str) -> tuple[Path, ...]:
        found: list[Path] = []
        for pattern in [patterns] if isinstance(patterns, str) else list(patterns):
            if Path(pattern).is_absolute():
                matches = [Path(pattern)] if Path(pattern).is_file() else []
            else:
                matches = sorted(path for path in self._folder.glob(pattern) if path.is_file())
            if not matches:
                there = [path.name for path in sorted(self._folder.iterdir())]
                raise self._wrong(
                    f"{what}: no file {pattern!r} in {self._folder}{suggestion(str(pattern), there)} "
                    f"There: {_listed(there[:20])}"
                )
            found += matches
        return tuple(dict.fromkeys(found))

    def _field(self, raw: Any, block: Dict[str, Any], what: str) -> Field:
        table = {"column": raw} if isinstance(raw, str) else raw
        if not isinstance(table, Dict):
            raise self._wrong(f"{what} must be the name of a column, or a table such as {{const = ...}}, got {raw!r}")
        _known_keys(table, _FIELD_KEYS, self._where, what)
        if ("column" in table) == ("const" in table):
            raise self._wrong(f"{what} must have either column or const, got {dict(table)!r}")
        try:
            known: dict[str, Any] = {"day_first": table.get("day_first", block.get("day_first"))}
            known["unit"] = table.get("unit", block.get("time_unit"))
            known["format"] = table.get("format", block.get("time_format"))
            times = TimeOptions(**known)
        except ParameterError as error:
            raise self._wrong(f"{what}: {error}") from error
        return Field(
            str(table.get("column", "")),
            spelled(table["const"]) if "const" in table else None,
            str(table.get("before", "")),
            bool(table.get("ids", True)),
            str(table.get("timezone", block.get("timezone", "UTC"))),
            times,
            str(table.get("decimal", block.get("decimal", "."))),
        )

    def _conditions(self, raw: Dict[str, Any], what: str) -> tuple[Condition, ...]:
        when = [Condition(column, values) for column, values in self._values(raw.get("when", {}), what)]
        unless = [Condition(column, values, False) for column, values in self._values(raw.get("unless", {}), what)]
        return tuple(when + unless)

    def _values(self, raw: Any, what: str) -> list[tuple[str, tuple[str, ...]]]:
        if not isinstance(raw, Dict):
            raise self._wrong(f"conditions of {what} must be a table of columns and values, got {raw!r}")
        return [
            (str(column), tuple(text for value in _listing(values) for text in _spellings(value)))
            for column, values in raw.items()
        ]

    def _ids(self, raw: Any, what: str) -> IdTable:
        if not isinstance(raw, Dict):
            raise self._wrong(f"ids of {what} must be a table with file, from and to, got {raw!r}")
        _known_keys(raw, _IDS_KEYS, self._where, f"ids of {what}")
        if lacking := [key for key in ("file", "from", "to") if key not in raw]:
            raise self._wrong(f"ids of {what} lacks {lacking[0]}")
        otherwise = raw.get("otherwise", "keep")
        if otherwise not in _OTHERWISE:
            raise self._wrong(f"otherwise of {what} must be one of {_listed(_OTHERWISE)}, got {otherwise!r}")
        return IdTable(self.files(raw["file"], what)[0], str(raw["from"]), str(raw["to"]), otherwise)

    def graph(self, raw: Any) -> dict[str, Any]:
        if not isinstance(raw, Dict):
            raise self._wrong("[graph] must be one table")
        _known_keys(raw, _GRAPH_KEYS, self._where, "[graph]")
        if "file" not in raw:
            raise self._wrong("[graph] lacks file")
        files = self.files(raw["file"], "[graph]")
        rest = {key: value for key, value in raw.items() if key != "file"}
        return {"data": files[0] if len(files) == 1 else list(files), **rest}


def _listing(values: Any) -> list[Any]:
    return list(values) if isinstance(values, list | tuple) else [values]


def _spellings(value: Any) -> tuple[str, ...]:
    """The ways in which a cell may spell a value of a condition."""
    text = spelled(value)
    return (text, text.title(), text.upper()) if isinstance(value, bool) else (text,)


def spelled(value: Any) -> str:
    """A value of TOML as a cell would spell it.

    >>> spelled(True), spelled(6), spelled("x")
    ('true', '6', 'x')
    """
    return str(value).lower() if isinstance(value, bool) else str(value)
