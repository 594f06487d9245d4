"""What dots of a map are sized and coloured by beside score and community: a measure, or numbers of the caller's own.

Numbers go by account, never by where a dot happens to be drawn. Colours run over viridis, whose lightness alone tells
its order, so that colour-blind people read it too, less the end that the paper swallows; it has no grey, which stands
for no number, and the highest stand out most. Where a few tower above the rest, the scale is logarithmic, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank.errors import ParameterError
from swayrank.ids import Ids
from swayrank.measures._measure import Measure
from swayrank.overview.backbone import Backbone
from swayrank.report.canvas import DARK, Theme, number, safe
from swayrank.report.measures import words

Floats = npt.NDArray[np.float64]

_ON_WHITE = ("#9bd93c", "#3bbb75", "#20928c", "#306a8e", "#443a83", "#440154")
_ON_BLACK = ("#3b528b", "#2a788e", "#1e9c89", "#44bf70", "#9bd93c", "#fde725")
_ABSENT = np.uint32(2**32 - 1)
_TOWERS = 10.0  # times the median, from where the highest makes a scale of colours logarithmic
_MOST_LABELS = 200


@dataclass(frozen=True)
class DotValues:
    """One number for each account shown, NaN where there is none.

    Attributes
    ----------
    what : {"size", "color"}
    name : str
        Of the measure; "" for numbers without a name.
    values : numpy.ndarray of float64
    """

    what: str
    name: str
    values: Floats

    @property
    def head(self) -> str:
        """The heading of their column in the table behind the map."""
        return f"{self.what}: {self.name}" if self.name else self.what

    @property
    def told(self) -> str:
        """What they are, in a sentence."""
        return self.name or f"{self.what} as given"


def dot_values(what: str, given: Any, shown: Backbone, ids: Ids | None) -> DotValues | None:
    """The numbers that `given` has for the accounts shown.

    Parameters
    ----------
    what : {"size", "color"}
    given : Measure, mapping of account to number, array with one number per account, or None
    shown : Backbone
    ids : Ids or None
        The accounts in the order of an array; None for a backbone's own, those of its graph.

    Raises
    ------
    ParameterError
        If it is no such thing, is of other accounts, or holds what cannot be shown.
    UnknownAccountError
        If a mapping names an account that is not there.
    """
    if given is None:
        return None
    if hasattr(given, "to_dict") and hasattr(given, "index"):
        given = given.to_dict()  # a pandas Series goes by its index
    name = ""
    if isinstance(given, Measure):
        name, values = words(given.name), _of_measure(what, given, shown)
    elif isinstance(given, Mapping):
        values = _of_mapping(what, given, shown, ids)
    else:
        values = _of_array(what, given, shown, ids)
    if np.isinf(values).any():
        raise ParameterError(f"{what} must hold finite numbers, or NaN where there is none, got an infinite one")
    if what == "size" and np.nanmin(values, initial=0.0) < 0:
        raise ParameterError(
            f"size is shown by areas, so no number may be below 0, got {np.nanmin(values):g}; color= can show it"
        )
    return DotValues(what, name, values)


def _numbers(what: str, given: Any) -> Floats:
    try:
        return np.asarray(given, np.float64)
    except (TypeError, ValueError):
        raise ParameterError(
            f"{what} must be a Measure, or one number for each account as an array or a mapping, "
            f"got {'text' if isinstance(given, str) else f'a {type(given).__name__}'}"
        ) from None


def _of_measure(what: str, given: Measure, shown: Backbone) -> Floats:
    at = given.ids.positions(shown.accounts, missing="sentinel") if len(shown) else np.empty(0, np.uint32)
    absent = np.flatnonzero(at == _ABSENT)
    if absent.size:
        raise ParameterError(
            f"{what} must be a measure of the accounts on the map, and {given.name} has no number for "
            f"{str(shown.accounts[absent[0]])!r}"
        )
    return given.values[at].astype(np.float64)


def _of_mapping(what: str, given: Mapping[Any, Any], shown: Backbone, ids: Ids | None) -> Floats:
    if ids is not None and given:
        ids.positions(list(given))  # raises at a name that nobody bears
    by_name = {str(account): value for account, value in given.items()}
    own = [by_name.get(str(account)) for account in shown.accounts]
    if len(shown) and all(value is None for value in own):
        raise ParameterError(f"{what} must name accounts of the map, and none of its {len(given):,} is among them")
    return _numbers(what, [np.nan if value is None else value for value in own])


def _of_array(what: str, given: Any, shown: Backbone, ids: Ids | None) -> Floats:
    values = _numbers(what, given)
    n = shown.n_nodes if ids is None else len(ids)
    if values.shape != (n,):
        raise ParameterError(f"{what} must have {n:,} numbers, one per account, got the shape {values.shape}")
    if ids is None:
        return values[shown.nodes]
    return values[ids.positions(shown.accounts)] if len(shown) else values[:0]


def colour_marks(coloured: DotValues, own: npt.NDArray[np.int64], look: Theme) -> dict[str, Any]:
    """Of a plotly marker, the colours of the accounts `own`, all of which have a number, and their colour bar."""
    known = coloured.values[own]
    low, high = float(known.min()), float(known.max())
    shades = _ON_BLACK if look is DARK else _ON_WHITE
    title = safe(coloured.name or "color", 60)
    bar: dict[str, Any] = {"thickness": 14, "outlinewidth": 0}
    if low > 0 and high > _TOWERS * float(np.median(known)):
        known, title = np.log10(known), f"{title} (logarithmic)"
        ticks = _log_ticks(low, high)
        bar |= {"tickvals": np.log10(ticks).tolist(), "ticktext": [number(tick) for tick in ticks]}
        low, high = float(known.min()), float(known.max())
    if low == high:
        bar |= {"tickvals": [low], "ticktext": [number(low)]}
        low, high = low - 0.5, high + 0.5
    return {
        "color": known, "cmin": low, "cmax": high, "showscale": True,
        "colorscale": [[k / (len(shades) - 1), shade] for k, shade in enumerate(shades)],
        "colorbar": {**bar, "title": {"text": title, "side": "right"}},
    }  # fmt: skip


def _log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten between two numbers; where these are few, their doubles and fivefolds, too."""
    tens = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    for steps in ((1.0,), (1.0, 2.0, 5.0)):
        ticks = np.sort(np.outer(tens, steps).ravel())
        ticks = ticks[(ticks >= low) & (ticks <= high)]
        if ticks.size >= 3:
            break
    return [float(f"{tick:.3g}") for tick in ticks]


def labelled(labels: Any, shown: Backbone, ids: Ids | None) -> list[int]:
    """Where the accounts stand among those shown that the caller wants to be named.

    Raises
    ------
    ParameterError
        If it is no list of at most 200 accounts, or one of them is not shown.
    UnknownAccountError
        If nobody bears one of the names.
    """
    if isinstance(labels, str | bytes) or not isinstance(labels, Iterable):
        raise ParameterError(f"labels must be a list of accounts to name, got a {type(labels).__name__}")
    wanted = list(dict.fromkeys(map(str, labels)))
    if len(wanted) > _MOST_LABELS:
        raise ParameterError(f"labels must name at most {_MOST_LABELS} accounts, got {len(wanted):,}")
    places = {str(account): k for k, account in enumerate(shown.accounts)}
    absent = [name for name in wanted if name not in places]
    if absent and ids is not None:
        ids.positions(absent)
    if absent:
        raise ParameterError(
            f"labels must be of accounts on the map, and {absent[0]!r} is not among the {len(shown):,} shown; "
            "raise max_nodes to show more"
        )
    return [places[name] for name in wanted]
