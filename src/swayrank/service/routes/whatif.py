"""What-if: what seeds would reach, whom to add, two plans side by side, who attends to whom."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from swayrank.service.gate import requires
from swayrank.service.jobs.parameters import Name
from swayrank.service.prepared import Prepared
from swayrank.service.problems import Problem, documented
from swayrank.service.routes import AccountName, Serving, Told, answer
from swayrank.service.state import Service

router = APIRouter(prefix="/api/v1", tags=["what-if"], responses=documented(404), dependencies=[requires("read")])
MOST_SEEDS, MOST_NEXT, MOST_NEIGHBOURS = 10_000, 500, 500  # as many seeds as a plan may have
Seeds = Annotated[list[Name], Field(min_length=1, max_length=MOST_SEEDS)]
MaybeSeeds = Annotated[list[Name], Field(max_length=MOST_SEEDS)]


class Strict(BaseModel):
    """A wrong name is an error, not silence."""

    model_config = ConfigDict(extra="forbid")


class Question(Strict):
    """Seeds, and who is asked already."""

    seeds: Seeds
    baseline: MaybeSeeds = []


class Next(Strict):
    """Seeds to add to."""

    seeds: MaybeSeeds = []
    k: Annotated[int, Field(ge=1, le=MOST_NEXT)] = 10


class Play(Strict):
    """Seeds of a cascade, and which run of chance."""

    seeds: Seeds
    rng: Annotated[int, Field(ge=0, lt=2**53)] = 7


class Plans(Strict):
    """Two plans."""

    a: Seeds
    b: Seeds


class Spread(Told):
    """How many accounts are reached, seeds included, with its 95 % interval."""

    mean: float
    low: float
    high: float


class Reached(Told):
    """What of a community is reached."""

    community: int | None
    reached: float


class WhatIf(Spread):
    """What seeds would reach."""

    run: str
    seeds: list[str]
    adds: list[float]
    overlap: list[list[float]] | None
    by_community: list[Reached]
    baseline: Spread | None
    together: Spread | None
    n_samples: int
    model: dict[str, Any]
    milliseconds: float


class Compared(Told):
    """Two plans side by side."""

    run: str
    a: Spread
    b: Spread
    union: Spread
    shared: float
    only_a: float
    only_b: float


def prepared_of(service: Service) -> Prepared:
    """What answers; 503 until there is any."""
    prepared: Prepared | None = service.prepared
    if prepared is None:
        raise Problem(503, "not-prepared", service.upkeep.why_not(), headers={"Retry-After": "10"})
    return prepared


@router.post("/whatif", response_model=WhatIf)
def whatif(service: Serving, asked: Question) -> Response:
    """What seeds are expected to reach together, what each adds to those before it, and in which communities.

    `overlap` (of at most 20 seeds): how many accounts two seeds would both reach, each on its own.
    """
    return answer(prepared_of(service).whatif(asked.seeds, asked.baseline))


@router.post("/whatif/next", response_model=Told)
def whatif_next(service: Serving, asked: Next) -> Response:
    """The accounts that would add most to the seeds."""
    prepared = prepared_of(service)
    return answer({"run": prepared.run, "items": prepared.next_best(asked.seeds, asked.k)})


@router.post("/whatif/cascade", response_model=Told)
def whatif_cascade(service: Serving, asked: Play) -> Response:
    """One cascade from the seeds, step by step, for the accounts of the map: a run of chance, the same for an `rng`."""
    return answer(prepared_of(service).cascade(asked.seeds, asked.rng))


@router.post("/plans/compare", response_model=Compared)
def compare(service: Serving, asked: Plans) -> Response:
    """Two plans: what each reaches, what both do, and what only one of them does."""
    return answer(prepared_of(service).compare(asked.a, asked.b))


@router.get("/neighbours/{account:path}", response_model=Told)
def neighbours(
    service: Serving,
    account: AccountName,
    direction: Literal["followers", "following"] = "followers",
    k: Annotated[int, Query(ge=1, le=MOST_NEIGHBOURS)] = 20,
) -> Response:
    """Who attends to an account (`followers`: by following or reacting), or to whom it attends (`following`).

    `share` is the part of the follower's attention; the largest come first.
    """
    return answer(prepared_of(service).neighbours(account, direction, k))
