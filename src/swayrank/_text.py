"""Text from strangers, made harmless where it is shown: account names and posts are hostile until proven otherwise."""

from __future__ import annotations

import re
import unicodedata

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"
_FIRST_JOINED = 0x590
"""Below lie scripts in whose words a joiner changes nothing that is seen, as Latin: there it would only disguise."""


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

    Joiners stay where they join: between the parts of an emoji, and in words of Persian, Hindi and their like.

    >>> printable("a\x1b[31mred"), printable("a\u200db")
    ('a\\x1b[31mred', 'a\\u200db')
    >>> printable("\u0645\u06cc\u200c\u062e") == "\u0645\u06cc\u200c\u062e"
    True
    """
    whole = str(text)
    cut = whole if len(whole) <= limit else whole[: limit - 1] + "…"
    if cut.isprintable():
        return cut
    return "".join(c if _is_shown(cut, k) else c.encode("unicode_escape").decode() for k, c in enumerate(cut))


def _is_shown(text: str, k: int) -> bool:
    """Whether the k-th character is seen, or joins two that are."""
    if text[k] in _JOINERS:
        return 0 < k < len(text) - 1 and _joins(text[k - 1]) and _joins(text[k + 1])
    return unicodedata.category(text[k]) not in _INVISIBLE


def _joins(c: str) -> bool:
    """Whether a character is seen, and joiners beside it do something."""
    return ord(c) >= _FIRST_JOINED and unicodedata.category(c) not in _INVISIBLE | {"Zs"}
