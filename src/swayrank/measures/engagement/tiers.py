"""Peer tiers: accounts among their likes, by how many followers they have, and brands apart from persons where told.

A rate falls as an audience grows, so that a figure says little beside somebody with a thousand times the followers.

The usual cuts (:data:`PEER_TIERS`) are a convention of the influencer trade, no law: nano below 10,000 followers, micro
to 100,000, mid to 500,000, macro to 1,000,000, mega from there. Agencies differ by a factor of two or so; own cuts are
allowed. In a small network nearly everybody is nano: ``cuts="quantiles"`` then cuts it into quarters of its own. Which
cuts were taken is always in the answer.

Followers are those of the newest row that knows them (:class:`~swayrank.events.Posts`), the in-degree of a graph, or
the values of a measure. Accounts without a number are in no tier.

*Percentile within the tier* is the mid-rank: 100 * (peers below + half of those equal, oneself included) / peers. The
middle account of any tier has 50, a single one too, and equal accounts have equal percentiles.

Exact. Cost: O(n log n); memory 30 bytes per account.

Sources: Campbell & Farrell (2020), "More than meets the eye: the functional components underlying influencer
marketing", doi:10.1016/j.bushor.2020.03.003 (kinds of influencers by followers; "mid" is the
agencies' word); Parzen (1979), "Nonparametric statistical data modeling",
doi:10.1080/01621459.1979.10481621 (the mid-distribution).
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._text import printable
from swayrank.errors import ParameterError
from swayrank.events import Posts
from swayrank.graph import Graph
from swayrank.ids import Ids, read_only
from swayrank.measures._measure import Measure
from swayrank.tables import frame

Floats = npt.NDArray[np.float64]
Cuts = str | Mapping[str, float]

PEER_TIERS: Mapping[str, float] = MappingProxyType(
    {"nano": 0, "micro": 10_000, "mid": 100_000, "macro": 500_000, "mega": 1_000_000}
)
"""The usual tiers and the fewest followers of each: a convention of the trade."""
KINDS = ("brand", "person")
_QUARTERS = 4


@dataclass(frozen=True, eq=False, repr=False)
class Tiers:
    """Which tier every account is in.

    Attributes
    ----------
    ids : Ids
        The accounts.
    tier : numpy.ndarray of int64, shape (n,)
        Positions in `names`; -1 where followers are unknown.
    names : tuple of str
        The tiers, from few followers to many; "brand micro" and "person micro" where kinds are told.
    cuts : mapping of str to float
        The fewest followers of each size.
    followers : numpy.ndarray of float64, shape (n,)
        What the tiers go by; NaN where unknown.

    Examples
    --------
    >>> tiers = peer_tiers({"ada": 200, "bob": 48_000, "acme": 48_000}, kinds={"acme": "brand"})
    >>> tiers
    3 accounts in tiers by followers
    tier         followers from  accounts
    nano                      0         1
    brand micro          10,000         1
    micro                10,000         1
    >>> tiers.of("acme")
    'brand micro'
    """

    ids: Ids
    tier: npt.NDArray[np.int64]
    names: tuple[str, ...]
    cuts: Mapping[str, float]
    followers: Floats

    def of(self, account: int | str) -> str | None:
        """The tier of one account; None where its followers are unknown.

        Raises
        ------
        UnknownAccountError
            If no account has that id.
        """
        found = int(self.tier[self.ids.position(account)])
        return None if found < 0 else self.names[found]

    @property
    def counts(self) -> dict[str, int]:
        """Accounts per tier, those in none as "unknown" where there are any."""
        numbers = np.bincount(self.tier + 1, minlength=len(self.names) + 1)
        unknown = {"unknown": int(numbers[0])} if numbers[0] else {}
        return {**{name: int(k) for name, k in zip(self.names, numbers[1:], strict=True)}, **unknown}

    def to_frame(self, backend: str = "pandas") -> Any:
        """The whole as a dataframe: columns account, followers, tier.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default="pandas"
            Which library's table.
        """
        import pyarrow as pa

        names = pa.array([*self.names, None]).take(pa.array(self.tier % (len(self.names) + 1)))
        followers = pa.array(self.followers, from_pandas=True)
        return frame(pa.table({"account": self.ids.to_arrow(), "followers": followers, "tier": names}), backend)

    def __repr__(self) -> str:
        rows = [("tier", "followers from", "accounts")]
        for name, k in self.counts.items():
            least = self.cuts.get(name.rpartition(" ")[2])
            if k:
                rows.append((name, "" if least is None else f"{least:,.6g}", f"{k:,}"))
        wide = [max(len(row[i]) for row in rows) for i in range(3)]
        table = [f"{printable(a):<{wide[0]}}  {b:>{wide[1]}}  {c:>{wide[2]}}" for a, b, c in rows]
        return "\n".join([f"{len(self.ids):,} accounts in tiers by followers", *table])


def peer_tiers(
    data: Posts | Graph | Measure | Mapping[Any, float],
    *,
    cuts: Cuts = "usual",
    kinds: Mapping[Any, str] | None = None,
) -> Tiers:
    """Put every account into a tier by its followers.

    Parameters
    ----------
    data : Posts, Graph, Measure, or mapping of account to followers
        Where followers come from; see the module.
    cuts : {"usual", "quantiles"} or mapping of str to float, default="usual"
        "usual": :data:`PEER_TIERS`. "quantiles": quarters of the known numbers, q1 to q4. Where more than a quarter
        have one number, as where most have no follower, they are one tier and the others share the rest evenly (fewer
        tiers where there are fewer numbers). Or names with the fewest followers of each, ascending, the first 0:
        ``{"small": 0, "large": 5000}``.
    kinds : mapping of account to {"brand", "person"}, optional
        Who is a brand and who a person: tiers are then of one kind and one size. Accounts not named have a size alone.

    Returns
    -------
    Tiers

    Raises
    ------
    ParameterError
        For cuts that do not ascend from 0, kinds of another name, accounts that are not there, or data without any
        number of followers.

    Examples
    --------
    >>> peer_tiers({"ada": 1, "bob": 2, "cem": 3, "eve": 9}, cuts="quantiles").counts
    {'q1': 1, 'q2': 1, 'q3': 1, 'q4': 1}
    """
    ids, followers = followers_of(data)
    least = _cuts(cuts, followers)
    known = ~np.isnan(followers)
    tier = np.full(len(ids), -1, np.int64)
    tier[known] = np.searchsorted(np.array(list(least.values())), followers[known], side="right") - 1
    names = tuple(least)
    if kinds is not None:
        kind = _kind_of(ids, kinds)
        names = tuple(f"{word} {size}" if word else size for size in least for word in (*KINDS, ""))
        tier = np.where(tier < 0, -1, tier * (len(KINDS) + 1) + kind)
    return Tiers(ids, read_only(tier), names, MappingProxyType(least), read_only(followers))


def percentile_within(measure: Measure, tiers: Tiers) -> Measure:
    """Where every account stands among the peers of its tier, from 0 to 100.

    Parameters
    ----------
    measure : Measure
        Any measure of accounts that `tiers` knows.
    tiers : Tiers
        From :func:`peer_tiers`.

    Returns
    -------
    Measure
        float64 mid-rank percentiles in (0, 100); NaN where the measure is NaN or the account in no tier.

    Raises
    ------
    UnknownAccountError
        If `tiers` lacks an account of the measure.

    Examples
    --------
    >>> followers = {"ada": 10, "bob": 20, "cem": 30, "dan": 50_000}
    >>> tiers = peer_tiers(followers)
    >>> m = Measure("likes", np.array([5.0, 5.0, 9.0, 1.0]), tiers.ids)
    >>> percentile_within(m, tiers).values.round(1).tolist()
    [33.3, 33.3, 83.3, 50.0]
    """
    rows = tiers.ids.positions(measure.ids.to_arrow()).astype(np.int64)
    values = mid_ranks(measure.values.astype(np.float64), tiers.tier[rows])
    params = {**measure.params, "of": measure.name, "tiers": dict(tiers.cuts)}
    return Measure(f"{measure.name}_percentile", values, measure.ids, params, provenance=measure.provenance)


def mid_ranks(values: Floats, tier: npt.NDArray[np.int64]) -> Floats:
    """Mid-rank percentiles within each tier; NaN for NaN and for tier -1."""
    answer = np.full(len(values), np.nan)
    rows = np.flatnonzero((tier >= 0) & ~np.isnan(values))
    rows = rows[np.lexsort((values[rows], tier[rows]))]
    if not len(rows):
        return answer
    first_of_tier = np.r_[True, tier[rows][1:] != tier[rows][:-1]]
    first_equal = first_of_tier | np.r_[True, values[rows][1:] != values[rows][:-1]]
    tier_start, tier_size = _runs(first_of_tier)
    start, size = _runs(first_equal)
    answer[rows] = 100.0 * (start - tier_start + size / 2) / tier_size
    return answer


def followers_of(data: Any) -> tuple[Ids, Floats]:
    """Accounts and their followers, NaN where unknown; see the module."""
    if isinstance(data, Graph):
        return data.ids, data.in_degree.astype(np.float64)
    if isinstance(data, Measure):
        ids, followers = data.ids, data.values.astype(np.float64)
    elif isinstance(data, Mapping):
        ids, followers = Ids.from_values(list(data)), np.array([_number(k, v) for k, v in data.items()], np.float64)
    elif isinstance(data, Posts):
        ids, followers = data.accounts, _latest_followers(data)
    else:
        kind = type(data).__name__
        raise ParameterError(f"data must be Posts, a Graph, a Measure or a mapping of account to followers, got {kind}")
    if np.isinf(followers).any() or (followers < 0).any():
        raise ParameterError("followers must be finite and >= 0, or NaN for unknown")
    return ids, followers


def _number(account: object, value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ParameterError(f"followers must be numbers, got {printable(repr(value))} for {account!r}") from None


def _latest_followers(posts: Posts) -> Floats:
    """Followers of the newest row that knows them; of rows of one time, the most."""
    followers = np.full(len(posts.accounts), np.nan)
    given = posts.followers
    rows = np.flatnonzero(~np.isnan(given))
    order = rows[np.lexsort((given[rows], posts.time[rows]))]
    followers[posts.account[order]] = given[order]  # of several, the last one stays
    return followers


def _cuts(cuts: Cuts, followers: Floats) -> dict[str, float]:
    """The fewest followers of each tier, ascending from 0."""
    if isinstance(cuts, Mapping):
        return _own_cuts(cuts)
    if cuts == "usual":
        return dict(PEER_TIERS)
    if cuts != "quantiles":
        raise ParameterError(f"cuts must be 'usual', 'quantiles', or names with numbers of followers, got {cuts!r}")
    known = np.sort(followers[~np.isnan(followers)])
    if not len(known):
        raise ParameterError("cuts='quantiles' needs numbers of followers, and there are none")
    least = [0.0]
    for share in range(_QUARTERS, 1, -1):
        higher = known[np.searchsorted(known, least[-1], side="right") :]
        if len(higher):
            known = known[np.searchsorted(known, least[-1]) :]
            least.append(float(max(known[len(known) // share], higher[0])))
    return {f"q{i}": value for i, value in enumerate(least, 1)}


def _own_cuts(cuts: Mapping[str, float]) -> dict[str, float]:
    least = {str(name): _number(name, value) for name, value in cuts.items()}
    values = list(least.values())
    ascending = all(x < y for x, y in pairwise(values))
    if not values or values[0] != 0 or not ascending or not math.isfinite(values[-1]) or len(least) < len(cuts):
        raise ParameterError(
            "cuts must ascend from 0, as in {'small': 0, 'large': 5000}, got " + printable(repr(dict(cuts)), 200)
        )
    if wrong := [name for name in least if not name.strip() or " " in name or name == "unknown"]:
        raise ParameterError(f"cuts must name tiers by single words other than 'unknown', got {wrong[0]!r}")
    return least


def _kind_of(ids: Ids, kinds: Mapping[Any, str]) -> npt.NDArray[np.int64]:
    """Position in KINDS of every account, len(KINDS) where none is told."""
    if not isinstance(kinds, Mapping):
        raise ParameterError(f"kinds must map accounts to {' or '.join(map(repr, KINDS))}, got {type(kinds).__name__}")
    answer = np.full(len(ids), len(KINDS), np.int64)
    for account, kind in kinds.items():
        if kind not in KINDS:
            raise ParameterError(f"kinds must be {' or '.join(map(repr, KINDS))}, got {kind!r} for {account!r}")
    if not kinds:
        return answer
    positions = ids.positions([str(account) for account in kinds], missing="sentinel").astype(np.int64)
    for account, position in zip(kinds, positions.tolist(), strict=True):
        if position >= len(ids):
            near = difflib.get_close_matches(str(account), [str(name) for name in ids], n=3)
            hint = f" (did you mean {' or '.join(map(repr, near))}?)" if near else ""
            raise ParameterError(f"kinds names an account that is not there: {printable(repr(account))}{hint}")
    answer[positions] = [KINDS.index(kind) for kind in kinds.values()]
    return answer


def _runs(first: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Start and length of the run that every element is in, where `first` marks where runs begin."""
    starts = np.flatnonzero(first)
    lengths = np.diff(np.r_[starts, len(first)])
    return np.repeat(starts, lengths), np.repeat(lengths, lengths)
