"""Text from strangers, made harmless where it is shown: account names and posts are hostile until proven otherwise."""

from __future__ import annotations

import re
import unicodedata

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def formula_safe(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe goes before whatever could start one.

    >>> formula_safe("=1+1"), formula_safe("ada"), formula_safe("  @SUM(A1)"), formula_safe("-5")
    ("'=1+1", 'ada', "'  @SUM(A1)", '-5')
    """
    risky = text.startswith(_FORMULA_STARTS) or text.lstrip().startswith(_FORMULA_STARTS)
    return "'" + text if risky and not _NUMBER.fullmatch(text) else text


def unguarded(text: str) -> str:
    """Text as it was before :func:`formula_safe` put an apostrophe in front; other text as it is.

    >>> unguarded("'@ada"), unguarded("'ada"), unguarded("ada")
    ('@ada', "'ada", 'ada')
    """
    return text[1:] if text[:1] == "'" and formula_safe(text[1:]) == text else text


def folded(text: str) -> str:
    """Text as people look for it: in one case, without accents; what is nothing but accents keeps them.

    >>> folded("Müller, ANNA"), folded("İzmir"), folded("Straße")
    ('muller, anna', 'izmir', 'strasse')
    """
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in apart if not unicodedata.combining(c)).casefold() or apart


def printable(text: object, limit: int = 120) -> str:
    r"""Text for a terminal or a message: control and direction characters escaped, cut at `limit` characters.

    >>> printable("a\x1b[31mred")
    'a\\x1b[31mred'
    """
    whole = str(text)
    cut = whole if len(whole) <= limit else whole[: limit - 1] + "…"
    if cut.isprintable():
        return cut
    return "".join(c.encode("unicode_escape").decode() if unicodedata.category(c) in _INVISIBLE else c for c in cut)
