"""Profiles: published weights of the parts, one set for each question that people ask."""

from __future__ import annotations

import math
from collections.abc import Mapping

from swayrank._validate import Interval
from swayrank.errors import ParameterError

_WEIGHT = Interval(0, math.inf, "[)")
PARTS = ("reach", "resonance", "spread")

PROFILES: dict[str, dict[str, float]] = {
    "balanced": {"reach": 0.20, "resonance": 0.60, "spread": 0.20},
    "reach": {"reach": 0.70, "resonance": 0.10, "spread": 0.20},
    "campaign": {"reach": 0.10, "resonance": 0.50, "spread": 0.40},
    "superspreader": {"reach": 0.05, "resonance": 0.75, "spread": 0.20},
}
"""`balanced`: no question in particular; what people do weighs most, since being followed is not being heeded.
`reach`: who is seen. `campaign`: whom to ask so that a message travels.
`superspreader`: whose posts are passed on again and again."""


def resolve_weights(profile: str | Mapping[str, float]) -> dict[str, float]:
    """The weights of a profile's name, or your own, scaled to sum to one.

    Parameters
    ----------
    profile : str or mapping of str to float
        A name of :data:`PROFILES`, or weights by part: finite, not negative, not all zero. A part left out weighs 0.

    Returns
    -------
    dict of str to float
        A weight for each of :data:`PARTS`; they sum to 1.

    Raises
    ------
    ParameterError
        If the name or a part is unknown, or a weight is no such number.

    Examples
    --------
    >>> resolve_weights({"reach": 1, "spread": 3})
    {'reach': 0.25, 'resonance': 0.0, 'spread': 0.75}
    """
    if isinstance(profile, str):
        if profile not in PROFILES:
            raise ParameterError(f"profile must be one of {', '.join(PROFILES)} or your own weights, got {profile!r}")
        return dict(PROFILES[profile])
    if not isinstance(profile, Mapping):
        raise ParameterError(f"profile must be a name or weights by part, got {profile!r}")
    for part, weight in profile.items():
        if part not in PARTS:
            raise ParameterError(f"profile has weights for {', '.join(PARTS)}, got a weight for {part!r}")
        if not _WEIGHT.holds(weight):
            raise ParameterError(f"the weight of {part} must be a finite number >= 0, got {weight!r}")
    total = math.fsum(profile.values())
    if total <= 0:
        raise ParameterError("at least one part's weight must be above 0")
    return {part: float(profile.get(part, 0.0)) / total for part in PARTS}
