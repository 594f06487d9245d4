"""Cells to positions of ids, over many files: trimming, missing ids, ids that went through a float, translation.

Each different text is looked at once. Positions are those of an interner that has also seen refused rows; whoever is
done numbers them anew by first appearance among the rows that were kept.

Ids stay as they are written, "007" too. Only what a float made of an integer is undone, where that is exact: "123.0"
is 123. "9.27e17" or "927159163431673856.0" have lost digits, and are refused. Whole columns of integers stay
integers; "7" and 7 are the same account.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from swayrank.errors import ParameterError
from swayrank.ids import ABSENT, Cells, Ids, Interner
from swayrank.sources.numbers import whole_numbers
from swayrank.sources.tables import Column

U32 = npt.NDArray[np.uint32]
States = npt.NDArray[np.uint8]

FINE, MISSING, LOST_DIGITS, UNTRANSLATED = (np.uint8(k) for k in range(4))
MISSING_IDS = ("", "nan", "NaN", "NULL", "null", "None", "\\N", "<NA>")
"""Cells that mean "nobody" in a column of ids. An account of such a name cannot be told from a gap."""
FLOAT_TEXT = r"^[+-]?[0-9]+(\.0*|\.[0-9]+[eE][+-]?[0-9]+|[eE]\+[0-9]+)$"
_EXACT = 2**53


class Translation:
    """Ids of one kind to ids of another, by a table of two columns.

    Parameters
    ----------
    coder : IdCoder
        Whose positions are translated.
    source, target : Column
        Row by row, what an id is called and what it is to be called.
    otherwise : {"keep", "skip", "reject"}
        What becomes of an id that is not in the table. An id that is kept must not be one that the table gives to
        somebody else; it is refused then.

    Attributes
    ----------
    ambiguous : numpy.ndarray of int64
        Rows of the table that say something else than a later row.
    """

    def __init__(self, coder: IdCoder, source: Column, target: Column, otherwise: str) -> None:
        (old, old_states), (new, new_states) = coder.encode(source), coder.encode(target)
        whole = (old_states == FINE) & (new_states == FINE)  # a row with a gap translates nothing
        old, new = old[whole], new[whole]
        self._to = np.full(len(coder), ABSENT, np.uint32)
        self._to[old] = new
        self.ambiguous = np.flatnonzero(whole)[self._to[old] != new]
        self._taken = np.zeros(len(coder), np.bool_)
        self._taken[new] = True
        self.otherwise = otherwise

    def __call__(self, codes: U32, states: States) -> tuple[U32, States]:
        """Translated codes, and the states with UNTRANSLATED where that cannot be."""
        inside = codes < len(self._to)
        place = np.where(inside, codes, 0)
        found = np.where(inside, self._to[place], ABSENT).astype(np.uint32)
        unknown = (found == ABSENT) & (states == FINE)
        refused = unknown & (inside & self._taken[place] if self.otherwise == "keep" else True)
        return (
            np.where(found == ABSENT, codes, found).astype(np.uint32),
            np.where(refused, UNTRANSLATED, states).astype(np.uint8),
        )


class IdCoder:
    """Numbers the ids in columns of cells.

    Examples
    --------
    >>> coder = IdCoder()
    >>> codes, states = coder.encode(Column(pa.array(["ada", "", "7.0", "9.27e17", " ada"], pa.large_string())))
    >>> codes.tolist()[0] == codes.tolist()[4], states.tolist()
    (True, [0, 1, 0, 2, 0])
    """

    def __init__(self) -> None:
        self._interner = Interner()
        self._final: U32 | None = None  # where a text's position is; None: at the text's own number, all of them
        self._state: States | None = None

    def __len__(self) -> int:
        return len(self._interner)

    def encode(self, column: Column) -> tuple[U32, States]:
        """Positions and states (FINE, MISSING or LOST_DIGITS) of a column of cells."""
        if column.typed:
            return self._encode_typed(column.arrow())
        integers, others = whole_numbers(column)
        if not others.any():
            return self._intern(Column(None, Cells.of_ints(integers)), clean=True)
        if self._interner.kind == "int" and not others.all():  # integers with gaps stay integers
            codes, states = np.empty(len(others), np.uint32), np.empty(len(others), np.uint8)
            rows = np.flatnonzero(~others)
            codes[rows], states[rows] = self._intern(Column(None, Cells.of_ints(integers[rows])), clean=True)
            codes[others], states[others] = self._encode_words(column.take(others))
            return codes, states
        return self._encode_words(column)

    def _encode_words(self, column: Column) -> tuple[U32, States]:
        """Text that is not all integers; gaps and whole floats alone do not turn the ids into strings."""
        if self._interner.kind == "int":
            words = column.arrow().fill_null("").dictionary_encode()
            cleaned, states = _cleaned(words.dictionary)
            integers, others = whole_numbers(Column(cleaned))
            if not (others & (states == FINE)).any():
                codes = np.zeros(len(cleaned), np.uint32)
                fine = states == FINE
                codes[fine], _ = self._intern(Column(None, Cells.of_ints(integers[fine])), clean=True)
                rows = words.indices.to_numpy()
                return codes[rows], states[rows]
        return self._intern(column, clean=False)

    def _encode_typed(self, values: pa.Array) -> tuple[U32, States]:
        missing = values.is_null().to_numpy(zero_copy_only=False)
        states = np.where(missing, MISSING, FINE).astype(np.uint8)
        if pt.is_floating(values.type):
            numbers = values.cast(pa.float64()).to_numpy(zero_copy_only=False)
            missing = missing | np.isnan(numbers)
            whole = np.where(missing, 0, numbers)
            lost = (np.floor(whole) != whole) | (np.abs(whole) > _EXACT)
            states = np.where(missing, MISSING, np.where(lost, LOST_DIGITS, FINE)).astype(np.uint8)
            values = pa.array(np.where(lost, 0, whole).astype(np.int64))
        elif not pt.is_integer(values.type):
            raise ParameterError(f"a column of ids cannot have the type {values.type}")
        codes = np.zeros(len(values), np.uint32)
        fine = states == FINE
        codes[fine], _ = self._intern(Column(values.filter(pa.array(fine))), clean=True)
        return codes, states

    def _intern(self, column: Column, clean: bool) -> tuple[U32, States]:
        known = len(self._interner)
        raw: U32 = self._interner.encode(column.cells())
        if raw.size and int(raw.max()) == ABSENT:  # nulls
            column = Column(column.arrow().fill_null(""))
            raw = self._interner.encode(column.cells())
        if not clean and len(self._interner) > known:
            self._judge(column, raw, known)
        if self._final is None or self._state is None:
            return raw, np.zeros(len(raw), np.uint8)
        self._extend()
        return self._final[raw], self._state[raw]

    def _extend(self) -> None:
        """Let what is new stand for itself."""
        n = len(self._interner)
        if self._final is None or self._state is None:
            self._final, self._state = np.arange(n, dtype=np.uint32), np.zeros(n, np.uint8)
        elif n > len(self._final):
            new = np.arange(len(self._final), n, dtype=np.uint32)
            self._final = np.concatenate([self._final, new])
            self._state = np.concatenate([self._state, np.zeros(len(new), np.uint8)])

    def _judge(self, column: Column, raw: U32, known: int) -> None:
        """Look at the texts that were not known before."""
        rows = np.flatnonzero(raw >= known)
        first = np.empty(len(self._interner) - known, np.int64)
        first[raw[rows][::-1] - known] = rows[::-1]
        texts = column.take(first).arrow()
        cleaned, states = _cleaned(texts)
        changed = np.flatnonzero(pc.not_equal(texts, cleaned).to_numpy(zero_copy_only=False) & (states == FINE))
        if not len(changed) and not states.any():
            return
        codes: U32 = self._interner.encode(cleaned.take(pa.array(changed)))
        self._extend()
        assert self._final is not None
        assert self._state is not None
        self._state[known : known + len(states)] = states
        self._final[known + changed] = codes

    def ids(self) -> Ids:
        """All ids so far, by position."""
        return self._interner.ids()


def _cleaned(texts: pa.Array) -> tuple[pa.Array, States]:
    """Texts without spaces around and without a float's ".0", and what is wrong with them."""
    trimmed = pc.fill_null(pc.utf8_trim_whitespace(texts), "")
    missing = pc.is_in(trimmed, value_set=pa.array(MISSING_IDS, pa.large_string())).to_numpy(zero_copy_only=False)
    states = np.where(missing, MISSING, FINE).astype(np.uint8)
    floats = np.flatnonzero(pc.match_substring_regex(trimmed, FLOAT_TEXT).to_numpy(zero_copy_only=False))
    if not len(floats):
        return trimmed, states
    repaired = [_integer_of(text) for text in trimmed.take(pa.array(floats)).to_pylist()]
    states[floats[[text is None for text in repaired]]] = LOST_DIGITS
    mask = np.zeros(len(trimmed), np.bool_)
    mask[floats] = True
    values = pa.array([text or "" for text in repaired], pa.large_string())
    return pc.replace_with_mask(trimmed, pa.array(mask), values), states


def _integer_of(text: str) -> str | None:
    """The integer that a float's text stands for, if a float can hold it exactly."""
    value = Decimal(text)
    exact = value == value.to_integral_value() and abs(value) <= _EXACT
    return str(int(value)) if exact else None
