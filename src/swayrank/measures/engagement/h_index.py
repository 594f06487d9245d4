"""h-index of reposts: how many posts were reposted often, not how often one post was.

Definition (Hirsch 2005, with posts for papers and reposts for citations): an account has index h if h of its posts were
reposted at least h times each, and h is the largest such number. One post that everybody shared gives 1.

A repost counts for the post named in its row and for the account that is its target. Rows that name no post cannot be
told apart by post: they count for nothing, and ``params["without_post"]`` says how many there were. Events on oneself
are left out (``params["self_interactions"]``). Repeated rows count as often as they stand in the table.

Exact integers. Cost: O(rows); memory 4 bytes per repost, 4 per post and 8 per account.

Source: Hirsch (2005), "An index to quantify an individual's scientific research output", doi:10.1073/pnas.0507655102.
"""

from __future__ import annotations

import math

import numpy as np

from swayrank.events import Events
from swayrank.kernels.counts import NOBODY, h_indices
from swayrank.measures._measure import Measure
from swayrank.measures.engagement._actions import action_mask
from swayrank.measures.engagement.counts import by_target
from swayrank.measures.registry import register


@register(
    name="h_index",
    needs="events",
    reads="none",
    exact=True,
    cost="O(events)",
    citation="Hirsch 2005, doi:10.1073/pnas.0507655102",
)
def h_index(events: Events, *, action: str = "repost") -> Measure:
    """Find the largest h such that h posts of the account were reposted at least h times each.

    Parameters
    ----------
    events : Events
        Who did what to whom, with the post that each repost shares.
    action : str, default="repost"
        The action that counts, such as "like" for an h-index of likes.

    Returns
    -------
    Measure
        int64 indices, exact; `params` also holds ``without_post`` and ``self_interactions``, the numbers of events
        left out.

    Raises
    ------
    ParameterError
        For an unknown action.

    References
    ----------
    Hirsch (2005), doi:10.1073/pnas.0507655102

    Examples
    --------
    Two posts of ada were reposted twice or more, but not three posts three times:

    >>> import swayrank as sr
    >>> ev = sr.Events.from_frame({
    ...     "actor": ["bob", "cem", "dan", "bob", "cem", "dan"], "target": ["ada"] * 6, "action": ["repost"] * 6,
    ...     "post": ["p1", "p1", "p1", "p2", "p2", "p3"]})
    >>> sr.h_index(ev).value("ada")
    2
    """
    indptr, posts, n_self = by_target(events, action_mask(events, action), events.post)
    largest = int(np.diff(indptr).max(initial=np.uint64(0)))
    h = np.zeros(len(events.accounts), np.int64)
    h_indices(indptr, posts, np.zeros(len(events.posts), np.uint32), np.zeros(math.isqrt(largest) + 1, np.uint32), h)
    left_out = {"without_post": int(np.count_nonzero(posts == NOBODY)), "self_interactions": n_self}
    return Measure("h_index", h, events.accounts, left_out)
