"""Accounts that a user names: ids to positions, each once, repeats told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank.errors import ParameterError, warn_caller

Account = int | str


class Resolved(NamedTuple):
    """Accounts by id and by position, each once in the order given, and how many were named again."""

    ids: tuple[Account, ...]
    nodes: npt.NDArray[np.uint32]
    repeated: int


Accounts = Account | Iterable[Account] | Resolved
"""What names accounts; those that were looked up already are not looked up again."""


def resolve_accounts(graph: Any, given: Accounts, what: str = "seeds", *, least: int = 1) -> Resolved:
    """Look up accounts by id.

    Parameters
    ----------
    graph : Graph
        Where they are looked up.
    given : id, iterable of ids or Resolved
        The accounts.
    what : str, default="seeds"
        Name of the parameter, for errors.
    least : int, default=1
        How many there must be.

    Raises
    ------
    UnknownAccountError
        If one is no account of the graph.
    ParameterError
        If there are too few, or `given` is nothing that names accounts.

    Examples
    --------
    >>> import swayrank as sr
    >>> found = resolve_accounts(sr.Graph.from_edges(["bob"], ["ada"]), "ada")
    >>> found.ids, found.nodes.tolist(), found.repeated
    (('ada',), [1], 0)
    """
    if isinstance(given, Resolved) and given.nodes.size >= least:
        return given
    if not isinstance(given, (str, int, np.integer, Iterable)):
        raise ParameterError(f"{what} must be an id or ids of accounts, got {given!r}")
    found = given.ids if isinstance(given, Resolved) else given
    named: list[Any] = [found] if isinstance(found, (str, int, np.integer)) else list(found)
    if len(named) < least:
        raise ParameterError(f"{what} must name at least one account, got none")
    if all(isinstance(account, str) for account in named):  # many at once, where they are of one type
        positions = graph.ids.positions(named).tolist() if named else []
    else:
        positions = [graph.ids.position(account) for account in named]
    nodes = np.array(list(dict.fromkeys(positions)), np.uint32)
    repeated = len(named) - nodes.size
    if repeated:
        warn_caller(f"{repeated} of {len(named)} {what} were given more than once and count once")
    return Resolved(tuple(graph.ids[nodes].tolist()), nodes, repeated)
