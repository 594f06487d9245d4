"""How much memory and disk there may be: sizes as people write them, what is used, what is left."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path

from swayrank._text import printable
from swayrank.errors import ParameterError

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}
_SIZE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([KMGT]?I?)B?\s*", re.IGNORECASE)


def size_in_bytes(name: str, size: str | int) -> int:
    """A size such as "4GB", "500 MB" or "2GiB" in bytes; a plain number is bytes.

    Parameters
    ----------
    name : str
        The parameter that it is of.
    size : str or int
        Units of 1000 (KB, MB, GB, TB) or 1024 (KiB, MiB, GiB, TiB), in either case of letters.

    Raises
    ------
    ParameterError
        If it is no such size, or 0.

    Examples
    --------
    >>> size_in_bytes("memory_limit", "4GB"), size_in_bytes("memory_limit", "0.5 GiB")
    (4000000000, 536870912)
    """
    if isinstance(size, int) and not isinstance(size, bool) and size > 0:
        return size
    match = _SIZE.fullmatch(size) if isinstance(size, str) else None
    found = int(float(match[1]) * _UNITS[match[2].upper()]) if match and match[2].upper() in _UNITS else 0
    if found < 1:
        got = printable(repr(size), 80)
        raise ParameterError(f"{name} must be a size such as '4GB', '500MB' or '2GiB', got {got}")
    return found


def told_size(n_bytes: float) -> str:
    """A number of bytes for people, rounded up to two digits.

    >>> told_size(1_234_567_890), told_size(80_000_001)
    ('1.3GB', '81MB')
    """
    for unit, size in (("GB", 10**9), ("MB", 10**6)):
        if n_bytes >= size:
            tenths = -(-int(n_bytes) * 10 // size)
            return f"{tenths / 10:g}{unit}" if tenths < 100 else f"{-(-tenths // 10)}{unit}"
    return f"{-(-int(n_bytes) // 1000)}KB"


def resident_bytes() -> int:
    """What this process holds in memory now; on systems that do not tell, the most that it has held."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return _peak_bytes()
    import resource

    return pages * resource.getpagesize()


def _peak_bytes() -> int:
    try:
        import resource
    except ImportError:  # Windows: about what the interpreter and the libraries take
        return 400_000_000
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def temporary_space() -> tuple[str, int]:
    """The temporary folder, and how many bytes are free there."""
    folder = tempfile.gettempdir()
    return folder, shutil.disk_usage(folder).free
