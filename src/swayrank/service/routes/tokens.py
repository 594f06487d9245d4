"""Tokens: make, list, revoke. `swayrank token` does the same where the service does not run."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from swayrank.service.gate import requires
from swayrank.service.problems import Problem, documented
from swayrank.service.routes import Serving, Told, answer

router = APIRouter(prefix="/api/v1/tokens", tags=["tokens"], responses=documented(), dependencies=[requires("admin")])


class NewToken(BaseModel):
    """What is asked for."""

    name: str = Field(min_length=1, max_length=80)
    scopes: list[Literal["read", "write", "admin"]] = Field(min_length=1, max_length=3)


@router.post("", response_model=Told, status_code=201)
def add(service: Serving, wanted: NewToken) -> Response:
    """Make a token. Its secret is told here and never again."""
    secret, token = service.store.tokens.add(wanted.name, wanted.scopes)
    service.forget_tokens()
    service.log.write("token made", token=token.id, scopes=sorted(token.scopes))
    return answer({**token.to_dict(), "secret": secret}, status=201)


@router.get("", response_model=list[Told])
def tokens(service: Serving) -> Response:
    """All tokens, revoked ones too, without their secrets."""
    return answer([token.to_dict() for token in service.store.tokens.list()])


@router.delete("/{token}", status_code=204, response_class=Response, responses=documented(404))
def revoke(service: Serving, token: Annotated[str, Path(pattern="^[0-9a-f]{12}$")]) -> Response:
    """End a token at once."""
    if not service.store.tokens.revoke(token):
        raise Problem(404, "not-found", "there is no such token, or it was revoked before")
    service.forget_tokens()
    service.log.write("token revoked", token=token)
    return Response(status_code=204)
