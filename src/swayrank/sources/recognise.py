"""Which column means which field, where nobody says so; and whether a file is a graph, a log of events, or posts.

Named columns are known by their names; `object` is the post acted upon, or the target where another column is the
post. A log without names is known by its contents: one column of actions, one of
times, and of the rest the first is the actor, the second the target, the third the post. What was taken for what is
told in the report of every read.

Where names can mean two things, the first records decide. `follower` is an account of a graph, or how many there are
where numbers alone stand in it beside names or other counts. `type` is the action of a log, or what kind of post a row
is about (Video, Photo) where the row has counts and no target; or whether an arc is directed, as Gephi writes it. A
column without a digit in any cell holds no times, whatever it is called: Meta writes "Lifetime" under "Date".
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from swayrank.events import action_codes
from swayrank.events.posts import COUNTS
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
    "influencer creator youtuber handle influencer_name influencer_insta_name instagram_name channel_name page_name "
    "account_username account_name posted_by "
    "konto kontoname profil nutzer nutzername benutzername kanal cuenta usuario perfil compte utilisateur",
    "post": "post post_id tweet_id status_id t_id id item_id media_id video_id shortcode beitrag beitrag_id "
    "beitrags_id "
    "publicacion publicacion_id id_publicacion publication "
    "publication_id post_link video_link tweet_permalink permalink",
    "time": "time timestamp created_at datetime date published published_at status_published ts timestamp_ms "
    "publish_time post_time posted_at created_date video_publish_time "
    "datum zeitpunkt veroffentlicht veroffentlicht_am fecha fecha_de_publicacion "
    "date_de_publication",
    "likes": "likes num_likes like_count n_likes total_likes favorites favorite_count favourites reactions "
    "num_reactions gefallt_mir gefallt_mir_angaben me_gusta j_aime mentions_j_aime",
    "comments": "comments num_comments comment_count n_comments total_comments comments_added replies reply_count "
    "kommentare comentarios commentaires",
    "shares": "shares num_shares share_count n_shares total_shares retweets retweet_count reposts repost_count geteilt "
    "geteilte_inhalte compartidos partages",
    "views": "views num_views view_count n_views total_views video_views plays play_count aufrufe "
    "videoaufrufe visualizaciones reproducciones vues",
    "impressions": "impressions impression_count num_impressions impressionen impresiones",
    "reach": "reach reached reichweite alcance portee",
    "followers": "followers follower_count followers_count num_followers subscribers subscriber_count followerzahl "
    "anzahl_follower follower_anzahl abonnenten seguidores abonnes follower",
    "topic": "topic hashtag category",
    "platform": "platform network site",
}
ARC_KINDS = frozenset({"directed", "undirected", "mutual"})
"""What Gephi writes under "Type" in a table of edges."""
_ACCOUNT_OR_COUNT = "follower"
_ENOUGH_COUNTS = 3
"""So many columns of counts are a table of posts, even if no column says whose they are."""
_REACTIONS = frozenset(COUNTS) - {"followers"}
_COUNT = re.compile(
    r"[0-9][0-9.,' \u00a0\u202f]*([kmb]|mn|bn|mio\.?|mrd\.?|tsd\.?)?|-|n/?a|null|nan|none|", re.IGNORECASE
)
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
    """Column of each field of a post that the layout shows.

    Examples
    --------
    >>> recognise_posts(Layout("delimited", ("Konto", "Gef\u00e4llt mir", "Follower"), sample=(("ana", "3", "1.200"),)))
    {'account': 'Konto', 'likes': 'Gef\u00e4llt mir', 'followers': 'Follower'}
    """
    found = _by_name(layout, _POST_NAMES) if layout.named else {}
    stated = found.get("followers")
    if stated is not None and _plain(stated) == _ACCOUNT_OR_COUNT and not all(map(_is_count, _cells(layout, stated))):
        del found["followers"]  # who follows, not how many
    return found


def kind_of_layout(layout: Layout) -> str:
    """What a file holds: "events", "posts" or "graph".

    Examples
    --------
    >>> kind_of_layout(Layout("delimited", ("follower", "followed")))
    'graph'
    >>> kind_of_layout(Layout("delimited", ("account", "num_likes", "num_shares")))
    'posts'
    >>> kind_of_layout(Layout("delimited", ("name", "Follower"), sample=(("ana", "1.200"), ("bob", "96"))))
    'posts'
    >>> rows = (("ana", "1", "Video", "9"), ("bob", "2", "Photo", "4"))
    >>> kind_of_layout(Layout("delimited", ("account", "post_id", "type", "likes"), sample=rows))
    'posts'
    """
    events, posts = recognise_events(layout), recognise_posts(layout)
    is_log = {"actor", "action"} <= events.keys() and len(events) > 2
    if is_log and _are_kinds_of_arc(layout, events["action"]):
        return "graph"
    if is_log and not _are_kinds_of_post(layout, events, posts):
        return "events"
    if _states_followers(layout, posts):
        return "posts"
    stated = posts.get("followers")
    counts = {name for name in COUNTS if name in posts and (name != "followers" or _plain(stated) != _ACCOUNT_OR_COUNT)}
    whose = posts.keys() & {"account", "post"} or len(counts - {"followers"}) >= _ENOUGH_COUNTS
    return "posts" if counts and whose else "graph"


def _are_kinds_of_arc(layout: Layout, column: str) -> bool:
    """Whether what could be a log's actions says of each row whether its arc is directed."""
    words = {cell.casefold() for cell in _cells(layout, column) if cell}
    return bool(words) and words <= ARC_KINDS


def _are_kinds_of_post(layout: Layout, events: Mapping[str, str], posts: Mapping[str, str]) -> bool:
    """Whether what could be a log's actions tells of what kind posts are, since each row has counts and no target."""
    if "target" in events or not posts.keys() & _REACTIONS or not posts.keys() & {"account", "post"}:
        return False
    known = action_codes()
    words = [cell for cell in _cells(layout, events["action"]) if cell]
    return not words or any(known.get(word.casefold(), 0) == 0 for word in words)  # 0: "post" is an action and a kind


def _states_followers(layout: Layout, posts: Mapping[str, str]) -> bool:
    """Whether a column called "follower" tells how many: numbers alone, beside a column of names."""
    stated = posts.get("followers")
    if stated is None or _plain(stated) != _ACCOUNT_OR_COUNT or not any(_cells(layout, stated)):
        return False
    others = [_cells(layout, name) for name in layout.columns if name != stated]
    if posts.keys() & _REACTIONS:
        return True
    return any(cells and not any(map(_is_number, cells)) for cells in others)


def _cells(layout: Layout, column: str) -> Sequence[str]:
    """The cells of a column in the first records."""
    k = layout.columns.index(column)
    return [row[k].strip() for row in layout.sample if len(row) > k]


def _may_be_times(layout: Layout, column: str) -> bool:
    """Whether some cell has a digit, or there is none to look at."""
    cells = [cell for cell in _cells(layout, column) if cell]
    return not cells or any(map(str.isdigit, "".join(cells)))


def _is_count(cell: str) -> bool:
    return _COUNT.fullmatch(cell) is not None


def _is_number(cell: str) -> bool:
    """Whether a cell is empty, a number or a time, not a name."""
    return _is_count(cell) or _TIME.fullmatch(cell) is not None


def _plain(name: str | None) -> str:
    """A column's name in small letters without accents, words joined by "_"."""
    letters = unicodedata.normalize("NFKD", (name or "").casefold())
    return re.sub(r"[^0-9a-z]+", "_", "".join(c for c in letters if not unicodedata.combining(c))).strip("_")


def how_to_name(kind: str, name: str) -> str:
    """What to do where no column is known to be a field: in Python and on the command line.

    Examples
    --------
    >>> how_to_name("posts", "account").partition(";")[0]
    'Name it with columns= in Python or --posts-columns account=... on the command line'
    """
    if kind == "posts":
        option, const = f"--posts-columns {name}=...", f'{{"{name}": {{"const": "acme"}}}}'
        all_rows = f"if all rows are of one {name}, say which: columns={const}, or --posts-columns '{const}'"
    else:
        option = "--columns (all columns, where there is no header)"
        all_rows = f"a mapping (docs/mapping.md) can also give one {name} to all rows"
    return f"Name it with columns= in Python or {option} on the command line; {all_rows}"


def _by_name(layout: Layout, names: Mapping[str, str]) -> dict[str, str]:
    there = {_plain(column): column for column in reversed(layout.columns)}
    found: dict[str, str] = {}
    for field, words in names.items():
        columns = [there[word] for word in words.split() if word in there]
        if field == "time":
            columns = [column for column in columns if _may_be_times(layout, column)] or columns
        column = next(iter(columns), None)
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
