"""Compute the references that are shipped (`python docs/make_references.py`); a test holds them equal.

A reference changes whenever a part is measured otherwise: then run this, and say so in the changelog.
"""

from __future__ import annotations

from dataclasses import replace

import swayrank as sr
from swayrank.scoring.references import reference_of
from swayrank.scoring.scale import SHIPPED, Reference

TOWN = SHIPPED / "town.json"
ACCOUNTS, RNG = 10_000, 7


def town() -> Reference:
    """What the town of the demo gives."""
    made = sr.generate("town", n=ACCOUNTS, rng=RNG)
    reference = reference_of(sr.score(made.graph, made.events, n_replicates=None, rng=RNG))
    return replace(reference, made={**reference.made, "from": f'generate("town", n={ACCOUNTS}, rng={RNG})'})


if __name__ == "__main__":
    SHIPPED.mkdir(exist_ok=True)
    town().save(TOWN)
