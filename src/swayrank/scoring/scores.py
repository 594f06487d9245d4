"""The answer of `score`: every account's score with its parts, as a table, a dataframe, an explanation or a folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from swayrank._render import render
from swayrank._validate import Integer, check
from swayrank.ids import Ids
from swayrank.measures._measure import Measure
from swayrank.results import RunFolder
from swayrank.scoring.evidence import Evidence
from swayrank.scoring.intervals import Basis, Intervals, Pair
from swayrank.scoring.references import Comparable, check_comparable
from swayrank.scoring.scale import Reference
from swayrank.tables import frame

if TYPE_CHECKING:
    import pyarrow as pa

    from swayrank.scoring.background import Background
    from swayrank.scoring.compare import Comparison
    from swayrank.scoring.explain import Explanation
    from swayrank.scoring.roles import Role
    from swayrank.scoring.sensitivity import Sensitivity

Floats = npt.NDArray[np.float64]
SCORED, INSUFFICIENT = "scored", "insufficient data"
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One account's score.

    Attributes
    ----------
    rank : int or None
        1 is the highest; None without a score.
    account : int or str
    score : float or None
        0-100; None where the data is insufficient.
    parts : dict of str to float or None
        Each part on the 0-100 scale; None where it is missing.
    contributions : dict of str to float
        What each part adds to the score; they sum to it.
    status : str
        "scored" or "insufficient data".
    interval : tuple of two float, or None
        Of the score; None without one.
    rank_interval : tuple of two int, or None
        The best and the worst rank.
    """

    rank: int | None
    account: int | str
    score: float | None
    parts: dict[str, float | None]
    contributions: dict[str, float]
    status: str
    interval: tuple[float, float] | None = None
    rank_interval: tuple[int, int] | None = None


class ScoreTable(list[ScoreRow]):
    """Rows of scores that print as a table."""

    def __repr__(self) -> str:
        if not self:
            return "no account has a score"
        names, sure = list(self[0].parts), self[0].interval is not None
        heads = ["rank", *(["between"] if sure else []), "account", "score", *(["from-to"] if sure else []), *names]
        rows = [heads, *(self._cells(row, sure) for row in self)]
        left = heads.index("account")
        wide = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        return "\n".join(
            "  ".join(f"{c:<{w}}" if i == left else f"{c:>{w}}" for i, (c, w) in enumerate(zip(row, wide, strict=True)))
            for row in rows
        )

    @staticmethod
    def _cells(row: ScoreRow, sure: bool) -> list[str]:
        from swayrank.scoring.table import span

        best, worst = row.rank_interval or (None, None)
        low, high = row.interval or (None, None)
        between, ends = ([span(best, worst, "d")], [span(low, high)]) if sure else ([], [])
        parts = [_text(value, ".1f") for value in row.parts.values()]
        return [_text(row.rank, "d"), *between, str(row.account), _text(row.score, ".1f"), *ends, *parts]


def _text(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


@dataclass(frozen=True, eq=False, repr=False)
class Scores:
    """Every account's score, in public order; made by :func:`swayrank.score`.

    Attributes
    ----------
    ids : Ids
        The accounts.
    score : numpy.ndarray of float64, shape (n,)
        0-100; NaN where the data is insufficient.
    rank : numpy.ndarray of uint32, shape (n,)
        1 is the highest; 0 without a score. Ties in public order.
    n_evidence : numpy.ndarray of int64, shape (n,)
        Followers, reactions received and posts published, together.
    raw, parts, contributions : dict of str to numpy.ndarray of float64, shape (n,)
        By part: the figure in its unit, on the 0-100 scale, and what it adds to the score; NaN where missing.
    weights, units : dict
        By part.
    measures : dict of str to Measure
        The measures behind the parts, over their own accounts.
    reference : Reference
        The knots of the scale.
    params : dict
        Every parameter.
    left_out : tuple of str
        What could not be used, in words.
    evidence : Evidence
        The data, for explanations.
    intervals : Intervals or None
        How sure the parts, the score and the rank are; None where none were asked for.
    basis : Basis
        What replicates are drawn from.

    Examples
    --------
    >>> import swayrank as sr
    >>> town = sr.generate("town", n=300, rng=7)
    >>> scores = sr.score(town.graph, town.events, rng=7)
    >>> scores.top(3)
    rank  between  account  score    from-to  reach  resonance  spread
       1      1-2  mirodi    94.0  81.6-98.3  100.0       90.0   100.0
       2      1-3  petamo    87.0  75.0-92.8   92.5       82.9    93.8
       3      2-6  bobeno    77.5  67.2-85.0   78.6       74.6    85.1
    >>> best = scores.row(scores.top(1)[0].account)
    >>> best.interval[0] <= best.score <= best.interval[1], round(sum(best.contributions.values()) - best.score, 9)
    (True, 0.0)
    >>> scores.to_frame("polars").shape[0]
    300
    """

    ids: Ids
    score: Floats
    rank: npt.NDArray[np.uint32]
    n_evidence: npt.NDArray[np.int64]
    raw: Mapping[str, Floats]
    parts: Mapping[str, Floats]
    contributions: Mapping[str, Floats]
    weights: Mapping[str, float]
    units: Mapping[str, str]
    measures: Mapping[str, Measure]
    reference: Reference
    params: Mapping[str, Any]
    left_out: tuple[str, ...]
    evidence: Evidence
    intervals: Intervals | None
    basis: Basis

    @property
    def n_scored(self) -> int:
        """How many accounts have a score."""
        return int(np.count_nonzero(self.rank))

    def __len__(self) -> int:
        return len(self.ids)

    def order(self, k: int | None = None) -> npt.NDArray[np.int64]:
        """Positions of the scored accounts, best first, at most `k`."""
        scored = np.flatnonzero(self.rank)
        best: npt.NDArray[np.int64] = scored[np.argsort(self.rank[scored], kind="stable")]
        return best if k is None else best[:k]

    def top(self, k: int = 20) -> ScoreTable:
        """The `k` highest accounts, best first.

        Parameters
        ----------
        k : int, default 20
            At least 1.
        """
        check("k", k, Integer(1))
        return ScoreTable(self._row(int(i)) for i in self.order(k))

    def row(self, account: int | str) -> ScoreRow:
        """One account's row.

        Raises
        ------
        UnknownAccountError
            If no account has that id.
        """
        return self._row(self.ids.position(account))

    def _row(self, i: int) -> ScoreRow:
        rank, sure = int(self.rank[i]), self.intervals
        return ScoreRow(
            rank=rank or None,
            account=self.ids[i],
            score=_number(self.score[i]),
            parts={name: _number(values[i]) for name, values in self.parts.items()},
            contributions={n: float(v[i]) for n, v in self.contributions.items() if not np.isnan(v[i])},
            status=SCORED if rank else INSUFFICIENT,
            interval=None if sure is None or not rank else (float(sure.score[0][i]), float(sure.score[1][i])),
            rank_interval=None if sure is None or not rank else (int(sure.rank[0][i]), int(sure.rank[1][i])),
        )

    @cached_property
    def background(self) -> Background:
        """What the explanations of all accounts share."""
        from swayrank.scoring.background import Background

        return Background(self)

    def explain(self, account: int | str, *, enough: bool = True) -> Explanation:
        """Which parts, posts and followers made an account's score, how sure it is, and what would change it.

        Parameters
        ----------
        account : int or str
            An id.
        enough : bool, default True
            Whether to find out also how much more data would halve the interval, which takes longest.

        Raises
        ------
        UnknownAccountError
            If no account has that id.

        Notes
        -----
        The first explanation finds communities, peers and times of posts for all accounts, O(arcs + events); another
        takes about a millisecond, and with `enough` up to a few draws of the replicates of its account.

        Examples
        --------
        >>> import swayrank as sr
        >>> town = sr.generate("town", n=300, rng=7)
        >>> scores = sr.score(town.graph, town.events, rng=7)
        >>> told = scores.explain(scores.top(1)[0].account)
        >>> abs(sum(part.contribution for part in told.parts) - told.score) < 1e-9
        True
        """
        from swayrank.scoring.explain import explain

        return explain(self, account, enough=enough)

    def compare(self, a: int | str, b: int | str) -> Comparison:
        """Which of two accounts is above the other, by how much, how sure that is, and why.

        Parameters
        ----------
        a, b : int or str
            Two ids.

        Raises
        ------
        UnknownAccountError
            If no account has one of the ids.
        ParameterError
            If both are the same account.

        Examples
        --------
        >>> import swayrank as sr
        >>> town = sr.generate("town", n=300, rng=7)
        >>> scores = sr.score(town.graph, town.events, rng=7)
        >>> first, second = (row.account for row in scores.top(2))
        >>> scores.compare(first, second).difference > 0
        True
        """
        from swayrank.scoring.compare import compare

        return compare(self, a, b)

    @property
    def ties(self) -> str | None:
        """What the graph's arcs are: "follows", "reactions" of a log, or "edges", of which followers are neighbours.

        None without a graph.
        """
        return self.evidence.ties

    @property
    def roles(self) -> npt.NDArray[np.object_]:
        """The role of every account, a name of :data:`~swayrank.scoring.roles.ROLES` or "ordinary"; None unscored."""
        from swayrank.scoring.roles import roles

        return roles(self)

    def role(self, account: int | str) -> Role:
        """The role of one account, and the figures behind it.

        Parameters
        ----------
        account : int or str
            An id.

        Raises
        ------
        UnknownAccountError
            If no account has that id.
        """
        from swayrank.scoring.roles import role

        return role(self, account)

    def sensitivity(self, *, k: int = 10, step: float = 0.1) -> Sensitivity:
        """How the top `k` change as each weight moves by `step`, and which part decides.

        Raises
        ------
        ParameterError
            If a parameter is outside its domain.
        """
        from swayrank.scoring.sensitivity import sensitivity

        return sensitivity(self, k=k, step=step)

    def to_arrow(self) -> pa.Table:
        """All accounts, best first, those without a score last, as an Arrow table."""
        return self.to_frame("pyarrow")

    def _columns(self) -> dict[str, Any]:
        import pyarrow as pa

        unscored = np.flatnonzero(self.rank == 0)
        order = np.concatenate([self.order(), unscored])
        sure = self.intervals
        columns: dict[str, Any] = {
            "account": self.ids.to_arrow().take(pa.array(order)),
            "rank": _ranks(self.rank, order),
            "score": _nullable(self.score[order]),
            "status": pa.array(np.where(self.rank[order] > 0, SCORED, INSUFFICIENT)),
            **_ends("score", None if sure is None else sure.score, order),
            "rank_low": _ranks(None if sure is None else sure.rank[0], order),
            "rank_high": _ranks(None if sure is None else sure.rank[1], order),
            "role": pa.array(self.roles[order], pa.string()),
        }
        for name, values in self.parts.items():
            columns[name] = _nullable(values[order])
            columns |= _ends(name, None if sure is None else sure.parts[name], order)
        columns |= {f"{name}_contribution": _nullable(values[order]) for name, values in self.contributions.items()}
        columns |= {f"{name}_raw": _nullable(values[order]) for name, values in self.raw.items()}
        columns["n_evidence"] = pa.array(self.n_evidence[order])
        return columns

    def to_frame(self, backend: str = "pandas") -> Any:
        """All accounts, best first, as a dataframe of "pandas", "polars" or "pyarrow".

        Beside ``score``, ``rank`` and every part stand ``_low`` and ``_high``, the ends of its interval (of the rank:
        the best and the worst); empty where no intervals were asked for.

        Raises
        ------
        ParameterError
            If the backend is unknown.
        MissingDependencyError
            If it is not installed.
        """
        return frame(self._columns(), backend)

    def save(self, out: str | Path, *, map_nodes: int = 2000) -> Path:
        """Keep the scores as a run, as `swayrank score -o` does.

        Parameters
        ----------
        out : str or Path
            The folder that holds ``runs/`` and ``current``; made if absent. Earlier runs stay.
        map_nodes : int, default 2000
            How many accounts the run's map shows at most, in [1, 10000].

        Returns
        -------
        Path
            The run's folder: scores as Parquet and CSV, explanations, counts per account, map, communities, activity,
            refused rows, reference and manifest.

        Raises
        ------
        FolderError
            If nothing can be kept there.
        ParameterError
            If `map_nodes` is outside its domain.
        """
        from swayrank.scoring.keep import keep

        sources = {"graph": self.evidence.graph, "events": self.evidence.events, "posts": self.evidence.posts}
        if self.evidence.graph_is_derived:
            del sources["graph"]
        with RunFolder(out) as folder:
            return keep(self, folder, sources=sources, facts={}, map_nodes=map_nodes)

    def check_comparable(self, other: Comparable) -> None:
        """Raise unless `other` has the same parts, weights and reference.

        Raises
        ------
        ParameterError
            If the two mean different things.
        """
        check_comparable(self, other)

    def plot(self, what: str = "leaderboard", **options: Any) -> Any:
        """A figure.

        Parameters
        ----------
        what : str, default "leaderboard"
            "leaderboard" (the highest scores with their intervals), "breakdown" (what each part adds to them),
            "histogram" (of all scores), "map" (who follows whom), "communities" (how large, who leads, how much
            attention), "flows" (whose attention goes to which community), "activity" (engagement over time).
        **options
            ``k`` : how many accounts, 20 by default, or communities, 12; ``theme`` : "light" (default) or "dark";
            ``accounts`` of "breakdown", ``account`` of "activity"; for the map, all that
            :func:`swayrank.report.network_map.network_map` takes.

        Returns
        -------
        plotly.graph_objects.Figure

        Raises
        ------
        ParameterError
            If there is no such figure, or no graph to draw a map of.
        MissingDependencyError
            If plotly is not installed.
        """
        return render(self, what, **options)

    def _repr_html_(self) -> str:
        html: str = render(self, "html")
        return html

    def __repr__(self) -> str:
        head = f"scores of {len(self):,} accounts, {self.n_scored:,} scored, reference {self.reference.hash}"
        weights = ", ".join(f"{name} {weight:g}" for name, weight in self.weights.items())
        return "\n".join([head, f"weights: {weights}", repr(self.top(_SHOWN)), *(f"note: {t}" for t in self.left_out)])


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _nullable(values: Floats) -> Any:
    import pyarrow as pa

    return pa.array(values, mask=np.isnan(values))


def _ends(name: str, pair: Pair | None, order: npt.NDArray[np.int64]) -> dict[str, Any]:
    """The columns of an interval; empty ones where there is none."""
    low, high = (np.full(order.size, np.nan),) * 2 if pair is None else (end[order] for end in pair)
    return {f"{name}_low": _nullable(low), f"{name}_high": _nullable(high)}


def _ranks(ranks: npt.NDArray[np.uint32] | None, order: npt.NDArray[np.int64]) -> Any:
    import pyarrow as pa

    found = np.zeros(order.size, np.uint32) if ranks is None else ranks[order]
    return pa.array(found, mask=found == 0)
