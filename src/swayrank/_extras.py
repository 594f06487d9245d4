"""Optional packages: which of those that a piece of work needs are absent, and the command that installs them.

Nothing is imported to find that out, so that a command can ask before its work, not after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from swayrank.errors import MissingDependencyError

_KNOWN = {
    "plotly": ("plotly", "notebook"),
    "matplotlib": ("matplotlib", "notebook"),
    "sklearn": ("scikit-learn", "learn"),
    "pandas": ("pandas", "notebook"),
    "networkx": ("NetworkX", "notebook"),
    "networkit": ("NetworKit", "communities"),
    "sqlalchemy": ("SQLAlchemy", "service"),
    "psycopg": ("psycopg", "postgres"),
}
"""By module: what people call it, and the extra that brings it. Others, as polars, are installed by their own names."""


def lack(what: str, *modules: str) -> str | None:
    """What to tell where a module of these is not installed; None where all are there.

    >>> lack("the table", "json") is None
    True
    """
    missing = [name for name in modules if find_spec(name) is None]
    if not missing:
        return None
    return _told(what, missing)


def _told(what: str, missing: Sequence[str]) -> str:
    named = " and ".join(_KNOWN[name][0] if name in _KNOWN else name for name in missing)
    extras = sorted({_KNOWN[name][1] for name in missing if name in _KNOWN})
    words = [f'"swayrank[{",".join(extras)}]"'] if extras else []
    return f"{what} needs {named}: pip install {' '.join([*words, *(name for name in missing if name not in _KNOWN)])}"


def absent(what: str, module: str, instead: str = "") -> MissingDependencyError:
    """The error that tells of a module which could not be imported, and of what else would do.

    >>> print(absent("the figure", "plotly", "or write .csv"))
    the figure needs plotly: pip install "swayrank[notebook]"; or write .csv
    >>> print(absent("the table", "polars"))
    the table needs polars: pip install polars
    """
    told = _told(what, [module])
    return MissingDependencyError(f"{told}; {instead}" if instead else told)


def need(what: str, *modules: str, instead: str = "") -> None:
    """Raise where a module of these is not installed; `instead` is what else would do.

    Raises
    ------
    MissingDependencyError
        It names the packages and the command that installs them.
    """
    if told := lack(what, *modules):
        raise MissingDependencyError(f"{told}; {instead}" if instead else told)


def need_for_figure(ending: str, instead: str = "") -> None:
    """Raise where figures of such files cannot be made: plotly describes all of them, matplotlib draws pictures."""
    page = ending == ".html"
    need(f"a figure as {ending}", *(("plotly",) if page else ("plotly", "matplotlib")), instead=instead)
