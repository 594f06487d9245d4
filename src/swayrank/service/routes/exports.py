"""What is shown, as files: accounts by the filters of the list, the map. Safe in spreadsheets."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import orjson
from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from swayrank.overview.ties import EDGES
from swayrank.service.gate import requires
from swayrank.service.listing import Wanted, find
from swayrank.service.problems import Problem, documented
from swayrank.service.published import Published
from swayrank.service.routes import Serving
from swayrank.service.routes.accounts import Filters

router = APIRouter(
    prefix="/api/v1/exports", tags=["exports"], responses=documented(404, 507), dependencies=[requires("read")]
)
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
    "gexf": "application/gexf+xml",
}
_PIECE, _AT_ONCE = 1 << 18, 200
MOST_ROWS = 200_000
"""Rows of an Excel file: it holds about a million, but few programs open that."""


def sent(write: Callable[[Path], object], name: str) -> Response:
    """A file to be kept, in pieces, so that none is ever whole in memory; `name` is ours, never a stranger's."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        write(path)
        size, file = path.stat().st_size, path.open("rb")  # its name goes, its content stays until it is closed
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    headers["Content-Length"] = str(size)
    return StreamingResponse(_pieces(file), 200, headers, _TYPES[name.rpartition(".")[2]])


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece


def _write_rows(result: Published, at: npt.NDArray[np.integer[Any]], path: Path) -> None:
    """The rows as JSON, some hundred at once."""
    with path.open("wb") as file:
        file.write(b'{"run":' + orjson.dumps(result.run) + b',"items":[')
        for start in range(0, at.size, _AT_ONCE):
            rows = orjson.dumps([result.row(int(i)) for i in at[start : start + _AT_ONCE]])
            file.write((b"," if start else b"") + rows[1:-1])
        file.write(b"]}")


@router.get("/scores.{form}", response_class=Response)
def scores(service: Serving, wanted: Filters, form: Literal["csv", "xlsx", "json", "parquet"]) -> Response:
    """The accounts that the filters leave, in the order asked for."""
    result = service.published
    if form == "json":
        at, _ = find(result, wanted)
        return sent(functools.partial(_write_rows, result, at), "scores.json")
    table = _table(result, wanted)
    if form == "xlsx" and table.num_rows > MOST_ROWS:
        raise Problem(422, "too-many", f"an Excel file has room for {MOST_ROWS:,} accounts here, and these are "
                      f"{table.num_rows:,}; filter, or take CSV or Parquet")  # fmt: skip
    return sent(functools.partial(write_as, table, form, "scores"), f"scores.{form}")


def _table(result: Published, wanted: Wanted) -> Any:
    """The run's own table, with what is known of each account beside it."""
    import pyarrow as pa

    at, _ = find(result, wanted)
    table = result.kept.to_arrow()
    known = result.kept.accounts()
    if known is not None:
        for name in known.column_names:
            if name not in table.column_names:
                table = table.append_column(name, known[name])
    return table.take(pa.array(at))


def write_as(table: Any, form: str, title: str, path: Path) -> None:
    """A table as a file; no cell of it is a formula in a spreadsheet."""
    import pyarrow as pa

    from swayrank.report.workbook import write_table
    from swayrank.tables import write_csv, write_parquet

    if form == "csv":
        write_csv(table, path, for_people=True)
    elif form == "parquet":
        write_parquet(table, path)
    else:
        at = table.column_names.index("account")  # ids that are numbers are names all the same
        named = table.set_column(at, "account", table["account"].cast(pa.large_string()))
        with path.open("wb") as file:
            write_table(file, title, named)


_SEED_COLUMNS = (
    "place",
    "account",
    "marginal_gain",
    "cumulative",
    "cost",
    "score",
    "rank",
    "community",
    "role",
    "tier",
)


@router.get("/seeds.{form}", response_class=Response, responses=documented(404, 409, 507))
def seeds(
    service: Serving, form: Literal["csv", "xlsx"], job: Annotated[str, Query(pattern="^[0-9a-f]{16}$")]
) -> Response:
    """The accounts that a job of kind "seeds" chose, in the order of being chosen."""
    import pyarrow as pa

    found = service.store.jobs.get(job)
    if found is None or found.kind != "seeds":
        raise Problem(404, "not-found", f"there is no plan {job!r}; /api/v1/jobs?kind=seeds lists them")
    chosen = [{"place": i + 1, **seed} for i, seed in enumerate(service.jobs.result(job)["seeds"])]
    table = pa.table({name: [seed.get(name) for seed in chosen] for name in _SEED_COLUMNS})
    return sent(functools.partial(write_as, table, form, "seeds"), f"seeds.{form}")


_GEPHI, _LEAST, _MOST = 1000.0, 4.0, 20.0  # half the width of Gephi's map, and the sizes of its dots


@router.get("/map.gexf", response_class=Response)
def map_gexf(service: Serving) -> Response:
    """The network map for Gephi and other programs: the accounts that it shows, with scores, places and communities."""
    from swayrank.graph import Graph
    from swayrank.graph.formats import write_graph

    kept = service.published.map
    if kept is None:
        raise Problem(404, "not-kept", "this run keeps no map: /api/v1/run tells why; score the data again")
    arcs = np.array(kept["arcs"], np.int64).reshape(-1, 2)
    graph = Graph.from_edges(
        arcs[:, 0],
        arcs[:, 1],
        n_nodes=len(kept["accounts"]),
        ids=kept["accounts"],
        direction="undirected" if kept["arcs_are"] == EDGES else "follows",
    )
    around = "neighbours" if kept["arcs_are"] == EDGES else "followers"
    nodes = {"score": kept["score"], "rank": kept["rank"], around: kept["followers"], "community": kept["community"]}
    nodes = {name: _numbers(values) for name, values in nodes.items()}
    nodes |= _looks(kept)
    return sent(lambda path: write_graph(graph, path, nodes=nodes), "map.gexf")


def _looks(kept: dict[str, Any]) -> dict[str, Any]:
    """Places, areas and colours of the map's dots, as GEXF names them."""
    from swayrank.report.canvas import LIGHT, PALETTE

    value = _numbers(kept["score"] if kept["sized_by"] == "score" else kept["followers"])
    low, high = (np.nanmin(value), np.nanmax(value)) if np.isfinite(value).any() else (0.0, 0.0)
    share = np.nan_to_num((value - low) / (high - low) if high > low else np.ones_like(value))
    return {
        "viz:x": _GEPHI * _numbers(kept["x"]),
        "viz:y": _GEPHI * _numbers(kept["y"]),
        "viz:size": np.sqrt(_LEAST**2 + (_MOST**2 - _LEAST**2) * share),
        "viz:color": [LIGHT.rest if colour < 0 else PALETTE[colour % len(PALETTE)] for colour in kept["colour"]],
    }


def _numbers(values: list[Any]) -> Any:
    return np.array([np.nan if value is None else value for value in values], np.float64)
