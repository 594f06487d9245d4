"""Accounts: look for them, one of them, why it has its score, how it changed."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from swayrank._text import printable
from swayrank.service.explained import explanation_of
from swayrank.service.gate import requires
from swayrank.service.listing import Wanted, find, page_of
from swayrank.service.lookups import PREFIX, account_body
from swayrank.service.problems import Problem, documented
from swayrank.service.routes import AccountName, Serving, Told, answer, of_run
from swayrank.service.views import compared, reweighted, tops

router = APIRouter(prefix="/api/v1", tags=["accounts"], responses=documented(), dependencies=[requires("read")])


class Part(Told):
    """A part of a score."""

    scaled: float | None
    low: float | None
    high: float | None
    raw: float | None
    contribution: float | None


class Row(Told):
    """An account in a list."""

    account: str
    rank: int | None
    rank_low: int | None
    rank_high: int | None
    score: float | None
    score_low: float | None
    score_high: float | None
    status: str
    role: str | None
    tier: str | None
    community: int | None
    followers: int | None
    parts: dict[str, Part]


class Evidence(Told):
    """What an account's score rests on, counted."""

    followers: int | None
    following: int | None
    reactions: int | None
    engagers: int | None
    posts: int | None


class Account(Row):
    """One account."""

    evidence: Evidence
    explained: bool
    run: str


class Count(Told):
    """How many accounts a group has."""

    value: str | int
    count: int


class Page(Told):
    """A page of accounts."""

    run: str
    items: list[Row]
    total: int
    page: int
    page_size: int
    facets: dict[str, list[Count]]
    facets_more: dict[str, int]


Groups = Annotated[list[str], Query(max_length=200, description="May be given again: any of these groups.")]


async def wanted_of(
    service: Serving,
    q: Annotated[str, Query(max_length=200, description="Text that names hold, whatever its case and accents.")] = "",
    sort: Annotated[str, Query(max_length=40, description="rank, account, score, followers, or a part.")] = "rank",
    order: Annotated[Literal["asc", "desc"] | None, Query(description="By default what suits the column.")] = None,
    role: Groups = [],  # noqa: B006  FastAPI copies it
    tier: Groups = [],  # noqa: B006
    community: Groups = [],  # noqa: B006
    status: Annotated[
        Literal["scored", "insufficient"] | None, Query(description="With a score, or with too little data for one.")
    ] = None,
    min_score: Annotated[float | None, Query(ge=0, le=100, description="At most max_score.")] = None,
    max_score: Annotated[float | None, Query(ge=0, le=100)] = None,
) -> Wanted:
    """The filters of a list, which exports take too."""
    if min_score is not None and max_score is not None and min_score > max_score:
        detail = f"min_score must be at most max_score, got {min_score:g} and {max_score:g}"
        raise Problem(422, "wrong-value", detail, parameter="min_score")
    if sort not in (known := service.published.sortable):
        detail = f"sort must be one of {', '.join(known)}, got {printable(repr(sort), 60)}"
        raise Problem(422, "wrong-value", detail, parameter="sort")
    descending = None if order is None else order == "desc"
    groups = {"role": role, "tier": tier, "community": community}
    bounds = {"status": status, "min_score": min_score, "max_score": max_score}
    return Wanted(q=q, sort=sort, descending=descending, **groups, **bounds)  # type: ignore[arg-type]


Filters = Annotated[Wanted, Depends(wanted_of)]


@router.get("/accounts", response_model=Page)
def accounts(
    request: Request,
    service: Serving,
    wanted: Filters,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    page_size: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """Accounts: search, filter, sort, page; with how many each facet's groups would give.

    Of a facet the 200 largest groups are listed, and those asked for; `facets_more` says how many others there are.
    """
    result = service.published
    at, facets = find(result, wanted)
    items = [result.row(int(i)) for i in at[page_of(at.size, page, page_size)]]
    told = {"run": result.run, "items": items, "total": int(at.size), "page": page, "page_size": page_size}
    return of_run(request, result, {**told, "facets": facets.listed, "facets_more": facets.more})


@router.get(PREFIX.removeprefix("/api/v1") + "{account:path}", response_model=Account, responses=documented(404))
def one(service: Serving, account: AccountName) -> Response:
    """One account: score, parts, intervals, evidence.

    Names are taken as they are; one that no address can hold (such as ``..``) goes into the query: ``?account=``.
    """
    result = service.published
    i = result.names.position(account)  # mostly to say that there is none: see lookups.py
    return Response(account_body(result, i), media_type="application/json")


@router.get("/explanations/{account:path}", response_model=Told, responses=documented(404))
def explanation(request: Request, service: Serving, account: AccountName) -> Response:
    """Why an account has its score: in full where the run keeps it (or a job made it), else its figures."""
    result = service.published
    told, made = explanation_of(result, account, service.settings.out)
    return of_run(request, result, told) if not made else Response(made, media_type="application/json")


@router.get("/history/{account:path}", response_model=Told, responses=documented(404))
def history(request: Request, service: Serving, account: AccountName) -> Response:
    """An account's score in every kept run of the same scale."""
    result = service.published
    told = service.past.told(account)
    if not told["runs"]:
        result.names.position(account)
    return answer(told)  # older runs come and go without this one


@router.get("/top", response_model=Told, responses=documented(404))
def top(
    request: Request,
    service: Serving,
    by: Literal["community", "tier", "role"] = "community",
    k: Annotated[int, Query(ge=1, le=100)] = 10,
) -> Response:
    """The highest accounts of each community, tier or role; the largest 50 groups."""
    result = service.published
    return of_run(request, result, tops(result, by, k))


_WEIGHTS = {
    "name": "weights",
    "in": "query",
    "style": "form",
    "explode": True,
    "description": "A parameter for each part of the score, as `reach=1&spread=2`; those not named are 0.",
    "schema": {"type": "object", "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1e9}},
}


@router.get("/weights", response_model=Told, openapi_extra={"parameters": [_WEIGHTS]})
def weights(request: Request, service: Serving, k: Annotated[int, Query(ge=1, le=500)] = 50) -> Response:
    """The top under other weights: one parameter per part of the score, each at least 0; those not named are 0."""
    result = service.published
    given: dict[str, float] = {}
    for name, value in request.query_params.multi_items():
        if name == "k":
            continue
        try:
            given[name] = float(value)
        except ValueError:
            detail = f"{name} must be a number of at least 0, got {value[:40]!r}"
            raise Problem(422, "wrong-value", detail, parameter=printable(name, 200)) from None
    return of_run(request, result, reweighted(result, given, k))


@router.get("/compare", response_model=Told, responses=documented(404))
def compare(
    request: Request,
    service: Serving,
    a: Annotated[str, Query(max_length=2000)],
    b: Annotated[str, Query(max_length=2000)],
) -> Response:
    """Two accounts side by side: what makes the difference, and whether it is clear.

    `shared_audience`: how many other accounts a post of each would reach, itself not counted, with 95 % intervals, and
    how many both would; of the samples of what-if questions, where `spread` rests on samples of its own.
    """
    result, prepared = service.published, service.prepared
    told = compared(result, a, b, prepared)
    return of_run(request, result, told, "" if prepared is None else prepared.run)
