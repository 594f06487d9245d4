"""What people pass for the ends and the columns of arcs -> checked arrays; every wrong value is named.

Integers are positions where the number of nodes or the ids are given, else account ids. Floats are refused even where
they are whole: ids above 2**53 do not survive them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from swayrank._validate import OneOf
from swayrank.errors import ParameterError
from swayrank.ids import Cells, Ids, Interner, as_cells

Direction = Literal["follows", "influences", "undirected"]
DIRECTIONS = OneOf("follows", "influences", "undirected")
SelfLoops = Literal["drop", "keep"]
SELF_LOOPS = OneOf("drop", "keep")

Array = npt.NDArray[Any]
_RESERVED = ("source", "target")


@dataclass(frozen=True)
class Ends:
    """Node positions of both ends of each row (any integer dtype, not yet range-checked), and the nodes' ids."""

    u: Array
    v: Array
    ids: Ids


# -- ends --------------------------------------------------------------------------------------------------------------


def ends_of(u: Any, v: Any, n_nodes: int | None, ids: Any) -> Ends:
    """Read two columns of accounts or positions; the rules are those of ``Graph.from_edges``."""
    left, right = _end(u, "u"), _end(v, "v")
    if len(left) != len(right):
        raise ParameterError(f"u and v must be of one length, got {len(left):,} and {len(right):,}")
    if n_nodes is None and ids is None:
        return _number_accounts(left, right)
    known = Ids.of_range(int(n_nodes or 0)) if ids is None else Ids.from_values(ids)
    if n_nodes is not None and len(known) != n_nodes:
        raise ParameterError(f"ids must name n_nodes = {n_nodes:,} nodes, got {len(known):,} ids")
    return Ends(_positions(left, "u", known, ids is not None), _positions(right, "v", known, ids is not None), known)


def _end(values: Any, name: str) -> Array | Cells:
    """An integer array as it is, or strings as cells."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "iu":
        if values.ndim != 1:
            raise ParameterError(f"{name} must have one dimension, got shape {values.shape}")
        return values
    _refuse_floats(values, name)
    try:
        cells = as_cells(values)
    except ParameterError as error:
        raise ParameterError(f"{name}: {error}") from None
    if cells.missing is not None and cells.missing.any():
        raise ParameterError(f"{name}[{int(np.argmax(cells.missing))}] is missing: drop rows without an account first")
    return cells if cells.ints is None else cells.ints


def _refuse_floats(values: Any, name: str) -> None:
    dtype = getattr(values, "dtype", None)
    kind = str(dtype if dtype is not None else getattr(values, "type", "")).lower()
    wrong = kind if kind.startswith(("float", "double", "halffloat", "decimal", "complex")) and len(values) else ""
    if isinstance(values, list | tuple) or kind == "object":
        wrong = next((repr(value) for value in values if isinstance(value, float | np.floating)), "")
    if wrong:
        raise ParameterError(
            f"{name} must hold integers or strings, got {wrong}: numbers of accounts above 2**53 do not survive as "
            "floats; read the column as integers or text (pandas makes floats of integers with gaps)"
        )


def _positions(end: Array | Cells, name: str, ids: Ids, named: bool) -> Array:
    if not isinstance(end, Cells):
        return end
    if not named and len(end):
        raise ParameterError(
            f"{name} must hold node positions if n_nodes is given, got strings: give ids, or no n_nodes"
        )
    return ids.positions(end)


def _number_accounts(left: Array | Cells, right: Array | Cells) -> Ends:
    """Accounts -> node numbers by first appearance, but integers that fill 0, 1, ... keep their own order."""
    for end, name in ((left, "u"), (right, "v")):
        if not isinstance(end, Cells) and end.size and end.min() < 0:
            at = int(np.flatnonzero(end < 0)[0])
            raise ParameterError(f"{name}[{at}] is {end[at]}: ids must not be negative; give such names as strings")
    if not isinstance(left, Cells) and not isinstance(right, Cells):
        n = _n_if_dense(left, right)
        if n is not None:
            return Ends(left, right, Ids.of_range(n))
    interner = Interner()
    u, v = interner.encode(left, right)
    return Ends(u, v, interner.ids())


def _n_if_dense(left: Array, right: Array) -> int | None:
    """How many accounts there are if they are 0, 1, ... without a gap."""
    if left.size == 0:
        return 0
    n = 1 + max(int(left.max()), int(right.max()))
    if n > 2 * left.size:
        return None
    seen = np.zeros(n, np.bool_)
    seen[left] = True
    seen[right] = True
    return n if seen.all() else None


# -- columns -----------------------------------------------------------------------------------------------------------


def columns_of(weight: Any, columns: Mapping[str, Any] | None) -> dict[str, Array]:
    """Check and convert the columns of arcs, `weight` first."""
    given: dict[str, Any] = {} if weight is None else {"weight": weight}
    for name, values in (columns or {}).items():
        if not isinstance(name, str) or not name or name in _RESERVED:
            raise ParameterError(f"a column needs a name other than 'source' and 'target', got {name!r}")
        if name in given:
            raise ParameterError("weight is given twice: as weight= and in columns=")
        given[name] = values
    return {name: _column(name, values) for name, values in given.items()}


def _column(name: str, values: Any) -> Array:
    array = _as_numbers(name, values)
    if name not in ("weight", "probability", "time"):
        return array
    if name != "time":
        array = array.astype(np.float64, copy=False)
    if array.dtype.kind == "f":
        _refuse(name, array, ~np.isfinite(array), "a finite number")
    if name == "probability":
        _refuse(name, array, (array < 0) | (array > 1), "in [0, 1]")
    return array


def _refuse(name: str, array: Array, wrong: npt.NDArray[np.bool_], domain: str) -> None:
    if wrong.any():
        at = int(np.argmax(wrong))
        raise ParameterError(f"{name} must be {domain}, got {array[at]} at row {at}")


def _as_numbers(name: str, values: Any) -> Array:
    """One dimension of native numbers or truth values."""
    if isinstance(values, str | bytes | Mapping) or not hasattr(values, "__len__"):
        raise ParameterError(f"column {name!r} must be a sequence of numbers, got {values!r}")
    array = np.asarray(values)
    if array.dtype.kind == "O" and hasattr(values, "dt"):  # a pandas series of times with a zone
        array = values.to_numpy(dtype="datetime64[us]")
    if array.ndim != 1:
        raise ParameterError(f"column {name!r} must have one dimension, got shape {array.shape}")
    if array.dtype.kind == "M":
        _refuse(f"column {name!r}", array, np.isnat(array), "a time")
        array = array.astype("datetime64[us]").astype(np.int64)
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        found = next((value for value in array.tolist() if not isinstance(value, int | float)), array.dtype.name)
        raise ParameterError(f"column {name!r} must hold numbers, got {found!r}")
    return array.astype(array.dtype.newbyteorder("="), copy=False)
