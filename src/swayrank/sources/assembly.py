"""Records to rows: every record gives its rows, or is left out by the mapping, or is refused with a reason.

One :class:`Assembly` takes in all the files of one read. It works on whole batches; only refused records are looked at
one by one. A record that fails in any of its rows is refused as a whole, so each record has exactly one fate.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from swayrank._text import printable
from swayrank.errors import InputError, warn_caller
from swayrank.events.columns import NO_ACCOUNT, NO_TIME
from swayrank.events.posts import COUNTS
from swayrank.events.reports import FileReport
from swayrank.sources.coding import FINE, LOST_DIGITS, MISSING, UNTRANSLATED, IdCoder, Translation
from swayrank.sources.dialects import Layout, TableOptions, inspect_table
from swayrank.sources.mapping import Block, Condition, Emit, Field, IdTable, there_are
from swayrank.sources.numbers import Numbers, count_commas, count_points, read_numbers
from swayrank.sources.rejects import LOST, NOT_A_NUMBER, NOT_A_TIME, UNKNOWN_ACTION, Rejects, cure_of
from swayrank.sources.tables import Batch, Column, frame_batches, open_duckdb, read_batches
from swayrank.sources.times import TimeOptions, Times, count_numbers, count_orders, numbers_of, read_times, small_times

if TYPE_CHECKING:
    import duckdb

Mask = npt.NDArray[np.bool_]
Problems = list[tuple[Mask, str]]

OUT_OF_RANGE = "time out of range"
NEGATIVE = "negative number"
UNKNOWN_ID = "id not in the translation"
TAKEN_ID = "id is given to another by the translation"
MISSING_ABOUT = "missing target and post"
_ACCOUNTS = ("actor", "target", "account")
_WORDS = ("topic", "platform")
_COUNTED = (*COUNTS, "followers_at_time")
_CHECK_EVERY = 1_000_000
_TOLD_ACTIONS = 40


@dataclass(slots=True)
class _Values:
    """A field of a batch: its values, and the rows at fault."""

    data: Any
    problems: Problems = field(default_factory=list)
    absent: Mask | None = None
    left_out: Mask | None = None


@dataclass(slots=True)
class _Tally:
    """What became of the records of one file so far."""

    records: int = 0
    kept: int = 0
    rejected: int = 0
    rows: int = 0
    notes: dict[str, None] = field(default_factory=dict)
    actions: dict[str, str] = field(default_factory=dict)
    broken: dict[str, tuple[int, str]] = field(default_factory=dict)


class Assembly:
    """Collects the rows of one read.

    Parameters
    ----------
    kind : str
        "events" or "posts".
    codes : dict of str to int
        Meaning of actions, by spelling in lower case.
    names : tuple of str
        The vocabulary of actions.
    max_rejects : float
        Share of records that may be refused.
    threads : int
        For DuckDB and reading ahead.
    memory_limit : str or None
        For DuckDB.
    """

    def __init__(
        self,
        kind: str,
        *,
        codes: dict[str, int] | None = None,
        names: tuple[str, ...] = (),
        max_rejects: float = 0.05,
        threads: int = 1,
        memory_limit: str | None = None,
    ) -> None:
        self.kind, self.codes, self.names = kind, codes or {}, names
        self.accounts, self.posts = IdCoder(), IdCoder()
        self.rejects, self.reports = Rejects(), list[FileReport]()
        self.chunks: dict[str, list[Any]] = {}
        self.n_rows = 0
        self._max_rejects, self._threads, self._memory_limit = max_rejects, threads, memory_limit
        self._clocks: dict[str, duckdb.DuckDBPyConnection] = {}
        self._orders: dict[tuple[int, str], bool] = {}
        self._pointed: dict[tuple[int, str], bool] = {}
        self._commas: dict[tuple[int, str], bool] = {}
        self._numbers: dict[tuple[int, str], tuple[str, int]] = {}
        self._noted: list[str] = []
        self._translations: dict[IdTable, Translation] = {}

    def close(self) -> None:
        """Let go of DuckDB."""
        for connection in self._clocks.values():
            connection.close()
        self._clocks.clear()

    def clock(self, timezone: str = "UTC") -> duckdb.DuckDBPyConnection:
        """A DuckDB whose times without a zone are in `timezone`."""
        if timezone not in self._clocks:
            self._clocks[timezone] = open_duckdb(self._threads, self._memory_limit, timezone)
        return self._clocks[timezone]

    def note(self, text: str) -> None:
        """Something to say of the file that is read next, if anything."""
        self._noted += [text] if text else []

    # -- files

    def read_file(self, block: Block, path: Path, layout: Layout, emits: tuple[Emit, ...]) -> Iterator[int]:
        """Take in one file; yields the number of records after each batch."""
        wanted = _wanted(block, emits)
        check_columns(wanted, layout.columns, str(path))
        batches = read_batches(path, layout, wanted, self.clock(), threads=self._threads)
        yield from self._read(block, str(path), layout.describe(), emits, batches, None)

    def read_frame(self, block: Block, table: pa.Table, emits: tuple[Emit, ...]) -> Iterator[int]:
        """Take in an Arrow table."""
        wanted = _wanted(block, emits)
        check_columns(wanted, table.column_names, "frame")
        yield from self._read(block, "frame", "frame", emits, frame_batches(table, wanted), table)

    def _read(
        self,
        block: Block,
        file: str,
        layout: str,
        emits: tuple[Emit, ...],
        batches: Iterable[Batch],
        table: pa.Table | None,
    ) -> Iterator[int]:
        tally = _Tally(notes=dict.fromkeys(self._noted))
        self._noted = []
        for batch in batches:
            _BatchWork(self, block, file, emits, tally, table).run(batch)
            if len(self.rejects) > _CHECK_EVERY:  # hopeless files are not read to their end
                self.check_rejects(tally)
            yield len(batch.record) + len(batch.refused)
        columns: dict[str, dict[str, None]] = {}
        for emit in emits:
            for name, source in emit.fields.items():
                columns.setdefault(name, {})[source.describe()] = None
        told = {name: " | ".join(sources) for name, sources in columns.items()}
        if tally.actions:
            meanings = ", ".join(f"{word} = {action}" for word, action in sorted(tally.actions.items()))
            tally.notes[f"actions: {meanings}"] = None
        for column, (n, example) in tally.broken.items():
            text = (
                f"{column}: {n:,} counts are no whole numbers, such as {example}; where points group thousands, say "
                "decimal=','"
            )
            warn_caller(text)
            tally.notes[text] = None
        skipped = tally.records - tally.kept - tally.rejected
        counts = (tally.records, tally.kept, tally.rejected, skipped, tally.rows)
        self.reports.append(FileReport(file, layout, told, *counts, tuple(tally.notes)))

    def check_rejects(self, running: _Tally | None = None) -> None:
        """Raise TooManyRejectsError if more than `max_rejects` of the records were refused."""
        records = sum(report.records for report in self.reports) + (running.records if running else 0)
        self.rejects.check(records - len(self.rejects), self._max_rejects, cure=cure_of(self.rejects, records))

    # -- decisions that need more than a batch

    def day_first(self, block: Block, column: str, table: pa.Table | None, tally: _Tally) -> bool:
        """Whether the day comes before the month in a column, over all files of the block."""
        key = (id(block), column)
        if key not in self._orders:
            clock, batches = self.clock(), self._batches_of(block, column, table)
            counts = [count_orders(batch.columns[column], clock) for batch in batches]
            days, months, slashed = (sum(count[k] for count in counts) for k in range(3))
            self._orders[key] = days >= months
            if days == months:
                text = f"{column}: {slashed:,} dates do not tell day from month; read day first (say day_first=)"
                warn_caller(text)
                tally.notes[text] = None
        order = self._orders[key]
        tally.notes[f"{column}: dates read with the {'day' if order else 'month'} first"] = None
        return order

    def pointed(self, block: Block, column: str, table: pa.Table | None, tally: _Tally) -> bool:
        """Whether points group thousands in a column of counts, over all files of the block."""
        key = (id(block), column)
        text = f"{column}: points read as signs between thousands (1.200 is 1200), since counts are whole numbers"
        if key not in self._pointed:
            counts = [count_points(batch.columns[column]) for batch in self._batches_of(block, column, table)]
            self._pointed[key] = any(pointed for pointed, _ in counts) and not any(others for _, others in counts)
            if self._pointed[key]:
                warn_caller(text)
        if self._pointed[key]:
            tally.notes[text] = None
        return self._pointed[key]

    def decimal_commas(self, block: Block, column: str, table: pa.Table | None, tally: _Tally) -> bool:
        """Whether commas are the decimal sign in a column of numbers, over all files of the block."""
        key = (id(block), column)
        if key not in self._commas:
            counts = [count_commas(batch.columns[column]) for batch in self._batches_of(block, column, table)]
            self._commas[key] = any(commas for commas, _ in counts) and not any(against for _, against in counts)
        if self._commas[key]:
            tally.notes[f"{column}: commas read as the decimal sign (2,5 is two and a half)"] = None
        return self._commas[key]

    def numbers(self, block: Block, column: str, table: pa.Table | None, tally: _Tally) -> str:
        """What plain numbers in a column of times are, over all files of the block."""
        key = (id(block), column)
        if key not in self._numbers:
            counts = [
                count_numbers(batch.columns[column], self.clock()) for batch in self._batches_of(block, column, table)
            ]
            said, plain, dates, serials = (sum(count[k] for count in counts) for k in range(4))
            self._numbers[key] = (numbers_of((said, plain, dates, serials)), plain)
        numbers, plain = self._numbers[key]
        if numbers == "dates":
            tally.notes[f"{column}: numbers read as dates (20260305 is 5 March 2026)"] = None
        elif numbers == "serials":
            tally.notes[
                f"{column}: numbers read as a spreadsheet's days since 1899-12-30 (46086.5 is noon of 2026-03-05)"
            ] = None
        elif plain:
            tally.notes[
                f"{column}: small numbers read as seconds since 1970, which makes them times of 1970 to 1973; if they "
                "count something else, say time_unit= or time_format="
            ] = None
        return numbers

    def _batches_of(self, block: Block, column: str, table: pa.Table | None) -> Iterator[Batch]:
        if table is not None:
            yield from frame_batches(table, [column])
            return
        for path in block.files:
            layout = inspect_table(path, block.options)
            if column in layout.columns:
                yield from read_batches(path, layout, [column], self.clock(), threads=self._threads)

    def translation(self, ids: IdTable) -> Translation:
        """The translation that a table of ids gives."""
        if ids not in self._translations:
            layout = inspect_table(ids.path, TableOptions(expected=(ids.source, ids.target)))
            check_columns((ids.source, ids.target), layout.columns, str(ids.path))
            batches = list(read_batches(ids.path, layout, (ids.source, ids.target), self.clock()))
            if refused := [one for batch in batches for one in batch.refused]:
                line, value, reason = refused[0]
                raise InputError(f"{reason}, in a table of ids", file=str(ids.path), line=line, value=value)
            parts = [
                Column(pa.concat_arrays([_text(batch.columns[name]) for batch in batches]))
                for name in (ids.source, ids.target)
            ]
            made = Translation(self.accounts, parts[0], parts[1], ids.otherwise)
            if len(made.ambiguous):
                row = int(made.ambiguous[0])
                line, value = int(np.concatenate([batch.record for batch in batches])[row]), parts[0].text(row)
                message = f"{printable(repr(value), 80)} is translated in two ways"
                column = printable(ids.source, 80)
                raise InputError(message, file=str(ids.path), line=line, column=column, value=value)
            self._translations[ids] = made
        return self._translations[ids]


def check_columns(wanted: Iterable[str], there: Iterable[str], file: str) -> None:
    """Raise InputError, with what there is, if a wanted column is not there."""
    known = list(there)
    for name in wanted:
        if name not in known:
            told = f"has no column {printable(repr(name), 80)}{there_are(name, known)}"
            raise InputError(told, file=file, column=printable(name, 80))


def _wanted(block: Block, emits: tuple[Emit, ...]) -> list[str]:
    names = [condition.column for condition in block.skip]
    for emit in emits:
        names += [condition.column for condition in emit.conditions]
        names += [source.column for source in emit.fields.values() if source.column]
    return list(dict.fromkeys(names))


def _text(column: Column) -> pa.Array:
    values = column.arrow()
    return values if pa.types.is_large_string(values.type) else values.cast(pa.large_string())


class _BatchWork:
    """Turns one batch into rows of the assembly."""

    def __init__(
        self,
        assembly: Assembly,
        block: Block,
        file: str,
        emits: tuple[Emit, ...],
        tally: _Tally,
        table: pa.Table | None,
    ) -> None:
        self._all, self._block, self._file, self._emits = assembly, block, file, emits
        self._tally, self._table = tally, table
        self._known: dict[tuple[str, Field], _Values] = {}

    def run(self, batch: Batch) -> None:
        """Keep, leave out or refuse every record of the batch."""
        self._batch = batch
        n = len(batch.record)
        open_ = ~self._any(self._block.skip, n)
        fault = np.zeros(n, np.int64)  # 0: none, else 1 + position in `causes`
        causes: list[tuple[str, str]] = []
        plans = []
        for emit in self._emits:
            rows = open_ & self._all_hold(emit.conditions, n)
            values = {name: self._values(name, source, n) for name, source in emit.fields.items()}
            for name, column in values.items():
                if column.left_out is not None:
                    rows &= ~column.left_out
                for where, reason in column.problems:
                    self._mark(fault, rows & where, causes, emit.fields[name].column, reason)
            for where, column_name, reason in self._incomplete(emit, values):
                self._mark(fault, rows & where, causes, column_name, reason)
            plans.append((rows, values))
        refused = self._refuse(fault, causes)
        good = fault == 0
        given = np.zeros(n, np.bool_)
        for rows, _ in plans:
            given |= rows & good
        self._append([(np.flatnonzero(rows & good), values) for rows, values in plans])
        self._tally.records += n + len(batch.refused)
        self._tally.kept += int(given.sum())
        self._tally.rejected += refused

    def _mark(
        self, fault: npt.NDArray[np.int64], where: Mask, causes: list[tuple[str, str]], column: str, reason: str
    ) -> None:
        new = where & (fault == 0)
        if new.any():
            causes.append((column, reason))
            fault[new] = len(causes)

    def _refuse(self, fault: npt.NDArray[np.int64], causes: list[tuple[str, str]]) -> int:
        refused = [(record, "", text, reason) for record, text, reason in self._batch.refused]
        for row in np.flatnonzero(fault):
            column, reason = causes[fault[row] - 1]
            text = self._batch.columns[column].text(int(row)) if column else ""
            refused.append((int(self._batch.record[row]), column, text, reason))
        for record, column, text, reason in sorted(refused):
            self._all.rejects.add(self._file, record, column, text, reason)
        return len(refused)

    # -- conditions

    def _any(self, conditions: Iterable[Condition], n: int) -> Mask:
        answer = np.zeros(n, np.bool_)
        for condition in conditions:
            answer |= self._holds(condition)
        return answer

    def _all_hold(self, conditions: Iterable[Condition], n: int) -> Mask:
        answer = np.ones(n, np.bool_)
        for condition in conditions:
            answer &= self._holds(condition)
        return answer

    def _holds(self, condition: Condition) -> Mask:
        cells = pc.utf8_trim_whitespace(pc.fill_null(_text(self._batch.columns[condition.column]), ""))
        found = pc.is_in(cells, value_set=pa.array(condition.values, pa.large_string()))
        answer: Mask = found.to_numpy(zero_copy_only=False).astype(np.bool_)
        return answer if condition.wanted else ~answer

    def _incomplete(self, emit: Emit, values: dict[str, _Values]) -> list[tuple[Mask, str, str]]:
        """Rows that lack what they cannot do without."""
        who = "actor" if self._all.kind == "events" else "account"
        absent = values[who].absent
        assert absent is not None
        lacking = [(absent, emit.fields[who].column, f"missing {who}")]
        if self._all.kind == "posts":
            return lacking
        about = [name for name in ("target", "post") if name in emit.fields]
        if about:
            empty = values["action"].data != 0
            for name in about:
                missing = values[name].absent
                assert missing is not None
                empty = empty & missing
            lacking.append((empty, emit.fields[about[0]].column, MISSING_ABOUT))
        return lacking

    # -- fields

    def _values(self, name: str, source: Field, n: int) -> _Values:
        role = "account" if name in _ACCOUNTS else name
        if (role, source) not in self._known:
            self._known[role, source] = self._read_field(role, source, n)
        return self._known[role, source]

    def _read_field(self, role: str, source: Field, n: int) -> _Values:
        column = self._column(source, n)
        if role == "account":
            return self._ids(self._all.accounts, source, column)
        if role == "post":
            return self._ids(self._all.posts, source, column)
        if role == "time":
            times = self._times(source, column)
            return _Values(times.us, [(times.bad, NOT_A_TIME), (times.outside, OUT_OF_RANGE)])
        if role == "action":
            return self._actions(column)
        if role in _WORDS:
            cells = pc.utf8_trim_whitespace(_text(column))
            return _Values(pc.if_else(pc.equal(cells, ""), pa.scalar(None, pa.large_string()), cells))
        if role in _COUNTED:
            return self._counts(source, column)
        plain = bool(source.column) and not source.before and source.decimal == "."
        commas = plain and count_commas(column)[0] > 0 and self._all.decimal_commas(*self._place(source))
        numbers = read_numbers(column, self._all.clock(), "," if commas else source.decimal)
        values = np.where(np.isnan(numbers.values), 1.0, numbers.values) if role == "weight" else numbers.values
        return _Values(values, [(numbers.bad, NOT_A_NUMBER), (numbers.negative, NEGATIVE)])

    def _counts(self, source: Field, column: Column) -> _Values:
        decimal = source.decimal
        plain = bool(source.column) and not source.before and decimal == "."
        if plain and count_points(column)[0] and self._all.pointed(*self._place(source)):
            decimal = ","
        numbers = read_numbers(column, self._all.clock(), decimal)
        self._note_broken(source, column, numbers)
        return _Values(numbers.values, [(numbers.bad, NOT_A_NUMBER), (numbers.negative, NEGATIVE)])

    def _place(self, source: Field) -> tuple[Block, str, pa.Table | None, _Tally]:
        return self._block, source.column, self._table, self._tally

    def _note_broken(self, source: Field, column: Column, numbers: Numbers) -> None:
        """Count what cannot be a count, since it is no whole number."""
        broken = np.flatnonzero(np.nan_to_num(numbers.values) % 1 != 0)
        if broken.size:
            n, example = self._tally.broken.get(source.describe(), (0, printable(column.text(int(broken[0])), 40)))
            self._tally.broken[source.describe()] = (n + broken.size, example)

    def _column(self, source: Field, n: int) -> Column:
        if source.const is not None:
            return Column(pa.array([source.const], pa.large_string()).take(pa.array(np.zeros(n, np.int64))))
        column = self._batch.columns[source.column]
        if not source.before:
            return column
        pattern = f"(?s){re.escape(source.before)}.*$"
        return Column(pc.replace_substring_regex(_text(column), pattern, ""))

    def _ids(self, coder: IdCoder, source: Field, column: Column) -> _Values:
        table = self._block.ids if coder is self._all.accounts and source.translate else None
        translate = self._all.translation(table) if table is not None else None
        codes, states = coder.encode(column)
        if translate is not None:
            codes, states = translate(codes, states)
        absent, unknown = states == MISSING, states == UNTRANSLATED
        problems = [(states == LOST_DIGITS, LOST)]
        left_out = unknown if translate is not None and translate.otherwise == "skip" else None
        if left_out is None:
            taken = translate is not None and translate.otherwise == "keep"
            problems.append((unknown, TAKEN_ID if taken else UNKNOWN_ID))
        return _Values(np.where(states == FINE, codes, np.uint32(NO_ACCOUNT)), problems, absent, left_out)

    def _times(self, source: Field, column: Column) -> Times:
        clock, options = self._all.clock(source.timezone), source.times
        times = read_times(column, clock, options)
        small = options.unit is None and options.format is None and source.column and not source.before
        if small and small_times(times.us).any():
            numbers = self._all.numbers(*self._place(source))
            if numbers != "epoch":
                return read_times(column, clock, replace(options, numbers=numbers))
        if times.slashed and options.day_first is None and options.format is None:
            order = self._all.day_first(self._block, source.column, self._table, self._tally)
            if not order:
                times = read_times(column, clock, TimeOptions(options.unit, None, False))
        return times

    def _actions(self, column: Column) -> _Values:
        words = _text(column).dictionary_encode()
        known = [self._all.codes.get(str(word).strip().casefold(), -1) for word in words.dictionary.to_pylist()]
        rows = words.indices.fill_null(len(known)).to_numpy()
        found = np.array([*known, -1], np.int16)[rows]
        for word, code in zip(words.dictionary.to_pylist(), known, strict=True):
            meaning = self._all.names[code]
            if code >= 0 and len(self._tally.actions) < _TOLD_ACTIONS and str(word).strip() != meaning:
                self._tally.actions[str(word).strip()] = meaning
        return _Values(found, [(found < 0, UNKNOWN_ACTION)])

    # -- rows

    def _append(self, parts: list[tuple[npt.NDArray[np.int64], dict[str, _Values]]]) -> None:
        where = np.concatenate([rows for rows, _ in parts])
        order = np.argsort(where, kind="stable") if len(parts) > 1 else None
        n = len(where)
        if n == 0:
            return
        names = {name for _, values in parts for name in values}
        for name in sorted(names):
            chunks = [_part(name, values.get(name), rows) for rows, values in parts]
            if name in _WORDS:
                joined = pa.concat_arrays(chunks)
                joined = joined if order is None else joined.take(pa.array(order))
            else:
                joined = np.concatenate(chunks)
                joined = joined if order is None else joined[order]
            self._all.chunks.setdefault(name, []).append((self._all.n_rows, joined))
        self._all.n_rows += n
        self._tally.rows += n


def _part(name: str, values: _Values | None, rows: npt.NDArray[np.int64]) -> Any:
    if values is None:
        return nothing(name, len(rows))
    return values.data.take(pa.array(rows)) if name in _WORDS else values.data[rows]


def nothing(name: str, n: int) -> Any:
    """`n` cells of a field that say nothing."""
    if name in _WORDS:
        return pa.nulls(n, pa.large_string())
    if name in {"target", "post"}:
        return np.full(n, NO_ACCOUNT, np.uint32)
    if name == "time":
        return np.full(n, NO_TIME, np.int64)
    return np.ones(n) if name == "weight" else np.full(n, np.nan)


def joined(assembly: Assembly, name: str) -> Any:
    """The whole column of a field, with nothing where files do not give it; None if no file does."""
    if name not in assembly.chunks:
        return None
    parts, at = [], 0
    for start, chunk in assembly.chunks.pop(name):
        if start > at:
            parts.append(nothing(name, start - at))
        parts.append(chunk)
        at = start + len(chunk)
    if at < assembly.n_rows:
        parts.append(nothing(name, assembly.n_rows - at))
    return pa.concat_arrays(parts) if name in _WORDS else np.concatenate(parts)
