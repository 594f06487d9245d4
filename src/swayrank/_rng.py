"""Where randomness comes from: `rng` becomes one 128-bit key, from which every work item draws its own stream."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

import numpy as np

from swayrank.errors import ParameterError


@dataclass(frozen=True, slots=True)
class Key:
    """A 128-bit key in two words, and what to write into a manifest so that the run can be repeated."""

    high: int
    low: int

    @property
    def hi(self) -> np.uint64:
        """The upper 64 bits."""
        return np.uint64(self.high)

    @property
    def lo(self) -> np.uint64:
        """The lower 64 bits."""
        return np.uint64(self.low)

    @property
    def record(self) -> str:
        """The key as 32 hexadecimal digits."""
        return f"{self.high:016x}{self.low:016x}"


Rng = int | np.random.Generator | Key | None
"""What `rng` may be: users give an integer, a generator or None; a key is handed from one function to the next."""


def resolve_rng(rng: Rng) -> Key:
    """Turn an integer, a NumPy generator or None (drawn by the system) into a :class:`Key`.

    Parameters
    ----------
    rng : int, numpy.random.Generator, Key or None
        A non-negative integer below 2**128 names the same key on every machine. A generator gives 128 bits and moves
        on. None draws a key from the operating system. A `Key` is passed through.

    Returns
    -------
    Key

    Raises
    ------
    ParameterError
        If `rng` is of another type, negative, or too large.

    Examples
    --------
    >>> resolve_rng(7) == resolve_rng(7), resolve_rng(7) == resolve_rng(8)
    (True, False)
    """
    if isinstance(rng, Key):
        return rng
    if rng is None:
        return Key(secrets.randbits(64), secrets.randbits(64))
    if isinstance(rng, np.random.Generator):
        high, low = rng.integers(0, 2**64, size=2, dtype=np.uint64)
        return Key(int(high), int(low))
    if isinstance(rng, int | np.integer) and not isinstance(rng, bool) and 0 <= int(rng) < 2**128:
        digest = hashlib.blake2b(int(rng).to_bytes(16, "little"), digest_size=16, person=b"swayrank rng").digest()
        return Key(int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little"))
    raise ParameterError(
        f"rng must be an integer in [0, 2**128), a numpy.random.Generator or None, got {rng!r}; nodes to start from "
        "are called seeds"
    )
