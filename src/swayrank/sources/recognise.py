"""Which column means which field, where nobody says so; and whether a file is a graph, a log of events, or posts.

Named columns are known by their names; `object` is the post acted upon, or the target where another column is the
post. A log without names is known by its contents: one column of actions, one of
times, and of the rest the first is the actor, the second the target, the third the post. What was taken for what is
told in the report of every read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from swayrank.events import action_codes
from swayrank.graph.formats import format_of
from swayrank.sources.dialects import Layout, TableOptions, inspect_table

_EVENT_NAMES = {
    "actor": "actor user user_id userid account account_id username screen_name from source src who engager liked_by "
    "retweeter usera user_a sender",
    "action": "action event event_type interaction interaction_type activity kind type verb",
    "target": "target target_user target_user_id target_id to dst destination author author_id owner owner_id userb "
    "user_b mentioned mentioned_user in_reply_to_user_id receiver",
    "post": "post post_id tweet tweet_id status_id t_id item item_id content_id media_id video_id object object_id",
    "time": "time timestamp created_at datetime date unix_time ts t timestamp_ms event_time when published_at",
    "weight": "weight w",
    "topic": "topic hashtag category",
    "platform": "platform network site source_platform channel",
    "followers_at_time": "followers_at_time",
}
_POST_NAMES = {
    "account": "account account_id author author_id user user_id username screen_name owner channel page page_id "
    "influencer creator youtuber handle influencer_name influencer_insta_name instagram_name channel_name page_name",
    "post": "post post_id tweet_id status_id t_id id item_id media_id video_id shortcode",
    "time": "time timestamp created_at datetime date published published_at status_published ts timestamp_ms",
    "likes": "likes num_likes like_count n_likes favorites favorite_count favourites reactions num_reactions",
    "comments": "comments num_comments comment_count n_comments replies reply_count",
    "shares": "shares num_shares share_count n_shares retweets retweet_count reposts repost_count",
    "views": "views num_views view_count n_views video_views plays play_count",
    "impressions": "impressions impression_count num_impressions",
    "reach": "reach reached",
    "followers": "followers follower_count followers_count num_followers subscribers subscriber_count",
    "topic": "topic hashtag category",
    "platform": "platform network site",
}
_TIME = re.compile(r"[0-9]{9,19}(\.[0-9]+)?|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*|[0-9]{1,2}[/.][0-9]{1,2}[/.][0-9]{2,4}.*")


def recognise_kind(file: str | Path) -> str:
    r"""What a file holds: "graph", "events", "posts", or "mapping" for a TOML file.

    Parameters
    ----------
    file : str or Path
        A table file, a graph's folder, or a TOML file.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = pathlib.Path(folder) / "log.txt"
    ...     _ = log.write_text("223789 213163 1341100972 MT\n")
    ...     recognise_kind(log)
    'events'
    """
    path = Path(file)
    if os.path.isdir(path) or format_of(path):
        return "graph"
    return "mapping" if path.suffix == ".toml" else kind_of_layout(inspect_table(path, TableOptions()))


def recognise_events(layout: Layout) -> dict[str, str]:
    """Column of each field of an event that the layout shows; without "actor" or "action" it is no log.

    Examples
    --------
    >>> recognise_events(Layout("delimited", ("user_id", "type", "tweet_id", "created_at")))
    {'actor': 'user_id', 'action': 'type', 'post': 'tweet_id', 'time': 'created_at'}
    >>> recognise_events(Layout("delimited", ("user", "action", "object", "post")))
    {'actor': 'user', 'action': 'action', 'target': 'object', 'post': 'post'}
    >>> rows = (("223789", "213163", "1341100972", "MT"), ("376989", "50329", "1341101181", "RT"))
    >>> names = ("column_1", "column_2", "column_3", "column_4")
    >>> recognise_events(Layout("delimited", names, named=False, sample=rows))
    {'actor': 'column_1', 'action': 'column_4', 'target': 'column_2', 'time': 'column_3'}
    """
    if not layout.named:
        return _by_contents(layout)
    found = _by_name(layout, _EVENT_NAMES)
    if "target" not in found and "post" in found:
        rest = [column for column in layout.columns if column not in found.values()]
        found |= _by_name(replace(layout, columns=tuple(rest)), {"target": "object object_id"})
    return {field: found[field] for field in _EVENT_NAMES if field in found}


def recognise_posts(layout: Layout) -> dict[str, str]:
    """Column of each field of a post that the layout shows."""
    return _by_name(layout, _POST_NAMES) if layout.named else {}


def kind_of_layout(layout: Layout) -> str:
    """What a file holds: "events", "posts" or "graph".

    Examples
    --------
    >>> kind_of_layout(Layout("delimited", ("follower", "followed")))
    'graph'
    >>> kind_of_layout(Layout("delimited", ("account", "num_likes", "num_shares")))
    'posts'
    """
    events = recognise_events(layout)
    if {"actor", "action"} <= events.keys() and len(events) > 2:
        return "events"
    posts = recognise_posts(layout)
    counts = posts.keys() - {"account", "post", "time", "topic", "platform"}
    return "posts" if counts and posts.keys() & {"account", "post"} else "graph"


def how_to_name(kind: str, name: str) -> str:
    """What to do where no column is known to be a field: in Python and on the command line.

    Examples
    --------
    >>> how_to_name("posts", "account").partition(";")[0]
    'Name it with columns= in Python or --posts-columns account=... on the command line'
    """
    option = f"--posts-columns {name}=..." if kind == "posts" else "--columns (all columns, where there is no header)"
    return (
        f"Name it with columns= in Python or {option} on the command line; a mapping (docs/mapping.md) can also give "
        f"one {name} to all rows"
    )


def _by_name(layout: Layout, names: Mapping[str, str]) -> dict[str, str]:
    there = {re.sub(r"[^0-9a-z]+", "_", column.casefold()).strip("_"): column for column in reversed(layout.columns)}
    found: dict[str, str] = {}
    for field, words in names.items():
        column = next((there[word] for word in words.split() if word in there), None)
        if column is not None and column not in found.values():
            found[field] = column
    return found


def _by_contents(layout: Layout) -> dict[str, str]:
    rows = [row for row in layout.sample if len(row) == len(layout.columns)]
    if not rows:
        return {}
    codes = action_codes()
    cells = [[row[j].strip() for row in rows] for j in range(len(layout.columns))]
    actions = [j for j, column in enumerate(cells) if all(cell.casefold() in codes for cell in column)]
    times = [j for j, column in enumerate(cells) if all(_TIME.fullmatch(cell) for cell in column)]
    if not actions:
        return {}
    time = [times[-1]] if times else []  # ids can look like times; times stand behind them
    others = [j for j in range(len(cells)) if j not in {actions[0], *time}]
    found = dict(zip(("actor", "target", "post"), others, strict=False))
    found |= {"action": actions[0]} | ({"time": time[0]} if time else {})
    order = ("actor", "action", "target", "post", "time")
    return {field: layout.columns[found[field]] for field in order if field in found}
