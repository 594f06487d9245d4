"""What each kind of job may be asked for: checked before anything is queued, and again by whoever does the work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from swayrank._text import printable
from swayrank.errors import ParameterError
from swayrank.service.jobs.eligible import check_somebody

if TYPE_CHECKING:
    from swayrank.service.published import Published

KINDS = ("seeds", "score", "prepare", "explain")
MOST_SEEDS, MOST_NAMED = 10_000, 100_000
_BELOW_FULL = 0.632  # 1 - 1/e, rounded down: no choice can be certified for less than nothing
_SHOWN = 10

Name = Annotated[str, Field(min_length=1, max_length=2000)]
Cost = Annotated[FiniteFloat, Field(ge=0)]
Method = Literal[
    "opim",
    "celf",
    "degree",
    "single_discount",
    "degree_discount",
    "probability_discount",
    "pagerank",
    "k_core",
    "vote_rank",
    "collective_influence",
    "random",
]
Grouping = Literal["community", "tier", "role"]


class Strict(BaseModel):
    """A wrong name is an error, not silence."""

    model_config = ConfigDict(extra="forbid")


class Costs(Strict):
    """What accounts ask for: ``default + per_follower * followers``, or what `accounts` says of one.

    Without `default` and `per_follower`, only the accounts that are named can be had.
    """

    default: Cost | None = None
    per_follower: Cost | None = None
    accounts: dict[Name, Cost] = Field(default_factory=dict, max_length=MOST_NAMED)

    @model_validator(mode="after")
    def _say_something(self) -> Costs:
        if self.default is None and self.per_follower is None and not self.accounts:
            raise ValueError("costs must give default, per_follower or accounts")
        return self


class Quota(Strict):
    """How many seeds of each group at most, or at least."""

    by: Grouping
    at_most: dict[str, Annotated[int, Field(ge=0, le=MOST_SEEDS)]] | None = Field(default=None, max_length=1000)
    at_least: dict[str, Annotated[int, Field(ge=0, le=MOST_SEEDS)]] | None = Field(default=None, max_length=1000)

    @model_validator(mode="after")
    def _one_of_two(self) -> Quota:
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError("quota must give one of at_most and at_least")
        return self


class Only(Strict):
    """Who may be chosen at all."""

    role: list[str] = Field(default_factory=list, max_length=100)
    tier: list[str] = Field(default_factory=list, max_length=100)
    community: list[str] = Field(default_factory=list, max_length=1000)


class SeedsParameters(Strict):
    """Choose accounts from which a message spreads far, as :func:`swayrank.select_seeds` does."""

    k: Annotated[int, Field(ge=1, le=MOST_SEEDS)] | None = None
    budget: Cost | None = None
    costs: Costs | None = None
    must: list[Name] = Field(default_factory=list, max_length=MOST_SEEDS)
    never: list[Name] = Field(default_factory=list, max_length=MOST_NAMED)
    quota: Quota | None = None
    method: Method = "opim"
    epsilon: Annotated[FiniteFloat, Field(gt=0, lt=_BELOW_FULL)] = 0.1
    rng: Annotated[int, Field(ge=0, lt=2**63)] = 7
    only: Only | None = None

    @model_validator(mode="after")
    def _agree(self) -> SeedsParameters:
        if self.k is None and self.budget is None:
            raise ValueError("give k (how many seeds), budget (what they may cost), or both")
        if self.budget is not None and self.costs is None:
            raise ValueError(
                "budget needs costs: what accounts ask for, as {'default': 1} for one price,"
                " {'per_follower': 0.01} or {'accounts': {'ada': 250}}"
            )
        if self.budget is not None and self.quota is not None:
            raise ValueError("give one of budget and quota")
        if both := set(self.must) & set(self.never):
            raise ValueError(f"must and never both name {printable(min(both))!r}")
        if self.k is not None and len(set(self.must)) > self.k:
            raise ValueError(f"k must be at least {len(set(self.must))}, the number of accounts in must, got {self.k}")
        if self.quota is not None and self.quota.at_least is not None:
            least = sum(self.quota.at_least.values())
            if self.k is None or least + len(self.must) > self.k:
                raise ValueError(f"k must hold must and the quota's at_least together, {least + len(self.must)}")
        return self


class ScoreParameters(Strict):
    """Score the run's data anew, with the live events that came since; there is nothing to set."""


class PrepareParameters(Strict):
    """Make what what-if questions need."""

    run: Annotated[str, Field(pattern=r"^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}$")] | None = None
    n_samples: Annotated[int, Field(ge=1000, le=20_000_000)] | None = None


class ExplainParameters(Strict):
    """Say why one account has its score, where the run does not keep it."""

    account: Name


class SeedsJob(Strict):
    """Seed selection."""

    kind: Literal["seeds"]
    parameters: SeedsParameters


class ScoreJob(Strict):
    """Scoring."""

    kind: Literal["score"]
    parameters: ScoreParameters = Field(default_factory=ScoreParameters)


class PrepareJob(Strict):
    """Preparing."""

    kind: Literal["prepare"]
    parameters: PrepareParameters = Field(default_factory=PrepareParameters)


class ExplainJob(Strict):
    """Explaining."""

    kind: Literal["explain"]
    parameters: ExplainParameters


NewJob = Annotated[SeedsJob | ScoreJob | PrepareJob | ExplainJob, Field(discriminator="kind")]


def check_names(asked: Any, result: Published) -> None:
    """Raise where a job names an account or a group that the run does not have, or seeds that cannot be.

    Parameters
    ----------
    asked : SeedsParameters, ExplainParameters or other parameters
    result : Published

    Raises
    ------
    UnknownAccountError
        If there is no account of that name.
    ParameterError
        If there is no such group, the run does not know such groups, or nobody could be chosen.
    """
    if isinstance(asked, ExplainParameters):
        result.names.position(asked.account)
    if not isinstance(asked, SeedsParameters):
        return
    named = [*asked.must, *asked.never, *(asked.costs.accounts if asked.costs else ())]
    result.names.check(named)
    if asked.quota is not None:
        _check_groups(result, "quota", asked.quota.by, [*(asked.quota.at_most or {}), *(asked.quota.at_least or {})])
    for by, groups in asked.only.model_dump().items() if asked.only else ():
        if groups:
            _check_groups(result, f"only.{by}", by, groups)
    check_somebody(asked, result)


def _check_groups(result: Published, what: str, by: str, groups: list[str]) -> None:
    facet = result.facets.get(by)
    known = [] if facet is None else [str(group) for group in facet.groups]
    if not known:
        raise ParameterError(f"{what} is about each account's {by}, which this run does not keep; score the data again")
    for group in groups:
        if group not in known:
            some = ", ".join(known[:_SHOWN]) + (", ..." if len(known) > _SHOWN else "")
            raise ParameterError(f"{what} must name {by} groups of this run ({some}), got {printable(group)!r}")
