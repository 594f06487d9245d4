"""The hook by which results that only hold data get their figures: results ask by their own type, `report` answers.

The figures lie above everything that they show, so nothing below imports them by name: :func:`render` loads
``swayrank.report`` when a figure is first asked for, whose modules have registered themselves by :func:`renders`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, TypeVar

from swayrank.errors import ParameterError

Renderer = TypeVar("Renderer", bound=Callable[..., Any])
_PAGE = "html"  # the table that a notebook shows, which is no figure
_RENDERERS: dict[tuple[str, str], Callable[..., Any]] = {}


def renders(kind: str, what: str) -> Callable[[Renderer], Renderer]:
    """Register a function that renders results of the class called `kind` as `what`."""

    def register(function: Renderer) -> Renderer:
        _RENDERERS[kind, what] = function
        return function

    return register


def render(result: object, what: str, **options: Any) -> Any:
    """The figure, page or file called `what` of a result.

    Parameters
    ----------
    result : object
        A result of this library.
    what : str
        As "plot" or "html".
    **options
        What the renderer takes.

    Raises
    ------
    ParameterError
        If nothing renders such a result so.
    """
    importlib.import_module("swayrank.report")
    kind = type(result).__name__
    if (kind, what) not in _RENDERERS:
        known = sorted(name for of, name in _RENDERERS if of == kind and name != _PAGE)
        raise ParameterError(f"what must be one of {known} for {kind}, got {what!r}")
    return _RENDERERS[kind, what](result, **options)
