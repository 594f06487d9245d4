r"""Rates that small samples cannot fool: empirical Bayes, with intervals that know how unlike a person's posts are.

An account of one post and 3 likes in 4 views has no rate of 75 %. Its *shrunk* rate lies between what it showed and
what its peers show, the nearer to the peers the less it showed. Two models, per post j of account i with count k, known
opportunities n and the account's own rate :math:`\theta_i`:

- ``beta_binomial``: k cannot exceed n (impressions, reach, views). :math:`\theta_i \sim Beta(a, b)`; between the posts
  of one account the rate varies with intraclass correlation :math:`\rho`, so that
  :math:`Var(k/n) = \theta(1-\theta)\,(1 + (n-1)\rho)/n` (Williams 1982).
- ``gamma_poisson``: k may exceed n (followers, or n = 1: counts per post). :math:`\theta_i \sim Gamma(a, b)`; posts
  vary with squared coefficient of variation :math:`\delta`: :math:`Var(k/n) = \theta/n + \delta\theta^2`.

Steps, for each peer tier:

1. *Between posts.* :math:`\rho` or :math:`\delta` is where the Pearson statistic of posts around their accounts equals
   its degrees of freedom (Williams 1982); 0 where they vary no more than by chance. It turns n into *effective*
   opportunities: :math:`m = n/(1+(n-1)\rho)`, or :math:`n/(1+n\delta E\theta^2/E\theta)` (Rao & Scott 1992). A hundred
   thousand views of one post are one post, not a hundred thousand witnesses.
2. *Between accounts.* (a, b) maximises the marginal likelihood of the accounts' effective counts: beta-binomial
   (Young-Xu & Chan 2008) or negative binomial, whose mean is then that of all posts by effective opportunities. The
   prior's strength (a + b, or b) is held below all the evidence of the tier: where accounts do not differ more than by
   chance, everybody has the common rate, known as well as the tier knows it, and no better.
3. *The posterior* of :math:`\theta_i` is summed up on a grid: prior times the likelihood of the account's total,
   beta-binomial or negative binomial with the variance that the effective opportunities say. An account whose own posts
   vary more than the tier's gets a wider one, by its variation moderated towards the tier's (Smyth 2004); posts that
   vary less narrow nothing: among skewed counts a calm sample is a lucky one.
4. *The value* is the mean of that posterior, and *the interval* its middle. Where posts vary by chance alone the value
   is the credibility mean :math:`Z\hat\theta + (1-Z)\,E\theta`, :math:`Z = M/(M + strength)`, M being the account's
   effective opportunities and :math:`\hat\theta` the mean of its posts weighted by them (Bühlmann & Straub 1970);
   where they vary more, a high :math:`\hat\theta` of few posts is drawn further down than that, for it is more likely
   one lucky post. The mean of a very lopsided posterior may lie outside a narrow middle (``confidence=0.5``):
   nothing is clamped.

Tiers with fewer than 20 accounts take the whole network's prior; a network with fewer than 10, or where nobody reacted
or everybody did, takes one of *unit information*: the pooled rate, as strong as one mean post (Kass & Wasserman 1995),
or half a reaction where that is more. Where no account has two posts, nobody can tell how posts vary: intervals then
hold for the posts at hand (`accounts_with_two_posts` among the parameters says so). Accounts without data have no rate:
NaN. Priors of tiers above 20,000 accounts are fitted on every k-th account in order of evidence. The prior's own
uncertainty is not in the interval, which matters only below some 50 accounts.

Nothing is drawn at random, and every sum is taken in an order that does not depend on that of the rows. Cost: O(rows
log rows), and some 30 microseconds per account for the interval; memory 100 bytes per row.

Sources: Robbins (1956), "An empirical Bayes approach to statistics"; Morris (1983), "Parametric empirical Bayes
inference", doi:10.1080/01621459.1983.10477920; Williams (1982), "Extra-binomial variation in logistic linear models",
doi:10.2307/2347977; Rao & Scott (1992), "A simple method for the analysis of clustered binary data",
doi:10.2307/2532311; Young-Xu & Chan (2008), "Pooling overdispersed binomial data to estimate event rate",
doi:10.1186/1471-2288-8-58; Smyth (2004), "Linear models and empirical Bayes methods for assessing differential
expression", doi:10.2202/1544-6115.1027; Kass & Wasserman (1995), "A reference Bayesian test for nested hypotheses",
doi:10.1080/01621459.1995.10476592.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank.measures.engagement.posteriors import mean_and_middle

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FEWEST_IN_TIER, FEWEST_IN_NETWORK = 20, 10
_MOST_FITTED = 20_000
_ACCOUNTS_AT_ONCE = 4096


@dataclass(frozen=True, eq=False)
class PostRates:
    """Counts and opportunities per post, one row each, in an order that the contents alone determine.

    Attributes
    ----------
    account : numpy.ndarray of int64, shape (n_rows,)
        Position of the account; ascending.
    count, opportunities : numpy.ndarray of float64, shape (n_rows,)
        Count >= 0 and opportunities > 0; within an account ascending by opportunities, then count.
    n_accounts : int
        How many accounts there are, with rows or without.
    """

    account: Ints
    count: Floats
    opportunities: Floats
    n_accounts: int

    @classmethod
    def of(cls, account: npt.ArrayLike, count: npt.ArrayLike, opportunities: npt.ArrayLike, n: int) -> PostRates:
        """Rows in any order, brought into that one."""
        columns = np.asarray(account, np.int64), np.asarray(count, float), np.asarray(opportunities, float)
        order = cls.order(*columns)
        return cls(columns[0][order], columns[1][order], columns[2][order], n)

    @staticmethod
    def order(account: npt.ArrayLike, count: npt.ArrayLike, opportunities: npt.ArrayLike) -> npt.NDArray[np.intp]:
        """Which of the given rows stands in each place."""
        return np.lexsort((np.asarray(count), np.asarray(opportunities), np.asarray(account)))

    def sums(self, values: Floats) -> Floats:
        """Sums of a row's figure per account."""
        return np.bincount(self.account, weights=values, minlength=self.n_accounts).astype(np.float64)

    @property
    def n_rows(self) -> Ints:
        """Rows per account."""
        return np.bincount(self.account, minlength=self.n_accounts).astype(np.int64)

    def among(self, chosen: npt.NDArray[np.bool_]) -> PostRates:
        """The rows of the chosen accounts alone, with positions kept."""
        rows = chosen[self.account]
        return PostRates(self.account[rows], self.count[rows], self.opportunities[rows], self.n_accounts)


@dataclass(frozen=True)
class Prior:
    """What peers show: the distribution of rates in a tier, and how much one account's posts vary.

    Attributes
    ----------
    model : str
        "beta_binomial" or "gamma_poisson".
    a, b : float
        Beta(a, b), or Gamma with shape a and rate b.
    between_posts : float
        rho or delta of the module's docstring; 0 where posts vary by chance alone.
    moderation : float
        Degrees of freedom by which an account's own variation is moderated; inf: all vary alike.
    n_accounts, n_repeated : int
        Accounts with data in the tier (or network) that it was fitted on, and how many of them have two posts or more:
        they alone tell how posts vary.
    source : str
        "tier", "network" or "unit information".
    """

    model: str
    a: float
    b: float
    between_posts: float = 0.0
    moderation: float = math.inf
    n_accounts: int = 0
    n_repeated: int = 0
    source: str = "tier"

    @property
    def is_beta(self) -> bool:
        """Whether counts cannot exceed opportunities."""
        return self.model == "beta_binomial"

    @property
    def mean(self) -> float:
        """The expected rate."""
        return self.a / (self.a + self.b) if self.is_beta else self.a / self.b

    @property
    def strength(self) -> float:
        """How many effective opportunities it weighs as much as."""
        return self.a + self.b if self.is_beta else self.b

    def effective(self, opportunities: Floats) -> Floats:
        """Effective opportunities of posts."""
        if self.is_beta:
            return _clustered(opportunities, self.between_posts)
        return opportunities / (1.0 + self._per_opportunity * opportunities)

    @property
    def _per_opportunity(self) -> float:
        return self.between_posts * (self.a + 1.0) / self.b  # delta E[theta^2] / E[theta]

    def recorded(self) -> dict[str, object]:
        """The figures for a measure's parameters."""
        moderation = None if math.isinf(self.moderation) else self.moderation
        return {
            "a": self.a,
            "b": self.b,
            "mean": self.mean,
            "between_posts": self.between_posts,
            "moderation": moderation,
            "accounts": self.n_accounts,
            "accounts_with_two_posts": self.n_repeated,
            "from": self.source,
        }


@dataclass(frozen=True, eq=False)
class ShrunkRates:
    """Rates with intervals.

    Attributes
    ----------
    values, low, high : numpy.ndarray of float64, shape (n_accounts,)
        Shrunk rates and their intervals; NaN for accounts without data.
    weighted : numpy.ndarray of float64, shape (n_accounts,)
        What was shrunk: the mean of the account's posts, weighted by effective opportunities.
    effective : numpy.ndarray of float64, shape (n_accounts,)
        Effective opportunities.
    priors : dict of str to Prior
        By tier.
    """

    values: Floats
    low: Floats
    high: Floats
    weighted: Floats
    effective: Floats
    priors: dict[str, Prior]


def shrink(
    rows: PostRates, model: str, tier: npt.NDArray[np.intp], names: tuple[str, ...], confidence: float
) -> ShrunkRates:
    """Shrink rates towards those of their tiers.

    Parameters
    ----------
    rows : PostRates
        Counts and opportunities per post; for "beta_binomial" no count may exceed its opportunities.
    model : {"beta_binomial", "gamma_poisson"}
        See the module.
    tier : numpy.ndarray of int, shape (n_accounts,)
        Position in `names`; -1 for accounts of no known tier, which form one of their own called "unknown".
    names : tuple of str
        Names of the tiers.
    confidence : float
        Share of intervals that shall contain the true rate, in (0, 1).

    Returns
    -------
    ShrunkRates

    Examples
    --------
    >>> rows = PostRates.of([0, 0, 1], [10, 30, 1], [1000, 1000, 4], 2)
    >>> shrunk = shrink(rows, "beta_binomial", np.zeros(2, int), ("all",), 0.95)
    >>> shrunk.values.round(3).tolist(), shrunk.priors["all"].source
    ([0.021, 0.033], 'unit information')
    """
    out = [np.full(rows.n_accounts, np.nan) for _ in range(5)]
    priors = priors_of(rows, model, tier, names)
    for position, name in [*enumerate(names), (-1, "unknown")]:
        if name not in priors:
            continue
        chosen = (rows.n_rows > 0) & (tier == position)
        found = _posteriors(rows.among(chosen), priors[name], np.flatnonzero(chosen), confidence)
        for array, values in zip(out, found, strict=True):
            array[chosen] = values
    values, low, high, weighted, effective = out
    return ShrunkRates(values, low, high, weighted, effective, priors)


def priors_of(rows: PostRates, model: str, tier: npt.NDArray[np.intp], names: tuple[str, ...]) -> dict[str, Prior]:
    """What each tier shows, or the network where the tier is small; tiers without data are left out.

    Parameters
    ----------
    rows, model, tier, names
        As for :func:`shrink`.
    """
    there = rows.n_rows > 0
    whole: Prior | None = None
    priors: dict[str, Prior] = {}
    for position, name in [*enumerate(names), (-1, "unknown")]:
        chosen = there & (tier == position)
        n_chosen = int(np.count_nonzero(chosen))
        if n_chosen == 0:
            continue
        if n_chosen >= FEWEST_IN_TIER or n_chosen == np.count_nonzero(there):
            priors[name] = fit_prior(rows.among(chosen), model)
        else:
            whole = whole or _of_network(fit_prior(rows, model))
            priors[name] = whole
    return priors


def _of_network(prior: Prior) -> Prior:
    return replace(prior, source="network") if prior.source == "tier" else prior


# -- the prior ---------------------------------------------------------------------------------------------------------


def fit_prior(rows: PostRates, model: str) -> Prior:
    """Fit what the accounts of `rows` have in common; see the module for the steps.

    Examples
    --------
    >>> rng = np.random.default_rng(7)
    >>> rate = rng.beta(2, 50, 4000)
    >>> rows = PostRates.of(np.arange(4000), rng.binomial(300, rate), np.full(4000, 300), 4000)
    >>> prior = fit_prior(rows, "beta_binomial")
    >>> round(prior.a, 1), round(prior.b), prior.between_posts
    (2.0, 48, 0.0)
    """
    n_accounts = int(np.count_nonzero(rows.n_rows))
    count, opportunities = _total(rows.count), _total(rows.opportunities)
    is_beta = model == "beta_binomial"
    plain = 0 < count < (opportunities if is_beta else math.inf)
    mean = count / opportunities if plain else (count + 0.5) / (opportunities + 1.0)
    between = between_posts(rows, model)
    rough = Prior(model, mean, 1.0, between, n_accounts=n_accounts, n_repeated=int(np.count_nonzero(rows.n_rows > 1)))
    if n_accounts < FEWEST_IN_NETWORK or not plain:
        return _unit_information(rows, rough, mean)
    effective = _own_effective(rows, model, between)
    size = rows.sums(effective)
    share = rows.sums(effective * rows.count / rows.opportunities)
    own, freedom = _own_variation(rows, model, between)
    a, b = _most_likely(share[size > 0], size[size > 0], is_beta)
    fitted = replace(rough, a=a, b=b, moderation=_moderation(own, freedom))
    return fitted if is_beta or between == 0.0 else _unbiased(fitted, rows)


def _unbiased(prior: Prior, rows: PostRates) -> Prior:
    """The same shape with the mean of all posts, weighted by what is effective at the tier's rate.

    Effective opportunities at accounts' own rates are fewer where the rate is high, which draws the fitted mean down.
    """
    for _ in range(2):
        effective = prior.effective(rows.opportunities)
        mean = _total(effective * rows.count / rows.opportunities) / _total(effective)
        prior = replace(prior, b=prior.a / mean)
    return prior


def _unit_information(rows: PostRates, prior: Prior, mean: float) -> Prior:
    """The pooled rate, as strong as one mean post, but no weaker than half a reaction.

    A weaker one would hold that almost everybody's rate is nothing at all, and some few's enormous.
    """
    effective = _clustered(rows.opportunities, prior.between_posts)
    if not prior.is_beta:
        effective = rows.opportunities / (1.0 + prior.between_posts * mean * rows.opportunities)
    strength = max(_total(effective) / len(effective), 0.5 / mean)
    b = (1.0 - mean) * strength if prior.is_beta else strength
    return replace(prior, a=mean * strength, b=b, source="unit information")


def between_posts(rows: PostRates, model: str) -> float:
    """How much the rate varies between posts of one account: rho or delta, 0 where by chance alone."""
    from scipy.optimize import brentq

    def excess(between: float) -> float:
        own, freedom = _own_variation(rows, model, between)
        return _total(own) - _total(freedom)

    # No sample's squared coefficient of variation exceeds its size less one.
    most = 0.999 if model == "beta_binomial" else max(float(rows.n_rows.max(initial=0)) - 1.0, 0.0)
    if excess(0.0) <= 0.0:
        return 0.0
    return most if excess(most) > 0.0 else float(brentq(excess, 0.0, most, xtol=1e-10))


def _own_effective(rows: PostRates, model: str, between: float) -> Floats:
    """Effective opportunities of posts at their own account's rate, steadied by half a mean post of everybody's."""
    if model == "beta_binomial":
        return _clustered(rows.opportunities, between)
    posts = np.maximum(rows.n_rows, 1)
    opportunities = rows.sums(rows.opportunities)
    common = _total(rows.count) / _total(rows.opportunities)
    half_a_post = opportunities / (2 * posts)
    rate = (rows.sums(rows.count) + common * half_a_post) / np.maximum(opportunities + half_a_post, 1e-300)
    effective: Floats = rows.opportunities / (1.0 + between * rate[rows.account] * rows.opportunities)
    return effective


def _own_variation(rows: PostRates, model: str, between: float) -> tuple[Floats, Floats]:
    """Pearson's statistic of every account's posts around its mean, and the degrees of freedom; both 0 if unknown."""
    effective = _own_effective(rows, model, between)
    size, posts = rows.sums(effective), rows.n_rows
    rate = rows.count / rows.opportunities
    mean = rows.sums(effective * rate) / np.where(size > 0, size, 1.0)
    squares = rows.sums(effective * (rate - mean[rows.account]) ** 2)
    if model == "beta_binomial":
        # mean (1 - mean) falls short of theta (1 - theta) by the variance of the mean
        unit = mean * (1 - mean) * size / np.where(size > 1, size - 1, np.inf)
    else:
        # and mean^2 exceeds theta^2 by it
        unit = mean / (1 + between / np.maximum(posts, 1))
    known = (posts > 1) & (unit > 0)
    own: Floats = np.where(known, squares / np.where(known, unit, 1.0), 0.0)
    return own, np.where(known, posts - 1.0, 0.0)


def _moderation(own: Floats, freedom: Floats) -> float:
    """Smyth's prior degrees of freedom, from the variance of the logarithms of the accounts' own variation."""
    from scipy.optimize import brentq
    from scipy.special import digamma, polygamma

    known = (own > 0) & (freedom > 0)
    if np.count_nonzero(known) < FEWEST_IN_TIER:
        return math.inf
    half = freedom[known] / 2
    logs = np.log(own[known] / freedom[known]) - digamma(half) + np.log(half)
    mean = _total(logs) / len(logs)
    spare = _total((logs - mean) ** 2) / (len(logs) - 1) - _total(polygamma(1, half)) / len(half)
    if not polygamma(1, 1e4) < spare:
        return math.inf
    return 2.0 * float(brentq(lambda x: polygamma(1, x) - spare, 1e-3, 1e4)) if spare < polygamma(1, 1e-3) else 2e-3


def _most_likely(count: Floats, size: Floats, is_beta: bool) -> tuple[float, float]:
    """The (a, b) of highest marginal likelihood of effective counts."""
    from scipy.optimize import minimize
    from scipy.special import betaln, gammaln

    order = np.lexsort((count, size))
    total_count, total_size = float(count[order].sum()), float(size[order].sum())
    chosen = order[:: -(-len(order) // _MOST_FITTED)]
    k, m = count[chosen], size[chosen]
    strongest = math.log(total_size)

    def prior(point: Any) -> tuple[float, float]:
        strength = math.exp(min(point[1], strongest))
        if is_beta:
            mean = 1.0 / (1.0 + math.exp(-point[0]))
            return max(mean * strength, 1e-12), max((1.0 - mean) * strength, 1e-12)
        return max(math.exp(point[0]) * strength, 1e-12), strength

    def cost(point: Any) -> float:
        a, b = prior(point)
        over: float = 1e3 * max(0.0, point[1] - strongest)
        if is_beta:
            each = betaln(a + k, b + m - k) - betaln(a, b)
        else:
            each = gammaln(a + k) - gammaln(a) + a * math.log(b) - (a + k) * np.log(b + m)
        return over - math.fsum(each)

    mean = min(max(total_count / total_size, 1e-12), 1 - 1e-12 if is_beta else math.inf)
    start = [math.log(mean / (1 - mean)) if is_beta else math.log(mean), math.log(2.0 / mean)]
    simplex = [start, [start[0] + 0.5, start[1]], [start[0], start[1] - 2.0]]
    # Without an answer at that tolerance the last point is a prior too, if not the likeliest; 4,000 steps suffice.
    found = minimize(
        cost,
        start,
        method="Nelder-Mead",
        options={"xatol": 1e-6, "fatol": 1e-7, "maxiter": 4000, "maxfev": 8000, "initial_simplex": simplex},
    )
    return prior(found.x)


# -- the posteriors ----------------------------------------------------------------------------------------------------


def _posteriors(
    rows: PostRates, prior: Prior, chosen: npt.NDArray[np.intp], confidence: float
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Values, low and high ends, weighted means and effective opportunities of the chosen accounts."""
    effective = prior.effective(rows.opportunities)
    size = rows.sums(effective)[chosen]
    weighted = rows.sums(effective * rows.count / rows.opportunities)[chosen] / size
    factor = np.ones(len(chosen))
    if not math.isinf(prior.moderation):
        own, freedom = (array[chosen] for array in _own_variation(rows, prior.model, prior.between_posts))
        factor = np.maximum((prior.moderation + own) / (prior.moderation + freedom), 1.0)
    if prior.is_beta:
        exposure = rows.sums(rows.opportunities)[chosen]
        spread = factor / size
    else:
        # the variance of the weighted mean: theta / exposure + theta^2 spread
        share = effective / rows.sums(effective)[rows.account]
        exposure = 1 / (rows.sums(share**2 / rows.opportunities)[chosen] * factor)
        spread = prior.between_posts * rows.sums(share**2)[chosen] * factor
    values, low, high = (np.empty(len(chosen)) for _ in range(3))
    for start in range(0, len(chosen), _ACCOUNTS_AT_ONCE):
        at = slice(start, start + _ACCOUNTS_AT_ONCE)
        own_size = size[at] / factor[at]
        found = mean_and_middle(prior, weighted[at], own_size, exposure[at], spread[at], confidence)
        values[at], low[at], high[at] = found
    return values, low, high, weighted, size


def _clustered(opportunities: Floats, rho: float) -> Floats:
    # Opportunities may be averages below 1, where clustering has nothing to say.
    answer: Floats = opportunities / (1.0 + np.maximum(opportunities - 1.0, 0.0) * rho)
    return answer


def _total(values: Floats) -> float:
    """Their sum, whatever their order, and however many accounts without data (zeros) stand among them."""
    return float(np.sort(values[values != 0]).sum())
