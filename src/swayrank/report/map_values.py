"""What dots of a map are sized and coloured by beside score and community: a measure, or numbers of the caller's own.

Numbers go by account, never by where a dot happens to be drawn. Colours run over viridis, whose lightness alone tells
its order, so that colour-blind people read it too, less the end that the paper swallows; it has no grey, which stands
for no number, and the highest stand out most. Where a few tower above the rest, the scale is logarithmic, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank.errors import ParameterError
from swayrank.ids import Ids
from swayrank.measures._measure import Measure
from swayrank.measures.community.detect import Communities
from swayrank.overview.backbone import Backbone, colours
from swayrank.report.canvas import DARK, Theme, number, plotly, safe
from swayrank.report.measures import words

Floats = npt.NDArray[np.float64]

_ON_WHITE = ("#9bd93c", "#3bbb75", "#20928c", "#306a8e", "#443a83", "#440154")
_ON_BLACK = ("#3b528b", "#2a788e", "#1e9c89", "#44bf70", "#9bd93c", "#fde725")
_ABSENT = np.uint32(2**32 - 1)
_TOWERS = 10.0  # times the median, from where the highest makes a scale of colours logarithmic
_MOST_LABELS = 200
_ELSE = {"size": "", "color": "; a colour, one for each account, or Communities"}


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
            f"{what} must be a Measure, or one number for each account as an array or a mapping{_ELSE[what]}, "
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


def labelled(labels: Any, shown: Backbone, ids: Ids | None, highest: Iterable[int]) -> dict[int, str]:
    """Where the accounts stand among those shown that the caller wants to be named, and the text for each.

    Raises
    ------
    ParameterError
        If it is neither True or False, nor a list of at most 200 accounts or a mapping of so many to their texts, or
        one of them is not shown.
    UnknownAccountError
        If nobody bears one of the names.
    """
    if isinstance(labels, bool | np.bool_):
        return {i: str(shown.accounts[i]) for i in list(highest)[:_MOST_LABELS]} if labels else {}
    if isinstance(labels, str | bytes) or not isinstance(labels, Iterable):
        raise ParameterError(
            f"labels must be a list of accounts to name, a mapping of accounts to texts, or True or False, "
            f"got a {type(labels).__name__}"
        )
    texts = {str(name): str(text) for name, text in labels.items()} if isinstance(labels, Mapping) else {}
    wanted = list(texts) or list(dict.fromkeys(map(str, labels)))
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
    return {places[name]: texts.get(name, name) for name in wanted}


# -- colours and places as given ---------------------------------------------------------------------------------------


def given_colours(given: Any, shown: Backbone, ids: Ids | None) -> list[str] | None:
    """One colour for each account shown, where `given` is a colour, or a list or mapping of colours; else None.

    Raises
    ------
    ParameterError
        If a text is no colour, or there are not as many as accounts.
    UnknownAccountError
        If a mapping names an account that is not there.
    """
    if isinstance(given, str):
        return [_colour(given)] * len(shown)
    if hasattr(given, "to_dict") and hasattr(given, "index"):
        given = given.to_dict()
    if isinstance(given, Mapping):
        if not given or not all(isinstance(value, str) for value in given.values()):
            return None
        if ids is not None:
            ids.positions(list(given))
        by_name = {str(account): _colour(value) for account, value in given.items()}
        return [by_name.get(str(account), "#9a9a9a") for account in shown.accounts]
    if not isinstance(given, list | tuple | np.ndarray) or not len(given) or not isinstance(given[0], str):
        return None
    n = shown.n_nodes if ids is None else len(ids)
    if len(given) != n:
        raise ParameterError(f"color must have {n:,} colours, one per account, got {len(given):,}")
    known = {value: _colour(value) for value in set(given)}
    return [known[given[int(i)]] for i in _rows_of(shown, ids)]


def _colour(text: Any) -> str:
    """A colour as plotly and pages know it."""
    found = str(text).lower().replace(" ", "")
    try:
        if found.startswith("hs"):
            raise ValueError  # plotly knows hsl() and hsv(), matplotlib does not
        plotly().scatter.Marker(color=found)
    except ValueError:
        raise ParameterError(
            f'color must be a colour as pages know it ("red", "#d55e00", "rgb(213,94,0)"), or a measure or numbers, '
            f"got {text!r}"
        ) from None
    return found


def _rows_of(shown: Backbone, ids: Ids | None) -> npt.NDArray[np.int64]:
    """Where the accounts shown stand in arrays of the caller's."""
    if ids is None:
        return shown.nodes
    return ids.positions(shown.accounts).astype(np.int64) if len(shown) else shown.nodes[:0]


def grouped_by(found: Communities, shown: Backbone) -> Backbone:
    """The same map in the colours of these communities.

    Raises
    ------
    ParameterError
        If they are those of another graph's accounts.
    """
    at = found.ids.positions(shown.accounts, missing="sentinel") if len(shown) else np.empty(0, np.uint32)
    absent = np.flatnonzero(at == _ABSENT)
    if absent.size:
        raise ParameterError(
            f"color must be communities of the accounts on the map, and {str(shown.accounts[absent[0]])!r} is in none"
        )
    community = found.of[at]
    colour, coloured = colours(community)
    return replace(shown, community=community, colour=colour, coloured=coloured, n_communities=len(found))


def placed_at(pos: Any, shown: Backbone, ids: Ids | None) -> Backbone:
    """The same map with its accounts where the caller wants them, the wider side from -1 to 1.

    Raises
    ------
    ParameterError
        If it is neither a mapping of every account shown to (x, y), nor an array of one (x, y) per account; or a number
        is not finite.
    """
    if isinstance(pos, Mapping):
        by_name = {str(account): place for account, place in pos.items()}
        absent = [str(account) for account in shown.accounts if str(account) not in by_name]
        if absent:
            raise ParameterError(f"pos must have a place for every account on the map, and {absent[0]!r} has none")
        places = _places([by_name[str(account)] for account in shown.accounts], len(shown))
    else:
        n = shown.n_nodes if ids is None else len(ids)
        places = _places(pos, n)[_rows_of(shown, ids)]
    if not np.isfinite(places).all():
        raise ParameterError("pos must hold finite numbers, got one that is not")
    low, high = places.min(axis=0, initial=np.inf), places.max(axis=0, initial=-np.inf)
    half = float((high - low).max()) / 2 if len(shown) else 0.0
    centred = (places - (low + high) / 2) / (half if half > 0 else 1.0) if len(shown) else places
    return replace(shown, places=centred.astype(np.float32))


def _places(given: Any, n: int) -> Floats:
    try:
        found = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        found = np.empty(0)
    if found.shape != (n, 2) and n:
        raise ParameterError(
            f"pos must be a mapping of accounts to (x, y), or an array of the shape ({n:,}, 2), one row per account, "
            f"got {'the shape ' + str(found.shape) if found.size else f'a {type(given).__name__}'}"
        )
    return found.reshape(n, 2)
