"""The benchmarks' kept results: whole, and what README.md says of them is what they say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("benchmarks")

from benchmarks import harness, table

RESULTS = sorted(harness.RESULTS.glob("*.json"))


def test_table_in_readme_is_that_of_the_kept_results():
    assert table.written() == table.render(harness.RESULTS)


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_kept_results_say_what_they_are_of(path: Path):
    result = json.loads(path.read_text(encoding="utf-8"))
    assert result["benchmark"] == path.stem
    assert not result["quick"]
    assert result["machine"]["cores"] >= 1
    assert result["versions"]["swayrank"] != "absent"
    for case in result["cases"].values():
        assert len(case["input"]["sha256"]) == 16
        ours = case["contenders"][harness.OURS]
        assert ours["ratio"] == 1
        assert all(row["repeats_s"] for row in case["contenders"].values())


@pytest.mark.parametrize(
    ("value", "at_most", "met"), [(2.0, False, True), (1.9, False, False), (2.0, True, True), (2.1, True, False)]
)
def test_bar_is_met_at_its_limit_and_not_beyond(value, at_most, met):
    assert harness.Bar("", value, 2.0, at_most=at_most).met is met


def test_contenders_alternate_and_wrong_answers_stop_the_run():
    order = []

    def contender(name, answer):
        return harness.Contender(name, lambda data: lambda: order.append(name) or answer)

    def check(data, name, result):
        assert result == data, f"{name} is wrong"
        return {"seen": True}

    def case(other):
        contenders = [contender(harness.OURS, 7), contender("peer", other)]
        return harness.Case("case", lambda: 7, contenders, check, lambda data: {}, rounds=3)

    result = harness.run_case(None, case(7), quick=False)
    assert order == [harness.OURS, "peer"] * 3
    assert [len(row["repeats_s"]) for row in result["contenders"].values()] == [3, 3]
    assert result["contenders"]["peer"]["seen"]
    with pytest.raises(AssertionError, match="peer is wrong"):
        harness.run_case(None, case(8), quick=False)
