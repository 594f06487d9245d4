"""How far what an account posts travels: diffusion models, simulation, and every account's expected spread.

Influence runs against the arcs: u follows v, so v can activate u.
"""

from swayrank.measures.propagation.models import IndependentCascade
from swayrank.measures.propagation.simulate import Spread, simulate
from swayrank.measures.propagation.spread import spread

__all__ = ["IndependentCascade", "Spread", "simulate", "spread"]
