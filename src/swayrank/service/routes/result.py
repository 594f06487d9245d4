"""The result as a whole: what it is, its map, communities and activity, its figures, the runs before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from swayrank import __version__
from swayrank.errors import StoreError
from swayrank.measures.engagement.tiers import PEER_TIERS
from swayrank.report.figure_data import ALSO_CALLED, FIGURES, figure_data
from swayrank.service.gate import requires
from swayrank.service.ingest import live_facts
from swayrank.service.places import file_alone
from swayrank.service.problems import Problem, documented
from swayrank.service.published import Published
from swayrank.service.routes import Serving, Told, answer, of_run
from swayrank.service.state import Service
from swayrank.stores.tokens import SCOPES

router = APIRouter(prefix="/api/v1", tags=["result"], responses=documented(), dependencies=[requires("read")])
_MANIFEST = ("id", "created", "weights", "units", "parameters", "intervals", "counts", "reference", "left_out")


@router.get("/run", response_model=Told)
def run(request: Request, service: Serving) -> Response:
    """The run that is served: what it was made of and how, what it keeps, what to know before it is read.

    `inputs` are called by their names: where they lie is in the run's manifest. `tiers`: the fewest followers first.
    `ties`: what the graph's arcs are: follows, reactions, or edges, of which followers are neighbours; null without a
    graph. `may`: the scopes of who asks.
    """
    result = service.published
    manifest = result.kept.manifest
    told: dict[str, Any] = {name: manifest.get(name) for name in _MANIFEST}
    told["inputs"] = [file_alone(entry) for entry in manifest.get("inputs", [])]
    told["versions"] = manifest["versions"]
    told["has"] = _has(service, result)
    told["ties"] = result.kept.ties
    told["roles"] = _groups(result, "role")
    told["tiers"] = sorted(_groups(result, "tier"), key=tier_place)
    told["version"] = __version__
    told["may"] = [scope for scope in SCOPES if request.scope["token"].may(scope)]
    told["warnings"] = service.warnings()
    told["live"] = _live(service, manifest)
    return answer(told)


def _live(service: Service, manifest: Mapping[str, Any]) -> dict[str, Any] | None:
    """How many live events there are and are not scored; None while the store cannot be reached."""
    try:
        return live_facts(service.store, manifest)
    except StoreError:
        return None


def _has(service: Service, result: Published) -> dict[str, Any]:
    prepared = getattr(service, "prepared", None)
    ready = prepared is not None and prepared.run == result.run
    return {
        "accounts": bool(result.evidence),
        "map": result.map is not None,
        "communities": result.communities is not None,
        "activity": result.activity is not None,
        "explanations": result.n_explained,
        "graph": ready,
        "oracle": ready,
    }


def tier_place(tier: str) -> tuple[int, str]:
    """Where a tier stands among tiers: the fewest followers first, quarters by their number."""
    return (list(PEER_TIERS).index(tier), "") if tier in PEER_TIERS else (len(PEER_TIERS), tier)


def _groups(result: Published, name: str) -> list[Any]:
    facet = result.facets.get(name)
    return [] if facet is None else facet.groups


@router.get("/runs", response_model=list[Told])
def runs(service: Serving) -> Response:
    """All kept runs that can be read, the newest first."""
    return answer(service.past.runs())


@router.get("/map", response_model=Told, responses=documented(404))
def network_map(request: Request, service: Serving) -> Response:
    """The network map: accounts with their places, communities and scores, and the arcs that are drawn."""
    result = service.published
    return _kept(request, result, "map", result.map)


@router.get("/communities", response_model=Told, responses=documented(404))
def communities(request: Request, service: Serving) -> Response:
    """The communities: sizes, leaders, whose attention goes where."""
    result = service.published
    return _kept(request, result, "communities", result.communities)


@router.get("/activity", response_model=Told, responses=documented(404))
def activity(request: Request, service: Serving) -> Response:
    """How much happened when, by action."""
    result = service.published
    kept = result.activity
    shown = None if kept is None else {name: value for name, value in kept.items() if name != "accounts"}
    return _kept(request, result, "activity", shown)


def _kept(request: Request, result: Published, name: str, content: Any) -> Response:
    if content is None:
        raise Problem(404, "not-kept", f"this run keeps no {name}: /api/v1/run tells why; score the data again")
    return of_run(request, result, content)


@router.get("/figures/{name}", response_model=Told, responses=documented(404))
def figure(
    request: Request,
    service: Serving,
    name: Annotated[str, Path(max_length=40, description=", ".join((*FIGURES, *ALSO_CALLED)))],
    theme: Literal["light", "dark"] = "light",
    k: Annotated[int, Query(ge=1, le=50)] = 20,
    account: Annotated[str | None, Query(max_length=2000)] = None,
    job: Annotated[str | None, Query(pattern="^[0-9a-f]{16}$")] = None,
) -> Response:
    """A figure for plotly, and the same as a table."""
    result = service.published
    name = ALSO_CALLED.get(name, name)
    if name not in FIGURES:
        raise Problem(404, "not-found", f"figures are {', '.join(FIGURES)}")
    if account is not None:
        result.names.position(account)
    past = service.past.of(account) if name == "trend" and account is not None else None
    plan = service.jobs.result(job) if name == "seeds" and job is not None else None
    drawn = figure_data(result.kept, name, theme=theme, k=k, account=account, past=past, plan=plan)
    return of_run(request, result, drawn)
