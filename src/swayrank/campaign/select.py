"""Seed selection: which accounts to ask so that a message spreads furthest, with a bound on what was missed.

The front of the campaign modules: it settles what is asked for, and hands it to the method.

=============  =====================================================================================================
method         what it is, and what it promises
=============  =====================================================================================================
``opim``       greedy on RR sets with exact bounds (:mod:`swayrank.campaign.opim`); the default
``celf``       lazy greedy on simulation in fixed worlds, for any submodular model
heuristics     ``degree``, ``degree_discount``, ``pagerank``, ``k_core``, ``vote_rank`` ...: no bound
=============  =====================================================================================================
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank._rng import Key, Rng, resolve_rng
from swayrank._validate import Integer, Interval, OneOf, Optional, domains
from swayrank.campaign.fresh import fresh_gains
from swayrank.campaign.heuristics import HEURISTICS, rank_seeds
from swayrank.campaign.opim import Certified, Search, by_value, replace_stops
from swayrank.campaign.rules import FULL, Budget, Choice, Rule
from swayrank.campaign.samples import Cover, Samples
from swayrank.campaign.seedset import SeedSet
from swayrank.campaign.wishes import Groups, PerAccount, Wishes, settle
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import ConvergenceError, ParameterError
from swayrank.graph import Graph
from swayrank.kernels.random import CHECK, SELECT
from swayrank.measures.propagation.accounts import Accounts, resolve_accounts
from swayrank.measures.propagation.epidemics import SIR, SIS
from swayrank.measures.propagation.limits import clopper_pearson, lower_limit, upper_limit
from swayrank.measures.propagation.models import TriggeringModel, as_model
from swayrank.measures.propagation.sampler import Sampler, count_met, draw
from swayrank.measures.propagation.simulate import simulate

Model = TriggeringModel | SIR | SIS
Floats = npt.NDArray[np.float64]
U32 = npt.NDArray[np.uint32]

METHODS = ("opim", "celf", *HEURISTICS)
_CHECKS = 65_536
"""RR sets on which the seeds of methods without a sample of their own are judged."""
_NO_BOUND = "heuristic: no bound"
_MOST_BYTES = 2**33
"""RR sets that a search for the fewest seeds keeps at most."""


@domains(
    k=Optional(Integer(1)),
    method=OneOf(*METHODS),
    epsilon=Interval(0, FULL, "()"),
    delta=Optional(Interval(0, 1, "()")),
    budget=Optional(Interval(0, math.inf, "[)")),
    target_reach=Optional(Interval(0, math.inf, "()")),
    n_runs=Integer(2, 2**24),
    on_interrupt=OneOf("raise", "best"),
    fairness=Optional(OneOf("maximin", "proportional")),
)
def select_seeds(
    model: Model | Graph,
    k: int | None = None,
    *,
    method: str = "opim",
    epsilon: float = 0.1,
    delta: float | None = None,
    must: Accounts = (),
    never: Accounts = (),
    value: PerAccount = None,
    cost: PerAccount = None,
    budget: float | None = None,
    groups: Groups = None,
    quota: Mapping[Any, int] | None = None,
    target_reach: float | None = None,
    fairness: Literal["maximin", "proportional"] | None = None,
    upper_model: TriggeringModel | None = None,
    rivals: Accounts = (),
    n_runs: int = 1000,
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
    on_interrupt: Literal["raise", "best"] = "raise",
) -> SeedSet:
    """Choose the accounts from which a cascade is expected to reach the most others.

    Read against the arcs: an account activates its followers, and they theirs.

    Parameters
    ----------
    model : IndependentCascade, LinearThreshold, SIR, SIS or Graph
        A graph stands for ``IndependentCascade(graph)``. SIR goes with "celf" and the heuristics, SIS with heuristics.
    k : int or None, default=None
        How many seeds, at most. May be left away with `budget` or `target_reach`.
    method : str, default="opim"
        "opim", "celf", or a heuristic: "degree", "single_discount", "degree_discount", "probability_discount",
        "pagerank", "k_core", "vote_rank", "collective_influence", "random".
    epsilon : float, default=0.1
        The choice is certified to reach at least 1 - 1/e - epsilon of the optimum; usually the certificate says more.
    delta : float or None, default=None
        Probability with which the certificate may be wrong; None: 1 / n.
    must, never : id or ids, default=()
        Accounts that are seeds in any case (they count in `k` and in the budget), and accounts that must not be.
    value : mapping, array or None, default=None
        What reaching an account is worth, >= 0: one per account, or by id for a target audience (others are worth 0).
        Spread, bounds and gains are then sums of value.
    cost : mapping, array or None, default=None
        What each account asks for; accounts that a mapping does not name cannot be had. Goes with `budget`.
    budget : float or None, default=None
        What the seeds may cost together.
    groups : mapping, array or None, default=None
        Each account's group: platform, language, community. For `quota` and `fairness`.
    quota : mapping or None, default=None
        How many seeds at most from each group; groups that it does not name have no limit.
    target_reach : float or None, default=None
        Choose as few seeds as possible whose spread is at least this for sure (up to `delta`), at most `k`.
    fairness : {"maximin", "proportional"} or None, default=None
        Reach the group that is reached least as far as possible, or every group at least as far as a share of the seeds
        in proportion to its size could reach it on its own. A heuristic: no bound.
    upper_model : IndependentCascade, LinearThreshold or None, default=None
        For probabilities that are known between limits only: the same model under the upper limits, while `model` has
        the lower ones. The seeds come with the share of the optimum that they reach whatever the probabilities are.
    rivals : id or ids, default=()
        Seeds of another campaign: what they activate does not count. A heuristic: no bound (who comes first is not
        modelled here; :func:`simulate_rivals` plays it out).
    n_runs : int, default=1000
        Simulated worlds of "celf".
    rng : int, numpy.random.Generator or None, default=None
        Randomness. None draws a key and records it.
    engine, threads, progress
        Where and on how many threads to run, and whether to tell. They change no bit of the result.
    on_interrupt : {"raise", "best"}, default="raise"
        On Ctrl-C, raise, or give the choice of the last whole round with its bounds and ``complete`` False.

    Returns
    -------
    SeedSet

    Raises
    ------
    ParameterError
        If a parameter lies outside its domain, wishes contradict each other, or the model does not suit the method.
    UnknownAccountError
        If an account is not in the graph.
    ConvergenceError
        If `target_reach` cannot be reached with `k` seeds.

    Notes
    -----
    O(k log(n) * n / optimum) RR sets for a certificate; each costs about its members. Memory: 4 bytes per member of the
    sets kept, 4 per set, about 30 per account. Sets by which the choice is checked are not kept.

    References
    ----------
    Tang, Tang, Xiao & Yuan (2018), "Online processing algorithms for influence maximization", SIGMOD.
    Guo, Wang, Wei & Chen (2020), "Influence maximization revisited", SIGMOD: jumps and sentinels.
    Kempe, Kleinberg & Tardos (2003), "Maximizing the spread of influence through a social network", KDD.

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["bob", "cem", "dan", "eve", "dan"], ["ada", "ada", "ada", "fay", "fay"])
    >>> found = sr.select_seeds(sr.IndependentCascade(g, prob=0.5), k=2, rng=7)
    >>> found.seeds, round(found.spread, 1)          # ada, 3 / 2 followers, fay, 1 and what ada left of dan: 4.25
    (('ada', 'fay'), 4.2)
    >>> sr.select_seeds(sr.IndependentCascade(g, prob=0.5), k=2, never="ada", must="eve", rng=7).seeds
    ('eve', 'fay')
    """
    began = time.perf_counter()
    model = model if isinstance(model, SIR | SIS) else as_model(model)
    graph = model.graph
    if k is None and budget is None and target_reach is None:
        raise ParameterError("select_seeds needs k, budget or target_reach")
    if not graph.n_nodes:
        raise ParameterError("there is nobody to choose: the graph has no nodes")
    wishes = settle(graph, k, must=must, never=never, value=value, cost=cost, budget=budget, groups=groups, quota=quota)
    delta = 1 / max(graph.n_nodes, 2) if delta is None else delta
    key = resolve_rng(rng)
    work = _Work(model, wishes, key, resolve_engine(engine, threads), progress, epsilon, delta)
    asked = {"fairness": fairness, "target_reach": target_reach, "upper_model": upper_model, "rivals": rivals or None}
    special = [name for name, given in asked.items() if given is not None]
    if len(special) > 1:
        raise ParameterError(f"give one of {' and '.join(special)}")
    if special and method != "opim":
        raise ParameterError(f"{special[0]} has a method of its own: leave method={method!r} away")
    if target_reach is not None:
        made = work.fewest(target_reach)
    elif fairness is not None:
        made = work.fair(fairness)
    elif upper_model is not None:
        made = work.robust(upper_model)
    elif special:
        made = work.against(resolve_accounts(graph, rivals, "rivals").nodes)
    elif method == "opim":
        made = work.certified(on_interrupt)
    elif method == "celf":
        made = work.by_simulation(n_runs)
    else:
        made = work.by_heuristic(method)
    params = {**model.params, **_asked(k, wishes, epsilon, delta, target_reach), "method": method, "rng": key.record}
    return _finished(made, wishes, graph, time.perf_counter() - began, params)


def _asked(k: int | None, wishes: Wishes, epsilon: float, delta: float, target: float | None) -> dict[str, object]:
    said = {
        "must": wishes.must.size,
        "valued": wishes.value is not None,
        "budget": wishes.budget,
        "quota": None if wishes.quota is None else {str(g): int(q) for g, q in wishes.quota.items()},
        "target_reach": target,
    }
    return {"k": k, "epsilon": epsilon, "delta": delta, **{name: x for name, x in said.items() if x}}


def _finished(made: dict[str, Any], wishes: Wishes, graph: Graph, seconds: float, params: dict[str, object]) -> SeedSet:
    nodes = np.asarray(made["nodes"], np.uint32)
    cost = None if wishes.cost is None else float(wishes.cost[nodes].sum())
    ids = tuple(graph.ids[int(node)] for node in nodes)
    told: dict[str, Any] = {"cost": cost, "room": wishes.room, "seconds": seconds, "peak_bytes": _peak_bytes()}
    return SeedSet(**made | {"nodes": nodes}, seeds=ids, params=params, **told)


def _peak_bytes() -> int:
    """The most memory that this process has held; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak) * (1 if sys.platform == "darwin" else 1024)


class _Work:
    """One selection: what is asked, and how to do it. Each method gives the fields of a SeedSet."""

    def __init__(
        self,
        model: Model,
        wishes: Wishes,
        key: Key,
        runner: Engine,
        progress: Progress,
        epsilon: float,
        delta: float,
    ) -> None:
        self.model, self.wishes, self.key, self.runner, self.progress = model, wishes, key, runner, progress
        self.epsilon, self.delta = epsilon, delta
        self.total_value = float(model.graph.n_nodes) if wishes.total_value is None else wishes.total_value

    def _triggering(self) -> TriggeringModel:
        if isinstance(self.model, TriggeringModel):
            return self.model
        raise ParameterError(
            f"method 'opim' needs an IndependentCascade or a LinearThreshold, got {type(self.model).__name__}: "
            f"use method={'celf' if self.model.submodular else 'degree'!r}"
        )

    def _sampler(self, purpose: int) -> Sampler:
        return Sampler(self._triggering().backward(), self.key, purpose, by_value(self.wishes.value))

    # -- with a certificate ----------------------------------------------------------------------------------------

    def certified(self, on_interrupt: Literal["raise", "best"] = "raise") -> dict[str, Any]:
        """OPIM-C under the wishes' rule."""
        rule = self.wishes.rule()
        search = Search(self._sampler(SELECT), rule, self.epsilon, self.delta, self.total_value, self._least_optimum())
        found = search.run(self.runner, self.progress, on_interrupt)
        words = f"{100 * found.ratio:.1f} % of the optimum for sure, with probability {_spelled(1 - self.delta)}"
        limits = clopper_pearson(np.array([found.met]), found.n_checked, 0.05)
        spread = self.total_value * found.met / found.n_checked
        return {
            "method": "opim",
            "nodes": found.choice.nodes,
            "marginal_gains": self._gains(found, spread, on_interrupt),
            "spread": spread,
            "interval": tuple(self.total_value * float(end[0]) for end in limits),
            "lower_bound": found.lower,
            "upper_bound": found.upper,
            "guarantee": words if found.complete else f"interrupted: {words}",
            "worst_case": self._worst(rule),
            "n_samples": found.n_samples,
            "members": found.members,
            "stored_bytes": found.stored_bytes,
            "complete": found.complete,
            "details": {"rounds": found.rounds, "sentinels": found.sentinels, "ratio": found.ratio},
        }

    def _least_optimum(self) -> float:
        """What the best allowed choice is worth at least: the account of highest value that may be chosen."""
        wishes = self.wishes
        if wishes.value is None:
            return 1.0
        may = np.ones(wishes.value.size, bool) if wishes.allowed is None else wishes.allowed.copy()
        may[wishes.must] = True
        if wishes.cost is not None and wishes.budget is not None:
            may &= wishes.cost <= wishes.budget
        return max(float(wishes.value[may].max(initial=0.0)), 1e-3 * self.total_value / self.model.graph.n_nodes)

    def _worst(self, rule: Rule) -> str:
        factors = {"cardinality": "1 - 1/e", "quotas": "1/2", "budget": "(1 - 1/e) / 2"}
        if isinstance(rule, Budget) and rule.cap_binds:
            return "budget and k together: no factor is promised; the bounds hold as they are"
        return (
            f"{rule.name}: {factors[rule.name]} - {self.epsilon:g} = {rule.worst - self.epsilon:.3f} of the optimum, "
            f"with probability {_spelled(1 - self.delta)}"
        )

    def robust(self, upper: TriggeringModel) -> dict[str, Any]:
        """Seeds that hold up whatever the probabilities are between those of the model and of `upper`."""
        from swayrank.campaign.robust import robust_seeds

        def select(model: TriggeringModel) -> Any:
            work = _Work(model, self.wishes, self.key, self.runner, self.progress, self.epsilon, self.delta / 3)
            return SimpleNamespace(**work.certified())

        if self.wishes.value is not None:
            raise ParameterError("upper_model counts accounts: leave value away")
        work: dict[str, Any] = {"engine": self.runner, "progress": self.progress}
        found = robust_seeds(
            self._triggering(), upper, self.wishes.k, select, delta=self.delta / 3, rng=self.key, **work
        )
        made = self._valued("robust", found.nodes)
        return made | {
            "lower_bound": found.lower_bound,
            "upper_bound": found.upper_bound,
            "guarantee": f"{100 * found.alpha:.1f} % of the optimum for sure, whatever the true probabilities, with "
            f"probability {_spelled(1 - self.delta)}",
            "worst_case": "none: the limits may be too far apart for any choice",
            "details": {"chosen_under": found.chosen, "ratio": found.alpha},
        }

    def fewest(self, target: float) -> dict[str, Any]:
        """As few seeds as greedy choice needs so that the lower limit of their spread is the target."""
        if target >= self.total_value:
            raise ParameterError(f"target_reach must be below what there is, {self.total_value:g}, got {target:g}")
        search = Search(self._sampler(SELECT), self.wishes.rule(), self.epsilon, self.delta, self.total_value)
        sampler, rounds = search.sampler.with_pilot(), max(1, 20)
        samples, alpha = Samples(self.model.graph.n_nodes), self.delta / (3 * rounds)
        nearest = 0.0
        for r in range(rounds):
            n_sets = 4096 << r
            if samples.stored_bytes > _MOST_BYTES // 2:
                break
            with track(self.progress, f"fewest seeds, round {r + 1}", n_sets - samples.drawn) as step:
                samples.add(draw(sampler, samples.drawn, n_sets - samples.drawn, self.runner, step))
            wanted = _least_count(target / self.total_value, n_sets, alpha)
            if wanted > n_sets:
                continue
            choice = search.rule.choose(samples, wanted)
            nearest = max(nearest, self.total_value * lower_limit(choice.covered, n_sets, alpha))
            possible = _fewest_possible(samples, target / self.total_value, alpha)
            if choice.covered < wanted and choice.nodes.size >= self.wishes.k:
                most = self.total_value * upper_limit(choice.most, n_sets, alpha)
                if most < target:
                    raise ConvergenceError(
                        f"target_reach={target:g} is out of reach with {self.wishes.k} seeds: no choice reaches more "
                        f"than {most:.6g}; raise k or lower target_reach"
                    )
                continue
            met, visited = self._check(choice.nodes, n_sets)
            lower = self.total_value * lower_limit(met, n_sets, alpha)
            if lower >= target:
                spread = self.total_value * met / n_sets
                return self._judged("fewest", choice, samples, met, visited, lower) | {
                    "marginal_gains": self._fresh(choice.nodes, spread),
                    "guarantee": f"reaches at least {target:g} for sure, with probability {_spelled(1 - self.delta)}; "
                    f"fewer than {possible} seed{'s' if possible != 1 else ''} cannot",
                    "worst_case": "greedy cover of the sample: no factor is promised for the spread itself",
                    "details": {"fewest_possible": possible},
                }
        raise ConvergenceError(
            f"target_reach={target:g} was not certified with {self.wishes.k} seeds, the nearest came to {nearest:.6g} "
            "for sure; raise k or lower target_reach"
        )

    def _check(self, nodes: U32, n_sets: int) -> tuple[int, int]:
        return count_met(replace_stops(self._sampler(CHECK), nodes)._replace(mean_size=8.0), 0, n_sets, self.runner)

    def _gains(self, found: Certified, spread: float, on_interrupt: Literal["raise", "best"]) -> Floats:
        """What each adds; of a search that is interrupted once more, as on the samples of the choice, to scale."""
        try:
            return self._fresh(found.choice.nodes, spread)
        except KeyboardInterrupt:
            if on_interrupt == "raise":
                raise
            gains = _all_gains(found)
            return gains * (spread / max(float(gains.sum()), 1.0))

    def _fresh(self, nodes: U32, spread: float, lost: U32 | None = None) -> Floats:
        """What each adds, on sets that had no part in the choice."""
        return fresh_gains(self._sampler(CHECK), nodes, spread, self.runner, lost=lost)

    def _judged(
        self, method: str, choice: Choice, samples: Samples, met: int, visited: int, lower: float
    ) -> dict[str, Any]:
        n_sets = samples.drawn
        limits = clopper_pearson(np.array([met]), n_sets, 0.05)
        return {
            "method": method,
            "nodes": choice.nodes,
            "marginal_gains": choice.gains * (self.total_value / n_sets),  # of the sets that it was judged on
            "spread": self.total_value * met / n_sets,
            "interval": tuple(self.total_value * float(end[0]) for end in limits),
            "lower_bound": lower,
            "upper_bound": None,
            "guarantee": _NO_BOUND,
            "worst_case": _NO_BOUND,
            "n_samples": 2 * n_sets,
            "members": samples.visited + visited,
            "stored_bytes": samples.stored_bytes,
        }

    # -- without -----------------------------------------------------------------------------------------------------

    def against(self, rivals: U32) -> dict[str, Any]:
        """Greedy on what the rivals do not activate."""
        sampler = replace_stops(self._sampler(SELECT), rivals).with_pilot()
        samples = Samples(self.model.graph.n_nodes)
        n_sets = int(max(1024, min(_CHECKS, 2**26 / max(sampler.mean_size, 1.0))))
        samples.add(draw(sampler, 0, n_sets, self.runner))
        samples.met = 0  # what meets a rival is lost, not won
        choice = self.wishes.rule().choose(samples)
        check = sampler._replace(purpose=CHECK)
        lost, _ = count_met(check, 0, n_sets, self.runner)
        both, visited = self._check(np.concatenate([rivals, choice.nodes]), n_sets)
        lower = self.total_value * lower_limit(both - lost, n_sets, self.delta)
        made = self._judged("rivals", choice, samples, both - lost, visited, lower)
        gains = self._fresh(choice.nodes, made["spread"], rivals)
        return made | {"marginal_gains": gains, "details": {"rivals": rivals.size}}

    def by_heuristic(self, method: str) -> dict[str, Any]:
        """A ranking, judged on RR sets or by simulation."""
        self._only_plain(method)
        graph, wishes = self.model.graph, self.wishes
        chances = self.model.probabilities() if isinstance(self.model, TriggeringModel) else None
        more = wishes.k - wishes.must.size
        ranked = rank_seeds(
            graph, method, more, probability=chances, key=self.key, allowed=wishes.allowed, chosen=wishes.must
        )
        return self._valued(method, np.concatenate([wishes.must, ranked]))

    def by_simulation(self, n_runs: int) -> dict[str, Any]:
        """CELF; its worlds are fixed, so gains never rise."""
        from swayrank.campaign.celf import celf

        self._only_plain("celf")
        wishes = self.wishes
        if wishes.value is not None and not isinstance(self.model, TriggeringModel):
            raise ParameterError(f"value goes with triggering models, not with {type(self.model).__name__}")
        nodes, _, evaluations = celf(
            self.model,
            wishes.k,
            n_runs=n_runs,
            allowed=wishes.allowed,
            chosen=wishes.must,
            key=self.key,
            runner=self.runner,
            progress=self.progress,
            value=wishes.value,
        )
        made = self._valued("celf", nodes)
        return made | {
            "guarantee": f"greedy in {n_runs:,} worlds: 1 - 1/e of the best choice in these worlds",
            "worst_case": "1 - 1/e of the optimum as the number of worlds grows",
            "details": {"evaluations": evaluations},
        }

    def _only_plain(self, method: str) -> None:
        wishes = self.wishes
        if wishes.budget is not None or wishes.quota is not None:
            raise ParameterError(f"budget and quota go with method 'opim', not with {method!r}")

    def fair(self, rule: str) -> dict[str, Any]:
        """Groups reached evenly."""
        from swayrank.campaign.fairness import fair_seeds

        wishes = self.wishes
        if wishes.group is None:
            raise ParameterError("fairness needs groups: give groups=..., a mapping from ids or an array")
        if wishes.budget is not None or wishes.quota is not None or wishes.value is not None:
            raise ParameterError("fairness does not go with budget, quota or value")
        if wishes.must.size:
            raise ParameterError("fairness does not go with must")
        model = self._triggering()
        found = fair_seeds(
            model,
            wishes.k,
            wishes.group,
            rule=rule,
            epsilon=self.epsilon,
            allowed=wishes.allowed,
            key=self.key,
            runner=self.runner,
            progress=self.progress,
        )
        shares = {
            str(label): {"share": float(share), "interval": [float(end) for end in limits]}
            for label, share, limits in zip(wishes.labels, found.group_shares, found.group_intervals, strict=True)
        }
        return self._valued(f"fairness {rule}", found.nodes) | {"details": {"groups": shares}}

    def _valued(self, method: str, nodes: U32) -> dict[str, Any]:
        """What seeds that came from elsewhere are worth: each prefix on the same RR sets, or in the same worlds."""
        if not isinstance(self.model, TriggeringModel):
            return self._simulated(method, nodes)
        sampler = self._sampler(CHECK)
        samples = Samples(self.model.graph.n_nodes)
        pilot = sampler.with_pilot()
        n_sets = int(max(1024, min(_CHECKS, 2**24 / max(pilot.mean_size, 1.0))))
        samples.add(draw(pilot, 0, n_sets, self.runner))
        cover = Cover(samples)
        gains = np.array([cover.take(int(node)) for node in nodes], np.int64)
        lower = self.total_value * lower_limit(cover.total, n_sets, self.delta)
        choice = Choice(nodes, gains, cover.total, cover.total)
        return self._judged(method, choice, samples, cover.total, 0, lower) | {"n_samples": n_sets}

    def _simulated(self, method: str, nodes: U32) -> dict[str, Any]:
        if self.wishes.value is not None:
            raise ParameterError(f"value goes with triggering models, not with {type(self.model).__name__}")
        ids = self.model.graph.ids
        prefixes = [[ids[int(node)] for node in nodes[: i + 1]] for i in range(nodes.size)]
        fresh = Key(self.key.low, self.key.high)  # worlds that had no part in the choice
        level: dict[str, Any] = {"confidence": 0.95, "n_runs": 1000, "rng": fresh, "engine": self.runner}
        found = simulate(self.model, prefixes, **level)
        means = np.array([found[i].mean for i in range(nodes.size)])
        last = found[nodes.size - 1]
        return {
            "method": method,
            "nodes": nodes,
            "marginal_gains": np.diff(means, prepend=0.0),
            "spread": last.mean,
            "interval": last.interval,
            "lower_bound": last.interval[0],
            "upper_bound": None,
            "guarantee": _NO_BOUND,
            "worst_case": _NO_BOUND,
            "n_samples": 0,
            "members": 0,
            "stored_bytes": 0,
        }


def _all_gains(found: Certified) -> Floats:
    """Sets that each seed newly covers; those that ended at a sentinel are shared out as the pilot's sets were."""
    gains = found.choice.gains.astype(np.float64)
    pilot = found.sentinel_gains
    if pilot.size:
        gains[: pilot.size] = (found.choice.covered - gains.sum()) * pilot / max(float(pilot.sum()), 1.0)
    return gains


def _least_count(share: float, n_sets: int, alpha: float) -> int:
    """The least number of covered sets whose lower limit is the share, or n_sets + 1."""
    low, high = 0, n_sets + 1
    while low < high:
        middle = (low + high) // 2
        if middle <= n_sets and lower_limit(middle, n_sets, alpha) < share:
            low = middle + 1
        else:
            high = middle
    return low


def _fewest_possible(samples: Samples, share: float, alpha: float) -> int:
    """A number of seeds below which no choice reaches the share: single gains add up to at most their sum."""
    n_sets = samples.drawn
    low, high = 0, n_sets
    while low < high:
        middle = (low + high) // 2
        if upper_limit(middle, n_sets, alpha) < share:
            low = middle + 1
        else:
            high = middle
    counts = np.sort(samples.counts())[::-1].astype(np.int64)
    return int(np.searchsorted(np.cumsum(counts), low)) + 1


def _spelled(probability: float) -> str:
    """0.999 rather than 0.9989999."""
    return f"1 - {1 - probability:.2g}" if probability > 0.999 else f"{probability:.6g}"
