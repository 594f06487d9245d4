"""How an explanation reads: about twenty lines for people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from swayrank.scoring.telling import (
    by_action,
    counted,
    figure,
    followers_between,
    listed,
    named,
    new_rank,
    ordinal,
    percent,
    signed,
)

if TYPE_CHECKING:
    from swayrank.scoring.background import Peer
    from swayrank.scoring.explain import Engager, Explanation, Follower, Origin, PartReason, PostReason

_SHOWN = 3
_MOST = 0.5
_TOP = 100.0


def lines_of(told: Explanation) -> list[str]:
    """The lines of an explanation; nothing in them is more than text to a terminal."""
    lines = [_head(told)]
    if told.peer is not None:
        lines.append(f"  {_peer_text(told.peer, told.ties)}")
    lines += [f"  {_part_text(reason, told.score is not None)}" for reason in told.parts]
    lines += [f"  {text}" for text in told.missing]
    lines.append(f"  {_chance_text(told)}")
    lines += [f"  {text}" for text in _luck_text(told)]
    lines += _block("posts behind it", (_post_text(post) for post in told.posts[:_SHOWN]))
    if told.engagers:
        lines.append("  reacts most: " + "; ".join(_engager_text(e) for e in told.engagers[:_SHOWN]))
    if told.followers:
        lines.append("  most attention from: " + "; ".join(_follower_text(f) for f in told.followers[:_SHOWN]))
    if told.origins:
        lines.append(f"  {_origins_text(told.origins, told.n_origins)}")
    changes = (
        f"{c.what}: {c.score_after:.1f} ({signed(c.difference)}), {new_rank(told.rank, c.rank_after)}"
        for c in told.changes
    )
    lines += _block("what would change the score", changes)
    if told.enough:
        lines.append(f"  enough data? {told.enough}")
    return lines


def _block(head: str, lines: Iterable[str]) -> list[str]:
    found = [f"    {line}" for line in lines]
    return [f"  {head}:", *found] if found else []


def _head(told: Explanation) -> str:
    name = named(told.account)
    if told.score is None or told.rank is None:
        return f"{name}: insufficient data for a score"
    if told.interval is None or told.rank_interval is None or told.confidence is None:
        return f"{name}: {told.score:.1f} of 100, rank {told.rank:,} of {told.n_scored:,}"
    sure = f"{100 * told.confidence:.3g} %"
    low, high = told.interval
    best, worst = told.rank_interval
    place = (
        f"between {ordinal(best)} and {ordinal(worst)}"
        if best < worst
        else f"{ordinal(best)} in {sure} or more of {told.n_replicates:,} replicates"
    )
    return (
        f"{name}: {told.score:.1f} of 100, {sure} between {low:.1f} and {high:.1f}; "
        f"rank {told.rank:,} of {told.n_scored:,}, {place}"
    )


def _peer_text(peer: Peer, ties: str | None) -> str:
    which = followers_between(peer.fewest, peer.most, ties)
    return f"{ordinal(peer.place)} of {counted(peer.n, 'account')} with {which}"


def _part_text(reason: PartReason, scored: bool) -> str:
    between = ""
    if reason.interval is not None and reason.interval[0] < reason.interval[1]:
        between = f" ({reason.interval[0]:.1f} to {reason.interval[1]:.1f})"
    product = f" x {reason.weight:.2g} = {reason.contribution:.1f}" if scored else ""
    beyond = ", beyond the scale of the reference" if reason.beyond else ""
    return f"{reason.part} {reason.scaled:.1f}{beyond}{between}{product}: {reason.because}"


def _chance_text(told: Explanation) -> str:
    if told.confidence is None:
        return "no intervals were drawn"
    varies = "; ".join(f"{reason.part}, {reason.varies}" for reason in told.parts)
    one = " (one-sided here: nobody has reacted to it)" if told.one_sided else ""
    cut = [reason.part for reason in told.parts if reason.beyond or _ends_at_top(reason)]
    ends = f"; cut off at 100, where the scale ends: {listed(cut)}" if cut else ""
    return f"what varies in the intervals{one}: {varies}{ends}"


def _ends_at_top(reason: PartReason) -> bool:
    return reason.interval is not None and reason.interval[0] < reason.interval[1] == _TOP


def _luck_text(told: Explanation) -> list[str]:
    """A line where the score lies above most of its replicates."""
    if told.score is None or told.middle_half is None or told.score <= told.middle_half[1]:
        return []
    if not any(str(reason.varies).startswith("reactions") for reason in told.parts):
        return []  # the sampling of cascades is no period that could bring less
    low, high = told.middle_half
    one = told.posts and told.posts[0].share > _MOST
    on = "mostly on one post" if one else f"on {counted(told.n_posts, 'post')}" if told.n_posts else "on few reactions"
    return [
        f"its score lies above three quarters of its replicates: it rests {on}, and another such period would probably "
        f"bring less; the middle half of replicates is {low:.1f} to {high:.1f}"
    ]


def _post_text(post: PostReason) -> str:
    name = named(post.post) if post.post is not None else "a post"
    when = f", {post.time[:10]}" if post.time else ""
    lower = "lower" if post.gain >= 0 else "higher"
    loss = "" if post.loss is None else f" ({_moved(-post.loss)})"
    without = f"without it resonance would be {figure(abs(post.gain))} {lower}{loss}"
    return f"{name}{when}: {by_action(post.reactions)}; {percent(post.share)} of the weight; {without}"


def _moved(points: float) -> str:
    return f"{signed(points)} for the score" if signed(points) != signed(0.0) else "the score stays"


def _standing(rank: int | None) -> str:
    return f", rank {rank:,}" if rank is not None else ""


def _engager_text(engager: Engager) -> str:
    times = counted(engager.reactions, "time")
    return f"{named(engager.account)} ({times}, {percent(engager.share, 1)} of resonance{_standing(engager.rank)})"


def _follower_text(follower: Follower) -> str:
    return f"{named(follower.account)} ({percent(follower.share, 1)}{_standing(follower.rank)})"


def _origins_text(origins: list[Origin], n_origins: int) -> str:
    shown = [
        f"{percent(origin.share)} from {'its own' if origin.own else 'that'} of {_around(origin)} "
        f"({origin.followers:,} of {origin.members:,})"
        for origin in origins[:_SHOWN]
    ]
    whole = counted(n_origins, "community", "communities")
    return f"attention comes from {whole}: {'; '.join(shown)}"


def _around(origin: Origin) -> str:
    return listed([named(account) for account in origin.leaders[:2]]) or "nobody with a score"
