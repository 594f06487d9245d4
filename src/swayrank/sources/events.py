"""Read events and posts: any number of files, or a whole data set through its mapping.

What is recognised is told (`report`), what is refused is kept (`report.rejects`), and the same input gives the same
bits whatever the number of threads. Cost: 1-3 million plain CSV rows per second; memory is that of the result and of
a few blocks of text.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as Dict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayrank._progress import Progress, track
from swayrank._text import printable
from swayrank._validate import Integer, Interval, OneOf, Optional, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.engines.local import n_threads
from swayrank.errors import InputError, ParameterError, warn_caller
from swayrank.events import Events, action_codes, vocabulary
from swayrank.events.columns import NO_ACCOUNT, NO_TIME, as_arrow, subset
from swayrank.events.join import fill_targets
from swayrank.events.posts import COUNTS, Posts
from swayrank.events.reports import EventsReport
from swayrank.ids import ABSENT, Cells, Interner
from swayrank.sources.assembly import Assembly, joined
from swayrank.sources.coding import IdCoder
from swayrank.sources.dialects import Layout, inspect_table
from swayrank.sources.mapping import (
    EVENT_FIELDS,
    POST_FIELDS,
    Block,
    Emit,
    Mapping,
    listed,
    load_mapping,
    no_such_file,
    suggestion,
    wrongly_typed,
)
from swayrank.sources.recognise import how_to_name, recognise_events, recognise_posts
from swayrank.sources.tables import release_arrow

Columns = Sequence[str] | Dict[str, Any] | None
_DUPLICATES = OneOf("keep", "drop")
_BLOCK_ROWS = 1 << 20


@domains(
    duplicates=_DUPLICATES,
    max_rejects=Interval(0, 1),
    threads=Optional(Integer(1, 4096)),
    decimal=OneOf(".", ","),
)
def read_events(
    paths: Any = None,
    *,
    columns: Columns = None,
    actions: Dict[str, str] | None = None,
    extra_actions: Iterable[str] = (),
    mapping: str | os.PathLike[str] | Dict[str, Any] | Mapping | None = None,
    blocks: Iterable[str] | None = None,
    ids: Dict[str, Any] | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
    encoding: str | None = None,
    time_unit: str | None = None,
    time_format: str | None = None,
    day_first: bool | None = None,
    timezone: str = "UTC",
    decimal: str = ".",
    duplicates: str = "keep",
    max_rejects: float = 0.05,
    memory_limit: str | None = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Events:
    r"""Read who did what to whom, and when.

    Parameters
    ----------
    paths : path, list of paths, or frame, optional
        CSV, TSV, text in columns, JSON lines or Parquet, plain or compressed (gz, zst, bz2, xz); or a pandas, polars
        or Arrow frame. With `mapping`: the folder that its file names are relative to, or the files to take of it.
    columns : list of str, or mapping of field to column, optional
        A list names all columns of a file without a header. A mapping says which column each field comes from;
        instead of a column it may hold ``{"const": "like"}`` or ``{"column": "status_id", "before": "_"}``. Fields are
        actor, action, target, post, time, weight, topic, platform, followers_at_time. By default they are recognised.
    actions : mapping of str to str, optional
        Codes of actions, such as ``{"1": "repost"}``. RT, MT, RE, retweet, favorite, comment ... are known.
    extra_actions : iterable of str
        Actions beyond post, like, repost, quote, reply, mention, follow, view, click.
    mapping : path, mapping or Mapping, optional
        A TOML file, or its contents, that describes a data set (docs/mapping.md). It excludes `columns`.
    blocks : iterable of str, optional
        Names of the blocks of the mapping to read; by default all that do not say ``use = false``.
    ids : mapping, optional
        Translation of account ids: ``{"file": ..., "from": ..., "to": ..., "otherwise": "keep" | "skip" | "reject"}``.
    delimiter : str, optional
        One character, " " for runs of spaces; by default recognised.
    header : bool, optional
        Whether the first record holds names; by default recognised.
    encoding : str, optional
        By default the byte-order mark decides, else UTF-8 if it decodes, else cp1252.
    time_unit : {"ns", "us", "ms", "s", "m", "h", "d"}, optional
        Unit of times that are plain numbers; by default seconds to nanoseconds are told apart by magnitude.
    time_format : str, optional
        A strptime pattern that all times follow.
    day_first : bool, optional
        Whether 6/11/2017 is in November; by default decided over the whole column.
    timezone : str, default "UTC"
        Of times that do not say.
    decimal : {".", ","}, default "."
        The decimal sign of numbers.
    duplicates : {"keep", "drop"}, default "keep"
        What becomes of rows that repeat an earlier one in actor, action, target, post and time. They are counted in
        either case. Kept by default, since without a post, or with times to the second, two alike may be two.
    max_rejects : float, default 0.05
        Share of the records that may be refused, in [0, 1].
    memory_limit : str, optional
        For DuckDB, such as "4GB".
    engine : str or Engine, default "local"
        Checked, but reading always runs in this process.
    threads : int, optional
        By default as many as the process may use.
    progress : bool or callable, optional
        Whether to show progress.

    Returns
    -------
    events : Events
        In file order, then row order. Accounts are numbered by first appearance, actor before target; a target that is
        missing is filled in where the log says who published the post.

    Raises
    ------
    InputError
        If a file cannot be read, or a column is not there.
    TooManyRejectsError
        If more than `max_rejects` of the records were refused.
    ParameterError
        If a parameter is outside its domain, or a file is named twice.

    Warns
    -----
    SwayrankWarning
        If most interactions (all but posts) have no target, so that they count for nobody; ``events.report`` has the
        same note.

    Notes
    -----
    Each record (a line, or several where a quoted field spans them) is kept, skipped by the mapping, or refused with
    file, line, column, value and reason; see ``events.report``.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = pathlib.Path(folder) / "log.txt"
    ...     _ = log.write_text("223789 213163 1341100972 MT\n376989 50329 1341101181 RT\n")
    ...     ev = read_events(log, columns=["actor", "target", "time", "action"])
    >>> ev
    <Events: 2 events of 4 accounts, 2012-07-01 to 2012-07-01>
    >>> [ev.actions[code] for code in ev.action]
    ['mention', 'repost']
    """
    resolve_engine(engine, threads)
    names = vocabulary(extra_actions)
    limits: dict[str, Any] = {"max_rejects": max_rejects, "threads": n_threads(threads), "memory_limit": memory_limit}
    assembly = Assembly("events", codes=action_codes(names, actions), names=names, **limits)
    values = {
        "time_unit": time_unit,
        "time_format": time_format,
        "day_first": day_first,
        "timezone": timezone,
        "decimal": decimal,
    }
    layout = {"delimiter": delimiter, "header": header, "encoding": encoding, "ids": ids}
    plan = plan_reading("events", paths, columns, mapping, blocks, {**values, **layout})
    try:
        _read_all(assembly, plan, {str(code): str(name) for code, name in (actions or {}).items()}, names, progress)
        return _events_of(assembly, names, duplicates)
    finally:
        assembly.close()


@domains(
    duplicates=_DUPLICATES,
    max_rejects=Interval(0, 1),
    threads=Optional(Integer(1, 4096)),
    decimal=OneOf(".", ","),
)
def read_posts(
    paths: Any = None,
    *,
    columns: Columns = None,
    mapping: str | os.PathLike[str] | Dict[str, Any] | Mapping | None = None,
    blocks: Iterable[str] | None = None,
    ids: Dict[str, Any] | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
    encoding: str | None = None,
    time_unit: str | None = None,
    time_format: str | None = None,
    day_first: bool | None = None,
    timezone: str = "UTC",
    decimal: str = ".",
    duplicates: str = "keep",
    max_rejects: float = 0.05,
    memory_limit: str | None = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Posts:
    r"""Read posts (or accounts) with counts that are already added up.

    Parameters are those of :func:`read_events`; the fields are account, post, time, likes, comments, shares, views,
    impressions, reach, followers, topic, platform. Numbers may be written as people do: 48.5M, 1,234, 2.28E+11; where
    all points of a column of counts stand as in 1.200, they group thousands, and the report says so.

    Parameters
    ----------
    paths : path, list of paths, or frame, optional
        As for events.
    columns : list of str, or mapping of field to column, optional
        As for events, but fields that a mapping of them does not name are recognised nevertheless, among the other
        columns; the report says which. Where no column holds the account, give ``{"const": "ada"}``, or a part of
        another column.
    mapping, blocks, ids, delimiter, header, encoding
        As for events.
    time_unit, time_format, day_first, timezone, decimal
        As for events.
    duplicates : {"keep", "drop"}, default "keep"
        What becomes of rows that repeat an earlier one's account and post (without a post: all its values).
    max_rejects, memory_limit, engine, threads, progress
        As for events.

    Returns
    -------
    posts : Posts
        In file order, then row order.

    Raises
    ------
    InputError
        If a file cannot be read, or a column is not there.
    TooManyRejectsError
        If more than `max_rejects` of the records were refused.
    ParameterError
        If a parameter is outside its domain.

    Warns
    -----
    SwayrankWarning
        If points are taken for signs between thousands, counts are no whole numbers, or a row seems to be a total.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = pathlib.Path(folder) / "channels.csv"
    ...     _ = table.write_text("name,Subscribers,Views\nada,48.5M,2.28E+11\nbob,383.1K,nan\n")
    ...     po = read_posts(table, columns={"account": "name", "followers": "Subscribers", "views": "Views"})
    >>> po.followers.tolist(), po.views.tolist()
    ([48500000.0, 383100.0], [228000000000.0, nan])
    """
    resolve_engine(engine, threads)
    limits: dict[str, Any] = {"max_rejects": max_rejects, "threads": n_threads(threads), "memory_limit": memory_limit}
    assembly = Assembly("posts", **limits)
    values = {
        "time_unit": time_unit,
        "time_format": time_format,
        "day_first": day_first,
        "timezone": timezone,
        "decimal": decimal,
    }
    layout = {"delimiter": delimiter, "header": header, "encoding": encoding, "ids": ids}
    plan = plan_reading("posts", paths, columns, mapping, blocks, {**values, **layout})
    try:
        _read_all(assembly, plan, {}, (), progress)
        return _posts_of(assembly, duplicates)
    finally:
        assembly.close()


# -- what is to be read ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """A block with its files, or a frame.

    `unnamed` holds its settings, and the fields that are named, where the others are to be recognised.
    """

    block: Block
    frame: Any = None
    unnamed: dict[str, Any] | None = None


def plan_reading(
    kind: str,
    paths: Any,
    columns: Columns,
    mapping: Any,
    blocks: Iterable[str] | None,
    settings: dict[str, Any],
) -> list[Part]:
    """Blocks with their files or frame, in the order in which they are read."""
    if mapping is not None:
        if columns is not None:
            raise ParameterError("give either columns or mapping, not both")
        return _mapped(kind, paths, mapping, blocks)
    frame = None if paths is None or _are_paths(paths) else as_arrow(paths)
    files = [] if frame is not None else _files(paths)
    raw = {key: value for key, value in settings.items() if value is not None}
    for name, value in raw.items():
        if domain := wrongly_typed(name, value):
            raise ParameterError(f"{name} must be {domain}, got {printable(repr(value), 80)}")
    if columns is not None and (isinstance(columns, str) or not isinstance(columns, Iterable)):
        got = printable(repr(columns), 80)
        raise ParameterError(f"columns must be a list of names, or a mapping of fields to columns, got {got}")
    fields = EVENT_FIELDS if kind == "events" else POST_FIELDS
    stand_in = {"actor": "?", "action": "?"} if kind == "events" else {"account": "?"}
    base = files[0].parent if files else Path()
    if ids := raw.pop("ids", None):
        named = isinstance(ids, Dict) and isinstance(ids.get("file"), str | os.PathLike)
        raw["ids"] = {**ids, "file": str(Path(ids["file"]).absolute())} if named else ids
    if isinstance(columns, Dict):
        if unknown := [name for name in columns if name not in fields]:
            hint = suggestion(unknown[0], fields)
            got = printable(repr(unknown[0]), 80)
            raise ParameterError(f"columns must name fields among {', '.join(fields)}, got {got}{hint}")
        raw |= dict(columns)
    elif columns is not None:
        names = [str(name) for name in columns]
        raw |= {"names": names, **{name: name for name in names if name in fields}}
        if lacking := [name for name in stand_in if name not in raw]:
            option = "columns (--columns on the command line)" if kind == "events" else "columns"
            raise ParameterError(
                f"{option} must name all columns of the file in their order, {' and '.join(stand_in)} among them "
                f"(fields are {', '.join(fields)}; any other name leaves a column out), got {listed(names)} "
                f"without {lacking[0]}"
            )
    rest = columns is None or (
        kind == "posts" and isinstance(columns, Dict)
    )  # of posts, those not named are recognised
    block = _block(kind, stand_in | raw if rest else raw, base)
    expected = tuple(name for name in block.columns() if name != "?") if isinstance(columns, Dict) else ()
    block = replace(block, files=tuple(files), options=replace(block.options, expected=expected))
    return [Part(block, frame, raw if rest else None)]


def _block(kind: str, raw: dict[str, Any], base: Path = Path()) -> Block:
    return load_mapping({kind: [raw]}, base=base).blocks(kind)[0]


def _mapped(kind: str, paths: Any, mapping: Any, blocks: Iterable[str] | None) -> list[Part]:
    files = [] if paths is None else _files(paths, folders=True)
    folder = files[0] if len(files) == 1 and files[0].is_dir() else None
    if isinstance(mapping, Mapping):
        described = mapping
    else:
        base = folder if folder is not None else (files[0].parent if files else None)
        described = load_mapping(mapping if isinstance(mapping, Dict) else Path(mapping), base=base)
    chosen = described.blocks(kind, blocks)
    if not chosen:
        raise InputError(f"describes no {kind}", file=str(described.path or "mapping"))
    if files and folder is None:
        wanted = {file.resolve() for file in files}
        kept = (tuple(f for f in block.files or files if not block.files or f.resolve() in wanted) for block in chosen)
        chosen = tuple(replace(block, files=part) for block, part in zip(chosen, kept, strict=True))
    expecting = (replace(block, options=replace(block.options, expected=block.columns())) for block in chosen)
    return [Part(block) for block in expecting if block.files]


def _are_paths(value: Any) -> bool:
    if isinstance(value, str | os.PathLike):
        return True
    return isinstance(value, list | tuple) and all(isinstance(one, str | os.PathLike) for one in value)


def _files(paths: Any, folders: bool = False) -> list[Path]:
    if paths is None or (isinstance(paths, list | tuple) and not paths):
        raise ParameterError("paths must name at least one file")
    files = [Path(one) for one in ([paths] if isinstance(paths, str | os.PathLike) else paths)]
    met: dict[str, Path] = {}
    for file in files:
        if not os.path.exists(file):
            raise no_such_file(file)
        if file.is_dir() and not folders:
            raise InputError("is a folder; name its files, or describe it with mapping=", file=str(file))
        place = os.path.realpath(file)
        if place in met:
            also = "" if met[place] == file else f", as {printable(met[place])} too"
            raise ParameterError(f"paths must name each file once, got {printable(file)} twice{also}")
        met[place] = file
    return files


def _emits(kind: str, part: Part, layout: Layout, file: str) -> tuple[Emit, ...]:
    """The rows of the block; where nobody named fields, as the columns of the file show them."""
    if part.unnamed is None:
        return part.block.emits
    named = {field.column for emit in part.block.emits for field in emit.fields.values()}
    given = [name for name in (EVENT_FIELDS if kind == "events" else POST_FIELDS) if name in part.unnamed]
    free = replace(layout, columns=tuple(column for column in layout.columns if not given or column not in named))
    found = recognise_events(free) if kind == "events" else recognise_posts(free)
    found = {name: column for name, column in found.items() if name not in given}
    needed = ("actor", "action") if kind == "events" else ("account",)
    for name in needed:
        if name not in found and name not in given:
            first = f"; the first record is {printable(list(layout.sample[0]), 80)}" if layout.sample else ""
            raise InputError(
                f"no column is known to be the {name}: there are {listed(layout.columns)}{first}. "
                + how_to_name(kind, name),
                file=file,
            )
    settings = {key: value for key, value in part.unnamed.items() if key != "ids"}
    return _block(kind, {**settings, **found}).emits


def _beside(part: Part, emits: tuple[Emit, ...]) -> str:
    """In words, which columns were recognised beside those that were named; "" where none were named."""
    if part.unnamed is None or not any(name in part.unnamed for name in POST_FIELDS):
        return ""
    found = [f"{name} = {one.column}" for name, one in emits[0].fields.items() if name not in part.unnamed]
    return f"recognised beside the columns that were named: {', '.join(found)}" if found else ""


# -- reading -----------------------------------------------------------------------------------------------------------


def _read_all(
    assembly: Assembly, plan: list[Part], actions: dict[str, str], names: tuple[str, ...], progress: Progress
) -> None:
    for _ in read_steps(assembly, plan, actions, names, progress):
        pass


def read_steps(
    assembly: Assembly, plan: list[Part], actions: dict[str, str], names: tuple[str, ...], progress: Progress
) -> Iterator[int]:
    """Take in all files of a plan; yields the number of records after each batch, whose rows lie in the assembly."""
    usual = assembly.codes
    for part in plan:
        block, frame = part.block, part.frame
        if assembly.kind == "events":
            assembly.codes = {**usual, **_own(block.actions, usual, names, block.name)}
            assembly.codes.update({code.strip().casefold(): usual[code.strip().casefold()] for code in actions})
        if frame is not None:
            layout = Layout("frame", tuple(frame.column_names))
            emits = _emits(assembly.kind, part, layout, "frame")
            assembly.note(_beside(part, emits))
            with track(progress, "reading the frame", len(frame)) as step:
                for records in assembly.read_frame(block, frame, emits):
                    step(records)
                    yield records
        for path in block.files:
            layout = inspect_table(path, block.options)
            emits = _emits(assembly.kind, part, layout, str(path))
            assembly.note(_beside(part, emits))
            with track(progress, f"reading {path.name}") as step:
                for records in assembly.read_file(block, path, layout, emits):
                    step(records)
                    yield records
    assembly.codes = usual
    assembly.check_rejects()
    release_arrow()


def _own(actions: dict[str, str], usual: dict[str, int], names: tuple[str, ...], block: str) -> dict[str, int]:
    try:
        codes = action_codes(names, actions)
    except ParameterError as error:
        raise InputError(f"block {block!r}: {error}") from error
    return {key: code for key, code in codes.items() if usual.get(key) != code}


def _events_of(assembly: Assembly, names: tuple[str, ...], duplicates: str) -> Events:
    n = assembly.n_rows
    whole = {name: joined(assembly, name) for name in EVENT_FIELDS}
    none = np.full(n, NO_ACCOUNT, np.uint32)
    actor = whole["actor"] if n else none
    target = none if whole["target"] is None else whole["target"]
    action = np.zeros(n, np.uint8) if whole["action"] is None else whole.pop("action").astype(np.uint8)
    post = none.copy() if whole["post"] is None else whole["post"]
    own = np.count_nonzero((action == 0) & (target != NO_ACCOUNT))
    target[action == 0] = NO_ACCOUNT
    filled = fill_targets(actor, action, target, post, len(assembly.posts))
    accounts = _renumber(assembly.accounts, actor, target)
    posts = _renumber(assembly.posts, post)
    lacking = np.count_nonzero((action != 0) & (target == NO_ACCOUNT))
    notes = told_of_targets(filled, int(own)) + lacking_targets(int(np.count_nonzero(action)), int(lacking))
    extra: dict[str, Any] = {k: whole[k].dictionary_encode() for k in ("topic", "platform") if whole[k] is not None}
    if whole["followers_at_time"] is not None:
        extra["followers_at_time"] = whole["followers_at_time"]
    events = Events.from_arrays(
        actor,
        target,
        action,
        accounts=accounts,
        post=post,
        posts=posts,
        time=whole["time"],
        weight=whole["weight"],
        extra=extra,
        actions=names,
    )
    n_repeats = int(np.count_nonzero(events.duplicate))
    dropped = n_repeats if duplicates == "drop" else 0
    report = EventsReport(tuple(assembly.reports), assembly.rejects, n_repeats, dropped, tuple(notes))
    return replace(events.without_duplicates() if dropped else events, report=report)


def lacking_targets(interactions: int, lacking: int) -> list[str]:
    """A note, said as a warning too, where most interactions have no target."""
    if 2 * lacking <= interactions:
        return []
    text = (
        f"{lacking:,} of {interactions:,} interactions have no target, so they count for nobody; "
        "say which column holds the account acted upon, as the field target"
    )
    warn_caller(text)
    return [text]


def told_of_targets(filled: int, own: int) -> list[str]:
    """What was done about targets that were missing, or named by an action that has none."""
    notes = [f"{filled:,} missing targets are the authors of their posts"] if filled else []
    return notes + ([f"{own:,} targets of actions 'post' are left out: a post has none"] if own else [])


def _renumber(coder: IdCoder, *columns: npt.NDArray[np.uint32]) -> Any:
    """Ids by first appearance among the rows that were kept; the columns are numbered anew in place, block by block."""
    n = len(coder)
    interner = Interner()
    for start in range(0, len(columns[0]), _BLOCK_ROWS):
        parts = [column[start : start + _BLOCK_ROWS] for column in columns]
        codes = interner.encode(*(Cells.of_ints(part, part >= n) for part in parts))
        for part, numbers in zip(parts, codes if len(columns) > 1 else (codes,), strict=True):
            part[:] = numbers
    return subset(coder.ids(), interner.ids().to_numpy())


def _posts_of(assembly: Assembly, duplicates: str) -> Posts:
    n = assembly.n_rows
    whole = {name: joined(assembly, name) for name in POST_FIELDS}
    none = np.full(n, NO_ACCOUNT, np.uint32)
    account = whole["account"] if n else none
    post = none.copy() if whole["post"] is None else whole["post"]
    accounts, posts = _renumber(assembly.accounts, account), _renumber(assembly.posts, post)
    read = Posts.from_arrays(
        account,
        accounts=accounts,
        counts={name: whole[name] for name in COUNTS if whole[name] is not None},
        post=post,
        posts=posts,
        time=whole["time"],
        extra={k: whole[k].dictionary_encode() for k in ("topic", "platform") if whole[k] is not None},
    )
    n_repeats = int(np.count_nonzero(read.duplicate))
    dropped = n_repeats if duplicates == "drop" else 0
    report = EventsReport(tuple(assembly.reports), assembly.rejects, n_repeats, dropped, tuple(told_of_totals(read)))
    return replace(read.rows(~read.duplicate) if dropped else read, report=report)


_TOTALS = ("summe", "gesamt", "insgesamt", "gesamtsumme", "total", "totals", "grand total", "sum", "suma", "somme")


def told_of_totals(posts: Posts) -> list[str]:
    """A note, said as a warning too, on rows that seem to add up the others: called so, and of no post and time."""
    names = [form for word in _TOTALS for form in (word, word.title(), word.capitalize(), word.upper())]
    at = posts.accounts.positions(pa.array(dict.fromkeys(names), pa.large_string()), missing="sentinel")
    notes = []
    for account in at[at != ABSENT]:
        rows = np.flatnonzero(posts.account == account)
        if len(rows) != 1 or len(posts) < 3 or not _adds_up(posts, int(rows[0])):
            continue
        name = printable(repr(str(posts.accounts[int(account)])), 80)
        text = f"the row of the account {name} looks like a total of the others; it is kept: take it out of the file"
        warn_caller(text)
        notes.append(text)
    return notes


def _adds_up(posts: Posts, row: int) -> bool:
    """Whether a row has neither post nor time where others do, or counts that are sums of the others'."""
    dated, of_post = posts.time != NO_TIME, posts.post != NO_ACCOUNT
    if dated[row] or of_post[row]:
        return False
    given = [values for values in posts.counts.values() if not np.isnan(values[row])]
    sums = [bool(np.isclose(np.nansum(values) - values[row], values[row], rtol=1e-9)) for values in given]
    return bool((dated.any() or of_post.any()) and given) or any(sums)
