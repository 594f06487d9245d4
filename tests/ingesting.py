"""A process that takes live events in until somebody ends it: ``python -m tests.ingesting PLACE NAME [SHARED]``.

Each line that it prints names a batch that was acknowledged. Three batches are on their way at any time; SHARED of the
rows of each are those that every such process sends.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys

from swayrank.service.ingest import Ingest
from swayrank.stores import open_store

ROWS = 40


def keys_of(name: str, batch: int, shared: int = 0) -> list[str]:
    """The keys of a batch."""
    return [f"{'all' if i < shared else name}-{batch}-{i}" for i in range(ROWS)]


async def work(place: str, name: str, shared: int) -> None:
    """Send batches for ever."""
    with open_store(place) as store:
        ingest, numbers = Ingest(store), itertools.count()
        print("open", flush=True)

        async def send() -> None:
            for batch in numbers:
                rows = [
                    {"key": key, "time": "2026-03-20", "actor": f"a{batch}", "action": "like", "target": "b"}
                    for key in keys_of(name, batch, shared)
                ]
                told = await ingest.take(json.dumps({"events": rows}).encode())
                assert told["accepted"] + told["duplicates"] == ROWS, told
                print(f"{name} {batch}", flush=True)

        await asyncio.gather(send(), send(), send())


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 0))
