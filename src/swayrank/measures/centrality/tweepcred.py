r"""Tweepcred: Twitter's reputation of an account, from 0 to 100, as its published source computes it.

Definition (Twitter 2023, ``graph/batch/job/tweepcred`` of the published source), in three steps:

1. *Mass*: what an account brings with it, from its age, device, standing and the ratio of followed to followers
   (:func:`tweepcred_mass`), scaled to sum 1.
2. *Weighted PageRank* along the arcs with a jump to the masses of probability 0.1, the rank of accounts that follow
   nobody being dealt out to all alike: :func:`swayrank.pagerank` with ``damping=0.9``, ``personalization=mass`` and
   ``dangling="uniform"``.
3. *Adjustment and scale*: the rank of one who follows more than 2500 accounts is divided by

   .. math:: \min\!\big(50, \max(1, e^{3 (\rho - 1) \ln \ln f})\big), \qquad \rho = (1 + f) / (1 + k)

   with f followed and k followers; ranks are scaled to sum 1 again, and the score is :math:`130 + 5.21 \ln x`, rounded
   (halves to even) and cut to [0, 100]; 0 where x is below 1e-20.

All constants are in :data:`TWEEPCRED`; `constants` changes some. The published job stops after 20 passes or when the
rank moves by less than 0.001; here `tol` bounds the L1 distance of the PageRank to the exact one.

The scale is made for hundreds of millions of accounts: according to the source, the line was fitted so that the highest
rank gets 95 and the lowest 15. On a graph of n accounts the mean rank 1 / n has the score 130 - 5.21 ln n: 82 for ten
thousand, and 100, like all that is above it, for 300 and fewer. ``scale="mass"`` gives the adjusted ranks themselves;
``constants={"intercept": ..., "slope": ...}`` another line.

`error_bound` holds for each score: with ``scale="score"`` it is 0 where no score could round to another number within
the bound of PageRank, else the number of points it could be off.

Cost: that of PageRank, and O(n).

Source: Twitter (2023), https://github.com/twitter/the-algorithm, src/scala/com/twitter/graph/batch/job/tweepcred:
UserMass, WeightedPageRank, Reputation, ExtractTweepcred.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress
from swayrank._validate import Integer, Interval, OneOf, Optional, domains
from swayrank.engines import Engine
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.centrality._weights import Floats
from swayrank.measures.centrality.pagerank import pagerank
from swayrank.measures.registry import register

TWEEPCRED: Mapping[str, float] = MappingProxyType(
    {
        # UserMass
        "device_weight": 0.5,
        "full_age_days": 30.0,
        "age_scale_days": 15.0,
        "least_standing": 0.01,
        "restricted_factor": 0.1,
        "verified_mass": 100.0,
        "mass_followed": 500.0,
        "mass_ratio": 0.6,
        "mass_steepness": 5.0,
        # WeightedPageRank
        "jump": 0.1,
        # Reputation
        "score_followed": 2500.0,
        "score_ratio": 1.0,
        "score_steepness": 3.0,
        "most_division": 50.0,
        "intercept": 130.0,
        "slope": 5.21,
        "least_rank": 1e-20,
    }
)
"""Twitter's published constants. Above `mass_followed` accounts followed and a ratio of followed to followers above
`mass_ratio`, masses are reduced with `mass_steepness`; the same three of ``score_`` reduce ranks, by `most_division` at
the most."""

_NS_PER_STEP = 2.0
_USUAL_PASSES = 40


def _work(graph: Graph, params: Mapping[str, Any]) -> Work:
    n, m = graph.n_nodes, graph.n_edges
    return Work(_USUAL_PASSES * (n + m), _NS_PER_STEP, 64.0 * n + (16.0 * m if params["weight"] else 0.0))


@register(
    name="tweepcred",
    needs="graph",
    reads="along",
    exact=True,
    cost="O(m) per pass",
    citation="Twitter 2023, github.com/twitter/the-algorithm, graph/batch/job/tweepcred",
    work=_work,
)
@domains(
    scale=OneOf("score", "mass"),
    tol=Interval(0, math.inf, "()"),
    max_iter=Optional(Integer(1)),
)
def tweepcred(
    graph: Graph,
    *,
    mass: Mapping[Any, float] | npt.ArrayLike | None = None,
    weight: str | None = None,
    scale: str = "score",
    constants: Mapping[str, float] | None = None,
    tol: float = 1e-8,
    max_iter: int | None = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Score an account's reputation from 0 to 100 as Twitter did: PageRank from what is known of each, on a log scale.

    Read along the arcs: an account scores high that many follow, or reputable accounts, and that follows few itself.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    mass : mapping of id to float, array_like of shape (n_nodes,), or None, default=None
        What each account brings, >= 0, as :func:`tweepcred_mass` makes it. None is that of an account of full age with
        a device, neither verified nor restricted, with the followers and followed that the graph shows.
    weight : str or None, default=None
        Column of arc weights, finite and >= 0; rank is passed on in proportion. None weighs arcs equally.
    scale : {"score", "mass"}, default="score"
        Whole points from 0 to 100, or the adjusted ranks, which sum to 1.
    constants : mapping of str to float or None, default=None
        Numbers that replace those of :data:`TWEEPCRED`. None replaces none.
    tol : float, default=1e-8
        Bound on the L1 distance of the PageRank to the exact one, greater than 0.
    max_iter : int or None, default=None
        Most passes allowed, at least 1. None allows as many as the bound can need.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.
    progress : bool, callable or None, default=None
        Show the passes done.

    Returns
    -------
    Measure
        float64 scores, with `error_bound` (no score is farther off than that) and `n_iter`; ``params["constants"]``
        holds all constants.

    Raises
    ------
    ParameterError
        For a parameter outside its domain, an unknown constant, masses of the wrong shape, negative or without a sum,
        and a column that is not there or not >= 0.
    UnknownAccountError
        If `mass` names an account that the graph lacks.
    ConvergenceError
        If `max_iter` passes do not reach `tol`.

    Notes
    -----
    Followers and followed are counted in the graph; the published job takes them from the accounts' profiles.

    References
    ----------
    Twitter (2023), https://github.com/twitter/the-algorithm, src/scala/com/twitter/graph/batch/job/tweepcred

    Examples
    --------
    On three accounts the published line is far above 100; one that is made for them tells them apart:

    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["bob", "cem", "cem"], ["ada", "ada", "bob"])
    >>> sr.measure(g, "tweepcred").values
    array([100., 100., 100.])
    >>> sr.measure(g, "tweepcred", constants={"intercept": 100, "slope": 20}).top(3)
    rank  account  tweepcred
       1  ada             87
       2  bob             74
       3  cem             67
    """
    numbers = _numbers(constants)
    stated = {"constants": dict(numbers)}
    if graph.n_nodes == 0:
        return Measure("tweepcred", np.zeros(0), graph.ids, stated, error_bound=0.0, n_iter=0)
    followers, followed = graph.in_degree, graph.out_degree
    ranks = pagerank(
        graph,
        damping=1 - numbers["jump"],
        personalization=tweepcred_mass(followers, followed, constants=constants) if mass is None else mass,
        dangling="uniform",
        weight=weight,
        tol=tol,
        max_iter=max_iter,
        engine=engine,
        threads=threads,
        progress=progress,
    )
    low, value, high = _adjusted(ranks, _divisor(followers, followed, numbers))
    if scale == "score":
        low, value, high = (_score(masses, numbers) for masses in (low, value, high))
    error = float(np.maximum(high - value, value - low).max())
    return Measure("tweepcred", value, graph.ids, stated, error_bound=error, n_iter=ranks.n_iter)


def tweepcred_mass(
    followers: npt.ArrayLike,
    followed: npt.ArrayLike,
    *,
    age_days: npt.ArrayLike = math.inf,
    device: npt.ArrayLike = True,
    verified: npt.ArrayLike = False,
    restricted: npt.ArrayLike = False,
    suspended: npt.ArrayLike = False,
    constants: Mapping[str, float] | None = None,
) -> Floats:
    """Turn what is known of accounts into the masses that Tweepcred starts from, 0 to 100.

    Parameters
    ----------
    followers, followed : array_like of int
        How many accounts follow each account, and how many it follows, >= 0. Scalars and arrays go together.
    age_days : array_like of float, default=inf
        Days since the account was made, >= 0.
    device : array_like of bool, default=True
        Whether a device for messages is known.
    verified, restricted, suspended : array_like of bool, default=False
        The account's standing.
    constants : mapping of str to float or None, default=None
        Numbers that replace those of :data:`TWEEPCRED`. None replaces none.

    Returns
    -------
    numpy.ndarray of float64
        Masses >= 0, not scaled.

    Raises
    ------
    ParameterError
        For an unknown constant, and for numbers below 0.

    Examples
    --------
    A veteran, a newcomer without a device, a verified account, and one that follows too many:

    >>> from swayrank.measures.centrality.tweepcred import tweepcred_mass
    >>> tweepcred_mass(
    ...     [100, 3, 9000, 1000], [100, 40, 20, 2000], age_days=[900, 2, 900, 900],
    ...     device=[True, False, True, True], verified=[False, False, True, False],
    ... ).round(3)
    array([5.5e+01, 1.0e+00, 1.0e+02, 5.0e-02])
    """
    numbers = _numbers(constants)
    counts = [np.asarray(values, dtype=np.float64) for values in (followers, followed, age_days)]
    for name, values in zip(("followers", "followed", "age_days"), counts, strict=True):
        if not (values >= 0).all():
            raise ParameterError(f"{name} must be numbers >= 0, got {values.min():g}")
    n_followers, n_followed, age = counts
    standing = numbers["device_weight"] * (0.1 + np.asarray(device, dtype=bool))
    grown = np.minimum(1.0, np.log1p(age / numbers["age_scale_days"]))
    standing = standing * np.where(age > numbers["full_age_days"], 1.0, grown)
    standing = np.maximum(standing, numbers["least_standing"])
    standing = np.where(np.asarray(restricted, dtype=bool), standing * numbers["restricted_factor"], standing)
    masses = np.where(np.asarray(verified, dtype=bool), numbers["verified_mass"], 100 * np.clip(standing, 0.0, 1.0))
    masses = np.where(np.asarray(suspended, dtype=bool), 0.0, masses)
    excess = np.maximum(0.0, (1 + n_followed) / (1 + n_followers) - numbers["mass_ratio"])
    reduced = masses * np.exp(-numbers["mass_steepness"] * excess)
    result: Floats = np.where(n_followed > numbers["mass_followed"], reduced, masses)
    return result


def _numbers(constants: Mapping[str, float] | None) -> dict[str, float]:
    """The published constants, with those given in their places."""
    numbers = dict(TWEEPCRED)
    if constants is not None and not isinstance(constants, Mapping):
        raise ParameterError(f"constants must be a mapping of name to number, got {constants!r}")
    for name, number in (constants or {}).items():
        if name not in numbers:
            raise ParameterError(f"constants has no {name!r}; there are: {', '.join(numbers)}")
        if not (isinstance(number, int | float) and math.isfinite(number) and number >= 0):
            raise ParameterError(f"constants must be finite numbers >= 0, got {number!r} for {name!r}")
        numbers[name] = float(number)
    if not 0 < numbers["jump"] <= 1:
        raise ParameterError(f"constants: 'jump' must be in (0, 1], got {numbers['jump']:g}")
    return numbers


def _divisor(followers: npt.NDArray[Any], followed: npt.NDArray[Any], numbers: Mapping[str, float]) -> Floats:
    """What the rank of each account is divided by, 1 and more."""
    f = followed.astype(np.float64)
    ratio = (1 + f) / (1 + followers.astype(np.float64))
    # The logarithm of a logarithm wants more than e; so few accounts followed are no case for division anyway.
    exponent = numbers["score_steepness"] * (ratio - numbers["score_ratio"]) * np.log(np.log(np.maximum(f, 3.0)))
    most = math.log(max(1.0, numbers["most_division"]))
    divisor: Floats = np.where(f > numbers["score_followed"], np.exp(np.clip(exponent, 0.0, most)), 1.0)
    return divisor


def _adjusted(ranks: Measure, divisor: Floats) -> tuple[Floats, Floats, Floats]:
    """The divided ranks, scaled to sum 1, between what they are at least and at most."""
    error = ranks.error_bound or 0.0
    divided = ranks.values / divisor
    total = float(divided.sum())
    low = np.maximum(0.0, divided - error) / (total + error)
    high = np.minimum(1.0, (divided + error) / (total - error)) if total > error else np.ones_like(divided)
    return low, divided / total, high


def _score(masses: Floats, numbers: Mapping[str, float]) -> Floats:
    """Whole points from 0 to 100."""
    seen = masses >= numbers["least_rank"]
    logs = np.log(masses, out=np.zeros_like(masses), where=seen & (masses > 0))
    points: Floats = np.clip(np.rint(numbers["intercept"] + numbers["slope"] * logs), 0.0, 100.0)
    return np.where(seen & (masses > 0), points, 0.0)
