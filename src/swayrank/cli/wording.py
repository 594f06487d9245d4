"""What messages of the library say to do, in the words of the command that was given.

The library names a parameter in a cure as ``name=``, alone or with an example of its value (``raise max_rejects=``,
``say day_first=``, ``columns={'time': 'when'}``), and a reader as ``read_posts``. Here ``name=`` becomes the option of
that name where the command has it; else the key of a mapping, where there is such a key and the command takes a
mapping; else it stays as it is, "in Python". What stands in quotes is data, and stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_NUMBER = r"[0-9]+(?:\.[0-9]+)?(?!\w)"
_VALUE = rf"'[^']*'|\"[^\"]*\"|\{{[^{{}}]*\}}|\.{{3}}|{_NUMBER}"
_NAME = rf"(?<![\w'\"=-])([a-z][a-z_]*)=({_VALUE}|(?=[\s,;:)]|\.(?!\.)|$))"
_WORD = re.compile(
    rf"(?<!\w)'[^']*'|\"[^\"]*\"|{_NAME}(?! (?:in Python|on the command line))|\bread_(graph|events|posts)\b"
)
_PLACE = " in a mapping (docs/mapping.md)"


def in_words_of(options: Mapping[str, str], text: str) -> str:
    """A message whose cures name what the command has.

    Parameters
    ----------
    options : mapping of str to str
        The command's options: name of the parameter, and how it is written, as ``{"as_of": "--as-of"}``.
    text : str
        The message.

    Examples
    --------
    >>> in_words_of({"as_of": "--as-of", "data": "--data"}, "say when (as_of=), or say day_first=")
    'say when (--as-of), or say day_first in a mapping (docs/mapping.md)'
    >>> in_words_of({"kind": "--kind"}, "read it with read_posts: 'kind=' is no name; outcome= is")
    "read it with --kind posts: 'kind=' is no name; outcome= in Python is"
    """
    told = _WORD.sub(lambda found: _translated(found, options), text)
    first, place, rest = told.partition(_PLACE)
    return first + place + rest.replace(_PLACE, " in a mapping")


def _translated(found: re.Match[str], options: Mapping[str, str]) -> str:
    name, value, reader = found[1], found[2], found[3]
    if reader:
        if reader in options:
            return f"{options[reader]} FILE"
        return f"{options['kind']} {reader}" if "kind" in options else found[0]
    if not name:
        return found[0]
    if name in options and not value.startswith("{"):
        return f"{options[name]} {_bare(value)}".rstrip()
    if "data" in options and name in _keys() and (not value or value[0] in "{'\""):
        return f"{name}{f' = {_toml(value)}' if value else ''}{_PLACE}"
    return found[0] if value else f"{found[0]} in Python"


def _bare(value: str) -> str:
    """A value as a shell takes it; what is no word keeps its quotes."""
    inner = value[1:-1]
    return inner if value[:1] in ("'", '"') and re.fullmatch(r"[\w.-]+", inner) else value


def _toml(value: str) -> str:
    """A value as a mapping writes it.

    >>> _toml("{'time': 'when'}"), _toml("','")
    ('{"time" = "when"}', '","')
    """
    return value.replace("'", '"').replace('": ', '" = ')


def _keys() -> frozenset[str]:
    from swayrank.sources.mapping import KEYS

    return KEYS
