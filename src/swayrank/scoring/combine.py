"""`score`: one 0-100 number per account from named parts, with published weights and contributions that add up.

The score is the weighted mean of an account's parts, each on the scale of :mod:`swayrank.scoring.scale`. A part that
is missing for an account (it does not occur in that source) is left out of its mean, not counted as zero. Below
`min_evidence` followers, reactions and posts together there is no score, but "insufficient data".
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress
from swayrank._rng import Rng, resolve_rng
from swayrank._validate import Integer, Interval, Optional, check, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import ParameterError
from swayrank.events import Events
from swayrank.events.columns import NO_TIME, as_us, iso
from swayrank.events.posts import Posts
from swayrank.graph import Graph
from swayrank.measures.engagement.decay import ACTION_WEIGHTS, HALF_LIFE, MICROSECONDS_PER_DAY, resolve_half_life
from swayrank.scoring import parts as part_functions
from swayrank.scoring.evidence import ABSENT, Decay, Evidence, check_sources, events_with_times, gather
from swayrank.scoring.half_life import best_half_life, usual_half_life
from swayrank.scoring.intervals import Basis, Intervals, intervals
from swayrank.scoring.parts import Part, PartParameters
from swayrank.scoring.profiles import PARTS, resolve_weights
from swayrank.scoring.scale import Knots, Reference
from swayrank.scoring.scores import Scores

Floats = npt.NDArray[np.float64]

CHOSEN_BY_LOG = "the log: the longest under which its first two thirds predict the last one as well as they can"

REPLICATES = Integer(20, 100_000)
_MEASURED_BY: dict[str, Callable[[Evidence, PartParameters], Part | None]] = {
    "reach": part_functions.reach,
    "resonance": part_functions.resonance,
    "spread": part_functions.expected_spread,
}


@domains(
    half_life_days=Optional(HALF_LIFE),
    min_evidence=Integer(0),
    n_replicates=Optional(REPLICATES),
    confidence=Interval(0.5, 0.999),
)
def score(
    graph: Graph | None = None,
    events: Events | None = None,
    posts: Posts | None = None,
    *,
    profile: str | Mapping[str, float] = "balanced",
    half_life_days: float | str | None = None,
    action_weights: Mapping[str, float] | None = None,
    since: str | datetime.datetime | datetime.date | int | None = None,
    until: str | datetime.datetime | datetime.date | int | None = None,
    as_of: str | datetime.datetime | datetime.date | int | None = None,
    min_evidence: int = 3,
    reference: Reference | str | Path | None = None,
    prob: str | float = "attention",
    n_replicates: int | None = 200,
    confidence: float = 0.95,
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Scores:
    """Score every account's influence from 0 to 100.

    Parameters
    ----------
    graph : Graph, optional
        Who follows whom. Without it, a graph of interactions is derived from `events`.
    events : Events, optional
        Who did what to whom, and when.
    posts : Posts, optional
        Counts already aggregated per post; used for resonance where there is no log.
    profile : str or mapping of str to float, default "balanced"
        A name of :data:`~swayrank.scoring.profiles.PROFILES`, or your own weights of the parts.
    half_life_days : float or str, optional
        After how many days a reaction counts half, in [1e-6, 1e6], or a name such as "week"
        (:data:`~swayrank.HALF_LIVES`). By default that of the reference; or else the longest, among shares of the log's
        span, under which its first two thirds predict the last one as well as they can; where there is no log or too
        little of it, 7 days or a sixth of the span, whichever is less.
    action_weights : mapping of str to float, optional
        What a reaction of each kind counts; by default
        :data:`~swayrank.measures.engagement.decay.ACTION_WEIGHTS`.
    since : str, datetime.datetime or int, optional
        Use only what happened from this instant on, so that scores of windows of one length compare. Reactions count by
        their own time, whenever their post was published; counts per post by the post's. A graph has no times.
    until : str, datetime.datetime or int, optional
        Use only what happened before this instant (a date, a time, or microseconds since 1970, UTC).
    as_of : str, datetime.datetime or int, optional
        When the graph was taken, whose arcs carry no dates. With `until`, a later graph is refused; without `as_of`,
        the result notes that the graph may know arcs from after `until`.
    min_evidence : int, default 3
        Followers, reactions received and posts published together that an account needs to be scored.
    reference : Reference, str or Path, optional
        Scale by these knots, or those of this file, so that the scores compare with those of another run; by default by
        this data's own.
    prob : str or float, default "attention"
        The Independent Cascade's probabilities: the shares of attention, by reactions and follows (without a log: one
        over the number that the follower follows); or on a given graph, as :class:`~swayrank.IndependentCascade` takes
        them.
    n_replicates : int or None, default 200
        How many times to draw what might as well have come out, for the intervals of parts, score and rank; at least
        20. None for no intervals.
    confidence : float, default 0.95
        Of the intervals, in [0.5, 0.999].
    rng : int, numpy.random.Generator or None
        Where the sampling of spread and the intervals draw from.
    engine : str or Engine, default "local"
        Where the work runs.
    threads : int, optional
        How many; by default as many as the process may use.
    progress : bool, callable or None
        Whether to report progress.

    Returns
    -------
    Scores

    Raises
    ------
    ParameterError
        If a parameter is outside its domain, or the reference does not cover the parts.

    Notes
    -----
    The same data, parameters and `rng` give the same bits on any number of threads. Cost: grouping the log, sampling
    the spread (see :func:`~swayrank.resonance` and :func:`~swayrank.spread`), and for the intervals two passes of
    `n_replicates` draws for every cluster of reactions and every account; memory about 60 bytes per event, 200 per
    account, and 1 MB per replicate.

    An interval tells what the same people's habits might have brought in another period like this one: reactions
    vary by post, and all parts with them where there is a log; of a graph alone spread varies by its sample, and reach,
    a census, not at all.

    Examples
    --------
    >>> import swayrank as sr
    >>> town = sr.generate("town", n=300, rng=7)
    >>> scores = sr.score(town.graph, town.events, rng=7)
    >>> best = scores.top(1)[0]
    >>> abs(sum(best.contributions.values()) - best.score) < 1e-9
    True
    """
    weights = resolve_weights(profile)
    check_sources(graph, events, posts)
    reference = _loaded(reference)
    runner = resolve_engine(engine, threads)
    cut = None if until is None else as_us(until)
    taken = _taken(as_of, cut)
    start = None if since is None else as_us(since)
    events, posts = _since(*_before(events, posts, cut), start, cut)
    by_action = _action_weights(action_weights, events)
    half_life, chosen_by = _half_life(half_life_days, reference, events, posts, by_action)
    decay = Decay(half_life_days=half_life, action_weights=by_action, now=_now(events, posts, cut))
    evidence = gather(graph, events, posts, decay, runner)
    if not len(evidence.accounts):
        raise ParameterError("there is nothing to score: the data holds no accounts")
    parameters = PartParameters(decay=decay, prob=prob, key=resolve_rng(rng), runner=runner, progress=progress)
    measured = {name: _MEASURED_BY[name](evidence, parameters) for name in PARTS if weights[name] > 0}
    found = {name: part for name, part in measured.items() if part is not None}
    if not found:
        raise ParameterError(
            f"profile weighs only {', '.join(measured)}, which this data does not hold; weigh a part that it holds"
        )
    span = _span_days(events, posts)
    told = _Told(
        profile,
        parameters,
        start,
        cut,
        taken,
        graph,
        min_evidence,
        chosen_by,
        n_replicates,
        confidence,
        reference,
        span,
    )
    return _combine(evidence, found, weights, _reference(found, reference, decay), told)


@dataclass(frozen=True)
class _Told:
    """What a result says of how it came about."""

    profile: str | Mapping[str, float]
    parameters: PartParameters
    start: int | None
    cut: int | None
    taken: int | None
    graph: Graph | None
    min_evidence: int
    half_life_chosen_by: str
    n_replicates: int | None
    confidence: float
    reference: Reference | None
    span_days: float

    def params(self) -> dict[str, Any]:
        p = self.parameters
        return {
            "profile": self.profile if isinstance(self.profile, str) else dict(self.profile),
            "half_life_days": p.decay.half_life_days,
            "half_life_chosen_by": self.half_life_chosen_by,
            "action_weights": dict(p.decay.action_weights),
            "since": None if self.start is None else iso(self.start),
            "until": None if self.cut is None else iso(self.cut),
            "as_of": None if self.taken is None else iso(self.taken),
            "span_days": self.span_days,
            "now": None if p.decay.now is None else iso(p.decay.now),
            "min_evidence": self.min_evidence,
            "n_replicates": self.n_replicates,
            "confidence": self.confidence,
            "prob": p.prob if isinstance(p.prob, str | float | int) else "given",
            "rng": p.key.record,
        }

    def left_out(self, evidence: Evidence, missing: list[str]) -> tuple[str, ...]:
        lines = [*evidence.left_out]
        if missing:
            lines.append(f"{' and '.join(missing)} could not be measured; the other parts' weights were scaled up")
        if self.cut is not None and self.graph is not None and self.taken is None:
            lines.append(
                "the follow graph carries no dates: it may know arcs from after `until` (as_of= says when it was taken)"
            )
        if self.cut is not None and evidence.posts is not None:
            lines.append("counts per post are as of their export: they may hold reactions from after `until`")
        known_until = None if self.reference is None else self.reference.made.get("data_until")
        if self.cut is not None and known_until is not None and as_us(str(known_until)) > self.cut:
            lines.append(
                f"the reference was made from data up to {known_until}, after `until`: its scale knows the future"
            )
        return tuple(lines)


def _loaded(reference: Reference | str | Path | None) -> Reference | None:
    if isinstance(reference, str | Path):
        return Reference.load(reference)
    if reference is None or isinstance(reference, Reference):
        return reference
    raise ParameterError(f"reference must be a Reference, a file that holds one, or None, got {reference!r}")


def _action_weights(given: Mapping[str, float] | None, events: Events | None) -> dict[str, float]:
    """What each action counts, checked: a misspelt action would silently count nothing."""
    if given is None:
        return dict(ACTION_WEIGHTS)
    if not isinstance(given, Mapping):
        raise ParameterError(f"action_weights must give a weight by action, got {given!r}")
    known = {*ACTION_WEIGHTS, *(() if events is None else events.actions)}
    for action, weight in given.items():
        if action not in known:
            raise ParameterError(f"action_weights must be about {', '.join(sorted(known))}, got {action!r}")
        check(f"action_weights[{action!r}]", weight, Interval(0, 1e6))
    return {action: float(weight) for action, weight in given.items()}


def _taken(as_of: str | datetime.datetime | datetime.date | int | None, cut: int | None) -> int | None:
    taken = None if as_of is None else as_us(as_of)
    if taken is not None and cut is not None and taken > cut:
        raise ParameterError(
            f"as_of must not lie after until ({iso(cut)}), got {iso(taken)}: the graph would know arcs from the future"
        )
    return taken


def _before(events: Events | None, posts: Posts | None, cut: int | None) -> tuple[Events | None, Posts | None]:
    if cut is None:
        return events, posts
    spans = _spans(events, posts)
    if spans and cut <= min(first for first, _ in spans):
        raise ParameterError(f"until must lie after the first moment of the data, {iso(min(spans)[0])}, got {iso(cut)}")
    if not spans:
        raise ParameterError("until cuts by time, and no row of this data has one: leave it out")
    dated = None if posts is None else (posts.time != NO_TIME) & (posts.time < cut)
    return (
        None if events is None else events.before(cut),
        None if posts is None or dated is None else posts.rows(dated),
    )


def _since(
    events: Events | None, posts: Posts | None, start: int | None, cut: int | None
) -> tuple[Events | None, Posts | None]:
    """What happened from `start` on; rows without a time are left out."""
    if start is None:
        return events, posts
    spans = _spans(events, posts)
    if not spans:
        raise ParameterError("since cuts by time, and no row of this data has one: leave it out")
    if cut is not None and start >= cut:
        raise ParameterError(f"since must lie before until ({iso(cut)}), got {iso(start)}")
    last = max(end for _, end in spans)
    if start > last:
        raise ParameterError(f"since must not lie after the last moment of the data, {iso(last)}, got {iso(start)}")
    dated = None if posts is None else (posts.time != NO_TIME) & (posts.time >= start)
    return (
        None if events is None else events.after(start),
        None if posts is None or dated is None else posts.rows(dated),
    )


def _now(events: Events | None, posts: Posts | None, cut: int | None) -> int | None:
    """The instant at which decay is read: `until`, or the last moment in the data."""
    if cut is not None:
        return cut
    return max((last for _, last in _spans(events, posts)), default=None)


def _spans(events: Events | None, posts: Posts | None) -> list[tuple[int, int]]:
    """The first and last moment of each source that has times."""
    dated = [source.time[source.time != NO_TIME] for source in (events, posts) if source is not None]
    return [(int(time.min()), int(time.max())) for time in dated if time.size]


def _half_life(
    given: float | str | None,
    reference: Reference | None,
    events: Events | None,
    posts: Posts | None,
    by_action: dict[str, float],
) -> tuple[float, str]:
    """The half-life in days, and in words who chose it."""
    if given is not None:
        return resolve_half_life(given), "given"
    if reference is not None:
        return reference.half_life_days, "the reference"
    if events is not None:
        known = {action: weight for action, weight in by_action.items() if action in events.actions}
        best = best_half_life(events_with_times(events), known)
        if best is not None:
            stale = best < _span_days(events, None)
            return best, CHOSEN_BY_LOG if stale else f"{CHOSEN_BY_LOG}; old reactions in it tell as much as new ones"
    days = _span_days(events, posts)
    return usual_half_life(days), "the span of the data" if days else "swayrank: nothing has a time"


def _span_days(events: Events | None, posts: Posts | None) -> float:
    spans = _spans(events, posts)
    return (max(last for _, last in spans) - min(first for first, _ in spans)) / MICROSECONDS_PER_DAY if spans else 0.0


def _reference(found: Mapping[str, Part], given: Reference | None, decay: Decay) -> Reference:
    definitions = {name: part.definition for name, part in found.items()}
    if given is None:
        knots = {name: Knots.of(part.raw) for name, part in found.items()}
        return Reference(knots, definitions, decay.half_life_days)
    given.check_covers(definitions)
    return given


def _combine(
    evidence: Evidence,
    found: Mapping[str, Part],
    weights: Mapping[str, float],
    reference: Reference,
    told: _Told,
) -> Scores:
    scaled = {name: reference.knots[name].scale(part.raw) for name, part in found.items()}
    present = {name: ~np.isnan(values) for name, values in scaled.items()}
    weight_there = sum((weights[name] * present[name] for name in found), np.zeros(len(evidence.accounts)))
    n_evidence = count_evidence(evidence)
    enough = (n_evidence >= told.min_evidence) & (weight_there > 0)
    contributions = {
        name: np.divide(weights[name] * scaled[name], weight_there, out=_nan(evidence), where=enough & present[name])
        for name in found
    }
    total = sum((np.nan_to_num(values) for values in contributions.values()), np.zeros(len(evidence.accounts)))
    values = np.where(enough, total, np.nan)
    ranks = _ranks(values)
    basis = Basis(
        raw={name: part.raw for name, part in found.items()},
        chances={name: part.chance for name, part in found.items()},
        reference=reference,
        weights={name: weights[name] for name in found},
        weight_there=weight_there,
        scored=enough,
        key=told.parameters.key,
        n_replicates=told.n_replicates or 0,
    )
    sure = _intervals(basis, values, ranks, scaled, told)
    missing = [name for name in PARTS if weights[name] > 0 and name not in found]
    return Scores(
        ids=evidence.accounts,
        score=values,
        rank=ranks,
        n_evidence=n_evidence,
        raw=basis.raw,
        parts=scaled,
        contributions=contributions,
        weights={name: weights[name] / sum(weights[part] for part in found) for name in found},
        units={name: part.unit for name, part in found.items()},
        measures={name: part.measure for name, part in found.items() if part.measure is not None},
        reference=reference,
        params=told.params(),
        left_out=told.left_out(evidence, missing),
        evidence=evidence,
        intervals=sure,
        basis=basis,
    )


def _intervals(
    basis: Basis, values: Floats, ranks: npt.NDArray[np.uint32], parts: Mapping[str, Floats], told: _Told
) -> Intervals | None:
    if told.n_replicates is None:
        return None
    runner, progress = told.parameters.runner, told.parameters.progress
    return intervals(basis, values, ranks, parts, told.confidence, runner, progress)


def _nan(evidence: Evidence) -> Floats:
    return np.full(len(evidence.accounts), np.nan)


def count_evidence(evidence: Evidence) -> npt.NDArray[np.int64]:
    """Followers, reactions received and posts published of every account, together."""
    count = np.zeros(len(evidence.accounts), np.int64)
    graph, events, posts = evidence.graph, evidence.events, evidence.posts
    if graph is not None and not evidence.graph_is_derived:
        _add(count, evidence.graph_rows, graph.in_degree)
    if events is not None:
        reactions = events.target[(events.target != ABSENT) & (events.target != events.actor)]
        published = events.actor[events.action == events.actions.index("post")]
        for accounts in (reactions, published):
            _add(count, evidence.event_rows, np.bincount(accounts, minlength=len(events.accounts)))
    if posts is not None:
        _add(count, evidence.post_rows, np.bincount(posts.account, minlength=len(posts.accounts)))
        if events is None:  # counted reactions and stated followers speak for an account as seen ones do
            _add(count, evidence.post_rows, _counted_in_posts(posts))
    return count


def _add(count: npt.NDArray[np.int64], rows: npt.NDArray[np.uint32], numbers: npt.NDArray[Any]) -> None:
    """Add a source's numbers to the accounts that stand in it."""
    there = rows != ABSENT
    count[there] += numbers[rows[there]].astype(np.int64)


def _counted_in_posts(posts: Posts) -> npt.NDArray[np.int64]:
    total = np.zeros(posts.account.size)
    for name in ("likes", "comments", "shares"):
        total += np.maximum(0.0, np.nan_to_num(getattr(posts, name)))
    counted = np.bincount(posts.account, weights=np.minimum(total, 1e12), minlength=len(posts.accounts))
    followers = np.zeros(len(posts.accounts))
    np.maximum.at(followers, posts.account, np.nan_to_num(posts.followers))  # of an account, not of each row
    return (counted + np.minimum(followers, 1e12)).astype(np.int64)


def _ranks(values: Floats) -> npt.NDArray[np.uint32]:
    """1 for the highest score, ties in public order, 0 for no score."""
    order = np.argsort(-values, kind="stable")  # NaN comes last
    ranks: npt.NDArray[np.uint32] = np.zeros(values.size, np.uint32)
    scored = order[: int(np.count_nonzero(~np.isnan(values)))]
    ranks[scored] = np.arange(1, scored.size + 1, dtype=np.uint32)
    return ranks
