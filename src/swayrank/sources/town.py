"""A generated town: a follow graph, posts and an event log, with each account's *true* influence beside them.

The town is what measures and scores are tried on, so its mechanism is none of the models that they assume, and every
trait is drawn from a distribution. An account u that sees a post by v (v wrote it or passed it on) acts with the chance

    heeded(v) * receptive(u, topic) * quality(post) * 0.9**(v's posts in the day before) * 0.6**(times u saw it before),

at most 0.95, where receptive(u, topic) = susceptibility(u) * interest(u, topic) / sqrt(1 + out_degree(u) / 50).
An action is a like, repost, quote, reply or mention after a log-normal delay, and mostly waits for the morning if it
falls into the night; reposts and quotes pass the post on to the followers of whoever made them.

Who lives there:

- *ordinary* people, with followers after a power law;
- *influencers*: a few to a few hundred followers, who heed them;
- *stars*: followed by very many, hardly heeded;
- *lurkers*: follow and read, hardly act or post;
- *bots*, in farms: each likes or reposts everything of its farm's client, follows many, and is followed by its farm.

True influence of an account: the expected number of *other, real* accounts that act because of one of its posts, times
its posts per day. The town's own kernel computes it by replays from streams of their own; each replay adds up chances
instead of counting acts, so the direct followers' part carries no noise.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, Step, track
from swayrank._rng import Key, Rng, resolve_rng
from swayrank._text import printable
from swayrank._validate import Integer, Interval, OneOf, Optional, domains
from swayrank.engines import Engine, chunk_bounds, resolve_engine
from swayrank.errors import FolderError, InputError
from swayrank.events import ACTIONS, NO_ACCOUNT, Events, Posts
from swayrank.graph import Graph
from swayrank.ids import Ids, read_only
from swayrank.kernels.generate import uniforms
from swayrank.kernels.random import TOWN
from swayrank.kernels.town import busy_days, follow_arcs, publish, react, write_names
from swayrank.tables import frame, write_csv

Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.uint64]

KINDS = ("ordinary", "influencer", "star", "lurker", "bot")
ORDINARY, INFLUENCER, STAR, LURKER, BOT = range(5)
_ACTIONS = ("post", "like", "repost", "quote", "reply", "mention")  # in the order of the kernel's codes
_CODES = np.array([ACTIONS.index(name) for name in _ACTIONS], np.uint8)

_TRAITS = ("kind", "community", "taste", "interest", "attraction", "follows", "rate", "heeded", "susceptible", "client")
_PARTS = (*_TRAITS, "arcs", "publish", "react", "replay", "busy")
_PURPOSE = {part: np.uint64(1000 * TOWN + i) for i, part in enumerate(_PARTS)}

_N_TOPICS = 6
_FARM = 20  # bots of one client
_SHARES = {INFLUENCER: 0.01, STAR: 0.004, LURKER: 0.25, BOT: 0.05}
_AT_HOME = 0.65  # share of follows within the community
_QUANTILES = 4096
FILES = ("graph.csv", "events.csv", "posts.csv", "truth.csv")
TRUTH = ("account", "influence", "std_error", "acts_per_post", "posts_per_day", "kind", "community", "client")
_FILE_ENDINGS = {".csv", ".tsv", ".txt", ".json", ".jsonl", ".parquet", ".gz", ".zst", ".xz", ".bz2", ".toml"}
_NOBODY = np.uint32(NO_ACCOUNT)
_MICROSECONDS = 86_400_000_000
_START = 1_772_323_200_000_000  # 2026-03-01 UTC
_SECONDS_TO_DAYS = 1 / 86_400

_ACCOUNTS_PER_CHUNK = 1 << 14
_POSTS_PER_CHUNK = 1 << 14
_REPLAYED_PER_CHUNK = 1 << 17

# Median and sigma of log-normal traits, by kind: ordinary, influencer, star, lurker, bot.
_FOLLOWS = ((15, 0.9), (25, 0.7), (10, 0.8), (20, 0.8), (60, 0.4))
_POSTS_PER_DAY = ((0.10, 1.0), (0.6, 0.5), (0.6, 0.5), (0.008, 0.7), (0.2, 0.4))
_HEEDED = ((0.025, 0.7), (0.22, 0.35), (0.0012, 0.6), (0.01, 0.5), (0.0005, 0.3))
_SUSCEPTIBLE = ((0.8, 0.6), (0.7, 0.5), (0.3, 0.6), (0.08, 0.6), (0.0, 0.0))
_FOLLOWS_BACK = (0.15, 0.05, 0.0005, 0.1, 0.3)

HOSTILE = (
    '=HYPERLINK("http://example.invalid","click")',
    "<script>alert(1)</script>",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    'say "hi", friend',
    "Robert'); DROP TABLE accounts;--",
    "line\nbreak",
    "\u202egnp.resu",
    "naïve-ünïcode-用户",
)
"""Account names that careless software takes for formulas, markup or commands."""


# -- what comes back ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class Truth:
    """What is true of each account of a town; row i belongs to ``ids[i]``.

    Attributes
    ----------
    ids : Ids
        The accounts, in the order of the graph.
    influence : numpy.ndarray of float64, shape (n,)
        Expected number of other real accounts per day that act because of the account's posts.
    std_error : numpy.ndarray of float64, shape (n,)
        Standard error of `influence` from its replays.
    acts_per_post : numpy.ndarray of float64, shape (n,)
        The same for one post.
    posts_per_day : numpy.ndarray of float64, shape (n,)
        Expected number of posts per day.
    kind : numpy.ndarray of uint8, shape (n,)
        Index into :data:`KINDS`.
    community : numpy.ndarray of uint32, shape (n,)
        Number of the community.
    client : numpy.ndarray of uint32, shape (n,)
        Whom a bot serves, as a position; 2**32 - 1 for everybody else.
    """

    ids: Ids
    influence: Floats
    std_error: Floats
    acts_per_post: Floats
    posts_per_day: Floats
    kind: npt.NDArray[np.uint8]
    community: npt.NDArray[np.uint32]
    client: npt.NDArray[np.uint32]

    def is_kind(self, name: str) -> npt.NDArray[np.bool_]:
        """Which accounts are of the kind `name`, one of :data:`KINDS`.

        Examples
        --------
        >>> town(n=200, days=1, rng=7).truth.is_kind("bot").sum()
        np.int64(10)
        """
        return np.asarray(self.kind == KINDS.index(name))

    def columns(self) -> dict[str, Any]:
        """The truth as named columns (those of TRUTH), accounts by id and kinds by name."""
        import pyarrow as pa

        kind = pa.DictionaryArray.from_arrays(pa.array(self.kind), pa.array(KINDS)).cast(pa.string())
        return {
            "account": self.ids.to_arrow(),
            "influence": self.influence,
            "std_error": self.std_error,
            "acts_per_post": self.acts_per_post,
            "posts_per_day": self.posts_per_day,
            "kind": kind,
            "community": self.community,
            "client": _names_of(self.ids, self.client),
        }


@dataclass(frozen=True, eq=False, repr=False)
class Town:
    """A generated town.

    Attributes
    ----------
    graph : Graph
        Who follows whom.
    events : Events
        Posts and reactions, by time.
    posts : Posts
        One row per post: likes, comments (replies) and shares (reposts and quotes) are what `events` add up to;
        views (accounts that saw it) and impressions go on after the end of the log.
    truth : Truth
        Each account's true influence, kind and community.
    params : mapping of str to object
        What the town was made with.
    """

    graph: Graph
    events: Events
    posts: Posts
    truth: Truth
    params: Mapping[str, object]

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write ``graph.csv``, ``events.csv``, ``posts.csv`` and ``truth.csv`` into a folder.

        Parameters
        ----------
        folder : path
            Made if it is not there; files of these names are replaced, each whole or not at all.

        Returns
        -------
        pathlib.Path
            The folder.

        Raises
        ------
        FolderError
            If `folder` is a file, is called like one (``town.csv``), or cannot be made or written.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     sorted(path.name for path in town(n=100, days=2, rng=7).save(folder).iterdir())
        ['events.csv', 'graph.csv', 'posts.csv', 'truth.csv']
        """
        path = Path(folder)
        shown = printable(path, 200)
        if not path.is_dir() and (path.is_file() or path.suffix.lower() in _FILE_ENDINGS):
            what = "is a file" if path.is_file() else "is called like a file"
            raise FolderError(f"{shown} {what}; a town is four tables: name a folder for them, such as 'town'")
        try:
            path.mkdir(parents=True, exist_ok=True)
            for name, columns in self._tables().items():
                write_csv(frame(columns, "pyarrow"), path / name, for_people=False)
        except (OSError, InputError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise FolderError(f"{shown} cannot be written ({why}); name another folder") from error
        return path

    def _tables(self) -> dict[str, dict[str, Any]]:
        events, posts, ids = self.events, self.posts, self.graph.ids
        follower, followed = self.graph.edges()
        counts = {name: getattr(posts, name) for name in ("likes", "comments", "shares", "views", "impressions")}
        return {
            "graph.csv": {"follower": _names_of(ids, follower), "followed": _names_of(ids, followed)},
            "events.csv": {
                "actor": _names_of(events.accounts, events.actor),
                "action": _words(events.actions, events.action),
                "target": _names_of(events.accounts, events.target),
                "post": events.post,
                "time": _iso(events.time),
            },
            "posts.csv": {
                "account": _names_of(posts.accounts, posts.account),
                "post": np.arange(posts.account.size),
                "time": _iso(posts.time),
                **{name: values.astype(np.int64) for name, values in counts.items()},
                "followers": posts.followers.astype(np.int64),
            },
            "truth.csv": self.truth.columns(),
        }

    def __repr__(self) -> str:
        kinds = ", ".join(f"{int(self.truth.is_kind(name).sum()):,} {name}" for name in KINDS)
        return (
            f"Town of {self.graph.n_nodes:,} accounts: {kinds}\n{self.graph.n_edges:,} follows, "
            f"{self.posts.account.size:,} posts, {self.events.n_events:,} events"
        )


def town_in(folder: str | os.PathLike[str]) -> bool:
    """Whether a folder holds a town's files, which :meth:`Town.save` would replace.

    Raises
    ------
    FolderError
        If it holds a file of such a name and not a town's truth: somebody else's, not to be replaced.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     before, _, after = town_in(folder), town(n=100, days=2, rng=7).save(folder), town_in(folder)
    >>> before, after
    (False, True)
    """
    path = Path(folder)
    there = [name for name in FILES if (path / name).exists()]
    if not there:
        return False
    try:
        with open(path / FILES[-1], "rb") as file:
            head = file.readline(1000).decode(errors="replace").strip().replace('"', "")
    except OSError:
        head = ""
    if head != ",".join(TRUTH):
        raise FolderError(
            f"{printable(path, 200)} holds {' and '.join(there)}, which generate did not make and will not replace; "
            "name another folder"
        )
    return True


# -- building one ------------------------------------------------------------------------------------------------------


@domains(
    n=Integer(50, 2**31),
    days=Interval(0, 3650, "(]"),
    history=Integer(0, 2**31),
    replays=Optional(Integer(2, 2**16)),
    hostile_names=OneOf(True, False),
)
def town(
    *,
    n: int = 10_000,
    days: float = 30,
    history: int = 0,
    replays: int | None = None,
    hostile_names: bool = False,
    rng: Rng = 7,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Town:
    """Make a town: graph, events, posts, and the truth about each account.

    Parameters
    ----------
    n : int, default=10_000
        Number of accounts, at least 50.
    days : float, default=30
        Length of the event log in days, from 2026-03-01 UTC on. Reactions after its end are not in the log.
    history : int, default=0
        Which of the town's possible months this is: the same people, follows and truth, but other posts and reactions.
        What differs between histories is the chance that a score's intervals are about.
    replays : int or None, default=None
        Replayed posts per account for the true influence. None takes 256 up to 10,000 accounts, fewer above, at
        least 16.
    hostile_names : bool, default=False
        Give a few accounts names that careless software takes for formulas, markup or commands.
    rng : int, numpy.random.Generator or None, default=7
        Randomness. None draws a key.
    engine, threads, progress
        Where and on how many threads to run, and whether to tell. They change no bit of the result.

    Returns
    -------
    Town

    Examples
    --------
    >>> t = town(n=400, rng=7)
    >>> t
    Town of 400 accounts: 274 ordinary, 4 influencer, 2 star, 100 lurker, 20 bot
    9,534 follows, 1,469 posts, 2,072 events
    >>> for kind in ("influencer", "star"):       # followers, and other people who act because of the account each day
    ...     chosen = t.truth.is_kind(kind)
    ...     print(kind, t.graph.in_degree[chosen].mean().round(1), t.truth.influence[chosen].mean().round(2))
    influencer 24.2 0.62
    star 142.0 0.05
    """
    key = resolve_rng(rng)
    runner = resolve_engine(engine, threads)
    replays = replays or max(16, min(256, 2_560_000 // n))
    people = _people(key, n)
    ids = _handles(key, n, hostile_names)
    with track(progress, "building the town", total=3 * n) as step:
        graph = _follow(key, people, ids, runner, step)
        world = _world(key, people, graph, float(days), history)
        published = _publish(world, runner, step)
        feedback = _react(world, published, runner)
        truth = _truth(world, ids, replays, runner, step)
    events = _events(world, published, feedback, ids)
    posts = _posts(world, published, feedback, ids)
    params = {
        "n": n,
        "days": days,
        "history": history,
        "replays": replays,
        "hostile_names": hostile_names,
        "rng": key.record,
    }
    return Town(graph, events, posts, truth, params)


def _uniform(key: Key, part: str, n: int, column: int = 0) -> Floats:
    """One number in (0, 1) for each account; different parts and columns are independent."""
    out = np.empty(n)
    uniforms(key.hi, key.lo, _PURPOSE[part], np.uint64(column * n), out)
    return out


def _normal(key: Key, part: str, n: int, column: int = 0) -> Floats:
    from scipy.special import ndtri

    return np.asarray(ndtri(_uniform(key, part, n, column)), np.float64)


class _People(NamedTuple):
    kind: npt.NDArray[np.uint8]
    community: npt.NDArray[np.uint32]
    client: npt.NDArray[np.uint32]
    follows: npt.NDArray[np.uint32]
    attraction: Floats
    posts_per_day: Floats
    heeded: Floats
    susceptible: Floats


def _people(key: Key, n: int) -> _People:
    """Draw every account's kind, community and traits."""
    order = np.argsort(_uniform(key, "kind", n), kind="stable")
    kind = np.full(n, ORDINARY, np.uint8)
    start = 0
    for which, share in _SHARES.items():
        count = max(2, round(share * n))
        kind[order[start : start + count]] = which
        start += count
    n_communities = max(2, round(n**0.45 / 3))
    size = np.exp(0.8 * _normal(key, "community", n_communities, 1))
    cumulative = np.cumsum(size) / size.sum()
    community = np.minimum(np.searchsorted(cumulative, _uniform(key, "community", n)), n_communities - 1)

    def trait(part: str, table: tuple[tuple[float, float], ...]) -> Floats:
        median, sigma = np.array(table)[kind].T
        return np.asarray(median * np.exp(sigma * _normal(key, part, n)))

    return _People(
        kind=kind,
        community=community.astype(np.uint32),
        client=_clients(key, kind),
        follows=np.clip(np.rint(trait("follows", _FOLLOWS)), 1, max(1, n // 5)).astype(np.uint32),
        attraction=_attraction(key, kind),
        posts_per_day=np.minimum(trait("rate", _POSTS_PER_DAY), 20.0),
        heeded=np.minimum(trait("heeded", _HEEDED), 0.7),
        susceptible=np.minimum(trait("susceptible", _SUSCEPTIBLE), 4.0),
    )


def _attraction(key: Key, kind: npt.NDArray[np.uint8]) -> Floats:
    """How strongly each account draws followers: heavy tails everywhere, stars far above, influencers moderate."""
    n = kind.size
    u = _uniform(key, "attraction", n)
    pareto = u ** (-1 / 1.8)
    spread = np.exp(1.1 * _normal(key, "attraction", n, 1))
    by_kind = [pareto, 4.0 * spread, 40.0 * u ** (-1 / 1.3), 0.3 * pareto, np.full(n, 0.05)]
    chosen = np.select([kind == which for which in range(len(KINDS))], by_kind)
    return np.asarray(np.minimum(chosen, 0.02 * chosen.sum()), np.float64)


def _clients(key: Key, kind: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """Each farm of bots serves one client, an ordinary account or a star."""
    client = np.full(kind.size, _NOBODY, np.uint32)
    bots = np.flatnonzero(kind == BOT)
    n_farms = -(-bots.size // _FARM)
    customers = np.flatnonzero((kind == ORDINARY) | (kind == STAR))
    weight = _uniform(key, "client", kind.size)[customers] * np.where(kind[customers] == STAR, 0.02, 1.0)
    served = customers[np.argsort(weight, kind="stable")[:n_farms]]
    client[bots] = served[(np.arange(bots.size) // _FARM) % served.size]
    return client


def _handles(key: Key, n: int, hostile_names: bool) -> Ids:
    """Distinct names that look like handles: three syllables, then digits where more than 2**18 are needed."""
    consonants, vowels = "bdfghklmnprstvzj", "aeio"
    syllables = np.frombuffer("".join(c + v for c in consonants for v in vowels).encode(), np.uint8)
    width = 6 + (len(str((n - 1) >> 18)) if n > 1 << 18 else 0)
    offset = int(key.low ^ key.high)
    low = (np.arange(n, dtype=np.uint64) * np.uint64(0x9E3779B1) + np.uint64(offset & 0x3FFFF)) & np.uint64(0x3FFFF)
    numbers = low | (np.arange(n, dtype=np.uint64) >> np.uint64(18) << np.uint64(18))
    blob = np.empty(n * width, np.uint8)
    write_names(syllables, numbers, np.int64(width), blob)
    if not hostile_names:
        return Ids.of_strings(blob, np.arange(n + 1, dtype=np.uint64) * np.uint64(width))
    names = [blob[i * width : (i + 1) * width].tobytes() for i in range(n)]
    for i, name in enumerate(HOSTILE):
        names[(7 * i + 3) % n] = name.encode()
    ends = np.cumsum([0, *(len(name) for name in names)])
    return Ids.of_strings(np.frombuffer(b"".join(names), np.uint8), ends.astype(np.uint64))


# -- who follows whom --------------------------------------------------------------------------------------------------


class _Follow(NamedTuple):
    key: Key
    follows: npt.NDArray[np.uint32]
    community: npt.NDArray[np.uint32]
    starts: Words
    cumulative: Floats
    order: npt.NDArray[np.uint32]
    back: Floats


def _follow(key: Key, people: _People, ids: Ids, runner: Engine, step: Step) -> Graph:
    n = people.kind.size
    order = np.argsort(people.community, kind="stable").astype(np.uint32)
    starts = np.concatenate(([0], np.cumsum(np.bincount(people.community)))).astype(np.uint64)
    cumulative = np.concatenate(([0.0], np.cumsum(people.attraction[order])))
    back = np.array(_FOLLOWS_BACK)[people.kind]
    task = _Follow(key, people.follows, people.community, starts, cumulative, order, back)
    parts = list(runner.map(_follow_rows, task, chunk_bounds(n, _ACCOUNTS_PER_CHUNK), step=step))
    u, v = zip(*parts, _bot_follows(people), strict=True)
    return Graph.from_edges(np.concatenate(u), np.concatenate(v), n_nodes=n, ids=ids)


def _follow_rows(task: _Follow, start: int, stop: int) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    room = 2 * int(task.follows[start:stop].sum())
    u, v = np.empty(room, np.uint32), np.empty(room, np.uint32)
    head = (task.key.hi, task.key.lo, _PURPOSE["arcs"], np.uint64(start), np.uint64(stop))
    attraction = (task.follows, task.community, task.starts, task.cumulative, task.order)
    count = int(follow_arcs(*head, *attraction, _AT_HOME, task.back, u, v))
    return u[:count].copy(), v[:count].copy()


def _bot_follows(people: _People) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """Every bot follows its client and the rest of its farm."""
    bots = np.flatnonzero(people.kind == BOT).astype(np.uint32)
    place = np.arange(bots.size)
    mates = place[:, None] // _FARM * _FARM + np.arange(_FARM)
    known = (mates < bots.size) & (mates != place[:, None])
    u = np.concatenate((bots, np.repeat(bots, known.sum(axis=1))))
    return u, np.concatenate((people.client[bots], bots[mates[known]]))


# -- posts and reactions -----------------------------------------------------------------------------------------------


class _World(NamedTuple):
    """Everything that posting and reacting depend on: pure data."""

    key: Key
    graph: Graph
    people: _People
    days: float
    history: int
    heeded: Floats
    receptive: npt.NDArray[np.float32]
    interest: npt.NDArray[np.float32]  # cumulative over the topics
    rhythm: Floats
    qualities: Floats
    tiredness: Floats
    delays: Floats
    bot_delays: Floats

    def rules(self) -> tuple[npt.NDArray[Any], ...]:
        """The first arguments of the kernel :func:`react`, read-only wherever this was unpickled."""
        traits = (self.heeded, self.receptive, self.interest, self.people.client)
        return self.graph.in_indptr, self.graph.in_indices, *(read_only(trait) for trait in traits)

    def purpose(self, part: str) -> np.uint64:
        """The streams that posting and reacting draw from: other ones in each history."""
        return np.uint64(self.history << 32) + _PURPOSE[part]

    def tables(self) -> tuple[npt.NDArray[Any], ...]:
        """The tables that :func:`react` draws from."""
        return tuple(read_only(t) for t in (self.qualities, self.tiredness, self.delays, self.bot_delays))


def _world(key: Key, people: _People, graph: Graph, days: float, history: int) -> _World:
    interest = _interests(key, people)
    load = 1 / np.sqrt(1 + graph.out_degree.astype(np.float64) / 50)
    match = interest / interest.max(axis=1, keepdims=True)
    cumulative = np.cumsum(interest, axis=1) / interest.sum(axis=1, keepdims=True)
    by_hour = 1.15 - np.cos((np.arange(24) - 3.5) * (2 * math.pi / 24)) + 0.25 * np.cos(np.arange(24) * math.pi / 3)
    return _World(
        key=key,
        graph=graph,
        people=people,
        days=days,
        history=history,
        heeded=people.heeded,
        receptive=(match * (people.susceptible * load)[:, None]).astype(np.float32),
        interest=cumulative.astype(np.float32),
        rhythm=_inverse(by_hour),
        qualities=_log_normal_table(math.exp(-0.125), 0.5),  # mean 1
        tiredness=0.9 ** np.arange(12.0),
        delays=_log_normal_table(4_300 * _SECONDS_TO_DAYS, 1.3),
        bot_delays=_log_normal_table(180 * _SECONDS_TO_DAYS, 0.8),
    )


def _interests(key: Key, people: _People) -> Floats:
    """Interest in each topic: the community's taste times the account's own, positive."""
    n, n_communities = people.kind.size, int(people.community.max()) + 1
    taste = [-np.log(_uniform(key, "taste", n_communities, k)) + 0.05 for k in range(_N_TOPICS)]
    own = [np.exp(0.6 * _normal(key, "interest", n, k)) for k in range(_N_TOPICS)]
    return np.stack([shared[people.community] * mine for shared, mine in zip(taste, own, strict=True)], axis=1)


def _inverse(by_hour: Floats) -> Floats:
    """Times of day at 25 equally spaced quantiles of a density given by the hour."""
    cumulative = np.concatenate(([0.0], np.cumsum(by_hour))) / by_hour.sum()
    return np.interp(np.linspace(0, 1, 25), cumulative, np.linspace(0, 1, 25))


def _log_normal_table(median: float, sigma: float) -> Floats:
    """Quantiles of a log-normal distribution for :func:`swayrank.kernels.town.from_table`, its tails cut at 1/8192."""
    from scipy.special import ndtri

    at = np.clip(np.arange(_QUANTILES + 1) / _QUANTILES, 0.5 / _QUANTILES, 1 - 0.5 / _QUANTILES)
    return np.asarray(median * np.exp(sigma * ndtri(at)), np.float64)


class _Published(NamedTuple):
    author: npt.NDArray[np.uint32]
    time: Floats  # days
    recent: npt.NDArray[np.uint32]


def _publish(world: _World, runner: Engine, step: Step) -> _Published:
    n = world.graph.n_nodes
    parts = list(runner.map(_publish_rows, world, chunk_bounds(n, _ACCOUNTS_PER_CHUNK), step=step))
    author, time, recent = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.argsort(time, kind="stable")
    return _Published(author[order], time[order], recent[order])


def _publish_rows(world: _World, start: int, stop: int) -> _Published:
    head = (world.key.hi, world.key.lo, world.purpose("publish"), np.uint64(start), np.uint64(stop))
    rules = (world.people.posts_per_day, world.days, world.rhythm)
    count = int(publish(*head, *rules, np.empty(0, np.uint32), np.empty(0), np.empty(0, np.uint32)))
    posts = _Published(np.empty(count, np.uint32), np.empty(count), np.empty(count, np.uint32))
    publish(*head, *rules, *posts)
    return posts


class _Feedback(NamedTuple):
    who: Words  # post << 32 | account
    what: Words  # microseconds << 3 | action
    topic: npt.NDArray[np.uint8]
    views: npt.NDArray[np.uint64]
    impressions: npt.NDArray[np.uint64]


def _react(world: _World, posts: _Published, runner: Engine) -> _Feedback:
    parts = list(runner.map(_react_to, (world, posts), chunk_bounds(posts.author.size, _POSTS_PER_CHUNK)))
    parts = parts or [_react_to((world, posts), 0, 0)]
    log, topic, views, impressions = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    kept = log[1::2] >> np.uint64(3) < np.uint64(world.days * _MICROSECONDS)
    return _Feedback(log[0::2][kept], log[1::2][kept], topic, views, impressions)


def _react_to(task: tuple[_World, _Published], start: int, stop: int) -> tuple[npt.NDArray[Any], ...]:
    world, posts = task
    part = _Published(posts.author[start:stop], posts.time[start:stop], posts.recent[start:stop])
    log, _, topic, views, impressions = _replay(world, part, world.purpose("react"), start, record=True)
    return log, topic, views, impressions


def _replay(
    world: _World, posts: _Published, purpose: np.uint64, first: int, *, record: bool
) -> tuple[Words, Floats, npt.NDArray[np.uint8], Words, Words]:
    count = posts.author.size
    expected, topic = np.empty(count), np.empty(count, np.uint8)
    views, impressions = np.empty(count, np.uint64), np.empty(count, np.uint64)
    item = (world.key.hi, world.key.lo, purpose, np.uint64(first), record)
    columns = (read_only(column) for column in posts)
    log = react(*world.rules(), *columns, *world.tables(), *item, expected, topic, views, impressions)
    return log, expected, topic, views, impressions


# -- tables ------------------------------------------------------------------------------------------------------------


def _truth(world: _World, ids: Ids, replays: int, runner: Engine, step: Step) -> Truth:
    n, people = world.graph.n_nodes, world.people
    bounds = chunk_bounds(n, max(1, _REPLAYED_PER_CHUNK // replays))
    parts = list(runner.map(_replay_accounts, (world, replays), bounds, step=step))
    mean, std_error = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    rate = people.posts_per_day
    arrays = (mean * rate, std_error * rate, mean, rate, people.kind, people.community, people.client)
    return Truth(ids, *(read_only(array) for array in arrays))


def _replay_accounts(task: tuple[_World, int], start: int, stop: int) -> tuple[Floats, Floats]:
    """Mean chances per post and their standard error, over the replays of each account."""
    world, replays = task
    author = np.repeat(np.arange(start, stop, dtype=np.uint32), replays)
    recent = np.empty(author.size, np.uint32)
    first = start * replays
    busy_days(
        world.key.hi, world.key.lo, _PURPOSE["busy"], np.uint64(first), author, world.people.posts_per_day, recent
    )
    posts = _Published(author, np.zeros(author.size), recent)
    chances = _replay(world, posts, _PURPOSE["replay"], first, record=False)[1].reshape(-1, replays)
    return chances.mean(axis=1), chances.std(axis=1, ddof=1) / math.sqrt(replays)


def _events(world: _World, posts: _Published, feedback: _Feedback, ids: Ids) -> Events:
    """Posts and reactions as one table, by time; a post comes before what reacts to it in the same microsecond."""
    n_posts = posts.author.size
    published = (posts.time * _MICROSECONDS).astype(np.int64)
    post = np.concatenate((np.arange(n_posts, dtype=np.uint32), (feedback.who >> np.uint64(32)).astype(np.uint32)))
    time = np.concatenate((published, (feedback.what >> np.uint64(3)).astype(np.int64)))
    action = np.concatenate((np.zeros(n_posts, np.uint8), (feedback.what & np.uint64(7)).astype(np.uint8)))
    actor = np.concatenate((posts.author, feedback.who.astype(np.uint32)))  # the lower 32 bits
    target = np.where(action == 0, _NOBODY, posts.author[post])
    order = np.argsort(time, kind="stable")
    return Events.from_arrays(
        actor[order],
        target[order],
        _CODES[action[order]],
        accounts=ids,
        post=post[order],
        posts=Ids.of_range(n_posts),
        time=_START + time[order],
    )


def _posts(world: _World, posts: _Published, feedback: _Feedback, ids: Ids) -> Posts:
    """One row per post; likes, comments and shares count the rows of the event log."""
    n_posts = posts.author.size
    post, action = feedback.who >> np.uint64(32), feedback.what & np.uint64(7)

    def count(*names: str) -> Floats:
        chosen = np.isin(action, [_ACTIONS.index(name) for name in names])
        return np.bincount(post[chosen].astype(np.int64), minlength=n_posts).astype(np.float64)

    return Posts.from_arrays(
        posts.author,
        accounts=ids,
        post=np.arange(n_posts),
        posts=Ids.of_range(n_posts),
        time=_START + (posts.time * _MICROSECONDS).astype(np.int64),
        counts={
            "likes": count("like"),
            "comments": count("reply"),
            "shares": count("repost", "quote"),
            "views": feedback.views,
            "impressions": feedback.impressions,
            "followers": world.graph.in_degree[posts.author],
        },
    )


# -- files -------------------------------------------------------------------------------------------------------------


def _names_of(ids: Ids, positions: npt.NDArray[np.uint32]) -> Any:
    """Ids of positions as an Arrow column, null where the position is 2**32 - 1."""
    import pyarrow as pa

    return ids.to_arrow().take(pa.array(positions, mask=positions == _NOBODY))


def _words(vocabulary: tuple[str, ...], codes: npt.NDArray[np.uint8]) -> Any:
    import pyarrow as pa

    return pa.array(vocabulary).take(pa.array(codes))


def _iso(time: npt.NDArray[np.int64]) -> Any:
    """Microseconds since 1970 as UTC times that every reader knows."""
    import pyarrow as pa

    return pa.array(time).cast(pa.timestamp("us", tz="UTC"))
