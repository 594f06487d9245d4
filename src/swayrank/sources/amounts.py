"""Amounts of money, and other numbers of a short list, as people write them; what could be two numbers is refused.

"1.200" is 1200 where thousands are set apart, and 1.2 where the point is the decimal sign. The other cells of the same
list decide: the last of two signs ("1.234,50"), a sign with other than three digits behind it ("100,5", "0.125",
"1234.567") is decimal, one that stands twice ("1.234.567") sets thousands apart. Where nothing decides, or cells
disagree, no number is made: nobody should pay a thousand times too much. Signs of currencies and the endings k and m
are read. Negative numbers are none, nor is infinity.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from swayrank._text import printable
from swayrank.errors import ParameterError

_CURRENCY = re.compile(r"[\s\u00a0\u202f'’€$£¥]|\b(?:eur|euro|usd|gbp|chf)\b", re.IGNORECASE)
_PLAIN = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)*|[.,]\d+)(?:e[+-]?\d+)?", re.IGNORECASE)
_ENDINGS = {"k": 1e3, "m": 1e6}


class AmountError(ParameterError):
    """One cell is no amount; `at` is its place in the list."""

    def __init__(self, at: int, reason: str) -> None:
        super().__init__(reason)
        self.at = at


def read_amounts(texts: Sequence[str]) -> list[float]:
    """The numbers that a list of cells holds, all in one spelling.

    Raises
    ------
    AmountError
        If a cell is no number >= 0, or could be two numbers.

    Examples
    --------
    >>> read_amounts(["1.200", "950,50", "€ 3"])
    [1200.0, 950.5, 3.0]
    >>> read_amounts(["1,200", "1.2k", "1e3"])
    [1200.0, 1200.0, 1000.0]
    >>> read_amounts(["1.200", "950"])
    Traceback (most recent call last):
    swayrank.sources.amounts.AmountError: '1.200' may be 1200 or 1.2: write 1200, or 1.20
    """
    cores = [_core(k, text) for k, text in enumerate(texts)]
    decimal = _decimal_sign([core for core, _ in cores], texts)
    found = []
    for k, ((core, factor), text) in enumerate(zip(cores, texts, strict=True)):
        if decimal is None and _unclear(core):
            raise AmountError(k, _two_readings(text, core))
        group = "," if decimal != "," else "."
        number = float(core.replace(group, "").replace(",", ".")) * factor
        if not 0 <= number < math.inf:
            raise AmountError(k, f"must be a number >= 0, got {printable(text)!r}")
        found.append(number)
    return found


def read_amount(text: str) -> float:
    """One number that stands alone.

    Examples
    --------
    >>> read_amount("1.000,50"), read_amount("0.125")
    (1000.5, 0.125)
    """
    return read_amounts([text])[0]


def _core(k: int, text: str) -> tuple[str, float]:
    """A cell's digits and signs, and what its ending multiplies them by."""
    core = _CURRENCY.sub("", text)
    ending = core[-1:].lower()
    factor = _ENDINGS.get(ending, 1.0)
    core = core[:-1] if ending in _ENDINGS else core
    if not _PLAIN.fullmatch(core) or not _well_grouped(core):
        raise AmountError(k, f"must be a number >= 0, got {printable(text)!r}")
    return core, factor


def _well_grouped(core: str) -> bool:
    """Whether signs stand as in one number: all but the last are of one kind, with three digits between."""
    pieces = re.split(r"[.,]", core)
    signs = re.findall(r"[.,]", core)
    if len(signs) < 2:
        return True
    if len(set(signs[:-1])) > 1 or not 1 <= len(pieces[0].lstrip("+-")) <= 3:
        return False
    groups = pieces[1:] if signs[-1] == signs[0] else pieces[1:-1]
    return all(len(piece) == 3 for piece in groups)


def _unclear(core: str) -> bool:
    """Whether a sign stands once, with one to three digits before it, no leading 0, and three behind."""
    return re.fullmatch(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", core) is not None


def _decimal_sign(cores: Sequence[str], texts: Sequence[str]) -> str | None:
    """The decimal sign that the cells tell of; None if none does."""
    told: dict[str, int] = {}
    for k, core in enumerate(cores):
        signs = re.findall(r"[.,]", core)
        if not signs or _unclear(core):
            continue
        group = len(signs) > 1 and len(set(signs)) == 1
        decimal = {".": ",", ",": "."}[signs[-1]] if group else signs[-1]
        told.setdefault(decimal, k)
    if len(told) > 1:
        first, other = sorted(told.values())
        raise AmountError(
            other,
            f"{printable(texts[first])!r} and {printable(texts[other])!r} have different decimal signs: "
            "write all numbers in one way, as 1200.50",
        )
    return next(iter(told), None)


def _two_readings(text: str, core: str) -> str:
    whole, part = re.split(r"[.,]", core.lstrip("+"))
    small = f"{whole}.{part}".rstrip("0").rstrip(".")
    plain = part.rstrip("0").ljust(2, "0")
    written = f"{whole}.{plain}" if len(plain) == 2 else f"{whole}.{part}0"
    return f"{printable(text)!r} may be {whole}{part} or {small}: write {whole}{part}, or {written}"
