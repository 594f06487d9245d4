"""The ceiling: a model that may use every part and baseline as it likes, and need not be explained.

The expected outcome is ``exp(linear(x)) * trees(x)``: Poisson regression (outcomes are counts), times what gradient
boosting (scikit-learn's histogram trees) adds to it; x are the logarithms of the parts' raw figures and of the
baselines, each relative to its highest of the day, since logs grow, and trees alone cannot tell apart what lies beyond
all that they have seen. How far it is ahead of the best weighted mean is the price of a score that adds up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._extras import absent
from swayrank._rng import Key
from swayrank.validation.rankings import Known

Floats = npt.NDArray[np.float64]
_RIDGE, _STEPS, _LEAST = 1e-6, 1000, 1e-6
_TREES, _LEAVES, _FEWEST_IN_LEAF, _RATE, _PENALTY = 100, 8, 50, 0.05, 10.0


class FreeModel:
    """A fitted model; made by :func:`fit_free_model`."""

    def __init__(self, linear: Any, trees: Any, names: Sequence[str]) -> None:
        self._linear, self._trees, self._names = linear, trees, tuple(names)

    def predict(self, known: Known) -> Floats:
        """What it expects of every account, up to a factor."""
        x = _features(known, self._names)
        expected: Floats = self._linear.predict(np.nan_to_num(x)) * self._trees.predict(x)
        return expected


def fit_free_model(data: Sequence[tuple[Known, Floats, npt.NDArray[np.bool_]]], key: Key) -> FreeModel:
    """Fit on what was known, what came, and which accounts are looked at, of one or more splits.

    Raises
    ------
    MissingDependencyError
        If scikit-learn is not installed.
    """
    try:
        from sklearn.ensemble import HistGradientBoostingRegressor
        from sklearn.linear_model import PoissonRegressor
    except ModuleNotFoundError as missing:
        raise absent("the free model", "sklearn") from missing
    names = [name for name in (*data[0][0].raw, *data[0][0].baselines) if name != "random"]
    names = [name for name in names if all(name in known.raw or name in known.baselines for known, _, _ in data)]
    x = np.concatenate([_features(known, names)[there] for known, _, there in data])
    y = np.concatenate([truth[there] / max(1e-300, float(truth[there].mean())) for _, truth, there in data])
    linear = PoissonRegressor(alpha=_RIDGE, max_iter=_STEPS).fit(np.nan_to_num(x), y)
    expected = np.maximum(linear.predict(np.nan_to_num(x)), _LEAST)
    trees = HistGradientBoostingRegressor(
        loss="poisson", max_iter=_TREES, max_leaf_nodes=_LEAVES, min_samples_leaf=_FEWEST_IN_LEAF,
        learning_rate=_RATE, l2_regularization=_PENALTY, early_stopping=False, random_state=key.low % 2**32,
    )  # fmt: skip
    return FreeModel(linear, trees.fit(x, y / expected, sample_weight=expected), names)


def _features(known: Known, names: Sequence[str]) -> Floats:
    columns = {**known.baselines, **known.raw}
    logs = [np.log1p(columns[name]) for name in names]
    return np.stack([log / max(1e-300, float(np.nanmax(log, initial=0.0))) for log in logs], axis=1)
