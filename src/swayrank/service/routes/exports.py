"""What is shown, as files: accounts by the filters of the list, the map. Safe in spreadsheets."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Query, Response

from swayrank.service.gate import requires
from swayrank.service.listing import Wanted, find
from swayrank.service.problems import Problem, documented
from swayrank.service.published import Published
from swayrank.service.routes import Serving, answer
from swayrank.service.routes.accounts import Filters

router = APIRouter(
    prefix="/api/v1/exports", tags=["exports"], responses=documented(404), dependencies=[requires("read")]
)
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
    "gexf": "application/gexf+xml",
}
MOST_ROWS = 200_000
"""Rows of an Excel file: it holds about a million, but few programs open that."""


def sent(content: bytes, name: str) -> Response:
    """A file to be kept; `name` is ours, never a stranger's."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, 200, headers, _TYPES[name.rpartition(".")[2]])


@router.get("/scores.{form}", response_class=Response)
def scores(service: Serving, wanted: Filters, form: Literal["csv", "xlsx", "json", "parquet"]) -> Response:
    """The accounts that the filters leave, in the order asked for."""
    result = service.published
    if form == "json":
        at, _ = find(result, wanted)
        return answer({"run": result.run, "items": [result.row(int(i)) for i in at]})
    table = _table(result, wanted)
    if form == "xlsx":
        if table.num_rows > MOST_ROWS:
            raise Problem(422, "too-many", f"an Excel file has room for {MOST_ROWS:,} accounts here, and these are "
                          f"{table.num_rows:,}; filter, or take CSV or Parquet")  # fmt: skip
        return sent(sheet_of("scores", table), "scores.xlsx")
    return sent(_file(table, form), f"scores.{form}")


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


def _file(table: Any, form: str) -> bytes:
    from swayrank.tables import write_csv, write_parquet

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"scores.{form}")
        if form == "csv":
            write_csv(table, path, for_people=True)
        else:
            write_parquet(table, path)
        return path.read_bytes()


def sheet_of(title: str, table: Any) -> bytes:
    """A table as an Excel workbook of one sheet: numbers as numbers, all else as text that is no formula."""
    from swayrank.report.document import Name, Number, Report, Table
    from swayrank.report.workbook import as_workbook

    columns = []
    for name in table.column_names:
        values = table[name].to_pylist()
        numbers = all(value is None or isinstance(value, int | float) for value in values) and name != "account"
        columns.append([Number(v, "") if numbers else Name("" if v is None else str(v)) for v in values])
    rows = tuple(zip(*columns, strict=True))
    return as_workbook(Report("", "", ()), Table(title, tuple(table.column_names), rows))


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


@router.get("/seeds.{form}", response_class=Response, responses=documented(404, 409))
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
    return sent(sheet_of("seeds", table) if form == "xlsx" else _file(table, form), f"seeds.{form}")


@router.get("/map.gexf", response_class=Response)
def map_gexf(service: Serving) -> Response:
    """The network map for Gephi and other programs: the accounts that it shows, with scores, places and communities."""
    from swayrank.graph import Graph
    from swayrank.graph.formats import write_graph

    kept = service.published.map
    if kept is None:
        raise Problem(404, "not-kept", "this run keeps no map: /api/v1/run tells why; score the data again")
    arcs = np.array(kept["arcs"], np.int64).reshape(-1, 2)
    graph = Graph.from_edges(arcs[:, 0], arcs[:, 1], n_nodes=len(kept["accounts"]), ids=kept["accounts"])
    nodes = {name: _numbers(kept[name]) for name in ("score", "rank", "followers", "community", "x", "y")}
    with tempfile.TemporaryDirectory() as folder:
        path = write_graph(graph, Path(folder, "map.gexf"), nodes=nodes)
        return sent(path.read_bytes(), "map.gexf")


def _numbers(values: list[Any]) -> Any:
    return np.array([np.nan if value is None else value for value in values], np.float64)
