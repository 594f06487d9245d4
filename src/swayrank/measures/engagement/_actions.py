"""Naming the actions that a measure counts."""

from __future__ import annotations

import difflib

import numpy as np
import numpy.typing as npt

from swayrank.errors import ParameterError
from swayrank.events import Events
from swayrank.ids import read_only


def action_mask(events: Events, action: str | None) -> npt.NDArray[np.uint8]:
    """Mark the wanted actions.

    Parameters
    ----------
    events : Events
        Whose vocabulary is meant.
    action : str or None
        One action; None for all.

    Returns
    -------
    numpy.ndarray of uint8, shape (len(events.actions),)
        1 where wanted. Read-only.

    Raises
    ------
    ParameterError
        If no action has that name.
    """
    if action is not None:
        known_action(events, "action", action)
    return read_only(np.array([action in (None, name) for name in events.actions], np.uint8))


def known_action(events: Events, parameter: str, action: str) -> None:
    """Raise :class:`ParameterError` unless the event table's vocabulary has that action."""
    if action not in events.actions:
        near = difflib.get_close_matches(str(action), events.actions, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise ParameterError(f"{parameter} must be one of {', '.join(events.actions)}, got {action!r}{hint}")
