"""What-if questions in milliseconds: RR sets drawn once, kept by account, mapped from disk.

The samples are kept turned around: for each account the ascending numbers of the sets that hold it (4 bytes each), and
each set's root. The spread of any seeds is n times the share of sets in the union of their lists; an account's marginal
gain the share of sets in its list and in nobody else's; what two audiences share, the sets in both.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank._rng import Rng, resolve_rng
from swayrank._validate import Integer, Interval, domains
from swayrank.campaign.opim import by_value
from swayrank.campaign.wishes import PerAccount, per_account
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import DamagedGraphError, FolderError, NotAGraphError, ParameterError, VersionError
from swayrank.graph import Graph
from swayrank.ids import Ids, read_only
from swayrank.kernels.cover import (
    common_sets,
    count_members,
    count_roots,
    gains_of,
    gains_over,
    index_sets,
    union_count,
)
from swayrank.kernels.random import ORACLE
from swayrank.measures._measure import Measure
from swayrank.measures.propagation.accounts import Account, Accounts, Resolved, resolve_accounts
from swayrank.measures.propagation.limits import clopper_pearson
from swayrank.measures.propagation.models import TriggeringModel, as_model
from swayrank.measures.propagation.sampler import Sampler, draw

_FORMAT, _VERSION, _INDEX = "swayrank oracle", 1, "oracle.json"
_ARRAYS = ("indptr", "sets", "roots")
_AT_ONCE = 1024
"""Accounts whose gains are counted before the best are looked at again."""


@dataclass(frozen=True)
class Answer:
    """What seeds are expected to reach.

    Attributes
    ----------
    seeds : tuple of int or str
        The seeds.
    mean : float
        Expected number of accounts activated, seeds included (or their value).
    interval : tuple of float
        Its limits at the level that was asked for.
    adds : numpy.ndarray of float64, shape (k,)
        What each seed adds to those before it.
    """

    seeds: tuple[Account, ...]
    mean: float
    interval: tuple[float, float]
    adds: npt.NDArray[np.float64]

    def __repr__(self) -> str:
        low, high = self.interval
        count = f"{len(self.seeds)} seed{'s' if len(self.seeds) != 1 else ''}"
        return f"{count}: {self.mean:.6g} accounts (interval {low:.6g} to {high:.6g})"


class _Marked(NamedTuple):
    """Accounts whose sets are marked, and how many sets were after each."""

    nodes: npt.NDArray[np.uint32]
    counts: npt.NDArray[np.int64]


class InfluenceOracle:
    """Answers what any seeds would reach. Make one with :meth:`build`, or open one that was saved.

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["bob", "cem", "dan"], ["ada", "ada", "eve"])
    >>> oracle = sr.InfluenceOracle.build(sr.IndependentCascade(g, prob=0.5), n_samples=50_000, rng=7)
    >>> oracle.spread("ada")                       # exactly 2
    1 seed: 1.9939 accounts (interval 1.97242 to 2.01544)
    >>> oracle.marginal_gains("ada").top(1)        # eve and dan, at 1/2
    rank  account  marginal_gain
       1  eve            1.50...
    """

    def __init__(
        self, ids: Ids, arrays: Mapping[str, npt.NDArray[Any]], n_samples: int, total: float, params: Mapping[str, Any]
    ) -> None:
        self.ids, self.n_samples, self.params = ids, n_samples, dict(params)
        self._arrays = {name: read_only(arrays[name]) for name in _ARRAYS}
        self._total = total
        self._mark = np.zeros(n_samples, np.uint32)
        self._tag = 0
        self._marked: _Marked | None = None
        self._by_size: npt.NDArray[np.uint32] | None = None

    @classmethod
    @domains(n_samples=Integer(1, 2**31))
    def build(
        cls,
        model: TriggeringModel | Graph,
        *,
        n_samples: int = 100_000,
        value: PerAccount = None,
        rng: Rng = None,
        engine: str | Engine = "local",
        threads: int | None = None,
        progress: Progress = None,
    ) -> InfluenceOracle:
        """Draw RR sets, and keep them by account.

        Parameters
        ----------
        model : IndependentCascade, LinearThreshold or Graph
            A graph stands for ``IndependentCascade(graph)``.
        n_samples : int, default=100_000
            How many sets. The standard error of any spread is at most n / (2 sqrt(n_samples)).
        value : mapping, array or None, default=None
            What reaching an account is worth; as `select_seeds` takes it.
        rng : int, numpy.random.Generator or None, default=None
            Randomness. None draws a key and records it.
        engine, threads, progress
            Where and on how many threads to run, and whether to tell.

        Notes
        -----
        4 bytes for each member of each set, 4 per set, 8 per account; twice that while it is built.
        """
        model = as_model(model)
        n = model.graph.n_nodes
        if not n:
            raise ParameterError("there is nobody to ask about: the graph has no nodes")
        values = per_account(model.graph, value, "value", missing=0.0)
        key = resolve_rng(rng)
        sampler = Sampler(model.backward(), key, ORACLE, by_value(values)).with_pilot()
        with track(progress, "samples for what-if questions", n_samples) as step:
            pieces = draw(sampler, 0, n_samples, resolve_engine(engine, threads), step)
        counts = np.zeros(n, np.uint32)
        for piece in pieces:
            count_members(piece.members, piece.sizes, np.uint64(0), counts)
        indptr = np.zeros(n + 1, np.uint64)
        np.cumsum(counts, out=indptr[1:])
        sets, at, done = np.empty(int(indptr[-1]), np.uint32), indptr[:-1].copy(), 0
        roots = np.empty(n_samples, np.uint32)
        for piece in pieces:
            index_sets(piece.members, piece.sizes, np.uint64(done), at, sets)
            begins = np.cumsum(piece.sizes, dtype=np.int64) - piece.sizes
            roots[done : done + piece.sizes.size] = piece.members[begins]
            done += piece.sizes.size
        total = float(n) if values is None else float(values.sum())
        params = {**model.params, "rng": key.record, "n_samples": n_samples, "valued": values is not None}
        return cls(model.graph.ids, {"indptr": indptr, "sets": sets, "roots": roots}, n_samples, total, params)

    # -- ask -----------------------------------------------------------------------------------------------------------

    @domains(confidence=Interval(0, 1, "()"))
    def spread(self, seeds: Accounts, *, confidence: float = 0.95) -> Answer:
        """What seeds are expected to reach together, and what each adds to those before it.

        Parameters
        ----------
        seeds : id or iterable of ids
            The seeds.
        confidence : float, default=0.95
            Level of the interval (exact binomial limits).

        Returns
        -------
        Answer

        Raises
        ------
        UnknownAccountError
            If a seed is no account of the graph.
        """
        named = self._resolved(seeds)
        counts = self._union(named.nodes)
        scale = self._total / self.n_samples
        low, high = clopper_pearson(counts[-1:], self.n_samples, 1 - confidence)
        limits = self._total * float(low[0]), self._total * float(high[0])
        return Answer(named.ids, float(counts[-1]) * scale, limits, np.diff(counts, prepend=0) * scale)

    def marginal_gains(self, seeds: Accounts = ()) -> Measure:
        """What each account would add to the seeds.

        Parameters
        ----------
        seeds : id or iterable of ids, default=()
            The seeds that are there already.

        Returns
        -------
        Measure
            ``values`` (float64) in accounts (or value).
        """
        named = self._resolved(seeds, least=0)
        self._union(named.nodes)
        gains = np.empty(len(self.ids), np.int64)
        gains_over(self._arrays["indptr"], self._arrays["sets"], self._mark, np.uint32(self._tag), gains)
        values = gains * (self._total / self.n_samples)
        return Measure("marginal_gain", values, self.ids, {**self.params, "given": [str(i) for i in named.ids]})

    @domains(k=Integer(1))
    def next_best(
        self, seeds: Accounts = (), k: int = 10, *, among: npt.ArrayLike | None = None
    ) -> list[tuple[Account, float]]:
        """The accounts that would add most to the seeds.

        Parameters
        ----------
        seeds : id or iterable of ids, default=()
            The seeds that are there already.
        k : int, default=10
            How many accounts are told.
        among : array of bool, shape (n_nodes,), optional
            Who may be told; all but the seeds, if None.

        Returns
        -------
        list of (id, float)
            Accounts and what each would add (in accounts, or value), the best first, ties in the order of the graph.

        Notes
        -----
        Nobody adds more than all that it reaches on its own, which is known. So accounts are looked at in the order of
        that, and no further than to where it is below what the k-th best adds: the same answer as `marginal_gains`
        gives, mostly after a small part of its work.

        Examples
        --------
        >>> import swayrank as sr
        >>> g = sr.Graph.from_edges(["bob", "cem", "dan"], ["ada", "ada", "eve"])
        >>> oracle = sr.InfluenceOracle.build(sr.IndependentCascade(g, prob=1.0), n_samples=50_000, rng=7)
        >>> [(who, round(adds, 1)) for who, adds in oracle.next_best("ada", 2)]
        [('eve', 2.0), ('dan', 1.0)]
        """
        nodes = self._resolved(seeds, least=0).nodes
        self._union(nodes)
        mine = np.ones(len(self.ids), np.bool_) if among is None else np.array(among, np.bool_)
        if mine.shape != (len(self.ids),):
            raise ParameterError(f"among must have shape ({len(self.ids)},), one per account, got {mine.shape}")
        mine[nodes] = False
        best, gains = self._best(k, mine)
        scale = self._total / self.n_samples
        return list(zip(self.ids[best].tolist(), (gains * scale).tolist(), strict=True))

    def _best(self, k: int, mine: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]:
        """The best `k` of some accounts, given what is marked, and in how many further sets each is."""
        indptr = self._arrays["indptr"]
        if self._by_size is None:
            self._by_size = np.argsort(-np.diff(indptr).astype(np.int64), kind="stable").astype(np.uint32)
        left = self._by_size[mine[self._by_size]]
        most = (indptr[left.astype(np.int64) + 1] - indptr[left]).astype(np.int64)
        nodes, gains = left[:0], np.empty(0, np.int64)
        for start in range(0, left.size, _AT_ONCE):
            if nodes.size >= k and gains[-1] > most[start]:
                break
            more = read_only(left[start : start + _AT_ONCE])
            found = np.empty(more.size, np.int64)
            gains_of(indptr, self._arrays["sets"], self._mark, np.uint32(self._tag), more, found)
            nodes, gains = np.concatenate((nodes, more)), np.concatenate((gains, found))
            order = np.lexsort((nodes, -gains))[:k]
            nodes, gains = nodes[order], gains[order]
        return nodes, gains

    def overlap(self, seeds: Accounts) -> npt.NDArray[np.float64]:
        """How much of each other's audience the seeds reach.

        Parameters
        ----------
        seeds : id or iterable of ids
            The seeds.

        Returns
        -------
        numpy.ndarray of float64, shape (k, k)
            Entry [i, j]: expected number of accounts (or value) that seeds i and j would both activate, each on its
            own, in the same world; [i, i]: what seed i activates.
        """
        nodes = self._resolved(seeds).nodes
        shared = np.empty((nodes.size, nodes.size))
        for i, a in enumerate(nodes):
            for j, b in enumerate(nodes[: i + 1]):
                common = common_sets(self._arrays["indptr"], self._arrays["sets"], np.uint64(a), np.uint64(b))
                shared[i, j] = shared[j, i] = int(common) * self._total / self.n_samples
        return shared

    def audience(self, seeds: Accounts, groups: npt.ArrayLike) -> dict[Any, float]:
        """Expected number of accounts (or value) reached in each group.

        Parameters
        ----------
        seeds : id or iterable of ids
            The seeds.
        groups : array, shape (n_nodes,)
            Each account's group.

        Returns
        -------
        dict
            By group, the largest first.
        """
        labels = np.asarray(groups)
        if labels.shape != (len(self.ids),):
            raise ParameterError(f"groups must have shape ({len(self.ids)},), one per account, got {labels.shape}")
        self._union(self._resolved(seeds).nodes)
        reached = np.zeros(len(self.ids), np.int64)
        count_roots(self._arrays["roots"], self._mark, np.uint32(self._tag), reached)
        found, counts = _per_group(labels, reached)
        order = np.argsort(-counts, kind="stable")
        scale = self._total / self.n_samples
        return dict(zip(found[order].tolist(), (counts[order] * scale).tolist(), strict=True))

    def _resolved(self, seeds: Accounts, least: int = 1) -> Resolved:
        return resolve_accounts(self, seeds, least=least)

    def _union(self, nodes: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
        """Mark the sets that hold one of the accounts; how many there are after each account.

        Where the accounts begin with those of the last question, only the rest is marked and counted.
        """
        known, self._marked = self._marked, None  # whoever is interrupted here leaves nothing half marked
        if known is None or not np.array_equal(nodes[: known.nodes.size], known.nodes):
            self._tag += 1
            if self._tag == 2**32:
                self._mark[:] = 0
                self._tag = 1
            known = _Marked(nodes[:0], np.empty(0, np.int64))
        counts = known.counts
        if (rest := nodes[counts.size :]).size:
            arrays = self._arrays["indptr"], self._arrays["sets"]
            more = union_count(*arrays, read_only(rest), self._mark, np.uint32(self._tag))
            counts = np.concatenate((counts, more + (counts[-1] if counts.size else 0)))
        self._marked = _Marked(nodes, counts)
        return counts

    # -- keep ----------------------------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write the oracle as a folder, whole or not at all.

        Parameters
        ----------
        path : str or pathlib.Path
            The folder; an oracle that is there already is replaced.

        Returns
        -------
        pathlib.Path

        Raises
        ------
        FolderError
            If something else is there, or the folder cannot be written.

        Examples
        --------
        >>> import tempfile, swayrank as sr
        >>> g = sr.Graph.from_edges(["bob"], ["ada"])
        >>> oracle = sr.InfluenceOracle.build(sr.IndependentCascade(g, prob=1.0), n_samples=1000, rng=7)
        >>> folder = oracle.save(tempfile.mkdtemp() + "/oracle")
        >>> sr.InfluenceOracle.open(folder).spread("ada").mean
        2.0
        """
        place = Path(path).absolute()
        if place.exists() and not (place / _INDEX).is_file():
            raise FolderError(f"{place} is there already, and is no oracle; choose another folder")
        fresh = place.with_name(f".{place.name}.{secrets.token_hex(6)}.tmp")
        meta = {
            "format": _FORMAT,
            "version": _VERSION,
            "n_nodes": len(self.ids),
            "n_samples": self.n_samples,
            "total": self._total,
            "ids": self.ids.kind,
            "params": self.params,
        }
        try:
            fresh.mkdir()
            for name, array in {**self._arrays, **{f"ids-{k}": v for k, v in self.ids.arrays().items()}}.items():
                np.save(fresh / f"{name}.npy", np.asarray(array), allow_pickle=False)
            (fresh / _INDEX).write_text(json.dumps(meta, indent=1, default=str), encoding="utf-8")
            old = place.with_name(f".{place.name}.{secrets.token_hex(6)}.old")
            if place.exists():
                place.rename(old)
            fresh.rename(place)
            shutil.rmtree(old, ignore_errors=True)
        except OSError as error:
            shutil.rmtree(fresh, ignore_errors=True)
            raise FolderError(f"{place}: cannot save an oracle there: {error.strerror or error}") from None
        return place

    @classmethod
    def open(cls, path: str | Path) -> InfluenceOracle:
        """Map an oracle that was saved; reads nothing until it is asked.

        Raises
        ------
        FolderError
            If there is none, it is damaged, or a newer swayrank wrote it.
        """
        place = Path(path)
        try:
            meta = json.loads((place / _INDEX).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise NotAGraphError(
                f"there is no oracle at {place}; make one with InfluenceOracle.build(...).save(...)"
            ) from None
        except (OSError, ValueError) as error:
            raise DamagedGraphError(f"{place / _INDEX} cannot be read: {error}") from None
        if not isinstance(meta, dict) or meta.get("format") != _FORMAT:
            raise NotAGraphError(f"{place} is no oracle")
        if meta.get("version") != _VERSION:
            raise VersionError(
                f"{place} was written in version {meta.get('version')!r}, this swayrank reads {_VERSION}"
            )
        try:
            n, n_samples = int(meta["n_nodes"]), int(meta["n_samples"])
            kept = {path.stem: np.load(path, mmap_mode="r", allow_pickle=False) for path in sorted(place.glob("*.npy"))}
            ids = Ids.from_arrays(meta["ids"], n, {k[4:]: a for k, a in kept.items() if k.startswith("ids-")})
            arrays = {name: kept[name] for name in _ARRAYS}
            _check_arrays(arrays, n, n_samples)
            return cls(ids, arrays, n_samples, float(meta["total"]), meta["params"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DamagedGraphError(f"{place} is damaged: {error}; build the oracle anew") from None

    def __repr__(self) -> str:
        return f"<InfluenceOracle: {len(self.ids):,} accounts, {self.n_samples:,} samples>"


def _per_group(
    labels: npt.NDArray[Any], counts: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """The groups of accounts that count anything, ascending, and the sum of each."""
    some = np.flatnonzero(counts)
    labels, counts = labels[some], counts[some]
    if labels.size and labels.dtype.kind == "i":  # mostly the numbers of communities: no need to sort them
        least, most = int(labels.min()), int(labels.max())
        if most - least < 2 * labels.size + 1000:
            sums = np.bincount(labels.astype(np.int64) - least, weights=counts).astype(np.int64)
            found = np.flatnonzero(sums)
            return (found + least).astype(labels.dtype), sums[found]
    groups, which = np.unique(labels, return_inverse=True)
    return groups, np.bincount(which, weights=counts, minlength=groups.size).astype(np.int64)


def _check_arrays(arrays: Mapping[str, npt.NDArray[Any]], n: int, n_samples: int) -> None:
    """Refuse arrays that a kernel would read past."""
    dtypes = {"indptr": np.uint64, "sets": np.uint32, "roots": np.uint32}
    for name, array in arrays.items():
        if array.dtype != dtypes[name] or array.ndim != 1:
            raise ValueError(f"{name} holds {array.dtype} of {array.ndim} dimensions")
    indptr, sets = arrays["indptr"], arrays["sets"]
    if indptr.size != n + 1 or int(indptr[-1]) != sets.size or arrays["roots"].size != n_samples:
        raise ValueError("its arrays do not fit each other")
    if np.any(indptr[1:] < indptr[:-1]) or (sets.size and int(sets.max()) >= n_samples):
        raise ValueError("its lists of sets are no lists")
