"""What reading events came to, file by file, and an event table in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from swayrank._text import printable


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file: ``records == kept + rejected + skipped``.

    Attributes
    ----------
    file : str
        Path of the file.
    layout : str
        Recognised format, separator, encoding, compression.
    columns : dict of str to str
        Which column (or constant) each field was read from.
    records : int
        Records in the file, without header, comments and blank lines.
    kept, rejected, skipped : int
        Records that gave rows; that were refused; that the mapping leaves out.
    rows : int
        Rows that came of the kept records; one record can give several.
    notes : tuple of str
        What was decided and is worth knowing.
    """

    file: str
    layout: str
    columns: dict[str, str]
    records: int
    kept: int
    rejected: int
    skipped: int
    rows: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EventsReport:
    """What reading events or posts came to.

    Attributes
    ----------
    files : tuple of FileReport
        One for each file and block of the mapping.
    rejects : object or None
        The refused records (:class:`swayrank.sources.rejects.Rejects`).
    duplicates : int
        Rows that repeat an earlier one in actor, action, target, post and time (posts: account, post and time).
    dropped : int
        How many of them were left out.
    notes : tuple of str
        What concerns all files.
    """

    files: tuple[FileReport, ...] = ()
    rejects: Any = None
    duplicates: int = 0
    dropped: int = 0
    notes: tuple[str, ...] = ()

    @property
    def records(self) -> int:
        """Records in all files."""
        return sum(one.records for one in self.files)

    @property
    def kept(self) -> int:
        """Records that gave rows."""
        return sum(one.kept for one in self.files)

    @property
    def rejected(self) -> int:
        """Records that were refused."""
        return sum(one.rejected for one in self.files)

    def __str__(self) -> str:
        lines = []
        for one in self.files:
            counts = f"{one.records:,} records, {one.kept:,} kept, {one.rejected:,} rejected, {one.skipped:,} skipped"
            lines.append(f"{one.file}: {counts}, {one.rows:,} rows ({one.layout})")
            lines.append("  " + ", ".join(f"{name} = {printable(column, 80)}" for name, column in one.columns.items()))
            lines += [f"  {note}" for note in one.notes]
        lines.append(f"{self.duplicates:,} duplicate rows, {self.dropped:,} of them dropped")
        return "\n".join(lines + list(self.notes))


@dataclass(frozen=True, slots=True)
class EventsSummary:
    """An event table in numbers; see :meth:`swayrank.events.Events.summary`.

    Attributes
    ----------
    events, accounts, actors, targets, posts : int
        Rows, and different ids in them.
    first, last : str or None
        First and last time, ISO in UTC.
    actions : dict of str to int
        Rows by action.
    duplicates, self_interactions : int
        Rows that repeat an earlier one; rows whose actor is the target.
    no_time, no_target : int
        Rows without time; interactions (not posts) without target.
    before_2000, in_future, before_their_post : int
        Signs of a wrong clock: before 2000, after now, more than a second before the post was published.
    longest_gap_hours : float or None
        The longest silence between two events.
    """

    events: int
    accounts: int
    actors: int
    targets: int
    posts: int
    first: str | None
    last: str | None
    actions: dict[str, int]
    duplicates: int
    self_interactions: int
    no_time: int
    no_target: int
    before_2000: int
    in_future: int
    before_their_post: int
    longest_gap_hours: float | None

    def __str__(self) -> str:
        span = f"{self.first} to {self.last}" if self.first else "no times"
        actions = ", ".join(f"{count:,} {name}" for name, count in self.actions.items())
        gap = "" if self.longest_gap_hours is None else f"; longest silence {self.longest_gap_hours:.1f} h"
        return "\n".join(
            [
                f"{self.events:,} events of {self.accounts:,} accounts on {self.posts:,} posts ({actions})",
                f"{span}{gap}; {self.no_time:,} without time, {self.no_target:,} interactions without target",
                f"{self.duplicates:,} duplicates, {self.self_interactions:,} with oneself; clock: "
                f"{self.before_their_post:,} before their post, {self.before_2000:,} before 2000, "
                f"{self.in_future:,} in the future",
            ]
        )
