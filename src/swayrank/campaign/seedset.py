"""Chosen seeds, and what is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._render import render
from swayrank.measures.propagation.accounts import Account
from swayrank.tables import frame

_ROWS_SHOWN = 20


@dataclass(frozen=True, eq=False, repr=False)
class SeedSet:
    """Accounts to start from, in the order in which they were chosen.

    Attributes
    ----------
    seeds : tuple of int or str
        Their ids.
    method : str
        How they were chosen.
    marginal_gains : numpy.ndarray of float64, shape (k,)
        How many accounts (or how much value) each adds to those before it, on samples that had no part in the choice
        (those that it was chosen on flatter it). They add up to `spread`, and a later one can come out above an
        earlier one by chance. After an interruption they may be of the samples of the choice, to that scale.
    spread : float
        Expected number of accounts activated by all (or their value), on samples that had no part in the choice.
    interval : tuple of float
        95 % limits of `spread`.
    lower_bound : float
        The spread is at least this, with probability 1 - delta (where there is an `upper_bound`, both hold together);
        of SIR and SIS, the lower end of `interval`.
    upper_bound : float or None
        No allowed choice spreads further than this; None where the method gives no such bound.
    guarantee : str
        What was reached, in words.
    worst_case : str
        What the method promises before anything is drawn, in words.
    cost : float or None
        What the seeds cost together, where costs were given.
    room : int or None
        How many accounts could be chosen at all, whatever they cost together and however many were asked for.
    n_samples, members, stored_bytes : int
        RR sets drawn (kept and checked), all their members, and the memory of those kept.
    seconds : float
        Time that it took.
    peak_bytes : int
        The most memory that the process has held so far, whatever for.
    complete : bool
        False if it was interrupted; then all is of the last whole round.
    params : mapping of str to object
        The model, the randomness, and everything else that the choice depends on.

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["bob", "cem", "dan", "eve"], ["ada", "ada", "ada", "fay"])
    >>> found = sr.select_seeds(sr.IndependentCascade(g, prob=0.5), k=2, rng=7)
    >>> found.seeds, found.complete
    (('ada', 'fay'), True)
    >>> found.curve.round(1)
    array([2.5, 4. ])
    """

    seeds: tuple[Account, ...]
    method: str
    marginal_gains: npt.NDArray[np.float64]
    spread: float
    interval: tuple[float, float]
    lower_bound: float
    upper_bound: float | None
    guarantee: str
    worst_case: str
    n_samples: int
    members: int
    stored_bytes: int
    seconds: float
    peak_bytes: int
    complete: bool = True
    cost: float | None = None
    room: int | None = None
    nodes: npt.NDArray[np.uint32] = field(default_factory=lambda: np.empty(0, np.uint32))
    params: Mapping[str, object] = field(default_factory=dict)
    details: Mapping[str, object] = field(default_factory=dict)

    @property
    def curve(self) -> npt.NDArray[np.float64]:
        """Spread of the first 1, 2, ... seeds, on the same samples as `spread`, which is its last: shape (k,)."""
        return np.cumsum(self.marginal_gains)

    @property
    def cost_per_account(self) -> float | None:
        """What each account (or unit of value) that is expected to be reached costs; None without costs."""
        return None if self.cost is None or not self.spread else self.cost / self.spread

    def to_frame(self, backend: str = "pandas") -> Any:
        """One row for each seed: ``rank``, ``account``, ``marginal_gain``, ``curve``.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default="pandas"
            Which library's table.

        Examples
        --------
        >>> import swayrank as sr
        >>> model = sr.IndependentCascade(sr.Graph.from_edges(["bob"], ["ada"]), prob=1.0)
        >>> sr.select_seeds(model, k=1, rng=7).to_frame()
           rank account  marginal_gain  curve
        0     1     ada            2.0    2.0
        """
        columns = {
            "rank": np.arange(1, len(self.seeds) + 1),
            "account": list(self.seeds),
            "marginal_gain": self.marginal_gains,
            "curve": self.curve,
        }
        return frame(columns, backend)

    def plot(self, **options: Any) -> Any:
        """What each seed adds, and how far all spread together, between their bounds.

        Parameters
        ----------
        **options
            ``theme`` : "light" (default) or "dark".

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
        low, high = self.interval
        count = f"{len(self.seeds)} seed{'s' if len(self.seeds) != 1 else ''}"
        lines = [f"{count} by {self.method}: spread {self.spread:.6g} (95 % interval {low:.6g} to {high:.6g})"]
        lines.append(self.guarantee)
        if self.cost is not None:
            lines.append(f"cost {self.cost:.6g}, {self.cost_per_account:.4g} for each account reached")
        cells = [("rank", "account", "adds", "together")]
        pairs = zip(self.seeds, self.marginal_gains, self.curve, strict=True)
        cells += [(str(i), str(a), f"{gain:.6g}", f"{all_:.6g}") for i, (a, gain, all_) in enumerate(pairs, 1)]
        shown = cells[: _ROWS_SHOWN + 1]
        wide = [max(len(row[k]) for row in shown) for k in range(4)]
        lines += [f"{a:>{wide[0]}}  {b:<{wide[1]}}  {c:>{wide[2]}}  {d:>{wide[3]}}" for a, b, c, d in shown]
        if len(cells) > len(shown):
            lines.append(f"... and {len(cells) - len(shown)} more")
        return "\n".join(lines)
