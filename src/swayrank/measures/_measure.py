"""The answer of every measure: one number per account, with what is needed to read, trust and repeat it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._render import render
from swayrank._validate import Integer, check
from swayrank.errors import ParameterError
from swayrank.ids import Ids
from swayrank.tables import frame

Values = npt.NDArray[Any]

_ROWS_SHOWN = 10


class Top(list[tuple[int | str, float | int]]):
    """The highest accounts, best first: a list of (id, value) that prints as a table.

    Parameters
    ----------
    rows : list of (id, value)
        Best first.
    name : str, default="value"
        Heading of the values.

    Examples
    --------
    >>> from swayrank.measures._measure import Top
    >>> Top([("eve", 2.0), ("ada", 0.5)], name="in_strength")
    rank  account  in_strength
       1  eve                2
       2  ada              0.5
    """

    def __init__(self, rows: list[tuple[int | str, float | int]], name: str = "value") -> None:
        super().__init__(rows)
        self.name = name

    def __repr__(self) -> str:
        cells = [("rank", "account", self.name)]
        cells += [(str(rank), str(account), f"{value:.6g}") for rank, (account, value) in enumerate(self, 1)]
        wide = [max(len(row[column]) for row in cells) for column in range(3)]
        return "\n".join(
            f"{rank:>{wide[0]}}  {account:<{wide[1]}}  {value:>{wide[2]}}" for rank, account, value in cells
        )


@dataclass(frozen=True, eq=False, repr=False)
class Measure:
    """One number per account.

    Attributes
    ----------
    name : str
        The measure's name in the registry.
    values : numpy.ndarray of float64, int64 or uint32, shape (n,)
        ``values[i]`` belongs to ``ids[i]``. Read-only.
    ids : Ids
        The accounts, in public order.
    params : mapping of str to object
        Every parameter that the numbers depend on, defaults included, and what was left out (such as the number of
        self-interactions).
    error_bound : float or None
        How far the values may lie from the exact ones; which norm, the measure says. None for exact counts.
    n_iter : int or None
        Passes of an iterative measure.
    interval : tuple of two numpy.ndarray of float64, shape (n,), or None
        Lower and upper ends, for measures that sample.
    std_error : numpy.ndarray of float64, shape (n,), or None
        Standard errors, for measures that sample.
    provenance : mapping of str to object
        Content hash of the data, version of swayrank.

    Examples
    --------
    >>> import swayrank as sr
    >>> m = sr.in_degree(sr.Graph.from_edges(["ada", "bob", "cem"], ["eve", "eve", "ada"]))
    >>> m
    in_degree of 4 accounts
    rank  account  in_degree
       1  eve              2
       2  ada              1
       3  bob              0
       4  cem              0
    >>> m.value("eve"), len(m), m.top(1)[0][0]
    (2, 4, 'eve')
    """

    name: str
    values: Values
    ids: Ids
    params: Mapping[str, object] = field(default_factory=dict)
    error_bound: float | None = None
    n_iter: int | None = None
    interval: tuple[Values, Values] | None = None
    std_error: Values | None = None
    provenance: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.ids),):
            raise ParameterError(f"values must have shape ({len(self.ids)},), one per account, got {self.values.shape}")
        for array in (self.values, self.std_error, *(self.interval or ())):
            if array is not None:
                array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.ids)

    def value(self, account: int | str) -> float | int:
        """The number of one account.

        Parameters
        ----------
        account : int or str
            An id.

        Returns
        -------
        float or int

        Raises
        ------
        UnknownAccountError
            If no account has that id.
        """
        number: float | int = self.values[self.ids.position(account)].item()
        return number

    def top(self, k: int = 10) -> Top:
        """The `k` highest accounts.

        Parameters
        ----------
        k : int, default=10
            How many, at least 1. Fewer come back where fewer accounts have a number (NaN is none).

        Returns
        -------
        Top
            (id, value), best first; ties in public order.

        Examples
        --------
        >>> import swayrank as sr
        >>> sr.out_degree(sr.Graph.from_edges([0, 0, 1], [1, 2, 2])).top(2)
        rank  account  out_degree
           1  0                 2
           2  1                 1
        """
        check("k", k, Integer(1))
        order = highest(self.values, k)
        rows = [(self.ids[int(i)], self.values[i].item()) for i in order]
        return Top(rows, self.name)

    def to_frame(self, backend: str = "pandas") -> Any:
        """The whole measure as a dataframe.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default="pandas"
            Which library's table.

        Returns
        -------
        pandas.DataFrame, polars.DataFrame or pyarrow.Table
            Columns ``account`` and the measure's name, and where there are any ``low``, ``high``, ``std_error``; one
            row per account in public order.

        Raises
        ------
        MissingDependencyError
            If that library is not installed.

        Examples
        --------
        >>> import swayrank as sr
        >>> sr.in_degree(sr.Graph.from_edges([0, 1], [1, 2])).to_frame()
           account  in_degree
        0        0          0
        1        1          1
        2        2          1
        """
        columns: dict[str, Any] = {"account": self.ids.to_arrow(), self.name: self.values}
        if self.interval is not None:
            columns |= {"low": self.interval[0], "high": self.interval[1]}
        if self.std_error is not None:
            columns["std_error"] = self.std_error
        return frame(columns, backend)

    def plot(self, **options: Any) -> Any:
        """The highest accounts as bars, with the intervals that there are.

        Parameters
        ----------
        **options
            ``k`` : how many, 20 by default; ``theme`` : "light" (default) or "dark".

        Returns
        -------
        plotly.graph_objects.Figure

        Raises
        ------
        MissingDependencyError
            If plotly is not installed.
        """
        return render(self, "plot", **options)

    def _repr_html_(self) -> str:
        html: str = render(self, "html")
        return html

    def __repr__(self) -> str:
        facts = [f"{self.name} of {len(self)} accounts"]
        facts += [] if self.error_bound is None else [f"error at most {self.error_bound:.2g}"]
        facts += [] if self.n_iter is None else [f"{self.n_iter} passes"]
        table = repr(self.top(_ROWS_SHOWN))
        more = f"\n... and {len(self) - _ROWS_SHOWN} more" if len(self) > _ROWS_SHOWN else ""
        return f"{', '.join(facts)}\n{table}{more}"


def highest(values: Values, k: int) -> npt.NDArray[np.intp]:
    """Positions of the `k` highest values, best first, ties by position, NaN nowhere."""
    candidates = np.flatnonzero(~np.isnan(values)) if values.dtype.kind == "f" else np.arange(values.size)
    if candidates.size > k:
        least = np.partition(values[candidates], candidates.size - k)[candidates.size - k]
        candidates = candidates[values[candidates] >= least]
    # A stable ascending sort of the reversed array, read backwards: descending, and ties keep their order. (Negating
    # would wrap unsigned values around.)
    backwards = candidates[::-1]
    return backwards[np.argsort(values[backwards], kind="stable")][::-1][:k]
