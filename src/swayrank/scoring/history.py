"""Scores over time: all kept runs of a folder side by side, in order of the time of their data."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from swayrank._render import render
from swayrank._text import printable
from swayrank.errors import FolderError, InputError, UnknownAccountError
from swayrank.events.columns import as_us
from swayrank.results import kept_runs
from swayrank.scoring.between_runs import Change, why_changed
from swayrank.scoring.keep import REFERENCE, read_scores_manifest
from swayrank.scoring.kept_table import read_table
from swayrank.tables import frame

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class RunFacts:
    """One kept run.

    Attributes
    ----------
    id : str
    time : str
        The moment its data is seen from (ISO, UTC), or when it was made, where the data has no times.
    created : str
    n_accounts, n_scored : int
    reference : str
        The hash of its scale.
    scale : str
        A letter; runs with the same one have the same reference and weights, and compare.
    weights : dict of str to float
    folder : Path
    """

    id: str
    time: str
    created: str
    n_accounts: int
    n_scored: int
    reference: str
    scale: str
    weights: dict[str, float]
    folder: Path


@dataclass(frozen=True)
class HistoryRow:
    """One account in one run; scores and ranks are None where it has none there.

    Attributes
    ----------
    run, time, scale : str
        As in :class:`RunFacts`.
    account : str
    status : str
        "scored", "insufficient data", or "absent" where that run's data does not know the account.
    score, score_low, score_high : float or None
    rank, rank_low, rank_high : int or None
    role : str or None
    parts : dict of str to float or None
    """

    run: str
    time: str
    scale: str
    account: str
    status: str
    score: float | None
    score_low: float | None
    score_high: float | None
    rank: int | None
    rank_low: int | None
    rank_high: int | None
    role: str | None
    parts: dict[str, float | None]


@dataclass(frozen=True, eq=False, repr=False)
class History:
    """The kept runs of a folder, in order of their data's time; prints as a table.

    Attributes
    ----------
    runs : tuple of RunFacts
    accounts : tuple of str or None
        Those that were asked for; None for all.
    """

    runs: tuple[RunFacts, ...]
    accounts: tuple[str, ...] | None

    @functools.cached_property
    def table(self) -> pa.Table:
        """Every account of every run as an Arrow table: the columns of `Scores.to_frame`, after run, time and scale."""
        import pyarrow as pa

        tables = []
        for run in self.runs:
            wanted = None if self.accounts is None else list(self.accounts)
            table = read_table(run.folder, read_scores_manifest(run.folder), wanted)
            account = table["account"].cast(pa.large_string())
            table = table.set_column(table.column_names.index("account"), "account", account)
            for i, name in enumerate(("run", "time", "scale")):
                value = run.id if name == "run" else getattr(run, name)
                table = table.add_column(i, name, pa.array([value] * table.num_rows, pa.string()))
            tables.append(table)
        return pa.concat_tables(tables, promote_options="default")

    @functools.cached_property
    def rows(self) -> tuple[HistoryRow, ...]:
        """A row for every run and account asked for; without accounts, for every account of every run."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for row in self.table.to_pylist():
            found[row["run"], row["account"]] = row
        if self.accounts is None:
            by_run = {run.id: run for run in self.runs}
            return tuple(_row(by_run[run], account, row) for (run, account), row in found.items())
        return tuple(_row(run, account, found.get((run.id, account))) for account in self.accounts for run in self.runs)

    def to_frame(self, backend: str = "pandas") -> Any:
        """All rows as a dataframe of "pandas", "polars" or "pyarrow"."""
        return frame(self.table, backend)

    def notes(self) -> list[str]:
        """What to know before runs are compared, in words."""
        if len({run.scale for run in self.runs}) < 2:
            return []
        last = self.runs[-1]
        older = next(run for run in self.runs if run.scale != last.scale)
        return [
            "runs of different scales have other references or weights, and their numbers do not compare; score new "
            f"data with --reference {older.folder / REFERENCE} (and the same profile) to go on with that scale"
        ]

    def last_pair(self, account: str) -> tuple[Path, Path] | None:
        """The folders of the last two runs of one scale that score an account, if there are two."""
        mine = [row for row in self.rows if row.account == account and row.status == "scored"]
        folders = {run.id: run.folder for run in self.runs}
        for k in range(len(mine) - 1, 0, -1):
            before = [row for row in mine[:k] if row.scale == mine[k].scale]
            if before:
                return folders[before[-1].run], folders[mine[k].run]
        return None

    def last_change(self, account: str) -> Change | None:
        """Why an account's score changed between its :meth:`last_pair` of runs, from what they kept."""
        pair = self.last_pair(account)
        return None if pair is None else why_changed(*pair, account)

    def plot(self, **options: Any) -> Any:
        """Trend lines of the accounts asked for: scores with their intervals, over the runs of the newest one's scale.

        Parameters
        ----------
        **options
            ``accounts`` : which of them, seven at most (the first, unless you say otherwise); ``theme`` : "light"
            (default) or "dark".

        Returns
        -------
        plotly.graph_objects.Figure

        Raises
        ------
        ParameterError
            If no account was asked for.
        MissingDependencyError
            If plotly is not installed.
        """
        return render(self, "plot", **options)

    def _repr_html_(self) -> str:
        html: str = render(self, "html")
        return html

    def __repr__(self) -> str:
        from swayrank.scoring.history_text import history_text

        return history_text(self)


def _row(run: RunFacts, account: str, row: dict[str, Any] | None) -> HistoryRow:
    there = row or {}
    names = ("score", "score_low", "score_high", "rank", "rank_low", "rank_high", "role")
    return HistoryRow(
        run=run.id,
        time=run.time,
        scale=run.scale,
        account=account,
        status=str(there.get("status", "absent")),
        parts={name: there.get(name) for name in run.weights},
        **{name: there.get(name) for name in names},
    )


def history(out: str | Path, account: int | str | Sequence[int | str] | None = None) -> History:
    """All kept runs of a folder, in order of the time of their data.

    Parameters
    ----------
    out : str or Path
        Where `swayrank score -o` or :meth:`Scores.save` keep runs.
    account : int, str, sequence of these, or None
        Whose scores; None for everybody's.

    Returns
    -------
    History
        Runs that were made at other times of the same data stand in the order in which they were made.

    Raises
    ------
    FolderError
        If there is no run, or one was altered.
    UnknownAccountError
        If no run knows an account.

    Examples
    --------
    >>> import tempfile, swayrank as sr
    >>> town, out = sr.generate("town", n=300, rng=7), tempfile.mkdtemp()
    >>> first = sr.score(town.graph, town.events, until="2026-03-20", rng=7)
    >>> later = sr.score(town.graph, town.events, reference=first.reference, rng=7)
    >>> _, _ = later.save(out), first.save(out)
    >>> past = history(out, first.top(1)[0].account)
    >>> [row.time[:10] for row in past.rows], [row.rank for row in past.rows][0], past.notes()
    (['2026-03-20', '2026-03-30'], 1, [])
    """
    folders = kept_runs(out)
    asked = (account,) if isinstance(account, int | str) else account
    try:
        found = History(_facts(folders), None if asked is None else tuple(dict.fromkeys(map(str, asked))))
        known = {row.account for row in found.rows if row.status != "absent"} if found.accounts else set()
    except (FolderError, InputError, OSError):
        if all(folder.is_dir() for folder in folders):
            raise
        return history(out, account)  # a run was removed while it was read: a service does so with old ones
    for one in found.accounts or ():
        if one not in known:
            raise UnknownAccountError(f"no run in {out} knows the account {printable(one)!r}")
    return found


def _facts(folders: Sequence[Path]) -> tuple[RunFacts, ...]:
    manifests = [(folder, read_scores_manifest(folder)) for folder in folders]
    manifests.sort(key=lambda run: (as_us(_time(run[1])), run[1]["created"], run[1]["id"]))
    scales: dict[tuple[str, ...], str] = {}
    facts = []
    for folder, told in manifests:
        meaning = (told["reference"], *(f"{name} {weight!r}" for name, weight in told["weights"].items()))
        facts.append(
            RunFacts(
                id=told["id"],
                time=_time(told),
                created=told["created"],
                n_accounts=told["counts"]["accounts"],
                n_scored=told["counts"]["scored"],
                reference=told["reference"],
                scale=scales.setdefault(meaning, _letter(len(scales))),
                weights=told["weights"],
                folder=folder,
            )
        )
    return tuple(facts)


def _letter(n: int) -> str:
    """A, B, ..., Z, A1, B1, ..."""
    return chr(ord("A") + n % 26) + (str(n // 26) if n >= 26 else "")


def _time(manifest: dict[str, Any]) -> str:
    return str(manifest["parameters"].get("now") or manifest["created"])
