"""Keeping scores: the files of a run, which :meth:`Scores.save` and the pipeline write alike, and reading them again.

A kept run says what its scores mean (weights, reference, half-life) and how sure they are (intervals, and what varies);
what lies behind them (posts, followers) is kept in words for its first 1,000 accounts, and otherwise in the data alone.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank._render import render
from swayrank._text import printable
from swayrank._validate import Integer, check
from swayrank.engines import Engine
from swayrank.errors import FolderError, SwayrankError, UnknownAccountError, VersionError
from swayrank.events import Events, Posts
from swayrank.graph import Graph
from swayrank.ids import Ids
from swayrank.overview.backbone import MAX_NODES, Backbone
from swayrank.results import (
    FORMAT,
    RunFolder,
    current_run,
    kept_runs,
    read_manifest,
    unaltered,
    versions,
    write_whole,
)
from swayrank.scoring.intervals import Intervals
from swayrank.scoring.kept_table import SCORES, Floats, Ranks, intervals_of, number, read_table, roles_of, whole
from swayrank.scoring.pictures import (
    ACTIVITY,
    COMMUNITIES,
    MAP,
    kept_accounts,
    kept_json,
    kept_map,
    write_pictures,
)
from swayrank.scoring.references import Comparable, check_comparable, reference_of
from swayrank.scoring.rows import set_aside
from swayrank.scoring.scale import Reference
from swayrank.scoring.scores import INSUFFICIENT, SCORED, ScoreRow, ScoreTable
from swayrank.scoring.table import intervals_facts, score_row
from swayrank.sources.rejects import Rejects
from swayrank.tables import frame, write_csv, write_parquet

if TYPE_CHECKING:
    import pyarrow as pa

    from swayrank.scoring.scores import Scores

MOST_EXPLAINED, MOST_ON_MAP = 1000, 10_000
EXPLANATIONS, REFERENCE = "explanations.jsonl", "reference.json"
_TOLD = {"id": str, "created": str, "weights": dict, "parameters": dict, "counts": dict, "reference": str}
_TOLD |= {"versions": dict, "outputs": list}


def keep(
    scores: Scores,
    folder: RunFolder,
    *,
    sources: Mapping[str, Graph | Events | Posts | None],
    facts: Mapping[str, Any],
    map_nodes: int = MAX_NODES,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Path:
    """Write and publish a run.

    Its files are ``scores.parquet``, ``scores.csv`` (safe in spreadsheets), ``explanations.jsonl`` (of the first 1,000
    accounts), ``rejects.csv``, ``reference.json``, ``manifest.json``, and what it is looked at by:
    ``accounts.parquet``, ``map.json``, ``communities.json``, ``activity.json`` (:mod:`swayrank.scoring.pictures`).

    Parameters
    ----------
    scores : Scores
    folder : RunFolder
        Where to.
    sources : mapping of str to Graph, Events, Posts or None
        What was scored, by "graph", "events" and "posts".
    facts : mapping of str to object
        What else the manifest shall say.
    map_nodes : int, default 2000
        How many accounts the map shows at most, in [1, 10000].
    engine, threads, progress
        Where to work, with how many threads, and whom to tell. They change no bit of the files.

    Returns
    -------
    Path
        The run's folder.
    """
    check("map_nodes", map_nodes, Integer(1, MOST_ON_MAP))
    there = {name: source for name, source in sources.items() if source is not None}
    rejects = rejects_of(*there.values())
    table = scores.to_arrow()
    write_parquet(table, folder.file(SCORES))
    write_csv(table, folder.file("scores.csv"), for_people=True)
    _write_explanations(scores, folder.file(EXPLANATIONS), progress)
    overview = write_pictures(
        scores, folder, MOST_EXPLAINED, map_nodes=map_nodes, engine=engine, threads=threads, progress=progress
    )
    rejects.to_csv(folder.file("rejects.csv"))
    reference_of(scores).save(folder.file(REFERENCE))
    counts = {"accounts": len(scores), "scored": scores.n_scored, "rejected_rows": len(rejects)}
    manifest = {
        "complete": True,
        "data": {name: source.fingerprint for name, source in there.items()},
        "parameters": dict(scores.params),
        "weights": dict(scores.weights),
        "units": dict(scores.units),
        "intervals": intervals_facts(scores.intervals),
        "reference": scores.reference.hash,
        "left_out": list(scores.left_out),
        "set_aside": set_aside(*there.values()),
        "overview": overview,
        "counts": counts | {name: size for source in there.values() for name, size in _sizes(source).items()},
        "versions": versions(),
    }
    return folder.publish(manifest | dict(facts))


def _sizes(source: Graph | Events | Posts) -> dict[str, int]:
    if isinstance(source, Graph):
        return {"nodes": source.n_nodes, "arcs": source.n_edges}
    return {"events": source.n_events} if isinstance(source, Events) else {"posts": source.n_posts}


def rejects_of(*sources: Graph | Events | Posts | None) -> Rejects:
    """Every refused row of what was read."""
    together = Rejects()
    for source in sources:
        rejects = None if source is None else getattr(source.report, "rejects", None)
        if rejects is not None:
            together.extend(rejects)
    return together


def _write_explanations(scores: Scores, path: Path, progress: Progress) -> None:
    """One JSON object a line, for the highest accounts, best first."""
    order = scores.order(MOST_EXPLAINED)
    with track(progress, "explaining", total=order.size) as step, write_whole(path) as file:
        for i in order:
            why = scores.explain(scores.ids[int(i)])
            told = {**why.to_dict(), "text": str(why)}
            file.write(json.dumps(told, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
            step(1)


# -- reading a run again -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class KeptExplanation:
    """Why an account of a kept run has its score; prints as the text that the run kept.

    Attributes
    ----------
    account : str
    text : str
        For people.
    facts : dict of str to object
        The same for machines, as :meth:`Explanation.to_dict` gave it.
    """

    account: str
    text: str
    facts: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """What the text says, in numbers and names."""
        return dict(self.facts)

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True, eq=False, repr=False)
class KeptScores:
    """The scores of a kept run, without the data behind them; made by :func:`load_scores`.

    Attributes
    ----------
    ids : Ids
        The accounts, best first, those without a score last.
    score : numpy.ndarray of float64, shape (n,)
        0-100; NaN where the data is insufficient.
    rank : numpy.ndarray of uint32, shape (n,)
        1 is the highest; 0 without a score.
    raw, parts, contributions : dict of str to numpy.ndarray of float64, shape (n,)
        By part: the figure in its unit, on the 0-100 scale, and what it adds to the score; NaN where missing.
    roles : numpy.ndarray of object, shape (n,), or None
        The role of every account, None without a score; None where the run does not know roles.
    intervals : Intervals or None
        How sure the parts, the score and the rank are.
    reference : Reference
        The knots of the scale.
    manifest : dict
        Everything that the run says of itself.
    folder : Path
        Where it lies.
    """

    ids: Ids
    score: Floats
    rank: Ranks
    raw: Mapping[str, Floats]
    parts: Mapping[str, Floats]
    contributions: Mapping[str, Floats]
    roles: npt.NDArray[np.object_] | None
    intervals: Intervals | None
    reference: Reference
    manifest: Mapping[str, Any]
    folder: Path

    @property
    def weights(self) -> Mapping[str, float]:
        """The weights of the parts; they sum to 1."""
        return dict(self.manifest["weights"])

    @property
    def units(self) -> Mapping[str, str]:
        """What one of each part's figure is."""
        return dict(self.manifest.get("units", {}))

    @property
    def params(self) -> Mapping[str, Any]:
        """Every parameter."""
        return dict(self.manifest["parameters"])

    @property
    def n_scored(self) -> int:
        """How many accounts have a score."""
        return int(np.count_nonzero(self.rank))

    def __len__(self) -> int:
        return len(self.ids)

    def order(self, k: int | None = None) -> npt.NDArray[np.int64]:
        """Positions of the scored accounts, best first, at most `k`."""
        return np.arange(self.n_scored if k is None else min(k, self.n_scored))

    def top(self, k: int = 20) -> ScoreTable:
        """The `k` highest accounts, best first; `k` is at least 1."""
        check("k", k, Integer(1))
        return ScoreTable(self._row(int(i)) for i in self.order(k))

    def row(self, account: int | str) -> ScoreRow:
        """One account's row.

        Raises
        ------
        UnknownAccountError
            If no account has that id.
        """
        return self._row(self.ids.position(account))

    def _row(self, i: int) -> ScoreRow:
        told, scored = score_row(self, i), bool(self.rank[i])
        named = {name: told[name] for name in ("rank", "score", "parts", "contributions")}
        if scored and self.intervals is not None:
            named |= {"interval": tuple(told["score_between"]), "rank_interval": tuple(told["rank_between"])}
        return ScoreRow(account=self.ids[i], status=SCORED if scored else INSUFFICIENT, **named)

    def to_arrow(self) -> pa.Table:
        """All accounts, best first, those without a score last, as an Arrow table."""
        return read_table(self.folder, self.manifest)

    def to_frame(self, backend: str = "pandas") -> Any:
        """The same as a dataframe of "pandas", "polars" or "pyarrow"; the columns are those of `Scores.to_frame`.

        Raises
        ------
        ParameterError
            If the backend is unknown.
        MissingDependencyError
            If it is not installed.
        FolderError
            If the run's table was altered since.
        """
        return frame(self.to_arrow(), backend)

    @functools.cached_property
    def _explanations(self) -> list[bytes]:
        """A line for each of the accounts that are explained, best first: those of the first positions."""
        return unaltered(self.folder, self.manifest, EXPLANATIONS).splitlines()

    @property
    def n_explained(self) -> int:
        """How many accounts, the first ones, the run explains; raises InputError where it cannot tell."""
        return len(self._explanations)

    def explanation(self, account: int | str) -> dict[str, Any] | None:
        """The kept explanation of an account, "text" included; None where it was not among the first 1,000.

        Raises
        ------
        UnknownAccountError
            If no account has that id.
        InputError
            If the run's explanations are absent or were altered.
        """
        i = self.ids.position(account)
        return next(iter(self.explanations(i, i + 1)), None)

    def explanations(self, start: int, stop: int) -> list[dict[str, Any]]:
        """What is kept of why the accounts at these positions have their scores, the best first.

        Raises
        ------
        InputError
            If the run's explanations are absent or were altered.
        """
        return [json.loads(line.decode("utf-8", "surrogatepass")) for line in self._explanations[start:stop]]

    def explain(self, account: int | str) -> KeptExplanation:
        """Why an account has its score, as the run kept it for its first 1,000 accounts.

        Raises
        ------
        UnknownAccountError
            If no account has that id, or the run did not keep why it has its score.
        InputError
            If the run's explanations are absent or were altered.
        """
        told = self.explanation(account)
        if told is None:
            raise UnknownAccountError(
                f"the run keeps why its first {len(self._explanations):,} accounts have their scores, and "
                f"{printable(account)!r} is not among them: score the data again (swayrank.pipeline.score_again in "
                f"Python, swayrank explain on the command line)"
            )
        text = str(told.pop("text"))
        return KeptExplanation(str(told["account"]), text, told)

    def accounts(self) -> pa.Table | None:
        """Followers, reactions, community, tier of every account, in this order; None where the run has not kept them.

        Columns ``account``, ``followers``, ``following``, ``reactions``, ``engagers``, ``posts``, ``community``,
        ``tier``; null where the data does not tell.

        Raises
        ------
        InputError
            If the file was altered since; so do `map`, `communities` and `activity`.
        """
        return kept_accounts(self)

    def map(self) -> dict[str, Any] | None:
        """What the run's map shows, as lists; None where it has none. :meth:`backbone` gives it to be drawn."""
        return kept_json(self, MAP)

    def communities(self) -> dict[str, Any] | None:
        """The communities: sizes, leaders, whose attention goes where; None where the run has none."""
        return kept_json(self, COMMUNITIES)

    def activity(self) -> dict[str, Any] | None:
        """How much happened when, in all and to each account explained; None where the run has none."""
        return kept_json(self, ACTIVITY)

    @property
    def ties(self) -> str | None:
        """What the arcs of the run's graph are: "follows", "reactions", or "edges", of which followers are neighbours.

        None where there is no graph, or an earlier version made the run, which spoke of follows wherever it could.
        """
        told = self.manifest.get("overview")
        return told.get("ties") if isinstance(told, dict) else None

    def backbone(self) -> Backbone:
        """The run's map, for `network_map` and `draw`.

        Raises
        ------
        ParameterError
            If the run has none.
        """
        return kept_map(self)

    def check_comparable(self, other: Comparable) -> None:
        """Raise :class:`ParameterError` unless `other` has the same parts, weights and reference."""
        check_comparable(self, other, str(self.folder / REFERENCE))

    def plot(self, what: str = "leaderboard", **options: Any) -> Any:
        """A figure, by the names and with the options of :meth:`Scores.plot`; the map is the one that the run keeps.

        Raises
        ------
        ParameterError
            If there is no such figure.
        MissingDependencyError
            If plotly is not installed.
        """
        return render(self, what, **options)

    def _repr_html_(self) -> str:
        html: str = render(self, "html")
        return html

    def __repr__(self) -> str:
        best = ", ".join(str(self.ids[int(i)]) for i in self.order(3))
        return (
            f"<KeptScores {self.manifest['id']}: {len(self):,} accounts, {self.n_scored:,} scored, best {best}; "
            f"reference {self.reference.hash}>"
        )


def load_scores(path: str | Path) -> KeptScores:
    """Read the scores of a kept run; the data that was scored is not needed.

    Parameters
    ----------
    path : str or Path
        A run's folder, or one that `swayrank score -o` or :meth:`Scores.save` wrote to: then its current run.

    Returns
    -------
    KeptScores

    Raises
    ------
    FolderError
        If there is no whole run, or its table was altered.
    InputError
        If its reference is absent or was altered.
    VersionError
        If another version of the format wrote it.

    Examples
    --------
    >>> import tempfile, swayrank as sr
    >>> town, out = sr.generate("town", n=300, rng=7), tempfile.mkdtemp()
    >>> scores = sr.score(town.graph, town.events, rng=7)
    >>> _ = scores.save(out)
    >>> kept = load_scores(out)
    >>> kept.ids[0] == scores.top(1)[0].account, bool(kept.score[0] == np.nanmax(scores.score))
    (True, True)
    """
    folder = current_run(path)
    manifest = read_scores_manifest(folder)
    unaltered(folder, manifest, REFERENCE)
    table = read_table(folder, manifest)
    names = list(manifest["weights"])
    ranks = whole(table, "rank")
    raw = {name: number(table, f"{name}_raw") for name in names}
    return KeptScores(
        ids=Ids.of_column(table["account"].combine_chunks()),
        score=number(table, "score"),
        rank=ranks,
        raw=raw,
        parts={name: number(table, name) for name in names},
        contributions={name: number(table, f"{name}_contribution") for name in names},
        roles=roles_of(table),
        intervals=intervals_of(table, manifest, raw),
        reference=Reference.load(folder / REFERENCE),
        manifest=manifest,
        folder=folder,
    )


def read_scores_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a run of scores; FolderError or VersionError where it is something else."""
    manifest = read_manifest(folder)
    if manifest.get("format") != FORMAT:
        raise VersionError(
            f"{folder}: written as {manifest.get('format')!r}, and this swayrank reads {FORMAT!r}; score the data again"
        )
    if any(not isinstance(manifest.get(name), kind) for name, kind in _TOLD.items()):
        raise FolderError(f"{folder}: the manifest does not tell of scores")
    return manifest


def readable_runs(out: str | Path) -> tuple[list[tuple[Path, dict[str, Any]]], list[str]]:
    """The runs of scores below `out`, the oldest first, each with its manifest; and in words, which cannot be read.

    Parameters
    ----------
    out : str or Path
        Where `swayrank score -o` or :meth:`Scores.save` keep runs.

    Raises
    ------
    FolderError
        If there is none that can be read.

    Examples
    --------
    >>> import tempfile, swayrank as sr
    >>> town, out = sr.generate("town", n=300, rng=7), tempfile.mkdtemp()
    >>> folder = sr.score(town.graph, town.events, n_replicates=None, rng=7).save(out)
    >>> runs, damaged = readable_runs(out)
    >>> [run == folder for run, _ in runs], damaged
    ([True], [])
    """
    runs, damaged = [], []
    for folder in kept_runs(out):
        try:
            runs.append((folder, read_scores_manifest(folder)))
        except SwayrankError as error:
            damaged.append(f"left out: {error}")
    if not runs:
        raise FolderError(f"{out}: no run here can be read ({damaged[0].removeprefix('left out: ')})")
    return runs, damaged
