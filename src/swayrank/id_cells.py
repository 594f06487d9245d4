"""Columns of ids, of whatever kind, in the two forms that the kernels take: int64 values, or byte ranges of a text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank.errors import ParameterError

Int64Array = npt.NDArray[np.int64]
UInt8Array = npt.NDArray[np.uint8]
UInt32Array = npt.NDArray[np.uint32]
UInt64Array = npt.NDArray[np.uint64]

_FEW = 4096


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A read-only view of `array`: kernels tell it from a writable one, so each gets always the same."""
    view = array.view()
    view.flags.writeable = False
    return view


@dataclass(frozen=True, slots=True)
class Cells:
    """One column of ids, ready for the kernels: either `ints`, or byte ranges of `text`.

    Attributes
    ----------
    ints : numpy.ndarray of int64, shape (n,), or None
        The values of an integer column.
    text : numpy.ndarray of uint8
        UTF-8 bytes that `starts` and `stops` point into (strings only).
    starts, stops : numpy.ndarray of int64, shape (n,)
        Where each string begins and ends.
    missing : numpy.ndarray of bool, shape (n,), or None
        Where there is no id at all.
    """

    ints: Int64Array | None
    text: UInt8Array
    starts: Int64Array
    stops: Int64Array
    missing: npt.NDArray[np.bool_] | None = None

    @classmethod
    def of_ints(cls, values: npt.NDArray[Any], missing: npt.NDArray[np.bool_] | None = None) -> Cells:
        """A column of integers."""
        nothing = np.empty(0, np.int64)
        ints = np.ascontiguousarray(values, dtype=np.int64)
        return cls(ints, np.empty(0, np.uint8), nothing, nothing, missing)

    @classmethod
    def of_ranges(
        cls, text: UInt8Array, starts: Int64Array, stops: Int64Array, missing: npt.NDArray[np.bool_] | None = None
    ) -> Cells:
        """A column of strings, as byte ranges of one text."""
        return cls(None, text, starts, stops, missing)

    def __len__(self) -> int:
        return len(self.starts) if self.ints is None else len(self.ints)

    def part(self, keep: slice | npt.NDArray[Any]) -> Cells:
        """The cells at `keep` (a slice, mask or index array)."""
        missing = None if self.missing is None else self.missing[keep]
        if self.ints is not None:
            return Cells.of_ints(self.ints[keep], missing)
        return Cells(None, self.text, self.starts[keep], self.stops[keep], missing)

    def as_strings(self) -> Cells:
        """The same ids spelled out."""
        if self.ints is None:
            return self
        spelled = _cells_of_arrow(_arrow().array(self.ints).cast(_arrow().large_string()))
        return Cells(None, spelled.text, spelled.starts, spelled.stops, self.missing)


def _arrow() -> Any:
    import pyarrow

    return pyarrow


def as_cells(values: Any) -> Cells:
    """Any column of ids as :class:`Cells`: a sequence, NumPy or Arrow array, pandas or polars series."""
    if isinstance(values, Cells):
        return values
    if callable(getattr(values, "cells", None)):  # Ids
        return as_cells(values.cells())
    if isinstance(values, np.ndarray):
        return _cells_of_numpy(values)
    if hasattr(values, "__arrow_c_array__") or hasattr(values, "__arrow_c_stream__"):
        return _cells_of_arrow(_arrow().chunked_array(values))
    if hasattr(values, "to_numpy"):
        return _cells_of_numpy(np.asarray(values))
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise ParameterError(f"a column of ids must be a sequence or array, got {values!r}")
    return _cells_of_list(list(values))


def _cells_of_numpy(values: npt.NDArray[Any]) -> Cells:
    if values.ndim != 1:
        raise ParameterError(f"a column of ids must have one dimension, got shape {values.shape}")
    if values.dtype.kind == "i" or (values.dtype.kind == "u" and values.dtype.itemsize < 8):
        return Cells.of_ints(values)
    if values.dtype.kind == "u":
        if values.size and int(values.max()) > np.iinfo(np.int64).max:
            return _cells_of_list([str(value) for value in values.tolist()])
        return Cells.of_ints(values)
    if values.dtype.kind == "f":
        return _cells_of_floats(values)
    if values.dtype.kind == "S":
        return _cells_of_arrow(_arrow().array(values.tolist(), _arrow().binary()))
    if values.dtype.kind in "OUT":
        return _cells_of_list(values.tolist())
    raise ParameterError(f"ids must be integers or strings, got a column of {values.dtype}")


def _cells_of_floats(values: npt.NDArray[Any]) -> Cells:
    """Whole floats are the integers that pandas turned into floats because one was missing."""
    missing = np.isnan(values)
    whole = np.where(missing, 0, values)
    if not bool(np.all((np.floor(whole) == whole) & (np.abs(whole) <= 2.0**53))):
        wrong = whole[(np.floor(whole) != whole) | (np.abs(whole) > 2.0**53)][0]
        raise ParameterError(f"ids must be integers or strings, got {wrong!r}: floats cannot hold ids beyond 2**53")
    return Cells.of_ints(whole.astype(np.int64), missing if bool(missing.any()) else None)


def _cells_of_list(values: list[Any]) -> Cells:
    if 0 < len(values) <= _FEW and (cells := _cells_of_few(values)):
        return cells
    pa = _arrow()
    try:
        return _cells_of_arrow(pa.array(values))
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):  # integers among strings, or too large: spell all out
        return _cells_of_arrow(pa.array([None if value is None else _spell(value) for value in values]))


def _cells_of_few(values: list[Any]) -> Cells | None:
    """The same without Arrow, which loads pandas to look at a list: commands that look up a few names need neither."""
    kinds = set(map(type, values))
    try:
        if kinds == {int}:
            return Cells.of_ints(np.asarray(values, np.int64))
        if kinds == {str}:
            words = [value.encode() for value in values]
            stops = np.cumsum([len(word) for word in words], dtype=np.int64)
            starts = np.concatenate([np.zeros(1, np.int64), stops[:-1]])
            return Cells.of_ranges(np.frombuffer(b"".join(words), np.uint8), read_only(starts), read_only(stops))
    except (OverflowError, UnicodeEncodeError):
        return None
    return None


def _spell(value: Any) -> str:
    """One id as text; whole floats lose their ".0"."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise ParameterError(
                f"ids must be integers or strings, got bytes that are not UTF-8: {value[:40]!r}"
            ) from None
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    if isinstance(value, str) or (isinstance(value, int | np.integer) and not isinstance(value, bool)):
        return str(value)
    raise ParameterError(f"ids must be integers or strings, got {value!r}")


def _cells_of_arrow(column: Any) -> Cells:
    pa = _arrow()
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
        if isinstance(column, pa.ChunkedArray):  # too large for one array of its type
            return _cells_of_arrow(pa.concat_arrays([c.cast(pa.large_string()) for c in column.chunks]))
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _cells_of_arrow(column.dictionary_decode())
    if pa.types.is_null(kind):
        return Cells.of_ints(np.zeros(len(column), np.int64), np.ones(len(column), np.bool_) if len(column) else None)
    missing = column.is_null().to_numpy(zero_copy_only=False) if column.null_count else None
    if pa.types.is_integer(kind):
        values = column.fill_null(0).to_numpy(zero_copy_only=False)
        if kind == pa.uint64() and len(values) and int(values.max()) > np.iinfo(np.int64).max:
            return _cells_of_arrow(column.cast(pa.large_string()))
        return Cells.of_ints(values, missing)
    if pa.types.is_floating(kind):
        return _cells_of_floats(column.to_numpy(zero_copy_only=False).astype(np.float64))
    if kind in (pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary()):
        try:
            return _cells_of_arrow_strings(column.cast(pa.large_string()), missing)
        except pa.ArrowInvalid:
            wrong = next(value for value in column.to_pylist() if value is not None and not _is_utf8(value))
            raise ParameterError(
                f"ids must be integers or strings, got bytes that are not UTF-8: {wrong[:40]!r}"
            ) from None
    raise ParameterError(f"ids must be integers or strings, got a column of {kind}")


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _cells_of_arrow_strings(column: Any, missing: npt.NDArray[np.bool_] | None) -> Cells:
    _, offsets, data = column.buffers()
    if len(column) == 0:
        return Cells(None, np.empty(0, np.uint8), np.empty(0, np.int64), np.empty(0, np.int64))
    bounds = np.frombuffer(offsets, np.int64)[column.offset : column.offset + len(column) + 1]
    text = np.empty(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)
    return Cells(None, text, bounds[:-1], bounds[1:], missing)
