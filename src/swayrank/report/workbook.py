"""A report as an Excel workbook (Office Open XML, ISO/IEC 29500): a sheet for each section, and one of all accounts.

The writer is small and our own, so that a report needs no further package: a zip of XML with numbers as numbers and all
else as inline strings, which no program takes for formulas; there is no element for formulas, links or macros in it.
Cells with names are of the format "text" and are marked as quoted, so that they stay text where somebody edits them.
The same report gives the same bytes.
"""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import IO, TYPE_CHECKING, TypeAlias
from xml.sax.saxutils import escape, quoteattr

from swayrank._text import printable
from swayrank.report.document import (
    ONE,
    PERCENT,
    THREE,
    WHOLE,
    Block,
    Card,
    Cell,
    Columns,
    Legend,
    Map,
    Name,
    Number,
    Points,
    Report,
    Section,
    Stack,
    Table,
    Text,
    parts_of,
)
from swayrank.tables import mended

if TYPE_CHECKING:
    import pyarrow as pa

_LONGEST = 32_000
"""Excel allows 32,767 characters in a cell."""
_CODED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_PLAIN, _BOLD, _NAME, _TITLE = 0, 1, 2, 3
_FORMS = {WHOLE: 4, ONE: 5, THREE: 6, PERCENT: 7}
"""Places in the list of styles."""
_USUAL_WIDTH, _WIDEST = 12, 60
_WORDS_WIDTH = 24
_FROZEN = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
_MOST_FROZEN = 8
"""Rows that may stay in sight: more would leave too few to scroll on a small screen."""
_BLOCK = 2000
"""Rows that are put into the file at once."""
_FAST = 3
"""How hard long tables are compressed: half the time of the usual 6, a tenth more bytes."""
_HARMLESS = "^[ -%'-;=?-^`-~]*$"
"""Text that XML and Excel show as it is: printable ASCII but & < > and _."""

Row: TypeAlias = Sequence[tuple[Cell, int]]


def as_workbook(report: Report, accounts: Table | None = None) -> bytes:
    """The report as the content of an .xlsx file; `accounts` gets a sheet of its own, called by its caption."""
    sheets = [(section.title, _section_sheet(section)) for section in report.sections]
    if accounts is not None:
        sheets.append((accounts.caption, _sheet(_account_rows(accounts), frozen=1)))
    names = _sheet_names([name for name, _ in sheets])
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in chain(_frame_parts(names), _sheet_parts([xml for _, xml in sheets])):
            entry = zipfile.ZipInfo(path, date_time=(1980, 1, 1, 0, 0, 0))  # the same report, the same bytes
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text.encode("utf-8"))
    return made.getvalue()


def write_table(file: IO[bytes], title: str, table: pa.Table) -> None:
    """A table of any length as a workbook of one sheet: lists are exported so, which no report would hold.

    Its text is put together by Arrow, some thousand rows at a time: ten times as fast as cell by cell, and without the
    interpreter, which others may need.

    Parameters
    ----------
    file : binary file
        Written to.
    title : str
        Of the sheet.
    table : pyarrow.Table
        A column of numbers is written as numbers (nothing where one is missing), any other as text that is no formula.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_FAST) as archive:
        for path, text in _frame_parts(_sheet_names([title])):
            archive.writestr(path, text.encode("utf-8"))
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(_long_head(table.column_names).encode("utf-8"))
            for start in range(0, table.num_rows, _BLOCK):
                sheet.write(_block(table.slice(start, _BLOCK), start + 2))
            sheet.write(b"</sheetData></worksheet>")


def _long_head(names: Sequence[str]) -> str:
    widths = "".join(
        f'<col min="{k}" max="{k}" width="{_USUAL_WIDTH if k > 1 else _WORDS_WIDTH}" customWidth="1"/>'
        for k in range(1, len(names) + 1)
    )
    view = f'<sheetView workbookViewId="0">{_FROZEN}</sheetView>'
    heads = "".join(_cell(1, k, word, _BOLD) for k, word in enumerate(names))
    begin = f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews>{view}</sheetViews><cols>{widths}</cols><sheetData>'
    return f'{begin}<row r="1">{heads}</row>'


def _block(rows: pa.Table, first: int) -> memoryview:
    """Rows as XML, the first of them in the sheet's row `first`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = pc.cast(pa.array(range(first, first + rows.num_rows), pa.int64()), pa.large_string())
    cells = [_column_cells(_letters(k), column, numbers) for k, column in enumerate(rows.columns)]
    lines = _joined('<row r="', numbers, '">', *cells, "</row>")
    offsets, text = lines.buffers()[1:]
    ends = memoryview(offsets).cast("q")
    return memoryview(text)[ends[lines.offset] : ends[lines.offset + len(lines)]]


def _column_cells(letters: str, column: pa.ChunkedArray, numbers: pa.Array) -> pa.Array:
    """A column's cells as XML."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        if pa.types.is_floating(column.type):
            column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
        told = pc.cast(column, pa.large_string()).combine_chunks()
        return pc.fill_null(_joined(f'<c r="{letters}', numbers, '"><v>', told, "</v></c>"), "")
    if pa.types.is_dictionary(column.type):
        column = pc.cast(column, column.type.value_type)
    told = pc.fill_null(mended(column, _HARMLESS, _text, longest=_LONGEST), "")
    style = f'" s="{_NAME}" t="inlineStr"><is><t xml:space="preserve">'
    return _joined(f'<c r="{letters}', numbers, style, told, "</t></is></c>")


def _joined(*parts: str | pa.Array) -> pa.Array:
    """Text from pieces, row by row; missing where one of them is."""
    import pyarrow as pa
    import pyarrow.compute as pc

    wide = [pa.scalar(part, pa.large_string()) if isinstance(part, str) else part for part in parts]
    return pc.binary_join_element_wise(*wide, pa.scalar("", pa.large_string()))


# -- what stands in the rows -------------------------------------------------------------------------------------------


def _section_rows(title: str, blocks: Iterable[Block]) -> Iterator[Row]:
    yield [(title, _TITLE)]
    for block in blocks:
        yield from _block_rows(block)


def _block_rows(block: Block) -> Iterator[Row]:
    match block:
        case Text():
            yield [(block.line, _PLAIN)]
        case Points():
            yield from ([(line, _PLAIN)] for line in block.lines)
        case Table():
            yield from _table_rows(block)
        case Columns() | Map():
            yield from _table_rows(block.table)
        case Card():
            yield []
            yield [((block.place, " ", Name(block.name)), _TITLE)]
            yield [(block.line, _PLAIN)]
            for inner in block.blocks:
                yield from _block_rows(inner)
        case Legend() | Stack():
            return


def _table_rows(table: Table) -> Iterator[Row]:
    shown = table.without_drawings()
    yield []
    yield [(shown.caption, _PLAIN)]
    yield [(word, _BOLD) for word in shown.headings]
    for row in shown.rows:
        yield [(cell, _style(cell)) for cell in row]
    yield []


def _account_rows(table: Table) -> Iterator[Row]:
    yield [(word, _BOLD) for word in table.headings]
    for row in table.rows:
        yield [(cell, _style(cell)) for cell in row]


def _style(cell: Cell) -> int:
    if isinstance(cell, Number):
        return _FORMS.get(cell.form, _PLAIN)
    return _NAME if isinstance(cell, Name | tuple) else _PLAIN


# -- the parts of the file ---------------------------------------------------------------------------------------------

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="#,##0.0"/>'
    '<numFmt numFmtId="165" formatCode="#,##0.000"/></numFmts>'
    '<fonts count="3"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/>'
    '</font><font><b/><sz val="14"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="8">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1" applyAlignment="1">'
    '<alignment wrapText="1" vertical="bottom"/></xf>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" quotePrefix="1"/>'
    '<xf numFmtId="0" fontId="2" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    + "".join(
        f'<xf numFmtId="{number}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        for number in (3, 164, 165, 10)
    )
    + '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


def _frame_parts(names: list[str]) -> Iterator[tuple[str, str]]:
    """All files but the sheets."""
    numbers = range(1, len(names) + 1)
    sheets = "".join(
        f'<Override PartName="/xl/worksheets/sheet{k}.xml" ContentType="{_TYPE}.worksheet+xml"/>' for k in numbers
    )
    yield (
        "[Content_Types].xml",
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>{sheets}</Types>',
    )
    yield "_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")])
    listed = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{k}" r:id="rId{k}"/>' for k, name in zip(numbers, names, strict=True)
    )
    yield (
        "xl/workbook.xml",
        f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
        f"<bookViews><workbookView/></bookViews><sheets>{listed}</sheets></workbook>",
    )
    targets = [("worksheet", f"worksheets/sheet{k}.xml") for k in numbers] + [("styles", "styles.xml")]
    yield "xl/_rels/workbook.xml.rels", _relations(targets)
    yield "xl/styles.xml", _STYLES


def _relations(targets: list[tuple[str, str]]) -> str:
    rows = "".join(
        f'<Relationship Id="rId{k}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for k, (kind, target) in enumerate(targets, start=1)
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{rows}</Relationships>'


def _sheet_parts(sheets: list[str]) -> Iterator[tuple[str, str]]:
    return ((f"xl/worksheets/sheet{k}.xml", xml) for k, xml in enumerate(sheets, start=1))


def _sheet_names(titles: list[str]) -> list[str]:
    """Names that Excel takes: at most 31 characters, no slashes, brackets, colons or quotes, each once."""
    names: list[str] = []
    for title in titles:
        name = re.sub(r"[\\/?*\[\]:']", " ", title)[:31].strip() or "Sheet"
        names.append(name if name not in names else f"{name[:27]} {len(names) + 1}")
    return names


def _section_sheet(section: Section) -> str:
    """A section's sheet; the headings of its table stay in sight, if it has but one, near the top."""
    rows = list(_section_rows(section.title, section.blocks))
    heads = [k for k, row in enumerate(rows, start=1) if row and all(style == _BOLD for _, style in row)]
    return _sheet(rows, frozen=heads[0] if len(heads) == 1 and heads[0] <= _MOST_FROZEN else 1)


def _sheet(rows: Iterable[Row], *, frozen: int) -> str:
    """One sheet; its first `frozen` rows stay in sight."""
    lines, widths = [], [float(_WORDS_WIDTH)]
    for number, row in enumerate(rows, start=1):
        if row:
            lines.append(f'<row r="{number}">{"".join(_cell(number, k, *one) for k, one in enumerate(row))}</row>')
        if len(row) > 1:
            widths += [float(_USUAL_WIDTH)] * (len(row) - len(widths))
            widths = [max(wide, _wide(row[k][0])) if k < len(row) else wide for k, wide in enumerate(widths)]
    columns = "".join(
        f'<col min="{k}" max="{k}" width="{w:g}" customWidth="1"/>' for k, w in enumerate(widths, start=1)
    )
    pane = _FROZEN.replace('ySplit="1"', f'ySplit="{frozen}"').replace("A2", f"A{frozen + 1}")
    return (
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">{pane}</sheetView></sheetViews>'
        f"<cols>{columns}</cols><sheetData>{''.join(lines)}</sheetData></worksheet>"
    )


def _wide(cell: Cell) -> float:
    return min(float(_WIDEST), 2 + len(_told(cell)))


def _letters(k: int) -> str:
    """The name of a column, counted from 0.

    >>> _letters(0), _letters(25), _letters(26)
    ('A', 'Z', 'AA')
    """
    return (_letters(k // 26 - 1) if k >= 26 else "") + chr(ord("A") + k % 26)


def _cell(row: int, column: int, cell: Cell, style: int) -> str:
    at = f'r="{_letters(column)}{row}" s="{style}"'
    if isinstance(cell, Number):
        return f"<c {at}><v>{float(cell.value or 0.0)!r}</v></c>" if cell.known else f"<c {at}/>"
    return f'<c {at} t="inlineStr"><is><t xml:space="preserve">{_text(_told(cell))}</t></is></c>'


def _told(cell: Cell) -> str:
    return "".join(parts_of(cell)) if isinstance(cell, str | tuple) else str(cell)


def _text(text: str) -> str:
    """Text as XML that Excel shows as it is spelled: it would decode _x0041_ as A."""
    shown = _CODED.sub("_x005F_", printable(text, _LONGEST))
    return escape("".join(f"\\u{ord(c):04x}" if unicodedata.category(c) == "Cn" else c for c in shown))
