"""What-if questions about the served run: answered from what a job prepared, mapped from disk, for any thread."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank.campaign.oracle import Answer, InfluenceOracle
from swayrank.errors import DamagedGraphError, UnknownAccountError
from swayrank.graph import Graph
from swayrank.ids import ABSENT
from swayrank.measures.propagation.accounts import Resolved
from swayrank.service.cascade import play
from swayrank.service.jobs.derive import GRAPH, ORACLE, SHARES, WHATIF, derived_folder, open_walk, read_facts
from swayrank.service.names import strangers
from swayrank.service.published import Published

MOST_OVERLAP = 20
_NONE = -1


class Prepared:
    """The graph and the oracle of one run, with the scores that go with them.

    Parameters
    ----------
    result : Published
        The run.
    folder : Path
        What :func:`swayrank.service.jobs.derive.prepare` made of it.

    Attributes
    ----------
    run : str
        The run's id.
    facts : mapping
        Model, samples, sizes.

    Raises
    ------
    FolderError
        If it is absent or damaged.
    """

    def __init__(self, result: Published, folder: Path) -> None:
        self.run, self.result, self.facts = result.run, result, read_facts(folder)
        self._graph = Graph.open(folder / GRAPH)
        self._walk = open_walk(folder)
        self._oracle = InfluenceOracle.open(folder / WHATIF / ORACLE)
        self._shares = _mapped(folder / WHATIF / SHARES, self._graph.n_edges)
        self._asking = threading.Lock()  # the oracle marks what it has counted in one array
        self._place = result.kept.ids.positions(self._graph.ids.to_arrow(), missing="sentinel").astype(np.int64)
        self._place[self._place >= len(result)] = _NONE
        facet = result.facets.get("community")
        codes = np.full(len(result), _NONE) if facet is None else facet.codes
        self._community = np.where(self._place >= 0, codes[self._place], _NONE)
        self._warm()

    @classmethod
    def load(cls, result: Published, out: Path) -> Prepared:
        """Open what was prepared for a run below `out`."""
        return cls(result, derived_folder(out, result.run))

    def _warm(self) -> None:
        """Compile, and bring from disk, what the first question would wait for."""
        if self._graph.n_nodes:
            first = str(self._graph.ids[0])
            self.whatif([first, str(self._graph.ids[self._graph.n_nodes - 1])], [first])
            self.next_best([first], 1)
            self.neighbours(first, "followers", 1)
            self.neighbours(first, "following", 1)
            self.cascade([first], 1)

    # -- spread --------------------------------------------------------------------------------------------------------

    def whatif(self, seeds: Sequence[str], baseline: Sequence[str] = ()) -> dict[str, Any]:
        """What seeds would reach, what each adds, in which communities, how their audiences overlap.

        Parameters
        ----------
        seeds : sequence of str
            At least one; repeats count once.
        baseline : sequence of str
            Who is asked already: then what both reach together is told too.

        Raises
        ------
        UnknownAccountError
            If an account is not in the graph.
        """
        began = time.perf_counter()
        named, before = self._found(seeds, baseline)
        with self._asking:  # in this order, since the oracle goes on from what it was asked last
            found = self._oracle.spread(named)
            groups = self._oracle.audience(named, self._community)
            together = self._oracle.spread(_joined(named, before)) if before.ids else None
            based = self._oracle.spread(before) if before.ids else None
            overlap = self._oracle.overlap(named) if len(named.ids) <= MOST_OVERLAP else None
        return {
            "run": self.run,
            "seeds": named.ids,
            **told(found),
            "adds": found.adds,
            "overlap": None if overlap is None else overlap,
            "by_community": self._by_community(groups),
            "baseline": None if based is None else told(based),
            "together": None if together is None else told(together),
            "n_samples": self._oracle.n_samples,
            "model": self.facts["model"],
            "milliseconds": round(1000 * (time.perf_counter() - began), 3),
        }

    def next_best(self, seeds: Sequence[str], k: int) -> list[dict[str, Any]]:
        """The accounts that would add most to the seeds."""
        (named,) = self._found(seeds)
        with self._asking:
            found = self._oracle.next_best(named, k, among=self._place >= 0)
        nodes = self._graph.ids.positions([account for account, _ in found]) if found else ()
        return [{**self._row(int(node)), "gain": gain} for node, (_, gain) in zip(nodes, found, strict=True)]

    def compare(self, a: Sequence[str], b: Sequence[str]) -> dict[str, Any]:
        """Two plans: what each reaches, what both do, and what only one of them does."""
        first, second = self._found(a, b)
        with self._asking:
            one = self._oracle.spread(first)
            union = self._oracle.spread(_joined(first, second))
            two = self._oracle.spread(second)
        return {
            "run": self.run,
            "a": told(one),
            "b": told(two),
            "union": told(union),
            "shared": one.mean + two.mean - union.mean,
            "only_a": union.mean - two.mean,
            "only_b": union.mean - one.mean,
        }

    def shared_audience(self, a: str, b: str) -> dict[str, float] | None:
        """How many other accounts each of two would reach on its own, with 95 % intervals, and how many both would.

        Neither of the two counts: not as its own audience, and not where the other reaches it. None where one is in no
        graph.
        """
        try:
            (named,) = self._found([a, b])
        except UnknownAccountError:
            return None
        marked = np.full(self._graph.n_nodes, _NONE)
        marked[named.nodes] = np.arange(len(named.ids))
        with self._asking:
            both = float(self._oracle.overlap(named)[0, -1])
            alone = [self._oracle.spread([one]) for one in named.ids]
            theirs = [self._oracle.audience([one], marked) for one in named.ids]
        if len(named.ids) == 2:  # where one reaches the other, both reach it
            both -= theirs[0].get(1, 0.0) + theirs[1].get(0, 0.0)
        told = {"both": max(0.0, both if len(named.ids) == 2 else both - 1.0)}
        for which, found in zip("ab", (alone[0], alone[-1]), strict=True):  # itself is reached for certain
            low, high = (max(0.0, end - 1.0) for end in found.interval)
            told |= {which: max(told["both"], found.mean - 1.0), f"{which}_low": low, f"{which}_high": high}
        return told

    def cascade(self, seeds: Sequence[str], rng: int) -> dict[str, Any]:
        """One cascade from the seeds, step by step, for the accounts of the run's map.

        Raises
        ------
        UnknownAccountError
            If an account is not in the graph.
        """
        shown = None if self.result.map is None else self.result.map["accounts"]
        (named,) = self._found(seeds)
        played = play(self._walk, self._graph.ids, named.nodes, rng=rng, shown=shown)
        return {"run": self.run, **played, "model": self.facts["model"]}

    # -- neighbours ----------------------------------------------------------------------------------------------------

    def neighbours(self, account: str, direction: str, k: int) -> dict[str, Any]:
        """Who attends to an account ("followers"), or to whom it attends ("following"): the largest shares first."""
        graph, node = self._graph, self._node(account)
        if direction == "followers":
            begin, end = int(graph.in_indptr[node]), int(graph.in_indptr[node + 1])
            others, shares = graph.in_indices[begin:end], self._shares[begin:end]
        else:
            begin, end = int(graph.indptr[node]), int(graph.indptr[node + 1])
            others, even = graph.indices[begin:end], np.full(end - begin, 1.0 / max(1, end - begin))
            shares = graph.column("probability")[begin:end] if "probability" in graph.columns else even
        place = self._place[others]
        order = np.lexsort((place, -shares))[:k]
        items = [{**self._row(int(others[i])), "share": float(shares[i])} for i in order]
        return {
            "run": self.run,
            "account": account,
            "direction": direction,
            "total": int(others.size),
            "items": items,
        }

    # -- names ---------------------------------------------------------------------------------------------------------

    def _found(self, *lists: Sequence[str]) -> list[Resolved]:
        """The accounts of each list, once each, by name and by place in the graph.

        Raises
        ------
        UnknownAccountError
            It tells of all that nobody bears, of whichever list.
        """
        ids = self._graph.ids
        meant = ids.meant([name for names in lists for name in names])
        places = ids.positions(meant, missing="sentinel") if meant else np.empty(0, np.uint32)
        if (lost := places == ABSENT).any():
            absent = list(dict.fromkeys(meant[i] for i in np.flatnonzero(lost)))
            known = self.result.names.find(absent[0]) is not None
            raise strangers(absent, "in this run's network" if known else "in this result")
        each, found = zip(meant, places.tolist(), strict=True), []
        for names in lists:
            once = dict(itertools.islice(each, len(names)))
            nodes = np.fromiter(once.values(), np.uint32, len(once))
            found.append(Resolved(tuple(once), nodes, len(names) - len(once)))
        return found

    def _node(self, account: str) -> int:
        self.result.names.position(account)
        return self._graph.ids.position(account)

    def _by_community(self, reached: Mapping[int, float]) -> list[dict[str, Any]]:
        facet = self.result.facets.get("community")
        names = [None] if facet is None else [*facet.groups, None]  # the last is where code -1 looks
        return [{"community": names[code], "reached": n} for code, n in reached.items()]

    def _row(self, node: int) -> dict[str, Any]:
        at = int(self._place[node])
        if at < 0:
            return {"account": str(self._graph.ids[node]), "score": None, "rank": None}
        score = float(self.result.kept.score[at])
        rank = int(self.result.kept.rank[at])
        return {
            "account": str(self._graph.ids[node]),
            "score": score if rank else None,
            "rank": rank or None,
        }


def _joined(first: Resolved, second: Resolved) -> Resolved:
    """All accounts of two lists, once each, those of the first first."""
    once = dict(zip((*first.ids, *second.ids), (*first.nodes.tolist(), *second.nodes.tolist()), strict=True))
    return Resolved(tuple(once), np.fromiter(once.values(), np.uint32, len(once)), 0)


def told(found: Answer) -> dict[str, float]:
    """A spread with its interval."""
    return {"mean": found.mean, "low": found.interval[0], "high": found.interval[1]}


def _mapped(path: Path, size: int) -> npt.NDArray[np.float32]:
    try:
        shares = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DamagedGraphError(f"{path} cannot be read: {error}; prepare the run again") from None
    if shares.shape != (size,) or shares.dtype != np.float32:
        raise DamagedGraphError(f"{path} does not belong to its graph; prepare the run again")
    mapped: npt.NDArray[np.float32] = shares
    return mapped
