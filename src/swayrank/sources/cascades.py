"""Cascades as research data sets write them: one line a cascade, of who took it up when.

Two layouts are told apart by what stands within a pair: ``user,time user,time ...`` (pairs apart by blanks), and
``user time,user time,...`` (pairs apart by commas), where the first pair may have the cascade's id before it. A cascade
without an id, or with one that another has too, is named by its line. The first adoption of a cascade is a "post", each
later one a "repost" whose source is not known; :func:`~swayrank.name_sources` names one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from swayrank._text import printable
from swayrank._validate import OneOf, domains
from swayrank.engines.local import n_threads
from swayrank.errors import InputError
from swayrank.events import ACTIONS, NO_ACCOUNT, Events
from swayrank.ids import Interner
from swayrank.sources.tables import open_duckdb

_UNITS = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
_BLANKS, _COMMAS = r"\s+", r"\s*,\s*"
_FAR = 2.0**62
# Line by line, pair by pair; a pair is cut into its words, of which the last is the time and the one before the user.
_READ = """
    WITH lines AS (
        SELECT row_number() OVER () AS line, trim(content, E' \\t\\r,') AS content
        FROM read_csv(?, header = false, delim = E'\\x01', quote = '', escape = '', columns = {'content': 'VARCHAR'},
                      strict_mode = false, null_padding = true)
    ), pairs AS (
        SELECT line, unnest(string_split_regex(content, ?)) AS pair,
            generate_subscripts(string_split_regex(content, ?), 1) AS place
        FROM lines WHERE content <> ''
    ), words AS (
        SELECT line, place, pair, string_split_regex(trim(pair), ?) AS word FROM pairs
    )
    SELECT line, place, pair, len(word) AS n_words, word[-2] AS account, try_cast(word[-1] AS DOUBLE) AS time,
        CASE WHEN place = 1 AND len(word) = 3 THEN word[1] END AS cascade
    FROM words ORDER BY line, place
"""


@domains(time_unit=OneOf(*_UNITS))
def read_cascades(path: str | Path, *, time_unit: str = "s", threads: int | None = None) -> Events:
    r"""Read a file of cascades as a log.

    Parameters
    ----------
    path : str or Path
        A text file, plain or compressed (gz, zst): one cascade a line.
    time_unit : {"us", "ms", "s", "m", "h", "d"}, default "s"
        Unit of the times, which may have fractions; they count from 1970.
    threads : int, optional
        By default as many as the process may use.

    Returns
    -------
    Events
        One row per adoption, cascade by cascade, in the order of time; an account that occurs twice in a cascade took
        it up when it first did. Posts are the cascades.

    Raises
    ------
    InputError
        If the file is absent, or a pair has no account or no time: file, line and value.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "cascades.txt")
    ...     _ = file.write_text("ada,0.5 bob,2\ncem,1 ada,3.25\n")
    ...     ev = read_cascades(file, time_unit="h")
    >>> ev.n_events, list(ev.posts), [ev.actions[code] for code in ev.action]
    (4, ['1', '2'], ['post', 'repost', 'post', 'repost'])
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("there is no such file", file=str(path))
    table = _pairs_of(path, n_threads(threads))
    line = table["line"].to_numpy()
    _check(path, table, _UNITS[time_unit])
    time = np.round(table["time"].to_numpy() * _UNITS[time_unit]).astype(np.int64)
    names = table["account"].combine_chunks()
    accounts = Interner()
    account = accounts.encode(names)
    first = np.concatenate(([True], line[1:] != line[:-1]))
    cascade = np.cumsum(first) - 1
    order = np.lexsort((np.arange(account.size), time, cascade))
    again = _repeats(cascade[order], account[order])
    order = order[~again]
    names = _names_of(table["cascade"].to_numpy(zero_copy_only=False)[first], line[first])
    posts = Interner()
    post = posts.encode(names)
    starts = np.concatenate(([True], cascade[order][1:] != cascade[order][:-1]))
    action = np.where(starts, ACTIONS.index("post"), ACTIONS.index("repost"))
    return Events.from_arrays(
        account[order], np.full(order.size, NO_ACCOUNT, np.uint32), action,
        accounts=accounts.ids(), post=post[cascade[order]], posts=posts.ids(), time=time[order],
    )  # fmt: skip


def _names_of(own: Any, line: Any) -> Any:
    """The cascades' own ids where each has one of its own; else their lines, with the id before it."""
    import pyarrow as pa

    alone = all(name is not None for name in own) and len(set(own)) == len(own)
    names = own if alone else [str(n) if name is None else f"{name}:{n}" for name, n in zip(own, line, strict=True)]
    return pa.array(list(names), pa.large_string())


def _pairs_of(path: Path, threads: int) -> Any:
    """All pairs as a table, cut by the layout that the first line shows."""
    import duckdb

    from swayrank.sources.streams import detect_encoding, text_blocks

    block = next(iter(text_blocks(path, detect_encoding(path))), b"")
    first = block.split(maxsplit=1)[0] if block.strip() else b""
    blanks_between = b"," in first and not first.endswith(b",")
    between, within = (_BLANKS, _COMMAS) if blanks_between else (_COMMAS, _BLANKS)
    try:
        with open_duckdb(threads) as connection:
            return connection.sql(_READ, params=[str(path), between, between, within]).to_arrow_table()
    except duckdb.Error as error:
        raise InputError(f"is no file of cascades: {printable(error, 300)}", file=str(path)) from None


def _check(path: Path, table: Any, unit: int) -> None:
    """Raise for the first pair that is none."""
    if not len(table):
        raise InputError("holds no cascade: one a line, as user,time user,time", file=str(path))
    words, place = table["n_words"].to_numpy(), table["place"].to_numpy()
    time = table["time"].to_numpy()
    wrong = (words != 2) & ~((words == 3) & (place == 1))
    wrong |= ~(np.abs(np.nan_to_num(time, nan=np.inf)) < _FAR / unit)
    if wrong.any():
        at = int(np.argmax(wrong))
        raise InputError(
            f"must hold pairs of a user and a time, got {printable(repr(table['pair'][at].as_py()), 80)}; either "
            f"user,time user,time or user time,user time",
            file=str(path),
            line=int(table["line"][at].as_py()),
        )


def _repeats(cascade: Any, account: Any) -> Any:
    """Whether each adoption repeats an earlier one of its cascade, by the same account."""
    order = np.lexsort((np.arange(account.size), account, cascade))
    again = np.zeros(account.size, np.bool_)
    same = (cascade[order][1:] == cascade[order][:-1]) & (account[order][1:] == account[order][:-1])
    again[order[1:]] = same
    return again
