"""The result that is served: columns in memory, replaced whole when a new run is published.

About 8 bytes for each number of an account: score, its interval, ranks, and five for each part, so some 250 bytes an
account with three parts, and its name.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank.errors import InputError, SwayrankError
from swayrank.scoring.keep import KeptScores, load_scores
from swayrank.scoring.scores import INSUFFICIENT, SCORED
from swayrank.service.names import NameIndex

Floats = npt.NDArray[np.float64]
NOT_KEPT = -1
EVIDENCE = ("followers", "following", "reactions", "engagers", "posts")


class Published:
    """One run, ready to be asked.

    Parameters
    ----------
    kept : KeptScores
        The run.

    Attributes
    ----------
    run : str
        Its id.
    kept : KeptScores
    names : NameIndex
    facets : dict of str to Facet
        By "role", "tier", "community": what each account belongs to.
    evidence : dict of str to numpy.ndarray of int64, shape (n,)
        Followers and the rest; -1 where the data does not tell. Empty where the run did not keep them.
    warnings : list of dict
        What a reader of the result has to know.
    """

    def __init__(self, kept: KeptScores) -> None:
        self.kept, self.run = kept, str(kept.manifest["id"])
        self.names = NameIndex(kept.ids)
        self.warnings: list[dict[str, str]] = _warnings(kept)
        table = self._kept_or_warned(kept.accounts)
        self.evidence: dict[str, npt.NDArray[np.int64]] = {}
        self.facets: dict[str, Facet] = {}
        if kept.roles is not None:
            self.facets["role"] = Facet(kept.roles.tolist())
        if table is not None:
            self.evidence = {name: _whole(table[name]) for name in EVIDENCE}
            self.facets |= {name: Facet(table[name].to_pylist()) for name in ("tier", "community")}
        self.map = self._kept_or_warned(kept.map)
        self.communities = self._kept_or_warned(kept.communities)
        self.activity = self._kept_or_warned(kept.activity)
        self.numbers = self._numbers()
        self._parts = list(kept.parts)

    @classmethod
    def load(cls, out: str | Path) -> Published:
        """Read the current run below `out`; raises what :func:`swayrank.scoring.keep.load_scores` raises."""
        return cls(load_scores(out))

    def __len__(self) -> int:
        return len(self.kept)

    def _kept_or_warned(self, read: Callable[[], Any]) -> Any:
        """A part of the run that scores do not rest on: where it is damaged, the rest is served."""
        try:
            return read()
        except (InputError, SwayrankError) as error:
            self.warnings.append({"what": "part of the run", "detail": str(error), "level": "warning"})
            return None

    def _numbers(self) -> dict[str, Floats]:
        """What accounts can be ordered by and are shown with."""
        kept = self.kept
        columns: dict[str, Floats] = {"score": kept.score, "rank": np.where(kept.rank > 0, kept.rank, np.nan)}
        if kept.intervals is not None:
            low, high = kept.intervals.rank
            columns |= {"score_low": kept.intervals.score[0], "score_high": kept.intervals.score[1]}
            columns |= {"rank_low": np.where(low > 0, low, np.nan), "rank_high": np.where(high > 0, high, np.nan)}
        columns |= {name: np.where(values == NOT_KEPT, np.nan, values) for name, values in self.evidence.items()}
        return {**columns, **kept.parts}

    # -- rows ----------------------------------------------------------------------------------------------------------

    def row(self, i: int) -> dict[str, Any]:
        """One account as lists show it; `i` is its position, best first."""
        kept = self.kept
        number = functools.partial(self._number, i)
        told = {
            "account": str(kept.ids[i]),
            "rank": _int(number("rank")),
            "rank_low": _int(number("rank_low")),
            "rank_high": _int(number("rank_high")),
            "score": number("score"),
            "score_low": number("score_low"),
            "score_high": number("score_high"),
            "status": SCORED if kept.rank[i] else INSUFFICIENT,
            "followers": _int(number("followers")),
            "parts": {name: self._part(name, i) for name in self._parts},
        }
        for name in ("role", "tier", "community"):
            facet = self.facets.get(name)
            told[name] = None if facet is None else facet.value(i)
        return told

    def whole_row(self, i: int) -> dict[str, Any]:
        """One account with its evidence."""
        evidence = {name: _int(self._number(i, name)) for name in EVIDENCE}
        return {**self.row(i), "evidence": evidence, "explained": i < self.n_explained, "run": self.run}

    def _part(self, name: str, i: int) -> dict[str, float | None]:
        kept = self.kept
        low, high = (None, None) if kept.intervals is None else (
            _float(kept.intervals.parts[name][0][i]), _float(kept.intervals.parts[name][1][i])
        )  # fmt: skip
        return {
            "scaled": _float(kept.parts[name][i]),
            "low": low,
            "high": high,
            "raw": _float(kept.raw[name][i]),
            "contribution": _float(kept.contributions[name][i]),
        }

    def _number(self, i: int, name: str) -> float | None:
        column = self.numbers.get(name)
        return None if column is None else _float(column[i])

    @functools.cached_property
    def n_explained(self) -> int:
        """How many of the first accounts the run explains."""
        try:
            return len(self.kept._explanations)
        except SwayrankError:
            return 0


class Facet:
    """What each account belongs to, as small numbers; groups in the order of their size.

    Parameters
    ----------
    values : list
        One per account; None for those in no group.
    """

    def __init__(self, values: list[Any]) -> None:
        counts: dict[Any, int] = {}
        for value in values:
            if value is not None:
                counts[value] = counts.get(value, 0) + 1
        self.groups: list[Any] = sorted(counts, key=lambda value: (-counts[value], str(value)))
        code = {value: at for at, value in enumerate(self.groups)}
        self.codes = np.fromiter((code.get(value, -1) for value in values), np.int32, len(values))

    def value(self, i: int) -> Any:
        """The group of account `i`; None if it is in none."""
        code = int(self.codes[i])
        return None if code < 0 else self.groups[code]

    def among(self, wanted: list[str]) -> npt.NDArray[np.bool_]:
        """Which accounts are in one of these groups."""
        names = {str(group): at for at, group in enumerate(self.groups)}
        return np.isin(self.codes, [names[one] for one in wanted if one in names])

    def counts(self, mask: npt.NDArray[np.bool_]) -> list[dict[str, Any]]:
        """How many of some accounts each group has, the largest first; empty groups are left out."""
        codes = self.codes[mask]
        found = np.bincount(codes[codes >= 0], minlength=len(self.groups))
        order = np.argsort(-found, kind="stable")
        return [{"value": self.groups[at], "count": int(found[at])} for at in order if found[at]]


def _warnings(kept: KeptScores) -> list[dict[str, str]]:
    """What the run's manifest tells that a reader has to know."""
    manifest: Mapping[str, Any] = kept.manifest
    told = [{"what": "left out", "detail": str(text), "level": "warning"} for text in manifest.get("left_out", ())]
    counts = manifest["counts"]
    if refused := int(counts.get("rejected_rows", 0)):
        told.append(
            {"what": "refused rows", "detail": f"{refused:,} rows of the data were refused", "level": "warning"}
        )
    if without := len(kept) - kept.n_scored:
        floor = manifest["parameters"].get("min_evidence")
        detail = (
            f"{without:,} of {len(kept):,} accounts have no score: fewer than {floor} followers, reactions and posts"
        )
        told.append({"what": "insufficient data", "detail": detail, "level": "info"})
    if kept.intervals is None:
        told.append({"what": "no intervals", "detail": "the run drew no intervals", "level": "info"})
    for name, why in manifest.get("overview", {}).get("absent", {}).items():
        told.append({"what": f"no {name}", "detail": str(why), "level": "info"})
    if "overview" not in manifest:
        detail = "the run keeps no map, communities or activity; score the data again to see them"
        told.append({"what": "an earlier run", "detail": detail, "level": "info"})
    return told


def _whole(column: Any) -> npt.NDArray[np.int64]:
    filled = column.fill_null(NOT_KEPT).combine_chunks()
    values: npt.NDArray[np.int64] = filled.to_numpy(zero_copy_only=False).astype(np.int64)
    return values


def _float(value: Any) -> float | None:
    number = float(value)
    return None if math.isnan(number) else number


def _int(value: float | None) -> int | None:
    return None if value is None else int(value)
