"""What `convert` does: a graph or a log into a folder, a table or another program's format."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from swayrank._progress import Progress
from swayrank.errors import ParameterError
from swayrank.events import Events
from swayrank.graph.formats import FORMATS, format_of, write_graph
from swayrank.job_tables import read_accounts_table, told
from swayrank.measure_jobs import read_any
from swayrank.tables import write_csv, write_parquet


def run_convert(
    file: Path,
    output: Path,
    graph_options: Mapping[str, Any],
    events_options: Mapping[str, Any],
    *,
    nodes: Path | None = None,
    threads: int | None = None,
    progress: Progress = None,
) -> str:
    """Convert a graph or a log; returns lines that say what was read and written.

    `nodes` is a table of accounts (.csv or .parquet), whose columns a graph format holds as attributes of nodes.
    """
    form = format_of(output)
    if nodes is not None and form is None:
        raise ParameterError(f"--nodes is for formats that hold attributes of accounts, as .gexf, got {output.name!r}")
    data = read_any(file, graph_options, events_options, threads=threads, progress=progress)
    if form is not None:
        if isinstance(data, Events):
            raise ParameterError(f"a log is converted to .csv or .parquet, got {output.name!r}")
        table = None if nodes is None else read_accounts_table(nodes)
        write_graph(data, output, nodes=table)
    elif output.suffix == ".csv":
        write_csv(data.to_frame("pyarrow"), output, for_people=False)  # it will be read again: names stay as they are
    elif output.suffix == ".parquet":
        write_parquet(data.to_frame("pyarrow"), output)
    elif isinstance(data, Events):
        raise ParameterError(f"a log is converted to .csv or .parquet, got {output.name!r}")
    elif output.suffix:
        raise ParameterError(
            f"a graph is converted to a folder, .csv, .parquet or {', '.join(FORMATS)}, got {output.name!r}"
        )
    else:
        data.save(output)
    return "\n".join([*told(data), f"written to {output}"])
