"""Run a command and tell what it took: ``python -I -S launch.py OUT COMMAND ...``. Small, so that its own memory is not
what is measured: a child's ``ru_maxrss`` is never below what its parent held when it started it.
"""

import json
import os
import sys
import time


def main() -> int:
    """Write wall and CPU seconds and peak bytes of the command to OUT; give its exit code."""
    out, command = sys.argv[1], sys.argv[2:]
    began = time.perf_counter()
    child = os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    told = {
        "wall_s": time.perf_counter() - began,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * 1024,
    }
    with open(out, "w") as file:
        json.dump(told, file)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
