"""Ids and the interner against a dict, over every kind of column."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swayrank.errors import DamagedGraphError, InputError, ParameterError, UnknownAccountError
from swayrank.ids import ABSENT, Cells, Ids, Interner

unhurried = settings(deadline=None)  # the first call of a kernel may compile it

INTS = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-3, 40))
TEXTS = st.one_of(st.text(max_size=20), st.sampled_from(["", "a", "a" * 8, "a" * 9, "a" * 16, "ada", "Ada", "ä" * 5]))


def numbered(rows):
    """First-appearance numbers of all cells, row by row."""
    known = {}
    return [[known.setdefault(cell, len(known)) for cell in row] for row in rows], list(known)


@unhurried
@given(st.lists(st.tuples(INTS, INTS), max_size=300))
def test_ints_are_numbered_by_first_appearance_row_by_row(rows):
    interner = Interner()
    u, v = interner.encode([r[0] for r in rows], [r[1] for r in rows])
    expected, known = numbered(rows)
    assert list(zip(u.tolist(), v.tolist(), strict=True)) == [tuple(r) for r in expected]
    assert list(interner.ids()) == known


@unhurried
@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=300), st.integers(1, 50))
def test_strings_are_numbered_over_several_calls(rows, step):
    interner = Interner()
    found = []
    for k in range(0, len(rows), step):
        part = rows[k : k + step]
        found += zip(*(c.tolist() for c in interner.encode([r[0] for r in part], [r[1] for r in part])), strict=True)
    expected, known = numbered(rows)
    assert found == [tuple(r) for r in expected]
    assert list(interner.ids()) == known
    assert interner.ids().positions(known).tolist() == list(range(len(known)))


@unhurried
@given(st.lists(st.lists(st.integers(-5, 10**12), max_size=30), max_size=6), st.lists(TEXTS, max_size=30))
def test_integers_that_meet_strings_keep_their_numbers(int_columns, texts):
    columns = [*int_columns, texts, *int_columns]
    interner = Interner()
    found = [interner.encode(np.array(c, np.int64) if c is not texts else c).tolist() for c in columns]
    expected, known = numbered([[str(cell) for cell in c] for c in columns])
    assert found == expected
    assert [str(i) for i in interner.ids()] == known


@pytest.mark.parametrize("spread", [1, 1_000_003_000_019, -7])
def test_many_ints_through_growth(spread):
    values = np.random.default_rng(3).integers(0, 60_000, 200_000) * spread
    interner = Interner()
    codes = interner.encode(values)
    unique, first = np.unique(values, return_index=True)
    order = unique[np.argsort(first)]
    assert np.array_equal(interner.ids().to_numpy(), order)
    assert np.array_equal(order[codes], values)
    absent = interner.ids().positions(np.array([2**62, -(2**62)]), missing="sentinel")
    assert absent.tolist() == [ABSENT, ABSENT]


@pytest.mark.parametrize("shape", ["{:08d}", "{:024d}", "prefix-that-is-long-{}", "{:x}" + "\0" * 7])
def test_many_equal_looking_strings_through_growth(shape):
    names = np.array([shape.format(k) for k in range(30_000)], dtype=object)
    values = np.concatenate([names, names[::-1], names[::7]])
    interner = Interner()
    codes = interner.encode(values)
    assert len(interner) == len(names)
    assert np.array_equal(codes[:30_000], np.arange(30_000))
    assert np.array_equal(codes[30_000:60_000], np.arange(30_000)[::-1])
    ids = interner.ids()
    assert np.array_equal(ids[codes], values)
    assert np.array_equal(ids.positions(values), codes)
    assert ids.positions([shape.format(k) for k in range(30_000, 31_000)], missing="sentinel").min() == ABSENT


def test_slots_stay_spread_out():
    """Linear probing degenerates without a good hash: look at how far keys lie from their place."""
    for names in ([f"{k:012d}" for k in range(50_000)], [f"{k:05d}aaaaaaaaaaa" for k in range(50_000)], range(50_000)):
        slots = Ids.of_strings(*blob_of([str(n) for n in names])).arrays()["slots"].astype(np.int64)
        occupied = slots != ABSENT
        runs = np.diff(np.flatnonzero(~np.concatenate([[False], occupied, [False]])))
        assert runs.max() < 100


def blob_of(names):
    coded = [n.encode() for n in names]
    return np.frombuffer(b"".join(coded), np.uint8), np.cumsum([0, *map(len, coded)]).astype(np.uint64)


COLUMNS = {
    "list": lambda v: v,
    "tuple": tuple,
    "numpy": np.array,
    "object array": lambda v: np.array(v, dtype=object),
    "arrow": pa.array,
    "arrow slice": lambda v: pa.array([v[0], *v, v[0]])[1:-1],
    "chunked": lambda v: pa.chunked_array([pa.array(v[:1]), pa.array(v[1:])]),
    "dictionary": lambda v: pa.array(v).dictionary_encode(),
    "pandas": pd.Series,
    "pandas category": lambda v: pd.Series(v).astype("category"),
    "pandas index": pd.Index,
    "pandas object": lambda v: pd.Series(v, dtype=object),
    "polars": pl.Series,
    "ids": lambda v: Ids.from_values(list(dict.fromkeys(v))),
}


@pytest.mark.parametrize("make", COLUMNS.values(), ids=COLUMNS)
@pytest.mark.parametrize("values", [["bob", "ada", "ço"], [7, -2, 10**17]], ids=["strings", "ints"])
def test_every_kind_of_column(make, values):
    ids = Ids.from_values(values[::-1])
    assert ids.positions(make(values)).tolist() == [2, 1, 0]
    assert Interner().encode(make(values)).tolist() == [0, 1, 2]


def test_missing_cells_have_no_number():
    column = pd.Series([5.0, None, 7.0, 5.0])
    interner = Interner()
    assert interner.encode(column).tolist() == [0, ABSENT, 1, 0]
    assert interner.ids().kind == "int"
    assert interner.encode(["x", None, "5"]).tolist() == [2, ABSENT, 0]
    assert interner.encode([None, None]).tolist() == [ABSENT, ABSENT]
    u, v = interner.encode(pa.array(["x", None]), pa.array([None, "y"]))
    assert (u.tolist(), v.tolist()) == ([2, ABSENT], [ABSENT, 3])


@pytest.mark.parametrize("wrong", [[1.5], [True], np.array([[1]]), "ada", 5, [None, 2.5], [b"\xff", object()]])
def test_what_is_no_column_of_ids(wrong):
    with pytest.raises((ParameterError, UnicodeDecodeError)):
        Interner().encode(wrong)


def test_an_apostrophe_for_spreadsheets_is_no_part_of_a_name_unless_it_is():
    ids = Ids.from_values(["@ada", "=x", "'=x", "ada"])
    assert ids.positions(["'@ada", "'=x", "=x", "ada"]).tolist() == [0, 2, 1, 3]
    assert ids.positions(["'@ada"], missing="sentinel").tolist() == [ABSENT]
    for other in ("'ada", "''@ada", "'"):
        with pytest.raises(UnknownAccountError, match="no account has the id"):
            ids.position(other)


def test_either_spelling_finds_an_account():
    ints, strings = Ids.from_values([30, -7, 0]), Ids.from_values(["30", "007", "7"])
    assert ints.positions(["0", "30", "-7"]).tolist() == [2, 0, 1]
    assert strings.positions([7, 30]).tolist() == [2, 0]
    assert (7 in strings, "7" in strings, "07" in strings, "007" in strings) == (True, True, False, True)
    assert ("030" in ints, "-0" in ints, "30 " in ints, 3.5 in ints, None in ints) == (False,) * 5
    assert "1" in Ids.of_range(2)
    assert 2 not in Ids.of_range(2)
    assert -1 not in Ids.of_range(2)
    assert 2**64 not in ints


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("muller", "'Müller, Anna'"),
        ("MÜLLER, ANNA", "'Müller, Anna'"),
        ("anna", "'Müller, Anna', 'Zoë Annan'"),
        ("anna muller", "'Müller, Anna'"),
        ("muler, ana", "'Müller, Anna'"),
        ("zoe", "'Zoë Annan', 'Szoeke'"),
        ("izmır", "'İzmir', 'izmir'"),
    ],
)
def test_suggestions_ignore_case_and_accents_and_match_parts(asked, meant):
    ids = Ids.from_values(["Szoeke", "Müller, Anna", "bob", "Zoë Annan", "İzmir", "izmir", "a" * 40, "線形"])
    with pytest.raises(UnknownAccountError) as told:
        ids.position(asked)
    assert str(told.value) == f"no account has the id {asked!r}; did you mean {meant}?"
    for stranger in ("qqq", "b", "", "-", "線"):
        with pytest.raises(UnknownAccountError) as told:
            ids.position(stranger)
        assert "did you mean" not in str(told.value)


def test_unknown_accounts_are_told_with_their_likes():
    ids = Ids.from_values(["barack", "Angela", "emmanuel"])
    with pytest.raises(UnknownAccountError, match=r"'barak'; did you mean 'barack'\?"):
        ids.position("barak")
    with pytest.raises(UnknownAccountError, match=r"'angela' \(and 1 more of the 3 asked for\); did you mean 'Angela'"):
        ids.positions(["barack", "angela", "zoe"])
    with pytest.raises(UnknownAccountError, match="integers from 4 to 9"):
        Ids.from_values([9, 4]).position(5)
    with pytest.raises(UnknownAccountError, match="no id is given at position 1"):
        ids.positions(["barack", None])


def test_ids_must_be_distinct_and_present():
    with pytest.raises(ParameterError, match="got 'x' at positions 1 and 3"):
        Ids.from_values(["a", "x", "b", "x", "a"])
    with pytest.raises(ParameterError, match="none at position 1"):
        Ids.from_values(["a", None])


@pytest.mark.parametrize("values", [range(5), [3, 1, 2], ["x", "", "yy", "ä"], []])
def test_folder_arrays_pickle_and_equality(values):
    ids = Ids.from_values(list(values))
    again = Ids.from_arrays(ids.kind, len(ids), ids.arrays())
    for other in (again, pickle.loads(pickle.dumps(ids)), Ids.from_values(list(values))):
        assert other == ids
        assert list(other) == list(values)
        assert other.positions(list(values)).tolist() == list(range(len(values)))
        assert all(not a.flags.writeable for a in other.arrays().values())
    assert ids != Ids.from_values([*values, "more"])
    assert ids.to_arrow().to_pylist() == list(values)
    assert ids.to_numpy().tolist() == list(values)
    assert repr(ids).startswith(f"<Ids: {len(ids)} ")


def test_damaged_arrays_are_refused():
    ids = Ids.from_values(["ada", "bob"])
    arrays = ids.arrays()
    for broken in ({**arrays, "blob": arrays["blob"][:-1]}, {**arrays, "offsets": arrays["offsets"][:-1]},
                   {**arrays, "slots": arrays["slots"][:-1]}, {"blob": arrays["blob"]}):  # fmt: skip
        with pytest.raises(DamagedGraphError):
            Ids.from_arrays("string", 2, broken)
    with pytest.raises(DamagedGraphError):
        Ids.from_arrays("int", 3, Ids.from_values([5, 6]).arrays())
    with pytest.raises(DamagedGraphError):
        Ids.from_arrays("names", 3, {})


def test_reading_by_position():
    ids = Ids.from_values(["a", "b", "c", "d"])
    assert (ids[-1], ids[np.int64(1)], ids[1:3].tolist(), ids[[-1, 0]].tolist()) == ("d", "b", ["b", "c"], ["d", "a"])
    assert ids[np.array([True, False, True, False])].tolist() == ["a", "c"]
    assert Ids.of_range(4)[[-1, 2]].tolist() == [3, 2]
    assert ids[np.array([[0, 1], [2, 3]], np.uint32)].tolist() == [["a", "b"], ["c", "d"]]
    for wrong in (4, -5, [0, 4]):
        with pytest.raises(IndexError):
            ids[wrong]


def test_there_is_a_limit():
    interner = Interner(limit=3)
    interner.encode([1, 2, 3, 1])
    with pytest.raises(InputError, match="more than 3 different ids"):
        interner.encode([4])
    with pytest.raises(InputError, match="more than 2 different ids"):
        Interner(limit=2).encode(["a", "b", "c"])
    with pytest.raises(InputError, match="at most"):
        Ids.of_range(2**32)


SCRIPT = """
import numpy as np
from swayrank.ids import Ids, Interner
r = np.random.default_rng(1)
values = [str(k) * int(k % 5 + 1) for k in r.integers(0, 300, 900)] + ["é" * 9, "", "x" * 33]
i = Interner(); codes = i.encode(values); ids = i.ids()
j = Interner(); numbers = j.encode(r.integers(-2**62, 2**62, 300)); other = j.ids()
k = Interner(); small = k.encode(r.integers(0, 200, 300))
print(codes.tolist(), numbers.tolist(), small.tolist())
print(ids.arrays()["slots"].tobytes().hex(), other.arrays()["slots"].tobytes().hex())
print(ids.positions(["x" * 33, "y"], missing="sentinel"), other.positions(other[:][::-1]).tolist())
"""


def test_the_same_bits_with_the_jit_off():
    on, off = (
        subprocess.run(
            [sys.executable, "-W", "error", "-c", SCRIPT],
            env={**os.environ, "NUMBA_DISABLE_JIT": switch},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for switch in ("0", "1")
    )
    assert on == off


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40), st.integers(0, 9), st.integers(0, 9))
def test_a_hash_depends_on_the_bytes_alone(data, before, after):
    """Words are loaded whole near the end of a text, or byte by byte: the same hash wherever the bytes lie."""
    lone = np.frombuffer(bytes(data), np.uint8) if data else np.empty(0, np.uint8)
    other = np.frombuffer(b"\xaa" * before + data + b"\x55" * after + b"!" * 8, np.uint8)
    slots = []
    for text, start in ((lone, 0), (other, before)):
        interner = Interner()
        bounds = np.array([start]), np.array([start + len(data)])
        interner.encode(Cells(None, text, *bounds))
        slots.append(interner.ids().arrays()["slots"].tobytes())
    assert slots[0] == slots[1]


@pytest.mark.parametrize(
    "values",
    [[b"ada", b"\xff"], np.array([b"ada", b"\xff"]), pa.array([b"ada", None, b"\xff"]), ["x", 5, b"\xff"]],
    ids=["list", "numpy", "arrow", "mixed"],
)
def test_bytes_that_are_not_utf8_are_no_ids(values):
    with pytest.raises(
        ParameterError, match=r"ids must be integers or strings, got bytes that are not UTF-8: b'\\xff'"
    ):
        Interner().encode(values)
    good = [value for value in (values.to_pylist() if isinstance(values, pa.Array) else values) if value != b"\xff"]
    assert len(Interner().encode([value for value in good if value is not None])) == len([g for g in good if g])


@pytest.mark.parametrize(
    ("known", "asked"),
    [
        (
            ["ada", "bob", "", "ümit", "a" * 40, "7", "-7", "007", "ada2"],
            ["ada", "bob", "", "ümit", "a" * 40, "7", "007", "ada2", "x", "adaa", "ümi", 7, -7, 0],
        ),
        ([5, -3, 2**62, 0], [5, "5", "05", "-3", "+5", str(2**70), "0", "-0", "", "5.0", str(-(2**63)), str(2**62)]),
        (list(range(9)), [0, "8", 9, -1, "08", str(2**64)]),
    ],
    ids=["strings", "ints", "range"],
)
def test_what_is_sought_without_an_index_is_what_an_index_finds(known, asked):
    column = pa.array([known[-1], *known])[1:]
    indexed = Ids.from_values(known)
    for one in asked:
        fresh = Ids.of_column(column)
        assert fresh == indexed
        assert fresh.kind == indexed.kind
        found = indexed.positions([one] * 100, missing="sentinel")[0]
        assert fresh.positions([one], missing="sentinel")[0] == found, one
    assert fresh.positions([known[0]] * 100).tolist() == [0] * 100


@pytest.mark.parametrize("wrong", [["a", "a"], ["a", None], [1, 1]], ids=str)
def test_a_column_that_holds_an_id_twice_or_none_is_refused(wrong):
    with pytest.raises(ParameterError, match=r"ids must be distinct|every id must be given"):
        Ids.of_column(pa.array(wrong))
    assert len(Ids.of_column(pa.array([], pa.string()))) == 0
