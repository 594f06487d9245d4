"""What stands beside a run in its report: earlier runs, suggested seeds, and a backtest, told where it loses first."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from swayrank.events.columns import as_us
from swayrank.overview.ties import told_of
from swayrank.report.document import (
    NOTHING,
    ONE,
    THREE,
    Between,
    Block,
    Cell,
    Columns,
    Line,
    Name,
    Number,
    Points,
    Range,
    Section,
    Table,
    Text,
    Trend,
    joined,
)
from swayrank.report.facts import Facts, past_rows, spread_model
from swayrank.report.seed_files import Goal
from swayrank.scoring.history import HistoryRow
from swayrank.scoring.telling import counted, listed

_MOST_TICKS = 10
_METRICS = {
    "spearman": "the whole order (Spearman)",
    "ndcg": "the order at the top (NDCG{})",
    "precision": "finding the top accounts (precision{})",
}

_RANKINGS = {
    "followers": ("number of followers", ""),
    "past_reposts": ("reposts so far", "how often posts of an account were reposted before the split"),
    "past_engagement": ("reactions so far", "how many reactions of any kind an account got before the split"),
    "h_index": ("h-index of posts", "the highest h for which an account has h posts with h reposts or more each"),
    "pagerank": ("PageRank", "followers count for more, the more they are followed themselves"),
    "random": ("chance", "an order by lot"),
}

# -- earlier runs ------------------------------------------------------------------------------------------------------


def past_section(facts: Facts) -> Section | None:
    """The first accounts in the runs of this scale that are kept beside this one."""
    by_account = past_rows(facts)
    if not by_account:
        return None
    times = [row.time for row in next(iter(by_account.values()))]
    names = [
        f"run of {time[:10]}" if time[:10] != times[k - 1][:10] or not k else f"run of {time[:16]}"
        for k, time in enumerate(times)
    ]
    rows: list[tuple[Cell, ...]] = []
    ends = [x for row in by_account.values() for one in row for x in (one.score, one.score_low) if x is not None]
    least = 5.0 * math.floor(min(ends, default=0.0) / 5)
    for account, row in by_account.items():
        scores = [one.score for one in row]
        last, before = row[-1], row[-2]
        change = None if last.score is None or before.score is None else last.score - before.score
        drawn = _trend(row, least)
        rows.append((Name(account), drawn, *(Number(score, ONE) for score in scores), Number(change, "+,.1f")))
    caption = (
        "Scores of the first accounts, run by run, by the time of the data; all on one scale. Bars are intervals, and "
        "lines lead from run to run"
    )
    told = Text(
        "Not every change is news, and only windows of one length compare: the command swayrank history tells which "
        "changes are more than chance."
    )
    headings = ("account", f"drawn on {least:.0f} to 100", *names, "change since")
    return Section("past", "How it changed", (told, Table(caption, headings, tuple(rows))))


def _trend(rows: list[HistoryRow], least: float) -> Trend:
    """A line over the runs, by their times."""
    at = [as_us(row.time) for row in rows]
    first, span = min(at), max(at) - min(at)
    points = tuple(
        ((us - first) / span if span else 0.5, row.score, row.score_low, row.score_high)
        for us, row in zip(at, rows, strict=True)
        if row.score is not None
    )
    return Trend(points, least, 100.0)


# -- seeds -------------------------------------------------------------------------------------------------------------


def seeds_section(facts: Facts) -> Section | None:
    """Whom to start with, what each adds, and how that differs from taking the highest scores."""
    seeds = facts.seeds
    if not seeds:
        return None
    scores = facts.scores
    by_account = {str(scores.ids[k]): int(scores.rank[k]) for k in range(scores.n_scored)}
    ranks = [by_account.get(seed.account) for seed in seeds]
    among = sum(1 for rank in ranks if rank is not None and rank <= len(seeds))
    unknown = sum(1 for rank in ranks if rank is None)
    many = f"{among:,}" if among else "None"
    lines: list[Line] = [
        *_for_the_goal(facts.goal),
        f"Together they are expected to reach {facts.goal.spread or seeds[-1].together:,.0f} accounts, themselves "
        f"included{_ends(facts.goal.interval)}, by the model that they were chosen under.",
        *_model_told(facts),
        *_how_good(facts.goal),
        f"{many} of them {'is' if among == 1 else 'are'} among the {len(seeds):,} highest scores: seeds are chosen "
        "to reach different people, so that a high score beside a higher one of the same circle adds little.",
    ]
    if unknown:
        lines.append(
            f"{counted(unknown, 'seed')} of the file {'has' if unknown == 1 else 'have'} no score in this run."
        )
    rows = tuple(
        (Number(k), Name(seed.account), Number(seed.adds, ONE), Number(seed.together, ONE),
         Number(rank))
        for k, (seed, rank) in enumerate(zip(seeds, ranks, strict=True), start=1)
    )  # fmt: skip
    headings = ("seed", "account", "adds", "all so far", "rank by score")
    table = Table(
        "Seeds in the order in which they were chosen: accounts that they are expected to reach", headings, rows
    )
    heights = tuple((max(0.0, seed.together - seed.adds), max(0.0, seed.adds)) for seed in seeds)
    every = max(1, math.ceil(len(seeds) / _MOST_TICKS))
    ticks = tuple(((k + 0.5) / len(seeds), str(k + 1)) for k in range(0, len(seeds), every))
    chart = Columns(table, heights, ticks, "number of seeds; the coloured part is what the last one adds")
    return Section("seeds", "Suggested seeds", (Points(tuple(lines)), chart))


def seeds_elsewhere(facts: Facts) -> str:
    """How many of the seeds do not occur in the run, which then were chosen on other data."""
    strange = sum(1 for seed in facts.seeds if seed.account not in facts.scores.ids)
    if not strange:
        return ""
    return (
        f"; {strange:,} of them {'is' if strange == 1 else 'are'} not in this run, so that they were chosen on other "
        "data, and the number holds for those"
    )


def _for_the_goal(goal: Goal) -> list[Line]:
    return [("The goal: ", Name(goal.words), ".")] if goal.words else []


def _model_told(facts: Facts) -> list[Line]:
    """Under which model seeds were chosen, and whether the cards' reach is of another."""
    goal, lines = facts.goal, list[Line]()
    if goal.model:
        # A line of ours, or a name that the file gives.
        model = told_of(facts.scores.ties, goal.model) if type(goal.model) is str else goal.model
        lines.append(("The model is ", *joined([model]), "."))
    if goal.scaled:
        lines.append(
            "What each adds is brought to the scale of that reach: an earlier version wrote the file, and told it "
            "as it was on the samples of the choice, which flatter it."
        )
    own = spread_model(facts)
    if own is None or own[0] == goal.chances:
        return lines
    another = (
        "comes from another model" if goal.model else "may come from another model than these, which do not say theirs"
    )
    lines.append(
        f"What the cards expect a post of an account to reach {another} (Independent Cascade, {own[1]}) and leaves the "
        "account itself out: do not hold the two figures against each other."
    )
    return lines


def _ends(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f" (95% interval {interval[0]:,.0f} to {interval[1]:,.0f})"


def _how_good(goal: Goal) -> list[Line]:
    """What the choice is worth beside the best there could be, and what it costs."""
    lines: list[Line] = []
    if goal.upper_bound is not None:
        lines.append(f"No choice of as many reaches more than {goal.upper_bound:,.0f}: {goal.guarantee}.")
    elif goal.guarantee:
        lines.append(f"How good the choice is: {goal.guarantee}.")
    if goal.cost is not None:
        within = "" if goal.budget is None else f" of a budget of {goal.budget:,.2f}"
        each = f", {goal.cost / goal.spread:,.2f} for each account reached" if goal.spread else ""
        lines.append(f"They cost {goal.cost:,.2f}{within}{each}.")
    return lines


# -- the backtest ------------------------------------------------------------------------------------------------------


def lost(found: Mapping[str, Any]) -> list[Line]:
    """The rankings that the score is behind by more than chance, by how much and in what; the largest gap first."""
    worse = sorted((one for one in found["ahead"] if one["verdict"] == "worse"), key=lambda one: one["ahead"])
    gaps: dict[str, list[str]] = {}
    for one in worse:
        gaps.setdefault(one["measure"], []).append(f"by {-one['ahead']:.3f} in {_metric(one['metric'])}")
    return [(*_ranking(found, name), f", {listed(words)}") for name, words in gaps.items()]


def _ranking(found: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """What a ranking is called by people; others than the usual by their own names."""
    if name == next(iter(found["figures"]), None):
        return "the score (", Name(name), ")"
    return (_RANKINGS[name][0],) if name in _RANKINGS else (Name(name),)


def _rankings_told(found: Mapping[str, Any]) -> list[Line]:
    """What the usual rankings are, of those that were compared."""
    told = [f"{word} ({what})" for name, (word, what) in _RANKINGS.items() if name in found["figures"] and what]
    return [f"Compared are, among others, {listed(told)}."] if told else []


def _metric(name: str) -> str:
    """What a metric is called by people."""
    first, _, depth = name.partition("_at_")
    return _METRICS[first].format(f", first {depth}" if depth else "") if first in _METRICS else name


def foreign_data(facts: Facts) -> list[Line]:
    """A warning where the backtest is of other data than the run, or does not say of which."""
    if facts.backtest is None:
        return []
    other = facts.foreign
    if other is None:
        return ["The backtest does not say of which data it is: whether it speaks of this run cannot be told."]
    if not other:
        return []
    return [
        f"WARNING: the backtest was made of other data than this run ({listed(other)} differ by their hashes): it says "
        "nothing sure about this ranking. Repeat it with the files of this run."
    ]


def backtest_section(facts: Facts) -> Section | None:
    """How well the score foretold what came, against what it has to beat."""
    found = facts.backtest
    if found is None:
        return None
    score = next(iter(found["figures"]), "the score")
    outcome = str(found["params"]["outcome"]).replace("_", " ")
    intro = (
        "Everything before a moment was scored, and the ranking held against ",
        Name(outcome),
        " that accounts got after it. Other rankings, most of them simple counts, had the same data.",
    )
    blocks: list[Block] = [
        Text(intro),
        Points((*foreign_data(facts), *_verdicts(found, score), *_rankings_told(found))),
    ]
    blocks += [_ranking_table(found, metric) for metric in _metrics(found)]
    return Section("backtest", "Held against what came later", (*blocks, _splits(found)))


def _verdicts(found: Mapping[str, Any], score: str) -> list[Line]:
    lines: list[Line] = []
    worse = lost(found)
    if not found["params"]["n_replicates"]:
        return ["No intervals were drawn, so no difference below can be told from chance."]
    lines += [("The score (", Name(score), ") LOSES to ", *joined(worse, "; to "), ".")] if worse else []
    lines += _grouped(found, "better", "It is ahead of ")
    lines += _grouped(found, "not to be told apart", "Not to be told apart from ")
    lines += [] if worse else ["It loses to none of the rankings by more than chance."]
    lines += [
        (
            *_ranking(found, name),
            " may have seen the future, or knows something from elsewhere: its figures prove nothing.",
        )
        for name in found["suspects"]
    ]
    return lines


def _grouped(found: Mapping[str, Any], verdict: str, opening: str) -> list[Line]:
    """One line for each metric at which there is such a verdict."""
    by_metric: dict[str, list[Line]] = {}
    for one in found["ahead"]:
        if one["verdict"] == verdict:
            by_metric.setdefault(one["metric"], []).append(_ranking(found, one["measure"]))
    return [(opening, *joined(names), f" in {_metric(metric)}.") for metric, names in by_metric.items()]


def _metrics(found: Mapping[str, Any]) -> list[str]:
    """The metrics that the words are about, of those that the file has."""
    first: Mapping[str, Any] = next(iter(found["figures"].values()), {})
    return [name for name in first if name.partition("_at_")[0] in _METRICS]


def _ranking_table(found: Mapping[str, Any], metric: str) -> Table:
    """Every ranking's figure at one metric, the highest first."""
    figures = [(name, of.get(metric, [None] * 3)) for name, of in found["figures"].items()]
    figures.sort(key=lambda one: -math.inf if one[1][0] is None else one[1][0], reverse=True)
    score = next(iter(found["figures"]), "")
    least = min(0.0, *(x for _, ends in figures for x in ends if x is not None), 0.0)
    rows: list[tuple[Cell, ...]] = []
    for name, (value, low, high) in figures:
        drawn: Cell = NOTHING if value is None else Range(value, low, high, least, 1.0, strong=name == score)
        rows.append((_ranking(found, name), drawn, Number(value, THREE), Between(low, high, THREE)))
    confidence = found["params"]["confidence"]
    what = _metric(metric)
    caption = (
        f"{what[:1].upper()}{what[1:]}: every ranking; the score is drawn in colour, and 1 is the best there can be"
    )
    return Table(
        caption, ("ranking", f"drawn on {least:.2g} to 1", "figure", f"{confidence:.0%} interval"), tuple(rows)
    )


def _splits(found: Mapping[str, Any]) -> Table:
    rows = tuple(
        (str(fold.get("split") or "outcome given")[:16], str(fold.get("end") or "-")[:16], Number(fold["n_accounts"]),
         Number(fold["n_scored"]), Number(fold["n_with_outcome"]))
        for fold in found["folds"]
    )  # fmt: skip
    headings = ("split", "future until", "accounts", "scored", "with an outcome")
    return Table("Where the past ended, and of how many accounts the future is known", headings, rows)
