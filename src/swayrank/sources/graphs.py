"""Where a graph comes from: a file that is read, or a folder that holds one read already."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.sources.edges import read_graph


def open_graph(path: str | Path, options: Mapping[str, Any], **work: Any) -> Graph:
    """A graph from a folder made by `Graph.save`, or from a file; a folder takes no options, it is read already."""
    given = {name: value for name, value in options.items() if value is not None}
    if not Path(path).is_dir():
        return read_graph(path, **given, **work)
    if given:
        raise ParameterError(f"{next(iter(given))} is for files: {path} is a graph's folder, which knows its columns")
    return Graph.open(path)
