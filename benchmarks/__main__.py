"""Run the benchmarks, all or some: ``python -m benchmarks [NAME ...] [--quick] [--output FOLDER] [--table]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import harness, table

DEFAULT = (
    "load", "build", "open", "pagerank", "walks", "betweenness", "closeness", "approximate", "communities",
    "incremental", "growth", "seeds", "cascades", "every_account", "scaling", "engagement", "intervals", "recovery",
    "learn", "backtests", "end_to_end", "service_load", "service_ingest", "service_whatif", "service_faults",
    "map_frames",
)  # fmt: skip
ON_REQUEST = ("service_memory", "service_whatif1m", "build100m", "seeds100m", "engagement100m", "learn100m")


def main() -> int:
    """Give 0 if all ran; a missed bar is told, not an error."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(DEFAULT + ON_REQUEST)}")
    parser.add_argument("--quick", action="store_true", help="small inputs and few rounds: does everything run?")
    parser.add_argument("--output", type=Path, default=None, help="folder for the results")
    parser.add_argument("--table", action="store_true", help="print the table of kept results; run nothing")
    parser.add_argument("--write", action="store_true", help="with --table: put it into README.md")
    given = parser.parse_args()
    unknown = set(given.names) - set(DEFAULT + ON_REQUEST)
    if unknown:
        parser.error(f"no benchmark {sorted(unknown)[0]!r}; there are {', '.join(DEFAULT + ON_REQUEST)}")
    folder = given.output or (None if given.quick else harness.RESULTS)
    if given.table:
        text = table.render(given.output or harness.RESULTS)
        if given.write:
            table.write(text)
        else:
            sys.stdout.write(text)
        return 0
    for name in given.names or DEFAULT:
        result = harness.run(harness.import_benchmark(name), quick=given.quick)
        if folder is not None:
            print(f"  kept in {harness.save(result, folder).name}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
