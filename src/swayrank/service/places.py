"""Names of files without the folders that they are in: where things lie on this machine's disk is for the log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

# A path from the root: not within a word or an address of the web, nor one of the service's own addresses.
_FOLDERS = re.compile(r"(?<![\w.:/~-])(?!/api/)/(?:[^/\s'\"]+/)+")


def without_folders(text: str) -> str:
    """A sentence in which files are called by their names alone.

    >>> without_folders("/srv/data/graph.csv: the file is gone; ask /api/v1/jobs?kind=prepare")
    'graph.csv: the file is gone; ask /api/v1/jobs?kind=prepare'
    """
    return _FOLDERS.sub("", text)


def file_alone(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What a manifest says of a file, without its folder.

    >>> file_alone({"file": "/srv/data/graph.csv", "bytes": 7})
    {'file': 'graph.csv', 'bytes': 7}
    """
    return {**entry, "file": PurePath(str(entry["file"])).name}
