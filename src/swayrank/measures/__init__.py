"""What is measured: one number per account, from a graph or from an event table.

Start at :mod:`swayrank.measures.registry` (what there is) and :mod:`swayrank.measures._measure` (what comes back).

Once this package is loaded, Python lets ``swayrank.measures`` name it, not the function of that name; so it is called
as the function is.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Package(ModuleType):
    def __call__(self, needs: Any = None) -> Any:
        """List the measures there are: see :func:`swayrank.measures.registry.measures`."""
        from swayrank.measures.registry import measures

        return measures(needs)


sys.modules[__name__].__class__ = _Package
