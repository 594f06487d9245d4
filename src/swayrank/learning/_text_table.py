"""How results of learning print: a title, a few rows in columns, and how many more there are."""

from __future__ import annotations

from collections.abc import Sequence

ROWS_SHOWN = 10


def text_table(head: str, names: Sequence[str], rows: Sequence[Sequence[str]], n: int, *, words: int = 1) -> str:
    """A title over columns, of which the first `words` stand to the left and the rest, numbers, to the right.

    `n` is how many rows there are in all; those beyond :data:`ROWS_SHOWN` are told as a number.

    Examples
    --------
    >>> print(text_table("two things", ("account", "credit"), [("ada", "1.5"), ("bob", "10")], 2))
    two things
    account  credit
    ada         1.5
    bob          10
    """
    cells = [names, *rows]
    wide = [max(len(row[column]) for row in cells) for column in range(len(names))]
    lines = []
    for row in cells:
        left = [f"{cell:<{w}}" for cell, w in zip(row[:words], wide[:words], strict=True)]
        right = [f"{cell:>{w}}" for cell, w in zip(row[words:], wide[words:], strict=True)]
        lines.append("  ".join(left + right))
    more = [f"... and {n - len(rows):,} more"] if n > len(rows) else []
    return "\n".join([head, *lines, *more])
