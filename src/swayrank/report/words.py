"""What a report says: a run in plain words, with the numbers in them, for somebody who was not there.

Nothing here is computed anew but counts, medians and shares of what the run keeps; a sentence whose figures the run
does not have is left out. Bad news stands where good news would: the summary names what is uncertain, what was refused,
and where the score loses.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from swayrank.overview.ties import told_of
from swayrank.report.cards import cards, places, roles_known
from swayrank.report.document import (
    NOTHING,
    ONE,
    PERCENT,
    THREE,
    WHOLE,
    Between,
    Block,
    Cell,
    Columns,
    Legend,
    Line,
    Name,
    Number,
    Points,
    Range,
    Report,
    Section,
    Stack,
    Table,
    Text,
    joined,
)
from swayrank.report.evidence import backtest_section, foreign_data, lost, past_section, seeds_elsewhere, seeds_section
from swayrank.report.facts import Facts
from swayrank.report.method import limits_section, method_section, provenance_section
from swayrank.report.sights import activity_section, communities_section, map_section
from swayrank.scoring.rows import rows_told
from swayrank.scoring.scores import INSUFFICIENT
from swayrank.scoring.table import beyond_note
from swayrank.scoring.telling import counted, listed, too_little

_BINS = 20
_QUANTILES = (
    ("lowest", 0.0),
    ("quarter below", 0.25),
    ("median", 0.5),
    ("tenth above", 0.9),
    ("hundredth above", 0.99),
)
_MARKED = ("median", "hundredth above")
_NAMED = 4
_NO_REFUSED = "No row was refused, and no part is missing for a scored account."
_NO_WARNING = "Every row of the files was used, and no part is missing for a scored account."


def report_of(facts: Facts, top: int) -> Report:
    """The whole report; `top` accounts are shown by name."""
    top = min(top, facts.scores.n_scored)
    made = str(facts.scores.manifest["created"])[:10]
    sections = [
        _summary(facts, top),
        _influencers(facts, top),
        _cards_section(facts, top),
        _sureness(facts, top),
        _distribution(facts),
        _weights(facts),
        map_section(facts),
        communities_section(facts, top),
        activity_section(facts),
        past_section(facts),
        seeds_section(facts),
        backtest_section(facts),
        _warnings(facts),
        method_section(facts),
        limits_section(facts),
        provenance_section(facts),
    ]
    counts = f"{len(facts.scores):,} accounts, {facts.scores.n_scored:,} of them scored"
    subtitle = f"{counts}; run {facts.scores.manifest['id']}, made on {made}"
    return Report("Who influences whom", subtitle, tuple(one for one in sections if one is not None))


# -- the summary -------------------------------------------------------------------------------------------------------


def _summary(facts: Facts, top: int) -> Section:
    lines: list[Line] = [*_first_lines(facts), *_firm(facts, top), *_concentration(facts), *_decides(facts)]
    lines += [*_data_lines(facts), *_beside(facts)]
    return Section("short", "In short", (Points(tuple(lines)),))


def _first_lines(facts: Facts) -> list[Line]:
    scores = facts.scores
    if not scores.n_scored:
        return [f"None of the {len(scores):,} accounts has enough data for a score."]
    sure = scores.intervals
    between = ""
    if sure is not None:
        low, high = sure.score[0][0], sure.score[1][0]
        ranks = places(int(sure.rank[0][0]), int(sure.rank[1][0]))
        between = "" if _no_chance(facts) else f" ({sure.confidence:.0%} interval {low:.1f} to {high:.1f}, {ranks})"
    if scores.n_scored == 1:
        between = "" if sure is None else f" ({sure.confidence:.0%} interval {low:.1f} to {high:.1f})"
        return [
            (Name(scores.ids[0]), f" is the only account that could be scored: {scores.score[0]:.1f} of 100{between}.")
        ]
    first: Line = (
        Name(scores.ids[0]),
        f" is the most influential of the {scores.n_scored:,} accounts that could be scored: {scores.score[0]:.1f} of "
        f"100{between}.",
    )
    rest: list[Line] = [
        (Name(scores.ids[k]), f" ({scores.score[k]:.1f})") for k in range(1, min(1 + _NAMED, scores.n_scored))
    ]
    return [first, ("Next come ", *joined(rest), ".")] if rest else [first]


def _firm(facts: Facts, top: int) -> list[Line]:
    """How many of the first are surely among the first, and who is least sure."""
    sure, n = facts.scores.intervals, facts.scores.n_scored
    depth = _depth(facts, top)
    if sure is None or top < 2 or n < 2:
        return []
    if chance := _no_chance(facts):
        return [f"How firm the order is: intervals cannot say. {chance}"]
    best, worst = sure.rank[0][:top].astype(int), sure.rank[1][:top].astype(int)
    opening, level = "How firm the order is:", f"at {sure.confidence:.0%}"
    if (best == worst).all():
        return [f"{opening} the places of the first {top:,} are certain {level}."]
    if n == top and (best == 1).all() and (worst == n).all():
        return [f"{opening} not at all. Each of the {n:,} accounts could have any place {level}."]
    k = int(np.argmax(worst - best))
    firm = f" {_stay(facts, depth)} {level}." if depth else ""
    return [
        (
            f"{opening}{firm} Least certain is ",
            Name(facts.scores.ids[k]),
            f": rank {facts.scores.rank[k]:,}, but anything from {best[k]:,} to {worst[k]:,} would be no surprise.",
        )
    ]


def _no_chance(facts: Facts) -> str:
    """What intervals are without, where no reactions vary in them; "" where some do."""
    sure = facts.scores.intervals
    varies = {} if sure is None else sure.varies
    if not varies or any(words.startswith("reactions") for words in varies.values()):
        return ""
    sampled = [name for name, words in varies.items() if not words.startswith("none")]
    only = f"the sampling of {listed(sampled)} alone" if sampled else "nothing"
    return told_of(
        facts.scores.ties,
        f"They cover {only}: follows and stated followers are counted in full, and how much they would differ another "
        "time is not known.",
    )


def _varying(varies: Mapping[str, str]) -> str:
    """What varies in the intervals, and what is counted in full."""
    moving = [f"{name} ({words})" for name, words in varies.items() if not words.startswith("none")]
    still = [name for name, words in varies.items() if words.startswith("none")]
    full = f"{listed(still)} {'is' if len(still) == 1 else 'are'} counted in full" if still else ""
    return f"What varies: {listed(moving) or 'nothing'}{f'; {full}' if full else ''}."


def _depth(facts: Facts, top: int) -> int:
    """Among how many of the first to stay says something: of few accounts, a third; 0 where there is no such number."""
    return top if top < facts.scores.n_scored else facts.scores.n_scored // 3


def _stay(facts: Facts, depth: int) -> str:
    """How many of the first are surely among the first."""
    sure = facts.scores.intervals
    firm = 0 if sure is None else int(np.count_nonzero(sure.rank[1][:depth] <= depth))
    if depth == 1:
        return f"the first {'stays' if firm else 'need not stay'} the first"
    return f"{firm:,} of the first {depth:,} stay among the first {depth:,}"


def _concentration(facts: Facts) -> list[Line]:
    scores = facts.scores
    figures = scores.raw.get("resonance")
    if figures is None or scores.n_scored < 100:
        return []
    given = np.nan_to_num(figures)  # of all: who has no score draws reactions, too
    first = max(1, scores.n_scored // 100)
    if not given.sum():
        return []
    share = given[:first].sum() / given.sum()
    return [
        f"The first {first:,} (one in a hundred of the scored) draw {share:.0%} of all reactions, as weighted here."
    ]


def _decides(facts: Facts) -> list[Line]:
    found = facts.sensitivity
    if found is None or not found.shifts:
        return []
    decides, least = found.dominance[0], min(found.shifts, key=lambda shift: shift.stay)
    change = (
        f"moving any weight by 0.1 changes none of the first {found.k:,}"
        if least.stay == found.k
        else f"moving a weight by 0.1 changes at most {found.k - least.stay:,} of the first {found.k:,}"
    )
    share = min(1.0, decides.share_of_variance)
    if not share > 0:
        return []  # all scores are alike, or there is but one
    change = f"; {change}" if found.k < facts.scores.n_scored else ""
    return [f"What decides: {decides.part} makes {share:.0%} of the differences between scores{change}."]


def _data_lines(facts: Facts) -> list[Line]:
    scores, refused = facts.scores, sum(facts.rejects.values())
    without = len(scores) - scores.n_scored
    rows = f"{counted(refused, 'row')} of the files could not be used" if refused else "no row of the files was refused"
    aside = "".join(f"; {text}" for text in rows_told(scores.manifest.get("set_aside", {})))
    has = "has" if without == 1 else "have"
    few = f"{counted(without, 'account')} {has} too little for a score" if without else "every account has a score"
    first = [f"What to know first: {' '.join(_sentence(text) for text in told)}"] if (told := _noted(facts)) else []
    return [*first, f"Data: {few}; {rows}{aside}."]


def _noted(facts: Facts) -> list[str]:
    """What parts the data cannot tell of, and what is probably meant otherwise."""
    manifest = facts.scores.manifest
    return [str(text) for name in ("left_out", "warnings") for text in manifest.get(name, ())]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _beside(facts: Facts) -> list[Line]:
    lines: list[Line] = []
    if facts.seeds:
        last = facts.seeds[-1]
        lines.append(
            f"Suggested seeds: {counted(len(facts.seeds), 'account')} that together are expected to reach "
            f"{facts.goal.spread or last.together:,.0f}, themselves included{seeds_elsewhere(facts)}."
        )
    else:
        lines.append("Not in this report: whom to recruit as seeds (no selection of seeds was given).")
    if facts.backtest is None:
        lines.append("Not in this report: whether the ranking foretells what comes later (no backtest was given).")
    else:
        lines += foreign_data(facts)
        worse, told = lost(facts.backtest), facts.backtest["params"]["n_replicates"]
        lines.append(
            ("Held against what came later, the score LOSES to ", *joined(worse, "; to "), ".")
            if worse
            else "Held against what came later, the score loses to no other ranking by more than chance."
            if told
            else "Held against what came later, but without intervals: no difference can be told from chance."
        )
    return lines


# -- who ---------------------------------------------------------------------------------------------------------------


def _influencers(facts: Facts, top: int) -> Section | None:
    scores, sure = facts.scores, facts.scores.intervals
    if not top:
        return None
    names = list(scores.weights)
    least = 0.0 if sure is None else 10.0 * math.floor(float(sure.score[0][:top].min()) / 10)
    drawn = [f"drawn on {least:.0f} to 100", f"{sure.confidence:.0%} interval", "places"] if sure is not None else []
    headings = ["rank", "account", "score", *drawn, "what it is made of", *(f"{name} adds" for name in names)]
    roles = roles_known(scores)
    headings += ["role"] if roles is not None else []
    rows = []
    for i in range(top):
        row: list[Cell] = [Number(int(scores.rank[i])), Name(scores.ids[i]), Number(float(scores.score[i]), ONE)]
        if sure is not None:
            low, high = float(sure.score[0][i]), float(sure.score[1][i])
            places = Between(int(sure.rank[0][i]), int(sure.rank[1][i]), WHOLE)
            row += [Range(float(scores.score[i]), low, high, least), Between(low, high), places]
        given = [float(np.nan_to_num(scores.contributions[name][i])) for name in names]
        row += [Stack(tuple(enumerate(given))), *(Number(float(scores.contributions[name][i]), ONE) for name in names)]
        if roles is not None:
            row.append(str(roles[i] or "unknown"))
        rows.append(tuple(row))
    first = f"first {top:,} accounts" if top > 1 else "first account"
    caption = f"The {first}: scores from 0 to 100, and how much of it each part adds"
    return Section(
        "who", "Who the influencers are", (Legend(tuple(names)), Table(caption, tuple(headings), tuple(rows)))
    )


def _cards_section(facts: Facts, top: int) -> Section | None:
    shown = cards(facts, min(top, 10))
    if not shown:
        return None
    intro = Text(
        "What stands behind each score: the figures of its parts, and the people and posts that made them. A part's "
        "points times its weight is what it adds."
    )
    return Section("why", "Why they are", (intro, Legend(tuple(facts.scores.weights)), *shown))


# -- how sure, how spread ----------------------------------------------------------------------------------------------


def _sureness(facts: Facts, top: int) -> Section:
    scores, sure = facts.scores, facts.scores.intervals
    without = len(scores) - scores.n_scored
    floor = scores.params.get("min_evidence")
    lack: Line = (
        f"Every one of the {len(scores):,} accounts has a score."
        if not without
        else f"{counted(without, 'account')} of {len(scores):,} {'has' if without == 1 else 'have'} no score but "
        f'"{INSUFFICIENT}": {too_little(floor, scores.ties)}, or no part at all.'
    )
    if sure is None or not scores.n_scored:
        return Section("sure", "How sure we are", (Points((lack, "No intervals were drawn in this run.")),))
    depth = _depth(facts, top)
    none = _no_chance(facts)
    lines: list[Line] = [
        f"Intervals say little here. {none}"
        if none
        else f"An interval answers: had the same people, with the same habits, lived through another such period, "
        f"where would this have come out? It holds {sure.confidence:.0%} of {sure.n_replicates:,} replicates.",
        _varying(sure.varies),
        *([f"By their rank intervals, {_stay(facts, depth)}."] if depth and not none else []),
        lack,
        "An interval covers chance, not meaning: it does not know whether the weights suit the question, or whether "
        "the data is complete.",
    ]
    sizes = sorted({k for k in (10, 100, 1000) if k < scores.n_scored} | {scores.n_scored})
    rows = tuple(_sure_row(facts, k) for k in sizes)
    headings = ("accounts", "median width of the score's interval, points", "median number of ranks in the interval")
    return Section("sure", "How sure we are", (Points(tuple(lines)), Table("How wide intervals are", headings, rows)))


def _sure_row(facts: Facts, k: int) -> tuple[Cell, ...]:
    sure = facts.scores.intervals
    assert sure is not None
    width = float(np.median(sure.score[1][:k] - sure.score[0][:k]))
    ranks = float(np.median(sure.rank[1][:k].astype(float) - sure.rank[0][:k] + 1))
    whole = f"all {k:,} with a score" if k > 1 else "the one with a score"
    name = whole if k == facts.scores.n_scored else f"the first {k:,}"
    return name, Number(width, ONE), Number(ranks)


def _distribution(facts: Facts) -> Section | None:
    scores = facts.scores
    score = scores.score[: scores.n_scored]
    if not score.size:
        return None
    counts, _ = np.histogram(score, bins=_BINS, range=(0, 100))
    step = 100 // _BINS
    names = [f"{step * k} to {step * (k + 1)}" for k in range(_BINS)]
    rows = tuple((name, Number(int(n)), Number(n / score.size, PERCENT)) for name, n in zip(names, counts, strict=True))
    table = Table("How many accounts have which score", ("score", "accounts", "share"), rows)
    ticks = tuple((mark / 100, str(mark)) for mark in (0, 25, 50, 75, 100))
    marks = tuple(
        (float(np.quantile(score, q)) / 100, f"{word} {np.quantile(score, q):.1f}")
        for word, q in _QUANTILES
        if word in _MARKED
    )
    chart = Columns(table, tuple((0.0, float(n)) for n in counts), ticks, "score", marks=marks)
    told = ", ".join(f"{word} {np.quantile(score, q):.1f}" for word, q in _QUANTILES)
    text = (
        f"Scores: {told}, highest {score[0]:.1f}. On the scale of each part 50 is the middle one of those who have "
        "any, 90 their highest hundredth, 100 the highest figure of the reference."
    )
    return Section("spread", "How the score is spread", (Text(text), chart, *_roles(facts)))


def _roles(facts: Facts) -> list[Block]:
    roles = roles_known(facts.scores)
    if roles is None:
        return []
    known, counts = np.unique([str(role or "unknown") for role in roles[: facts.scores.n_scored]], return_counts=True)
    order = np.argsort(-counts, kind="stable")
    rows = tuple((str(known[k]), Number(int(counts[k])), Number(counts[k] / counts.sum(), PERCENT)) for k in order)
    return [Table("Roles, by stated rules over what accounts do and draw", ("role", "accounts", "share"), rows)]


def _weights(facts: Facts) -> Section | None:
    found = facts.sensitivity
    if found is None or not found.shifts or facts.scores.n_scored < 2:
        return None
    share, alone = "share of the differences", f"of the first {found.k:,}, by this part alone"
    headings = ("part", "weight", share, "rank correlation with the score", alone)
    parts = tuple(
        (one.part, Number(one.weight, ",.2f"), Number(min(1.0, one.share_of_variance), PERCENT),
         Number(one.rank_correlation, THREE), Number(one.top_overlap))
        for one in found.dominance
    )  # fmt: skip
    shifts = tuple(
        (f"{one.part} {one.step:+.2g}, to {one.weights[one.part]:.2g}", Number(one.stay), Number(found.k - one.stay),
         joined([Name(account) for account in one.enter]) or NOTHING,
         joined([Name(account) for account in one.leave]) or NOTHING)
        for one in found.shifts
    )  # fmt: skip
    intro = Text("The weights are a choice. These tables tell how much hangs on it.")
    moved = Table(
        f"How the first {found.k:,} change when a weight is moved",
        ("weight moved", "stay", "change", "come in", "go"),
        shifts,
    )
    tables = [Table("What decides", headings, parts), *([moved] if found.k < facts.scores.n_scored else [])]
    return Section("weights", "What the weights do", (intro, *tables))


# -- warnings ---------------------------------------------------------------------------------------------


def _warnings(facts: Facts) -> Section:
    scores = facts.scores
    notes: list[Line] = [_sentence(text) for text in _noted(facts)]
    notes += [f"{text}." for text in rows_told(scores.manifest.get("set_aside", {}))]
    for name, values in scores.parts.items():
        missing = int(np.isnan(values[: scores.n_scored]).sum())
        if missing:
            notes.append(
                f"{name.capitalize()} is missing for {counted(missing, 'scored account')}: they do not occur where it "
                "is measured, and their other parts make the score."
            )
    knots = scores.reference.knots
    over = [np.flatnonzero(values > knots[name].top)[:1] for name, values in scores.raw.items()]
    beyond = beyond_note(scores, np.concatenate(over))
    notes += [beyond.removeprefix(">100: ").capitalize() + "."] if beyond else []
    notes += foreign_data(facts)
    if facts.past_fault:
        notes.append(f"Earlier runs are left out, since one cannot be read ({facts.past_fault}).")
    refused = sum(facts.rejects.values())
    blocks: list[Block] = []
    if refused:
        reasons = sorted({reason for _, reason in facts.rejects})
        notes.append(
            f"{counted(refused, 'row')} could not be used ({listed(reasons)}); the run's rejects.csv holds every one. "
            "Refused rows may hide accounts or reactions."
        )
        rows = tuple((Name(file), reason, Number(n)) for (file, reason), n in facts.rejects.most_common())
        blocks.append(Table("Refused rows", ("file", "reason", "rows"), rows))
    if not notes:
        notes.append(_NO_WARNING if "set_aside" in scores.manifest else _NO_REFUSED)
    return Section("warnings", "Data warnings", (Points(tuple(notes)), *blocks))
