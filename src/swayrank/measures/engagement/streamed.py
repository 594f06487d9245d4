"""The engagement table of logs that do not fit into memory, with the same bits as of those that do.

Rows are read once and dealt to buckets of accounts (:mod:`swayrank.sources.spilled`); then as many buckets as fit are
taken together, grouped by the account that each row concerns, and counted. What is counted of an account depends on the
rows that concern it alone, and on neither their order nor anybody's number
(:mod:`swayrank.measures.engagement.profile`), so no limit and no number of threads changes a bit. Decayed sums are
integers until they are read, and every bucket reads them as of the log's last moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank._validate import Integer, Optional, domains
from swayrank.engines.local import n_threads
from swayrank.events import ACTIONS, Events
from swayrank.events.columns import NO_ACCOUNT, NO_TIME, day_of, repeats
from swayrank.events.reports import EventsReport
from swayrank.ids import Ids, read_only
from swayrank.kernels import engagement, spill
from swayrank.measures.engagement.decay import HALF_LIVES, decay_sums, resolve_half_life
from swayrank.measures.engagement.profile import AccountProfile, profile_grouped
from swayrank.sources.spilled import MemoryLimit, SpilledEvents, spill_events
from swayrank.tables import frame

USUAL_HALF_LIVES = tuple(HALF_LIVES.values())
"""Days; of the columns ``decayed_1d``, ``decayed_7d``, ..."""
_NOBODY = AccountProfile(ACTIONS, np.zeros((0, len(ACTIONS) + len(engagement.WHOLE)), np.uint32), np.zeros((0, 99)))
TABLE_COLUMNS = (*_NOBODY.columns(), *(f"decayed_{days:g}d" for days in USUAL_HALF_LIVES))
"""The columns of the table that follow those of the actions."""

_PER_ROW = 64  # bytes: as read, and grouped
_PER_ACCOUNT = 700  # bytes: statistics, and the table of them
_PER_PLACE = 160  # bytes: of an account in the buckets at hand
_PER_GROUP_ROW = 40  # bytes of scratch for the rows of the largest group, per thread
_MOST_ROWS = 1 << 22  # at a time, where there is memory for more: more would not be faster


@dataclass(frozen=True, eq=False)
class StreamedEngagement:
    """What is counted per account, of logs that were read once.

    Attributes
    ----------
    accounts : Ids
        In the order of `read_events`: by first appearance, actor before target.
    profile : AccountProfile
        All counts and averages.
    decayed : dict of str to numpy.ndarray of float64
        Decayed engagement as of the log's last moment, by column.
    n_events : int
        Rows.
    span : tuple of int, or None
        First and last time in microseconds since 1970 UTC.
    report : EventsReport
        What reading came to, as `read_events` has it. Repeated rows are kept.
    on_disk : bool
        Whether rows were put into a temporary file.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"actor": ["bob", "cem"], "target": ["ada", "bob"], "action": ["RT", "like"]})
    >>> found = stream_engagement(frame, memory_limit="2GB")
    >>> found
    <StreamedEngagement: 2 events of 3 accounts>
    >>> found.to_frame("pyarrow")["repost"].to_pylist()
    [0, 1, 0]
    """

    accounts: Ids
    profile: AccountProfile
    decayed: dict[str, npt.NDArray[np.float64]]
    n_events: int
    span: tuple[int, int] | None
    report: EventsReport
    on_disk: bool

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """All columns of the table but the accounts' ids."""
        return self.profile.columns() | self.decayed

    def to_frame(self, backend: str = "pandas") -> Any:
        """The table: one row per account.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default "pandas"
            Which library's table.

        Returns
        -------
        pandas.DataFrame, polars.DataFrame or pyarrow.Table
            Columns as :func:`swayrank.engagement_table` has them, then the decayed sums.
        """
        return frame({"account": self.accounts.to_arrow(), **self.columns()}, backend)

    def __repr__(self) -> str:
        span = f", {day_of(self.span[0])} to {day_of(self.span[1])}" if self.span else ""
        return f"<StreamedEngagement: {self.n_events:,} events of {len(self.accounts):,} accounts{span}>"


@domains(threads=Optional(Integer(1, 4096)))
def stream_engagement(
    paths: Any = None,
    *,
    memory_limit: str | int | None = None,
    half_life_days: Sequence[float | str] = USUAL_HALF_LIVES,
    threads: int | None = None,
    progress: Progress = None,
    **reading: Any,
) -> StreamedEngagement:
    r"""Count every account's engagement straight from logs, holding no more than a given memory.

    Parameters
    ----------
    paths : path, list of paths, or frame, optional
        As for :func:`swayrank.read_events`.
    memory_limit : str or int, optional
        What this process may hold in all, such as "4GB", "500MB" or "2GiB". What does not fit lies in a temporary file
        (24 bytes per row; ``TMPDIR`` says where), which is gone at the end, however that comes. The ids of accounts and
        posts must fit. By default everything stays in memory.
    half_life_days : sequence of float or str, default (1, 7, 15, 30, 100)
        Half-lives of the columns of decayed engagement, each in [1e-6, 1e6] or a name, as
        :func:`swayrank.decayed_engagement` takes it; empty for none.
    threads : int, optional
        By default as many as the process may use; changes no bit.
    progress : bool or callable, optional
        Whether to show progress.
    **reading
        Parameters of :func:`swayrank.read_events` that say how to read: columns, actions, extra_actions, mapping,
        blocks, ids, delimiter, header, encoding, time_unit, time_format, day_first, timezone, decimal, max_rejects.

    Returns
    -------
    StreamedEngagement
        The same bits as :func:`swayrank.engagement_table` and :func:`swayrank.decayed_engagement` give for
        ``read_events(paths, ...)``, whatever the limit.

    Raises
    ------
    ParameterError
        For a parameter outside its domain, or a limit below what this input needs; the message says what would do.
    FolderError
        If the temporary folder has not enough room.
    InputError
        As :func:`swayrank.read_events`.

    Notes
    -----
    O(rows): one pass over the files, one over the temporary file.

    References
    ----------
    The statistics have theirs in :mod:`swayrank.measures.engagement`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = pathlib.Path(folder) / "log.csv"
    ...     _ = log.write_text("actor,target,action,time\nbob,ada,like,2024-06-01\ncem,ada,RT,2024-06-08\n")
    ...     found = stream_engagement(log, memory_limit="2GB", half_life_days=[7])
    >>> ada = found.accounts.position("ada")
    >>> int(found.columns()["total"][ada]), round(float(found.decayed["decayed_7d"][ada]), 9)
    (2, 3.5)
    """
    half_lives = [resolve_half_life(days) for days in half_life_days]
    limit = MemoryLimit.of(memory_limit)
    with spill_events(paths, limit=limit, threads=threads, progress=progress, **reading) as events:
        return _counted(events, limit, half_lives, n_threads(threads), progress)


def _counted(
    events: SpilledEvents, limit: MemoryLimit, half_lives: Sequence[float], threads: int, progress: Progress
) -> StreamedEngagement:
    """Count bucket by bucket, and put what is counted where `read_events` has the account."""
    n, n_actions = len(events.accounts), len(events.actions)
    runs = list(_runs(events, limit, threads))
    whole = np.zeros((n, n_actions + len(engagement.WHOLE)), np.uint32)
    real = np.zeros((n, len(engagement.REAL)))
    decayed = {f"decayed_{days:g}d": np.zeros(n) for days in half_lives}
    n_self = n_repeats = 0
    with track(progress, "counting engagement", events.n_events) as step:
        for first, stop in runs:
            rows = events.take(first, stop)
            codes = _codes(len(events.position), first, stop)
            at = np.append(events.position, np.uint32(NO_ACCOUNT))[np.minimum(codes, len(events.position))]
            here = at != NO_ACCOUNT
            n_repeats += _repeated(rows)
            if half_lives:
                reactions = _interactions(events, rows, first, stop, len(codes))
                for values, days in zip(decayed.values(), half_lives, strict=True):
                    values[at[here]] = decay_sums(reactions, half_life_days=days).measure().values[:-1][here]
                del reactions
            grouped, n_own = _grouped(rows, first, stop, len(codes))
            step(len(rows))
            del rows
            part = profile_grouped(
                grouped, events.actions, (len(events.position) + 1, events.n_posts + 1), threads=threads
            )
            whole[at[here]], real[at[here]] = part.whole[here], part.real[here]
            n_self += n_own
    profile = AccountProfile(events.actions, read_only(whole), read_only(real), n_self)
    report = replace(events.report, duplicates=n_repeats)
    return StreamedEngagement(events.accounts, profile, decayed, events.n_events, events.span, report, events.on_disk)


def _runs(events: SpilledEvents, limit: MemoryLimit, threads: int) -> Iterator[tuple[int, int]]:
    """Runs of buckets that fit into what the limit leaves, in their order.

    Raises
    ------
    ParameterError
        If the largest bucket does not.
    """
    sizes = events.bucket_sizes
    n = len(events.position)
    scratch = threads * 4 * (n + events.n_posts) + _PER_ACCOUNT * n
    largest = int(sizes.max())
    what = f"{events.n_events:,} events of {len(events.accounts):,} accounts, {largest:,} of them at once"
    per_row = _PER_ROW + threads * _PER_GROUP_ROW
    limit.require(scratch + largest * per_row + n * _PER_PLACE / spill.N_BUCKETS, what)
    left = min(limit.left() - scratch - largest * threads * _PER_GROUP_ROW, _MOST_ROWS * _PER_ROW)
    costs = sizes * _PER_ROW + n * _PER_PLACE / spill.N_BUCKETS
    first = 0
    while first < spill.N_BUCKETS:
        stop = first + 1
        while stop < spill.N_BUCKETS and costs[first : stop + 1].sum() <= left:
            stop += 1
        yield first, stop
        first = stop


def _codes(n: int, first: int, stop: int) -> npt.NDArray[np.int64]:
    """The account that has each place in a run of buckets, as `spill.account_place` gives them; some are beyond n."""
    high = np.arange(-(-n // spill.N_BUCKETS), dtype=np.int64) * spill.N_BUCKETS
    return (high[:, None] + np.arange(first, stop)).ravel()


def _grouped(rows: npt.NDArray[np.uint32], first: int, stop: int, n_places: int) -> tuple[Any, int]:
    """Rows grouped by the account that they concern, as `profile_grouped` takes them, and events on oneself."""
    rows = read_only(rows)
    run = np.uint64(first), np.uint64(stop - first)
    indptr = np.zeros(n_places + 1, np.uint64)
    n_self = spill.bucket_sizes(rows, *run, indptr)
    n_rows = int(indptr[-1])
    columns = np.empty(n_rows, np.uint32), np.empty(n_rows, np.uint32), np.empty(n_rows, np.uint8)
    spill.bucket_fill(rows, *run, indptr.copy(), *columns)
    return (indptr, *columns), int(n_self)


def _repeated(rows: npt.NDArray[np.uint32]) -> int:
    """How many rows repeat an earlier one; rows alike concern one account, so they are in one bucket."""
    time = np.ascontiguousarray(rows[:, 4:6]).view(np.int64)[:, 0]
    return int(np.count_nonzero(repeats(*(rows[:, k] for k in range(4)), time)))


def _interactions(events: SpilledEvents, rows: npt.NDArray[np.uint32], first: int, stop: int, n_places: int) -> Events:
    """The interactions in a run of buckets, with places as targets and nobody in particular as actor.

    A last row without target has the last moment of all events, which is what decay is counted to.
    """
    took_place = (rows[:, 1] != NO_ACCOUNT) & (rows[:, 1] != rows[:, 0])
    n = int(np.count_nonzero(took_place))
    target = np.full(n + 1, NO_ACCOUNT, np.uint32)
    code = rows[took_place, 1]
    target[:n] = (code >> spill.BUCKET_BITS) * np.uint32(stop - first) + (code % spill.N_BUCKETS - np.uint32(first))
    action, time = np.zeros(n + 1, np.uint8), np.full(n + 1, NO_TIME if events.span is None else events.span[1])
    action[:n] = rows[took_place, 3]
    time[:n] = rows[took_place, 4:6].view(np.int64)[:, 0]
    weight = None
    if rows.shape[1] > spill.WIDTH:
        weight = np.ones(n + 1)
        weight[:n] = rows[took_place, 6:8].view(np.float64)[:, 0]
    nobody = np.full(n + 1, n_places, np.uint32)
    accounts = Ids.of_range(n_places + 1)
    return Events.from_arrays(
        nobody, target, action, accounts=accounts, time=time, weight=weight, actions=events.actions
    )
