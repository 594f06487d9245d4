"""Event logs for the benchmarks: who did what to whom, to which post, and when; uneven, in the order of time.

A million accounts; a fifth of the rows, but at most four million, publish a post, and the others react to one, mostly a
late one. Integer ids with gaps, as platforms give them. Drawn a million rows at a time, with NumPy alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import inputs

N_ACCOUNTS = 1_000_000
ACTIONS = ("post", "like", "repost", "quote", "reply", "mention")
_SHARES = (0.52, 0.22, 0.05, 0.16, 0.05)
_FIRST, _SPAN = 1_717_200_000, 30 * 86_400
_CHUNK = 1_000_000


def event_log(n_rows: int, suffix: str) -> Path:
    """The file of `n_rows` rows, ".parquet" or ".csv", written once."""
    import pyarrow.csv
    import pyarrow.parquet as pq

    path = inputs.FOLDER / f"events-{n_rows}{suffix}"
    if path.exists():
        return path
    inputs.FOLDER.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    writer: Any = None
    for table in _tables(n_rows):
        if writer is None and suffix == ".parquet":
            writer = pq.ParquetWriter(temporary, table.schema)
        elif writer is None:
            writer = pyarrow.csv.CSVWriter(temporary, table.schema)
        writer.write_table(table)
    writer.close()
    temporary.rename(path)
    return path


def _tables(n_rows: int) -> Iterator[Any]:
    rng = np.random.default_rng(n_rows)
    n_posts = min(n_rows // 5, 4_000_000)
    ids = {
        "account": rng.permutation(np.cumsum(rng.integers(1, 4000, N_ACCOUNTS))),
        "post": 1_500_000_000_000_000_000 + np.cumsum(rng.integers(1, 1 << 30, n_posts)),
    }
    author = (N_ACCOUNTS * rng.random(n_posts) ** 3).astype(np.int64)
    published = 0
    for start in range(0, n_rows, _CHUNK):
        n = min(_CHUNK, n_rows - start)
        until = (start + n) * n_posts // n_rows
        yield _table(rng, n, np.arange(published, until), author, ids, (start / n_rows, n / n_rows))
        published = until


def _table(rng: Any, n: int, new: Any, author: Any, ids: dict[str, Any], when: tuple[float, float]) -> Any:
    """`n` rows: the posts `new` are published, and posts up to them are reacted to."""
    import pyarrow as pa

    n_reactions, known = n - new.size, int(new[-1]) + 1
    late = known - 1 - (rng.random(n_reactions) ** 4 * known).astype(np.int64)
    famous = (rng.random(n_reactions) ** 3 * known).astype(np.int64)
    post = np.concatenate([new, np.where(rng.random(n_reactions) < 0.3, famous, late)])
    who = ((N_ACCOUNTS * rng.random(n_reactions) ** 2).astype(np.int64) * 7919 + 13) % N_ACCOUNTS
    action = np.concatenate(
        [np.zeros(new.size, np.int8), rng.choice(np.arange(1, 6, dtype=np.int8), n_reactions, p=_SHARES)]
    )
    actor, target = np.concatenate([author[new], who]), author[post]
    time = _FIRST + _SPAN * when[0] + np.sort(rng.random(n)) * _SPAN * when[1]
    order = rng.permutation(n)
    columns = {
        "actor": pa.array(ids["account"][actor[order]]),
        "target": pa.array(ids["account"][target[order]], mask=action[order] == 0),
        "action": pa.DictionaryArray.from_arrays(pa.array(action[order]), list(ACTIONS)).cast(pa.string()),
        "time": pa.array(time.astype(np.int64) * 1_000_000).cast(pa.timestamp("us")),
        "post": pa.array(ids["post"][post[order]], mask=action[order] == 5),
    }
    return pa.table(columns)
