"""What was refused on the way in, row by row: where, what, and why. Every reader keeps one :class:`Rejects`."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from swayrank._text import printable
from swayrank.errors import TooManyRejectsError
from swayrank.tables import write_csv

if TYPE_CHECKING:
    import pyarrow as pa

MISSING_FIELD = "missing field"
MISSING_VALUE = "missing value"
EMPTY_ID = "empty id"
OPEN_QUOTE = "unterminated quote"
AFTER_QUOTE = "text after a quoted cell"
NOT_A_NUMBER = "not a number"
NOT_FINITE = "not finite"
NOT_A_TIME = "not a time"
BAD_ENCODING = "invalid encoding"
LOST = "id lost digits in a float"
UNKNOWN_ACTION = "unknown action"

_SHOWN_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Reject:
    """One refused row: `line` is a physical line of a text file, or a record of a table, counted from 1."""

    file: str
    line: int
    column: str
    value: str
    reason: str

    def __str__(self) -> str:
        column = f", column {printable(self.column, 80)}" if self.column else ""
        return f"{self.file}, line {self.line}{column}: {self.reason}: {printable(repr(self.value), 80)}"


class Rejects:
    """The refused rows of one or several files, in the order in which they were met.

    Examples
    --------
    >>> rejects = Rejects()
    >>> rejects.add("follows.csv", 3, "weight", "=1+1", "not a number")
    >>> rejects.add("follows.csv", 9, "target", "ada", "missing field")
    >>> len(rejects), rejects.by_reason()
    (2, {'not a number': 1, 'missing field': 1})
    >>> print(rejects[1])
    follows.csv, line 9, column target: missing field: 'ada'
    >>> rejects.to_arrow().column_names
    ['file', 'line', 'column', 'value', 'reason']
    """

    def __init__(self) -> None:
        self._rows: list[tuple[str, int, str, str, str]] = []

    def add(self, file: str, line: int, column: str, value: str, reason: str) -> None:
        """Keep one refused row; long values are cut to 200 characters.

        Parameters
        ----------
        file : str
            Where it stood.
        line : int
            Physical line or record, counted from 1.
        column : str
            Name of the column at fault ("" if no single one is).
        value : str
            The offending text: a cell, or the line.
        reason : str
            Why, in a few words; the constants of this module name the usual ones.
        """
        if len(value) > _SHOWN_CHARACTERS:
            value = value[: _SHOWN_CHARACTERS - 3] + "..."
        self._rows.append((file, line, column, value, reason))

    def extend(self, others: Rejects) -> None:
        """Append the rows of other rejects."""
        self._rows.extend(others._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Reject:
        return Reject(*self._rows[index])

    def __iter__(self) -> Iterator[Reject]:
        return (Reject(*row) for row in self._rows)

    def __repr__(self) -> str:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.by_reason().items())
        return f"<Rejects: {len(self):,} rows{': ' if reasons else ''}{reasons}>"

    def by_reason(self) -> dict[str, int]:
        """How many rows each reason cost, the most frequent first."""
        return dict(Counter(row[4] for row in self._rows).most_common())

    def by_file(self) -> dict[str, int]:
        """How many rows each file lost."""
        return dict(Counter(row[0] for row in self._rows))

    def to_arrow(self) -> pa.Table:
        """All rows as a table with columns file, line, column, value, reason."""
        import pyarrow as pa

        columns: Sequence[Sequence[object]] = list(zip(*self._rows, strict=True)) or [()] * 5
        types = [pa.string(), pa.int64(), pa.string(), pa.string(), pa.string()]
        names = ["file", "line", "column", "value", "reason"]
        return pa.table({n: pa.array(c, type=t) for n, c, t in zip(names, columns, types, strict=True)})

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write all rows as CSV; cells that a spreadsheet would run as a formula get an apostrophe in front."""
        write_csv(self.to_arrow(), Path(path), for_people=True)

    def told(self) -> str:
        """The reasons with their counts, and the first rows: "(2 not a number). First: ..."."""
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.by_reason().items())
        return f"({reasons}). First: {'; '.join(str(self[i]) for i in range(min(3, len(self))))}"

    def check(self, kept: int, max_rejects: float, *, complete: bool = True, cure: str = "") -> None:
        """Raise if the rejected share of all rows is above `max_rejects`.

        Parameters
        ----------
        kept : int
            Rows that were read.
        max_rejects : float
            Allowed share, in [0, 1].
        complete : bool, default True
            False while reading goes on; then `kept` is the most that can be.
        cure : str, optional
            What to do, where the reader knows better than to repair the rows.

        Raises
        ------
        TooManyRejectsError
            With the counts, the first examples and the cure.
        """
        rows = kept + len(self)
        if not self._rows or len(self) <= max_rejects * rows:
            return
        first = self[0]
        least = "" if complete else "at least "
        cure = cure or "Repair the rows, name the columns, delimiter or encoding, or raise max_rejects="
        raise TooManyRejectsError(
            f"{least}{len(self):,} of {rows:,} rows ({len(self) / rows:.1%}) were rejected, more than "
            f"max_rejects={max_rejects:g} allows {self.told()}. {cure}",
            file=first.file,
            line=first.line,
            column=printable(first.column, 80) or None,
            value=first.value,
        )


def no_log(rejects: Rejects, records: int) -> str:
    """What to do where no record has an action that is known; "" where some have."""
    if len(rejects) < records or rejects.by_reason().keys() != {UNKNOWN_ACTION}:
        return ""
    return (
        "No record has an action that is known. If this is a table of counts per post and not a log, read it with "
        "read_posts; else say what the codes mean with actions="
    )


def cure_of(rejects: Rejects, records: int) -> str:
    """What to do about refused rows where it can be told from why they were; "" elsewhere."""
    reasons = rejects.by_reason()
    if next(iter(reasons), "") == NOT_A_TIME:
        return (
            "Say how times are written with time_format= (a strptime pattern such as '%d.%m.%y, %H Uhr'), repair the "
            "rows, or raise max_rejects="
        )
    return no_log(rejects, records)
