"""How findings about accounts are told: figures in words, names made harmless, and everything as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from swayrank._text import printable
from swayrank.overview.ties import follower_word

_NAME = 40  # characters of an account's or a post's name that a line shows
_NOTHING = 1e-9  # points of a score that are the error of a sum
_ENDINGS = {1: "st", 2: "nd", 3: "rd"}


def figure(value: float) -> str:
    """A number for people: three digits, or all whole ones.

    >>> figure(245_000_000.0), figure(1234.5), figure(0.12345), figure(98.76)
    ('245,000,000', '1,234', '0.123', '98.8')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def days(value: float) -> str:
    """A span of time in days; in hours or minutes where it is short.

    >>> days(3.0), days(0.583), days(1 / 24), days(0.01)
    ('3 days', '14 hours', '1 hour', '14.4 minutes')
    """
    for size, unit in ((2.0, "day"), (1 / 24, "hour")):
        if value >= size * (1 - 1e-9):
            told = figure(value if unit == "day" else 24 * value)
            return f"{told} {unit}{'' if told == '1' else 's'}"
    told = figure(1440 * value)
    return f"{told} minute{'' if told == '1' else 's'}"


def new_rank(before: int | None, after: int) -> str:
    """Which rank a change leads to, where it may lead to none.

    >>> new_rank(2, 1), new_rank(2, 2)
    ('rank 1', 'still rank 2')
    """
    return f"{'still ' if before == after else ''}rank {after:,}"


def ordinal(n: int) -> str:
    """A place in a ranking.

    >>> ordinal(1), ordinal(12), ordinal(1023)
    ('1st', '12th', '1,023rd')
    """
    ending = "th" if n % 100 in (11, 12, 13) else _ENDINGS.get(n % 10, "th")
    return f"{n:,}{ending}"


def counted(n: int, one: str, many: str | None = None) -> str:
    """A number of things.

    >>> counted(1, "follower"), counted(1200, "follower"), counted(2, "reply")
    ('1 follower', '1,200 followers', '2 replies')
    """
    return f"{n:,} {one if n == 1 else many or plural(one)}"


def plural(word: str) -> str:
    """The plural of an action's name; names that end in s are taken for plurals.

    >>> plural("like"), plural("reply"), plural("likes"), plural("day")
    ('likes', 'replies', 'likes', 'days')
    """
    if word.endswith("s"):
        return word
    return f"{word[:-1]}ies" if word.endswith("y") and word[-2:-1] not in "aeou" else f"{word}s"


def signed(value: float) -> str:
    """A difference of scores.

    >>> signed(1.25), signed(-0.04), signed(-0.0)
    ('+1.2', '-0.04', '+0')
    """
    value = 0.0 if abs(value) < _NOTHING else value
    return f"{value:+.1f}" if abs(value) >= 0.1 else f"{value:+.1g}"


def percent(share: float, digits: int = 0) -> str:
    """A share of a whole; one that is there and rounds to nothing is less than the least that can be told.

    >>> percent(0.256), percent(0.004, 1), percent(0.004), percent(0.0)
    ('26 %', '0.4 %', 'under 1 %', '0 %')
    """
    least = 10.0**-digits
    return f"under {least:.{digits}f} %" if 0 < 100 * share < least / 2 else f"{100 * share:.{digits}f} %"


def followers_between(fewest: int, most: int | None, ties: str | None = None) -> str:
    """How many followers the accounts of a tier have; of a graph whose `ties` are edges, neighbours.

    >>> followers_between(0, 9), followers_between(10, 10), followers_between(10, 1999), followers_between(2000, None)
    ('at most 9 followers', '10 followers', '10 to 1,999 followers', '2,000 followers or more')
    >>> followers_between(0, None)
    'known followers'
    >>> followers_between(0, 1, "edges")
    'at most 1 neighbour'
    """
    one = follower_word(ties)
    if most is None:
        return f"{fewest:,} {one}s or more" if fewest else f"known {one}s"
    if fewest == most:
        return counted(most, one)
    return f"{fewest:,} to {most:,} {one}s" if fewest else f"at most {counted(most, one)}"


def too_little(floor: object, ties: str | None) -> str:
    """What an account has too little of, to have a score.

    >>> too_little(3, "follows")
    'fewer than 3 followers, reactions and posts together'
    """
    return f"fewer than {floor} {follower_word(ties)}s, reactions and posts together"


def by_action(counts: Mapping[str, int]) -> str:
    """Numbers of reactions.

    >>> by_action({"like": 2, "reply": 1})
    '2 likes, 1 reply'
    """
    return ", ".join(counted(n, printable(action, _NAME)) for action, n in counts.items())


def named(account: object) -> str:
    """An account's or a post's name on one line of a terminal."""
    return printable(account, _NAME)


def listed(words: Sequence[str]) -> str:
    """An enumeration.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def plain(value: Any) -> Any:
    """Dataclasses, mappings and sequences as dictionaries and lists, which JSON gives back as they were."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value
