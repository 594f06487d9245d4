"""The whole flow in one short function: read what a recipe names, score it, keep the result.

A recipe is a TOML file or keywords. Its tables ``[graph]``, ``[[events]]`` and ``[[posts]]`` say what to read, as a
mapping does (see ``docs/mapping.md``); ``[score]`` holds the parameters of :func:`swayrank.score`, ``[backtest]`` those
of :func:`swayrank.backtest`.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import time
import tomllib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from swayrank._progress import Progress
from swayrank._text import printable
from swayrank.engines import Engine
from swayrank.errors import FolderError, InputError, ParameterError, SwayrankWarning
from swayrank.events import ACTIONS, NO_ACCOUNT, Events
from swayrank.events.posts import Posts
from swayrank.graph import Graph
from swayrank.learning.trees import name_sources
from swayrank.overview.backbone import MAX_NODES
from swayrank.overview.ties import graph_ties, told_of
from swayrank.results import MANIFEST, RunFolder, current_run, file_hash, told_runs
from swayrank.scoring.combine import score
from swayrank.scoring.keep import REFERENCE, keep, read_scores_manifest, rejects_of
from swayrank.scoring.rows import rows_told, set_aside
from swayrank.scoring.scores import Scores
from swayrank.scoring.table import intervals_facts, intervals_told, score_row
from swayrank.scoring.telling import too_little
from swayrank.sources.alike import alike
from swayrank.sources.cascades import read_cascades
from swayrank.sources.edges import read_graph
from swayrank.sources.events import read_events, read_posts
from swayrank.sources.graphs import open_graph
from swayrank.sources.mapping import load_mapping, suggestion
from swayrank.sources.recognise import recognise_kind
from swayrank.sources.rejects import Rejects
from swayrank.sources.times import small_times

_RUN_BY_US = {"graph", "events", "posts", "reference", "engine", "threads", "progress"}
_LARGE, _LOOKED_AT = 1000, 5000
SCORE_OPTIONS = (*(name for name in inspect.signature(score).parameters if name not in _RUN_BY_US), "reference")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What to read and how to score it.

    Attributes
    ----------
    graph : str, Path or None
        A file or folder of a graph.
    events, posts : sequence of str or Path
        Logs, and tables of counts per post.
    mapping : str, Path, mapping or None
        A mapping (TOML file or its contents) that describes any of the three instead.
    data : str, Path or None
        Folder that a mapping's files lie in; by default the mapping's own.
    graph_options, events_options, posts_options : mapping
        Further arguments of `read_graph`, `read_events` and `read_posts`.
    score : mapping
        Arguments of :func:`swayrank.score`; `reference` may be a file.
    backtest : mapping
        Arguments of :func:`swayrank.backtest`, for the command of that name; `score` leaves them alone.
    cascades : mapping
        A file of cascades to take as the log: `file`, `time_unit` (as :func:`swayrank.read_cascades` takes it), and
        `sources`, "last" or "first": whom adoptions are said to come from (:func:`swayrank.name_sources`).
    live : str, Path or None
        A snapshot of live events, as a service keeps them, whose rows come after those of the log; or are the log,
        where there is no other. Their accounts are called as those of the result are.

    Examples
    --------
    >>> Recipe(graph="follows.csv", score={"profile": "reach"}).score["profile"]
    'reach'
    """

    graph: str | Path | None = None
    events: Sequence[str | Path] = ()
    posts: Sequence[str | Path] = ()
    mapping: str | Path | Mapping[str, Any] | None = None
    data: str | Path | None = None
    graph_options: Mapping[str, Any] = field(default_factory=dict)
    events_options: Mapping[str, Any] = field(default_factory=dict)
    posts_options: Mapping[str, Any] = field(default_factory=dict)
    score: Mapping[str, Any] = field(default_factory=dict)
    backtest: Mapping[str, Any] = field(default_factory=dict)
    cascades: Mapping[str, Any] = field(default_factory=dict)
    live: str | Path | None = None

    def __post_init__(self) -> None:
        for name in self.score:
            if name not in SCORE_OPTIONS:
                raise ParameterError(
                    f"score takes {', '.join(SCORE_OPTIONS)}, got {name!r}{suggestion(name, SCORE_OPTIONS)}"
                )
        named = (self.mapping, self.graph, self.live)
        if all(one is None for one in named) and not self.events and not self.posts:
            raise ParameterError(
                "there is nothing to score; name a graph, a log, a table of posts, or a recipe (.toml)"
            )

    @classmethod
    def load(
        cls, path: str | Path, *, data: str | Path | None = None, score: Mapping[str, Any] | None = None
    ) -> Recipe:
        """Read a recipe from a TOML file; `score` overrides its ``[score]`` table.

        Raises
        ------
        InputError
            If the file is absent or no TOML.
        """
        path = Path(path)
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise InputError("there is no such file", file=str(path)) from None
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"cannot be read: {getattr(error, 'strerror', None) or error}", file=str(path)) from None
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"is no TOML: {error}", file=str(path)) from None
        own = content.pop("score", {})
        if not isinstance(own, dict):
            raise InputError("[score] must be a table", file=str(path))
        others = {name: content.pop(name, {}) for name in ("backtest", "cascades")}
        for name, table in others.items():
            if not isinstance(table, dict):
                raise InputError(f"[{name}] must be a table", file=str(path))
        return cls(mapping=content, data=data or path.parent, score={**own, **(score or {})}, **others)

    def to_dict(self) -> dict[str, Any]:
        """The recipe as plain values, for a manifest: with it and the same files the run can be repeated."""
        return {name: _plain(value) for name, value in vars(self).items() if value is not None and value != {}}

    @classmethod
    def from_files(
        cls,
        files: Sequence[Path],
        *,
        graph: Path | None,
        events: Sequence[Path],
        posts: Sequence[Path],
        data: Path | None,
        graph_options: Mapping[str, Any],
        events_options: Mapping[str, Any],
        posts_options: Mapping[str, Any],
        score: Mapping[str, Any],
        default_rng: int,
    ) -> Recipe:
        """The recipe of a command line: one TOML, or files whose kinds are recognised where they are not named."""
        graph_options, events_options = _given(graph_options), _given(events_options)
        posts_options = _given(posts_options)
        tomls = [file for file in files if file.suffix == ".toml"]
        if tomls:
            if len(files) > 1 or graph or events or posts:
                raise ParameterError(f"a recipe stands alone: give {tomls[0]} or other files, not both")
            if options := [*graph_options, *events_options, *posts_options]:
                raise ParameterError(f"{options[0]} belongs into the recipe: write it into {tomls[0]}")
            recipe = cls.load(tomls[0], data=data, score=score)
            return replace(recipe, score={"rng": default_rng, **recipe.score})
        if data is not None:
            raise ParameterError("--data names the folder of a recipe's files: give a recipe (.toml), or leave it out")
        found: dict[str, list[Path]] = {"graph": [graph] if graph else [], "events": [*events], "posts": [*posts]}
        for file in files:
            _check_folder(file)
            found[recognise_kind(file)].append(file)
        if len(found["graph"]) > 1:
            raise ParameterError(f"score takes one graph, got {', '.join(map(str, found['graph']))}")
        about = {"graph": graph_options, "events": events_options, "posts": posts_options}
        _check_about(about, {kind for kind, paths in found.items() if paths})
        return cls(
            graph=found["graph"][0] if found["graph"] else None,
            events=found["events"],
            posts=found["posts"],
            graph_options=graph_options,
            events_options=events_options,
            posts_options=posts_options,
            score={"rng": default_rng, **score},
        )


_CALLED = {"graph": "a graph", "events": "a log", "posts": "a table of posts"}


def _check_about(options: Mapping[str, Mapping[str, Any]], given: set[str]) -> None:
    """Raise if an option is about a kind of file, and no file of any kind that it is about was given."""
    for kind, names in options.items():
        for name in names:
            kinds = [one for one, others in options.items() if name in others and names[name] == others[name]]
            if not given & set(kinds):
                what = _CALLED[kind]
                raise ParameterError(f"{name} is about {what}, and no {what.removeprefix('a ')} was given")


def _check_folder(path: Path) -> None:
    """A folder must be a graph's; for another one, say what lies in it."""
    if path.is_dir() and not (path / "graph.json").exists():
        if (path / MANIFEST).is_file():
            raise InputError("is a run's folder, which holds scores; name the data to score", file=str(path))
        if there := told_runs(path):
            lost = "" if (path / "current").exists() else " whose `current` is missing"
            cure = f"name the data to score, or for what a run kept one of {there} (in {path})"
            raise InputError(f"this looks like a folder of runs{lost}; {cure}", file=str(path))
        inside = ", ".join(sorted(p.name for p in path.iterdir())[:12]) or "nothing"
        raise InputError(f"is a folder, but not a graph's; name the files in it ({inside})", file=str(path))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


@dataclass(frozen=True, eq=False)
class Sources:
    """What a recipe's files held.

    Attributes
    ----------
    graph, events, posts : Graph, Events, Posts or None
    rejects : Rejects
        Every refused row of every file.
    files : tuple of Path
        All that was read.
    """

    graph: Graph | None
    events: Events | None
    posts: Posts | None
    rejects: Rejects
    files: tuple[Path, ...]


@dataclass(frozen=True, eq=False)
class Run:
    """A finished run.

    Attributes
    ----------
    scores : Scores
    sources : Sources
    seconds : dict of str to float
        Time spent on each step.
    folder : Path or None
        Where it was kept.
    """

    scores: Scores
    sources: Sources
    seconds: Mapping[str, float]
    folder: Path | None = None

    def told(self) -> list[str]:
        """What was read, and how it was understood, line by line; `swayrank check` says more."""
        lines: list[str] = []
        if self.sources.graph is not None:
            lines += [f"graph: {self.sources.graph!r}", *_indented(self.sources.graph.report)]
        for name, table in (("events", self.sources.events), ("posts", self.sources.posts)):
            if table is not None:
                lines += [f"{name}: {table!r}", *_files_told(table.report)]
        return [printable(line, 400) for line in lines]

    def closing(self) -> list[str]:
        """What to know about the result, line by line."""
        scores = self.scores
        weights = ", ".join(f"{name} {weight:.2g}" for name, weight in scores.weights.items())
        lines = [f"{scores.n_scored:,} of {len(scores):,} accounts scored; weights: {weights}"]
        if scores.n_scored < len(scores):
            floor = scores.params["min_evidence"]
            rest = len(scores) - scores.n_scored
            lines.append(f"{rest:,} have {too_little(floor, scores.ties)}, or no part at all")
        if "resonance" in scores.parts and scores.params["now"] is not None:
            days, chose = scores.params["half_life_days"], scores.params["half_life_chosen_by"]
            lines.append(
                f"reactions count half after {days:.3g} days (--half-life; chosen by: {chose}), seen from "
                f"{scores.params['now'][:19].replace('T', ' ')}"
            )
        lines.append(intervals_told(scores.intervals))
        if len(scores.weights) > 1 and scores.n_scored:
            decides = scores.sensitivity().dominance[0]
            lines.append(
                f"{decides.part} makes {min(1.0, decides.share_of_variance):.0%} of the differences between scores "
                "(--sensitivity shows what other weights would change)"
            )
        if any(np.isnan(values[scores.rank > 0]).any() for values in scores.parts.values()):
            lines.append("-: the account does not occur where that part is measured; its other parts make the score")
        told = "\n".join(self.told())
        left_out = [text for text in scores.left_out if text not in told]  # the reader notes some of them too
        lines += [f"note: {text}" for text in (*left_out, *_warnings(self.sources))]
        if len(self.sources.rejects):
            reasons = ", ".join(f"{n:,} {reason}" for reason, n in self.sources.rejects.by_reason().items())
            lines.append(f"{len(self.sources.rejects):,} rows were refused ({reasons})")
        read = self.sources
        lines += [f"note: {text}" for text in rows_told(set_aside(read.graph, read.events, read.posts))]
        if self.folder is not None:
            lines.append(f"written to {self.folder}")
        return lines

    def summary(self, top: int) -> dict[str, Any]:
        """The run for machines: the first `top` accounts, parameters, counts."""
        scores = self.scores
        return {
            "n_accounts": len(scores),
            "n_scored": scores.n_scored,
            "weights": dict(scores.weights),
            "reference": scores.reference.hash,
            "parameters": dict(scores.params),
            "intervals": intervals_facts(scores.intervals),
            "left_out": list(scores.left_out),
            "rejected_rows": len(self.sources.rejects),
            "folder": None if self.folder is None else str(self.folder),
            "top": [score_row(scores, int(i)) for i in scores.order(top)],
        }


def _files_told(report: Any) -> list[str]:
    """One line for each file of a log or a table of posts, what was decided about it, and about all of them."""
    lines = []
    for one in report.files:
        lines.append(f"  {Path(one.file).name}: {one.kept:,} records kept, {one.rejected:,} rejected ({one.layout})")
        lines += [f"    {note}" for note in one.notes]
    lines += [f"  {note}" for note in report.notes]
    if report.duplicates:
        lines.append(
            f"  rows that repeat an earlier one: {report.duplicates:,}, dropped: {report.dropped:,} (--duplicates drop)"
        )
    return lines


def _warnings(sources: Sources) -> list[str]:
    """What is probably meant otherwise."""
    graph, found = sources.graph, []
    if graph is not None and graph.directed and graph.n_edges >= _LARGE and not _any_follows_back(graph):
        found.append("no account follows back another one; if the edges mean friendship, say --direction undirected")
    if graph is not None and "weight" in graph.columns:
        found.append(told_of(graph_ties(graph), "the graph's weights are not used: reach counts every follow once"))
    posts, events = sources.posts, sources.events
    for name, table in (("log", events), ("posts table", posts)):
        if table is not None and (early := int(np.count_nonzero(small_times(table.time)))):
            found.append(
                f"{early:,} times of the {name} lie in 1970 to 1973, as small numbers do that are read as seconds "
                "since 1970; if they count something else, say time_unit="
            )
    linked = events is not None and bool((events.target != NO_ACCOUNT).any())
    if posts is not None and (graph is not None or linked) and not np.isnan(posts.followers).all():
        instead = "the log's interactions make it" if graph is None else "the graph's follows make it"
        told = told_of(graph_ties(graph), instead)
        found.append(f"the followers that the posts table states are not used for reach: {told}")
    named = [graph.ids] if graph is not None else []
    named += [table.accounts for table in (events, posts) if table is not None]
    same = alike(*named)
    return found if same is None else [*found, str(same)]


def _any_follows_back(graph: Graph) -> bool:
    """Whether any of some thousand arcs, spread over the graph, has its reverse."""
    u, v = graph.edges()
    some = np.arange(0, graph.n_edges, max(1, graph.n_edges // _LOOKED_AT))
    return any(u[i] in graph.indices[graph.indptr[v[i]] : graph.indptr[v[i] + 1]] for i in some)


def _indented(report: object) -> list[str]:
    return [f"  {line}" for line in str(report).splitlines()]


def run(
    recipe: Recipe,
    out: str | Path | None = None,
    *,
    map_nodes: int = MAX_NODES,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Run:
    r"""Read, score and keep.

    Parameters
    ----------
    recipe : Recipe
        What to read and how to score it.
    out : str or Path, optional
        Folder to keep the run in, as ``out/runs/<id>/`` with ``out/current`` naming it: ``scores.parquet``,
        ``scores.csv``, ``explanations.jsonl`` (the first 1,000 accounts), ``accounts.parquet``, ``map.json``,
        ``communities.json``, ``activity.json``, ``rejects.csv``, ``reference.json`` and ``manifest.json``. Nothing is
        written without it. A run that fails or is interrupted leaves the earlier ones.
    map_nodes : int, default 2000
        How many accounts the run's map shows at most, in [1, 10000].
    engine, threads, progress
        As every long function takes them.

    Returns
    -------
    Run

    Raises
    ------
    InputError
        If a file cannot be used.
    ParameterError
        If the recipe's parameters are outside their domains.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> _ = Path(folder, "follows.csv").write_text("follower,followed\nada,eve\nbob,eve\ncem,eve\n")
    >>> done = run(Recipe(graph=Path(folder, "follows.csv"), score={"rng": 7}), Path(folder, "out"))
    >>> done.scores.top(1)[0].account, sorted(path.name for path in done.folder.iterdir())[-1]
    ('eve', 'scores.parquet')
    """
    clock = _Clock()
    with contextlib.ExitStack() as open_until_done:
        # A place that cannot be written shows before the work, not after it.
        run_folder = None if out is None else open_until_done.enter_context(RunFolder(out))
        sources = read_sources(recipe, threads=threads, progress=progress)
        clock.lap("read")
        work: dict[str, Any] = {"engine": engine, "threads": threads, "progress": progress}
        scores = score(sources.graph, sources.events, sources.posts, **recipe.score, **work)
        clock.lap("score")
        if run_folder is None:
            return Run(scores, sources, clock.laps)
        facts = {
            "inputs": _inputs(sources),
            "recipe": recipe.to_dict(),
            "read_from": os.getcwd(),
            "seconds": clock.laps,
            "warnings": _warnings(sources),
        }
        read = {"graph": sources.graph, "events": sources.events, "posts": sources.posts}
        folder = keep(scores, run_folder, sources=read, facts=facts, map_nodes=map_nodes, **work)
        return Run(scores, sources, clock.laps, folder)


def score_again(
    path: str | Path, *, engine: str | Engine = "local", threads: int | None = None, progress: Progress = None
) -> Run:
    """Score the data of a kept run once more, under the run's own reference, if its files are what they were.

    Parameters
    ----------
    path : str or Path
        A run's folder, or one that holds ``current``.
    engine, threads, progress
        As every long function takes them.

    Returns
    -------
    Run
        With the data behind it, for explanations and comparisons; nothing is written.

    Raises
    ------
    FolderError
        If there is no run, or it was saved from Python and does not name its files.
    InputError
        If a file is gone or has changed since; the message names it.
    """
    return run(recipe_again(path), engine=engine, threads=threads, progress=progress)


def recipe_again(path: str | Path, *, live: str | Path | None = None) -> Recipe:
    """The recipe of a kept run, for scoring anew under the run's own reference: numbers then compare with the run's.

    Parameters
    ----------
    path : str or Path
        A run's folder, or one that holds ``current``.
    live : str or Path, optional
        A later snapshot of live events, in place of the one that the run used, if any.

    Returns
    -------
    Recipe
        With places of files that hold wherever the process runs.

    Raises
    ------
    FolderError
        If there is no run, or it was saved from Python and does not name its files.
    InputError
        If a file is gone or has changed since; the message names it.
    """
    folder = current_run(path)
    manifest = read_scores_manifest(folder)
    if "recipe" not in manifest:
        raise FolderError(
            f"{folder}: the run was saved from Python and does not name its files; name the files instead"
        )
    base = _base(manifest, folder)
    told = dict(manifest["recipe"])
    replaced = base / told["live"] if live is not None and "live" in told else None
    for entry in manifest["inputs"]:
        if base / entry["file"] != replaced:
            _check_unchanged(base / entry["file"], entry, folder)
    for name in ("graph", "live"):
        if name in told:
            told[name] = base / told[name]
    if live is not None:
        told["live"] = Path(live).absolute()
    if "mapping" in told:
        told["data"] = base / told.get("data", ".")
    for kind in ("events", "posts"):
        told[kind] = [base / file for file in told.get(kind, ())]
    told["score"] = {**told.get("score", {}), "reference": str((folder / REFERENCE).absolute())}
    told["score"].pop("half_life_days", None)  # the reference holds it
    return Recipe(**told)


def _base(manifest: Mapping[str, Any], folder: Path) -> Path:
    """Where the run's relative paths start: where it was made; or, if it moved, here or beside its folder."""
    made = Path(manifest.get("read_from", "."))
    names = [Path(entry["file"]) for entry in manifest["inputs"]]
    beside = folder.resolve().parents[2]
    return next((base for base in (made, Path(), beside) if all((base / name).exists() for name in names)), made)


def _check_unchanged(file: Path, entry: Mapping[str, Any], folder: Path) -> None:
    if not file.is_file():
        raise InputError(f"the file is gone that {folder} was made of; name files instead of the run", file=str(file))
    if file.stat().st_size != entry["bytes"] or file_hash(file) != entry["blake2b"]:
        raise InputError(
            f"the file has changed since {folder} was made of it; score it anew, or name files instead of the run",
            file=str(file),
        )


def _inputs(sources: Sources) -> list[dict[str, Any]]:
    """Every file that was read, with its hash; of a graph's folder, its index."""
    files = [file / "graph.json" if file.is_dir() else file for file in sources.files]
    return [{"file": str(f), "bytes": f.stat().st_size, "blake2b": file_hash(f)} for f in files if f.is_file()]


class _Clock:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name], self._last = round(now - self._last, 3), now


def read_sources(recipe: Recipe, *, threads: int | None = None, progress: Progress = None) -> Sources:
    """Read everything that a recipe names."""
    work: dict[str, Any] = {"threads": threads, "progress": progress}
    graph = events = posts = None
    files: list[Path] = [Path(file) for file in (*recipe.events, *recipe.posts)]
    if recipe.mapping is not None:
        mapping = load_mapping(
            recipe.mapping if isinstance(recipe.mapping, Mapping) else Path(recipe.mapping), base=recipe.data
        )
        if mapping.graph is not None:
            graph = read_graph(**mapping.graph, **work)
            files += _paths(mapping.graph["data"])
        events = read_events(mapping=mapping, **work) if mapping.blocks("events") else None
        posts = read_posts(mapping=mapping, **work) if mapping.blocks("posts") else None
        files += [file for kind in ("events", "posts") for block in mapping.blocks(kind) for file in block.files]
    if recipe.cascades:
        events, file = _cascades_of(recipe, graph, **work)
        files.append(file)
    if recipe.graph is not None:
        graph = open_graph(recipe.graph, recipe.graph_options, **work)
        files += _paths(recipe.graph)
    if recipe.events:
        events = read_events([str(f) for f in recipe.events], **recipe.events_options, **work)
    if recipe.posts:
        posts = read_posts([str(f) for f in recipe.posts], **recipe.posts_options, **work)
    if recipe.live is not None:
        events = _with_live(recipe, events, **work)
        files.append(Path(recipe.live))
    return Sources(graph, events, posts, rejects_of(graph, events, posts), tuple(dict.fromkeys(files)))


def _with_live(recipe: Recipe, events: Events | None, **work: Any) -> Events:
    """The log with the rows of a snapshot of live events below it."""
    live = read_live(str(recipe.live), **work)
    if events is None:
        return live
    whole = events.joined(live)
    return whole.without_duplicates() if recipe.events_options.get("duplicates") == "drop" else whole


def read_live(path: str | Path, **work: Any) -> Events:
    """A snapshot of live events as a log; the actions that it names beyond the usual ones are taken as they are.

    Raises
    ------
    InputError
        If it is absent or no such file.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    try:
        named = pc.unique(pq.read_table(path, columns=["action"])["action"]).to_pylist()
    except FileNotFoundError:
        raise InputError("there is no such file", file=str(path)) from None
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"is no snapshot of live events ({printable(error)})", file=str(path)) from None
    more = [name for name in named if name not in ACTIONS]
    with warnings.catch_warnings():  # targets that are missing here may be told by the log that it is joined with
        warnings.simplefilter("ignore", SwayrankWarning)
        live = read_events([str(path)], columns=_LIVE_COLUMNS, extra_actions=more, **work)
    return replace(live, report=replace(live.report, notes=()))


_LIVE_COLUMNS = {name: name for name in ("actor", "action", "target", "post", "time")}
_CASCADE_KEYS = ("file", "time_unit", "sources")


def _cascades_of(recipe: Recipe, graph: Graph | None, **work: Any) -> tuple[Events, Path]:
    """The log that a recipe's cascades are, sources named by its rule, among followees where there is a graph."""
    table = dict(recipe.cascades)
    if unknown := [key for key in table if key not in _CASCADE_KEYS]:
        raise ParameterError(f"[cascades] takes {', '.join(_CASCADE_KEYS)}, got {unknown[0]!r}")
    if "file" not in table:
        raise ParameterError("[cascades] must name a file")
    file = one_file(Path(recipe.data or "."), str(table.pop("file")))
    rule = table.pop("sources", "last")
    events = read_cascades(file, threads=work["threads"], **table)
    return name_sources(events, graph=graph, by=rule, **work), file


def one_file(folder: Path, pattern: str) -> Path:
    """The one file in a folder that a name, or a pattern with ``*``, stands for.

    Raises
    ------
    InputError
        If there is none, or several.
    """
    found = sorted(folder.glob(pattern)) if "*" in pattern else [folder / pattern]
    if len(found) != 1 or not found[0].is_file():
        several = "is several files" if len(found) > 1 else "is not there"
        raise InputError(f"{several}; name one", file=str(folder / pattern))
    return found[0]


def _paths(path: Any) -> list[Path]:
    return [Path(one) for one in path] if isinstance(path, list | tuple) else [Path(path)]
