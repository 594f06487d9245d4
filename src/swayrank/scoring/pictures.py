"""What a run keeps so that it can be looked at without its data: counts per account, map, communities, activity.

==================== ===============================================================================================
accounts.parquet     a row per account in the order of ``scores.parquet``: ``followers``, ``following`` (null without a
                     follow graph), ``reactions``, ``engagers``, ``posts`` (null without a log), ``community`` (null in
                     none), ``tier`` (by followers)
map.json             the backbone of the graph, laid out: accounts, places, scores, communities, colours, arcs
communities.json     sizes, leaders, and whose attention goes where
activity.json        how much happened when, in all and to each account that the run explains
==================== ===============================================================================================

Where the graph or the log is absent, so are the files that rest on it, and the manifest's "overview" says why. Numbers
are rounded, so that the same scores give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import ParameterError
from swayrank.measures.community.detect import NONE
from swayrank.overview.activity import activity_over_time
from swayrank.overview.backbone import MAX_NODES, Backbone, backbone
from swayrank.overview.communities import Members, community_overview
from swayrank.overview.evidence import UNKNOWN, Counts, of_graph, of_log, of_posts
from swayrank.results import unaltered, write_whole
from swayrank.scoring.evidence import ABSENT
from swayrank.tables import write_parquet

if TYPE_CHECKING:
    import pyarrow as pa

    from swayrank.ids import Ids
    from swayrank.results import RunFolder
    from swayrank.scoring.keep import KeptScores
    from swayrank.scoring.scores import Scores

ACCOUNTS, MAP, COMMUNITIES, ACTIVITY = "accounts.parquet", "map.json", "communities.json", "activity.json"
_NO_GRAPH = "there is no graph, and no log of who reacted to whom"
_PLACE_DIGITS, _SCORE_DIGITS = 5, 6


def map_of(
    scores: Scores,
    *,
    max_nodes: int = MAX_NODES,
    max_arcs: int | None = None,
    rng: Any = 7,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Backbone:
    """The map of scores: the backbone of the graph that they rest on, the highest scores first.

    Parameters
    ----------
    scores : Scores
    max_nodes, max_arcs, rng, engine, threads, progress
        As :func:`swayrank.overview.backbone.backbone` takes them.

    Raises
    ------
    ParameterError
        If the scores rest on no graph, or a value is outside its domain.

    Examples
    --------
    >>> import swayrank as sr
    >>> town = sr.generate("town", n=300, rng=7)
    >>> map_of(sr.score(town.graph, town.events, rng=7), max_nodes=100).title
    'Who follows whom: the highest scores, 100 of 300 accounts'
    """
    graph = scores.evidence.graph
    if graph is None:
        raise ParameterError("these scores rest on no graph, so there is no map: pass a graph to score()")
    of = scores.background.of_graph_row
    return backbone(
        graph,
        score=scores.score[of],
        parts={name: part[of] for name, part in scores.parts.items()},
        found=scores.background.communities,
        arcs_are=scores.evidence.ties,
        max_nodes=max_nodes,
        max_arcs=max_arcs,
        rng=rng,
        engine=engine,
        threads=threads,
        progress=progress,
    )


# -- writing -----------------------------------------------------------------------------------------------------------


def write_pictures(
    scores: Scores,
    folder: RunFolder,
    n_explained: int,
    *,
    map_nodes: int = MAX_NODES,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> dict[str, Any]:
    """Write the files of a run's overview; what the manifest says of them.

    Parameters
    ----------
    scores : Scores
    folder : RunFolder
    n_explained : int
        For how many of the highest accounts activity is told apart.
    map_nodes : int, default 2000
        How many accounts the map shows at most.
    engine, threads, progress
        Where to work, with how many threads, and whom to tell.
    """
    kept = [ACCOUNTS]
    absent: dict[str, str] = {}
    runner = resolve_engine(engine, threads)
    with track(progress, "counting per account", total=1) as step:
        order = everybody(scores)
        write_parquet(_accounts(scores, order, runner), folder.file(ACCOUNTS))
        step(1)
    coloured: tuple[int, ...] = ()
    if scores.evidence.graph is None:
        absent |= {MAP: _NO_GRAPH, COMMUNITIES: _NO_GRAPH}
    else:
        shown = map_of(scores, max_nodes=map_nodes, engine=engine, threads=threads, progress=progress)
        coloured = shown.coloured
        _write_json(folder.file(MAP), map_facts(shown, scores))
        _write_json(folder.file(COMMUNITIES), communities_of(scores, coloured))
        kept += [MAP, COMMUNITIES]
    told = activity_of(scores, order[:n_explained])
    if isinstance(told, str):
        absent[ACTIVITY] = told
    else:
        _write_json(folder.file(ACTIVITY), told)
        kept.append(ACTIVITY)
    return {"kept": kept, "absent": absent, "ties": scores.evidence.ties}


def everybody(scores: Scores) -> npt.NDArray[np.int64]:
    """Positions of all accounts in the order of the run's table: best first, those without a score last."""
    return np.concatenate([scores.order(), np.flatnonzero(scores.rank == 0)])


def _write_json(path: Path, told: Mapping[str, Any]) -> None:
    with write_whole(path) as file:
        file.write(json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))


def counts_of(scores: Scores, runner: Engine) -> Counts:
    """How much is known of every account."""
    evidence = scores.evidence
    graph = None if evidence.graph_is_derived else evidence.graph
    followers, following = of_graph(graph, evidence.graph_rows)
    if graph is None and evidence.posts is not None:
        stated = scores.background.followers
        followers = np.where(np.isnan(stated), UNKNOWN, np.nan_to_num(stated)).astype(np.int64)
    if evidence.reactions is not None:
        received = of_log(evidence.reactions, evidence.event_rows, runner)
    elif evidence.posts is not None:
        received = of_posts(evidence.posts, evidence.post_rows)
    else:
        received = (np.full(len(scores), UNKNOWN),) * 3
    return Counts(followers, following, *received)


def _accounts(scores: Scores, order: npt.NDArray[np.int64], runner: Engine) -> pa.Table:
    """The rows of accounts.parquet."""
    import pyarrow as pa

    columns: dict[str, Any] = {"account": scores.ids.to_arrow().take(pa.array(order))}
    for name, values in counts_of(scores, runner)._asdict().items():
        columns[name] = pa.array(values[order], pa.int64(), mask=values[order] == UNKNOWN)
    own = community_by_account(scores)[order]
    columns["community"] = pa.array(own.astype(np.int32), pa.int32(), mask=own == NONE)
    tiers = scores.background.tiers
    if tiers is None:
        columns["tier"] = pa.nulls(order.size, pa.string())
    else:
        columns["tier"] = pa.array(tiers.names, pa.string()).take(
            pa.array(tiers.tier[order], mask=tiers.tier[order] < 0)
        )
    return pa.table(columns)


def community_by_account(scores: Scores) -> npt.NDArray[np.int64]:
    """Every account's community, -1 for none."""
    found, rows = scores.background.communities, scores.evidence.graph_rows
    own = np.full(rows.size, NONE)
    if found is not None:
        there = rows != ABSENT
        own[there] = found.of[rows[there]]
    return own


def map_facts(shown: Backbone, scores: Scores) -> dict[str, Any]:
    """A map for JSON: lists of one length, one entry per account, and arcs between places in them."""
    at = scores.background.of_graph_row[shown.nodes]
    roles = scores.roles[at].tolist()
    return {
        "title": shown.title,
        "caption": shown.caption,
        "arcs_are": shown.arcs_are,
        "sized_by": shown.sized_by,
        "accounts": [str(account) for account in shown.accounts],
        "x": _rounded(shown.places[:, 0], _PLACE_DIGITS),
        "y": _rounded(shown.places[:, 1], _PLACE_DIGITS),
        "score": _rounded(shown.size, _SCORE_DIGITS),
        "rank": scores.rank[at].tolist(),
        "followers": shown.followers.tolist(),
        "community": [None if c == NONE else c for c in shown.community.tolist()],
        "colour": shown.colour.tolist(),
        "coloured": list(shown.coloured),
        "role": [None if role is None else str(role) for role in roles],
        "arcs": shown.arcs.tolist(),
        "n_total": shown.n_nodes,
        "n_arcs": shown.n_edges,
        "n_arcs_among": shown.n_arcs_among,
        "n_highest": len(shown) if shown.n_highest is None else shown.n_highest,
        "n_communities": shown.n_communities,
    }


def _rounded(values: npt.NDArray[Any], digits: int) -> list[float | None]:
    return [None if np.isnan(x) else round(float(x), digits) + 0.0 for x in values]


def communities_of(scores: Scores, coloured: tuple[int, ...]) -> dict[str, Any]:
    """The communities of scores that rest on a graph."""
    background = scores.background
    found, graph = background.communities, background.attention_graph
    assert found is not None
    members = Members(scores.ids, community_by_account(scores), scores.score, scores.rank)
    attention = None if graph is None else (graph, background.attention, background.of_attention_row)
    return community_overview(found, members, attention, coloured)


def activity_of(scores: Scores, accounts: npt.NDArray[np.int64]) -> dict[str, Any] | str:
    """Activity over time; or in words, why there is none."""
    events, rows = scores.evidence.events, scores.evidence.event_rows[accounts]
    if events is None:
        return "there is no log"
    told = activity_over_time(events, scores.evidence.reactions, rows[rows != ABSENT])
    return "no row of the log has a time" if told is None else told


# -- reading -----------------------------------------------------------------------------------------------------------


def kept_file(kept: KeptScores, name: str) -> bytes | None:
    """A file of a run's overview; None where the run has none.

    Raises
    ------
    InputError
        If it was altered since.
    """
    if all(entry["file"] != name for entry in kept.manifest["outputs"]):
        return None
    return unaltered(kept.folder, kept.manifest, name)


def kept_json(kept: KeptScores, name: str) -> dict[str, Any] | None:
    """The same, of JSON."""
    content = kept_file(kept, name)
    return None if content is None else dict(json.loads(content.decode("utf-8", "surrogatepass")))


def kept_accounts(kept: KeptScores) -> pa.Table | None:
    """The counts per account that a run keeps."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = kept_file(kept, ACCOUNTS)
    if content is None:
        return None
    # In this thread alone: Arrow's own give the bytes back when they please, which aborts an interpreter that ends.
    with pq.ParquetFile(pa.BufferReader(content)) as file:
        return file.read(use_threads=False)


def kept_map(kept: KeptScores) -> Backbone:
    """The map that a run keeps, to be drawn.

    Raises
    ------
    ParameterError
        If the run has none.
    """
    told = kept_json(kept, MAP)
    if told is None:
        raise ParameterError(f"this run keeps no map ({absence(kept, MAP)})")
    at = _places(kept.ids, told["accounts"])
    return Backbone(
        accounts=told["accounts"],
        nodes=at,
        places=np.stack([np.array(told[axis], np.float32) for axis in ("x", "y")], axis=1).reshape(-1, 2),
        sized_by=told["sized_by"],
        size=np.array(told["score"], np.float64),
        followers=np.array(told["followers"], np.int64),
        community=np.array([NONE if c is None else c for c in told["community"]], np.int64),
        colour=np.array(told["colour"], np.int64),
        coloured=tuple(told["coloured"]),
        arcs=np.array(told["arcs"], np.int64).reshape(-1, 2),
        n_arcs_among=told["n_arcs_among"],
        n_nodes=told["n_total"],
        n_edges=told["n_arcs"],
        n_communities=told["n_communities"],
        details={name: part[at] for name, part in kept.parts.items()},
        arcs_are=told["arcs_are"],
        n_highest=told.get("n_highest"),  # maps of earlier versions hold the highest alone
    )


def _places(ids: Ids, names: list[str]) -> npt.NDArray[np.int64]:
    """Where many accounts stand, by a pass over all: that takes less time than to load what makes an index."""
    wanted = set(names)
    known = ids.to_arrow().to_pylist() if ids.kind == "string" else map(str, ids.to_numpy().tolist())
    at = {name: i for i, name in enumerate(known) if name in wanted}
    if len(at) < len(wanted):
        return ids.positions(names).astype(np.int64)  # which tells who is not there
    return np.array([at[name] for name in names], np.int64)


def absence(kept: KeptScores, name: str) -> str:
    """Why a run has no such file, in words."""
    told = kept.manifest.get("overview")
    if not isinstance(told, dict):
        return "an earlier swayrank made it: score the data again"
    return str(told.get("absent", {}).get(name, "it was not written"))
