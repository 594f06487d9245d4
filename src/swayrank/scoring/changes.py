"""What would change a score: the same account with one post, some engagers or some followers more or fewer.

Each figure goes through the definition of its part and through the real scale; all else stays as it is, the scale and
the other accounts too. A further post is one that the same people react to as they did to an earlier one, all of it
just now. A further follower follows as many as the median one does, or as those it has do, and reacts to nothing. Where
there is a log, reach changes with the reactions, too. Spread changes in the proportion of reach, which holds to first
order; where it comes from other probabilities than shares of attention it is left as it is, and further followers say
so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from swayrank.events import NO_POST
from swayrank.overview.ties import EDGES, follower_word
from swayrank.scoring.evidence import ABSENT, FOLLOWS
from swayrank.scoring.parts import ATTENTION
from swayrank.scoring.received import Received, ascending_sum
from swayrank.scoring.telling import counted, figure, named, percent

if TYPE_CHECKING:
    from swayrank.scoring.scores import Scores

Floats = npt.NDArray[np.float64]

_LOYAL = 10
_GROWTH = 0.1


@dataclass(frozen=True)
class WhatIf:
    """Something that would change a score.

    Attributes
    ----------
    what : str
        In words.
    score_after : float
        0-100.
    difference : float
        Score afterwards less score now.
    rank_after : int
        With everybody else's score as it is.
    """

    what: str
    score_after: float
    difference: float
    rank_after: int


def changes(scores: Scores, i: int, received: Received | None) -> list[WhatIf]:
    """What would change the score of the account at position i, losses first.

    Parameters
    ----------
    scores : Scores
    i : int
        Of a scored account.
    received : Received or None
        The reactions to it, where there is a log that names it.
    """
    found: list[tuple[str, dict[str, float]]] = []
    if "resonance" in scores.raw and not np.isnan(scores.raw["resonance"][i]):
        if received is not None and received.actor.size:
            found += _without_best_post(scores, i) + _without_the_loyal(scores, i, received)
            found += _with_another_post(scores, i, received)
        elif scores.evidence.events is None:
            found += _without_best_post(scores, i) + _with_another_counted_post(scores, i)
    found += _with_more_followers(scores, i)
    now = score_with(scores, i, {})
    told = []
    for what, raw in found:
        after = score_with(scores, i, raw)
        told.append(WhatIf(what, after, after - now, scores.background.place(after, i)))
    return told


def score_with(scores: Scores, i: int, raw: dict[str, float]) -> float:
    """The score of account i if these figures were as given and its others as they are."""
    basis, total = scores.basis, 0.0
    for name, values in basis.raw.items():
        changed = np.array([max(0.0, raw[name]) if name in raw else values[i]])
        scaled = float(basis.reference.knots[name].scale(changed)[0])
        total += 0.0 if np.isnan(scaled) else basis.weights[name] * scaled / float(basis.weight_there[i])
    return total


def gains_of(scores: Scores, part: str, i: int) -> tuple[npt.NDArray[np.uint32], Floats]:
    """The clusters of account i, and by how much the part's figure would be lower without each."""
    chance = scores.basis.chances.get(part)
    if chance is None or chance.rows is None or chance.gains is None or chance.rows[i] == ABSENT:
        return np.zeros(0, np.uint32), np.zeros(0)
    row = int(chance.rows[i])
    span = slice(int(chance.gains.indptr[row]), int(chance.gains.indptr[row + 1]))
    return chance.gains.cluster[span], chance.gains.gain[span]


def post_name(scores: Scores, cluster: int) -> str | None:
    """The name of the post that a cluster stands for; None where it is none, or has no name."""
    events, posts = scores.evidence.events, scores.evidence.posts
    if events is not None:
        return str(events.posts[cluster]) if cluster < len(events.posts) else None
    if posts is None or posts.post[cluster] == NO_POST:
        return None
    return str(posts.posts[int(posts.post[cluster])])


def _first_named(scores: Scores, clusters: npt.NDArray[Any]) -> int:
    """Of posts that are equally good, the one whose name comes first: positions hang on the order of the log."""
    return min((int(cluster) for cluster in clusters), key=lambda cluster: (post_name(scores, cluster) or "", cluster))


def _without_best_post(scores: Scores, i: int) -> list[tuple[str, dict[str, float]]]:
    clusters, gains = gains_of(scores, "resonance", i)
    if scores.evidence.events is not None:
        own = clusters < len(scores.evidence.events.posts)
        clusters, gains = clusters[own], gains[own]
    if not gains.size or gains.max() <= 0:
        return []
    best = _first_named(scores, clusters[gains == gains.max()])
    raw = {}
    for part, values in scores.raw.items():
        where, gain = gains_of(scores, part, i)
        lost = gain[where == best]
        if lost.size and not np.isnan(values[i]):
            raw[part] = float(values[i] - lost[0])
    name = post_name(scores, best)
    return [(f"without its best post{f', {named(name)}' if name else ''}", raw)]


def _without_the_loyal(scores: Scores, i: int, received: Received) -> list[tuple[str, dict[str, float]]]:
    """Without those who reacted most often; of equals, those who are worth most; its posts stay."""
    if received.engagers.size <= _LOYAL:
        return []
    loyal = np.lexsort((received.engagers, -received.worth, -received.times))[:_LOYAL]
    raw = {"resonance": float(scores.raw["resonance"][i] - ascending_sum(received.worth[loyal]))}
    if scores.evidence.attention is not None:
        share, dealt, rest = _shares(scores, i, received)
        raw |= _reached(scores, i, ascending_sum((dealt / rest - share)[loyal]))
    share_of_reactions = received.times[loyal].sum() / received.actor.size
    return [(f"its {_LOYAL} most frequent engagers ({percent(share_of_reactions)} of reactions) silent", raw)]


def _with_another_post(scores: Scores, i: int, received: Received) -> list[tuple[str, dict[str, float]]]:
    posts = received.posts
    if not posts.size:
        return []
    fresh = _fresh(scores, received)
    own = received.cluster < received.n_own
    rows = np.flatnonzero(own)[np.argsort(fresh[own], kind="stable")]
    weight = np.bincount(np.searchsorted(posts, received.cluster[rows]), weights=fresh[rows], minlength=posts.size)
    ranked = np.sort(weight)
    told = []
    for kind, drawn in (("median", ranked[(posts.size - 1) // 2]), ("best", ranked[-1])):
        post = _first_named(scores, posts[weight == drawn])
        more, resonance = received.with_another(post, fresh)
        raw = {"resonance": resonance}
        if scores.evidence.attention is not None:
            share, dealt, rest = _shares(scores, i, received)
            given = received.engagement + more
            raw |= _reached(scores, i, ascending_sum((dealt + given) / (rest + given) - share))
        reactions = counted(received.rows_of(post).size, "reaction")
        told.append((f"one more post today that draws what its {kind} one drew ({reactions}, same people)", raw))
        if posts.size == 1:
            break
    return told


def _fresh(scores: Scores, received: Received) -> Floats:
    """What each reaction counts before decay."""
    events = scores.evidence.events
    assert events is not None
    by_action = np.array([scores.params["action_weights"].get(name, 0.0) for name in events.actions])
    fresh: Floats = by_action[events.action[received.rows]]
    return fresh if events.weight is None else fresh * events.weight[received.rows]


def _shares(scores: Scores, i: int, received: Received) -> tuple[Floats, Floats, Floats]:
    """Each engager's share of attention for account i, what i has of it for being followed, and the whole but for E."""
    attention = scores.evidence.attention
    assert attention is not None
    heed, row = attention.heed, int(scores.evidence.event_rows[i])
    dealt = heed.dealt[int(heed.first_pair[row]) : int(heed.first_pair[row + 1])]
    whole, engagement = 1.0 + heed.given[received.engagers], received.engagement
    return (engagement + dealt) / whole, dealt, np.maximum(1.0 + dealt, whole - engagement)


def _reached(scores: Scores, i: int, more: float) -> dict[str, float]:
    """Reach with so much more attention, and spread in proportion where it comes from the same shares."""
    before = float(scores.background.reach[i])
    raw = {"reach": before + more} if "reach" in scores.raw else {}
    if "spread" in scores.raw and _by_shares(scores) and before > 0:
        raw["spread"] = float(scores.raw["spread"][i]) * max(0.0, before + more) / before
    return raw


def _by_shares(scores: Scores) -> bool:
    """Whether spread comes from the shares of attention that reach adds up."""
    return scores.evidence.graph_is_derived or scores.params["prob"] == ATTENTION


def _with_another_counted_post(scores: Scores, i: int) -> list[tuple[str, dict[str, float]]]:
    """The same from a table of counts per post, which knows no engagers: the post's reactions are added."""
    posts, row = scores.evidence.posts, int(scores.evidence.post_rows[i])
    if posts is None or row == ABSENT:
        return []
    weights = scores.params["action_weights"]
    rows = scores.background.posts_of(row)
    value = np.zeros(rows.size)
    for column, action in (("likes", "like"), ("comments", "reply"), ("shares", "repost")):
        value += weights.get(action, 0.0) * np.maximum(0.0, np.nan_to_num(getattr(posts, column)[rows]))
    if not value.any():
        return []
    value = np.sort(value)
    raw = float(scores.raw["resonance"][i])
    kinds = {"median": float(value[(value.size - 1) // 2]), "best": float(value[-1])}
    what = "one more post today that draws as much as its"
    told = [(f"{what} {kind} one ({figure(worth)})", {"resonance": raw + worth}) for kind, worth in kinds.items()]
    return told[: min(2, value.size)]


def _with_more_followers(scores: Scores, i: int) -> list[tuple[str, dict[str, float]]]:
    """One like the median one, and a tenth more of the same kind; of interactions there are no followers to gain."""
    evidence = scores.evidence
    if evidence.graph_is_derived or "reach" not in scores.raw or not scores.raw["reach"][i] > 0:
        return []
    graph, row = evidence.graph, int(evidence.graph_rows[i])
    if graph is None:
        more = float(scores.raw["reach"][i]) * _GROWTH
        return [(f"{percent(_GROWTH)} more followers like those it has", {"reach": scores.raw["reach"][i] + more})]
    if row == ABSENT or not graph.in_degree[row]:
        return []
    followers = graph.in_indices[int(graph.in_indptr[row]) : int(graph.in_indptr[row + 1])]
    share = np.sort((1.0 if evidence.attention is None else FOLLOWS / (1.0 + FOLLOWS)) / graph.out_degree[followers])
    left = "" if "spread" not in scores.raw or _by_shares(scores) else " (spread is left as it is)"
    one, silent = follower_word(evidence.ties), ("", "")
    if evidence.attention is not None:
        only = ("reacts to nothing", "react to nothing") if evidence.ties == EDGES else ("only follows", "only follow")
        silent = (f", who {only[0]}", f", who {only[1]}")
    kinds = {
        f"one more {one} like its median one{silent[0]}{left}": float(share[(share.size - 1) // 2]),
        f"{percent(_GROWTH)} more {one}s like those it has{silent[1]}{left}": _GROWTH * float(share.sum()),
    }
    return [(what, _reached(scores, i, more)) for what, more in kinds.items()]
