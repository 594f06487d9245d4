"""One contender once, in a process of its own: prints how much memory it took above its imports and its input."""

from __future__ import annotations

import json
import sys

from benchmarks import harness


def main() -> None:
    """Take module, case, contender, quick; print one line of JSON."""
    module_name, case_name, name, quick = sys.argv[1:5]
    module = harness.import_benchmark(module_name)
    case = next(case for case in module.cases(bool(int(quick))) if case.name == case_name)
    contender = next(contender for contender in case.contenders if contender.name == name)
    data = case.load()
    call = contender.make(data)
    harness.trim()
    before = harness.resident_bytes()
    harness.reset_peak()
    result = call()
    peak = harness.peak_bytes() - before
    harness.trim()
    kept = harness.resident_bytes() - before
    assert result is not None
    print(json.dumps({"peak_bytes": peak, "kept_bytes": kept}))


if __name__ == "__main__":
    main()
