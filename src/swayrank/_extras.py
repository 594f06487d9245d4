"""Optional packages: which of those that a piece of work needs are absent, and the command that installs them.

Nothing is imported to find that out, so that a command can ask before its work, not after it.
"""

from __future__ import annotations

from importlib.util import find_spec

from swayrank.errors import MissingDependencyError

_KNOWN = {
    "plotly": ("plotly", "notebook"),
    "matplotlib": ("matplotlib", "notebook"),
    "sklearn": ("scikit-learn", "learn"),
    "networkit": ("NetworKit", "communities"),
}
"""By module: what people call it, and the extra that brings it."""


def lack(what: str, *modules: str) -> str | None:
    """What to tell where a module of these is not installed; None where all are there.

    >>> lack("the table", "json") is None
    True
    """
    missing = [name for name in modules if find_spec(name) is None]
    if not missing:
        return None
    named = [_KNOWN.get(name, (name, name)) for name in missing]
    extras = ",".join(sorted({extra for _, extra in named}))
    return f'{what} needs {" and ".join(name for name, _ in named)}: pip install "swayrank[{extras}]"'


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
