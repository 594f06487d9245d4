"""One cascade for the map to play: who is reached in which step, in one run of the prepared model.

A run of chance, the same for the same number; what is expected on average is the oracle's to say. Steps of accounts
that the map shows go out by name, the others are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank.ids import Ids
from swayrank.measures.propagation.models import Walk
from swayrank.measures.propagation.simulate import play_once


def play(
    walk: Walk, ids: Ids, seeds: npt.NDArray[np.uint32], *, rng: int, shown: Sequence[str] | None = None
) -> dict[str, Any]:
    """Run one cascade.

    Parameters
    ----------
    walk : Walk
        How followers are activated: ``IndependentCascade(...).forward()``, as a run was prepared.
    ids : Ids
        Of its accounts.
    seeds : numpy.ndarray of uint32
        Who starts, by place among them.
    rng : int
        Which run of chance.
    shown : sequence of str, optional
        Whose steps are told by name; all accounts that are reached, if None.

    Returns
    -------
    dict
        ``steps`` (by account, seeds at 0), ``per_step`` (how many are newly reached in each, of all accounts),
        ``reached`` and ``rng``.
    """
    step = play_once(walk, seeds, rng=rng)
    ever = step >= 0
    nodes = np.flatnonzero(ever)
    if shown is not None:
        places = ids.positions(list(shown), missing="sentinel").astype(np.int64)
        there = places[(places >= 0) & (places < len(ids))]
        nodes = there[ever[there]]
    names = ids[nodes].tolist()
    per_step = np.bincount(step[ever]).tolist()
    steps = dict(zip(map(str, names), step[nodes].tolist(), strict=True))
    return {"steps": steps, "per_step": per_step, "reached": int(ever.sum()), "rng": rng}
