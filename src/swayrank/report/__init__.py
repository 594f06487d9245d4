"""LOOK: figures, pages and static images of results; loading this fills :mod:`swayrank._render`."""

from swayrank.report import backtests as _backtests  # noqa: F401  registers its figures
from swayrank.report import calibration as _calibration  # noqa: F401
from swayrank.report import correlations as _correlations  # noqa: F401
