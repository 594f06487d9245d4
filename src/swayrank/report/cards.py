"""An account's card: its score taken apart, and the people and posts behind it, from what a run keeps to explain it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from swayrank.report.document import (
    ONE,
    Between,
    Card,
    Cell,
    Lead,
    Line,
    Name,
    Number,
    Points,
    Stack,
    Table,
    joined,
)
from swayrank.report.facts import Facts
from swayrank.scoring.keep import KeptScores
from swayrank.scoring.telling import by_action, counted, followers_between, named, new_rank, ordinal, percent, signed

_LISTED = 3
_NO_CHANGE = 0.05
"""Points of a score below which a change is not worth a line."""


def cards(facts: Facts, n: int) -> tuple[Card, ...]:
    """The cards of the first `n` accounts that are explained."""
    parts = list(facts.scores.weights)
    roles = roles_known(facts.scores)
    return tuple(
        _card(one, parts, None if roles is None else str(roles[k] or "unknown role"))
        for k, one in enumerate(facts.explanations[:n])
    )


def roles_known(scores: KeptScores) -> Any:
    """The accounts' roles; None where there are none, or no log tells of any."""
    roles = scores.roles
    return roles if roles is not None and any(roles[: scores.n_scored]) else None


def _card(told: Mapping[str, Any], parts: list[str], role: str | None) -> Card:
    words = [f"{told['score']:.1f} of 100"]
    if told.get("interval"):
        low, high = told["interval"]
        words += [f"{told['confidence']:.0%} interval {low:.1f} to {high:.1f}"] if f"{low:.1f}" != f"{high:.1f}" else []
    if told.get("rank_interval"):
        best, worst = told["rank_interval"]
        words.append(places(best, worst))
    line = "; ".join(([role] if role else []) + words)
    return Card(
        f"{told['rank']:,}.", str(told["account"]), line, (*_parts(told, parts), Points(tuple(_evidence(told))))
    )


def places(best: int, worst: int) -> str:
    """Between which places an account lies, in words."""
    return f"place {best:,}" if best == worst else f"places {best:,} to {worst:,}"


def _parts(told: Mapping[str, Any], names: list[str]) -> tuple[Stack, Table]:
    """The parts as a stacked bar and as a table, the largest contribution first."""
    rows: list[tuple[Cell, ...]] = []
    for one in told["parts"]:
        low, high = one["interval"] or (None, None)
        points, weight = Number(one["scaled"], ONE), Number(one["weight"], ",.2f")
        rows.append((one["part"], points, Between(low, high), weight, Number(one["contribution"], ONE)))
    headings = ("part", "points", "between", "weight", "adds")
    given = {one["part"]: float(one["contribution"]) for one in told["parts"]}
    stack = Stack(tuple((k, given.get(name, 0.0)) for k, name in enumerate(names)))
    return stack, Table(f"What the score of {named(told['account'])} is made of", headings, tuple(rows))


def _evidence(told: Mapping[str, Any]) -> list[Line]:
    lines: list[Line] = [(Lead(f"{one['part'].capitalize()}: "), f"{one['because']}.") for one in told["parts"]]
    lines += [*_peer(told), *_luck(told), *_posts(told)]
    lines += _people("Most attention from", told.get("followers"), lambda one: _share(one["share"], 1))
    lines += _people("Reacts most", told.get("engagers"), lambda one: counted(one["reactions"], "time"))
    lines += [*_origins(told), *_changes(told)]
    if told.get("enough"):
        lines.append((Lead("To be surer: "), f"{told['enough']}."))
    return lines + [f"{text}." for text in told.get("missing", ())]


def _peer(told: Mapping[str, Any]) -> list[Line]:
    peer = told.get("peer")
    if not peer:
        return []
    among = followers_between(peer["fewest"], peer["most"], told.get("ties"))
    return [(Lead("Among its like: "), f"{ordinal(peer['place'])} of {peer['n']:,} accounts with {among}.")]


def _luck(told: Mapping[str, Any]) -> list[Line]:
    middle = told.get("middle_half")
    by_chance = any(str(one.get("varies")).startswith("reactions") for one in told["parts"])
    if not middle or not by_chance or round(told["score"], 1) <= round(middle[1], 1):
        return []
    return [
        (
            Lead("Luck in it: "),
            "its score lies above three quarters of what another such period would bring; plan with "
            f"{middle[0]:.1f} to {middle[1]:.1f}.",
        )
    ]


def _share(share: float, digits: int = 0) -> str:
    return percent(share, digits).removesuffix(" %") + "%"


def _posts(told: Mapping[str, Any]) -> list[Line]:
    posts: list[Line] = [
        (Name(_post_name(post)), f" ({by_action(post['reactions'])}; {_share(post['share'])} of the weight)")
        for post in (told.get("posts") or ())[:_LISTED]
    ]
    return [(Lead("Posts that carry it: "), *joined(posts, "; "), ".")] if posts else []


def _post_name(post: Mapping[str, Any]) -> str:
    when = "" if post["time"] is None else f"of {str(post['time'])[:10]}"
    return " ".join(word for word in (None if post["post"] is None else str(post["post"]), when) if word) or "one post"


def _people(what: str, people: Any, figure: Any) -> list[Line]:
    found: list[Line] = [(Name(one["account"]), f" ({figure(one)}{_ranked(one)})") for one in (people or ())[:_LISTED]]
    return [(Lead(f"{what}: "), *joined(found, "; "), ".")] if found else []


def _origins(told: Mapping[str, Any]) -> list[Line]:
    found: list[Line] = []
    for origin in (told.get("origins") or ())[:_LISTED]:
        around = joined([Name(leader) for leader in origin["leaders"][:2]], " and ") or ("accounts without a score",)
        whose = "its own of " if origin["own"] else "that of "
        found.append((f"{_share(origin['share'])} from {whose}", *around))
    n = told.get("n_origins") or 0
    return (
        [(Lead("Communities: "), f"its attention comes from {counted(n, 'community')}; ", *joined(found, "; "), ".")]
        if found
        else []
    )


def _changes(told: Mapping[str, Any]) -> list[Line]:
    worth = [one for one in told.get("changes") or () if abs(one["difference"]) >= _NO_CHANGE]
    worth.sort(key=lambda one: -abs(one["difference"]))
    found: list[Line] = [
        f"{one['what']}: {signed(one['difference'])}, {new_rank(told['rank'], one['rank_after'])}"
        for one in worth[:_LISTED]
    ]
    return [(Lead("What would change the score: "), *joined(found, "; "), ".")] if found else []


def _ranked(one: Mapping[str, Any]) -> str:
    return "" if one["rank"] is None else f", rank {one['rank']:,}"
