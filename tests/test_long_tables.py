"""Tables of any length on their way out: what Arrow puts together says what was in the table, cell by cell."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
import zipfile

import numpy as np
import pyarrow as pa
import pytest

from swayrank._text import formula_safe
from swayrank.report import workbook
from swayrank.report.workbook import write_table
from swayrank.tables import _NO_FORMULA, mended

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
AWKWARD = [
    "ada", "", None, "a&b", "<b>", "_x0041_", "a_b", "=1+1", " =1", "\u202edrow", "tab\there", "線形 ✓", "a\n", '"q"',
    "\x07bell", "\ufdd0", "-5", "x" * 40_000, "ü" * 32_001, "&" * 31_999,
]  # fmt: skip


def read(made: io.BytesIO) -> tuple[list[str], dict[str, dict[int, object]]]:
    """The head, and by column the cells of each row that has one."""
    sheet = ET.fromstring(zipfile.ZipFile(made).read("xl/worksheets/sheet1.xml"))
    rows = sheet.find(f"{MAIN}sheetData")
    heads, columns = [], {}
    for number, row in enumerate(rows, start=1):
        assert row.get("r") == str(number)
        for cell in row:
            letters = cell.get("r").rstrip("0123456789")
            assert cell.get("r") == f"{letters}{number}"
            text = cell.find(f"{MAIN}is/{MAIN}t")
            value = float(cell.find(f"{MAIN}v").text) if text is None else text.text or ""
            if number == 1:
                heads.append(value)
            else:
                assert cell.get("t") == (None if text is None else "inlineStr")
                columns.setdefault(letters, {})[number - 2] = value
    return heads, columns


def written(**columns: pa.Array) -> io.BytesIO:
    made = io.BytesIO()
    write_table(made, "scores", pa.table(columns))
    return made


@pytest.mark.parametrize("block", [1, 7, 2000])
def test_a_sheet_says_what_is_in_the_table(monkeypatch, block):
    monkeypatch.setattr(workbook, "_BLOCK", block)
    draw = np.random.default_rng(5)
    n = len(AWKWARD)
    numbers = np.exp(draw.uniform(-200, 200, n)) * draw.choice([-1, 1], n)
    numbers[:4] = [0.1, 1e300, 5e-324, np.nan]
    counts = [None if k % 3 == 0 else k * 10**15 for k in range(n)]
    heads, columns = read(
        written(
            account=pa.array(AWKWARD), number=pa.array(numbers), count=pa.array(counts, pa.int64()),
            rank=pa.array(range(n), pa.uint32()), tier=pa.array(["q1", None] * (n // 2)).dictionary_encode(),
            nothing=pa.nulls(n),
        )
    )  # fmt: skip
    assert heads == ["account", "number", "count", "rank", "tier", "nothing"]
    shown = {k: "" if name is None else workbook._text(name) for k, name in enumerate(AWKWARD)}
    # the cell as an XML parser reads it: what was escaped is there again
    assert columns["A"] == {k: ET.fromstring(f"<t>{text}</t>").text or "" for k, text in shown.items()}
    assert columns["B"] == {k: float(x) for k, x in enumerate(numbers) if not np.isnan(x)}
    assert columns["C"] == {k: float(x) for k, x in enumerate(counts) if x is not None}
    assert columns["D"] == {k: float(k) for k in range(n)}
    assert columns["E"] == {k: "" if k % 2 else "q1" for k in range(n)}
    assert set(columns["F"].values()) == {""}


def test_a_slice_of_a_table_is_written_as_such():
    table = pa.table({"account": [f"a{k}" for k in range(9)], "score": np.arange(9.0)}).slice(3, 4)
    made = io.BytesIO()
    write_table(made, "scores", table)
    _, columns = read(made)
    assert list(columns["A"].values()) == ["a3", "a4", "a5", "a6"]
    assert list(columns["B"].values()) == [3.0, 4.0, 5.0, 6.0]


def test_a_table_of_nobody_has_a_head():
    heads, columns = read(written(account=pa.array([], pa.string()), score=pa.array([], pa.float64())))
    assert (heads, columns) == (["account", "score"], {})


def test_only_doubtful_cells_are_looked_at():
    looked = []

    def mend(text):
        looked.append(text)
        return formula_safe(text)

    names = pa.chunked_array([["ada", "=1+1", None], [], ["-5", "線形", "bob", "  @x"]])
    assert mended(names, _NO_FORMULA, mend).to_pylist() == ["ada", "'=1+1", None, "-5", "線形", "bob", "'  @x"]
    assert looked == ["=1+1", "-5", "線形", "  @x"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "\u2003=", "\u00a0+"])
def test_no_start_of_a_formula_is_taken_for_harmless(start):
    text = f"{start}cmd"
    assert mended(pa.array([text]), _NO_FORMULA, formula_safe).to_pylist() == ["'" + text]
