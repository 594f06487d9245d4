"""Which columns of an edge list are the two ends, the weight, and what else is kept: named by the caller, or guessed.

A column named for the follower is the tail of the arcs and one named for the followed their head, whatever stands
first; then usual pairs of names (source, target; from, to; sender, receiver ...); else the first two columns, unless a
header has more than two that could be meant. A weight is a column named so. Of a log of events only columns that are
named as ends, as the actor or as the target are ends: an action is no account. The same rules serve text and tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from swayrank._text import printable
from swayrank.errors import InputError, ParameterError
from swayrank.sources.dialects import Layout
from swayrank.sources.recognise import recognise_events

# English first, then German, Spanish, Portuguese and French; plurals such as "followers" are counts.
_FOLLOWER = frozenset({"follower", "fan", "subscriber", "seguidor", "seguidora", "abonné", "abonnée", "abonne"})
_FOLLOWED = frozenset(
    {"followee", "followees", "followed", "following", "follows", "friend", "leader", "influencer", "idol"}
    | {"folgt", "seguido", "seguida", "sigue", "segue", "suivi", "suivie", "abonnement"}
)
_SOURCE_WORDS = frozenset(
    {"source", "src", "from", "sender", "tail", "ego", "citing"}
    | {"quelle", "absender", "origen", "origem", "fuente", "remitente", "expéditeur"}
)
_TARGET_WORDS = frozenset(
    {"target", "dst", "dest", "destination", "to", "receiver", "recipient", "head", "alter", "cited"}
    | {"ziel", "empfänger", "destino", "destinatario", "cible", "destinataire"}
)
_SOURCE_NAMES = frozenset(
    {
        "u",
        "a",
        "i",
        "id1",
        "ida",
        "node1",
        "nodea",
        "user1",
        "usera",
        "userid1",
        "nodeid1",
        "person1",
        "start",
        "startid",
        "startnode",
        "von",
        "desde",
    }
)
_TARGET_NAMES = frozenset(
    {
        "v",
        "b",
        "j",
        "id2",
        "idb",
        "node2",
        "nodeb",
        "user2",
        "userb",
        "userid2",
        "nodeid2",
        "person2",
        "end",
        "endid",
        "endnode",
        "nach",
        "hacia",
        "vers",
    }
)
_WEIGHT_WORDS = frozenset(
    {"weight", "weights", "w", "count", "counts", "strength", "rating", "interactions"} | {"gewicht", "peso", "poids"}
)
_TIME_WORDS = frozenset(
    {"time", "timestamp", "date", "datetime", "ts", "epoch", "unixtime", "created", "t"} | {"zeit", "datum", "fecha"}
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the caller says; None where it is to be recognised.

    Attributes
    ----------
    source, target : str or int, optional
        A column by name or position (from 0).
    weight : str, int or False, optional
        The same; False for no weight even where one is recognised.
    columns : dict of str to str or int
        Further columns to keep: the name they get, and where they are.
    direction : str
        As ``read_graph`` takes it: which column is the tail where a header speaks of followers.
    delimiter, comment : str, optional
        One character, " " for runs of blanks; a prefix, "" for none.
    header : bool, optional
        Whether the first data line holds names.
    """

    source: str | int | None = None
    target: str | int | None = None
    weight: str | int | bool | None = None
    columns: Mapping[str, str | int] = field(default_factory=dict)
    direction: str = "follows"
    delimiter: str | None = None
    comment: str | None = None
    header: bool | None = None


@dataclass(frozen=True, slots=True)
class Roles:
    """Which columns are read: the two ends, then (name, position, kind) of the rest; kind is "number" or "time"."""

    source: int
    target: int
    values: tuple[tuple[str, int, str], ...] = ()


def _words(name: str) -> list[str]:
    return [w.lower() for w in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\dA-Z_]+|\d+", name)]


def role_of_name(name: str) -> str:
    """follower, followed, source, target, weight, time, or "" for a column name."""
    words = _words(name)
    joined = "".join(words)
    if any(word in _TIME_WORDS for word in words if len(word) > 1 or word == joined):
        return "time"
    if joined in _WEIGHT_WORDS or (len(words) > 1 and len(words[-1]) > 1 and words[-1] in _WEIGHT_WORDS):
        return "weight"
    for role, vocabulary in (("follower", _FOLLOWER), ("followed", _FOLLOWED)):
        if any(word in vocabulary for word in words):
            return role
    for role, vocabulary, names in (("source", _SOURCE_WORDS, _SOURCE_NAMES), ("target", _TARGET_WORDS, _TARGET_NAMES)):
        if joined in names or any(word in vocabulary for word in words):
            return role
    return ""


def is_full_word(name: str) -> bool:
    """Whether a name has a word that means an end wherever it stands, unlike "u" or "user1"."""
    return any(word in words for word in _words(name) for words in (_SOURCE_WORDS, _TARGET_WORDS, _FOLLOWER, _FOLLOWED))


def event_fields(names: Sequence[str]) -> dict[str, str]:
    """Which fields of an event the names of columns speak of; single letters say nothing.

    >>> event_fields(["user", "action", "object", "note"])
    {'actor': 'user', 'action': 'action', 'post': 'object'}
    """
    return recognise_events(Layout("delimited", tuple(name for name in names if len(name) > 1)))


def unclear_ends(names: Sequence[str], file: str) -> InputError:
    """The error that no two columns can be told to be the ends."""
    listed = ", ".join(repr(printable(name, 60)) for name in names)
    return InputError(
        f"which columns are the two ends of an arc? There are {listed}. Name two with source= and target=. If the file "
        "is no graph but a log of events or a table of posts, call its columns by names that are known, as user, "
        "action, target, time, or account, likes, comments, time; or say in a mapping what they hold (docs/mapping.md)",
        file=file,
    )


def find_column(name: str | int, names: Sequence[str], has_header: bool, parameter: str, file: str) -> int:
    """Position of a column given by name or position; ParameterError that lists what there is."""
    if isinstance(name, int):
        if 0 <= name < len(names):
            return name
        raise ParameterError(f"{parameter} must be a position from 0 to {len(names) - 1}, got {name} ({file})")
    hits = [k for k, other in enumerate(names) if other == name]
    if len(hits) == 1:
        return hits[0]
    if hits:
        raise ParameterError(
            f"{parameter}={name!r} names {len(hits)} columns of {file}; give its position, one of {hits}"
        )
    listed = ", ".join(repr(other) for other in names)
    where = (
        f"the columns of {file} are {listed}" if has_header else f"{file} has no header; its columns count as {listed}"
    )
    raise ParameterError(f"{parameter} must be a column, got {name!r}: {where}")


def assign_roles(
    names: Sequence[str], has_header: bool, wanted: Wanted, file: str, kind: Callable[[int], str]
) -> tuple[Roles, list[str]]:
    """Which columns are the ends and the values, and notes on what was recognised.

    Parameters
    ----------
    names : sequence of str
        The columns.
    has_header : bool
        Whether these are names that the file gives.
    wanted : Wanted
        What the caller says.
    file : str
        For messages.
    kind : callable
        ``kind(position)`` is "number" or "time".

    Raises
    ------
    InputError
        If there are fewer than two columns, or more than two and no name tells which are the ends.
    ParameterError
        If a named column is not there.
    """
    if len(names) < 2:
        raise InputError(f"has one column ({names[0]!r}); an edge needs two", file=file)

    def place(value: str | int | None, parameter: str) -> int | None:
        return None if value is None else find_column(value, names, has_header, parameter, file)

    source, target = place(wanted.source, "source"), place(wanted.target, "target")
    guess = _roles_by_name(names)
    notes: list[str] = []
    values = [(name, find_column(at, names, has_header, "columns", file)) for name, at in wanted.columns.items()]
    if wanted.weight is not None and wanted.weight is not False:
        values.insert(0, ("weight", find_column(wanted.weight, names, has_header, "weight", file)))
    if source is None or target is None:
        kept = frozenset(position for _, position in values)
        source, target, notes = _guess_ends(names, guess, has_header, wanted, (source, target), kept, file)
    if source == target:
        raise ParameterError(f"source and target must be two columns, got {names[source]!r} for both ({file})")
    if wanted.weight is None:
        free = [k for k, role in enumerate(guess) if role == "weight" and k not in (source, target)]
        if free and "weight" not in wanted.columns and kind(free[0]) == "number":
            values.insert(0, ("weight", free[0]))
    in_use = {position for _, position in values}
    for k, role in enumerate(guess):
        if role == "time" and k not in in_use and k not in (source, target):
            notes.append(f"{names[k]!r} looks like a time (keep it with columns={{'time': {names[k]!r}}})")
    return Roles(source, target, tuple((name, k, kind(k)) for name, k in values)), notes


def _roles_by_name(names: Sequence[str]) -> list[str]:
    """The role that each name tells; letters such as "v" before "u" tell none, since they do not mean what they say."""
    guess = [role_of_name(name) for name in names]
    letters = [k for k, name in enumerate(names) if len(name) == 1 and guess[k] in ("source", "target")]
    if [guess[k] for k in letters] == ["target", "source"]:
        guess = ["" if k in letters else role for k, role in enumerate(guess)]
    return guess


def _guess_ends(
    names: Sequence[str],
    guess: list[str],
    has_header: bool,
    wanted: Wanted,
    given: tuple[int | None, int | None],
    kept: frozenset[int],
    file: str,
) -> tuple[int, int, list[str]]:
    """The ends that the caller has not named."""
    source, target = given
    others = [k for k in range(len(names)) if k not in given and k not in kept]
    free = [k for k in others if guess[k] not in ("weight", "time")]
    fields = event_fields(names) if has_header else {}
    is_log = "action" in fields and len(fields) >= 2
    if is_log:
        accounts = (fields.get("actor"), fields.get("target"))
        free = [k for k in free if guess[k] or names[k] in accounts]
        if len(free) < given.count(None):
            raise unclear_ends(names, file)
    free = free if len(free) + len(given) - given.count(None) >= 2 else others

    def first(role: str) -> int | None:
        return next((k for k in free if guess[k] == role), None)

    def any_but(*positions: int | None) -> int:
        found = next((k for k in free if k not in positions), None)
        if found is None:
            raise InputError(f"has no second column for the other end: {', '.join(map(repr, names))}", file=file)
        return found

    follower, followed = first("follower"), first("followed")
    if source is None and target is None and (follower is not None or followed is not None):
        follower = any_but(followed) if follower is None else follower
        followed = any_but(follower) if followed is None else followed
        ends = (followed, follower) if wanted.direction == "influences" else (follower, followed)
        return *ends, [f"{names[follower]!r} follows {names[followed]!r}"]
    told = source is not None or target is not None or first("source") is not None or first("target") is not None
    if has_header and not told and (is_log or len(free) > 2):
        raise unclear_ends(names, file)
    if source is None:
        source = first("source")
        source = any_but(target, first("target")) if source is None else source
    if target is None:
        target = first("target")
        target = any_but(source) if target is None else target
    named = given != (None, None) or (is_full_word(names[source]) and is_full_word(names[target]))
    return source, target, ["its names are those of a log of events"] if is_log and not named else []
