"""EVENTS: who did what to whom, and when (:class:`Events`), and counts per post (:class:`Posts`).

columns (arrays, times, ids of rows) < reports < posts < events < join
"""

from swayrank.events.columns import NO_ACCOUNT, NO_POST, NO_TIME, as_us, iso
from swayrank.events.events import ACTIONS, Events, action_codes, vocabulary
from swayrank.events.posts import COUNTS, Posts
from swayrank.events.reports import EventsReport, EventsSummary, FileReport

__all__ = [
    "ACTIONS",
    "COUNTS",
    "NO_ACCOUNT",
    "NO_POST",
    "NO_TIME",
    "Events",
    "EventsReport",
    "EventsSummary",
    "FileReport",
    "Posts",
    "action_codes",
    "as_us",
    "iso",
    "vocabulary",
]
