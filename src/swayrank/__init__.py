"""swayrank: who influences whom in a social network, and by how much.

>>> import swayrank as sr
>>> g = sr.Graph.from_edges(["ada", "bob", "cem"], ["eve", "eve", "ada"])   # ada follows eve, ...
>>> sr.pagerank(g).top(1)[0][0]
'eve'
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_MODULES: dict[str, tuple[str, ...]] = {
    "errors": (
        "ConvergenceError",
        "DamagedGraphError",
        "FolderError",
        "InputError",
        "LeakError",
        "MissingDependencyError",
        "NotAGraphError",
        "ParameterError",
        "SwayrankError",
        "SwayrankWarning",
        "TooManyRejectsError",
        "UnknownAccountError",
        "VersionError",
    ),
    "ids": ("Ids",),
    "graph": ("Graph",),
    "graph.formats": ("write_graph",),
    "events": ("Events", "Posts"),
    "sources.edges": ("read_graph",),
    "sources.events": ("read_events", "read_posts"),
    "sources.cascades": ("read_cascades",),
    "sources.generate": ("generate",),
    "measures._arcs": ("ArcMeasure",),
    "measures._measure": ("Measure",),
    "measures.correlate": ("Correlations", "correlate"),
    "measures.registry": ("list_measures", "measure"),
    "measures.centrality.degree": ("in_degree", "in_strength", "out_degree", "out_strength"),
    "measures.centrality.pagerank": ("pagerank",),
    "measures.centrality.core": ("k_core",),
    "measures.centrality.approximate_betweenness": ("approximate_betweenness",),
    "measures.centrality.approximate_closeness": ("approximate_closeness", "approximate_harmonic"),
    "measures.centrality.hyperball": (
        "NeighbourhoodFunction",
        "hyperball_closeness",
        "hyperball_harmonic",
        "neighbourhood_function",
    ),
    "measures.centrality.articulation": ("articulation_points", "bridges"),
    "measures.centrality.betweenness": ("arc_betweenness", "betweenness"),
    "measures.centrality.closeness": ("closeness", "harmonic"),
    "measures.centrality.eigenvector": ("eigenvector",),
    "measures.centrality.hits": ("hits",),
    "measures.centrality.katz": ("katz", "katz_limit", "katz_ranking"),
    "measures.centrality.clustering": ("clustering", "transitivity", "triangles"),
    "measures.centrality.collective_influence": ("collective_influence",),
    "measures.centrality.eccentricity": ("diameter", "eccentricity", "radius"),
    "measures.centrality.influence_passivity": ("influence_passivity",),
    "measures.centrality.leaderrank": ("leaderrank",),
    "measures.centrality.lobby": ("lobby",),
    "measures.centrality.participation": ("participation",),
    "measures.centrality.reciprocity": ("overall_reciprocity", "reciprocity"),
    "measures.centrality.salsa": ("salsa",),
    "measures.centrality.structural_holes": ("constraint", "effective_size"),
    "measures.centrality.trustrank": ("trustrank",),
    "measures.centrality.truss": ("arc_trussness", "k_truss"),
    "measures.centrality.tunkrank": ("tunkrank",),
    "measures.centrality.tweepcred": ("TWEEPCRED", "tweepcred", "tweepcred_mass"),
    "measures.centrality.twitterrank": ("twitterrank",),
    "measures.centrality.voterank": ("voterank",),
    "measures.community.detect": ("Communities", "communities"),
    "measures.community.flows": ("CommunityInfluence", "community_influence"),
    "measures.live": ("LiveGraph",),
    "measures.engagement.counts": (
        "distinct_engagers",
        "engagement_counts",
        "engagement_table",
        "past_reposts",
        "posts_published",
    ),
    "measures.engagement.per_post": ("amplification", "applause", "conversation", "post_table", "reply_like_ratio"),
    "measures.engagement.diversity": ("effective_engagers", "engager_entropy", "repeat_engager_share"),
    "measures.engagement.impact": (
        "mention_impact",
        "mention_influence",
        "repost_impact",
        "repost_influence",
        "social_networking_potential",
    ),
    "measures.engagement.decay": ("ACTION_WEIGHTS", "HALF_LIVES", "DecaySums", "decay_sums", "decayed_engagement"),
    "measures.engagement.resonance": ("resonance",),
    "measures.engagement.h_index": ("g_index", "h_index", "t_factor"),
    "measures.engagement.post_rates": ("post_rates",),
    "measures.engagement.rates": ("engagement_rate", "posts_from_events", "rate_table", "virality"),
    "measures.engagement.tiers": ("PEER_TIERS", "Tiers", "peer_tiers", "percentile_within"),
    "measures.engagement.rhythm": ("Activity", "activity"),
    "measures.engagement.windows": ("window",),
    "measures.engagement.streamed": ("StreamedEngagement", "stream_engagement"),
    "measures.propagation.models": ("IndependentCascade", "LinearThreshold"),
    "measures.propagation.epidemics": ("SIR", "SIS"),
    "measures.propagation.outcomes": ("Spread", "Spreads"),
    "measures.propagation.rivals": ("RivalCascades", "simulate_rivals"),
    "measures.propagation.simulate": ("simulate",),
    "measures.propagation.spread": ("spread", "spread_conditional"),
    "learning.learned": ("Learned",),
    "learning.probabilities": ("fit_probabilities", "learn_probabilities"),
    "learning.attribution": ("Attribution", "CreditArcs", "attribute", "attribute_arcs"),
    "learning.casin": ("casin",),
    "learning.trees": ("CascadeTrees", "cascade_trees", "name_sources"),
    "learning.features": ("PairFeatures", "arc_trials", "pair_features"),
    "learning.feature_model": ("FeatureModel", "apply_features", "fit_features", "learn_from_features"),
    "learning.hidden": ("infer_graph",),
    "learning.credit": ("CreditDistribution", "CreditSeeds"),
    "campaign.select": ("select_seeds",),
    "campaign.seedset": ("SeedSet",),
    "campaign.compare": ("SeedComparison", "compare_seeds"),
    "campaign.oracle": ("InfluenceOracle",),
    "campaign.removal": ("Removal", "select_removal"),
    "scoring.combine": ("score",),
    "validation.backtest": ("backtest",),
    "validation.results": ("Backtest",),
    "validation.calibration": ("Calibration", "calibrate"),
    "validation.fit": ("Fit", "goodness_of_fit"),
    "validation.placebo": ("Placebo", "placebo"),
    "validation.reach": ("ReachCalibration", "calibrate_reach"),
    "validation.experiment": ("plan_experiment",),
    "validation.experiment_plan": ("ExperimentPlan",),
    "validation.lift": ("Lift", "measure_lift"),
    "validation.weights": ("FittedProfile", "fit_profile"),
    "scoring.profiles": ("PROFILES",),
    "scoring.scale": ("Reference",),
    "scoring.references": ("list_references",),
    "scoring.scores": ("Scores",),
    "scoring.explain": ("Explanation",),
    "scoring.compare": ("Comparison",),
    "scoring.roles": ("ROLES", "Role"),
    "scoring.sensitivity": ("Sensitivity",),
    "scoring.intervals": ("Intervals",),
    "scoring.keep": ("KeptScores", "load_scores"),
    "scoring.history": ("History", "history"),
    "scoring.between_runs": ("Change", "why_changed"),
    "overview.layout": ("layout",),
    "report.files": ("draw", "write_figure"),
    "report.run_figures": ("write_figures",),
    "report.playback": ("cascade_playback",),
    "report.write": ("write_report",),
    "pipeline": ("Recipe", "run", "score_again"),
}
_EXPORTS = {name: f"swayrank.{module}" for module, names in _MODULES.items() for name in names}
__all__ = list(_EXPORTS)


def module_of(name: str) -> str | None:
    """The module that a public name comes from."""
    return _EXPORTS.get(name)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that `import swayrank` stays light."""
    module = module_of(name)
    if module is None:
        raise AttributeError(f"module 'swayrank' has no attribute {name!r}")
    value = getattr(importlib.import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
