"""The mapping: one TOML file that says which files of a data set hold what, and which column means which field.

The reference, with every key, is ``docs/mapping.md``. A mapping has ``[[events]]`` and ``[[posts]]`` blocks and at
most one ``[graph]``. Each block names files, and for each field a column or a constant; ``[[events.emit]]`` makes
several events out of one row, each ``when`` its conditions hold. Unknown keys are errors that say which there are.
"""

from __future__ import annotations

import datetime as dt
import difflib
import tomllib
from collections.abc import Callable, Iterable
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from numbers import Number
from pathlib import Path
from typing import Any

from swayrank._text import printable
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
KEYS = frozenset((*_FILE_KEYS, *_VALUE_KEYS, *_GRAPH_KEYS, "actions", *EVENT_FIELDS, *POST_FIELDS))
"""The keys of blocks, and of ``[graph]``."""
_OTHERWISE = ("keep", "skip", "reject")
_MOST_SHOWN = 20  # names in a message


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_single(value: Any) -> bool:
    return isinstance(value, str | Number | dt.date | dt.time)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)


def _are_files(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return bool(value) and all(isinstance(one, str) and one.strip() for one in value)
    return isinstance(value, str) and bool(value.strip())


def _is_column(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool) and value >= 0)


def _is_weight(value: Any) -> bool:
    return value is False or _is_column(value)


def _are_columns(value: Any) -> bool:
    if isinstance(value, Dict):
        return all(_is_column(one) for one in value.values())
    return isinstance(value, list | tuple) and all(_is_column(one) for one in value)


def _are_codes(value: Any) -> bool:
    return isinstance(value, Dict) and all(isinstance(one, str) for one in value.values())


_TEXT, _FLAG = (_is_text, "text"), (_is_flag, "true or false")
_FILES = (_are_files, "a file name, a pattern, or a list of them")
_ALLOWED: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("name", "delimiter", "encoding", "quote", "timezone", "time_unit", "time_format"), _TEXT),
    **dict.fromkeys(("decimal", "column", "before", "unit", "format", "from", "to"), _TEXT),
    **dict.fromkeys(("use", "header", "day_first"), _FLAG),
    "file": _FILES,
    "names": (_is_texts, "a list of texts"),
    "const": (_is_single, "one value: text, a number, true, false or a date"),
    "actions": (_are_codes, 'a table of codes and actions such as {1 = "repost"}'),
}
_ALLOWED_OF_GRAPH: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("delimiter", "encoding", "comment", "direction", "self_loops"), _TEXT),
    **dict.fromkeys(("source", "target"), (_is_column, "the name of a column, or its position from 0")),
    "weight": (_is_weight, "the name of a column, its position from 0, or false"),
    "columns": (_are_columns, "a list of columns, or a table of roles and columns"),
    "header": _FLAG,
    "file": _FILES,
    "max_rejects": (_is_number, "a number in [0, 1]"),
}


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
                raise ParameterError(f"blocks must be among {listed(known)}, got {_shown(name)}")
        return tuple(known[name] for name in names)


def load_mapping(source: str | Path | Dict[str, Any], *, base: str | Path | None = None) -> Mapping:
    r"""Read a mapping; a recipe's tables ``[score]``, ``[backtest]`` and ``[cascades]`` are left to `swayrank.Recipe`.

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
        If the file is absent or no TOML, a value is of the wrong type, or what it describes is not there.

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
    # One may stand in a folder that one may not look at, and name files by whole paths all the same.
    if folder != Path() and not folder.is_dir():
        raise InputError("is not a folder, but the mapping's files should be there", file=str(folder))
    _known_keys(content, ("events", "posts", "graph", "score", "backtest", "cascades"), where)
    reader = _Reader(where, folder)
    events = tuple(reader.block("events", k, raw) for k, raw in enumerate(_tables(content, "events", where)))
    posts = tuple(reader.block("posts", k, raw) for k, raw in enumerate(_tables(content, "posts", where)))
    graph = reader.graph(content["graph"]) if "graph" in content else None
    return Mapping(path, graph, events, posts)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise no_such_file(path) from None
    except (OSError, ValueError) as error:
        if isinstance(error, tomllib.TOMLDecodeError | UnicodeDecodeError):
            raise InputError(f"is not TOML: {printable(error)}", file=str(path)) from error
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise InputError(f"cannot be read: {why}", file=str(path)) from error
    except RecursionError:
        raise InputError("is not TOML that can be read: it is nested too deeply", file=str(path)) from None


def no_such_file(path: Path) -> InputError:
    """The error that says that a file is not there, and which is called nearly so."""
    try:
        there = [one.name for one in path.parent.iterdir()]
    except (OSError, ValueError):
        there = []
    return InputError(f"there is no such file{suggestion(path.name, there)}", file=str(path))


def _tables(content: Dict[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    tables = content.get(key, [])
    if isinstance(tables, Dict):
        tables = [tables]
    if not isinstance(tables, list) or not all(isinstance(table, Dict) for table in tables):
        raise InputError(f"{key} must be [[{key}]] tables, got {_shown(tables)}", file=where)
    return tables


def suggestion(name: str, known: Iterable[str]) -> str:
    """The words "; did you mean 'x'?" where something known is close, and nothing otherwise."""
    names = {other.casefold(): other for other in known}
    close = difflib.get_close_matches(name.casefold(), names, n=1, cutoff=0.6)
    return f"; did you mean {_shown(names[close[0]])}?" if close else ""


def there_are(name: str, known: Iterable[str], words: str = "there are") -> str:
    """What a message adds about a name that is not known: a likely one, and all that there are.

    >>> there_are("usr", ["user", "time"]), there_are("x", ["user", "time"])
    ("; did you mean 'user'? There are: user, time", '; there are: user, time')
    """
    names = tuple(known)
    meant = suggestion(name, names)
    return f"{meant} {words.capitalize()}: {listed(names)}" if meant else f"; {words}: {listed(names)}"


def listed(names: Iterable[str]) -> str:
    """Names from a file for a message: harmless, cut, and not too many."""
    known = list(names)
    shown = [printable(name, 80) for name in known[:_MOST_SHOWN]]
    return ", ".join(shown + ([f"and {len(known) - _MOST_SHOWN:,} more"] if len(known) > _MOST_SHOWN else [])) or "none"


def _shown(value: Any) -> str:
    """A value from a file for a message."""
    return printable(repr(value), 80)


def _known_keys(table: Dict[str, Any], known: Iterable[str], where: str, what: str = "the mapping") -> None:
    known = tuple(known)
    for key in table:
        if key not in known:
            told = there_are(str(key), known, "known keys")
            raise InputError(f"{what} has no key {_shown(key)}{told}", file=where)


class _Reader:
    """Turns tables of TOML into blocks; knows where it is for the sake of errors."""

    def __init__(self, where: str, folder: Path) -> None:
        self._where, self._folder = where, folder

    def _wrong(self, message: str) -> InputError:
        return InputError(message, file=self._where)

    def _typed(
        self, table: Dict[str, Any], what: str, allowed: Dict[str, tuple[Callable[[Any], bool], str]] | None = None
    ) -> None:
        """Refuse values of the wrong type."""
        for key, value in table.items():
            if domain := wrongly_typed(key, value, allowed):
                raise self._wrong(f"{key} of {what} must be {domain}, got {_shown(value)}")

    def block(self, kind: str, position: int, raw: Dict[str, Any]) -> Block:
        what = f"[[{kind}]] block {position + 1}"
        fields = EVENT_FIELDS if kind == "events" else POST_FIELDS
        own = ("emit", "actions") if kind == "events" else ()
        _known_keys(raw, (*_FILE_KEYS, *_VALUE_KEYS, *own, *fields), self._where, what)
        self._typed(raw, what)
        files = self.files(raw["file"], what) if "file" in raw else ()
        shared = self._conditions(raw, what)
        emits = []
        for part in _tables(raw, "emit", self._where) if "emit" in raw else [{}]:
            _known_keys(part, (*fields, *_EMIT_KEYS), self._where, f"an emit of {what}")
            self._typed(part, f"an emit of {what}")
            values = {**raw, **part}
            given = {name: self._field(values[name], values, f"{name} of {what}") for name in fields if name in values}
            emits.append(Emit(given, shared + self._conditions(part, what)))
        if not emits:
            raise self._wrong(f"emit of {what} must have at least one [[{kind}.emit]] table, got none")
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
                option = "--columns" if kind == "events" else "--posts-columns"
                raise self._wrong(
                    f"{what} does not say where {lacking[0]} comes from: name its column (columns= in Python, {option} "
                    f"on the command line), or give {lacking[0]} = {{const = ...}} in a mapping"
                )

    def files(self, patterns: Any, what: str) -> tuple[Path, ...]:
        found: list[Path] = []
        for pattern in [patterns] if isinstance(patterns, str) else list(patterns):
            try:
                if Path(pattern).is_absolute():
                    matches = [Path(pattern)] if Path(pattern).is_file() else []
                else:
                    matches = sorted(path for path in self._folder.glob(pattern) if path.is_file())
            except (OSError, ValueError, NotImplementedError) as error:
                raise self._wrong(f"file of {what} must be {_FILES[1]}, got {_shown(pattern)} ({error})") from None
            if not matches:
                there = [path.name for path in sorted(self._folder.iterdir())]
                told = there_are(pattern, there)
                raise self._wrong(f"{what}: no file {_shown(pattern)} in {self._folder}{told}")
            found += matches
        return tuple(dict.fromkeys(found))

    def _field(self, raw: Any, block: Dict[str, Any], what: str) -> Field:
        table = {"column": raw} if isinstance(raw, str) else raw
        if not isinstance(table, Dict):
            raise self._wrong(
                f"{what} must be the name of a column, or a table such as {{const = ...}}, got {_shown(raw)}"
            )
        _known_keys(table, _FIELD_KEYS, self._where, what)
        self._typed({key: value for key, value in table.items() if key != "ids"}, what)
        if not _is_flag(table.get("ids", True)):
            raise self._wrong(f"ids of {what} must be {_FLAG[1]}, got {_shown(table['ids'])}")
        if ("column" in table) == ("const" in table):
            raise self._wrong(f"{what} must have either column or const, got {_shown(dict(table))}")
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
            raise self._wrong(f"conditions of {what} must be a table of columns and values, got {_shown(raw)}")
        for column, values in raw.items():
            if wrong := [value for value in _listing(values) if not _is_single(value)]:
                where = f"the condition on {_shown(column)} of {what}"
                raise self._wrong(f"{where} must be a value or a list of values, got {_shown(wrong[0])}")
        return [
            (str(column), tuple(text for value in _listing(values) for text in _spellings(value)))
            for column, values in raw.items()
        ]

    def _ids(self, raw: Any, what: str) -> IdTable:
        if not isinstance(raw, Dict):
            raise self._wrong(f"ids of {what} must be a table with file, from and to, got {_shown(raw)}")
        _known_keys(raw, _IDS_KEYS, self._where, f"ids of {what}")
        self._typed(raw, f"ids of {what}")
        if lacking := [key for key in ("file", "from", "to") if key not in raw]:
            raise self._wrong(f"ids of {what} lacks {lacking[0]}")
        otherwise = raw.get("otherwise", "keep")
        if otherwise not in _OTHERWISE:
            raise self._wrong(f"otherwise of {what} must be one of {listed(_OTHERWISE)}, got {_shown(otherwise)}")
        return IdTable(self.files(raw["file"], what)[0], str(raw["from"]), str(raw["to"]), otherwise)

    def graph(self, raw: Any) -> dict[str, Any]:
        if not isinstance(raw, Dict):
            raise self._wrong(f"[graph] must be one table, got {_shown(raw)}")
        _known_keys(raw, _GRAPH_KEYS, self._where, "[graph]")
        self._typed(raw, "[graph]", _ALLOWED_OF_GRAPH)
        if "file" not in raw:
            raise self._wrong(f"[graph] lacks file: {_FILES[1]}")
        files = self.files(raw["file"], "[graph]")
        rest = {key: value for key, value in raw.items() if key != "file"}
        return {"data": files[0] if len(files) == 1 else list(files), **rest}


def wrongly_typed(
    key: str, value: Any, allowed: Dict[str, tuple[Callable[[Any], bool], str]] | None = None
) -> str | None:
    """What the value of a key of a block must be, where this one is not; else None.

    >>> wrongly_typed("header", 7), wrongly_typed("header", True)
    ('true or false', None)
    """
    holds, domain = (_ALLOWED if allowed is None else allowed).get(key, (None, ""))
    return domain if holds is not None and value is not None and not holds(value) else None


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
