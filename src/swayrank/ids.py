"""Account ids: what an account is called outside, and its position (node number) inside.

:class:`Ids` is a frozen, ordered collection of distinct ids, integers or strings; :class:`Interner` makes one out of
columns in which ids occur many times, numbering them in the order of first appearance.

An id is an int64 or a string. The integer 7 and the string "7" are the same account: a lookup takes either spelling.
"007" is another one. No id ever passes through a float unless it came as one; a whole float such as 7.0 counts as 7.

Cost: looking up k ids is O(k), at about 20-60 ns each; the first few are sought without an index, each among all.
A range of integers stores nothing, integers 8 bytes each and strings their bytes and 8 more; the hash index takes 8-16
bytes per id more and is made when it is first needed. Opening a saved graph maps it from disk.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from swayrank._text import folded, unguarded
from swayrank.errors import DamagedGraphError, InputError, ParameterError, UnknownAccountError
from swayrank.id_cells import Cells, Int64Array, UInt8Array, UInt32Array, UInt64Array, as_cells, read_only
from swayrank.kernels.intern import (
    BATCH,
    EMPTY,
    EMPTY_32,
    fill_int_slots,
    fill_string_slots,
    find_ints,
    find_strings,
    hash_strings,
    intern_ints,
    intern_small_ints,
    intern_strings,
    number_pairs,
)
from swayrank.kernels.text import parse_ints

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ABSENT", "MAX_IDS", "Cells", "Ids", "Int64Array", "Interner", "UInt8Array", "UInt32Array", "UInt64Array"]
__all__ += ["as_cells", "read_only"]

ABSENT = int(EMPTY_32)
"""The position of an id that is not there (2**32 - 1)."""
MAX_IDS = ABSENT
"""How many ids there can be at most: positions are uint32, and the largest one means "absent"."""

_INTEGER = re.compile(rb"0|-?[1-9][0-9]{0,18}")
_BATCH = int(BATCH)
_BLOCK = 1 << 20
_UNINDEXED = 64
"""Ids that are looked for one by one, in a pass over all, before an index is made: commands ask for no more. Of
more than `_BLOCK` ids the index is made at once: each pass over them would be long."""
_LOOKED_AT, _COMPARED = 1_000_000, 5000  # ids among which likes are sought: by parts; letter by letter


# -- names as people write them ----------------------------------------------------------------------------------------


def folded_names(names: pa.Array) -> pa.Array:
    """Strings of Arrow in one case and without accents, as :func:`swayrank._text.folded` has them.

    >>> import pyarrow as pa
    >>> folded_names(pa.array(["Ada", "Müller"])).to_pylist()
    ['ada', 'muller']
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    plain = pc.string_is_ascii(names)
    lower = pc.ascii_lower(names)
    others = names.filter(pc.invert(plain))
    if not len(others):
        return lower
    return pc.replace_with_mask(lower, pc.invert(plain), pa.array(map(folded, others.to_pylist()), names.type))


def _meant(name: str, names: pa.Array) -> list[str]:
    """Up to three names that `name` may stand for: spelled alike first, then those that begin so or hold its words."""
    import pyarrow.compute as pc

    wanted, known = folded(name).lstrip("@"), pc.ascii_ltrim(folded_names(names), "@")
    at = pc.indices_nonzero(pc.starts_with(known, wanted[:1]))[:_COMPARED]
    spelled: dict[str, list[int]] = {}
    for i, word in zip(at.to_pylist(), known.take(at).to_pylist(), strict=True):
        spelled.setdefault(word, []).append(i)
    found = [i for word in difflib.get_close_matches(wanted, spelled, n=3, cutoff=0.7) for i in spelled[word]]
    words = re.findall(r"\w+", wanted)
    if words and len(wanted) > 1:
        held = functools.reduce(pc.and_, [pc.match_substring(known, word) for word in words])
        for fits in (pc.starts_with(known, wanted), held):
            found += pc.indices_nonzero(fits)[:3].to_pylist()
    return [names[i].as_py() for i in list(dict.fromkeys(found))[:3]]


# -- the frozen collection ---------------------------------------------------------------------------------------------


class Ids:
    """Distinct account ids in a fixed order; position i in every result belongs to ``ids[i]``.

    Make one with :meth:`of_range`, :meth:`of_ints`, :meth:`of_strings` or :meth:`from_values`. All arrays are
    read-only. Two collections are equal when they hold the same ids in the same order.

    Attributes
    ----------
    kind : str
        "range" (the integers 0 .. n-1, nothing stored), "int" or "string".

    Examples
    --------
    >>> ids = Ids.from_values(["ada", "bob", "cem"])
    >>> ids[1], len(ids), "cem" in ids
    ('bob', 3, True)
    >>> ids.positions(["cem", "ada"])
    array([2, 0], dtype=uint32)
    >>> Ids.from_values([30, 1412, 7]).position("1412")
    1
    """

    __slots__ = ("_blob", "_n", "_offsets", "_slots", "_sought", "_values", "kind")

    kind: str
    _n: int
    _values: Int64Array
    _blob: UInt8Array
    _offsets: UInt64Array
    _slots: UInt32Array | None
    _sought: int

    def __init__(self) -> None:
        raise TypeError("make Ids with Ids.of_range, of_ints, of_strings or from_values")

    @classmethod
    def _make(cls, kind: str, n: int, arrays: Mapping[str, npt.NDArray[Any]]) -> Ids:
        if n > MAX_IDS:
            raise InputError(f"there can be at most {MAX_IDS:,} ids, got {n:,}")
        ids = cls.__new__(cls)
        ids.kind, ids._n, ids._sought = kind, n, 0
        ids._values = read_only(arrays.get("values", np.empty(0, np.int64)))
        ids._blob = read_only(arrays.get("blob", np.empty(0, np.uint8)))
        ids._offsets = read_only(arrays.get("offsets", np.zeros(1, np.uint64)))
        slots = arrays.get("slots")
        ids._slots = None if slots is None else read_only(slots)
        return ids

    @classmethod
    def of_range(cls, n: int) -> Ids:
        """The integers 0 .. n-1; nothing is stored.

        Examples
        --------
        >>> Ids.of_range(3)[2]
        2
        """
        return cls._make("range", int(n), {})

    @classmethod
    def of_ints(cls, values: npt.NDArray[Any]) -> Ids:
        """Distinct integers.

        Parameters
        ----------
        values : numpy.ndarray of int64, shape (n,)
            The ids in their order; that they are distinct is the caller's word (:meth:`from_values` checks it).
        """
        return cls._make("int", len(values), {"values": np.ascontiguousarray(values, dtype=np.int64)})

    @classmethod
    def of_strings(cls, blob: npt.NDArray[Any], offsets: npt.NDArray[Any]) -> Ids:
        """Distinct strings, given as one blob of UTF-8 bytes.

        Parameters
        ----------
        blob : numpy.ndarray of uint8
            The bytes of all ids, one after the other.
        offsets : numpy.ndarray of uint64, shape (n + 1,)
            Id i is ``blob[offsets[i]:offsets[i + 1]]``.
        """
        bounds = np.ascontiguousarray(offsets, dtype=np.uint64)
        return cls._make("string", len(bounds) - 1, {"blob": np.ascontiguousarray(blob, np.uint8), "offsets": bounds})

    @classmethod
    def from_values(cls, values: Any) -> Ids:
        """The ids in a sequence, NumPy or Arrow array, pandas or polars series.

        Parameters
        ----------
        values : sequence or array, shape (n,)
            Integers or strings, all different, none missing.

        Raises
        ------
        ParameterError
            If an id occurs twice or is missing, or is neither integer nor string.

        Examples
        --------
        >>> Ids.from_values([5, 6, 5])
        Traceback (most recent call last):
            ...
        swayrank.errors.ParameterError: ids must be distinct, got 5 at positions 0 and 2
        """
        if isinstance(values, Ids):
            return values
        cells = as_cells(values)
        if cells.missing is not None:
            raise ParameterError(f"every id must be given, got none at position {int(np.argmax(cells.missing))}")
        interner = Interner()
        codes = interner.encode(cells)
        ids = interner.ids()
        if len(ids) < len(codes):
            again = int(np.flatnonzero(codes != np.arange(len(codes), dtype=np.uint32))[0])
            first = int(codes[again])
            raise ParameterError(f"ids must be distinct, got {ids[first]!r} at positions {first} and {again}")
        return ids

    @classmethod
    def of_column(cls, column: pa.Array) -> Ids:
        """The ids in an Arrow array that was written with each once; Arrow checks it, and no kernel is needed.

        Raises
        ------
        ParameterError
            As :meth:`from_values` does.

        Examples
        --------
        >>> import pyarrow as pa
        >>> Ids.of_column(pa.array(["ada", "bob"])) == Ids.from_values(["ada", "bob"])
        True
        """
        import pyarrow.compute as pc

        cells, n = as_cells(column), len(column)
        if pc.count_distinct(column).as_py() < n:
            return cls.from_values(cells)  # which tells what is missing, or occurs twice
        if cells.ints is None:
            bounds = np.append(cells.starts[0] if n else 0, cells.stops)
            return cls.of_strings(cells.text[bounds[0] : bounds[-1]], bounds - bounds[0])
        return cls.of_range(n) if np.array_equal(cells.ints, np.arange(n)) else cls.of_ints(cells.ints)

    # -- reading

    def __len__(self) -> int:
        return self._n

    def __repr__(self) -> str:
        shown = ", ".join(repr(self[i]) for i in range(min(self._n, 4)))
        return f"<Ids: {self._n:,} {self.kind}s: {shown}{', ...' if self._n > 4 else ''}>"

    def __getitem__(self, position: Any) -> Any:
        """One id (int or str), or the ids at an array or slice of positions (int64 or object array)."""
        if isinstance(position, int | np.integer):
            return self._one(int(position))
        if isinstance(position, slice):
            position = np.arange(self._n)[position]
        index = np.asarray(position)
        if index.dtype == np.bool_:
            index = np.flatnonzero(index)
        index = index.astype(np.int64)
        if index.size and (int(index.max()) >= self._n or int(index.min()) < -self._n):
            raise IndexError(f"positions must be below {self._n}, got {int(index.max())}")
        if self.kind != "string":
            return self._values[index] if self.kind == "int" else np.where(index < 0, index + self._n, index)
        taken = self.to_arrow().take(np.where(index < 0, index + self._n, index).ravel())
        found: npt.NDArray[Any] = np.asarray(taken.to_numpy(zero_copy_only=False), dtype=object)
        return found.reshape(index.shape)

    def _one(self, position: int) -> int | str:
        if not -self._n <= position < self._n:
            raise IndexError(f"positions must be below {self._n}, got {position}")
        position %= self._n
        if self.kind == "range":
            return position
        if self.kind == "int":
            return int(self._values[position])
        start, stop = int(self._offsets[position]), int(self._offsets[position + 1])
        return self._blob[start:stop].tobytes().decode("utf-8", "replace")

    def __iter__(self) -> Iterator[int | str]:
        for start in range(0, self._n, _BLOCK):
            yield from self[start : start + _BLOCK].tolist()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Ids) or len(self) != len(other):
            return NotImplemented if not isinstance(other, Ids) else False
        if self.kind == "string" or other.kind == "string":
            both = self.kind == other.kind
            return both and np.array_equal(self._offsets, other._offsets) and np.array_equal(self._blob, other._blob)
        return self.kind == other.kind == "range" or np.array_equal(self.to_numpy(), other.to_numpy())

    __hash__ = None  # type: ignore[assignment]

    def to_numpy(self) -> npt.NDArray[Any]:
        """All ids: int64, or an object array of str; shape (n,)."""
        if self.kind == "range":
            return np.arange(self._n)
        return self._values if self.kind == "int" else self[:]

    def to_arrow(self) -> pa.Array:
        """All ids as an Arrow array: int64 or large_string; the memory is shared."""
        import pyarrow as pa

        if self.kind != "string":
            return pa.array(self.to_numpy(), type=pa.int64())
        buffers = [None, pa.py_buffer(self._offsets), pa.py_buffer(self._blob)]
        return pa.Array.from_buffers(pa.large_string(), self._n, buffers)

    def cells(self) -> Cells:
        """All ids as the kernels take them."""
        if self.kind != "string":
            return Cells.of_ints(self.to_numpy())
        bounds = self._offsets.view(np.int64)
        return Cells(None, self._blob, bounds[:-1], bounds[1:])

    # -- looking up

    def positions(self, values: Any, missing: str = "raise") -> UInt32Array:
        """Where many ids stand.

        Parameters
        ----------
        values : sequence or array, shape (k,)
            Integers or strings; "7" finds 7 and 7 finds "7". Unless `missing` is "sentinel", "'@ada" finds "@ada"
            where nobody is called "'@ada": tables for spreadsheets are written so, and are read back.
        missing : str, default "raise"
            "raise", or "sentinel": an id that is not there gets 2**32 - 1.

        Returns
        -------
        positions : numpy.ndarray of uint32, shape (k,)

        Raises
        ------
        UnknownAccountError
            If an id is not there and `missing` is "raise".

        Examples
        --------
        >>> Ids.of_ints(np.array([30, 1412])).positions([1412, 8], missing="sentinel")
        array([         1, 4294967295], dtype=uint32)
        """
        if missing not in ("raise", "sentinel"):
            raise ParameterError(f"missing must be one of 'raise', 'sentinel', got {missing!r}")
        cells = as_cells(values)
        if self._slots is None and self._n <= _BLOCK and self._sought + len(cells) <= _UNINDEXED:
            self._sought += len(cells)
            found = np.array([self._sought_for(cells, i) for i in range(len(cells))], np.uint32)
        else:
            found = self._find_among_strings(cells) if self.kind == "string" else self._find_among_ints(cells)
        if cells.missing is not None:
            found[cells.missing] = EMPTY_32
        if missing == "raise" and bool((found == EMPTY_32).any()):
            found = self._find_unguarded(cells, found)
            if bool((absent := found == EMPTY_32).any()):
                self._refuse(cells, absent)
        return found

    def position(self, value: int | str) -> int:
        """Where one id stands; UnknownAccountError, with ids that look alike, if it is not there."""
        return int(self.positions([value])[0])

    def __contains__(self, value: object) -> bool:
        try:
            return int(self.positions([value], missing="sentinel")[0]) != ABSENT
        except ParameterError:
            return False

    def meant(self, names: Sequence[str]) -> list[str]:
        """The same names, those without the apostrophe that tables for spreadsheets need which are known only so.

        Examples
        --------
        >>> Ids.from_values(["@ada", "'=bob"]).meant(["'@ada", "'=bob", "'@cem"])
        ['@ada', "'=bob", "'@cem"]
        """
        guarded = [name for name in names if unguarded(name) != name]
        if not guarded:
            return list(names)
        plain = [unguarded(name) for name in guarded]
        own, other = (self.positions(some, missing="sentinel") for some in (guarded, plain))
        known = dict(zip(guarded, plain, strict=True))
        swaps = (own == EMPTY_32) & (other != EMPTY_32)
        known = {name: known[name] for name, swap in zip(guarded, swaps.tolist(), strict=True) if swap}
        return [known.get(name, name) for name in names]

    def _find_unguarded(self, cells: Cells, found: UInt32Array) -> UInt32Array:
        """What is unknown as it stands, but is a known name with the apostrophe that tables for spreadsheets need."""
        if cells.ints is not None or self.kind != "string":
            return found
        absent = found == EMPTY_32
        if cells.missing is not None:
            absent &= ~cells.missing
        starts, stops = cells.starts[absent].tolist(), cells.stops[absent].tolist()
        cut = (cells.text[start:stop].tobytes() for start, stop in zip(starts, stops, strict=True))
        found = found.copy()
        if names := [unguarded(name.decode("utf-8", "replace")) for name in cut]:
            found[absent] = self.positions(names, missing="sentinel")
        return found

    def _sought_for(self, cells: Cells, i: int) -> int:
        """Where one id stands, by a look at all."""
        if cells.missing is not None and cells.missing[i]:
            return ABSENT
        if cells.ints is None:
            name = cells.text[int(cells.starts[i]) : int(cells.stops[i])].tobytes()
        else:
            name = b"%d" % int(cells.ints[i])
        if self.kind == "string":
            places = self._spelled(name)
        else:
            value = int(name) if _INTEGER.fullmatch(name) else None
            if value is None or not -(2**63) <= value < 2**63:
                return ABSENT
            if self.kind == "range":
                return value if 0 <= value < self._n else ABSENT
            places = np.flatnonzero(self._values == value)
        return int(places[0]) if places.size else ABSENT

    def _spelled(self, name: bytes) -> Int64Array:
        """Where the strings of these bytes stand: those of its length, then those whose first byte fits, and so on."""
        starts = self._offsets[:-1]
        places = np.flatnonzero(self._offsets[1:] - starts == np.uint64(len(name)))
        for k, byte in enumerate(name):
            places = places[self._blob[starts[places] + np.uint64(k)] == byte]
        return places

    def _find_among_ints(self, cells: Cells) -> UInt32Array:
        found = np.empty(len(cells), np.uint32)
        bad: npt.NDArray[Any] | None = None
        wanted = cells.ints
        if wanted is None:
            wanted, bad = np.empty(len(cells), np.int64), np.empty(len(cells), np.uint8)
            parse_ints(read_only(cells.text), _ranges(cells.starts), _ranges(cells.stops), wanted, bad)
        if self.kind == "range":
            found[:] = np.where((wanted >= 0) & (wanted < self._n), wanted, ABSENT)
        else:
            slots = self._index()
            find_ints(read_only(wanted), slots, _shift(slots.size), self._values, found)
        if bad is not None:
            found[bad != 0] = EMPTY_32
        return found

    def _find_among_strings(self, cells: Cells) -> UInt32Array:
        cells = cells.as_strings()
        slots = self._index()
        found = np.empty(len(cells), np.uint32)
        starts, stops = _ranges(cells.starts), _ranges(cells.stops)
        find_strings(read_only(cells.text), starts, stops, slots, _shift(slots.size), self._blob, self._offsets, found)
        return found

    def hashes(self) -> UInt64Array:
        """A 64-bit number for each id that depends on nothing but the id: for random streams of its own.

        >>> ids = Ids.from_values(["ada", "bob"])
        >>> bool((ids.hashes()[::-1] == Ids.from_values(["bob", "ada"]).hashes()).all())
        True
        """
        hashes = np.empty(len(self), np.uint64)
        cells = self.cells().as_strings()  # an integer is the same id as its spelling
        bounds = (read_only(np.ascontiguousarray(ends, np.int64)) for ends in (cells.starts, cells.stops))
        hash_strings(read_only(cells.text), *bounds, hashes)
        return read_only(hashes)

    def _index(self) -> UInt32Array:
        """The hash index; made when first needed."""
        if self._slots is None:
            slots = _filled_slots(self)
            self._slots = read_only((slots & np.uint64(0xFFFFFFFF)).astype(np.uint32))
        return self._slots

    def _refuse(self, cells: Cells, absent: npt.NDArray[np.bool_]) -> None:
        where = np.flatnonzero(absent)
        spelled = cells.part(where[:1]).as_strings()
        name = spelled.text[int(spelled.starts[0]) : int(spelled.stops[0])].tobytes().decode("utf-8", "replace")
        if cells.missing is not None and cells.missing[where[0]]:
            raise UnknownAccountError(f"no id is given at position {where[0]}")
        others = f" (and {len(where) - 1:,} more of the {len(cells):,} asked for)" if len(where) > 1 else ""
        raise UnknownAccountError(f"no account has the id {name!r}{others}{self.hint(name)}")

    def hint(self, name: str) -> str:
        """What to say of a name that nobody has: ids that look like it; for integers, their span; "" for nothing."""
        if self._n == 0:
            return "; there are no accounts"
        if self.kind != "string":
            known = self.to_numpy()
            return f"; ids here are integers from {int(known.min())} to {int(known.max())}"
        meant = _meant(name, self.to_arrow().slice(0, _LOOKED_AT))
        return f"; did you mean {', '.join(map(repr, meant))}?" if meant else ""

    # -- keeping

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The arrays that a graph folder keeps, with the hash index, so that opening builds nothing.

        Returns
        -------
        arrays : dict
            Nothing for "range"; "values" (int64) or "blob" (uint8) and "offsets" (uint64), and "slots" (uint32).

        Examples
        --------
        >>> ids = Ids.from_values(["ada", "bob"])
        >>> {name: array.dtype.name for name, array in ids.arrays().items()}
        {'blob': 'uint8', 'offsets': 'uint64', 'slots': 'uint32'}
        >>> Ids.from_arrays("string", 2, ids.arrays())[1]
        'bob'
        """
        if self.kind == "range":
            return {}
        if self.kind == "int":
            return {"values": self._values, "slots": self._index()}
        return {"blob": self._blob, "offsets": self._offsets, "slots": self._index()}

    @classmethod
    def from_arrays(cls, kind: str, n: int, arrays: Mapping[str, npt.NDArray[Any]]) -> Ids:
        """The collection that :meth:`arrays` took apart; sizes are checked, contents are not.

        Raises
        ------
        DamagedGraphError
            If an array is missing or its size does not fit `n`.
        """
        wanted = {"range": (), "int": ("values", "slots"), "string": ("blob", "offsets", "slots")}
        if kind not in wanted:
            raise DamagedGraphError(f"ids must be of kind 'range', 'int' or 'string', got {kind!r}")
        if lacking := [name for name in wanted[kind] if name not in arrays]:
            raise DamagedGraphError(f"the ids lack the array {lacking[0]!r}")
        ids = cls._make(kind, n, {name: arrays[name] for name in wanted[kind]})
        slots = 0 if ids._slots is None else ids._slots.size
        fits = kind == "range" or (slots > n and slots & (slots - 1) == 0)
        fits &= kind != "int" or ids._values.size == n
        fits &= kind != "string" or (ids._offsets.size == n + 1 and int(ids._offsets[n]) == ids._blob.size)
        if not fits:
            raise DamagedGraphError(f"the arrays of the ids do not fit {n:,} ids")
        return ids

    def __reduce__(self) -> tuple[Any, ...]:
        return Ids.from_arrays, (self.kind, self._n, {k: np.asarray(v) for k, v in self.arrays().items()})


def _shift(n_slots: int) -> np.uint64:
    """A hash's top bits are its place: how far to shift for a table of `n_slots` (a power of two)."""
    return np.uint64(64 - (n_slots.bit_length() - 1))


def _slots_for(count: int) -> UInt64Array:
    """An empty table that is at most half full with `count` keys and a batch."""
    return np.full(1 << max(8, (2 * (count + _BATCH) - 1).bit_length()), EMPTY, np.uint64)


def _larger(n_slots: int) -> int:
    """The next size of a full table; small ones grow faster, since each growth enters everything anew."""
    return n_slots * (4 if n_slots < 1 << 20 else 2)


def _ranges(bounds: npt.NDArray[Any]) -> Int64Array:
    return read_only(np.ascontiguousarray(bounds, dtype=np.int64))


def _filled_slots(ids: Ids) -> UInt64Array:
    slots = _slots_for(len(ids))
    if ids.kind == "string":
        fill_string_slots(ids._blob, ids._offsets, len(ids), slots, _shift(slots.size))
    else:
        fill_int_slots(read_only(ids.to_numpy()), len(ids), slots, _shift(slots.size))
    return slots


# -- numbering ---------------------------------------------------------------------------------------------------------


class Interner:
    """Numbers ids in the order of first appearance, over any number of columns and calls.

    Integers stay integers as long as only integers come. From the first column of strings on, all ids are strings;
    the numbers given so far stay as they are, since every integer has one spelling.

    Parameters
    ----------
    limit : int, default 2**32 - 1
        How many different ids there may be.

    Examples
    --------
    >>> interner = Interner()
    >>> interner.encode(["ada", "bob", "ada"])
    array([0, 1, 0], dtype=uint32)
    >>> u, v = interner.encode(["cem", "bob"], ["dee", "cem"])      # two columns: row by row
    >>> u, v
    (array([2, 1], dtype=uint32), array([3, 2], dtype=uint32))
    >>> list(interner.ids())
    ['ada', 'bob', 'cem', 'dee']
    """

    def __init__(self, *, limit: int = MAX_IDS) -> None:
        self._limit = limit
        self._seen = 0
        self._size = np.zeros(1, np.uint64)
        self._table: _Table = _SmallInts()

    def __len__(self) -> int:
        return int(self._size[0])

    @property
    def kind(self) -> str:
        """What the ids are so far: "int" or "string"."""
        return "string" if isinstance(self._table, _Strings) else "int"

    def encode(self, *columns: Any) -> Any:
        """Number the ids of one column, or of several of equal length row by row.

        Parameters
        ----------
        *columns : sequence or array, shape (n,)
            Integers or strings: lists, NumPy or Arrow arrays, pandas or polars series.

        Returns
        -------
        codes : numpy.ndarray of uint32, shape (n,), or a tuple of them
            One array per column; 2**32 - 1 where the id is missing.

        Raises
        ------
        InputError
            If there are more than 2**32 - 1 different ids.
        """
        cells = [as_cells(column) for column in columns]
        n = len(cells[0])
        if any(len(other) != n for other in cells):
            raise ParameterError(f"columns must be of one length, got {[len(other) for other in cells]}")
        if any(one.ints is None for one in cells):
            cells = [one.as_strings() for one in cells]
        codes = [np.empty(n, np.uint32) for _ in cells]
        for start in range(0, n, _BLOCK):
            block = slice(start, min(n, start + _BLOCK))
            woven = _weave([one.part(block) for one in cells])
            numbers = self._encode_block(woven)
            for k, part in enumerate(codes):
                part[block] = numbers[k :: len(cells)]
        return codes[0] if len(codes) == 1 else tuple(codes)

    def encode_in_place(self, u: UInt32Array, v: UInt32Array) -> None:
        """Like ``u[:], v[:] = encode(u, v)`` for the first columns of all, faster and without another copy.

        Parameters
        ----------
        u, v : numpy.ndarray of uint32, shape (n,)
            Integer ids; their numbers afterwards.

        Examples
        --------
        >>> interner = Interner()
        >>> u, v = np.array([7, 5], np.uint32), np.array([5, 9], np.uint32)
        >>> interner.encode_in_place(u, v)
        >>> u, v
        (array([0, 1], dtype=uint32), array([1, 2], dtype=uint32))
        """
        span = 1 + max(int(u.max()), int(v.max())) if u.size else 0
        table = self._table
        if len(self) == 0 and isinstance(table, _SmallInts) and span < 8 * u.size + (1 << 20):
            self._seen += 2 * u.size
            table.widen(span)
            number_pairs(u, v, table.table, table.keys, self._size)
            return
        for start in range(0, u.size, _BLOCK):
            block = slice(start, start + _BLOCK)
            u[block], v[block] = self.encode(u[block], v[block])

    def ids(self) -> Ids:
        """The ids so far, in the order of their numbers (a copy; the integers 0 .. n-1 as a range)."""
        n = len(self)
        if isinstance(self._table, _Strings):
            offsets = self._table.offsets[: n + 1].copy()
            return Ids.of_strings(self._table.blob[: int(offsets[n])].copy(), offsets)
        keys = self._table.keys[:n]
        if n == 0 or (int(keys[0]) == 0 and int(keys[-1]) == n - 1 and bool(np.all(keys == np.arange(n)))):
            return Ids.of_range(n)
        return Ids.of_ints(keys.copy())

    def _encode_block(self, cells: Cells) -> UInt32Array:
        if cells.missing is not None and bool(cells.missing.any()):
            codes = np.full(len(cells), EMPTY_32, np.uint32)
            there = ~cells.missing
            given = cells.part(there)
            codes[there] = self._encode_block(Cells(given.ints, given.text, given.starts, given.stops))
            return codes
        if cells.ints is None and not isinstance(self._table, _Strings):
            self._spell_out()
        elif cells.ints is not None and isinstance(self._table, _Strings):
            return self._encode_ints_among_strings(cells)
        self._seen += len(cells)
        codes = np.empty(len(cells), np.uint32)
        done = 0
        while done < len(cells):
            done = self._table.intern(cells, done, self._size, codes)
            if len(self) > self._limit:
                raise InputError(f"there are more than {self._limit:,} different ids; positions are 32-bit numbers")
            if done < len(cells):
                self._table = self._table.grown(cells, done, len(self), self._seen)
        return codes

    def _spell_out(self) -> None:
        """Turn the integers so far into strings with the same numbers."""
        known = self.ids()
        self._table, self._size = _Strings(), np.zeros(1, np.uint64)
        if len(known):
            self._encode_block(Cells.of_ints(known.to_numpy()).as_strings())

    def _encode_ints_among_strings(self, cells: Cells) -> UInt32Array:
        """Only the different ones are spelled out."""
        local = Interner()
        codes = local._encode_block(cells)
        spelled = Cells.of_ints(local.ids().to_numpy()).as_strings()
        numbers: UInt32Array = self._encode_block(spelled)[codes]
        return numbers


def _weave(columns: list[Cells]) -> Cells:
    """Columns as one, row by row."""
    if len(columns) == 1:
        return columns[0]
    missing = None
    if any(one.missing is not None for one in columns):
        masks = [np.zeros(len(one), np.bool_) if one.missing is None else one.missing for one in columns]
        missing = np.stack(masks, axis=1).ravel()
    if columns[0].ints is not None:
        return Cells.of_ints(np.stack([one.ints for one in columns if one.ints is not None], axis=1).ravel(), missing)
    texts = [one.text for one in columns]
    if all(text is texts[0] for text in texts):
        text, shifts = texts[0], [0] * len(texts)
    else:
        text, shifts = _join_texts(columns)
    starts = np.stack([one.starts + shift for one, shift in zip(columns, shifts, strict=True)], axis=1).ravel()
    stops = np.stack([one.stops + shift for one, shift in zip(columns, shifts, strict=True)], axis=1).ravel()
    return Cells(None, text, starts, stops, missing)


def _join_texts(columns: list[Cells]) -> tuple[UInt8Array, list[int]]:
    """The bytes that the columns use, as one text, and how far each column's ranges move."""
    parts, shifts, used = [], [], 0
    for one in columns:
        low = int(one.starts.min()) if len(one) else 0
        high = int(one.stops.max()) if len(one) else 0
        parts.append(one.text[low:high])
        shifts.append(used - low)
        used += high - low
    return np.concatenate(parts), shifts


class _SmallInts:
    """Integers that are small for their number: a plain table from value to number, and no hashing."""

    def __init__(self) -> None:
        self.widen(1 << 10)

    def widen(self, span: int) -> None:
        """Begin anew with room for every integer below `span`."""
        self.table = np.full(max(span, 1 << 10), EMPTY_32, np.uint32)
        self.keys = np.empty(self.table.size, np.int64)

    def intern(self, cells: Cells, first: int, size: UInt64Array, codes: UInt32Array) -> int:
        assert cells.ints is not None
        return int(intern_small_ints(read_only(cells.ints), first, self.table, self.keys, size, codes))

    def grown(self, cells: Cells, first: int, count: int, seen: int) -> _Table:
        assert cells.ints is not None
        value = int(cells.ints[first])
        if not 0 <= value < 8 * seen + (1 << 20):
            return _Ints(self.keys[:count])
        if value >= self.table.size:
            table = np.full(1 << value.bit_length(), EMPTY_32, np.uint32)
            table[: self.table.size] = self.table
            self.table = table
        else:
            self.keys = np.resize(self.keys, 2 * self.keys.size)
        return self


class _Ints:
    """Any integers, by hash."""

    def __init__(self, known: Int64Array) -> None:
        self.slots = _slots_for(len(known))
        self.keys = np.empty(self.slots.size // 2, np.int64)
        self.keys[: len(known)] = known
        fill_int_slots(read_only(self.keys), len(known), self.slots, _shift(self.slots.size))

    def intern(self, cells: Cells, first: int, size: UInt64Array, codes: UInt32Array) -> int:
        assert cells.ints is not None
        slots = self.slots
        return int(intern_ints(read_only(cells.ints), first, slots, _shift(slots.size), self.keys, size, codes))

    def grown(self, cells: Cells, first: int, count: int, seen: int) -> _Table:
        self.slots = np.full(_larger(self.slots.size), EMPTY, np.uint64)
        self.keys = np.resize(self.keys, self.slots.size // 2)
        fill_int_slots(read_only(self.keys), count, self.slots, _shift(self.slots.size))
        return self


class _Strings:
    """Strings, by hash, and the bytes of the different ones."""

    def __init__(self) -> None:
        self.slots = _slots_for(0)
        self.offsets = np.zeros(self.slots.size // 2 + 1, np.uint64)
        self.blob = np.empty(1 << 12, np.uint8)

    def intern(self, cells: Cells, first: int, size: UInt64Array, codes: UInt32Array) -> int:
        starts, stops = _ranges(cells.starts), _ranges(cells.stops)
        arrays = (self.slots, _shift(self.slots.size), self.blob, read_only(self.blob), self.offsets)
        return int(intern_strings(read_only(cells.text), starts, stops, first, *arrays, size, codes))

    def grown(self, cells: Cells, first: int, count: int, seen: int) -> _Table:
        batch = slice(first, first + _BATCH)
        needed = int(self.offsets[count]) + int((cells.stops[batch] - cells.starts[batch]).sum())
        if needed > self.blob.size:
            self.blob = np.resize(self.blob, max(needed, 2 * self.blob.size))
        if count + _BATCH > self.slots.size // 2:
            self.slots = np.full(_larger(self.slots.size), EMPTY, np.uint64)
            self.offsets = np.resize(self.offsets, self.slots.size // 2 + 1)
            blob, offsets = read_only(self.blob), read_only(self.offsets)
            fill_string_slots(blob, offsets, count, self.slots, _shift(self.slots.size))
        return self


_Table = _SmallInts | _Ints | _Strings
