r"""A report as Markdown (CommonMark with tables), for wikis and pull requests; drawings are left to the page.

Whatever Markdown could read as more than text is escaped: in words what could start markup, in names every ASCII sign
but hyphens within words, and the starts of addresses, which some readers make links of by themselves.
"""

from __future__ import annotations

import re
import string

from swayrank._text import printable
from swayrank.report.document import (
    Block,
    Card,
    Cell,
    Columns,
    Lead,
    Legend,
    Line,
    Map,
    Name,
    Number,
    Points,
    Report,
    Stack,
    Table,
    Text,
    parts_of,
)

_LONGEST, _LONGEST_NAME = 4000, 120
_ANY_SIGN = re.compile(f"[{re.escape(string.punctuation.replace('-', ''))}]|^-")
_MARKUP = re.compile(r"([\\`*_{}\[\]<>|~$&@!#^])|(?<=\w)(:)(?=//)|(?<=www)(\.)", re.IGNORECASE)
_MAIL = re.compile(r"(?<=[\w.+-])@(?=\w)")
"""What some readers link as an address even where the sign is escaped; as code it is not."""
_OPENING = re.compile(r"^(\s*)([-+=]|\d+(?=[.)]))")


def as_markdown(report: Report) -> str:
    """The report as Markdown."""
    lines = [f"# {words_of(report.title)}", words_of(report.subtitle)]
    for section in report.sections:
        lines.append(f"## {words_of(section.title)}")
        lines += [text for block in section.blocks if (text := _block(block))]
    return "\n\n".join(lines) + "\n"


def words_of(text: str) -> str:
    r"""Text as Markdown that can only be text.

    >>> print(words_of(Name("[x](http://y) <b>")), words_of("at 3 * 4_5"))
    \[x\]\(http\:\/\/y\) \<b\> at 3 \* 4\_5
    """
    is_name = isinstance(text, Name)
    signs = _ANY_SIGN if is_name else _MARKUP
    pieces = _MAIL.split(printable(text, _LONGEST_NAME if is_name else _LONGEST))
    shown = "`@`".join(signs.sub(lambda found: f"\\{found[0]}", piece) for piece in pieces)
    if isinstance(text, Lead):
        return f"**{shown.strip()}** "
    return shown.strip() if is_name else shown


def _line(line: Line) -> str:
    """One line; its start cannot begin a list or a heading's rule."""
    told = "".join(map(words_of, parts_of(line)))
    opening = _OPENING.match(told)
    if opening is None:
        return told
    if opening[2].isdigit():  # 7. would begin a list
        return told[: opening.end()] + "\\" + told[opening.end() :]
    return f"{opening[1]}\\{told[len(opening[1]) :]}"


def _block(block: Block) -> str:
    match block:
        case Text():
            return _line(block.line)
        case Points():
            return "\n".join(f"- {_line(line)}" for line in block.lines)
        case Table():
            return _table(block)
        case Columns() | Map():
            return _table(block.table)
        case Card():
            inner = [text for one in block.blocks if (text := _block(one))]
            heading = f"### {words_of(block.place)} {words_of(Name(block.name))}"
            return "\n\n".join([heading, _line(block.line), *inner])
        case Legend() | Stack():
            return ""


def _table(table: Table) -> str:
    shown = table.without_drawings()
    right = [
        bool(shown.rows) and all(isinstance(row[k], Number) for row in shown.rows) for k in range(len(shown.headings))
    ]
    lines = [
        _row([words_of(word) for word in shown.headings]),
        _row(["---:" if is_number else "---" for is_number in right]),
    ]
    lines += [_row([_cell(cell) for cell in row]) for row in shown.rows]
    return f"{_line(shown.caption)}:\n\n" + "\n".join(lines)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    return "".join(map(words_of, parts_of(cell))) if isinstance(cell, str | tuple) else str(cell)
