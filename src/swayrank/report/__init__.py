"""LOOK: figures, pages and static images of results; loading this fills :mod:`swayrank._render`."""

from swayrank.report import backtests as _backtests  # noqa: F401  registers its figures
from swayrank.report import correlations as _correlations  # noqa: F401
from swayrank.report import network_map as _network_map  # noqa: F401
