"""Every engagement statistic of every account, counted in one pass: what the engagement measures and tables share.

:func:`account_profile` groups an event table by the account that each row concerns and gives ranges of accounts to the
engine. :class:`AccountProfile` holds what comes of it: 4 bytes per account for each count and 8 for each average.

Profiles of disjoint sets of accounts can be put after each other (:meth:`AccountProfile.joined`) and are then, bit for
bit, the profile of all of them, wherever each was computed; what must be whole is the group of an account.

An account's *posts* are those that an event "post" of the account names and those that an interaction with the account
names. Events on oneself are left out. A repeated row counts as often as it stands in the table.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank.engines import Engine, balanced_bounds, resolve_engine
from swayrank.errors import ParameterError
from swayrank.events import Events
from swayrank.ids import read_only
from swayrank.kernels import engagement as kernels

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Arrays = tuple[npt.NDArray[Any], ...]

_ROWS_PER_CHUNK = 1 << 20
_MOST_CHUNKS = 256

ROLES = {
    "like": kernels.APPLAUSE,
    "reply": kernels.CONVERSATION,
    "repost": kernels.AMPLIFICATION | kernels.REPOST,
    "quote": kernels.AMPLIFICATION,
    "mention": kernels.MENTION,
}
"""What the actions count as, beside counting as themselves."""


@dataclass(frozen=True, eq=False)
class AccountProfile:
    """Engagement statistics, one column of numbers per statistic.

    Attributes
    ----------
    actions : tuple of str
        The vocabulary.
    whole : numpy.ndarray of uint32, shape (n_accounts, len(actions) + len(kernels.WHOLE))
        Counts by action, then those that ``kernels.WHOLE`` names.
    real : numpy.ndarray of float64, shape (n_accounts, len(kernels.REAL))
        Averages and entropies, as ``kernels.REAL`` names them.
    self_interactions : int
        Events on oneself, which were left out.

    Examples
    --------
    >>> ev = Events.from_frame({"actor": ["bob", "cem", "bob"], "target": ["ada"] * 3, "post": ["p1", "p1", "p2"],
    ...                         "action": ["like", "repost", "like"]})
    >>> found = account_profile(ev)
    >>> found.count("like").tolist(), found.column("repeat_engagers").tolist()
    ([0, 2, 0], [0, 1, 0])
    >>> found.column("applause_mean").tolist()
    [nan, 1.0, nan]
    """

    actions: tuple[str, ...]
    whole: npt.NDArray[np.uint32]
    real: Floats
    self_interactions: int = 0

    def __len__(self) -> int:
        return len(self.whole)

    def count(self, *actions: str) -> Counts:
        """Interactions received of these actions, int64; an action that the vocabulary lacks counts zero."""
        chosen = [self.actions.index(action) for action in actions if action in self.actions]
        counts: Counts = self.whole[:, chosen].sum(axis=1, dtype=np.int64)
        return counts

    @property
    def total(self) -> Counts:
        """Interactions received of all actions, int64."""
        counts: Counts = self.whole[:, : len(self.actions)].sum(axis=1, dtype=np.int64)
        return counts

    def column(self, name: str) -> npt.NDArray[Any]:
        """One statistic by its name in ``kernels.WHOLE`` (int64) or ``kernels.REAL`` (float64)."""
        if name in kernels.REAL:
            return np.ascontiguousarray(self.real[:, kernels.REAL.index(name)])
        return self.whole[:, len(self.actions) + kernels.WHOLE.index(name)].astype(np.int64)

    def share(self, name: str, of: str) -> Floats:
        """One count as a share of another; NaN where the other is zero."""
        return ratio(self.column(name), self.column(of))

    def columns(self, by_action: Mapping[str, Counts] | None = None) -> dict[str, npt.NDArray[Any]]:
        """All statistics as the columns of :func:`swayrank.engagement_table`, but for the accounts' names.

        Parameters
        ----------
        by_action : mapping of str to numpy.ndarray of int64, optional
            Counts of all actions to be shown; by default those received.
        """
        counts = {name: self.count(name) for name in self.actions} if by_action is None else by_action
        first = ("distinct_engagers", "posts_published", "repeat_engagers")
        last = [name for name in kernels.WHOLE if name not in first]
        figures: dict[str, npt.NDArray[Any]] = {
            "total": np.sum(np.stack(list(counts.values())), axis=0),
            **{name: self.column(name) for name in first},
            "repeat_engager_share": self.share("repeat_engagers", "distinct_engagers"),
            **{name: self.column(name) for name in last},
            **{name: self.column(name) for name in kernels.REAL},
            "effective_engagers": self.effective_engagers,
            "reply_like_ratio": ratio(self.count("reply"), self.count("like")),
        }
        return {**action_columns(counts, {"account", *figures}), **figures}

    @property
    def effective_engagers(self) -> Floats:
        """The exponential of the entropy of engagers; 0 where there are none."""
        anybody = self.column("distinct_engagers") > 0
        return np.where(anybody, np.exp(self.column("engager_entropy")), 0.0)

    @classmethod
    def joined(cls, parts: Sequence[AccountProfile]) -> AccountProfile:
        """The profiles of disjoint accounts, one after the other.

        Parameters
        ----------
        parts : sequence of AccountProfile
            At least one, all of one vocabulary.

        Raises
        ------
        ParameterError
            If there are none, or vocabularies differ.
        """
        if not parts or any(part.actions != parts[0].actions for part in parts):
            raise ParameterError(f"parts must be profiles of one vocabulary, got {len(parts)}")
        return cls(
            parts[0].actions,
            np.concatenate([part.whole for part in parts]),
            np.concatenate([part.real for part in parts]),
            sum(part.self_interactions for part in parts),
        )


def action_columns(counts: Mapping[str, Counts], taken: Collection[str]) -> dict[str, Counts]:
    """The counts of the actions that occur, by column: an action whose name is `taken` is ``<name>_reactions``."""
    return {f"{name}_reactions" if name in taken else name: n for name, n in counts.items() if n.any()}


def ratio(part: npt.NDArray[Any], whole: npt.NDArray[Any]) -> Floats:
    """Part by whole; NaN where the whole is zero.

    >>> ratio(np.array([1, 0, 3]), np.array([2, 0, 0])).tolist()
    [0.5, nan, nan]
    """
    found = np.full(part.shape, np.nan)
    np.divide(part, whole, out=found, where=whole != 0)
    return found


def distinct(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The different keys, ascending. (numpy.unique hashes, which takes thirty times as long on millions.)

    >>> distinct(np.array([7, 3, 7], np.uint64)).tolist()
    [3, 7]
    """
    ascending = np.sort(keys)
    first = np.ones(keys.size, np.bool_)
    first[1:] = ascending[1:] != ascending[:-1]
    return ascending[first]


def account_profile(
    events: Events, *, engine: str | Engine = "local", threads: int | None = None, progress: Progress = None
) -> AccountProfile:
    """Count everything that is counted per account.

    Parameters
    ----------
    events : Events
        Who did what to whom.
    engine : str or Engine, default="local"
        Where it runs; changes no bit.
    threads : int or None, default=None
        How many; changes no bit.
    progress : bool, callable or None, default=None
        Progress, see :mod:`swayrank._progress`.

    Returns
    -------
    AccountProfile
        One row per account of ``events.accounts``.

    Notes
    -----
    O(rows). Memory: 9 bytes per row that concerns an account, about 180 per account, and the scratch of
    :mod:`swayrank.kernels.engagement` for each thread.
    """
    *grouped, n_self = rows_by_account(events)
    sizes = len(events.accounts), len(events.posts)
    found = profile_grouped(tuple(grouped), events.actions, sizes, engine=engine, threads=threads, progress=progress)
    return replace(found, self_interactions=n_self)


def rows_by_account(events: Events) -> tuple[Any, ...]:
    """Group the rows by the account that they concern.

    Returns
    -------
    indptr : numpy.ndarray of uint64, shape (n_accounts + 1,)
    actors, posts : numpy.ndarray of uint32
    actions : numpy.ndarray of uint8
        The rows of account a are those from ``indptr[a]`` to ``indptr[a + 1]``: the interactions that it received, and
        its own events "post" with the action ``kernels.OWN``.
    n_self : int
        Events on oneself, which are in no group.
    """
    actor, target, action = read_only(events.actor), read_only(events.target), read_only(events.action)
    post_action = np.uint8(events.actions.index("post")) if "post" in events.actions else kernels.OWN
    indptr = np.zeros(len(events.accounts) + 1, np.uint64)
    n_self = kernels.account_sizes(actor, target, action, post_action, indptr)
    n_rows = int(indptr[-1])
    columns = np.empty(n_rows, np.uint32), np.empty(n_rows, np.uint32), np.empty(n_rows, np.uint8)
    kernels.account_fill(actor, target, action, read_only(events.post), post_action, indptr.copy(), *columns)
    return indptr, *columns, int(n_self)


def profile_grouped(
    grouped: Arrays,
    actions: tuple[str, ...],
    sizes: tuple[int, int],
    *,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> AccountProfile:
    """Count everything of rows that are grouped already, such as those of a part of the accounts.

    Parameters
    ----------
    grouped : (indptr, actors, posts, actions)
        As :func:`rows_by_account` gives them.
    actions : tuple of str
        The vocabulary.
    sizes : (n_actors, n_posts)
        One more than the highest position among actors and posts; only whether positions are equal matters.
    engine, threads, progress
        As for :func:`account_profile`.
    """
    indptr = grouped[0]
    n = indptr.size - 1
    roles = read_only(np.array([ROLES.get(action, 0) for action in actions], np.uint8))
    bounds = balanced_bounds(indptr, min(_MOST_CHUNKS, 1 + int(indptr[-1]) // _ROWS_PER_CHUNK))
    whole = np.empty((n, len(actions) + len(kernels.WHOLE)), np.uint32)
    real = np.empty((n, len(kernels.REAL)), np.float64)
    inputs = (tuple(read_only(array) for array in grouped), roles, sizes)
    runner = resolve_engine(engine, threads)
    with track(progress, "counting engagement", n) as step:
        done = 0
        for some_whole, some_real in runner.map(_profile_chunk, inputs, bounds, step=step):
            stop = done + len(some_whole)
            whole[done:stop], real[done:stop] = some_whole, some_real
            done = stop
    return AccountProfile(tuple(actions), read_only(whole), read_only(real))


def _profile_chunk(inputs: Any, start: int, stop: int) -> tuple[npt.NDArray[np.uint32], Floats]:
    """The statistics of the accounts `start`, ..., `stop` - 1."""
    grouped, roles, (n_actors, n_posts) = inputs
    grouped = tuple(read_only(array) for array in grouped)  # pickling forgets it, and kernels have one signature
    largest = int(np.diff(grouped[0][start : stop + 1]).max(initial=np.uint64(0))) + 1
    whole = np.zeros((stop - start, roles.size + len(kernels.WHOLE)), np.uint32)
    real = np.zeros((stop - start, len(kernels.REAL)), np.float64)
    kernels.profile_accounts(
        *grouped,
        read_only(roles),
        np.uint64(start),
        np.uint64(stop),
        np.zeros(n_actors, np.uint32),
        np.zeros(n_posts, np.uint32),
        np.empty((largest, kernels.ENGAGER_WIDTH), np.uint32),
        np.empty((largest, kernels.POST_WIDTH), np.uint32),
        np.zeros(largest, np.uint32),
        whole,
        real,
    )
    return whole, real
