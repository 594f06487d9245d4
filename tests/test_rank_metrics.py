"""How well rankings agree, against SciPy and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from swayrank.scoring.metrics import spearman


@pytest.mark.parametrize("n", [2, 3, 10, 500])
@pytest.mark.parametrize("kinds", [2, 7, 10**9])
def test_spearman_is_scipys(n, kinds):
    draw = np.random.default_rng(n + kinds)
    for _ in range(20):
        values, truth = draw.integers(0, kinds, n).astype(float), draw.integers(0, kinds, n).astype(float)
        values[0], values[-1], truth[0], truth[-1] = 0, 1, 1, 0  # never all tied
        assert spearman(values, truth) == pytest.approx(spearmanr(values, truth).statistic, abs=1e-12)


def test_nan_is_lowest_and_all_tied_is_nan():
    values, truth = np.array([np.nan, 1.0, 2.0, np.nan]), np.array([5.0, 1.0, 2.0, 9.0])
    assert spearman(values, truth) == spearman(np.array([-9.0, 1.0, 2.0, -9.0]), truth)
    assert np.isnan(spearman(np.ones(4), truth))
    assert np.isnan(spearman(np.empty(0), np.empty(0)))


@pytest.mark.parametrize("falling", [False, True])
def test_what_is_sorted_already_gives_the_same(falling):
    draw = np.random.default_rng(3)
    for n in (2, 9, 400):
        values, truth = draw.integers(0, n // 2 + 2, n).astype(float), draw.normal(size=n)
        sign = -1 if falling else 1
        orders = np.argsort(sign * values, kind="stable"), np.argsort(sign * truth, kind="stable")
        assert spearman(values, truth, orders=orders) == pytest.approx(spearman(values, truth), abs=1e-12)


def test_positions_that_are_in_no_order_do_not_count():
    values = np.array([4.0, np.nan, 2.0, 3.0, 3.0, np.nan])
    truth = np.array([9.0, 8.0, 7.0, 6.0, 5.0, 4.0])
    some = np.array([0, 2, 3, 4])
    order = some[np.argsort(-values[some], kind="stable")]
    assert spearman(values, truth, orders=(order, some)) == pytest.approx(spearman(values[some], truth[some]))
