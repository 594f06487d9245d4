r"""How alike measures rank accounts: Spearman's rho, Kendall's tau-b, rank-biased overlap, overlap at k.

With average ranks r and n accounts:

- *spearman*: Pearson's correlation of the ranks, ties at their average rank;
- *kendall*: tau-b = (concordant - discordant) / sqrt((pairs not tied in x) (pairs not tied in y));
- *rbo*: RBO_ext of Webber et al. with persistence p, of complete rankings, highest first. The agreement at depth d is
  A_d = 2 |S_d & T_d| / (|S_d| + |T_d|), where S_d holds all accounts whose rank, the least of their tie, is at most d
  (their treatment of ties, later called RBO^w): ``RBO_ext = A_n p^n + (1 - p)/p sum_{d=1..n} A_d p^d``;
- *overlap*: the agreement at depth k alone, A_k; accounts tied with the k-th place all count.

The first two lie in [-1, 1], the others in [0, 1]. All are symmetric, rest on ranks alone (any increasing change of a
measure leaves each bit as it is) and do not depend on the accounts' order. A measure that is the same everywhere has
no order: its Spearman and Kendall are NaN, with itself too.

Cost: O(n log n) for each measure and, for Kendall, for each pair.

Sources: Spearman 1904; Kendall 1945; Webber, Moffat & Zobel 2010 (ACM TOIS 28:4, equation 32 and section 4.5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._render import render
from swayrank._text import printable
from swayrank._validate import Integer, Interval, domains
from swayrank.errors import ParameterError
from swayrank.measures._measure import Measure
from swayrank.tables import frame

Floats = npt.NDArray[np.float64]
Ranks = npt.NDArray[np.int64]
STATISTICS = ("spearman", "kendall", "rbo", "overlap")
"""What :func:`correlate` can tell of two rankings."""
_ABSENT = 2**32 - 1
_NEGLIGIBLE = 1e-18  # a depth that weighs less changes no bit of a number near 1


@dataclass(frozen=True, eq=False, repr=False)
class Correlations:
    """How alike measures rank accounts, each with each.

    Attributes
    ----------
    names : tuple of str
        The measures.
    n : int
        Accounts that were ranked: those that have a number in every measure.
    n_left_out : int
        Accounts that lack in some measure, or are NaN there.
    k : int
        Depth of the overlap, at most n.
    p : float
        Persistence of the rank-biased overlap.
    spearman, kendall, rbo, overlap : numpy.ndarray of float64, shape (n_measures, n_measures), or None
        The statistics; None where not asked for.
    """

    names: tuple[str, ...]
    n: int
    n_left_out: int
    k: int
    p: float
    spearman: Floats | None = None
    kendall: Floats | None = None
    rbo: Floats | None = None
    overlap: Floats | None = None

    @property
    def statistics(self) -> tuple[str, ...]:
        """Which statistics there are."""
        return tuple(name for name in STATISTICS if getattr(self, name) is not None)

    def matrix(self, of: str | None = None) -> Floats:
        """One statistic of all pairs; by default the first that there is."""
        of = self.statistics[0] if of is None else of
        if of not in self.statistics:
            raise ParameterError(f"of must be one of {', '.join(self.statistics)}, got {of!r}")
        found: Floats = getattr(self, of)
        return found

    def to_frame(self, backend: str = "pandas") -> Any:
        """A row for each pair: ``first``, ``second`` and the statistics.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default="pandas"
            Which library's table.
        """
        i, j = np.triu_indices(len(self.names), 1)
        names = np.array(self.names, object)
        columns = {"first": names[i].tolist(), "second": names[j].tolist()}
        return frame(columns | {name: self.matrix(name)[i, j] for name in self.statistics}, backend)

    def heatmap(self, of: str | None = None, *, ordered: bool = True, theme: str = "light") -> Any:
        """A plotly figure of one statistic, values in its cells.

        Parameters
        ----------
        of : {"spearman", "kendall", "rbo", "overlap"}, optional
            Which statistic; by default the first that there is.
        ordered : bool, default True
            Whether measures that are alike stand together, or all in the order given.
        theme : {"light", "dark"}, default "light"
            Colours of paper and text; those of the cells stay what they are.

        Raises
        ------
        MissingDependencyError
            If plotly is not installed.
        """
        return render(self, "plot", of=of, ordered=ordered, theme=theme)

    def plot(self, **options: Any) -> Any:
        """The heat map of the first statistic; options as :meth:`heatmap` takes them."""
        return self.heatmap(**options)

    def _repr_html_(self) -> str:
        html: str = render(self, "html")
        return html

    def __repr__(self) -> str:
        of = self.statistics[0]
        rows = [[printable(name, 24), *map(told, self.matrix(of)[i])] for i, name in enumerate(self.names)]
        cells = [["", *(row[0] for row in rows)], *rows]
        wide = [max(len(row[j]) for row in cells) for j in range(len(cells[0]))]
        lines = ["  ".join([f"{row[0]:<{wide[0]}}", *(f"{c:>{w}}" for c, w in zip(row[1:], wide[1:], strict=True))])
                 for row in cells]  # fmt: skip
        left = f" ({self.n_left_out:,} left out)" if self.n_left_out else ""
        return "\n".join([f"{of} of {len(self.names)} measures, {self.n:,} accounts{left}", *map(str.rstrip, lines)])


def told(value: float) -> str:
    """A statistic for people: two digits, - where there is none."""
    return "-" if np.isnan(value) else f"{value + 0.0:.2f}".replace("-0.00", "0.00")


@domains(k=Integer(1), p=Interval(0, 1, "()"))
def correlate(
    measures: Any, *, k: int = 100, p: float = 0.98, statistics: Sequence[str] | str = STATISTICS
) -> Correlations:
    r"""Hold the rankings of measures against each other.

    Parameters
    ----------
    measures : list of Measure, mapping of str to Measure or array, or data frame
        At least two. Measures are joined by account. Arrays of shape (n,) are of the same accounts in the same order,
        and so are the columns of numbers of a data frame (the column "account" is none).
    k : int, default 100
        Depth of the overlap, at least 1; at most the number of accounts is used.
    p : float, default 0.98
        Persistence of the rank-biased overlap, in (0, 1): the first 1 / (1 - p) places weigh most.
    statistics : sequence of str, default ("spearman", "kendall", "rbo", "overlap")
        Which to compute.

    Returns
    -------
    correlations : Correlations

    Raises
    ------
    ParameterError
        If there are fewer than two measures, names repeat, lengths differ, or fewer than two accounts are in all.

    Notes
    -----
    O(n log n) for each measure, and for each pair with "kendall".

    References
    ----------
    W. Webber, A. Moffat, J. Zobel. A similarity measure for indefinite rankings. ACM TOIS 28(4), 2010.

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["b", "c", "d", "a", "e"], ["a", "a", "b", "c", "c"])
    >>> correlate([sr.in_degree(g), sr.pagerank(g), sr.out_degree(g)], k=2)
    spearman of 3 measures, 5 accounts
                in_degree  pagerank  out_degree
    in_degree        1.00      0.97           -
    pagerank         0.97      1.00           -
    out_degree          -         -           -
    """
    wanted = (statistics,) if isinstance(statistics, str) else tuple(statistics)
    if not wanted or set(wanted) - set(STATISTICS):
        raise ParameterError(f"statistics must be among {', '.join(STATISTICS)}, got {statistics!r}")
    names, table, absent = _table(measures)
    known = ~np.isnan(table).any(axis=0)
    table = table[:, known]
    n = table.shape[1]
    if n < 2:
        raise ParameterError(f"measures must have at least 2 accounts with a number in all of them, got {n}")
    left = absent + int(np.count_nonzero(~known))
    least = [_least_ranks(values) for values in table]
    depth = min(k, n)
    pairs = {
        "spearman": lambda: _spearman(table),
        "kendall": lambda: _each_pair(least, _kendall),
        "rbo": lambda: _each_pair(least, lambda a, b: _rbo(a, b, p)),
        "overlap": lambda: _each_pair(least, lambda a, b: _agreement(a, b, depth)),
    }
    return Correlations(names, n, left, depth, p, **{name: pairs[name]() for name in STATISTICS if name in wanted})


# -- what is ranked ----------------------------------------------------------------------------------------------------


def _table(measures: Any) -> tuple[tuple[str, ...], Floats, int]:
    """Names, values of shape (n_measures, n), and how many accounts are not in all."""
    if isinstance(measures, Mapping):
        given = dict(measures)
    elif isinstance(measures, Sequence) and all(isinstance(one, Measure) for one in measures):
        given = {one.name: one for one in measures}
        if len(given) < len(measures):
            names = [one.name for one in measures]
            raise ParameterError(f"measures must differ in name, got {names}; give a mapping of names to measures")
    else:
        given = _numeric_columns(measures)
    if len(given) < 2:
        raise ParameterError(f"measures must be at least two, got {list(given)}")
    joined, absent = _by_account(given)
    rows = [_floats(name, values) for name, values in joined.items()]
    if len({row.size for row in rows}) > 1:
        sizes = {name: row.size for name, row in zip(joined, rows, strict=True)}
        raise ParameterError(f"measures must be of one length, got {sizes}")
    return tuple(map(str, given)), np.stack(rows), absent


def _floats(name: object, values: Any) -> Floats:
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "biuf":
        raise ParameterError(f"measures[{name!r}] must be numbers of shape (n,), got {array.dtype} of {array.shape}")
    return array.astype(np.float64)


def _numeric_columns(table: Any) -> dict[str, Any]:
    import narwhals as nw

    try:
        columns = nw.from_native(table, eager_only=True)
    except TypeError:
        raise ParameterError(
            f"measures must be a list of Measure, a mapping or a data frame, got {type(table).__name__}"
        ) from None
    numeric = [name for name, dtype in columns.schema.items() if dtype.is_numeric() and name != "account"]
    return {name: columns[name].cast(nw.Float64).to_arrow().to_numpy(zero_copy_only=False) for name in numeric}


def _by_account(given: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Values of the accounts that are in all measures, in the order of the first, and how many others there are."""
    measured = {name: one for name, one in given.items() if isinstance(one, Measure)}
    if not measured:
        return given, 0
    if len(measured) < len(given):
        odd = next(name for name in given if name not in measured)
        raise ParameterError(f"measures must all be numbers of accounts; {odd!r} does not say whose its numbers are")
    first, *others = measured.values()
    if all(one.ids is first.ids or one.ids == first.ids for one in others):
        return {name: one.values for name, one in measured.items()}, 0
    rows = [one.ids.positions(first.ids.to_arrow(), missing="sentinel") for one in measured.values()]
    there = np.logical_and.reduce([row != _ABSENT for row in rows])
    strangers = set().union(*(map(str, one.ids) for one in others)) - set(map(str, first.ids))
    absent = int(np.count_nonzero(~there)) + len(strangers)
    values = {name: one.values[row[there]] for (name, one), row in zip(measured.items(), rows, strict=True)}
    return values, absent


# -- statistics --------------------------------------------------------------------------------------------------------


def _least_ranks(values: Floats) -> Ranks:
    """Places from 1, highest first; those tied share the least place of their tie."""
    from scipy import stats

    ranks: Ranks = stats.rankdata(-values, method="min").astype(np.int64)
    return ranks


def _each_pair(ranks: list[Ranks], statistic: Any) -> Floats:
    m = len(ranks)
    matrix = np.empty((m, m))
    for i in range(m):
        matrix[i, i] = statistic(ranks[i], ranks[i])
    for i, j in combinations(range(m), 2):
        matrix[i, j] = matrix[j, i] = statistic(ranks[i], ranks[j])
    return matrix


def _spearman(table: Floats) -> Floats:
    from scipy import stats

    centred = stats.rankdata(table, axis=1) - (table.shape[1] + 1) / 2  # exact: halves
    squares = np.array([row @ row for row in centred])
    matrix = np.full((len(table), len(table)), np.nan)
    for i, j in combinations(range(len(table)), 2):
        if squares[i] and squares[j]:
            rho = (centred[i] @ centred[j]) / np.sqrt(squares[i] * squares[j])
            matrix[i, j] = matrix[j, i] = min(1.0, max(-1.0, rho))
    np.fill_diagonal(matrix, np.where(squares > 0, 1.0, np.nan))
    return matrix


def _kendall(a: Ranks, b: Ranks) -> float:
    from scipy import stats

    if (a == a[0]).all() or (b == b[0]).all():
        return float("nan")
    if a is b:
        return 1.0
    if a.size == 2:  # SciPy's p-value divides by n - 2
        return float(np.sign(a[1] - a[0]) * np.sign(b[1] - b[0]))
    return float(stats.kendalltau(a, b, variant="b", method="asymptotic").statistic)


def _agreements(a: Ranks, b: Ranks, depth: int) -> Floats:
    """A_d for d = 1 .. depth."""
    both = np.maximum(a, b)
    shared, in_a, in_b = (
        np.cumsum(np.bincount(ranks[ranks <= depth], minlength=depth + 1)[1:]) for ranks in (both, a, b)
    )
    agreements: Floats = 2.0 * shared / (in_a + in_b)
    return agreements


def _agreement(a: Ranks, b: Ranks, depth: int) -> float:
    return float(_agreements(a, b, depth)[-1])


def _rbo(a: Ranks, b: Ranks, p: float) -> float:
    """RBO_ext = A_n p^n + (1 - p)/p sum A_d p^d, its sum cut where the rest is negligible."""
    n = a.size
    depth = min(n, int(np.ceil(np.log(_NEGLIGIBLE) / np.log(p))))
    weights = p ** np.arange(1, depth + 1, dtype=np.float64)
    agreements = _agreements(a, b, depth)
    tail = weights[-1]  # what lies deeper than `depth` weighs this much, and all accounts agree in the end
    found = tail * agreements[-1] + (1 - p) / p * float((agreements * weights).sum())
    whole = float(tail + (1 - p) / p * weights.sum())  # 1, save for rounding
    return min(1.0, float(found) / whole)
