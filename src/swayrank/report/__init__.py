"""LOOK: figures, pages and static images of results; loading this fills :mod:`swayrank._render`."""

from swayrank.report import (
    activity,  # noqa: F401  each registers its figures
    backtests,  # noqa: F401
    calibration,  # noqa: F401
    communities,  # noqa: F401
    correlations,  # noqa: F401
    graphs,  # noqa: F401
    measures,  # noqa: F401
    network_map,  # noqa: F401
    scores,  # noqa: F401
    seeds,  # noqa: F401
    spreads,  # noqa: F401
    trends,  # noqa: F401
)
