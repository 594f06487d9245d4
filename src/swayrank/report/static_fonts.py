"""Which fonts static figures are set in, and which of their texts hold letters that none of these has.

matplotlib takes, for each letter, the first font of a list that has it; where none has, it draws a box. The list names
what systems usually come with, so that a figure needs nothing but one font of each script that its names are in.
"""

from __future__ import annotations

import functools
import unicodedata
from typing import Any, NamedTuple

from swayrank.errors import warn_caller

FONTS = (
    "DejaVu Sans",
    # Chinese, Japanese, Korean
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Noto Sans CJK TC", "Noto Sans SC", "Noto Sans JP",
    "Noto Sans KR", "Noto Sans TC", "Source Han Sans SC", "Source Han Sans", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei",
    "IPAGothic", "IPAexGothic", "Droid Sans Fallback", "PingFang SC", "PingFang HK", "Hiragino Sans",
    "Hiragino Sans GB", "Apple SD Gothic Neo", "Microsoft YaHei", "SimHei", "Yu Gothic", "MS Gothic", "Malgun Gothic",
    "NanumGothic",
    # other scripts
    "Noto Sans", "Noto Sans Arabic", "Noto Naskh Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari",
    "Noto Sans Bengali", "Noto Sans Tamil", "Noto Sans Thai", "Noto Sans Georgian", "Noto Sans Armenian",
    "Noto Sans Ethiopic", "Lohit Devanagari", "Nirmala UI", "Kohinoor Devanagari", "Leelawadee UI", "Thonburi",
    "FreeSans", "Arial Unicode MS", "Unifont",
    # signs; fonts of coloured pictures, such as Noto Color Emoji, are nothing that matplotlib can draw
    "Noto Emoji", "Noto Sans Symbols", "Noto Sans Symbols 2", "Noto Sans Symbols2", "Segoe UI Symbol", "Apple Symbols",
    "Symbola",
)  # fmt: skip


class Boxed(NamedTuple):
    """How many texts hold letters that no font has, of how many."""

    boxed: int = 0
    texts: int = 0

    def __add__(self, other: tuple[int, ...]) -> Boxed:  # type: ignore[override]
        return Boxed(self.boxed + other[0], self.texts + other[1])

    def warn(self) -> None:
        """Say so, where there are any."""
        if self.boxed:
            warn_caller(
                f"{self.boxed:,} of {self.texts:,} texts hold letters that no installed font has, drawn as boxes; "
                "install one such as Noto Sans CJK, or write .svg"
            )


def fonts_there() -> list[str]:
    """Those of the list that are installed; the first comes with matplotlib."""
    from matplotlib.font_manager import get_font_names

    there = set(get_font_names())
    return [name for name in FONTS if name in there]


def boxed(figure: Any) -> Boxed:
    """Count the texts of a matplotlib figure that hold letters which none of its fonts has."""
    from matplotlib.text import Text

    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    found = 0
    for text in texts:
        known = _letters(tuple(text.get_fontfamily()))
        found += any(ord(letter) not in known for letter in set(text.get_text()) if _is_drawn(letter))
    return Boxed(found, len(texts))


def _is_drawn(letter: str) -> bool:
    return unicodedata.category(letter) not in ("Cc", "Cf") and not letter.isspace()


@functools.lru_cache(maxsize=8)
def _letters(families: tuple[str, ...]) -> frozenset[int]:
    """All letters that some of these fonts have."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    found: set[int] = set()
    for family in families:
        found |= set(get_font(findfont(FontProperties(family=[family]))).get_charmap())
    return frozenset(found)
