"""How a run's scores were made, what they do not say, and what it would take to make them again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from swayrank.overview.ties import follower_word, told_of
from swayrank.report.document import Cell, Lead, Line, Name, Number, Points, Section, Table
from swayrank.report.facts import Facts
from swayrank.scoring.telling import days

_WHAT = {
    "reach": "the attention that an account has: everybody who follows it or reacted to it counts by the share of "
    "their attention that it gets",
    "resonance": "reactions to its posts, weighted by kind and halved with age; each person's are dampened, so that "
    "neither a loyal fan nor a farm of bots makes a crowd",
    "spread": "how many accounts a post of it is expected to reach beyond itself, under the Independent Cascade model",
}
_DIGITS = 16
"""Of the hashes in tables: enough to tell files apart by eye; the manifest has all."""


def method_section(facts: Facts) -> Section:
    """How scores are made, in words."""
    scores = facts.scores
    params, defined = scores.params, scores.reference.definitions
    method: list[Line] = [
        (
            Lead(f"{name.capitalize()}, weight {weight:.2g}: "),
            told_of(scores.ties, f"{_WHAT.get(name, name)}. Here: {defined[name]}."),
        )
        for name, weight in scores.weights.items()
    ]
    method.append(
        "Each part goes to 0-100 by log(1 + x), in straight lines between knots: 0 is 0, the median of all figures "
        "above 0 is 50, their 99th percentile 90, the highest 100. The score is the parts' mean, by weight."
    )
    half_life = params.get("half_life_days")
    if half_life is not None and params.get("now"):
        chosen = params.get("half_life_chosen_by")
        method.append(f"Reactions count half after {days(half_life)} (chosen by: {chosen}), seen from {params['now']}.")
    return Section("method", "How scores are made", (Points(tuple(method)),))


def limits_section(facts: Facts) -> Section:
    """What scores do not say."""
    limits: list[Line] = [
        "The score describes what was seen in this data: who is heeded, who draws reactions, who could spread a post. "
        "It does not prove that an account causes what others do; that takes an experiment.",
        "It knows only what the files hold: not other months or platforms, deleted posts, or private "
        f"{follower_word(facts.scores.ties)}s.",
        f"Bought {follower_word(facts.scores.ties)}s and coordinated accounts are dampened, and not found out.",
        "It says nothing of whether influence is good, lawful or wanted. It should not decide about people by itself.",
        f"Scores compare only under one reference and one set of weights (here {facts.scores.reference.hash}).",
        *(
            []
            if facts.backtest is not None
            else ["Whether this ranking foretells anything was not tested in this report."]
        ),
    ]
    return Section("limits", "What scores do not say", (Points(tuple(limits)),))


def provenance_section(facts: Facts) -> Section:
    """Hashes, parameters, versions, randomness."""
    manifest = facts.scores.manifest
    lines: list[Line] = [
        f"Run {manifest['id']}, made {manifest['created']}; reference {manifest['reference']}; randomness (rng) "
        f"{manifest['parameters'].get('rng')}.",
        "With these files, parameters and versions the run can be repeated; its manifest.json holds all hashes whole.",
    ]
    lines += [f"Content read as {name}: {_short(value)}." for name, value in manifest.get("data", {}).items()]
    inputs = tuple(
        (Name(Path(one["file"]).name), Number(one["bytes"]), _short(one["blake2b"]))
        for one in manifest.get("inputs", ())
    )
    outputs = tuple((one["file"], Number(one["bytes"]), _short(one["blake2b"])) for one in manifest["outputs"])
    files = ("file", "bytes", f"BLAKE2b, first {_DIGITS} digits")
    tables = [Table("Files that were read", files, inputs)] if inputs else []
    tables.append(Table("Files of the run", files, outputs))
    tables.append(Table("Parameters", ("parameter", "value"), _pairs(manifest["parameters"])))
    tables.append(Table("Versions", ("program", "version"), _pairs(manifest["versions"])))
    return Section("provenance", "Where it comes from", (Points(tuple(lines)), *tables))


def _short(value: Any) -> str:
    return str(value)[:_DIGITS]


def _pairs(values: dict[str, Any]) -> tuple[tuple[Cell, ...], ...]:
    return tuple((name, Name(_told(value))) for name, value in values.items())


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_told(inner)}" for name, inner in value.items())
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
