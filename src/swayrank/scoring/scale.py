"""The scale of a part: a frozen, monotone map from a raw figure to 0-100.

With y = log(1 + x), the map is linear between four knots: 0 -> 0, the median of the non-zero figures -> 50, their 99th
percentile -> 90, the highest -> 100, where it ends. The knots are a *reference*: computed once, saved, and named by a
hash, so that scores of two runs are compared only where they mean the same.

Letting the slope before the 99th percentile run on until it is cut at 100 would be simpler, and was tried: among
300,000 accounts hundreds of the highest are then equal at 100, and the order of just those is what people ask for
(``docs/decisions/0005-scale-ends-at-the-highest.md``).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank.errors import InputError, ParameterError
from swayrank.results import write_whole

_FORMAT = "swayrank reference 1"
SHIPPED = Path(__file__).parent / "shipped"
_MEDIAN_MARK, _TAIL_MARK, _TOP = 50.0, 90.0, 100.0


@dataclass(frozen=True, slots=True)
class Knots:
    """Where one part's scale bends, in raw units.

    Attributes
    ----------
    median : float
        Median of the non-zero figures; scores 50. Positive.
    tail : float
        99th percentile of the non-zero figures; scores 90. Above `median`.
    top : float
        The highest figure; scores 100, as does everything above. Above `tail`.
    """

    median: float
    tail: float
    top: float

    @classmethod
    def of(cls, raw: npt.NDArray[np.float64]) -> Knots:
        """The knots of a set of figures; NaN and zeros do not count.

        Where figures coincide, so that a knot would not lie above the one before, it is put where the slope up to
        there, carried on, reaches its mark. Without any figures the median counts as 1.
        """
        positive = raw[raw > 0]
        if positive.size == 0:
            return cls(1.0, _continued(1.0, _TAIL_MARK), _continued(1.0, _TOP))
        median, tail, top = (float(q) for q in np.quantile(positive, [0.5, 0.99, 1.0], method="inverted_cdf"))
        tail = tail if tail > median else _continued(median, _TAIL_MARK)
        if top > tail:
            return cls(median, tail, top)
        slope = (_TAIL_MARK - _MEDIAN_MARK) / (math.log1p(tail) - math.log1p(median))
        return cls(median, tail, math.expm1(math.log1p(tail) + (_TOP - _TAIL_MARK) / slope))

    def scale(self, raw: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Raw figures (>= 0 or NaN) on the 0-100 scale; NaN stays NaN.

        >>> Knots(median=10.0, tail=1000.0, top=1e6).scale(np.array([0.0, 10.0, 1000.0, 1e6, 1e9, np.nan]))
        array([  0.,  50.,  90., 100., 100.,  nan])
        """
        places = [0.0, math.log1p(self.median), math.log1p(self.tail), math.log1p(self.top)]
        return np.interp(np.log1p(raw), places, [0.0, _MEDIAN_MARK, _TAIL_MARK, _TOP])


def _continued(median: float, mark: float) -> float:
    return math.expm1(math.log1p(median) * mark / _MEDIAN_MARK)


@dataclass(frozen=True, slots=True)
class Reference:
    """The knots of every part, and how each part was measured: what makes two scores comparable.

    Attributes
    ----------
    knots : dict of str to Knots
        By part.
    definitions : dict of str to str
        What each part's raw figure is, parameters included; two references with different definitions differ.
    half_life_days : float
        Of the reactions behind it; scores under this reference take it over.
    made : dict of str to object
        When, with what and of which data it was computed; for people, no part of the hash.
    """

    knots: Mapping[str, Knots]
    definitions: Mapping[str, str]
    half_life_days: float
    made: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def hash(self) -> str:
        """Sixteen hexadecimal digits that name this reference."""
        text = json.dumps(self._content(), sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def _content(self) -> dict[str, Any]:
        knots = {part: asdict(k) for part, k in self.knots.items()}
        definitions = dict(self.definitions)
        return {"format": _FORMAT, "knots": knots, "definitions": definitions, "half_life_days": self.half_life_days}

    def save(self, path: str | Path) -> None:
        """Write the reference as JSON, whole or not at all."""
        content = self._content() | {"made": dict(self.made), "hash": self.hash}
        with write_whole(path) as file:
            file.write(json.dumps(content, indent=2).encode() + b"\n")

    @classmethod
    def load(cls, path: str | Path) -> Reference:
        """Read a reference that :meth:`save` wrote.

        Parameters
        ----------
        path : str or Path
            A file, or a name of :func:`~swayrank.scoring.references.list_references`; for a file of such a name, give
            "./name".

        Raises
        ------
        InputError
            If the file is absent, is no reference, was written by another format's version, or was edited.
        """
        try:
            content = json.loads(_file_of(path).read_text(encoding="utf-8"))
            if content["format"] != _FORMAT:
                raise InputError(
                    f"the reference is written as {content['format']!r}, and this swayrank reads {_FORMAT!r}: make a "
                    f"new one with --new-reference",
                    file=str(path),
                )
            knots = {
                part: Knots(float(k["median"]), float(k["tail"]), float(k["top"]))
                for part, k in content["knots"].items()
            }
            made = dict(content.get("made", {}))
            reference = cls(knots, dict(content["definitions"]), float(content["half_life_days"]), made)
        except FileNotFoundError:
            names = ", ".join(sorted(file.stem for file in SHIPPED.glob("*.json")))
            raise InputError(
                f"there is no such reference file, nor one shipped by that name (they are: {names})", file=str(path)
            ) from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"this is no swayrank reference ({error})", file=str(path)) from None
        if reference.hash != content.get("hash") or any(not 0 < k.median < k.tail < k.top for k in knots.values()):
            raise InputError("the reference was edited: its hash does not match; make a new one", file=str(path))
        return reference

    def check_covers(self, definitions: Mapping[str, str]) -> None:
        """Raise unless this reference has the knots of every part in `definitions`, measured in the same way."""
        for part, definition in definitions.items():
            if self.definitions.get(part) != definition:
                raise ParameterError(
                    f"reference must hold the part {part!r} measured as {definition!r}, it has "
                    f"{self.definitions.get(part)!r}; score with the parameters of the reference, or make a new one"
                )


def _file_of(path: str | Path) -> Path:
    """The file of a reference: a shipped one where a bare name says so."""
    shipped = SHIPPED / f"{path}.json"
    return shipped if isinstance(path, str) and path.isidentifier() and shipped.is_file() else Path(path)
