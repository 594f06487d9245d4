"""The text kernels one by one, against Python's own parsers, with the JIT on and off."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from swayrank.ids import read_only
from swayrank.kernels import text as kernels
from swayrank.kernels.jit import JIT_ENABLED, KERNELS

unhurried = settings(deadline=None)


def cells(values, gap=b"~"):
    """Byte strings as ranges of one text."""
    text = read_only(np.frombuffer(gap + gap.join(values) + gap, np.uint8))
    lengths = np.array([len(value) for value in values], np.int64)
    stops = np.cumsum(lengths + 1)
    return text, read_only(stops - lengths), read_only(stops)


def parse(kernel, values, dtype):
    found, bad = np.empty(len(values), dtype), np.empty(len(values), np.uint8)
    failures = kernel(*cells(values), found, bad)
    assert failures == bad.sum()
    return [None if wrong else value for value, wrong in zip(found.tolist(), bad, strict=True)]


@unhurried
@given(st.lists(st.one_of(st.integers(-(2**65), 2**65).map(str), st.from_regex(r"[-+]?0?\d{0,20}\.?", fullmatch=True))))
@example(["9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809"])
@example(["-", "", "0", "-0", "00", "+1", "1 "])
def test_integers_in_their_canonical_spelling(values):
    found = parse(kernels.parse_ints, [value.encode() for value in values], np.int64)
    canonical = re.compile(r"0|-?[1-9][0-9]*")
    assert found == [
        int(value) if canonical.fullmatch(value) and -(2**63) <= int(value) < 2**63 else None for value in values
    ]


DECIMALS = st.from_regex(r"[-+]?[0-9]{0,18}(\.[0-9]{0,8})?([eE][-+]?[0-9]{1,3})?", fullmatch=True)


@unhurried
@given(st.lists(st.one_of(DECIMALS, st.text("0123456789.eE+-", max_size=8)), max_size=50))
@example(["1e22", "1e23", "1e-22", "1e-23", "0.1e23", "3e-24", "9007199254740992", "9007199254740993"])
@example(["-0.0", ".", "1.e5", "1e+", "e1", "+.5"])
def test_floats_are_exact_or_left_to_others(values):
    for value, found in zip(values, parse(kernels.parse_floats, [v.encode() for v in values], np.float64), strict=True):
        try:
            true = float(value)
        except ValueError:
            true = None
        if found is not None:
            assert true is not None
            assert np.float64(found).tobytes() == np.float64(true).tobytes(), value
        elif true is not None:
            digits = re.sub(r"[eE].*|\D", "", value)
            assert int(digits) > 2**53 or len(value) > 40 or not -22 <= decimal_exponent(value) <= 22, value


def decimal_exponent(value):
    mantissa, _, power = value.lower().partition("e")
    return int(power or 0) - len(mantissa.partition(".")[2])


@settings(deadline=None, max_examples=500)
@given(st.lists(st.one_of(st.binary(max_size=6), st.text(max_size=4).map(str.encode)), min_size=1))
@example([b"\xe0\x80\x80", b"\xe0\xa0\x80", b"\xed\xa0\x80", b"\xed\x9f\xbf"])
@example([b"a\0b", b"\0", b"\xc2\x80\0", b"\xe2\x82\0"])
@example([b"\xf0\x80\x80\x80", b"\xf0\x90\x80\x80"])
@example(
    [b"\xf4\x90\x80\x80", b"\xf4\x8f\xbf\xbf", b"\xf5\x80\x80\x80", b"\xc1\x80", b"\xc2\x80", b"\xc2", b"\xe2\x82"]
)
def test_utf8(values):
    bad = np.empty(len(values), np.uint8)
    kernels.find_invalid_utf8(*cells(values), bad)
    for value, wrong in zip(values, bad, strict=True):
        try:
            valid = "\0" not in value.decode()
        except UnicodeDecodeError:
            valid = False
        assert bool(wrong) is not valid


SCRIPT = r'''
import pathlib, tempfile
from swayrank.sources.edges import read_graph
path = pathlib.Path(tempfile.mkdtemp()) / "x.csv"
lines = ["source,target,weight,n", 'ada,"b ""x""",1.5,3', "# c", "ada,é,1e400,4", "ÿ,a,2,3", '"q,1,2', ",a,1,1"]
lines += ["1,2,0.1,7", "a\0,b,1,1", ""]
path.write_bytes("\n".join(lines).encode().replace("ÿ".encode(), bytes([255])))
g = read_graph(path, max_rejects=1, columns=["n"])
print(list(g.ids), g.column("weight").tolist(), g.column("n").tolist())
print([str(r).split("csv")[1] for r in g.report.rejects])
path.write_text("5 9\n3 5\n-4 5\n9999999999 7\n")
g = read_graph(path)
print(list(g.ids), [a.tolist() for a in g.edges()], [f.lines for f in g.report.files])
'''


@pytest.mark.skipif(not JIT_ENABLED, reason="compares with the JIT on")
def test_the_same_answers_with_the_jit_off():
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
    assert "invalid encoding" in on
    assert "unterminated quote" in on


@pytest.mark.skipif(not JIT_ENABLED, reason="counts compiled signatures")
def test_one_signature_per_kernel(tmp_path):
    from swayrank.ids import Ids, Interner
    from swayrank.sources.edges import read_graph

    (tmp_path / "a.txt").write_text("1 2 0.5\n2 -3 7\n")
    (tmp_path / "b.csv").write_text('source,target,weight\nada,"b ""x""",1.5\n')
    read_graph([tmp_path / "a.txt", tmp_path / "b.csv"])
    for values in (["a", "b"], np.arange(5000), np.arange(5000) * 10**12, [str(k) for k in range(5000)]):
        interner = Interner()
        interner.encode(values)
        interner.ids().positions(values)
        Ids.from_arrays(interner.ids().kind, len(interner), interner.ids().arrays()).positions(values)
    for name, compiled in KERNELS.items():
        if name.startswith(("swayrank.kernels.text.", "swayrank.kernels.intern.")):
            assert len(compiled.signatures) <= 1, name
