"""Event logs block by block, for whoever cannot hold them whole: the same rows as `read_events`, in the same order.

Accounts and posts are codes of the coders, which stay when the rows have gone by; what is theirs only at the end (who
wrote a post that is published later, numbers by first appearance) is left to whoever collects the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress
from swayrank.engines.local import n_threads
from swayrank.errors import ParameterError
from swayrank.events import action_codes, vocabulary
from swayrank.events.columns import NO_ACCOUNT, NO_POST
from swayrank.events.reports import FileReport
from swayrank.sources.assembly import Assembly, joined
from swayrank.sources.coding import IdCoder
from swayrank.sources.events import plan_reading, read_steps
from swayrank.sources.mapping import EVENT_FIELDS
from swayrank.sources.rejects import Rejects
from swayrank.sources.streams import BLOCK_BYTES, compression_of

U32 = npt.NDArray[np.uint32]

READING = (
    "columns", "actions", "extra_actions", "mapping", "blocks", "ids", "delimiter", "header", "encoding", "time_unit",
    "time_format", "day_first", "timezone", "decimal", "max_rejects",
)  # fmt: skip
"""Parameters of `read_events` that say how to read."""
_LIKELY_SHRINKAGE = 6  # of text by compression


@dataclass(frozen=True, slots=True)
class EventBlock:
    """Some rows of event logs, as `Events` has them but for the numbering.

    Attributes
    ----------
    first_row : int
        Rows that came before.
    actor, target, post : numpy.ndarray of uint32, shape (n,)
        Codes; 2**32 - 1 where there is none.
    action : numpy.ndarray of uint8, shape (n,)
        Positions in the vocabulary.
    time : numpy.ndarray of int64, shape (n,)
        Microseconds since 1970 UTC; -2**63 where unknown.
    weight : numpy.ndarray of float64, shape (n,), or None
        What each row counts for.
    """

    first_row: int
    actor: U32
    target: U32
    action: npt.NDArray[np.uint8]
    post: U32
    time: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float64] | None


class EventBlocks:
    """Reads event logs block by block.

    Parameters
    ----------
    paths : path, list of paths, or frame, optional
        As for `read_events`.
    threads : int, optional
        As for `read_events`.
    duckdb_limit : str, optional
        Memory for DuckDB, which reads times and numbers.
    progress : bool or callable, optional
        Whether to show progress.
    **reading
        Parameters of `read_events` that say how to read (:data:`READING`).

    Attributes
    ----------
    actions : tuple of str
        The vocabulary.
    accounts, posts : IdCoder
        What the codes stand for; complete once all blocks are read.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"actor": ["bob", "cem"], "target": ["ada", "bob"], "action": ["RT", "like"]})
    >>> blocks = EventBlocks(frame)
    >>> [[blocks.accounts.ids()[int(code)] for code in block.target] for block in blocks]
    [['ada', 'bob']]
    """

    def __init__(
        self,
        paths: Any = None,
        *,
        threads: int | None = None,
        duckdb_limit: str | None = None,
        progress: Progress = None,
        **reading: Any,
    ) -> None:
        if unknown := [name for name in reading if name not in READING]:
            raise ParameterError(f"reading takes {', '.join(READING)}, got {unknown[0]!r}")
        given = {"timezone": "UTC", "decimal": "."} | reading
        self.actions = vocabulary(given.pop("extra_actions", ()))
        self._own_actions = {str(code): str(name) for code, name in (given.pop("actions", None) or {}).items()}
        self._assembly = Assembly(
            "events",
            codes=action_codes(self.actions, self._own_actions),
            names=self.actions,
            max_rejects=given.pop("max_rejects", 0.05),
            threads=n_threads(threads),
            memory_limit=duckdb_limit,
        )
        sources = [given.pop(name, None) for name in ("columns", "mapping", "blocks")]
        self._plan = plan_reading("events", paths, sources[0], sources[1], sources[2], given)
        self._progress = progress

    @property
    def accounts(self) -> IdCoder:
        """What the codes of actors and targets stand for."""
        return self._assembly.accounts

    @property
    def posts(self) -> IdCoder:
        """What the codes of posts stand for."""
        return self._assembly.posts

    @property
    def reports(self) -> tuple[FileReport, ...]:
        """What became of each file that has been read to its end."""
        return tuple(self._assembly.reports)

    @property
    def rejects(self) -> Rejects:
        """The records that were refused so far."""
        return self._assembly.rejects

    def __iter__(self) -> Iterator[EventBlock]:
        """The rows, in file order; all memory of a block may be reused by the caller."""
        assembly = self._assembly
        first_row = 0
        try:
            for _ in read_steps(assembly, self._plan, self._own_actions, self.actions, self._progress):
                if assembly.n_rows:
                    block = _taken(assembly, first_row)
                    first_row += len(block.actor)
                    yield block
        finally:
            assembly.close()

    def likely_rows(self, first_block: int) -> int:
        """About how many rows the files hold, told from the rows of the first block of text; Parquet says it."""
        rows = 0
        for part in self._plan:
            rows += 0 if part.frame is None else len(part.frame)
            rows += sum(_likely_rows(path, first_block) for path in part.block.files)
        return rows


def _taken(assembly: Assembly, first_row: int) -> EventBlock:
    """The rows that lie in the assembly, which is empty afterwards."""
    n = assembly.n_rows
    columns = {name: joined(assembly, name) for name in EVENT_FIELDS}
    assembly.n_rows = 0
    none = np.full(n, NO_ACCOUNT, np.uint32)
    actor, target, post = (none if columns[name] is None else columns[name] for name in ("actor", "target", "post"))
    time = columns["time"]
    return EventBlock(
        first_row,
        actor,
        none.copy() if target is none else target,
        columns["action"].astype(np.uint8),
        np.full(n, NO_POST, np.uint32) if post is none else post,
        np.full(n, np.iinfo(np.int64).min) if time is None else time,
        columns["weight"],
    )


def _likely_rows(path: Path, first_block: int) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            return int(file.metadata.num_rows)
    except (pa.ArrowException, OSError):
        n_bytes = path.stat().st_size * (_LIKELY_SHRINKAGE if compression_of(path) else 1)
        return max(1, first_block) * max(1, -(-n_bytes // BLOCK_BYTES))
