"""The whole flow in one short function: read what a recipe names, score it, keep the result.

A recipe is a TOML file or keywords. Its tables ``[graph]``, ``[[events]]`` and ``[[posts]]`` say what to read, as a
mapping does (see ``docs/mapping.md``); ``[score]`` holds the parameters of :func:`swayrank.score`.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from swayrank._progress import Progress, track
from swayrank._text import printable
from swayrank.engines import Engine
from swayrank.errors import InputError, ParameterError
from swayrank.events import Events
from swayrank.events.posts import Posts
from swayrank.graph import Graph
from swayrank.results import RunFolder, file_hash, versions, write_whole
from swayrank.scoring.combine import score
from swayrank.scoring.scale import Reference
from swayrank.scoring.scores import Scores
from swayrank.sources.check import recognise_kind
from swayrank.sources.edges import read_graph
from swayrank.sources.events import read_events, read_posts
from swayrank.sources.mapping import load_mapping, suggestion
from swayrank.sources.rejects import Rejects
from swayrank.tables import write_csv, write_parquet

_MOST_EXPLAINED = 1000
_RUN_BY_US = {"graph", "events", "posts", "reference", "engine", "threads", "progress"}
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

    def __post_init__(self) -> None:
        for name in self.score:
            if name not in SCORE_OPTIONS:
                raise ParameterError(
                    f"score takes {', '.join(SCORE_OPTIONS)}, got {name!r}{suggestion(name, SCORE_OPTIONS)}"
                )
        if self.mapping is None and self.graph is None and not self.events and not self.posts:
            raise ParameterError("a recipe needs a graph, events, posts or a mapping; name a file")

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
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"cannot be read: {error}", file=str(path)) from None
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"is no TOML: {error}", file=str(path)) from None
        own = content.pop("score", {})
        if not isinstance(own, dict):
            raise InputError("[score] must be a table", file=str(path))
        return cls(mapping=content, data=data or path.parent, score={**own, **(score or {})})

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
        score: Mapping[str, Any],
        default_rng: int,
    ) -> Recipe:
        """The recipe of a command line: one TOML, or files whose kinds are recognised where they are not named."""
        tomls = [file for file in files if file.suffix == ".toml"]
        if tomls:
            if len(files) > 1 or graph or events or posts:
                raise ParameterError(f"a recipe stands alone: give {tomls[0]} or other files, not both")
            recipe = cls.load(tomls[0], data=data, score=score)
            return (
                recipe
                if "rng" in recipe.score
                else cls(**{**vars(recipe), "score": {"rng": default_rng, **recipe.score}})
            )
        found: dict[str, list[Path]] = {"graph": [graph] if graph else [], "events": [*events], "posts": [*posts]}
        for file in files:
            found[recognise_kind(file)].append(file)
        if len(found["graph"]) > 1:
            raise ParameterError(f"score takes one graph, got {', '.join(map(str, found['graph']))}")
        return cls(
            graph=found["graph"][0] if found["graph"] else None,
            events=found["events"],
            posts=found["posts"],
            graph_options=_given(graph_options),
            events_options=_given(events_options),
            score={"rng": default_rng, **score},
        )


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
        """What was read, and how it was understood, line by line."""
        lines: list[str] = []
        if self.sources.graph is not None:
            lines += [f"graph: {self.sources.graph!r}", *_indented(self.sources.graph.report)]
        if self.sources.events is not None:
            lines += [f"events: {self.sources.events!r}", *_indented(self.sources.events.report)]
        if self.sources.posts is not None:
            lines += [f"posts: {self.sources.posts!r}", *_indented(self.sources.posts.report)]
        return [printable(line, 400) for line in lines]

    def closing(self) -> list[str]:
        """What to know about the result, line by line."""
        scores = self.scores
        weights = ", ".join(f"{name} {weight:g}" for name, weight in scores.weights.items())
        lines = [
            f"{scores.n_scored:,} of {len(scores):,} accounts scored; "
            f"weights: {weights}; reference {scores.reference.hash}"
        ]
        lines += [f"note: {text}" for text in scores.left_out]
        if len(self.sources.rejects):
            reasons = ", ".join(f"{n:,} {reason}" for reason, n in self.sources.rejects.by_reason().items())
            lines.append(f"{len(self.sources.rejects):,} rows were refused ({reasons})")
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
            "left_out": list(scores.left_out),
            "rejected_rows": len(self.sources.rejects),
            "folder": None if self.folder is None else str(self.folder),
            "top": [
                {
                    "rank": row.rank,
                    "account": str(row.account),
                    "score": row.score,
                    "parts": row.parts,
                    "contributions": row.contributions,
                }
                for row in scores.top(top)
            ],
        }


def _indented(report: object) -> list[str]:
    return [f"  {line}" for line in str(report).splitlines()]


def run(
    recipe: Recipe,
    out: str | Path | None = None,
    *,
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
        ``scores.csv``, ``explanations.jsonl`` (the first 1,000 accounts), ``rejects.csv``, ``reference.json`` and
        ``manifest.json``. Nothing is written without it. A run that fails or is interrupted leaves the earlier ones.
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
    options = dict(recipe.score)
    if isinstance(options.get("reference"), str | Path):
        options["reference"] = Reference.load(options["reference"])
    clock = _Clock()
    with contextlib.ExitStack() as open_until_done:
        # A place that cannot be written shows before the work, not after it.
        keep = None if out is None else open_until_done.enter_context(RunFolder(out))
        sources = read_sources(recipe, threads=threads, progress=progress)
        clock.lap("read")
        scores = score(
            sources.graph, sources.events, sources.posts, **options, engine=engine, threads=threads, progress=progress
        )
        clock.lap("score")
        folder = None if keep is None else _keep(keep, recipe, sources, scores, clock, progress)
    return Run(scores, sources, clock.laps, folder)


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
    if recipe.graph is not None:
        graph = open_graph(recipe.graph, recipe.graph_options, **work)
        files += _paths(recipe.graph)
    if recipe.events:
        events = read_events([str(f) for f in recipe.events], **recipe.events_options, **work)
    if recipe.posts:
        posts = read_posts([str(f) for f in recipe.posts], **recipe.posts_options, **work)
    return Sources(graph, events, posts, _all_rejects(graph, events, posts), tuple(dict.fromkeys(files)))


def _paths(path: Any) -> list[Path]:
    return [Path(one) for one in path] if isinstance(path, list | tuple) else [Path(path)]


def open_graph(path: str | Path, options: Mapping[str, Any], **work: Any) -> Graph:
    """A graph from a folder made by `Graph.save`, or from a file."""
    return Graph.open(path) if Path(path).is_dir() else read_graph(path, **_given(options), **work)


def _all_rejects(*sources: Graph | Events | Posts | None) -> Rejects:
    together = Rejects()
    for source in sources:
        rejects = None if source is None else getattr(source.report, "rejects", None)
        if rejects is not None:
            together.extend(rejects)
    return together


# -- keeping -----------------------------------------------------------------------------------------------------------


def _keep(
    folder: RunFolder, recipe: Recipe, sources: Sources, scores: Scores, clock: _Clock, progress: Progress
) -> Path:
    table = scores.to_arrow()
    write_parquet(table, folder.file("scores.parquet"))
    write_csv(table, folder.file("scores.csv"), for_people=True)
    _write_explanations(scores, folder.file("explanations.jsonl"), progress)
    sources.rejects.to_csv(folder.file("rejects.csv"))
    scores.reference.save(folder.file("reference.json"))
    clock.lap("write")
    return folder.publish(_manifest(recipe, sources, scores, clock))


def _manifest(recipe: Recipe, sources: Sources, scores: Scores, clock: _Clock) -> dict[str, Any]:
    counts = {"accounts": len(scores), "scored": scores.n_scored, "rejected_rows": len(sources.rejects)}
    if sources.graph is not None:
        counts |= {"nodes": sources.graph.n_nodes, "arcs": sources.graph.n_edges}
    if sources.events is not None:
        counts |= {"events": sources.events.n_events}
    if sources.posts is not None:
        counts |= {"posts": sources.posts.n_posts}
    read = [{"file": str(f), "bytes": f.stat().st_size, "blake2b": file_hash(f)} for f in sources.files if f.is_file()]
    hashes = {
        name: source.fingerprint
        for name, source in (("graph", sources.graph), ("events", sources.events), ("posts", sources.posts))
        if source is not None
    }
    return {
        "complete": True,
        "inputs": read,
        "data": hashes,
        "parameters": dict(scores.params),
        "weights": dict(scores.weights),
        "reference": scores.reference.hash,
        "rng": recipe.score.get("rng"),
        "left_out": list(scores.left_out),
        "counts": counts,
        "seconds": clock.laps,
        "versions": versions(),
    }


def _write_explanations(scores: Scores, path: Path, progress: Progress) -> None:
    """One JSON object a line, for the highest accounts, best first."""
    order = scores.order(_MOST_EXPLAINED)
    with track(progress, "explaining", total=order.size) as step, write_whole(path) as file:
        for i in order:
            told = scores.explain(scores.ids[int(i)]).to_dict()
            file.write(json.dumps(told, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
            step(1)
