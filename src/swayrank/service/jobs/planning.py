"""A campaign's plan: from what a planner asks to chosen seeds, their curve, communities and overlap.

Choosing and certifying is :func:`swayrank.select_seeds`; the figures that are shown (spread, curve, gains) are those of
the run's oracle, whose samples had no part in the choice, so that a what-if question about the same seeds gets the same
numbers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress
from swayrank.campaign.oracle import Answer, InfluenceOracle
from swayrank.campaign.seedset import SeedSet
from swayrank.campaign.select import select_seeds
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.measures.propagation.limits import clopper_pearson
from swayrank.service.jobs.derive import GRAPH, ORACLE, WHATIF, derived_folder, model_on
from swayrank.service.jobs.eligible import barred, prices
from swayrank.service.jobs.parameters import Quota, SeedsParameters
from swayrank.service.published import Facet, Published

MOST_OVERLAP = 20
_AT_LEAST = "the least numbers of the groups were filled first, then the rest: a heuristic, with no bound"
Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


class Planner:
    """Chooses seeds on what was prepared for a run.

    Parameters
    ----------
    result : Published
        The run.
    out : Path
        The folder of the result.
    progress
        Whom to tell.
    """

    def __init__(self, result: Published, out: Path, progress: Progress = None) -> None:
        folder = derived_folder(out, result.run)
        self._result, self._progress = result, progress
        self._graph = Graph.open(folder / GRAPH)
        self._oracle = InfluenceOracle.open(folder / WHATIF / ORACLE)
        self._model = model_on(self._graph)
        self._place: Places = result.kept.ids.positions(self._graph.ids.to_arrow()).astype(np.int64)

    def plan(self, asked: SeedsParameters) -> dict[str, Any]:
        """Choose, and say all that a planner shows; where nobody adds anything, a plan without seeds."""
        costs = None if asked.costs is None else prices(asked.costs, self._result)[self._place]
        bound = asked.quota is None or asked.quota.at_least is None
        found = self._chosen(asked, costs) if bound else self._at_least(asked, costs)
        return {**self._told(asked, found, costs, bound=bound), "room": found.room}

    # -- choosing ------------------------------------------------------------------------------------------------------

    def _chosen(self, asked: SeedsParameters, costs: Floats | None) -> SeedSet:
        limits: dict[str, Any] = {}
        if asked.budget is not None:
            limits = {"cost": costs, "budget": asked.budget}
        if asked.quota is not None:
            limits |= {"groups": self._groups(asked.quota), "quota": asked.quota.at_most}
        return self._select(asked, asked.k, asked.must, self._excluded(asked, costs), **limits)

    def _at_least(self, asked: SeedsParameters, costs: Floats | None) -> SeedSet:
        """First the groups that need seeds, from nobody else; then the rest around these."""
        assert asked.quota is not None
        groups, excluded, must = self._groups(asked.quota), self._excluded(asked, costs), list(asked.must)
        given = groups[self._graph.ids.positions(must)].tolist() if must else []
        rooms = {group: max(n, given.count(group)) for group, n in (asked.quota.at_least or {}).items()}
        rooms = {group: n for group, n in rooms.items() if n}
        lacking = sum(n - given.count(group) for group, n in rooms.items())
        if lacking:
            k, outside = lacking + len(must), ~np.isin(groups, list(rooms))
            first = self._select(asked, k, must, excluded | outside, groups=groups, quota=rooms)
            must = [str(one) for one in first.seeds]
            if len(must) < k:
                there = len(must) - len(given)
                raise ParameterError(
                    f"quota.at_least asks for {lacking} more seeds of its groups, and in the samples drawn {there} add "
                    "anything: ask for fewer"
                )
        return self._select(asked, asked.k, must, excluded)

    def _select(
        self, asked: SeedsParameters, k: int | None, must: list[str], excluded: npt.NDArray[np.bool_], **limits: Any
    ) -> SeedSet:
        if must:  # who must be taken may be outside of `only`
            excluded = excluded.copy()
            excluded[self._graph.ids.positions(must)] = False
        names = self._graph.ids[np.flatnonzero(excluded)].tolist() if excluded.any() else ()
        return select_seeds(
            self._model,
            k,
            method=asked.method,
            epsilon=asked.epsilon,
            must=must,
            never=names,
            rng=asked.rng,
            progress=self._progress,
            **limits,
        )

    def _excluded(self, asked: SeedsParameters, costs: Floats | None) -> npt.NDArray[np.bool_]:
        """Who must not be chosen, and those without a price."""
        out: npt.NDArray[np.bool_] = barred(asked, self._result, None)[self._place]
        return out if costs is None else out | ~np.isfinite(costs)

    def _groups(self, quota: Quota) -> npt.NDArray[np.object_]:
        """The group of every account, as text; None for those in none."""
        facet: Facet = self._result.facets[quota.by]
        names = np.array([*(str(group) for group in facet.groups), None], object)
        groups: npt.NDArray[np.object_] = names[facet.codes[self._place]]
        return groups

    # -- telling -------------------------------------------------------------------------------------------------------

    def _told(self, asked: SeedsParameters, found: SeedSet, costs: Floats | None, *, bound: bool) -> dict[str, Any]:
        names = [str(one) for one in found.seeds]
        answer = self._oracle.spread(names) if names else Answer((), 0.0, (0.0, 0.0), np.empty(0))
        together = np.cumsum(answer.adds)
        total = None if costs is None else float(costs[found.nodes].sum())
        return {
            "run": self._result.run,
            "seeds": self._rows(found, names, answer.adds, together, costs),
            "method": found.method,
            "spread": answer.mean,
            "low": answer.interval[0],
            "high": answer.interval[1],
            "lower_bound": found.lower_bound if bound else None,
            "upper_bound": found.upper_bound if bound else None,
            "guarantee": found.guarantee if bound else _AT_LEAST,
            "worst_case": found.worst_case if bound else _AT_LEAST,
            "cost": total,
            "budget": asked.budget,
            "by_community": self._by_community(found, names),
            "overlap": self._oracle.overlap(names) if 0 < len(names) <= MOST_OVERLAP else None,
            "curve": self._curve(together),
            "params": {**found.params, "asked": asked.model_dump(mode="json", exclude_defaults=True)},
            "n_samples": found.n_samples,
            "seconds": round(found.seconds, 3),
        }

    def _rows(
        self, found: SeedSet, names: list[str], adds: Floats, together: Floats, costs: Floats | None
    ) -> list[dict[str, Any]]:
        rows = []
        for i, (node, name) in enumerate(zip(found.nodes.tolist(), names, strict=True)):
            row = self._result.row(int(self._place[node]))
            told = {"account": name, "marginal_gain": float(adds[i]), "cumulative": float(together[i])}
            told["cost"] = None if costs is None else float(costs[node])
            rows.append({**told, **{key: row[key] for key in ("score", "rank", "community", "role", "tier")}})
        return rows

    def _curve(self, together: Floats) -> list[dict[str, float]]:
        """Spread of the first 1, 2, ... seeds with 95 % limits, each for itself."""
        n, size = self._oracle.n_samples, float(self._graph.n_nodes)
        hits = np.rint(together / size * n).astype(np.int64)
        low, high = clopper_pearson(hits, n, 0.05)
        return [
            {"k": k, "spread": float(spread), "low": float(a) * size, "high": float(b) * size}
            for k, (spread, a, b) in enumerate(zip(together, low, high, strict=True), 1)
        ]

    def _by_community(self, found: SeedSet, names: list[str]) -> list[dict[str, Any]]:
        """How many seeds each community has, and how many of it are reached; the most reached first."""
        facet = self._result.facets.get("community")
        if facet is None:
            return []
        codes = facet.codes[self._place]
        chosen = np.bincount(codes[found.nodes] + 1, minlength=len(facet.groups) + 1)
        reached = self._oracle.audience(names, codes) if names else {}
        return [
            {
                "community": None if code < 0 else facet.groups[code],
                "seeds": int(chosen[code + 1]),
                "reached": count,
            }
            for code, count in reached.items()
        ]
