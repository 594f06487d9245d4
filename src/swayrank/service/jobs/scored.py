"""Which of the runs that a service made by itself are kept, and which snapshots of live events.

A run that was made with live events names a snapshot of them, ``live/events-<store>-<number>.parquet``: the run itself
tells up to which event it is scored, whatever became of the service that made it.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from pathlib import Path

from swayrank.errors import SwayrankError
from swayrank.results import current_run, whole_runs
from swayrank.scoring.keep import read_scores_manifest
from swayrank.service.ingest import scored_seq

LIVE = "live"
KEEP_NEWEST = 24
_GOING = ".unfinished-"
_YOUNG_SECONDS = 3600


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
            if scored_seq(manifest):
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
