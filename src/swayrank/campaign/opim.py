"""Seeds with a bound: OPIM-C over RR sets that jump to live arcs, sentinels where sets are large, exact limits.

In round r, N = N0 * 2^r sets are drawn and kept; a rule chooses seeds S greedily on them, and says how many of them the
best allowed choice can cover at most. As many sets again, independent of the first, are walked for S alone: each ends
where it meets S, and nothing of it is kept. Then, each with probability at least 1 - delta / (3 rounds)::

    spread(S)  >=  V * lower limit of a binomial proportion, given how many of the second sets S meets
    optimum    <=  V * upper limit of a binomial proportion, given the most that any choice can cover of the first

V being the value of all accounts (their number, unless values are given). Both limits are exact (Clopper & Pearson):
S is fixed before the second sets are drawn, and the true optimum is one fixed choice, whose count the bound dominates.
The rounds end once lower / upper exceeds 1 - 1/e - epsilon by a margin (what is just certified can be a rough choice);
the last round is that of Tang et al. (2018), where the bound holds by the theory of greedy choice with the remaining
third of delta.

Sentinels (Guo et al. 2020): where sets are large, the first seeds of a small sample are kept, and sets end where they
meet one of them. A set that ended is covered by every choice that keeps the sentinels, so the greedy choice for the
rest is the same as on whole sets; and the upper bound needs the gains of the k best accounts over the sentinels, to
which such sets add nothing (the optimum need not contain any sentinel). So both limits hold, whichever the sentinels
are.

References
----------
Tang, Tang, Xiao & Yuan: Online processing algorithms for influence maximization. SIGMOD 2018.
Guo, Wang, Wei & Chen: Influence maximization revisited: efficient reverse reachable set generation with bound
tightened. SIGMOD 2020.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, Step, track
from swayrank.campaign.rules import FULL, Cardinality, Choice, Rule
from swayrank.campaign.samples import Cover, Samples
from swayrank.engines import Engine
from swayrank.errors import ConvergenceError
from swayrank.kernels.random import CHECK, PILOT
from swayrank.measures.propagation.limits import lower_limit, upper_limit
from swayrank.measures.propagation.sampler import NO_BITS, NO_FLOATS, Sampler, bit_set, count_met, draw

Floats = npt.NDArray[np.float64]
U32 = npt.NDArray[np.uint32]

_SENTINELS_FROM = 256
"""Mean size of RR sets from which on sentinels are worth their sample."""
_PILOT_MEMBERS = 100_000
_SENTINEL_ROUNDS = 8
"""Rounds in which a choice with sentinels has to be certified; after them the search begins anew without."""
_LEAST_SETS = 4096
"""Sets of the first round at least, where sets are small: so many cost nothing."""
_FIRST_CASCADE, _FIRST_THRESHOLD = 16, 4
"""How many times as many sets to begin with as Tang et al., whose limits need more of them."""
_MARGIN, _PATIENCE = 0.06, 16
"""A choice that is just certified can be rough: go on until the certificate is better by the margin, or for at most so
many times the sets on which it was first good enough. Not with sentinels, whose sets are dear."""
_STOPPERS = 0.25
"""Share of the seeds that may be sentinels because most large sets hold them, if greedy choice finds no firm ones."""
_NONE: npt.NDArray[np.int64] = np.empty(0, np.int64)
_FIRM = 3
"""Sets that a sentinel must newly cover in the pilot."""


@dataclass(frozen=True)
class Certified:
    """Seeds, what is known of their spread and of the optimum, and what it took."""

    choice: Choice
    n_kept: int
    n_checked: int
    met: int
    total_value: float
    lower: float
    upper: float
    confidence: float
    rounds: int
    n_samples: int
    members: int
    stored_bytes: int
    sentinel_gains: npt.NDArray[np.int64]
    complete: bool

    @property
    def sentinels(self) -> int:
        """How many of the seeds ended sets early."""
        return self.sentinel_gains.size

    @property
    def ratio(self) -> float:
        """Share of the optimum that the seeds reach for sure, up to the confidence."""
        return min(1.0, self.lower / self.upper) if self.upper > 0 else 1.0


@dataclass(frozen=True, eq=False)
class Search:
    """What is to be maximised: an RR sampler, the rule of what may be chosen, and when it is good enough."""

    sampler: Sampler
    rule: Rule
    epsilon: float
    delta: float
    total_value: float
    least_optimum: float = 1.0
    may_use_sentinels: bool = True

    def schedule(self) -> list[int]:
        """Numbers of kept sets after each round."""
        n, k = self.sampler.walk.n_nodes, max(1, self.rule.most_accounts)
        choices = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) if k < n else 0.0
        log = math.log(6 / self.delta)
        scale = 2 * (FULL * math.sqrt(log) + math.sqrt(FULL * (choices + log))) ** 2
        last = scale * self.total_value / (self.epsilon**2 * self.least_optimum)
        first = self._first_round(scale)
        rounds = max(1, math.ceil(math.log2(max(last / first, 1.0))) + 1)
        return [first << r for r in range(rounds)]

    def _first_round(self, scale: float) -> int:
        """More sets than theory asks for at the least: they cost little, and choose better; large sets cost much."""
        if self.sampler.mean_size >= _SENTINELS_FROM:
            return math.ceil(scale)
        return max(_LEAST_SETS, math.ceil(scale * (_FIRST_THRESHOLD if self.sampler.walk.pick else _FIRST_CASCADE)))

    def run(self, runner: Engine, progress: Progress, on_interrupt: Literal["raise", "best"]) -> Certified:
        """Draw, choose, check, until the choice is good enough or the last round is done."""
        sampler = self.sampler.with_pilot()
        rounds = replace(self, sampler=sampler).schedule()
        sentinels, sentinel_gains = self._sentinels(sampler, runner)
        delta = self.delta
        if sentinels.size:
            sampler, delta, rounds = replace_stops(sampler, sentinels), delta / 2, rounds[:_SENTINEL_ROUNDS]
        alpha = delta / (3 * len(rounds))
        samples = Samples(sampler.walk.n_nodes)
        best: Certified | None = None
        unchecked: tuple[Choice, float, int, int] | None = None
        certified = 0
        try:
            for number, n_sets in enumerate(rounds, 1):
                reached = f" ({100 * best.ratio:.0f} % of the optimum so far)" if best is not None else ""
                with track(progress, f"choosing seeds, round {number}{reached}", 2 * n_sets - samples.drawn) as step:
                    more = draw(sampler, samples.drawn, n_sets - samples.drawn, runner, step)
                    if sentinels.size and number == 1:
                        sizes = [piece.visited for piece in more]
                        sampler = sampler._replace(mean_size=max(1.0, sum(sizes) / n_sets))
                    samples.add(more)
                    choice = _with_sentinels(self.rule, sentinels).choose(samples)
                    last = number == len(rounds)
                    upper = self.total_value * upper_limit(choice.most, n_sets, alpha)
                    hopeful = self.total_value * choice.covered / n_sets >= (self.rule.worst - self.epsilon) * upper
                    if not (hopeful or last or best is None):
                        step(n_sets)
                        unchecked = choice, upper, number, n_sets
                        continue
                    unchecked = None
                    best = self._checked(choice, samples, upper, alpha, number, runner, step)
                    best = replace(best, sentinel_gains=sentinel_gains)
                certified = certified or (n_sets if best.ratio >= self.rule.worst - self.epsilon else 0)
                margin = 0.0 if sentinels.size else _MARGIN
                if certified and (best.ratio >= FULL - self.epsilon + margin or n_sets >= _PATIENCE * certified):
                    break
        except KeyboardInterrupt:
            if on_interrupt == "raise" or best is None:
                raise
            if unchecked is not None and unchecked[-1] == samples.drawn:  # the last whole round was not checked yet
                choice, upper, number, n_sets = unchecked
                with contextlib.suppress(KeyboardInterrupt):  # asked again: take what there is
                    best = self._checked(choice, samples, upper, alpha, number, runner, _silent)
            return replace(best, sentinel_gains=sentinel_gains, complete=False)
        if sentinels.size and not certified:  # the other half of delta is for a search without
            without = replace(self, delta=self.delta / 2, may_use_sentinels=False)
            return without.run(runner, progress, on_interrupt)
        if best is None:
            raise ConvergenceError("no round was drawn")
        return best

    def _sentinels(self, sampler: Sampler, runner: Engine) -> tuple[U32, npt.NDArray[np.int64]]:
        """Accounts that end sets early, where sets are large, and the sets of a small sample that each newly covers.

        First those that greedy choice is sure of; then those that most sets hold.
        """
        rule = self.rule
        if not self.may_use_sentinels or sampler.mean_size < _SENTINELS_FROM or not isinstance(rule, Cardinality):
            return np.empty(0, np.uint32), _NONE
        samples = Samples(sampler.walk.n_nodes)
        n_sets = max(32, min(1024, int(_PILOT_MEMBERS / sampler.mean_size)))
        samples.add(draw(sampler._replace(purpose=PILOT), 0, n_sets, runner))
        choice = rule.choose(samples)
        firm = int(np.count_nonzero(choice.gains >= _FIRM))
        kept = choice.nodes[: max(rule.must.size, min(firm, rule.k - 1))]
        counts = samples.counts().astype(np.int64)
        counts[kept] = -1
        if rule.allowed is not None:
            counts[~rule.allowed] = -1
        more = max(0, int(rule.k * _STOPPERS) - kept.size)
        sentinels = np.concatenate([kept, np.argsort(-counts, kind="stable")[:more].astype(np.uint32)])
        cover = Cover(samples)
        return sentinels, np.array([cover.take(int(node)) for node in sentinels], np.int64)

    def _checked(
        self, choice: Choice, samples: Samples, upper: float, alpha: float, rounds: int, runner: Engine, step: Step
    ) -> Certified:
        """Walk as many sets again, each until it meets a seed."""
        n_sets = samples.drawn
        sampler = replace_stops(self.sampler, choice.nodes)._replace(purpose=CHECK, mean_size=8.0)
        met, visited = count_met(sampler, 0, n_sets, runner, step)
        return Certified(
            choice=choice,
            n_kept=n_sets,
            n_checked=n_sets,
            met=met,
            total_value=self.total_value,
            lower=self.total_value * lower_limit(met, n_sets, alpha),
            upper=max(upper, self.total_value * lower_limit(met, n_sets, alpha)),
            confidence=1 - self.delta,
            rounds=rounds,
            n_samples=2 * n_sets,
            members=samples.visited + visited,
            stored_bytes=samples.stored_bytes,
            sentinel_gains=_NONE,
            complete=True,
        )


def _silent(n_items: int) -> None:
    """A step that nobody is told of."""


def replace_stops(sampler: Sampler, nodes: U32) -> Sampler:
    """The same sampler, whose sets end where they meet one of the accounts."""
    return sampler._replace(stops=bit_set(nodes, sampler.walk.n_nodes) if nodes.size else NO_BITS)


def by_value(value: Floats | None) -> Floats:
    """The running sum by which roots are drawn, or nothing where all accounts count alike."""
    return NO_FLOATS if value is None else np.cumsum(value)


def _with_sentinels(rule: Rule, sentinels: U32) -> Rule:
    """The rule for sets that end at the sentinels: they are chosen already."""
    if not sentinels.size or not isinstance(rule, Cardinality):
        return rule
    return replace(rule, must=sentinels, bound_k=rule.k - rule.must.size)
