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
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank.errors import FolderError, InputError, ParameterError
from swayrank.results import current_run, write_whole

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
            A file; the folder of a run, or of runs, whose reference is taken; or a name of
            :func:`~swayrank.scoring.references.list_references`: for a file of such a name, give "./name".

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
            own = self.definitions.get(part)
            if own is None:
                raise ParameterError(
                    f"reference must hold the part {part!r}, it holds {', '.join(self.definitions)}: it was made of "
                    f"{_kind(self.definitions)}; weigh only parts that it holds (profile), or make a new one"
                )
            if own != definition:
                raise ParameterError(_mismatch(part, own, definition))


_HALF_LIFE = re.compile(r"half-life (\S+) days")
_WEIGHTS = re.compile(r"weights ((?:\S+=[^\s,]+ ?)+)")
_KINDS = {
    "from counts per post": "a table of posts",
    "followers as stated": "a table of posts",
    "one over the number that they follow": "a follow graph alone",
    "over the number they follow": "a follow graph and a log",
    "decayed engagement with it": "a log without a follow graph",
    "expected spread": "a graph",
    "reactions received": "a log",
}


def _kind(definitions: Mapping[str, str]) -> str:
    """Of what kind of data parts with these definitions were measured."""
    found = (next((kind for words, kind in _KINDS.items() if words in text), "") for text in definitions.values())
    return " and ".join(dict.fromkeys(kind for kind in found if kind)) or "other data"


def _mismatch(part: str, own: str, definition: str) -> str:
    """In what a part was measured otherwise, and what to do about it."""
    kinds = _kind({part: own}), _kind({part: definition})
    if kinds[0] != kinds[1]:
        return (
            f"reference must be of the same kind of data: its {part} was measured on {kinds[0]}, and here it is on "
            f"{kinds[1]}; take a reference made of {kinds[1]}, or none (--new-reference saves this data's own)"
        )
    days = _HALF_LIFE.search(own), _HALF_LIFE.search(definition)
    if days[0] and days[1] and days[0][1] != days[1][1]:
        return (
            f"the reference was made with a half-life of {days[0][1]} days, and {days[1][1]} are given, under which "
            f"resonance is another figure: leave --half-life (half_life_days) out, or make a new reference"
        )
    weights = _WEIGHTS.search(own), _WEIGHTS.search(definition)
    if weights[0] and weights[1] and (told := _differing(weights[0][1], weights[1][1])):
        return (
            f"the reference was made with other action weights ({told[0]}; here {told[1]}), under which {part} is "
            f"another figure: score with action_weights of the reference, or make a new one"
        )
    return (
        f"reference must hold the part {part!r} measured as {definition!r}, it has {own!r}; score with the parameters "
        f"of the reference, or make a new one"
    )


def _differing(own: str, given: str) -> tuple[str, str] | None:
    """The weights that differ, of either side."""
    sides = own.split(), given.split()
    apart = [[weight for weight in one if weight not in other] for one, other in (sides, sides[::-1])]
    return (" ".join(apart[0]) or "none", " ".join(apart[1]) or "none") if any(apart) else None


def _file_of(path: str | Path) -> Path:
    """The file of a reference: a shipped one where a bare name says so, a run's where a folder is named."""
    shipped = SHIPPED / f"{path}.json"
    if isinstance(path, str) and path.isidentifier() and shipped.is_file():
        return shipped
    if not Path(path).is_dir():
        return Path(path)
    try:
        return current_run(path) / "reference.json"
    except FolderError as error:
        raise InputError(f"a reference is a file, and this is a folder ({error})", file=str(path)) from None
