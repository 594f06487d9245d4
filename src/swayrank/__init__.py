"""swayrank: who influences whom in a social network, by how much, how sure that is, and whom to ask.

>>> import swayrank as sr
>>> g = sr.Graph.from_edges(["ada", "bob", "cem"], ["eve", "eve", "ada"])   # ada follows eve, ...
>>> sr.pagerank(g).top(1)[0][0]
'eve'
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"
_EXPORTS: dict[str, str] = {}
__all__ = sorted(_EXPORTS)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that `import swayrank` stays light."""
    module = _EXPORTS.get(name)
    if module is None:
        raise AttributeError(f"module 'swayrank' has no attribute {name!r}")
    value = getattr(importlib.import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
