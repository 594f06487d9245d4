"""The result that is served: columns in memory, replaced whole when a new run is published.

Numbers lie in columns of 8 bytes (4 for ranks and counts), so an account with three parts takes some 270 bytes, its
name aside. One cell is read through a memoryview, which gives a number of Python's three times as fast as an array.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank import __version__
from swayrank.errors import InputError, SwayrankError
from swayrank.scoring.keep import KeptScores, load_scores
from swayrank.scoring.rows import rows_told
from swayrank.scoring.scores import INSUFFICIENT, SCORED
from swayrank.scoring.telling import too_little
from swayrank.service.names import NameIndex

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int32] | npt.NDArray[np.int64]
Column = Floats | Counts
NOT_KEPT = -1
_ORDERS = 6
EVIDENCE = ("followers", "following", "reactions", "engagers", "posts")
_PICTURES = {"activity.json": "activity over time", "communities.json": "communities", "map.json": "map"}
_RANKS = ("rank", "rank_low", "rank_high", "score", "score_low", "score_high")
_PART = ("scaled", "low", "high", "raw", "contribution")


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
    tag : bytes
        What the tags of answers begin with: another for another run, and another swayrank.
    names : NameIndex
    facets : dict of str to Facet
        By "role", "tier", "community": what each account belongs to.
    evidence : dict of str to numpy.ndarray of int32 or int64, shape (n,)
        Followers and the rest; -1 where the data does not tell. Empty where the run did not keep them.
    warnings : list of dict
        What a reader of the result has to know.
    """

    def __init__(self, kept: KeptScores) -> None:
        self.kept, self.run = kept, str(kept.manifest["id"])
        self.tag = hashlib.blake2b(f"{__version__} {self.run}".encode(), digest_size=9).hexdigest().encode()
        self.names = NameIndex(kept.ids)
        self.warnings: list[dict[str, str]] = _warnings(kept)
        table = self._kept_or_warned(kept.accounts)
        self.evidence: dict[str, Counts] = {}
        self.facets: dict[str, Facet] = {}
        if kept.roles is not None:
            self.facets["role"] = Facet(kept.roles)
        if table is not None:
            self.evidence = {name: _whole(table[name]) for name in EVIDENCE}
            self.facets |= {name: Facet(table[name]) for name in ("tier", "community")}
        self.map = self._kept_or_warned(kept.map)
        self.communities = self._kept_or_warned(kept.communities)
        self.activity = self._kept_or_warned(kept.activity)
        self._columns = self._all_columns()
        self._cells = {name: memoryview(column) for name, column in self._columns.items()}  # type: ignore[arg-type]
        self._parts = {name: self._cells_of(name) for name in kept.parts}
        self._orders: dict[tuple[str, bool], npt.NDArray[np.uint32]] = {}

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

    def _all_columns(self) -> dict[str, Column]:
        """What accounts can be ordered by and are shown with: numbers, NaN where missing, and counts, -1 where so."""
        kept = self.kept
        columns: dict[str, Column] = {"score": kept.score, "rank": _ranks(kept.rank)}
        if kept.intervals is not None:
            columns |= {"score_low": kept.intervals.score[0], "score_high": kept.intervals.score[1]}
            columns |= {"rank_low": _ranks(kept.intervals.rank[0]), "rank_high": _ranks(kept.intervals.rank[1])}
        return {**columns, **self.evidence, **kept.parts}

    def _cells_of(self, part: str) -> tuple[memoryview | None, ...]:
        """The columns of a part, in the order of `_PART`."""
        kept = self.kept
        low, high = (None, None) if kept.intervals is None else kept.intervals.parts[part]
        columns = (kept.parts[part], low, high, kept.raw[part], kept.contributions[part])
        return tuple(None if one is None else memoryview(one) for one in columns)  # type: ignore[arg-type]

    @property
    def sortable(self) -> list[str]:
        """What accounts can be ordered by."""
        return ["account", *sorted(self._columns)]

    def numbers(self, name: str) -> Floats | None:
        """A column to order by, NaN where a number is missing; None where there is no such column."""
        column = self._columns.get(name)
        if column is None or column.dtype == np.float64:
            return column  # type: ignore[return-value]
        return np.where(column < 0, np.nan, column)

    def order(self, name: str, *, upward: bool) -> npt.NDArray[np.uint32] | None:
        """All positions in the order of a column, missing numbers last, ties by rank; None without such a column.

        The last few orders are remembered: 4 bytes an account each.
        """
        key = (name, upward)
        if (known := self._orders.get(key)) is not None:
            return known
        values = self.names.places if name == "account" else self.numbers(name)
        if values is None:
            return None
        if name == "account" and not upward:
            values = np.uint32(len(self)) - values
        falling = not upward and name != "account"
        found = np.argsort(-values if falling else values, kind="stable").astype(np.uint32)
        orders = dict(list(self._orders.items())[1 - _ORDERS :])
        self._orders = {**orders, key: found}  # replaced whole: many threads read it
        return found

    # -- rows ----------------------------------------------------------------------------------------------------------

    def row(self, i: int) -> dict[str, Any]:
        """One account as lists show it; `i` is its position, best first."""
        cells, facets = self._cells, self.facets
        told: dict[str, Any] = {"account": str(self.kept.ids[i])}
        for name in _RANKS:
            told[name] = _cell(cells.get(name), i)
        told["status"] = INSUFFICIENT if told["rank"] is None else SCORED
        told["followers"] = _cell(cells.get("followers"), i)
        told["parts"] = {
            part: {name: _cell(one, i) for name, one in zip(_PART, columns, strict=True)}
            for part, columns in self._parts.items()
        }
        for name in ("role", "tier", "community"):
            facet = facets.get(name)
            told[name] = None if facet is None else facet.value(i)
        return told

    def whole_row(self, i: int) -> dict[str, Any]:
        """One account with its evidence."""
        told = self.row(i)
        cells = self._cells
        told["evidence"] = {name: _cell(cells.get(name), i) for name in EVIDENCE}
        told["explained"], told["run"] = i < self.n_explained, self.run
        return told

    @functools.cached_property
    def n_explained(self) -> int:
        """How many of the first accounts the run explains."""
        try:
            return self.kept.n_explained
        except SwayrankError:
            return 0


class Facet:
    """What each account belongs to, as small numbers; groups in the order of their size.

    Parameters
    ----------
    values : array, Arrow's or NumPy's
        One per account; None for those in no group.
    """

    def __init__(self, values: Any) -> None:
        import pyarrow as pa

        column = pa.chunked_array([pa.array(values)] if not isinstance(values, pa.ChunkedArray) else values.chunks)
        encoded = column.combine_chunks().dictionary_encode()
        groups = encoded.dictionary.to_pylist()
        codes = encoded.indices.fill_null(NOT_KEPT).to_numpy(zero_copy_only=False)
        counts = np.bincount(codes[codes >= 0], minlength=len(groups))
        order = sorted(range(len(groups)), key=lambda at: (-int(counts[at]), str(groups[at])))
        place = np.full(len(groups) + 1, NOT_KEPT, np.int32)  # the last is where code -1 looks
        place[order] = np.arange(len(groups), dtype=np.int32)
        self.groups: list[Any] = [groups[at] for at in order]
        self.codes: npt.NDArray[np.int32] = place[codes]
        self._cells = memoryview(self.codes)

    def value(self, i: int) -> Any:
        """The group of account `i`; None if it is in none."""
        code = self._cells[i]
        return None if code < 0 else self.groups[code]

    def among(self, wanted: list[str]) -> npt.NDArray[np.bool_]:
        """Which accounts are in one of these groups."""
        names = {str(group): at for at, group in enumerate(self.groups)}
        return np.isin(self.codes, [names[one] for one in wanted if one in names])

    def counts(
        self, mask: npt.NDArray[np.bool_], most: int, wanted: Sequence[str] = ()
    ) -> tuple[list[dict[str, Any]], int]:
        """How many of some accounts each group has, and how many further groups have any.

        The `most` largest first, then those that are `wanted`; empty groups are left out. A graph may fall into tens of
        thousands of communities, which nobody reads.
        """
        codes = self.codes[mask]
        found = np.bincount(codes[codes >= 0], minlength=len(self.groups))
        order = np.argsort(-found, kind="stable")[: np.count_nonzero(found)]
        named = set(wanted)
        further = [at for at in order[most:] if str(self.groups[at]) in named] if named else []
        listed = [{"value": self.groups[at], "count": int(found[at])} for at in (*order[:most], *further)]
        return listed, len(order) - len(listed)


def _kind(note: str) -> str:
    """What a run's note is about: a source that was missing, which can be given, or something to know of."""
    return "left out" if note.startswith("there is no ") or "could not be measured" in note else "note"


def _warnings(kept: KeptScores) -> list[dict[str, str]]:
    """What the run's manifest tells that a reader has to know."""
    manifest: Mapping[str, Any] = kept.manifest
    told = [
        {"what": _kind(str(text)), "detail": str(text), "level": "warning"} for text in manifest.get("left_out", ())
    ]
    told += [{"what": "to check", "detail": str(text), "level": "warning"} for text in manifest.get("warnings", ())]
    counts = manifest["counts"]
    if refused := int(counts.get("rejected_rows", 0)):
        told.append(
            {"what": "refused rows", "detail": f"{refused:,} rows of the data were refused", "level": "warning"}
        )
    aside = rows_told(manifest.get("set_aside", {}))
    told += [{"what": "rows to know of", "detail": text, "level": "info"} for text in aside]
    if without := len(kept) - kept.n_scored:
        floor = manifest["parameters"].get("min_evidence")
        detail = f"{without:,} of {len(kept):,} accounts have no score: {too_little(floor, kept.ties)}"
        told.append({"what": "insufficient data", "detail": detail, "level": "info"})
    if kept.intervals is None:
        told.append({"what": "no intervals", "detail": "the run drew no intervals", "level": "info"})
    for name, why in manifest.get("overview", {}).get("absent", {}).items():
        told.append({"what": f"no {_PICTURES.get(name, name)}", "detail": str(why), "level": "info"})
    if "overview" not in manifest:
        detail = "the run keeps no map, communities or activity; score the data again to see them"
        told.append({"what": "an earlier run", "detail": detail, "level": "info"})
    return told


def _whole(column: Any) -> Counts:
    values: Counts = column.fill_null(NOT_KEPT).combine_chunks().to_numpy(zero_copy_only=False)
    return _small(values)


def _ranks(ranks: npt.NDArray[np.uint32]) -> Counts:
    """Ranks as counts are kept: -1 where there is none."""
    return _small(np.where(ranks > 0, ranks.astype(np.int64), NOT_KEPT))


def _small(values: Counts) -> Counts:
    """In 4 bytes each, where they fit."""
    fits = not values.size or int(values.max()) <= np.iinfo(np.int32).max
    return values.astype(np.int32) if fits else values.astype(np.int64)


def _cell(column: memoryview | None, i: int) -> Any:
    """One number; None where it is missing: NaN, or -1 among counts (no other number here is negative)."""
    if column is None:
        return None
    value = column[i]
    return value if value >= 0 else None
