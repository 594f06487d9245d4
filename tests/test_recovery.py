"""The score finds a town's truth better than any single measure does, over several towns, with intervals."""

import numpy as np
import pytest
from benchmarks import recovery
from benchmarks.harness import OURS


@pytest.fixture(scope="module")
def found():
    return recovery.differences(recovery.recovery(1500, range(201, 209)))


def test_every_measure_is_in_the_race(found):
    assert len(found) >= 29
    assert all(np.isfinite(mean).all() for mean, _, _ in found.values())


def test_the_order_of_all_accounts_is_found_better_than_by_any_measure(found):
    """Spearman: the interval of the lead over each single measure lies above zero."""
    for name, (_, ahead, half) in found.items():
        if name != OURS:
            assert ahead[1] - half[1] > 0, (name, ahead[1], half[1])


def test_the_top_is_found_better_than_by_any_other_measure(found):
    """NDCG at 100: ahead of every measure but two that it does not differ from: its largest part, and engagers."""
    alike = ("resonance", "distinct_engagers")
    for name, (_, ahead, half) in found.items():
        if name not in (OURS, *alike):
            assert ahead[0] > 0, (name, ahead[0], half[0])
    for name in alike:
        assert abs(found[name][1][0]) < 0.02, name


def test_coverage_counts_what_it_says():
    inside = recovery._within((np.array([1.0, 2.0]), np.array([2.0, 3.0])), np.array([1.5, 3.5]))
    assert inside.tolist() == [True, False]
