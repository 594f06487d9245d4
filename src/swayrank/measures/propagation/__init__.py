"""How far what an account posts travels: diffusion models, simulation, and every account's expected spread.

Influence runs against the arcs: u follows v, so v can activate u.
"""

from swayrank.measures.propagation.epidemics import SIR, SIS
from swayrank.measures.propagation.models import IndependentCascade, LinearThreshold
from swayrank.measures.propagation.outcomes import Spread, Spreads
from swayrank.measures.propagation.rivals import RivalCascades, simulate_rivals
from swayrank.measures.propagation.simulate import simulate
from swayrank.measures.propagation.spread import spread, spread_conditional

__all__ = [
    "SIR",
    "SIS",
    "IndependentCascade",
    "LinearThreshold",
    "RivalCascades",
    "Spread",
    "Spreads",
    "simulate",
    "simulate_rivals",
    "spread",
    "spread_conditional",
]
