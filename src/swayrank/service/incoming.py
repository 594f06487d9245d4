"""What is sent as live events becomes events, or is refused row by row with a reason.

A row is an object with ``key`` (the sender's name for the event), ``time`` (ISO, UTC unless it says otherwise; or
seconds since 1970), ``actor``, ``action``, and ``target`` or ``post`` or both (of a "post" neither is needed). Other
members are ignored. What is accepted here is what :func:`swayrank.read_events` takes from a file and means the same
there: spaces around ids do not count, actions may have their usual other names ("RT"), "null" is nobody.

Cost: about two microseconds a row whose text is plain; what is not is looked at closely.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from swayrank._text import printable
from swayrank.errors import InputError
from swayrank.events import action_codes, iso, vocabulary
from swayrank.events.columns import YEAR_2000
from swayrank.sources.coding import FLOAT_TEXT, MISSING_IDS
from swayrank.stores.events import LiveEvent

MOST_EVENTS = 10_000
LONGEST_KEY, LONGEST_ID = 200, 500
_DAY_US = 86_400_000_000
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_US = dt.timedelta(microseconds=1)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_FLOAT = re.compile(FLOAT_TEXT)
_NOBODY = frozenset(MISSING_IDS)


class UnreadableError(InputError):
    """A body is no list of events at all."""


@dataclass
class Incoming:
    """A batch, looked at.

    Attributes
    ----------
    events : list of LiveEvent
    places : list of int
        Where each stood in the batch.
    rejected : list of dict
        Of each refused row ``index``, ``field``, ``value`` and ``reason``.
    """

    events: list[LiveEvent] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)


class _RefusedError(Exception):
    """Why a row is refused."""

    def __init__(self, name: str, value: Any, reason: str) -> None:
        super().__init__(reason)
        self.name, self.value, self.reason = name, value, reason


# -- bodies to rows ----------------------------------------------------------------------------------------------------


def rows_of_json(body: bytes) -> list[Any]:
    """The rows of ``{"events": [...]}``.

    Raises
    ------
    UnreadableError
        If it is something else.
    """
    try:
        found = _loads(body)
    except ValueError as error:
        raise UnreadableError(f"the body is not JSON: {printable(error)}") from None
    rows = found.get("events") if isinstance(found, dict) else None
    if not isinstance(rows, list):
        raise UnreadableError('the body must be {"events": [...]}, or one event a line as application/x-ndjson')
    return rows


def rows_of_lines(body: bytes) -> list[Any]:
    r"""The rows of a text with one object a line; a line that is no JSON becomes an :class:`_Unread` row.

    >>> rows_of_lines(b'{"key": "a"}\n\n{"key": "b"}\n')
    [{'key': 'a'}, {'key': 'b'}]
    """
    lines = [line for line in body.splitlines() if line and not line.isspace()]
    try:  # all at once is four times as fast as one by one
        rows = orjson.loads(b"[" + b",".join(lines) + b"]")
    except ValueError:
        return [_row_of_line(line) for line in lines]
    return rows if len(rows) == len(lines) else [_row_of_line(line) for line in lines]


@dataclass(frozen=True)
class _Unread:
    text: str


def _row_of_line(line: bytes) -> Any:
    try:
        return _loads(line)
    except ValueError:
        return _Unread(line[:200].decode("utf-8", "replace"))


def _loads(text: bytes) -> Any:
    """JSON; also where half a character in one row would let a strict reader refuse all rows."""
    try:
        return orjson.loads(text)
    except ValueError:
        if b"\\u" not in text and b"NaN" not in text and b"Infinity" not in text:
            raise
        try:
            return json.loads(text)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None


# -- rows to events ----------------------------------------------------------------------------------------------------


class Reader:
    """Looks at rows.

    Parameters
    ----------
    extra_actions : iterable of str
        Actions that the served result knows beyond the usual ones.

    Examples
    --------
    >>> sent = [{"key": "1", "time": "2026-03-01", "actor": "bob", "action": "RT", "target": "ada"}, {"key": "2"}]
    >>> found = Reader().read(sent)
    >>> found.events[0].action, found.places, found.rejected[0]["index"], found.rejected[0]["reason"]
    ('repost', [0], 1, 'is missing')
    """

    def __init__(self, extra_actions: Iterable[str] = ()) -> None:
        self.actions = vocabulary(extra_actions)
        self._meaning = {word: self.actions[code] for word, code in action_codes(self.actions).items()}

    def read(self, rows: list[Any], now: int | None = None) -> Incoming:
        """What of the rows is to be kept; `now` in microseconds since 1970, by default the clock's."""
        found = Incoming()
        latest = (time.time_ns() // 1000 if now is None else now) + _DAY_US
        events, places, meaning = found.events, found.places, self._meaning
        for place, row in enumerate(rows):
            event = _plain(row, meaning, latest)
            if event is None:
                try:
                    event = self._close(row, latest)
                except _RefusedError as why:
                    shown = None if why.value is None else printable(why.value, 80)
                    told = {"index": place, "field": why.name, "value": shown, "reason": why.reason}
                    found.rejected.append(told)
                    continue
            events.append(event)
            places.append(place)
        return found

    def _close(self, row: Any, latest: int) -> LiveEvent:
        """A row that is not plain: the event, or why not."""
        if isinstance(row, _Unread):
            raise _RefusedError("", row.text, "is not JSON")
        if not isinstance(row, dict):
            raise _RefusedError("", row, "must be an object")
        key = _text("key", row.get("key"), LONGEST_KEY)
        when = _time(row.get("time"), latest)
        actor = _id("actor", row.get("actor"), needed=True)
        action = self._action(row.get("action"))
        target = _id("target", row.get("target"), needed=False)
        post = _id("post", row.get("post"), needed=False)
        if action == "post":
            target = None  # a post has none, as in a file
        elif target is None and post is None:
            raise _RefusedError("target", None, "target or post must say what was acted upon")
        assert actor is not None
        return LiveEvent(key, when, actor, action, target, post)

    def _action(self, value: Any) -> str:
        if value is None:
            raise _RefusedError("action", None, "is missing")
        found = self._meaning.get(value.strip().casefold()) if isinstance(value, str) else None
        if found is None:
            raise _RefusedError("action", value, f"is unknown; allowed are {', '.join(self.actions)}")
        return found


def _plain(row: Any, meaning: dict[str, str], latest: int) -> LiveEvent | None:
    """The event of a row that is right at first sight; None where a closer look is needed."""
    try:
        key, when, actor, post = row["key"], row["time"], row["actor"], row.get("post")
        action, target = meaning[row["action"]], row.get("target")
        if len(key) > LONGEST_KEY or " " in key or not (key.isprintable() and _is_plain(actor) and key):
            return None
        if not (target is None or _is_plain(target)) or not (post is None or _is_plain(post)):
            return None
        if type(when) is str:
            told = dt.datetime.fromisoformat(when)
            us = ((told if told.tzinfo else told.replace(tzinfo=dt.UTC)) - _EPOCH) // _US
        elif type(when) is int:
            us = when * 1_000_000
        else:
            return None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None
    if not YEAR_2000 <= us <= latest or (target is None and post is None and action != "post"):
        return None
    return LiveEvent(key, us, actor, action, None if action == "post" else target, post)


def _is_plain(name: str) -> bool:
    """Whether a text is an id as it stands. A decimal point or an exponent makes a number that lost its digits."""
    if not name.isprintable() or " " in name or len(name) > LONGEST_ID or name in _NOBODY:
        return False
    return name[0] > "9" or name.isdecimal()


def _text(name: str, value: Any, longest: int) -> str:
    if value is None:
        raise _RefusedError(name, None, "is missing")
    if type(value) is int:
        value = str(value)
    if not isinstance(value, str):
        raise _RefusedError(name, value, "must be text")
    if len(value) > longest:
        raise _RefusedError(name, value, f"may have {longest} characters, got {len(value):,}")
    if _CONTROL.search(value):
        raise _RefusedError(name, value, "holds control characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _RefusedError(name, value, "holds half a character (a lone surrogate)") from None
    if not (stripped := value.strip()):
        raise _RefusedError(name, value, "is empty")
    return stripped


def _id(name: str, value: Any, *, needed: bool) -> str | None:
    """An account or a post; None where there is none and none is needed."""
    if not needed and (value is None or (isinstance(value, str) and value.strip() in _NOBODY)):
        return None
    text = _text(name, value, LONGEST_ID)
    if text in _NOBODY:
        raise _RefusedError(name, text, "stands for nobody; an account of that name cannot be told from a gap")
    if _FLOAT.fullmatch(text):
        raise _RefusedError(name, text, "is an integer written as a float, which may have lost digits; write it out")
    return text


def _time(value: Any, latest: int) -> int:
    if value is None:
        raise _RefusedError("time", None, "is missing")
    us: float | int
    if isinstance(value, str):
        try:
            told = dt.datetime.fromisoformat(value.strip())
            us = ((told if told.tzinfo else told.replace(tzinfo=dt.UTC)) - _EPOCH) // _US
        except (ValueError, OverflowError):
            raise _RefusedError("time", value, "is no ISO time such as 2026-03-01T12:00:00Z") from None
    elif isinstance(value, int | float) and not isinstance(value, bool):
        us = value * 1_000_000 if isinstance(value, int) else value * 1e6
    else:
        raise _RefusedError("time", value, "must be ISO text, or seconds since 1970")
    if us > latest:
        hint = "; numbers are seconds since 1970" if not isinstance(value, str) else ""
        raise _RefusedError("time", value, f"lies more than a day in the future{hint}")
    if not us >= YEAR_2000:
        raise _RefusedError("time", value, f"lies before {iso(YEAR_2000)[:10]}")
    return round(us)
