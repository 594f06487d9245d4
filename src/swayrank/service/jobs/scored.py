"""Which live events a run knows, and which of the runs that a service made by itself are kept.

A run that was made with live events names a snapshot of them, ``live/events-<number>.parquet``: the run itself tells up
to which event it is scored, whatever became of the service that made it.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from swayrank.errors import SwayrankError
from swayrank.results import current_run, whole_runs
from swayrank.scoring.keep import read_scores_manifest

LIVE = "live"
KEEP_NEWEST = 24
_SNAPSHOT = re.compile(r"events-([0-9]{1,18})\.parquet")
_GOING = ".unfinished-"
_YOUNG_SECONDS = 3600


def scored_upto(manifest: Mapping[str, Any]) -> int:
    """The number of the last live event that a run knows; 0 where it knows none.

    Examples
    --------
    >>> scored_upto({"recipe": {"live": "/out/live/events-000000000042.parquet"}}), scored_upto({})
    (42, 0)
    """
    named = (manifest.get("recipe") or {}).get("live")
    match = None if named is None else _SNAPSHOT.fullmatch(Path(str(named)).name)
    return 0 if match is None else int(match[1])


def forget_runs(out: Path, *, newest: int = KEEP_NEWEST) -> list[str]:
    """Remove runs made with live events that nobody needs any more, and snapshots that no run names; which runs.

    Kept are the current run, the `newest` ones, the last one of each day, and all runs without live events.

    Parameters
    ----------
    out : Path
        The folder of the result.
    newest : int, default 24
        How many of the newest are kept in any case.

    Returns
    -------
    list of str
        Ids of the runs that were removed.
    """
    live: list[Path] = []
    named: set[str] = set()
    for folder in whole_runs(out):
        with contextlib.suppress(SwayrankError):
            manifest = read_scores_manifest(folder)
            if scored_upto(manifest):
                live.append(folder)
                named.add(Path(str(manifest["recipe"]["live"])).name)
    last_of_day = {folder.name[:8]: folder for folder in live}
    kept = {current_run(out).name, *(f.name for f in live[-newest:]), *(f.name for f in last_of_day.values())}
    gone = [folder for folder in live if folder.name not in kept]
    for folder in gone:
        with contextlib.suppress(OSError):  # another name first: nobody meets half of it
            going = folder.with_name(_GOING + folder.name)
            folder.rename(going)
            shutil.rmtree(going, ignore_errors=True)
    if gone:
        named = {Path(str(read_scores_manifest(f)["recipe"]["live"])).name for f in live if f not in gone}
    _forget_snapshots(out / LIVE, named)
    return [folder.name for folder in gone]


def _forget_snapshots(folder: Path, named: set[str]) -> None:
    for path in folder.glob("events-*.parquet"):
        with contextlib.suppress(OSError):
            if path.name not in named and time.time() - path.stat().st_mtime > _YOUNG_SECONDS:
                path.unlink()
